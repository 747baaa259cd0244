/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * error.c - the error domain of host-side failures. It lives in the lowest room
 * that sets such errors.
 */
#include <ring1/ring1.h>

/* clang-format off: the first argument is a name */
G_DEFINE_QUARK(ring1 - error - quark, ring1_error)
