/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xentrace.h - xentrace's binary format, as <xen/trace.h> and xentrace's own files
 * have it: a window of records for each physical CPU, opened by a record of its own.
 * Words are little-endian.
 */
#ifndef DEBUG_XENTRACE_H
#define DEBUG_XENTRACE_H

#include <stdint.h>
#include <xen/trace.h>

#define XT_CYCLES        0x80000000u
#define XT_WORDS(n)      ((uint32_t)(n) << TRACE_EXTRA_SHIFT)
#define XT_EVENT(header) ((header)&0x0FFFFFFFu)
#define XT_NR(header)    ((header) >> TRACE_EXTRA_SHIFT & TRACE_EXTRA_MAX)
#define XT_BYTES(header) (4 + ((header)&XT_CYCLES ? 8 : 0) + 4 * XT_NR(header))
#define XT_MAX_BYTES     (4 + 8 + 4 * TRACE_EXTRA_MAX)

/* What opens a window: the CPU, and how many bytes follow. */
#define XT_CPU_CHANGE (TRC_TRACE_CPU_CHANGE | XT_WORDS(2))

/* A change of runstate: the states are in the event's number, dom:vcpu in the word. */
#define XT_RUNSTATE(from, to) (TRC_SCHED_RUNSTATE_CHANGE | (from) << 8 | (to) << 4)
#define XT_IS_RUNSTATE(event) (((event) & ~0xFF0u) == TRC_SCHED_RUNSTATE_CHANGE)
#define XT_NEW_STATE(event)   ((event) >> 4 & 0xF)

#define XT_OP(word)     ((word) & ~TRC_PV_HYPERCALL_V2_ARG_MASK)
#define XT_ARG(word, i) ((word) >> (20 + 2 * (i)) & 3) /* 0 none, 1 32 bits, 2 64 bits */

/* Which arguments Xen puts into a record of hypercall `nr`, bit i for argument i
 * (__trace_hypercall). */
static inline unsigned xt_args(uint32_t nr)
{
    switch (nr) {
    case 1:  /* mmu_update: count */
    case 13: /* multicall: count */
    case 26: /* mmuext_op: count */
        return 1 << 1;
    case 20: /* grant_table_op: cmd, count */
        return 1 << 0 | 1 << 2;
    case 24: /* vcpu_op: cmd, vcpuid */
        return 1 << 0 | 1 << 1;
    case 29: /* sched_op: cmd */
        return 1 << 0;
    }
    return 0;
}

#endif
