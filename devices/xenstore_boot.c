/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xenstore_boot.c - the tree that a toolstack writes for a new domain, with the
 * rights that it gives.
 */
#include "xenstore_priv.h"

/* Who may do what: %u is the domain. */
enum rights {
    INHERIT = 0,
    GUEST_READS, /* n0, r1 */
    GUEST_OWNS,  /* n1 */
};

static void set_rights(struct xenstore *x, const char *path, enum rights rights)
{
    g_autofree char *reader = g_strdup_printf("r%u", x->d->s.domid);
    g_autofree char *owner = g_strdup_printf("n%u", x->d->s.domid);
    if (rights == GUEST_READS)
        xenstore_set_perms(x, path, (const char *const[]){"n0", reader, NULL});
    else if (rights == GUEST_OWNS)
        xenstore_set_perms(x, path, (const char *const[]){owner, NULL});
}

G_GNUC_PRINTF(5, 6)
static void node(struct xenstore *x, const char *base, const char *name, enum rights rights,
                 const char *format, ...)
{
    g_autofree char *path = g_strconcat(base, name, NULL);
    va_list ap;
    va_start(ap, format);
    g_autofree char *value = g_strdup_vprintf(format, ap);
    va_end(ap);
    xenstore_write(x, path, value);
    set_rights(x, path, rights);
}

static void control_nodes(struct xenstore *x, const char *home)
{
    static const char *const writable[] = {"/control/shutdown",
                                           "/control/feature-poweroff",
                                           "/control/feature-reboot",
                                           "/control/feature-suspend",
                                           "/control/sysrq",
                                           "/device/suspend/event-channel",
                                           "/data",
                                           "/drivers",
                                           "/feature",
                                           "/attr",
                                           "/error"};
    node(x, home, "/control", GUEST_READS, "%s", "");
    for (size_t i = 0; i < G_N_ELEMENTS(writable); i++)
        node(x, home, writable[i], GUEST_OWNS, "%s", "");
    node(x, home, "/control/platform-feature-multiprocessor-suspend", INHERIT, "1");
    node(x, home, "/control/platform-feature-xs_reset_watches", INHERIT, "1");
}

static void ring_nodes(struct xenstore *x, const char *home)
{
    const struct domain_state *s = &x->d->s;
    node(x, home, "/console", GUEST_READS, "%s", "");
    node(x, home, "/console/backend", INHERIT, "/local/domain/0/backend/console/%u/0", s->domid);
    node(x, home, "/console/backend-id", INHERIT, "0");
    node(x, home, "/console/limit", INHERIT, "1048576");
    node(x, home, "/console/type", INHERIT, "xenconsoled");
    node(x, home, "/console/output", INHERIT, "pty");
    node(x, home, "/console/port", INHERIT, "%u", s->console_port);
    node(x, home, "/console/ring-ref", INHERIT, "%u", s->console_mfn.mfn);
    node(x, home, "/store", GUEST_READS, "%s", "");
    node(x, home, "/store/port", INHERIT, "%u", s->store_port);
    node(x, home, "/store/ring-ref", INHERIT, "%u", s->store_mfn.mfn);
}

void xenstore_resumed(struct xenstore *x)
{
    g_autofree char *home = xenstore_home(x);
    g_ptr_array_set_size(x->watches, 0);
    g_hash_table_remove_all(x->txns);
    g_byte_array_set_size(x->out, 0);
    x->out_taken = 0;
    x->have = 0;
    x->fault = FAULT_NONE;
    ring_nodes(x, home);
    node(x, home, "/control/shutdown", GUEST_OWNS, "%s", "");
}

void xenstore_populate(struct xenstore *x, const char *name)
{
    const struct domain_state *s = &x->d->s;
    g_autofree char *home = xenstore_home(x);
    /* The UUID that xen_version's guest_handle gives. */
    g_autofree char *uuid = g_strdup_printf("00000000-0000-0000-0000-%012x", s->domid);
    g_autofree char *vm = g_strconcat("/vm/", uuid, NULL);
    xenstore_mkdir(x, "/tool/xenstored");
    node(x, "/local/domain/0", "/name", INHERIT, "Domain-0");
    node(x, "/local/domain/0", "/domid", INHERIT, "0");
    node(x, home, "", GUEST_READS, "%s", "");
    node(x, home, "/vm", INHERIT, "%s", vm);
    node(x, home, "/name", INHERIT, "%s", name);
    node(x, home, "/domid", INHERIT, "%u", s->domid);
    node(x, home, "/cpu", GUEST_READS, "%s", "");
    for (unsigned i = 0; i < s->nr_vcpus; i++) {
        g_autofree char *cpu = g_strdup_printf("%s/cpu/%u", home, i);
        node(x, cpu, "/availability", INHERIT, "online");
    }
    node(x, home, "/memory", GUEST_READS, "%s", "");
    node(x, home, "/memory/static-max", INHERIT, "%llu", s->max_pages * 4ull);
    node(x, home, "/memory/target", INHERIT, "%llu", s->nr_pages * 4ull);
    node(x, home, "/memory/videoram", INHERIT, "0");
    node(x, home, "/device", GUEST_READS, "%s", "");
    control_nodes(x, home);
    ring_nodes(x, home);
    node(x, vm, "", GUEST_READS, "%s", "");
    node(x, vm, "/uuid", INHERIT, "%s", uuid);
    node(x, vm, "/name", INHERIT, "%s", name);
    node(x, vm, "/image/ostype", INHERIT, "linux");
}
