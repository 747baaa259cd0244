/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * hypercalls - every number from 0 to 70 and 2^31 with all arguments zero, one
 * line `NR: RESULT` each; the answers of each Xen are stored beside the tests.
 * Number 23 does not return (switch_vm86, iret) and is left out, and so are the
 * numbers that wrap to it.
 */
#include "lib/guest.h"

static int leaves(u32 nr)
{
    return nr == NR_iret || (xen <= XEN_3_0_0 && nr % 32 == NR_iret);
}

static void show(u32 nr, s32 result)
{
    if (result > 9999)
        print("%u: 0x%x\n", nr, (u32)result);
    else
        print("%u: %d\n", nr, result);
}

void guest_main(void)
{
    u32 nr;

    for (nr = 0; nr <= 70; nr++)
        if (!leaves(nr))
            show(nr, hypercall(nr, 0, 0, 0, 0, 0));
    show(0x80000000, hypercall(0x80000000, 0, 0, 0, 0, 0));

    if (!has_hypercall_page())
        return;
    for (nr = 0; nr < 128; nr++)
        if (!leaves(nr)) {
            s32 by_page = hypercall_by_page(nr, 0, 0, 0, 0, 0), by_int = hypercall(nr, 0, 0, 0, 0, 0);
            if (!check_quietly("through the page", (u32)by_page, (u32)by_int))
                print("  that was number %u\n", nr);
        }
    CHECK("through the page: version", hypercall_by_page(NR_xen_version, 0, 0, 0, 0, 0),
          hypercall(NR_xen_version, 0, 0, 0, 0, 0));
}
