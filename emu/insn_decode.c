/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * insn_decode.c - what an instruction touches in memory. Capstone gives length
 * and explicit operands; stack, strings and the operands whose size it does not
 * know are in tables here, by opcode (Intel SDM 2).
 */
#include "insn_decode.h"

#include <string.h>

enum { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI };

/* What an opcode touches without saying so. Words are of operand size. */
enum implicit {
    IMPLICIT_NONE,
    PUSHES, /* `words` below ESP */
    POPS,   /* `words` from ESP up, at most */
    LEAVES, /* one word at EBP */
    ENTERS,
    SOURCE,      /* [ESI], segment may be overridden */
    DESTINATION, /* ES:[EDI], written */
    COMPARED,    /* ES:[EDI], read */
    BOTH,        /* MOVS */
    BOTH_READ,   /* CMPS */
    XLAT,
    MASKMOV, /* DS:[EDI], written */
    BIT_STRING,
};

#define ANY_REG 8u

/* Opcodes first..last, with `reg` in ModRM (ANY_REG: not looked at). */
struct implicit_row {
    uint16_t first, last;
    uint8_t reg;
    enum implicit kind;
    uint8_t words;
};

static const struct implicit_row IMPLICIT[] = {
    {0x06, 0x06, ANY_REG, PUSHES, 1},
    {0x07, 0x07, ANY_REG, POPS, 1},
    {0x0E, 0x0E, ANY_REG, PUSHES, 1},
    {0x16, 0x16, ANY_REG, PUSHES, 1},
    {0x17, 0x17, ANY_REG, POPS, 1},
    {0x1E, 0x1E, ANY_REG, PUSHES, 1},
    {0x1F, 0x1F, ANY_REG, POPS, 1},
    {0x50, 0x57, ANY_REG, PUSHES, 1},
    {0x58, 0x5F, ANY_REG, POPS, 1},
    {0x60, 0x60, ANY_REG, PUSHES, 8},
    {0x61, 0x61, ANY_REG, POPS, 8},
    {0x68, 0x68, ANY_REG, PUSHES, 1},
    {0x6A, 0x6A, ANY_REG, PUSHES, 1},
    {0x6C, 0x6D, ANY_REG, DESTINATION, 0},
    {0x6E, 0x6F, ANY_REG, SOURCE, 0},
    {0x8F, 0x8F, 0, POPS, 1},
    {0x9A, 0x9A, ANY_REG, PUSHES, 2},
    {0x9C, 0x9C, ANY_REG, PUSHES, 1},
    {0x9D, 0x9D, ANY_REG, POPS, 1},
    {0xA4, 0xA5, ANY_REG, BOTH, 0},
    {0xA6, 0xA7, ANY_REG, BOTH_READ, 0},
    {0xAA, 0xAB, ANY_REG, DESTINATION, 0},
    {0xAC, 0xAD, ANY_REG, SOURCE, 0},
    {0xAE, 0xAF, ANY_REG, COMPARED, 0},
    {0xC2, 0xC3, ANY_REG, POPS, 1},
    {0xC8, 0xC8, ANY_REG, ENTERS, 0},
    {0xC9, 0xC9, ANY_REG, LEAVES, 1},
    {0xCA, 0xCB, ANY_REG, POPS, 4}, /* RETF, outer ring */
    {0xCF, 0xCF, ANY_REG, POPS, 5}, /* IRET, outer ring */
    {0xD7, 0xD7, ANY_REG, XLAT, 0},
    {0xE8, 0xE8, ANY_REG, PUSHES, 1},
    {0xFF, 0xFF, 2, PUSHES, 1},
    {0xFF, 0xFF, 3, PUSHES, 2},
    {0xFF, 0xFF, 6, PUSHES, 1},
    {0x0FA0, 0x0FA0, ANY_REG, PUSHES, 1},
    {0x0FA1, 0x0FA1, ANY_REG, POPS, 1},
    {0x0FA3, 0x0FA3, ANY_REG, BIT_STRING, 0},
    {0x0FA8, 0x0FA8, ANY_REG, PUSHES, 1},
    {0x0FA9, 0x0FA9, ANY_REG, POPS, 1},
    {0x0FAB, 0x0FAB, ANY_REG, BIT_STRING, 0},
    {0x0FB3, 0x0FB3, ANY_REG, BIT_STRING, 0},
    {0x0FBB, 0x0FBB, ANY_REG, BIT_STRING, 0},
    {0x0FF7, 0x0FF7, ANY_REG, MASKMOV, 0},
};

/* Explicit operands whose size is not to be had from Capstone. */
struct size_row {
    uint16_t opcode;
    uint8_t reg;
    uint16_t size16, size32; /* by operand size */
};

static const struct size_row SIZES[] = {
    {0x62, ANY_REG, 4, 8},     /* BOUND */
    {0xC4, ANY_REG, 4, 6},     /* LES */
    {0xC5, ANY_REG, 4, 6},     /* LDS */
    {0xD9, 4, 14, 28},         /* FLDENV */
    {0xD9, 6, 14, 28},         /* FNSTENV */
    {0xDB, 5, 10, 10},         /* FLD m80 */
    {0xDB, 7, 10, 10},         /* FSTP m80 */
    {0xDD, 4, 94, 108},        /* FRSTOR */
    {0xDD, 6, 94, 108},        /* FNSAVE */
    {0xDF, 4, 10, 10},         /* FBLD */
    {0xDF, 6, 10, 10},         /* FBSTP */
    {0xFF, 3, 4, 6},           /* CALL far */
    {0xFF, 5, 4, 6},           /* JMP far */
    {0x0F01, 0, 6, 6},         /* SGDT */
    {0x0F01, 1, 6, 6},         /* SIDT */
    {0x0F01, 2, 6, 6},         /* LGDT */
    {0x0F01, 3, 6, 6},         /* LIDT */
    {0x0F2C, ANY_REG, 16, 16}, /* CVTT..., some of them 8 */
    {0x0F2D, ANY_REG, 16, 16}, /* CVT..., the same */
    {0x0F5A, ANY_REG, 16, 16}, /* CVT..., the same */
    {0x0FAE, 0, 512, 512},     /* FXSAVE */
    {0x0FAE, 1, 512, 512},     /* FXRSTOR */
    {0x0FB2, ANY_REG, 4, 6},   /* LSS */
    {0x0FB4, ANY_REG, 4, 6},   /* LFS */
    {0x0FB5, ANY_REG, 4, 6},   /* LGS */
    {0x0FC7, 1, 8, 8},         /* CMPXCHG8B */
};

/* Read the prefixes and the opcode. False: the bytes end before it. */
static bool decode_prefixes(struct insn *in)
{
    static const struct {
        uint8_t byte;
        int8_t segment;
    } OVERRIDES[] = {{0x26, SEG_ES}, {0x2E, SEG_CS}, {0x36, SEG_SS},
                     {0x3E, SEG_DS}, {0x64, SEG_FS}, {0x65, SEG_GS}};
    bool operand = false, address = false;
    unsigned i;
    for (i = 0; i < in->fetched; i++) {
        uint8_t b = in->bytes[i];
        bool prefix = true;
        if (b == 0x66)
            operand = true;
        else if (b == 0x67)
            address = true;
        else if (b == 0xF0)
            in->lock = true;
        else if (b == 0xF2 || b == 0xF3)
            in->rep = b == 0xF3, in->repne = b == 0xF2;
        else
            prefix = false;
        for (unsigned k = 0; k < G_N_ELEMENTS(OVERRIDES) && !prefix; k++) {
            if (b == OVERRIDES[k].byte) {
                in->override = OVERRIDES[k].segment;
                prefix = true;
            }
        }
        if (!prefix)
            break;
    }
    in->prefixes = (uint8_t)i;
    in->operand_size = in->code32 != operand ? 4 : 2;
    in->address_size = in->code32 != address ? 4 : 2;
    if (i == in->fetched)
        return false;
    in->opcode = in->bytes[i++];
    if (in->opcode == 0x0F) {
        if (i == in->fetched)
            return false;
        in->opcode = (uint16_t)(0x0F00u | in->bytes[i++]);
    }
    in->modrm = i < in->fetched ? in->bytes[i] : 0;
    return true;
}

static struct insn_operand *add_operand(struct insn *in)
{
    if (in->nr_operands == INSN_MAX_OPERANDS)
        return NULL;
    struct insn_operand *op = &in->operands[in->nr_operands++];
    *op = (struct insn_operand){.base = -1, .index = -1, .bit = -1, .scale = 1, .segment = SEG_DS};
    op->wide = in->address_size == 4;
    return op;
}

static void add_stack(struct insn *in, int8_t base, int32_t displacement, uint32_t size, bool write)
{
    struct insn_operand *op = add_operand(in);
    if (!op)
        return;
    op->base = base;
    op->displacement = (uint32_t)displacement;
    op->segment = SEG_SS;
    op->implicit_stack = true;
    op->size = (uint16_t)size;
    op->reads = !write;
    op->writes = write;
}

static void add_pointer(struct insn *in, int8_t base, bool overridable, uint16_t size, bool write)
{
    struct insn_operand *op = add_operand(in);
    if (!op)
        return;
    op->base = base;
    op->segment = overridable ? (in->override >= 0 ? (uint8_t)in->override : SEG_DS) : SEG_ES;
    op->size = size;
    op->reads = !write;
    op->writes = write;
}

/* ENTER: a push of EBP, copies of the outer frames' pointers, a new pointer. */
static void add_enter(struct insn *in)
{
    unsigned level = in->length >= 4 ? in->bytes[in->length - 1] & 31u : 0;
    int32_t word = in->operand_size;
    add_stack(in, ESP, -word, (uint32_t)word, true);
    if (level > 1)
        add_stack(in, EBP, -word * (int32_t)(level - 1), (uint32_t)word * (level - 1), false);
    if (level > 0)
        add_stack(in, ESP, -word * (int32_t)(level + 1), (uint32_t)word * level, true);
}

/* XLAT reads [EBX + AL]. */
static void add_xlat(struct insn *in)
{
    add_pointer(in, EBX, true, 1, false);
    in->operands[in->nr_operands - 1].index = INSN_INDEX_AL;
}

static void add_implicit(struct insn *in, const struct implicit_row *row)
{
    int32_t word = in->operand_size;
    uint16_t element = in->opcode & 1 ? in->operand_size : 1;
    switch (row->kind) {
    case PUSHES:
        if (row->words == 2) /* CALL far: CS goes first */
            add_stack(in, ESP, -word, (uint32_t)word, true);
        add_stack(in, ESP, -word * row->words, (uint32_t)word * row->words, true);
        break;
    case POPS:
        add_stack(in, ESP, 0, (uint32_t)word * row->words, false);
        break;
    case LEAVES:
        add_stack(in, EBP, 0, (uint32_t)word, false);
        break;
    case ENTERS:
        add_enter(in);
        break;
    case SOURCE:
        add_pointer(in, ESI, true, element, false);
        break;
    case DESTINATION:
    case COMPARED:
        add_pointer(in, EDI, false, element, row->kind == DESTINATION);
        break;
    case BOTH:
    case BOTH_READ:
        add_pointer(in, ESI, true, element, false);
        add_pointer(in, EDI, false, element, row->kind == BOTH);
        break;
    case XLAT:
        add_xlat(in);
        break;
    case MASKMOV:
        add_pointer(in, EDI, true, 16, true);
        break;
    case IMPLICIT_NONE:
    case BIT_STRING:
        break;
    }
}

static bool is_string(enum implicit kind)
{
    return kind >= SOURCE && kind <= MASKMOV;
}

static int8_t register_number(unsigned reg)
{
    static const uint16_t NAMES[8][2] = {
        {X86_REG_EAX, X86_REG_AX}, {X86_REG_ECX, X86_REG_CX}, {X86_REG_EDX, X86_REG_DX},
        {X86_REG_EBX, X86_REG_BX}, {X86_REG_ESP, X86_REG_SP}, {X86_REG_EBP, X86_REG_BP},
        {X86_REG_ESI, X86_REG_SI}, {X86_REG_EDI, X86_REG_DI},
    };
    for (int8_t n = 0; n < 8; n++) {
        if (NAMES[n][0] == reg || NAMES[n][1] == reg)
            return n;
    }
    return -1;
}

static uint16_t operand_size(const struct insn *in, uint8_t from_capstone)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(SIZES); i++) {
        const struct size_row *row = &SIZES[i];
        if (row->opcode == in->opcode && (row->reg == ANY_REG || row->reg == insn_modrm_reg(in)))
            return in->operand_size == 2 ? row->size16 : row->size32;
    }
    return from_capstone ? from_capstone : 1;
}

/* The operand that ModRM (or MOV's absolute address) names. */
static void add_explicit(struct insn *in, const cs_x86_op *mem, enum implicit kind)
{
    struct insn_operand *op = add_operand(in);
    if (!op)
        return;
    op->base = register_number(mem->mem.base);
    op->index = register_number(mem->mem.index);
    op->scale = (uint8_t)MAX(mem->mem.scale, 1);
    op->displacement = (uint32_t)mem->mem.disp;
    op->segment = in->override >= 0                    ? (uint8_t)in->override
                  : op->base == ESP || op->base == EBP ? SEG_SS
                                                       : SEG_DS;
    op->size = operand_size(in, mem->size);
    op->reads = (mem->access & CS_AC_READ) != 0 || mem->access == 0;
    op->writes = (mem->access & CS_AC_WRITE) != 0 || mem->access == 0;
    if (kind == BIT_STRING) {
        op->bit = (int8_t)insn_modrm_reg(in);
        op->bit_unit = in->operand_size;
    }
    if (in->opcode == 0x8F && op->base == ESP) /* POP: ESP has moved on */
        op->displacement += in->operand_size;
}

static const struct implicit_row *find_implicit(const struct insn *in)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(IMPLICIT); i++) {
        const struct implicit_row *row = &IMPLICIT[i];
        if (in->opcode >= row->first && in->opcode <= row->last &&
            (row->reg == ANY_REG || row->reg == insn_modrm_reg(in)))
            return row;
    }
    return NULL;
}

/* Length by Capstone, with details in `scratch`; 0: no instruction. What the CPU
 * passes over and Capstone minds, a REP before anything, is tried without. */
static unsigned disassemble(csh handle, cs_insn *scratch, const struct insn *in)
{
    const uint8_t *code = in->bytes;
    size_t left = in->fetched;
    uint64_t address = 0;
    if (cs_disasm_iter(handle, &code, &left, &address, scratch))
        return scratch->size;
    if (!in->rep && !in->repne && !in->lock)
        return 0;

    uint8_t plain[INSN_MAX_BYTES];
    unsigned n = 0;
    for (unsigned i = 0; i < in->fetched; i++) {
        uint8_t b = in->bytes[i];
        if (i >= in->prefixes || (b != 0xF0 && b != 0xF2 && b != 0xF3))
            plain[n++] = b;
    }
    code = plain;
    left = n;
    address = 0;
    return cs_disasm_iter(handle, &code, &left, &address, scratch) ? scratch->size + in->fetched - n : 0;
}

void insn_decode(csh handle, cs_insn *scratch, struct insn *in)
{
    in->length = in->nr_operands = 0;
    in->rep = in->repne = in->lock = false;
    in->override = -1;
    in->opcode = in->modrm = 0;
    if (!decode_prefixes(in))
        return;
    in->length = (uint8_t)disassemble(handle, scratch, in);
    if (in->length == 0)
        return;

    const struct implicit_row *row = find_implicit(in);
    enum implicit kind = row ? row->kind : IMPLICIT_NONE;
    /* What is popped is read before POP's own operand is written. */
    if (row && kind == POPS)
        add_implicit(in, row);
    const cs_x86 *x86 = &scratch->detail->x86;
    for (unsigned i = 0; i < x86->op_count && !is_string(kind); i++) {
        if (x86->operands[i].type == X86_OP_MEM)
            add_explicit(in, &x86->operands[i], kind);
    }
    if (row && kind != POPS)
        add_implicit(in, row);
}
