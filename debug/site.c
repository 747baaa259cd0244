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

static void append(GString *out, struct vcpu *v, uint32_t eip, bool is_return)
{
    const char *name = ring1_machine_symbol(ring1_vcpu_machine(v), eip, is_return);
    if (name)
        g_string_append(out, name);
    else
        g_string_append_printf(out, "%#x", eip);
}

void site_append(GString *out, struct vcpu *v, uint32_t eip)
{
    append(out, v, eip, false);
}

static void append_frame(GString *out, struct vcpu *v, const struct ring1_stack_frame *f, bool is_return,
                         const char *indent)
{
    g_autofree char *source = ring1_machine_source(ring1_vcpu_machine(v), f->eip, is_return);
    g_string_append_printf(out, "%s > %s", indent, f->guess ? "? " : "");
    append(out, v, f->eip, is_return);
    if (source)
        g_string_append_printf(out, " [%s]", source);
    g_string_append_c(out, '\n');
}

void site_append_stack(GString *out, struct vcpu *v, uint32_t eip, const char *indent)
{
    struct ring1_stack_frame frames[STACK_FRAMES];
    unsigned n = ring1_vcpu_stack(v, frames, STACK_FRAMES);
    if (n == 0)
        return;
    frames[0].eip = eip; /* the instruction, not what is behind it */
    for (unsigned i = 0; i < n; i++)
        append_frame(out, v, &frames[i], i > 0, indent);
}
