/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_version.c - xen_version: every query for every Xen (docs/xen-abi.md 4.6,
 * 8.17, 12.2).
 */
#include "fixture.h"

#define EACH(f)                                                                                              \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))

static int32_t version(struct fixture *f, uint32_t cmd, gva_t arg)
{
    return CALL(f, 17, cmd, arg.va);
}

START_TEST(numbers)
{
    static const struct {
        enum ring1_xen xen;
        int32_t version;
        unsigned queries; /* 0 and so many more are known */
    } rows[] = {
        {RING1_XEN_2_0, 0x20000, 0}, {RING1_XEN_3_0_0, 0x30000, 5}, {RING1_XEN_3_0_4, 0x30000, 8},
        {RING1_XEN_3_2, 0x30002, 8}, {RING1_XEN_4_17, 0x40011, 10},
    };
    EACH(f)
    {
        gva_t page = fx_va(f, fx_alloc(f));
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
            if (rows[i].xen != f->abi->xen)
                continue;
            ck_rc(version(f, 0, GVA(0)), rows[i].version);
            for (uint32_t cmd = 1; cmd < 16; cmd++)
                ck_assert_int_eq(version(f, cmd, page) == -XEN_ENOSYS, cmd > rows[i].queries);
            ck_rc(version(f, UINT32_MAX, page), -XEN_ENOSYS);
        }
    }
}
END_TEST

START_TEST(texts)
{
    EACH(f)
    {
        uint32_t pfn = fx_alloc(f);
        gva_t va = fx_va(f, pfn);
        char *page = fx_page(f, pfn);
        if (f->abi->xen == RING1_XEN_2_0)
            continue;
        memset(page, 'x', RING1_PAGE_SIZE);
        ck_rc(version(f, 3, va), 0);
        const char *native = f->abi->xen >= RING1_XEN_4_17 ? "xen-3.0-x86_64 " : "";
        const char *pae = f->abi->abi == RING1_ABI_XEN_3_0_PAE ? "p" : "";
        const char *blank = f->abi->xen >= RING1_XEN_3_2 ? " " : "";
        const char *hvm = f->abi->xen >= RING1_XEN_4_17 ? "hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 " : "";
        g_autofree char *want = g_strconcat(native, "xen-3.0-x86_32", pae, blank, hvm, NULL);
        ck_assert_str_eq(page, want);
        /* All of the structure is written, and nothing behind it. */
        ck_assert_int_eq(page[1023], 0);
        ck_assert_int_eq(page[1024], 'x');
        memset(page, 'x', RING1_PAGE_SIZE);
        ck_rc(version(f, 1, va), 0);
        ck_assert_int_eq(page[0], '.');
        ck_assert_int_eq(page[15], 0);
        ck_assert_int_eq(page[16], 'x');
        ck_rc(version(f, 2, va), 0);
        ck_assert_int_eq(page[143], 0);
        ck_assert_int_eq(page[144], 'x');
        ck_rc(version(f, 1, GVA(0x1000)), -XEN_EFAULT);
        ck_rc(version(f, 3, GVA(f->abi->hole)), -XEN_EFAULT);
    }
}
END_TEST

START_TEST(parameters)
{
    EACH(f)
    {
        bool late = f->abi->xen >= RING1_XEN_4_17;
        if (f->abi->xen == RING1_XEN_2_0)
            continue;
        gva_t arg = FX_WORDS(f, 0, 0xBBBB, 0xCCCC);
        ck_rc(version(f, 5, arg), 0);
        ck_assert_uint_eq(fx_get(f, arg), f->abi->hole);
        ck_assert_uint_eq(fx_get(f, GVA(arg.va + 4)), 0xBBBB);
        if (f->abi->xen == RING1_XEN_3_0_0)
            continue;
        fx_set(f, arg, 0);
        ck_rc(version(f, 6, arg), 0);
        ck_assert_uint_eq(fx_get(f, GVA(arg.va + 4)), late ? 0x220E0 : 0);
        f->d->s.vm_assist = 1u << 3;
        ck_rc(version(f, 6, arg), 0);
        ck_assert_uint_eq(fx_get(f, GVA(arg.va + 4)), late ? 0x220F0 : 0x10);
        fx_set(f, arg, 1);
        ck_rc(version(f, 6, arg), -XEN_EINVAL);
        ck_rc(version(f, 6, GVA(0x1000)), -XEN_EFAULT);
        ck_rc(version(f, 7, GVA(0)), 4096);
        ck_rc(version(f, 7, arg), -XEN_EINVAL);
        ck_rc(version(f, 8, arg), 0);
        ck_rc(version(f, 8, GVA(0x1000)), -XEN_EFAULT);
        if (!late)
            continue;
        ck_rc(version(f, 9, arg), 0);
        char text[9];
        ck_assert_int_eq(guest_read(f->v, arg, text, sizeof text), 0);
        ck_assert_mem_eq(text, "<denied>", 9);
        ck_rc(version(f, 10, GVA(0)), -XEN_EPERM);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("version");
    TCase *tc = tcase_create("version");
    tcase_add_test(tc, numbers);
    tcase_add_test(tc, texts);
    tcase_add_test(tc, parameters);
    suite_add_tcase(s, tc);
    return fx_main(s);
}
