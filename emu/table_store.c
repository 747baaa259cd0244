/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * table_store.c - see table_store.h.
 */
#include "table_store.h"

#include "dispatch/ptwr.h"
#include "dispatch/traps.h"
#include "machine.h"

#include <string.h>

/* The operand of the instruction at EIP by which it stores at `address`. */
static bool find_store(struct machine *m, struct vcpu *v, uint32_t address, uint32_t *start, unsigned *len,
                       bool *compared)
{
    const struct insn *in = insn_at(m->insns, v);
    if (!in || in->length == 0)
        return false;
    /* cmpxchg, cmpxchg8b: what was there is part of the store's meaning. */
    *compared = in->opcode == 0x0FB0 || in->opcode == 0x0FB1 || in->opcode == 0x0FC7;
    for (unsigned i = 0; i < in->nr_operands; i++) {
        const struct insn_operand *op = &in->operands[i];
        *len = op->size;
        /* Capstone calls many a store a read: what touches the address is it. */
        if (insn_operand_address(v, op, start) && address - *start < op->size)
            return true;
    }
    return false;
}

bool table_store_fill(const struct machine *m, uint32_t va, struct cpu_mapping *out)
{
    if (!m->table_copied || va != m->table_page)
        return false;
    *out = (struct cpu_mapping){.mfn = m->mem->scratch, .write = true};
    return true;
}

/* Most stores are a MOV of a word: what it stores is known without executing it. */
static bool known_value(struct vcpu *v, const struct insn *in, uint32_t *value)
{
    struct regs r = *vcpu_regs(v);
    if (!in || in->length == 0 || in->lock || in->operand_size != 4 || !in->code32)
        return false;
    switch (in->opcode) {
    case 0x89: /* mov r32, m32 */
        *value = *insn_register(&r, insn_modrm_reg(in));
        return true;
    case 0xA3: /* mov eax, m32 */
        *value = r.eax;
        return true;
    case 0xC7: /* mov imm32, m32: the constant comes last */
        memcpy(value, in->bytes + in->length - sizeof *value, sizeof *value);
        return true;
    default:
        return false;
    }
}

/* One instruction with the table's copy in its place. True: it was executed. What
 * the TLB has for reading there is the table itself, which is the same. */
static bool step_on_copy(struct machine *m, uint32_t page, const uint8_t *table)
{
    struct cpu_event event;
    memcpy(frame_ptr(m->mem, m->mem->scratch), table, RING1_PAGE_SIZE);
    m->table_copied = true;
    m->table_page = page;
    bool stepped = cpu_step(m->cpu, &event, NULL);
    m->table_copied = false;
    cpu_flush_tlb(m->cpu);
    return stepped;
}

/* MOV and the like. What compares and finds a difference, or reads first and would store the same again
 * stores nothing in 4.17, wherever it is. */
static bool only_stores(const struct insn *in)
{
    if (!in)
        return true;
    switch (in->opcode) {
    case 0x88:
    case 0x89:
    case 0x8C:
    case 0x8F:
    case 0xA2:
    case 0xA3:
    case 0xA4:
    case 0xA5:
    case 0xAA:
    case 0xAB:
    case 0xC6:
    case 0xC7:
    case 0x0FC3: /* movnti */
        return true;
    case 0xFF: /* calls and pushes */
        return insn_modrm_reg(in) >= 2;
    default:
        return (in->opcode >= 0x50 && in->opcode <= 0x57) || in->opcode == 0x68 || in->opcode == 0x6A ||
               in->opcode == 0xE8 || in->opcode == 0x60;
    }
}

static bool stored_nothing(struct machine *m, const uint8_t *copy, const uint8_t *table, unsigned len,
                           bool compared)
{
    return compared ? !(cpu_eflags(m->cpu) & EFLAGS_ZF) : memcmp(copy, table, len) == 0;
}

static bool store_on_copy(struct machine *m, struct vcpu *v, uint32_t start, const uint8_t *table,
                          unsigned len, bool compared)
{
    uint32_t offset = start & (RING1_PAGE_SIZE - 1);
    const uint8_t *copy = (const uint8_t *)frame_ptr(m->mem, m->mem->scratch) + offset;
    uint64_t clock = cpu_clock(m->cpu);
    g_autoptr(GBytes) saved = cpu_save(m->cpu);
    bool reads = !only_stores(insn_at(m->insns, v)) && m->abi->xen >= RING1_XEN_4_17;
    if (step_on_copy(m, start - offset, table) &&
        ((reads && stored_nothing(m, copy, table + offset, len, compared)) ||
         pt_emulate_write(v, GVA(start), copy, len, compared))) {
        v->regs_loaded = false; /* the CPU has moved on */
        machine_count_trap(m);
        return true;
    }
    if (m->domain->s.shutdown == SHUTDOWN_NONE) {
        cpu_put_back(m->cpu, saved);
        cpu_set_clock(m->cpu, clock);
    }
    return false;
}

bool table_store(struct machine *m, struct vcpu *v, uint32_t address)
{
    struct domain *d = m->domain;
    const struct regs before = *vcpu_regs(v);
    uint32_t start, page, value;
    unsigned len;
    bool compared;
    struct walk w;
    if (regs_ring(&before) == 3 || !pt_write_wanted(v, GVA(address)) ||
        !find_store(m, v, address, &start, &len, &compared))
        return false;
    page = start & ~(RING1_PAGE_SIZE - 1);
    if (address - page >= RING1_PAGE_SIZE || start - page + len > RING1_PAGE_SIZE ||
        guest_walk(v, GVA(page), ACCESS_READ, false, true, &w) != WALK_OK)
        return false;

    const struct insn *in = insn_at(m->insns, v);
    unsigned length = in ? in->length : 0;
    bool done;
    if (known_value(v, in, &value)) {
        done = pt_emulate_write(v, GVA(start), &value, sizeof value, false);
        if (done) {
            vcpu_regs_mut(v)->eip += length;
            cpu_charge(m->cpu, length * CPU_NS_PER_BYTE);
        }
    } else {
        done = store_on_copy(m, v, start, frame_ptr(m->mem, w.mfn), len, compared);
    }
    if (done && (before.eflags & EFLAGS_TF))
        deliver_exception(v, TRAP_debug, 0);
    return done || d->s.shutdown != SHUTDOWN_NONE;
}
