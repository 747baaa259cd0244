/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * cpu_layout.h - where the engine keeps, in the blob of a saved context, what
 * its public interface does not give. Nothing is assumed of one version: the
 * offsets are found by comparing blobs taken around known changes, and a state
 * that does not fit exactly once is refused.
 *
 * No engine in here: blobs are bytes.
 */
#ifndef EMU_CPU_LAYOUT_H
#define EMU_CPU_LAYOUT_H

#include "cpu.h"

/* Byte offsets into the blob. */
struct cpu_layout {
    size_t head; /* the engine's own bookkeeping ends here */
    size_t gpr;  /* EAX ECX EDX EBX ESP EBP ESI EDI, 8 bytes each */
    size_t eip;
    size_t hflags;           /* bits 1:0 are the CPL */
    size_t segments;         /* ES CS SS DS FS GS, 24 bytes each */
    size_t error_code;       /* of the last exception */
    size_t exception_is_int; /* it was a software interrupt */
    size_t old_exception;    /* remembered to make double faults */
};

/* Three blobs of one engine:
 *   ring0  EAX..EDI hold CPU_PROBE_GPR + 0..7, EIP CPU_PROBE_EIP; CS 0x08, the
 *          other segments 0x10
 *   ring1  after iret to CS 0x19, SS 0x21, and then int3
 *   fault  after #GP with error code CPU_PROBE_ERROR, the first fault ever */
struct cpu_probes {
    const uint8_t *ring0, *ring1, *fault;
    size_t size;
};
#define CPU_PROBE_GPR   0xA0A00000u
#define CPU_PROBE_EIP   0xB0B00000u
#define CPU_PROBE_ERROR 0x1A8u

/* NULL on success, else the name of what was not found exactly once. */
const char *cpu_layout_find(const struct cpu_probes *probes, struct cpu_layout *layout);

/* Registers out of a blob, all but EFLAGS (the engine computes them late). */
void cpu_layout_get_regs(const struct cpu_layout *l, const uint8_t *blob, struct regs *regs);

/* And into it. Segments whose selector changed are loaded from their descriptors,
 * and the privilege level follows CS. False: a selector is refused; the blob is
 * then of no use. */
/* `reload`: segments to be loaded in any case, a bit each in the order ES CS SS DS FS
 * GS. */
#define LAYOUT_ALL_SEGMENTS   0x3Fu
#define LAYOUT_CODE_AND_STACK 0x06u
bool cpu_layout_set_regs(const struct cpu_layout *l, uint8_t *blob, const struct regs *regs, unsigned reload,
                         cpu_descriptor_fn descriptor, void *user);

/* The descriptors that a blob's segments would be loaded from, in that order; accessed. */
void cpu_layout_get_descriptors(const struct cpu_layout *l, const uint8_t *blob, uint64_t descriptor[6]);
/* Interrupts are held back for one instruction. */
bool cpu_layout_shadow(const struct cpu_layout *l, const uint8_t *blob);
void cpu_layout_set_shadow(const struct cpu_layout *l, uint8_t *blob, bool shadow);

#endif
