/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * check.c - see check.h.
 */
#include "check.h"

#include "digest.h"
#include "dispatch/page_type.h"
#include "dispatch/preempt.h"
#include "dispatch/results.h"
#include "dispatch/run_queue.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xen/errno.h>

/* Pages whose translations are looked at: those of the input's own, and behind memory. */
#define FIRST_LOOKED FUZZ_RW_PFN
#define NR_LOOKED    48u
#define NR_BEYOND    8u
/* Units of work that one call may do between two stops: a step of a list is what it is,
 * and no step is more than a whole tree of page tables or an extent of order 9. */
#define MAX_WORK (WORK_MAX + 4096u)

struct translation {
    uint32_t mfn; /* UINT32_MAX: none */
    bool writable, user;
};

struct fuzz_checker {
    struct world *w;
    const struct fuzz_grammar *g;
    struct fuzz_runner *runner;
    enum fuzz_level level;
    uint8_t poison;
    char reason[400];
    /* Of one input. */
    unsigned calls;
    uint32_t feature[FUZZ_MAX_FEATURES];
    unsigned nr_features;
    int32_t result[FUZZ_MAX_RESULTS];
    unsigned nr_results;
    uint64_t first_entry;
    int32_t last_result;
    bool flip; /* calls are stopped where they were not, or the other way round */
    /* Around one operation, and one call of it. */
    struct translation looked[NR_LOOKED + NR_BEYOND];
    const struct vcpu *looked_vcpu;
    mfn_t looked_cr3;
    uint32_t generation;
    bool flushed, called;
    struct fuzz_parts parts[2];
    struct tap tap;
};

struct fuzz_checker *fuzz_checker_new(struct world *w, const struct fuzz_grammar *g)
{
    struct fuzz_checker *c = g_new0(struct fuzz_checker, 1);
    c->w = w;
    c->g = g;
    c->runner = fuzz_runner_new(w, g);
    return c;
}

void fuzz_checker_free(struct fuzz_checker *c)
{
    if (!c)
        return;
    fuzz_runner_free(c->runner);
    g_free(c);
}

unsigned fuzz_checker_calls(const struct fuzz_checker *c)
{
    return c->calls;
}

unsigned fuzz_checker_features(const struct fuzz_checker *c, const uint32_t **features)
{
    *features = c->feature;
    return c->nr_features;
}

bool fuzz_checker_flips(const struct fuzz_checker *c)
{
    return c->flip;
}

struct world *fuzz_checker_world(const struct fuzz_checker *c)
{
    return c->w;
}

/* The first that is broken stays. */
G_GNUC_PRINTF(2, 3) static void broken(struct fuzz_checker *c, const char *format, ...)
{
    va_list args;
    if (c->reason[0])
        return;
    va_start(args, format);
    g_vsnprintf(c->reason, sizeof c->reason, format, args);
    va_end(args);
    g_strdelimit(c->reason, "\n", ' ');
    g_strchomp(c->reason);
}

/* --- results --------------------------------------------------------------------------------------- */

static const char *row_name(const struct fuzz_checker *c, uint32_t nr)
{
    const struct hypercall *row = hypercall_row(c->w->abi, nr & c->w->abi->number_mask);
    return row ? row->name : "a number never heard of";
}

static void add_feature(struct fuzz_checker *c, uint32_t nr, uint32_t command, int32_t result)
{
    uint32_t kind = result >= 0 ? (uint32_t)MIN(result, 2) : (uint32_t)result;
    if (c->nr_features < G_N_ELEMENTS(c->feature))
        c->feature[c->nr_features++] = ((nr * 0x9E3779B1u ^ command) * 0x85EBCA77u ^ kind) * 0xC2B2AE3Du;
}

/* A multicall that ends with iret, of 4.17, returns the EAX that it restored. */
static bool ends_with_iret(const struct fuzz_checker *c, uint32_t nr)
{
    const struct domain_state *s = &c->w->d->s;
    return (nr & c->w->abi->number_mask) == 13 && s->nr_entries > c->first_entry &&
           (s->entry[(s->nr_entries - 1) % LAST_ENTRIES].nr & c->w->abi->number_mask) == 23;
}

/* 4.17's own form of a call that goes on gives back what its last argument says. */
static bool goes_on(const struct fuzz_checker *c, uint32_t nr, const uint32_t *arg)
{
    return c->w->abi->xen >= RING1_XEN_4_17 && (nr == 1 || nr == 26) && arg[0] == 0 && arg[1] == 1u << 31;
}

static void check_result(struct fuzz_checker *c, uint32_t nr, const uint32_t *arg, int32_t result)
{
    const struct hypercall_slot *slot = hypercall_slot(c->w->d, nr);
    if (G_LIKELY(result_is_documented(c->w->abi, nr, result)) || ends_with_iret(c, nr) ||
        (slot && slot->user_fn) || goes_on(c, nr, arg))
        return;
    broken(c, "result: %s returned %d (%s), which Xen %s does not document", row_name(c, nr), result,
           errno_name(result) ? errno_name(result) : "no errno", c->w->abi->xen_name);
}

/* Entries of the multicall that just ran; those of a long one that are still known. One
 * whose result could not be written may have stopped half-way. */
static void check_entries(struct fuzz_checker *c)
{
    const struct domain_state *s = &c->w->d->s;
    uint64_t first = MAX(c->first_entry, s->nr_entries > LAST_ENTRIES ? s->nr_entries - LAST_ENTRIES : 0);
    for (uint64_t i = first; i + (c->last_result != 0) < s->nr_entries; i++) {
        const struct entry_record *e = &s->entry[i % LAST_ENTRIES];
        check_result(c, e->nr, e->arg, e->result);
        if (c->w->abi->xen >= RING1_XEN_4_17 && e->nr == 23 && i + 1 < s->nr_entries)
            broken(c, "multicall: it goes on behind an iret");
        add_feature(c, e->nr, e->arg[0] & 63, e->result);
    }
}

/* What is known in constant time. */
static void check_domain(struct fuzz_checker *c)
{
    const struct domain *d = c->w->d;
    const struct vcpu *v = &d->s.vcpu[d->s.queue.current];
    const struct frame *f = frame_info(d->mem, v->cr3);
    if (d->s.tot_pages > d->mem->nr_frames)
        broken(c, "domain: it has %u pages of %u", d->s.tot_pages, d->mem->nr_frames);
    if (d->s.evtchn_top > NR_EVTCHNS)
        broken(c, "domain: %u event channels", d->s.evtchn_top);
    if (d->s.queue.current >= d->s.nr_vcpus)
        broken(c, "domain: vcpu %u has the CPU", d->s.queue.current);
    if (f->type != root_type(d->abi) || f->type_count == 0 || f->count < f->type_count ||
        f->owner != d->s.domid)
        broken(c, "domain: the frame in CR3 is no top-level table of its own");
    if (d->s.preempt.work > MAX_WORK)
        broken(c, "work: %u units without a stop", d->s.preempt.work);
}

/* --- full ------------------------------------------------------------------------------------------ */

static struct translation look(struct vcpu *v, unsigned i)
{
    uint32_t page = i < NR_LOOKED ? FIRST_LOOKED + i : FUZZ_PAGES + i - NR_LOOKED;
    struct walk walk;
    if (guest_walk(v, GVA(WORLD_BASE + page * RING1_PAGE_SIZE), ACCESS_READ, false, false, &walk) != WALK_OK)
        return (struct translation){.mfn = UINT32_MAX};
    return (struct translation){walk.mfn.mfn, walk.writable, walk.user};
}

static void look_at_all(struct fuzz_checker *c)
{
    struct vcpu *v = run_queue_current(c->w->d);
    c->looked_vcpu = v;
    c->looked_cr3 = v->cr3;
    c->generation = c->w->d->s.translation_generation;
    c->flushed = c->called = false;
    for (unsigned i = 0; i < G_N_ELEMENTS(c->looked); i++)
        c->looked[i] = look(v, i);
}

static void check_translations(struct fuzz_checker *c, const char *what)
{
    struct domain *d = c->w->d;
    struct vcpu *v = run_queue_current(d);
    if (v != c->looked_vcpu || (c->flushed && d->s.translation_generation != c->generation))
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(c->looked); i++) {
        struct translation was = c->looked[i], is = look(v, i);
        if (was.mfn == UINT32_MAX ||
            (was.mfn == is.mfn && was.writable <= is.writable && was.user <= is.user))
            continue;
        broken(c, "translation: after %s: page %#x is frame %#x and was %#x, and nothing was flushed", what,
               i < NR_LOOKED ? FIRST_LOOKED + i : FUZZ_PAGES + i - NR_LOOKED, is.mfn, was.mfn);
        return;
    }
}

static void check_counts(struct fuzz_checker *c, const char *what)
{
    if (G_LIKELY(page_recount(c->w->d, NULL)))
        return;
    g_autoptr(GString) report = g_string_new(NULL);
    page_recount(c->w->d, report);
    broken(c, "counts: after %s: %s", what, report->str);
}

/* Calls whose errno says only that the rest was not done, or not told. */
static bool leaves_more(uint32_t nr, const uint32_t *arg, int32_t result)
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

static bool tap_before(void *user, struct vcpu *v, struct call *call)
{
    struct fuzz_checker *c = user;
    (void)v;
    if (c->level == FUZZ_FULL)
        fuzz_parts(c->w, &c->parts[call->depth ? 1 : 0]);
    return false;
}

static void tap_after(void *user, struct vcpu *v, const struct call *call)
{
    struct fuzz_checker *c = user;
    uint32_t nr = call->nr & c->w->abi->number_mask;
    struct fuzz_parts now;
    (void)v;
    c->called = true;
    if (!call->depth && !call->continued) {
        if (!world_ended(c->w))
            check_result(c, call->nr, call->arg, call->result);
        c->last_result = call->result;
        if (c->nr_results < G_N_ELEMENTS(c->result))
            c->result[c->nr_results++] = call->result;
    }
    c->flushed |= (c->w->d->s.attention & ATTN_FLUSH) != 0;
    if (c->level != FUZZ_FULL || call->continued || world_ended(c->w) ||
        !is_refusal(call->row, call->result) || leaves_more(nr, call->arg, call->result))
        return;
    fuzz_parts(c->w, &now);
    for (unsigned i = 0; i < NR_PARTS; i++)
        if (now.part[i] != c->parts[call->depth ? 1 : 0].part[i])
            broken(c, "leaves: %s was refused with %s and has changed %s", row_name(c, call->nr),
                   errno_name(call->result), fuzz_part_names[i]);
}

static void watch(struct fuzz_checker *c, enum fuzz_level level)
{
    c->level = level;
    c->reason[0] = '\0';
    c->calls = c->nr_features = c->nr_results = 0;
    c->tap = (struct tap){.before = tap_before, .after = tap_after, .user = c};
    c->w->d->tap = level == FUZZ_FULL ? &c->tap : NULL;
}

/* What the next call finds below the stack's end. */
static G_NO_INLINE void poison_stack(uint8_t pattern)
{
    volatile uint8_t below[24576];
    memset((void *)(uintptr_t)below, pattern, sizeof below);
    __asm__ volatile("" : : "r"(below) : "memory");
}

void fuzz_checker_before(struct fuzz_checker *c)
{
    c->first_entry = c->w->d->s.nr_entries;
    if (c->level < FUZZ_FULL)
        return;
    look_at_all(c);
    poison_stack(c->poison);
}

bool fuzz_checker_after(struct fuzz_checker *c, const char *what)
{
    if (G_UNLIKELY(c->w->d->s.nr_entries != c->first_entry))
        check_entries(c);
    check_domain(c);
    if (c->level == FUZZ_FULL) {
        if (c->called) /* others flush where nobody sees it */
            check_translations(c, what);
        check_counts(c, what);
    }
    return c->reason[0] == '\0';
}

/* --- one run, and others like it -------------------------------------------------------------------- */

struct outcome {
    int32_t result[FUZZ_MAX_RESULTS];
    unsigned nr_results;
    uint64_t digest, stopped;
};

static void run(struct fuzz_checker *c, const struct fuzz_subject *subject, struct outcome *o)
{
    world_reset(c->w);
    c->nr_results = 0;
    subject->run(c, subject->user);
    if (!o)
        return;
    memcpy(o->result, c->result, sizeof o->result);
    o->nr_results = c->nr_results;
    o->digest = fuzz_digest(c->w, false);
    o->stopped = fuzz_digest(c->w, true);
}

static bool same_results(const struct outcome *a, const struct outcome *b, unsigned *at)
{
    for (*at = 0; *at < a->nr_results; (*at)++)
        if (*at >= b->nr_results || a->result[*at] != b->result[*at])
            return false;
    return a->nr_results == b->nr_results;
}

static void check_again(struct fuzz_checker *c, const struct fuzz_subject *subject,
                        const struct outcome *first)
{
    struct outcome other, again;
    unsigned at;
    c->poison = 0x5A;
    run(c, subject, &other);
    c->poison = 0xA5;
    if (c->reason[0] || (same_results(first, &other, &at) && first->digest == other.digest))
        return;
    run(c, subject, &again);
    if (again.digest == first->digest)
        broken(c, "host bytes: what the host's stack held has come to the guest");
    else
        broken(c, "repeat: the same input gives something else the second time");
}

static void check_stopped(struct fuzz_checker *c, const struct fuzz_subject *subject,
                          const struct outcome *first)
{
    struct outcome other;
    unsigned at;
    c->flip = true;
    run(c, subject, &other);
    c->flip = false;
    if (c->reason[0])
        return;
    if (!same_results(first, &other, &at))
        broken(c, "stopped: a call returns something else when calls are stopped half-way: number %u", at);
    else if (first->stopped != other.stopped)
        broken(c, "stopped: what is left is not the same when calls are stopped half-way");
}

const char *fuzz_check_subject(struct fuzz_checker *c, const struct fuzz_subject *subject,
                               enum fuzz_level level)
{
    struct outcome first;
    watch(c, level);
    c->poison = 0xA5;
    run(c, subject, level == FUZZ_FULL ? &first : NULL);
    if (level == FUZZ_RECOUNT)
        check_counts(c, "the last call");
    if (level == FUZZ_FULL && !c->reason[0]) {
        unsigned calls = c->calls, nr_features = c->nr_features;
        check_again(c, subject, &first);
        if (!c->reason[0] && !subject->is_tangled)
            check_stopped(c, subject, &first);
        c->calls = calls;
        c->nr_features = nr_features;
    }
    c->w->d->tap = NULL;
    return c->reason[0] ? c->reason : NULL;
}

/* --- an input ------------------------------------------------------------------------------------- */

static char *op_name(const struct fuzz_checker *c, const struct fuzz_op *op)
{
    static const char *const names[] = {NULL, "a multicall", "a write of the guest", "an emulated store",
                                        "time"};
    if (op->kind != FUZZ_OP_CALL)
        return g_strdup(names[op->kind]);
    return op->made[0].call ? fuzz_call_name(op->made[0].call) : g_strdup(row_name(c, op->made[0].nr));
}

static void before_op(void *user, const struct fuzz_op *op)
{
    (void)op;
    fuzz_checker_before(user);
}

static bool after_op(void *user, const struct fuzz_op *op)
{
    struct fuzz_checker *c = user;
    if (op->kind == FUZZ_OP_CALL || op->kind == FUZZ_OP_MULTICALL) {
        uint32_t nr = op->kind == FUZZ_OP_CALL ? op->made[0].nr : 13;
        c->calls += op->nr;
        if (G_LIKELY(!world_ended(c->w)))
            check_result(c, nr, op->kind == FUZZ_OP_CALL ? op->made[0].word : &op->list, op->result);
        c->last_result = op->result;
        add_feature(c, nr, op->made[0].call ? fuzz_call_command(op->made[0].call) : 0, op->result);
    }
    if (c->level < FUZZ_FULL)
        return fuzz_checker_after(c, "a call");
    g_autofree char *what = op_name(c, op);
    return fuzz_checker_after(c, what);
}

static void run_input(struct fuzz_checker *c, void *user)
{
    const struct fuzz_observer observer = {before_op, after_op, c};
    struct fuzz_input *in = user;
    uint8_t preempt = in->preempt;
    if (G_UNLIKELY(c->flip))
        in->preempt = preempt == 1 ? 0 : 1;
    fuzz_run(c->runner, in, &observer);
    in->preempt = preempt;
}

/* A call whose lists and answers may lie over each other depends on where it stops; so do
 * the words of a list that lies anywhere. */
static bool is_tangled(const struct fuzz_checker *c, const struct fuzz_input *in)
{
    for (unsigned i = 0; i < in->nr_steps; i++) {
        const struct fuzz_step *s = &in->step[i];
        const struct fuzz_shape *shape = s->call >= 0 ? &c->g->calls[s->call].shape[s->n] : NULL;
        for (unsigned k = 0; shape && k < s->nr_said; k++)
            if (s->said[k].slot < shape->nr_slots && (shape->slots[s->said[k].slot].role == FUZZ_POINTER ||
                                                      shape->slots[s->said[k].slot].role == FUZZ_COUNT))
                return true;
        if (s->what == FUZZ_RAW || s->place != FUZZ_ARENA)
            return true;
    }
    return false;
}

const char *fuzz_check(struct fuzz_checker *c, struct fuzz_input *in, enum fuzz_level level)
{
    const struct fuzz_subject subject = {run_input, in, level == FUZZ_FULL && is_tangled(c, in)};
    return fuzz_check_subject(c, &subject, level);
}

char *fuzz_reason_kind(const char *reason)
{
    GString *out = g_string_new(NULL);
    for (const char *p = reason; *p; p++) {
        bool word = out->len && (g_ascii_isalnum(out->str[out->len - 1]) || out->str[out->len - 1] == '_');
        if (!g_ascii_isdigit(*p) || word) {
            g_string_append_c(out, *p);
            continue;
        }
        while (g_ascii_isxdigit(p[1]) || p[1] == 'x')
            p++;
        g_string_append_c(out, '#');
    }
    return g_string_free(out, FALSE);
}
