/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * window.h - lists in guest memory are read, and answers written to them, where they
 * lie: the host address of a page is kept for as long as no translation changes, so that
 * one walk serves a page of entries.
 */
#ifndef DISPATCH_WINDOW_H
#define DISPATCH_WINDOW_H

#include "access.h"

#include <string.h>

/* A page, as found by the last walk. */
struct window {
    uint8_t *page; /* NULL: none */
    uint32_t va;   /* of the page */
    uint32_t generation;
    mfn_t mfn;
    bool writable; /* walked for a write */
};

/* The page below the hole; false: it cannot be had. */
bool window_find(struct vcpu *v, struct window *w, uint32_t page, bool write);

/* Host address of bytes at va, or NULL. The caller knows that they lie in one
 * page. */
static inline uint8_t *window_at(struct vcpu *v, struct window *w, gva_t va, bool write)
{
    uint32_t page = va.va & ~(RING1_PAGE_SIZE - 1);
    bool known = w->page && w->va == page && w->generation == v->domain->s.translation_generation &&
                 (w->writable || !write);
    if (G_UNLIKELY(!known) && !window_find(v, w, page, write))
        return NULL;
    return w->page + (va.va & (RING1_PAGE_SIZE - 1));
}

static inline bool in_one_page(uint32_t va, uint32_t len)
{
    return (va & (RING1_PAGE_SIZE - 1)) + len <= RING1_PAGE_SIZE;
}

/* The bytes that window_at gave were changed. */
static inline void window_changed(struct domain *d, const struct window *w)
{
    if (G_UNLIKELY((d->mem->marks[w->mfn.mfn] & (MARK_DIRTY | MARK_EXECUTED)) != MARK_DIRTY))
        frame_changed(d, w->mfn);
}

/* guest_read_index and guest_write of a list's parts. */
static inline int32_t window_read_index(struct vcpu *v, struct window *w, gva_t array, uint32_t index,
                                        void *dst, uint32_t size)
{
    uint64_t va = array.va + (uint64_t)index * size;
    const uint8_t *p;
    if (G_UNLIKELY(va > UINT32_MAX || !in_one_page((uint32_t)va, size) ||
                   !(p = window_at(v, w, GVA((uint32_t)va), false))))
        return guest_read_index(v, array, index, dst, size);
    memcpy(dst, p, size);
    return 0;
}

static inline int32_t window_write(struct vcpu *v, struct window *w, gva_t va, const void *src, uint32_t size)
{
    uint8_t *p;
    if (G_UNLIKELY(!in_one_page(va.va, size) || !(p = window_at(v, w, va, true))))
        return guest_write(v, va, src, size);
    memcpy(p, src, size);
    window_changed(v->domain, w);
    return 0;
}

#endif
