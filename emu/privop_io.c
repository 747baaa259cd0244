/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * privop_io.c - IN, OUT, INS and OUTS of a domain without any port of its own
 * (docs/xen-abi.md 7.2): reads give ones, writes go nowhere, once the virtual
 * IOPL or the domain's bitmap lets the guest get so far.
 */
#include "dispatch/traps.h"
#include "privop_ops.h"

#include <string.h>

#define EFLAGS_DF 0x400u

/* Elements that one trap moves: a longer REP traps again, so that no count can
 * hold the machine. */
#define MAX_ELEMENTS 1024u

static unsigned io_size(const struct priv *op)
{
    return op->in->opcode & 1 ? op->in->operand_size : 1;
}

static uint32_t size_mask(unsigned size)
{
    return size == 4 ? UINT32_MAX : (1u << size * 8) - 1;
}

static uint16_t io_port(const struct priv *op)
{
    bool immediate = (op->in->opcode & 0xF8u) == 0xE0;
    return immediate ? op->in->modrm : (uint16_t)op->r->edx;
}

/* A clear bit in the guest's own bitmap allows a port. */
static bool bitmap_allows(const struct priv *op, uint32_t port, unsigned size)
{
    uint16_t bits;
    if (port + size >= op->v->iobitmap_ports ||
        guest_read(op->v, GVA(op->v->iobitmap + (port >> 3)), &bits, sizeof bits))
        return false;
    return (bits >> (port & 7u) & ((1u << size) - 1)) == 0;
}

static bool io_allowed(const struct priv *op, uint32_t port, unsigned size)
{
    return priv_iopl_ok(op) || bitmap_allows(op, port, size);
}

/* The guest's breakpoints on ports, which Xen has looked at since it lets CR4.DE be
 * set. */
static uint32_t port_breaks(const struct priv *op, uint32_t port, unsigned size)
{
    static const uint8_t SIZES[4] = {1, 2, 8, 4};
    const uint32_t *dr = op->v->dr;
    uint32_t breaks = 0;
    if (op->abi->xen < RING1_XEN_4_17 || !(op->v->cr4 & CR4_DE))
        return 0;
    for (unsigned i = 0; i < 4; i++) {
        unsigned how = dr[7] >> (16 + i * 4) & 15u, width = SIZES[how >> 2];
        uint32_t start = dr[i] & ~(width - 1u);
        bool enabled = dr[7] >> (i * 2) & 3u;
        if (enabled && (how & 3) == 2 && start < port + size && start + width > port)
            breaks |= 1u << i;
    }
    return breaks;
}

/* One byte, as 4.17 answers it: a latch, or ones: only domain 0 has a
 * timer. */
static uint8_t read_byte(const struct domain *d, uint32_t port)
{
    switch (port) {
    case 0x70:
        return d->s.cmos_index;
    default:
        return 0xFF;
    }
}

static uint32_t io_read(const struct priv *op, uint32_t port, unsigned size)
{
    const struct domain *d = op->v->domain;
    uint32_t value = 0;
    if (op->abi->xen < RING1_XEN_4_17)
        return size_mask(size);
    if (port == 0xCF8 && size == 4)
        return d->s.pci_cf8;
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)read_byte(d, port + i) << i * 8;
    return value;
}

static void io_write(const struct priv *op, uint32_t port, unsigned size, uint32_t value)
{
    struct domain *d = op->v->domain;
    if (op->abi->xen < RING1_XEN_4_17)
        return;
    if (port == 0xCF8 && size == 4)
        d->s.pci_cf8 = value;
    else if (port == 0x70)
        d->s.cmos_index = value & 0x7Fu;
}

enum privop_result priv_in(struct priv *op)
{
    unsigned size = io_size(op);
    uint16_t port = io_port(op);
    if (!io_allowed(op, port, size))
        return PRIVOP_FAULT;
    op->breaks = port_breaks(op, port, size);
    uint32_t mask = size_mask(size);
    op->r->eax = (op->r->eax & ~mask) | (io_read(op, port, size) & mask);
    return PRIVOP_DONE;
}

enum privop_result priv_out(struct priv *op)
{
    unsigned size = io_size(op);
    uint16_t port = io_port(op);
    if (!io_allowed(op, port, size))
        return PRIVOP_FAULT;
    op->breaks = port_breaks(op, port, size);
    io_write(op, port, size, op->r->eax & size_mask(size));
    return PRIVOP_DONE;
}

/* --- strings ----------------------------------------------------------------------- */

/* Xen's own copies: those of 4.17 are made with its rights, ring 3's too, and tell of
 * a fault no more than what was to be done. */
static enum privop_result copy_fault(struct priv *op, uint32_t va, const struct walk *w, enum access access)
{
    bool new = op->abi->xen >= RING1_XEN_4_17;
    deliver_page_fault(op->v, GVA(va), !new ? w->error : access == ACCESS_WRITE ? PF_WRITE : 0);
    op->stay = true;
    return PRIVOP_DONE;
}

static bool null_segment(const struct priv *op)
{
    return (insn_selector(op->r, op->in->operands[0].segment) & ~3u) == 0;
}

/* Host places of an element's bytes. False: *result is what became of the
 * instruction. */
static bool element_bytes(struct priv *op, enum access access, unsigned size, uint8_t *bytes[4],
                          mfn_t frames[4], enum privop_result *result)
{
    bool new = op->abi->xen >= RING1_XEN_4_17;
    uint32_t va, offset = insn_operand_offset(op->v, &op->in->operands[0]);
    *result = PRIVOP_FAULT;
    if (!insn_operand_address(op->v, &op->in->operands[0], &va))
        return false;
    if (new && (offset > UINT32_MAX - (size - 1) || null_segment(op)))
        return false;
    for (unsigned i = 0; i < size; i++) {
        struct walk w;
        enum walk_result walked = guest_walk(op->v, GVA(va + i), access, !op->kernel && !new, true, &w);
        if (walked == WALK_FAULT)
            *result = copy_fault(op, va + i, &w, access);
        if (walked != WALK_OK)
            return false;
        bytes[i] = (uint8_t *)frame_ptr(op->v->domain->mem, w.mfn) + ((va + i) & (RING1_PAGE_SIZE - 1));
        frames[i] = w.mfn;
    }
    return true;
}

/* A counter or pointer, of 16 bits where the address size is. */
static void add_to(uint32_t *reg, int32_t delta, bool wide)
{
    uint32_t sum = *reg + (uint32_t)delta;
    *reg = wide ? sum : (*reg & 0xFFFF0000u) | (sum & 0xFFFFu);
}

static bool one_element(struct priv *op, bool input, uint16_t port, unsigned size, enum privop_result *result)
{
    uint8_t *bytes[4];
    mfn_t frames[4];
    uint32_t value = 0;
    if (!element_bytes(op, input ? ACCESS_WRITE : ACCESS_READ, size, bytes, frames, result))
        return false;
    if (input)
        value = io_read(op, port, size);
    for (unsigned i = 0; i < size; i++) {
        if (input) {
            *bytes[i] = (uint8_t)(value >> i * 8);
            frame_changed(op->v->domain, frames[i]);
        } else {
            value |= (uint32_t)*bytes[i] << i * 8;
        }
    }
    if (!input)
        io_write(op, port, size, value);
    return true;
}

static enum privop_result string_io(struct priv *op, bool input)
{
    unsigned size = io_size(op);
    uint16_t port = (uint16_t)op->r->edx;
    bool wide = op->in->address_size == 4, rep = op->in->rep || op->in->repne;
    int32_t step = op->r->eflags & EFLAGS_DF ? -(int32_t)size : (int32_t)size;
    enum privop_result result;

    if (!io_allowed(op, port, size))
        return PRIVOP_FAULT;
    if (op->in->nr_operands != 1)
        return PRIVOP_NOT;
    for (unsigned done = 0;; done++) {
        uint32_t count = wide ? op->r->ecx : op->r->ecx & 0xFFFFu;
        if (rep && count == 0)
            return PRIVOP_DONE;
        if (done == MAX_ELEMENTS) {
            op->stay = true;
            return PRIVOP_DONE;
        }
        if (!one_element(op, input, port, size, &result))
            return result;
        add_to(input ? &op->r->edi : &op->r->esi, step, wide);
        op->breaks = port_breaks(op, port, size);
        if (!rep)
            return PRIVOP_DONE;
        add_to(&op->r->ecx, -1, wide);
        if (op->breaks) {
            op->unfinished = (wide ? op->r->ecx : op->r->ecx & 0xFFFFu) != 0;
            return PRIVOP_DONE;
        }
    }
}

enum privop_result priv_ins(struct priv *op)
{
    return string_io(op, true);
}

enum privop_result priv_outs(struct priv *op)
{
    return string_io(op, false);
}
