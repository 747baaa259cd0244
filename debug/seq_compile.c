/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_compile.c - lines of a sequence become the ops of a program.
 */
#include "seq_compile.h"

#include <string.h>

#define ENTRY_BYTES 32u
/* What stands where an entry's result will be: a call that was not made is seen. */
#define NO_RESULT 0x5E9C0DE5u

static const struct seq_type word_type = {.size = 4, .format = FORMAT_HEX, .is_signed = true};

/* --- words of a call ------------------------------------------------------------------------- */

static void set_patch(struct compiler *c, uint32_t blob, uint32_t offset, uint32_t slot,
                      const struct seq_amount *a, bool high)
{
    struct seq_patch patch = {.blob = blob,
                              .offset = offset,
                              .slot = slot,
                              .size = 4,
                              .shift = a->shift,
                              .high = high,
                              .value = a->value};
    g_array_append_val(c->p->patches, patch);
}

static bool set_word(struct compiler *c, const struct seq_call *call, unsigned n, const struct seq_amount *a,
                     bool high)
{
    uint32_t value = (uint32_t)(high ? a->value >> 32 : a->value), slot;
    if (n >= MAX_HYPERCALL_ARGS)
        return true;
    uint32_t offset = call->entry ? call->list.offset + 4 * (c->scope.abi->multicall_arg + n) : n;
    if (call->entry)
        memcpy(((GByteArray *)g_ptr_array_index(c->blobs, call->list.blob))->data + offset, &value, 4);
    else
        c->op.word[n] = value;
    if (!a->result)
        return true;
    if ((slot = output_slot(c, a->result)) == NO_SLOT)
        return false;
    set_patch(c, call->entry ? call->list.blob : PATCH_WORD, offset, slot, a, high);
    return true;
}

static bool set_words(struct compiler *c, const struct seq_call *call, const struct argument *a,
                      const struct seq_amount *value)
{
    bool swapped = a->format == FORMAT_NS_HL;
    return set_word(c, call, a->word, value, swapped && a->words == 2) &&
           (a->words == 1 || set_word(c, call, a->word + 1u, value, !swapped));
}

/* --- which call ---------------------------------------------------------------------------------- */

struct row_names {
    const struct hypercall *rows;
    size_t nr, at;
    enum ring1_xen xen;
};

static const char *next_row(void *user)
{
    struct row_names *n = user;
    while (n->at < n->nr) {
        const struct hypercall *row = &n->rows[n->at++];
        if (n->xen >= row->from && n->xen <= row->to)
            return row->name;
    }
    return NULL;
}

static const struct hypercall *row_named(const struct abi *abi, const char *name)
{
    size_t nr;
    const struct hypercall *rows = hypercall_rows(&nr);
    for (size_t i = 0; i < nr; i++)
        if (strcmp(rows[i].name, name) == 0 && abi->xen >= rows[i].from && abi->xen <= rows[i].to)
            return &rows[i];
    return NULL;
}

static bool find_row(struct compiler *c, struct seq_call *call, uint32_t *nr)
{
    const struct seq_item *item = call->item;
    const struct abi *abi = c->scope.abi;
    *nr = item->number;
    if (!item->name) {
        call->row = hypercall_row(abi, item->number & abi->number_mask);
        return true;
    }
    call->row = row_named(abi, item->name);
    if (!call->row) {
        struct row_names names = {.xen = abi->xen};
        names.rows = hypercall_rows(&names.nr);
        g_autofree char *nearest = seq_nearest(item->name, next_row, &names);
        return seq_complain(&c->scope, item->pos, "expected a hypercall of Xen %s, found '%s'%s",
                            abi->xen_name, item->name, nearest);
    }
    if (item->has_number && (item->number & abi->number_mask) != call->row->nr)
        return seq_complain(&c->scope, item->pos,
                            "expected a number that Xen %s takes for %s, which is %u, found %u",
                            abi->xen_name, item->name, call->row->nr, item->number);
    if (!item->has_number)
        *nr = call->row->nr;
    char why[128];
    return signature_parse(call->row->signature, &call->signature, why, sizeof why) ||
           seq_complain(&c->scope, item->pos, "%s", why);
}

/* --- arguments ------------------------------------------------------------------------------------ */

static bool raw_arguments(struct compiler *c, struct seq_call *call)
{
    const struct seq_type numbers = {.size = 4, .format = FORMAT_HEX};
    unsigned n = 0;
    for (const struct seq_value *v = call->item->args; v; v = v->next, n++) {
        struct seq_amount word;
        if (n == MAX_HYPERCALL_ARGS)
            return seq_complain(&c->scope, v->pos, "expected at most %u arguments", MAX_HYPERCALL_ARGS);
        if (!encode_pointer(c, v, NULL, &numbers, 0, &word) || !set_word(c, call, n, &word, false))
            return false;
    }
    return true;
}

static bool count_arguments(struct compiler *c, const struct seq_call *call)
{
    const struct signature *s = &call->signature;
    unsigned n = 0;
    for (const struct seq_value *v = call->item->args; v; v = v->next)
        n++;
    if (n == s->nr)
        return true;
    g_autoptr(GString) names = g_string_new(NULL);
    for (unsigned i = 0; i < s->nr; i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "", s->arg[i].name);
    return seq_complain(&c->scope, call->item->pos, "expected %u argument%s of %s(%s), found %u", s->nr,
                        s->nr == 1 ? "" : "s", call->row->name, names->str, n);
}

/* So many elements as another argument says, for lists that end in "...". */
static uint32_t stated_count(struct compiler *c, const struct seq_call *call, const struct argument *a)
{
    const struct seq_type type = {.size = 8, .format = FORMAT_MMU_COUNT};
    const struct seq_value *v = call->item->args;
    uint64_t count = 0;
    if (a->count < 0)
        return 1;
    for (int i = 0; v && i < a->count; i++)
        v = v->next;
    GError **error = c->scope.error;
    c->scope.error = NULL;
    bool known = v && seq_evaluate_constant(&c->scope, v, &type, &count);
    c->scope.error = error;
    count &= 0x7FFFFFFFu;
    return known ? (uint32_t)(count / a->count_unit + (count % a->count_unit != 0)) : 0;
}

static bool command_argument(struct compiler *c, struct seq_call *call, const struct argument *a,
                             const struct seq_value *v, struct seq_amount *value)
{
    const struct seq_type type = {.size = 4, .format = FORMAT_DEC, .commands = a->commands};
    if (!seq_evaluate(&c->scope, v, &type, 0, value))
        return false;
    if (!value->result)
        call->command = command_of(a->commands, (uint32_t)value->value, c->scope.abi->xen);
    return true;
}

/* For outputs: which command an ARG_OP begins with. */
static void op_command(struct compiler *c, struct seq_call *call, const struct argument *a,
                       const struct seq_value *v)
{
    const struct seq_type type = {.size = 4, .format = FORMAT_DEC, .commands = a->commands};
    uint64_t nr;
    if (v->kind == SEQ_STRUCT && v->first && seq_evaluate_constant(&c->scope, v->first, &type, &nr))
        call->command = command_of(a->commands, (uint32_t)nr, c->scope.abi->xen);
}

static bool argument(struct compiler *c, struct seq_call *call, const struct argument *a,
                     const struct seq_value *v, struct seq_amount *value)
{
    const struct seq_type type = {.size = (uint8_t)(a->kind == ARG_NUMBER ? a->words * 4 : a->size),
                                  .format = a->format,
                                  .set = a->set};
    const struct seq_type bytes = {.size = 1, .format = FORMAT_HEX};
    const struct field *own =
        call->command && call->command->arg->nr_fields ? call->command->arg->fields : NULL;
    const struct seq_type value_type = {
        .size = 4, .format = own ? own->format : FORMAT_DEC, .set = own ? own->set : NULL};
    uint32_t count = stated_count(c, call, a);
    const struct structure *target = a->target;
    switch ((enum argument_kind)a->kind) {
    case ARG_NUMBER:
        if (v->kind == SEQ_TEXT || v->kind == SEQ_BYTES || v->kind == SEQ_LIST)
            return a->format == FORMAT_VA
                       ? encode_pointer(c, v, NULL, &word_type, count, value)
                       : seq_complain(&c->scope, v->pos, "expected a number for %s, found %s", a->name,
                                      seq_describe_value(v));
        return seq_evaluate(&c->scope, v, &type, 0, value);
    case ARG_VALUE:
        return seq_evaluate(&c->scope, v, &value_type, 0, value);
    case ARG_COMMAND:
        return command_argument(c, call, a, v, value);
    case ARG_OP:
        op_command(c, call, a, v);
        return encode_op(c, v, a, count, value);
    case ARG_BY_COMMAND:
        target = call->command && call->command->arg->size ? call->command->arg : NULL;
        if (target && is_bytes(target))
            return encode_pointer(c, v, NULL, &bytes, count, value);
        if (!target && v->kind == SEQ_STRUCT)
            return seq_complain(&c->scope, v->pos,
                                "expected NULL, an address or bytes: %s takes no structure",
                                call->command ? call->command->name : "an unknown command");
        return encode_pointer(c, v, target, &word_type, count, value);
    case ARG_STRUCTS:
        return encode_pointer(c, v, target, NULL, count, value);
    case ARG_NUMBERS:
        return encode_pointer(c, v, NULL, &type, count, value);
    case ARG_TEXT:
        return encode_pointer(c, v, NULL, &bytes, count, value);
    }
    return false;
}

static bool arguments(struct compiler *c, struct seq_call *call)
{
    const struct seq_value *v = call->item->args;
    if (!call->item->name)
        return raw_arguments(c, call);
    if (!count_arguments(c, call))
        return false;
    for (unsigned i = 0; i < call->signature.nr; i++, v = v->next) {
        struct seq_amount value;
        if (!argument(c, call, &call->signature.arg[i], v, &value) ||
            !set_words(c, call, &call->signature.arg[i], &value))
            return false;
    }
    return true;
}

static void name_result(struct compiler *c, const struct seq_call *call)
{
    if (call->item->result_name)
        g_hash_table_insert(c->named, (gpointer)call->item->result_name, g_memdup2(call, sizeof *call));
}

/* --- expected results ------------------------------------------------------------------------------ */

static bool expected_result(struct compiler *c, const struct seq_value *v, bool *any, struct seq_amount *a)
{
    int32_t err;
    *any = false;
    *a = (struct seq_amount){0};
    if (v->kind == SEQ_NAME && v->name[0] == '-') {
        if (!seq_errno(v->name, &err))
            return seq_complain(&c->scope, v->pos, "expected an errno that Xen has, found '%s'", v->name);
        a->value = (uint64_t)(int64_t)err;
        return true;
    }
    *any = v->kind == SEQ_ANY;
    return *any || seq_evaluate(&c->scope, v, &word_type, 0, a);
}

static bool call_result(struct compiler *c, const struct seq_value *v)
{
    struct seq_amount a;
    bool any;
    if (!v)
        return true;
    if (v->kind == SEQ_NAME && (strcmp(v->name, "crash") == 0 || strcmp(v->name, "shutdown") == 0)) {
        c->op.end = v->name[0] == 'c' ? SEQ_CRASH : SEQ_SHUTDOWN;
        return true;
    }
    if (!expected_result(c, v, &any, &a))
        return false;
    c->op.has_result = !any;
    c->op.result = (int32_t)a.value;
    return !a.result || (c->op.result_slot = output_slot(c, a.result)) != NO_SLOT;
}

static bool entry_result(struct compiler *c, const struct seq_call *call)
{
    struct seq_amount a;
    bool any;
    const struct seq_value *v = call->item->result;
    if (!v)
        return true;
    if (!expected_result(c, v, &any, &a) || any)
        return any;
    struct seq_check check = {
        .place = {.va = call->list.va + 4 * c->scope.abi->multicall_result, .size = 4, .is_signed = true},
        .value = v,
        .want = a.value,
        .slot = NO_SLOT,
        .entry = call->item,
        .entry_result = true,
    };
    if (a.result && (check.slot = output_slot(c, a.result)) == NO_SLOT)
        return false;
    g_array_append_val(c->p->checks, check);
    return true;
}

/* --- ops --------------------------------------------------------------------------------------------- */

static void begin_op(struct compiler *c, const struct seq_item *item)
{
    uint32_t arena = c->scope.w->arena.va;
    GByteArray *bytes = g_byte_array_new();
    c->op = (struct seq_op){
        .line = (uint8_t)item->line,
        .vcpu = (uint8_t)MAX(item->vcpu, 0),
        .item = item,
        .captures = NO_SLOT,
        .result_slot = NO_SLOT,
        .first_blob = c->p->blobs->len,
        .first_patch = c->p->patches->len,
        .first_check = c->p->checks->len,
        .first_shape = c->p->shapes->len,
    };
    g_ptr_array_set_size(c->blobs, 0);
    g_array_set_size(c->vas, 0);
    g_ptr_array_set_size(c->ats, 0);
    g_ptr_array_add(c->blobs, bytes);
    g_array_append_val(c->vas, arena);
    g_ptr_array_add(c->ats, NULL);
}

/* Blobs stay numbered as they are, so that patches find them. */
static void end_op(struct compiler *c)
{
    for (guint i = 0; i < c->blobs->len; i++) {
        const GByteArray *bytes = g_ptr_array_index(c->blobs, i);
        struct seq_blob blob = {g_array_index(c->vas, uint32_t, i), c->p->bytes->len, bytes->len};
        g_byte_array_append(c->p->bytes, bytes->data, bytes->len);
        g_array_append_val(c->p->blobs, blob);
    }
    c->op.nr_blobs = c->blobs->len;
    c->op.nr_patches = c->p->patches->len - c->op.first_patch;
    c->op.nr_checks = c->p->checks->len - c->op.first_check;
    c->op.nr_shapes = c->p->shapes->len - c->op.first_shape;
    if (c->op.nr_blobs == 1 && ((GByteArray *)g_ptr_array_index(c->blobs, 0))->len == 0)
        c->op.nr_blobs = 0;
    g_array_append_val(c->p->ops, c->op);
}

static bool compile_call(struct compiler *c, const struct seq_item *item)
{
    struct seq_call call = {.item = item, .op = c->p->ops->len};
    if (!find_row(c, &call, &c->op.nr) || !arguments(c, &call) || !call_result(c, item->result) ||
        !output_checks(c, &call))
        return false;
    c->op.row = call.row;
    name_result(c, &call);
    return true;
}

static bool compile_entry(struct compiler *c, const struct seq_item *item, const struct span *at)
{
    struct seq_call call = {.item = item, .op = c->p->ops->len, .entry = true, .list = *at};
    uint8_t *entry = ((GByteArray *)g_ptr_array_index(c->blobs, at->blob))->data + at->offset;
    uint32_t nr, none = NO_RESULT;
    if (!find_row(c, &call, &nr))
        return false;
    memcpy(entry, &nr, 4);
    memcpy(entry + 4 * c->scope.abi->multicall_result, &none, 4);
    guint first = c->p->checks->len;
    if (!arguments(c, &call) || !entry_result(c, &call) || !output_checks(c, &call))
        return false;
    for (guint i = first; i < c->p->checks->len; i++)
        g_array_index(c->p->checks, struct seq_check, i).entry = item;
    name_result(c, &call);
    return true;
}

static bool compile_multicall(struct compiler *c, const struct seq_item *item)
{
    struct seq_value list = {.kind = SEQ_LIST, .pos = item->pos, .at = item->address};
    struct span at;
    uint32_t n = 0;
    for (const struct seq_item *e = item->entries; e; e = e->next)
        n += e->line == SEQ_CALL;
    bool room = encode_room(c, &list, n * ENTRY_BYTES, &at);
    g_hash_table_remove(c->lies, &list);
    if (!room)
        return false;
    c->op.row = row_named(c->scope.abi, "multicall");
    c->op.nr = c->op.row->nr;
    c->op.word[0] = at.va;
    c->op.word[1] = n;
    for (const struct seq_item *e = item->entries; e; e = e->next) {
        if (e->line != SEQ_CALL)
            continue;
        if (!compile_entry(c, e, &at))
            return false;
        at.offset += ENTRY_BYTES;
        at.va += ENTRY_BYTES;
    }
    struct seq_call call = {.item = item, .op = c->p->ops->len, .row = c->op.row};
    if (!call_result(c, item->result))
        return false;
    name_result(c, &call);
    return true;
}

/* {0: mfn(1)|P, 4..7: 0}: entries of a table, or numbers of the size that they say, by
 * their numbers. Of a page, which has a machine address, all else is zero. */
static bool write_entries(struct compiler *c, const struct seq_value *v, uint32_t va, bool page)
{
    GByteArray *bytes = g_ptr_array_index(c->blobs, 0);
    uint32_t room = RING1_PAGE_SIZE - va % RING1_PAGE_SIZE, len = page ? room : 0;
    g_byte_array_set_size(bytes, room);
    memset(bytes->data, 0, room);
    for (const struct seq_value *e = v->first; e; e = e->next) {
        unsigned size = e->bytes ? e->bytes : c->scope.abi->pte_size;
        const struct seq_type type = {.size = (uint8_t)size, .format = e->bytes ? FORMAT_HEX : FORMAT_PTE};
        if (!e->has_key)
            return seq_complain(&c->scope, e->pos, "expected a number and : before it");
        if (((uint64_t)e->key_end + 1) * size > room)
            return seq_complain(&c->scope, e->pos, "expected a number below %u, found %u", room / size,
                                e->key_end);
        for (uint32_t key = e->key; key <= e->key_end; key++) {
            const struct span at = {0, key * size, 0};
            struct seq_amount a;
            if (!seq_evaluate(&c->scope, e, &type, key - e->key, &a) || !encode_amount(c, &at, 0, size, &a))
                return false;
        }
        len = MAX(len, (e->key_end + 1) * size);
    }
    g_byte_array_set_size(bytes, len);
    return true;
}

/* write, ptwrite: the first blob is what is written; its place may be a frame's. */
static bool compile_write(struct compiler *c, const struct seq_item *item)
{
    const struct seq_type address = {.size = 8, .format = FORMAT_VA};
    struct seq_amount a;
    if (!seq_evaluate(&c->scope, item->address, &address, 0, &a))
        return false;
    uint64_t va = a.value;
    c->op.ns = item->address->kind == SEQ_MADDR;
    c->op.word[0] = (uint32_t)va;
    c->op.word[1] = (uint32_t)(va >> 32);
    if (a.result) {
        uint32_t slot = output_slot(c, a.result);
        if (slot == NO_SLOT)
            return false;
        set_patch(c, PATCH_WORD, 0, slot, &a, false);
        set_patch(c, PATCH_WORD, 1, slot, &a, true);
    }
    GByteArray *bytes = g_ptr_array_index(c->blobs, 0);
    if (item->value->kind == SEQ_STRUCT)
        return write_entries(c, item->value, (uint32_t)va, c->op.ns != 0);
    bool number =
        item->value->kind != SEQ_TEXT && item->value->kind != SEQ_BYTES && item->value->kind != SEQ_LIST;
    if (!number)
        return encode_data(c, item->value, NULL, bytes);
    struct seq_type type = encode_own_type(c, item->value);
    if (item->line == SEQ_PTWRITE && !item->value->bytes)
        type = (struct seq_type){.size = (uint8_t)c->scope.abi->pte_size, .format = FORMAT_PTE};
    const struct span at = {0, 0, 0};
    g_byte_array_set_size(bytes, type.size);
    return seq_evaluate(&c->scope, item->value, &type, 0, &a) && encode_amount(c, &at, 0, type.size, &a);
}

static bool compile_time(struct compiler *c, const struct seq_item *item)
{
    const struct seq_type type = {.size = 8, .format = FORMAT_NS};
    return seq_evaluate_constant(&c->scope, item->value, &type, &c->op.ns);
}

static bool expect_value(struct compiler *c, const struct seq_value *v, struct seq_place *place)
{
    if (v->kind == SEQ_LIST) {
        for (const struct seq_value *e = v->first; e; e = e->next)
            if (!expect_value(c, e, place))
                return false;
        return true;
    }
    if (v->kind == SEQ_TEXT || v->kind == SEQ_BYTES) {
        bool ok = output_check_bytes(c, v, place, v->len, NULL);
        place->va += v->len;
        return ok;
    }
    struct seq_type type = encode_own_type(c, v);
    bool ok = output_check_number(c, v, &type, place, NULL);
    place->va += type.size;
    return ok;
}

static bool compile_expect(struct compiler *c, const struct seq_item *item)
{
    const struct seq_type address = {.size = 4, .format = FORMAT_VA};
    struct seq_place place = {0};
    uint64_t va;
    if (!seq_evaluate_constant(&c->scope, item->address, &address, &va))
        return false;
    place.va = (uint32_t)va;
    return expect_value(c, item->value, &place);
}

static bool compile_line(struct compiler *c, const struct seq_item *item)
{
    switch (item->line) {
    case SEQ_CALL:
        return compile_call(c, item);
    case SEQ_MULTICALL:
        return compile_multicall(c, item);
    case SEQ_WRITE:
    case SEQ_PTWRITE:
        return compile_write(c, item);
    case SEQ_TIME:
        return compile_time(c, item);
    default:
        return compile_expect(c, item);
    }
}

static bool compile_all(struct compiler *c)
{
    for (const struct seq_item *item = c->scope.s->first; item; item = item->next) {
        if (item->line < SEQ_CALL)
            continue;
        if (item->vcpu >= (int)c->scope.w->setup.nr_vcpus)
            return seq_complain(&c->scope, item->pos,
                                "expected a vcpu of the domain, which has %u, found v%d",
                                c->scope.w->setup.nr_vcpus, item->vcpu);
        begin_op(c, item);
        if (!compile_line(c, item) || !encode_is_apart(c))
            return false;
        end_op(c);
    }
    return true;
}

struct seq_program *seq_compile(const struct seq *s, const struct world *w, GError **error)
{
    struct seq_program *p = g_new0(struct seq_program, 1);
    p->seq = s;
    p->ops = g_array_new(FALSE, FALSE, sizeof(struct seq_op));
    p->bytes = g_byte_array_new();
    p->blobs = g_array_new(FALSE, FALSE, sizeof(struct seq_blob));
    p->patches = g_array_new(FALSE, FALSE, sizeof(struct seq_patch));
    p->checks = g_array_new(FALSE, FALSE, sizeof(struct seq_check));
    p->captures = g_array_new(FALSE, FALSE, sizeof(struct seq_capture));
    p->shapes = g_array_new(FALSE, FALSE, sizeof(struct seq_shape));
    struct compiler c = {.p = p};
    g_autoptr(GError) why = NULL;
    c.scope = (struct seq_scope){s, w->abi, w, seq_pages(s), &why};
    c.named = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    c.lies = g_hash_table_new(NULL, NULL);
    c.blobs = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    c.vas = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    c.ats = g_ptr_array_new();
    bool ok = compile_all(&c);
    g_hash_table_unref(c.scope.pages);
    g_hash_table_unref(c.named);
    g_hash_table_unref(c.lies);
    g_ptr_array_unref(c.blobs);
    g_array_unref(c.vas);
    g_ptr_array_unref(c.ats);
    if (ok)
        return p;
    g_propagate_error(error, g_steal_pointer(&why));
    seq_program_free(p);
    return NULL;
}

void seq_program_free(struct seq_program *p)
{
    if (!p)
        return;
    g_array_unref(p->ops);
    g_byte_array_unref(p->bytes);
    g_array_unref(p->blobs);
    g_array_unref(p->patches);
    g_array_unref(p->checks);
    g_array_unref(p->captures);
    g_array_unref(p->shapes);
    g_free(p);
}
