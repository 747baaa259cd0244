/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * oracle_table.c - what cannot be compared with another hypervisor: calls that are left
 * out, structures that hold something of its own, differences that remain. Each has its
 * reason; docs/differences.md has the list for a reader.
 */
#include "oracle.h"

#include <string.h>

static const struct {
    const char *call, *command; /* command NULL: all */
    const char *why;
} left_out[] = {
    {"iret", NULL, "takes a frame from the stack that the kernel itself runs on"},
    {"console_io", NULL, "the kernel says by it what it has to say"},
    {"sched_op_compat", "SCHEDOP_block", "nobody wakes the domain"},
    {"sched_op_compat", "SCHEDOP_shutdown", "ends the domain"},
    {"sched_op", "SCHEDOP_block", "nobody wakes the domain"},
    {"sched_op", "SCHEDOP_poll", "nobody wakes the domain"},
    {"sched_op", "SCHEDOP_shutdown", "ends the domain"},
    {"sched_op", "SCHEDOP_watchdog", "ends the domain at some time"},
    {"vcpu_op", "VCPUOP_initialise", "the kernel has no code for another vcpu"},
    {"vcpu_op", "VCPUOP_up", "the kernel has no code for another vcpu"},
    {"vcpu_op", "VCPUOP_down", "nobody wakes the domain"},
    {"vcpu_op", "VCPUOP_register_runstate_memory_area", "Xen writes times there, now and later"},
    {"vcpu_op", "VCPUOP_register_vcpu_time_memory_area", "Xen writes times there, now and later"},
    {"vcpu_op", "VCPUOP_register_vcpu_info", "Xen writes times there, now and later"},
    {"memory_op", "XENMEM_maximum_ram_page", "the size of the machine"},
    {"xen_version", "XENVER_guest_handle", "a domain's handle is its toolstack's to give"},
    {"event_channel_op", "EVTCHNOP_init_control", "ring1 has events of two levels alone"},
    {"event_channel_op", "EVTCHNOP_expand_array", "ring1 has events of two levels alone"},
    {"event_channel_op", "EVTCHNOP_set_priority", "ring1 has events of two levels alone"},
    {"sysctl", NULL, "domain 0's"},
};

/* Text of a Xen, what a machine has, and machine addresses. */
static const char *const private[] = {
    "gnttab_map.dev_bus_addr", "version_extra",     "version_compile",
    "version_capabilities",    "version_changeset", "version_command_line",
    "version_build_id",        "version_handle",    NULL,
};

static const struct {
    const char *kind; /* a pattern: * and ? */
    const char *why;
} known[] = {
    {"dm_op*", "4.17.5 looks for the domain before it looks at the buffers, 4.17.7 behind"},
    {"memory_op XENMEM_exchange: memory",
     "of a list that fails half-way a 32-bit caller hears only where Xen stopped between"},
    {"event_channel_op*: -EPERM, Xen -EINVAL", "which ports domain 0 has is its own affair"},
    {"multicall: -EFAULT, Xen -ENOSYS",
     "a list that went with its tables: Xen goes on with what the registers hold"},
};

const char *oracle_left_out(const char *call, const char *command)
{
    for (size_t i = 0; i < G_N_ELEMENTS(left_out); i++)
        if (strcmp(left_out[i].call, call) == 0 &&
            (!left_out[i].command || (command && strcmp(left_out[i].command, command) == 0)))
            return left_out[i].why;
    return NULL;
}

const char *const *oracle_private(void)
{
    return private;
}

const char *oracle_known(const char *kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
        if (g_pattern_match_simple(known[i].kind, kind))
            return known[i].why;
    return NULL;
}
