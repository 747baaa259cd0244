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

/* One instruction with the table's copy in its place. True: it was executed. */
static bool step_on_copy(struct machine *m, uint32_t page, const uint8_t *table)
{
    struct cpu_event event;
    memcpy(frame_ptr(m->mem, m->mem->scratch), table, RING1_PAGE_SIZE);
    m->table_copied = true;
    m->table_page = page;
    cpu_flush_tlb(m->cpu);
    bool stepped = cpu_step(m->cpu, &event, NULL);
    m->table_copied = false;
    cpu_flush_tlb(m->cpu);
    return stepped;
}

bool table_store(struct machine *m, struct vcpu *v, uint32_t address)
{
    struct domain *d = m->domain;
    const struct regs before = *vcpu_regs(v);
    uint32_t start, page;
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

    uint64_t clock = cpu_clock(m->cpu);
    GBytes *saved = cpu_save(m->cpu);
    const uint8_t *copy = (const uint8_t *)frame_ptr(m->mem, m->mem->scratch) + (start - page);
    bool done = step_on_copy(m, page, frame_ptr(m->mem, w.mfn)) &&
                pt_emulate_write(v, GVA(start), copy, len, compared);
    if (done) {
        v->regs_loaded = false; /* the CPU has moved on */
        if (before.eflags & EFLAGS_TF)
            deliver_exception(v, TRAP_debug, 0);
    } else if (d->s.shutdown == SHUTDOWN_NONE) {
        cpu_put_back(m->cpu, saved);
        cpu_set_clock(m->cpu, clock);
    }
    g_bytes_unref(saved);
    return done || d->s.shutdown != SHUTDOWN_NONE;
}
