/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * insn.h - the instruction at EIP, decoded and kept, and where it touches
 * memory. The engine says which page a refused access touched; the guest's CR2
 * wants the byte, and a fault through SS is another vector than one through DS.
 */
#ifndef EMU_INSN_H
#define EMU_INSN_H

#include "dispatch/access.h"
#include "dispatch/domain.h"

#define INSN_MAX_BYTES    15u
#define INSN_MAX_OPERANDS 4u

/* An operand's index: the low byte of EAX (XLAT). */
#define INSN_INDEX_AL (-2)

/* Segment registers as the CPU numbers them. */
enum insn_segment { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS };

/* A place in memory that an instruction touches: segment base +
 * ((base + index * scale + displacement) & mask). */
struct insn_operand {
    int8_t base, index, bit; /* general registers by number, -1: none; `bit`
                              * holds a bit string's offset (BT m, r) */
    uint8_t scale;
    uint8_t segment;     /* enum insn_segment */
    uint8_t bit_unit;    /* bytes that BT moves by: 2 or 4 */
    bool implicit_stack; /* offset is 16 bits wide when the stack is */
    bool wide;           /* else: 32 bits or 16 bits wide */
    bool reads, writes;
    uint16_t size; /* bytes */
    uint32_t displacement;
};

struct insn {
    uint8_t bytes[INSN_MAX_BYTES];
    uint8_t fetched; /* how many of them could be read */
    uint8_t length;  /* 0: those bytes are no instruction */
    bool code32;     /* the code segment's D bit */

    /* Before the opcode. */
    uint8_t prefixes;      /* number of prefix bytes */
    int8_t override;       /* enum insn_segment, -1: none */
    bool rep, repne, lock; /* REP and REPNE: the last one counts */
    uint8_t operand_size;  /* 2 or 4 */
    uint8_t address_size;  /* 2 or 4 */

    uint16_t opcode; /* one byte, or 0x0F00 | the second byte */
    uint8_t modrm;   /* the byte after the opcode, ModRM or not */

    uint8_t nr_operands; /* in the order in which they are touched */
    struct insn_operand operands[INSN_MAX_OPERANDS];
};

static inline unsigned insn_modrm_reg(const struct insn *in)
{
    return (in->modrm >> 3) & 7u;
}

static inline unsigned insn_modrm_rm(const struct insn *in)
{
    return in->modrm & 7u;
}

/* MOVS, CMPS, STOS, LODS, SCAS, INS, OUTS: those that REP repeats. */
static inline bool insn_is_string(const struct insn *in)
{
    return (in->opcode >= 0xA4 && in->opcode <= 0xA7) || (in->opcode >= 0xAA && in->opcode <= 0xAF) ||
           (in->opcode >= 0x6C && in->opcode <= 0x6F);
}

struct insn_cache;

/* NULL when Capstone cannot be had. */
struct insn_cache *insn_cache_new(void);
void insn_cache_free(struct insn_cache *cache);

/* The instruction at v's CS:EIP, or NULL when its first byte cannot be fetched.
 * length is 0 when the bytes are none, or not all of them can be fetched. Valid
 * until the next call. */
const struct insn *insn_at(struct insn_cache *cache, struct vcpu *v);

/* Those bytes, which lie at `address`, in words: "movl %cr0, %eax", as the crash
 * report has it; "" when they are none. */
void insn_text(struct insn_cache *cache, const uint8_t *bytes, unsigned length, uint32_t address, bool code32,
               char *text, size_t size);

/* Linear address of CS:EIP; false: CS cannot be used. */
bool insn_code_address(struct vcpu *v, uint32_t *linear);

/* The bytes at v's CS:EIP as far as they can be fetched; returns how many. */
unsigned insn_fetch(struct vcpu *v, uint8_t bytes[INSN_MAX_BYTES]);

/* The address of the first byte in `page` that the instruction at EIP touches
 * by `access`: the CR2 of a fault. False: no operand fits, and *address is the
 * page's own. */
bool insn_fault_address(struct insn_cache *cache, struct vcpu *v, uint32_t page, enum access access,
                        uint32_t *address);

/* Whether that access goes through SS: #SS, not #GP, when the segment ends
 * before it. */
bool insn_stack_access(struct insn_cache *cache, struct vcpu *v, uint32_t page, enum access access);

/* General register by the CPU's number: EAX ECX EDX EBX ESP EBP ESI EDI. */
uint32_t *insn_register(struct regs *r, unsigned number);

/* Selector in a segment register. */
uint16_t insn_selector(const struct regs *r, enum insn_segment segment);

/* Offset of an operand in its segment, as v's registers are. */
uint32_t insn_operand_offset(struct vcpu *v, const struct insn_operand *op);

/* Linear address of an operand, as v's registers are. False: its segment cannot
 * be used. */
bool insn_operand_address(struct vcpu *v, const struct insn_operand *op, uint32_t *address);

#endif
