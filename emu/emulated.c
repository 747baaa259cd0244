/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * emulated.c - see emulated.h.
 */
#include "emulated.h"

#include "dispatch/traps.h"

#include <string.h>

#define TEXT_MAX 160u

static void copy_registers(struct vcpu *v, uint32_t to[8])
{
    struct regs r = *vcpu_regs(v);
    for (unsigned i = 0; i < 8; i++)
        to[i] = *insn_register(&r, i);
}

void emulated_begin(struct emulated *e, struct vcpu *v, const uint8_t *bytes, unsigned length)
{
    e->wanted = event_wanted(v->domain, RING1_EVENT_EMULATED);
    if (G_LIKELY(!e->wanted))
        return;
    e->event = event_here(v, RING1_EVENT_EMULATED);
    struct ring1_emulated_event *what = &e->event.emulated;
    *what = (struct ring1_emulated_event){.length = (uint8_t)MIN(length, sizeof what->bytes)};
    memcpy(what->bytes, bytes, what->length);
    copy_registers(v, what->before);
    (void)segment_base_peek(v, vcpu_regs(v)->cs, &e->code32);
}

void emulated_end(const struct emulated *e, struct insn_cache *insns, struct vcpu *v, const char *text)
{
    if (G_LIKELY(!e->wanted))
        return;
    struct ring1_event event = e->event;
    struct ring1_emulated_event *what = &event.emulated;
    char own[TEXT_MAX];
    copy_registers(v, what->after);
    if (!text)
        insn_text(insns, what->bytes, what->length, event.eip, e->code32, own, sizeof own);
    what->text = text ? text : own;
    event_tell(v, &event);
}
