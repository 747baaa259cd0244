/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * raw_machine.h - a small machine with some code at RAW_START, kept as it starts.
 */
#ifndef TESTS_FUZZ_RAW_MACHINE_H
#define TESTS_FUZZ_RAW_MACHINE_H

#include "must.h"

#define RAW_START 0x100000u

struct raw_machine {
    ring1_machine *m;
    ring1_snapshot *start;
};

/* 4 MiB, two vcpus; `code`, of at most a page, has the rest of its page as zeroes. */
static inline void raw_machine_make(struct raw_machine *r, const uint8_t *code, size_t len)
{
    ring1_config *c = ring1_config_new();
    uint8_t *image = g_malloc0(0x1000);
    memcpy(image, code, len);
    c->memory_mib = 4;
    c->vcpus = 2;
    c->raw_address = RAW_START;
    r->m = ring1_machine_new_from_bytes(c, "raw", image, 0x1000, NULL);
    must(r->m != NULL, "there is no machine");
    r->start = ring1_machine_save(r->m);
    g_free(image);
    ring1_config_free(c);
}

static inline void raw_machine_restart(const struct raw_machine *r)
{
    must(ring1_machine_restore(r->m, r->start, NULL), "the machine cannot be put back");
}

#endif
