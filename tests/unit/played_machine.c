/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * played_machine.c - see played_machine.h.
 */
#include "played_machine.h"

#include "dispatch/preempt.h"

struct ring1_machine machine;

struct fixture *play_machine(enum ring1_abi abi, enum ring1_xen xen)
{
    machine = (struct ring1_machine){.abi = abi, .xen = xen, .calls = 1};
    struct fixture *f = fixture_new(abi, xen);
    preempt_begin_anew(f->d); /* of what the fixture did */
    f->now = 12 * G_GUINT64_CONSTANT(1000000000) + 34;
    f->v->regs.eip = 0xC0100002;
    f->v->regs.cs = 0xE019;
    f->v->regs_loaded = true;
    return f;
}

enum ring1_abi ring1_machine_abi(const ring1_machine *m)
{
    return m->abi;
}

enum ring1_xen ring1_machine_xen(const ring1_machine *m)
{
    return m->xen;
}

uint64_t ring1_machine_hypercalls(const ring1_machine *m)
{
    return m->calls;
}

void ring1_machine_set_watch(ring1_machine *m, const struct ring1_watch *watch, void *user)
{
    m->watch = *watch;
    m->user = user;
}

uint32_t ring1_vcpu_call_site(ring1_vcpu *v)
{
    return v->regs.eip - 2;
}

ring1_machine *ring1_vcpu_machine(G_GNUC_UNUSED ring1_vcpu *v)
{
    return &machine;
}

const char *ring1_machine_symbol(ring1_machine *m, uint32_t va, bool is_return)
{
    return m->symbol ? m->symbol(va, is_return) : NULL;
}

/* A function of one frame, kept until the next is asked for. */
unsigned ring1_machine_code_frames(ring1_machine *m, uint32_t va, bool is_return,
                                   const struct ring1_code_frame **frames)
{
    static struct ring1_code_frame frame;
    static char source[64];
    g_autofree char *text = m->source ? m->source(va) : NULL;
    g_strlcpy(source, text ? text : "", sizeof source);
    frame = (struct ring1_code_frame){.name = ring1_machine_symbol(m, va, is_return),
                                      .source = text ? source : NULL};
    *frames = &frame;
    return 1;
}

unsigned ring1_vcpu_stack(ring1_vcpu *v, struct ring1_stack_frame *frames, G_GNUC_UNUSED unsigned max)
{
    return machine.stack ? machine.stack(v, frames) : 0;
}

GQuark ring1_error_quark(void)
{
    return g_quark_from_static_string("ring1-error");
}
