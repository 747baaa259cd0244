/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * world_reset.c - a world's start, kept, and the way back to it. What emu/snapshot.c
 * says is state is state here; but copied back is only what can have changed: frames
 * that are marked dirty, Xen's own, which are written past the marks, and of the
 * domain's state the vcpus that there are.
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
    GArray *unmarked; /* uint32_t: frames that are written past the marks */
};

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, RING1_PAGE_SIZE - 1) == 0;
}

/* Of Xen's frames those that dispatch/ writes without marking them. */
static bool is_unmarked(const struct world *w, uint32_t mfn)
{
    const struct frame *f = &w->mem->frames[mfn];
    return f->owner == OWNER_DOMID_XEN || (f->flags & PGF_SHARED);
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
    s->unmarked = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (uint32_t i = 0; i < mem->nr_frames; i++) {
        const uint8_t *page = frame_ptr(mem, MFN(i));
        bool touched =
            (mem->marks[i] & MARK_DIRTY) || is_unmarked(w, i) || mem->frames[i].owner == w->d->s.domid;
        if (touched && !is_zero(page))
            s->bytes[i] = g_memdup2(page, RING1_PAGE_SIZE);
        if (is_unmarked(w, i))
            g_array_append_val(s->unmarked, i);
        mem->marks[i] = 0;
    }
    return s;
}

void world_start_free(struct world_start *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->nr_frames; i++)
        g_free(s->bytes[i]);
    g_free(s->bytes);
    g_free(s->domain);
    g_free(s->frames);
    g_array_unref(s->unmarked);
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

static void put_back_unmarked(struct world *w)
{
    const struct world_start *s = w->start;
    for (guint i = 0; i < s->unmarked->len; i++) {
        uint32_t mfn = g_array_index(s->unmarked, uint32_t, i);
        const uint8_t *page = frame_ptr(w->mem, MFN(mfn));
        if (s->bytes[mfn] ? memcmp(page, s->bytes[mfn], RING1_PAGE_SIZE) != 0 : !is_zero(page))
            put_back(w, mfn);
    }
}

static void put_back_marked(struct world *w)
{
    uint8_t *marks = w->mem->marks;
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

/* Frames that came to be Xen's since: they were somebody else's at the start. */
static void put_back_frames(struct world *w)
{
    const struct world_start *s = w->start;
    struct frame *now = w->mem->frames;
    for (uint32_t i = 0; i < w->mem->nr_frames; i++) {
        if (memcmp(&now[i], &s->frames[i], sizeof now[i]) == 0)
            continue;
        if (now[i].owner != s->frames[i].owner)
            put_back(w, i);
        now[i] = s->frames[i];
    }
}

void world_reset(struct world *w)
{
    const struct world_start *s = w->start;
    size_t vcpus = G_STRUCT_OFFSET(struct domain_state, vcpu) + s->domain->nr_vcpus * sizeof(struct vcpu);
    put_back_marked(w);
    put_back_unmarked(w);
    put_back_frames(w);
    memcpy(&w->d->s, s->domain, vcpus);
    w->d->in_multicall = false;
    w->d->why[0] = '\0';
    w->d->s.attention = 0;
    w->now = s->now;
    w->next_timer = timers_next(w->d);
    w->notified = 0;
    if (w->console)
        g_string_truncate(w->console, 0);
}
