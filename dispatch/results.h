/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * results.h - what a hypercall may return, by abi/results.def: for fuzzers and tests.
 */
#ifndef DISPATCH_RESULTS_H
#define DISPATCH_RESULTS_H

#include "abi.h"

#include <stdbool.h>
#include <stdint.h>

struct result_row;

/* What a Xen of this kind documents for the call of this number (after the wrap of old Xens);
 * NULL: it has no such call. */
const struct result_row *result_row(const struct abi *abi, uint32_t nr);

/* The result is among that; of a call that there is not, -ENOSYS is. */
bool result_fits(const struct result_row *row, int32_t result);

#endif
