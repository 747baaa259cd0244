/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_write.c - see seq_write.h.
 */
#include "seq_write.h"

#include "dispatch/grant.h"
#include "dispatch/memory.h"
#include "dispatch/mmu.h"
#include "emu/machine.h"

#include <string.h>

/* Larger ones no ordinary domain gets. */
#define MAX_EXTENT_ORDER 9u

void seq_writer_init(struct seq_writer *w, struct seq *seq, const struct domain *domain,
                     struct seq_frames *frames, unsigned *nr_results)
{
    *w = (struct seq_writer){.seq = seq,
                             .domain = domain,
                             .frames = frames,
                             .nr_results = nr_results,
                             .parent = g_ptr_array_new()};
    w->abi = domain ? domain->abi : NULL;
}

void seq_writer_clear(struct seq_writer *w)
{
    g_ptr_array_unref(w->parent);
    w->parent = NULL;
}

/* --- numbers ------------------------------------------------------------------------ */

bool seq_write_page_of(const struct domain *d, mfn_t mfn, uint32_t *pfn)
{
    if (!frame_exists(d->mem, mfn) || frame_info(d->mem, mfn)->owner != d->s.domid ||
        (frame_info(d->mem, mfn)->flags & PGF_SHARED))
        return false;
    *pfn = m2p_get(d->mem, mfn);
    return *pfn < M2P_FILLER && *pfn <= 1u << 20;
}

static struct seq_value *grant_frame(const struct seq_writer *w, enum seq_kind kind, unsigned i,
                                     uint64_t offset)
{
    return seq_page(w->seq, kind, "grant_table", 0,
                    offset + (kind == SEQ_MFN ? i : (uint64_t)i << RING1_PAGE_SHIFT));
}

/* Frames that belong to no page, by name. */
static struct seq_value *special_frame(const struct seq_writer *w, enum seq_kind kind, mfn_t mfn,
                                       uint64_t offset)
{
    const struct domain *d = w->domain;
    if (mfn.mfn == d->s.shared_info.mfn)
        return seq_page(w->seq, kind, "shared_info", 0, offset);
    for (unsigned i = 0; i < d->s.grant.nr_frames; i++)
        if (d->s.grant.frames[i].mfn == mfn.mfn)
            return grant_frame(w, kind, i, offset);
    return NULL;
}

/* NULL: nobody's that could be named. */
static struct seq_value *page_or_special(const struct seq_writer *w, enum seq_kind kind, uint64_t mfn,
                                         uint64_t offset)
{
    uint32_t pfn;
    gpointer known;
    if (mfn > UINT32_MAX)
        return NULL;
    if (w->known && (known = g_hash_table_lookup(w->known, GUINT_TO_POINTER((uint32_t)mfn))))
        return GPOINTER_TO_UINT(known) < SEQ_WRITE_GRANT
                   ? seq_page(w->seq, kind, NULL, GPOINTER_TO_UINT(known) - 1, offset)
                   : grant_frame(w, kind, GPOINTER_TO_UINT(known) - SEQ_WRITE_GRANT, offset);
    if (w->known && w->shared_info && mfn == w->shared_info)
        return seq_page(w->seq, kind, "shared_info", 0, offset);
    if (!w->domain)
        return NULL;
    const struct seq_given *given = seq_frames_given(w->frames, MFN((uint32_t)mfn));
    if (given) {
        uint64_t more = kind == SEQ_MFN ? given->offset : (uint64_t)given->offset << RING1_PAGE_SHIFT;
        struct seq_value *v = seq_page(w->seq, kind, given->result, 0, offset + more);
        v->path = seq_strdup(w->seq, given->path);
        return v;
    }
    if (seq_frames_page(w->frames, MFN((uint32_t)mfn), &pfn))
        return seq_page(w->seq, kind, NULL, pfn, offset);
    return special_frame(w, kind, MFN((uint32_t)mfn), offset);
}

struct seq_value *seq_write_frame(const struct seq_writer *w, uint64_t mfn)
{
    struct seq_value *v = page_or_special(w, SEQ_MFN, mfn, 0);
    return v ? v : seq_frame(w->seq, mfn);
}

struct seq_value *seq_write_maddr(const struct seq_writer *w, uint64_t maddr)
{
    struct seq_value *v =
        page_or_special(w, SEQ_MADDR, maddr >> RING1_PAGE_SHIFT, maddr & (RING1_PAGE_SIZE - 1));
    return v ? v : seq_number(w->seq, maddr, SEQ_HEX);
}

static void append_flags(const struct seq_writer *w, struct seq_value * or, const struct value_set *set,
                         uint64_t value)
{
    for (unsigned i = 0; set && i < set->nr; i++) {
        uint64_t mask = (uint64_t)set->values[i].value;
        if ((value & mask) != mask)
            continue;
        seq_append(or, seq_name(w->seq, set->values[i].name));
        value &= ~mask;
    }
    if (value || ! or->first)
        seq_append(or, seq_number(w->seq, value, value < 1024 ? SEQ_PLAIN : SEQ_HEX));
}

/* One thing of several is that thing. */
static struct seq_value *only(struct seq_value * or)
{
    return or->first && or->first == or->last ? or->first : or ;
}

static struct seq_value *flags(const struct seq_writer *w, const struct value_set *set, uint64_t value)
{
    struct seq_value * or = seq_value(w->seq, SEQ_OR);
    append_flags(w, or, set, value);
    return only(or);
}

struct seq_value *seq_write_entry(const struct seq_writer *w, uint64_t entry)
{
    struct seq_value *frame =
        entry & 1u ? page_or_special(w, SEQ_MFN, (entry & ~(1ull << 63)) >> RING1_PAGE_SHIFT, 0) : NULL;
    if (!frame)
        return seq_number(w->seq, entry, entry ? SEQ_HEX : SEQ_PLAIN);
    struct seq_value * or = seq_value(w->seq, SEQ_OR);
    seq_append(or, frame);
    append_flags(w, or, &values_pte_flags, entry & 0xFFF);
    if (entry >> 63)
        seq_append(or, seq_name(w->seq, "NX"));
    return or ;
}

static bool is_2_0(const struct seq_writer *w)
{
    return w->abi->xen == RING1_XEN_2_0;
}

static const struct value_set *mmu_commands(const struct seq_writer *w)
{
    return is_2_0(w) ? &values_mmu_cmd_2_0 : &values_mmu_cmd;
}

static unsigned mmu_command(const struct seq_writer *w, uint64_t ptr)
{
    return (unsigned)ptr & (w->abi->pte_size - 1u);
}

static struct seq_value *mmu_ptr(const struct seq_writer *w, uint64_t ptr)
{
    unsigned cmd = mmu_command(w, ptr);
    const char *name = value_name(mmu_commands(w), cmd);
    struct seq_value * or = seq_value(w->seq, SEQ_OR);
    seq_append(or, seq_write_maddr(w, ptr - cmd));
    seq_append(or, name ? seq_name(w->seq, name) : seq_number(w->seq, cmd, SEQ_DEC));
    return or ;
}

static struct seq_value *mmu_val(const struct seq_writer *w, uint64_t ptr, uint64_t value)
{
    unsigned cmd = mmu_command(w, ptr);
    if (is_2_0(w) && cmd == 3) {
        const char *name = value_name(&values_mmuext_2_0, (int64_t)(value & 0xFF));
        struct seq_value * or = seq_value(w->seq, SEQ_OR);
        seq_append(or, name ? seq_name(w->seq, name) : seq_number(w->seq, value & 0xFF, SEQ_DEC));
        if (value > 0xFF)
            seq_append(or, seq_number(w->seq, value & ~0xFFull, SEQ_HEX));
        return only(or);
    }
    if (cmd == (is_2_0(w) ? 2u : 1u)) /* a pfn for the m2p */
        return seq_number(w->seq, value, SEQ_HEX);
    return seq_write_entry(w, value);
}

static struct seq_value *uvm_flags(const struct seq_writer *w, uint64_t value)
{
    static const char *const flush[] = {"UVMF_NONE", "UVMF_TLB_FLUSH", "UVMF_INVLPG", NULL};
    struct seq_value * or = seq_value(w->seq, SEQ_OR);
    const char *name = flush[value & 3];
    seq_append(or, name ? seq_name(w->seq, name) : seq_number(w->seq, value & 3, SEQ_DEC));
    value &= ~3ull;
    if (value == 4)
        seq_append(or, seq_name(w->seq, "UVMF_ALL"));
    else if (value)
        seq_append(or, seq_number(w->seq, value, SEQ_HEX));
    return only(or);
}

static struct seq_value *plain(const struct seq_writer *w, const struct number *n)
{
    if (n->is_signed && (int64_t)n->value < 0)
        return seq_number(w->seq, n->value, SEQ_DEC);
    return seq_number(w->seq, n->value, SEQ_PLAIN);
}

static struct seq_value *named(const struct seq_writer *w, const struct number *n)
{
    if (n->name)
        return seq_name(w->seq, n->name);
    if (n->set && n->set->flags)
        return flags(w, n->set, n->value);
    return plain(w, n);
}

static struct seq_value *number_value(const struct seq_writer *w, const struct number *n)
{
    const char *name;
    switch (n->format) {
    case FORMAT_HEX:
    case FORMAT_VA:
    case FORMAT_SELECTOR:
    case FORMAT_PFN:
    case FORMAT_DESCRIPTOR:
        return seq_number(w->seq, n->value, SEQ_HEX);
    case FORMAT_MADDR:
        return seq_write_maddr(w, n->value);
    case FORMAT_MFN:
        return seq_write_frame(w, n->value);
    case FORMAT_FRAME:
        return w->output ? seq_write_frame(w, n->value) : seq_number(w->seq, n->value, SEQ_HEX);
    case FORMAT_DOMID:
        name = value_name(&values_domain_number, (int64_t)n->value);
        return name ? seq_name(w->seq, name) : plain(w, n);
    case FORMAT_NS:
    case FORMAT_NS_HL:
        return seq_number(w->seq, n->value, SEQ_SECONDS);
    case FORMAT_PTE:
        return seq_write_entry(w, n->value);
    case FORMAT_MMU_PTR:
        return mmu_ptr(w, n->value);
    case FORMAT_MMU_VAL:
        return mmu_val(w, n->peer, n->value);
    case FORMAT_UVM_FLAGS:
        return uvm_flags(w, n->value);
    case FORMAT_NAMES:
        return named(w, n);
    case FORMAT_MMU_COUNT:
    case FORMAT_DEC:
    case FORMAT_PORT:
        break;
    }
    return plain(w, n);
}

struct seq_value *seq_write_result(const struct seq_writer *w, int32_t result)
{
    const char *name = result < 0 ? errno_name(result) : NULL;
    return name ? seq_name(w->seq, name) : seq_number(w->seq, (uint32_t)result, SEQ_PLAIN);
}

/* --- time ------------------------------------------------------------------------------------ */

/* Results of some calls depend on the time; before others it is said when so much has
 * passed. */
#define TIME_STEP 1000000u

static bool depends_on_time(unsigned nr)
{
    enum { SCHED_OP_OLD = 6, SET_TIMER = 15, VCPU_OP = 24, SCHED_OP = 29 };
    return nr == SCHED_OP_OLD || nr == SCHED_OP || nr == SET_TIMER || nr == VCPU_OP;
}

void seq_write_time(const struct seq_writer *w, uint64_t *time, unsigned nr, uint64_t ns)
{
    uint64_t span = ns > *time + SEQ_CALL_NS ? ns - SEQ_CALL_NS - *time : 0;
    if (span < TIME_STEP && !(span && depends_on_time(nr)))
        return;
    seq_add_time(w->seq, span);
    *time += span;
}

/* --- the sink ------------------------------------------------------------------------------- */

/* Fields have their labels; arguments none, numbers that came back do. */
static void add(struct seq_writer *w, const char *name, struct seq_value *v, uint32_t va, bool number)
{
    struct seq_value *parent = w->parent->len ? w->parent->pdata[w->parent->len - 1] : NULL;
    if (va && !w->output)
        v->at = seq_number(w->seq, va, SEQ_HEX);
    if (name && (parent || (w->output && number)))
        v->label = seq_strdup(w->seq, name);
    if (parent)
        seq_append(parent, v);
    else if (w->output)
        seq_append_output(w->call, v);
    else
        seq_append_arg(w->call, v);
}

static void on_begin(void *user, const char *name, enum bracket bracket, uint32_t va)
{
    struct seq_writer *w = user;
    struct seq_value *v = seq_value(w->seq, bracket == BRACKET_LIST ? SEQ_LIST : SEQ_STRUCT);
    add(w, name, v, va, false);
    g_ptr_array_add(w->parent, v);
}

static void on_end(void *user, G_GNUC_UNUSED enum bracket bracket, uint32_t left_out)
{
    struct seq_writer *w = user;
    struct seq_value *v = w->parent->pdata[w->parent->len - 1];
    v->rest = left_out != 0;
    w->cut |= left_out != 0;
    g_ptr_array_set_size(w->parent, (int)w->parent->len - 1);
}

static unsigned length(const struct seq_value *list)
{
    unsigned n = 0;
    for (const struct seq_value *v = list->first; v; v = v->next)
        n++;
    return n;
}

/* An element of extent_start: the domain has the frame now, if it is memory of its own. Or a
 * frame of the grant table that it had not at its start. */
static bool is_given(const struct seq_writer *w, const struct number *n)
{
    const struct seq_value *list = w->parent->len ? w->parent->pdata[w->parent->len - 1] : NULL;
    if (!w->output || (n->format != FORMAT_FRAME && n->format != FORMAT_MFN) || !list ||
        list->kind != SEQ_LIST || !list->label || n->value > UINT32_MAX)
        return false;
    if (strcmp(list->label, "frame_list") == 0)
        return w->domain && length(list) >= grant_initial_frames(w->abi) &&
               length(list) < w->domain->s.grant.nr_frames;
    return strcmp(list->label, "extent_start") == 0;
}

static const struct seq_value *field(const struct seq_value *v, const char *label)
{
    const struct seq_value *f = v ? v->first : NULL;
    while (f && (!f->label || strcmp(f->label, label) != 0))
        f = f->next;
    return f;
}

/* Frames of one extent, as the call asked for them. */
static uint32_t extent_frames(const struct seq_writer *w)
{
    const struct seq_value *v = w->call->last_arg;
    for (guint i = 0; i + 1 < w->parent->len; i++) {
        const struct seq_value *parent = w->parent->pdata[i];
        if (parent->label)
            v = field(v, parent->label);
    }
    v = field(v, "extent_order");
    return v && v->kind == SEQ_NUMBER && v->number <= MAX_EXTENT_ORDER ? 1u << v->number : 1;
}

/* The frame is called by this output of the call, whose result gets a name. */
static void give(struct seq_writer *w, const struct number *n)
{
    const struct seq_value *list = w->parent->pdata[w->parent->len - 1];
    g_autoptr(GString) path = g_string_new(NULL);
    for (guint i = 0; i < w->parent->len; i++) {
        const struct seq_value *v = w->parent->pdata[i];
        const struct seq_value *in = i ? w->parent->pdata[i - 1] : NULL;
        if (in && in->kind == SEQ_LIST)
            g_string_append_printf(path, "[%u]", length(in) - 1);
        if (v->label)
            g_string_append_printf(path, ".%s", v->label);
    }
    g_string_append_printf(path, "[%u]", length(list));
    if (!w->call->result_name)
        w->call->result_name = seq_printf(w->seq, "r%u", ++*w->nr_results);
    seq_frames_give(w->frames, MFN((uint32_t)n->value), extent_frames(w), w->call->result_name, path->str);
}

/* A frame of which nothing can be said is another one at the next run. */
static void on_number(void *user, const char *name, const struct number *number)
{
    struct seq_writer *w = user;
    bool given = is_given(w, number);
    struct seq_value *v = number_value(w, number);
    if (given && w->frames)
        give(w, number);
    if (given || (w->output && v->kind == SEQ_FRAME))
        v = seq_value(w->seq, SEQ_ANY);
    add(w, name, v, number->va, true);
}

static void on_text(void *user, const char *name, uint32_t va, const uint8_t *bytes, uint32_t len,
                    uint32_t left_out)
{
    struct seq_writer *w = user;
    if (w->output && !w->parent->len)
        return; /* expectations of bytes behind a pointer have no form */
    struct seq_value *v = seq_text(w->seq, bytes, len);
    v->rest = left_out != 0;
    w->cut |= left_out != 0;
    add(w, name, v, va, true);
}

/* Elements of a list that cannot be read are not written: the call comes upon them itself. Of
 * pointers nothing is expected. */
static void on_pointer(void *user, const char *name, uint32_t va, bool bad)
{
    struct seq_writer *w = user;
    const struct seq_value *parent = w->parent->len ? w->parent->pdata[w->parent->len - 1] : NULL;
    if (bad && parent && parent->kind == SEQ_LIST && !w->output)
        return;
    if (w->output && !parent)
        return;
    if (w->output)
        add(w, name, seq_value(w->seq, SEQ_ANY), 0, true);
    else
        add(w, name, va ? seq_number(w->seq, va, SEQ_HEX) : seq_value(w->seq, SEQ_NULL), 0, true);
}

const struct decode_sink seq_write_sink = {
    .begin = on_begin,
    .end = on_end,
    .number = on_number,
    .text = on_text,
    .pointer = on_pointer,
};
