/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * toolstack.c - what xl does for a domain, by the guest's own protocols.
 */
#include "devices/control.h"
#include "dispatch/evtchn.h"
#include "dispatch/schedule.h"
#include "machine_priv.h"
#include "networks.h"
#include "poke.h"
#include "record.h"

static bool fail(GError **error, enum ring1_error code, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool fail(GError **error, enum ring1_error code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, RING1_ERROR, (gint)code, text);
    return false;
}

/* A guest that polled may find something new. */
static void disturb(ring1_machine *m)
{
    idle_reset(m->machine);
    machine_disturb(m->machine);
}

/* --- what changes the guest: recorded, and the same in a replay --------------------- */

static bool apply(ring1_machine *m, enum record_tag tag, const char *bytes, size_t len)
{
    struct domain_state *s = &m->machine->domain->s;
    const char *nul = len ? memchr(bytes, '\0', len) : NULL;
    disturb(m);
    switch (tag) {
    case RECORD_CONSOLE:
        console_input(m->console, bytes, len);
        return true;
    case RECORD_XENSTORE_WRITE: {
        g_autofree char *path = g_strndup(bytes, len);
        g_autofree char *value = nul ? g_strndup(nul + 1, len - (size_t)(nul + 1 - bytes)) : NULL;
        return value && xenstore_write(m->xenstore, path, value);
    }
    case RECORD_XENSTORE_RM: {
        g_autofree char *path = g_strndup(bytes, len);
        return xenstore_rm(m->xenstore, path);
    }
    case RECORD_CONTROL:
        if (len < 2 || !control_send_message(m->machine->domain, (uint8_t)bytes[0], (uint8_t)bytes[1],
                                             bytes + 2, len - 2))
            return false;
        evtchn_backend_send(m->machine->domain, s->control_port);
        return true;
    case RECORD_NMI:
        if (len != 1 || (uint8_t)bytes[0] >= s->nr_vcpus)
            return false;
        s->vcpu[(uint8_t)bytes[0]].nmi_pending = true;
        s->attention |= ATTN_SCHED;
        vcpu_wake(&s->vcpu[(uint8_t)bytes[0]]);
        return true;
    case RECORD_PACKET:
        if (len < 1)
            return false;
        return networks_input(devices_networks(m->devices), (uint8_t)bytes[0], bytes + 1, len - 1);
    case RECORD_POKE:
        return poke_apply_memory(m, (const uint8_t *)bytes, len);
    case RECORD_REGISTERS:
        return poke_apply_registers(m, (const uint8_t *)bytes, len);
    case RECORD_WRITE:
        return poke_apply_write(m, (const uint8_t *)bytes, len);
    case RECORD_NR_TAGS:
        break;
    }
    return false;
}

bool machine_input(ring1_machine *m, enum record_tag tag, const void *bytes, size_t len)
{
    if (m->recorder)
        recorder_input(m->recorder, tag, bytes, len);
    return apply(m, tag, bytes, len);
}

/* --- xenstore ----------------------------------------------------------------- */

char *ring1_machine_xenstore_read(ring1_machine *m, const char *path, GError **error)
{
    char *value = xenstore_read(m->xenstore, path);
    if (!value)
        fail(error, RING1_ERROR_OPTION, "xenstore has no '%s'", path);
    return value;
}

char **ring1_machine_xenstore_list(ring1_machine *m, const char *path, GError **error)
{
    char **names = xenstore_directory(m->xenstore, path);
    if (!names)
        fail(error, RING1_ERROR_OPTION, "xenstore has no '%s'", path);
    return names;
}

bool ring1_machine_xenstore_write(ring1_machine *m, const char *path, const char *value, GError **error)
{
    size_t len = strlen(path) + 1 + strlen(value);
    g_autofree char *both = g_malloc(len + 1);
    memcpy(both, path, strlen(path) + 1);
    memcpy(both + strlen(path) + 1, value, strlen(value) + 1);
    return machine_input(m, RECORD_XENSTORE_WRITE, both, len) ||
           fail(error, RING1_ERROR_OPTION, "xenstore takes no '%s'", path);
}

bool ring1_machine_xenstore_rm(ring1_machine *m, const char *path, GError **error)
{
    return machine_input(m, RECORD_XENSTORE_RM, path, strlen(path)) ||
           fail(error, RING1_ERROR_OPTION, "xenstore has no '%s'", path);
}

static bool write_node(ring1_machine *m, const char *name, const char *value, GError **error)
{
    g_autofree char *path = g_strdup_printf("/local/domain/%u/%s", m->machine->domain->s.domid, name);
    return ring1_machine_xenstore_write(m, path, value, error);
}

/* --- requests ------------------------------------------------------------------- */

static bool is_2_0(const ring1_machine *m)
{
    return m->machine->abi->xen == RING1_XEN_2_0;
}

static bool send_message(ring1_machine *m, uint8_t type, uint8_t subtype, const void *data, size_t len,
                         GError **error)
{
    g_autofree uint8_t *message = g_malloc(len + 2);
    message[0] = type;
    message[1] = subtype;
    memcpy(message + 2, data, len);
    return machine_input(m, RECORD_CONTROL, message, len + 2) ||
           fail(error, RING1_ERROR_STATE, "the guest has not taken the last control messages");
}

bool ring1_machine_ask_shutdown(ring1_machine *m, const char *how, GError **error)
{
    /* 2.0's subtypes are their places. */
    static const char *const ways[] = {"poweroff", "reboot", "suspend", "halt"};
    for (uint8_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        if (strcmp(how, ways[i]) != 0)
            continue;
        if (!is_2_0(m))
            return write_node(m, "control/shutdown", how, error);
        return send_message(m, CONTROL_SHUTDOWN, i == 3 ? 0 : i, "", 0, error);
    }
    return fail(error, RING1_ERROR_OPTION, "'%s' is no way to shut down: poweroff, reboot, suspend or halt",
                how);
}

bool ring1_machine_ask_sysrq(ring1_machine *m, char key, GError **error)
{
    const char text[2] = {key, '\0'};
    if (!g_ascii_isgraph(key))
        return fail(error, RING1_ERROR_OPTION, "a SysRq key is one printable character");
    if (is_2_0(m))
        return send_message(m, CONTROL_SHUTDOWN, CONTROL_SHUTDOWN_SYSRQ, text, 1, error);
    return write_node(m, "control/sysrq", text, error);
}

bool ring1_machine_ask_memory(ring1_machine *m, uint64_t kib, GError **error)
{
    uint64_t most = m->machine->domain->s.max_pages * UINT64_C(4);
    if (kib == 0 || kib > most)
        return fail(error, RING1_ERROR_OPTION,
                    "%" G_GUINT64_FORMAT " KiB: the guest can have 1 to %" G_GUINT64_FORMAT, kib, most);
    if (is_2_0(m)) {
        uint32_t pages[2] = {(uint32_t)(kib / 4), 0};
        return send_message(m, CONTROL_MEM_REQUEST, 0, pages, sizeof pages, error);
    }
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, kib);
    return write_node(m, "memory/target", text, error);
}

bool ring1_machine_ask_vcpu(ring1_machine *m, unsigned id, bool online, GError **error)
{
    if (id >= m->machine->domain->s.nr_vcpus)
        return fail(error, RING1_ERROR_OPTION, "vcpu %u: the guest has %u", id,
                    m->machine->domain->s.nr_vcpus);
    g_autofree char *name = g_strdup_printf("cpu/%u/availability", id);
    return write_node(m, name, online ? "online" : "offline", error);
}

bool ring1_machine_send_nmi(ring1_machine *m, unsigned vcpu, GError **error)
{
    struct domain_state *s = &m->machine->domain->s;
    if (vcpu >= s->nr_vcpus)
        return fail(error, RING1_ERROR_OPTION, "vcpu %u: the guest has %u", vcpu, s->nr_vcpus);
    return machine_input(m, RECORD_NMI, &(uint8_t){(uint8_t)vcpu}, 1);
}
