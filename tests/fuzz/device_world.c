/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * device_world.c - see device_world.h.
 */
#include "device_world.h"

#include "dispatch/evtchn.h"
#include "dispatch/grant.h"
#include "dispatch/page_type.h"
#include "dispatch/shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void finding(const char *what)
{
    fprintf(stderr, "finding: %s\n", what);
    abort();
}

uint32_t feed_interesting(struct feed *f)
{
    static const uint32_t values[] = {0,   1,    2,    7,          8,          11,         12,        31,
                                      32,  33,   63,   64,         255,        256,        257,       511,
                                      512, 4095, 4096, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF};
    uint8_t which = feed_byte(f);
    if (which < G_N_ELEMENTS(values))
        return values[which];
    return which < 128 ? which - 32u : feed_bytes(f, 4);
}

struct world *device_world(void)
{
    static struct world *w; /* a fuzz target is a process */
    if (w) {
        world_reset(w);
        return w;
    }
    g_autoptr(GError) error = NULL;
    const struct world_setup setup = {.abi = abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17),
                                      .nr_pages = 256};
    w = world_new(&setup, &error);
    if (!w || !world_start(w, &error))
        finding(error->message);
    return w;
}

struct xenstore *device_world_xenstore(struct world *w)
{
    struct xenstore *x = xenstore_new(w->d, "fuzz");
    grant_init(w->d);
    for (uint32_t i = 0; i < FRONT_PAGES; i++) {
        struct grant_entry *entry = grant_entry(w->d, FRONT_REF + i);
        *entry = (struct grant_entry){.flags = 1, .frame = w->p2m[FRONT_PFN + i]};
    }
    return x;
}

static void change_grant(struct world *w, struct feed *f)
{
    struct grant_entry *entry = grant_entry(w->d, feed_byte(f));
    uint32_t frame = feed_byte(f);
    if (!entry)
        return;
    entry->flags = (uint16_t)(entry->flags & 0x18) | feed_byte(f) % 8u;
    entry->domid = feed_byte(f) % 2u;
    entry->frame = frame < 128   ? w->p2m[FRONT_PFN + frame % FRONT_PAGES]
                   : frame < 250 ? frame
                                 : feed_bytes(f, 4);
}

static void change_page(struct world *w, struct feed *f)
{
    uint8_t *page = world_page(w, FRONT_PFN + feed_byte(f) % FRONT_PAGES);
    uint32_t at = feed_bytes(f, 2) % (RING1_PAGE_SIZE - 4);
    store32(page + at, feed_interesting(f));
}

static void change_channel(struct world *w, struct feed *f)
{
    /* alloc_unbound{SELF, 0}, close{port} */
    uint8_t bytes[8] = {0xF0, 0x7F};
    uint32_t cmd = feed_byte(f) % 2 ? 6 : 3;
    if (cmd == 3)
        store32(bytes, feed_byte(f));
    world_poke(w, GVA(w->arena.va), bytes, sizeof bytes);
    world_call(w, 32, (uint32_t[MAX_HYPERCALL_ARGS]){cmd, w->arena.va});
}

void device_world_channel(struct world *w, struct xenstore *x, const char *front)
{
    const uint32_t alloc[2] = {0x7FF0}; /* itself, domain 0 */
    uint32_t port = 0;
    world_poke(w, w->arena, alloc, sizeof alloc);
    world_call(w, 32, (uint32_t[MAX_HYPERCALL_ARGS]){6 /* alloc_unbound */, w->arena.va});
    guest_read(&w->d->s.vcpu[0], GVA(w->arena.va + 4), &port, 4);
    g_autofree char *node = g_strdup_printf("%s/event-channel", front);
    g_autofree char *text = g_strdup_printf("%u", port);
    xenstore_write(x, node, text);
}

void device_world_step(struct world *w, struct xenstore *x, struct feed *f, const char *front,
                       const char *const *nodes, unsigned nr_nodes)
{
    switch (feed_byte(f) % 5) {
    case 0:
        change_grant(w, f);
        break;
    case 1:
    case 2:
        change_page(w, f);
        break;
    case 3:
        change_channel(w, f);
        break;
    case 4: {
        const char *name = nodes[feed_byte(f) % nr_nodes];
        g_autofree char *path = g_strconcat(front, "/", name, NULL);
        uint8_t kind = feed_byte(f);
        g_autofree char *value = g_strdup_printf("%u", strcmp(name, "state") == 0 ? kind % 9u : kind);
        if (kind == 255)
            xenstore_rm(x, kind % 2 ? path : front);
        else
            xenstore_write(x, path, kind == 254 ? "x86_64-abi" : value);
        break;
    }
    }
}

void device_world_check(struct world *w)
{
    g_autoptr(GString) report = g_string_new(NULL);
    if (!page_recount(w->d, report))
        finding(report->str);
}
