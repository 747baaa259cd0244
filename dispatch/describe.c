/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * describe.c - see describe.h: the tables that dispatch/abi/ makes, and signatures.
 */
#include "describe.h"

#include <stdlib.h>
#include <string.h>

/* --- sets --------------------------------------------------------------------------- */

#define ENUM(name)         static const struct value_name set_##name[] = {
#define FLAGS(name)        ENUM(name)
#define VALUE(value, name) {value, #name},
#define FLAG(value, name)  {value, #name},
#define ENDSET(name)                                                                                         \
    }                                                                                                        \
    ;
#include "abi/sets.def"

#define ENUM(name)                                                                                           \
    const struct value_set values_##name = {#name, false, G_N_ELEMENTS(set_##name), set_##name};
#define FLAGS(name)                                                                                          \
    const struct value_set values_##name = {#name, true, G_N_ELEMENTS(set_##name), set_##name};
#define VALUE(value, name)
#define FLAG(value, name)
#define ENDSET(name)
#include "abi/sets.def"

static const struct value_set *const sets[] = {
#define ENUM(name)  &values_##name,
#define FLAGS(name) &values_##name,
#define VALUE(value, name)
#define FLAG(value, name)
#define ENDSET(name)
#include "abi/sets.def"
};

/* --- structures --------------------------------------------------------------------- */

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t s16;
typedef int32_t s32;

/* FORMAT_DEC and its like are enum format's own. */
#define FORMAT_SET(s) FORMAT_NAMES, .set = &values_##s

#define STRUCT(name) static const struct field fields_##name[] = {
#define PLACE(offset_, name_, kind_, type_, n_, direction_)                                                  \
    .name = #name_, .kind = kind_, .size = sizeof(type_), .is_signed = (type_)-1 < 1, .offset = offset_,     \
    .n = n_, .direction = DIR_##direction_
#define FIELD(offset, type, name, format_, direction)                                                        \
    {PLACE(offset, name, FIELD_NUMBER, type, 1, direction), .format = FORMAT_##format_},
#define ARRAY(offset, type, name, n, format_, direction)                                                     \
    {PLACE(offset, name, FIELD_NUMBER, type, n, direction), .format = FORMAT_##format_},
#define TEXT(offset, name, n, direction) {PLACE(offset, name, FIELD_TEXT, u8, n, direction)},
#define POINTER(offset, name, target_, count_, direction)                                                    \
    {PLACE(offset, name, FIELD_STRUCTS, u32, 1, direction), .count = #count_, .target = &structure_##target_},
#define LIST(offset, type, name, format_, count_, direction)                                                 \
    {PLACE(offset, name, FIELD_NUMBERS, type, 1, direction), .count = #count_, .format = FORMAT_##format_},
#define NESTED(offset, target_, name)                                                                        \
    {PLACE(offset, name, FIELD_NESTED, u8, 1, IO), .target = &structure_##target_},
#define VARIANT(offset, target_, name, field_, value)                                                        \
    {PLACE(offset, name, FIELD_NESTED, u8, 1, IO), .target = &structure_##target_, .when = #field_,          \
     .when_is = value},
#define END(name_, bytes)                                                                                    \
    }                                                                                                        \
    ;                                                                                                        \
    static const struct structure structure_##name_ = {#name_, bytes, G_N_ELEMENTS(fields_##name_),          \
                                                       fields_##name_};
#include "abi/structs.def"
#undef PLACE

static const struct structure *const structures[] = {
#define STRUCT(name)
#define FIELD(offset, type, name, format, direction)
#define ARRAY(offset, type, name, n, format, direction)
#define TEXT(offset, name, n, direction)
#define POINTER(offset, name, target, count, direction)
#define LIST(offset, type, name, format, count, direction)
#define NESTED(offset, target, name)
#define VARIANT(offset, target, name, field, value)
#define END(name, bytes) &structure_##name,
#include "abi/structs.def"
};

/* --- commands ------------------------------------------------------------------------- */

#define COMMANDS(set)                      static const struct command commands_##set[] = {
#define COMMAND(nr, name, from, to, takes) {nr, #name, from, to, &structure_##takes, false},
#define ALWAYS(nr, name, from, to, takes)  {nr, #name, from, to, &structure_##takes, true},
#define ENDCOMMANDS(set)                                                                                     \
    }                                                                                                        \
    ;                                                                                                        \
    static const struct command_set command_set_##set = {#set, G_N_ELEMENTS(commands_##set), commands_##set};
#include "abi/commands.def"

static const struct command_set *const command_sets[] = {
#define COMMANDS(set)
#define COMMAND(nr, name, from, to, takes)
#define ALWAYS(nr, name, from, to, takes)
#define ENDCOMMANDS(set) &command_set_##set,
#include "abi/commands.def"
};

/* --- looking up ------------------------------------------------------------------------- */

/* All three kinds begin with their name. */
#define FIND(table, name_)                                                                                   \
    for (size_t i_ = 0; i_ < G_N_ELEMENTS(table); i_++)                                                      \
        if (strcmp((table)[i_]->name, name_) == 0)                                                           \
            return (table)[i_];                                                                              \
    return NULL

const struct value_set *describe_set(const char *name)
{
    FIND(sets, name);
}

const struct structure *describe_structure(const char *name)
{
    FIND(structures, name);
}

const struct command_set *describe_commands(const char *name)
{
    FIND(command_sets, name);
}

const struct value_set *const *describe_sets(unsigned *nr)
{
    *nr = G_N_ELEMENTS(sets);
    return sets;
}

const struct structure *const *describe_structures(unsigned *nr)
{
    *nr = G_N_ELEMENTS(structures);
    return structures;
}

const struct command_set *const *describe_command_sets(unsigned *nr)
{
    *nr = G_N_ELEMENTS(command_sets);
    return command_sets;
}

uint32_t command_mask(const struct command_set *set, enum ring1_xen xen)
{
    static const struct {
        const char *set;
        enum ring1_xen from, to;
        uint32_t mask;
    } masks[] = {
        {"sched_op_compat", RING1_XEN_2_0, RING1_XEN_2_0, 0xFF},
        {"dom_mem_op", RING1_XEN_2_0, RING1_XEN_2_0, 0xF},
        {"memory_op", RING1_XEN_3_0_0, RING1_XEN_3_2, 0xF},
        {"memory_op", RING1_XEN_4_17, RING1_XEN_4_17, 0x3F},
        {"grant_table_op", RING1_XEN_4_17, RING1_XEN_4_17, 0xFFF},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(masks); i++)
        if (xen >= masks[i].from && xen <= masks[i].to && strcmp(set->name, masks[i].set) == 0)
            return masks[i].mask;
    return UINT32_MAX;
}

const struct command *command_of(const struct command_set *set, uint32_t nr, enum ring1_xen xen)
{
    nr &= command_mask(set, xen);
    for (unsigned i = 0; i < set->nr; i++) {
        const struct command *c = &set->commands[i];
        if (c->nr == nr && xen >= c->from && xen <= c->to)
            return c;
    }
    return NULL;
}

const char *value_name(const struct value_set *set, int64_t value)
{
    for (unsigned i = 0; i < set->nr; i++)
        if (set->values[i].value == value)
            return set->values[i].name;
    return NULL;
}

unsigned op_size(const struct argument *arg)
{
    unsigned most = 0;
    for (unsigned i = 0; i < arg->commands->nr; i++)
        most = MAX(most, arg->commands->commands[i].arg->size);
    return arg->op_offset + most;
}

/* --- signatures ------------------------------------------------------------------------- */

static const struct scalar {
    const char *name;
    uint8_t format, bytes;
} scalars[] = {
    {"dec", FORMAT_DEC, 4},       {"hex", FORMAT_HEX, 4},           {"u32", FORMAT_DEC, 4},
    {"va", FORMAT_VA, 4},         {"mfn", FORMAT_MFN, 4},           {"pfn", FORMAT_PFN, 4},
    {"port", FORMAT_PORT, 4},     {"domid", FORMAT_DOMID, 4},       {"pte", FORMAT_PTE, 8},
    {"pte4", FORMAT_PTE, 4},      {"maddr", FORMAT_MADDR, 8},       {"maddr4", FORMAT_MADDR, 4},
    {"ns", FORMAT_NS, 8},         {"ns_hl", FORMAT_NS_HL, 8},       {"mmu_count", FORMAT_MMU_COUNT, 4},
    {"uvm", FORMAT_UVM_FLAGS, 4}, {"selector", FORMAT_SELECTOR, 4}, {"descriptor", FORMAT_DESCRIPTOR, 8},
};

struct parser {
    const char *text, *at;
    struct signature *out;
    const struct command_set *commands; /* of the last argument that is a command */
    unsigned word;
    char *error;
    size_t error_size;
};

static bool expected(const struct parser *p, const char *what)
{
    g_snprintf(p->error, p->error_size, "\"%s\", column %u: expected %s", p->text,
               (unsigned)(p->at - p->text) + 1, what);
    return false;
}

static bool take(struct parser *p, char c)
{
    if (*p->at != c)
        return false;
    p->at++;
    return true;
}

static bool take_name(struct parser *p, char *name, size_t size)
{
    size_t len = strspn(p->at, "abcdefghijklmnopqrstuvwxyz_0123456789?");
    if (len == 0 || len >= size)
        return expected(p, "a name");
    memcpy(name, p->at, len);
    name[len] = '\0';
    p->at += len;
    return true;
}

static bool take_number(struct parser *p, unsigned long max, unsigned *value)
{
    char *end;
    unsigned long n = strtoul(p->at, &end, 10);
    if (end == p->at || n > max)
        return expected(p, "a number");
    *value = (unsigned)n;
    p->at = end;
    return true;
}

static const struct scalar *find_scalar(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(scalars); i++)
        if (strcmp(name, scalars[i].name) == 0)
            return &scalars[i];
    return NULL;
}

static bool find_type(struct parser *p, struct argument *a, const char *name)
{
    const struct scalar *scalar = find_scalar(name);
    a->size = 4;
    a->words = 1;
    a->format = FORMAT_DEC;
    if (name[0] == '\0')
        return true;
    if (scalar) {
        a->format = scalar->format;
        a->size = scalar->bytes;
        a->words = a->size / 4;
        return true;
    }
    if (strcmp(name, "text") == 0)
        a->kind = ARG_TEXT;
    else if (strcmp(name, "?") == 0)
        a->kind = ARG_BY_COMMAND;
    else if ((a->commands = describe_commands(name)))
        a->kind = ARG_COMMAND;
    else if ((a->target = describe_structure(name)))
        a->kind = ARG_STRUCTS;
    else if ((a->set = describe_set(name)))
        a->format = FORMAT_NAMES;
    else
        return expected(p, "a type before here");
    return true;
}

/* "[]", "[count]", "[count/n]": the argument may stand behind this one. */
static bool take_count(struct parser *p, struct argument *a, char *count, size_t size)
{
    unsigned unit = 1;
    if (!take(p, '['))
        return true;
    if (take(p, ']')) {
        a->count = COUNT_TO_ZERO;
        return true;
    }
    if (!take_name(p, count, size) || (take(p, '/') && !take_number(p, UINT16_MAX, &unit)))
        return false;
    a->count_unit = (uint16_t)MAX(unit, 1);
    return take(p, ']') || expected(p, "]");
}

static bool take_pointer(struct parser *p, struct argument *a, char *count, size_t size)
{
    if (!take(p, '*')) {
        if (a->kind == ARG_BY_COMMAND)
            a->kind = ARG_VALUE;
        return a->kind == ARG_VALUE || a->kind == ARG_NUMBER || a->kind == ARG_COMMAND || expected(p, "*");
    }
    a->words = 1;
    if (a->kind == ARG_NUMBER)
        a->kind = ARG_NUMBERS;
    if (!take_count(p, a, count, size))
        return false;
    a->direction = take(p, '>') ? DIR_OUT : DIR_IN;
    return true;
}

static bool take_argument(struct parser *p, struct argument *a, char *count, size_t size)
{
    char type[32] = "";
    unsigned offset;
    *a =
        (struct argument){.count = COUNT_ONE, .count_unit = 1, .direction = DIR_IN, .word = (uint8_t)p->word};
    if (!take_name(p, a->name, sizeof a->name) || (take(p, ':') && !take_name(p, type, sizeof type)) ||
        !find_type(p, a, type))
        return false;
    if (take(p, '@')) {
        if (a->kind != ARG_COMMAND || !take_number(p, 16, &offset))
            return expected(p, "a set of commands, and an offset up to 16");
        a->kind = ARG_OP;
        a->op_offset = (uint8_t)offset;
    }
    if (a->kind == ARG_COMMAND)
        p->commands = a->commands;
    if (a->kind == ARG_BY_COMMAND && !(a->commands = p->commands))
        return expected(p, "a command before it");
    return take_pointer(p, a, count, size);
}

static bool resolve_counts(struct parser *p, char counts[][16])
{
    struct signature *s = p->out;
    for (unsigned i = 0; i < s->nr; i++) {
        for (unsigned k = 0; k < s->nr; k++)
            if (strcmp(counts[i], s->arg[k].name) == 0)
                s->arg[i].count = (int8_t)k;
        if (counts[i][0] && s->arg[i].count == COUNT_ONE)
            return expected(p, "an argument that is a count");
    }
    return true;
}

/* " = type", at the end or in the place of arguments. */
static bool take_result(struct parser *p)
{
    char type[32] = "";
    if (strncmp(p->at, " = ", 3) != 0)
        return true;
    p->at += 3;
    if (!take_name(p, type, sizeof type))
        return false;
    const struct scalar *scalar = find_scalar(type);
    if (!scalar || *p->at)
        return expected(p, scalar ? "nothing more" : "a format before here");
    p->out->returns_value = true;
    p->out->result = scalar->format;
    return true;
}

bool signature_parse(const char *text, struct signature *out, char *error, size_t size)
{
    struct parser p = {.text = text, .at = text, .out = out, .error = error, .error_size = size};
    char counts[MAX_HYPERCALL_ARGS][16] = {""};
    *out = (struct signature){0};
    while (*p.at && *p.at != ' ') {
        if (out->nr == MAX_HYPERCALL_ARGS || p.word >= MAX_HYPERCALL_ARGS)
            return expected(&p, "no more arguments");
        struct argument *a = &out->arg[out->nr];
        if (!take_argument(&p, a, counts[out->nr], sizeof counts[0]))
            return false;
        out->nr++;
        p.word += a->words;
        if (*p.at && *p.at != ' ' && !(take(&p, ',') && take(&p, ' ')))
            return expected(&p, "\", \"");
    }
    if (!take_result(&p))
        return false;
    return (*p.at == '\0' || expected(&p, "\" = \" and a format")) && resolve_counts(&p, counts);
}

bool is_refusal(const struct hypercall *row, int32_t result)
{
    struct signature s;
    return result < 0 && errno_name(result) &&
           !(row && signature_parse(row->signature, &s, NULL, 0) && s.returns_value);
}
