/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * window - for debuggers: code at an address where nothing was mapped when a
 * breakpoint was set there: one function, then another behind the same address, and
 * the second once more after the window was away.
 */
#include "../lib/paging.h"

#define FIRST  __attribute__((section(".text.first"), aligned(4096), noinline))
#define SECOND __attribute__((section(".text.second"), aligned(4096), noinline))

typedef u32 (*function)(u32);

/* Nothing is here but what is mapped later. */
u8 window[PAGE_SIZE] __attribute__((aligned(4096), section(".pages")));

u32 twice(u32 n);
u32 square(u32 n);
u32 behind_them(u32 n);
u32 look_through(const void *what, u32 n);

/* Both run at any address. */
FIRST u32 twice(u32 n)
{
    return n + n;
}

SECOND u32 square(u32 n)
{
    return n * n;
}

__attribute__((section(".text.then"), aligned(4096))) u32 behind_them(u32 n)
{
    return n;
}

u32 look_through(const void *what, u32 n)
{
    u32 value;

    map_page(window, pte(virt_to_mfn(what), PTE_RO)); // mark: mapping
    value = ((function)(void *)window)(n);            // mark: through
    map_page(window, 0);                              // mark: away
    return value;
}

void guest_main(void)
{
    map_page(window, 0);
    CHECK("twice", look_through(twice, 7), 14);
    CHECK("square", look_through(square, 7), 49);
    CHECK("square again", look_through(square, 8), 64);
    CHECK("behind them", behind_them(1), 1); // mark: end
}
