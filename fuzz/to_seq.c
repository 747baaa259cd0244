/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * to_seq.c - see to_seq.h: an observer of a run writes each operation down before it is
 * carried out, when all that it will read is in its place.
 */
#include "to_seq.h"

#include "debug/decode.h"
#include "debug/seq_write.h"
#include "dispatch/run_queue.h"

#include <string.h>
#include <unistd.h>

struct writing {
    struct world *w;
    enum fuzz_form form;
    bool results;
    struct seq *seq;
    struct decoder *decoder;
    struct seq_frames *frames;
    struct seq_writer writer;
    unsigned nr_results;
    struct seq_item *last; /* line of the call in progress */
    int fd;                /* that all lines are written to before each operation; -1: none */
};

static const struct decode_limits limits = {.elements = 64, .bytes = 256};

static struct seq_value *hex(struct writing *g, uint64_t n)
{
    return seq_number(g->seq, n, SEQ_HEX);
}

static void set_preempt(struct writing *g, unsigned preempt)
{
    struct seq_item *domain = g->seq->first;
    while (domain && domain->line != SEQ_DOMAIN)
        domain = domain->next;
    if (!domain || !preempt)
        return;
    seq_append_field(g->seq, domain->value, "preempt",
                     preempt == 1 ? seq_name(g->seq, "every") : seq_number(g->seq, preempt, SEQ_DEC));
}

/* --- calls --------------------------------------------------------------------------------------- */

static void write_words(struct writing *g, struct seq_item *item, const struct fuzz_made *m)
{
    item->name = NULL;
    item->has_number = true;
    item->number = m->nr;
    item->args = item->last_arg = NULL;
    for (unsigned i = 0; i < 5; i++)
        seq_append_arg(item, hex(g, m->word[i]));
}

static const struct hypercall *row_of(const struct writing *g, const struct fuzz_made *m)
{
    return hypercall_row(g->w->abi, m->nr & g->w->abi->number_mask);
}

/* A command with more in its word than its number: where it goes on, or an odd one. */
static bool is_odd(const struct fuzz_made *m)
{
    const struct fuzz_shape *shape = m->call ? &m->call->shape[1] : NULL;
    for (unsigned i = 0; shape && i < shape->nr_slots; i++)
        if (shape->slots[i].role == FUZZ_COMMAND && shape->slots[i].in_word)
            return m->word[shape->slots[i].at] != shape->slots[i].plain;
    return !m->call;
}

/* Names, where they say all. */
static void write_call(struct writing *g, struct seq_item *item, const struct fuzz_made *m)
{
    const struct hypercall *row = row_of(g, m);
    item->number = m->nr;
    item->has_number = row && m->nr != row->nr;
    if (g->form == FUZZ_NAMES && row && !is_odd(m) && strcmp(row->class, "multicall") != 0) {
        g->writer.call = item;
        g->writer.output = g->writer.cut = false;
        decode_input(g->decoder, run_queue_current(g->w->d), row, m->word, &limits, &seq_write_sink,
                     &g->writer);
        if (!g->writer.cut)
            return;
    }
    write_words(g, item, m);
}

static const char *name_of(const struct writing *g, const struct fuzz_made *m)
{
    const struct hypercall *row = row_of(g, m);
    return row ? row->name : "hypercall";
}

/* The structures of a call that is written by its words. */
static void write_bytes(struct writing *g, const struct fuzz_made *m)
{
    g_autofree uint8_t *bytes = g_malloc(m->len + 1u);
    if (m->put && m->len && guest_peek(run_queue_current(g->w->d), GVA(m->va), bytes, m->len) == 0)
        seq_add_write(g->seq, hex(g, m->va), seq_bytes(g->seq, bytes, m->len));
}

static void write_one(struct writing *g, const struct fuzz_op *op)
{
    struct seq_item *before = g->seq->last;
    g->last = seq_add_call(g->seq, name_of(g, &op->made[0]));
    write_call(g, g->last, &op->made[0]);
    if (g->last->name == NULL && op->made[0].put) {
        /* What it reads comes first. */
        struct seq_item *call = g->last;
        before->next = NULL;
        g->seq->last = before;
        write_bytes(g, &op->made[0]);
        g->seq->last->next = call;
        g->seq->last = call;
    }
    g->last->vcpu = op->vcpu ? (int)op->vcpu : -1;
}

static void write_list(struct writing *g, const struct fuzz_op *op)
{
    for (unsigned i = 0; i < op->nr; i++)
        if (g->form == FUZZ_WORDS)
            write_bytes(g, &op->made[i]);
    struct seq_item *before = g->seq->last;
    g->last = seq_add_multicall(g->seq);
    g->last->address = hex(g, op->list);
    g->last->vcpu = op->vcpu ? (int)op->vcpu : -1;
    for (unsigned i = 0; i < op->nr; i++) {
        struct seq_item *entry = seq_add_entry(g->seq, g->last, name_of(g, &op->made[i]));
        write_call(g, entry, &op->made[i]);
        if (entry->name == NULL && g->form == FUZZ_NAMES) {
            /* An entry that needs bytes of its own: they go before the list. */
            struct seq_item *list = g->last;
            before->next = NULL;
            g->seq->last = before;
            write_bytes(g, &op->made[i]);
            before = g->seq->last;
            before->next = list;
            g->seq->last = list;
        }
    }
}

/* --- others ---------------------------------------------------------------------------------------- */

static struct seq_value *number(struct writing *g, const struct fuzz_op *op)
{
    uint64_t value = 0;
    memcpy(&value, op->bytes, op->len);
    struct seq_value *v = hex(g, value);
    v->bytes = (uint8_t)op->len;
    return v;
}

static struct seq_value *entry(struct writing *g, const struct fuzz_op *op)
{
    uint64_t value = 0;
    memcpy(&value, op->bytes, op->len);
    bool whole = op->len == g->w->abi->pte_size && g->form == FUZZ_NAMES && (value & 1u);
    struct seq_value *v = whole ? seq_write_entry(&g->writer, value) : NULL;
    return v && v->kind == SEQ_OR ? v : number(g, op);
}

/* An entry of the grant table, whose frame has a name; else NULL. */
static struct seq_value *grant(struct writing *g, const struct fuzz_op *op)
{
    const struct grant_table *gt = &g->w->d->s.grant;
    uint32_t word[2];
    bool in_table = false;
    for (unsigned i = 0; i < gt->nr_frames && op->len == 8; i++)
        in_table |= gt->frames[i].mfn == op->maddr >> RING1_PAGE_SHIFT;
    if (!in_table || op->maddr % 8 || g->form != FUZZ_NAMES)
        return NULL;
    memcpy(word, op->bytes, sizeof word);
    struct seq_value *list = seq_value(g->seq, SEQ_LIST);
    seq_append(list, hex(g, word[0]))->bytes = 4;
    seq_append(list, seq_write_frame(&g->writer, word[1]))->bytes = 4;
    return list;
}

static void write_out(const struct writing *g)
{
    g_autoptr(GString) text = g_string_new(NULL);
    seq_print(g->seq, text);
    if (ftruncate(g->fd, 0) != 0 || pwrite(g->fd, text->str, text->len, 0) != (ssize_t)text->len)
        return; /* what is there says less */
}

static void before(void *user, const struct fuzz_op *op)
{
    struct writing *g = user;
    g->last = NULL;
    switch (op->kind) {
    case FUZZ_OP_CALL:
        write_one(g, op);
        break;
    case FUZZ_OP_MULTICALL:
        write_list(g, op);
        break;
    case FUZZ_OP_WRITE: {
        struct seq_value *value = grant(g, op);
        seq_add_write(g->seq, seq_write_maddr(&g->writer, op->maddr), value ? value : entry(g, op));
        break;
    }
    case FUZZ_OP_STORE: {
        struct seq_item *item = seq_add(g->seq, SEQ_PTWRITE);
        item->address = hex(g, op->va);
        item->value = entry(g, op);
        break;
    }
    case FUZZ_OP_TIME:
        seq_add_time(g->seq, op->ns);
        break;
    }
    if (g->fd >= 0)
        write_out(g);
}

static bool after(void *user, const struct fuzz_op *op)
{
    struct writing *g = user;
    if (g->results && g->last)
        g->last->result = !world_ended(g->w)   ? seq_write_result(&g->writer, op->result)
                          : g->w->d->s.crashed ? seq_name(g->seq, "crash")
                                               : seq_name(g->seq, "shutdown");
    /* A store that gives the guest a page fault is none. */
    if (op->kind == FUZZ_OP_STORE && !op->result) {
        struct seq_item *item = g->seq->first;
        while (item->next != g->seq->last)
            item = item->next;
        item->next = NULL;
        g->seq->last = item;
    }
    return true;
}

static struct seq *write_all(struct writing *g, const struct fuzz_grammar *grammar,
                             const struct fuzz_input *in)
{
    g_autofree char *text = fuzz_world_text(g->w->abi);
    const struct fuzz_observer observer = {before, after, g};
    struct fuzz_runner *runner = fuzz_runner_new(g->w, grammar);
    g->seq = seq_parse(text, strlen(text), "fuzz", NULL);
    world_reset(g->w);
    g->decoder = decoder_new(g->w->abi);
    g->frames = seq_frames_new(g->w->d);
    seq_writer_init(&g->writer, g->seq, g->w->d, g->frames, &g->nr_results);
    set_preempt(g, in->preempt);
    fuzz_run(runner, in, &observer);
    seq_writer_clear(&g->writer);
    seq_frames_free(g->frames);
    decoder_free(g->decoder);
    fuzz_runner_free(runner);
    return g->seq;
}

struct seq *fuzz_to_seq(struct world *w, const struct fuzz_grammar *grammar, const struct fuzz_input *in,
                        enum fuzz_form form, bool results)
{
    struct writing g = {.w = w, .form = form, .results = results, .fd = -1};
    return write_all(&g, grammar, in);
}

void fuzz_to_seq_file(struct world *w, const struct fuzz_grammar *grammar, const struct fuzz_input *in,
                      int fd)
{
    struct writing g = {.w = w, .form = FUZZ_NAMES, .fd = fd};
    seq_free(write_all(&g, grammar, in));
}
