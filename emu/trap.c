/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trap.c - after an exit of the CPU: mend what is Xen's business, else give the
 * guest its exception (docs/xen-abi.md sections 6 and 7).
 */
#include "dispatch/descriptor.h"
#include "dispatch/traps.h"
#include "gate_op.h"
#include "machine.h"
#include "table_store.h"

/* The instruction at EIP, its first or its last byte, lies in that frame. */
static bool runs_in(struct machine *m, struct vcpu *v, mfn_t mfn, bool ring3)
{
    const struct insn *in = insn_at(m->insns, v);
    struct walk w;
    uint32_t linear;
    if (!insn_code_address(v, &linear))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        uint32_t at = linear + (i && in && in->length ? in->length - 1u : 0);
        if (guest_walk(v, GVA(at), ACCESS_FETCH, ring3, false, &w) == WALK_OK && w.mfn.mfn == mfn.mfn)
            return true;
    }
    return false;
}

/* The page of a miss may be there after all: the marks of its frame stand in the
 * way (see fill.c), it is a ring that is watched, or it holds a breakpoint. True:
 * mended, run again. */
static bool mend_marks(struct machine *m, struct vcpu *v, uint32_t page, enum access access, bool ring3)
{
    struct walk w;
    if (guest_walk(v, GVA(page), access, ring3, false, &w) != WALK_OK)
        return false;
    if (idle_watches(m, w.mfn)) {
        idle_look(m);
        return true;
    }
    uint8_t *mark = &m->mem->marks[w.mfn.mfn];
    if (m->breakpoints.nr && step_withholds(m, page, access, *mark & MARK_EXECUTED)) {
        step_want(m);
        return true;
    }
    if (access == ACCESS_FETCH) {
        fill_mark_executed(m, mark);
        cpu_flush_tlb(m->cpu);
        m->mended = true;
    } else if (access == ACCESS_WRITE && (*mark & MARK_EXECUTED) && !w.executable &&
               runs_in(m, v, w.mfn, ring3)) {
        step_want(m); /* code forgotten here would be fetched again before the store */
    } else if (access == ACCESS_WRITE && (*mark & MARK_EXECUTED)) {
        fill_forget(m, w.mfn);
        m->block_cut = true;
    }
    return true;
}

/* A descriptor of the LDT that the CPU could not read: its page is typed on the
 * first use, or the guest gets #PF at ldt_base + offset (5.5, 13.2). */
static void ldt_miss(struct vcpu *v, uint32_t page)
{
    uint32_t offset = page - HIDDEN_LDT_OF(v->id);
    if (!ldt_fault(v, offset))
        deliver_page_fault(v, GVA(v->ldt_base + offset), 0);
}

static void give_gp(struct machine *m, struct vcpu *v)
{
    if (privop_emulate(m->privop, v) != PRIVOP_DONE)
        deliver_exception(v, TRAP_gp_fault, 0);
}

/* INS and OUTS: the right to use the port is asked for before memory is touched; the
 * engine does it the other way. */
static bool string_io(struct machine *m, struct vcpu *v)
{
    const struct insn *in = insn_at(m->insns, v);
    if (!in || in->length == 0 || in->opcode < 0x6C || in->opcode > 0x6F)
        return false;
    give_gp(m, v);
    return true;
}

static void memory_fault(struct machine *m, struct vcpu *v, const struct cpu_event *e)
{
    bool ring3 = regs_ring(vcpu_regs(v)) == 3;
    struct walk w;
    uint32_t address;

    if (m->segment_limits && !m->step.armed && e->page - HIDDEN_GDT_OF(v->id) < HIDDEN_IMAGES) {
        step_want(m);
        return;
    }
    if (e->page - HIDDEN_LDT_OF(v->id) < HIDDEN_IMAGES / 2) {
        ldt_miss(v, e->page);
        return;
    }
    if (mend_marks(m, v, e->page, e->access, ring3))
        return;
    if (string_io(m, v))
        return;
    enum walk_result result = guest_walk(v, GVA(e->page), e->access, ring3, false, &w);
    if (!insn_fault_address(m->insns, v, e->page, e->access, &address))
        address = e->page;
    if (result == WALK_SEGMENT)
        deliver_exception(
            v, insn_stack_access(m->insns, v, e->page, e->access) ? TRAP_stack_error : TRAP_gp_fault, 0);
    else if (w.error != (PF_PRESENT | PF_WRITE) || !table_store(m, v, address))
        deliver_page_fault(v, GVA(address), w.error);
}

/* The guest's FPU is switched in on its first use; only a guest that set TS
 * itself hears of it, and finds TS clear (6.2). */
static void no_device(struct machine *m, struct vcpu *v)
{
    m->s.fpu_live = true;
    if (v->ts) {
        v->ts = false;
        deliver_exception(v, TRAP_no_device, 0);
    }
}

/* The engine knows RDPMC as an undefined instruction: it is #GP(0) here (7.1). */
static bool is_rdpmc(struct vcpu *v)
{
    uint8_t bytes[INSN_MAX_BYTES];
    return insn_fetch(v, bytes) >= 2 && bytes[0] == 0x0F && bytes[1] == 0x33;
}

/* So is `int1` (F1): #DB after it, of which DR6 says nothing. */
static bool is_int1(struct machine *m, struct vcpu *v)
{
    const struct insn *in = insn_at(m->insns, v);
    if (!in || in->length == 0 || in->opcode != 0xF1 || in->lock)
        return false;
    vcpu_regs_mut(v)->eip += in->length;
    deliver_debug(v, 0);
    return true;
}

/* `int $6` comes as the exception, too. */
static bool is_int6(struct machine *m, struct vcpu *v)
{
    const struct insn *in = insn_at(m->insns, v);
    if (!in || in->length == 0 || in->opcode != 0xCD || in->lock)
        return false;
    vcpu_regs_mut(v)->eip += in->length;
    deliver_soft_interrupt(v, TRAP_invalid_op, in->length);
    return true;
}

static void exception(struct machine *m, struct vcpu *v, const struct cpu_event *e)
{
    switch (e->vector) {
    case TRAP_debug:
        step_native(m, v);
        return;
    case TRAP_invalid_op:
        if (privop_forced(m->privop, v))
            return;
        if (is_int1(m, v))
            return;
        if (is_int6(m, v))
            return;
        if (is_rdpmc(v)) {
            deliver_exception(v, TRAP_gp_fault, 0);
            return;
        }
        break;
    case TRAP_no_device:
        no_device(m, v);
        return;
    case TRAP_gp_fault:
        if (e->error == 0 && privop_emulate(m->privop, v) == PRIVOP_DONE)
            return;
        if (e->error != 0 && v->domain->abi->xen >= RING1_XEN_4_17) {
            gate_op_emulate(m->insns, v, e->error);
            return;
        }
        break;
    case TRAP_no_segment:
        if (v->domain->abi->xen >= RING1_XEN_4_17 && gate_op_no_type(v, e->error)) {
            deliver_exception(v, TRAP_gp_fault, e->error);
            return;
        }
        break;
    case TRAP_invalid_tss:
        if (e->error != 0 && v->domain->abi->xen < RING1_XEN_4_17 && gate_op_inwards(m->insns, v))
            return;
        /* IRET with NT set: in a 64-bit hypervisor there are no tasks. */
        if (v->domain->abi->xen >= RING1_XEN_4_17) {
            deliver_exception(v, TRAP_gp_fault, 0);
            return;
        }
        break;
    default:
        break;
    }
    deliver_exception(v, e->vector, e->error);
}

void machine_trap(struct machine *m, struct vcpu *v, const struct cpu_event *e)
{
    switch (e->exit) {
    case CPU_EXIT_STOPPED:
        return;
    case CPU_EXIT_MISS:
        memory_fault(m, v, e);
        break;
    case CPU_EXIT_INTERRUPT:
        deliver_soft_interrupt(v, e->vector, 2);
        break;
    case CPU_EXIT_EXCEPTION:
        exception(m, v, e);
        break;
    }
}
