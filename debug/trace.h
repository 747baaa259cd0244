/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace.h - one line of text for every hypercall, as strace has it for system
 * calls:
 *
 *   [   0.001234567] v0 vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables) = 0
 *   [   0.001240211] v0 multicall(0xc0105000, 2) = 0
 *     [   0.001240298] v0 [0] xen_version(XENVER_version, NULL) = 0x40011
 *     [   0.001240385] v0 [1] set_gdt(NULL, 8000) = -EINVAL (Invalid argument): why
 *
 * Where the text goes is the caller's business.
 */
#ifndef DEBUG_TRACE_H
#define DEBUG_TRACE_H

#include <ring1/ring1.h>

struct trace;

/* `sink` takes whole lines, each ended by '\n'. */
typedef void (*trace_sink)(void *user, const char *text, size_t len);

struct trace *trace_new(trace_sink sink, void *user);
void trace_free(struct trace *t);

/* Watch this machine from now on: takes its ring1_watch. */
void trace_attach(struct trace *t, ring1_machine *m);

/* The machine has stopped for good: a call that it never came back from is
 * written with `= ?`. To be called before the machine is freed. */
void trace_end(struct trace *t);

#endif
