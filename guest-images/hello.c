/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * hello - the smallest guest in C: prints through console_io and through the
 * console ring, where there is one, and powers off.
 */
#include "lib/guest.h"

static const char by_call[] = "hello through console_io\n";
static const char by_ring[] = "hello through the console ring\n";

void guest_main(void)
{
    console_io_write(by_call, sizeof(by_call) - 1);
    console_ring_write(by_ring, sizeof(by_ring) - 1);
}
