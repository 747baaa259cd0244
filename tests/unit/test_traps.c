/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_traps.c - the frames that a guest finds on its stack: exceptions, software
 * interrupts, upcalls, failsafe and NMI of each ABI and ring, and what happens
 * when a frame cannot be had (docs/xen-abi.md 6.2, 6.3, 6.4, 6.7, 12.2, 13).
 */
#include "dispatch/gdt.h"
#include "dispatch/traps.h"
#include "fixture.h"

#define HANDLER   0xC0012345u
#define EIP       0xC0000777u
#define USER_ESP  0x08048ABCu
#define STACK_PFN 40u
#define FLAGS     (EFLAGS_IF | 2u)

#define X20(f)  ((f)->abi->xen == RING1_XEN_2_0)
#define X300(f) ((f)->abi->xen == RING1_XEN_3_0_0)
#define X417(f) ((f)->abi->xen >= RING1_XEN_4_17)
#define EACH(f)                                                                                              \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))
#define CRASHED(f) ((f)->d->s.crashed && (f)->d->s.shutdown == 3)

static uint32_t top_of(const struct fixture *f)
{
    return fx_va(f, STACK_PFN).va + 0x800;
}

/* In ring 1 or 3, interrupted at EIP; the kernel's stack is a page of its own. */
static void guest_in(struct fixture *f, unsigned ring)
{
    struct regs *r = &f->v->regs;
    r->cs = ring == 1 ? f->abi->kernel_cs : f->abi->user_cs;
    r->ss = ring == 1 ? f->abi->kernel_ds : f->abi->user_ds;
    r->esp = ring == 1 ? top_of(f) : USER_ESP;
    r->eip = EIP;
    r->eflags = FLAGS;
    f->v->kernel_ss = f->abi->kernel_ds;
    f->v->kernel_sp = top_of(f);
}

static void set_mask(struct fixture *f, uint8_t mask)
{
    vcpu_info(f->v)[1] = mask;
}

static uint8_t get_mask(const struct fixture *f)
{
    return vcpu_info(f->v)[1];
}

static void set_gate(struct fixture *f, unsigned vector, unsigned flags)
{
    f->v->traps[vector] = (struct trap_gate){HANDLER, f->abi->kernel_cs, (uint8_t)flags};
}

/* The words of the frame: `want`, then what every frame ends with. */
static void ck_frame(struct fixture *f, unsigned ring, uint8_t mask, uint32_t eip, const uint32_t *want,
                     unsigned n)
{
    const struct regs *r = &f->v->regs;
    uint32_t frame[12];
    unsigned words = n + (ring == 1 ? 3 : 5);
    ck_assert(!CRASHED(f));
    ck_assert_uint_eq(r->esp, top_of(f) - words * 4);
    ck_assert_uint_eq(r->ss, f->abi->kernel_ds);
    ck_assert_int_eq(guest_read(f->v, GVA(r->esp), frame, words * 4), 0);
    for (unsigned i = 0; i < n; i++)
        ck_assert_uint_eq(frame[i], want[i]);
    uint32_t cs = ring == 1 ? f->abi->kernel_cs : f->abi->user_cs;
    ck_assert_uint_eq(frame[n], eip);
    ck_assert_uint_eq(frame[n + 1], X20(f) ? cs : cs | (uint32_t)mask << 16);
    ck_assert_uint_eq(frame[n + 2] & EFLAGS_IF, X20(f) || !mask ? EFLAGS_IF : 0);
    if (ring == 3) {
        ck_assert_uint_eq(frame[n + 3], USER_ESP);
        ck_assert_uint_eq(frame[n + 4], f->abi->user_ds);
    }
    ck_assert_uint_eq(r->cs, f->abi->kernel_cs);
    ck_assert_uint_eq(r->eip, HANDLER);
    ck_assert(f->d->s.attention & ATTN_REGS);
}

START_TEST(which_push_a_code)
{
    for (unsigned vector = 0; vector < 256; vector++)
        ck_assert_int_eq(trap_has_error_code(vector),
                         vector == 8 || (vector >= 10 && vector <= 14) || vector == 17);
}
END_TEST

START_TEST(exceptions)
{
    EACH(f)
    {
        for (unsigned i = 0; i < 16; i++) {
            unsigned ring = i & 1 ? 3 : 1, flags = i & 2 ? 4 : 0;
            uint8_t mask = i & 4 ? 1 : 0;
            unsigned vector = i & 8 ? TRAP_gp_fault : TRAP_divide_error;
            guest_in(f, ring);
            set_mask(f, mask);
            set_gate(f, vector, flags);
            f->v->regs.eflags |= EFLAGS_TF | EFLAGS_NT | EFLAGS_RF | EFLAGS_CF;
            deliver_exception(f->v, vector, 0x1234);
            ck_frame(f, ring, mask, EIP, (uint32_t[]){0x1234}, vector == TRAP_gp_fault);
            /* The saved copy holds the old mask; the trap's flag sets the new one. */
            ck_assert_uint_eq(get_mask(f), flags ? 1 : mask);
            ck_assert_uint_eq(f->v->regs.eflags, FLAGS | EFLAGS_CF);
        }
    }
}
END_TEST

/* 2.0 does not look at the flag of these two, but for `int n`. */
START_TEST(debug_and_no_device)
{
    EACH(f)
    {
        for (unsigned i = 0; i < 4; i++) {
            unsigned vector = i & 1 ? TRAP_debug : TRAP_no_device;
            uint8_t mask = i & 2 ? 1 : 0;
            guest_in(f, 1);
            set_mask(f, mask);
            set_gate(f, vector, 4 | 1);
            deliver_exception(f->v, vector, 0);
            ck_frame(f, 1, mask, EIP, NULL, 0);
            ck_assert_uint_eq(get_mask(f), X20(f) ? mask : 1);
            guest_in(f, 1);
            set_mask(f, 0);
            deliver_soft_interrupt(f->v, vector, 2);
            ck_assert_uint_eq(get_mask(f), 1);
        }
    }
}
END_TEST

/* CR2 lies below the code in 2.0 and in vcpu_info later; the code's bit 2 is what
 * the CPU made of it up to 3.0.0, where ring 1 is the supervisor. */
START_TEST(page_faults)
{
    EACH(f)
    {
        for (unsigned ring = 1; ring <= 3; ring += 2) {
            guest_in(f, ring);
            set_mask(f, 0);
            set_gate(f, TRAP_page_fault, 0);
            deliver_page_fault(f->v, GVA(0x12345678), ring == 3 ? 5 : 1);
            uint32_t code = ring == 3 ? 5 : 1;
            uint32_t want[] = {0x12345678, code};
            ck_frame(f, ring, 0, EIP, X20(f) ? want : want + 1, X20(f) ? 2 : 1);
            ck_assert_uint_eq(f->v->cr2, 0x12345678);
            if (!X20(f))
                ck_assert_uint_eq(*(uint32_t *)(vcpu_info(f->v) + 8), 0x12345678);
        }
    }
}
END_TEST

/* 2.0 jumps to address 0; 3.0.0 looks at the address, later Xens at the selector
 * alone (6.2). */
START_TEST(no_handler)
{
    for (unsigned cs = 0; cs < 2; cs++) {
        EACH(f)
        {
            guest_in(f, 1);
            f->v->traps[6] = (struct trap_gate){0, cs ? f->abi->kernel_cs : 1, 0};
            deliver_exception(f->v, 6, 0);
            ck_assert_int_eq(CRASHED(f), X300(f) || (!X20(f) && !cs));
            if (!CRASHED(f))
                ck_assert_uint_eq(f->v->regs.eip, 0);
            else
                ck_assert_ptr_nonnull(strstr(f->d->s.crash_text, "unhandled exception: vector 6"));
        }
    }
}
END_TEST

enum bad_stack {
    STACK_UNMAPPED,
    STACK_READ_ONLY,
    STACK_IN_HOLE,
    STACK_HALF, /* the frame's lower half lies on a page that is not there */
    SS_NULL,
    SS_BEYOND, /* the GDT's end */
    SS_LDT,    /* and there is none */
    SS_SYSTEM, /* Xen's null entry of the reserved page: no segment */
    BAD_STACKS
};

static void spoil(struct fixture *f, unsigned ring, enum bad_stack how)
{
    uint32_t esp = top_of(f), ss = f->abi->kernel_ds;
    switch (how) {
    case STACK_UNMAPPED:
        ck_rc(fx_map(f, fx_va(f, STACK_PFN), 0), 0);
        break;
    case STACK_READ_ONLY:
        ck_rc(fx_map(f, fx_va(f, STACK_PFN), fx_entry(fx_mfn(f, STACK_PFN), 0x21)), 0);
        break;
    case STACK_IN_HOLE:
        esp = f->abi->hole + 0x100;
        break;
    case STACK_HALF:
        ck_rc(fx_map(f, fx_va(f, STACK_PFN - 1), 0), 0);
        esp = fx_va(f, STACK_PFN).va + 4;
        break;
    case SS_NULL:
        ss = 1;
        break;
    case SS_BEYOND:
        ss = 0x3FF9;
        break;
    case SS_LDT:
        ss = 0x000D;
        break;
    default:
        ss = f->abi->first_reserved_gdt * 8 | 1;
        break;
    }
    if (ring == 1) {
        f->v->regs.esp = esp;
        f->v->regs.ss = (uint16_t)ss;
    } else {
        f->v->kernel_sp = esp;
        f->v->kernel_ss = ss;
    }
}

static void reserved_page(struct fixture *f)
{
    uint64_t *page = frame_ptr(f->mem, f->d->s.gdt_reserved);
    for (unsigned i = 0; i < 512; i++)
        page[i] = xen_descriptor(f->abi, f->abi->first_reserved_gdt / 512 * 512 + i);
}

START_TEST(stacks_that_take_no_frame)
{
    for (unsigned how = 0; how < BAD_STACKS; how++) {
        for (unsigned ring = 1; ring <= 3; ring += 2) {
            EACH(f)
            {
                reserved_page(f);
                guest_in(f, ring);
                set_mask(f, 0);
                set_gate(f, 6, 4);
                spoil(f, ring, (enum bad_stack)how);
                struct regs before = f->v->regs;
                deliver_exception(f->v, 6, 0);
                ck_assert_msg(CRASHED(f), "%s %s: stack %u, ring %u", f->abi->name, f->abi->xen_name, how,
                              ring);
                /* Nothing was entered: registers and mask tell where it was. */
                ck_assert_mem_eq(&before, &f->v->regs, sizeof before);
                ck_assert_uint_eq(get_mask(f), 0);
            }
        }
    }
}
END_TEST

/* --- software interrupts ----------------------------------------------------------- */

START_TEST(software_interrupts)
{
    EACH(f)
    {
        set_mask(f, 0);
        for (unsigned ring = 1; ring <= 3; ring += 2) {
            for (unsigned dpl = 0; dpl < 4; dpl++) {
                guest_in(f, ring);
                set_gate(f, 0x21, dpl);
                set_gate(f, TRAP_gp_fault, 0);
                f->v->regs.eip = EIP + 2;
                deliver_soft_interrupt(f->v, 0x21, 2);
                uint32_t code = 0x21 * 8 + 2;
                if (dpl >= ring)
                    ck_frame(f, ring, 0, EIP + 2, NULL, 0);
                else
                    ck_frame(f, ring, 0, EIP, &code, 1);
            }
            /* INT3 and INTO ask for no DPL. */
            for (unsigned vector = TRAP_int3; vector <= TRAP_overflow; vector++) {
                guest_in(f, ring);
                set_gate(f, vector, 0);
                deliver_soft_interrupt(f->v, vector, 1);
                ck_frame(f, ring, 0, EIP, NULL, 0);
            }
        }
        /* Vector 0x82 of ring 3: 1.1. */
        guest_in(f, 3);
        deliver_soft_interrupt(f->v, 0x82, 2);
        ck_frame(f, 3, 0, EIP - 2, (uint32_t[]){0x412}, 1);
        guest_in(f, 3);
        set_gate(f, 0x82, 3);
        deliver_soft_interrupt(f->v, 0x82, 2);
        ck_frame(f, 3, 0, EIP, NULL, 0);
    }
}
END_TEST

/* int 0x80 of native Xen from 3.0 on is the CPU's own: no mask in the frame, and
 * it stays as it is; with the gate's flag IF, and in 4.17, it is Xen's (6.3). */
START_TEST(int_0x80)
{
    EACH(f)
    {
        for (unsigned ring = 1; ring <= 3; ring += 2) {
            for (unsigned flags = 3; flags <= 7; flags += 4) {
                bool direct = f->abi->int80_direct && flags == 3;
                guest_in(f, ring);
                set_mask(f, 1);
                set_gate(f, 0x80, flags);
                deliver_soft_interrupt(f->v, 0x80, 2);
                ck_frame(f, ring, direct ? 0 : 1, EIP, NULL, 0);
                ck_assert_uint_eq(get_mask(f), 1);
            }
        }
        /* No handler at all; 4.17 asks for no DPL once there is one (13, 4). */
        for (unsigned i = 0; i < 3; i++) {
            guest_in(f, 3);
            set_mask(f, 0);
            set_gate(f, TRAP_gp_fault, 0);
            f->v->traps[0x80] = (struct trap_gate){i == 1 ? HANDLER : 0, i ? f->abi->kernel_cs : 0, 0};
            deliver_soft_interrupt(f->v, 0x80, 2);
            uint32_t code = 0x402;
            if (X417(f) && i) {
                ck_assert(!CRASHED(f));
                ck_assert_uint_eq(f->v->regs.eip, i == 1 ? HANDLER : 0);
            } else {
                ck_frame(f, 3, 0, EIP - 2, &code, 1);
            }
        }
        /* A gate with the right DPL and address 0 is nothing that the CPU could enter. */
        guest_in(f, 3);
        f->v->traps[0x80] = (struct trap_gate){0, 1, 3};
        deliver_soft_interrupt(f->v, 0x80, 2);
        ck_assert_int_eq(CRASHED(f), !X20(f));
    }
}
END_TEST

START_TEST(fast_trap_of_2_0)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    set_gate(f, 0x80, 3);
    set_gate(f, 0x21, 3);
    ck_rc(CALL(f, 11, 0x80), 0);
    guest_in(f, 3);
    deliver_soft_interrupt(f->v, 0x80, 2);
    ck_frame(f, 3, 0, EIP, NULL, 0);
    guest_in(f, 1);
    f->v->kernel_ss = 0;
    deliver_soft_interrupt(f->v, 0x80, 2);
    ck_frame(f, 1, 0, EIP, NULL, 0);
    /* A stack fault of the CPU's own frame ends the domain too. */
    guest_in(f, 3);
    f->v->kernel_sp = 0x1000;
    deliver_soft_interrupt(f->v, 0x80, 2);
    ck_assert(CRASHED(f));
    fixture_free(f);
}
END_TEST

/* --- upcall, failsafe, NMI ------------------------------------------------------------ */

START_TEST(upcalls)
{
    EACH(f)
    {
        f->v->event_callback = (struct callback){.eip = HANDLER, .cs = f->abi->kernel_cs};
        for (unsigned ring = 1; ring <= 3; ring += 2) {
            guest_in(f, ring);
            set_mask(f, 0);
            vcpu_info(f->v)[0] = 0x80;
            ck_assert(deliver_pending(f->v));
            ck_frame(f, ring, 0, EIP, NULL, 0);
            ck_assert_uint_eq(get_mask(f), 1);
            ck_assert_uint_eq(vcpu_info(f->v)[0], 0x80);
            /* Masked now, by any bit of the byte. */
            set_mask(f, 2);
            ck_assert(!deliver_pending(f->v));
            set_mask(f, 0);
            vcpu_info(f->v)[0] = 0;
            ck_assert(!deliver_pending(f->v));
        }
        vcpu_info(f->v)[0] = 1;
        f->d->s.shutdown = 0;
        ck_assert(!deliver_pending(f->v));
        f->d->s.shutdown = SHUTDOWN_NONE;
        /* Without a place for the frame the mask stays. */
        guest_in(f, 3);
        f->v->kernel_sp = 0x1000;
        deliver_upcall(f->v);
        ck_assert(CRASHED(f));
        ck_assert_uint_eq(get_mask(f), 0);
    }
}
END_TEST

START_TEST(no_callbacks)
{
    for (unsigned failsafe = 0; failsafe < 2; failsafe++) {
        EACH(f)
        {
            guest_in(f, 1);
            f->v->event_callback = f->v->failsafe_callback = (struct callback){0};
            if (failsafe)
                deliver_failsafe(f->v);
            else
                deliver_upcall(f->v);
            ck_assert_int_eq(CRASHED(f), !X20(f));
        }
    }
}
END_TEST

START_TEST(failsafe)
{
    EACH(f)
    {
        for (unsigned i = 0; i < 8; i++) {
            unsigned ring = i & 1 ? 3 : 1;
            uint8_t mask = i & 2 ? 1 : 0;
            f->v->failsafe_callback =
                (struct callback){.eip = HANDLER, .cs = f->abi->kernel_cs, .mask_events = (i & 4) != 0};
            guest_in(f, ring);
            set_mask(f, mask);
            struct regs *r = &f->v->regs;
            r->ds = 0x11, r->es = 0x22, r->fs = 0x33, r->gs = 0x44;
            deliver_failsafe(f->v);
            ck_frame(f, ring, mask, EIP, (uint32_t[]){0x11, 0x22, 0x33, 0x44}, 4);
            ck_assert_uint_eq(r->ds | r->es | r->fs, 0);
            ck_assert_uint_eq(r->gs, X20(f) ? f->abi->kernel_ds : 0);
            ck_assert_uint_eq(get_mask(f), i & 4 ? 1 : mask);
        }
        guest_in(f, 3);
        f->v->kernel_ss = 1;
        set_mask(f, 0);
        deliver_failsafe(f->v);
        ck_assert(CRASHED(f));
        ck_assert_uint_eq(get_mask(f), 0);
    }
}
END_TEST

/* What 4.17's IRETQ to the guest raises has no RF in its frame. */
START_TEST(entry_fault)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    set_gate(f, TRAP_gp_fault, 0);
    guest_in(f, 1);
    vcpu_regs_mut(f->v)->cs = 0xE029;
    deliver_entry_fault(f->v, TRAP_gp_fault, 0xE028);
    uint32_t esp = vcpu_regs(f->v)->esp;
    ck_assert_uint_eq(fx_get(f, GVA(esp)), 0xE028);
    ck_assert_uint_eq(fx_get(f, GVA(esp + 8)) & 0xFFFF, 0xE029);
    ck_assert_uint_eq(fx_get(f, GVA(esp + 12)) & EFLAGS_RF, 0);
    fixture_free(f);
}
END_TEST

/* To virtual-8086 mode: the frame goes to the kernel's stack as it is. */
START_TEST(iret_to_vm86)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    set_gate(f, TRAP_gp_fault, 4);
    guest_in(f, 1);
    struct regs *r = vcpu_regs_mut(f->v);
    uint32_t words[10] = {0x1234, 0x55, 0xE02B, 0x24302, 6, 7, 8, 9, 10, 11};
    r->esp = fx_put(f, words, sizeof words).va;
    ck_rc(CALL(f, 23), 0x1234);
    ck_assert_uint_eq(r->esp, f->v->kernel_sp - 40);
    ck_assert_uint_eq(fx_get(f, GVA(r->esp)), 0);
    for (uint32_t i = 1; i < 10; i++)
        ck_assert_uint_eq(fx_get(f, GVA(r->esp + i * 4)), words[i]);
    ck_assert_uint_eq(r->eip, f->v->traps[TRAP_gp_fault].address);
    ck_assert_uint_eq(r->eflags, 0x202);
    ck_assert_uint_eq(get_mask(f), 1);
    fixture_free(f);
}
END_TEST

START_TEST(nmi)
{
    EACH(f)
    {
        guest_in(f, 1);
        set_mask(f, 0);
        ck_assert(!deliver_nmi(f->v));
        f->v->nmi_pending = true;
        ck_assert(!deliver_nmi(f->v)); /* nobody asked for one: it is forgotten */
        ck_assert(!f->v->nmi_pending);
        f->v->nmi_pending = true;
        if (!X417(f)) { /* nor can anybody */
            set_gate(f, TRAP_nmi, 0);
            ck_assert(!deliver_nmi(f->v));
            continue;
        }
        ck_rc(CALL(f, 28, 0, FX_WORDS(f, HANDLER, 0).va), 0);
        f->v->nmi_masked = true;
        ck_assert(!deliver_nmi(f->v));
        f->v->nmi_masked = false;
        ck_assert(deliver_pending(f->v));
        ck_frame(f, 1, 0, EIP, NULL, 0);
        ck_assert_uint_eq(get_mask(f), 1);
        ck_assert(f->v->nmi_masked && !f->v->nmi_pending);
        /* An NMI and an event: the upcall interrupts the NMI's handler when that
         * leaves events open, which it does not. */
        guest_in(f, 1);
        set_mask(f, 0);
        vcpu_info(f->v)[0] = 1;
        f->v->nmi_pending = true;
        f->v->nmi_masked = false;
        ck_assert(deliver_pending(f->v));
        ck_frame(f, 1, 0, EIP, NULL, 0);
        /* The guest's own vector 2 serves, too (13.2). */
        ck_rc(CALL(f, 28, 1), 0);
        set_gate(f, TRAP_nmi, 0);
        guest_in(f, 3);
        set_mask(f, 0);
        f->v->nmi_pending = true;
        ck_assert(deliver_nmi(f->v));
        ck_assert_uint_eq(get_mask(f), 0); /* as that gate's flags say */
        /* Where no frame can be written the domain dies. */
        ck_rc(CALL(f, 28, 0, FX_WORDS(f, HANDLER, 0).va), 0);
        guest_in(f, 3);
        f->v->kernel_sp = 0x1000;
        set_mask(f, 0);
        f->v->nmi_pending = true;
        deliver_pending(f->v);
        ck_assert(CRASHED(f));
        ck_assert_uint_eq(get_mask(f), 0);
    }
}
END_TEST

/* vm_assist 4 of 4.17: the frame shows the virtual IOPL. */
START_TEST(architectural_iopl)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    set_gate(f, 6, 0);
    set_mask(f, 0);
    f->v->iopl = 3;
    for (unsigned on = 0; on < 2; on++) {
        guest_in(f, 1);
        ck_rc(CALL(f, 21, on ? 0 : 1, 4), 0);
        deliver_exception(f->v, 6, 0);
        ck_assert_uint_eq(fx_get(f, GVA(f->v->regs.esp + 8)), FLAGS | EFLAGS_RF | (on ? 0x3000 : 0));
    }
    fixture_free(f);
}
END_TEST

struct told {
    struct ring1_event event;
    unsigned times;
};

static void told(void *user, struct vcpu *v, const struct ring1_event *event)
{
    struct told *t = user;
    ck_assert_uint_eq(v->regs.eip, EIP); /* what was interrupted */
    ck_assert(event->eip == EIP && event->ring == (v->regs.cs & 3u));
    *t = (struct told){*event, t->times + 1};
}

START_TEST(the_tap_is_told)
{
    EACH(f)
    {
        struct told t = {0};
        struct tap tap = {.event = told, .user = &t, .events = RING1_EVENTS_ALL};
        const struct ring1_exception_event *e = &t.event.exception;
        f->d->tap = &tap;
        set_gate(f, 13, 0);
        guest_in(f, 1);
        deliver_exception(f->v, 13, 0x18);
        ck_assert(t.event.kind == RING1_EVENT_EXCEPTION && e->vector == 13 && e->error == 0x18 &&
                  e->has_error);
        ck_assert(e->handler.exists && e->handler.eip == HANDLER && !e->software);
        set_gate(f, 14, 0);
        guest_in(f, 1);
        deliver_page_fault(f->v, GVA(0x1234), 2);
        ck_assert(e->vector == 14 && e->error == 2 && e->cr2 == 0x1234);
        set_gate(f, 0x81, 1);
        guest_in(f, 1);
        deliver_soft_interrupt(f->v, 0x81, 2);
        ck_assert(e->vector == 0x81 && e->software && !e->has_error);
        guest_in(f, 1);
        f->v->event_callback = f->v->failsafe_callback =
            (struct callback){.eip = HANDLER, .cs = f->abi->kernel_cs};
        memset(shared_info(f->d) + f->abi->si_evtchn_pending, 0, 128);
        memset(shared_info(f->d) + f->abi->si_evtchn_mask, 0, 128);
        shared_info(f->d)[f->abi->si_evtchn_pending] = 0x28;
        shared_info(f->d)[f->abi->si_evtchn_mask] = 0x20;
        deliver_upcall(f->v);
        ck_assert(t.event.kind == RING1_EVENT_UPCALL && t.event.upcall.handler.eip == HANDLER);
        ck_assert(t.event.upcall.nr_ports == 1 && t.event.upcall.ports[0] == 3);
        guest_in(f, 1);
        deliver_failsafe(f->v);
        ck_assert(t.event.kind == RING1_EVENT_EXCEPTION && e->vector == RING1_VECTOR_FAILSAFE);
        ck_assert_uint_eq(t.times, 5);
        tap.events = RING1_EVENT_BIT(RING1_EVENT_EXCEPTION);
        guest_in(f, 1);
        deliver_upcall(f->v);
        ck_assert_uint_eq(t.times, 5);
        f->d->tap = NULL;
    }
}
END_TEST

/* --- selectors ------------------------------------------------------------------------- */

/* Bytes of a descriptor: base, access byte (P, DPL, S, type). */
static uint64_t descriptor(uint32_t base, unsigned access)
{
    uint64_t flat = 0x00CF00000000FFFFull;
    if (base)
        flat = 0x00C100000000FFFFull;
    return flat | (uint64_t)(base & 0xFFFFFF) << 16 | (uint64_t)(base >> 24) << 56 | (uint64_t)access << 40;
}

START_TEST(selectors)
{
    static const struct {
        unsigned access;
        bool base, ring1, ring3; /* has a base; loads in either ring */
    } segment[] = {
        {0xB2, true, true, false},   /* data of ring 1 */
        {0xF2, true, true, true},    /* data of ring 3 */
        {0x72, false, false, false}, /* absent */
        {0xB8, true, false, false},  /* code that cannot be read */
        {0xBA, true, true, false},   /* code that can */
        {0xBE, true, true, true},    /* conforming, readable */
        {0x92, true, false, false},  /* of ring 0 */
        {0xEC, false, false, false}, /* a call gate */
    };
    EACH(f)
    {
        uint64_t *gdt = frame_ptr(f->mem, f->d->s.gdt_reserved);
        uint64_t desc;
        uint32_t base;
        reserved_page(f);
        guest_in(f, 1);
        ck_assert(selector_base(f->v, f->abi->kernel_cs, &base) && base == 0);
        ck_assert(selector_base(f->v, f->abi->user_ds, &base) && base == 0);
        ck_assert(!selector_descriptor(f->v, 0xFFF8, &desc));
        ck_assert(!selector_descriptor(f->v, 0x000C, &desc)); /* no LDT */
        ck_assert(!selector_base(f->v, 2, &base));
        for (unsigned i = 0; i < G_N_ELEMENTS(segment); i++) {
            unsigned at = 300 + i; /* of the reserved page, behind Xen's own */
            uint16_t sel = (uint16_t)((f->abi->first_reserved_gdt / 512 * 512 + at) * 8);
            gdt[at] = descriptor(0x00123000, segment[i].access);
            ck_assert_int_eq(selector_base(f->v, sel, &base), segment[i].base);
            if (segment[i].base)
                ck_assert_uint_eq(base, 0x00123000);
            for (unsigned which = 0; which < 4; which++) {
                struct regs *r = &f->v->regs;
                guest_in(f, 1);
                r->ds = r->es = r->fs = r->gs = 0;
                ck_assert(data_segments_load(f->v));
                *(which == 0 ? &r->ds : which == 1 ? &r->es : which == 2 ? &r->fs : &r->gs) = sel | 1;
                ck_assert_int_eq(data_segments_load(f->v), segment[i].ring1);
                r->cs = f->abi->user_cs;
                ck_assert_int_eq(data_segments_load(f->v), segment[i].ring3);
            }
        }
        f->v->regs.ds = 0x3FF9;
        ck_assert(!data_segments_load(f->v));
    }
}
END_TEST

/* The guest's own tables: pages of set_gdt, and the LDT wherever it is mapped. */
START_TEST(own_tables)
{
    EACH(f)
    {
        uint32_t gdt = 40, ldt = 41, base;
        uint64_t desc;
        ((uint64_t *)fx_page(f, gdt))[5] = descriptor(0x00300000, 0xB2);
        ((uint64_t *)fx_page(f, ldt))[1] = descriptor(0x00400000, 0xB2);
        ck_rc(fx_map(f, fx_va(f, gdt), 0), 0);
        ck_rc(CALL(f, 2, FX_WORDS(f, fx_mfn(f, gdt).mfn).va, 512), 0);
        ck_assert(selector_base(f->v, 5 * 8 | 1, &base) && base == 0x00300000);
        ck_assert(selector_descriptor(f->v, 511 * 8, &desc) && desc == 0);
        ck_assert(!selector_descriptor(f->v, 512 * 8, &desc));
        ck_rc(fx_ext(f, 13, fx_va(f, ldt).va, 2), 0);
        ck_assert(selector_base(f->v, 1 * 8 | 5, &base) && base == 0x00400000);
        ck_assert(!selector_descriptor(f->v, 2 * 8 | 4, &desc));
        ck_rc(fx_map(f, fx_va(f, ldt), 0), 0);
        ck_assert(!selector_descriptor(f->v, 1 * 8 | 4, &desc));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("traps");
    TCase *tc = tcase_create("traps");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, which_push_a_code);
    tcase_add_test(tc, exceptions);
    tcase_add_test(tc, debug_and_no_device);
    tcase_add_test(tc, page_faults);
    tcase_add_test(tc, no_handler);
    tcase_add_test(tc, stacks_that_take_no_frame);
    tcase_add_test(tc, software_interrupts);
    tcase_add_test(tc, int_0x80);
    tcase_add_test(tc, fast_trap_of_2_0);
    tcase_add_test(tc, upcalls);
    tcase_add_test(tc, no_callbacks);
    tcase_add_test(tc, failsafe);
    tcase_add_test(tc, entry_fault);
    tcase_add_test(tc, iret_to_vm86);
    tcase_add_test(tc, nmi);
    tcase_add_test(tc, architectural_iopl);
    tcase_add_test(tc, the_tap_is_told);
    tcase_add_test(tc, selectors);
    tcase_add_test(tc, own_tables);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
