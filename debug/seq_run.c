/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_run.c - see seq_run.h. A call costs what its bytes, its C and its comparison
 * cost: nothing is looked up here.
 */
#include "seq_run.h"

#include "dispatch/run_queue.h"
#include "text.h"

#include <inttypes.h>
#include <string.h>

struct run {
    struct seq_program *p;
    struct world *w;
    struct seq_report *report;
    uint64_t *slot;
    /* The page that arguments went to last, as long as it is mapped so. */
    uint8_t *page;
    mfn_t page_mfn;
    uint32_t page_va, generation;
    const struct vcpu *page_vcpu;
    uint64_t first_entry; /* entries of multicalls that were begun before this call */
};

/* --- what went wrong ------------------------------------------------------------------------- */

static bool stop(struct run *r, enum seq_outcome outcome, const struct seq_item *item, char *expected,
                 char *got)
{
    const char *why = r->w->d->why;
    r->report->outcome = outcome;
    r->report->item = item;
    r->report->expected = expected;
    r->report->got = got;
    r->report->why = why[0] ? g_strdup(why) : NULL;
    return false;
}

static char *result_text(int32_t result)
{
    GString *text = g_string_new(NULL);
    text_append_result(text, result);
    return g_string_free(text, FALSE);
}

static char *end_text(const struct domain *d)
{
    if (d->s.crashed)
        return g_strdup_printf("a crash: %s", d->s.crash_text);
    const char *reason = value_name(&values_shutdown_reason, d->s.shutdown);
    return g_strdup_printf("the domain's end: %s", reason ? reason : "shutdown");
}

static char *number_text(uint64_t value, unsigned size, const char *name)
{
    bool small = value < 1024;
    if (size < 8)
        value &= (1ull << size * 8) - 1;
    return small ? g_strdup_printf("%s%s%" PRIu64, name ? name : "", name ? "=" : "", value)
                 : g_strdup_printf("%s%s%#" PRIx64, name ? name : "", name ? "=" : "", value);
}

/* --- bytes into the guest -------------------------------------------------------------------- */

static bool find_page(struct run *r, const struct vcpu *v, uint32_t va)
{
    struct walk walk;
    r->page = NULL;
    if (va >= r->w->abi->hole ||
        guest_walk((struct vcpu *)v, GVA(va), ACCESS_READ, false, false, &walk) != WALK_OK)
        return false;
    r->page = frame_ptr(r->w->mem, walk.mfn);
    r->page_mfn = walk.mfn;
    r->page_va = va & ~(RING1_PAGE_SIZE - 1);
    r->generation = r->w->d->s.translation_generation;
    r->page_vcpu = v;
    return true;
}

static bool put_bytes(struct run *r, uint32_t va, const uint8_t *bytes, uint32_t len)
{
    const struct vcpu *v = run_queue_current(r->w->d);
    uint32_t offset = va % RING1_PAGE_SIZE;
    if (len == 0)
        return true;
    if (offset + len > RING1_PAGE_SIZE)
        return world_poke(r->w, GVA(va), bytes, len);
    bool known = r->page && r->page_va == va - offset && r->page_vcpu == v &&
                 r->generation == r->w->d->s.translation_generation;
    if (!known && !find_page(r, v, va))
        return false;
    memcpy(r->page + offset, bytes, len);
    frame_changed(r->w->d, r->page_mfn);
    return true;
}

static void patch(const struct run *r, const struct seq_op *op, uint32_t *word)
{
    for (uint32_t i = 0; i < op->nr_patches; i++) {
        const struct seq_patch *p = &g_array_index(r->p->patches, struct seq_patch, op->first_patch + i);
        uint64_t value = (r->slot[p->slot] << p->shift) + p->value;
        if (p->high)
            value >>= 32;
        if (p->blob == PATCH_WORD) {
            word[p->offset] = (uint32_t)value;
        } else {
            const struct seq_blob *b = &g_array_index(r->p->blobs, struct seq_blob, op->first_blob + p->blob);
            memcpy(r->p->bytes->data + b->offset + p->offset, &value, p->size);
        }
    }
}

static bool put_arguments(struct run *r, const struct seq_op *op)
{
    for (uint32_t i = 0; i < op->nr_blobs; i++) {
        const struct seq_blob *b = &g_array_index(r->p->blobs, struct seq_blob, op->first_blob + i);
        if (!put_bytes(r, b->va, r->p->bytes->data + b->offset, b->len)) {
            r->w->d->why[0] = '\0';
            return stop(r, SEQ_STUCK, op->item, g_strdup("room for the arguments"),
                        g_strdup_printf("no page at %#x in the tables of the vcpu", b->va));
        }
    }
    return true;
}

/* --- what came back -------------------------------------------------------------------------- */

static bool read_place(const struct run *r, const struct seq_place *p, uint64_t *value)
{
    struct vcpu *v = run_queue_current(r->w->d);
    uint32_t va = p->va;
    *value = 0;
    if (p->indirect) {
        if (guest_peek(v, GVA(va), &va, 4))
            return false;
        va += p->add;
    }
    if (guest_peek(v, GVA(va), value, p->size))
        return false;
    if (p->is_signed && p->size < 8 && *value >> (p->size * 8 - 1))
        *value |= ~0ull << p->size * 8;
    return true;
}

static void capture(struct run *r, const struct seq_op *op, int32_t result)
{
    for (uint32_t i = op->captures; i != NO_SLOT;) {
        const struct seq_capture *c = &g_array_index(r->p->captures, struct seq_capture, i);
        if (c->place.size == 0)
            r->slot[c->slot] = (uint64_t)(int64_t)result;
        else if (!read_place(r, &c->place, &r->slot[c->slot]))
            r->slot[c->slot] = 0;
        i = c->next;
    }
}

static bool check_bytes(struct run *r, const struct seq_op *op, const struct seq_check *c)
{
    g_autofree uint8_t *got = g_malloc(c->len);
    uint32_t va = c->place.va + (c->place.indirect ? c->place.add : 0);
    if (guest_peek(run_queue_current(r->w->d), GVA(va), got, c->len) == 0 &&
        memcmp(got, r->p->bytes->data + c->bytes, c->len) == 0)
        return true;
    GString *expected = g_string_new(c->name), *text = g_string_new(c->name);
    const struct seq_value found = {.kind = c->value->kind, .data = got, .len = c->len};
    g_string_append(expected, c->name ? "=" : "");
    g_string_append(text, c->name ? "=" : "");
    seq_print_value(c->value, expected);
    seq_print_value(&found, text);
    return stop(r, SEQ_DIFFERS, c->entry ? c->entry : op->item, g_string_free(expected, FALSE),
                g_string_free(text, FALSE));
}

static bool differs(struct run *r, const struct seq_op *op, const struct seq_check *c, bool readable,
                    uint64_t got)
{
    const struct seq_item *item = c->entry ? c->entry : op->item;
    uint64_t want = c->want + (c->slot == NO_SLOT ? 0 : r->slot[c->slot] << c->shift);
    char *text = !readable         ? g_strdup("an address that cannot be read")
                 : c->entry_result ? result_text((int32_t)got)
                                   : number_text(got, c->place.size, c->name);
    return stop(r, SEQ_DIFFERS, item,
                c->entry_result ? result_text((int32_t)want) : number_text(want, c->place.size, c->name),
                text);
}

static bool check_all(struct run *r, const struct seq_op *op)
{
    for (uint32_t i = 0; i < op->nr_checks; i++) {
        const struct seq_check *c = &g_array_index(r->p->checks, struct seq_check, op->first_check + i);
        uint64_t got = 0, want = c->want;
        if (c->len) {
            if (!check_bytes(r, op, c))
                return false;
        } else {
            uint64_t mask = c->place.size < 8 ? (1ull << c->place.size * 8) - 1 : ~0ull;
            if (c->slot != NO_SLOT)
                want += r->slot[c->slot] << c->shift;
            bool readable = read_place(r, &c->place, &got);
            if (!readable || ((got ^ want) & mask))
                return differs(r, op, c, readable, got);
        }
        r->report->checked++;
    }
    return true;
}

/* --- lines ------------------------------------------------------------------------------------ */

static char *expected_text(const struct run *r, const struct seq_op *op, int32_t want)
{
    (void)r;
    return op->end == SEQ_CRASH      ? g_strdup("a crash")
           : op->end == SEQ_SHUTDOWN ? g_strdup("the domain's end")
           : op->has_result          ? result_text(want)
                                     : g_strdup("any result");
}

static bool check_result(struct run *r, const struct seq_op *op, int32_t result)
{
    const struct domain *d = r->w->d;
    int32_t want = op->result;
    if (G_UNLIKELY(op->result_slot != NO_SLOT))
        want += (int32_t)r->slot[op->result_slot];
    if (G_UNLIKELY(world_ended(r->w))) {
        enum seq_end end = d->s.crashed ? SEQ_CRASH : SEQ_SHUTDOWN;
        bool meant = op->end == end ||
                     (end == SEQ_SHUTDOWN && op->end == SEQ_RETURNS && (!op->has_result || result == want));
        return meant || stop(r, SEQ_DIFFERS, op->item, expected_text(r, op, want), end_text(d));
    }
    if (G_UNLIKELY(op->end != SEQ_RETURNS || (op->has_result && result != want)))
        return stop(r, SEQ_DIFFERS, op->item, expected_text(r, op, want), result_text(result));
    r->report->checked += op->has_result;
    return true;
}

static bool ready(struct run *r, const struct seq_op *op)
{
    struct domain *d = r->w->d;
    if (G_LIKELY(d->s.queue.current == op->vcpu && run_queue_current(d)->run == VCPU_RUNNING &&
                 !world_ended(r->w)))
        return true;
    if (world_switch(r->w, op->vcpu))
        return true;
    d->why[0] = '\0';
    if (world_ended(r->w))
        return stop(r, SEQ_STUCK, op->item, g_strdup("a domain that lives"), end_text(d));
    bool waits = d->s.vcpu[op->vcpu].run == VCPU_BLOCKED || d->s.vcpu[op->vcpu].run == VCPU_POLLING;
    return stop(
        r, SEQ_STUCK, op->item, g_strdup_printf("v%u to run", op->vcpu),
        g_strdup(waits ? "a vcpu that waits, and nothing will come for it" : "a vcpu that is not up"));
}

static bool run_call(struct run *r, const struct seq_op *op)
{
    const uint32_t *word = op->word;
    uint32_t patched[MAX_HYPERCALL_ARGS];
    if (!ready(r, op))
        return false;
    if (G_UNLIKELY(op->nr_patches)) {
        memcpy(patched, op->word, sizeof patched);
        patch(r, op, patched);
        word = patched;
    }
    if (op->nr_blobs && !put_arguments(r, op))
        return false;
    r->first_entry = r->w->d->s.nr_entries;
    int32_t result = world_call(r->w, op->nr, word);
    r->report->calls++;
    if (op->captures != NO_SLOT)
        capture(r, op, result);
    return check_result(r, op, result) && (op->nr_checks == 0 || check_all(r, op));
}

static bool run_write(struct run *r, const struct seq_op *op)
{
    uint32_t word[MAX_HYPERCALL_ARGS];
    if (!ready(r, op))
        return false;
    memcpy(word, op->word, sizeof word);
    patch(r, op, word);
    if (op->nr_blobs == 0)
        return true;
    const struct seq_blob *b = &g_array_index(r->p->blobs, struct seq_blob, op->first_blob);
    const uint8_t *bytes = r->p->bytes->data + b->offset;
    bool done;
    if (op->ns) { /* a machine address */
        uint64_t at = (uint64_t)word[1] << 32 | word[0];
        mfn_t mfn = MFN((uint32_t)(at >> RING1_PAGE_SHIFT));
        done =
            at >> RING1_PAGE_SHIFT < r->w->mem->nr_frames && at % RING1_PAGE_SIZE + b->len <= RING1_PAGE_SIZE;
        if (done) {
            memcpy((uint8_t *)frame_ptr(r->w->mem, mfn) + at % RING1_PAGE_SIZE, bytes, b->len);
            frame_changed(r->w->d, mfn);
        }
    } else if (op->line == SEQ_PTWRITE) {
        done = world_store(r->w, GVA(word[0]), bytes, b->len);
    } else {
        done = put_bytes(r, word[0], bytes, b->len);
    }
    if (world_ended(r->w))
        return stop(r, SEQ_DIFFERS, op->item, g_strdup("the store to be made"), end_text(r->w->d));
    return done || stop(r, op->line == SEQ_PTWRITE ? SEQ_DIFFERS : SEQ_STUCK, op->item,
                        g_strdup("the store to be made"),
                        g_strdup(op->line == SEQ_PTWRITE ? "a page fault" : "no such place"));
}

static bool run_op(struct run *r, const struct seq_op *op)
{
    switch (op->line) {
    case SEQ_CALL:
    case SEQ_MULTICALL:
        return run_call(r, op);
    case SEQ_WRITE:
    case SEQ_PTWRITE:
        return run_write(r, op);
    case SEQ_TIME:
        if (!world_ended(r->w))
            world_pass(r->w, op->ns);
        return true;
    default:
        return check_all(r, op);
    }
}

enum seq_outcome seq_run_watched(struct seq_program *p, struct world *w, struct seq_report *report,
                                 seq_run_hook before, void *user)
{
    g_autofree uint64_t *slots = g_new0(uint64_t, p->nr_slots + 1u);
    struct run r = {.p = p, .w = w, .report = report, .slot = slots};
    *report = (struct seq_report){.outcome = SEQ_AGREES};
    for (report->op = 0; report->op < p->ops->len; report->op++) {
        if (G_UNLIKELY(before != NULL))
            before(user, report->op);
        if (!run_op(&r, &g_array_index(p->ops, struct seq_op, report->op)))
            return report->outcome;
    }
    if (before)
        before(user, report->op);
    return report->outcome;
}

enum seq_outcome seq_run(struct seq_program *p, struct world *w, struct seq_report *report)
{
    return seq_run_watched(p, w, report, NULL, NULL);
}

void seq_report_clear(struct seq_report *report)
{
    g_clear_pointer(&report->expected, g_free);
    g_clear_pointer(&report->got, g_free);
    g_clear_pointer(&report->why, g_free);
}

void seq_report_print(const struct seq_report *report, const struct seq *s, GString *out)
{
    if (report->outcome == SEQ_AGREES)
        return;
    g_string_append_printf(out, "%s:%u: expected %s, got %s\n", s->file ? s->file : "sequence",
                           report->item->pos.line, report->expected, report->got);
    if (report->why)
        g_string_append_printf(out, "  why: %s\n", report->why);
    g_string_append(out, "  ");
    seq_print_item(report->item, out);
}
