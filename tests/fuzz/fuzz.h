/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz.h - what a fuzz target and its driver, or engine, agree on.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Try one input; returns 0. A finding ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is made once and serves all inputs; few targets have one. */
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

/* Where the target knows the grammar of its inputs. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t max_size, unsigned seed);

#endif
