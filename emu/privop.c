/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * privop.c - the table of emulated instructions, and those that are about
 * control and debug registers.
 */
#include "privop.h"

#include "cpuid.h"
#include "dispatch/hypercall.h"
#include "dispatch/mmu.h"
#include "dispatch/traps.h"
#include "emulated.h"
#include "privop_ops.h"

#include <string.h>

struct privop {
    struct insn_cache *insns;
    const struct cpu_model *model;
};

struct privop *privop_new(struct insn_cache *insns, const struct cpu_model *model)
{
    struct privop *p = g_new0(struct privop, 1);
    p->insns = insns;
    p->model = model;
    return p;
}

void privop_free(struct privop *p)
{
    g_free(p);
}

enum privop_result priv_raise(struct priv *op, unsigned vector)
{
    deliver_exception(op->v, vector, 0);
    op->stay = true;
    return PRIVOP_DONE;
}

/* --- control registers ------------------------------------------------------------- */

#define CR0_TS    0x8u
#define CR0_REAL  0x80050033u /* PG AM WP NE ET MP PE */
#define CR4_PAE   0x20u
#define CR4_MCE   0x40u
#define CR4_OSFX  0x600u /* OSFXSR, OSXMMEXCPT */
#define CR4_GUEST (CR4_TSD | CR4_DE)

/* MOV with a register that is none: 4.17's decoder knows, older ones give #GP. */
static enum privop_result no_register(struct priv *op)
{
    return op->abi->xen >= RING1_XEN_4_17 ? priv_raise(op, TRAP_invalid_op) : PRIVOP_FAULT;
}

static uint32_t read_cr3(const struct vcpu *v)
{
    uint32_t mfn = v->cr3.mfn;
    return v->domain->abi->levels == 3 ? mfn << 12 | mfn >> 20 : mfn << 12;
}

static uint32_t guest_cr4(const struct abi *abi, uint32_t own)
{
    return (own & CR4_GUEST) | CR4_OSFX | (abi->levels == 3 ? CR4_PAE : 0) |
           (abi->xen >= RING1_XEN_4_17 ? CR4_MCE : 0);
}

uint32_t privop_control(const struct vcpu *v, unsigned control)
{
    const struct abi *abi = v->domain->abi;
    uint32_t ts = v->ts ? CR0_TS : 0;
    switch (control) {
    case 0: /* 3.0.0 gives nothing but TS (12.2) */
        return abi->xen == RING1_XEN_3_0_0 ? ts : CR0_REAL | ts;
    case 2:
        return v->cr2;
    case 3:
        return read_cr3(v);
    case 4:
        return guest_cr4(abi, v->cr4);
    default:
        return 0;
    }
}

static enum privop_result mov_from_cr(struct priv *op)
{
    unsigned control = insn_modrm_reg(op->in);
    if (control == 1 || control > 4)
        return no_register(op);
    *insn_register(op->r, insn_modrm_rm(op->in)) = privop_control(op->v, control);
    return PRIVOP_DONE;
}

/* `smsw eax; mov cr0, eax`, perhaps with something in between: the CPU engine's SMSW
 * gives 16 bits, whatever its operand, and leaves the upper half of EAX. */
static bool by_smsw(struct priv *op, uint32_t value)
{
    uint8_t before[16];
    uint32_t linear;
    if ((uint16_t)((value ^ CR0_REAL) & ~CR0_TS) != 0 || !insn_code_address(op->v, &linear) ||
        guest_read(op->v, GVA(linear - (uint32_t)sizeof before), before, sizeof before))
        return false;
    for (unsigned i = 0; i + 3 <= sizeof before; i++)
        if (before[i] == 0x0F && before[i + 1] == 0x01 && before[i + 2] == (0xE0 | insn_modrm_rm(op->in)))
            return true;
    return false;
}

static enum privop_result write_cr0(struct priv *op, uint32_t value)
{
    if (op->abi->xen > RING1_XEN_3_0_0 && (value ^ CR0_REAL) & ~CR0_TS && !by_smsw(op, value))
        return PRIVOP_FAULT;
    op->v->ts = (value & CR0_TS) != 0;
    return PRIVOP_DONE;
}

static enum privop_result write_cr2(struct priv *op, uint32_t value)
{
    op->v->cr2 = value;
    memcpy(vcpu_info(op->v) + 8, &value, 4); /* vcpu_info.arch.cr2 */
    return PRIVOP_DONE;
}

/* A bad frame: ignored by 3.0.0, the domain's end in 3.0.4, #GP later (12.2). */
static enum privop_result write_cr3(struct priv *op, uint32_t value)
{
    uint32_t mfn = op->abi->levels == 3 ? value >> 12 | value << 20 : value >> 12;
    if (mmu_new_baseptr(op->v, MFN(mfn)) == 0 || op->abi->xen == RING1_XEN_3_0_0)
        return PRIVOP_DONE;
    return op->v->domain->s.crashed ? PRIVOP_DONE : PRIVOP_FAULT;
}

/* Up to 3.1 nothing of it is the guest's to change; 3.0.4 lets it write what it
 * has read, as Linux 2.6.18 and NetBSD do (12.2). */
static enum privop_result write_cr4(struct priv *op, uint32_t value)
{
    if (op->abi->xen < RING1_XEN_3_2)
        return op->abi->xen > RING1_XEN_3_0_0 && value == guest_cr4(op->abi, op->v->cr4) ? PRIVOP_DONE
                                                                                    : PRIVOP_FAULT;
    op->v->cr4 = guest_cr4(op->abi, value);
    return PRIVOP_DONE;
}

static enum privop_result mov_to_cr(struct priv *op)
{
    uint32_t value = *insn_register(op->r, insn_modrm_rm(op->in));
    switch (insn_modrm_reg(op->in)) {
    case 0:
        return write_cr0(op, value);
    case 2:
        return write_cr2(op, value);
    case 3:
        return write_cr3(op, value);
    case 4:
        return write_cr4(op, value);
    default:
        return no_register(op);
    }
}

static enum privop_result clts(struct priv *op)
{
    op->v->ts = false;
    return PRIVOP_DONE;
}

/* --- debug registers --------------------------------------------------------------- */

/* DR4 and DR5 do not exist while CR4.DE is set. */
static bool no_debugreg(const struct priv *op)
{
    unsigned reg = insn_modrm_reg(op->in);
    return op->abi->xen >= RING1_XEN_4_17 && (reg == 4 || reg == 5) && (op->v->cr4 & CR4_DE);
}

static enum privop_result mov_from_dr(struct priv *op)
{
    const uint32_t arg[MAX_HYPERCALL_ARGS] = {insn_modrm_reg(op->in)};
    if (no_debugreg(op))
        return priv_raise(op, TRAP_invalid_op);
    uint32_t value = (uint32_t)do_get_debugreg(op->v, arg);
    if (value > 0xFFFFFF00u) /* as Xen tells an errno from a value (8.9) */
        return PRIVOP_FAULT;
    *insn_register(op->r, insn_modrm_rm(op->in)) = value;
    return PRIVOP_DONE;
}

static enum privop_result mov_to_dr(struct priv *op)
{
    const uint32_t arg[MAX_HYPERCALL_ARGS] = {insn_modrm_reg(op->in),
                                              *insn_register(op->r, insn_modrm_rm(op->in))};
    if (no_debugreg(op))
        return priv_raise(op, TRAP_invalid_op);
    return do_set_debugreg(op->v, arg) == 0 ? PRIVOP_DONE : PRIVOP_FAULT;
}

/* --- others ------------------------------------------------------------------------ */

/* CLI and STI: allowed by the virtual IOPL, and then nothing: the event mask is
 * the guest's to set. */
static enum privop_result cli_sti(struct priv *op)
{
    return priv_iopl_ok(op) ? PRIVOP_DONE : PRIVOP_FAULT;
}

static enum privop_result nothing(struct priv *op)
{
    (void)op;
    return PRIVOP_DONE;
}

static enum privop_result rdtsc(struct priv *op)
{
    if (!op->kernel && (op->v->cr4 & CR4_TSD))
        return PRIVOP_FAULT;
    uint64_t tsc = domain_now(op->v->domain);
    op->r->eax = (uint32_t)tsc;
    op->r->edx = (uint32_t)(tsc >> 32);
    return PRIVOP_DONE;
}

/* 0F 01: XSETBV and RDTSCP. */
static enum privop_result group7(struct priv *op)
{
    if (op->in->modrm == 0xD1) /* CR4.OSXSAVE can never be set */
        return priv_raise(op, TRAP_invalid_op);
    if (op->in->modrm != 0xF9)
        return PRIVOP_NOT; /* LGDT, LIDT, LMSW, INVLPG */
    enum privop_result result = rdtsc(op);
    if (result == PRIVOP_DONE)
        op->r->ecx = 0;
    return result;
}

/* --- the table (docs/xen-abi.md 7.2) -------------------------------------------------- */

/* Whose: ring 1 alone, or both rings. */
#define K true
#define A false

static const struct priv_row {
    uint16_t first, last;
    bool kernel_only;
    enum ring1_xen from;
    priv_fn fn;
} TABLE[] = {
    {0x6C, 0x6D, A, RING1_XEN_3_0_0, priv_ins},
    {0x6E, 0x6F, A, RING1_XEN_3_0_0, priv_outs},
    {0xE4, 0xE5, A, RING1_XEN_3_0_0, priv_in},
    {0xE6, 0xE7, A, RING1_XEN_3_0_0, priv_out},
    {0xEC, 0xED, A, RING1_XEN_3_0_0, priv_in},
    {0xEE, 0xEF, A, RING1_XEN_3_0_0, priv_out},
    {0xFA, 0xFB, A, RING1_XEN_3_0_0, cli_sti},
    {0x0F01, 0x0F01, A, RING1_XEN_4_17, group7},
    {0x0F06, 0x0F06, K, RING1_XEN_3_0_0, clts},
    {0x0F09, 0x0F09, K, RING1_XEN_3_0_0, nothing}, /* WBINVD */
    {0x0F20, 0x0F20, K, RING1_XEN_3_0_0, mov_from_cr},
    {0x0F21, 0x0F21, K, RING1_XEN_3_0_0, mov_from_dr},
    {0x0F22, 0x0F22, K, RING1_XEN_3_0_0, mov_to_cr},
    {0x0F23, 0x0F23, K, RING1_XEN_3_0_0, mov_to_dr},
    {0x0F30, 0x0F30, K, RING1_XEN_3_0_0, priv_wrmsr},
    {0x0F31, 0x0F31, A, RING1_XEN_3_0_0, rdtsc},
    {0x0F32, 0x0F32, K, RING1_XEN_3_0_0, priv_rdmsr},
};

static const struct priv_row *find_row(const struct priv *op)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        const struct priv_row *row = &TABLE[i];
        if (op->in->opcode >= row->first && op->in->opcode <= row->last)
            return op->abi->xen >= row->from && (op->kernel || !row->kernel_only) ? row : NULL;
    }
    return NULL;
}

/* Privileged and port instructions; LOCK before any of them is #UD. */
static bool takes_no_lock(const struct insn *in)
{
    uint16_t op = in->opcode;
    return (op >= 0x6C && op <= 0x6F) || (op & 0xFFF4u) == 0xE4 || op == 0xF4 || op == 0xFA || op == 0xFB ||
           (op >= 0x0F00 && op <= 0x0F3F);
}

/* MOV with a control register that is none: #UD from every ring. */
static bool is_no_register(const struct insn *in)
{
    unsigned reg = insn_modrm_reg(in);
    return (in->opcode == 0x0F20 || in->opcode == 0x0F22) && (reg == 1 || reg > 4);
}

enum privop_result privop_emulate(struct privop *p, struct vcpu *v)
{
    const struct insn *in = insn_at(p->insns, v);
    if (!in || in->length == 0)
        return PRIVOP_NOT;
    if (in->lock && takes_no_lock(in)) { /* the CPU looks at that before privilege */
        deliver_exception(v, TRAP_invalid_op, 0);
        return PRIVOP_DONE;
    }
    struct priv op = {.v = v, .abi = v->domain->abi, .in = in, .kernel = regs_ring(vcpu_regs(v)) == 1};
    const struct priv_row *row = find_row(&op);
    if (!row && op.abi->xen >= RING1_XEN_4_17 && is_no_register(in))
        return priv_raise(&op, TRAP_invalid_op);
    if (!row)
        return PRIVOP_NOT;
    struct emulated told;
    op.r = vcpu_regs_mut(v);
    emulated_begin(&told, v, in->bytes, in->length);
    bool step = (op.r->eflags & EFLAGS_TF) && op.abi->xen >= RING1_XEN_4_17;
    enum privop_result result = row->fn(&op);
    if (result != PRIVOP_DONE || op.stay || v->domain->s.crashed)
        return result;
    op.r->eip += op.unfinished ? 0 : in->length;
    emulated_end(&told, p->insns, v, NULL);
    if (step || op.breaks) /* a step over an emulated instruction is seen (13.2) */
        deliver_debug(v, op.breaks | (step ? DR6_BS : 0));
    return PRIVOP_DONE;
}

/* --- CPUID --------------------------------------------------------------------------- */

void privop_cpuid(struct privop *p, struct vcpu *v, uint32_t regs[4], bool forced)
{
    cpuid_answer(p->model, v, regs, forced);
}

/* Xen takes EIP for an address, whatever CS is. */
static unsigned bytes_at_eip(struct vcpu *v, uint8_t bytes[INSN_MAX_BYTES])
{
    uint32_t eip = vcpu_regs(v)->eip;
    unsigned n = 0;
    while (n < 7 && guest_read(v, GVA(eip + n), &bytes[n], 1) == 0)
        n++;
    return n;
}

bool privop_forced(struct privop *p, struct vcpu *v)
{
    static const uint8_t PREFIX[5] = {0x0F, 0x0B, 'x', 'e', 'n'};
    static const uint8_t CPUID[2] = {0x0F, 0xA2};
    uint8_t bytes[INSN_MAX_BYTES];

    if (v->domain->abi->xen < RING1_XEN_3_0_4)
        return false;
    unsigned n = bytes_at_eip(v, bytes);
    bool whole = n >= sizeof PREFIX;
    if (whole && memcmp(bytes, PREFIX, sizeof PREFIX) != 0)
        return false;
    struct emulated told;
    struct regs *r = vcpu_regs_mut(v);
    /* Xen reads prefix and instruction as data, and gives the guest a fault for
     * what it cannot read. */
    if (n < sizeof PREFIX + (whole ? sizeof CPUID : 0)) {
        deliver_page_fault(v, GVA(r->eip + n), regs_ring(r) == 3 ? PF_USER : 0);
        return true;
    }
    if (memcmp(bytes + sizeof PREFIX, CPUID, sizeof CPUID) != 0)
        return false;
    if (v->cpuid_faulting && regs_ring(r) == 3) {
        deliver_exception(v, TRAP_gp_fault, 0);
        return true;
    }
    emulated_begin(&told, v, bytes, sizeof PREFIX + sizeof CPUID);
    uint32_t values[4] = {r->eax, r->ebx, r->ecx, r->edx};
    privop_cpuid(p, v, values, true);
    r->eax = values[0];
    r->ebx = values[1];
    r->ecx = values[2];
    r->edx = values[3];
    r->eip += sizeof PREFIX + sizeof CPUID;
    emulated_end(&told, p->insns, v, "forced cpuid");
    if ((r->eflags & EFLAGS_TF) && v->domain->abi->xen >= RING1_XEN_4_17)
        deliver_debug(v, DR6_BS);
    return true;
}
