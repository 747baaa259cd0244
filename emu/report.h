/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * report.h - why a domain ended, as data: collected from a stopped vcpu without
 * changing anything, for debug/ to write down. Nothing here prints.
 *
 * Every address in a report is linear. Texts live as long as the report.
 */
#ifndef EMU_REPORT_H
#define EMU_REPORT_H

#include "dispatch/access.h"
#include "dispatch/domain.h"
#include "dispatch/memory.h"
#include "machine.h"
#include "symbols.h"

#define REPORT_CODE_BEFORE 6u
#define REPORT_CODE_LINES  12u
#define REPORT_STACK_WORDS 64u
#define REPORT_TEXT        64u /* characters that a word on the stack points at */
#define REPORT_WALKS       4u
#define REPORT_INSN_BYTES  15u

/* A machine frame. */
struct report_frame {
    uint32_t mfn;
    bool exists;
    struct frame info; /* if it does */
    uint32_t pfn;      /* M2P_INVALID: it is no page of the guest's */
};

/* One level of a walk. */
struct report_entry {
    unsigned level, index;
    struct report_frame table;
    uint64_t maddr, value;
};

enum report_verdict {
    VERDICT_OK,            /* nothing stands in the way (any more) */
    VERDICT_HOLE,          /* in the hypervisor's hole */
    VERDICT_SEGMENT,       /* beyond the flat segments */
    VERDICT_NOT_PRESENT,   /* the entry of `level` has no P bit */
    VERDICT_NO_SUCH_FRAME, /* the entry of `level` names a frame that does not exist */
    VERDICT_READ_ONLY,     /* a store, and no RW bit at `level` */
    VERDICT_KERNEL_ONLY,   /* ring 3, and no US bit */
    VERDICT_NO_EXECUTE,    /* a fetch, and NX */
};

struct report_walk {
    const char *what; /* "CR2 of the exception" */
    uint32_t va;
    enum access access;
    bool ring3;
    unsigned nr_entries; /* from the top level down */
    struct report_entry entry[3];
    bool has_frame; /* the last entry is present and maps `frame` */
    struct report_frame frame;
    enum report_verdict verdict;
    unsigned level; /* that the verdict is about, 0: none */
};

/* A place in the code. Texts may be NULL. */
struct report_place {
    uint32_t va;
    const char *symbol;
    const char *source;
};

struct report_insn {
    struct report_place at;
    uint8_t bytes[REPORT_INSN_BYTES];
    uint8_t length;
    const char *text;
};

/* Who called whom, nearest first; a function that was put in line is a frame of its own. */
#define REPORT_FRAMES 32u
struct report_trace {
    unsigned nr;
    struct {
        struct report_place at;
        bool inlined, guess;
    } frame[REPORT_FRAMES];
};

/* Registers, and the code around EIP. */
struct report_site {
    struct regs regs;
    unsigned ring;
    struct report_place at;
    unsigned nr_insns; /* 0: there is no code to be read */
    unsigned here;     /* which of them is at EIP */
    struct report_insn insn[REPORT_CODE_LINES];
    struct report_trace trace;
};

struct report_word {
    uint32_t va, value;
    bool is_code;       /* an address in the image's code */
    bool follows_call;  /* and the instruction before it is a call */
    const char *symbol; /* of such an address */
    const char *text;   /* it points at these characters */
};

struct report_call {
    unsigned vcpu;
    uint64_t number; /* since the start, or in its multicall, from 0 */
    uint32_t nr;
    const struct hypercall *row; /* NULL: none */
    unsigned nargs;
    uint32_t arg[MAX_HYPERCALL_ARGS];
    int32_t result;
    bool continued;           /* it stopped half-way and was to go on */
    const char *why;          /* it was refused; NULL: it was not */
    struct report_place from; /* behind the `int` */
    bool is_multicall;
    uint32_t nr_entries; /* it made so many calls */
    unsigned nr_kept;    /* of them the last are entry[first_kept] ... */
    unsigned first_kept;
};

struct report_exception {
    struct exception_record record;
    struct report_place at;
    struct report_place handler; /* EIP of its gate */
    bool unfinished;             /* its frame is still on the stack: the handler has not returned;
                                  * or it was never built */
};

/* One of the vcpus, where it stands. */
struct report_vcpu {
    const char *state; /* "running", "runnable", "blocked", "polling", "down", "not initialised" */
    struct regs regs;
    unsigned ring;
    struct report_place at;
    struct report_frame top; /* its top-level table */
    struct report_trace trace;
};

enum report_end {
    REPORT_RUNNING,  /* it has not ended */
    REPORT_CRASH,    /* Xen killed it */
    REPORT_SHUTDOWN, /* it ended itself */
};

struct report {
    const char *image, *abi, *xen;
    uint64_t ns;
    unsigned vcpu;

    enum report_end end;
    uint32_t shutdown;    /* its reason */
    const char *xen_says; /* of a crash */
    bool due;             /* such an end as nobody wants */

    uint32_t cr2, cr3; /* cr3: frame number of the top-level table */
    uint32_t cr4;
    struct report_frame top;

    unsigned nr_vcpus;
    struct report_vcpu vcpus[MAX_VCPUS];

    struct report_site last;  /* where the vcpu stands */
    int cause;                /* exception[cause] led to the end; -1: none did */
    struct report_site fault; /* where it was raised; only with a cause, nr_insns 0 if it is `last` */

    unsigned nr_walks;
    struct report_walk walk[REPORT_WALKS];
    bool has_frame; /* the crash is about a frame */
    struct report_frame frame;

    uint32_t stack; /* linear SS:ESP */
    bool has_stack;
    unsigned nr_words;
    struct report_word word[REPORT_STACK_WORDS];

    uint64_t nr_calls_made;
    unsigned nr_calls;
    struct report_call call[LAST_CALLS]; /* oldest first */
    unsigned nr_entries;
    struct report_call entry[LAST_ENTRIES]; /* of multicalls, oldest first */
    uint32_t nr_exceptions_given;
    unsigned nr_exceptions;
    struct report_exception exception[LAST_EXCEPTIONS]; /* oldest first */

    GStringChunk *texts;
};

/* What a report is made from. */
struct report_source {
    struct vcpu *v;
    const struct call_record *calls; /* LAST_CALLS, as struct machine_state has them */
    uint64_t nr_calls;
    struct symbols *symbols;
    const char *image; /* its name */
};

struct report *report_collect(const struct report_source *source);
void report_free(struct report *r);

/* The same of a machine. */
struct report *machine_report(struct machine *m, struct symbols *symbols, const char *image);
/* Whether the machine ended in a way that deserves a report: a crash; a shutdown
 * for no ordinary reason; or any shutdown in the middle of an exception's handler
 * that ring 1 entered. */
bool machine_report_due(struct machine *m);
/* "running", "blocked" ... */
const char *report_vcpu_state(const struct vcpu *v);

/* What it does, as in struct report_vcpu. */
const char *report_vcpu_state(const struct vcpu *v);

/* --- for the files of the collector and who else looks at frames and tables
 * ------------------------------------ */

/* Copy guest memory as the hypervisor may read it, page by page up to the first
 * that cannot be, and leave accessed bits alone. Returns how many bytes. */
uint32_t report_peek(struct vcpu *v, uint32_t va, void *to, uint32_t len);
struct report_frame report_frame(const struct domain *d, mfn_t mfn);
void report_walk(struct vcpu *v, uint32_t va, enum access access, bool ring3, struct report_walk *out);

void report_trace(struct report *r, const struct report_source *source, struct vcpu *v,
                  const struct regs *regs, struct report_trace *out);
struct report_place report_place(struct report *r, struct symbols *symbols, uint32_t va);
void report_code(struct report *r, const struct report_source *source, const struct regs *regs,
                 struct report_site *out);

#endif
