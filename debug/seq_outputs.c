/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_outputs.c - what calls give back: where r1.extent_start[2] will lie, and what
 * `=> {port=3}` is to be compared with. Pointers inside structures are followed when
 * the call is over.
 */
#include "seq_compile.h"

#include <string.h>

/* Something of a type at a place; a pointer that was not followed yet is a list. */
struct output {
    struct seq_place place; /* size is the number's */
    const struct structure *structure;
    struct seq_type type; /* of numbers */
    bool list;            /* elements, at the place */
    uint32_t text;        /* bytes of text there; 0: none */
};

static bool has_output(const struct structure *s)
{
    for (unsigned i = 0; i < s->nr_fields; i++) {
        const struct field *f = &s->fields[i];
        if (f->kind == FIELD_NESTED ? has_output(f->target) : (f->direction & DIR_OUT) != 0)
            return true;
    }
    return false;
}

static const struct seq_value *nth_arg(const struct seq_item *item, unsigned n)
{
    const struct seq_value *v = item->args;
    while (v && n--)
        v = v->next;
    return v;
}

/* Address that argument `n` points at; 0: it is not known, or NULL. */
static uint32_t address_of(struct compiler *c, const struct seq_item *item, unsigned n)
{
    const struct seq_type address = {.size = 4, .format = FORMAT_VA};
    const struct seq_value *v = nth_arg(item, n);
    gpointer lies;
    uint64_t va = 0;
    if (!v)
        return 0;
    if (g_hash_table_lookup_extended(c->lies, v, NULL, &lies))
        return GPOINTER_TO_UINT(lies);
    GError **error = c->scope.error;
    c->scope.error = NULL;
    bool known = seq_evaluate_constant(&c->scope, v, &address, &va);
    c->scope.error = error;
    return known ? (uint32_t)va : 0;
}

/* What argument n gives back. */
static bool argument_output(struct compiler *c, const struct seq_call *call, unsigned n, struct output *out)
{
    const struct argument *a = &call->signature.arg[n];
    *out = (struct output){.place.va = address_of(c, call->item, n)};
    switch ((enum argument_kind)a->kind) {
    case ARG_NUMBERS:
        out->type = (struct seq_type){.size = a->size, .format = a->format, .set = a->set};
        out->place.size = a->size;
        out->list = a->count >= 0;
        return (a->direction & DIR_OUT) != 0;
    case ARG_BY_COMMAND:
        out->structure = call->command ? call->command->arg : NULL;
        break;
    case ARG_OP:
        out->structure = call->command ? call->command->arg : NULL;
        out->place.va += a->op_offset;
        break;
    case ARG_STRUCTS:
        out->structure = a->target;
        break;
    default:
        return false;
    }
    out->list = a->count != COUNT_ONE;
    return out->structure && has_output(out->structure);
}

static const struct field *find_field(const struct structure *s, const char *name, size_t len)
{
    for (unsigned i = 0; s && i < s->nr_fields; i++)
        if (strlen(s->fields[i].name) == len && memcmp(s->fields[i].name, name, len) == 0)
            return &s->fields[i];
    return NULL;
}

/* Further into a place. */
static void step(struct seq_place *p, uint32_t bytes)
{
    if (p->indirect)
        p->add += bytes;
    else
        p->va += bytes;
}

static bool field_output(const struct output *o, const struct field *f, struct output *out)
{
    *out = (struct output){.place = o->place};
    step(&out->place, f->offset);
    out->place.size = f->size;
    out->place.is_signed = f->is_signed;
    out->type =
        (struct seq_type){.size = f->size, .format = f->format, .is_signed = f->is_signed, .set = f->set};
    switch ((enum field_kind)f->kind) {
    case FIELD_NUMBER:
        out->list = f->n > 1;
        return true;
    case FIELD_TEXT:
        out->text = f->n;
        return true;
    case FIELD_NESTED:
        out->structure = f->target;
        return true;
    case FIELD_STRUCTS:
        out->structure = f->target;
        break;
    case FIELD_NUMBERS:
        break;
    }
    /* Behind one pointer there is no other with outputs. */
    out->list = true;
    out->place.indirect = true;
    out->place.add = 0;
    return !o->place.indirect;
}

static void element_output(const struct output *o, uint32_t index, struct output *out)
{
    *out = *o;
    out->list = false;
    step(&out->place, index * (o->structure ? o->structure->size : o->type.size));
}

/* --- results of earlier calls ------------------------------------------------------------------ */

static bool bad_path(struct compiler *c, const struct seq_value *v, const struct seq_call *call)
{
    return seq_complain(&c->scope, v->pos, "expected an output of %s, found '%s%s'",
                        call->row ? call->row->name : "a call that is known", v->name,
                        v->path ? v->path : "");
}

/* ".port" and "[2]" taken off the path, one by one. */
static bool follow(const char *path, struct output *o)
{
    while (*path) {
        struct output next;
        if (*path == '[') {
            char *end;
            uint64_t index = g_ascii_strtoull(path + 1, &end, 10);
            if (!o->list || index > 0xFFFF)
                return false;
            element_output(o, (uint32_t)index, &next);
            path = end + 1;
        } else {
            size_t len = strcspn(++path, ".[");
            const struct field *f = o->list ? NULL : find_field(o->structure, path, len);
            if (!f || !field_output(o, f, &next))
                return false;
            path += len;
        }
        *o = next;
    }
    return !o->list && !o->structure && !o->text;
}

/* The argument whose output the path begins with, and the rest of the path. */
static bool begin_path(struct compiler *c, const struct seq_call *call, const char **path, struct output *o)
{
    size_t len = **path == '.' ? strcspn(*path + 1, ".[") : 0;
    for (unsigned i = 0; i < call->signature.nr; i++) {
        const struct argument *a = &call->signature.arg[i];
        if (!argument_output(c, call, i, o) || o->place.va == 0)
            continue;
        if (len && strlen(a->name) == len && memcmp(a->name, *path + 1, len) == 0) {
            *path += 1 + len;
            return true;
        }
        if (len ? !o->list && find_field(o->structure, *path + 1, len) : o->list)
            return true;
    }
    return false;
}

/* Xen's result of an entry, in the list. */
static struct seq_place entry_result(const struct compiler *c, const struct seq_call *call)
{
    return (struct seq_place){
        .va = call->list.va + 4 * c->scope.abi->multicall_result, .size = 4, .is_signed = true};
}

uint32_t output_slot(struct compiler *c, const struct seq_value *v)
{
    const struct seq_call *call = g_hash_table_lookup(c->named, v->name);
    struct seq_capture capture = {.next = NO_SLOT};
    const char *path = v->path;
    struct output o;
    if (!call) {
        seq_complain(&c->scope, v->pos, "expected the result of an earlier call, found '%s'", v->name);
        return NO_SLOT;
    }
    if (call->op >= c->p->ops->len) {
        seq_complain(&c->scope, v->pos, "expected the result of an earlier call, '%s' is of this one",
                     v->name);
        return NO_SLOT;
    }
    if (path) {
        if (!begin_path(c, call, &path, &o) || !follow(path, &o)) {
            bad_path(c, v, call);
            return NO_SLOT;
        }
        capture.place = o.place;
    } else if (call->entry) {
        capture.place = entry_result(c, call);
    }
    struct seq_op *op = &g_array_index(c->p->ops, struct seq_op, call->op);
    capture.slot = c->p->nr_slots++;
    capture.next = op->captures;
    op->captures = c->p->captures->len;
    g_array_append_val(c->p->captures, capture);
    return capture.slot;
}

/* --- expectations ---------------------------------------------------------------------------- */

bool output_check_number(struct compiler *c, const struct seq_value *v, const struct seq_type *type,
                         const struct seq_place *place, const char *name)
{
    struct seq_amount a;
    if (v->kind == SEQ_ANY)
        return true;
    if (!seq_evaluate(&c->scope, v, type, 0, &a))
        return false;
    struct seq_check check = {
        .place = *place, .value = v, .name = name, .want = a.value, .slot = NO_SLOT, .shift = a.shift};
    check.place.size = type->size;
    check.place.is_signed = type->is_signed;
    if (a.result && (check.slot = output_slot(c, a.result)) == NO_SLOT)
        return false;
    g_array_append_val(c->p->checks, check);
    return true;
}

bool output_check_bytes(struct compiler *c, const struct seq_value *v, const struct seq_place *place,
                        uint32_t most, const char *name)
{
    struct seq_check check = {.place = *place, .value = v, .name = name, .slot = NO_SLOT};
    bool text = v->kind == SEQ_TEXT;
    if (v->kind == SEQ_ANY)
        return true;
    if (!text && v->kind != SEQ_BYTES)
        return seq_complain(&c->scope, v->pos, "expected text or bytes, found %s", seq_describe_value(v));
    check.bytes = c->p->bytes->len;
    check.len = v->len;
    g_byte_array_append(c->p->bytes, v->data, v->len);
    /* All of a text, up to its zero. */
    if (text && !v->rest && v->len < most) {
        g_byte_array_append(c->p->bytes, (const guint8 *)"", 1);
        check.len++;
    }
    if (check.len)
        g_array_append_val(c->p->checks, check);
    return true;
}

static bool check_output(struct compiler *c, const struct seq_value *v, const struct output *o,
                         const char *name);

static bool check_fields(struct compiler *c, const struct seq_value *v, const struct output *o)
{
    for (const struct seq_value *e = v->first; e; e = e->next) {
        struct output next;
        const struct field *f = e->label ? find_field(o->structure, e->label, strlen(e->label)) : NULL;
        if (!f || !field_output(o, f, &next))
            return seq_complain(&c->scope, e->pos, "expected an output of %s and =, found '%s'",
                                o->structure->name, e->label ? e->label : seq_describe_value(e));
        if (!check_output(c, e, &next, f->name))
            return false;
    }
    return true;
}

static bool check_output(struct compiler *c, const struct seq_value *v, const struct output *o,
                         const char *name)
{
    uint32_t index = 0;
    if (v->kind == SEQ_ANY)
        return true;
    if (o->text)
        return output_check_bytes(c, v, &o->place, o->text, name);
    if (o->list) {
        if (v->kind != SEQ_LIST)
            return seq_complain(&c->scope, v->pos, "expected [...], found %s", seq_describe_value(v));
        for (const struct seq_value *e = v->first; e; e = e->next) {
            struct output next;
            element_output(o, index++, &next);
            if (!check_output(c, e, &next, name))
                return false;
        }
        return true;
    }
    if (!o->structure)
        return output_check_number(c, v, &o->type, &o->place, name);
    if (v->kind != SEQ_STRUCT)
        return seq_complain(&c->scope, v->pos, "expected {...}, found %s", seq_describe_value(v));
    return check_fields(c, v, o);
}

/* By its name, else the next that has outputs of this kind. */
static bool find_output(struct compiler *c, const struct seq_call *call, const struct seq_value *v,
                        unsigned *from, struct output *o)
{
    for (unsigned i = v->label ? 0 : *from; i < call->signature.nr; i++) {
        if (!argument_output(c, call, i, o))
            continue;
        if (v->label ? strcmp(v->label, call->signature.arg[i].name) != 0 : !o->structure && !o->list)
            continue;
        if (o->place.va == 0)
            return seq_complain(&c->scope, v->pos,
                                "expected outputs where the call is given an address: %s has none",
                                call->signature.arg[i].name);
        *from = i + 1;
        return true;
    }
    if (v->label)
        return seq_complain(&c->scope, v->pos, "expected an output of %s, found '%s'",
                            call->row ? call->row->name : "the call", v->label);
    return seq_complain(&c->scope, v->pos, "expected no more outputs of %s",
                        call->row ? call->row->name : "the call");
}

bool output_checks(struct compiler *c, struct seq_call *call)
{
    unsigned from = 0;
    for (const struct seq_value *v = call->item->outputs; v; v = v->next) {
        struct output o;
        if (v->kind == SEQ_ANY && !v->label)
            continue;
        if (!find_output(c, call, v, &from, &o) || !check_output(c, v, &o, v->label))
            return false;
    }
    return true;
}
