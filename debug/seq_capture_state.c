/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_capture_state.c - see seq_capture_state.h.
 */
#include "seq_capture_state.h"

#include "dispatch/page_type.h"

#include <string.h>

/* A stretch of memory that is looked at before and after each call. */
struct stretch {
    mfn_t mfn;
    uint32_t offset, len;
};

/* What of shared memory carries events: pending, mask, and each vcpu's own. */
#define MAX_STRETCHES (2 + MAX_VCPUS)

struct watched {
    GByteArray *before;   /* as it was before the call in progress */
    GByteArray *expected; /* as a run would have it */
};

struct seq_state {
    GHashTable *frames; /* mfn -> 4096 bytes: as it was when it was a table last */
    struct watched events, grants, memory;
};

/* shared_info.arch.max_pfn: what XENMEM_maximum_gpfn goes by (docs/xen-abi.md). */
#define MAX_PFN_OFFSET 2316u

struct seq_state *seq_state_new(void)
{
    struct seq_state *s = g_new0(struct seq_state, 1);
    s->frames = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    s->events.before = g_byte_array_new();
    s->events.expected = g_byte_array_new();
    s->grants.before = g_byte_array_new();
    s->memory.before = g_byte_array_new();
    s->grants.expected = g_byte_array_new();
    s->memory.expected = g_byte_array_new();
    return s;
}

void seq_state_free(struct seq_state *s)
{
    if (!s)
        return;
    g_hash_table_unref(s->frames);
    g_byte_array_unref(s->events.before);
    g_byte_array_unref(s->events.expected);
    g_byte_array_unref(s->grants.before);
    g_byte_array_unref(s->memory.before);
    g_byte_array_unref(s->grants.expected);
    g_byte_array_unref(s->memory.expected);
    g_free(s);
}

/* --- pages ------------------------------------------------------------------------------ */

static uint64_t load(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;
    memcpy(&value, bytes, size);
    return GUINT64_FROM_LE(value);
}

static bool same_flags(uint64_t a, uint64_t b)
{
    return ((a ^ b) & ~PTE_FRAME) == 0;
}

/* How many entries from `i` on name pages one behind the other, with the same flags. */
static unsigned run_of(const struct seq_writer *w, const uint8_t *bytes, unsigned i, unsigned nr,
                       uint32_t *pfn)
{
    unsigned size = w->domain->abi->pte_size, n = 1;
    uint64_t first = load(bytes + i * size, size);
    if (!(first & PTE_P) || !seq_frames_page(w->frames, pte_mfn(first), pfn))
        return 1;
    for (; i + n < nr; n++) {
        uint64_t e = load(bytes + (i + n) * size, size);
        uint32_t next;
        if (!same_flags(e, first) || !seq_frames_page(w->frames, pte_mfn(e), &next) || next != *pfn + n)
            break;
    }
    return n;
}

/* The first `nr` entries of a table. */
static struct seq_value *entries(const struct seq_writer *w, const uint8_t *bytes, unsigned nr)
{
    unsigned size = w->domain->abi->pte_size;
    struct seq_value *out = seq_value(w->seq, SEQ_STRUCT);
    for (unsigned i = 0; i < nr;) {
        uint64_t e = load(bytes + i * size, size);
        uint32_t pfn;
        if (e == 0) {
            i++;
            continue;
        }
        unsigned n = run_of(w, bytes, i, nr, &pfn);
        struct seq_value *v = seq_write_entry(w, e);
        if (n > 1 && v->kind == SEQ_OR)
            v->first->steps = true;
        seq_append_key(out, i, i + n - 1, v);
        i += n;
    }
    return out;
}

static struct seq_value *descriptors(const struct seq_writer *w, const uint8_t *bytes)
{
    struct seq_value *out = seq_value(w->seq, SEQ_STRUCT);
    for (unsigned i = 0; i < RING1_PAGE_SIZE / 8; i++) {
        uint64_t d = load(bytes + i * 8, 8);
        if (d)
            seq_append_key(out, i, i, seq_number(w->seq, d, SEQ_HEX))->bytes = 8;
    }
    return out;
}

/* Entries of a table that are the guest's own. */
static unsigned own_entries(const struct domain *d, mfn_t table, unsigned level)
{
    if (level == 3)
        return 4;
    if (level == 2 && (d->abi->levels == 2 || (frame_info(d->mem, table)->flags & PGF_PAE_XEN_L2)))
        return pt_index(d->abi, GVA(d->abi->hole), 2);
    return d->abi->ptes_per_page;
}

static void table_page(const struct seq_writer *w, GHashTable *done, mfn_t table, unsigned level)
{
    static const char *const types[] = {"", "l1", "l2", "l3"};
    const struct domain *d = w->domain;
    uint32_t pfn;
    if (!seq_write_page_of(d, table, &pfn) || !g_hash_table_add(done, GUINT_TO_POINTER(table.mfn)))
        return;
    unsigned nr = own_entries(d, table, level);
    g_autofree char *name = g_strdup_printf("%s_%x", types[level], pfn);
    seq_add_page(w->seq, name, pfn, types[level], entries(w, frame_ptr(d->mem, table), nr));
    for (unsigned i = 0; level > 1 && i < nr; i++) {
        uint64_t e = pte_read(d, table, i);
        if ((e & PTE_P) && pte_mfn(e).mfn != table.mfn)
            table_page(w, done, pte_mfn(e), level - 1);
    }
}

void seq_state_tables(struct seq_state *s, const struct seq_writer *w)
{
    (void)s;
    g_autoptr(GHashTable) done = g_hash_table_new(NULL, NULL);
    table_page(w, done, w->domain->s.vcpu[0].cr3, w->domain->abi->levels);
}

static bool is_table_type(enum ring1_frame_type type)
{
    return type >= RING1_FRAME_L1 && type <= RING1_FRAME_DESCRIPTORS;
}

static void write_page(struct seq_state *s, const struct seq_writer *w, const struct ring1_frame_event *e)
{
    const struct domain *d = w->domain;
    const uint8_t *bytes = frame_ptr(d->mem, e->mfn);
    const uint8_t *known = g_hash_table_lookup(s->frames, GUINT_TO_POINTER(e->mfn.mfn));
    if (known && memcmp(known, bytes, RING1_PAGE_SIZE) == 0)
        return;
    bool table = e->to != RING1_FRAME_DESCRIPTORS;
    unsigned nr = e->to == RING1_FRAME_L3 ? 4 : d->abi->ptes_per_page;
    struct seq_value *address = seq_write_maddr(w, (uint64_t)e->mfn.mfn << RING1_PAGE_SHIFT);
    seq_add_write(w->seq, address, table ? entries(w, bytes, nr) : descriptors(w, bytes));
}

void seq_state_frame(struct seq_state *s, const struct seq_writer *w, const struct ring1_frame_event *e)
{
    if (is_table_type(e->to) && !is_table_type(e->from))
        write_page(s, w, e);
    else if (is_table_type(e->from) && !is_table_type(e->to))
        g_hash_table_insert(s->frames, GUINT_TO_POINTER(e->mfn.mfn),
                            g_memdup2(frame_ptr(w->domain->mem, e->mfn), RING1_PAGE_SIZE));
}

/* --- events, grants --------------------------------------------------------------------- */

static unsigned event_stretches(const struct domain *d, struct stretch *out)
{
    unsigned n = 0;
    out[n++] = (struct stretch){d->s.shared_info, d->abi->si_evtchn_pending, 128};
    out[n++] = (struct stretch){d->s.shared_info, d->abi->si_evtchn_mask, 128};
    if (d->abi->abi == RING1_ABI_XEN_2_0) {
        out[n++] = (struct stretch){d->s.shared_info, 0, 4};
        out[n++] = (struct stretch){d->s.shared_info, 132, 4};
        return n;
    }
    for (unsigned i = 0; i < d->s.nr_vcpus; i++)
        out[n++] = (struct stretch){d->s.vcpu[i].info_mfn, d->s.vcpu[i].info_offset, 8};
    return n;
}

static unsigned grant_stretches(const struct domain *d, struct stretch *out)
{
    unsigned n = 0;
    for (; n < d->s.grant.nr_frames && n < MAX_STRETCHES; n++)
        out[n] = (struct stretch){d->s.grant.frames[n], 0, RING1_PAGE_SIZE};
    return n;
}

static unsigned memory_stretches(const struct domain *d, struct stretch *out)
{
    out[0] = (struct stretch){d->s.shared_info, MAX_PFN_OFFSET, 4};
    return d->abi->abi != RING1_ABI_XEN_2_0;
}

static void gather(const struct domain *d, const struct stretch *stretch, unsigned nr, GByteArray *out)
{
    g_byte_array_set_size(out, 0);
    for (unsigned i = 0; i < nr; i++)
        g_byte_array_append(out, (const uint8_t *)frame_ptr(d->mem, stretch[i].mfn) + stretch[i].offset,
                            stretch[i].len);
}

static void watch_before(struct watched *w, const struct domain *d, const struct stretch *stretch,
                         unsigned nr)
{
    gather(d, stretch, nr, w->before);
    if (w->expected->len == 0)
        g_byte_array_append(w->expected, w->before->data, w->before->len);
}

/* What the call changed a run changes too; a stretch that is new is as it is. */
static void watch_after(struct watched *w, const struct domain *d, const struct stretch *stretch, unsigned nr)
{
    g_autoptr(GByteArray) now = g_byte_array_new();
    gather(d, stretch, nr, now);
    unsigned old = w->expected->len;
    g_byte_array_set_size(w->expected, now->len);
    for (unsigned i = 0; i < now->len; i++) {
        uint8_t changed = i < old && i < w->before->len ? (uint8_t)(w->before->data[i] ^ now->data[i]) : 0xFF;
        w->expected->data[i] = (uint8_t)((w->expected->data[i] & ~changed) | (now->data[i] & changed));
    }
}

void seq_state_before(struct seq_state *s, const struct domain *d)
{
    struct stretch stretch[MAX_STRETCHES];
    watch_before(&s->events, d, stretch, event_stretches(d, stretch));
    watch_before(&s->grants, d, stretch, grant_stretches(d, stretch));
    watch_before(&s->memory, d, stretch, memory_stretches(d, stretch));
}

void seq_state_after(struct seq_state *s, const struct domain *d)
{
    struct stretch stretch[MAX_STRETCHES];
    watch_after(&s->events, d, stretch, event_stretches(d, stretch));
    watch_after(&s->grants, d, stretch, grant_stretches(d, stretch));
    watch_after(&s->memory, d, stretch, memory_stretches(d, stretch));
}

static struct seq_value *address_of(const struct seq_writer *w, const struct stretch *s, uint32_t offset)
{
    return seq_write_maddr(w, ((uint64_t)s->mfn.mfn << RING1_PAGE_SHIFT) + s->offset + offset);
}

/* Words that differ, one line for those that follow each other. */
static void write_words(const struct seq_writer *w, const struct stretch *s, const uint8_t *now,
                        uint8_t *expected)
{
    for (uint32_t at = 0; at < s->len; at += 4) {
        uint32_t end = at;
        while (end < s->len && memcmp(now + end, expected + end, 4) != 0)
            end += 4;
        if (end == at)
            continue;
        seq_add_write(w->seq, address_of(w, s, at), seq_bytes(w->seq, now + at, end - at));
        memcpy(expected + at, now + at, end - at);
        at = end;
    }
}

static void write_watched(struct watched *watched, const struct seq_writer *w, const struct stretch *stretch,
                          unsigned nr)
{
    unsigned at = 0;
    for (unsigned i = 0; i < nr && at + stretch[i].len <= watched->expected->len; at += stretch[i++].len)
        write_words(w, &stretch[i], watched->before->data + at, watched->expected->data + at);
}

void seq_state_events(struct seq_state *s, const struct seq_writer *w)
{
    struct stretch stretch[MAX_STRETCHES];
    write_watched(&s->events, w, stretch, event_stretches(w->domain, stretch));
}

void seq_state_memory(struct seq_state *s, const struct seq_writer *w)
{
    struct stretch stretch[MAX_STRETCHES];
    write_watched(&s->memory, w, stretch, memory_stretches(w->domain, stretch));
}

/* Entries of version 1: flags, domid, frame. */
static void write_grants(const struct seq_writer *w, const struct stretch *s, const uint8_t *now,
                         uint8_t *expected)
{
    /* A place is known before the run, and these frames are not. */
    if (seq_frames_given(w->frames, s->mfn))
        return;
    for (uint32_t at = 0; at < s->len; at += 8) {
        if (memcmp(now + at, expected + at, 8) == 0)
            continue;
        struct seq_value *list = seq_value(w->seq, SEQ_LIST);
        struct seq_value *words = seq_append(list, seq_number(w->seq, load(now + at, 4), SEQ_HEX));
        words->bytes = 4;
        seq_append(list, seq_write_frame(w, load(now + at + 4, 4)))->bytes = 4;
        seq_add_write(w->seq, address_of(w, s, at), list);
        memcpy(expected + at, now + at, 8);
    }
}

void seq_state_grants(struct seq_state *s, const struct seq_writer *w)
{
    struct stretch stretch[MAX_STRETCHES];
    unsigned nr = grant_stretches(w->domain, stretch), at = 0;
    for (unsigned i = 0; i < nr && at + stretch[i].len <= s->grants.expected->len; at += stretch[i++].len)
        write_grants(w, &stretch[i], s->grants.before->data + at, s->grants.expected->data + at);
}
