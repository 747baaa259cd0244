/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * site.c - see site.h.
 */
#include "site.h"

#include <ring1/ring1.h>

#define STACK_FRAMES 16u

void site_of_call(struct vcpu *v, uint32_t *eip, unsigned *ring)
{
    *eip = ring1_vcpu_call_site(v);
    *ring = 1; /* from others `int $0x82` is no hypercall */
}

void site_append(GString *out, struct vcpu *v, uint32_t eip)
{
    const char *name = ring1_machine_symbol(ring1_vcpu_machine(v), eip, false);
    if (name)
        g_string_append(out, name);
    else
        g_string_append_printf(out, "%#x", eip);
}

static void tell_frames(struct vcpu *v, const struct ring1_stack_frame *f, bool is_return, site_frame_fn fn,
                        void *user)
{
    const struct ring1_code_frame *frames;
    unsigned n = ring1_machine_code_frames(ring1_vcpu_machine(v), f->eip, is_return, &frames);
    for (unsigned i = 0; i < n; i++)
        fn(user, &(struct site_frame){.eip = f->eip,
                                      .guess = f->guess,
                                      .inlined = frames[i].inlined,
                                      .name = frames[i].name,
                                      .source = frames[i].source});
}

void site_stack(struct vcpu *v, uint32_t eip, site_frame_fn fn, void *user)
{
    struct ring1_stack_frame frames[STACK_FRAMES];
    unsigned n = ring1_vcpu_stack(v, frames, STACK_FRAMES);
    if (n == 0)
        return;
    frames[0].eip = eip; /* the instruction, not what is behind it */
    for (unsigned i = 0; i < n; i++)
        tell_frames(v, &frames[i], i > 0, fn, user);
}

struct appending {
    GString *out;
    const char *indent;
};

static void append_frame(void *user, const struct site_frame *f)
{
    const struct appending *a = user;
    g_string_append_printf(a->out, "%s > %s", a->indent, f->guess ? "? " : "");
    if (f->name)
        g_string_append(a->out, f->name);
    else
        g_string_append_printf(a->out, "%#x", f->eip);
    if (f->inlined)
        g_string_append(a->out, " (inlined)");
    if (f->source)
        g_string_append_printf(a->out, " [%s]", f->source);
    g_string_append_c(a->out, '\n');
}

void site_append_stack(GString *out, struct vcpu *v, uint32_t eip, const char *indent)
{
    site_stack(v, eip, append_frame, &(struct appending){out, indent});
}
