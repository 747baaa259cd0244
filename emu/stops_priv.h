/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * stops_priv.h - stops.h as the machine uses it, in places that a machine without a
 * debugger does not reach: stops.c has what is to be stopped for, stops_run.c stands
 * between machine_run and the CPU.
 */
#ifndef EMU_STOPS_PRIV_H
#define EMU_STOPS_PRIV_H

#include "machine.h"
#include "stops.h"

#define MAX_WATCHES 32u

struct watch_range {
    uint32_t address, size;
    enum ring1_watch_kind kind;
};

/* What stood in memory at a watchpoint, before something that may write there by other
 * ways than the guest's stores. */
struct watched {
    const uint8_t *at[2]; /* two pages at most; NULL: not mapped */
    uint32_t len[2];
    uint8_t bytes[RING1_PAGE_SIZE];
};

/* How the CPU runs next. */
enum stops_mode {
    STOPS_FREELY, /* up to a clock, if a place is wanted */
    STOPS_LEARN,  /* not at all: what the next block is */
    STOPS_STEP,   /* one instruction of a block that was entered */
    STOPS_GUESTS, /* one instruction, as it would without a debugger: step.h */
};

struct stops {
    GHashTable *breakpoints; /* addresses */
    struct watch_range watch[MAX_WATCHES];
    unsigned nr_watches;
    ring1_catch_fn catch;
    void *catch_user;

    /* Of the present machine_run, or the next. */
    bool step_wanted, place_wanted;
    unsigned step_vcpu;
    struct ring1_place place;

    /* Where the last stop was: what it was for is not stopped for again. */
    enum stop_kind passed;
    uint64_t passed_clock;
    unsigned passed_vcpu;
    uint32_t passed_entry; /* of the multicall that is held; UINT32_MAX: none is */
    /* The last instruction that was asked at, and the end of its block. */
    uint32_t asked_at;
    uint64_t asked_end;

    /* Of the present run of the CPU. */
    enum stops_mode mode;
    bool own_tf;        /* TF is set for the debugger's sake */
    bool called;        /* a hypercall was made */
    bool undone;        /* one was not, after all */
    bool withheld;      /* a page was, for a watchpoint */
    bool let_through;   /* the next instruction may touch what is withheld */
    uint32_t hits;      /* watchpoints that it touches, by place in `watch` */
    struct regs before; /* the step */
    uint32_t walked;    /* watchpoints that the CPU's own walk wrote to */
    struct watched watched[MAX_WATCHES];
    struct hold hold;
    uint64_t began; /* clock */

    bool pending; /* `last` is to be reported */
    struct stop last;
};

void stops_free(struct stops *s);

/* --- stops.c ---------------------------------------------------------------------- */

/* There is something to stop for. False: there was already. */
bool stops_report(struct machine *m, enum stop_kind kind);

/* ops->code of the CPU. */
bool stops_code(void *machine, uint32_t address, const struct cpu_block *block);

/* A page that is not to be given to the CPU for this access. */
bool stops_withholds(struct machine *m, uint32_t page, enum access access);
/* What the instruction at EIP touches that is watched. */
uint32_t stops_find_hits(struct machine *m, struct vcpu *v);
void stops_report_hits(struct machine *m, uint32_t hits);

static inline bool stops_watches(const struct machine *m)
{
    return m->stops->nr_watches != 0;
}

/* Have a look at what is watched; and another: those that changed. */
void stops_note_watched(struct machine *m, struct vcpu *v);
uint32_t stops_changed(struct machine *m);
/* After a walk of the CPU, which may have set bits: true, the access is to be one step. */
bool stops_walked(struct machine *m);

/* --- stops_call.c ------------------------------------------------------------------ */

/* A call by `int 0x82` that is about to be made, and one that was. True: the run ends
 * there. */
bool stops_before_call(struct machine *m, struct vcpu *v, const struct cpu_call *call);
bool stops_after_call(struct machine *m, struct vcpu *v, const struct call_record *made);
/* Whether entries of multicalls are of interest. */
void stops_hold_calls(struct machine *m);
/* The call that is held goes on. */
void stops_resume_call(struct machine *m);

/* --- machine_run's ------------------------------------------------------------------ */

/* No block takes longer, whatever stands in a file. */
#define BLOCK_NS_MAX 1000000u

/* A block that the guest entered is not at its end: nothing is looked at before. */
static inline bool stops_in_block(const struct machine *m)
{
    return G_UNLIKELY(m->s.block.end - cpu_clock(m->cpu) - 1 < BLOCK_NS_MAX);
}

/* A block was gone through in steps, and the CPU is to say whether the next one is a part of
 * it: no run ends before such a one. */
static inline bool stops_between_blocks(const struct machine *m)
{
    return G_UNLIKELY(m->s.block.size != 0) && m->s.unseen && !m->s.jump_to && !stops_in_block(m);
}

/* The run is to end here: the reason is set. */
bool stops_here(struct machine *m, struct ring1_stop *stop);
/* machine_run has ended. */
void stops_run_over(struct machine *m);
/* The vcpu was given an upcall. */
void stops_delivered(struct machine *m, struct vcpu *v);

/* Around a run of the CPU. True: nothing is left to do about it. */
void stops_before_run(struct machine *m, struct vcpu *v);
bool stops_after_run(struct machine *m, struct vcpu *v, const struct cpu_event *event, uint64_t deadline);
/* A call that was held is over. */
void stops_call_over(struct machine *m, uint64_t deadline);
/* And after what machine_run did about it. */
void stops_after_guest(struct machine *m, struct vcpu *v, const struct cpu_event *event, uint64_t deadline);

#endif
