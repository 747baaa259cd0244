/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1/debugger.h - a machine under a debugger: it stops at breakpoints, watchpoints
 * and hypercalls, goes on instruction by instruction, and backwards. None of this
 * changes the guest's run: one that is looked at is the same as one that is not.
 *
 *     ring1_debugger *d = ring1_debugger_new(machine, record, &error);
 *     ring1_debugger_break(d, 0xc0100000, &error);
 *     struct ring1_debug_stop stop;
 *     ring1_debugger_run(d, RING1_GO_ON, 0, NULL, &stop, &error);
 *     ring1_debugger_run_back(d, RING1_GO_STEP, 0, &stop, &error);
 *     ring1_debugger_free(d);
 *
 * The present is where the machine itself stands. What lies before it is seen in a second
 * machine, which is made from the record when it is asked for: the first stays as it is,
 * so that disks, network and console know nothing of it. In the past nothing can be changed.
 *
 * One debugger a machine. It is for the machine's thread; only ring1_debugger_interrupt
 * may be called from anywhere.
 */
#ifndef RING1_DEBUGGER_H
#define RING1_DEBUGGER_H

#include <ring1/record.h>

G_BEGIN_DECLS

typedef struct ring1_debugger ring1_debugger;

/* Of a machine that is run here. `record` is the one in the machine's configuration; NULL:
 * there is no past to go to. Neither is owned. */
ring1_debugger *ring1_debugger_new(ring1_machine *m, ring1_record *record, GError **error);
/* Of a replay, whose machine ring1_replay_next has made: the present is its end. */
ring1_debugger *ring1_debugger_new_replay(ring1_replay *replay, GError **error);
void ring1_debugger_free(ring1_debugger *d);

/* The machine that is looked at: the present one, or the one that stands in the past. It
 * may be another after each function that lets time pass in either direction. Owned by
 * the debugger or by whoever made it: not to be freed. */
ring1_machine *ring1_debugger_machine(ring1_debugger *d);

/* --- time -------------------------------------------------------------------------- */

/* A place in a run, between two instructions or before an entry of a multicall. */
struct ring1_place {
    uint64_t ns;    /* the guest's time */
    uint64_t calls; /* hypercalls by `int 0x82` that were begun */
    uint32_t entry; /* of the multicall that is being made: the next one, by index; 0: or none */
    bool looked;    /* what the machine does between two instructions (timers, turns of vcpus) is done */
};

/* -1, 0, 1: a is before b, is b, is after it. */
int ring1_place_compare(const struct ring1_place *a, const struct ring1_place *b);

struct ring1_place ring1_debugger_place(ring1_debugger *d);
bool ring1_debugger_in_past(ring1_debugger *d);

/* --- what to stop for ---------------------------------------------------------------- */

/* A breakpoint before the instruction at a linear address, in every address space;
 * nothing of it is in the guest's memory. Any number; setting one twice is setting it
 * once. */
void ring1_debugger_break(ring1_debugger *d, uint32_t address);
void ring1_debugger_unbreak(ring1_debugger *d, uint32_t address);

enum ring1_watch_kind {
    RING1_WATCH_WRITE = 1, /* stores, by the guest or by a hypercall */
    RING1_WATCH_READ = 2,  /* loads by the guest */
    RING1_WATCH_ACCESS = 3,
};

/* A watchpoint on [address, address + size), linear addresses, 1 to 4096 bytes. False: there are too
 * many (32), RING1_ERROR_STATE. */
bool ring1_debugger_watch(ring1_debugger *d, uint32_t address, uint32_t size, enum ring1_watch_kind kind,
                          GError **error);
void ring1_debugger_unwatch(ring1_debugger *d, uint32_t address, uint32_t size, enum ring1_watch_kind kind);

/* Asked before each call and entry of a multicall (`is_return` false: nothing is done
 * yet), and after it with its result. True: stop there. NULL: none. Asked again, and to give the same
 * answers, when the run is gone through again. */
typedef bool (*ring1_catch_fn)(void *user, ring1_vcpu *v, const struct ring1_call *call, bool is_return);
void ring1_debugger_catch(ring1_debugger *d, ring1_catch_fn fn, void *user);

/* --- running -------------------------------------------------------------------------- */

enum ring1_debug_reason {
    RING1_DEBUG_STEPPED,     /* RING1_GO_STEP is done */
    RING1_DEBUG_BREAKPOINT,  /* before the instruction at `address` */
    RING1_DEBUG_WATCHPOINT,  /* after the access to `address`, for `watch` */
    RING1_DEBUG_CALL,        /* ring1_catch_fn said so: `call`, `is_return` */
    RING1_DEBUG_INTERRUPTED, /* ring1_debugger_interrupt */
    RING1_DEBUG_GUEST,       /* the machine's own stop: `guest` (shutdown, crash, idle, budget) */
    RING1_DEBUG_BEGIN,       /* there is nothing before this place */
    RING1_DEBUG_PRESENT,     /* the past has come up to the present; of a replay: to its end */
};

struct ring1_debug_stop {
    enum ring1_debug_reason reason;
    unsigned vcpu;               /* that it is about, and that ran last */
    uint32_t address;            /* BREAKPOINT, WATCHPOINT: the watchpoint's */
    enum ring1_watch_kind watch; /* WATCHPOINT: the watchpoint's */
    bool by_hypercall;           /* WATCHPOINT: a hypercall wrote there, the last of the vcpu */
    struct ring1_call call;      /* CALL; `arg` is valid until the next run */
    bool is_return;              /* CALL */
    struct ring1_stop guest;     /* GUEST */
};

enum ring1_debug_go {
    RING1_GO_ON,   /* until something of the above */
    RING1_GO_STEP, /* likewise, at most one instruction of `vcpu`, or into the handler of what it raised */
};

/* Forward. `budget`: NULL is unlimited; it counts as in ring1_machine_run. In the past it
 * runs the record's run, up to the present. */
bool ring1_debugger_run(ring1_debugger *d, enum ring1_debug_go how, unsigned vcpu,
                        const struct ring1_budget *budget, struct ring1_debug_stop *stop, GError **error);

/* Backward: to the place before `vcpu`'s last instruction, or to the last place before this
 * one at which ring1_debugger_run would have stopped for a breakpoint, a watchpoint or a call; else
 * RING1_DEBUG_BEGIN. A watchpoint stops before the access. Takes time: `asked` is called every few ms; true
 * ends it with RING1_DEBUG_INTERRUPTED where it began. May be NULL. RING1_ERROR_STATE: there is no record. */
bool ring1_debugger_run_back(ring1_debugger *d, enum ring1_debug_go how, unsigned vcpu,
                             bool (*asked)(void *user), void *user, struct ring1_debug_stop *stop,
                             GError **error);

/* To a place: the first at or after it that exists, or the present. */
bool ring1_debugger_goto(ring1_debugger *d, const struct ring1_place *place, struct ring1_debug_stop *stop,
                         GError **error);

/* Have a run end soon. Async-signal-safe. */
void ring1_debugger_interrupt(ring1_debugger *d);

/* The past becomes the present: the machine itself goes back to this place, and what came
 * after it is no more, in the record neither. RING1_ERROR_STATE: it is a replay, or the
 * guest has written to a disk since. */
bool ring1_debugger_drop_future(ring1_debugger *d, GError **error);

/* --- looking and changing --------------------------------------------------------------- */

struct ring1_registers {
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi; /* in gdb's order */
    uint32_t eip, eflags;
    uint32_t cs, ss, ds, es, fs, gs;
    uint32_t cr0, cr2, cr3, cr4; /* as Xen shows them to the guest */
    uint32_t gdt_base, gdt_limit;
    uint32_t cpl;
    uint8_t fxsave[512]; /* x87 and SSE, as FXSAVE stores them */
};

/* False: there is no such vcpu, or it was never started. */
bool ring1_debugger_get_registers(ring1_debugger *d, unsigned vcpu, struct ring1_registers *r);
/* General registers, EIP, flags, segments, FPU and SSE; the others are left. RING1_ERROR_STATE:
 * not in the past, and what Xen would not let the guest have. It is recorded. */
bool ring1_debugger_set_registers(ring1_debugger *d, unsigned vcpu, const struct ring1_registers *r,
                                  GError **error);

/* Linear addresses through the vcpu's present page tables, the hypervisor's own included where a guest
 * may read them; nothing changes by reading, A bits neither. Returns how many bytes from `va` on could be
 * read. */
uint32_t ring1_debugger_read(ring1_debugger *d, unsigned vcpu, uint32_t va, void *dst, uint32_t len);
/* Page protection does not count; page tables and descriptor tables may not be written,
 * for Xen keeps account of them. RING1_ERROR_STATE: that, or not in the past, or nothing is mapped there
 * (then nothing was written). It is recorded. */
bool ring1_debugger_write(ring1_debugger *d, unsigned vcpu, uint32_t va, const void *src, uint32_t len,
                          GError **error);
/* Machine memory. */
uint32_t ring1_debugger_read_physical(ring1_debugger *d, uint64_t maddr, void *dst, uint32_t len);

G_END_DECLS

#endif
