/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * machine.c - ring1_machine: a machine with its console and its xenstore, made, run, saved
 * and restored.
 */
#include "config.h"
#include "config_text.h"
#include "devices/xenstore_load.h"
#include "dispatch/preempt.h"
#include "emu/backtrace.h"
#include "emu/resume.h"
#include "host.h"
#include "machine_priv.h"
#include "record.h"
#include "saved.h"

#include <xen/errno.h>

struct ring1_snapshot {
    struct snapshot *machine;
    GBytes *console, *xenstore;
    GVariant *devices;
};

/* --- configuration ---------------------------------------------------------- */

ring1_config *ring1_config_new(void)
{
    ring1_config *c = g_new0(ring1_config, 1);
    c->memory_mib = 256;
    c->vcpus = 1;
    c->mfn_seed = c->preempt_seed = 1;
    c->date_ns = INT64_C(1577836800) * 1000000000; /* 2020-01-01T00:00:00Z */
    c->console_io = true;
    c->raw_address = -1;
    return c;
}

void ring1_config_free(ring1_config *c)
{
    if (!c)
        return;
    g_free(c->cmdline);
    g_free(c->initrd);
    g_free(c->cpu);
    g_free(c->name);
    g_free(c->xenstore);
    g_strfreev(c->disks);
    g_strfreev(c->nets);
    g_free(c);
}

/* --- back ends -------------------------------------------------------------- */

static void on_notify(void *user, enum backend backend, uint16_t port)
{
    ring1_machine *m = user;
    /* A device may ask the others. */
    m->stirred |= backend == BACKEND_CONSOLE ? STIRRED_CONSOLE : STIRRED_ALL;
    if (backend == BACKEND_CONSOLE || backend == BACKEND_CONTROL)
        console_notify(m->console);
    else if (backend == BACKEND_XENSTORE)
        xenstore_notify(m->xenstore);
    else if (backend == BACKEND_DEVICE)
        devices_notify(m->devices, port);
}

static bool on_poll(void *user)
{
    ring1_machine *m = user;
    unsigned moved = console_poll(m->console) ? STIRRED_CONSOLE : 0;
    moved |= devices_poll(m->devices) ? STIRRED_DEVICES : 0;
    moved |= xenstore_poll(m->xenstore) ? STIRRED_XENSTORE : 0;
    m->stirred |= moved;
    return moved != 0;
}

static void on_console_write(void *user, const char *bytes, size_t len)
{
    ring1_machine *m = user;
    if (m->console_ops.write && !m->quiet)
        m->console_ops.write(m->console_user, bytes, len);
}

static size_t on_console_read(void *user, char *bytes, size_t len)
{
    ring1_machine *m = user;
    m->stirred |= STIRRED_CONSOLE;
    return console_read(m->console, bytes, len);
}

static void on_let_go(void *user)
{
    ring1_machine *m = user;
    devices_suspend(m->devices);
}

static const struct machine_ops machine_ops = {
    .notify = on_notify,
    .poll = on_poll,
    .console_write = on_console_write,
    .console_read = on_console_read,
    .let_go = on_let_go,
};

/* --- making ----------------------------------------------------------------- */

static const struct abi *choose_abi(const ring1_config *c, const struct image *image, GError **error)
{
    const char *why = "given";
    enum ring1_abi abi = c->abi == RING1_ABI_AUTO ? image_abi(image, &why) : c->abi;
    const struct abi *pair = abi_find(abi, c->xen);
    if (!pair)
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "%s: ABI %s (%s) never existed with Xen %s",
                    image->name, abi_name(abi), why, xen_name(c->xen));
    return pair;
}

static bool load_xenstore(ring1_machine *m, const ring1_config *c, struct machine_parts *parts,
                          GError **error)
{
    const char *path = c->xenstore;
    gsize len;
    g_autoptr(GError) why = NULL;
    if (!path)
        return true;
    if (!parts->xenstore && !(parts->xenstore = host_file(c->host, path, true, &why))) {
        g_set_error_literal(error, RING1_ERROR, RING1_ERROR_OPTION, why->message);
        return false;
    }
    const char *nodes = g_bytes_get_data(parts->xenstore, &len);
    return xenstore_load(m->xenstore, path, nodes ? nodes : "", len, error);
}

static ring1_machine *make(const ring1_config *c, struct image *image, struct machine_parts *parts,
                           GError **error)
{
    const struct abi *abi = choose_abi(c, image, error);
    if (!abi || !config_check_abi(c, abi, error) ||
        (c->initrd && !parts->initrd && !(parts->initrd = host_file(c->host, c->initrd, false, error))))
        return NULL;
    struct boot_config boot = {
        .nr_pages = c->memory_mib * 256u,
        .max_pages = c->maxmem_mib * 256u,
        .mfn_mode = c->mfn_mode,
        .mfn_seed = c->mfn_seed,
        .cmdline = c->cmdline,
        .initrd_name = c->initrd,
    };
    if (parts->initrd)
        boot.initrd = g_bytes_get_data(parts->initrd, &boot.initrd_len);
    const struct machine_setup setup = {
        .time_mode = c->time,
        .date_ns = c->date_ns,
        .cpu = cpu_model_find(c->cpu),
        .nr_vcpus = c->vcpus,
    };
    ring1_machine *m = g_new0(ring1_machine, 1);
    m->host = c->host;
    m->machine = machine_new(abi, image, &boot, &setup, &machine_ops, m, error);
    if (!m->machine) {
        g_free(m);
        return NULL;
    }
    m->machine->domain->console_io_allowed = c->console_io;
    m->machine->segment_limits = m->machine->domain->segment_limits = c->segment_limits;
    preempt_set_mode(m->machine->domain, c->preempt, c->preempt_seed);
    m->console = console_new(m->machine->domain, on_console_write, m);
    m->xenstore = xenstore_new(m->machine->domain, c->name ? c->name : "ring1");
    if (c->record && (m->recorder = recorder_new(c, error)))
        parts->disks = recorder_disks(m->recorder);
    if (!c->record || m->recorder)
        m->devices = devices_new(c, m->machine->domain, m->xenstore, m->console, parts->disks, error);
    if (!m->devices || !load_xenstore(m, c, parts, error)) {
        ring1_machine_free(m);
        return NULL;
    }
    return m;
}

static struct image *load_bytes(const ring1_config *c, const char *name, const void *bytes, size_t len,
                                GError **error)
{
    if (c->raw_address >= 0)
        return image_raw(bytes, len, (uint32_t)c->raw_address, name, error);
    return image_load(bytes, len, name, error);
}

/* Where files are does not depend on where ring1 was started. */
static char **absolute(char *const *disks)
{
    g_autoptr(GStrvBuilder) b = g_strv_builder_new();
    for (; disks && *disks; disks++) {
        bool is_file = !g_str_has_prefix(*disks, "nbd:") && !g_str_has_prefix(*disks, "nbd+");
        g_autofree char *path = is_file ? g_canonicalize_filename(*disks, NULL) : g_strdup(*disks);
        g_strv_builder_add(b, path);
    }
    return g_strv_builder_end(b);
}

static void keep_origin(ring1_machine *m, const ring1_config *c, const void *bytes, size_t len,
                        const struct machine_parts *parts)
{
    GString *text = g_string_new(NULL);
    g_auto(GStrv) disks = absolute(c->disks);
    config_to_text(text, c, ring1_machine_abi(m), ring1_machine_xen(m));
    text_add_list(text, "disk", disks);
    text_add_list(text, "net", c->nets);
    m->origin.config = g_string_free(text, FALSE);
    m->origin.image = g_bytes_new(bytes, len);
    m->origin.initrd = parts->initrd ? g_bytes_ref(parts->initrd) : NULL;
    m->origin.xenstore = parts->xenstore ? g_bytes_ref(parts->xenstore) : NULL;
}

static void drop_origin(struct origin *o)
{
    g_clear_pointer(&o->image, g_bytes_unref);
    g_clear_pointer(&o->initrd, g_bytes_unref);
    g_clear_pointer(&o->xenstore, g_bytes_unref);
    g_free(o->config);
}

ring1_machine *machine_make(const ring1_config *c, const char *name, const void *bytes, size_t len,
                            struct machine_parts *parts, GError **error)
{
    if (!config_check(c, error))
        return NULL;
    struct image *image = load_bytes(c, name, bytes, len, error);
    if (!image)
        return NULL;
    ring1_machine *m = make(c, image, parts, error);
    if (!m) {
        image_free(image);
        return NULL;
    }
    m->image = image;
    keep_origin(m, c, bytes, len, parts);
    if (parts->saved && !saved_apply(parts->saved, m, !parts->disks || !parts->disks->makes, error)) {
        ring1_machine_free(m);
        return NULL;
    }
    if (m->recorder)
        recorder_begin(m->recorder, m, c, name, bytes, len, parts);
    return m;
}

ring1_machine *ring1_machine_new_from_bytes(const ring1_config *c, const char *name, const void *bytes,
                                            size_t len, GError **error)
{
    struct machine_parts parts = {0};
    ring1_machine *m = machine_make(c, name, bytes, len, &parts, error);
    g_clear_pointer(&parts.initrd, g_bytes_unref);
    g_clear_pointer(&parts.xenstore, g_bytes_unref);
    return m;
}

ring1_machine *ring1_machine_new_from_file(const ring1_config *c, const char *path, GError **error)
{
    if (!config_check(c, error))
        return NULL;
    g_autoptr(GBytes) file = host_file(c->host, path, false, error);
    if (!file)
        return NULL;
    size_t len;
    const void *bytes = g_bytes_get_data(file, &len);
    return ring1_machine_new_from_bytes(c, path, bytes, len, error);
}

void ring1_machine_free(ring1_machine *m)
{
    if (!m)
        return;
    recorder_free(m->recorder);
    devices_free(m->devices);
    console_free(m->console);
    xenstore_free(m->xenstore);
    machine_free(m->machine);
    symbols_free(m->symbols);
    image_free(m->image);
    drop_origin(&m->origin);
    g_free(m);
}

enum ring1_abi ring1_machine_abi(const ring1_machine *m)
{
    return m->machine->abi->abi;
}

enum ring1_xen ring1_machine_xen(const ring1_machine *m)
{
    return m->machine->abi->xen;
}

uint32_t ring1_machine_nr_pages(const ring1_machine *m)
{
    return m->machine->domain->s.nr_pages;
}

unsigned ring1_machine_nr_vcpus(const ring1_machine *m)
{
    return m->machine->domain->s.nr_vcpus;
}

/* --- console ---------------------------------------------------------------- */

void ring1_machine_set_console(ring1_machine *m, const struct ring1_console *ops, void *user)
{
    m->console_ops = ops ? *ops : (struct ring1_console){0};
    m->console_user = user;
}

void ring1_machine_console_input(ring1_machine *m, const char *bytes, size_t len)
{
    machine_input(m, RECORD_CONSOLE, bytes, len);
}

size_t ring1_machine_console_pending(const ring1_machine *m)
{
    return console_pending(m->console);
}

/* --- running ---------------------------------------------------------------- */

bool ring1_machine_run(ring1_machine *m, const struct ring1_budget *budget, struct ring1_stop *stop,
                       GError **error)
{
    m->running = true;
    bool ok = m->recorder ? recorder_run(m->recorder, budget, stop, error)
                          : machine_run(m->machine, budget, stop, error);
    m->running = false;
    /* What the guest wrote and did not kick for. A guest that goes on could see it. */
    if (ok && (stop->reason == RING1_STOP_SHUTDOWN || stop->reason == RING1_STOP_CRASH))
        console_poll(m->console);
    return ok;
}

/* The record of something that is done to the machine. */
static void record(ring1_machine *m, enum record_op op, uint64_t value)
{
    if (m->recorder)
        recorder_event(m->recorder, &(struct record_event){.op = op, .value = value});
}

void ring1_machine_console_flush(ring1_machine *m)
{
    record(m, RECORD_FLUSH, 0);
    machine_disturb(m->machine);
    console_poll(m->console);
}

bool ring1_machine_resume(ring1_machine *m, uint64_t mfn_seed, GError **error)
{
    record(m, RECORD_RESUME, mfn_seed);
    m->origin.resumes++;
    console_poll(m->console);
    if (!machine_resume(m->machine, mfn_seed, error))
        return false;
    xenstore_resumed(m->xenstore);
    devices_resume(m->devices);
    return true;
}

bool ring1_machine_resume_cancelled(ring1_machine *m, GError **error)
{
    record(m, RECORD_CANCEL, 0);
    m->origin.resumes++;
    return machine_resume_cancelled(m->machine, error);
}

void ring1_machine_interrupt(ring1_machine *m)
{
    machine_interrupt(m->machine);
}

uint64_t ring1_machine_now(const ring1_machine *m)
{
    return machine_now(m->machine);
}

uint64_t ring1_machine_advance(ring1_machine *m, uint64_t ns)
{
    ns = machine_advance(m->machine, ns);
    if (ns > 0)
        record(m, RECORD_ADVANCE, ns);
    return ns;
}

void ring1_machine_set_forgetful(ring1_machine *m, bool forgetful)
{
    m->machine->forgetful = forgetful;
}

uint64_t ring1_machine_hypercalls(const ring1_machine *m)
{
    return m->machine->s.hypercalls;
}

const void *ring1_machine_elf(const ring1_machine *m, size_t *len)
{
    *len = 0;
    return m->image->source == IMAGE_RAW ? NULL : g_bytes_get_data(m->image->bytes, len);
}

/* --- snapshots -------------------------------------------------------------- */

ring1_snapshot *ring1_machine_save(ring1_machine *m)
{
    ring1_snapshot *s = g_new0(ring1_snapshot, 1);
    s->machine = machine_save(m->machine);
    s->console = console_save(m->console);
    s->xenstore = xenstore_save(m->xenstore);
    s->devices = devices_save(m->devices);
    return s;
}

bool ring1_machine_restore(ring1_machine *m, const ring1_snapshot *s, GError **error)
{
    if (m->recorder) {
        g_set_error_literal(error, RING1_ERROR, RING1_ERROR_STATE,
                            "a machine that is recorded takes no snapshot");
        return false;
    }
    return machine_put(m, s, error);
}

bool machine_put(ring1_machine *m, const ring1_snapshot *s, GError **error)
{
    if (!machine_restore(m->machine, s->machine, error))
        return false;
    console_restore(m->console, s->console);
    return xenstore_restore(m->xenstore, s->xenstore, error) &&
           devices_restore(m->devices, s->devices, error);
}

void ring1_snapshot_free(ring1_snapshot *s)
{
    if (!s)
        return;
    snapshot_free(s->machine);
    g_bytes_unref(s->console);
    g_bytes_unref(s->xenstore);
    g_variant_unref(s->devices);
    g_free(s);
}

char *ring1_machine_hash(ring1_machine *m)
{
    return machine_hash(m->machine);
}

/* --- CPU models ---------------------------------------------------------------- */

char *ring1_describe_cpus(void)
{
    GString *text = g_string_new(NULL);
    for (const struct cpu_model *model = cpu_models(); model->name; model++)
        g_string_append_printf(text, "%-12s %s\n", model->name, model->what);
    return g_string_free(text, FALSE);
}

bool ring1_cpu_exists(const char *name)
{
    return cpu_model_find(name) != NULL;
}

/* --- names ------------------------------------------------------------------ */

bool ring1_abi_from_name(const char *name, enum ring1_abi *abi)
{
    return abi_from_name(name, abi);
}

bool ring1_xen_from_name(const char *name, enum ring1_xen *xen)
{
    return xen_from_name(name, xen);
}

const char *ring1_abi_name(enum ring1_abi abi)
{
    return abi_name(abi);
}

const char *ring1_xen_name(enum ring1_xen xen)
{
    return xen_name(xen);
}
