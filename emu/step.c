/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * step.c - see step.h. Order and kinds of #DB follow the CPU (Intel SDM 3, 6.9
 * and 17.2 to 17.3): a breakpoint on an instruction is a fault before it, which RF
 * suppresses; one on data is a trap after it, together with the single step; after
 * MOV SS and POP SS both wait for the next instruction, which the engine executes
 * with them. Accesses by the hypervisor
 * do not count (docs/xen-abi.md 6.2).
 */
#include "step.h"

#include "dispatch/traps.h"
#include "machine.h"
#include "segments.h"

/* --- withheld pages --------------------------------------------------------------- */

bool step_withholds(const struct machine *m, uint32_t page, enum access access, bool executed)
{
    if (m->step.armed)
        return false;
    unsigned kinds = breakpoints_in_page(&m->breakpoints, page);
    /* What may be executed may be read, and what may be written and executed is
     * code: see fill.c. */
    bool writes = access == ACCESS_WRITE;
    return (kinds & BREAK_ACCESS) || ((kinds & BREAK_WRITE) && writes) ||
           ((kinds & BREAK_EXECUTE) && (access == ACCESS_FETCH || (writes && executed)));
}

void step_want(struct machine *m)
{
    m->s.step.wanted = true;
}

/* --- what an instruction is --------------------------------------------------------- */

/* PUSHF shows TF, POPF and IRET set it. */
static bool is_pushf(const struct insn *in)
{
    return in->opcode == 0x9C;
}

static bool sets_flags(const struct insn *in)
{
    return in->opcode == 0x9D || in->opcode == 0xCF;
}

static void find_data_hits(struct machine *m, struct vcpu *v)
{
    struct single_step *t = &m->step;
    const struct insn *in = &t->insn;
    for (unsigned i = 0; i < in->nr_operands; i++) {
        const struct insn_operand *op = &in->operands[i];
        unsigned kinds = op->writes ? BREAK_WRITE | BREAK_ACCESS : BREAK_ACCESS;
        uint32_t address, size = segments_operand_bytes(v, in, op);
        if (size == 0 || !insn_operand_address(v, op, &address))
            continue;
        t->hits |= breakpoints_hit(&m->breakpoints, kinds, address, size);
    }
}

/* --- before ------------------------------------------------------------------------ */

static void let_pass(struct machine *m, uint32_t linear)
{
    m->s.step.passed = true;
    m->s.step.passed_at = linear;
}

/* RF counts for the instruction that an IRET went to, be it the guest's own. The
 * engine keeps it for longer. */
static bool resumed(struct machine *m, struct vcpu *v, bool given)
{
    uint8_t last;
    if (!(cpu_eflags(m->cpu) & EFLAGS_RF))
        return false;
    uint32_t end = cpu_last_block_end(m->cpu);
    return given || (end != 0 && guest_read(v, GVA(end - 1), &last, 1) == 0 && last == 0xCF);
}

/* Breakpoints on the instruction at `linear`. True: one was reported. */
static bool stopped_before(struct machine *m, struct vcpu *v, uint32_t linear, bool given)
{
    struct step_state *s = &m->s.step;
    if (s->passed)
        return false;
    uint32_t hits = breakpoints_hit(&m->breakpoints, BREAK_EXECUTE, linear, 1);
    if (hits == 0 || resumed(m, v, given))
        return false;
    s->wanted = false;
    deliver_debug(v, hits);
    return true;
}

/* The instruction would reach beyond a segment. True: that was told. */
static bool beyond_segment(struct vcpu *v, const struct insn *in)
{
    enum insn_segment segment;
    uint32_t offset;
    unsigned vector = segments_check(v, in, &segment, &offset);
    if (vector == 0)
        return false;
    if (!segments_fixup(v, in, segment, offset))
        deliver_exception(v, vector, 0);
    return true;
}

bool step_begin(struct machine *m, struct vcpu *v, bool given)
{
    struct step_state *s = &m->s.step;
    struct single_step *t = &m->step;
    const struct regs *r = vcpu_regs(v);
    uint32_t linear;

    if (!insn_code_address(v, &linear))
        return true; /* the CPU cannot go on there: it will say so */
    if (s->passed_at != linear)
        s->passed = false;
    bool executes = breakpoints_in_page(&m->breakpoints, linear) & BREAK_EXECUTE;
    if (executes && stopped_before(m, v, linear, given))
        return false;
    bool checks = m->segment_limits && segments_need_checks(v);
    if (!executes && !s->wanted && !checks)
        return true;

    const struct insn *in = insn_at(m->insns, v);
    *t = (struct single_step){
        .linear = linear, .guest_tf = (r->eflags & EFLAGS_TF) != 0, .checks = checks, .before = *r};
    if (in)
        t->insn = *in;
    if (checks && beyond_segment(v, &t->insn))
        return false;
    t->armed = true;
    t->rep = insn_is_string(&t->insn) && (t->insn.rep || t->insn.repne);
    find_data_hits(m, v);
    cpu_set_step(m->cpu, true);
    return true;
}

/* --- after ------------------------------------------------------------------------- */

/* PUSHF pushed the CPU's TF. */
static void hide_flag(struct vcpu *v)
{
    struct insn_operand top = {.base = 4, .index = -1, .bit = -1, .segment = SEG_SS, .implicit_stack = true};
    uint32_t address;
    uint8_t byte;
    if (!insn_operand_address(v, &top, &address) || guest_read(v, GVA(address + 1), &byte, 1))
        return;
    byte &= (uint8_t) ~(EFLAGS_TF >> 8);
    guest_write(v, GVA(address + 1), &byte, 1);
}

/* A jump to beyond the code segment is a fault of the jump. */
static bool jumped_too_far(struct vcpu *v, const struct single_step *t)
{
    const struct regs *r = vcpu_regs(v);
    if (!t->checks || (r->cs == t->before.cs && r->eip == t->before.eip + t->insn.length) ||
        segments_eip_ok(v))
        return false;
    *vcpu_regs_mut(v) = t->before;
    deliver_exception(v, TRAP_gp_fault, 0);
    return true;
}

/* The instruction is done: what has to be told of it. */
static void done(struct machine *m, struct vcpu *v)
{
    struct step_state *s = &m->s.step;
    struct single_step *t = &m->step;
    uint32_t reasons = t->hits | (t->guest_tf ? DR6_BS : 0), linear;

    s->wanted = s->passed = false;
    if (is_pushf(&t->insn) && !t->guest_tf)
        hide_flag(v);
    if (jumped_too_far(v, t))
        return;
    bool unfinished = t->rep && insn_code_address(v, &linear) && linear == t->linear;
    if (unfinished)
        let_pass(m, t->linear);
    if (!reasons)
        return;
    if (unfinished)
        vcpu_regs_mut(v)->eflags |= EFLAGS_RF;
    deliver_debug(v, reasons);
}

bool step_end(struct machine *m, struct vcpu *v, const struct cpu_event *event)
{
    struct single_step *t = &m->step;
    bool is_done = event->exit == CPU_EXIT_EXCEPTION && event->vector == TRAP_debug;
    bool tf = is_done && sets_flags(&t->insn) ? cpu_eflags(m->cpu) & EFLAGS_TF : t->guest_tf;

    cpu_set_step(m->cpu, tf);
    cpu_flush_tlb(m->cpu); /* the pages that were let through */
    if (is_done) {
        t->armed = false;
        done(m, v);
        return true;
    }
    if (event->exit == CPU_EXIT_INTERRUPT)
        m->s.step.wanted = false;
    else
        let_pass(m, t->linear); /* not begun, or to be begun again */
    return event->exit == CPU_EXIT_STOPPED;
}

void step_native(struct machine *m, struct vcpu *v)
{
    uint32_t start = cpu_last_block_start(m->cpu), linear;
    uint8_t first;
    /* Between two rounds of a string instruction, not after it. */
    if (insn_code_address(v, &linear) && linear == start && guest_read(v, GVA(start), &first, 1) == 0 &&
        (first | 1) == 0xF3)
        vcpu_regs_mut(v)->eflags |= EFLAGS_RF;
    deliver_debug(v, DR6_BS);
}
