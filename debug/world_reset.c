/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * world_reset.c - a world's start, kept, and the way back to it. What emu/snapshot.c
 * says is state is state here; but copied back is only what can have changed: frames
 * that are marked dirty, and of the domain's state the vcpus that there are, and the
 * ports, handles and records that were used.
 */
#include "world_priv.h"

#include "dispatch/timer.h"

#include <string.h>

/* A frame that somebody has at the start. */
struct had {
    uint32_t mfn;
    struct frame as;
};

struct world_start {
    struct domain_state *domain;
    struct frame *frames;
    uint64_t now;
    uint32_t nr_frames, nr_had;
    uint8_t **bytes; /* by mfn; NULL: zeroes */
    struct had *had; /* the others change only by being given away, which marks them */
};

/* Marks of so many are looked at at once. */
#define BLOCK_FRAMES 64u
G_STATIC_ASSERT(MEMORY_ROUND % BLOCK_FRAMES == 0);

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, RING1_PAGE_SIZE - 1) == 0;
}

static bool is_free(const struct frame *f)
{
    return f->owner == OWNER_NOBODY || f->owner == OWNER_DOMID_IO;
}

static void note_had(struct world_start *s)
{
    s->had = g_new(struct had, s->nr_frames);
    for (uint32_t i = 0; i < s->nr_frames; i++)
        if (!is_free(&s->frames[i]))
            s->had[s->nr_had++] = (struct had){.mfn = i, .as = s->frames[i]};
}

static inline bool same_frame(const struct frame *a, const struct frame *b)
{
    uint64_t x[2], y[2];
    G_STATIC_ASSERT(sizeof *a == sizeof x);
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

struct world_start *world_start_save(struct world *w)
{
    struct world_start *s = g_new0(struct world_start, 1);
    const struct memory *mem = w->mem;
    s->domain = g_memdup2(&w->d->s, sizeof w->d->s);
    s->frames = g_memdup2(mem->frames, (size_t)mem->nr_frames * sizeof *mem->frames);
    s->now = w->now;
    s->nr_frames = mem->nr_frames;
    s->bytes = g_new0(uint8_t *, mem->nr_frames);
    for (uint32_t i = 0; i < mem->nr_frames; i++) {
        const uint8_t *page = frame_ptr(mem, MFN(i));
        uint16_t owner = mem->frames[i].owner;
        bool touched = (mem->marks[i] & MARK_DIRTY) || owner == OWNER_DOMID_XEN || owner == w->d->s.domid;
        if (touched && !is_zero(page))
            s->bytes[i] = g_memdup2(page, RING1_PAGE_SIZE);
        mem->marks[i] = 0;
    }
    note_had(s);
    return s;
}

void world_start_free(struct world_start *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->nr_frames; i++)
        g_free(s->bytes[i]);
    g_free(s->bytes);
    g_free(s->had);
    g_free(s->domain);
    g_free(s->frames);
    g_free(s);
}

static void put_back(struct world *w, uint32_t mfn)
{
    const uint8_t *bytes = w->start->bytes[mfn];
    uint8_t *page = frame_ptr(w->mem, MFN(mfn));
    if (bytes)
        memcpy(page, bytes, RING1_PAGE_SIZE);
    else
        memset(page, 0, RING1_PAGE_SIZE);
}

/* A frame that came to be Xen's since was somebody else's at the start: Xen marks not what it
 * writes there. */
static void put_back_uses(struct world *w)
{
    struct frame *frames = w->mem->frames;
    const struct had *end = w->start->had + w->start->nr_had;
    for (const struct had *had = w->start->had; had < end; had++) {
        struct frame *now = &frames[had->mfn];
        if (G_LIKELY(same_frame(now, &had->as)))
            continue;
        if (G_UNLIKELY(now->owner != had->as.owner))
            put_back(w, had->mfn);
        *now = had->as;
    }
}

static void put_back_block(struct world *w, uint32_t first)
{
    uint8_t *marks = w->mem->marks;
    for (uint32_t i = first; i < first + BLOCK_FRAMES; i++) {
        if (i % 8 == 0) {
            uint64_t eight;
            memcpy(&eight, marks + i, sizeof eight);
            if (!eight) {
                i += 7;
                continue;
            }
        }
        if (!marks[i])
            continue;
        marks[i] = 0;
        put_back(w, i);
        w->mem->frames[i] = w->start->frames[i];
    }
}

static inline bool any_marked(const uint8_t *marks)
{
    uint64_t eight[BLOCK_FRAMES / 8], any = 0;
    memcpy(eight, marks, sizeof eight);
#pragma GCC unroll 8
    for (unsigned i = 0; i < G_N_ELEMENTS(eight); i++)
        any |= eight[i];
    return any != 0;
}

static void put_back_frames(struct world *w)
{
    uint8_t *marks = w->mem->marks;
    /* Where vcpus look for events is written past the marks, too. */
    marks[w->d->s.shared_info.mfn] = MARK_DIRTY;
    for (unsigned i = 0; i < w->d->s.nr_vcpus; i++)
        marks[w->d->s.vcpu[i].info_mfn.mfn] = MARK_DIRTY;
    for (uint32_t first = 0; first < w->mem->nr_frames; first += BLOCK_FRAMES)
        if (any_marked(marks + first))
            put_back_block(w, first);
    put_back_uses(w);
}

/* From one field up to another. */
#define PUT_BACK(now, was, type, first, beyond)                                                              \
    memcpy((uint8_t *)(now) + G_STRUCT_OFFSET(type, first),                                                  \
           (const uint8_t *)(was) + G_STRUCT_OFFSET(type, first),                                            \
           G_STRUCT_OFFSET(type, beyond) - G_STRUCT_OFFSET(type, first))

/* Gates and FPU of one that never was initialised are as they were. */
static void put_back_vcpu(struct vcpu *now, const struct vcpu *was)
{
    if (now->initialised || was->initialised) {
        memcpy(now, was, sizeof *now);
        return;
    }
    PUT_BACK(now, was, struct vcpu, domain, traps);
    PUT_BACK(now, was, struct vcpu, fast_trap, fpu);
    PUT_BACK(now, was, struct vcpu, gdt_entries, maptrack_tail);
    now->maptrack_tail = was->maptrack_tail;
}

/* The state with its long arrays as far as they have been used. What stands behind
 * that, nobody has written to; nr_* of the records say so of themselves. */
static void put_back_domain(struct world *w)
{
    const struct domain_state *was = w->start->domain;
    struct domain_state *now = &w->d->s;
    unsigned ports = MAX(now->evtchn_top, was->evtchn_top);
    unsigned handles = MAX(now->grant.nr_maptrack, was->grant.nr_maptrack);
    bool exceptions = now->nr_exceptions != was->nr_exceptions, entries = now->nr_entries != was->nr_entries,
         refused = now->nr_refused != was->nr_refused;
    memcpy(now->evtchn, was->evtchn, MIN(ports + 1u, NR_EVTCHNS) * sizeof was->evtchn[0]);
    memcpy(now->grant.maptrack, was->grant.maptrack, handles * sizeof was->grant.maptrack[0]);
    if (exceptions)
        memcpy(now->exception, was->exception, sizeof was->exception);
    if (entries)
        memcpy(now->entry, was->entry, sizeof was->entry);
    if (refused)
        memcpy(now->refused, was->refused, sizeof was->refused);
    PUT_BACK(now, was, struct domain_state, domid, exception);
    now->nr_entries = was->nr_entries;
    now->nr_refused = was->nr_refused;
    PUT_BACK(now, was, struct domain_state, preempt, evtchn);
    PUT_BACK(now, was, struct domain_state, evtchn_top, grant.maptrack);
    for (unsigned i = 0; i < was->nr_vcpus; i++)
        put_back_vcpu(&now->vcpu[i], &was->vcpu[i]);
}

void world_reset(struct world *w)
{
    const struct world_start *s = w->start;
    put_back_frames(w);
    put_back_domain(w);
    w->d->in_multicall = false;
    w->d->why[0] = '\0';
    w->d->s.attention = 0;
    w->now = s->now;
    w->next_timer = timers_next(w->d);
    w->notified = 0;
    if (w->console)
        g_string_truncate(w->console, 0);
}
