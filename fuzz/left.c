/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * left.c - see left.h.
 */
#include "left.h"

#include "dispatch/page_type.h"
#include "dispatch/run_queue.h"
#include "dispatch/xen_slots.h"

#include <stdio.h>
#include <string.h>
#include <xen/errno.h>

struct fuzz_left {
    struct world *w;
    uint8_t *copy;    /* of all frames */
    uint8_t *touched; /* by frame: the copy is not the start's */
    char text[160];
};

bool fuzz_leaves_more(uint32_t nr, const uint32_t *arg, int32_t result)
{
    switch (nr) {
    case 0: /* entries of a list before the one that fails */
    case 13:
        return true;
    case 1:
    case 26:
        return (arg[1] & 0x7FFFFFFFu) != 1 || result == -XEN_EFAULT;
    case 20:
        return result == -XEN_EFAULT || arg[2] != 1;
    case 12: /* XENMEM_exchange: what was exchanged before stays so */
        return result == -XEN_EFAULT || (arg[0] & 0x3Fu) == 11;
    case 14: /* the vcpus to be told cannot be read */
    case 16: /* what was made cannot be told, and stays: ports, pirqs */
    case 19:
    case 22:
    case 24:
    case 31:
    case 32:
    case 33:
        return result == -XEN_EFAULT;
    default:
        return false;
    }
}

/* --- what is written all the same --------------------------------------------------------------- */

enum leaves {
    LEAVES_BYTES,       /* at an argument: so many are given back */
    LEAVES_TABLES,      /* named frames: an L3 that does not validate has lost what is no entry, or RW, US
                         * and A (docs/xen-abi.md 13.3, 5.6) */
    LEAVES_DESCRIPTORS, /* listed frames: descriptors before the one that is refused are as Xen
                         * wants them (8.2) */
    LEAVES_CONTEXT,     /* both, of a vcpu's context (8.24) */
};

#define ANY UINT32_MAX
static const struct row {
    uint8_t nr;
    enum ring1_xen from, to;
    uint32_t command;
    enum leaves leaves;
    uint8_t arg, bytes;
} rows[] = {
    {1, RING1_XEN_2_0, RING1_XEN_4_17, ANY, LEAVES_BYTES, 2, 4}, /* *pdone (5.5) */
    {26, RING1_XEN_3_0_0, RING1_XEN_4_17, ANY, LEAVES_BYTES, 2, 4},
    {26, RING1_XEN_4_17, RING1_XEN_4_17, ANY, LEAVES_TABLES, 0, 0},
    {2, RING1_XEN_2_0, RING1_XEN_4_17, ANY, LEAVES_DESCRIPTORS, 0, 0},
    {24, RING1_XEN_3_0_0, RING1_XEN_4_17, 0, LEAVES_CONTEXT, 2, 0},
    {19, RING1_XEN_2_0, RING1_XEN_2_0, ANY, LEAVES_BYTES, 0, 40}, /* the whole structure (8.19) */
    {33, RING1_XEN_4_17, RING1_XEN_4_17, 13, LEAVES_BYTES, 1, 36},
    {20, RING1_XEN_4_17, RING1_XEN_4_17, 8, LEAVES_BYTES, 1, 4}, /* the version that there is (8.20) */
};

/* Places that a call may have written. */
#define MAX_FRAMES 20u
struct allowed {
    uint32_t va[4], len[4];
    unsigned nr;
    mfn_t frame[MAX_FRAMES];
    unsigned nr_frames;
};

static void allow_frame(struct allowed *a, uint32_t mfn)
{
    if (a->nr_frames < MAX_FRAMES)
        a->frame[a->nr_frames++] = MFN(mfn);
}

static void allow_row(struct world *w, const struct row *row, const uint32_t *arg, struct allowed *a)
{
    struct vcpu *v = run_queue_current(w->d);
    uint32_t op[3], frames[MAX_GDT_FRAMES], cr3;
    switch (row->leaves) {
    case LEAVES_BYTES:
        a->va[a->nr] = arg[row->arg];
        a->len[a->nr++] = row->bytes;
        break;
    case LEAVES_TABLES: /* one command alone: fuzz_leaves_more */
        if (guest_peek(v, GVA(arg[0]), op, sizeof op) == 0)
            allow_frame(a, op[1]);
        break;
    case LEAVES_DESCRIPTORS:
        for (unsigned i = 0; i < MAX_GDT_FRAMES && i * 512u < arg[1]; i++)
            if (guest_peek(v, GVA(arg[0] + i * 4), &frames[i], 4) == 0)
                allow_frame(a, frames[i]);
        break;
    case LEAVES_CONTEXT:
        for (unsigned i = 0; i < MAX_GDT_FRAMES; i++)
            if (guest_peek(v, GVA(arg[2] + 2640 + i * 4), &frames[i], 4) == 0)
                allow_frame(a, frames[i]);
        if (guest_peek(v, GVA(arg[2] + 2716 + 12), &cr3, 4) == 0)
            allow_frame(a, cr3 >> 12 | cr3 << 20);
        break;
    }
}

static bool is_allowed_frame(const struct allowed *a, uint32_t mfn)
{
    for (unsigned i = 0; i < a->nr_frames; i++)
        if (a->frame[i].mfn == mfn)
            return true;
    return false;
}

static bool is_allowed_byte(struct world *w, const struct allowed *a, uint32_t mfn, uint32_t offset)
{
    for (unsigned i = 0; i < a->nr; i++) {
        for (uint32_t n = 0; n < a->len[i]; n++) {
            struct walk walk;
            gva_t va = GVA(a->va[i] + n);
            if (va.va % RING1_PAGE_SIZE == offset && va.va < w->abi->hole &&
                guest_walk(run_queue_current(w->d), va, ACCESS_READ, false, false, &walk) == WALK_OK &&
                walk.mfn.mfn == mfn)
                return true;
        }
    }
    return false;
}

/* --- memory ------------------------------------------------------------------------------------------ */

static uint8_t *copy_of(const struct fuzz_left *l, uint32_t mfn)
{
    return l->copy + (size_t)mfn * RING1_PAGE_SIZE;
}

static void take(struct fuzz_left *l, uint32_t mfn)
{
    memcpy(copy_of(l, mfn), frame_ptr(l->w->mem, MFN(mfn)), RING1_PAGE_SIZE);
}

struct fuzz_left *fuzz_left_new(struct world *w)
{
    struct fuzz_left *l = g_new0(struct fuzz_left, 1);
    static const uint8_t zero[RING1_PAGE_SIZE];
    uint32_t nr = w->mem->nr_frames;
    l->w = w;
    l->copy = g_malloc0((size_t)nr * RING1_PAGE_SIZE);
    l->touched = g_malloc0(nr);
    for (uint32_t i = 0; i < nr; i++)
        if (memcmp(frame_ptr(w->mem, MFN(i)), zero, sizeof zero) != 0)
            take(l, i);
    return l;
}

void fuzz_left_free(struct fuzz_left *l)
{
    if (!l)
        return;
    g_free(l->copy);
    g_free(l->touched);
    g_free(l);
}

/* The next of `nr` from i on that is not 0. */
static uint32_t next_set(const uint8_t *bytes, uint32_t nr, uint32_t i)
{
    for (uint64_t eight; i < nr; i++) {
        for (; nr - i >= sizeof eight && i % sizeof eight == 0; i += (uint32_t)sizeof eight) {
            memcpy(&eight, bytes + i, sizeof eight);
            if (eight)
                break;
        }
        if (i < nr && bytes[i])
            break;
    }
    return i;
}

/* A frame that was dirty before the call: MARK_WRITTEN, which is the CPU's, of which there is
 * none here. */
void fuzz_left_give_back(struct fuzz_left *l)
{
    uint8_t *marks = l->w->mem->marks;
    uint32_t nr = l->w->mem->nr_frames;
    for (uint32_t i = next_set(marks, nr, 0); i < nr; i = next_set(marks, nr, i + 1))
        if (marks[i] & MARK_WRITTEN)
            marks[i] = (uint8_t)((marks[i] & ~MARK_WRITTEN) | MARK_DIRTY);
}

void fuzz_left_reset(struct fuzz_left *l)
{
    uint32_t nr = l->w->mem->nr_frames;
    for (uint32_t i = next_set(l->touched, nr, 0); i < nr; i = next_set(l->touched, nr, i + 1)) {
        take(l, i);
        l->touched[i] = 0;
    }
}

/* Where vcpus look for events is written past the marks, too. */
static void mark_infos(struct world *w)
{
    w->mem->marks[w->d->s.shared_info.mfn] |= MARK_DIRTY;
    for (unsigned i = 0; i < w->d->s.nr_vcpus; i++)
        w->mem->marks[w->d->s.vcpu[i].info_mfn.mfn] |= MARK_DIRTY;
}

void fuzz_left_before(struct fuzz_left *l)
{
    uint8_t *marks = l->w->mem->marks;
    uint32_t nr = l->w->mem->nr_frames;
    mark_infos(l->w);
    for (uint32_t i = next_set(marks, nr, 0); i < nr; i = next_set(marks, nr, i + 1)) {
        if (!(marks[i] & MARK_DIRTY))
            continue;
        take(l, i);
        l->touched[i] = 1;
        marks[i] = (uint8_t)((marks[i] & ~MARK_DIRTY) | MARK_WRITTEN);
    }
}

/* --- comparing --------------------------------------------------------------------------------------- */

/* The guest can come to see it. */
static bool is_shown(const struct world *w, uint32_t mfn)
{
    uint16_t owner = frame_info(w->mem, MFN(mfn))->owner;
    return owner == w->d->s.domid || mfn - w->mem->m2p.mfn < w->mem->m2p_frames;
}

/* Of a table: A and D, which Xen's own walk sets as any; and Xen's own slots of an L2, which are
 * as Xen has them from its first validation on. */
static bool is_table_noise(const struct world *w, uint32_t mfn, const uint8_t *was, const uint8_t *now)
{
    const struct abi *abi = w->abi;
    unsigned size = abi->pte_size, hole = pt_index(abi, GVA(abi->hole), 2);
    uint64_t xens[1024];
    xen_slots_make(w->d, MFN(mfn), xens);
    for (unsigned i = 0; i < abi->ptes_per_page; i++) {
        uint64_t a = 0, b = 0;
        memcpy(&a, was + i * size, size);
        memcpy(&b, now + i * size, size);
        bool own = i >= hole && b == xens[i];
        if ((a ^ b) & ~(uint64_t)(PTE_A | PTE_D) && !own)
            return false;
    }
    return true;
}

static bool differs(struct fuzz_left *l, const struct allowed *a, uint32_t mfn, uint32_t *offset)
{
    const uint8_t *was = copy_of(l, mfn), *now = frame_ptr(l->w->mem, MFN(mfn));
    if (memcmp(was, now, RING1_PAGE_SIZE) == 0 || !is_shown(l->w, mfn) || is_allowed_frame(a, mfn) ||
        (is_table(frame_info(l->w->mem, MFN(mfn))->type) && is_table_noise(l->w, mfn, was, now)))
        return false;
    for (*offset = 0; *offset < RING1_PAGE_SIZE; (*offset)++)
        if (was[*offset] != now[*offset] && !is_allowed_byte(l->w, a, mfn, *offset))
            return true;
    return false;
}

const char *fuzz_left_after(struct fuzz_left *l, const struct call *call)
{
    struct world *w = l->w;
    uint32_t nr = call->nr & w->abi->number_mask, offset;
    struct allowed a = {.nr = 0};
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].nr == nr && rows[i].from <= w->abi->xen && w->abi->xen <= rows[i].to &&
            (rows[i].command == ANY || rows[i].command == call->arg[0]) && a.nr < G_N_ELEMENTS(a.va))
            allow_row(w, &rows[i], call->arg, &a);
    mark_infos(w);
    uint32_t beyond = w->mem->nr_frames;
    for (uint32_t i = next_set(w->mem->marks, beyond, 0); i < beyond;
         i = next_set(w->mem->marks, beyond, i + 1)) {
        if (!(w->mem->marks[i] & MARK_DIRTY) || !differs(l, &a, i, &offset))
            continue;
        snprintf(l->text, sizeof l->text, "memory: byte %#x of frame %#x is %#x and was %#x", offset, i,
                 ((const uint8_t *)frame_ptr(w->mem, MFN(i)))[offset], copy_of(l, i)[offset]);
        return l->text;
    }
    return NULL;
}
