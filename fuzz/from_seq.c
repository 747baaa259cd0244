/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * from_seq.c - see from_seq.h. The sequence's own run is watched: at a call, a tap sees the
 * words and the memory that Xen will see, and the grammar says where in them numbers stand.
 */
#include "from_seq.h"

#include "debug/seq_run.h"
#include "dispatch/abi.h"
#include "dispatch/preempt.h"
#include "dispatch/run_queue.h"
#include "run.h"
#include "said.h"

#include <ring1/ring1.h>
#include <string.h>

/* Steps for what one line, or page, holds: with more there is no room for calls. */
#define MAX_WRITES   8u
#define MAX_CONTENTS 12u /* before one line */
#define MAX_TODO     64u

/* Bytes of a call's structures: where those from `at` on lie in the guest. */
struct region {
    unsigned at;
    uint32_t va;
    bool placed; /* by the call itself: else something lies there that is not its own */
};

struct importer {
    struct fuzz_imported *out;
    const struct fuzz_grammar *g;
    struct world *w;
    struct seq_program *program;
    const struct seq_op *op; /* in progress */
    struct fuzz_pages *pages;
    struct fuzz_input now;
    struct fuzz_step todo[MAX_TODO]; /* of the line */
    unsigned nr_todo;
    uint64_t value[FUZZ_MAX_SLOTS];
    bool skip[FUZZ_MAX_SLOTS]; /* not there, or not the call's own */
    unsigned noted_line;
};

/* Once of a kind. */
static void note(struct importer *i, const char *what)
{
    unsigned line = i->op ? i->op->item->pos.line : 1;
    for (guint k = 0; k < i->out->unsaid->len; k++) {
        struct fuzz_unsaid *u = i->out->unsaid->pdata[k];
        if (strcmp(u->what, what) == 0) {
            u->more += line != i->noted_line;
            i->noted_line = line;
            return;
        }
    }
    struct fuzz_unsaid *u = g_new0(struct fuzz_unsaid, 1);
    u->what = g_strdup(what);
    u->line = i->noted_line = line;
    g_ptr_array_add(i->out->unsaid, u);
}

static void free_unsaid(gpointer p)
{
    struct fuzz_unsaid *u = p;
    g_free(u->what);
    g_free(u);
}

/* --- steps ---------------------------------------------------------------------------------------- */

static struct fuzz_step *add_step(struct importer *i, unsigned what)
{
    static struct fuzz_step lost;
    struct fuzz_step *s = i->nr_todo < MAX_TODO ? &i->todo[i->nr_todo++] : &lost;
    *s = (struct fuzz_step){
        .what = (uint8_t)what, .vcpu = (uint8_t)i->w->d->s.queue.current, .n = 1, .call = -1};
    return s;
}

static void say(struct importer *i, struct fuzz_step *s, const struct fuzz_slot *slot, unsigned nr,
                uint64_t value)
{
    struct fuzz_said said = {0};
    if (s->nr_said == FUZZ_MAX_SAID) {
        note(i, "more than 20 numbers of a call");
        return;
    }
    if (!fuzz_say_value(i->pages, slot, value, &said))
        note(i, "all bits of a number of 64");
    said.slot = (uint8_t)nr;
    s->said[s->nr_said++] = said;
}

static const struct fuzz_slot plain_slot = {.role = FUZZ_VALUE, .size = 8, .format = FORMAT_DEC};
static const struct fuzz_slot hex_slot = {.role = FUZZ_VALUE, .size = 8, .format = FORMAT_HEX};
static const struct fuzz_slot entry_slot = {.role = FUZZ_VALUE, .size = 8, .format = FORMAT_PTE};
static const struct fuzz_slot va_slot = {.role = FUZZ_VALUE, .size = 4, .format = FORMAT_VA};

static void add_write(struct importer *i, uint32_t mfn, uint32_t offset, const uint8_t *bytes, unsigned len)
{
    struct fuzz_step *s = add_step(i, FUZZ_WRITE);
    uint64_t value = 0;
    memcpy(&value, bytes, len);
    if (!fuzz_say_frame(i->pages, mfn, offset | (len == 1 ? 1u << 16 : 0), &s->said[0]))
        note(i, "a write to a frame that is not the domain's");
    s->nr_said = 1;
    say(i, s, &entry_slot, 1, value);
}

/* {flags, domid, frame}. */
static void add_grant(struct importer *i, uint32_t ref, const uint8_t *bytes)
{
    struct fuzz_step *s = add_step(i, FUZZ_GRANT);
    uint32_t head, frame;
    memcpy(&head, bytes, 4);
    memcpy(&frame, bytes + 4, 4);
    say(i, s, &plain_slot, 0, ref);
    say(i, s, &plain_slot, 1, head);
    if (!fuzz_say_frame(i->pages, frame, 0, &s->said[2]))
        s->said[2] = (struct fuzz_said){.kind = FUZZ_NUMBER, .b = frame};
    s->said[2].slot = 2;
    s->nr_said = 3;
}

/* Bytes of one frame, which the guest puts there. */
static void write_bytes(struct importer *i, uint32_t mfn, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    const struct grant_table *gt = &i->w->d->s.grant;
    unsigned size = i->w->abi->pte_size, nr = 0;
    for (unsigned f = 0; f < gt->nr_frames; f++)
        if (gt->frames[f].mfn == mfn && offset % 8 == 0 && len % 8 == 0) {
            for (uint32_t at = 0; at < len && nr < MAX_WRITES; at += 8, nr++)
                add_grant(i, f * 512 + (offset + at) / 8, bytes + at);
            return;
        }
    for (uint32_t at = 0, n; at < len; at += n) {
        n = (offset + at) % size == 0 && len - at >= size ? size : 1;
        uint64_t value = 0;
        memcpy(&value, bytes + at, n);
        if (value == 0 && len > MAX_WRITES)
            continue; /* of a whole page most are */
        if (nr++ == MAX_WRITES) {
            note(i, "more than 8 numbers of a page or write");
            return;
        }
        add_write(i, mfn, offset + at, bytes + at, n);
    }
}

/* --- a call's numbers ------------------------------------------------------------------------------- */

static bool is_arena(const struct importer *i, uint32_t va)
{
    uint32_t arena = i->w->arena.va;
    return arena && va >= arena && va - arena < WORLD_ARENA_PAGES * RING1_PAGE_SIZE;
}

/* The call that is made puts its structures there, or the sequence leaves room for it. */
static bool is_placed(const struct importer *i, uint32_t va)
{
    if (is_arena(i, va))
        return true;
    for (uint32_t k = 0; k < i->op->nr_blobs; k++) {
        const struct seq_blob *b = &g_array_index(i->program->blobs, struct seq_blob, i->op->first_blob + k);
        if (va >= b->va && va - b->va < MAX(b->len, 1u))
            return true;
    }
    return false;
}

/* What the call has at each slot of a shape. */
static void look(struct importer *i, const struct fuzz_shape *shape, const uint32_t *word)
{
    struct region region[FUZZ_MAX_SLOTS];
    unsigned nr_regions = 0;
    struct vcpu *v = run_queue_current(i->w->d);
    for (unsigned k = 0; k < shape->nr_slots; k++) {
        const struct fuzz_slot *slot = &shape->slots[k];
        const struct region *r = NULL;
        uint64_t value = 0;
        if (slot->in_word) {
            value = word[slot->at];
            if (slot->size == 8 && slot->at + 1u < MAX_HYPERCALL_ARGS)
                value |= (uint64_t)word[slot->at + 1] << 32;
            i->skip[k] = false;
        } else {
            for (unsigned n = 0; n < nr_regions; n++)
                if (region[n].at <= slot->at && (!r || region[n].at > r->at))
                    r = &region[n];
            i->skip[k] = !r || !r->placed ||
                         guest_peek(v, GVA(r->va + (slot->at - r->at)), &value, MIN(slot->size, 8));
        }
        i->value[k] = value;
        if (slot->role == FUZZ_POINTER)
            region[nr_regions++] =
                (struct region){slot->target, (uint32_t)value, !i->skip[k] && is_placed(i, (uint32_t)value)};
    }
}

/* The slot that says how many elements there are; -1: none does, a zero ends the list. */
static int count_slot(const struct fuzz_shape *shape)
{
    for (unsigned in_word = 2; in_word-- > 0;)
        for (unsigned k = 0; k < shape->nr_slots; k++)
            if (shape->slots[k].role == FUZZ_COUNT && shape->slots[k].in_word == in_word)
                return (int)k;
    return -1;
}

/* How many elements its lists have, as far as the grammar goes. */
static unsigned elements_of(struct importer *i, const struct fuzz_call *c, const uint32_t *word)
{
    unsigned each = c->shape[1].nr_slots - c->shape[0].nr_slots;
    for (unsigned n = 0; c->has_list && n < FUZZ_MAX_LIST; n++) {
        const struct fuzz_shape *shape = &c->shape[n];
        int count = count_slot(shape);
        bool last = true;
        look(i, shape, word);
        for (unsigned k = shape->nr_slots - MIN(each, shape->nr_slots); k < shape->nr_slots; k++)
            last &= i->value[k] == 0;
        if (count >= 0)
            last = i->value[count] == shape->slots[count].plain;
        if (last)
            return n;
    }
    return c->has_list ? FUZZ_MAX_LIST : 1;
}

/* The grammar's call with the command that it has. */
static const struct fuzz_call *find_call(struct importer *i, const struct hypercall *row,
                                         const uint32_t *word)
{
    uint32_t command = 0;
    int nearest = fuzz_grammar_find(i->g, row->nr, 0);
    const struct fuzz_call *c = nearest < 0 ? NULL : &i->g->calls[nearest];
    if (!c || !c->commands)
        return c;
    look(i, &c->shape[1], word);
    for (unsigned k = 0; k < c->shape[1].nr_slots; k++)
        if (c->shape[1].slots[k].role == FUZZ_COMMAND && !i->skip[k]) {
            command = (uint32_t)i->value[k] & command_mask(c->commands, i->w->abi->xen);
            break;
        }
    return &i->g->calls[fuzz_grammar_find(i->g, row->nr, command)];
}

static void add_raw(struct importer *i, uint32_t nr, const uint32_t *word)
{
    struct fuzz_step *s = add_step(i, FUZZ_RAW);
    say(i, s, &plain_slot, 0, nr);
    for (unsigned k = 0; k < 5; k++)
        say(i, s, &hex_slot, k + 1, word[k]);
}

/* What a slot holds by itself: nothing is said. */
static bool is_plain(struct importer *i, const struct fuzz_slot *slot, uint64_t value)
{
    if (slot->role != FUZZ_POINTER)
        return value == fuzz_plain(slot);
    if (!is_placed(i, (uint32_t)value))
        return false;
    if (!is_arena(i, (uint32_t)value))
        note(i, "where structures lie (they lie in the arena)");
    return true;
}

static void say_numbers(struct importer *i, struct fuzz_step *s, const struct fuzz_shape *shape)
{
    bool context = shape->bytes >= FUZZ_CONTEXT_BYTES;
    for (unsigned k = 0; k < shape->nr_slots; k++) {
        const struct fuzz_slot *slot = &shape->slots[k];
        uint64_t value = i->value[k];
        if (i->skip[k] || (context && !slot->in_word) || is_plain(i, slot, value))
            continue;
        if (slot->role == FUZZ_COUNT && value > FUZZ_MAX_LIST)
            note(i, "elements of a list behind the fourth");
        if (slot->role == FUZZ_TEXT)
            note(i, "text behind its first bytes");
        say(i, s, slot, k, value);
    }
    if (context)
        note(i, "a context (the fuzzer's stands for it)");
}

static void add_call(struct importer *i, uint32_t nr, const uint32_t *word, bool listed)
{
    unsigned first = i->nr_todo;
    const struct hypercall *row = hypercall_row(i->w->abi, nr & i->w->abi->number_mask);
    const struct fuzz_call *c = row && strcmp(row->class, "multicall") != 0 ? find_call(i, row, word) : NULL;
    i->out->calls++;
    if (c) {
        struct fuzz_step *s = add_step(i, row->nr);
        s->call = (int16_t)(c - i->g->calls);
        s->command = (uint8_t)fuzz_call_command(c);
        s->n = (uint8_t)elements_of(i, c, word);
        look(i, &c->shape[s->n], word);
        say_numbers(i, s, &c->shape[s->n]);
        if (nr != row->nr)
            note(i, "another number of the same call");
    } else {
        add_raw(i, nr, word);
    }
    if (first < MAX_TODO)
        i->todo[first].listed = listed;
}

static void add_multicall(struct importer *i, const uint32_t *word)
{
    struct vcpu *v = run_queue_current(i->w->d);
    uint32_t entry[8];
    unsigned n = 0;
    /* One entry is a multicall by itself, unless a call stands before it. */
    if (word[1] == 1 && i->now.nr_steps)
        say(i, add_step(i, FUZZ_TIME), &plain_slot, 0, 0);
    for (; n < MIN(word[1], FUZZ_MAX_STEPS) && !guest_peek(v, GVA(word[0] + n * 32), entry, sizeof entry);
         n++) {
        uint32_t arg[MAX_HYPERCALL_ARGS] = {0};
        memcpy(arg, entry + i->w->abi->multicall_arg, 5 * sizeof arg[0]);
        add_call(i, entry[0], arg, n > 0 || word[1] == 1);
    }
    if (n > 0 && !is_arena(i, word[0]))
        note(i, "where a multicall's list lies (it lies in the arena)");
    if (n == 0)
        add_raw(i, 13, word);
    else if (n < word[1] || n > FUZZ_MAX_ENTRIES)
        note(i, "more than 16 entries of a multicall");
}

/* --- contents of pages --------------------------------------------------------------------------- */

/* What stood in the pages that the line's steps are about comes before them. */
static void add_contents(struct importer *i)
{
    struct fuzz_step line[MAX_TODO];
    unsigned nr_line = i->nr_todo;
    uint32_t pfn;
    memcpy(line, i->todo, nr_line * sizeof line[0]);
    i->nr_todo = 0;
    while (fuzz_pages_next(i->pages, &pfn)) {
        uint32_t mfn = i->w->p2m[pfn];
        bool table = !i->w->setup.own_tables && pfn >= world_first_table(i->w);
        if (pfn >= FUZZ_RW_PFN && !table && nr_line < MAX_TODO)
            write_bytes(i, mfn, 0, frame_ptr(i->w->mem, MFN(mfn)), RING1_PAGE_SIZE);
    }
    unsigned room = MIN(FUZZ_MAX_STEPS - MIN(nr_line, FUZZ_MAX_STEPS), MAX_CONTENTS);
    if (i->nr_todo > room) {
        note(i, "contents of more pages");
        i->nr_todo = room;
    }
    nr_line = MIN(nr_line, FUZZ_MAX_STEPS);
    memcpy(i->todo + i->nr_todo, line, nr_line * sizeof line[0]);
    i->nr_todo += nr_line;
}

/* --- inputs ------------------------------------------------------------------------------------------ */

static void begin(struct importer *i)
{
    const struct abi *const *all = abi_all();
    i->now.nr_steps = 0;
    i->now.pair = 0;
    while (all[i->now.pair] != i->w->abi)
        i->now.pair++;
    i->now.preempt = i->w->setup.preempt == RING1_PREEMPT_EVERY ? 1
                     : i->w->setup.preempt == RING1_PREEMPT_RANDOM
                         ? (uint8_t)(2 + i->w->setup.preempt_seed % 254)
                         : 0;
    fuzz_pages_forget(i->pages);
}

static void finish(struct importer *i)
{
    if (i->now.nr_steps) {
        struct fuzz_input *in = g_new0(struct fuzz_input, 1);
        fuzz_copy(in, &i->now);
        g_ptr_array_add(i->out->inputs, in);
    }
    begin(i);
}

/* The steps of a line, made by `make`; in the next input, and anew, when this one is full. */
static void add_line(struct importer *i, void (*make)(struct importer *i, const void *what), const void *what)
{
    for (unsigned tries = 0; tries < 2; tries++) {
        unsigned calls = i->out->calls;
        i->nr_todo = 0;
        make(i, what);
        add_contents(i);
        if (i->now.nr_steps + i->nr_todo <= FUZZ_MAX_STEPS) {
            for (unsigned k = 0; k < i->nr_todo; k++)
                fuzz_copy_step(&i->now.step[i->now.nr_steps++], &i->todo[k]);
            return;
        }
        finish(i);
        i->out->calls = tries ? i->out->calls : calls;
    }
}

/* --- watching ---------------------------------------------------------------------------------------- */

static void make_call(struct importer *i, const void *what)
{
    const struct call *call = what;
    if (call->row && strcmp(call->row->class, "multicall") == 0)
        add_multicall(i, call->arg);
    else
        add_call(i, call->nr, call->arg, false);
}

/* Of a frame that is new here nobody knows which one it is in the fuzzer's world. */
static void note_frames(struct importer *i)
{
    for (uint32_t k = 0; k < i->op->nr_patches; k++)
        if (g_array_index(i->program->patches, struct seq_patch, i->op->first_patch + k).shift)
            note(i, "a frame that an earlier call gave (it is the page that had it before)");
}

static bool on_call(void *user, struct vcpu *v, struct call *call)
{
    struct importer *i = user;
    (void)v;
    if (call->depth == 0 && i->op) {
        note_frames(i);
        add_line(i, make_call, call);
    }
    return false;
}

static void make_write(struct importer *i, const void *what)
{
    const struct seq_op *op = what;
    const struct seq_blob *b = &g_array_index(i->program->blobs, struct seq_blob, op->first_blob);
    const uint8_t *bytes = i->program->bytes->data + b->offset;
    struct walk walk;
    if (op->line == SEQ_PTWRITE) {
        struct fuzz_step *s = add_step(i, FUZZ_STORE);
        uint64_t value = 0;
        memcpy(&value, bytes, MIN(b->len, 8));
        s->n = b->len == 8;
        say(i, s, &va_slot, 0, op->word[0]);
        say(i, s, &entry_slot, 1, value);
    } else if (op->ns) { /* a machine address */
        uint64_t at = (uint64_t)op->word[1] << 32 | op->word[0];
        write_bytes(i, (uint32_t)(at >> RING1_PAGE_SHIFT), at % RING1_PAGE_SIZE, bytes, b->len);
    } else if (guest_walk(run_queue_current(i->w->d), GVA(op->word[0]), ACCESS_READ, false, false, &walk) ==
               WALK_OK) {
        uint32_t offset = op->word[0] % RING1_PAGE_SIZE;
        write_bytes(i, walk.mfn.mfn, offset, bytes, MIN(b->len, RING1_PAGE_SIZE - offset));
        if (offset + b->len > RING1_PAGE_SIZE)
            note(i, "a write across the end of a page, behind it");
    }
}

static void make_time(struct importer *i, const void *what)
{
    const struct seq_op *op = what;
    say(i, add_step(i, FUZZ_TIME), &plain_slot, 0, op->ns);
    if (op->ns >= 2000000000u)
        note(i, "more than 2 s at once");
}

static void on_op(void *user, uint32_t at)
{
    struct importer *i = user;
    if (at >= i->program->ops->len || world_ended(i->w)) {
        i->op = NULL;
        return;
    }
    i->op = &g_array_index(i->program->ops, struct seq_op, at);
    if (i->op->line == SEQ_TIME)
        add_line(i, make_time, i->op);
    else if ((i->op->line == SEQ_WRITE || i->op->line == SEQ_PTWRITE) && i->op->nr_patches)
        note(i, "a write of, or to, what an earlier call gave");
    else if ((i->op->line == SEQ_WRITE || i->op->line == SEQ_PTWRITE) && i->op->nr_blobs)
        add_line(i, make_write, i->op);
}

/* Only what is done counts, not what is expected. */
static void drop_expectations(struct seq *s)
{
    for (struct seq_item *item = s->first; item; item = item->next) {
        item->result = item->outputs = item->last_output = NULL;
        for (struct seq_item *entry = item->entries; entry; entry = entry->next)
            entry->result = entry->outputs = entry->last_output = NULL;
        if (item->line == SEQ_EXPECT) {
            item->line = SEQ_NOTE;
            item->comment = NULL;
        }
    }
}

bool fuzz_from_seq(const struct fuzz_grammars *g, struct seq *s, struct fuzz_imported *out, GError **error)
{
    *out = (struct fuzz_imported){g_ptr_array_new_with_free_func(g_free),
                                  g_ptr_array_new_with_free_func(free_unsaid), 0};
    drop_expectations(s);
    struct importer *i = g_new0(struct importer, 1);
    i->out = out;
    i->w = seq_world_numbered(s, RING1_MFN_OFFSET, error);
    i->program = i->w ? seq_compile(s, i->w, error) : NULL;
    if (i->program) {
        struct tap tap = {.before = on_call, .user = i};
        struct seq_report report;
        i->pages = fuzz_pages_new(i->w);
        begin(i);
        i->g = fuzz_grammar_of(g, &i->now);
        if (i->w->setup.own_tables)
            note(i, "page tables of its own (calls are made by the fuzzer's)");
        if (i->w->setup.nr_vcpus > 3)
            note(i, "more than three vcpus");
        /* A call that stops half-way would be seen again when it goes on. */
        preempt_set_mode(i->w->d, RING1_PREEMPT_NORMAL, 0);
        i->w->d->tap = &tap;
        if (seq_run_watched(i->program, i->w, &report, on_op, i) != SEQ_AGREES &&
            report.op + 1 < i->program->ops->len)
            note(i, "what follows");
        i->w->d->tap = NULL;
        seq_report_clear(&report);
        finish(i);
    }
    bool ok = i->program != NULL;
    seq_program_free(i->program);
    fuzz_pages_free(i->pages);
    world_free(i->w);
    g_free(i);
    return ok;
}

void fuzz_imported_clear(struct fuzz_imported *i)
{
    g_ptr_array_unref(i->inputs);
    g_ptr_array_unref(i->unsaid);
}
