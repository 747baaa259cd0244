/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * cpu_run.c - the CPU on Unicorn: what the engine calls in the middle of a run, and
 * the run itself.
 */
#include "cpu_unicorn.h"

#include <stdatomic.h>

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

/* The engine begins an instruction anew, alone, when it found that it stores into its
 * own block of code: the block's bytes were counted. A stop there would count them
 * again. (A first jump back into the last block looks alike, and is not stopped at
 * either.) */
static bool begins_anew(const struct cpu *cpu, uint64_t address, uint32_t size)
{
    bool first = cpu->block_size == 0;
    uint64_t offset = address - (first ? cpu->prior.start : cpu->block_address);
    uint32_t last = first ? cpu->prior.size : cpu->block_size;
    return offset < last && offset + size <= last && size != last;
}

static void note_block(struct cpu *cpu)
{
    if (cpu->block_size)
        cpu->last = (struct cpu_block){(uint32_t)cpu->block_address, cpu->block_size, cpu->clock};
}

/* What a block of so many bytes can cost beside them: nothing but RDTSC. */
static uint64_t rdtsc_price(const struct cpu *cpu, uint32_t size)
{
    return (uint64_t)(size / 2) * cpu->ops->trap_price;
}

/* The run ends before this block. */
static bool ends_before(struct cpu *cpu, uint64_t address, uint32_t size)
{
    bool asked = atomic_load_explicit(&cpu->deadline, memory_order_relaxed) == 0 && !cpu->from_zero;
    if (cpu->stepping)
        return false;
    if (cpu->alone) {
        cpu->anew = cpu->block_size != 0 && address == cpu->block_address;
        return cpu->block_size != 0 && !cpu->anew;
    }
    if (cpu->clock >= (asked ? 0 : cpu->wanted_deadline) && cpu->clock != cpu->finishing &&
        !begins_anew(cpu, address, size))
        return true;
    uint64_t end = cpu->clock + (uint64_t)size * CPU_NS_PER_BYTE;
    if (end + rdtsc_price(cpu, size) <= cpu->limit)
        return false;
    cpu->kept = (struct cpu_block){(uint32_t)address, size, end};
    return true;
}

static inline void cover(struct cpu_coverage *c, uint32_t address)
{
    uint32_t block = address * 0x9E3779B1u >> (32 - CPU_COVERAGE_BITS);
    uint32_t at = block ^ c->previous;
    uint8_t count = c->count[at];
    c->previous = block >> 1; /* A then B is not B then A */
    if (count == 0)
        c->place[c->nr++] = (uint16_t)at;
    c->count[at] = (uint8_t)(count + (count != UINT8_MAX));
}

static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    struct cpu *cpu = user;
    if (G_UNLIKELY(cpu->clock >= atomic_load_explicit(&cpu->deadline, memory_order_relaxed)) &&
        ends_before(cpu, address, size)) {
        note_block(cpu);
        cpu->block_size = 0; /* it is not executed */
        uc_emu_stop(uc);
        return;
    }
    cpu->block_address = address;
    cpu->block_size = size;
    cpu->clock += (uint64_t)size * CPU_NS_PER_BYTE;
    if (G_UNLIKELY(cpu->coverage))
        cover(cpu->coverage, (uint32_t)address);
}

static void on_code(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    struct cpu *cpu = user;
    uint64_t rest = (cpu->block_address + cpu->block_size - address) * CPU_NS_PER_BYTE;
    (void)size;
    if (cpu->have_event || cpu->rewind || cpu->making)
        return; /* the run is over */
    cpu->clock -= rest;
    uc_reg_read(uc, UC_X86_REG_EFLAGS, &cpu->code_eflags);
    cpu->code_address = (uint32_t)address;
    cpu->code_clock = cpu->clock;
    const struct cpu_block block = {(uint32_t)cpu->block_address, cpu->block_size, cpu->clock + rest};
    bool stop = cpu->ops->code(cpu->user, (uint32_t)address, &block);
    cpu->clock += rest;
    if (!stop)
        return;
    cpu->asked_at = address;
    end_run(cpu);
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
    cpu_save_context(cpu);
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

bool cpu_add_hooks(struct cpu *cpu, GError **error)
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
        if (cpu_engine_failed(err, "uc_hook_add", error))
            return false;
    }
    return true;
}

/* --- running ---------------------------------------------------------------- */

/* A block left early gives back the bytes from EIP to its end. */
static void settle_clock(struct cpu *cpu, uint64_t eip)
{
    uint64_t rest = cpu->block_address + cpu->block_size - eip;
    bool early = rest <= cpu->block_size;
    note_block(cpu);
    if (early)
        cpu->clock -= rest * CPU_NS_PER_BYTE;
    if (cpu->block_size) {
        cpu->facts.last_start = (uint32_t)cpu->block_address;
        cpu->facts.last_end = early && rest != 0 ? 0 : cpu->facts.last_start + cpu->block_size;
    }
    cpu->block_size = 0;
}

/* The engine reports faults and `int n` alike by number. A fault leaves EIP at
 * the instruction: an `int` whose number is a fault's is told by its bytes, which
 * the machine looks at; here only the engine's own mark counts. After a fault let
 * the engine forget that it raised one: it would make a double fault of the next. */
static void classify_interrupt(struct cpu *cpu)
{
    uint8_t *blob = cpu_save_context(cpu);
    uint32_t is_int, old;
    memcpy(&is_int, blob + cpu->layout.exception_is_int, 4);
    if (is_int)
        return;
    cpu->event.exit = CPU_EXIT_EXCEPTION;
    memcpy(&cpu->event.error, blob + cpu->layout.error_code, 4);
    memcpy(&old, blob + cpu->layout.old_exception, 4);
    if (old != UINT32_MAX) {
        memset(blob + cpu->layout.old_exception, 0xFF, 4);
        cpu_restore_context(cpu);
    }
}

/* After the single step of a jump to itself EIP is where it was, and the block was executed
 * all the same. */
static uint64_t place_of_end(const struct cpu *cpu, uint32_t eip)
{
    if (cpu->asked_at != UINT64_MAX)
        return cpu->asked_at;
    if (cpu->alone && cpu->own_tf && cpu->have_event && cpu->event.exit == CPU_EXIT_INTERRUPT &&
        cpu->event.vector == 1)
        return cpu->block_address + cpu->block_size;
    return eip;
}

/* The engine forgets flags where an instruction that it asks at is left by a fault. */
static void mend_flags(struct cpu *cpu, uint32_t eip)
{
    if (cpu->code_clock == UINT64_MAX || cpu->code_clock != cpu->clock || cpu->code_address != eip)
        return;
    uc_reg_write(cpu->uc, UC_X86_REG_EFLAGS, &cpu->code_eflags);
    cpu->saved = false;
}

bool cpu_run(struct cpu *cpu, struct cpu_event *event, GError **error)
{
    uint32_t eip = 0;
    cpu->have_event = cpu->refusing = cpu->rewind = cpu->saved = false;
    cpu->kept.size = cpu->last.size = 0;
    cpu->anew = false;
    cpu->asked_at = cpu->code_clock = UINT64_MAX;
    uc_reg_read(cpu->uc, UC_X86_REG_EIP, &eip);
    cpu->running = true;
    uc_err err = uc_emu_start(cpu->uc, eip, 0, 0, 0);
    cpu->running = false;
    cpu->finishing = UINT64_MAX;
    cpu->stepping = cpu->from_zero = false;
    cpu->prior.size = 0;
    cpu->refusing = false; /* cpu_forget_code asks for its window between runs */
    if (cpu->rewind) {
        cpu_restore_context(cpu);
        uc_ctl_flush_tlb(cpu->uc);
    }
    uc_reg_read(cpu->uc, UC_X86_REG_EIP, &eip);
    settle_clock(cpu, place_of_end(cpu, eip));
    cpu->alone = false;
    cpu->limit = UINT64_MAX;
    atomic_store_explicit(&cpu->deadline, cpu->wanted_deadline, memory_order_relaxed);
    if (cpu->have_event && cpu->event.exit == CPU_EXIT_INTERRUPT)
        classify_interrupt(cpu);
    mend_flags(cpu, cpu->asked_at == UINT64_MAX ? eip : (uint32_t)cpu->asked_at);
    if (!cpu->have_event) {
        *event = (struct cpu_event){.exit = CPU_EXIT_STOPPED};
        return !cpu_engine_failed(err, "run", error);
    }
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
    cpu->stepping = true; /* a stop that comes now waits */
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

void cpu_finish_step(struct cpu *cpu)
{
    cpu->stepping = true;
}

void cpu_finish_block(struct cpu *cpu)
{
    cpu->finishing = cpu->clock;
}

void cpu_cover(struct cpu *cpu, struct cpu_coverage *coverage)
{
    cpu->coverage = coverage;
}

/* --- for a debugger ------------------------------------------------------------ */

/* Longer than any block: 512 instructions, or a page. */
#define BLOCK_BYTES_MAX 8192u

/* Blocks are looked at closely from here on. */
static void look_from(struct cpu *cpu, uint64_t clock)
{
    cpu->from_zero = clock == 0 && cpu->clock == 0; /* no later than that, and nobody asked */
    if (atomic_load(&cpu->deadline) > clock)
        atomic_store(&cpu->deadline, cpu->from_zero ? 0 : MAX(clock, 1u));
}

void cpu_set_limit(struct cpu *cpu, uint64_t clock)
{
    const uint64_t margin = BLOCK_BYTES_MAX * CPU_NS_PER_BYTE + rdtsc_price(cpu, BLOCK_BYTES_MAX);
    cpu->limit = clock;
    if (clock != UINT64_MAX)
        look_from(cpu, clock - MIN(clock, margin));
}

void cpu_run_alone(struct cpu *cpu, bool own_tf)
{
    cpu->alone = true;
    cpu->own_tf = own_tf;
    look_from(cpu, 0);
}

void cpu_follow(struct cpu *cpu, uint32_t start, uint32_t size)
{
    cpu->prior = (struct cpu_block){.start = start, .size = size};
}

struct cpu_block cpu_kept_block(const struct cpu *cpu)
{
    return cpu->kept;
}

bool cpu_began_anew(const struct cpu *cpu)
{
    return cpu->anew;
}

struct cpu_block cpu_last_block(const struct cpu *cpu)
{
    return cpu->last;
}

void cpu_undo_call(struct cpu *cpu)
{
    cpu->clock -= cpu->ops->trap_price;
    cpu->asked_at = cpu->block_address + cpu->block_size - 2;
}

void cpu_set_eax(struct cpu *cpu, uint32_t eax)
{
    uc_reg_write(cpu->uc, UC_X86_REG_EAX, &eax);
    cpu->saved = false;
}

uint32_t cpu_ecx(struct cpu *cpu)
{
    uint32_t ecx = 0;
    uc_reg_read(cpu->uc, UC_X86_REG_ECX, &ecx);
    return ecx;
}

void cpu_move_eip(struct cpu *cpu, int32_t by)
{
    uint32_t eip = 0;
    uc_reg_read(cpu->uc, UC_X86_REG_EIP, &eip);
    eip += (uint32_t)by;
    uc_reg_write(cpu->uc, UC_X86_REG_EIP, &eip);
    cpu->saved = false;
}

void cpu_set_tf(struct cpu *cpu, bool tf)
{
    uint32_t old = cpu_eflags(cpu), eflags = tf ? old | EFLAGS_TF : old & ~EFLAGS_TF;
    if (eflags == old)
        return;
    uc_reg_write(cpu->uc, UC_X86_REG_EFLAGS, &eflags);
    cpu->saved = false;
}

bool cpu_asks_at(const struct cpu *cpu, uint32_t address)
{
    return cpu->asked && g_hash_table_contains(cpu->asked, GUINT_TO_POINTER(address));
}

unsigned cpu_nr_asked(const struct cpu *cpu)
{
    return cpu->asked ? g_hash_table_size(cpu->asked) : 0;
}

bool cpu_ask_at(struct cpu *cpu, uint32_t address)
{
    uc_hook hook;
    if (!cpu->asked)
        cpu->asked = g_hash_table_new(NULL, NULL);
    if (cpu_asks_at(cpu, address))
        return true;
    if (uc_hook_add(cpu->uc, &hook, UC_HOOK_CODE, (void *)on_code, cpu, address, address) != UC_ERR_OK)
        return false;
    g_hash_table_insert(cpu->asked, GUINT_TO_POINTER(address), (void *)hook);
    return true;
}

/* The engine looks for what it translated there: it finds no page. */
void cpu_ask_nowhere(struct cpu *cpu)
{
    GHashTableIter i;
    void *hook;
    if (!cpu->asked)
        return;
    cpu_flush_tlb(cpu);
    cpu->refusing = true;
    g_hash_table_iter_init(&i, cpu->asked);
    while (g_hash_table_iter_next(&i, NULL, &hook))
        uc_hook_del(cpu->uc, (uc_hook)hook);
    cpu->refusing = false;
    g_clear_pointer(&cpu->asked, g_hash_table_unref);
}
