/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * hello - the smallest guest in C: prints through console_io and through the
 * console ring, in 2.0 the control interface, in turn, and powers off.
 */
#include "lib/guest.h"

static const char by_call[] = "hello through console_io\n";
#ifdef GUEST_2_0
static const char by_ring[] = "hello through the control interface\n";
#else
static const char by_ring[] = "hello through the console ring\n";
#endif

void guest_main(void)
{
    console_io_write(by_call, sizeof(by_call) - 1);
    console_ring_write(by_ring, sizeof(by_ring) - 1);
    console_io_write(by_call, sizeof(by_call) - 1);
    console_ring_write(by_ring, sizeof(by_ring) - 1);
}
