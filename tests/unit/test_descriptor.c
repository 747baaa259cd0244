/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_descriptor.c - what a guest may have in its GDT and LDT, set_gdt,
 * update_descriptor, the LDT's pages (docs/xen-abi.md 5.3, 8.2, 8.10, 13.2).
 */
#include "dispatch/descriptor.h"
#include "dispatch/gdt.h"

#include "fixture.h"

#define X20(f)          ((f)->abi->xen == RING1_XEN_2_0)
#define LATE(f)         ((f)->abi->xen >= RING1_XEN_4_17)
#define DESC(low, high) ((uint64_t)(high) << 32 | (low))

enum { SET_LDT = 13 };

static bool check(struct fixture *f, uint64_t desc, uint64_t *out)
{
    *out = desc;
    return check_descriptor(f->d, out);
}

/* A page of zeroes that is mapped read-only. */
static uint32_t readonly(struct fixture *f)
{
    uint32_t pfn = fx_alloc(f);
    ck_rc(fx_map(f, fx_va(f, pfn), fx_entry(fx_mfn(f, pfn), 0x21)), 0);
    return pfn;
}

static void desc_put(struct fixture *f, uint32_t pfn, unsigned index, uint64_t desc)
{
    memcpy((uint8_t *)fx_page(f, pfn) + index * 8, &desc, 8);
}

static uint64_t desc_at(struct fixture *f, uint32_t pfn, unsigned index)
{
    uint64_t desc;
    memcpy(&desc, (uint8_t *)fx_page(f, pfn) + index * 8, 8);
    return desc;
}

START_TEST(code_and_data)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        bool old = f->abi->xen <= RING1_XEN_3_0_0, cut = f->abi->segment_top != 0;
        uint32_t top = f->abi->levels == 2 ? 0x0000C3FF : 0x000067FF;
        uint64_t out;
        ck_assert(check(f, 0, &out));
        ck_assert(check(f, DESC(0x12345678, 0x00CF7F00), &out)); /* not present */
        ck_assert_uint_eq(out, DESC(0x12345678, 0x00CF7F00));
        /* Flat, ring 1: cut at the top of what the guest may reach. */
        ck_assert(check(f, DESC(0xFFFF, 0x00CFB200), &out));
        ck_assert_uint_eq(out, cut ? DESC(top, 0x00CFB200) : DESC(0xFFFF, 0x00CFB200));
        /* DPL 0. */
        ck_assert_int_eq(check(f, DESC(0xFFFF, 0x00CF9200), &out), !old);
        if (!old)
            ck_assert_uint_eq(out >> 32, 0x00CFB200);
        /* 64 KiB, bytes. */
        ck_assert(check(f, DESC(0xFFFF, 0x0040F200), &out));
        ck_assert_uint_eq(out, DESC(0xFFFF, 0x0040F200));
        /* From the hole on: the first page of it is still there to be cut. */
        uint32_t base = f->abi->hole;
        uint32_t high = (base & 0xFF000000u) | ((base >> 16) & 0xFF);
        ck_assert(check(f, DESC(0xFFFF, high | 0x00CFB200), &out));
        /* One that cannot be cut: too near to the top, or counted in bytes. */
        if (cut) {
            base = f->abi->segment_top - 0x1000;
            high = (base & 0xFF000000u) | ((base >> 16) & 0xFF);
            ck_assert(!check(f, DESC(base << 16 | 0xFFFF, high | 0x00CFB200), &out));
            base = f->abi->segment_top - 0x8000;
            high = (base & 0xFF000000u) | ((base >> 16) & 0xFF);
            ck_assert(!check(f, DESC(base << 16 | 0xFFFF, high | 0x0040B200), &out));
            ck_assert(check(f, DESC(base << 16 | 0x6FFF, high | 0x0040B200), &out));
        }
        /* Expand-down: what lies above the limit is the segment. */
        ck_assert(check(f, DESC(0xFFFF, 0x00CFB600), &out)); /* nothing */
        ck_assert_uint_eq(out, DESC(0xFFFF, 0x00CFB600));
        ck_assert(check(f, DESC(0x0000, 0x00C0B600), &out)); /* 4 GiB - 4 KiB */
        ck_assert_uint_eq(out, cut ? DESC(0xFFFF, 0x00CFB600) : DESC(0x0000, 0x00C0B600));
    }
}
END_TEST

START_TEST(compat_segments)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    uint64_t out;
    ck_assert(!check(f, DESC(0xFFFF, 0x00EFB200), &out)); /* L */
    ck_assert(check(f, DESC(0x67FF, 0x00CFB200), &out));  /* the old hole's end is widened */
    ck_assert_uint_eq(out, DESC(0xFFFF, 0x00CFB200));
    ck_assert(check(f, DESC(0x57FF, 0x00CFB200), &out));
    ck_assert_uint_eq(out, DESC(0x57FF, 0x00CFB200));
    ck_assert(check(f, DESC(0x67FF, 0x00CFB201), &out)); /* base is not 0 */
    ck_assert_uint_eq(out, DESC(0x67FF, 0x00CFB201));
    ck_assert(check(f, DESC(0x1234, 0x00008000), &out)); /* present, type 0 */
    ck_assert_uint_eq(out, DESC(0x1234, 0x00008000));
    fixture_free(f);
}
END_TEST

START_TEST(system_descriptors)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t cs = f->abi->kernel_cs;
        uint64_t out;
        ck_assert(!check(f, DESC(0xFFFF, 0x8900 | 0x2000), &out)); /* TSS */
        ck_assert(!check(f, DESC(0xFFFF, 0x8200 | 0x2000), &out)); /* LDT */
        ck_assert(!check(f, DESC(0xFFFF, 0x8E00 | 0x2000), &out)); /* interrupt gate */
        ck_assert_int_eq(check(f, DESC(0xFFFF, 0x8000 | 0x2000), &out), LATE(f));
        /* Call gates: of DPL 1 and 3, to the kernel, to one's own, to Xen's. */
        ck_assert(check(f, DESC(cs << 16 | 0x1234, 0x1234AC00), &out));
        ck_assert_uint_eq(out, LATE(f) ? DESC(0xE0191234, 0x12348C00) : DESC(cs << 16 | 0x1234, 0x1234AC00));
        ck_assert(check(f, DESC(cs << 16 | 0x1234, 0x1234EC00), &out));
        if (LATE(f))
            ck_assert_uint_eq(out, DESC(0xE01B1234, 0x12348C00));
        ck_assert(check(f, DESC(0x00090000, 0xEC00), &out));
        ck_assert(check(f, DESC(0x00050000, 0xEC00), &out)); /* of the LDT */
        ck_assert(!check(f, DESC((uint32_t)(f->abi->first_reserved_gdt * 8 + 9) << 16, 0xEC00), &out));
        ck_assert(!check(f, DESC(cs << 16, 0xEC20), &out)); /* reserved bits */
        /* RPL 0 of the target: refused, then raised. */
        ck_assert_int_eq(check(f, DESC(0x00080000, 0xEC00), &out), f->abi->xen > RING1_XEN_3_0_0);
    }
}
END_TEST

START_TEST(set_gdt)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t rw = fx_alloc(f), ro = readonly(f);
        gva_t bad = FX_WORDS(f, fx_mfn(f, rw).mfn), list = FX_WORDS(f, fx_mfn(f, ro).mfn);
        ck_rc(CALL(f, 2, bad.va, 512), -XEN_EINVAL);
        ck_rc(CALL(f, 2, list.va, 0), X20(f) ? -XEN_EINVAL : 0);
        ck_rc(CALL(f, 2, list.va, 1), X20(f) ? -XEN_EINVAL : 0);
        ck_rc(CALL(f, 2, list.va, 295), X20(f) ? -XEN_EINVAL : 0);
        ck_rc(CALL(f, 2, list.va, 296), 0);
        ck_rc(CALL(f, 2, list.va, 8193), -XEN_EINVAL);
        ck_rc(CALL(f, 2, list.va, 7169), -XEN_EINVAL); /* 2.0: 15 frames, of which one is good */
        ck_rc(CALL(f, 2, list.va, UINT32_MAX), -XEN_EINVAL);
        f->d->s.attention = 0;
        ck_rc(CALL(f, 2, list.va, 512), 0);
        ck_assert_uint_eq(f->d->s.attention & (ATTN_GDT | ATTN_FLUSH), ATTN_GDT | ATTN_FLUSH);
        ck_assert_uint_eq(f->v->gdt[0].mfn, fx_mfn(f, ro).mfn);
        ck_assert_uint_eq(f->v->gdt_entries, 512);
        ck_rc(CALL(f, 2, 0x1000, 512), -XEN_EFAULT);
        ck_rc(CALL(f, 2, f->abi->hole, 512), f->abi->xen >= RING1_XEN_4_17 ? -XEN_EINVAL : -XEN_EFAULT);
        gva_t beyond = FX_WORDS(f, FX_BEYOND);
        ck_rc(CALL(f, 2, beyond.va, 512), -XEN_EINVAL);
        gva_t twice = FX_WORDS(f, fx_mfn(f, ro).mfn, FX_BEYOND);
        ck_rc(CALL(f, 2, twice.va, 1024), -XEN_EINVAL);
        ck_assert_uint_eq(f->v->gdt[0].mfn, fx_mfn(f, ro).mfn); /* the old one stays */
        ck_rc(fx_map(f, fx_va(f, ro), fx_entry(fx_mfn(f, ro), 0x23)), LATE(f) ? -XEN_EBUSY : -XEN_EINVAL);
        if (!X20(f)) {
            ck_rc(CALL(f, 2, 0x1000, 0), 0);
            ck_assert_uint_eq(f->v->gdt_entries, 0);
            ck_rc(fx_map(f, fx_va(f, ro), fx_entry(fx_mfn(f, ro), 0x23)), 0);
        }
    }
}
END_TEST

/* 2.0 puts its own entries into the guest's first page. */
START_TEST(entries_of_xen_2_0)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    uint32_t pfn = readonly(f);
    gva_t list = FX_WORDS(f, fx_mfn(f, pfn).mfn);
    desc_put(f, pfn, 257, DESC(0xFFFF, 0x00CF9200)); /* DPL 0: zapped, since it is Xen's place */
    desc_put(f, pfn, 255, DESC(0xFFFF, 0x00CFB200));
    ck_rc(CALL(f, 2, list.va, 512), 0);
    ck_assert_uint_eq(desc_at(f, pfn, 255), DESC(0xC3FF, 0x00CFB200));
    ck_assert_uint_eq(desc_at(f, pfn, 296), 0);
    uint32_t flat[] = {0x00CFBA00, 0x00CFB300, 0x00CFFA00, 0x00CFF300};
    for (unsigned e = 259; e < 263; e++) {
        ck_assert_uint_eq(desc_at(f, pfn, e), xen_descriptor(f->abi, e));
        ck_assert_uint_eq(desc_at(f, pfn, e) >> 32, flat[e - 259]);
    }
    /* They are not the guest's to change, and do no harm when the page is used
     * again. */
    uint32_t maddr = fx_mfn(f, pfn).mfn << 12;
    ck_rc(CALL(f, 10, maddr + 259 * 8, 0, 0), -XEN_EINVAL);
    ck_rc(CALL(f, 10, maddr + 295 * 8, 0, 0), -XEN_EINVAL);
    ck_rc(CALL(f, 10, maddr + 296 * 8, 0, 0), 0);
    uint32_t other = readonly(f);
    gva_t list2 = FX_WORDS(f, fx_mfn(f, other).mfn);
    ck_rc(CALL(f, 2, list2.va, 512), 0);
    ck_rc(CALL(f, 2, list.va, 512), 0);
    ck_rc(CALL(f, 2, list.va, 512), 0);
    /* A bad entry elsewhere stays bad. */
    ck_rc(CALL(f, 2, list2.va, 512), 0);
    ck_rc(fx_map(f, fx_va(f, pfn), fx_entry(fx_mfn(f, pfn), 0x23)), 0);
    desc_put(f, pfn, 5, DESC(0xFFFF, 0x00CF9200));
    ck_rc(fx_map(f, fx_va(f, pfn), fx_entry(fx_mfn(f, pfn), 0x21)), 0);
    ck_rc(CALL(f, 2, list.va, 512), -XEN_EINVAL);
    fixture_free(f);
}
END_TEST

/* Validation of a GDT page: all 512, some changed on the way. */
START_TEST(gdt_page_validation)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t pfn = readonly(f);
        gva_t list = FX_WORDS(f, fx_mfn(f, pfn).mfn);
        desc_put(f, pfn, 1, DESC(0xFFFF, 0x00CF9A00));
        desc_put(f, pfn, 2, DESC(0x00090000, 0x0000EC00));
        ck_rc(CALL(f, 2, list.va, 296), f->abi->xen <= RING1_XEN_3_0_0 ? -XEN_EINVAL : 0);
        if (f->abi->xen > RING1_XEN_3_0_0) {
            ck_assert_uint_eq((desc_at(f, pfn, 1) >> 32) & 0x6000, 0x2000);
            ck_assert_uint_eq(desc_at(f, pfn, 2),
                              LATE(f) ? DESC(0x000B0000, 0x8C00) : DESC(0x00090000, 0xEC00));
        }
        uint32_t worse = readonly(f);
        gva_t list2 = FX_WORDS(f, fx_mfn(f, worse).mfn);
        desc_put(f, worse, 511, DESC(0xFFFF, 0xA900)); /* beyond the entries, and looked at */
        ck_rc(CALL(f, 2, list2.va, 296), -XEN_EINVAL);
    }
}
END_TEST

static int32_t update(struct fixture *f, uint32_t maddr, uint64_t desc)
{
    if (X20(f))
        return CALL(f, 10, maddr, (uint32_t)desc, (uint32_t)(desc >> 32));
    return CALL(f, 10, maddr, 0, (uint32_t)desc, (uint32_t)(desc >> 32));
}

START_TEST(update_descriptor)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t pfn = readonly(f), plain = fx_alloc(f);
        gva_t list = FX_WORDS(f, fx_mfn(f, pfn).mfn);
        uint32_t maddr = fx_mfn(f, pfn).mfn << 12;
        ck_rc(CALL(f, 2, list.va, 512), 0);
        f->d->s.attention = 0;
        ck_rc(update(f, maddr + 8, DESC(0xFFFF, 0x00CFB200)), 0);
        ck_assert_uint_ne(f->d->s.attention & ATTN_GDT, 0);
        ck_assert_uint_eq(desc_at(f, pfn, 1), f->abi->segment_top == 0 ? DESC(0xFFFF, 0x00CFB200)
                                              : f->abi->levels == 2    ? DESC(0xC3FF, 0x00CFB200)
                                                                       : DESC(0x67FF, 0x00CFB200));
        bool old = f->abi->xen <= RING1_XEN_3_0_0;
        ck_rc(update(f, maddr + 16, DESC(0xFFFF, 0x00CF9200)), old ? -XEN_EINVAL : 0);
        ck_assert_uint_eq(desc_at(f, pfn, 2) >> 32, old ? 0 : 0x00CFB200);
        ck_rc(update(f, maddr + 40, DESC(0xFFFF, 0xA900)), -XEN_EINVAL);
        ck_rc(update(f, maddr + 12, 0), -XEN_EINVAL);
        ck_rc(update(f, FX_BEYOND << 12, 0), -XEN_EINVAL);
        ck_rc(update(f, f->xen_frame.mfn << 12, 0), -XEN_EINVAL);
        ck_rc(update(f, f->l1.mfn << 12, 0), -XEN_EINVAL); /* a table */
        ck_rc(update(f, fx_mfn(f, plain).mfn << 12, DESC(0xFFFF, 0x0040F200)), 0);
        ck_assert_uint_eq(desc_at(f, plain, 0), DESC(0xFFFF, 0x0040F200));
        if (!X20(f)) /* a high word that must not be dropped */
            ck_rc(CALL(f, 10, maddr + 8, 1, 0, 0), -XEN_EINVAL);
    }
}
END_TEST

START_TEST(set_ldt)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t base = fx_va(f, fx_alloc(f)).va;
        ck_rc(fx_ext(f, SET_LDT, 0, 0), 0);
        ck_rc(fx_ext(f, SET_LDT, base, 1), 0);
        ck_assert_uint_eq(f->v->ldt_base, base);
        ck_assert_uint_eq(f->v->ldt_entries, 1);
        ck_rc(fx_ext(f, SET_LDT, base + 8, 1), -XEN_EINVAL);
        ck_rc(fx_ext(f, SET_LDT, base, 8193), -XEN_EINVAL);
        ck_rc(fx_ext(f, SET_LDT, base, 8192), 0);
        ck_rc(fx_ext(f, SET_LDT, f->abi->hole, 1), LATE(f) ? 0 : -XEN_EINVAL);
        ck_rc(fx_ext(f, SET_LDT, 0, 0), 0);
    }
}
END_TEST

/* LDT pages get their type at the first fault, before 4.17 the first one at once, and lose
 * it with the mapping. */
START_TEST(ldt_is_lazy)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t first = readonly(f), second = readonly(f), rw = fx_alloc(f);
        ck_assert_uint_eq(second, first + 1);
        ck_assert(!ldt_fault(f->v, 0)); /* no LDT */
        ck_rc(fx_ext(f, SET_LDT, fx_va(f, first).va, 1600), 0);
        ck_assert_uint_eq(frame_info(f->mem, fx_mfn(f, first))->type_count, !LATE(f));
        ck_assert_int_eq(ldt_fault(f->v, 8), LATE(f));
        ck_assert_uint_eq(f->v->ldt[0].mfn, fx_mfn(f, first).mfn);
        ck_assert(!ldt_fault(f->v, 8));
        ck_assert(ldt_fault(f->v, 4096));
        ck_assert(!ldt_fault(f->v, 8192)); /* mapped writable */
        (void)rw;
        ck_assert(!ldt_fault(f->v, 1600 * 8));
        ck_assert(!ldt_fault(f->v, UINT32_MAX));
        fx_recount(f);
        ck_rc(fx_map(f, fx_va(f, first), fx_entry(fx_mfn(f, first), 0x23)),
              LATE(f) ? -XEN_EBUSY : -XEN_EINVAL);
        ck_rc(fx_map(f, fx_va(f, first), 0), 0); /* drops the LDT's pages */
        ck_assert_uint_eq(f->v->ldt[0].mfn, 0);
        ck_assert_uint_eq(f->v->ldt[1].mfn, 0);
        ck_assert(!ldt_fault(f->v, 8)); /* not mapped any more */
        ck_assert(ldt_fault(f->v, 4096));
        ck_rc(fx_ext(f, SET_LDT, 0, 0), 0);
        ck_assert_uint_eq(frame_info(f->mem, fx_mfn(f, second))->type_count, 0);
        ck_assert(!ldt_fault(f->v, 4096));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("descriptor");
    TCase *tc = tcase_create("descriptor");
    tcase_add_test(tc, code_and_data);
    tcase_add_test(tc, compat_segments);
    tcase_add_test(tc, system_descriptors);
    tcase_add_test(tc, set_gdt);
    tcase_add_test(tc, entries_of_xen_2_0);
    tcase_add_test(tc, gdt_page_validation);
    tcase_add_test(tc, update_descriptor);
    tcase_add_test(tc, set_ldt);
    tcase_add_test(tc, ldt_is_lazy);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
