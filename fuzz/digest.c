/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * digest.c - see digest.h and fuzz_digest of check.h.
 */
#include "digest.h"

#include "check.h"
#include "dispatch/grant.h"

#include <string.h>

const char *const fuzz_part_names[] = {"a frame's owner, type or counts",
                                       "event channels",
                                       "the grant table",
                                       "a vcpu",
                                       "a timer",
                                       "the domain"};

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9E3779B97F4A7C15ull;
    return h ^ h >> 29;
}

static uint64_t bytes(uint64_t h, const void *from, size_t len)
{
    const uint8_t *p = from;
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        h = mix(h, v);
    }
    for (; len; p++, len--)
        h = mix(h, *p);
    return h;
}

#define FIELD(h, s, field) bytes(h, &(s)->field, sizeof(s)->field)
/* From one field up to another. */
#define FROM_TO(h, s, type, first, beyond)                                                                   \
    bytes(h, &(s)->first, G_STRUCT_OFFSET(type, beyond) - G_STRUCT_OFFSET(type, first))

/* Types of frames that nobody uses may change: they stay as they were used last. */
static uint64_t frames(const struct world *w, bool exact)
{
    uint64_t h = 1;
    for (uint32_t i = 0; i < w->mem->nr_frames; i++) {
        const struct frame *f = &w->mem->frames[i];
        if (f->owner == OWNER_NOBODY || f->owner == OWNER_DOMID_IO)
            continue;
        uint64_t kind = f->type_count || exact ? (uint64_t)f->type << 8 | f->flags
                                               : f->flags & (PGF_PINNED | PGF_ALLOCATED | PGF_SHARED);
        h = mix(h, (uint64_t)f->count << 32 | f->type_count);
        h = mix(h, (uint64_t)i << 32 | (uint32_t)f->owner << 16 | kind);
    }
    return h;
}

static uint64_t vcpu(uint64_t h, const struct vcpu *v)
{
    h = FROM_TO(h, v, struct vcpu, cr3, nmi_pending);
    h = FIELD(h, v, fpu);
    h = FROM_TO(h, v, struct vcpu, gdt_entries, singleshot);
    h = FIELD(h, v, virq_port);
    return FROM_TO(h, v, struct vcpu, runstate_area, time_updated);
}

/* What follows from the time at which something was done. */
static uint64_t vcpu_time(uint64_t h, const struct vcpu *v)
{
    h = FROM_TO(h, v, struct vcpu, initialised, attention);
    return FROM_TO(h, v, struct vcpu, singleshot, virq_port);
}

/* How many were looked at does not count. */
static uint64_t ports(const struct domain_state *s)
{
    uint64_t h = 1;
    for (unsigned i = 0; i < s->evtchn_top; i++)
        if (s->evtchn[i].kind != ECS_FREE)
            h = bytes(mix(h, i), &s->evtchn[i], sizeof s->evtchn[i]);
    return h;
}

void fuzz_parts(const struct world *w, struct fuzz_parts *out)
{
    const struct domain_state *s = &w->d->s;
    out->part[PART_FRAMES] = frames(w, false);
    out->part[PART_PORTS] = ports(s);
    out->part[PART_GRANTS] = FIELD(1, s, grant);
    uint64_t h = 1;
    for (unsigned i = 0; i < s->nr_vcpus; i++)
        h = vcpu(h, &s->vcpu[i]);
    out->part[PART_VCPUS] = h;
    h = FIELD(1, s, watchdog);
    for (unsigned i = 0; i < s->nr_vcpus; i++)
        h = vcpu_time(h, &s->vcpu[i]);
    out->part[PART_TIMES] = h;
    h = FROM_TO(1, s, struct domain_state, tot_pages, shutdown);
    h = FIELD(h, s, pirqs);
    h = FIELD(h, s, pirq_eoi_map);
    out->part[PART_DOMAIN] = FIELD(h, s, xenoprof);
}

/* --- everything ---------------------------------------------------------------------------------- */

/* Frames that anybody wrote to since the start, and Xen's own. */
static uint64_t memory(uint64_t h, const struct world *w)
{
    for (uint32_t i = 0; i < w->mem->nr_frames; i++) {
        const struct frame *f = &w->mem->frames[i];
        bool xens = f->owner == OWNER_DOMID_XEN || (f->flags & PGF_SHARED);
        if (!(w->mem->marks[i] & MARK_DIRTY) && !xens)
            continue;
        h = mix(h, i);
        h = bytes(h, frame_ptr(w->mem, MFN(i)), RING1_PAGE_SIZE);
    }
    return h;
}

uint64_t fuzz_digest(const struct world *w, bool stopped)
{
    const struct domain_state *s = &w->d->s;
    struct fuzz_parts parts;
    fuzz_parts(w, &parts);
    if (stopped)
        parts.part[PART_TIMES] = 0;
    uint64_t h = bytes(frames(w, true), &parts, sizeof parts);
    h = mix(h, s->shutdown);
    h = mix(h, s->crashed);
    if (stopped)
        return h;
    h = memory(h, w);
    h = mix(h, w->now);
    for (unsigned i = 0; i < s->nr_vcpus; i++) {
        const struct regs *r = &s->vcpu[i].regs;
        h = FROM_TO(h, r, struct regs, eax, cs);
    }
    return h;
}
