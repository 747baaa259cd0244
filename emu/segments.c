/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * segments.c - see segments.h. The rules are those of Intel SDM 3, 5.3 and 5.5; the
 * descriptors are taken from the tables as they are, where a CPU would have kept
 * what it loaded.
 */
#include "segments.h"

#include "dispatch/traps.h"

#define DESC_READ_WRITE (1ull << 41) /* data: writable; code: readable */
#define DESC_EXPAND     (1ull << 42) /* data: down; code: conforming */
#define DESC_CODE       (1ull << 43)
#define DESC_S          (1ull << 44)
#define DESC_DPL_3      (3ull << 45)
#define DESC_P          (1ull << 47)
#define DESC_BIG        (1ull << 54)
#define DESC_G          (1ull << 55)

#define VMASST_4GB        (1u << 0)
#define VMASST_4GB_NOTIFY (1u << 1)

static uint32_t desc_base(uint64_t d)
{
    return (uint32_t)((d >> 16) & 0xFFFFFFu) | (uint32_t)((d >> 32) & 0xFF000000u);
}

static uint32_t desc_limit(uint64_t d)
{
    uint32_t limit = (uint32_t)(d & 0xFFFFu) | (uint32_t)((d >> 32) & 0xF0000u);
    return d & DESC_G ? limit << 12 | 0xFFFu : limit;
}

static bool expands_down(uint64_t d)
{
    return (d & (DESC_CODE | DESC_EXPAND)) == DESC_EXPAND;
}

/* Nothing to enforce that pages do not: where Xen ends segments below itself, the
 * page walker knows it. */
static bool is_flat(const struct abi *abi, uint64_t d)
{
    if ((d & (DESC_P | DESC_S)) != (DESC_P | DESC_S))
        return true; /* it cannot be loaded */
    if (expands_down(d) || !(d & DESC_READ_WRITE))
        return false;
    uint32_t limit = desc_limit(d);
    return limit == UINT32_MAX || (abi->segment_top && desc_base(d) == 0 && limit >= abi->segment_top - 1);
}

bool segments_page_matters(const struct abi *abi, const uint64_t *descriptors)
{
    for (unsigned i = 0; i < 512; i++) {
        if (!is_flat(abi, descriptors[i]))
            return true;
    }
    return false;
}

static bool is_null(uint16_t selector)
{
    return (selector & ~3u) == 0;
}

static bool is_xens(const struct abi *abi, uint16_t selector)
{
    return selector == abi->kernel_ds || selector == abi->kernel_cs || selector == abi->user_ds ||
           selector == abi->user_cs;
}

bool segments_need_checks(struct vcpu *v)
{
    const struct regs *r = vcpu_regs(v);
    for (enum insn_segment s = SEG_ES; s <= SEG_GS; s++) {
        uint16_t selector = insn_selector(r, s);
        uint64_t desc;
        if (is_xens(v->domain->abi, selector) || (is_null(selector) && s >= SEG_FS))
            continue;
        if (is_null(selector) || !selector_descriptor(v, selector, &desc) || !is_flat(v->domain->abi, desc))
            return true;
    }
    return false;
}

/* Whether [offset, offset + size) lies in the segment. */
static bool within(uint64_t d, uint32_t offset, uint32_t size)
{
    uint32_t limit = desc_limit(d), last = offset + size - 1;
    if (last < offset)
        return limit == UINT32_MAX && !expands_down(d);
    if (expands_down(d))
        return offset > limit && last <= (d & DESC_BIG ? UINT32_MAX : 0xFFFFu);
    return last <= limit;
}

static bool allowed(uint64_t d, const struct insn_operand *op)
{
    if (d & DESC_CODE)
        return !op->writes && (d & DESC_READ_WRITE);
    return !op->writes || (d & DESC_READ_WRITE);
}

/* Operands in memory that are only named: LEA, NOP, prefetches, INVLPG. */
static bool names_only(const struct insn *in)
{
    return in->opcode == 0x8D || in->opcode == 0x0F0D || (in->opcode >= 0x0F18 && in->opcode <= 0x0F1F) ||
           (in->opcode == 0x0F01 && insn_modrm_reg(in) == 7);
}

uint32_t segments_operand_bytes(struct vcpu *v, const struct insn *in, const struct insn_operand *op)
{
    bool iret = in->opcode == 0xCF, retf = in->opcode == 0xCA || in->opcode == 0xCB;
    const struct regs *r = vcpu_regs(v);
    uint32_t count = in->address_size == 4 ? r->ecx : r->ecx & 0xFFFFu, address;
    uint16_t cs;
    if (names_only(in) || (insn_is_string(in) && (in->rep || in->repne) && count == 0))
        return 0;
    if (!iret && !retf)
        return op->size;
    /* RETF and IRET pop less when they stay in the ring. */
    if (!insn_operand_address(v, op, &address) ||
        guest_read(v, GVA(address + in->operand_size), &cs, sizeof cs) || (cs & 3u) > regs_ring(r))
        return op->size;
    return op->size - 2u * in->operand_size;
}

/* The descriptor of a segment register; false: it is null or nothing. */
static bool descriptor_of(struct vcpu *v, enum insn_segment segment, uint64_t *desc)
{
    uint16_t selector = insn_selector(vcpu_regs(v), segment);
    return !is_null(selector) && selector_descriptor(v, selector, desc) && (*desc & DESC_P);
}

unsigned segments_check(struct vcpu *v, const struct insn *in, enum insn_segment *segment, uint32_t *offset)
{
    uint64_t desc;
    *segment = SEG_CS;
    *offset = vcpu_regs(v)->eip;
    if (descriptor_of(v, SEG_CS, &desc) && !within(desc, *offset, MAX(in->length, 1)))
        return TRAP_gp_fault;
    for (unsigned i = 0; i < in->nr_operands; i++) {
        const struct insn_operand *op = &in->operands[i];
        uint32_t size = segments_operand_bytes(v, in, op);
        *segment = op->segment;
        *offset = insn_operand_offset(v, op);
        if (size == 0)
            continue;
        if (!descriptor_of(v, op->segment, &desc) || !allowed(desc, op))
            return TRAP_gp_fault;
        /* What lies beyond Xen's own end is for the page walker to tell. */
        if (!is_flat(v->domain->abi, desc) && !within(desc, *offset, size))
            return op->segment == SEG_SS ? TRAP_stack_error : TRAP_gp_fault;
    }
    return 0;
}

bool segments_eip_ok(struct vcpu *v)
{
    uint64_t desc;
    return !descriptor_of(v, SEG_CS, &desc) || within(desc, vcpu_regs(v)->eip, 1);
}

/* A segment that reaches from its base up to Xen's, or down to zero, is taken for
 * one of 4 GiB: it is turned round, so that the other half can be reached. */
static bool turn_round(const struct abi *abi, uint64_t *d, uint32_t offset)
{
    uint64_t want = DESC_P | DESC_S | DESC_BIG | DESC_G | DESC_DPL_3;
    uint32_t base = desc_base(*d), size = desc_limit(*d) + 1;
    if ((*d & (want | DESC_CODE)) != want)
        return false;
    if (*d & DESC_EXPAND) {
        if (base + size >= RING1_PAGE_SIZE || offset > size)
            return false;
        size = abi->segment_top - base;
    } else {
        if (abi->segment_top - (base + size) >= RING1_PAGE_SIZE || offset <= size)
            return false;
        size = 0u - (base & ~(RING1_PAGE_SIZE - 1));
    }
    uint32_t limit = (size >> 12) - 1;
    *d = (*d & ~0x000F00000000FFFFull) | (limit & 0xFFFFu) | (uint64_t)(limit & 0xF0000u) << 32;
    *d ^= DESC_EXPAND;
    return true;
}

/* Bytes up to the end of ModRM's displacement: as far as Xen decodes. */
static uint32_t bytes_decoded(const struct insn *in)
{
    unsigned n = in->prefixes + (in->opcode > 0xFF ? 2u : 1u) + 1u;
    unsigned mod = in->modrm >> 6, base = insn_modrm_rm(in);
    if (mod != 3 && base == 4 && n < INSN_MAX_BYTES)
        base = in->bytes[n++] & 7u;
    n += mod == 1 ? 1 : mod == 2 || (mod == 0 && base == 5) ? 4 : 0;
    return n;
}

bool segments_fixup(struct vcpu *v, const struct insn *in, enum insn_segment segment, uint32_t offset)
{
    struct domain *d = v->domain;
    mfn_t frame;
    if (!(d->s.vm_assist & VMASST_4GB) || !d->abi->segment_top || regs_ring(vcpu_regs(v)) != 3 ||
        segment != SEG_GS || in->override != SEG_GS)
        return false;
    uint16_t selector = vcpu_regs(v)->gs;
    uint64_t *place = is_null(selector) ? NULL : selector_place(v, selector, &frame);
    if (!place || !turn_round(d->abi, place, offset))
        return false;
    frame_changed(d, frame);
    d->s.attention |= ATTN_GDT;
    if (d->s.vm_assist & VMASST_4GB_NOTIFY)
        deliver_4gb_notify(v, bytes_decoded(in));
    return true;
}
