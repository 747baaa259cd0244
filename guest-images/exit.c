/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * exit - shuts down for the reason that its command line names: poweroff,
 * reboot, crash, a number; or ends in other ways: spin, fault.
 */
#include "lib/guest.h"

static u32 number(const char *text)
{
    u32 value = 0;

    while (*text >= '0' && *text <= '9')
        value = value * 10 + (u32)(*text++ - '0');
    return value;
}

void guest_main(void)
{
    static const char *const reasons[] = {"poweroff", "reboot", "suspend", "crash", "watchdog"};
    const char *reason = option("reason");
    u32 i;

    if (!reason)
        return;
    for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (option_is(reason, reasons[i]))
            shut_down(i);
    if (option_is(reason, "spin"))
        for (;;)
            ;
    if (option_is(reason, "calls"))
        for (;;)
            hypercall(NR_xen_version, 0, 0, 0, 0, 0);
    if (option_is(reason, "block"))
        for (;;)
            hypercall(NR_sched_op_compat, 1, 0, 0, 0, 0);
    /* No handler is installed: Xen kills the domain. */
    if (option_is(reason, "fault"))
        asm volatile("ud2");
    shut_down(number(reason));
}
