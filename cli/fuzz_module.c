/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_module.c - a user's hypercalls as what is fuzzed (see fuzz_command.h). They are
 * registered with a machine as ever, which is never run; the fuzzer's worlds, which have
 * no CPU, borrow them. So ring1_read and ring1_write of the vcpu that a handler is given
 * are the world's, and ring1_vcpu_machine is that machine.
 */
#include "fuzz_command.h"

#include "debug/world.h"

#include <dlfcn.h>
#include <ring1/ring1.h>
#include <string.h>

#define HIGHEST_NUMBER 239u /* of a step: fuzz/input.h */

struct fuzz_module {
    void *object;
    ring1_machine *machine;
    GArray *rows; /* struct hypercall */
};

/* `jmp .`: nobody runs it. */
static const uint8_t guest[] = {0xEB, 0xFE};

static ring1_machine *new_machine(const struct abi *abi, GError **error)
{
    g_autoptr(ring1_config) config = ring1_config_new();
    config->memory_mib = 16;
    config->raw_address = 0x100000;
    config->abi = abi->abi;
    config->xen = abi->xen;
    return ring1_machine_new_from_bytes(config, "module", guest, sizeof guest, error);
}

static const struct domain *domain_of(const struct fuzz_module *m)
{
    return ring1_machine_vcpu(m->machine, 0)->domain;
}

static char *plain_signature(unsigned nargs)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < MIN(nargs, 5u); i++)
        g_string_append_printf(text, "%sa%u:hex", i ? ", " : "", i);
    return g_string_free(text, FALSE);
}

static void add_row(struct fuzz_module *m, uint32_t nr, const struct hypercall_slot *slot)
{
    const char *(*signature)(uint32_t) = NULL;
    *(void **)&signature = dlsym(m->object, "ring1_module_signature");
    const char *text = signature ? signature(nr) : NULL;
    struct hypercall row = {
        .nr = nr,
        .name = g_strdup_printf("hypercall_%u", nr),
        .class = "module",
        .nargs = slot->nargs,
        .signature = text ? g_strdup(text) : plain_signature(slot->nargs),
        .from = RING1_XEN_2_0,
        .to = RING1_XEN_4_17,
        .service = HC_SERVED,
    };
    g_array_append_val(m->rows, row);
}

static bool find_handlers(struct fuzz_module *m, const char *path, GError **error)
{
    const struct domain *d = domain_of(m);
    for (uint32_t nr = 0; nr <= HIGHEST_NUMBER; nr++) {
        const struct hypercall_slot *slot = hypercall_slot(d, nr);
        if ((nr & d->abi->number_mask) == nr && slot && slot->user_fn)
            add_row(m, nr, slot);
    }
    if (m->rows->len)
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "%s: it registered no hypercall of a number up to %u",
                path, HIGHEST_NUMBER);
    return false;
}

static bool load(struct fuzz_module *m, const char *path, GError **error)
{
    bool (*registers)(ring1_machine *, GError **) = NULL;
    g_autofree char *file = strchr(path, '/') ? g_strdup(path) : g_strconcat("./", path, NULL);
    if ((m->object = dlopen(file, RTLD_NOW | RTLD_LOCAL)))
        *(void **)&registers = dlsym(m->object, "ring1_module_register");
    if (!registers) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "%s", dlerror());
        return false;
    }
    return registers(m->machine, error) && find_handlers(m, path, error);
}

struct fuzz_module *fuzz_module_open(const char *path, struct fuzz_grammars *g, int pair, GError **error)
{
    struct fuzz_module *m = g_new0(struct fuzz_module, 1);
    m->rows = g_array_new(FALSE, TRUE, sizeof(struct hypercall));
    /* Of a Xen that wraps no numbers, unless another is asked for. */
    const struct fuzz_grammar *of = g->of[pair >= 0 ? (unsigned)pair : g->nr - 1];
    bool ok = (m->machine = new_machine(of->abi, error)) && load(m, path, error);
    for (unsigned i = 0; ok && i < g->nr; i++)
        ok = fuzz_grammar_replace(g->of[i], (const struct hypercall *)(void *)m->rows->data, m->rows->len,
                                  error);
    if (ok)
        return m;
    fuzz_module_close(m);
    return NULL;
}

void fuzz_module_close(struct fuzz_module *m)
{
    if (!m)
        return;
    for (guint i = 0; i < m->rows->len; i++) {
        const struct hypercall *row = &g_array_index(m->rows, struct hypercall, i);
        g_free((char *)(uintptr_t)row->name);
        g_free((char *)(uintptr_t)row->signature);
    }
    g_array_unref(m->rows);
    ring1_machine_free(m->machine);
    if (m->object)
        dlclose(m->object);
    g_free(m);
}

void fuzz_module_prepare(void *module, struct world *w)
{
    fuzz_module_install(module, w);
}

void fuzz_module_install(struct fuzz_module *m, struct world *w)
{
    struct domain *d = w->d;
    d->machine = m->machine;
    for (guint i = 0; i < m->rows->len; i++) {
        uint32_t nr = g_array_index(m->rows, struct hypercall, i).nr;
        const struct hypercall_slot *from = hypercall_slot(domain_of(m), nr);
        if (nr < NR_HYPERCALLS) {
            d->table[nr] = *from;
            continue;
        }
        if (!d->extra)
            d->extra = g_hash_table_new_full(NULL, NULL, NULL, g_free);
        g_hash_table_insert(d->extra, GUINT_TO_POINTER(nr), g_memdup2(from, sizeof *from));
    }
}
