/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_callbacks.c - set_trap_table, set_callbacks, callback_op, nmi_op,
 * stack_switch and HYPERVISOR_iret (docs/xen-abi.md 6.1, 6.4 to 6.7, 12.2, 13).
 */
#include "fixture.h"

#define HANDLER 0xC0012345u

#define X20(f)  ((f)->abi->xen == RING1_XEN_2_0)
#define X300(f) ((f)->abi->xen == RING1_XEN_3_0_0)
#define X417(f) ((f)->abi->xen >= RING1_XEN_4_17)
#define OLD(f)  ((f)->abi->xen <= RING1_XEN_3_0_0)
#define EACH(f)                                                                                              \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))
#define EACHNEW(f)              EACH(f) if (f->abi->xen >= RING1_XEN_3_0_4)
#define GATE(vector, flags, cs) (uint32_t)(vector) | (uint32_t)(flags) << 8 | (uint32_t)(cs) << 16

START_TEST(trap_table)
{
    EACH(f)
    {
        struct trap_gate *t = f->v->traps;
        /* Entries before the one that ends the list, or that is refused, are kept. */
        ck_rc(CALL(f, 0,
                   FX_WORDS(f, GATE(13, 4, 0x11), 1, GATE(0xFF, 3, 0xE019), 2, 0, 0, GATE(1, 0, 9), 3).va),
              0);
        ck_assert(t[13].address == 1 && t[13].cs == 0x11 && t[13].flags == 4);
        ck_assert(t[255].address == 2 && t[255].cs == 0xE019 && TRAP_DPL(&t[255]) == 3);
        ck_assert_uint_eq(t[1].address, 0);
        for (unsigned rpl = 0; rpl < 4; rpl++) {
            uint16_t cs = (uint16_t)(0x18 + rpl);
            t[3] = t[4] = (struct trap_gate){0};
            ck_rc(CALL(f, 0, FX_WORDS(f, GATE(3, 0, 0x11), 5, GATE(4, 0, cs), 6, 0, 0).va),
                  OLD(f) && rpl != 1 ? -XEN_EPERM : 0);
            ck_assert_uint_eq(t[3].address, 5);
            ck_assert_uint_eq(t[4].address, OLD(f) && rpl != 1 ? 0 : 6);
            if (t[4].address)
                ck_assert_uint_eq(t[4].cs, rpl ? cs : 0x19);
        }
        /* The list runs off the mapped memory. */
        uint32_t end = fx_va(f, 40).va - 8;
        ck_rc(fx_map(f, fx_va(f, 40), 0), 0);
        fx_set(f, GVA(end), GATE(7, 0, 0x11));
        fx_set(f, GVA(end + 4), 9);
        ck_rc(CALL(f, 0, end), -XEN_EFAULT);
        ck_assert_uint_eq(t[7].address, 9);
        if (f->abi->xen < RING1_XEN_4_17)
            ck_rc(CALL(f, 0, f->abi->hole), -XEN_EFAULT);
        /* No list clears the table, where Xen knows that form. */
        ck_rc(CALL(f, 0, 0), OLD(f) ? -XEN_EFAULT : 0);
        ck_assert_int_eq(t[13].address == 0 && t[13].cs == 0, !OLD(f));
    }
}
END_TEST

START_TEST(set_callbacks)
{
    EACH(f)
    {
        for (unsigned i = 0; i < 16; i++) {
            uint32_t ev = 0x20 + (i & 3), fs = 0x30 + (i >> 2);
            bool ok = !OLD(f) || ((ev & 3) == 1 && (fs & 3) == 1);
            f->v->event_callback = f->v->failsafe_callback = (struct callback){0};
            ck_rc(CALL(f, 4, ev, 0x111, fs, 0x222), ok ? 0 : -XEN_EPERM);
            ck_assert_uint_eq(f->v->event_callback.eip, ok ? 0x111 : 0);
            ck_assert_uint_eq(f->v->failsafe_callback.eip, ok ? 0x222 : 0);
            ck_assert_uint_eq(f->v->event_callback.cs, !ok ? 0 : ev & 3 ? ev : 0x21);
        }
    }
}
END_TEST

START_TEST(stack_switch)
{
    EACH(f)
    {
        for (uint32_t rpl = 0; rpl < 4; rpl++) {
            bool ok = X20(f) ? rpl != 0 : X300(f) ? rpl == 1 : true;
            f->v->kernel_ss = 0x77, f->v->kernel_sp = 0x88;
            ck_rc(CALL(f, 3, 0xABCD0020u | rpl, 0x1234), ok ? 0 : -XEN_EPERM);
            ck_assert_uint_eq(f->v->kernel_sp, ok ? 0x1234 : 0x88);
            ck_assert_uint_eq(f->v->kernel_ss, !ok ? 0x77 : rpl ? 0x20 | rpl : 0x21);
        }
    }
}
END_TEST

START_TEST(nmi_op)
{
    EACHNEW(f)
    {
        ck_rc(CALL(f, 28, 0, 0x1000), -XEN_EFAULT);
        ck_rc(CALL(f, 28, 2, FX_WORDS(f, HANDLER, 0).va), -XEN_ENOSYS);
        f->v->nmi_masked = true;
        /* Up to 3.2 only domain 0 is given any. */
        ck_rc(CALL(f, 28, 0, FX_WORDS(f, HANDLER, 0).va), X417(f) ? 0 : -XEN_EINVAL);
        ck_assert_int_eq(f->v->nmi_masked, !X417(f));
        ck_assert_uint_eq(f->v->traps[2].address, X417(f) ? HANDLER : 0);
        if (X417(f))
            ck_assert_uint_eq(f->v->traps[2].cs, f->abi->kernel_cs);
        ck_rc(CALL(f, 28, 1, 0), 0);
        ck_assert_uint_eq(f->v->traps[2].address, 0);
    }
}
END_TEST

static int32_t callback(struct fixture *f, uint32_t cmd, uint32_t type, uint32_t flags)
{
    return CALL(f, 30, cmd, FX_WORDS(f, type | flags << 16, 0x50, HANDLER).va);
}

START_TEST(callback_op)
{
    EACHNEW(f)
    {
        ck_rc(callback(f, 0, 0, 0), 0);
        ck_assert(f->v->event_callback.eip == HANDLER && f->v->event_callback.cs == 0x51);
        ck_rc(callback(f, 0, 1, 1), 0);
        ck_assert(f->v->failsafe_callback.eip == HANDLER && f->v->failsafe_callback.mask_events);
        ck_rc(callback(f, 0, 1, 2), 0);
        ck_assert(!f->v->failsafe_callback.mask_events);
        ck_rc(callback(f, 0, 4, 0), X417(f) ? 0 : -XEN_EINVAL);
        ck_assert_uint_eq(f->v->traps[2].address, X417(f) ? HANDLER : 0);
        ck_rc(callback(f, 1, 4, 0), 0);
        ck_assert_uint_eq(f->v->traps[2].address, 0);
        for (uint32_t type = 0; type < 12; type++) {
            bool ignored = X417(f) && (type == 5 || type == 7);
            if (type >= 2 && type != 4)
                ck_rc(callback(f, 0, type, 0), ignored ? 0 : -XEN_ENOSYS);
            if (type >= 1 && type != 4)
                ck_rc(callback(f, 1, type, 0), ignored || type == 1 ? -XEN_EINVAL : -XEN_ENOSYS);
        }
        /* The old ones take the event callback away. */
        ck_rc(callback(f, 1, 0, 0), X417(f) ? -XEN_EINVAL : 0);
        ck_assert_uint_eq(f->v->event_callback.eip, X417(f) ? HANDLER : 0);
        ck_rc(callback(f, 2, 0, 0), X417(f) ? -XEN_EINVAL : -XEN_ENOSYS);
        ck_rc(CALL(f, 30, 0, 0x1000), -XEN_EFAULT);
        ck_rc(CALL(f, 30, 1, 0x1000), -XEN_EFAULT);
    }
}
END_TEST

/* --- iret ------------------------------------------------------------------------------ */

static int32_t iret(struct fixture *f, uint32_t cs, uint32_t eflags)
{
    f->v->regs.esp = FX_WORDS(f, 0xA0A0A0A0u, 0xE1B00000u, cs, eflags, 0x5757, f->abi->user_ds).va;
    f->v->regs.eax = 0xEAEAEAEAu;
    return CALL(f, 23, 0);
}

START_TEST(iret_to_either_ring)
{
    EACHNEW(f)
    {
        for (unsigned i = 0; i < 4; i++) {
            struct regs *r = &f->v->regs;
            bool user = i & 1, open = i & 2;
            f->v->nmi_masked = true;
            ck_assert_uint_eq((uint32_t)iret(f, (user ? f->abi->user_cs : f->abi->kernel_cs) | 0xFF0000,
                                             0x3401u | (open ? EFLAGS_IF : 0)),
                              0xA0A0A0A0u);
            ck_assert_uint_eq(r->eip, 0xE1B00000u);
            ck_assert_uint_eq(r->cs, user ? f->abi->user_cs : f->abi->kernel_cs);
            /* IOPL never, IF always; the mask is what the frame's IF says. */
            ck_assert_uint_eq(r->eflags, 0x0403u | EFLAGS_IF);
            ck_assert_uint_eq(vcpu_info(f->v)[1], !open);
            ck_assert(!f->v->nmi_masked);
            if (user) {
                ck_assert_uint_eq(r->esp, 0x5757);
                ck_assert_uint_eq(r->ss, f->abi->user_ds);
            }
        }
        f->v->regs.ss = f->abi->kernel_ds;
        uint32_t esp = fx_va(f, 1).va + f->arena;
        iret(f, f->abi->kernel_cs, 0);
        ck_assert_uint_eq(f->v->regs.esp, esp + 16);
        ck_assert_uint_eq(f->v->regs.ss, f->abi->kernel_ds);
        ck_assert(!f->d->s.crashed);
    }
}
END_TEST

START_TEST(iret_that_crashes)
{
    for (unsigned i = 0; i < 4; i++) {
        EACHNEW(f)
        {
            uint32_t edge = fx_va(f, 40).va;
            ck_rc(fx_map(f, fx_va(f, 40), 0), 0);
            struct regs before;
            f->v->regs.eax = 0x77;
            if (i == 0) { /* no frame */
                f->v->regs.esp = 0x1000;
                before = f->v->regs;
                ck_rc(CALL(f, 23, 0), 0x77);
            } else if (i == 1) { /* a frame without ESP and SS, for ring 3 */
                uint32_t half[] = {1, 2, f->abi->user_cs, 0x200};
                ck_assert_int_eq(guest_write(f->v, GVA(edge - 16), half, 16), 0);
                f->v->regs.esp = edge - 16;
                before = f->v->regs;
                ck_rc(CALL(f, 23, 0), 0x77);
            } else if (i == 2) {
                before = f->v->regs;
                iret(f, 0xE018, 0x200);
                before.esp = f->v->regs.esp, before.eax = f->v->regs.eax;
            } else { /* virtual-8086 mode: not emulated; compat makes it #GP */
                f->v->traps[13] = (struct trap_gate){HANDLER, f->abi->kernel_cs, 0};
                iret(f, 0x1234, 0x20200);
                ck_assert_int_eq(f->d->s.crashed, !X417(f));
                if (X417(f))
                    ck_assert_uint_eq(f->v->regs.eip, HANDLER);
                continue;
            }
            ck_assert(f->d->s.crashed);
            ck_assert_mem_eq(&before, &f->v->regs, sizeof before);
        }
    }
}
END_TEST

/* What had iret's number before: the frame is read through SS, whole, or the domain
 * dies; and so it does where the mode is not emulated. */
START_TEST(switch_to_vm86)
{
    const uint32_t frame[10] = {1, 0x77C, 0xF000, 0x33202, 0xFFF0, 0x2000, 3, 4, 5, 6};
    EACH(f) if (OLD(f))
    {
        for (unsigned i = 0; i < 3; i++) {
            struct regs *r = &f->v->regs;
            uint32_t edge = fx_va(f, 40).va;
            if (i == 0)
                ck_rc(fx_map(f, fx_va(f, 40), 0), 0);
            ck_assert_int_eq(guest_write(f->v, GVA(edge - 40), frame, sizeof frame), 0);
            r->eax = 23;
            r->esp = i == 1 ? edge - 36 : edge - 40;
            r->ss = i == 2 ? 0x5551 : f->abi->kernel_ds;
            const struct regs before = *r;
            ck_rc(CALL(f, 23, 0), 23);
            ck_assert(f->d->s.crashed);
            ck_assert_ptr_nonnull(strstr(f->d->s.crash_text, i == 0   ? "virtual-8086 mode"
                                                             : i == 1 ? "cannot be read"
                                                                      : "SS 0x5551"));
            ck_assert(i || strstr(f->d->s.crash_text, "f000:077c, SS:SP 2000:fff0"));
            ck_assert_mem_eq(&before, r, sizeof before);
            f->d->s.crashed = false;
            f->d->s.shutdown = SHUTDOWN_NONE;
        }
    }
}
END_TEST

START_TEST(iret_architectural_iopl)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    iret(f, f->abi->kernel_cs, 0x3200);
    ck_assert_uint_eq(f->v->iopl, 0);
    ck_rc(CALL(f, 21, 0, 4), 0);
    iret(f, f->abi->kernel_cs, 0x1200);
    ck_assert_uint_eq(f->v->iopl, 1);
    fixture_free(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("callbacks");
    TCase *tc = tcase_create("callbacks");
    tcase_add_test(tc, trap_table);
    tcase_add_test(tc, set_callbacks);
    tcase_add_test(tc, stack_switch);
    tcase_add_test(tc, nmi_op);
    tcase_add_test(tc, callback_op);
    tcase_add_test(tc, iret_to_either_ring);
    tcase_add_test(tc, iret_that_crashes);
    tcase_add_test(tc, switch_to_vm86);
    tcase_add_test(tc, iret_architectural_iopl);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
