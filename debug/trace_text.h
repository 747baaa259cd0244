/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace_text.h - a consumer of a trace: one line of text for every hypercall, as
 * strace has it for system calls:
 *
 *   [   0.001234567] v0 r1 0xc0101234: vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables) = 0
 *   [   0.001240211] v0 r1 0xc0101240: multicall(0xc0105000, 2) = 0
 *     [   0.001240211] v0 [0] xen_version(XENVER_version, NULL) = 0x40011
 *     [   0.001240251] v0 [1] set_gdt(NULL, 8000) = -EINVAL (Invalid argument): why
 *
 *   [   0.001240300] v0 r1 memcpy+0x1c: --- #PF {error=0x2, cr2=0xc2a01000} => page_fault ---
 *
 * An event that came during a call stands below it, indented. Where the text goes is the
 * caller's business.
 */
#ifndef DEBUG_TRACE_TEXT_H
#define DEBUG_TRACE_TEXT_H

#include "text.h"
#include "trace.h"

struct trace_text;

/* What stands at the start of a line. */
enum trace_clock {
    TRACE_CLOCK_GUEST,    /* the guest's time since its start */
    TRACE_CLOCK_RELATIVE, /* the same since the line before */
    TRACE_CLOCK_DATE,     /* the guest's date and time of day, in UTC */
    TRACE_CLOCK_HOST,     /* the host's, local */
};

/* What a call took, at the end of its line. */
enum trace_spent {
    TRACE_SPENT_NONE,
    TRACE_SPENT_GUEST,
    TRACE_SPENT_HOST,
};

#define TRACE_TEXT_MAX_BYTES    2816u
#define TRACE_TEXT_MAX_ELEMENTS 65536u

struct trace_text_options {
    struct decode_limits limits;
    enum text_style style;
    enum trace_clock clock;
    enum trace_spent spent;
    bool stacks; /* as trace_text_set_stacks */
};
#define TRACE_TEXT_DEFAULTS                                                                                  \
    {                                                                                                        \
        .limits = {.elements = 8, .bytes = 128 }                                                             \
    }

/* `sink` takes whole lines, each ended by '\n'. */
typedef void (*trace_sink)(void *user, const char *text, size_t len);

/* Options are copied; NULL: the defaults. */
struct trace_text *trace_text_new(const struct trace_text_options *options, trace_sink sink, void *user);
void trace_text_free(struct trace_text *t);

/* The guest's stack below each line of a call by int 0x82, and of an event that has a
 * place in the guest (debug/site.h). */
void trace_text_set_stacks(struct trace_text *t, bool stacks);

/* For trace_add; `user` is the struct trace_text. */
extern const struct trace_consumer trace_text_consumer;

#endif
