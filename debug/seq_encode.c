/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_encode.c - values as the bytes that a hypervisor reads: structures and lists
 * behind pointers get room, in the arena or where the text says.
 */
#include "seq_compile.h"

#include <string.h>

#define ARENA_BYTES (WORLD_ARENA_PAGES * RING1_PAGE_SIZE)
#define ALIGN       16u
/* At an address of its own. */
#define MOST_BYTES (1u << 20)

/* --- room -------------------------------------------------------------------------------- */

static GByteArray *blob_of(struct compiler *c, uint32_t blob)
{
    return g_ptr_array_index(c->blobs, blob);
}

static bool room_at(struct compiler *c, const struct seq_value *at, uint32_t len, struct span *out)
{
    const struct seq_type type = {.size = 4, .format = FORMAT_VA};
    uint64_t va;
    if (!seq_evaluate_constant(&c->scope, at, &type, &va))
        return false;
    uint32_t word = (uint32_t)va;
    GByteArray *bytes = g_byte_array_new();
    g_byte_array_set_size(bytes, len);
    if (len)
        memset(bytes->data, 0, len);
    g_ptr_array_add(c->blobs, bytes);
    g_array_append_val(c->vas, word);
    g_ptr_array_add(c->ats, (gpointer)at);
    *out = (struct span){c->blobs->len - 1, 0, word};
    return true;
}

bool encode_room(struct compiler *c, const struct seq_value *v, uint32_t len, struct span *out)
{
    const struct world *w = c->scope.w;
    uint32_t most = v->at ? MOST_BYTES : ARENA_BYTES;
    if (len > most)
        return seq_complain(&c->scope, v->pos, "expected at most %u bytes behind a pointer, found %u", most,
                            len);
    if (v->at && !room_at(c, v->at, len, out))
        return false;
    if (!v->at) {
        GByteArray *arena = blob_of(c, 0);
        uint32_t offset = (arena->len + ALIGN - 1) & ~(ALIGN - 1), old = arena->len;
        if (w->arena.va == 0 && len)
            return seq_complain(&c->scope, v->pos,
                                "expected @ and an address: the domain has its own tables and no arena");
        if (offset + len > ARENA_BYTES)
            return seq_complain(&c->scope, v->pos, "expected at most %u bytes of arguments in one call",
                                ARENA_BYTES);
        g_byte_array_set_size(arena, offset + len);
        if (arena->len > old)
            memset(arena->data + old, 0, arena->len - old);
        *out = (struct span){0, offset, w->arena.va + offset};
    }
    g_hash_table_insert(c->lies, (gpointer)v, GUINT_TO_POINTER(out->va));
    return true;
}

bool encode_is_apart(struct compiler *c)
{
    const GByteArray *arena = blob_of(c, 0);
    uint64_t from = g_array_index(c->vas, uint32_t, 0), end = from + arena->len;
    for (guint i = 1; i < c->blobs->len && arena->len; i++) {
        const GByteArray *bytes = g_ptr_array_index(c->blobs, i);
        const struct seq_value *at = g_ptr_array_index(c->ats, i);
        uint64_t va = g_array_index(c->vas, uint32_t, i);
        if (bytes->len == 0 || va >= end || va + bytes->len <= from)
            continue;
        return seq_complain(
            &c->scope, at->pos,
            "expected %u bytes at an address that is free: structures of this call that have "
            "no @ lie from %#x to %#x; give another address, as from %#x on, or give them one",
            bytes->len, (unsigned)from, (unsigned)end - 1, ((unsigned)end + 0xFu) & ~0xFu);
    }
    return true;
}

static void store(struct compiler *c, const struct span *at, uint32_t offset, unsigned size, uint64_t value)
{
    memcpy(blob_of(c, at->blob)->data + at->offset + offset, &value, size);
}

bool encode_amount(struct compiler *c, const struct span *at, uint32_t offset, unsigned size,
                   const struct seq_amount *a)
{
    store(c, at, offset, size, a->value);
    if (!a->result)
        return true;
    struct seq_patch patch = {
        .blob = at->blob,
        .offset = at->offset + offset,
        .slot = output_slot(c, a->result),
        .size = (uint8_t)size,
        .shift = a->shift,
        .value = a->value,
    };
    g_array_append_val(c->p->patches, patch);
    return patch.slot != NO_SLOT;
}

static bool put(struct compiler *c, const struct seq_value *v, const struct seq_type *type,
                const struct span *at, uint32_t offset)
{
    struct seq_amount a;
    return seq_evaluate(&c->scope, v, type, 0, &a) && encode_amount(c, at, offset, type->size, &a);
}

/* For who looks at what calls change. */
static void note_shape(struct compiler *c, const struct span *at, uint32_t base, uint32_t n,
                       const struct structure *s, const struct seq_type *type)
{
    struct seq_shape shape = {
        .blob = at->blob,
        .offset = at->offset + base,
        .n = n,
        .structure = s,
        .size = s ? 0 : type->size,
        .format = s ? 0 : type->format,
    };
    g_array_append_val(c->p->shapes, shape);
}

/* --- structures ------------------------------------------------------------------------------ */

static bool encode_fields(struct compiler *c, const struct seq_value *v, const struct structure *s,
                          const struct span *at, uint32_t base, bool after_command);

struct field_names {
    const struct structure *s;
    unsigned at;
};

static const char *next_field(void *user)
{
    struct field_names *n = user;
    return n->at < n->s->nr_fields ? n->s->fields[n->at++].name : NULL;
}

static bool unknown_field(struct compiler *c, const struct seq_value *v, const struct structure *s)
{
    struct field_names names = {s, 0};
    g_autofree char *nearest = seq_nearest(v->label, next_field, &names);
    return seq_complain(&c->scope, v->pos, "expected a field of %s, found '%s'%s", s->name, v->label,
                        nearest);
}

static const struct seq_value *child(const struct seq_value *v, const char *label)
{
    for (const struct seq_value *f = v->first; f; f = f->next)
        if (f->label && strcmp(f->label, label) == 0)
            return f;
    return NULL;
}

static const struct field *field_named(const struct structure *s, const char *name)
{
    for (unsigned i = 0; i < s->nr_fields; i++)
        if (strcmp(s->fields[i].name, name) == 0)
            return &s->fields[i];
    return NULL;
}

/* What a pointer's count field says, for lists that end in "...". */
static uint32_t stated_count(struct compiler *c, const struct seq_value *v, const struct structure *s,
                             const struct field *f)
{
    const struct seq_type plain = {.size = 8};
    const struct seq_value *n = f->count ? child(v, f->count) : NULL;
    uint64_t count;
    if (!n)
        return s && f->count && field_named(s, f->count) ? 0 : 1;
    GError **error = c->scope.error;
    c->scope.error = NULL;
    bool known = seq_evaluate_constant(&c->scope, n, &plain, &count);
    c->scope.error = error;
    return known ? (uint32_t)MIN(count, ARENA_BYTES) : 0;
}

static bool encode_numbers(struct compiler *c, const struct seq_value *v, const struct field *f,
                           const struct seq_type *type, const struct span *at, uint32_t base)
{
    if (f->n == 1)
        return put(c, v, type, at, base);
    if (v->kind != SEQ_LIST)
        return seq_complain(&c->scope, v->pos, "expected a list of up to %u numbers, found %s", f->n,
                            seq_describe_value(v));
    unsigned i = 0;
    for (const struct seq_value *e = v->first; e; e = e->next, i++) {
        if (i == f->n)
            return seq_complain(&c->scope, e->pos, "expected no more than %u numbers for %s", f->n, f->name);
        if (!put(c, e, type, at, base + i * f->size))
            return false;
    }
    return true;
}

static bool encode_text(struct compiler *c, const struct seq_value *v, const struct field *f,
                        const struct span *at, uint32_t base)
{
    if ((v->kind != SEQ_TEXT && v->kind != SEQ_BYTES) || v->len > f->n)
        return seq_complain(&c->scope, v->pos, "expected text of up to %u bytes, found %s", f->n,
                            seq_describe_value(v));
    memcpy(blob_of(c, at->blob)->data + at->offset + base, v->data, v->len);
    return true;
}

static bool encode_field(struct compiler *c, const struct seq_value *parent, const struct seq_value *v,
                         const struct structure *s, const struct field *f, const struct span *at,
                         uint32_t base)
{
    struct seq_type type = {.size = f->size, .format = f->format, .is_signed = f->is_signed, .set = f->set};
    struct seq_amount word;
    switch ((enum field_kind)f->kind) {
    case FIELD_NUMBER:
        return encode_numbers(c, v, f, &type, at, base + f->offset);
    case FIELD_TEXT:
        return encode_text(c, v, f, at, base + f->offset);
    case FIELD_NESTED:
        if (v->kind != SEQ_STRUCT)
            return seq_complain(&c->scope, v->pos, "expected {...}, found %s", seq_describe_value(v));
        return encode_fields(c, v, f->target, at, base + f->offset, false);
    case FIELD_STRUCTS:
    case FIELD_NUMBERS:
        if (f->kind == FIELD_STRUCTS)
            type = (struct seq_type){.size = 4};
        return encode_pointer(c, v, f->kind == FIELD_STRUCTS ? f->target : NULL, &type,
                              stated_count(c, parent, s, f), &word) &&
               encode_amount(c, at, base + f->offset, 4, &word);
    }
    return false;
}

static bool encode_fields(struct compiler *c, const struct seq_value *v, const struct structure *s,
                          const struct span *at, uint32_t base, bool after_command)
{
    for (const struct seq_value *f = v->first; f; f = f->next) {
        if (!f->label)
            return seq_complain(&c->scope, f->pos, "expected the name of a field of %s and =", s->name);
        if (after_command && f == v->first)
            continue;
        const struct field *field = field_named(s, f->label);
        if (!field)
            return unknown_field(c, f, s);
        if (!encode_field(c, v, f, s, field, at, base))
            return false;
    }
    if (v->rest && v->offset)
        return seq_complain(&c->scope, v->pos, "expected all of it: %u were left out when it was written",
                            (unsigned)v->offset);
    return true;
}

/* --- pointers -------------------------------------------------------------------------------- */

static bool encode_raw(struct compiler *c, const struct seq_value *v, struct seq_amount *word)
{
    struct span at;
    if (v->rest)
        return seq_complain(&c->scope, v->pos,
                            "expected all of it: some bytes were left out when it was written");
    if (!encode_room(c, v, v->len, &at))
        return false;
    if (v->len)
        memcpy(blob_of(c, at.blob)->data + at.offset, v->data, v->len);
    *word = (struct seq_amount){.value = at.va};
    return true;
}

static uint32_t length_of(const struct seq_value *v)
{
    uint32_t n = 0;
    for (const struct seq_value *e = v->first; e; e = e->next)
        n++;
    return n;
}

static bool list_room(struct compiler *c, const struct seq_value *v, uint32_t size, uint32_t count,
                      struct span *at)
{
    if (v->rest && v->offset)
        return seq_complain(&c->scope, v->pos, "expected all elements: %u were left out when it was written",
                            (unsigned)v->offset);
    uint64_t n = length_of(v);
    if (v->rest)
        n = MAX(n, count);
    return encode_room(c, v, (uint32_t)MIN(n * size, UINT32_MAX), at);
}

static bool encode_list(struct compiler *c, const struct seq_value *v, const struct structure *target,
                        const struct seq_type *type, uint32_t count, struct seq_amount *word)
{
    struct span at;
    uint32_t size = target ? target->size : type->size, offset = 0;
    if (!list_room(c, v, size, count, &at))
        return false;
    note_shape(c, &at, 0, MAX(length_of(v), v->rest ? count : 0), target, type);
    for (const struct seq_value *e = v->first; e; e = e->next, offset += size) {
        if (target && e->kind != SEQ_STRUCT)
            return seq_complain(&c->scope, e->pos, "expected a structure %s, found %s", target->name,
                                seq_describe_value(e));
        if (target ? !encode_fields(c, e, target, &at, offset, false) : !put(c, e, type, &at, offset))
            return false;
    }
    *word = (struct seq_amount){.value = at.va};
    return true;
}

bool encode_pointer(struct compiler *c, const struct seq_value *v, const struct structure *target,
                    const struct seq_type *type, uint32_t count, struct seq_amount *word)
{
    const struct seq_type address = {.size = 4, .format = FORMAT_VA};
    struct span at;
    if (v->kind == SEQ_TEXT || v->kind == SEQ_BYTES)
        return encode_raw(c, v, word);
    if (v->kind == SEQ_LIST)
        return encode_list(c, v, target, type, count, word);
    if (v->kind != SEQ_STRUCT)
        return seq_evaluate(&c->scope, v, &address, 0, word);
    if (!target)
        return seq_complain(&c->scope, v->pos, "expected a list, bytes or an address, found {...}");
    if (!encode_room(c, v, target->size, &at) || !encode_fields(c, v, target, &at, 0, false))
        return false;
    note_shape(c, &at, 0, 1, target, NULL);
    *word = (struct seq_amount){.value = at.va};
    return true;
}

static bool encode_one_op(struct compiler *c, const struct seq_value *v, const struct argument *a,
                          const struct span *at, uint32_t base)
{
    const struct seq_type type = {.size = 4, .format = FORMAT_DEC, .commands = a->commands};
    uint64_t nr = 0;
    if (v->kind == SEQ_BYTES && v->len <= op_size(a)) {
        memcpy(blob_of(c, at->blob)->data + at->offset + base, v->data, v->len);
        return true;
    }
    const struct seq_value *cmd = v->kind == SEQ_STRUCT ? v->first : NULL;
    if (!cmd || !cmd->label || strcmp(cmd->label, "cmd") != 0)
        return seq_complain(&c->scope, v->pos, "expected {cmd=..., } of %s, found %s", a->commands->name,
                            seq_describe_value(v));
    if (!seq_evaluate_constant(&c->scope, cmd, &type, &nr))
        return false;
    store(c, at, base, 4, nr);
    const struct command *known = command_of(a->commands, (uint32_t)nr, c->scope.abi->xen);
    if (!known && cmd->next)
        return seq_complain(&c->scope, cmd->next->pos, "expected bytes instead: command %u is not known",
                            (unsigned)nr);
    if (known)
        note_shape(c, at, base + a->op_offset, 1, known->arg, NULL);
    return !known || encode_fields(c, v, known->arg, at, base + a->op_offset, true);
}

bool encode_op(struct compiler *c, const struct seq_value *v, const struct argument *a, uint32_t count,
               struct seq_amount *word)
{
    struct span at;
    uint32_t size = op_size(a), offset = 0;
    if (v->kind != SEQ_LIST && v->kind != SEQ_STRUCT) {
        const struct seq_type bytes = {.size = 1};
        return encode_pointer(c, v, NULL, &bytes, 0, word);
    }
    bool list = v->kind == SEQ_LIST;
    if (list ? !list_room(c, v, size, count, &at) : !encode_room(c, v, size, &at))
        return false;
    *word = (struct seq_amount){.value = at.va};
    if (!list)
        return encode_one_op(c, v, a, &at, 0);
    for (const struct seq_value *e = v->first; e; e = e->next, offset += size)
        if (!encode_one_op(c, e, a, &at, offset))
            return false;
    return true;
}

/* --- plain data ------------------------------------------------------------------------------- */

struct seq_type encode_own_type(const struct compiler *c, const struct seq_value *v)
{
    const struct seq_value *first = v->kind == SEQ_OR ? v->first : v;
    uint8_t entry = (uint8_t)c->scope.abi->pte_size;
    if (v->bytes)
        return (struct seq_type){.size = v->bytes, .format = FORMAT_HEX};
    bool is_entry = first->kind == SEQ_MFN || first->kind == SEQ_FRAME || first->kind == SEQ_MADDR;
    return is_entry ? (struct seq_type){.size = entry, .format = FORMAT_PTE}
                    : (struct seq_type){.size = 4, .format = FORMAT_HEX};
}

bool encode_data(struct compiler *c, const struct seq_value *v, const struct seq_type *type, GByteArray *out)
{
    uint64_t value;
    if (v->kind == SEQ_TEXT || v->kind == SEQ_BYTES) {
        g_byte_array_append(out, v->data, v->len);
        return true;
    }
    if (v->kind == SEQ_LIST) {
        for (const struct seq_value *e = v->first; e; e = e->next)
            if (!encode_data(c, e, type, out))
                return false;
        return true;
    }
    struct seq_type own = type ? *type : encode_own_type(c, v);
    if (!seq_evaluate_constant(&c->scope, v, &own, &value))
        return false;
    g_byte_array_append(out, (const guint8 *)&value, own.size);
    return true;
}
