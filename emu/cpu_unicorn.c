/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * cpu_unicorn.c - the CPU on Unicorn: the one file that includes its header.
 *
 * Unicorn runs in UC_TLB_VIRTUAL mode: it asks for every page, and a refused
 * page ends the run with EIP at the instruction and nothing of it done. What the
 * public registers do not give - the privilege level, the error code, the
 * memory of past exceptions - is read and written in the blob of a saved
 * context, at offsets that are found and tested when a CPU is made
 * (cpu_layout.h).
 */
#include "cpu.h"

#include "cpu_layout.h"

#include <ring1/ring1.h>
#include <stdatomic.h>
#include <string.h>
#include <unicorn/unicorn.h>

/* A page that only the CPU's making uses, far above machine memory. */
#define SCRATCH_MADDR (1ull << 36)

/* A vcpu's registers while another's are in force, and what is known of them. */
struct register_set {
    uc_context *context;
    uint32_t eflags;
    uint32_t gdt_limit;
    uint32_t last_start, last_end;
    bool ts_known, ts, tsd_known, tsd;
};

struct cpu {
    uc_engine *uc;
    uc_context *context; /* of the set in force */
    struct register_set set[MAX_VCPUS];
    unsigned selected;
    const struct cpu_ops *ops;
    void *user;
    struct memory *mem;
    uint8_t *scratch;
    struct cpu_layout layout;
    bool making; /* layout is being found: pages are the scratch page */

    uint64_t clock;
    _Atomic uint64_t deadline; /* 0: stop */
    uint64_t wanted_deadline;
    uint64_t finishing; /* clock at which a block may begin whatever the deadline is */
    uint64_t block_address;
    uint32_t block_size;
    uint32_t last_start, last_end; /* the block before the present exit */

    struct cpu_event event;
    bool have_event;
    bool refusing;       /* every miss is refused: the run is over */
    bool rewind;         /* registers go back to `context` after the run */
    bool ring3_possible; /* ring 3 code was fetched since the last TLB flush */
    mfn_t window;
    uint32_t gdt_limit;
    unsigned reload;     /* segments that the next cpu_set_regs loads in any case */
    bool running;        /* inside uc_emu_start */
    bool saved;          /* `context` is the CPU's state, EFLAGS apart; never during a run */
    bool ts_known;       /* CR0.TS is `ts` */
    bool tsd, tsd_known; /* the same of CR4.TSD */
    bool ts;
};

static GQuark error_domain(void)
{
    return RING1_ERROR;
}

static bool failed(uc_err err, const char *what, GError **error)
{
    if (err == UC_ERR_OK)
        return false;
    g_set_error(error, error_domain(), RING1_ERROR_CPU, "Unicorn: %s: %s", what, uc_strerror(err));
    return true;
}

/* --- the saved context --------------------------------------------------------- */

/* The CPU's state in `context`. Between two runs it is taken once; what writes
 * registers there by other ways says so. */
static uint8_t *save_context(struct cpu *cpu)
{
    if (!cpu->saved)
        uc_context_save(cpu->uc, cpu->context);
    cpu->saved = !cpu->running;
    return (uint8_t *)cpu->context;
}

static void restore_context(struct cpu *cpu)
{
    uc_context_restore(cpu->uc, cpu->context);
    cpu->saved = !cpu->running;
}

/* --- callbacks of the engine ------------------------------------------------ */

static void end_run(struct cpu *cpu)
{
    uc_emu_stop(cpu->uc);
}

static void set_event(struct cpu *cpu, const struct cpu_event *event)
{
    if (!cpu->have_event)
        cpu->event = *event;
    cpu->have_event = true;
}

static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    struct cpu *cpu = user;
    if (G_UNLIKELY(cpu->clock >= atomic_load_explicit(&cpu->deadline, memory_order_relaxed)) &&
        cpu->clock != cpu->finishing) {
        cpu->block_size = 0; /* it is not executed */
        uc_emu_stop(uc);
        return;
    }
    cpu->block_address = address;
    cpu->block_size = size;
    cpu->clock += (uint64_t)size * CPU_NS_PER_BYTE;
}

static bool in_ring3(struct cpu *cpu)
{
    uint32_t ss = 0;
    uc_reg_read(cpu->uc, UC_X86_REG_SS, &ss);
    return (ss & 3) == 3;
}

static bool on_fill(uc_engine *uc, uint64_t va, uc_mem_type type, uc_tlb_entry *entry, void *user)
{
    struct cpu *cpu = user;
    (void)uc;
    if (G_UNLIKELY(cpu->making)) {
        *entry = (uc_tlb_entry){.paddr = SCRATCH_MADDR, .perms = UC_PROT_ALL};
        return true;
    }
    enum access access = type == UC_MEM_FETCH   ? ACCESS_FETCH
                         : type == UC_MEM_WRITE ? ACCESS_WRITE
                                                : ACCESS_READ;
    struct cpu_mapping map;
    bool ring3 = in_ring3(cpu);
    if (cpu->refusing || !cpu->ops->fill(cpu->user, (uint32_t)va, access, ring3, &map)) {
        set_event(cpu, &(struct cpu_event){.exit = CPU_EXIT_MISS, .page = (uint32_t)va, .access = access});
        return false;
    }
    cpu->ring3_possible |= ring3;
    entry->paddr = (uint64_t)map.mfn.mfn << RING1_PAGE_SHIFT;
    entry->perms =
        (uc_prot)(UC_PROT_READ | (map.write ? UC_PROT_WRITE : 0) | (map.execute ? UC_PROT_EXEC : 0));
    return true;
}

/* The ring is known without asking as long as no ring 3 code was fetched since
 * the TLB was empty: entering ring 3 needs such a fetch. */
static bool on_hypercall(struct cpu *cpu)
{
    static const int ids[1 + CPU_ARGS_GIVEN] = {UC_X86_REG_EAX, UC_X86_REG_EBX, UC_X86_REG_ECX};
    struct cpu_call call = {.eip = (uint32_t)cpu->block_address + cpu->block_size};
    void *p[1 + CPU_ARGS_GIVEN] = {&call.eax, &call.arg[0], &call.arg[1]};
    if (cpu->ring3_possible && in_ring3(cpu))
        return false;
    uc_reg_read_batch(cpu->uc, (int *)ids, p, 1 + CPU_ARGS_GIVEN);
    cpu->clock += cpu->ops->trap_price;
    bool go_on = cpu->ops->hypercall(cpu->user, &call);
    uc_reg_write(cpu->uc, UC_X86_REG_EAX, &call.eax);
    if (!go_on || cpu->clock >= atomic_load_explicit(&cpu->deadline, memory_order_relaxed))
        end_run(cpu);
    return true;
}

static void on_interrupt(uc_engine *uc, uint32_t vector, void *user)
{
    struct cpu *cpu = user;
    (void)uc;
    if (G_LIKELY(vector == 0x82 && !cpu->making) && on_hypercall(cpu))
        return;
    set_event(cpu, &(struct cpu_event){.exit = CPU_EXIT_INTERRUPT, .vector = vector});
    end_run(cpu);
}

static bool on_invalid(uc_engine *uc, void *user)
{
    struct cpu *cpu = user;
    (void)uc;
    set_event(cpu, &(struct cpu_event){.exit = CPU_EXIT_EXCEPTION, .vector = 6});
    end_run(cpu);
    return true;
}

/* Leave the run as if the present instruction had not begun. The engine goes on
 * with the block: registers are put back afterwards, and memory is kept by
 * refusing every page. */
static void undo_instruction(struct cpu *cpu, const struct cpu_event *event)
{
    set_event(cpu, event);
    save_context(cpu);
    uc_ctl_flush_tlb(cpu->uc);
    cpu->ring3_possible = true;
    cpu->refusing = true;
    cpu->rewind = true;
    end_run(cpu);
}

static const struct cpu_event gp_fault = {.exit = CPU_EXIT_EXCEPTION, .vector = 13};

static uint32_t on_in(uc_engine *uc, uint32_t port, int size, void *user)
{
    struct cpu *cpu = user;
    (void)uc;
    (void)port;
    (void)size;
    if (!cpu->rewind)
        undo_instruction(cpu, &gp_fault);
    return 0;
}

static void on_out(uc_engine *uc, uint32_t port, int size, uint32_t value, void *user)
{
    (void)value;
    on_in(uc, port, size, user);
}

/* No guest of Xen has SYSENTER or SYSCALL set up; the engine would pass over them. */
static void on_sysenter(uc_engine *uc, void *user)
{
    (void)on_in(uc, 0, 0, user);
}

static void on_syscall(uc_engine *uc, void *user)
{
    static const struct cpu_event undefined = {.exit = CPU_EXIT_EXCEPTION, .vector = 6};
    struct cpu *cpu = user;
    (void)uc;
    if (!cpu->rewind)
        undo_instruction(cpu, &undefined);
}

static int on_cpuid(uc_engine *uc, void *user)
{
    static const int ids[] = {UC_X86_REG_EAX, UC_X86_REG_EBX, UC_X86_REG_ECX, UC_X86_REG_EDX};
    struct cpu *cpu = user;
    uint32_t r[4];
    void *p[] = {&r[0], &r[1], &r[2], &r[3]};
    uc_reg_read_batch(uc, (int *)ids, p, 4);
    if (!cpu->ops->cpuid(cpu->user, r, in_ring3(cpu))) {
        if (!cpu->rewind)
            undo_instruction(cpu, &gp_fault);
        return 1;
    }
    uc_reg_write_batch(uc, (int *)ids, (void *const *)p, 4);
    return 1;
}

/* The clock as of the instruction that is being executed: EIP is exact here. It
 * has a trap's price, so that a loop that waits for the TSC waits no longer than
 * on a real machine. */
static int on_rdtsc(uc_engine *uc, void *user)
{
    struct cpu *cpu = user;
    uint32_t eip;
    uc_reg_read(uc, UC_X86_REG_EIP, &eip);
    uint64_t rest = cpu->block_address + cpu->block_size - eip;
    uint64_t clock = cpu->clock;
    if (rest <= cpu->block_size)
        cpu->clock -= rest * CPU_NS_PER_BYTE;
    uint64_t tsc = cpu->ops->tsc(cpu->user);
    cpu->clock = clock + cpu->ops->trap_price;
    uint32_t low = (uint32_t)tsc, high = (uint32_t)(tsc >> 32);
    uc_reg_write(uc, UC_X86_REG_EAX, &low);
    uc_reg_write(uc, UC_X86_REG_EDX, &high);
    return 1;
}

static int on_rdtscp(uc_engine *uc, void *user)
{
    uint32_t aux = 0;
    on_rdtsc(uc, user);
    uc_reg_write(uc, UC_X86_REG_ECX, &aux);
    return 1;
}

/* --- making ----------------------------------------------------------------- */

static bool add_hooks(struct cpu *cpu, GError **error)
{
    const struct {
        int type;
        void *fn;
        int insn;
    } hooks[] = {
        {UC_HOOK_TLB_FILL, (void *)on_fill, 0},
        {UC_HOOK_INTR, (void *)on_interrupt, 0},
        {UC_HOOK_INSN_INVALID, (void *)on_invalid, 0},
        {UC_HOOK_BLOCK, (void *)on_block, 0},
        {UC_HOOK_INSN, (void *)on_in, UC_X86_INS_IN},
        {UC_HOOK_INSN, (void *)on_out, UC_X86_INS_OUT},
        {UC_HOOK_INSN, (void *)on_sysenter, UC_X86_INS_SYSENTER},
        {UC_HOOK_INSN, (void *)on_syscall, UC_X86_INS_SYSCALL},
        {UC_HOOK_INSN, (void *)on_cpuid, UC_X86_INS_CPUID},
        {UC_HOOK_INSN, (void *)on_rdtsc, UC_X86_INS_RDTSC},
        {UC_HOOK_INSN, (void *)on_rdtscp, UC_X86_INS_RDTSCP},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(hooks); i++) {
        uc_hook handle;
        uc_err err = uc_hook_add(cpu->uc, &handle, hooks[i].type, hooks[i].fn, cpu, 1, 0, hooks[i].insn);
        if (failed(err, "uc_hook_add", error))
            return false;
    }
    return true;
}

static bool open_engine(struct cpu *cpu, GError **error)
{
    uint64_t len = ((uint64_t)cpu->mem->nr_frames + MEMORY_EXTRA_FRAMES) << RING1_PAGE_SHIFT;
    unsigned major, minor;
    uc_version(&major, &minor);
    return !failed(uc_open(UC_ARCH_X86, UC_MODE_32, &cpu->uc), "uc_open", error) &&
           !failed(uc_mem_map_ptr(cpu->uc, 0, len, UC_PROT_ALL, cpu->mem->base), "uc_mem_map_ptr", error) &&
           !failed(uc_mem_map_ptr(cpu->uc, SCRATCH_MADDR, RING1_PAGE_SIZE, UC_PROT_ALL, cpu->scratch),
                   "uc_mem_map_ptr", error) &&
           !failed(uc_ctl_tlb_mode(cpu->uc, UC_TLB_VIRTUAL), "uc_ctl_tlb_mode", error) &&
           !failed(uc_ctl_exits_enable(cpu->uc), "uc_ctl_exits_enable", error) &&
           !failed(uc_context_alloc(cpu->uc, &cpu->set[0].context), "uc_context_alloc", error) &&
           add_hooks(cpu, error);
}

static void set_gdtr(struct cpu *cpu, uint32_t base, uint32_t limit)
{
    uc_x86_mmr gdtr = {.base = base, .limit = limit};
    uc_reg_write(cpu->uc, UC_X86_REG_GDTR, &gdtr);
    cpu->saved = false;
}

/* A flat 4 GiB segment with the given access byte. */
static uint64_t flat(uint8_t access)
{
    return 0x00CF00000000FFFFull | (uint64_t)access << 40;
}

static uint8_t *take_blob(struct cpu *cpu)
{
    return g_memdup2(save_context(cpu), uc_context_size(cpu->uc));
}

/* The code of the scratch page, which lies at HIDDEN_STUB: GDT at 0. */
enum { STUB_IRET = 0x200, STUB_RING1 = 0x210, STUB_FAULT = 0x220, STUB_CLI = 0x240, STUB_FRAME = 0xE00 };

static void write_stubs(uint8_t *page)
{
    const uint64_t gdt[] = {0, flat(0x9B), flat(0x93), flat(0xBB), flat(0xB3), flat(0xFB), flat(0xF3)};
    const uint32_t frame[] = {HIDDEN_STUB + STUB_RING1, 0x19, 0x202, HIDDEN_STUB + 0xF00, 0x21};
    const uint8_t fault[] = {0x66, 0xB8, CPU_PROBE_ERROR & 0xFF, CPU_PROBE_ERROR >> 8, 0x8E, 0xE0};
    memcpy(page, gdt, sizeof gdt);
    memcpy(page + STUB_FRAME, frame, sizeof frame);
    page[STUB_IRET] = 0xCF;                         /* iret */
    page[STUB_RING1] = 0xCC;                        /* int3 */
    memcpy(page + STUB_FAULT, fault, sizeof fault); /* mov $0x1A8, %ax; mov %ax, %fs */
    page[STUB_CLI] = 0xFA;                          /* cli */
    page[STUB_CLI + 1] = 0xCC;
}

static void write_probe_registers(struct cpu *cpu)
{
    static const int data[] = {UC_X86_REG_SS, UC_X86_REG_DS, UC_X86_REG_ES, UC_X86_REG_FS, UC_X86_REG_GS};
    static const int general[] = {UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_EBX,
                                  UC_X86_REG_ESP, UC_X86_REG_EBP, UC_X86_REG_ESI, UC_X86_REG_EDI};
    uint32_t v = 0x10;
    set_gdtr(cpu, HIDDEN_STUB, 0x37);
    for (size_t i = 0; i < G_N_ELEMENTS(data); i++)
        uc_reg_write(cpu->uc, data[i], &v);
    v = 0x08;
    uc_reg_write(cpu->uc, UC_X86_REG_CS, &v);
    for (unsigned i = 0; i < 8; i++) {
        v = CPU_PROBE_GPR + i;
        uc_reg_write(cpu->uc, general[i], &v);
    }
    v = CPU_PROBE_EIP;
    uc_reg_write(cpu->uc, UC_X86_REG_EIP, &v);
    cpu->saved = false;
}

static bool run_stub(struct cpu *cpu, uint32_t offset, unsigned expected_vector)
{
    cpu->have_event = cpu->saved = false;
    uc_emu_start(cpu->uc, HIDDEN_STUB + offset, 0, 0, 0);
    return cpu->have_event && cpu->event.vector == expected_vector;
}

static bool scratch_descriptor(void *user, uint16_t selector, uint64_t *descriptor)
{
    const struct cpu *cpu = user;
    memcpy(descriptor, cpu->scratch + (selector & 0x38u), 8);
    return true;
}

/* The layout holds if a ring entered through it behaves as that ring, and if
 * one fault after the other arrives as itself. */
static bool layout_works(struct cpu *cpu)
{
    for (unsigned round = 0; round < 6; round++) {
        unsigned ring = round & 1 ? 3 : 1;
        struct regs r;
        struct cpu_event event;
        cpu_get_regs(cpu, &r);
        r.cs = ring == 1 ? 0x19 : 0x2B;
        r.ss = ring == 1 ? 0x21 : 0x33;
        r.ds = r.es = 0x33;
        r.fs = r.gs = 0;
        r.eip = HIDDEN_STUB + (round & 2 ? STUB_FAULT : STUB_CLI);
        uint32_t code = round & 2 ? CPU_PROBE_ERROR : 0;
        if (!cpu_set_regs(cpu, &r, scratch_descriptor, cpu) || !cpu_run(cpu, &event, NULL))
            return false;
        if (event.exit != CPU_EXIT_EXCEPTION || event.vector != 13 || event.error != code)
            return false;
        cpu_get_regs(cpu, &r);
        if ((r.cs & 3u) != ring || (r.ss & 3u) != ring)
            return false;
    }
    return true;
}

static bool find_layout(struct cpu *cpu, GError **error)
{
    uint32_t esp = HIDDEN_STUB + STUB_FRAME;
    write_stubs(cpu->scratch);
    write_probe_registers(cpu);
    g_autofree uint8_t *ring0 = take_blob(cpu);
    uc_reg_write(cpu->uc, UC_X86_REG_ESP, &esp);
    bool ran = run_stub(cpu, STUB_IRET, 3);
    g_autofree uint8_t *ring1 = take_blob(cpu);
    ran = ran && run_stub(cpu, STUB_FAULT, 13);
    g_autofree uint8_t *fault = take_blob(cpu);

    struct cpu_probes probes = {ring0, ring1, fault, uc_context_size(cpu->uc)};
    const char *missing = ran ? cpu_layout_find(&probes, &cpu->layout) : "a run in ring 1";
    if (missing) {
        g_set_error(error, error_domain(), RING1_ERROR_CPU,
                    "this build of Unicorn is not usable: its saved context does not show %s", missing);
        return false;
    }
    memset(save_context(cpu) + cpu->layout.old_exception, 0xFF, 4);
    restore_context(cpu);
    if (!layout_works(cpu)) {
        g_set_error(error, error_domain(), RING1_ERROR_CPU,
                    "this build of Unicorn is not usable: changing rings through its saved context failed");
        return false;
    }
    return true;
}

/* The state in which a domain's CPU starts, ring and segments apart. */
static void reset_registers(struct cpu *cpu)
{
    uint32_t fpu_control = 0x37F, mxcsr = 0x1F80, tags = 0xFFFF;
    uint32_t cr0 = 0x33; /* PE MP ET NE: SMSW shows no more, whatever its operand */
    uc_x86_mmr idtr = {.limit = 0x7FF};
    uc_reg_write(cpu->uc, UC_X86_REG_FPCW, &fpu_control);
    uc_reg_write(cpu->uc, UC_X86_REG_FPTAG, &tags);
    uc_reg_write(cpu->uc, UC_X86_REG_MXCSR, &mxcsr);
    uc_reg_write(cpu->uc, UC_X86_REG_CR0, &cr0);
    uc_reg_write(cpu->uc, UC_X86_REG_IDTR, &idtr);
    cpu->saved = cpu->ts_known = cpu->tsd_known = false;
}

struct cpu *cpu_new(struct memory *mem, const struct cpu_ops *ops, void *user, GError **error)
{
    struct cpu *cpu = g_new0(struct cpu, 1);
    cpu->mem = mem;
    cpu->ops = ops;
    cpu->user = user;
    cpu->scratch = g_aligned_alloc0(1, RING1_PAGE_SIZE, RING1_PAGE_SIZE);
    cpu_set_deadline(cpu, UINT64_MAX);
    cpu->finishing = UINT64_MAX;
    cpu->making = true;
    bool ok = open_engine(cpu, error);
    cpu->context = cpu->set[0].context;
    ok = ok && find_layout(cpu, error);
    cpu->making = false;
    if (!ok) {
        cpu_free(cpu);
        return NULL;
    }
    uc_ctl_flush_tlb(cpu->uc);
    uc_ctl_remove_cache(cpu->uc, HIDDEN_STUB, HIDDEN_STUB + RING1_PAGE_SIZE);
    cpu->have_event = false;
    cpu->clock = 0;
    reset_registers(cpu);
    cpu_set_gdt_limit(cpu, 0xFFFF);
    return cpu;
}

void cpu_free(struct cpu *cpu)
{
    if (!cpu)
        return;
    for (unsigned i = 0; i < MAX_VCPUS; i++)
        if (cpu->set[i].context)
            uc_context_free(cpu->set[i].context);
    if (cpu->uc)
        uc_close(cpu->uc);
    g_aligned_free(cpu->scratch);
    g_free(cpu);
}

/* --- sets of registers ---------------------------------------------------------- */

bool cpu_make_sets(struct cpu *cpu, unsigned nr, GError **error)
{
    for (unsigned i = 0; i < MIN(nr, MAX_VCPUS); i++) {
        struct register_set *set = &cpu->set[i];
        if (i == cpu->selected)
            continue;
        if (!set->context && failed(uc_context_alloc(cpu->uc, &set->context), "uc_context_alloc", error))
            return false;
        uc_context_save(cpu->uc, set->context);
        set->eflags = cpu_eflags(cpu);
        set->gdt_limit = UINT32_MAX; /* GDTR names another set's image */
    }
    return true;
}

static bool is_ring3(const struct cpu *cpu, const uc_context *context)
{
    struct regs regs;
    cpu_layout_get_regs(&cpu->layout, (const uint8_t *)context, &regs);
    return (regs.cs & 3u) == 3;
}

/* EFLAGS go by themselves: `context` may lack the latest. */
void cpu_select(struct cpu *cpu, unsigned set)
{
    struct register_set *from = &cpu->set[cpu->selected], *to = &cpu->set[set];
    if (set == cpu->selected || set >= MAX_VCPUS || !to->context)
        return;
    save_context(cpu);
    from->eflags = cpu_eflags(cpu);
    from->gdt_limit = cpu->gdt_limit;
    from->last_start = cpu->last_start;
    from->last_end = cpu->last_end;
    from->ts_known = cpu->ts_known;
    from->ts = cpu->ts;
    from->tsd_known = cpu->tsd_known;
    from->tsd = cpu->tsd;
    cpu->selected = set;
    cpu->context = to->context;
    restore_context(cpu);
    uc_reg_write(cpu->uc, UC_X86_REG_EFLAGS, &to->eflags);
    cpu->gdt_limit = to->gdt_limit;
    cpu->last_start = to->last_start;
    cpu->last_end = to->last_end;
    cpu->ts_known = to->ts_known;
    cpu->ts = to->ts;
    cpu->tsd_known = to->tsd_known;
    cpu->tsd = to->tsd;
    cpu->ring3_possible |= is_ring3(cpu, to->context);
}

/* --- running ---------------------------------------------------------------- */

/* A block left early gives back the bytes from EIP to its end. */
static void settle_clock(struct cpu *cpu, uint32_t eip)
{
    uint64_t rest = cpu->block_address + cpu->block_size - eip;
    bool early = rest <= cpu->block_size;
    if (early)
        cpu->clock -= rest * CPU_NS_PER_BYTE;
    if (cpu->block_size) {
        cpu->last_start = (uint32_t)cpu->block_address;
        cpu->last_end = early && rest != 0 ? 0 : cpu->last_start + cpu->block_size;
    }
    cpu->block_size = 0;
}

/* The engine reports faults and `int n` alike by number. A fault leaves EIP at
 * the instruction: an `int` whose number is a fault's is told by its bytes, which
 * the machine looks at; here only the engine's own mark counts. After a fault let
 * the engine forget that it raised one: it would make a double fault of the next. */
static void classify_interrupt(struct cpu *cpu)
{
    uint8_t *blob = save_context(cpu);
    uint32_t is_int, old;
    memcpy(&is_int, blob + cpu->layout.exception_is_int, 4);
    if (is_int)
        return;
    cpu->event.exit = CPU_EXIT_EXCEPTION;
    memcpy(&cpu->event.error, blob + cpu->layout.error_code, 4);
    memcpy(&old, blob + cpu->layout.old_exception, 4);
    if (old != UINT32_MAX) {
        memset(blob + cpu->layout.old_exception, 0xFF, 4);
        restore_context(cpu);
    }
}

bool cpu_run(struct cpu *cpu, struct cpu_event *event, GError **error)
{
    uint32_t eip = 0;
    cpu->have_event = cpu->refusing = cpu->rewind = cpu->saved = false;
    uc_reg_read(cpu->uc, UC_X86_REG_EIP, &eip);
    cpu->running = true;
    uc_err err = uc_emu_start(cpu->uc, eip, 0, 0, 0);
    cpu->running = false;
    cpu->finishing = UINT64_MAX;
    cpu->refusing = false; /* cpu_forget_code asks for its window between runs */
    if (cpu->rewind) {
        restore_context(cpu);
        uc_ctl_flush_tlb(cpu->uc);
    }
    uc_reg_read(cpu->uc, UC_X86_REG_EIP, &eip);
    settle_clock(cpu, eip);
    if (atomic_load(&cpu->deadline) == 0)
        atomic_store(&cpu->deadline, cpu->wanted_deadline);
    if (!cpu->have_event) {
        *event = (struct cpu_event){.exit = CPU_EXIT_STOPPED};
        return !failed(err, "run", error);
    }
    if (cpu->event.exit == CPU_EXIT_INTERRUPT)
        classify_interrupt(cpu);
    *event = cpu->event;
    return true;
}

bool cpu_step(struct cpu *cpu, struct cpu_event *event, GError **error)
{
    uint64_t deadline = cpu->wanted_deadline;
    uint32_t eflags = cpu_eflags(cpu), own = eflags & EFLAGS_TF;
    eflags |= EFLAGS_TF;
    uc_reg_write(cpu->uc, UC_X86_REG_EFLAGS, &eflags);
    cpu_set_deadline(cpu, UINT64_MAX);
    bool ran = cpu_run(cpu, event, error);
    cpu_set_deadline(cpu, deadline);
    eflags = (cpu_eflags(cpu) & ~EFLAGS_TF) | own;
    uc_reg_write(cpu->uc, UC_X86_REG_EFLAGS, &eflags);
    cpu->saved = false;
    return ran && event->exit == CPU_EXIT_EXCEPTION && event->vector == 1;
}

void cpu_stop(struct cpu *cpu)
{
    atomic_store_explicit(&cpu->deadline, 0, memory_order_relaxed);
}

uint64_t cpu_clock(const struct cpu *cpu)
{
    return cpu->clock;
}

void cpu_charge(struct cpu *cpu, uint64_t ns)
{
    cpu->clock += ns;
}

void cpu_set_clock(struct cpu *cpu, uint64_t clock)
{
    cpu->clock = clock;
}

void cpu_set_deadline(struct cpu *cpu, uint64_t clock)
{
    cpu->wanted_deadline = clock;
    atomic_store_explicit(&cpu->deadline, clock, memory_order_relaxed);
}

void cpu_finish_block(struct cpu *cpu)
{
    cpu->finishing = cpu->clock;
}

/* --- registers -------------------------------------------------------------- */

void cpu_read_args(struct cpu *cpu, uint32_t *arg, unsigned n)
{
    static const int ids[] = {UC_X86_REG_EDX, UC_X86_REG_ESI, UC_X86_REG_EDI, UC_X86_REG_EBP};
    void *p[] = {&arg[2], &arg[3], &arg[4], &arg[5]};
    if (n > CPU_ARGS_GIVEN)
        uc_reg_read_batch(cpu->uc, (int *)ids, p, (int)(n - CPU_ARGS_GIVEN));
}

void cpu_get_regs(struct cpu *cpu, struct regs *regs)
{
    cpu_layout_get_regs(&cpu->layout, save_context(cpu), regs);
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
    if (!cpu_layout_set_regs(&cpu->layout, save_context(cpu), regs, cpu->reload, descriptor, user)) {
        cpu->saved = false; /* it is half changed */
        return false;
    }
    restore_context(cpu);
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
    return cpu->last_start;
}

uint32_t cpu_last_block_end(const struct cpu *cpu)
{
    return cpu->last_end;
}

void cpu_set_gdt_limit(struct cpu *cpu, uint32_t limit)
{
    if (limit == cpu->gdt_limit)
        return;
    set_gdtr(cpu, HIDDEN_GDT_OF(cpu->selected), limit);
    cpu->gdt_limit = limit;
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

void cpu_set_tsd(struct cpu *cpu, bool tsd)
{
    uint32_t cr4 = 0;
    if (G_LIKELY(cpu->tsd_known && cpu->tsd == tsd))
        return;
    uc_reg_read(cpu->uc, UC_X86_REG_CR4, &cr4);
    uint32_t want = tsd ? cr4 | 4u : cr4 & ~4u;
    if (want != cr4) {
        uc_reg_write(cpu->uc, UC_X86_REG_CR4, &want);
        cpu->saved = false;
    }
    cpu->tsd = tsd;
    cpu->tsd_known = true;
}

/* Only the CPU's user changes CR0: no ring but 0 may. */
void cpu_set_ts(struct cpu *cpu, bool ts)
{
    uint32_t cr0 = 0;
    if (G_LIKELY(cpu->ts_known && cpu->ts == ts))
        return;
    uc_reg_read(cpu->uc, UC_X86_REG_CR0, &cr0);
    uint32_t want = ts ? cr0 | 8u : cr0 & ~8u;
    if (want != cr0) {
        uc_reg_write(cpu->uc, UC_X86_REG_CR0, &want);
        cpu->saved = false;
    }
    cpu->ts = ts;
    cpu->ts_known = true;
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

/* --- caches ----------------------------------------------------------------- */

void cpu_flush_tlb(struct cpu *cpu)
{
    uc_ctl_flush_tlb(cpu->uc);
    cpu->ring3_possible = false;
}

void cpu_forget_code(struct cpu *cpu, mfn_t mfn)
{
    cpu->window = mfn;
    cpu_flush_tlb(cpu);
    uc_ctl_remove_cache(cpu->uc, HIDDEN_WINDOW, HIDDEN_WINDOW + RING1_PAGE_SIZE);
    cpu_flush_tlb(cpu);
}

void cpu_forget_all_code(struct cpu *cpu)
{
    uc_ctl_flush_tb(cpu->uc);
    cpu_flush_tlb(cpu);
}

mfn_t cpu_window(const struct cpu *cpu)
{
    return cpu->window;
}

/* --- saving ----------------------------------------------------------------- */

GBytes *cpu_save(struct cpu *cpu)
{
    cpu->saved = false; /* EFLAGS too */
    return g_bytes_new(save_context(cpu), uc_context_size(cpu->uc));
}

bool cpu_put_back(struct cpu *cpu, GBytes *saved)
{
    size_t len;
    const void *data = g_bytes_get_data(saved, &len);
    if (len != uc_context_size(cpu->uc))
        return false;
    /* The head of the blob is this engine's own. */
    memcpy(save_context(cpu) + cpu->layout.head, (const uint8_t *)data + cpu->layout.head,
           len - cpu->layout.head);
    restore_context(cpu);
    cpu->ts_known = cpu->tsd_known = false;
    cpu->gdt_limit = UINT32_MAX;
    cpu->ring3_possible = true;
    return true;
}

bool cpu_restore(struct cpu *cpu, GBytes *saved)
{
    if (!cpu_put_back(cpu, saved))
        return false;
    cpu_forget_all_code(cpu);
    cpu->ring3_possible = true;
    return true;
}

char *cpu_engine_version(void)
{
    unsigned v = uc_version(NULL, NULL);
    return g_strdup_printf("Unicorn %u.%u.%u", v >> 24, (v >> 16) & 0xFF, (v >> 8) & 0xFF);
}
