/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * decode.c - see decode.h.
 */
#include "decode.h"

#include "dispatch/mmu.h"

#include <string.h>

/* The largest structure is vcpu_guest_context. */
#define MAX_BYTES 2816u

struct decoder {
    const struct abi *abi;
    const struct hypercall *rows;
    size_t nr_rows;
    struct signature *signatures; /* of each row */
};

/* One walk over a call. */
struct walker {
    const struct decoder *d;
    struct vcpu *v;
    const uint32_t *arg;
    enum direction phase; /* DIR_IN or DIR_OUT */
    bool failed;
    int32_t result;
    const struct decode_limits *limits;
    const struct decode_sink *sink;
    void *user;
};

struct decoder *decoder_new(const struct abi *abi)
{
    struct decoder *d = g_new0(struct decoder, 1);
    d->abi = abi;
    d->rows = hypercall_rows(&d->nr_rows);
    d->signatures = g_new0(struct signature, d->nr_rows);
    for (size_t i = 0; i < d->nr_rows; i++)
        if (abi->xen >= d->rows[i].from && abi->xen <= d->rows[i].to &&
            !signature_parse(d->rows[i].signature, &d->signatures[i], NULL, 0))
            d->signatures[i].nr = 0;
    return d;
}

void decoder_free(struct decoder *d)
{
    if (!d)
        return;
    g_free(d->signatures);
    g_free(d);
}

static const struct signature *signature_of(const struct decoder *d, const struct hypercall *row)
{
    size_t i = row ? (size_t)(row - d->rows) : d->nr_rows;
    return i < d->nr_rows ? &d->signatures[i] : NULL;
}

/* --- numbers ------------------------------------------------------------------------ */

static uint64_t load(const uint8_t *bytes, unsigned size, bool is_signed)
{
    uint64_t value = 0;
    memcpy(&value, bytes, size); /* the host is little-endian too */
    if (is_signed && size < 8 && value >> (size * 8 - 1))
        value |= ~0ull << size * 8;
    return value;
}

static void show_number(const struct walker *w, const char *name, struct number *n)
{
    if (n->format == FORMAT_FRAME)
        n->format = w->phase == DIR_IN ? FORMAT_PFN : FORMAT_MFN;
    if (n->set) {
        n->kind = n->set->name;
        n->name = n->set->flags ? NULL : value_name(n->set, (int64_t)n->value);
    }
    w->sink->number(w->user, name, n);
}

static void show_command(const struct walker *w, const char *name, const struct command_set *set, uint32_t nr)
{
    const struct command *c = command_of(set, nr, w->d->abi->xen);
    struct number n = {.value = nr, .size = 4, .format = FORMAT_NAMES, .kind = set->name};
    n.name = c ? c->name : NULL;
    n.beside = c ? nr & ~command_mask(set, w->d->abi->xen) : 0;
    w->sink->number(w->user, name, &n);
}

/* --- structures --------------------------------------------------------------------- */

static void show_structure(const struct walker *w, const char *name, uint32_t va, const struct structure *s,
                           const uint8_t *bytes);

/* How many a pointer's elements are: said by a field of the same structure. */
static uint32_t field_count(const struct structure *s, const uint8_t *bytes, const char *name)
{
    for (unsigned i = 0; i < s->nr_fields; i++)
        if (strcmp(s->fields[i].name, name) == 0)
            return (uint32_t)load(bytes + s->fields[i].offset, s->fields[i].size, false);
    return 1;
}

/* Elements up to one that ends in a word of zeroes; UINT32_MAX: more than will be
 * shown. */
static uint32_t count_to_zero(const struct walker *w, uint32_t va, unsigned size)
{
    uint32_t n = 0, last;
    while (n <= w->limits->elements && guest_peek(w->v, GVA(va + n * size + size - 4), &last, 4) == 0 && last)
        n++;
    return n > w->limits->elements ? UINT32_MAX : n;
}

/* Elements of `size` bytes at `va`: structures, or numbers like `like`. */
static void show_list(const struct walker *w, const char *name, uint32_t va, uint32_t count, unsigned size,
                      const struct structure *target, const struct number *like)
{
    uint8_t bytes[MAX_BYTES];
    uint32_t shown = MIN(count, w->limits->elements);
    if (count == 0 || va == 0 || guest_peek(w->v, GVA(va), bytes, size)) {
        w->sink->pointer(w->user, name, va, count != 0 && va != 0);
        return;
    }
    w->sink->begin(w->user, name, BRACKET_LIST, va);
    for (uint32_t i = 0; i < shown; i++) {
        if (i > 0 && guest_peek(w->v, GVA(va + i * size), bytes, size)) {
            w->sink->pointer(w->user, NULL, va + i * size, true);
            break;
        }
        if (target) {
            show_structure(w, NULL, 0, target, bytes);
        } else {
            struct number n = *like;
            n.value = load(bytes, size, false);
            show_number(w, NULL, &n);
        }
    }
    w->sink->end(w->user, BRACKET_LIST, count == UINT32_MAX ? LEFT_OUT_UNKNOWN : count - shown);
}

static void show_pointer(const struct walker *w, const struct structure *s, const struct field *f,
                         const uint8_t *bytes)
{
    uint32_t va = (uint32_t)load(bytes + f->offset, 4, false);
    uint32_t count = field_count(s, bytes, f->count);
    struct number like = {.size = f->size, .format = f->format, .set = f->set};
    if (w->phase == DIR_IN && !(f->direction & DIR_IN))
        w->sink->pointer(w->user, f->name, va, false);
    else
        show_list(w, f->name, va, count, f->kind == FIELD_STRUCTS ? f->target->size : f->size, f->target,
                  &like);
}

static void show_text(const struct walker *w, const struct field *f, const uint8_t *bytes)
{
    uint32_t len = (uint32_t)strnlen((const char *)bytes + f->offset, f->n);
    uint32_t shown = MIN(len, w->limits->bytes);
    w->sink->text(w->user, f->name, 0, bytes + f->offset, shown, len - shown);
}

static void show_numbers(const struct walker *w, const struct structure *s, const struct field *f,
                         const uint8_t *bytes)
{
    if (f->n > 1)
        w->sink->begin(w->user, f->name, BRACKET_LIST, 0);
    for (unsigned i = 0; i < f->n; i++) {
        struct number n = {.size = f->size, .is_signed = f->is_signed, .format = f->format, .set = f->set};
        n.value = load(bytes + f->offset + i * f->size, f->size, f->is_signed);
        if (f->format == FORMAT_MMU_VAL)
            n.peer = load(bytes + s->fields[0].offset, s->fields[0].size, false);
        show_number(w, f->n > 1 ? NULL : f->name, &n);
    }
    if (f->n > 1)
        w->sink->end(w->user, BRACKET_LIST, 0);
}

static bool has(const struct structure *s, enum direction phase)
{
    for (unsigned i = 0; i < s->nr_fields; i++) {
        const struct field *f = &s->fields[i];
        if (f->kind == FIELD_NESTED ? has(f->target, phase) : (f->direction & phase) != 0)
            return true;
    }
    return false;
}

/* A variant stands there when another field says so. */
static bool stands(const struct structure *s, const struct field *f, const uint8_t *bytes)
{
    return !f->when || field_count(s, bytes, f->when) == f->when_is;
}

static void show_fields(const struct walker *w, const struct structure *s, const uint8_t *bytes)
{
    for (unsigned i = 0; i < s->nr_fields; i++) {
        const struct field *f = &s->fields[i];
        bool pointer = f->kind == FIELD_STRUCTS || f->kind == FIELD_NUMBERS;
        if (f->kind == FIELD_NESTED) {
            if (has(f->target, w->phase) && stands(s, f, bytes))
                show_structure(w, f->name, 0, f->target, bytes + f->offset);
        } else if (pointer && (w->phase == DIR_IN || (f->direction & w->phase))) {
            show_pointer(w, s, f, bytes);
        } else if (!pointer && (f->direction & w->phase)) {
            if (f->kind == FIELD_TEXT)
                show_text(w, f, bytes);
            else
                show_numbers(w, s, f, bytes);
        }
    }
}

static void show_structure(const struct walker *w, const char *name, uint32_t va, const struct structure *s,
                           const uint8_t *bytes)
{
    w->sink->begin(w->user, name, BRACKET_STRUCT, va);
    show_fields(w, s, bytes);
    w->sink->end(w->user, BRACKET_STRUCT, 0);
}

/* --- arguments ------------------------------------------------------------------------ */

static uint32_t argument_count(const struct walker *w, const struct signature *s, const struct argument *a)
{
    if (a->count < 0)
        return 1;
    uint32_t n = w->arg[s->arg[a->count].word];
    if (s->arg[a->count].format == FORMAT_MMU_COUNT)
        n &= ~MMU_UPDATE_PREEMPTED;
    return n / a->count_unit + (n % a->count_unit != 0);
}

/* What a pointer's command is: that of another argument, or the structure's first word. */
static const struct command *asked_for(const struct walker *w, const struct signature *s,
                                       const struct argument *a)
{
    uint32_t nr;
    if (a->kind == ARG_OP && a->count < 0)
        return guest_peek(w->v, GVA(w->arg[a->word]), &nr, sizeof nr)
                   ? NULL
                   : command_of(a->commands, nr, w->d->abi->xen);
    for (unsigned i = 0; (a->kind == ARG_BY_COMMAND || a->kind == ARG_VALUE) && i < s->nr; i++)
        if (s->arg[i].kind == ARG_COMMAND && s->arg[i].commands == a->commands)
            return command_of(a->commands, w->arg[s->arg[i].word], w->d->abi->xen);
    return NULL;
}

static void show_plain(const struct walker *w, const struct argument *a)
{
    const uint32_t *word = w->arg + a->word;
    struct number n = {.value = word[0], .size = (uint8_t)(a->words * 4), .format = a->format, .set = a->set};
    if (a->words == 2)
        n.value =
            a->format == FORMAT_NS_HL ? (uint64_t)word[0] << 32 | word[1] : (uint64_t)word[1] << 32 | word[0];
    show_number(w, a->name, &n);
}

/* A structure that begins with its command. False: it cannot be read. */
static bool show_op(const struct walker *w, const char *name, const struct argument *a, uint32_t va)
{
    uint8_t bytes[MAX_BYTES];
    uint32_t nr;
    if (va == 0 || guest_peek(w->v, GVA(va), &nr, sizeof nr)) {
        w->sink->pointer(w->user, name, va, va != 0);
        return false;
    }
    const struct command *c = command_of(a->commands, nr, w->d->abi->xen);
    const struct structure *s = c ? c->arg : NULL;
    bool readable = s && guest_peek(w->v, GVA(va + a->op_offset), bytes, s->size) == 0;
    if (w->phase == DIR_OUT) {
        if (readable && has(s, DIR_OUT))
            show_structure(w, name, name ? va : 0, s, bytes);
        return true;
    }
    w->sink->begin(w->user, name, BRACKET_STRUCT, name ? va : 0);
    show_command(w, "cmd", a->commands, nr);
    if (readable)
        show_fields(w, s, bytes);
    else if (s)
        w->sink->pointer(w->user, "u", va + a->op_offset, true);
    w->sink->end(w->user, BRACKET_STRUCT, 0);
    return true;
}

static void show_ops(const struct walker *w, const struct signature *s, const struct argument *a, uint32_t va)
{
    uint32_t count = argument_count(w, s, a), shown = MIN(count, w->limits->elements), size = op_size(a);
    if (a->count < 0) {
        show_op(w, a->name, a, va);
        return;
    }
    if (w->phase == DIR_OUT)
        return;
    uint32_t nr;
    if (shown > 0 && guest_peek(w->v, GVA(va), &nr, sizeof nr)) {
        w->sink->pointer(w->user, a->name, va, va != 0);
        return;
    }
    /* The call ends at the first that cannot be read. */
    w->sink->begin(w->user, a->name, BRACKET_LIST, va);
    for (uint32_t i = 0; i < shown && show_op(w, NULL, a, va + i * size); i++)
        ;
    w->sink->end(w->user, BRACKET_LIST, count - shown);
}

static void show_bytes(const struct walker *w, const struct argument *a, uint32_t va, uint32_t count)
{
    uint8_t small[MAX_BYTES];
    uint32_t shown = MIN(count, w->limits->bytes);
    g_autofree uint8_t *large = shown > sizeof small ? g_try_malloc(shown) : NULL;
    uint8_t *bytes = large ? large : small;
    if (!large)
        shown = MIN(shown, (uint32_t)sizeof small);
    if (guest_peek(w->v, GVA(va), bytes, shown))
        w->sink->pointer(w->user, a->name, va, true);
    else
        w->sink->text(w->user, a->name, va, bytes, shown, count - shown);
}

/* A pointer to structures: those of the command, or the argument's own. */
static void show_structures(const struct walker *w, const struct signature *s, const struct argument *a,
                            const struct structure *target, uint32_t va)
{
    uint8_t bytes[MAX_BYTES];
    uint32_t count = a->count == COUNT_TO_ZERO ? count_to_zero(w, va, target->size) : argument_count(w, s, a);
    if (w->phase == DIR_OUT && !has(target, DIR_OUT))
        return;
    if (is_bytes(target) && has(target, w->phase))
        show_bytes(w, a, va, w->phase == DIR_OUT ? MIN(count, (uint32_t)w->result) : count);
    else if (w->phase == DIR_IN && !has(target, DIR_IN))
        w->sink->pointer(w->user, a->name, va, false);
    else if (a->count != COUNT_ONE)
        show_list(w, a->name, va, count, target->size, target, NULL);
    else if (va == 0 || guest_peek(w->v, GVA(va), bytes, target->size))
        w->sink->pointer(w->user, a->name, va, va != 0);
    else
        show_structure(w, a->name, va, target, bytes);
}

/* A pointer to one number. */
static void show_one(const struct walker *w, const struct argument *a, uint32_t va, const struct number *like)
{
    uint8_t bytes[8];
    struct number n = *like;
    n.va = va;
    if (va == 0)
        return;
    if (guest_peek(w->v, GVA(va), bytes, a->size)) {
        w->sink->pointer(w->user, a->name, va, true);
        return;
    }
    n.value = load(bytes, a->size, false);
    show_number(w, a->name, &n);
}

static void show_argument(const struct walker *w, const struct signature *s, const struct argument *a)
{
    uint32_t va = w->arg[a->word];
    bool in = w->phase == DIR_IN;
    struct number like = {.size = a->size, .format = a->format, .set = a->set};
    const struct command *c = asked_for(w, s, a);
    if (w->failed && a->kind != ARG_NUMBERS && !(c && c->always))
        return;
    switch ((enum argument_kind)a->kind) {
    case ARG_NUMBER:
        if (in)
            show_plain(w, a);
        break;
    case ARG_COMMAND:
        if (in)
            show_command(w, a->name, a->commands, va);
        break;
    case ARG_OP:
        show_ops(w, s, a, va);
        break;
    case ARG_BY_COMMAND:
        if (c && c->arg->size)
            show_structures(w, s, a, c->arg, va);
        else if (in)
            w->sink->pointer(w->user, a->name, va, false);
        break;
    case ARG_STRUCTS:
        show_structures(w, s, a, a->target, va);
        break;
    case ARG_NUMBERS:
        if (in && !(a->direction & DIR_IN))
            w->sink->pointer(w->user, a->name, va, false);
        else if ((a->direction & w->phase) && a->count < 0)
            show_one(w, a, va, &like);
        else if (a->direction & w->phase)
            show_list(w, a->name, va, argument_count(w, s, a), a->size, NULL, &like);
        break;
    case ARG_VALUE:
        if (in && c && c->arg->nr_fields == 1) {
            like.format = c->arg->fields[0].format;
            like.set = c->arg->fields[0].set;
        }
        like.value = va;
        if (in)
            show_number(w, a->name, &like);
        break;
    case ARG_TEXT:
        if (in)
            show_bytes(w, a, va, argument_count(w, s, a));
        break;
    }
}

static void walk_call(const struct walker *w, const struct hypercall *row)
{
    const struct signature *s = signature_of(w->d, row);
    for (unsigned i = 0; s && i < s->nr; i++)
        show_argument(w, s, &s->arg[i]);
}

void decode_input(const struct decoder *d, struct vcpu *v, const struct hypercall *row, const uint32_t *arg,
                  const struct decode_limits *limits, const struct decode_sink *sink, void *user)
{
    walk_call(&(struct walker){d, v, arg, DIR_IN, false, 0, limits, sink, user}, row);
}

void decode_answer(const struct decoder *d, struct vcpu *v, const struct hypercall *row, const uint32_t *arg,
                   int32_t result, const struct decode_limits *limits, const struct decode_sink *sink,
                   void *user)
{
    bool failed = is_refusal(row, result);
    walk_call(&(struct walker){d, v, arg, DIR_OUT, failed, result, limits, sink, user}, row);
}

void decode_output(const struct decoder *d, struct vcpu *v, const struct hypercall *row, const uint32_t *arg,
                   bool failed, const struct decode_limits *limits, const struct decode_sink *sink,
                   void *user)
{
    walk_call(&(struct walker){d, v, arg, DIR_OUT, failed, INT32_MAX, limits, sink, user}, row);
}
