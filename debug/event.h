/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * event.h - what happens to a guest beside its hypercalls, as a trace's consumers get
 * it, and as text:
 *
 *   [   0.001240211] v0 r1 do_page_cache+0x31: --- #PF {error=0x2, cr2=0xc2a01000} => page_fault ---
 *
 * A consumer that writes another form takes what it needs from `event`
 * (ring1/event.h), field by field, and names from here.
 */
#ifndef DEBUG_EVENT_H
#define DEBUG_EVENT_H

#include "dispatch/domain.h"

#include <ring1/ring1.h>

struct trace_event {
    struct vcpu *v;
    const struct ring1_event *event;
    uint64_t ns;     /* virtual time */
    uint64_t serial; /* of the call during which it came; 0: between calls */
    unsigned depth;  /* 0: between calls; 1: during one; 2: during an entry of a multicall */
    unsigned index;  /* depth 2: which entry */
    /* The guest's place: where it was interrupted; of what came during a call and has
     * none of its own, the call's. Ring 0: none is known. */
    unsigned ring;
    uint32_t eip;
};

/* The event has a place of its own: it is no mere part of what a call or a back end
 * does. */
static inline bool event_has_place(const struct trace_event *e)
{
    return e->event->ring != 0;
}

/* The words of -e event=: "upcall", "exception", "emulated", "store", "frame", "device". */
const char *event_kind_name(enum ring1_event_kind kind);

/* A set of kinds, as RING1_EVENT_BITs: words by commas, "all", "none"; a `!` before it
 * all means the others. RING1_ERROR_OPTION names the word that is none. */
bool event_set_parse(const char *text, uint32_t *events, GError **error);

/* "#PF", "int 0x80", "NMI", "failsafe". */
void event_append_vector(GString *out, const struct ring1_exception_event *e);
/* "L1 table", "writable"; "nothing". */
const char *event_frame_type(enum ring1_frame_type type);
/* What made it so: "pin", "entry", ... */
const char *event_frame_why(enum ring1_frame_why why);
/* "console", "xenstore", "grant". */
const char *event_device_name(enum ring1_device device);
/* General register by the CPU's number: "eax". */
const char *event_register(unsigned number);

/* What stands between the dashes: "#PF {error=0x4, cr2=0x8049000} => page_fault". Of
 * texts `bytes` are shown. */
void event_append(GString *out, const struct trace_event *e, uint32_t bytes);

#endif
