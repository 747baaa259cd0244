/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb_description.c - what the client reads as XML beside the registers: memory, and the
 * vcpus with what each is doing.
 */
#include "dispatch/abi.h"
#include "dispatch/run_queue.h"
#include "gdb_priv.h"

/* Below the hole all may be memory, as the page tables are at the moment; in it is Xen's, which
 * nobody writes. */
void gdb_describe_memory(struct gdb_server *g, GString *to)
{
    const ring1_vcpu *v = ring1_machine_vcpu(ring1_debugger_machine(g->debugger), 0);
    uint32_t hole = v->domain->abi->hole;
    g_string_append_printf(to,
                           "<?xml version=\"1.0\"?><!DOCTYPE memory-map PUBLIC "
                           "\"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\" "
                           "\"http://sourceware.org/gdb/gdb-memory-map.dtd\">"
                           "<memory-map><memory type=\"ram\" start=\"0x0\" length=\"0x%x\"/>"
                           "<memory type=\"rom\" start=\"0x%x\" length=\"0x%x\"/></memory-map>",
                           hole, hole, 0u - hole);
}

static const char *state_of(const ring1_vcpu *v)
{
    static const char *const words[] = {[VCPU_BLOCKED] = "blocked",
                                        [VCPU_POLLING] = "polls",
                                        [VCPU_DOWN] = "down",
                                        [VCPU_DORMANT] = "dormant"};
    if (v->run != VCPU_RUNNING)
        return words[v->run];
    return run_queue_current(v->domain) == v ? "has the CPU" : "waits for the CPU";
}

char *gdb_describe_vcpu(struct gdb_server *g, unsigned vcpu)
{
    const ring1_vcpu *v = ring1_machine_vcpu(ring1_debugger_machine(g->debugger), vcpu);
    struct ring1_registers r;
    if (!v || !ring1_debugger_get_registers(g->debugger, vcpu, &r))
        return g_strdup_printf("vcpu %u: not started", vcpu);
    return g_strdup_printf("vcpu %u: %s, ring %u", vcpu, state_of(v), r.cpl);
}

void gdb_describe_threads(struct gdb_server *g, GString *to)
{
    unsigned nr = ring1_machine_nr_vcpus(ring1_debugger_machine(g->debugger));
    struct ring1_registers r;
    g_string_append(to, "<?xml version=\"1.0\"?><threads>");
    for (unsigned i = 0; i < nr; i++) {
        if (!ring1_debugger_get_registers(g->debugger, i, &r))
            continue;
        g_autofree char *text = gdb_describe_vcpu(g, i);
        g_string_append_printf(to, "<thread id=\"%x\" core=\"0\" name=\"vcpu %u\">%s</thread>", i + 1, i,
                               text);
    }
    g_string_append(to, "</threads>");
}
