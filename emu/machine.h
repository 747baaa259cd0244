/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * machine.h - a domain on a CPU: the loop that runs it, its clock, what happens
 * at each exit of the CPU, and all of its state saved and restored in memory.
 *
 * System time is the CPU's clock: 4 ns a byte of code, plus a fixed price for each
 * trap, plus the waits. The guest's TSC is the same number:
 * its frequency is 1 GHz.
 */
#ifndef EMU_MACHINE_H
#define EMU_MACHINE_H

#include "boot.h"
#include "breakpoints.h"
#include "cpu.h"
#include "dispatch/domain.h"
#include "dispatch/hypercall.h"
#include "dispatch/tlb_filter.h"
#include "idle.h"
#include "image.h"
#include "insn.h"
#include "privop.h"
#include "step.h"

struct stops;

#include <ring1/ring1.h>

/* Price of a trap that the guest sees (hypercall, exception, upcall, emulated
 * instruction), in ns of guest time. */
#define TRAP_NS 200u

/* What the machine's owner does for it. NULL members are allowed. */
struct machine_ops {
    /* The guest kicked a back end. */
    void (*notify)(void *user, enum backend backend, uint16_t port);
    /* Let back ends look at their rings: now and then, and before a wait. True
     * if one did something that the guest may be waiting for. */
    bool (*poll)(void *user);
    void (*console_write)(void *user, const char *bytes, size_t len);
    size_t (*console_read)(void *user, char *bytes, size_t len);
    /* The domain is about to go on in other frames: let go of what it granted. */
    void (*let_go)(void *user);
};

/* A call by `int 0x82`, kept for the report of the guest's end. */
#define LAST_CALLS 16u
struct call_record {
    uint32_t nr;
    int32_t result;
    uint32_t eip;        /* linear, behind the `int` */
    uint8_t vcpu;        /* that made it */
    bool continued;      /* it stopped half-way */
    uint32_t nr_entries; /* of a multicall, from domain_state.entry[first_entry] on */
    uint64_t first_entry;
    char why[LAST_WHY]; /* it was refused; empty: it was not */
    uint32_t arg[MAX_HYPERCALL_ARGS];
};

/* Somebody compares runs: a checksum over number, arguments, place, result and time of
 * each call by `int 0x82`; `mark` is told after each `each` calls, in the run. */
struct call_sums {
    void (*mark)(void *user);
    void *user;
    uint32_t each;
};

/* A block of code that a debugger had the CPU leave in its middle: stops_run.c. */
struct block_state {
    uint64_t end;         /* clock at its end; not later than the clock: it is not in its middle */
    uint64_t deadline;    /* of the run that entered it */
    uint32_t start, size; /* it, or the last one; size 0: there is none */
};

/* Where a run ends that was begun to get there, for whoever takes a guest from place to
 * place without a debugger: linear addresses, before whose instruction it is left. The state
 * there is good for another beginning (machine_disturb), not for going on as if it had not
 * been left. */
#define MAX_GOALS 16u
struct run_goals {
    unsigned nr;
    uint32_t address[MAX_GOALS];
    uint64_t begun; /* clock at which none counts: the run begins at one */
    bool reached;
    unsigned which;
};

struct machine {
    const struct abi *abi;
    struct memory *mem;
    struct domain *domain;
    struct cpu *cpu;
    struct insn_cache *insns;
    struct privop *privop;
    const struct machine_ops *ops;
    void *ops_user;

    enum ring1_mfn_mode mfn_mode;
    enum ring1_time_mode time_mode;
    int64_t host_base; /* real time: host ns at system time 0 */
    struct vcpu *current;
    struct breakpoints breakpoints; /* the guest's: they follow its debug registers */
    struct single_step step;
    struct stops *stops;     /* NULL: there is no debugger */
    struct run_goals *goals; /* NULL: there are none */
    bool segment_limits;     /* they are enforced: segments.h */

    /* State, saved with the domain's. */
    struct machine_state {
        uint64_t hypercalls;
        uint64_t sum;   /* with call_sums */
        uint64_t traps; /* beside hypercalls */
        bool switched;  /* another vcpu has the CPU: its segments are to be loaded */
        bool goes_on;   /* the next hypercall is the rest of the last one */
        struct idle_state idle;
        struct step_state step;             /* of the vcpu that has the CPU */
        struct step_state steps[MAX_VCPUS]; /* of the others */
        uint64_t polled;                    /* clock at the last poll of the back ends */
        bool unseen;     /* the guest was left where it could not have been for its own sake: see machine.c */
        uint64_t looked; /* clock at the last look, UINT64_MAX: none */
        uint64_t jump_to; /* a wait that a limit cut short goes on until then */
        bool fpu_live;    /* the FPU was used: real CR0.TS follows the guest's */
        struct block_state block;
        struct call_record last_call[LAST_CALLS]; /* call n at n % LAST_CALLS */
    } s;
    const struct call_sums *sums; /* NULL: none */
    struct recount_room *recount; /* -Drecount: where it counts */
    struct tlb_filter tlb;
    bool timer_known; /* next_timer is timers_next, as long as ATTN_TIMER is not set */
    uint64_t next_timer;
    uint32_t flushes;         /* of the TLB */
    bool block_cut;           /* the CPU left a block for its own reasons alone: go on as if it had not */
    bool mended;              /* it asked for a page at a block's start, likewise */
    bool door_shut;           /* the last hypercall left something to be done before the guest's next block */
    uint64_t hypercall_limit; /* of the present run of the CPU */
    uint64_t calls_made;      /* with RING1_RECOUNT: in any run, whatever it was sent back to */
    bool forgetful;           /* nothing cached survives a trap */
    bool table_copied;        /* table_store.c: a copy stands at table_page */
    uint32_t table_page;
    _Atomic bool interrupted;
};

/* What a machine is beside its ABI and its memory. */
struct machine_setup {
    enum ring1_time_mode time_mode;
    int64_t date_ns; /* UTC ns since 1970 at system time 0 */
    const struct cpu_model *cpu;
    unsigned nr_vcpus; /* 0: 1 */
};

/* Make the machine that `image` asks for. `abi` is a constant of abi_find. */
struct machine *machine_new(const struct abi *abi, const struct image *image, const struct boot_config *boot,
                            const struct machine_setup *setup, const struct machine_ops *ops, void *ops_user,
                            GError **error);
void machine_free(struct machine *m);

/* ring1_machine_run and its neighbours of ring1.h. */
bool machine_run(struct machine *m, const struct ring1_budget *budget, struct ring1_stop *stop,
                 GError **error);
void machine_interrupt(struct machine *m);
uint64_t machine_now(const struct machine *m);
uint64_t machine_advance(struct machine *m, uint64_t ns);

/* The clock without the guest: a wait of `ns` that somebody measured before. */
void machine_pass(struct machine *m, uint64_t ns);
/* Runs end there with RING1_STOP_INTERRUPTED and goals->reached; NULL: as ever. Code that was
 * translated is forgotten, so that it asks. */
void machine_set_goals(struct machine *m, struct run_goals *goals);
/* Something came from outside, or the guest's state was changed, between two runs:
 * the next one looks what there is to be done before the guest goes on. */
void machine_disturb(struct machine *m);

/* All state. What memory did not change between two snapshots they share, and the second
 * costs what was written since the first; so does going back to one that is not far. The
 * guest cannot tell. A snapshot may outlive its machine. */
struct snapshot;
struct snapshot *machine_save(struct machine *m);
bool machine_restore(struct machine *m, const struct snapshot *snapshot, GError **error);
void snapshot_free(struct snapshot *snapshot);

/* SHA-256 over memory (machine frames that are not zero, by number) and vcpus. */
char *machine_hash(struct machine *m);

/* FPU and SSE registers of a vcpu, as FXSAVE stores them. */
void machine_get_fpu(struct machine *m, struct vcpu *v, uint8_t image[512]);

/* The CPU's TLB, and what is known of it. */
void machine_flush_tlb(struct machine *m);
/* Translations of the frames that domain_state.forget names, and of all. Outside a run. */
void machine_forget_code(struct machine *m);
void machine_forget_all_code(struct machine *m);

/* The multicall that is held goes on; it may be held again. */
void machine_resume_call(struct machine *m);

/* trap.c: what to do after cpu_run returned `event`. v->regs are loaded. */
void machine_trap(struct machine *m, struct vcpu *v, const struct cpu_event *event);
/* A trap that the guest sees: it is counted and has its price. One that changed
 * v->regs is counted by machine_run. */
void machine_count_trap(struct machine *m);
/* fill.c: the CPU's misses. */
bool machine_fill(void *machine, uint32_t va, enum access access, bool ring3, struct cpu_mapping *out);
/* The frame of `mark` is about to be executed; its code is to be forgotten. */
void fill_mark_executed(const struct machine *m, uint8_t *mark);
void fill_forget(struct machine *m, mfn_t mfn);

/* A call as whoever watches is told of it. Its words stay those of the call. */
struct ring1_call machine_call_seen(const struct domain *d, const struct call *call);

#endif
