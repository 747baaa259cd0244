/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * left.c - see left.h.
 */
#include "left.h"

#include "dispatch/describe.h"
#include "dispatch/memory_image.h"
#include "dispatch/page_type.h"
#include "dispatch/run_queue.h"
#include "dispatch/stale.h"
#include "dispatch/xen_slots.h"

#include <stdio.h>
#include <string.h>
#include <xen/errno.h>

/* Places that a call may write: found before it, for it may change what translates. */
#define MAX_FRAMES 20u
#define MAX_PLACES 8u
struct place {
    uint32_t mfn, offset, len;
};
struct allowed {
    struct place place[MAX_PLACES];
    unsigned nr_places;
    mfn_t frame[MAX_FRAMES];
    unsigned nr_frames;
};

struct fuzz_left {
    struct domain *d;
    bool cpu;
    uint8_t *copy;          /* of all frames */
    uint8_t *touched;       /* by frame: the copy is not the start's */
    struct allowed allowed; /* by the call that is made */
    char text[160];
};

bool fuzz_leaves_more(const struct abi *abi, uint32_t nr, const uint32_t *arg, int32_t result)
{
    switch (nr) {
    case 0: /* entries of a list before the one that fails */
    case 13:
        return true;
    case 1:
    case 26:
        return (arg[1] & 0x7FFFFFFFu) != 1 || result == -XEN_EFAULT;
    case 17: /* get_features, which otherwise leaves nothing */
        return result == -XEN_EFAULT && arg[0] == 6;
    case 20:
        return result == -XEN_EFAULT || arg[2] != 1;
    case 12: /* XENMEM_exchange: what was exchanged before stays so */
        return result == -XEN_EFAULT ||
               (arg[0] & command_mask(describe_commands("memory_op"), abi->xen)) == 11;
    case 14: /* the vcpus to be told cannot be read */
    case 16: /* what was made cannot be told, and stays: ports, pirqs; what a console gave is gone */
    case 18:
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

bool fuzz_drops_ldts(uint32_t nr)
{
    return nr == 1 || nr == 24 || nr == 26;
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
    uint8_t arg;
    uint16_t bytes;
} rows[] = {
    {1, RING1_XEN_2_0, RING1_XEN_4_17, ANY, LEAVES_BYTES, 2, 4}, /* *pdone (5.5) */
    {26, RING1_XEN_3_0_0, RING1_XEN_4_17, ANY, LEAVES_BYTES, 2, 4},
    {26, RING1_XEN_4_17, RING1_XEN_4_17, ANY, LEAVES_TABLES, 0, 0},
    {2, RING1_XEN_2_0, RING1_XEN_4_17, ANY, LEAVES_DESCRIPTORS, 0, 0},
    /* Answers, up to the page that cannot be written. */
    {17, RING1_XEN_3_0_0, RING1_XEN_4_17, 1, LEAVES_BYTES, 1, 16},
    {17, RING1_XEN_3_0_0, RING1_XEN_4_17, 2, LEAVES_BYTES, 1, 144},
    {17, RING1_XEN_3_0_0, RING1_XEN_4_17, 3, LEAVES_BYTES, 1, 1024},
    {17, RING1_XEN_3_0_0, RING1_XEN_4_17, 4, LEAVES_BYTES, 1, 64},
    {17, RING1_XEN_3_0_0, RING1_XEN_4_17, 5, LEAVES_BYTES, 1, 4},
    {17, RING1_XEN_3_0_0, RING1_XEN_4_17, 8, LEAVES_BYTES, 1, 16},
    {17, RING1_XEN_3_0_0, RING1_XEN_4_17, 9, LEAVES_BYTES, 1, 1024},
    {34, RING1_XEN_4_17, RING1_XEN_4_17, 10, LEAVES_BYTES, 1, 8},
    {24, RING1_XEN_3_0_0, RING1_XEN_4_17, 0, LEAVES_CONTEXT, 2, 0},
    {19, RING1_XEN_2_0, RING1_XEN_2_0, ANY, LEAVES_BYTES, 0, 40}, /* the whole structure (8.19) */
    {33, RING1_XEN_4_17, RING1_XEN_4_17, 13, LEAVES_BYTES, 1, 36},
    /* The same by the old number: the command lies in memory, before what is given back (13.4). */
    {19, RING1_XEN_4_17, RING1_XEN_4_17, ANY, LEAVES_BYTES, 0, 40},
    {20, RING1_XEN_4_17, RING1_XEN_4_17, 8, LEAVES_BYTES, 1, 4}, /* the version that there is (8.20) */
};

static void allow_frame(struct allowed *a, uint32_t mfn)
{
    if (a->nr_frames < MAX_FRAMES)
        a->frame[a->nr_frames++] = MFN(mfn);
}

static void allow_place(struct allowed *a, mfn_t mfn, uint32_t offset, uint32_t len)
{
    if (a->nr_places < MAX_PLACES)
        a->place[a->nr_places++] = (struct place){mfn.mfn, offset, len};
}

/* Of a structure, which may lie across two pages: by a translation of before, as long as there is one, and as
 * the tables have it, for the call may flush. */
static void allow_bytes(struct vcpu *v, uint32_t va, uint32_t len, struct allowed *a)
{
    while (len && va < v->domain->abi->hole) {
        struct walk walk;
        uint32_t offset = va % RING1_PAGE_SIZE, part = MIN(len, RING1_PAGE_SIZE - offset);
        if (guest_walk(v, GVA(va), ACCESS_READ, false, false, &walk) == WALK_OK)
            allow_place(a, walk.mfn, offset, part);
        if (stale_any(v->domain) && guest_walk_tables(v, GVA(va), ACCESS_READ, false, &walk) == WALK_OK)
            allow_place(a, walk.mfn, offset, part);
        va += part;
        len -= part;
    }
}

static void allow_row(struct domain *d, const struct row *row, const uint32_t *arg, struct allowed *a)
{
    struct vcpu *v = run_queue_current(d);
    uint32_t op[3], frames[MAX_GDT_FRAMES], cr3;
    switch (row->leaves) {
    case LEAVES_BYTES:
        allow_bytes(v, arg[row->arg], row->bytes, a);
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

static bool is_allowed_byte(const struct allowed *a, uint32_t mfn, uint32_t offset)
{
    for (unsigned i = 0; i < a->nr_places; i++)
        if (a->place[i].mfn == mfn && offset - a->place[i].offset < a->place[i].len)
            return true;
    return false;
}

static void find_allowed(struct domain *d, const struct call *call, struct allowed *a)
{
    uint32_t nr = call->nr & d->abi->number_mask;
    a->nr_places = a->nr_frames = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].nr == nr && rows[i].from <= d->abi->xen && d->abi->xen <= rows[i].to &&
            (rows[i].command == ANY || rows[i].command == call->arg[0]))
            allow_row(d, &rows[i], call->arg, a);
}

/* --- memory ------------------------------------------------------------------------------------------ */

static uint8_t *copy_of(const struct fuzz_left *l, uint32_t mfn)
{
    return l->copy + (size_t)mfn * RING1_PAGE_SIZE;
}

static void take(struct fuzz_left *l, uint32_t mfn)
{
    memcpy(copy_of(l, mfn), frame_ptr(l->d->mem, MFN(mfn)), RING1_PAGE_SIZE);
}

struct fuzz_left *fuzz_left_new(struct domain *d, bool cpu)
{
    struct fuzz_left *l = g_new0(struct fuzz_left, 1);
    static const uint8_t zero[RING1_PAGE_SIZE];
    uint32_t nr = d->mem->nr_frames;
    l->d = d;
    l->cpu = cpu;
    l->copy = g_malloc0((size_t)nr * RING1_PAGE_SIZE);
    l->touched = g_malloc0(nr);
    for (uint32_t i = 0; i < nr; i++)
        if ((!d->mem->last || memory_may_differ_from_zero(d->mem, MFN(i))) &&
            memcmp(frame_ptr(d->mem, MFN(i)), zero, sizeof zero) != 0)
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

/* A frame that was dirty before the call: MARK_WRITTEN, which is the CPU's. Where there is one, the mark
 * stays, and the frame is copied before each call. */
void fuzz_left_give_back(struct fuzz_left *l)
{
    uint8_t *marks = l->d->mem->marks;
    uint32_t nr = l->d->mem->nr_frames;
    if (l->cpu)
        return;
    for (uint32_t i = next_set(marks, nr, 0); i < nr; i = next_set(marks, nr, i + 1))
        if (marks[i] & MARK_WRITTEN)
            marks[i] = (uint8_t)((marks[i] & ~MARK_WRITTEN) | MARK_DIRTY);
}

void fuzz_left_reset(struct fuzz_left *l)
{
    uint32_t nr = l->d->mem->nr_frames;
    for (uint32_t i = next_set(l->touched, nr, 0); i < nr; i = next_set(l->touched, nr, i + 1)) {
        take(l, i);
        l->touched[i] = 0;
    }
}

/* The n-th frame where vcpus look for events, which Xen writes past the marks. False: there
 * are no more. */
static bool info_frame(const struct domain *d, unsigned n, uint32_t *mfn)
{
    const struct domain_state *s = &d->s;
    if (n > s->nr_vcpus)
        return false;
    *mfn = n ? s->vcpu[n - 1].info_mfn.mfn : s->shared_info.mfn;
    return true;
}

void fuzz_left_before(struct fuzz_left *l, const struct call *call)
{
    uint8_t *marks = l->d->mem->marks;
    uint32_t nr = l->d->mem->nr_frames, i;
    for (i = next_set(marks, nr, 0); i < nr; i = next_set(marks, nr, i + 1)) {
        if (!(marks[i] & MARK_DIRTY))
            continue;
        take(l, i);
        l->touched[i] = 1;
        if (!l->cpu)
            marks[i] = (uint8_t)((marks[i] & ~MARK_DIRTY) | MARK_WRITTEN);
    }
    for (unsigned n = 0; info_frame(l->d, n, &i); n++) {
        take(l, i);
        l->touched[i] = 1;
    }
    find_allowed(l->d, call, &l->allowed);
}

/* --- comparing --------------------------------------------------------------------------------------- */

/* The guest can come to see it. */
static bool is_shown(const struct domain *d, uint32_t mfn)
{
    uint16_t owner = frame_info(d->mem, MFN(mfn))->owner;
    return owner == d->s.domid || mfn - d->mem->m2p.mfn < d->mem->m2p_frames;
}

/* Of a table: A and D, which Xen's own walk sets as any; and Xen's own slots of an L2, which are
 * as Xen has them from its first validation on. */
static bool is_table_noise(const struct domain *d, uint32_t mfn, const uint8_t *was, const uint8_t *now)
{
    const struct abi *abi = d->abi;
    unsigned size = abi->pte_size, hole = pt_index(abi, GVA(abi->hole), 2);
    uint64_t xens[1024];
    xen_slots_make(d, MFN(mfn), xens);
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
    const uint8_t *was = copy_of(l, mfn), *now = frame_ptr(l->d->mem, MFN(mfn));
    if (memcmp(was, now, RING1_PAGE_SIZE) == 0 || !is_shown(l->d, mfn) || is_allowed_frame(a, mfn) ||
        (is_table(frame_info(l->d->mem, MFN(mfn))->type) && is_table_noise(l->d, mfn, was, now)))
        return false;
    for (*offset = 0; *offset < RING1_PAGE_SIZE; (*offset)++)
        if (was[*offset] != now[*offset] && !is_allowed_byte(a, mfn, *offset))
            return true;
    return false;
}

static const char *say(struct fuzz_left *l, uint32_t mfn, uint32_t offset)
{
    snprintf(l->text, sizeof l->text, "memory: byte %#x of frame %#x is %#x and was %#x", offset, mfn,
             ((const uint8_t *)frame_ptr(l->d->mem, MFN(mfn)))[offset], copy_of(l, mfn)[offset]);
    return l->text;
}

const char *fuzz_left_after(struct fuzz_left *l)
{
    const struct domain *d = l->d;
    const struct allowed *a = &l->allowed;
    uint32_t offset;
    uint32_t beyond = d->mem->nr_frames, mfn;
    for (uint32_t i = next_set(d->mem->marks, beyond, 0); i < beyond;
         i = next_set(d->mem->marks, beyond, i + 1))
        if ((d->mem->marks[i] & MARK_DIRTY) && differs(l, a, i, &offset))
            return say(l, i, offset);
    for (unsigned n = 0; info_frame(d, n, &mfn); n++)
        if (differs(l, a, mfn, &offset))
            return say(l, mfn, offset);
    return NULL;
}

bool fuzz_left_tables(const struct fuzz_left *l)
{
    const struct memory *mem = l->d->mem;
    for (uint32_t i = next_set(mem->marks, mem->nr_frames, 0); i < mem->nr_frames;
         i = next_set(mem->marks, mem->nr_frames, i + 1))
        if ((mem->marks[i] & MARK_DIRTY) &&
            (is_table(mem->frames[i].type) || mem->frames[i].owner == OWNER_DOMID_XEN) &&
            memcmp(copy_of(l, i), frame_ptr(mem, MFN(i)), RING1_PAGE_SIZE) != 0)
            return true;
    return false;
}

bool fuzz_left_holds(const struct fuzz_left *l, struct vcpu *v, uint32_t va, uint64_t len)
{
    while (len && va < v->domain->abi->hole) {
        struct walk walk;
        uint32_t offset = va % RING1_PAGE_SIZE, part = (uint32_t)MIN(len, RING1_PAGE_SIZE - offset);
        if (guest_walk(v, GVA(va), ACCESS_READ, false, false, &walk) != WALK_OK)
            return true;
        const uint8_t *now = frame_ptr(l->d->mem, walk.mfn);
        if (memcmp(copy_of(l, walk.mfn.mfn) + offset, now + offset, part) != 0)
            return false;
        va += part;
        len -= part;
    }
    return true;
}
