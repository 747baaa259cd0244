/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * monitor_domain.c - what belongs to the domain, for a debugger's user: its memory in
 * numbers, vcpus, event channels, grants.
 */
#include "monitor_priv.h"

#include "dispatch/grant_priv.h"
#include "dispatch/shared.h"
#include "dispatch/traps.h"
#include "report.h"

#include <inttypes.h>
#include <string.h>

#define GRANTS_SHOWN 256u

/* --- info domain ---------------------------------------------------------------------- */

struct tally {
    uint32_t tables[3], desc, writable, pinned, other;
};

static void tally(const struct domain *d, struct tally *t)
{
    for (uint32_t i = 0; i < d->mem->nr_frames; i++) {
        const struct frame *f = &d->mem->frames[i];
        if (f->owner != d->s.domid)
            continue;
        t->pinned += (f->flags & PGF_PINNED) != 0;
        if (!f->type_count)
            t->other++;
        else if (f->type >= PGT_l1_table && f->type <= PGT_l3_table)
            t->tables[f->type - PGT_l1_table]++;
        else if (f->type == PGT_seg_desc)
            t->desc++;
        else
            t->writable++;
    }
}

static void append_state(GString *out, const struct domain *d)
{
    const char *name = report_shutdown_name(d->s.shutdown);
    if (d->s.crashed)
        g_string_append_printf(out, "crashed: %s", d->s.crash_text);
    else if (d->s.shutdown != SHUTDOWN_NONE)
        g_string_append_printf(out, "shut down, reason %u%s%s%s", d->s.shutdown, name ? " (" : "",
                               name ? name : "", name ? ")" : "");
    else
        g_string_append(out, d->s.paused ? "paused" : "runs");
}

static void append_assists(GString *out, const struct domain *d)
{
    bool any = false;
    for (unsigned i = 0; i < 32; i++) {
        const char *name = value_name(&values_vm_assist_type, i);
        if (!(d->s.vm_assist >> i & 1))
            continue;
        if (name)
            g_string_append_printf(out, "%s%s", any ? ", " : "", name);
        else
            g_string_append_printf(out, "%stype %u", any ? ", " : "", i);
        any = true;
    }
    if (!any)
        g_string_append(out, "none");
}

static void line(GString *out, const char *what)
{
    g_string_append_printf(out, "%-14s", what);
}

void monitor_do_domain(struct monitor *m, GString *out, const char *args)
{
    (void)args;
    const struct machine *machine = monitor_machine(m);
    const struct domain *d = machine->domain;
    struct tally t = {0};
    tally(d, &t);
    line(out, "domain");
    g_string_append_printf(out, "%u, ABI %s, Xen %s, ", d->s.domid, d->abi->name, d->abi->xen_name);
    append_state(out, d);
    g_string_append_c(out, '\n');
    line(out, "time");
    monitor_append_time(out, domain_now(d));
    g_string_append_printf(out, ", %" PRIu64 " hypercalls, %" PRIu64 " other traps, %u exceptions given\n",
                           machine->s.hypercalls, machine->s.traps, d->s.nr_exceptions);
    line(out, "memory");
    g_string_append_printf(out, "%u pages of %u at most, %u at the start\n", d->s.tot_pages, d->s.max_pages,
                           d->s.nr_pages);
    line(out, "frames");
    g_string_append_printf(out, "%u L1, %u L2", t.tables[0], t.tables[1]);
    if (d->abi->levels == 3)
        g_string_append_printf(out, ", %u L3", t.tables[2]);
    g_string_append_printf(out, " tables, %u descriptor pages, %u writable, %u of no type; %u pinned\n",
                           t.desc, t.writable, t.other, t.pinned);
    line(out, "vcpus");
    g_string_append_printf(out, "%u, vcpu %u has the CPU\n", d->s.nr_vcpus, d->s.queue.current);
    line(out, "shared_info");
    g_string_append_printf(out, "mfn %#x\n", d->s.shared_info.mfn);
    if (d->abi->xen == RING1_XEN_2_0) {
        line(out, "control");
        g_string_append_printf(out, "port %u\n", d->s.control_port);
    } else {
        line(out, "console");
        g_string_append_printf(out, "mfn %#x, port %u\n", d->s.console_mfn.mfn, d->s.console_port);
        line(out, "xenstore");
        g_string_append_printf(out, "mfn %#x, port %u\n", d->s.store_mfn.mfn, d->s.store_port);
    }
    line(out, "vm_assist");
    append_assists(out, d);
    g_string_append_c(out, '\n');
}

/* --- info vcpus --------------------------------------------------------------------------- */

static void append_masks(GString *out, const struct vcpu *v)
{
    const uint8_t *info = vcpu_info(v);
    g_string_append_printf(out, "          events %s%s", info[0] ? "pending" : "none pending",
                           info[1] ? ", masked" : ", not masked");
    if (v->singleshot != NO_DEADLINE) {
        g_string_append(out, "; timer at ");
        monitor_append_time(out, v->singleshot);
    }
    if (v->periodic) {
        g_string_append(out, "; tick each ");
        monitor_append_time(out, v->periodic);
    }
    if (v->run == VCPU_POLLING) {
        g_string_append(out, "; polls ports");
        for (unsigned i = 0; i < v->poll_nr && i < G_N_ELEMENTS(v->poll_ports); i++)
            g_string_append_printf(out, " %u", v->poll_ports[i]);
    }
    g_string_append_c(out, '\n');
}

void monitor_do_vcpus(struct monitor *m, GString *out, const char *args)
{
    (void)args;
    struct domain *d = monitor_domain(m);
    for (unsigned i = 0; i < d->s.nr_vcpus; i++) {
        struct vcpu *v = &d->s.vcpu[i];
        g_string_append_printf(out, "vcpu %-3u  %s", i, report_vcpu_state(v));
        if (v->initialised) {
            g_string_append_printf(out, ", ring %u, cr3 mfn %#x, at ", regs_ring(vcpu_regs(v)), v->cr3.mfn);
            monitor_append_place(out, v, monitor_eip(v), false);
            g_string_append_c(out, '\n');
            append_masks(out, v);
        } else {
            g_string_append_c(out, '\n');
        }
    }
}

/* --- info ports ---------------------------------------------------------------------------- */

static const char *backend_name(uint8_t backend)
{
    static const char *const names[] = {[BACKEND_NONE] = "nobody",
                                        [BACKEND_XENSTORE] = "xenstore",
                                        [BACKEND_CONSOLE] = "console",
                                        [BACKEND_CONTROL] = "control interface",
                                        [BACKEND_DEVICE] = "a device's back end"};
    return backend < G_N_ELEMENTS(names) ? names[backend] : "?";
}

static void append_virq(GString *out, const struct domain *d, unsigned virq)
{
    const char *name = value_name(d->abi->xen == RING1_XEN_2_0 ? &values_virq_2_0 : &values_virq, virq);
    g_string_append_printf(out, "virq %u%s%s", virq, name ? " " : "", name ? name : "");
}

static void append_end(GString *out, const struct domain *d, const struct evtchn *e)
{
    switch ((enum evtchn_kind)e->kind) {
    case ECS_RESERVED:
        g_string_append(out, "reserved");
        break;
    case ECS_UNBOUND:
        g_string_append_printf(out, "unbound, waits for domain %u", e->remote_dom);
        break;
    case ECS_INTERDOMAIN:
        if (e->remote_dom == d->s.domid)
            g_string_append_printf(out, "interdomain, to its own port %u", e->remote_port);
        else
            g_string_append_printf(out, "interdomain, to domain %u port %u: %s", e->remote_dom,
                                   e->remote_port, backend_name(e->backend));
        break;
    case ECS_PIRQ:
        g_string_append_printf(out, "pirq %u", e->virq);
        break;
    case ECS_VIRQ:
        append_virq(out, d, e->virq);
        break;
    case ECS_IPI:
        g_string_append(out, "ipi");
        break;
    case ECS_FREE:
        g_string_append(out, "free");
        break;
    }
}

void monitor_do_ports(struct monitor *m, GString *out, const char *args)
{
    (void)args;
    const struct domain *d = monitor_domain(m);
    const uint8_t *si = shared_info(d);
    g_string_append(out, "port  vcpu  pending  masked  end\n");
    for (unsigned port = 0; port < NR_EVTCHNS; port++) {
        const struct evtchn *e = &d->s.evtchn[port];
        bool pending = bit_test(si + d->abi->si_evtchn_pending, port);
        if (e->kind == ECS_FREE && !pending)
            continue;
        g_string_append_printf(out, "%4u  %4u  %-7s  %-6s  ", port, e->vcpu, pending ? "yes" : "",
                               bit_test(si + d->abi->si_evtchn_mask, port) ? "yes" : "");
        append_end(out, d, e);
        g_string_append_c(out, '\n');
    }
}

/* --- info grants ----------------------------------------------------------------------------- */

static void append_use(GString *out, const struct active_entry *a)
{
    if (!a->pin)
        return;
    g_string_append_printf(out, "  in use by domain %u:", a->domid);
    static const struct {
        unsigned shift;
        const char *words;
    } uses[] = {
        {0, "mapped writable"}, {8, "mapped read-only"}, {16, "device, writable"}, {24, "device, read-only"}};
    bool any = false;
    for (size_t i = 0; i < G_N_ELEMENTS(uses); i++) {
        unsigned n = a->pin >> uses[i].shift & 0xFF;
        if (n)
            g_string_append_printf(out, "%s %u %s", any ? "," : "", n, uses[i].words);
        any = any || n;
    }
}

static void append_grant(GString *out, const struct domain *d, uint32_t ref)
{
    const struct grant_entry e = *grant_entry(d, ref);
    unsigned type = e.flags & GTF_type_mask;
    static const char *const types[] = {"invalid", "access", "transfer", "transitive"};
    g_string_append_printf(out, "%4u  %-8s  %5u  ", ref, types[type], e.domid);
    if (type == GTF_permit_access)
        text_append_mfn(out, d, e.frame);
    else
        g_string_append_printf(out, "%#x", e.frame);
    static const struct {
        uint16_t flag;
        const char *name;
    } flags[] = {{GTF_readonly, "read-only"}, {GTF_reading, "reading"}, {GTF_writing, "writing"}};
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
        if (type == GTF_permit_access && e.flags & flags[i].flag)
            g_string_append_printf(out, ", %s", flags[i].name);
    append_use(out, active_entry(d, ref));
    g_string_append_c(out, '\n');
}

static void append_mappings(GString *out, const struct domain *d)
{
    bool any = false;
    for (uint32_t handle = 0; handle < maptrack_limit(d); handle++) {
        const struct maptrack_entry *e = maptrack_entry(d, handle);
        if (!e->flags)
            continue;
        if (!any)
            g_string_append(out, "mappings that the guest made\nhandle  grant  of domain\n");
        any = true;
        g_string_append_printf(out, "%6u  %5u  %u%s\n", handle, e->ref, e->domid,
                               e->flags & GNTMAP_readonly ? ", read-only" : "");
    }
}

void monitor_do_grants(struct monitor *m, GString *out, const char *args)
{
    (void)args;
    const struct domain *d = monitor_domain(m);
    unsigned shown = 0, more = 0;
    g_string_append_printf(out, "version %u, %u frames of %u at most, %u entries\n", d->s.grant.version,
                           d->s.grant.nr_frames, grant_max_frames(d->abi), grant_nr_entries(d));
    for (uint32_t ref = 0; ref < grant_nr_entries(d); ref++) {
        if (!(grant_entry(d, ref)->flags & GTF_type_mask) && !active_entry(d, ref)->pin)
            continue;
        if (shown == 0)
            g_string_append(out, " ref  kind      to     frame\n");
        if (shown < GRANTS_SHOWN) {
            append_grant(out, d, ref);
            shown++;
        } else {
            more++;
        }
    }
    if (!shown)
        g_string_append(out, "nothing is granted\n");
    if (more)
        g_string_append_printf(out, "... %u more\n", more);
    append_mappings(out, d);
}

void monitor_do_report(struct monitor *m, GString *out, const char *args)
{
    (void)args;
    g_autofree char *text = ring1_machine_report(ring1_debugger_machine(m->d), false);
    g_string_append(out, text);
}
