/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * grammar.c - see grammar.h: descriptions are laid out flat, once for each length of a
 * list, so that making a call is walking over an array.
 */
#include "grammar.h"

#include "values.h"

#include <ring1/ring1.h>
#include <string.h>

/* Of an array of numbers inside a structure only the first are said. */
#define ARRAY_SAID 4u
/* Structures behind structures behind structures. */
#define MAX_DEPTH 4u
/* Room behind a pointer to numbers that only come back. */
#define TEXT_BYTES 16u

struct layout {
    GArray *slots;
    unsigned bytes;
    unsigned n; /* elements of lists */
    unsigned depth;
    bool has_list;
};

static struct fuzz_slot *add(struct layout *l, enum fuzz_role role, unsigned size, bool in_word, unsigned at)
{
    struct fuzz_slot slot = {
        .role = (uint8_t)role, .size = (uint8_t)size, .in_word = in_word, .at = (uint16_t)at};
    g_array_append_val(l->slots, slot);
    return &g_array_index(l->slots, struct fuzz_slot, l->slots->len - 1);
}

/* Room among the call's bytes. */
static unsigned room(struct layout *l, unsigned bytes)
{
    unsigned at = (l->bytes + 7u) & ~7u;
    l->bytes = MIN(at + bytes, FUZZ_CALL_BYTES);
    return at;
}

static void add_structure(struct layout *l, const struct structure *s, unsigned at);

/* How many there are behind a pointer: "1", or a field that says so. */
static unsigned behind(struct layout *l, const char *count)
{
    if (!count || strcmp(count, "1") == 0)
        return 1;
    l->has_list = true;
    return l->n;
}

static void add_behind(struct layout *l, const struct field *f, unsigned n, unsigned at)
{
    unsigned size = f->kind == FIELD_STRUCTS ? f->target->size : f->size;
    for (unsigned i = 0; i < n; i++) {
        if (f->kind == FIELD_STRUCTS) {
            add_structure(l, f->target, at + i * size);
            continue;
        }
        struct fuzz_slot *slot = add(l, FUZZ_VALUE, f->size, false, at + i * size);
        slot->format = f->format;
        slot->set = f->set;
    }
}

static void add_field(struct layout *l, const struct field *f, unsigned base)
{
    unsigned at = base + f->offset;
    struct fuzz_slot *slot;
    switch (f->kind) {
    case FIELD_NUMBER:
        for (unsigned i = 0; i < MIN(f->n, ARRAY_SAID); i++) {
            slot = add(l, FUZZ_VALUE, f->size, false, at + i * f->size);
            slot->format = f->format;
            slot->set = f->set;
        }
        break;
    case FIELD_TEXT:
        add(l, FUZZ_TEXT, MIN(f->n, TEXT_BYTES), false, at);
        break;
    case FIELD_NESTED:
        add_structure(l, f->target, at);
        break;
    default: {
        unsigned n = behind(l, f->count), size = f->kind == FIELD_STRUCTS ? f->target->size : f->size;
        slot = add(l, FUZZ_POINTER, 4, false, at);
        slot->target = (uint16_t)room(l, MAX(n, 1) * MAX(size, 4u));
        add_behind(l, f, n, slot->target);
    }
    }
}

/* Fields that say how many lie behind another's pointer. */
static bool is_count(const struct structure *s, const struct field *f)
{
    for (unsigned i = 0; i < s->nr_fields; i++)
        if (s->fields[i].count && strcmp(s->fields[i].count, f->name) == 0)
            return true;
    return false;
}

static void add_structure(struct layout *l, const struct structure *s, unsigned at)
{
    if (l->depth == MAX_DEPTH)
        return;
    l->depth++;
    for (unsigned i = 0; i < s->nr_fields; i++) {
        guint first = l->slots->len;
        add_field(l, &s->fields[i], at);
        if (s->fields[i].kind == FIELD_NUMBER && is_count(s, &s->fields[i])) {
            struct fuzz_slot *slot = &g_array_index(l->slots, struct fuzz_slot, first);
            slot->role = FUZZ_COUNT;
            slot->plain = l->n;
        }
    }
    l->depth--;
}

/* --- arguments ------------------------------------------------------------------------------ */

static unsigned elements(struct layout *l, const struct argument *a)
{
    if (a->count == COUNT_ONE)
        return 1;
    l->has_list = true;
    return a->count == COUNT_TO_ZERO ? l->n + 1 : l->n;
}

/* One element of a list of structures that begin with their command. */
static void add_op(struct layout *l, const struct argument *a, const struct command *command, unsigned at)
{
    add(l, FUZZ_COMMAND, 4, false, at)->plain = command ? command->nr : 0;
    if (command)
        add_structure(l, command->arg, at + a->op_offset);
}

static void add_elements(struct layout *l, const struct argument *a, const struct command *command)
{
    unsigned n = elements(l, a), size = 4, at;
    if (a->kind == ARG_OP)
        size = op_size(a);
    else if (a->kind == ARG_BY_COMMAND)
        size = command && command->arg->size ? command->arg->size : 4;
    else if (a->kind == ARG_STRUCTS)
        size = a->target->size;
    else if (a->kind == ARG_NUMBERS)
        size = a->size;
    bool text = a->kind == ARG_TEXT || (command && a->kind == ARG_BY_COMMAND && is_bytes(command->arg));
    struct fuzz_slot *slot = add(l, FUZZ_POINTER, 4, true, a->word);
    slot->target = (uint16_t)room(l, text ? TEXT_BYTES : MAX(n, 1) * size);
    at = slot->target;
    if (text) {
        add(l, FUZZ_TEXT, TEXT_BYTES, false, at);
        return;
    }
    for (unsigned i = 0; i < n; i++, at += size) {
        if (a->kind == ARG_OP) {
            add_op(l, a, command, at);
        } else if (a->kind == ARG_BY_COMMAND && command) {
            add_structure(l, command->arg, at);
        } else if (a->kind == ARG_STRUCTS) {
            add_structure(l, a->target, at);
        } else if (a->kind == ARG_NUMBERS) {
            slot = add(l, FUZZ_VALUE, a->size, false, at);
            slot->format = a->format;
            slot->set = a->set;
        }
    }
}

static void add_argument(struct layout *l, const struct signature *s, unsigned i,
                         const struct command *command)
{
    const struct argument *a = &s->arg[i];
    struct fuzz_slot *slot;
    if (a->kind != ARG_NUMBER && a->kind != ARG_COMMAND && a->kind != ARG_VALUE) {
        add_elements(l, a, command);
        return;
    }
    slot = add(l, a->kind == ARG_COMMAND ? FUZZ_COMMAND : FUZZ_VALUE, a->words * 4u, true, a->word);
    slot->format = a->format;
    slot->set = a->set;
    slot->plain = command ? command->nr : 0;
    for (unsigned k = 0; k < s->nr; k++)
        if (s->arg[k].count == (int)i) {
            slot->role = FUZZ_COUNT;
            slot->plain = s->arg[k].kind == ARG_TEXT ? TEXT_BYTES : l->n * s->arg[k].count_unit;
            if (s->arg[k].kind == ARG_BY_COMMAND && command && is_bytes(command->arg))
                slot->plain = TEXT_BYTES;
        }
}

static void make_plain(struct fuzz_shape *shape)
{
    shape->plain = g_malloc0(shape->bytes + 1u);
    shape->pointers = g_new(uint16_t, shape->nr_slots + 1);
    for (uint16_t i = 0; i < shape->nr_slots; i++) {
        const struct fuzz_slot *slot = &shape->slots[i];
        if (slot->role == FUZZ_POINTER)
            shape->pointers[shape->nr_pointers++] = i;
        else if ((slot->role != FUZZ_VALUE || slot->format == FORMAT_DOMID) &&
                 (slot->in_word || slot->at + slot->size <= shape->bytes))
            fuzz_set(slot, fuzz_plain(slot), shape->word, shape->plain);
    }
}

static bool lay_out(struct fuzz_call *c, const struct signature *s, unsigned n)
{
    struct layout l = {.slots = g_array_new(FALSE, TRUE, sizeof(struct fuzz_slot)), .n = n};
    for (unsigned i = 0; i < s->nr; i++)
        add_argument(&l, s, i, c->command);
    /* What stands beyond the room is left as zeroes. */
    unsigned kept = 0;
    for (guint i = 0; i < l.slots->len && kept < FUZZ_MAX_SLOTS; i++) {
        struct fuzz_slot *slot = &g_array_index(l.slots, struct fuzz_slot, i);
        if (slot->in_word || slot->at + slot->size <= FUZZ_CALL_BYTES)
            g_array_index(l.slots, struct fuzz_slot, kept++) = *slot;
    }
    c->shape[n] = (struct fuzz_shape){.nr_slots = (uint16_t)kept, .bytes = (uint16_t)l.bytes};
    c->shape[n].slots = (struct fuzz_slot *)(void *)g_array_free(l.slots, FALSE);
    make_plain(&c->shape[n]);
    return l.has_list;
}

/* --- the calls of a Xen --------------------------------------------------------------------- */

static void add_call(GArray *calls, const struct hypercall *row, const struct signature *s,
                     const struct command_set *set, const struct command *command)
{
    struct fuzz_call c = {.row = row, .command = command, .commands = set, .returns_value = s->returns_value};
    for (unsigned n = 0; n <= FUZZ_MAX_LIST; n++)
        c.has_list |= lay_out(&c, s, n);
    g_array_append_val(calls, c);
}

static void add_row(GArray *calls, const struct hypercall *row, const struct abi *abi)
{
    char error[128];
    struct signature s;
    const struct command_set *set = NULL;
    if (!signature_parse(row->signature, &s, error, sizeof error))
        return;
    for (unsigned i = 0; i < s.nr; i++)
        if ((s.arg[i].kind == ARG_COMMAND || s.arg[i].kind == ARG_OP) && !set)
            set = s.arg[i].commands;
    for (unsigned i = 0; set && i < set->nr; i++)
        if (abi->xen >= set->commands[i].from && abi->xen <= set->commands[i].to)
            add_call(calls, row, &s, set, &set->commands[i]);
    if (!set)
        add_call(calls, row, &s, NULL, NULL);
}

static int by_number(const void *a, const void *b)
{
    const struct fuzz_call *x = a, *y = b;
    return x->row->nr < y->row->nr ? -1 : x->row->nr > y->row->nr;
}

static void take_calls(struct fuzz_grammar *g, GArray *calls)
{
    g_array_sort(calls, by_number); /* which keeps the order of equals */
    g->nr_calls = calls->len;
    g->calls = (struct fuzz_call *)(void *)g_array_free(calls, FALSE);
    for (uint32_t nr = 0, i = 0; nr <= NR_ROW_NUMBERS; nr++) {
        while (i < g->nr_calls && g->calls[i].row->nr < nr)
            i++;
        g->first[nr] = (uint16_t)i;
    }
}

struct fuzz_grammar *fuzz_grammar_new(const struct abi *abi)
{
    struct fuzz_grammar *g = g_new0(struct fuzz_grammar, 1);
    GArray *calls = g_array_new(FALSE, TRUE, sizeof(struct fuzz_call));
    size_t nr_rows;
    const struct hypercall *rows = hypercall_rows(&nr_rows);
    for (size_t i = 0; i < nr_rows; i++)
        if (abi->xen >= rows[i].from && abi->xen <= rows[i].to && strcmp(rows[i].class, "multicall") != 0)
            add_row(calls, &rows[i], abi);
    g->abi = abi;
    take_calls(g, calls);
    return g;
}

static void drop_calls(struct fuzz_grammar *g)
{
    for (unsigned i = 0; i < g->nr_calls; i++)
        for (unsigned n = 0; n <= FUZZ_MAX_LIST; n++) {
            g_free(g->calls[i].shape[n].slots);
            g_free(g->calls[i].shape[n].plain);
            g_free(g->calls[i].shape[n].pointers);
        }
    g_free(g->calls);
}

void fuzz_grammar_free(struct fuzz_grammar *g)
{
    if (!g)
        return;
    drop_calls(g);
    g_free(g);
}

bool fuzz_grammar_replace(struct fuzz_grammar *g, const struct hypercall *rows, unsigned nr, GError **error)
{
    GArray *calls = g_array_new(FALSE, TRUE, sizeof(struct fuzz_call));
    char message[128];
    struct signature s;
    for (unsigned i = 0; i < nr; i++) {
        if (!signature_parse(rows[i].signature, &s, message, sizeof message)) {
            g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "hypercall %u: %s", rows[i].nr, message);
            g_array_unref(calls);
            return false;
        }
        add_row(calls, &rows[i], g->abi);
    }
    drop_calls(g);
    take_calls(g, calls);
    return true;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

int fuzz_grammar_find(const struct fuzz_grammar *g, uint32_t nr, uint32_t command)
{
    int best = -1;
    if (nr >= NR_ROW_NUMBERS)
        return -1;
    for (unsigned i = g->first[nr]; i < g->first[nr + 1]; i++) {
        const struct fuzz_call *c = &g->calls[i];
        if (best < 0 ||
            distance(fuzz_call_command(c), command) < distance(fuzz_call_command(&g->calls[best]), command))
            best = (int)i;
    }
    return best;
}

char *fuzz_call_name(const struct fuzz_call *c)
{
    return g_strdup_printf("%s%s%s", c->row->name, c->command ? " " : "", c->command ? c->command->name : "");
}
