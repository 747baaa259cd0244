/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * cpu.h - the CPU: a narrow interface, behind which cpu_unicorn.h and its three
 * files alone know the engine. Another engine means others like them.
 *
 * The CPU runs ring 1 and ring 3 code with segments and faults as a 32-bit x86
 * has them. It owns no page tables: every miss of its TLB is asked for by
 * `fill`. It owns no clock: it counts the bytes of code that it executed.
 */
#ifndef EMU_CPU_H
#define EMU_CPU_H

#include "dispatch/access.h"
#include "dispatch/domain.h"

#include <glib.h>

struct cpu;

/* Why cpu_run returned. */
enum cpu_exit {
    CPU_EXIT_STOPPED,   /* the clock's deadline, or cpu_stop */
    CPU_EXIT_INTERRUPT, /* `int n`, int3, into: EIP after it */
    CPU_EXIT_EXCEPTION, /* a fault of the CPU (not #PF): EIP at the instruction */
    CPU_EXIT_MISS,      /* fill refused: EIP at the instruction */
};

struct cpu_event {
    enum cpu_exit exit;
    unsigned vector;    /* INTERRUPT, EXCEPTION */
    uint32_t error;     /* EXCEPTION: the error code, 0 where there is none */
    uint32_t page;      /* MISS: address of the page */
    enum access access; /* MISS */
};

/* Answer to a miss: where the page lies and what the TLB may allow. */
struct cpu_mapping {
    mfn_t mfn;
    bool write, execute; /* reading is always allowed */
};

#define CPU_ARGS_GIVEN 2u

struct cpu_call {
    uint32_t eax; /* before: the number; after: the result */
    uint32_t eip; /* linear, behind the `int` */
    uint32_t arg[6];
};

/* A block of code as the engine runs it: the clock is asked only where one begins. */
struct cpu_block {
    uint32_t start, size; /* linear, bytes; size 0: there is none */
    uint64_t end;         /* clock at its end */
};

struct cpu_ops {
    /* The TLB has nothing for the page of `va`. True: *out is its mapping.
     * False: the run ends with CPU_EXIT_MISS and nothing of the instruction is
     * done. */
    bool (*fill)(void *user, uint32_t va, enum access access, bool ring3, struct cpu_mapping *out);
    /* `int $0x82` in ring 1. The first CPU_ARGS_GIVEN of call->arg are read already,
     * because reading them with EAX costs next to nothing; cpu_read_args has the
     * others, which are 0. True: the guest may run on at once. The clock has been
     * charged trap_price. */
    bool (*hypercall)(void *user, struct cpu_call *call);
    uint32_t trap_price;
    /* RDTSC. */
    uint64_t (*tsc)(void *user);
    /* CPUID: regs hold EAX, EBX, ECX, EDX. False: #GP instead. */
    bool (*cpuid)(void *user, uint32_t regs[4], bool ring3);
    /* IN and OUT: value read; false: not allowed. */
    uint32_t (*port_in)(void *user, uint32_t port, unsigned size);
    /* The instruction at a linear address that cpu_ask_at named is about to be executed;
     * the clock is that of its beginning, the block the one that it is executed in. True: the
     * run ends before it. */
    bool (*code)(void *user, uint32_t address, const struct cpu_block *block);
};

/* Make a CPU over machine memory. It finds out where the engine keeps what its
 * public interface does not give (privilege level, error code) and tests it.
 * NULL: RING1_ERROR_CPU. */
struct cpu *cpu_new(struct memory *mem, const struct cpu_ops *ops, void *user, GError **error);
void cpu_free(struct cpu *cpu);

/* The CPU has one set of registers (FPU, segments, GDTR and all) for each vcpu, of
 * which one is in force: number 0 at first. The others begin as the CPU is when they
 * are made. Clock, TLB and translations are common to all. Both outside a run. */
bool cpu_make_sets(struct cpu *cpu, unsigned nr, GError **error);
void cpu_select(struct cpu *cpu, unsigned set);

/* Run until something happens. False: the engine failed, RING1_ERROR_CPU. */
bool cpu_run(struct cpu *cpu, struct cpu_event *event, GError **error);

/* Execute one instruction, one turn of a repeated one. True: it is done. False:
 * it was not, `event` says why, and nothing of it was done. Not for instructions
 * that read or load EFLAGS. */
bool cpu_step(struct cpu *cpu, struct cpu_event *event, GError **error);

/* Have a run end at the next block; from callbacks, other threads and signal
 * handlers. */
void cpu_stop(struct cpu *cpu);

/* A slow clock for a fast CPU: whoever waits in a loop shall not wait longer than
 * on a real machine, even where the host is busy. */
#define CPU_NS_PER_BYTE 4u

/* The clock in ns: CPU_NS_PER_BYTE for each byte of code executed, plus what
 * cpu_charge adds for traps. The
 * run ends when it reaches the deadline. */
uint64_t cpu_clock(const struct cpu *cpu);
void cpu_charge(struct cpu *cpu, uint64_t ns);
void cpu_set_clock(struct cpu *cpu, uint64_t clock);
void cpu_set_deadline(struct cpu *cpu, uint64_t clock);
/* The last run left a block in its middle: the next one does not ask for the deadline
 * before that block's end, as the last would not have. */
void cpu_finish_block(struct cpu *cpu);
/* The next run, of one instruction by TF, ends by nothing else: after MOV SS it is two,
 * and two blocks. */
void cpu_finish_step(struct cpu *cpu);

/* --- for a fuzzer --- */

/* Which pairs of blocks followed each other, and how often: what a run did. A place of the
 * table is a pair's, by chance of more than one. Small, to be looked through after each run. */
#define CPU_COVERAGE_BITS 16u
struct cpu_coverage {
    uint32_t previous; /* of the last block */
    uint32_t nr;       /* places that are not 0, in `place` */
    uint16_t place[1u << CPU_COVERAGE_BITS];
    uint8_t count[1u << CPU_COVERAGE_BITS]; /* 255: so many or more */
};
/* Note blocks there; NULL: nowhere. Outside a run. */
void cpu_cover(struct cpu *cpu, struct cpu_coverage *coverage);

/* --- for a debugger --- */

/* Have ops->code asked at an address, until cpu_ask_nowhere; code that was translated before
 * does not ask. Outside a run. */
bool cpu_ask_at(struct cpu *cpu, uint32_t address);
void cpu_ask_nowhere(struct cpu *cpu);
bool cpu_asks_at(const struct cpu *cpu, uint32_t address);
unsigned cpu_nr_asked(const struct cpu *cpu);

/* In the next run no block begins that might end after this clock; UINT64_MAX: none is
 * kept from it. To be set after the deadline. */
void cpu_set_limit(struct cpu *cpu, uint64_t clock);
/* The next run is of one block, or the same instruction begun anew. `own_tf`: TF is set for
 * the caller's sake, so that exception 1 says that it was executed. */
void cpu_run_alone(struct cpu *cpu, bool own_tf);
/* The block before the next run's first, which tells whether that is begun anew. */
void cpu_follow(struct cpu *cpu, uint32_t start, uint32_t size);
/* Of the last run: the block that its limit kept from beginning, and the last one that it
 * began; the clock is before the end of one that was left. */
struct cpu_block cpu_kept_block(const struct cpu *cpu);
struct cpu_block cpu_last_block(const struct cpu *cpu);
/* The one block of the last run was begun anew: it wrote into itself. */
bool cpu_began_anew(const struct cpu *cpu);
/* Inside `hypercall`: it was not made after all. The run ends before the `int`. */
void cpu_undo_call(struct cpu *cpu);
/* One register alone; everything else stays. Outside a run. */
void cpu_set_tf(struct cpu *cpu, bool tf);
void cpu_move_eip(struct cpu *cpu, int32_t by);
uint32_t cpu_ecx(struct cpu *cpu);
void cpu_set_eax(struct cpu *cpu, uint32_t eax);

/* Of EBX, ECX, EDX, ESI, EDI, EBP those from CPU_ARGS_GIVEN to n (at most 6) to
 * their places in `arg`; inside `hypercall`. */
void cpu_read_args(struct cpu *cpu, uint32_t *arg, unsigned n);

/* SS and ESP alone, quickly: inside callbacks, too. */
void cpu_stack(struct cpu *cpu, uint16_t *ss, uint32_t *esp);

/* All registers, outside and inside callbacks. cpu_set_regs is for outside a
 * run only; code, stack and data segments that changed are loaded from
 * `descriptor`, which gives the descriptor behind a selector (false: it is
 * refused, and so is the whole call). */
void cpu_get_regs(struct cpu *cpu, struct regs *regs);
/* The same of any set. */
void cpu_get_regs_of(struct cpu *cpu, unsigned set, struct regs *regs);
typedef bool (*cpu_descriptor_fn)(void *user, uint16_t selector, uint64_t *descriptor);
bool cpu_set_regs(struct cpu *cpu, const struct regs *regs, cpu_descriptor_fn descriptor, void *user);

/* The next cpu_set_regs loads these segments although their selectors are the same. */
enum cpu_segments { CPU_CODE_AND_STACK = 1, CPU_ALL_SEGMENTS };
void cpu_reload_segments(struct cpu *cpu, enum cpu_segments which);

/* EFLAGS alone. cpu_set_step sets or clears TF and clears RF; with TF set a run
 * ends after one instruction with exception 1. Outside a run. */
uint32_t cpu_eflags(struct cpu *cpu);
void cpu_set_step(struct cpu *cpu, bool tf);

/* Linear addresses of the block of code executed last, and behind it: the latter
 * is 0 when the block was left before its end. With TF a block is one instruction. */
uint32_t cpu_last_block_start(const struct cpu *cpu);
uint32_t cpu_last_block_end(const struct cpu *cpu);

/* GDTR's limit (the image lies at HIDDEN_GDT_OF(set)) and the LDT's (HIDDEN_LDT_OF;
 * 0 bytes: none; `selector` is what SLDT shows). */
void cpu_set_gdt_limit(struct cpu *cpu, uint32_t limit);
void cpu_set_ldt(struct cpu *cpu, uint16_t selector, uint32_t bytes);

/* What STR shows. */
void cpu_set_task(struct cpu *cpu, uint16_t selector);

/* What SIDT shows. */
void cpu_set_idt_limit(struct cpu *cpu, uint32_t limit);
/* CR4.TSD: while set, RDTSC is #GP(0) in rings 1 and 3. Outside a run. */
void cpu_set_tsd(struct cpu *cpu, bool tsd);

/* CR0.TS: while set, FPU instructions raise #NM. Outside a run. */
void cpu_set_ts(struct cpu *cpu, bool ts);
/* CR4 and CR0 as SMSW and MOV from CR show them are the caller's to emulate. */

/* FPU and SSE registers from what FXSAVE stored. Outside a run. */
void cpu_set_fpu(struct cpu *cpu, const uint8_t image[512]);
/* And as FXSAVE would store them, of the set in force. */
void cpu_get_fpu(struct cpu *cpu, uint8_t image[512]);

/* Drop all translations of addresses; inside callbacks too. */
void cpu_flush_tlb(struct cpu *cpu);
/* Drop translated code of one frame; outside a run. It is asked for through
 * `fill` at HIDDEN_WINDOW. */
void cpu_forget_code(struct cpu *cpu, mfn_t mfn);
void cpu_forget_all_code(struct cpu *cpu);
/* The frame that HIDDEN_WINDOW shows while cpu_forget_code runs. */
mfn_t cpu_window(const struct cpu *cpu);

/* The same of a file, in numbers of the architecture's own: what a set holds beside what settle()
 * gives it anew. */
struct cpu_state {
    struct regs regs;
    uint64_t descriptor[6]; /* that ES CS SS DS FS GS were loaded from; 0: null */
    uint32_t shadow;        /* the last instruction loaded SS: no single step after the next */
    uint32_t mxcsr;
    uint8_t fpu[512];
};
void cpu_export(struct cpu *cpu, struct cpu_state *state);
/* Into the set in force. False: a segment that no ring may have. */
bool cpu_import(struct cpu *cpu, const struct cpu_state *state);

/* All of the CPU's own state (registers, FPU, SSE) of the set in force, not memory. */
GBytes *cpu_save(struct cpu *cpu);
/* False: it is not of this engine. What is cached stays: whoever puts back another memory or other
 * tables drops what does not hold. */
bool cpu_put_back(struct cpu *cpu, GBytes *saved);

/* The same kept beside the CPU, of all sets, for going back to many times; nothing is copied but what
 * the registers are. */
struct cpu_mark;
struct cpu_mark *cpu_mark_new(struct cpu *cpu);
void cpu_mark_free(struct cpu_mark *mark);
void cpu_mark_back(struct cpu *cpu, const struct cpu_mark *mark);

/* The engine's name and version, for --version; the caller frees it. */
char *cpu_engine_version(void);

#endif
