/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_kernel.h - a bootable kernel that makes given hypercalls: writes into memory,
 * calls and lines on the console, one behind the other, become i386 code and an ELF
 * image for the ABI. What they are is the caller's business (seq_export.c).
 *
 * The kernel starts on the builder's tables, which map all memory from pfn 0 on; it
 * fills frames, then seq_kernel_enter has it go over to tables among them, and what
 * it ran on before is free. Its own pages are mapped by L1 tables of its own, for
 * which each top-level table that is loaded needs entries (seq_kernel_hook).
 */
#ifndef DEBUG_SEQ_KERNEL_H
#define DEBUG_SEQ_KERNEL_H

#include <dispatch/abi.h>
#include <glib.h>

struct seq_kernel;

/* Where it lies. */
struct seq_kernel_site {
    int file;          /* as seq_export_options has it */
    uint32_t va;       /* of its first page: where an entry of an L2 begins */
    uint32_t pfn;      /* of its first page */
    uint32_t nr_pages; /* of memory that the domain must have */
    uint32_t nr_slots; /* that it may take: more than it needs do no harm */
    uint32_t nr_variables;
    bool extended_cr3;    /* VMASST_TYPE_pae_extended_cr3 is on from the start */
    bool writable_tables; /* 2.0: VMASST_TYPE_writable_pagetables is */
};

/* A frame number that is known only when the kernel runs, in place of a number:
 * `address` is of a word of the kernel's. */
#define SEQ_FIX_MADDR 1u /* as a machine address */
#define SEQ_FIX_WIDE  2u /* 8 bytes */
#define SEQ_FIX_HIGH  4u /* of a machine address the upper half */
struct seq_kernel_fix {
    uint32_t offset;  /* of the number among the bytes; the frame is added to it */
    uint32_t address; /* where the frame number, or another, is kept */
    uint32_t how;     /* SEQ_FIX_* */
};

struct seq_kernel *seq_kernel_new(const struct abi *abi, const struct seq_kernel_site *site);
void seq_kernel_free(struct seq_kernel *k);

/* Words of the kernel's: the frame of a page, of shared_info, and one of its own that
 * starts as 0. */
uint32_t seq_kernel_frame(const struct seq_kernel *k, uint32_t pfn);
uint32_t seq_kernel_shared_info(const struct seq_kernel *k);
uint32_t seq_kernel_variable(struct seq_kernel *k);

/* Bytes to an address that is mapped and writable then. */
void seq_kernel_write(struct seq_kernel *k, uint32_t va, const void *bytes, uint32_t len,
                      const struct seq_kernel_fix *fixes, unsigned nr_fixes);
/* Bytes of one page, wherever it is mapped: the frame number is kept at `frame`; before
 * seq_kernel_enter that must be seq_kernel_frame of some page. */
void seq_kernel_write_page(struct seq_kernel *k, uint32_t frame, uint32_t offset, const void *bytes,
                           uint32_t len, const struct seq_kernel_fix *fixes, unsigned nr_fixes);
/* A word from an address to another, of the kernel's or not. */
void seq_kernel_move(struct seq_kernel *k, uint32_t to, uint32_t from);
/* A number of up to 4 bytes at va, or `add` bytes behind the pointer that stands there, to
 * a word. */
struct seq_kernel_place {
    uint32_t va, add;
    bool indirect;
    uint8_t size;
};
void seq_kernel_read(struct seq_kernel *k, uint32_t to, const struct seq_kernel_place *from);
/* A store of 4 or 8 bytes by one instruction of the guest: on a page table Xen emulates it. */
void seq_kernel_store(struct seq_kernel *k, uint32_t va, const uint32_t *words, unsigned size,
                      const struct seq_kernel_fix *fix);

/* A page of the boot tables becomes read-only: it will be a page table. */
void seq_kernel_protect(struct seq_kernel *k, uint32_t pfn);
/* Load the tables that hang from `pfn`, pinned, and leave the builder's. Without `pin`
 * it is not kept pinned. */
void seq_kernel_enter(struct seq_kernel *k, uint32_t pfn, bool pin);
/* Entries for the kernel's own pages into the L2 whose frame is kept at `l2`: it is in
 * use as one already, or still a plain page. */
void seq_kernel_hook(struct seq_kernel *k, uint32_t l2, bool in_use);
/* What it takes up by now: slots of an L2, pages without and with those that a builder
 * puts behind, variables. */
struct seq_kernel_size {
    uint32_t slots, pages, pages_at_boot, variables;
};
struct seq_kernel_size seq_kernel_size(const struct seq_kernel *k);

/* A hypercall; the result is kept. Words may be fixed: offset is 4 * their number. */
void seq_kernel_call(struct seq_kernel *k, uint32_t nr, const uint32_t *arg, unsigned nargs,
                     const struct seq_kernel_fix *fixes, unsigned nr_fixes);
/* Where the last call's result is kept, until the next. */
uint32_t seq_kernel_result(const struct seq_kernel *k);
/* Frames of the grant table, so many, to words from `to` on: by GNTTABOP_setup_table. */
void seq_kernel_grants(struct seq_kernel *k, uint32_t to, unsigned nr);
/* Event channels up to `nr` are in use from here on: those that no toolstack made are unbound.
 * Not for 2.0. */
void seq_kernel_ports(struct seq_kernel *k, unsigned nr);
/* Have events and failures of iret come to the kernel's own handler: after a call that
 * may have set others. */
void seq_kernel_callbacks(struct seq_kernel *k);
/* Wait until so many ns have passed since seq_kernel_enter. */
void seq_kernel_wait(struct seq_kernel *k, uint64_t ns);

/* Memory that a call may change: keep copies it, words from an address on, to words of the
 * kernel's; changes then prints those that are no longer the same, " +8=0x3", each as its kind
 * says. `base` is where offsets count from. */
enum seq_watch_kind {
    SEQ_WATCH_NUMBER,
    SEQ_WATCH_FRAME, /* a frame's number */
    SEQ_WATCH_LOW,   /* a machine address: its offset in the page */
    SEQ_WATCH_ANY,   /* a time, and the like: that it changed */
    SEQ_WATCH_NOT,   /* may be anything */
};
void seq_kernel_keep(struct seq_kernel *k, uint32_t copy, uint32_t va, uint32_t words);
void seq_kernel_changes(struct seq_kernel *k, uint32_t copy, uint32_t va, uint32_t words,
                        const uint8_t *kinds, uint32_t base);

/* vm_assist of these types, by bits. Not for 2.0. */
void seq_kernel_assist(struct seq_kernel *k, uint32_t types);
/* No event channel is left, as where nobody but the kernel made any. Not for 2.0 to 3.0.4. */
void seq_kernel_no_ports(struct seq_kernel *k);

/* The line in progress: text; a word as a signed decimal number; a number of 1, 2, 4 or
 * 8 bytes in hexadecimal; a frame as `pfn 0x12` when the m2p knows one; then its end. */
void seq_kernel_print(struct seq_kernel *k, const char *text);
void seq_kernel_print_decimal(struct seq_kernel *k, uint32_t va);
void seq_kernel_print_hex(struct seq_kernel *k, uint32_t va, unsigned size);
void seq_kernel_print_frame(struct seq_kernel *k, uint32_t va);
void seq_kernel_print_end(struct seq_kernel *k);

/* The image; ends what it does with a poweroff. NULL: it does not fit. */
GBytes *seq_kernel_finish(struct seq_kernel *k, GError **error);

#endif
