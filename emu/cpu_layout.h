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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Byte offsets into the blob. */
struct cpu_layout {
    size_t head; /* the engine's own bookkeeping ends here */
    size_t gpr;  /* EAX ECX EDX EBX ESP EBP ESI EDI, 8 bytes each */
    size_t eip;
    size_t hflags;           /* bits 1:0 are the CPL */
    size_t segments;         /* ES CS SS DS FS GS, CPU_SEGMENT_SIZE each */
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

/* A segment's cache as the engine keeps it: selector, base, limit, flags (the
 * descriptor's upper word). */
#define CPU_SEGMENT_SIZE 24u
struct cpu_segment {
    uint32_t selector, base, limit, flags;
};
void cpu_segment_fetch(const uint8_t *at, struct cpu_segment *segment);
void cpu_segment_store(uint8_t *at, const struct cpu_segment *segment);

/* Whether the CPU would load `descriptor` by `selector` into CS, SS or a data
 * segment of that ring: present, type and privilege (Intel SDM 3, 5.6 to 5.8). */
bool cpu_segment_loadable(uint64_t descriptor, uint16_t selector, bool code, bool stack);

#endif
