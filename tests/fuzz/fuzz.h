/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz.h - what a fuzz target and its driver agree on.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Try one input; returns 0. A finding ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
