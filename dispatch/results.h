/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * results.h - what a hypercall may return, by abi/results.def: for fuzzers and tests.
 */
#ifndef DISPATCH_RESULTS_H
#define DISPATCH_RESULTS_H

#include "abi.h"

#include <stdbool.h>
#include <stdint.h>

/* A Xen of this kind documents the result for the call of this number (after the wrap of
 * old Xens). */
bool result_is_documented(const struct abi *abi, uint32_t nr, int32_t result);

#endif
