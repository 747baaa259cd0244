/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * table_store.c - see table_store.h, and docs/xen-abi.md 5.7. What the
 * instruction would store is computed here, from its opcode; whether the entry
 * may become that is dispatch/ptwr's affair. Instructions that kernels do not
 * write page tables with are left to the guest's #PF.
 */
#include "table_store.h"

#include "dispatch/ptwr.h"

#include <string.h>

#define EFLAGS_PF         0x004u
#define EFLAGS_AF         0x010u
#define EFLAGS_ZF         0x040u
#define EFLAGS_SF         0x080u
#define EFLAGS_DF         0x400u
#define EFLAGS_OF         0x800u
#define EFLAGS_ARITHMETIC (EFLAGS_CF | EFLAGS_PF | EFLAGS_AF | EFLAGS_ZF | EFLAGS_SF | EFLAGS_OF)

/* One store: `old` is what is there, `new` what is to be. Registers change in
 * `after` and become the vcpu's when the store is taken. */
struct store {
    struct vcpu *v;
    const struct insn *in;
    struct regs after;
    unsigned size;
    uint64_t old, new;
    bool compared; /* a cmpxchg */
    bool nothing;  /* a cmpxchg that found another value */
};

static uint32_t mask_of(unsigned size)
{
    return size >= 4 ? UINT32_MAX : (1u << size * 8) - 1;
}

/* Register operands: for bytes the numbers 4 to 7 are AH, CH, DH, BH. */
static uint32_t get_register(const struct store *s, unsigned number)
{
    struct regs r = s->after;
    if (s->size == 1 && number >= 4)
        return *insn_register(&r, number - 4) >> 8 & 0xFFu;
    return *insn_register(&r, number) & mask_of(s->size);
}

static void set_register(struct store *s, unsigned number, uint32_t value)
{
    unsigned shift = s->size == 1 && number >= 4 ? 8 : 0;
    uint32_t *reg = insn_register(&s->after, shift ? number - 4 : number), mask = mask_of(s->size) << shift;
    *reg = (*reg & ~mask) | (value << shift & mask);
}

/* The immediate, at the instruction's end; a byte is sign-extended. */
static uint32_t immediate(const struct store *s, unsigned len)
{
    uint32_t value = 0;
    memcpy(&value, s->in->bytes + s->in->length - len, len);
    return len == 1 ? (uint32_t)(int8_t)value : value;
}

static void set_flags(struct store *s, uint32_t which, uint32_t flags)
{
    s->after.eflags = (s->after.eflags & ~which) | (flags & which);
}

static uint32_t result_flags(const struct store *s, uint32_t result)
{
    uint32_t sign = 1u << (s->size * 8 - 1);
    return (result & mask_of(s->size) ? 0 : EFLAGS_ZF) | (result & sign ? EFLAGS_SF : 0) |
           (__builtin_parity(result & 0xFFu) ? 0 : EFLAGS_PF);
}

/* --- what is stored ---------------------------------------------------------------- */

static uint32_t add(struct store *s, uint32_t a, uint32_t b, uint32_t carry)
{
    uint64_t sum = (uint64_t)a + b + carry;
    uint32_t r = (uint32_t)sum & mask_of(s->size), sign = 1u << (s->size * 8 - 1);
    set_flags(s, EFLAGS_ARITHMETIC,
              result_flags(s, r) | (sum >> (s->size * 8) ? EFLAGS_CF : 0) | ((a ^ b ^ r) & EFLAGS_AF) |
                  ((a ^ r) & (b ^ r) & sign ? EFLAGS_OF : 0));
    return r;
}

static uint32_t subtract(struct store *s, uint32_t a, uint32_t b, uint32_t borrow)
{
    uint32_t r = (a - b - borrow) & mask_of(s->size), sign = 1u << (s->size * 8 - 1);
    set_flags(s, EFLAGS_ARITHMETIC,
              result_flags(s, r) | ((uint64_t)b + borrow > a ? EFLAGS_CF : 0) | ((a ^ b ^ r) & EFLAGS_AF) |
                  ((a ^ b) & (a ^ r) & sign ? EFLAGS_OF : 0));
    return r;
}

/* The eight operations of opcodes 00 to 3F and 80 to 83, by number. */
static bool arithmetic(struct store *s, unsigned operation, uint32_t b)
{
    uint32_t a = (uint32_t)s->old, carry = s->after.eflags & EFLAGS_CF, r;
    b &= mask_of(s->size);
    switch (operation) {
    case 0:
    case 2:
        r = add(s, a, b, operation == 2 ? carry : 0);
        break;
    case 3:
    case 5:
        r = subtract(s, a, b, operation == 3 ? carry : 0);
        break;
    case 1:
    case 4:
    case 6:
        r = operation == 1 ? a | b : operation == 4 ? a & b : a ^ b;
        set_flags(s, EFLAGS_ARITHMETIC, result_flags(s, r));
        break;
    default: /* CMP does not write */
        return false;
    }
    s->new = r;
    return true;
}

static bool arithmetic_register(struct store *s)
{
    return arithmetic(s, s->in->opcode >> 3, get_register(s, insn_modrm_reg(s->in)));
}

static bool arithmetic_immediate(struct store *s)
{
    unsigned len = s->in->opcode == 0x81 ? s->in->operand_size : 1;
    return arithmetic(s, insn_modrm_reg(s->in), immediate(s, len));
}

static bool move_register(struct store *s)
{
    s->new = get_register(s, insn_modrm_reg(s->in));
    return true;
}

static bool move_immediate(struct store *s)
{
    s->new = immediate(s, s->size) & mask_of(s->size);
    return true;
}

static bool move_accumulator(struct store *s)
{
    s->new = get_register(s, 0);
    return true;
}

static bool exchange(struct store *s)
{
    s->new = get_register(s, insn_modrm_reg(s->in));
    set_register(s, insn_modrm_reg(s->in), (uint32_t)s->old);
    return true;
}

static bool exchange_add(struct store *s)
{
    s->new = add(s, (uint32_t)s->old, get_register(s, insn_modrm_reg(s->in)), 0);
    set_register(s, insn_modrm_reg(s->in), (uint32_t)s->old);
    return true;
}

static bool compare_exchange(struct store *s)
{
    uint32_t accumulator = get_register(s, 0);
    s->compared = true;
    s->new = get_register(s, insn_modrm_reg(s->in));
    s->nothing = accumulator != s->old;
    subtract(s, accumulator, (uint32_t)s->old, 0);
    if (s->nothing)
        set_register(s, 0, (uint32_t)s->old);
    return true;
}

static bool compare_exchange_8(struct store *s)
{
    struct regs *r = &s->after;
    s->compared = true;
    s->new = (uint64_t)r->ecx << 32 | r->ebx;
    s->nothing = ((uint64_t)r->edx << 32 | r->eax) != s->old;
    set_flags(s, EFLAGS_ZF, s->nothing ? 0 : EFLAGS_ZF);
    if (s->nothing) {
        r->eax = (uint32_t)s->old;
        r->edx = (uint32_t)(s->old >> 32);
    }
    return true;
}

/* INC, DEC: CF stays. */
static bool increment(struct store *s)
{
    uint32_t carry = s->after.eflags & EFLAGS_CF;
    s->new =
        insn_modrm_reg(s->in) == 0 ? add(s, (uint32_t)s->old, 1, 0) : subtract(s, (uint32_t)s->old, 1, 0);
    set_flags(s, EFLAGS_CF, carry);
    return true;
}

static bool negate(struct store *s)
{
    if (insn_modrm_reg(s->in) == 2)
        s->new = ~s->old &mask_of(s->size);
    else
        s->new = subtract(s, 0, (uint32_t)s->old, 0);
    return true;
}

/* BTS, BTR, BTC; the operand's address has the bit's word in it already. */
static bool bit(struct store *s, unsigned operation, uint32_t number)
{
    uint32_t one = 1u << (number & (s->size * 8 - 1)), old = (uint32_t)s->old;
    set_flags(s, EFLAGS_CF, old & one ? EFLAGS_CF : 0);
    s->new = operation == 5 ? old | one : operation == 6 ? old & ~one : old ^ one;
    return operation >= 5;
}

static bool bit_register(struct store *s)
{
    return bit(s, s->in->opcode >> 3 & 7u, get_register(s, insn_modrm_reg(s->in)));
}

static bool bit_immediate(struct store *s)
{
    return bit(s, insn_modrm_reg(s->in), immediate(s, 1));
}

/* STOS and MOVS: one element. With a count that is not used up EIP stays. */
static bool string_step(struct store *s, bool has_source)
{
    struct regs *r = &s->after;
    uint32_t step = r->eflags & EFLAGS_DF ? 0u - s->size : s->size;
    if (s->in->address_size != 4)
        return false;
    r->edi += step;
    if (has_source)
        r->esi += step;
    if (s->in->rep || s->in->repne) {
        r->ecx--;
        if (r->ecx)
            r->eip -= s->in->length;
    }
    return true;
}

static bool store_string(struct store *s)
{
    s->new = get_register(s, 0);
    return string_step(s, false);
}

static bool move_string(struct store *s)
{
    uint32_t source;
    s->new = 0;
    return insn_operand_address(s->v, &s->in->operands[0], &source) &&
           guest_read(s->v, GVA(source), &s->new, s->size) == 0 && string_step(s, true);
}

/* --- the table ----------------------------------------------------------------------- */

#define ANY 0xFFu

static const struct row {
    uint16_t first, last;
    uint8_t regs; /* bit n: with ModRM's register field n */
    bool bytes;   /* the opcode's bit 0 clear: a byte */
    bool (*fn)(struct store *s);
} ROWS[] = {
    {0x00, 0x01, ANY, true, arithmetic_register},
    {0x08, 0x09, ANY, true, arithmetic_register},
    {0x10, 0x11, ANY, true, arithmetic_register},
    {0x18, 0x19, ANY, true, arithmetic_register},
    {0x20, 0x21, ANY, true, arithmetic_register},
    {0x28, 0x29, ANY, true, arithmetic_register},
    {0x30, 0x31, ANY, true, arithmetic_register},
    {0x80, 0x81, 0x7F, true, arithmetic_immediate},
    {0x83, 0x83, 0x7F, true, arithmetic_immediate},
    {0x86, 0x87, ANY, true, exchange},
    {0x88, 0x89, ANY, true, move_register},
    {0xA2, 0xA3, ANY, true, move_accumulator},
    {0xA4, 0xA5, ANY, true, move_string},
    {0xAA, 0xAB, ANY, true, store_string},
    {0xC6, 0xC7, 0x01, true, move_immediate},
    {0xF6, 0xF7, 0x0C, true, negate},
    {0xFE, 0xFF, 0x03, true, increment},
    {0x0FAB, 0x0FAB, ANY, false, bit_register},
    {0x0FB0, 0x0FB1, ANY, true, compare_exchange},
    {0x0FB3, 0x0FB3, ANY, false, bit_register},
    {0x0FBA, 0x0FBA, 0xE0, false, bit_immediate},
    {0x0FBB, 0x0FBB, ANY, false, bit_register},
    {0x0FC0, 0x0FC1, ANY, true, exchange_add},
    {0x0FC7, 0x0FC7, 0x02, false, compare_exchange_8},
};

static const struct row *find_row(const struct insn *in)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(ROWS); i++)
        if (in->opcode >= ROWS[i].first && in->opcode <= ROWS[i].last &&
            ROWS[i].regs >> insn_modrm_reg(in) & 1u)
            return &ROWS[i];
    return NULL;
}

bool table_store(struct insn_cache *insns, struct vcpu *v, uint32_t page)
{
    uint32_t address = 0;
    if (!pt_write_wanted(v, GVA(page)))
        return false;
    const struct insn *in = insn_at(insns, v);
    const struct row *row = in && in->length ? find_row(in) : NULL;
    /* All of ROWS write their last operand. */
    const struct insn_operand *op = in && in->nr_operands ? &in->operands[in->nr_operands - 1] : NULL;
    if (!row || !op || !insn_operand_address(v, op, &address))
        return false;

    struct store s = {.v = v, .in = in, .after = *vcpu_regs(v)};
    s.size = in->opcode == 0x0FC7 ? 8 : row->bytes && !(in->opcode & 1u) ? 1 : in->operand_size;
    s.after.eip += in->length;
    if (guest_read(v, GVA(address), &s.old, s.size) || !row->fn(&s))
        return false;
    if (!s.nothing && !pt_emulate_write(v, GVA(address), &s.new, s.size, s.compared))
        return false;
    *vcpu_regs_mut(v) = s.after;
    return true;
}
