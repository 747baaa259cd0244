/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * describe.h - what hypercalls take, as data: arguments, structures, sub-operations,
 * names of numbers. Whoever shows calls, reads them from text or makes them up goes
 * by this and has no list of his own. The sources are hypercalls.def (a row's
 * signature) and the .def files of dispatch/abi/.
 *
 * A signature names a row's argument words: "reqs:mmu_request*[count], count,
 * pdone:u32*>, foreigndom:domid".
 *
 *   argument := name [":" type] ["@" n] ["*" ["[" [count ["/" n]] "]"] [">"]]
 *
 * type   a format, a set, a structure, a set of commands, or "?": what the command
 *        that stands before it takes, by a pointer or as it is. Without one: a number.
 * @n     a structure that begins with its own command, which takes what is at n
 * *      a pointer into the guest; [count]: to so many, by another argument (/n: by
 *        the n-th part of it, rounded up); []: up to one whose last word is 0;
 *        >: Xen writes there
 * A type of 8 bytes takes two words, the low one first. " = TYPE" at the end: what the
 * hypercall returns is a value of that format and never an errno.
 */
#ifndef DISPATCH_DESCRIBE_H
#define DISPATCH_DESCRIBE_H

#include "hypercall.h"

/* How a number is to be shown. */
enum format {
    FORMAT_DEC, /* decimal when small */
    FORMAT_HEX,
    FORMAT_VA,
    FORMAT_MFN,
    FORMAT_PFN,
    FORMAT_FRAME, /* pfn before, mfn after */
    FORMAT_MADDR,
    FORMAT_PORT,
    FORMAT_DOMID,
    FORMAT_SELECTOR,
    FORMAT_NS,    /* system time or a span of it */
    FORMAT_NS_HL, /* the same in two words, the high one first */
    FORMAT_PTE,
    FORMAT_DESCRIPTOR,
    FORMAT_MMU_PTR,   /* mmu_update: machine address and command */
    FORMAT_MMU_VAL,   /* what it means depends on that */
    FORMAT_MMU_COUNT, /* with MMU_UPDATE_PREEMPTED */
    FORMAT_UVM_FLAGS,
    FORMAT_NAMES, /* of `set` */
};

/* Names of values, or of flags. */
struct value_name {
    int64_t value;
    const char *name;
};
struct value_set {
    const char *name;
    bool flags; /* a number has several of them */
    unsigned nr;
    const struct value_name *values;
};

/* values_NAME: each set of sets.def. */
#define ENUM(name)  extern const struct value_set values_##name;
#define FLAGS(name) extern const struct value_set values_##name;
#define VALUE(value, name)
#define FLAG(value, name)
#define ENDSET(name)
#include "abi/sets.def"

enum direction { DIR_IN = 1, DIR_OUT = 2, DIR_IO = 3 };

enum field_kind {
    FIELD_NUMBER,  /* n of them in a row; 1: no array */
    FIELD_TEXT,    /* n bytes */
    FIELD_NESTED,  /* `target` stands here */
    FIELD_STRUCTS, /* a pointer to structures */
    FIELD_NUMBERS, /* a pointer to numbers */
};

struct structure;
struct field {
    const char *name;
    uint8_t kind; /* enum field_kind */
    uint8_t size; /* of a number, in bytes */
    bool is_signed;
    uint8_t format;    /* enum format */
    uint8_t direction; /* enum direction */
    uint16_t offset;
    uint16_t n;
    const char *count; /* of a pointer: the field that has it; "1" */
    const struct value_set *set;
    const struct structure *target;
    const char *when; /* of a variant: it stands here when that field is `when_is`; else NULL */
    uint32_t when_is;
};
struct structure {
    const char *name;
    uint16_t size;
    uint16_t nr_fields;
    const struct field *fields;
};

struct command {
    uint32_t nr;
    const char *name;
    enum ring1_xen from, to;
    const struct structure *arg; /* of size 0: it takes none */
    bool always;                 /* it is given back even when the call fails */
};
struct command_set {
    const char *name;
    unsigned nr;
    const struct command *commands;
};

#define COUNT_ONE     (-1)
#define COUNT_TO_ZERO (-2) /* up to an element whose last word is 0 */

/* One argument of a row. */
enum argument_kind {
    ARG_NUMBER,
    ARG_COMMAND,    /* a number of `commands` */
    ARG_BY_COMMAND, /* a pointer to what that command takes */
    ARG_OP,         /* a pointer to a command and, at `op_offset`, what it takes */
    ARG_STRUCTS,    /* a pointer to structures */
    ARG_NUMBERS,    /* a pointer to numbers */
    ARG_TEXT,       /* a pointer to bytes */
    ARG_VALUE,      /* what that command takes, itself: of one number */
};
struct argument {
    char name[16];
    uint8_t kind;  /* enum argument_kind */
    uint8_t word;  /* its first register: 0 is EBX */
    uint8_t words; /* 1 or 2 */
    uint8_t size;  /* ARG_NUMBERS: of one, in bytes */
    uint8_t format;
    uint8_t direction;
    uint8_t op_offset;
    int8_t count;        /* index of the argument that has it, or COUNT_* */
    uint16_t count_unit; /* so many of that are one */
    const struct value_set *set;
    const struct command_set *commands;
    const struct structure *target;
};
struct signature {
    unsigned nr;
    struct argument arg[MAX_HYPERCALL_ARGS];
    bool returns_value; /* of `result`; else 0, a count, or -errno */
    uint8_t result;     /* enum format */
};

/* By name; NULL: there is none. */
const struct value_set *describe_set(const char *name);
const struct structure *describe_structure(const char *name);
const struct command_set *describe_commands(const char *name);

/* Everything there is, for tests and generators. */
const struct value_set *const *describe_sets(unsigned *nr);
const struct structure *const *describe_structures(unsigned *nr);
const struct command_set *const *describe_command_sets(unsigned *nr);

/* The command of a Xen, or NULL; `nr` as the guest gave it, command_mask's bits of
 * which are its number. What stands above them is where a call goes on, and for 2.0's
 * sched_op the reason. */
const struct command *command_of(const struct command_set *set, uint32_t nr, enum ring1_xen xen);
uint32_t command_mask(const struct command_set *set, enum ring1_xen xen);

/* The name of a value, NULL when it has none. */
const char *value_name(const struct value_set *set, int64_t value);

/* Text, as long as a count says: bytes_in and bytes_out. */
static inline bool is_bytes(const struct structure *s)
{
    return s->size == 1 && s->nr_fields == 1 && s->fields[0].kind == FIELD_TEXT;
}

/* Bytes of one element behind a pointer to commands (ARG_OP). */
unsigned op_size(const struct argument *arg);

/* Take a row's signature apart. False: it is not well formed; `error`, of `size`
 * bytes, says where. */
bool signature_parse(const char *text, struct signature *out, char *error, size_t size);

/* What the row returns is refused with an errno: get_debugreg and iret return values
 * that may look like one. */
bool is_refusal(const struct hypercall *row, int32_t result);

#endif
