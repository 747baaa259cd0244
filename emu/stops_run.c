/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * stops_run.c - running so that stops do not show. The guest's own run asks for the clock
 * only where a block of code begins, and where blocks begin follows from where they were
 * entered. So a block that is left in its middle is kept in mind (machine_state.block):
 * its rest is executed instruction by instruction, and up to its end the machine neither
 * looks nor lets anything come in between.
 *
 * An instruction is executed alone by TF in the CPU. What differs then from the same
 * instruction in its block is mended here: TF where the guest could see it, and the turn that the
 * engine takes to find that a repeated instruction is done.
 */
#include "stops_priv.h"

#include "dispatch/traps.h"
#include "segments.h"

#include <ring1/debugger.h>

/* --- what an instruction was ------------------------------------------------------ */

struct brief {
    uint8_t opcode; /* of one byte; others: 0x0F */
    bool rep, repne, address16;
};

static bool is_prefix(uint8_t byte)
{
    return byte == 0x66 || byte == 0x67 || byte == 0xF0 || byte == 0xF2 || byte == 0xF3 || byte == 0x26 ||
           byte == 0x2E || byte == 0x36 || byte == 0x3E || byte == 0x64 || byte == 0x65;
}

static struct brief what_was(struct vcpu *v, const struct cpu_block *ran)
{
    uint8_t bytes[INSN_MAX_BYTES];
    struct brief b = {0};
    uint32_t len = MIN(ran->size, (uint32_t)sizeof bytes);
    if (guest_peek(v, GVA(ran->start), bytes, len))
        return b;
    for (uint32_t i = 0; i < len; i++) {
        if (!is_prefix(bytes[i])) {
            b.opcode = bytes[i];
            break;
        }
        b.rep |= bytes[i] == 0xF3;
        b.repne |= bytes[i] == 0xF2;
        b.address16 |= bytes[i] == 0x67;
    }
    return b;
}

static bool is_pushf(const struct brief *b)
{
    return b->opcode == 0x9C;
}

static bool loads_flags(const struct brief *b)
{
    return b->opcode == 0x9D || b->opcode == 0xCF;
}

static bool is_repeated(const struct brief *b)
{
    return (b->rep || b->repne) &&
           ((b->opcode >= 0xA4 && b->opcode <= 0xA7) || (b->opcode >= 0xAA && b->opcode <= 0xAF) ||
            (b->opcode >= 0x6C && b->opcode <= 0x6F));
}

static bool compares(const struct brief *b)
{
    return (b->opcode | 1) == 0xA7 || (b->opcode | 1) == 0xAF;
}

/* --- before ------------------------------------------------------------------------ */

static bool may_step(const struct stops *s, const struct vcpu *v)
{
    return (s->step_wanted && v->id == s->step_vcpu) || s->let_through;
}

static void begin_step(struct machine *m, struct vcpu *v)
{
    struct stops *s = m->stops;
    bool guest_tf = (cpu_eflags(m->cpu) & EFLAGS_TF) != 0;
    s->before = *vcpu_regs(v);
    s->hits = s->let_through ? stops_find_hits(m, v) : 0;
    v->regs_loaded = false;
    s->own_tf = !guest_tf;
    cpu_set_tf(m->cpu, true);
    cpu_run_alone(m->cpu, s->own_tf);
}

void stops_before_run(struct machine *m, struct vcpu *v)
{
    struct stops *s = m->stops;
    s->began = cpu_clock(m->cpu);
    s->called = s->undone = s->withheld = s->own_tf = false;
    stops_hold_calls(m);
    s->hits = 0;
    if (m->step.armed) {
        s->mode = STOPS_GUESTS;
        s->hits = s->nr_watches ? stops_find_hits(m, v) : 0;
        v->regs_loaded = false;
        return;
    }
    if (stops_in_block(m)) {
        s->mode = STOPS_STEP;
        begin_step(m, v);
        return;
    }
    s->mode = may_step(s, v) ? STOPS_LEARN : STOPS_FREELY;
    cpu_follow(m->cpu, m->s.block.start, m->s.block.size);
    if (s->mode == STOPS_LEARN)
        cpu_set_limit(m->cpu, s->began);
    else if (s->place_wanted)
        cpu_set_limit(m->cpu, s->place.ns);
}

/* --- after ------------------------------------------------------------------------- */

static void keep_block(struct machine *m, struct cpu_block block, uint64_t deadline)
{
    m->s.block = (struct block_state){
        .end = block.end, .deadline = deadline, .start = block.start, .size = block.size};
}

/* The block in whose middle the CPU was left is to be gone on with. */
static void stay_in_block(struct machine *m, uint64_t deadline)
{
    struct cpu_block left = cpu_last_block(m->cpu);
    if (m->stops->mode != STOPS_STEP && left.size && left.end > cpu_clock(m->cpu))
        keep_block(m, left, deadline);
    m->s.unseen = true;
}

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

/* The count ran out: in its block the instruction is begun once more, to find that. */
static bool is_begun_again(struct machine *m, const struct brief *b, const struct cpu_block *ran)
{
    uint32_t mask = b->address16 ? 0xFFFF : UINT32_MAX;
    if (!is_repeated(b) || (m->stops->before.ecx & mask) == 0 || (cpu_ecx(m->cpu) & mask) != 0)
        return false;
    bool zf = (cpu_eflags(m->cpu) & EFLAGS_ZF) != 0;
    if (compares(b) && zf == b->repne)
        return false;
    cpu_move_eip(m->cpu, -(int32_t)ran->size);
    return true;
}

static bool frame_of(struct vcpu *v, uint32_t linear, uint64_t *maddr, uint8_t *mark)
{
    struct walk w;
    if (guest_walk(v, GVA(linear), ACCESS_READ, false, false, &w) != WALK_OK)
        return false;
    *maddr = (uint64_t)w.mfn.mfn << RING1_PAGE_SHIFT | (linear & (RING1_PAGE_SIZE - 1));
    *mark = v->domain->mem->marks[w.mfn.mfn];
    return true;
}

/* Both by pages. */
static bool meet(struct vcpu *v, uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
    for (uint32_t i = 0, n; i < a_size; i += n) {
        uint64_t at_a, at_b;
        uint8_t mark;
        n = MIN(a_size - i, RING1_PAGE_SIZE - (a + i) % RING1_PAGE_SIZE);
        bool code = frame_of(v, a + i, &at_a, &mark) && (mark & MARK_WRITTEN);
        for (uint32_t j = 0, k; code && j < b_size; j += k) {
            k = MIN(b_size - j, RING1_PAGE_SIZE - (b + j) % RING1_PAGE_SIZE);
            if (frame_of(v, b + j, &at_b, &mark) && at_b < at_a + n && at_a < at_b + k)
                return true;
        }
    }
    return false;
}

/* The instruction stored into the block that it is of. */
static bool wrote_its_block(struct machine *m, struct vcpu *v)
{
    const struct block_state *block = &m->s.block;
    uint64_t maddr;
    uint8_t first = 0, last = 0;
    if (cpu_began_anew(m->cpu))
        return true;
    (void)frame_of(v, block->start, &maddr, &first);
    (void)frame_of(v, block->start + block->size - 1, &maddr, &last);
    if (G_LIKELY(!((first | last) & MARK_WRITTEN)))
        return false;
    const struct regs now = *vcpu_regs(v);
    bool wrote = false;
    uint32_t address;
    v->regs = m->stops->before;
    const struct insn *in = insn_at(m->insns, v);
    for (unsigned i = 0; in && i < in->nr_operands; i++) {
        const struct insn_operand *op = &in->operands[i];
        uint32_t size = segments_operand_bytes(v, in, op);
        wrote |= op->writes && size && insn_operand_address(v, op, &address) &&
                 meet(v, block->start, block->size, address, size);
    }
    v->regs = now;
    return wrote;
}

/* In its block such an instruction is begun anew, alone, when all of the block is counted;
 * after it another block begins. */
static void count_anew(struct machine *m, const struct cpu_block *ran)
{
    uint64_t end = m->s.block.end + (uint64_t)ran->size * CPU_NS_PER_BYTE;
    cpu_set_clock(m->cpu, end);
    m->s.block.start = ran->start;
    m->s.block.size = ran->size;
}

/* One instruction was executed. True: it is not at its end. */
static bool end_step(struct machine *m, struct vcpu *v)
{
    struct stops *s = m->stops;
    struct cpu_block ran = cpu_last_block(m->cpu);
    struct brief b = what_was(v, &ran);
    if (s->own_tf) {
        s->own_tf = false;
        if (!loads_flags(&b))
            cpu_set_tf(m->cpu, false);
        if (is_pushf(&b))
            hide_flag(v);
    }
    if (!s->called && wrote_its_block(m, v))
        count_anew(m, &ran);
    else if (!s->called) /* RDTSC has a price of its own */
        m->s.block.end += cpu_clock(m->cpu) - s->began - (uint64_t)ran.size * CPU_NS_PER_BYTE;
    return is_begun_again(m, &b, &ran);
}

/* Where a block ends the next one asks for the deadline, if it does not look like the
 * last one begun anew: the CPU knows. A call has asked already. */
static void end_of_block(struct machine *m, uint64_t deadline)
{
    m->s.unseen = true;
    if (stops_in_block(m))
        return;
    m->s.block.end = 0;
    if (!m->stops->called)
        return;
    m->s.unseen = !m->door_shut && cpu_clock(m->cpu) < deadline && m->time_mode == RING1_TIME_VIRTUAL;
    m->s.block = (struct block_state){0};
}

static void let_no_more_through(struct machine *m)
{
    if (m->stops->let_through)
        machine_flush_tlb(m);
    m->stops->let_through = false;
}

/* The step's vcpu has executed an instruction, or got something else to do. */
static void progressed(struct machine *m, const struct vcpu *v)
{
    struct stops *s = m->stops;
    if (s->step_wanted && v->id == s->step_vcpu)
        stops_report(m, STOP_STEPPED);
}

/* The CPU takes EIP for a linear address when it gives back what of a block was not
 * executed: where it is none a fault costs all of its block. */
static void charge_block(struct machine *m, struct vcpu *v)
{
    struct cpu_block last = cpu_last_block(m->cpu);
    uint32_t linear;
    if (insn_code_address(v, &linear) && linear != vcpu_regs(v)->eip && last.size &&
        last.end == cpu_clock(m->cpu) && stops_in_block(m))
        cpu_set_clock(m->cpu, m->s.block.end);
}

static bool after_step(struct machine *m, struct vcpu *v, const struct cpu_event *event, uint64_t deadline)
{
    struct stops *s = m->stops;
    bool done = (event->exit == CPU_EXIT_EXCEPTION && event->vector == TRAP_debug && s->own_tf) ||
                (event->exit == CPU_EXIT_STOPPED && (s->called || !s->pending));
    if (!done) {
        if (s->own_tf)
            cpu_set_tf(m->cpu, false);
        s->own_tf = false;
        if (event->exit != CPU_EXIT_STOPPED)
            charge_block(m, v);
        stops_note_watched(m, v);
        return event->exit == CPU_EXIT_STOPPED;
    }
    bool again = end_step(m, v);
    end_of_block(m, deadline);
    stops_report_hits(m, s->hits | s->walked);
    s->walked = 0;
    let_no_more_through(m);
    if (!again)
        progressed(m, v);
    return true;
}

/* The CPU has executed the `int`; the rest of the call has no need of it. */
static void hold(struct machine *m, struct vcpu *v, const struct cpu_event *event, uint64_t deadline)
{
    struct stops *s = m->stops;
    bool armed = m->step.armed;
    if (s->own_tf)
        cpu_set_tf(m->cpu, false);
    s->own_tf = false;
    if (armed) {
        step_end(m, v, event);
        m->step.armed = false;
    }
    m->s.block = (struct block_state){.deadline = armed ? 0 : deadline};
    m->s.unseen = true;
    let_no_more_through(m);
}

void stops_call_over(struct machine *m, uint64_t deadline)
{
    m->s.unseen = !m->door_shut && cpu_clock(m->cpu) < deadline && m->time_mode == RING1_TIME_VIRTUAL;
    m->s.block = (struct block_state){0};
    progressed(m, m->current);
}

/* There a page that is withheld must not cost anything. */
static void give_back(struct machine *m, struct vcpu *v, const struct cpu_event *event)
{
    struct cpu_block last = cpu_last_block(m->cpu);
    uint32_t linear;
    if (event->access == ACCESS_FETCH || last.size == 0 || last.end != cpu_clock(m->cpu) ||
        !insn_code_address(v, &linear) || linear - last.start >= last.size)
        return;
    cpu_set_clock(m->cpu, last.end - (uint64_t)(last.start + last.size - linear) * CPU_NS_PER_BYTE);
}

bool stops_after_run(struct machine *m, struct vcpu *v, const struct cpu_event *event, uint64_t deadline)
{
    struct stops *s = m->stops;
    struct cpu_block kept = cpu_kept_block(m->cpu);
    if (s->undone)
        cpu_move_eip(m->cpu, -2);
    if (m->domain->s.held.active) {
        hold(m, v, event, deadline);
        return true;
    }
    if (s->withheld && event->exit == CPU_EXIT_MISS) {
        if (s->own_tf)
            cpu_set_tf(m->cpu, false);
        s->own_tf = false;
        give_back(m, v, event);
        stay_in_block(m, deadline);
        s->let_through = true;
        return true;
    }
    if (s->mode == STOPS_STEP)
        return after_step(m, v, event, deadline);
    if (s->pending && !s->called && event->exit == CPU_EXIT_STOPPED) {
        if (m->step.armed) {
            step_end(m, v, event);
            m->step.armed = false;
        }
        stay_in_block(m, deadline);
        return true;
    }
    if (kept.size && event->exit == CPU_EXIT_STOPPED) {
        keep_block(m, kept, deadline);
        m->s.unseen = true;
        return true;
    }
    stops_note_watched(m, v);
    return false;
}

void stops_after_guest(struct machine *m, struct vcpu *v, const struct cpu_event *event, uint64_t deadline)
{
    struct stops *s = m->stops;
    bool moved = cpu_clock(m->cpu) != s->began;
    if (m->block_cut)
        stay_in_block(m, deadline);
    else if (!m->mended || s->mode != STOPS_STEP)
        m->s.block = (struct block_state){0};
    m->block_cut = false;
    if (s->mode == STOPS_GUESTS && event->exit == CPU_EXIT_EXCEPTION && event->vector == TRAP_debug)
        stops_report_hits(m, s->hits | s->walked);
    stops_report_hits(m, stops_changed(m)); /* a store that was emulated, an exception's frame */
    if (v->regs_changed || s->called || (moved && event->exit == CPU_EXIT_MISS) ||
        (s->mode == STOPS_GUESTS && event->exit == CPU_EXIT_EXCEPTION && event->vector == TRAP_debug)) {
        let_no_more_through(m);
        progressed(m, v);
    }
}

/* --- where the run ends ------------------------------------------------------------ */

void stops_delivered(struct machine *m, struct vcpu *v)
{
    progressed(m, v);
}

static bool place_reached(struct machine *m)
{
    struct stops *s = m->stops;
    if (!s->place_wanted)
        return false;
    struct ring1_place here = stops_place(m);
    return ring1_place_compare(&here, &s->place) >= 0;
}

bool stops_here(struct machine *m, struct ring1_stop *stop)
{
    struct stops *s = m->stops;
    if (m->domain->s.shutdown != SHUTDOWN_NONE)
        return false;
    if (!s->pending && place_reached(m))
        stops_report(m, STOP_PLACE);
    if (!s->pending)
        return false;
    s->pending = false;
    s->passed = s->last.kind;
    s->passed_clock = cpu_clock(m->cpu);
    s->passed_vcpu = s->last.vcpu;
    s->passed_entry = m->domain->s.held.active ? m->domain->s.held.next : UINT32_MAX;
    stop->reason = RING1_STOP_DEBUG;
    return true;
}

void stops_run_over(struct machine *m)
{
    struct stops *s = m->stops;
    s->step_wanted = s->place_wanted = s->pending = false;
}
