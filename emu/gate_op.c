/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gate_op.c - what a CPU does for a far call through a call gate, in the order in
 * which 4.17 looks at things (docs/xen-abi.md 13.2, 13.3).
 */
#include "gate_op.h"

#include "dispatch/traps.h"
#include "emulated.h"

#include <string.h>

#define DESC_CALL_GATE 0x0C00u
#define DESC_KIND      0x1F00u
#define DESC_S         0x1000u
#define DESC_CODE      0x0800u
#define DESC_CONFORMS  0x0400u /* of code; of data: it expands down */
#define DESC_WRITABLE  0x0200u
#define DESC_P         0x8000u
#define DESC_G         0x800000u
#define DESC_DPL(hi)   (((hi) >> 13) & 3u)

struct gate {
    uint32_t selector, offset, params, dpl;
    bool present;
};

struct segment {
    uint32_t base, limit, hi;
};

/* The gate behind a faulting selector. In 4.17 check_descriptor moved its DPL into
 * the RPL of the selector that it points at. */
static bool read_gate(struct vcpu *v, uint32_t selector, struct gate *gate)
{
    uint64_t desc;
    uint32_t entries = selector & 4 ? v->ldt_entries : v->gdt_entries;
    if (selector < 4 || selector >> 3 >= entries || !selector_descriptor(v, (uint16_t)selector, &desc))
        return false;
    uint32_t lo = (uint32_t)desc, hi = (uint32_t)(desc >> 32);
    bool moved = v->domain->abi->xen >= RING1_XEN_4_17;
    if ((moved && DESC_DPL(hi)) || (hi & DESC_KIND) != DESC_CALL_GATE)
        return false;
    *gate = (struct gate){
        .selector = lo >> 16 & ~3u,
        .offset = (lo & 0xFFFFu) | (hi & 0xFFFF0000u),
        .params = hi & 0x1Fu,
        .dpl = moved ? lo >> 16 & 3u : DESC_DPL(hi),
        .present = hi & DESC_P,
    };
    return true;
}

/* A null selector, or one beyond the LDT, is a segment of zeros. */
static bool read_segment(struct vcpu *v, uint32_t selector, struct segment *s)
{
    uint64_t desc = 0;
    bool none = selector < 4 || ((selector & 4) && selector >> 3 >= v->ldt_entries);
    if (!none && !selector_descriptor(v, (uint16_t)selector, &desc))
        return false;
    uint32_t lo = (uint32_t)desc, hi = (uint32_t)(desc >> 32);
    s->base = lo >> 16 | (hi & 0xFFu) << 16 | (hi & 0xFF000000u);
    s->limit = (lo & 0xFFFFu) | (hi & 0xF0000u);
    if (hi & DESC_G)
        s->limit = ((s->limit + 1) << 12) - 1;
    s->hi = hi;
    return true;
}

static bool writable_data(const struct segment *s, uint32_t dpl)
{
    return DESC_DPL(s->hi) == dpl &&
           (s->hi & (DESC_S | DESC_CODE | DESC_WRITABLE)) == (DESC_S | DESC_WRITABLE);
}

static bool stack_holds(const struct segment *s, uint32_t esp, uint32_t bytes)
{
    bool down = s->hi & DESC_CONFORMS;
    return esp - bytes < esp - 1 && (down ? esp - bytes > s->limit : esp - 1 <= s->limit);
}

bool gate_op_no_type(struct vcpu *v, uint32_t selector)
{
    uint64_t desc;
    if (!selector_descriptor(v, (uint16_t)selector, &desc))
        return false;
    uint32_t kind = (uint32_t)(desc >> 32) & DESC_KIND;
    return kind == 0x100 || kind == 0x400 || kind == 0x500 || kind == 0x900; /* TSSs, 16-bit and task gates */
}

/* A far call (1) or jump (2) and the selector that it names; 0: neither. */
static int far_transfer(struct vcpu *v, const struct insn *in, uint16_t *selector)
{
    unsigned how = insn_modrm_reg(in);
    uint32_t address;

    if (in->opcode == 0x9A || in->opcode == 0xEA) {
        memcpy(selector, in->bytes + in->prefixes + 1 + in->operand_size, 2);
        return in->opcode == 0x9A ? 1 : 2;
    }
    if (in->opcode != 0xFF || in->modrm >= 0xC0 || (how != 3 && how != 5) || in->nr_operands == 0 ||
        !insn_operand_address(v, &in->operands[0], &address) ||
        guest_read(v, GVA(address + in->operand_size), selector, 2))
        return 0;
    return how == 3 ? 1 : 2;
}

struct stack {
    struct vcpu *v;
    uint32_t base, esp, ss;
};

/* False: the guest has been given the page fault. */
static bool push(struct stack *s, uint32_t word)
{
    s->esp -= 4;
    if (guest_write(s->v, GVA(s->base + s->esp), &word, 4) == 0)
        return true;
    deliver_page_fault(s->v, GVA(s->base + s->esp), PF_WRITE);
    return false;
}

static bool fault(struct vcpu *v, unsigned vector, uint32_t error)
{
    deliver_exception(v, vector, error);
    return false;
}

/* Parameters of the gate, from the caller's stack to the new one. */
static bool push_params(struct stack *s, uint32_t params, uint32_t error)
{
    struct vcpu *v = s->v;
    const struct regs *r = &v->regs;
    struct segment user;
    if (!read_segment(v, r->ss, &user) || !writable_data(&user, regs_ring(r)) ||
        !stack_holds(&user, s->esp + params * 4, params * 4) ||
        !guest_range_ok(v->domain, GVA(user.base + r->esp), params * 4))
        return fault(v, TRAP_gp_fault, error);
    for (uint32_t i = params; i-- > 0;) {
        uint32_t word, at = user.base + r->esp + i * 4;
        if (guest_read(v, GVA(at), &word, 4)) {
            deliver_page_fault(v, GVA(at), 0);
            return false;
        }
        if (!push(s, word))
            return false;
    }
    return true;
}

/* To ring 1 from ring 3: onto the kernel's stack. */
static bool inner_stack(struct stack *s, const struct gate *gate, uint32_t error)
{
    struct vcpu *v = s->v;
    const struct regs *r = &v->regs;
    struct segment stack;
    s->ss = v->kernel_ss;
    s->esp = v->kernel_sp;
    if ((s->ss & 3u) != 1 || !read_segment(v, s->ss, &stack) || !writable_data(&stack, 1))
        return fault(v, TRAP_invalid_tss, s->ss & ~3u);
    uint32_t bytes = (4 + gate->params) * 4;
    if (!(stack.hi & DESC_P) || !stack_holds(&stack, s->esp, bytes))
        return fault(v, TRAP_stack_error, s->ss & ~3u);
    s->base = stack.base;
    if (!guest_range_ok(v->domain, GVA(s->base + s->esp - bytes), bytes))
        return fault(v, TRAP_gp_fault, error);
    return push(s, r->ss) && push(s, r->esp) && (gate->params == 0 || push_params(s, gate->params, error));
}

static bool same_stack(struct stack *s, uint32_t error)
{
    struct vcpu *v = s->v;
    const struct regs *r = &v->regs;
    struct segment stack;
    s->ss = r->ss;
    s->esp = r->esp;
    if (!read_segment(v, s->ss, &stack) || DESC_DPL(stack.hi) != regs_ring(r))
        return fault(v, TRAP_gp_fault, error);
    if (!stack_holds(&stack, s->esp, 8))
        return fault(v, TRAP_stack_error, 0);
    s->base = stack.base;
    if (!guest_range_ok(v->domain, GVA(s->base + s->esp - 8), 8))
        return fault(v, TRAP_gp_fault, error);
    return true;
}

/* The call itself, to a code segment of `dpl`. */
static bool call(struct vcpu *v, const struct insn *in, const struct gate *gate, uint32_t dpl, uint32_t error,
                 uint32_t *selector)
{
    struct regs *r = &v->regs;
    struct stack s = {.v = v};
    if (dpl < regs_ring(r)) {
        *selector |= dpl;
        if (dpl != 1) /* no other ring's stack is known */
            return fault(v, TRAP_gp_fault, error);
        if (!inner_stack(&s, gate, error))
            return false;
    } else {
        *selector |= regs_ring(r);
        if (!same_stack(&s, error))
            return false;
    }
    if (!push(&s, r->cs) || !push(&s, r->eip + in->length))
        return false;
    r->ss = (uint16_t)s.ss;
    r->esp = s.esp;
    return true;
}

void gate_op_emulate(struct insn_cache *insns, struct vcpu *v, uint32_t error)
{
    struct regs *r = vcpu_regs_mut(v);
    struct gate gate;
    struct segment target;
    uint16_t named = 0;

    if (!read_gate(v, error, &gate) || gate.dpl < regs_ring(r)) {
        fault(v, TRAP_gp_fault, error);
        return;
    }
    if (!gate.present) {
        fault(v, TRAP_no_segment, error);
        return;
    }
    const struct insn *in = insn_at(insns, v);
    int how = in && in->length ? far_transfer(v, in, &named) : 0;
    if (how == 0 || (named & ~3u) != error || gate.dpl < (named & 3u)) {
        fault(v, TRAP_gp_fault, error);
        return;
    }
    /* A jump stays in its ring, a call may go inwards. */
    bool read = read_segment(v, gate.selector, &target);
    uint32_t dpl = read ? DESC_DPL(target.hi) : 0, ring = regs_ring(r);
    bool inwards = how == 1 || (target.hi & DESC_CONFORMS);
    if (!read || (target.hi & (DESC_S | DESC_CODE)) != (DESC_S | DESC_CODE) ||
        (inwards ? dpl > ring : dpl != ring)) {
        fault(v, TRAP_gp_fault, gate.selector);
        return;
    }
    if (!(target.hi & DESC_P)) {
        fault(v, TRAP_no_segment, gate.selector);
        return;
    }
    if (gate.offset > target.limit) {
        fault(v, TRAP_gp_fault, 0);
        return;
    }
    struct emulated told;
    emulated_begin(&told, v, in->bytes, in->length);
    uint32_t selector = gate.selector;
    if (how == 2)
        selector |= ring;
    else if (!call(v, in, &gate, dpl, error, &selector))
        return;
    bool step = r->eflags & EFLAGS_TF;
    r->cs = (uint16_t)selector;
    r->eip = gate.offset;
    emulated_end(&told, insns, v, NULL);
    if (step)
        deliver_debug(v, DR6_BS);
}

bool gate_op_inwards(struct insn_cache *insns, struct vcpu *v)
{
    const struct insn *in = insn_at(insns, v);
    struct gate gate;
    uint16_t named;
    if (!in || !in->length || far_transfer(v, in, &named) != 1 || !read_gate(v, named & ~3u, &gate))
        return false;
    gate_op_emulate(insns, v, named & ~3u);
    return true;
}
