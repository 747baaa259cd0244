/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * check_seq.c - see check_seq.h.
 */
#include "check_seq.h"

#include "debug/seq_min.h"
#include "debug/seq_run.h"
#include "dispatch/preempt.h"
#include "dispatch/run_queue.h"
#include "to_seq.h"

#include <ring1/ring1.h>
#include <string.h>

struct running {
    struct seq_program *program;
    struct fuzz_checker *checker;
    const struct seq_op *now; /* that is being carried out */
    bool illegal;             /* it does what no guest could do */
    bool stop;
};

/* --- what a guest could do ------------------------------------------------------------------------ */

static bool frame_is_legal(const struct world *w, uint64_t maddr)
{
    uint64_t mfn = maddr >> RING1_PAGE_SHIFT;
    return mfn < w->mem->nr_frames && fuzz_may_write(w, MFN((uint32_t)mfn));
}

static bool range_is_legal(struct world *w, uint32_t va, uint32_t len)
{
    struct vcpu *v = run_queue_current(w->d);
    for (uint64_t at = va; at < (uint64_t)va + len; at = (at | (RING1_PAGE_SIZE - 1)) + 1) {
        struct walk walk;
        if (at >= w->abi->hole ||
            guest_walk(v, GVA((uint32_t)at), ACCESS_READ, false, false, &walk) != WALK_OK ||
            !fuzz_may_write(w, walk.mfn))
            return false;
    }
    return true;
}

static bool is_legal(struct running *r, const struct seq_op *op)
{
    struct world *w = fuzz_checker_world(r->checker);
    if (op->line == SEQ_PTWRITE)
        return true;
    if (op->line == SEQ_WRITE && op->ns)
        return frame_is_legal(w, (uint64_t)op->word[1] << 32 | op->word[0]);
    for (uint32_t i = 0; i < op->nr_blobs; i++) {
        const struct seq_blob *b = &g_array_index(r->program->blobs, struct seq_blob, op->first_blob + i);
        if (!range_is_legal(w, op->line == SEQ_WRITE ? op->word[0] : b->va, b->len))
            return false;
    }
    return true;
}

/* --- running --------------------------------------------------------------------------------------- */

static char *name_now(void *user)
{
    const struct running *r = user;
    const struct seq_item *item = r->now->item;
    static const char *const names[] = {[SEQ_MULTICALL] = "a multicall",
                                        [SEQ_WRITE] = "a write of the guest",
                                        [SEQ_PTWRITE] = "an emulated store",
                                        [SEQ_TIME] = "time",
                                        [SEQ_EXPECT] = "an expectation"};
    const char *name = r->now->row ? r->now->row->name : "a number never heard of";
    if (item->line != SEQ_CALL)
        name = names[item->line];
    return g_strdup(name);
}

static void finish(struct running *r)
{
    if (!r->now)
        return;
    r->stop |= !fuzz_checker_after(r->checker, name_now, r);
    r->now = NULL;
}

/* After something broke, or where it goes where no guest can, nothing counts any more. */
static void on_op(void *user, uint32_t op)
{
    struct running *r = user;
    finish(r);
    if (r->stop || r->illegal || op >= r->program->ops->len)
        return;
    const struct seq_op *next = &g_array_index(r->program->ops, struct seq_op, op);
    struct world *w = fuzz_checker_world(r->checker);
    struct domain *d = w->d;
    /* Its vcpu makes the call: by that one's tables. */
    if (!world_ended(w) && (d->s.queue.current != next->vcpu || run_queue_current(d)->run != VCPU_RUNNING) &&
        next->line != SEQ_TIME)
        (void)world_switch(w, next->vcpu);
    r->illegal = !is_legal(r, next);
    if (r->illegal)
        return;
    r->now = next;
    fuzz_checker_before(r->checker);
}

static void run_seq(struct fuzz_checker *c, void *user)
{
    struct running *r = user;
    struct world *w = fuzz_checker_world(c);
    struct seq_report report;
    enum ring1_preempt mode = w->setup.preempt;
    if (fuzz_checker_flips(c))
        mode = mode == RING1_PREEMPT_EVERY ? RING1_PREEMPT_NORMAL : RING1_PREEMPT_EVERY;
    preempt_set_mode(w->d, mode, w->setup.preempt_seed);
    r->now = NULL;
    seq_run_watched(r->program, w, &report, on_op, r);
    finish(r);
    seq_report_clear(&report);
}

static bool is_tangled(const struct seq_program *p)
{
    for (guint i = 0; i < p->ops->len; i++) {
        const struct seq_op *op = &g_array_index(p->ops, struct seq_op, i);
        if (op->line == SEQ_CALL && op->row && strcmp(op->row->class, "multicall") == 0)
            return true;
    }
    return false;
}

char *fuzz_check_seq(const struct seq *s, const struct fuzz_prepare *prepare, GError **error)
{
    char *reason = NULL;
    struct world *w = seq_world(s, error);
    if (w && prepare && prepare->prepare)
        prepare->prepare(prepare->user, w);
    struct running r = {.program = w ? seq_compile(s, w, error) : NULL};
    if (r.program) {
        r.checker = fuzz_checker_new(w, NULL);
        const struct fuzz_subject subject = {run_seq, &r, is_tangled(r.program)};
        reason = g_strdup(fuzz_check_subject(r.checker, &subject, FUZZ_FULL));
        fuzz_checker_free(r.checker);
        if (r.illegal) {
            g_clear_pointer(&reason, g_free);
            g_set_error_literal(error, RING1_ERROR, RING1_ERROR_INPUT,
                                "it writes where no guest can: to a page table, or to another's frame");
        }
    }
    seq_program_free(r.program);
    world_free(w);
    return reason;
}

/* --- the smallest ------------------------------------------------------------------------------------ */

struct wanted {
    const char *kind;
    const struct fuzz_prepare *prepare;
};

static bool is_same(void *user, const struct seq *s)
{
    const struct wanted *w = user;
    g_autofree char *reason = fuzz_check_seq(s, w->prepare, NULL);
    g_autofree char *kind = reason ? fuzz_reason_kind(reason) : NULL;
    return g_strcmp0(kind, w->kind) == 0;
}

void fuzz_minimise(struct seq *s, const char *kind, const struct fuzz_prepare *prepare, unsigned max_tries)
{
    static const struct seq_min_ops ops = {.same = is_same};
    struct wanted wanted = {kind, prepare};
    seq_min(s, &ops, &wanted, max_tries);
}

/* Its reason is not the input's to the word: names of operations differ. */
static char *try_form(struct world *w, const struct fuzz_grammar *g, const struct fuzz_input *in,
                      enum fuzz_form form, const char *reason, const struct fuzz_prepare *prepare,
                      unsigned max_tries)
{
    struct seq *s = fuzz_to_seq(w, g, in, form, false);
    g_autofree char *found = fuzz_check_seq(s, prepare, NULL);
    size_t word = strcspn(reason, ":");
    char *text = NULL;
    if (found && strncmp(found, reason, word + 1) == 0) {
        g_autofree char *kind = fuzz_reason_kind(found);
        g_autoptr(GString) out = g_string_new(NULL);
        fuzz_minimise(s, kind, prepare, max_tries);
        g_autofree char *left = fuzz_check_seq(s, prepare, NULL);
        g_string_printf(out, "# broken: %s\n", left ? left : found);
        seq_print(s, out);
        text = g_strdup(out->str);
    }
    seq_free(s);
    return text;
}

char *fuzz_find_text(struct world *w, const struct fuzz_grammar *g, const struct fuzz_input *in,
                     const char *reason, const struct fuzz_prepare *prepare, unsigned max_tries)
{
    char *text = try_form(w, g, in, FUZZ_NAMES, reason, prepare, max_tries);
    return text ? text : try_form(w, g, in, FUZZ_WORDS, reason, prepare, max_tries);
}
