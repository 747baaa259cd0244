/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * cpu_unicorn.h - what the files of the CPU on Unicorn share: cpu_unicorn.c makes,
 * switches and saves it, cpu_run.c runs it, cpu_registers.c has its registers. They
 * alone include the engine's header.
 */
#ifndef EMU_CPU_UNICORN_H
#define EMU_CPU_UNICORN_H

#include "cpu.h"
#include "cpu_layout.h"

#include <ring1/ring1.h>
#include <unicorn/unicorn.h>

/* A page that only the CPU's making uses, far above machine memory. */
#define SCRATCH_MADDR (1ull << 36)

/* A bit of a control register that need not be asked for again. */
struct known_bit {
    bool known, set;
};

/* What is known of a set of registers without asking the engine. */
struct register_facts {
    uint32_t gdt_limit;
    uint32_t last_start, last_end; /* the block before the present exit */
    struct known_bit ts, tsd;      /* CR0.TS, CR4.TSD */
};

/* A vcpu's registers while another's are in force. */
struct register_set {
    uc_context *context;
    uint32_t eflags;
    struct register_facts facts;
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
    uint64_t limit;     /* no block begins that would end after it */
    uint64_t block_address;
    uint32_t block_size;
    struct cpu_coverage *coverage;      /* NULL: nobody asks */
    struct cpu_block prior, kept, last; /* see cpu_follow, cpu_kept_block */
    uint64_t asked_at;                  /* the run ends before the instruction there; UINT64_MAX: not */
    uint64_t code_clock;                /* of the last instruction that was asked at; UINT64_MAX: none */
    uint32_t code_address, code_eflags; /* and its flags */
    GHashTable *asked;                  /* addresses of cpu_ask_at; NULL: none */
    struct register_facts facts;        /* of the set in force */

    struct cpu_event event;
    bool have_event;
    bool refusing;       /* every miss is refused: the run is over */
    bool rewind;         /* registers go back to `context` after the run */
    bool ring3_possible; /* ring 3 code was fetched since the last TLB flush */
    mfn_t window;
    unsigned reload; /* segments that the next cpu_set_regs loads in any case */
    bool running;    /* inside uc_emu_start */
    bool stepping;   /* no deadline ends the run */
    bool alone;      /* one block ends it */
    bool own_tf;     /* in which TF is not the guest's */
    bool anew;       /* that one was begun anew */
    bool from_zero;  /* deadline 0 is the clock's beginning, not a stop */
    bool saved;      /* `context` is the CPU's state, EFLAGS apart; never during a run */
};

/* True: *error has what the engine said. */
bool cpu_engine_failed(uc_err err, const char *what, GError **error);

/* The CPU's state in `context`. Between two runs it is taken once; what writes
 * registers there by other ways says so (`saved`). */
uint8_t *cpu_save_context(struct cpu *cpu);
void cpu_restore_context(struct cpu *cpu);

void cpu_set_gdtr(struct cpu *cpu, uint32_t base, uint32_t limit);

/* cpu_run.c: the callbacks of the engine. */
bool cpu_add_hooks(struct cpu *cpu, GError **error);

#endif
