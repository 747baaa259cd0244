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
 * An event that came during a call stands below it, indented. Where the text goes is the caller's business.
 */
#ifndef DEBUG_TRACE_TEXT_H
#define DEBUG_TRACE_TEXT_H

#include "trace.h"

struct trace_text;

/* `sink` takes whole lines, each ended by '\n'. */
typedef void (*trace_sink)(void *user, const char *text, size_t len);

struct trace_text *trace_text_new(trace_sink sink, void *user);
void trace_text_free(struct trace_text *t);

/* The guest's stack below each line of a call by int 0x82, and of an event that has a
 * place in the guest (debug/site.h). */
void trace_text_set_stacks(struct trace_text *t, bool stacks);

/* For trace_add; `user` is the struct trace_text. */
extern const struct trace_consumer trace_text_consumer;

#endif
