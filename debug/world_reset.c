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

struct world_start {
    struct domain_state *domain;
    struct frame *frames;
    uint64_t now;
    uint32_t nr_frames;
    uint8_t **bytes;  /* by mfn; NULL: zeroes */
    bool *block_free; /* nobody has a frame of the block: one that is given away is marked */
};

/* Of these so many are compared at once. */
#define BLOCK_FRAMES 64u

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, RING1_PAGE_SIZE - 1) == 0;
}

static bool is_free(const struct frame *f, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (f[i].owner != OWNER_NOBODY && f[i].owner != OWNER_DOMID_IO)
            return false;
    return true;
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
    s->block_free = g_new0(bool, mem->nr_frames / BLOCK_FRAMES + 1);
    for (uint32_t i = 0; i < mem->nr_frames; i += BLOCK_FRAMES)
        s->block_free[i / BLOCK_FRAMES] = is_free(mem->frames + i, MIN(BLOCK_FRAMES, mem->nr_frames - i));
    return s;
}

void world_start_free(struct world_start *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->nr_frames; i++)
        g_free(s->bytes[i]);
    g_free(s->bytes);
    g_free(s->block_free);
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

static void put_back_marked(struct world *w)
{
    uint8_t *marks = w->mem->marks;
    /* Where vcpus look for events is written past the marks, too. */
    marks[w->d->s.shared_info.mfn] = MARK_DIRTY;
    for (unsigned i = 0; i < w->d->s.nr_vcpus; i++)
        marks[w->d->s.vcpu[i].info_mfn.mfn] = MARK_DIRTY;
    uint32_t nr = w->mem->nr_frames, i = 0;
    while (i < nr) {
        uint64_t eight = 0;
        if (nr - i >= sizeof eight)
            memcpy(&eight, marks + i, sizeof eight);
        if (nr - i >= sizeof eight && eight == 0) {
            i += (uint32_t)sizeof eight;
            continue;
        }
        if (marks[i])
            put_back(w, i);
        marks[i++] = 0;
    }
}

static bool is_unmarked(const uint8_t *marks, uint32_t n)
{
    static const uint8_t none[BLOCK_FRAMES];
    return memcmp(marks, none, n) == 0;
}

/* Frames that came to be Xen's since: they were somebody else's at the start. */
static void put_back_frame(struct world *w, uint32_t i)
{
    const struct frame *was = &w->start->frames[i];
    struct frame *now = &w->mem->frames[i];
    if (now->owner != was->owner)
        put_back(w, i);
    *now = *was;
}

static void put_back_frames(struct world *w)
{
    const struct frame *was = w->start->frames, *now = w->mem->frames;
    for (uint32_t first = 0; first < w->mem->nr_frames; first += BLOCK_FRAMES) {
        uint32_t n = MIN(BLOCK_FRAMES, w->mem->nr_frames - first);
        if (w->start->block_free[first / BLOCK_FRAMES] && is_unmarked(w->mem->marks + first, n))
            continue;
        if (memcmp(now + first, was + first, n * sizeof *now) == 0)
            continue;
        for (uint32_t i = first; i < first + n; i++)
            if (memcmp(&now[i], &was[i], sizeof now[i]) != 0)
                put_back_frame(w, i);
    }
}

/* The state with its long arrays as far as they have been used. What stands behind
 * that, nobody has written to; nr_* of the records say so of themselves. */
static void put_back_domain(struct world *w)
{
    const struct domain_state *was = w->start->domain;
    struct domain_state *now = &w->d->s;
    unsigned ports = MAX(now->evtchn_top, was->evtchn_top);
    unsigned handles = MAX(now->grant.nr_maptrack, was->grant.nr_maptrack);
    const size_t evtchn = G_STRUCT_OFFSET(struct domain_state, evtchn),
                 evtchn_end = G_STRUCT_OFFSET(struct domain_state, evtchn_top),
                 maptrack = G_STRUCT_OFFSET(struct domain_state, grant.maptrack),
                 vcpu = G_STRUCT_OFFSET(struct domain_state, vcpu);
    uint8_t *to = (uint8_t *)now;
    const uint8_t *from = (const uint8_t *)was;
    memcpy(now->evtchn, was->evtchn, MIN(ports + 1u, NR_EVTCHNS) * sizeof was->evtchn[0]);
    memcpy(now->grant.maptrack, was->grant.maptrack, handles * sizeof was->grant.maptrack[0]);
    memcpy(to, from, evtchn);
    memcpy(to + evtchn_end, from + evtchn_end, maptrack - evtchn_end);
    memcpy(to + vcpu, from + vcpu, was->nr_vcpus * sizeof(struct vcpu));
}

void world_reset(struct world *w)
{
    const struct world_start *s = w->start;
    put_back_frames(w);
    put_back_marked(w);
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
