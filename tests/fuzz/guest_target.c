/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * guest_target.c - see guest_target.h.
 */
#include "guest_target.h"

#define MEMORY_MIB 16u
#define BUDGET_NS  20000000u

static bool find(ring1_machine *m, const char *name, uint32_t *address, uint32_t *size, GError **error)
{
    if (!ring1_target_symbol(m, name, address, size))
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "the guest has no symbol %s", name);
    return error == NULL || *error == NULL;
}

static bool at_start(struct guest_target *g, struct ring1_target_setup *setup, GError **error)
{
    struct ring1_budget budget = RING1_BUDGET_UNLIMITED;
    uint32_t start, unused;
    unsigned which;
    budget.until_ns = G_GUINT64_CONSTANT(10000000000);
    setup->budget_ns = BUDGET_NS;
    setup->nr_until = 1;
    return find(g->machine, "ring1_fuzz_start", &start, &unused, error) &&
           find(g->machine, "ring1_fuzz_done", &setup->until[0], &unused, error) &&
           find(g->machine, "ring1_fuzz_length", &setup->length, &unused, error) &&
           find(g->machine, "ring1_fuzz_input", &setup->buffer, &setup->size, error) &&
           ring1_target_goto(g->machine, &start, 1, &budget, &which, error);
}

bool guest_target_start(struct guest_target *g, const char *image, GError **error)
{
    g_autoptr(ring1_config) config = ring1_config_new();
    struct ring1_target_setup setup = {0};
    *g = (struct guest_target){0};
    config->memory_mib = MEMORY_MIB;
    g_free(config->cmdline);
    config->cmdline = g_strdup("calls=all");
    if (!(g->machine = ring1_machine_new_from_file(config, image, error)) || !at_start(g, &setup, error) ||
        !(g->target = ring1_target_new(g->machine, &setup, error)))
        return false;
    const struct fuzz_guest_setup how = {
        .machine = g->machine, .target = g->target, .max = setup.size, .host_only = true};
    g->fuzz = fuzz_guest_new(&how);
    return true;
}

void guest_target_clear(struct guest_target *g)
{
    fuzz_guest_free(g->fuzz);
    ring1_target_free(g->target);
    ring1_machine_free(g->machine);
    *g = (struct guest_target){0};
}
