/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * traps.c - the frames of exceptions, upcalls and callbacks: docs/xen-abi.md 6.2
 * to 6.4 (create_bounce_frame of arch/x86/x86_32/entry.S and
 * arch/x86/x86_64/compat/entry.S).
 */
#include "traps.h"

#include "access.h"
#include "event.h"
#include "shared.h"

/* Bits of EFLAGS that delivery clears: TF, VM, RF, NT. */
#define EFLAGS_DELIVERY_CLEARS    (EFLAGS_TF | EFLAGS_VM | EFLAGS_RF | EFLAGS_NT)
#define VMASST_ARCHITECTURAL_IOPL (1u << 4)

bool trap_has_error_code(unsigned vector)
{
    return vector < 32 && ((0x27D00u >> vector) & 1u); /* 8, 10..14, 17 */
}

/* The frame of the GDT that holds an entry. */
static bool gdt_frame(const struct vcpu *v, unsigned entry, mfn_t *mfn)
{
    const struct domain *d = v->domain;
    unsigned first = d->abi->first_reserved_gdt;
    unsigned frame = entry / 512;
    if (first >= 512 && frame == first / 512) /* Xen's own page */
        *mfn = d->s.gdt_reserved;
    else if (frame * 512u < v->gdt_entries && frame < MAX_GDT_FRAMES)
        *mfn = v->gdt[frame];
    else if (first < 512 && frame == 0) /* 2.0's default GDT */
        *mfn = d->s.gdt_reserved;
    else
        return false;
    return true;
}

bool selector_descriptor(struct vcpu *v, uint16_t selector, uint64_t *descriptor)
{
    unsigned entry = selector >> 3;
    mfn_t mfn;
    if (selector & 4) /* LDT */
        return entry < v->ldt_entries && guest_read(v, GVA(v->ldt_base + entry * 8u), descriptor, 8) == 0;
    if (!gdt_frame(v, entry, &mfn))
        return false;
    *descriptor = ((const uint64_t *)frame_ptr(v->domain->mem, mfn))[entry % 512];
    return true;
}

uint64_t *selector_place(struct vcpu *v, uint16_t selector, mfn_t *frame)
{
    unsigned entry = selector >> 3;
    struct walk w;
    if (!(selector & 4)) {
        if (!gdt_frame(v, entry, frame))
            return NULL;
    } else {
        if (entry >= v->ldt_entries ||
            guest_walk(v, GVA(v->ldt_base + entry * 8u), ACCESS_READ, false, false, &w) != WALK_OK)
            return NULL;
        *frame = w.mfn;
    }
    return (uint64_t *)frame_ptr(v->domain->mem, *frame) + entry % 512; /* LDTs are page-aligned */
}

bool selector_base(struct vcpu *v, uint16_t selector, uint32_t *base)
{
    uint64_t desc;
    if (selector == v->domain->abi->kernel_ds || selector == v->domain->abi->user_ds) {
        *base = 0;
        return true;
    }
    if ((selector & ~3u) == 0 || !selector_descriptor(v, selector, &desc))
        return false;
    if (!(desc & (1ull << 47)) || !(desc & (1ull << 44))) /* present, code or data */
        return false;
    *base = (uint32_t)((desc >> 16) & 0xFFFFFFu) | (uint32_t)((desc >> 32) & 0xFF000000u);
    return true;
}

uint32_t segment_base_peek(struct vcpu *v, uint16_t selector, bool *code32)
{
    const struct abi *abi = v->domain->abi;
    uint64_t desc = 0;
    bool found;
    *code32 = true;
    if (selector == abi->kernel_cs || selector == abi->kernel_ds || selector == abi->user_cs ||
        selector == abi->user_ds)
        return 0;
    if (selector & 4) { /* selector_descriptor would set accessed bits */
        uint32_t entry = selector >> 3;
        found = entry < v->ldt_entries && guest_peek(v, GVA(v->ldt_base + entry * 8u), &desc, 8) == 0;
    } else {
        found = selector_descriptor(v, selector, &desc);
    }
    if (!found)
        return 0;
    *code32 = (desc & (1ull << 54)) != 0;
    return (uint32_t)((desc >> 16) & 0xFFFFFFu) | (uint32_t)((desc >> 32) & 0xFF000000u);
}

/* A frame in the making: words at increasing addresses. */
struct bounce {
    uint32_t word[12];
    unsigned n;
    unsigned eip_at;                 /* the word that is EIP */
    struct exception_record *record; /* where to note the frame's place, or NULL */
};

static void push(struct bounce *b, uint32_t word)
{
    b->word[b->n++] = word;
}

/* What goes below: EIP, CS with the saved mask, EFLAGS, and ESP, SS from an
 * outer ring. The CPU sets RF in the frame of a fault, so that the instruction
 * is not stopped at again by a breakpoint that was reported before it. */
static void push_return(struct vcpu *v, struct bounce *b, bool fault)
{
    const struct abi *abi = v->domain->abi;
    const struct regs *r = &v->regs;
    bool rf = fault && abi->xen >= RING1_XEN_4_17; /* not as the old ones were measured */
    uint32_t cs = r->cs, eflags = rf ? r->eflags | EFLAGS_RF : r->eflags;
    if (abi->frame_has_mask) {
        uint8_t mask = vcpu_info(v)[1];
        cs |= (uint32_t)mask << 16;
        eflags = mask ? eflags & ~EFLAGS_IF : eflags | EFLAGS_IF;
    }
    if (v->domain->s.vm_assist & VMASST_ARCHITECTURAL_IOPL)
        eflags = (eflags & ~EFLAGS_IOPL) | v->iopl << 12;
    b->eip_at = b->n;
    push(b, r->eip);
    push(b, cs);
    push(b, eflags);
    if (r->cs & 2) {
        push(b, r->esp);
        push(b, r->ss);
    }
}

/* A native Xen writes frames through the stack's segment, and faults at its end;
 * 4.17 looks at its base alone. */
static bool beyond_segment(struct vcpu *v, uint16_t ss, uint32_t offset, uint32_t bytes)
{
    const struct domain *d = v->domain;
    uint64_t desc;
    if (!d->segment_limits || d->abi->xen >= RING1_XEN_4_17 || ss == d->abi->kernel_ds ||
        !selector_descriptor(v, ss, &desc))
        return false;
    uint32_t limit = (uint32_t)(desc & 0xFFFFu) | (uint32_t)((desc >> 32) & 0xF0000u);
    if (desc & 1ull << 55)
        limit = limit << 12 | 0xFFFu;
    bool down = !(desc & 1ull << 43) && (desc & 1ull << 42);
    uint32_t top = desc & 1ull << 54 ? UINT32_MAX : 0xFFFFu, last = offset + bytes - 1;
    return last < offset || (down ? offset <= limit || last > top : last > limit);
}

/* Put the frame on the kernel's stack and enter the handler. False: crashed. */
static bool enter(struct vcpu *v, const struct bounce *b, uint16_t cs, uint32_t eip)
{
    struct domain *d = v->domain;
    struct regs *r = vcpu_regs_mut(v);
    bool outer = (r->cs & 2) != 0;
    uint16_t ss = outer ? (uint16_t)v->kernel_ss : r->ss;
    uint32_t esp = (outer ? v->kernel_sp : r->esp) - b->n * 4u;
    uint32_t base;
    if (!selector_base(v, ss, &base)) {
        domain_crash(d, "no stack for a frame: SS %#06x cannot be used", ss);
        return false;
    }
    if (beyond_segment(v, ss, esp, b->n * 4u) || guest_write(v, GVA(base + esp), b->word, b->n * 4u)) {
        domain_crash_at(d, CRASH_WRITE, base + esp,
                        "fault while a frame of %u words is written at %#010x (SS:ESP %#06x:%#010x)", b->n,
                        base + esp, ss, esp);
        return false;
    }
    if (b->record) {
        b->record->frame = base + esp + b->eip_at * 4u;
        b->record->has_frame = true;
    }
    r->ss = ss;
    r->esp = esp;
    r->cs = cs;
    r->eip = eip;
    r->eflags &= ~EFLAGS_DELIVERY_CLEARS;
    return true;
}

static bool handler_missing(const struct abi *abi, uint16_t cs, uint32_t eip)
{
    if (abi->xen == RING1_XEN_2_0)
        return false; /* it jumps to cs:0 */
    if (abi->xen == RING1_XEN_3_0_0)
        return eip == 0;
    return (cs & ~3u) == 0;
}

/* For the report of the guest's end. */
static struct exception_record *remember(struct vcpu *v, unsigned vector, uint32_t error, bool has_error)
{
    struct domain_state *s = &v->domain->s;
    const struct regs *r = &v->regs;
    if (s->nr_exceptions) {
        struct exception_record *last = &s->exception[(s->nr_exceptions - 1) % LAST_EXCEPTIONS];
        if (last->vcpu == v->id && last->vector == vector && last->error == error && last->cr2 == v->cr2 &&
            last->regs.eip == r->eip && last->regs.cs == r->cs) {
            last->times++;
            last->has_frame = false;
            last->regs = *r;
            return last;
        }
    }
    struct exception_record *e = &s->exception[s->nr_exceptions++ % LAST_EXCEPTIONS];
    *e = (struct exception_record){
        .ns = domain_now(v->domain),
        .times = 1,
        .vector = vector,
        .vcpu = (uint8_t)v->id,
        .error = error,
        .has_error = has_error,
        .cr2 = v->cr2,
        .regs = *r,
    };
    return e;
}

/* What the CPU raised before the instruction was done, as against traps after it. */
static bool is_fault(unsigned vector)
{
    return vector < 32 && ((0xB7CE1u >> vector) & 1u); /* 0, 5..7, 10..14, 16, 17, 19 */
}

/* What an exception is, beside its vector. */
#define HAS_ERROR 1u
#define IS_FAULT  2u /* see is_fault */
#define SOFTWARE  4u /* an instruction asked for it */

static void tell(struct vcpu *v, unsigned vector, uint32_t error, unsigned how)
{
    const struct trap_gate *gate = &v->traps[vector];
    if (!event_wanted(v->domain, RING1_EVENT_EXCEPTION))
        return;
    bool exists = !handler_missing(v->domain->abi, gate->cs, gate->address);
    event_exception(
        v, &(const struct ring1_exception_event){.handler = event_handler(v, exists, gate->cs, gate->address),
                                                 .vector = vector,
                                                 .software = (how & SOFTWARE) != 0,
                                                 .has_error = (how & HAS_ERROR) != 0,
                                                 .error = error});
}

static void deliver(struct vcpu *v, unsigned vector, uint32_t error, unsigned how)
{
    struct domain *d = v->domain;
    const struct trap_gate *gate = &v->traps[vector];
    bool has_error = how & HAS_ERROR;
    struct bounce b = {.n = 0};

    vcpu_regs_mut(v);
    tell(v, vector, error, how);
    if (vector < 32)
        b.record = remember(v, vector, error, has_error);
    if (handler_missing(d->abi, gate->cs, gate->address)) {
        domain_crash(d, "unhandled exception: vector %u, error code %#x, at %#06x:%#010x", vector, error,
                     v->regs.cs, v->regs.eip);
        return;
    }
    if (d->abi->frame_has_cr2 && vector == TRAP_page_fault && has_error)
        push(&b, v->cr2);
    if (has_error)
        push(&b, error);
    push_return(v, &b, how & IS_FAULT);
    if (enter(v, &b, gate->cs, gate->address) && TRAP_MASKS_EVENTS(gate))
        vcpu_info(v)[1] = 1;
}

void deliver_exception(struct vcpu *v, unsigned vector, uint32_t error)
{
    bool forgets = v->domain->abi->xen == RING1_XEN_2_0 && (vector == TRAP_debug || vector == TRAP_no_device);
    uint8_t mask = vcpu_info(v)[1];
    deliver(v, vector, error,
            (trap_has_error_code(vector) ? HAS_ERROR : 0) | (is_fault(vector) ? IS_FAULT : 0));
    /* 2.0 does not look at these two's flag, unless they come by `int n`. */
    if (forgets)
        vcpu_info(v)[1] = mask;
}

void deliver_4gb_notify(struct vcpu *v, uint32_t bytes)
{
    deliver(v, 15, bytes, HAS_ERROR);
}

void deliver_entry_fault(struct vcpu *v, unsigned vector, uint32_t error)
{
    deliver(v, vector, error, HAS_ERROR);
}

void deliver_page_fault(struct vcpu *v, gva_t address, uint32_t error)
{
    const struct abi *abi = v->domain->abi;
    v->cr2 = address.va;
    if (!abi->frame_has_cr2)
        store32(vcpu_info(v) + 8, address.va);
    if (regs_ring(vcpu_regs(v)) != 3)
        error &= ~PF_USER;
    else if (abi->pf_code_by_ring)
        error |= PF_USER;
    deliver(v, TRAP_page_fault, error, HAS_ERROR | IS_FAULT);
}

/* int 0x80 of native Xen: the gate is in the CPU's own IDT, and the frame is
 * the CPU's: nothing of the mask in it (6.3). Not with the flag IF. */
static bool direct_int80(const struct vcpu *v, unsigned vector)
{
    const struct abi *abi = v->domain->abi;
    if (abi->xen == RING1_XEN_2_0)
        return v->fast_trap != 0 && (unsigned)v->fast_trap == vector;
    return abi->int80_direct && vector == 0x80 && !TRAP_MASKS_EVENTS(&v->traps[vector]) &&
           v->traps[vector].address != 0;
}

static void deliver_direct(struct vcpu *v, unsigned vector)
{
    const struct trap_gate *gate = &v->traps[vector];
    struct regs *r = vcpu_regs_mut(v);
    struct bounce b = {.n = 0};
    tell(v, vector, 0, SOFTWARE);
    push(&b, r->eip);
    push(&b, r->cs);
    push(&b, r->eflags | EFLAGS_IF);
    if (r->cs & 2) {
        push(&b, r->esp);
        push(&b, r->ss);
    }
    enter(v, &b, gate->cs, gate->address);
}

/* 4.17 lets int 0x80 through from any ring once it has a handler (13, 4). */
static bool int80_always(const struct vcpu *v, unsigned vector)
{
    return v->domain->abi->xen >= RING1_XEN_4_17 && vector == 0x80 && (v->traps[0x80].cs & ~3u) != 0;
}

void deliver_soft_interrupt(struct vcpu *v, unsigned vector, unsigned len)
{
    struct regs *r = vcpu_regs_mut(v);
    const struct trap_gate *gate = &v->traps[vector];
    unsigned ring = r->cs & 3u;
    if (vector == TRAP_int3 || vector == TRAP_overflow) {
        deliver(v, vector, 0, SOFTWARE);
    } else if (TRAP_DPL(gate) >= ring || int80_always(v, vector)) {
        if (direct_int80(v, vector))
            deliver_direct(v, vector);
        else /* Xen got #GP for it: RF is that fault's */
            deliver(v, vector, 0, int80_always(v, vector) ? SOFTWARE : SOFTWARE | IS_FAULT);
    } else {
        r->eip -= len;
        deliver(v, TRAP_gp_fault, vector << 3 | 2u, HAS_ERROR | IS_FAULT);
    }
}

void deliver_upcall(struct vcpu *v)
{
    struct domain *d = v->domain;
    const struct callback *cb = &v->event_callback;
    struct bounce b = {.n = 0};
    vcpu_regs_mut(v);
    bool missing = handler_missing(d->abi, cb->cs, cb->eip);
    if (event_wanted(d, RING1_EVENT_UPCALL))
        event_upcall(v, !missing);
    if (missing) {
        domain_crash(d, "an event is pending and no event callback is registered");
        return;
    }
    push_return(v, &b, false);
    if (enter(v, &b, cb->cs, cb->eip))
        vcpu_info(v)[1] = 1;
}

/* What the CPU wants of a data segment: present, data or readable code, and a DPL
 * that the ring and the RPL may use. */
static bool data_segment_loads(struct vcpu *v, uint16_t selector)
{
    uint64_t desc;
    if (!(selector & ~3u))
        return true;
    if (!selector_descriptor(v, selector, &desc))
        return false;
    unsigned access = (unsigned)(desc >> 40) & 0xFFu, dpl = (access >> 5) & 3u;
    bool code = access & 0x08u, readable = access & 0x02u, conforming = access & 0x04u;
    if ((access & 0x90u) != 0x90u || (code && !readable))
        return false;
    return (code && conforming) || dpl >= MAX(v->regs.cs & 3u, selector & 3u);
}

bool data_segments_load(struct vcpu *v)
{
    const struct regs *r = vcpu_regs(v);
    return data_segment_loads(v, r->ds) && data_segment_loads(v, r->es) && data_segment_loads(v, r->fs) &&
           data_segment_loads(v, r->gs);
}

void deliver_failsafe(struct vcpu *v)
{
    struct domain *d = v->domain;
    const struct callback *cb = &v->failsafe_callback;
    struct bounce b = {.n = 0};
    struct regs *r = vcpu_regs_mut(v);
    bool missing = handler_missing(d->abi, cb->cs, cb->eip);
    if (event_wanted(d, RING1_EVENT_EXCEPTION))
        event_exception(
            v, &(const struct ring1_exception_event){.handler = event_handler(v, !missing, cb->cs, cb->eip),
                                                     .vector = RING1_VECTOR_FAILSAFE});
    b.record = remember(v, RING1_VECTOR_FAILSAFE, 0, false);
    if (missing) {
        domain_crash(d, "a selector cannot be loaded and no failsafe callback is registered");
        return;
    }
    push(&b, r->ds);
    push(&b, r->es);
    push(&b, r->fs);
    push(&b, r->gs);
    push_return(v, &b, false);
    r->ds = r->es = r->fs = 0;
    r->gs = d->abi->xen == RING1_XEN_2_0 ? d->abi->kernel_ds : 0;
    if (enter(v, &b, cb->cs, cb->eip) && cb->mask_events)
        vcpu_info(v)[1] = 1;
}

/* By entry 2 of the trap table (13.2); before 4.17 a domain like this cannot ask for
 * any (13.5). Without a handler it is lost. */
bool deliver_nmi(struct vcpu *v)
{
    struct domain *d = v->domain;
    const struct trap_gate *gate = &v->traps[TRAP_nmi];
    struct bounce b = {.n = 0};
    if (!v->nmi_pending || v->nmi_masked)
        return false;
    v->nmi_pending = false;
    if (d->abi->xen < RING1_XEN_4_17 || handler_missing(d->abi, gate->cs, gate->address))
        return false;
    vcpu_regs_mut(v);
    if (event_wanted(d, RING1_EVENT_EXCEPTION))
        event_exception(v,
                        &(const struct ring1_exception_event){
                            .handler = event_handler(v, true, gate->cs, gate->address), .vector = TRAP_nmi});
    v->nmi_masked = true;
    push_return(v, &b, false);
    if (enter(v, &b, gate->cs, gate->address) && TRAP_MASKS_EVENTS(gate))
        vcpu_info(v)[1] = 1;
    return true;
}

bool deliver_pending(struct vcpu *v)
{
    bool nmi = deliver_nmi(v);
    if (v->domain->s.shutdown != SHUTDOWN_NONE || !vcpu_event_deliverable(v))
        return nmi;
    deliver_upcall(v);
    return true;
}
