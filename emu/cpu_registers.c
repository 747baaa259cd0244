/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * cpu_registers.c - the CPU on Unicorn: its registers.
 */
#include "cpu_unicorn.h"

#include <string.h>

void cpu_read_args(struct cpu *cpu, uint32_t *arg, unsigned n)
{
    static const int ids[] = {UC_X86_REG_EDX, UC_X86_REG_ESI, UC_X86_REG_EDI, UC_X86_REG_EBP};
    void *p[] = {&arg[2], &arg[3], &arg[4], &arg[5]};
    if (n > CPU_ARGS_GIVEN)
        uc_reg_read_batch(cpu->uc, (int *)ids, p, (int)(n - CPU_ARGS_GIVEN));
}

void cpu_stack(struct cpu *cpu, uint16_t *ss, uint32_t *esp)
{
    static const int ids[] = {UC_X86_REG_SS, UC_X86_REG_ESP};
    uint32_t selector = 0;
    void *p[] = {&selector, esp};
    uc_reg_read_batch(cpu->uc, (int *)ids, p, 2);
    *ss = (uint16_t)selector;
}

void cpu_get_regs(struct cpu *cpu, struct regs *regs)
{
    cpu_layout_get_regs(&cpu->layout, cpu_save_context(cpu), regs);
    uc_reg_read(cpu->uc, UC_X86_REG_EFLAGS, &regs->eflags);
}

void cpu_get_regs_of(struct cpu *cpu, unsigned set, struct regs *regs)
{
    if (set == cpu->selected) {
        cpu_get_regs(cpu, regs);
    } else if (set < MAX_VCPUS && cpu->set[set].context) {
        cpu_layout_get_regs(&cpu->layout, (const uint8_t *)cpu->set[set].context, regs);
        regs->eflags = cpu->set[set].eflags;
    }
}

bool cpu_set_regs(struct cpu *cpu, const struct regs *regs, cpu_descriptor_fn descriptor, void *user)
{
    uint32_t eflags = regs->eflags;
    if (!cpu_layout_set_regs(&cpu->layout, cpu_save_context(cpu), regs, cpu->reload, descriptor, user)) {
        cpu->saved = false; /* it is half changed */
        return false;
    }
    cpu_restore_context(cpu);
    uc_reg_write(cpu->uc, UC_X86_REG_EFLAGS, &eflags);
    cpu->ring3_possible |= (regs->cs & 3u) == 3;
    cpu->reload = 0;
    return true;
}

void cpu_reload_segments(struct cpu *cpu, enum cpu_segments which)
{
    cpu->reload = which == CPU_ALL_SEGMENTS ? LAYOUT_ALL_SEGMENTS : LAYOUT_CODE_AND_STACK;
}

uint32_t cpu_eflags(struct cpu *cpu)
{
    uint32_t eflags = 0;
    uc_reg_read(cpu->uc, UC_X86_REG_EFLAGS, &eflags);
    return eflags;
}

void cpu_set_step(struct cpu *cpu, bool tf)
{
    uint32_t old = cpu_eflags(cpu), eflags = old & ~(EFLAGS_TF | EFLAGS_RF);
    eflags |= tf ? EFLAGS_TF : 0;
    if (eflags == old)
        return;
    uc_reg_write(cpu->uc, UC_X86_REG_EFLAGS, &eflags);
    cpu->saved = false;
}

uint32_t cpu_last_block_start(const struct cpu *cpu)
{
    return cpu->facts.last_start;
}

uint32_t cpu_last_block_end(const struct cpu *cpu)
{
    return cpu->facts.last_end;
}

void cpu_set_gdtr(struct cpu *cpu, uint32_t base, uint32_t limit)
{
    uc_x86_mmr gdtr = {.base = base, .limit = limit};
    uc_reg_write(cpu->uc, UC_X86_REG_GDTR, &gdtr);
    cpu->saved = false;
}

void cpu_set_gdt_limit(struct cpu *cpu, uint32_t limit)
{
    if (limit == cpu->facts.gdt_limit)
        return;
    cpu_set_gdtr(cpu, HIDDEN_GDT_OF(cpu->selected), limit);
    cpu->facts.gdt_limit = limit;
}

void cpu_set_ldt(struct cpu *cpu, uint16_t selector, uint32_t bytes)
{
    uc_x86_mmr ldtr = {.selector = bytes ? selector : 0,
                       .base = HIDDEN_LDT_OF(cpu->selected),
                       .limit = bytes ? bytes - 1 : 0,
                       .flags = bytes ? 0x8200u : 0};
    uc_reg_write(cpu->uc, UC_X86_REG_LDTR, &ldtr);
    cpu->saved = false;
}

void cpu_set_task(struct cpu *cpu, uint16_t selector)
{
    /* IRET with NT set reads its first word. It is not marked as busy, and too short
     * to hold stacks, so that a call through a gate to an inner ring is #TS: the
     * engine gives up altogether, and the process with it, over one of another type. */
    uc_x86_mmr tr = {.selector = selector, .base = HIDDEN_STUB, .limit = 7, .flags = 0x8900u};
    uc_reg_write(cpu->uc, UC_X86_REG_TR, &tr);
    cpu->saved = false;
}

void cpu_set_idt_limit(struct cpu *cpu, uint32_t limit)
{
    uc_x86_mmr idtr = {.limit = limit};
    uc_reg_write(cpu->uc, UC_X86_REG_IDTR, &idtr);
    cpu->saved = false;
}

static void set_control_bit(struct cpu *cpu, int control, uint32_t bit, bool set, struct known_bit *fact)
{
    uint32_t value = 0;
    if (G_LIKELY(fact->known && fact->set == set))
        return;
    uc_reg_read(cpu->uc, control, &value);
    uint32_t want = set ? value | bit : value & ~bit;
    if (want != value) {
        uc_reg_write(cpu->uc, control, &want);
        cpu->saved = false;
    }
    *fact = (struct known_bit){.known = true, .set = set};
}

/* Only the CPU's user changes CR0 and CR4: no ring but 0 may. */
void cpu_set_tsd(struct cpu *cpu, bool tsd)
{
    set_control_bit(cpu, UC_X86_REG_CR4, 4u, tsd, &cpu->facts.tsd);
}

void cpu_set_ts(struct cpu *cpu, bool ts)
{
    set_control_bit(cpu, UC_X86_REG_CR0, 8u, ts, &cpu->facts.ts);
}

/* FXSAVE's area (Intel SDM 1, 10.5.1): its tags are one bit a register, and ST(i) is
 * the register TOP + i. */
void cpu_set_fpu(struct cpu *cpu, const uint8_t image[512])
{
    uint16_t status, control;
    uint32_t mxcsr, tags = 0, words[2];
    memcpy(&control, image, 2);
    memcpy(&status, image + 2, 2);
    memcpy(&mxcsr, image + 24, 4);
    mxcsr &= 0xFFBFu; /* no DAZ: what the rest is would be refused by FXRSTOR */
    unsigned top = status >> 11 & 7u;
    for (unsigned i = 0; i < 8; i++)
        tags |= image[4] >> i & 1u ? 0 : 3u << 2 * i;
    words[0] = status;
    words[1] = control;
    uc_reg_write(cpu->uc, UC_X86_REG_FPSW, &words[0]);
    uc_reg_write(cpu->uc, UC_X86_REG_FPCW, &words[1]);
    for (unsigned i = 0; i < 8; i++) {
        uc_reg_write(cpu->uc, (int)(UC_X86_REG_FP0 + ((top + i) & 7u)), image + 32 + 16u * i);
        uc_reg_write(cpu->uc, (int)(UC_X86_REG_XMM0 + i), image + 160 + 16u * i);
    }
    uc_reg_write(cpu->uc, UC_X86_REG_FPTAG, &tags);
    uc_reg_write(cpu->uc, UC_X86_REG_MXCSR, &mxcsr);
    cpu->saved = false;
}

void cpu_get_fpu(struct cpu *cpu, uint8_t image[512])
{
    uint32_t status = 0, control = 0, tags = 0, mxcsr = 0, mask = 0xFFBFu;
    memset(image, 0, 512);
    uc_reg_read(cpu->uc, UC_X86_REG_FPSW, &status);
    uc_reg_read(cpu->uc, UC_X86_REG_FPCW, &control);
    uc_reg_read(cpu->uc, UC_X86_REG_FPTAG, &tags);
    uc_reg_read(cpu->uc, UC_X86_REG_MXCSR, &mxcsr);
    memcpy(image, &control, 2);
    memcpy(image + 2, &status, 2);
    for (unsigned i = 0; i < 8; i++)
        image[4] |= (uint8_t)((tags >> 2 * i & 3u) != 3u ? 1u << i : 0);
    memcpy(image + 24, &mxcsr, 4);
    memcpy(image + 28, &mask, 4);
    unsigned top = status >> 11 & 7u;
    for (unsigned i = 0; i < 8; i++) {
        uc_reg_read(cpu->uc, (int)(UC_X86_REG_FP0 + ((top + i) & 7u)), image + 32 + 16u * i);
        uc_reg_read(cpu->uc, (int)(UC_X86_REG_XMM0 + i), image + 160 + 16u * i);
    }
}

/* --- for files ---------------------------------------------------------------- */

void cpu_export(struct cpu *cpu, struct cpu_state *state)
{
    memset(state, 0, sizeof *state);
    cpu->saved = false; /* EFLAGS too */
    cpu_get_regs(cpu, &state->regs);
    cpu_layout_get_descriptors(&cpu->layout, cpu_save_context(cpu), state->descriptor);
    state->shadow = cpu_layout_shadow(&cpu->layout, cpu_save_context(cpu));
    uc_reg_read(cpu->uc, UC_X86_REG_MXCSR, &state->mxcsr);
    cpu_get_fpu(cpu, state->fpu);
}

/* Selectors of a set may be equal and have been loaded from different descriptors: they are
 * asked for one after the other. */
static const size_t selector_offsets[6] = {
    G_STRUCT_OFFSET(struct regs, es), G_STRUCT_OFFSET(struct regs, cs), G_STRUCT_OFFSET(struct regs, ss),
    G_STRUCT_OFFSET(struct regs, ds), G_STRUCT_OFFSET(struct regs, fs), G_STRUCT_OFFSET(struct regs, gs),
};

static bool saved_descriptor(void *user, uint16_t selector, uint64_t *descriptor)
{
    (void)selector;
    *descriptor = *(const uint64_t *)user;
    return true;
}

bool cpu_import(struct cpu *cpu, const struct cpu_state *state)
{
    uint8_t *blob = cpu_save_context(cpu);
    uint32_t mxcsr = state->mxcsr & 0xFFFFu;
    struct regs regs;
    cpu_layout_get_regs(&cpu->layout, blob, &regs);
    for (unsigned i = 0; i < 6; i++) {
        uint64_t descriptor = state->descriptor[i];
        memcpy((uint8_t *)&regs + selector_offsets[i], (const uint8_t *)&state->regs + selector_offsets[i],
               2);
        if (!cpu_layout_set_regs(&cpu->layout, blob, &regs, 1u << i, saved_descriptor, &descriptor)) {
            cpu->saved = false;
            return false;
        }
    }
    if (((state->regs.cs ^ state->regs.ss) & 3u) != 0)
        return false;
    cpu_layout_set_shadow(&cpu->layout, blob, state->shadow != 0);
    cpu->reload = 0;
    if (!cpu_set_regs(cpu, &state->regs, saved_descriptor, NULL))
        return false;
    cpu_set_fpu(cpu, state->fpu);
    uc_reg_write(cpu->uc, UC_X86_REG_MXCSR, &mxcsr);
    cpu->saved = false;
    cpu->facts.ts.known = cpu->facts.tsd.known = false;
    cpu->facts.gdt_limit = UINT32_MAX;
    return true;
}
