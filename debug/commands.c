/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * commands.c - see commands.h. An empty place is a number that has no name.
 */
#include "commands.h"

#include <string.h>

#define NAMES(...) (const char *const[]){__VA_ARGS__}, G_N_ELEMENTS(((const char *const[]){__VA_ARGS__}))

static const struct {
    const char *hypercall;
    const char *const *names;
    size_t nr_names;
} tables[] = {
    {"sched_op", NAMES("yield", "block", "shutdown", "poll", "remote_shutdown", "shutdown_code", "watchdog",
                       "pin_override")},
    {"sched_op_compat", NAMES("yield", "block", "shutdown")},
    {"memory_op",
     NAMES("increase_reservation", "decrease_reservation", "maximum_ram_page", "current_reservation",
           "maximum_reservation", "machphys_mfn_list", "populate_physmap", "add_to_physmap",
           "translate_gpfn_list", "memory_map", "machine_memory_map", "exchange", "machphys_mapping",
           "set_memory_map", "maximum_gpfn", "remove_from_physmap", "set_pod_target", "get_pod_target",
           "get_sharing_freed_pages", "get_sharing_shared_pages", "paging_op", "access_op", "sharing_op",
           "add_to_physmap_batch", "claim_pages", "machphys_compat_mfn_list", "get_vnumainfo",
           "reserved_device_memory_map", "acquire_resource")},
    {"event_channel_op",
     NAMES("bind_interdomain", "bind_virq", "bind_pirq", "close", "send", "status", "alloc_unbound",
           "bind_ipi", "bind_vcpu", "unmask", "reset", "init_control", "expand_array", "set_priority")},
    {"xen_version",
     NAMES("version", "extraversion", "compile_info", "capabilities", "changeset", "platform_parameters",
           "get_features", "pagesize", "guest_handle", "commandline", "build_id")},
    {"console_io", NAMES("write", "read")},
    {"vm_assist", NAMES("enable", "disable")},
    {"grant_table_op", NAMES("map_grant_ref", "unmap_grant_ref", "setup_table", "dump_table", "transfer",
                             "copy", "query_size", "unmap_and_replace", "set_version", "get_status_frames",
                             "get_version", "swap_grant_ref", "cache_flush")},
    {"vcpu_op",
     NAMES("initialise", "up", "down", "is_up", "get_runstate_info", "register_runstate_memory_area",
           "set_periodic_timer", "stop_periodic_timer", "set_singleshot_timer", "stop_singleshot_timer",
           "register_vcpu_info", "send_nmi", "get_physid", "register_vcpu_time_memory_area")},
    {"nmi_op", NAMES("register_callback", "unregister_callback")},
    {"callback_op", NAMES("register", "unregister")},
    {"physdev_op",
     NAMES(NULL, NULL, NULL, NULL, NULL, "irq_status_query", "set_iopl", "set_iobitmap", "apic_read",
           "apic_write", "alloc_irq_vector", "free_irq_vector", "eoi", "map_pirq", "unmap_pirq")},
};

const char *command_name(const struct hypercall *row, uint32_t cmd)
{
    if (!row || !g_str_has_prefix(row->signature, "cmd"))
        return NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        if (strcmp(tables[i].hypercall, row->name) == 0)
            return cmd < tables[i].nr_names ? tables[i].names[cmd] : NULL;
    return NULL;
}
