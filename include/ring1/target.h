/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1/target.h - a guest that is run again and again from one place, each time with other
 * bytes in a buffer of its own: what a fuzzer needs of it. Nothing in the guest need know.
 *
 *     ring1_target_goto(m, &parse, 1, NULL, &where, &error);       the guest is at parse()
 *     ring1_target *t = ring1_target_new(m, &setup, &error);       here every run begins
 *     ring1_target_put(t, bytes, len);
 *     ring1_target_run(t, &end, &error);                           to the end, and see which
 *     n = ring1_target_coverage(t, &place, &count);                what was executed
 *     ring1_target_reset(t, &error);                               back, and once more
 *
 * The machine's run is not recorded, has no debugger, and nobody but the target runs it until
 * the target is freed. What the guest prints and sends goes nowhere. A disk is `,ro` or a
 * `,snapshot`, which is put back with the rest.
 */
#ifndef RING1_TARGET_H
#define RING1_TARGET_H

#include <ring1/ring1.h>

G_BEGIN_DECLS

typedef struct ring1_target ring1_target;

#define RING1_TARGET_ADDRESSES 8u

struct ring1_target_setup {
    uint32_t buffer, size; /* linear address and bytes of the buffer; size 0: there is none */
    uint32_t length;       /* address of 4 bytes that are told how many; 0: nowhere */
    uint32_t until[RING1_TARGET_ADDRESSES]; /* a run is over before the instruction at one of these */
    unsigned nr_until;
    uint32_t crash[RING1_TARGET_ADDRESSES]; /* and these mean that the guest has failed */
    unsigned nr_crash;
    uint64_t budget_ns; /* of the guest's time, of one run; 0: 0.05 s */
};

/* The address behind a symbol's name, of the image or of what ring1_machine_add_symbols was given, and its
 * bytes (0: not known). False: there is none of that name. */
bool ring1_target_symbol(ring1_machine *m, const char *name, uint32_t *address, uint32_t *size);

/* Run the machine to the first of the addresses, on from the one where it stands; *which is its place among
 * them. `budget`: as for ring1_machine_run, NULL: none. RING1_ERROR_STATE: the guest ended, or the budget
 * did, before. */
bool ring1_target_goto(ring1_machine *m, const uint32_t *address, unsigned nr,
                       const struct ring1_budget *budget, unsigned *which, GError **error);
/* Where the function returns to at whose first instruction the guest stands. False: its stack cannot be
 * read. */
bool ring1_target_return_address(ring1_machine *m, uint32_t *address);

/* From here on. RING1_ERROR_STATE: the machine is recorded; RING1_ERROR_OPTION: the buffer is not memory that
 * the guest may write, or a disk is neither `,ro` nor `,snapshot`. */
ring1_target *ring1_target_new(ring1_machine *m, const struct ring1_target_setup *setup, GError **error);
/* The machine is left as it stands. */
void ring1_target_free(ring1_target *t);

/* Bytes into the buffer, at most its size; what lies behind them is as it was. At the start alone. */
void ring1_target_put(ring1_target *t, const void *bytes, uint32_t len);

/* Whether what the guest prints goes nowhere and a watch is told of nothing: true at first. */
void ring1_target_set_quiet(ring1_target *t, bool quiet);

enum ring1_target_reason {
    RING1_TARGET_DONE,    /* at one of `until` */
    RING1_TARGET_ENDED,   /* the guest shut down, without saying that it crashed */
    RING1_TARGET_CRASHED, /* Xen killed it, it shut down with "crash", or is at one of `crash` */
    RING1_TARGET_HANGS,   /* the budget is spent, or it waits for what will never come */
};

struct ring1_target_end {
    enum ring1_target_reason reason;
    uint64_t ns;         /* guest time that the run took */
    uint64_t hypercalls; /* that it made */
    uint32_t eip; /* where: of the exception that it was given last, else of its last call or instruction */
};

/* False: the engine failed. */
bool ring1_target_run(ring1_target *t, struct ring1_target_end *end, GError **error);
/* Words for the last end, "page fault at parse+0x12 ..."; the caller frees it. */
char *ring1_target_describe(ring1_target *t);

/* Of the last run: its last calls by `int 0x82`, the oldest first; at most 16, and `max`. One that had
 * stopped half-way when the run ended has no result, and is not among them. */
struct ring1_target_call {
    uint32_t nr;
    int32_t result;
    const uint32_t *arg; /* 6 words, valid until the next run */
};
unsigned ring1_target_calls(ring1_target *t, struct ring1_target_call *calls, unsigned max);

/* Of the last run: places, each with how often (255: so often or more); valid until the next. The same
 * code has the same places in every process. */
#define RING1_TARGET_PLACES 65536u
unsigned ring1_target_coverage(ring1_target *t, const uint16_t **place, const uint8_t **count);

/* Everything is as it was when the target was made: memory, vcpus, time, back ends. */
bool ring1_target_reset(ring1_target *t, GError **error);

G_END_DECLS

#endif
