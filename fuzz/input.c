/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * input.c - inputs as bytes, and back.
 */
#include "input.h"

#include "dispatch/abi.h"

#include <string.h>

#define HEADER_BYTES 4u
#define STEP_BYTES   4u
#define SAID_BYTES   8u

struct fuzz_grammars *fuzz_grammars_new(void)
{
    struct fuzz_grammars *g = g_new0(struct fuzz_grammars, 1);
    const struct abi *const *all = abi_all();
    for (; all[g->nr] && g->nr < G_N_ELEMENTS(g->of); g->nr++)
        g->of[g->nr] = fuzz_grammar_new(all[g->nr]);
    return g;
}

void fuzz_grammars_free(struct fuzz_grammars *g)
{
    if (!g)
        return;
    for (unsigned i = 0; i < g->nr; i++)
        fuzz_grammar_free(g->of[i]);
    g_free(g);
}

static uint32_t get(const uint8_t *p, unsigned n)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < n; i++)
        v |= (uint32_t)p[i] << 8 * i;
    return v;
}

static void put(uint8_t *p, uint32_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* The step's head: false when the Xen has nothing of the kind. */
static bool decode_head(const struct fuzz_grammar *g, const uint8_t *p, struct fuzz_step *s)
{
    *s = (struct fuzz_step){.what = p[0],
                            .command = p[1],
                            .n = (p[2] & 7u) % (FUZZ_MAX_LIST + 1),
                            .vcpu = p[2] >> 3 & 3u,
                            .listed = p[2] >> 5 & 1u,
                            .place = p[2] >> 6,
                            .call = -1};
    if (!fuzz_is_call(s))
        return s->what < FUZZ_NR_WHAT;
    int call = fuzz_grammar_find(g, s->what, s->command);
    if (call < 0)
        return false;
    s->call = (int16_t)call;
    s->command = (uint8_t)fuzz_call_command(&g->calls[call]);
    return true;
}

void fuzz_decode(const struct fuzz_grammars *g, const uint8_t *bytes, size_t len, struct fuzz_input *out)
{
    out->nr_steps = 0;
    out->pair = (uint8_t)(len > 0 ? bytes[0] % g->nr : 0);
    out->preempt = len > 1 ? bytes[1] : 0;
    const struct fuzz_grammar *grammar = fuzz_grammar_of(g, out);
    for (size_t at = HEADER_BYTES; at + STEP_BYTES <= len && out->nr_steps < FUZZ_MAX_STEPS;) {
        struct fuzz_step *s = &out->step[out->nr_steps];
        unsigned nr = bytes[at + 3];
        bool known = decode_head(grammar, bytes + at, s);
        at += STEP_BYTES;
        for (unsigned i = 0; i < nr && at + SAID_BYTES <= len; i++, at += SAID_BYTES) {
            const uint8_t *p = bytes + at;
            if (s->nr_said < FUZZ_MAX_SAID && p[0] < FUZZ_MAX_SLOTS)
                s->said[s->nr_said++] =
                    (struct fuzz_said){p[0], p[1] % FUZZ_NR_KINDS, (uint16_t)get(p + 2, 2), get(p + 4, 4)};
        }
        out->nr_steps += known;
    }
}

/* It may be what a child left in memory that it shared: no count is believed. */
size_t fuzz_encode(const struct fuzz_input *in, uint8_t *bytes)
{
    size_t at = HEADER_BYTES;
    unsigned nr_steps = MIN(in->nr_steps, FUZZ_MAX_STEPS);
    put(bytes, (uint32_t)in->preempt << 8 | in->pair, HEADER_BYTES);
    for (unsigned i = 0; i < nr_steps; i++) {
        const struct fuzz_step *s = &in->step[i];
        unsigned nr_said = MIN(s->nr_said, FUZZ_MAX_SAID);
        bytes[at] = s->what;
        bytes[at + 1] = s->command;
        bytes[at + 2] = (uint8_t)(s->n | (s->vcpu & 3u) << 3 | (s->listed & 1u) << 5 | (s->place & 3u) << 6);
        bytes[at + 3] = (uint8_t)nr_said;
        at += STEP_BYTES;
        for (unsigned k = 0; k < nr_said; k++, at += SAID_BYTES) {
            const struct fuzz_said *v = &s->said[k];
            bytes[at] = v->slot;
            bytes[at + 1] = v->kind;
            put(bytes + at + 2, v->a, 2);
            put(bytes + at + 4, v->b, 4);
        }
    }
    return at;
}

void fuzz_copy(struct fuzz_input *to, const struct fuzz_input *from)
{
    to->pair = from->pair;
    to->preempt = from->preempt;
    to->nr_steps = from->nr_steps;
    for (unsigned i = 0; i < from->nr_steps; i++)
        fuzz_copy_step(&to->step[i], &from->step[i]);
}
