/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * world.h - the fuzzer's world: a small domain (debug/world.h) whose pages are those
 * that a guest would get ready: plain ones, zeroes to become tables, tables and
 * descriptors with and without faults. It is made of the first lines of a sequence, with
 * which every find begins.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "values.h"

/* The lines, for a pair; the caller frees them. */
char *fuzz_world_text(const struct abi *abi);

/* A world of them, started. Its set-up never fails but for the host's want of memory. */
struct world *fuzz_world_new(const struct abi *abi, GError **error);

/* The context of VCPUOP_initialise for a vcpu that can make calls; 2800 bytes. */
#define FUZZ_CONTEXT_BYTES 2800u
void fuzz_world_context(const struct world *w, uint8_t *context);

#endif
