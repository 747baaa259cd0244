/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * memory.c - machine memory as one lazily filled host mapping.
 */
#include "memory.h"

#include "domain.h"
#include "memory_image.h"

#include <errno.h>
#include <sys/mman.h>

static void *reserve(size_t len)
{
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static void release(void *p, size_t len)
{
    if (p)
        munmap(p, len);
}

/* Entries of the tables beside memory. */
static size_t rounded(uint32_t nr_frames)
{
    return ((size_t)nr_frames + MEMORY_EXTRA_FRAMES + MEMORY_ROUND - 1) / MEMORY_ROUND * MEMORY_ROUND;
}

struct memory *memory_new(uint32_t nr_frames)
{
    struct memory *mem = g_new0(struct memory, 1);
    mem->nr_frames = nr_frames;
    mem->zero = MFN(nr_frames);
    mem->scratch = MFN(nr_frames + 1);
    mem->base = reserve(((size_t)nr_frames + MEMORY_EXTRA_FRAMES) << RING1_PAGE_SHIFT);
    mem->frames = reserve(rounded(nr_frames) * sizeof(struct frame));
    mem->marks = reserve(rounded(nr_frames));
    mem->touched = reserve(rounded(nr_frames) / MEMORY_ROUND);
    if (!mem->base || !mem->frames || !mem->marks || !mem->touched) {
        int saved = errno;
        memory_free(mem);
        errno = saved;
        return NULL;
    }
    return mem;
}

void memory_free(struct memory *mem)
{
    if (!mem)
        return;
    memory_image_unref(mem->last);
    release(mem->base, ((size_t)mem->nr_frames + MEMORY_EXTRA_FRAMES) << RING1_PAGE_SHIFT);
    release(mem->frames, rounded(mem->nr_frames) * sizeof(struct frame));
    release(mem->marks, rounded(mem->nr_frames));
    release(mem->touched, rounded(mem->nr_frames) / MEMORY_ROUND);
    g_free(mem);
}

void frame_changed(struct domain *d, mfn_t mfn)
{
    uint8_t *mark = &d->mem->marks[mfn.mfn];
    frame_dirty(d->mem, mfn);
    if (G_LIKELY(!(*mark & MARK_EXECUTED)))
        return;
    for (uint32_t i = 0; i < MIN(d->s.forget_nr, G_N_ELEMENTS(d->s.forget)); i++)
        if (d->s.forget[i] == mfn.mfn)
            return;
    if (d->s.forget_nr < G_N_ELEMENTS(d->s.forget))
        d->s.forget[d->s.forget_nr] = mfn.mfn;
    if (d->s.forget_nr <= G_N_ELEMENTS(d->s.forget))
        d->s.forget_nr++;
    d->s.attention |= ATTN_FORGET;
}

static uint32_t *m2p_slot(const struct memory *mem, mfn_t mfn)
{
    return (uint32_t *)frame_ptr(mem, mem->m2p) + mfn.mfn;
}

uint32_t m2p_get(const struct memory *mem, mfn_t mfn)
{
    return mfn.mfn / (RING1_PAGE_SIZE / 4) < mem->m2p_frames ? *m2p_slot(mem, mfn) : M2P_INVALID;
}

void m2p_set(struct domain *d, mfn_t mfn, uint32_t pfn)
{
    const struct memory *mem = d->mem;
    if (mfn.mfn / (RING1_PAGE_SIZE / 4) >= mem->m2p_frames || *m2p_slot(mem, mfn) == pfn)
        return;
    *m2p_slot(mem, mfn) = pfn;
    frame_changed(d, MFN(mem->m2p.mfn + mfn.mfn / (RING1_PAGE_SIZE / 4)));
}
