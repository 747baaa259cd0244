/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * place.h - places in memory, and whether a call has to do with one: by its arguments,
 * entries of page tables and structures behind pointers included, or by what it gave
 * back.
 *
 *   mfn:0x1a2       a machine frame, also where it stands in an entry or an address
 *   pfn:0x12        a page of the guest, also by the machine frame that it is now
 *   0xc0105000      an address of the guest; va:0xc0105000 is the same
 *
 * An address means its page.
 */
#ifndef DEBUG_PLACE_H
#define DEBUG_PLACE_H

#include "trace.h"

enum place_kind {
    PLACE_MFN,
    PLACE_PFN,
    PLACE_VA, /* number: of the page */
};

struct place {
    enum place_kind kind;
    uint32_t number;
};

/* RING1_ERROR_OPTION says what a place may be. */
bool place_parse(const char *text, struct place *place, GError **error);

/* What goes in has to do with one of them; for before(). */
bool call_touches_input(const struct trace_call *c, const struct place *places, unsigned nr);
/* What came back has; for after(). */
bool call_touches_output(const struct trace_call *c, const struct place *places, unsigned nr);

#endif
