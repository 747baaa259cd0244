/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_kernel_priv.h - a kernel in the making, between the files that make it.
 */
#ifndef DEBUG_SEQ_KERNEL_PRIV_H
#define DEBUG_SEQ_KERNEL_PRIV_H

#include "i386.h"
#include "seq_kernel.h"

/* Words in its first page. */
#define WORD_ARGUMENTS  0x000u /* 8 */
#define WORD_RESULT     0x020u
#define WORD_START_INFO 0x024u
#define WORD_BOOT_TABLE 0x028u /* frame of the builder's top-level table */
#define WORD_TSC        0x030u /* 2 */
#define WORD_STORE      0x038u /* 2 */
#define WORD_OPS        0x040u /* a list of a few requests */
#define WORD_WATCH      0x0A0u /* of what is watched: base, next word, its copy, kinds, words left */
#define WORD_LINE_END   0x0C0u /* address of the next character */
#define LINE            0x100u
#define LINE_FULL       0xC00u

/* Room for what seq_kernel_finish adds. */
#define START_CODE 1024u

enum {
    ROUTINE_FIX,     /* list ESI, base EDI */
    ROUTINE_TEXT,    /* ESI, ECX bytes */
    ROUTINE_DECIMAL, /* EAX */
    ROUTINE_HEX,     /* EDX:EAX */
    ROUTINE_FRAME,   /* EAX */
    ROUTINE_FLUSH,
    ROUTINE_CHANGES, /* what WORD_WATCH says */
    ROUTINE_EVENT,   /* callbacks */
    ROUTINE_FAILSAFE,
    ROUTINE_FAIL, /* EAX: what a call of the kernel's own got */
    ROUTINE_END,  /* EBX: reason of the shutdown */
    ROUTINES,
};

struct seq_kernel {
    const struct abi *abi;
    struct seq_kernel_site site;
    uint32_t words, window, tables, frames, variables; /* addresses */
    uint32_t nr_variables;
    struct i386_code code;
    uint32_t routine[ROUTINES];
    uint32_t body; /* address of the first instruction of what it does */
    bool entered;
};

/* Address of one of its pages. */
uint32_t seq_kernel_page(const struct seq_kernel *k, unsigned page);

/* seq_kernel_code.c: the routines; and what runs first, whose address it returns. */
void seq_kernel_routines(struct seq_kernel *k);
uint32_t seq_kernel_start(struct seq_kernel *k);

#endif
