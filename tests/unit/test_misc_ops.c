/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_misc_ops.c - console_io, physdev_op, debug registers, fpu_taskswitch,
 * set_fast_trap and the calls of control domains (docs/xen-abi.md 8, 12.2, 13).
 */
#include "fixture.h"

#define X20(f)  ((f)->abi->xen == RING1_XEN_2_0)
#define X300(f) ((f)->abi->xen == RING1_XEN_3_0_0)
#define X417(f) ((f)->abi->xen >= RING1_XEN_4_17)
#define EACH(f)                                                                                              \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))
#define EACH3(f)   EACH(f) if (!X20(f))
#define EACHNEW(f) EACH(f) if (f->abi->xen >= RING1_XEN_3_0_4)

START_TEST(console_write)
{
    EACH(f)
    {
        gva_t text = fx_put(f, "cons\n", 5);
        ck_rc(CALL(f, 18, 0, 5, text.va), X20(f) ? 5 : 0);
        ck_assert_str_eq(f->console->str, "cons\n");
        ck_rc(CALL(f, 18, 0, 0, 0x1000), 0);
        ck_rc(CALL(f, 18, 0, 4, 0x1000), -XEN_EFAULT);
        ck_rc(CALL(f, 18, 0, 4, f->abi->hole), f->abi->xen >= RING1_XEN_4_17 ? 0 : -XEN_EFAULT);
        ck_rc(CALL(f, 18, 2, 4, text.va), -XEN_ENOSYS);
        bool counts_signed = f->abi->xen < RING1_XEN_4_17;
        ck_rc(CALL(f, 18, 0, 0x80000000u, 0x1000), counts_signed ? 0 : -XEN_EFAULT);
        g_string_truncate(f->console, 0);
        ck_rc(CALL(f, 18, 0, 5000, fx_va(f, 1).va), X20(f) ? 4095 : 0);
        ck_assert_uint_eq(f->console->len, X20(f) ? 4095 : 5000);
        f->d->console_io_allowed = false;
        for (uint32_t cmd = 0; cmd < 4; cmd++)
            ck_rc(CALL(f, 18, cmd, 5, text.va), -XEN_EPERM);
    }
}
END_TEST

START_TEST(console_read)
{
    EACH(f)
    {
        gva_t to = FX_WORDS(f, 0, 0);
        ck_rc(CALL(f, 18, 1, 4, to.va), 0);
        f->input = "abcdef";
        ck_rc(CALL(f, 18, 1, 4, to.va), 4);
        ck_assert_uint_eq(fx_get(f, to), 0x64636261);
        ck_rc(CALL(f, 18, 1, 100, to.va), 2);
        ck_rc(CALL(f, 18, 1, 0x80000000u, to.va), X417(f) ? -XEN_E2BIG : 0);
        f->input = "g";
        ck_rc(CALL(f, 18, 1, 4, 0x1000), -XEN_EFAULT);
    }
}
END_TEST

START_TEST(physdev_2_0)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    for (uint32_t cmd = 0; cmd < 16; cmd++) {
        gva_t op = FX_WORDS(f, cmd, 0, 0, 0xBBBB, 0, 0, 0, 0, 0, 0);
        ck_rc(CALL(f, 19, op.va), cmd >= 3 && cmd <= 5 ? 0 : cmd < 3 ? -XEN_EPERM : -XEN_EINVAL);
        ck_assert_uint_eq(fx_get(f, GVA(op.va + 12)), cmd == 3 || cmd == 5 ? 0 : 0xBBBB);
    }
    /* Configuration space reads as that of no device; there is no bus. */
    gva_t read = FX_WORDS(f, 0, 0, 0, 1, 0, 0, 4, 5, 6, 7);
    ck_rc(CALL(f, 19, read.va), -XEN_EPERM);
    ck_assert(fx_get(f, GVA(read.va + 24)) == 4 && fx_get(f, GVA(read.va + 28)) == UINT32_MAX &&
              fx_get(f, GVA(read.va + 32)) == 6);
    gva_t buses = FX_WORDS(f, 3, 9, 1, 2, 3, 4, 5, 6, 7, 8);
    ck_rc(CALL(f, 19, buses.va), 0);
    for (uint32_t i = 2; i < 10; i++)
        ck_assert_uint_eq(fx_get(f, GVA(buses.va + i * 4)), 0);
    ck_assert_uint_eq(fx_get(f, GVA(buses.va + 4)), 9);
    ck_rc(CALL(f, 19, FX_WORDS(f, 5, 0, 128, 0, 0, 0, 0, 0, 0, 0).va), -XEN_EINVAL);
    ck_rc(CALL(f, 19, 0x1000), -XEN_EFAULT);
    fixture_free(f);
}
END_TEST

START_TEST(physdev_old)
{
    EACH3(f)
    {
        int32_t unknown = X300(f) ? -XEN_EINVAL : -XEN_ENOSYS;
        gva_t status = FX_WORDS(f, 5, 0, 0xBBBB, 0);
        ck_rc(CALL(f, 19, FX_WORDS(f, 99, 0, 0, 0).va), unknown);
        ck_rc(CALL(f, 19, FX_WORDS(f, 4, 0, 0, 0).va), 0);
        ck_rc(CALL(f, 19, status.va), 0);
        ck_assert_uint_eq(fx_get(f, GVA(status.va + 8)), 1);
        ck_rc(CALL(f, 19, FX_WORDS(f, 9, 0, 0, 0).va), -XEN_EPERM);
        ck_rc(CALL(f, 19, FX_WORDS(f, 10, 0, 0, 0).va), -XEN_EPERM);
        ck_rc(CALL(f, 19, FX_WORDS(f, 11, 0, 0, 0).va), unknown);
        ck_rc(CALL(f, 19, FX_WORDS(f, 12, 0, 0, 0).va), X300(f) || X417(f) ? -XEN_EINVAL : 0);
        ck_rc(CALL(f, 19, FX_WORDS(f, 6, 4, 0, 0).va), -XEN_EINVAL);
        ck_rc(CALL(f, 19, FX_WORDS(f, 6, 1, 0, 0).va), 0);
        ck_assert_uint_eq(f->v->iopl, 1);
        ck_rc(CALL(f, 19, FX_WORDS(f, 7, fx_va(f, 1).va, 65536, 0).va), 0);
        ck_rc(CALL(f, 19, FX_WORDS(f, 7, fx_va(f, 1).va, 65537, 0).va), -XEN_EINVAL);
        ck_rc(CALL(f, 19, FX_WORDS(f, 5, 9999, 0, 0).va), -XEN_EINVAL);
        ck_rc(CALL(f, 19, 0x1000), -XEN_EFAULT);
    }
}
END_TEST

START_TEST(physdev_new)
{
    EACHNEW(f)
    {
        gva_t zero = FX_WORDS(f, 0, 0, 0, 0, 0, 0), page = FX_WORDS(f, fx_mfn(f, fx_alloc(f)).mfn);
        ck_rc(CALL(f, 33, 12, zero.va), f->abi->xen >= RING1_XEN_4_17 ? -XEN_EINVAL : 0);
        ck_rc(CALL(f, 33, 12, FX_WORDS(f, 9999).va), -XEN_EINVAL);
        ck_rc(CALL(f, 33, 6, 0x1000), -XEN_EFAULT);
        ck_rc(CALL(f, 33, 13, zero.va), X417(f) ? -XEN_EPERM : -XEN_ENOSYS);
        ck_rc(CALL(f, 33, 13, FX_WORDS(f, 9, 0, 0, 0, 0, 0).va), X417(f) ? -XEN_ESRCH : -XEN_ENOSYS);
        ck_rc(CALL(f, 33, 15, zero.va), X417(f) ? -XEN_EPERM : -XEN_ENOSYS);
        ck_rc(CALL(f, 33, 21, zero.va), X417(f) ? -XEN_EPERM : -XEN_ENOSYS);
        ck_rc(CALL(f, 33, 28, FX_WORDS(f, FX_BEYOND).va), X417(f) ? -XEN_EINVAL : -XEN_ENOSYS);
        ck_rc(CALL(f, 33, 28, page.va), X417(f) ? 0 : -XEN_ENOSYS);
        ck_rc(CALL(f, 33, 17, page.va), X417(f) ? -XEN_EBUSY : -XEN_ENOSYS);
        ck_rc(CALL(f, 33, 18, zero.va), -XEN_ENOSYS);
        ck_rc(CALL(f, 33, UINT32_MAX, zero.va), -XEN_ENOSYS);
    }
}
END_TEST

START_TEST(debug_registers)
{
    EACH(f)
    {
        int32_t bad = f->abi->bad_debugreg;
        for (uint32_t reg = 0; reg < 4; reg++) {
            ck_rc(CALL(f, 9, reg), 0);
            ck_rc(CALL(f, 8, reg, 0x1000 + reg), 0);
            ck_rc(CALL(f, 9, reg), 0x1000 + (int32_t)reg);
        }
        ck_rc(CALL(f, 8, 0, f->abi->hole), X20(f) || X417(f) ? 0 : -XEN_EPERM);
        ck_rc(CALL(f, 8, 0, 0xFFFFF000), X417(f) ? 0 : -XEN_EPERM);
        ck_rc(CALL(f, 8, 4, 0), X417(f) ? 0 : bad);
        ck_rc(CALL(f, 8, 5, 0), X417(f) ? 0 : bad);
        ck_rc(CALL(f, 9, 4), X417(f) ? (int32_t)0xFFFF0FF0 : 0);
        ck_rc(CALL(f, 9, 5), X417(f) ? 0x400 : 0);
        ck_rc(CALL(f, 8, 6, 0), 0);
        ck_rc(CALL(f, 9, 6), (int32_t)0xFFFF0FF0);
        ck_rc(CALL(f, 9, 7), X417(f) ? 0x400 : 0);
        ck_rc(CALL(f, 8, 7, 0x400), 0);
        ck_rc(CALL(f, 8, 7, 0x2400), -XEN_EPERM);
        ck_rc(CALL(f, 8, 7, 0x20401), -XEN_EPERM);
        ck_rc(CALL(f, 8, 7, 0x80401), X417(f) ? 0 : -XEN_EPERM);
        ck_rc(CALL(f, 9, 7), X417(f) ? 0x80401 : 0x400);
        ck_rc(CALL(f, 8, 7, 0), 0);
        ck_rc(CALL(f, 9, 7), f->abi->xen < RING1_XEN_3_2 ? 0 : 0x400);
        ck_rc(CALL(f, 8, 8, 0), bad);
        ck_rc(CALL(f, 9, 8), bad);
        ck_rc(CALL(f, 9, UINT32_MAX), bad);
        /* With CR4.DE 4 and 5 are no aliases, and ports may be watched. */
        f->v->cr4 = 8;
        ck_rc(CALL(f, 9, 4), X417(f) ? -XEN_ENODEV : 0);
        ck_rc(CALL(f, 8, 7, 0x20401), X417(f) ? 0 : -XEN_EPERM);
    }
}
END_TEST

START_TEST(fpu)
{
    EACH(f)
    {
        f->v->ts = false;
        ck_rc(CALL(f, 5, 7), 0);
        ck_assert(f->v->ts && f->d->s.attention & ATTN_TS);
        ck_rc(CALL(f, 5, 0), 0);
        ck_assert(f->v->ts == X20(f));
    }
}
END_TEST

START_TEST(fast_trap)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    for (unsigned i = 0; i < NR_TRAPS; i++)
        f->v->traps[i].cs = f->abi->kernel_cs;
    ck_rc(CALL(f, 11, 0x80), 0);
    ck_assert_int_eq(f->v->fast_trap, 0x80);
    ck_rc(CALL(f, 11, 0x20), 0);
    ck_rc(CALL(f, 11, 0x1F), -1);
    ck_rc(CALL(f, 11, 0x30), -1);
    ck_rc(CALL(f, 11, 0x81), -1);
    f->v->traps[0x21].flags = 4;
    ck_rc(CALL(f, 11, 0x21), -1);
    ck_rc(CALL(f, 11, 0), 0);
    ck_assert_int_eq(f->v->fast_trap, 0);
    fixture_free(f);
}
END_TEST

START_TEST(control_calls)
{
    EACH(f)
    {
        gva_t zero = fx_va(f, fx_alloc(f));
        ck_rc(CALL(f, 7, zero.va), X417(f) ? -XEN_EACCES : -XEN_EPERM);
        ck_rc(CALL(f, 7, 0x1000), X417(f) ? -XEN_EFAULT : -XEN_EPERM);
        if (!X417(f))
            continue;
        fx_set(f, GVA(zero.va + 4), 0x03000001);
        ck_rc(CALL(f, 7, zero.va), -XEN_EPERM);
        ck_rc(CALL(f, 35, zero.va), -XEN_EACCES);
        ck_rc(CALL(f, 35, 0x1000), -XEN_EFAULT);
        fx_set(f, GVA(zero.va + 4), 0x15);
        ck_rc(CALL(f, 35, zero.va), -XEN_EPERM);
        ck_rc(CALL(f, 36, zero.va), -XEN_EPERM);
        fx_set(f, GVA(zero.va + 8), 9);
        ck_rc(CALL(f, 36, zero.va), -XEN_ESRCH);
        fx_set(f, zero, 1);
        ck_rc(CALL(f, 36, zero.va), -XEN_EPERM);
    }
}
END_TEST

START_TEST(hvm)
{
    EACHNEW(f)
    {
        gva_t self = FX_WORDS(f, FX_SELF, 0, 0, 0), nobody = FX_WORDS(f, 9, 0, 0, 0);
        ck_rc(CALL(f, 34, 0, self.va), -XEN_EINVAL);
        ck_rc(CALL(f, 34, 1, nobody.va), X417(f) ? -XEN_ESRCH : -XEN_EPERM);
        ck_rc(CALL(f, 34, 1, FX_WORDS(f, FX_SELF, 1000, 0, 0).va), -XEN_EINVAL);
        ck_rc(CALL(f, 34, 1, 0x1000), -XEN_EFAULT);
        ck_rc(CALL(f, 34, 99, self.va), -XEN_ENOSYS);
        f->now = 77;
        ck_rc(CALL(f, 34, 10, self.va), X417(f) ? 0 : -XEN_ENOSYS);
        if (X417(f))
            ck_assert_uint_eq(fx_get(f, self), 77);
        ck_rc(CALL(f, 31, 99, self.va), -XEN_EINVAL);
        ck_rc(CALL(f, 31, 1, self.va), -XEN_EPERM);
        ck_rc(CALL(f, 31, 0, 0x1000), -XEN_EFAULT);
    }
}
END_TEST

/* 4.17 answered a domU's first call with one buffer of 48 bytes, later ones with
 * -16 (tests/oracle/answers/calls.txt, xenoprof 14). */
START_TEST(profiling_buffers)
{
    for (uint32_t samples = 0; samples <= 1000; samples += 1000) {
        EACHNEW(f)
        {
            gva_t op = FX_WORDS(f, samples, 7, 7, 7, 7), again = FX_WORDS(f, 5, 7, 7, 7, 7);
            ck_rc(CALL(f, 31, 14, 0x1000), -XEN_EFAULT);
            ck_rc(CALL(f, 31, 14, op.va), 0);
            uint32_t bytes = 48 + samples * 12, maddr = fx_get(f, GVA(op.va + 12));
            ck_assert_uint_eq(fx_get(f, GVA(op.va + 4)), 1);
            ck_assert_uint_eq(fx_get(f, GVA(op.va + 8)), bytes);
            ck_assert_uint_eq(fx_get(f, GVA(op.va + 16)), 0);
            for (uint32_t i = 0; i <= (bytes - 1) / 4096; i++) {
                const struct frame *frame = frame_info(f->mem, MFN((maddr >> 12) + i));
                ck_assert(frame->owner == DOMID_GUEST && (frame->flags & PGF_SHARED));
                ck_rc(fx_map(f, fx_va(f, 40 + i), maddr + i * 4096 + 0x63), 0);
            }
            ck_assert_uint_eq(fx_get(f, GVA(fx_va(f, 40).va + 8)), samples);
            ck_assert_uint_eq(fx_get(f, GVA(fx_va(f, 40).va + 12)), 0);
            ck_rc(CALL(f, 31, 14, 0x1000), -XEN_EFAULT);
            ck_rc(CALL(f, 31, 14, again.va), X417(f) ? -XEN_EBUSY : 0);
            ck_assert_uint_eq(fx_get(f, GVA(again.va + 12)), X417(f) ? 7 : maddr);
            ck_rc(CALL(f, 31, 5, op.va), -XEN_EPERM);
        }
    }
    /* More than 32 pages nobody gets; and here there are not so many. */
    EACHNEW(f)
    {
        gva_t op = FX_WORDS(f, UINT32_MAX, 7, 7, 7, 7);
        int32_t rc = CALL(f, 31, 14, op.va);
        ck_assert(rc == -XEN_ENOMEM || (rc == 0 && fx_get(f, GVA(op.va + 8)) <= 32 * 4096));
    }
}
END_TEST

START_TEST(device_model)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    gva_t bufs = FX_WORDS(f, 0, 0, 0, 0);
    ck_rc(CALL(f, 41, DOMID_GUEST, 0, bufs.va), -XEN_ENODATA);
    ck_rc(CALL(f, 41, 9, 0, 0x1000), -XEN_ENODATA);
    ck_rc(CALL(f, 41, DOMID_GUEST, 99, bufs.va), -XEN_E2BIG);
    ck_rc(CALL(f, 41, DOMID_GUEST, 1, 0x1000), -XEN_EFAULT);
    ck_rc(CALL(f, 41, DOMID_GUEST, 1, bufs.va), -XEN_EPERM);
    ck_rc(CALL(f, 41, 9, 1, bufs.va), -XEN_ESRCH);
    ck_rc(CALL(f, 41, FX_SELF, 1, bufs.va), -XEN_ESRCH);
    fixture_free(f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("misc_ops");
    TCase *tc = tcase_create("misc_ops");
    tcase_add_test(tc, console_write);
    tcase_add_test(tc, console_read);
    tcase_add_test(tc, physdev_2_0);
    tcase_add_test(tc, physdev_old);
    tcase_add_test(tc, physdev_new);
    tcase_add_test(tc, debug_registers);
    tcase_add_test(tc, fpu);
    tcase_add_test(tc, fast_trap);
    tcase_add_test(tc, control_calls);
    tcase_add_test(tc, hvm);
    tcase_add_test(tc, profiling_buffers);
    tcase_add_test(tc, device_model);
    suite_add_tcase(s, tc);
    return fx_main(s);
}
