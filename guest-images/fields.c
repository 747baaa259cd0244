/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fields - each field of each structure of each sub-operation, at the ends of its
 * range and where domains are named: what Xen answers, and which word it writes.
 * The structures are those that ring1 itself describes, in dispatch/abi/.
 */
#include "lib/measure.h"

static u32 buffer[1024] PAGE, target[1024] PAGE;

typedef signed short s16;

/* --- the tables ------------------------------------------------------------------------ */

enum format {
    DEC,
    HEX,
    VA,
    MFN,
    PFN,
    FRAME,
    PORT,
    DOMID,
    SELECTOR,
    NS,
    MADDR,
    MMU_PTR,
    MMU_VAL,
    NAMED,
    GUEST_POINTER
};
#define SET(set) NAMED

struct structure;
struct field {
    const char *name;
    u32 offset, size, format;
    const struct structure *nested;
};
struct structure {
    u32 size, nr;
    const struct field *fields;
};

#define STRUCT(name)                                    static const struct field fields_##name[] = {
#define FIELD(offset, type, name, format, direction)    {#name, offset, sizeof(type), format, 0},
#define ARRAY(offset, type, name, n, format, direction) {#name, offset, sizeof(type), format, 0},
#define TEXT(offset, name, n, direction)
#define POINTER(offset, name, target, count, direction)    {#name, offset, 4, GUEST_POINTER, 0},
#define LIST(offset, type, name, format, count, direction) {#name, offset, 4, GUEST_POINTER, 0},
#define NESTED(offset, target, name)                       {#name, offset, 0, DEC, &structure_##target},
#define VARIANT(offset, target, name, field, value)
#define END(name, bytes)                                                                                     \
    }                                                                                                        \
    ;                                                                                                        \
    static const struct structure structure_##name = {bytes, sizeof(fields_##name) / sizeof(struct field),   \
                                                      fields_##name};
#include "dispatch/abi/structs.def"

enum { RING1_XEN_2_0, RING1_XEN_3_0_0, RING1_XEN_3_0_4, RING1_XEN_3_2, RING1_XEN_4_17 };
struct command {
    u32 nr;
    const char *name;
    u32 from, to;
    const struct structure *arg;
};
#define COMMANDS(set)                      static const struct command commands_##set[] = {
#define COMMAND(nr, name, from, to, takes) {nr, #name, from, to, &structure_##takes},
#define ALWAYS(nr, name, from, to, takes)  COMMAND(nr, name, from, to, takes)
#define ENDCOMMANDS(set)                                                                                     \
    {                                                                                                        \
        0, 0, 0, 0, 0                                                                                        \
    }                                                                                                        \
    }                                                                                                        \
    ;
#include "dispatch/abi/commands.def"

/* --- asking ------------------------------------------------------------------------------- */

#define VCPU_OP   24u
#define MMUEXT_OP 26u /* the command is the first word of what is pointed to */

/* `skip`: bits of commands that would end the guest, wait, or change its ground. */
static const struct row {
    u32 nr;
    u64 skip;
    const struct command *commands;
    u32 count; /* third argument: how many */
} rows[] = {
    {12, 0, commands_memory_op, 0},
    {17, 0, commands_version, 0},
    {20, 1 << 8 | 1 << 9 | 1 << 10, commands_grant_table_op, 1},
    {VCPU_OP, 1 << 2 | 1 << 10 | 1 << 11, commands_vcpu_op, 0},
    {MMUEXT_OP, 0, commands_mmuext_op, 0},
    {28, 0, commands_nmi_op, 0},
    {29, 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 6, commands_sched_op, 0},
    {30, 0, commands_callback_op, 0},
    {32, 7 << 11, commands_evtchn_op, 0},
    {33, 0, commands_physdev_op, 0},
    {34, 0, commands_hvm_op, 0},
};

static void mend(void)
{
    extern char event_stub[], failsafe_stub[];
    u32 zero[2] = {0, 0}, port;

    hypercall(NR_set_callbacks, KERNEL_CS, (u32)event_stub, KERNEL_CS, (u32)failsafe_stub, 0);
    hypercall(28, 1, 0, 0, 0, 0);
    hypercall(33, 6, (u32)zero, 0, 0, 0);
    hypercall(33, 7, (u32)zero, 0, 0, 0);
    for (port = 1; port < 6; port++)
        hypercall(NR_event_channel_op, 3, (u32)&port, 0, 0, 0);
    hypercall(VCPU_OP, 7, 0, 0, 0, 0);
    hypercall(VCPU_OP, 9, 0, 0, 0, 0);
    mmuext(MMUEXT_SET_LDT, 0, 0);
    UPCALL_PENDING = 0;
    UPCALL_MASK = 1;
}

/* Pointers lead to a page of zeroes, and domains are the guest itself. */
static void fill_well(u8 *at, const struct structure *s)
{
    for (u32 i = 0; i < s->nr; i++) {
        const struct field *f = &s->fields[i];
        u32 self = 0x7FF0, page = (u32)target;
        if (f->nested)
            fill_well(at + f->offset, f->nested);
        else if (f->format == DOMID)
            memcpy(at + f->offset, &self, f->size);
        else if (f->format == GUEST_POINTER)
            memcpy(at + f->offset, &page, 4);
    }
}

static void brief(u32 value)
{
    if ((s32)value >= -200 && (s32)value < 10000)
        print(" %d", (s32)value);
    else
        print(" %x", value);
}

/* The answer, and the first word that the call wrote. */
static void answer(const struct row *r, const struct command *c, u32 vcpu)
{
    static u32 before[1024];
    u32 args[3] = {c->nr, (u32)buffer, r->count}, w;

    if (r->nr == VCPU_OP) {
        args[1] = vcpu;
        args[2] = (u32)buffer;
    }
    if (r->nr == MMUEXT_OP) {
        buffer[0] = c->nr;
        args[0] = (u32)buffer;
        args[1] = 1;
    }
    memcpy(before, buffer, PAGE_SIZE);
    brief((u32)hypercall(r->nr, args[0], args[1], args[2], r->nr == MMUEXT_OP ? 0x7FF0 : 0, 0));
    for (w = 0; w < 1024 && buffer[w] == before[w]; w++)
        ;
    if (w < 1024)
        print("+%u", w);
    mend();
}

static const u64 values[] = {0,          1,          2,          8,          0x7FF0, 0x7FF1,
                             0x7FF2,     0x7FFF,     0x8000,     0xFFFE,     0xFFFF, 0x1000,
                             0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, ~0ull};

/* Whether a value says something new in so many bytes. */
static int fits(u64 value, u32 size)
{
    return size == 8 || (size == 1 && (value <= 2 || value == 0xFFFE || value == 0xFFFF)) ||
           (size == 2 && value <= 0xFFFF) || (size == 4 && value <= 0xFFFFFFFF);
}

static void sweep_fields(const struct row *r, const struct command *c, const struct structure *s, u32 base,
                         const char *inside, int well)
{
    u32 start = r->nr == MMUEXT_OP ? 4 : 0;

    for (u32 i = 0; i < s->nr; i++) {
        const struct field *f = &s->fields[i];
        if (f->nested) {
            sweep_fields(r, c, f->nested, base + f->offset, f->name, well);
            continue;
        }
        print("got %s %s%s%s%s =", c->name, inside, inside[0] ? "." : "", f->name, well ? ", else well" : "");
        for (u32 v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
            if (!fits(values[v], f->size))
                continue;
            memset(buffer, 0, PAGE_SIZE);
            memset(target, 0, PAGE_SIZE);
            if (well)
                fill_well((u8 *)buffer + start, c->arg);
            memcpy((u8 *)buffer + start + base + f->offset, &values[v], f->size);
            answer(r, c, 0);
        }
        print("\n");
    }
}

void guest_main(void)
{
    set_up_measure();
    for (u32 i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (const struct command *c = rows[i].commands; c->name; c++) {
            if (c->to < RING1_XEN_4_17 || (rows[i].skip >> c->nr & 1))
                continue;
            sweep_fields(&rows[i], c, c->arg, 0, "", 0);
            sweep_fields(&rows[i], c, c->arg, 0, "", 1);
        }
    }
}
