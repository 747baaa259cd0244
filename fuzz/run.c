/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * run.c - see run.h.
 */
#include "run.h"

#include "dispatch/grant.h"
#include "dispatch/page_type.h"
#include "dispatch/preempt.h"
#include "dispatch/run_queue.h"
#include "dispatch/window.h"

#include <string.h>

/* A multicall's list, and the arguments of calls, in the arena. */
#define LIST_BYTES  (FUZZ_MAX_ENTRIES * 32u)
#define ARENA_BYTES (WORLD_ARENA_PAGES * RING1_PAGE_SIZE)
/* At once: timers would expire millions of times. */
#define MAX_NS 2000000000u

struct fuzz_runner {
    struct world *w;
    const struct fuzz_grammar *g;
    uint32_t cursor; /* of the arena */
    struct fuzz_op op;
    uint8_t bytes[FUZZ_CALL_BYTES];
    uint8_t context[FUZZ_CONTEXT_BYTES];
    /* The page that was written to last. */
    uint8_t *page;
    uint32_t page_va, generation;
    mfn_t page_mfn;
    const struct vcpu *page_vcpu;
};

struct fuzz_runner *fuzz_runner_new(struct world *w, const struct fuzz_grammar *g)
{
    struct fuzz_runner *r = g_new0(struct fuzz_runner, 1);
    r->w = w;
    r->g = g;
    fuzz_world_context(w, r->context);
    return r;
}

void fuzz_runner_free(struct fuzz_runner *r)
{
    g_free(r);
}

/* --- bytes into the guest -------------------------------------------------------------------- */

bool fuzz_may_write(const struct world *w, mfn_t mfn)
{
    const struct domain *d = w->d;
    if (!frame_exists(w->mem, mfn) || frame_info(w->mem, mfn)->owner != d->s.domid)
        return false;
    const struct frame *f = frame_info(w->mem, mfn);
    return f->type == PGT_writable || f->type == PGT_none || (!f->type_count && !(f->flags & PGF_VALIDATED));
}

/* What the guest may write to by its own tables; page after page, all or nothing of each. */
static bool find_page(struct fuzz_runner *r, uint32_t va)
{
    struct vcpu *v = run_queue_current(r->w->d);
    uint32_t page = va & ~(RING1_PAGE_SIZE - 1);
    struct walk walk;
    if (G_LIKELY(r->page && r->page_va == page && r->page_vcpu == v &&
                 r->generation == r->w->d->s.translation_generation))
        return true;
    r->page = NULL;
    if (va >= r->w->abi->hole || guest_walk(v, GVA(va), ACCESS_WRITE, false, false, &walk) != WALK_OK ||
        !fuzz_may_write(r->w, walk.mfn))
        return false;
    r->page = frame_ptr(r->w->mem, walk.mfn);
    r->page_mfn = walk.mfn;
    r->page_va = page;
    r->page_vcpu = v;
    r->generation = r->w->d->s.translation_generation;
    return true;
}

static bool put(struct fuzz_runner *r, uint32_t va, const uint8_t *bytes, uint32_t len)
{
    uint32_t offset = va % RING1_PAGE_SIZE;
    if (offset + len > RING1_PAGE_SIZE && !find_page(r, va + RING1_PAGE_SIZE - offset))
        return false;
    while (len) {
        offset = va % RING1_PAGE_SIZE;
        uint32_t part = MIN(len, RING1_PAGE_SIZE - offset);
        if (!find_page(r, va))
            return false;
        memcpy(r->page + offset, bytes, part);
        frame_changed(r->w->d, r->page_mfn);
        va += part;
        bytes += part;
        len -= part;
    }
    return true;
}

/* --- calls of the grammar --------------------------------------------------------------------- */

static uint32_t place_of(struct fuzz_runner *r, const struct fuzz_step *s, uint32_t bytes)
{
    const uint32_t rw = WORLD_BASE + FUZZ_RW_PFN * RING1_PAGE_SIZE;
    switch (s->place) {
    case FUZZ_ACROSS:
        return rw + 2 * RING1_PAGE_SIZE - (bytes / 2 & ~3u);
    case FUZZ_END:
        return rw + FUZZ_RW_PAGES * RING1_PAGE_SIZE - bytes;
    case FUZZ_LAST:
        return WORLD_BASE + FUZZ_PAGES * RING1_PAGE_SIZE - bytes;
    default:
        break;
    }
    bytes = (bytes + 7u) & ~7u;
    if (r->cursor + bytes > ARENA_BYTES)
        r->cursor = LIST_BYTES;
    uint32_t va = r->w->arena.va + r->cursor;
    r->cursor += bytes;
    return va;
}

/* Where a call's structures are laid out: at their place, or, if that is in two pages or
 * cannot be written to, aside. *put: they are there. */
static uint8_t *lay(struct fuzz_runner *r, const struct fuzz_step *s, uint32_t va, uint32_t len, bool *put)
{
    *put = len && s->place != FUZZ_LAST && in_one_page(va, len) && find_page(r, va);
    if (!*put)
        return r->bytes;
    frame_changed(r->w->d, r->page_mfn);
    return r->page + va % RING1_PAGE_SIZE;
}

static void make_call(struct fuzz_runner *r, const struct fuzz_step *s, struct fuzz_made *m)
{
    const struct fuzz_call *c = &r->g->calls[s->call];
    const struct fuzz_shape *shape = &c->shape[s->n];
    m->nr = s->what;
    m->call = c;
    m->len = shape->bytes;
    m->va = place_of(r, s, shape->bytes);
    uint8_t *bytes = lay(r, s, m->va, shape->bytes, &m->put);
    memcpy(m->word, shape->word, sizeof m->word);
    memcpy(bytes, shape->plain, shape->bytes);
    for (unsigned i = 0; i < shape->nr_pointers; i++) {
        const struct fuzz_slot *slot = &shape->slots[shape->pointers[i]];
        fuzz_set(slot, m->va + slot->target, m->word, bytes);
    }
    for (unsigned i = 0; i < s->nr_said; i++) {
        if (s->said[i].slot >= shape->nr_slots)
            continue;
        const struct fuzz_slot *slot = &shape->slots[s->said[i].slot];
        uint64_t plain = slot->role == FUZZ_POINTER ? m->va + slot->target : fuzz_plain(slot);
        fuzz_set(slot, fuzz_value(r->w, slot, &s->said[i], plain), m->word, bytes);
    }
    /* A context that says nothing of its own is one that works. */
    if (shape->bytes >= FUZZ_CONTEXT_BYTES && s->nr_said <= 2)
        memcpy(bytes, r->context, FUZZ_CONTEXT_BYTES);
    if (!m->put && shape->bytes && s->place != FUZZ_LAST)
        m->put = put(r, m->va, bytes, shape->bytes);
}

static const struct fuzz_slot any_slot = {.role = FUZZ_VALUE, .size = 8, .format = FORMAT_HEX};
static const struct fuzz_slot entry_slot = {.role = FUZZ_VALUE, .size = 8, .format = FORMAT_PTE};

static uint64_t said(const struct fuzz_runner *r, const struct fuzz_step *s, unsigned i,
                     const struct fuzz_slot *slot)
{
    return i < s->nr_said ? fuzz_value(r->w, slot, &s->said[i], 0) : 0;
}

static void make_raw(struct fuzz_runner *r, const struct fuzz_step *s, struct fuzz_made *m)
{
    *m = (struct fuzz_made){.nr = (uint32_t)said(r, s, 0, &any_slot)};
    for (unsigned i = 0; i < 5; i++)
        m->word[i] = (uint32_t)said(r, s, i + 1, &any_slot);
}

static void make(struct fuzz_runner *r, const struct fuzz_step *s, struct fuzz_made *m)
{
    if (fuzz_is_call(s))
        make_call(r, s, m);
    else
        make_raw(r, s, m);
}

/* --- other steps ------------------------------------------------------------------------------ */

static bool make_write(struct fuzz_runner *r, const struct fuzz_step *s)
{
    struct fuzz_op *op = &r->op;
    const struct fuzz_said zero = {0}, *to = s->nr_said ? &s->said[0] : &zero;
    uint32_t mfn = fuzz_frame(r->w, to);
    uint64_t value = said(r, s, 1, &entry_slot);
    op->kind = FUZZ_OP_WRITE;
    op->len = to->b >> 16 & 1 ? 1 : r->w->abi->pte_size;
    op->maddr = (uint64_t)mfn << RING1_PAGE_SHIFT | (to->b & (RING1_PAGE_SIZE - 1) & ~(op->len - 1));
    memcpy(op->bytes, &value, sizeof value);
    return fuzz_may_write(r->w, MFN(mfn));
}

/* {flags, domid, frame} of docs/xen-abi.md 8.20. */
static bool make_grant(struct fuzz_runner *r, const struct fuzz_step *s)
{
    struct fuzz_op *op = &r->op;
    const struct grant_table *gt = &r->w->d->s.grant;
    const struct fuzz_said zero = {0}, *frame = s->nr_said > 2 ? &s->said[2] : &zero;
    uint32_t ref = (uint32_t)said(r, s, 0, &any_slot), head = (uint32_t)said(r, s, 1, &any_slot);
    uint32_t mfn =
        frame->kind == FUZZ_PAGE || frame->kind == FUZZ_SPECIAL ? fuzz_frame(r->w, frame) : frame->b;
    if (gt->nr_frames == 0)
        return false;
    ref %= gt->nr_frames * 512u;
    op->kind = FUZZ_OP_WRITE;
    op->len = 8;
    op->maddr = ((uint64_t)gt->frames[ref / 512].mfn << RING1_PAGE_SHIFT) + ref % 512 * 8;
    memcpy(op->bytes, &head, 4);
    memcpy(op->bytes + 4, &mfn, 4);
    return true;
}

static bool make_store(struct fuzz_runner *r, const struct fuzz_step *s)
{
    static const struct fuzz_slot va = {.role = FUZZ_VALUE, .size = 4, .format = FORMAT_VA};
    struct fuzz_op *op = &r->op;
    uint64_t value = said(r, s, 1, &entry_slot);
    op->kind = FUZZ_OP_STORE;
    op->len = s->n == 1 && r->w->abi->pte_size == 8 ? 8 : 4;
    op->va = (uint32_t)said(r, s, 0, &va) & ~(op->len - 1);
    memcpy(op->bytes, &value, sizeof value);
    return true;
}

static bool make_time(struct fuzz_runner *r, const struct fuzz_step *s)
{
    r->op.kind = FUZZ_OP_TIME;
    r->op.ns = said(r, s, 0, &any_slot) % MAX_NS;
    return true;
}

/* --- running ------------------------------------------------------------------------------------ */

static bool ready(struct fuzz_runner *r, unsigned vcpu)
{
    struct domain *d = r->w->d;
    return G_LIKELY(d->s.queue.current == vcpu && run_queue_current(d)->run == VCPU_RUNNING) ||
           world_switch(r->w, vcpu);
}

static void do_write(struct fuzz_runner *r)
{
    const struct fuzz_op *op = &r->op;
    mfn_t mfn = MFN((uint32_t)(op->maddr >> RING1_PAGE_SHIFT));
    memcpy((uint8_t *)frame_ptr(r->w->mem, mfn) + op->maddr % RING1_PAGE_SIZE, op->bytes, op->len);
    frame_changed(r->w->d, mfn);
}

static void carry_out(struct fuzz_runner *r)
{
    struct fuzz_op *op = &r->op;
    switch (op->kind) {
    case FUZZ_OP_CALL:
        op->result = world_call(r->w, op->made[0].nr, op->made[0].word);
        break;
    case FUZZ_OP_MULTICALL: {
        const uint32_t word[MAX_HYPERCALL_ARGS] = {op->list, op->nr};
        op->result = world_call(r->w, 13, word);
        break;
    }
    case FUZZ_OP_WRITE:
        do_write(r);
        break;
    case FUZZ_OP_STORE:
        op->result = world_store(r->w, GVA(op->va), op->bytes, op->len);
        break;
    case FUZZ_OP_TIME:
        world_pass(r->w, op->ns);
        break;
    }
}

/* Entries of the list, as the guest writes them. */
static bool put_list(struct fuzz_runner *r)
{
    struct fuzz_op *op = &r->op;
    const struct abi *abi = r->w->abi;
    uint32_t entry[8];
    op->list = r->w->arena.va;
    for (unsigned i = 0; i < op->nr; i++) {
        memset(entry, 0, sizeof entry);
        entry[0] = op->made[i].nr;
        memcpy(entry + abi->multicall_arg, op->made[i].word, 5 * sizeof entry[0]);
        if (!put(r, op->list + i * 32, (const uint8_t *)entry, sizeof entry))
            return false;
    }
    return true;
}

static bool is_made(const struct fuzz_step *s)
{
    return fuzz_is_call(s) || s->what == FUZZ_RAW;
}

/* A call with the listed ones behind it, or another step. Returns how many steps it is;
 * *ok: it can be carried out. */
static unsigned prepare(struct fuzz_runner *r, const struct fuzz_input *in, unsigned at, bool *ok)
{
    const struct fuzz_step *s = &in->step[at];
    struct fuzz_op *op = &r->op;
    unsigned n = 1;
    op->step = at;
    op->nr = 0;
    if (!is_made(s)) {
        *ok = s->what == FUZZ_TIME    ? make_time(r, s)
              : s->what == FUZZ_WRITE ? make_write(r, s)
              : s->what == FUZZ_GRANT ? make_grant(r, s)
                                      : make_store(r, s);
        return 1;
    }
    make(r, s, &op->made[op->nr++]);
    for (; at + n < in->nr_steps && in->step[at + n].listed && is_made(&in->step[at + n]) &&
           op->nr < FUZZ_MAX_ENTRIES;
         n++)
        make(r, &in->step[at + n], &op->made[op->nr++]);
    op->kind = n > 1 || s->listed ? FUZZ_OP_MULTICALL : FUZZ_OP_CALL;
    *ok = op->kind == FUZZ_OP_CALL || put_list(r);
    return n;
}

unsigned fuzz_run(struct fuzz_runner *r, const struct fuzz_input *in, const struct fuzz_observer *observer)
{
    struct domain *d = r->w->d;
    unsigned done = 0;
    r->cursor = LIST_BYTES;
    r->page = NULL;
    if (in->preempt || d->preempt_mode != RING1_PREEMPT_NORMAL)
        preempt_set_mode(d,
                         !in->preempt       ? RING1_PREEMPT_NORMAL
                         : in->preempt == 1 ? RING1_PREEMPT_EVERY
                                            : RING1_PREEMPT_RANDOM,
                         in->preempt);
    for (unsigned at = 0; at < in->nr_steps && !world_ended(r->w);) {
        unsigned vcpu = in->step[at].vcpu;
        bool ok = false;
        if (G_UNLIKELY(vcpu >= d->s.nr_vcpus || !ready(r, vcpu))) {
            at++;
            continue;
        }
        r->op.vcpu = vcpu;
        at += prepare(r, in, at, &ok);
        if (!ok)
            continue;
        if (observer && observer->before)
            observer->before(observer->user, &r->op);
        carry_out(r);
        done++;
        if (observer && observer->after && !observer->after(observer->user, &r->op))
            break;
    }
    return done;
}
