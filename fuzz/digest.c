/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * digest.c - see digest.h. After each call something of this is done: what is looked at is
 * what can have changed, and compared as it stands.
 */
#include "digest.h"

#include "dispatch/grant.h"
#include "dispatch/memory_image.h"
#include "dispatch/page_type.h"

#include <string.h>

const char *const fuzz_part_names[] = {"a frame's owner, type or counts",
                                       "event channels",
                                       "the grant table",
                                       "a vcpu",
                                       "a timer",
                                       "the domain"};

/* --- fields ---------------------------------------------------------------------------------------- */

struct range {
    uint32_t at, len;
    enum fuzz_part part;
};
#define FIELD(type, field, part)                                                                             \
    {                                                                                                        \
        G_STRUCT_OFFSET(type, field), sizeof(((type *)NULL)->field), part                                    \
    }
/* From one field up to another. */
#define FROM_TO(type, first, beyond, part)                                                                   \
    {                                                                                                        \
        G_STRUCT_OFFSET(type, first), G_STRUCT_OFFSET(type, beyond) - G_STRUCT_OFFSET(type, first), part     \
    }

static const struct range domain_ranges[] = {
    FIELD(struct domain_state, grant, PART_GRANTS),
    FIELD(struct domain_state, watchdog, PART_TIMES),
    FROM_TO(struct domain_state, tot_pages, shutdown, PART_DOMAIN),
    FIELD(struct domain_state, pirqs, PART_DOMAIN),
    FIELD(struct domain_state, pirq_eoi_map, PART_DOMAIN),
    FIELD(struct domain_state, xenoprof, PART_DOMAIN),
};

/* Of each vcpu. Times are what follows from when something was done. */
static const struct range vcpu_ranges[] = {
    FROM_TO(struct vcpu, cr3, nmi_pending, PART_VCPUS),
    FIELD(struct vcpu, fpu, PART_VCPUS),
    FROM_TO(struct vcpu, gdt_entries, singleshot, PART_VCPUS),
    FIELD(struct vcpu, virq_port, PART_VCPUS),
    FROM_TO(struct vcpu, runstate_area, time_updated, PART_VCPUS),
    FROM_TO(struct vcpu, initialised, attention, PART_TIMES),
    FROM_TO(struct vcpu, singleshot, virq_port, PART_TIMES),
};

static void copy_ranges(const struct range *r, size_t nr, void *to, const void *from)
{
    for (size_t i = 0; i < nr; i++)
        memcpy((uint8_t *)to + r[i].at, (const uint8_t *)from + r[i].at, r[i].len);
}

static unsigned differ(const struct range *r, size_t nr, const void *a, const void *b)
{
    unsigned parts = 0;
    for (size_t i = 0; i < nr; i++)
        if (memcmp((const uint8_t *)a + r[i].at, (const uint8_t *)b + r[i].at, r[i].len) != 0)
            parts |= 1u << r[i].part;
    return parts;
}

/* How many were looked at does not count. */
static bool same_ports(const struct domain_state *a, const struct domain_state *b)
{
    unsigned both = MIN(a->evtchn_top, b->evtchn_top);
    const struct domain_state *more = a->evtchn_top > both ? a : b;
    for (unsigned i = 0; i < both; i++)
        if ((a->evtchn[i].kind != ECS_FREE || b->evtchn[i].kind != ECS_FREE) &&
            memcmp(&a->evtchn[i], &b->evtchn[i], sizeof a->evtchn[i]) != 0)
            return false;
    for (unsigned i = both; i < more->evtchn_top; i++)
        if (more->evtchn[i].kind != ECS_FREE)
            return false;
    return true;
}

/* --- frames ---------------------------------------------------------------------------------------- */

/* A frame that somebody has. */
struct live {
    uint32_t mfn;
    struct frame as;
};

struct fuzz_shadow {
    struct domain_state state; /* its ranges, ports and vcpus alone */
    struct live *live, *now;
    uint32_t nr_live;
    uint32_t *had,
        nr_had; /* frames that somebody has at the start: others are marked when they are given away */
    bool *is_had;
    struct recount_room *room;
    uint32_t *mfns;
};

static bool is_free(const struct frame *f)
{
    return f->owner == OWNER_NOBODY || f->owner == OWNER_DOMID_IO;
}

struct fuzz_shadow *fuzz_shadow_new(const struct domain *d)
{
    struct fuzz_shadow *s = g_new0(struct fuzz_shadow, 1);
    uint32_t nr = d->mem->nr_frames;
    s->live = g_new0(struct live, nr);
    s->now = g_new0(struct live, nr);
    s->had = g_new(uint32_t, nr);
    s->is_had = g_new0(bool, nr);
    s->room = recount_room_new(d->mem);
    s->mfns = g_new(uint32_t, nr);
    for (uint32_t i = 0; i < nr; i++) {
        s->is_had[i] = !is_free(&d->mem->frames[i]);
        if (s->is_had[i])
            s->had[s->nr_had++] = i;
    }
    return s;
}

void fuzz_shadow_free(struct fuzz_shadow *s)
{
    if (!s)
        return;
    g_free(s->live);
    g_free(s->now);
    g_free(s->had);
    g_free(s->is_had);
    g_free(s->mfns);
    recount_room_free(s->room);
    g_free(s);
}

/* The next frame from `i` on that is marked. */
static inline uint32_t next_marked(const struct memory *mem, uint32_t i)
{
    const uint8_t *marks = mem->marks; /* zeroes up to a multiple of MEMORY_ROUND */
    const uint32_t end = mem->nr_frames;
    while (i < end && !marks[i]) {
        uint64_t eight = 1;
        if (i % 8 == 0)
            for (memcpy(&eight, marks + i, sizeof eight); !eight && i + 8 < end; i += 8)
                memcpy(&eight, marks + i + 8, sizeof eight);
        i += eight ? marks[i] == 0 : 8;
    }
    return i;
}

static inline uint32_t add_live(const struct memory *mem, uint32_t mfn, struct live *out, uint32_t n)
{
    const struct frame *f = &mem->frames[mfn];
    if (is_free(f))
        return n;
    out[n] = (struct live){mfn, *f};
    return n + 1;
}

static uint32_t find_live(const struct fuzz_shadow *s, const struct domain *d, struct live *out)
{
    const struct memory *mem = d->mem;
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->nr_had; i++)
        n = add_live(mem, s->had[i], out, n);
    for (uint32_t i = next_marked(mem, 0); i < mem->nr_frames; i = next_marked(mem, i + 1))
        if (!s->is_had[i])
            n = add_live(mem, i, out, n);
    return n;
}

/* Types of frames that nobody uses may change: they stay as they were used last. */
static inline struct frame in_use(struct frame f)
{
    G_STATIC_ASSERT(sizeof(struct frame) == 16 && sizeof(struct live) == 20); /* compared as they stand */
    if (f.type_count)
        return f;
    f.type = PGT_none;
    f.flags &= PGF_PINNED | PGF_ALLOCATED | PGF_SHARED;
    return f;
}

static bool same_frames(const struct live *a, const struct live *b, uint32_t n)
{
    if (memcmp(a, b, n * sizeof *a) == 0)
        return true;
    for (uint32_t i = 0; i < n; i++) {
        struct frame x = in_use(a[i].as), y = in_use(b[i].as);
        if (a[i].mfn != b[i].mfn || memcmp(&x, &y, sizeof x) != 0)
            return false;
    }
    return true;
}

/* --- before and after ------------------------------------------------------------------------------ */

void fuzz_shadow_take(struct fuzz_shadow *s, const struct domain *d)
{
    const struct domain_state *now = &d->s;
    copy_ranges(domain_ranges, G_N_ELEMENTS(domain_ranges), &s->state, now);
    s->state.evtchn_top = now->evtchn_top;
    memcpy(s->state.evtchn, now->evtchn, now->evtchn_top * sizeof now->evtchn[0]);
    for (unsigned i = 0; i < now->nr_vcpus; i++)
        copy_ranges(vcpu_ranges, G_N_ELEMENTS(vcpu_ranges), &s->state.vcpu[i], &now->vcpu[i]);
    s->nr_live = find_live(s, d, s->live);
}

unsigned fuzz_shadow_changed(struct fuzz_shadow *s, const struct domain *d)
{
    const struct domain_state *now = &d->s;
    unsigned parts = differ(domain_ranges, G_N_ELEMENTS(domain_ranges), &s->state, now);
    for (unsigned i = 0; i < now->nr_vcpus; i++)
        parts |= differ(vcpu_ranges, G_N_ELEMENTS(vcpu_ranges), &s->state.vcpu[i], &now->vcpu[i]);
    if (!same_ports(&s->state, now))
        parts |= 1u << PART_PORTS;
    if (find_live(s, d, s->now) != s->nr_live || !same_frames(s->live, s->now, s->nr_live))
        parts |= 1u << PART_FRAMES;
    return parts;
}

static void drop_page(struct fuzz_shadow *s, mfn_t mfn)
{
    for (uint32_t i = 0; i < s->nr_live; i++)
        if (s->live[i].mfn == mfn.mfn) {
            s->live[i].as.count--;
            s->live[i].as.type_count--;
        }
}

void fuzz_shadow_drop_ldts(struct fuzz_shadow *s, const struct domain *d)
{
    static const mfn_t none[MAX_LDT_FRAMES];
    for (unsigned i = 0; i < d->s.nr_vcpus; i++)
        if (memcmp(d->s.vcpu[i].ldt, none, sizeof none) != 0)
            return;
    for (unsigned i = 0; i < d->s.nr_vcpus; i++)
        for (unsigned k = 0; k < MAX_LDT_FRAMES; k++) {
            mfn_t *page = &s->state.vcpu[i].ldt[k];
            if (page->mfn)
                drop_page(s, *page);
            *page = MFN(0);
        }
}

bool fuzz_shadow_recount(struct fuzz_shadow *s, const struct domain *d, GString *report)
{
    const struct memory *mem = d->mem;
    uint32_t n = s->nr_had;
    memcpy(s->mfns, s->had, n * sizeof *s->had);
    for (uint32_t i = next_marked(mem, 0); i < mem->nr_frames; i = next_marked(mem, i + 1))
        if (!s->is_had[i])
            s->mfns[n++] = i;
    return page_recount_of(d, s->room, s->mfns, n, report);
}

/* --- numbers --------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9E3779B97F4A7C15ull;
    return h ^ h >> 29;
}

/* In four lanes, which the host's CPU works on at once. */
static uint64_t bytes(uint64_t h, const void *from, size_t len)
{
    const uint8_t *p = from;
    uint64_t lane[4] = {h, h + 1, h + 2, h + 3}, v[4] = {0};
    for (; len >= sizeof v; p += sizeof v, len -= sizeof v) {
        memcpy(v, p, sizeof v);
        for (unsigned i = 0; i < 4; i++)
            lane[i] = mix(lane[i], v[i]);
    }
    memset(v, 0, sizeof v);
    memcpy(v, p, len);
    for (unsigned i = 0; i < 4; i++)
        h = mix(mix(h, lane[i]), v[i]);
    return h;
}

static void mix_ranges(const struct range *r, size_t nr, const void *from, uint64_t *parts)
{
    for (size_t i = 0; i < nr; i++)
        parts[r[i].part] = bytes(parts[r[i].part], (const uint8_t *)from + r[i].at, r[i].len);
}

static uint64_t ports(const struct domain_state *s)
{
    uint64_t h = 1;
    for (unsigned i = 0; i < s->evtchn_top; i++)
        if (s->evtchn[i].kind != ECS_FREE)
            h = bytes(mix(h, i), &s->evtchn[i], sizeof s->evtchn[i]);
    return h;
}

static uint64_t mix_frame(uint64_t h, const struct domain *d, uint32_t mfn)
{
    return bytes(mix(h, mfn), frame_ptr(d->mem, MFN(mfn)), RING1_PAGE_SIZE);
}

/* Marked all the same: on a CPU frames that were written to in other runs stay so. */
static bool is_as_saved(const struct memory *mem, uint32_t mfn)
{
    static const uint8_t zero[RING1_PAGE_SIZE];
    const uint8_t *saved = mem->last ? memory_image_page(mem->last, MFN(mfn)) : NULL;
    return mem->last && memcmp(saved ? saved : zero, frame_ptr(mem, MFN(mfn)), RING1_PAGE_SIZE) == 0;
}

/* Frames that anybody wrote to since the start, and Xen's own, which are not marked when
 * Xen writes to them. */
static uint64_t memory(uint64_t h, const struct domain *d, const struct live *live, uint32_t nr_live)
{
    const struct memory *mem = d->mem;
    for (uint32_t i = next_marked(mem, 0); i < mem->nr_frames; i = next_marked(mem, i + 1))
        if ((mem->marks[i] & MARK_DIRTY) && !is_as_saved(mem, i))
            h = mix_frame(h, d, i);
    for (uint32_t i = 0; i < nr_live; i++)
        if (!(mem->marks[live[i].mfn] & MARK_DIRTY) &&
            (live[i].as.owner == OWNER_DOMID_XEN || (live[i].as.flags & PGF_SHARED)) &&
            !is_as_saved(mem, live[i].mfn))
            h = mix_frame(h, d, live[i].mfn);
    return h;
}

struct fuzz_digest fuzz_shadow_digest(struct fuzz_shadow *s, const struct domain *d, uint64_t now)
{
    const struct domain_state *state = &d->s;
    uint64_t parts[NR_PARTS] = {1, 2, 3, 4, 5, 6};
    struct fuzz_digest out;
    s->nr_live = find_live(s, d, s->live);
    const uint64_t exact = bytes(1, s->live, s->nr_live * sizeof *s->live);
    for (uint32_t i = 0; i < s->nr_live; i++)
        s->live[i].as = in_use(s->live[i].as);
    parts[PART_FRAMES] = bytes(1, s->live, s->nr_live * sizeof *s->live);
    parts[PART_PORTS] = ports(state);
    mix_ranges(domain_ranges, G_N_ELEMENTS(domain_ranges), state, parts);
    for (unsigned i = 0; i < state->nr_vcpus; i++)
        mix_ranges(vcpu_ranges, G_N_ELEMENTS(vcpu_ranges), &state->vcpu[i], parts);
    out.all = mix(mix(bytes(exact, parts, sizeof parts), state->shutdown), state->crashed);
    parts[PART_TIMES] = 0;
    out.stopped = mix(mix(bytes(exact, parts, sizeof parts), state->shutdown), state->crashed);
    out.memory = memory(1, d, s->live, s->nr_live);
    out.all = mix(mix(out.all, out.memory), now);
    for (unsigned i = 0; i < state->nr_vcpus; i++)
        out.all = bytes(out.all, &state->vcpu[i].regs, G_STRUCT_OFFSET(struct regs, cs));
    return out;
}
