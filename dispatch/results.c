/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * results.c - see results.h.
 */
#include "results.h"

#include <glib.h>
#include <xen/errno.h>

enum success { NONE, ZERO, FLAG, COUNT, ANY };

static const struct result_row {
    uint8_t nr;
    uint8_t success; /* enum success */
    uint8_t from, to;
    int16_t errnos[12];
} rows[] = {
#define RESULTS(nr, from, to, success, ...) {nr, success, from, to, {__VA_ARGS__}},
#include "abi/results.def"
};

const struct result_row *result_row(const struct abi *abi, uint32_t nr)
{
    nr &= abi->number_mask;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].nr == nr && rows[i].from <= abi->xen && abi->xen <= rows[i].to)
            return &rows[i];
    return NULL;
}

bool result_fits(const struct result_row *row, int32_t result)
{
    if (!row)
        return result == -XEN_ENOSYS;
    if (row->success == ANY)
        return true;
    if (result >= 0)
        return row->success == COUNT || (row->success != NONE && result <= (row->success == FLAG));
    for (unsigned i = 0; i < G_N_ELEMENTS(row->errnos) && row->errnos[i]; i++)
        if (result == -row->errnos[i])
            return true;
    return false;
}
