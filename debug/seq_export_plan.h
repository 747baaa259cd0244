/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_export_plan.h - what has to be known of a sequence before it becomes a kernel: which
 * numbers are of frames, which addresses no table of it uses, and what every line finds.
 *
 * The sequence is run in two worlds with different frame numbers: what differs between
 * the two programs is a frame, and which one both worlds say.
 */
#ifndef DEBUG_SEQ_EXPORT_PLAN_H
#define DEBUG_SEQ_EXPORT_PLAN_H

#include "seq_kernel.h"
#include "seq_run.h"

/* A frame by what it is, the same in both worlds. */
#define PLAN_SHARED_INFO 0xFFFF0000u
#define PLAN_GRANT       0xFFFF0001u /* the n-th frame of the table: + n */
#define PLAN_NOTHING     UINT32_MAX

/* How a place that is written to can be reached. */
struct plan_place {
    uint32_t va; /* 0: by the frame */
    uint32_t frame, offset, len;
};

struct plan_op {
    uint32_t first_place, nr_places; /* of its blobs, one behind the other */
    uint32_t hook; /* an L2 that needs the kernel's entries before, by its pfn; PLAN_NOTHING */
    bool hook_in_use;
    bool left_out, ends;
    bool readable; /* its blobs still are, after it */
    bool callbacks; /* it may set others */
    int32_t result;
};

struct seq_plan {
    const struct seq *seq;
    struct world *w[2];
    struct seq_program *p[2];
    GHashTable *frames[2]; /* mfn -> frame by what it is */
    GArray *ops;           /* struct plan_op */
    GArray *places;        /* struct plan_place */
    GArray *tops;          /* uint32_t: pfns of the tables that are loaded */
    uint8_t *slots;        /* used in any of them, by va / slot size */
    uint32_t slot_size, nr_slots;
    GString *left_out;
    GError *error;

    /* While it runs. */
    struct seq_report report;
    bool skip_backends, second;
    uint32_t va; /* second run: where the kernel lies */
    uint32_t top;
};

/* NULL: an error is set. */
struct seq_plan *seq_plan_new(const struct seq *s, bool skip_backends, GError **error);
void seq_plan_free(struct seq_plan *plan);

/* An address that is free in all tables, for `slots` slots, and at least `least`, so that
 * `bytes` from there on are below the hypervisor. 0: there is none. */
uint32_t seq_plan_room(const struct seq_plan *plan, uint32_t slots, uint32_t least, uint32_t bytes);

/* The second run: the kernel lies at va. Fills ops and places. */
bool seq_plan_run(struct seq_plan *plan, uint32_t va, GError **error);

/* Numbers of frames among bytes that the two programs have: offset, what, SEQ_FIX_*; the
 * bytes without them are left in `bytes`. False: something else differs. */
struct plan_fix {
    uint32_t offset, frame, how;
};
bool seq_plan_fixes(const struct seq_plan *plan, uint8_t *bytes, const uint8_t *other, uint32_t len,
                    GArray *fixes);

#endif
