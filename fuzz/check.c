/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * check.c - see check.h.
 */
#include "check.h"

#include "dispatch/page_type.h"
#include "dispatch/preempt.h"
#include "dispatch/results.h"
#include "dispatch/run_queue.h"
#include "dispatch/stale.h"
#include "watch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xen/errno.h>

/* Pages whose translations are looked at: those of the input's own, and behind memory. */
#define FIRST_LOOKED FUZZ_RW_PFN
#define NR_LOOKED    48u
#define NR_BEYOND    8u

struct translation {
    uint32_t mfn; /* UINT32_MAX: none */
    bool writable, user;
    bool stale; /* of before an entry changed: it may end at any access */
};

/* The entries behind what is looked at, as they stand: pages of one L1 table. Most calls change
 * none of them. */
struct entries {
    bool known;
    uint64_t above[2];
    uint8_t l1[(NR_LOOKED + NR_BEYOND) * 8];
};

struct fuzz_checker {
    struct world *w;
    const struct fuzz_grammar *g;
    struct fuzz_runner *runner;
    const struct result_row *results[NR_HYPERCALLS];
    enum fuzz_level level;
    uint8_t poison;
    struct fuzz_reason reason;
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
    struct entries entries;
    const struct vcpu *looked_vcpu;
    mfn_t looked_cr3;
    uint32_t generation;
    bool flushed, called;
    struct fuzz_watch watch;
    bool again; /* nothing is looked at but results: it was, the first time */
    bool count; /* references are counted anew */
    bool lost;  /* a multicall could not write to its list any more */
    struct tap tap;
};

struct fuzz_checker *fuzz_checker_new(struct world *w, const struct fuzz_grammar *g)
{
    struct fuzz_checker *c = g_new0(struct fuzz_checker, 1);
    c->w = w;
    c->g = g;
    c->runner = fuzz_runner_new(w, g);
    fuzz_watch_init(&c->watch, w->d, false);
    for (uint32_t nr = 0; nr < NR_HYPERCALLS; nr++)
        c->results[nr] = result_row(w->abi, nr);
    return c;
}

void fuzz_checker_free(struct fuzz_checker *c)
{
    if (!c)
        return;
    fuzz_runner_free(c->runner);
    fuzz_watch_clear(&c->watch);
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

/* --- results --------------------------------------------------------------------------------------- */

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
    uint32_t known = nr & c->w->abi->number_mask;
    if (G_LIKELY(result_fits(known < NR_HYPERCALLS ? c->results[known] : NULL, result)) ||
        ends_with_iret(c, nr) || goes_on(c, nr, arg))
        return;
    const struct hypercall_slot *slot = hypercall_slot(c->w->d, nr);
    if (slot && slot->user_fn)
        return;
    fuzz_broken(&c->reason, "result: %s returned %d (%s), which Xen %s does not document",
                fuzz_row_name(c->w->d, nr), result, errno_name(result) ? errno_name(result) : "no errno",
                c->w->abi->xen_name);
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
            fuzz_broken(&c->reason, "multicall: it goes on behind an iret");
        add_feature(c, e->nr, e->arg[0] & 63, e->result);
    }
}

/* What is known in constant time. */
static void check_domain(struct fuzz_checker *c)
{
    fuzz_domain_holds(c->w->d, &c->reason);
}

/* --- full ------------------------------------------------------------------------------------------ */

static uint32_t looked_page(unsigned i)
{
    return i < NR_LOOKED ? FIRST_LOOKED + i : FUZZ_PAGES + i - NR_LOOKED;
}

static struct translation look(struct vcpu *v, unsigned i)
{
    struct walk walk;
    uint64_t entry;
    gva_t va = GVA(WORLD_BASE + looked_page(i) * RING1_PAGE_SIZE);
    bool stale = stale_any(v->domain) && stale_lookup(v->domain, va, &entry);
    if (guest_walk(v, va, ACCESS_READ, false, false, &walk) != WALK_OK)
        return (struct translation){.mfn = UINT32_MAX};
    return (struct translation){walk.mfn.mfn, walk.writable, walk.user, stale};
}

/* Not known: there is no such L1 table, or something else than the tables translates. */
static void find_entries(const struct vcpu *v, struct entries *out)
{
    const struct domain *d = v->domain;
    const struct abi *abi = d->abi;
    const gva_t first = GVA(WORLD_BASE + FIRST_LOOKED * RING1_PAGE_SIZE),
                beyond = GVA(WORLD_BASE + FUZZ_PAGES * RING1_PAGE_SIZE);
    mfn_t table = v->cr3;
    G_STATIC_ASSERT(WORLD_BASE % (1u << 22) == 0 && FUZZ_PAGES + NR_BEYOND <= 512);
    out->known = false;
    if (stale_any(d))
        return;
    for (unsigned level = abi->levels; level > 1; level--) {
        uint64_t e = out->above[level - 2] = pte_read(d, table, pt_index(abi, first, level));
        table = pte_mfn(e);
        if (!(e & PTE_P) || !frame_exists(d->mem, table))
            return;
    }
    const uint8_t *page = frame_ptr(d->mem, table);
    memset(out->l1, 0, sizeof out->l1);
    memcpy(out->l1, page + pt_index(abi, first, 1) * abi->pte_size, NR_LOOKED * abi->pte_size);
    memcpy(out->l1 + NR_LOOKED * 8, page + pt_index(abi, beyond, 1) * abi->pte_size,
           NR_BEYOND * abi->pte_size);
    out->known = true;
}

static bool same_entries(const struct entries *a, const struct entries *b, unsigned levels)
{
    return a->known && b->known && a->above[0] == b->above[0] &&
           (levels == 2 || a->above[1] == b->above[1]) && memcmp(a->l1, b->l1, sizeof a->l1) == 0;
}

static void look_at_all(struct fuzz_checker *c)
{
    struct vcpu *v = run_queue_current(c->w->d);
    struct entries now;
    find_entries(v, &now);
    bool same = same_entries(&now, &c->entries, c->w->abi->levels);
    c->looked_vcpu = v;
    c->looked_cr3 = v->cr3;
    c->generation = c->w->d->s.translation_generation;
    c->flushed = c->called = false;
    for (unsigned i = 0; !same && i < G_N_ELEMENTS(c->looked); i++)
        c->looked[i] = look(v, i);
    c->entries = now;
}

static void check_translations(struct fuzz_checker *c, fuzz_name_fn name, void *user)
{
    struct domain *d = c->w->d;
    struct vcpu *v = run_queue_current(d);
    struct entries now;
    if (v != c->looked_vcpu || (c->flushed && d->s.translation_generation != c->generation))
        return;
    find_entries(v, &now);
    if (same_entries(&now, &c->entries, d->abi->levels))
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(c->looked); i++) {
        struct translation was = c->looked[i], is = look(v, i);
        if (was.mfn == UINT32_MAX || was.stale ||
            (was.mfn == is.mfn && was.writable <= is.writable && was.user <= is.user))
            continue;
        g_autofree char *what = name(user);
        fuzz_broken(&c->reason,
                    "translation: after %s: page %#x is frame %#x and was %#x, and nothing was flushed", what,
                    looked_page(i), is.mfn, was.mfn);
        return;
    }
}

static bool tap_before(void *user, struct vcpu *v, struct call *call)
{
    struct fuzz_checker *c = user;
    (void)v;
    if (!c->again)
        fuzz_watch_before(&c->watch, call);
    return false;
}

static void tap_after(void *user, struct vcpu *v, const struct call *call)
{
    struct fuzz_checker *c = user;
    (void)v;
    c->called = true;
    if (!call->depth && !call->continued) {
        if (!world_ended(c->w))
            check_result(c, call->nr, call->arg, call->result);
        c->last_result = call->result;
        c->lost |= (call->nr & c->w->abi->number_mask) == 13 && call->result == -XEN_EFAULT;
        if (c->nr_results < G_N_ELEMENTS(c->result))
            c->result[c->nr_results++] = call->result;
    }
    c->flushed |= (c->w->d->s.attention & ATTN_FLUSH) != 0;
    if (!c->again)
        fuzz_watch_after(&c->watch, call, &c->reason);
}

static void watch(struct fuzz_checker *c, enum fuzz_level level)
{
    c->level = level;
    c->reason.text[0] = '\0';
    c->calls = c->nr_features = c->nr_results = 0;
    c->tap = (struct tap){.before = tap_before, .after = tap_after, .user = c};
    c->w->d->tap = level == FUZZ_FULL ? &c->tap : NULL;
    c->w->d->want_why = false;
}

void fuzz_checker_before(struct fuzz_checker *c)
{
    c->first_entry = c->w->d->s.nr_entries;
    if (c->level < FUZZ_FULL)
        return;
    if (!c->again)
        look_at_all(c);
    fuzz_poison_stack(c->poison);
}

bool fuzz_checker_after(struct fuzz_checker *c, fuzz_name_fn name, void *user)
{
    if (G_UNLIKELY(c->w->d->s.nr_entries != c->first_entry))
        check_entries(c);
    check_domain(c);
    if (c->level == FUZZ_FULL && !c->again) {
        fuzz_watch_end(&c->watch);
        if (c->called) /* others flush where nobody sees it */
            check_translations(c, name, user);
        if (c->count && G_UNLIKELY(!fuzz_shadow_recount(c->watch.shadow[0], c->w->d, NULL))) {
            g_autofree char *what = name(user);
            fuzz_watch_counts(&c->watch, what, &c->reason);
        }
    }
    return c->reason.text[0] == '\0';
}

/* --- one run, and others like it -------------------------------------------------------------------- */

struct outcome {
    int32_t result[FUZZ_MAX_RESULTS];
    unsigned nr_results;
    struct fuzz_digest digest;
};

static void run(struct fuzz_checker *c, const struct fuzz_subject *subject, struct outcome *o)
{
    fuzz_watch_end(&c->watch);
    world_reset(c->w);
    c->entries.known = false;
    if (c->level == FUZZ_FULL && !c->again)
        fuzz_watch_begin(&c->watch);
    c->nr_results = 0;
    subject->run(c, subject->user);
    if (!o)
        return;
    memcpy(o->result, c->result, sizeof o->result);
    o->nr_results = c->nr_results;
    o->digest = fuzz_shadow_digest(c->watch.shadow[0], c->w->d, c->w->now);
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
    c->w->d->want_why = true; /* who writes reasons is tried, too */
    c->again = true;
    run(c, subject, &other);
    c->w->d->want_why = false;
    c->poison = 0xA5;
    c->again = false;
    if (c->reason.text[0] || (same_results(first, &other, &at) && first->digest.all == other.digest.all))
        return;
    run(c, subject, &again);
    if (again.digest.all == first->digest.all)
        fuzz_broken(&c->reason, "host bytes: what the host's stack held has come to the guest");
    else
        fuzz_broken(&c->reason, "repeat: the same input gives something else the second time");
}

static void check_stopped(struct fuzz_checker *c, const struct fuzz_subject *subject,
                          const struct outcome *first)
{
    struct outcome other;
    unsigned at;
    c->flip = true;
    c->count = false;
    run(c, subject, &other);
    c->flip = false;
    c->count = true;
    fuzz_watch_counts(&c->watch, "the last call", &c->reason);
    /* What stops in a list that it took away itself cannot go on: the rest is not done, in Xen, too. */
    if (c->reason.text[0] || c->lost)
        return;
    if (!same_results(first, &other, &at))
        fuzz_broken(&c->reason,
                    "stopped: a call returns something else when calls are stopped half-way: number %u", at);
    else if (first->digest.stopped != other.digest.stopped)
        fuzz_broken(&c->reason, "stopped: what is left is not the same when calls are stopped half-way");
}

const char *fuzz_check_subject(struct fuzz_checker *c, const struct fuzz_subject *subject,
                               enum fuzz_level level)
{
    struct outcome first;
    bool want_why = c->w->d->want_why;
    watch(c, level);
    c->poison = 0xA5;
    c->again = false;
    c->count = true;
    c->lost = false;
    run(c, subject, level == FUZZ_FULL ? &first : NULL);
    if (level == FUZZ_RECOUNT)
        fuzz_watch_counts(&c->watch, "the last call", &c->reason);
    if (level == FUZZ_FULL && !c->reason.text[0]) {
        unsigned calls = c->calls, nr_features = c->nr_features;
        check_again(c, subject, &first);
        if (!c->reason.text[0] && !subject->is_tangled)
            check_stopped(c, subject, &first);
        c->calls = calls;
        c->nr_features = nr_features;
    }
    c->w->d->tap = NULL;
    c->w->d->want_why = want_why;
    return c->reason.text[0] ? c->reason.text : NULL;
}

/* --- an input ------------------------------------------------------------------------------------- */

struct named {
    const struct fuzz_checker *checker;
    const struct fuzz_op *op;
};

static char *op_name(void *user)
{
    const struct named *n = user;
    const struct fuzz_checker *c = n->checker;
    const struct fuzz_op *op = n->op;
    static const char *const names[] = {NULL, "a multicall", "a write of the guest", "an emulated store",
                                        "time"};
    if (op->kind != FUZZ_OP_CALL)
        return g_strdup(names[op->kind]);
    return op->made[0].call ? fuzz_call_name(op->made[0].call)
                            : g_strdup(fuzz_row_name(c->w->d, op->made[0].nr));
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
    return fuzz_checker_after(c, op_name, &(struct named){c, op});
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
