/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_grant.c - grant_table_op (docs/xen-abi.md 8.20, 12.2, 13).
 */
#include "dispatch/grant.h"
#include "fixture.h"

#define X20(f)  ((f)->abi->xen == RING1_XEN_2_0)
#define X300(f) ((f)->abi->xen == RING1_XEN_3_0_0)
#define X304(f) ((f)->abi->xen == RING1_XEN_3_0_4)
#define X417(f) ((f)->abi->xen >= RING1_XEN_4_17)
#define EACH(f)                                                                                              \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))
#define EACH3(f) EACH(f) if (!X20(f))

enum {
    MAP,
    UNMAP,
    SETUP,
    DUMP,
    TRANSFER,
    COPY,
    QUERY_SIZE,
    UNMAP_AND_REPLACE,
    SET_VERSION,
    GET_STATUS_FRAMES,
    GET_VERSION,
    SWAP,
    CACHE_FLUSH
};

static int32_t gnttab(struct fixture *f, uint32_t cmd, gva_t uop, uint32_t count)
{
    return CALL(f, 20, cmd, uop.va, count);
}

static int16_t status(struct fixture *f, gva_t at)
{
    int16_t value;
    ck_assert_int_eq(guest_read(f->v, at, &value, sizeof value), 0);
    return value;
}

START_TEST(none_in_2_0)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    ck_rc(gnttab(f, SETUP, fx_va(f, 1), 1), -XEN_ENOSYS);
    ck_rc(gnttab(f, MAP, fx_va(f, 1), 0), -XEN_ENOSYS);
    fixture_free(f);
}
END_TEST

START_TEST(counts_and_commands)
{
    EACH3(f)
    {
        gva_t page = fx_va(f, fx_alloc(f));
        ck_rc(gnttab(f, MAP, page, 0), X304(f) ? -XEN_EPERM : 0);
        if (!X417(f))
            ck_rc(gnttab(f, MAP, page, 513), -XEN_EINVAL);
        ck_rc(gnttab(f, MAP, page, 0x80000000u), -XEN_EINVAL);
        ck_rc(gnttab(f, MAP, GVA(0x1000), 1), X300(f) ? 0 : X304(f) ? -XEN_EPERM : -XEN_EFAULT);
        ck_rc(gnttab(f, UNMAP, GVA(f->abi->hole), 1), -XEN_EFAULT);
        ck_rc(gnttab(f, 99, page, 1), -XEN_ENOSYS);
        ck_rc(gnttab(f, DUMP, page, 1), X300(f) ? -XEN_EPERM : -XEN_ENOSYS);
        ck_rc(gnttab(f, COPY, page, 0), X300(f) ? -XEN_ENOSYS : 0);
        ck_rc(gnttab(f, SET_VERSION, page, 1), X417(f) ? -XEN_EINVAL : -XEN_ENOSYS);
        ck_rc(gnttab(f, SETUP, page, 2), -XEN_EINVAL);
        ck_rc(gnttab(f, SETUP, page, 0), X417(f) ? 0 : -XEN_EINVAL);
        ck_rc(gnttab(f, SETUP, GVA(0x1000), 1), -XEN_EFAULT);
    }
}
END_TEST

/* setup_table for nr frames: the status. */
static int16_t setup(struct fixture *f, uint32_t dom, uint32_t nr, gva_t list)
{
    gva_t op = FX_WORDS(f, dom, nr, 0xEEEE, list.va);
    ck_rc(gnttab(f, SETUP, op, 1), 0);
    return status(f, GVA(op.va + 8));
}

START_TEST(setup_table)
{
    EACH3(f)
    {
        gva_t list = fx_va(f, fx_alloc(f));
        unsigned max = grant_max_frames(f->abi);
        ck_assert_int_eq(setup(f, FX_SELF, 1, list), 0);
        mfn_t mfn = MFN(fx_get(f, list));
        const struct frame *frame = frame_info(f->mem, mfn);
        ck_assert_uint_eq(frame->owner, DOMID_GUEST);
        ck_assert_uint_eq(fx_get(f, GVA(list.va + 4)), 0);
        /* The guest maps it writable, and finds what it wrote. */
        gva_t place = fx_va(f, fx_alloc(f));
        ck_rc(fx_map(f, place, fx_entry(mfn, 0x63)), 0);
        fx_set(f, GVA(place.va + 80), 0x00010001);
        ck_assert_uint_eq(grant_entry(f->d, 10)->flags, 1);
        ck_assert_ptr_null(grant_entry(f->d, 512 * 64));
        ck_assert_int_eq(setup(f, FX_SELF, max + 1, list), -1);
        ck_assert_int_eq(setup(f, 9, 1, list), X417(f) ? -2 : -8);
        ck_assert_int_eq(setup(f, 0, 1, list), -8);
        ck_assert_int_eq(setup(f, DOMID_GUEST, 1, list), X417(f) ? 0 : -8);
        ck_assert_int_eq(setup(f, FX_SELF, 2, list), 0);
        ck_assert_uint_ne(fx_get(f, GVA(list.va + 4)), fx_get(f, list));
        /* A list that cannot be written: nobody notices, but 4.17 asks whether it
         * could be. */
        gva_t op = FX_WORDS(f, FX_SELF, 1, 0xEEEE, 0x1000);
        ck_rc(gnttab(f, SETUP, op, 1), 0);
        ck_assert_int_eq(status(f, GVA(op.va + 8)), 0);
        op = FX_WORDS(f, FX_SELF, 1, 0xEEEE, f->abi->hole - 2);
        ck_rc(gnttab(f, SETUP, op, 1), X417(f) ? -XEN_EFAULT : 0);
        /* The machine has not that many to spare. */
        if (max > FX_SPARE) {
            ck_assert_int_eq(setup(f, FX_SELF, max, list), -1);
        }
    }
}
END_TEST

START_TEST(sizes_and_versions)
{
    EACH3(f)
    {
        gva_t op = FX_WORDS(f, FX_SELF, 0, 0, 0xEEEEEEEE);
        if (f->abi->xen < RING1_XEN_3_2) {
            ck_rc(gnttab(f, QUERY_SIZE, op, 1), -XEN_ENOSYS);
            continue;
        }
        ck_rc(gnttab(f, QUERY_SIZE, op, 2), -XEN_EINVAL);
        ck_rc(gnttab(f, QUERY_SIZE, op, 1), 0);
        ck_assert_uint_eq(fx_get(f, GVA(op.va + 4)), X417(f) ? 1 : 4);
        ck_assert_uint_eq(fx_get(f, GVA(op.va + 8)), X417(f) ? 64 : 32);
        ck_assert_int_eq(status(f, GVA(op.va + 12)), 0);
        if (!X417(f))
            continue;
        gva_t one = FX_WORDS(f, 1), two = FX_WORDS(f, 2), three = FX_WORDS(f, 3);
        ck_rc(gnttab(f, SET_VERSION, one, 1), 0);
        ck_rc(gnttab(f, SET_VERSION, one, 2), 0);
        ck_rc(gnttab(f, SET_VERSION, two, 1), -XEN_ENOSYS);
        ck_assert_uint_eq(fx_get(f, two), 1);
        ck_rc(gnttab(f, SET_VERSION, three, 1), -XEN_EINVAL);
        ck_rc(gnttab(f, SET_VERSION, GVA(0x1000), 1), -XEN_EFAULT);
        gva_t get = FX_WORDS(f, FX_SELF, 0);
        ck_rc(gnttab(f, GET_VERSION, get, 1), 0);
        ck_assert_uint_eq(fx_get(f, GVA(get.va + 4)), 1);
        ck_rc(gnttab(f, GET_VERSION, FX_WORDS(f, 9, 0), 1), -XEN_ESRCH);
        ck_rc(gnttab(f, GET_VERSION, FX_WORDS(f, 0, 0), 1), -XEN_EPERM);
        gva_t frames = FX_WORDS(f, 1, FX_SELF, 0);
        ck_rc(gnttab(f, GET_STATUS_FRAMES, frames, 1), 0);
        ck_assert_int_eq(status(f, GVA(frames.va + 6)), -1);
        /* Cleaning is nothing to do; only one's own frames. */
        uint32_t own = fx_mfn(f, fx_alloc(f)).mfn << 12;
        ck_rc(gnttab(f, CACHE_FLUSH, FX_WORDS(f, own, 0, 8 << 16, 1), 1), 0);
        ck_rc(gnttab(f, CACHE_FLUSH, FX_WORDS(f, own, 0, 8 << 16, 3), 1), 0);
        ck_rc(gnttab(f, CACHE_FLUSH, FX_WORDS(f, own, 0, 8 << 16, 2), 1), -XEN_EOPNOTSUPP);
        ck_rc(gnttab(f, CACHE_FLUSH, FX_WORDS(f, own, 0, 8 << 16, 4), 1), -XEN_EINVAL);
        ck_rc(gnttab(f, CACHE_FLUSH, FX_WORDS(f, own, 0, 4089 | 8 << 16, 1), 1), -XEN_EINVAL);
        ck_rc(gnttab(f, CACHE_FLUSH, FX_WORDS(f, own, 0, 4096, 1), 1), -XEN_EINVAL);
        ck_rc(gnttab(f, CACHE_FLUSH, FX_WORDS(f, own, 0, 0, 1), 1), 0);
        ck_rc(gnttab(f, CACHE_FLUSH | 1 << 12, FX_WORDS(f, own, 0, 0, 1), 1), -XEN_EILSEQ);
        ck_rc(gnttab(f, CACHE_FLUSH, FX_WORDS(f, 0, 0, 8 << 16, 1), 1), -XEN_EPERM);
        ck_rc(gnttab(f, CACHE_FLUSH, FX_WORDS(f, 0, 1, 8 << 16, 1), 1), -XEN_EINVAL);
        ck_rc(gnttab(f, CACHE_FLUSH, GVA(0x1000), 1), -XEN_EFAULT);
        ck_rc(gnttab(f, GET_VERSION | 1 << 12, get, 1), -XEN_EINVAL);
    }
}
END_TEST

/* map_grant_ref of one entry: the status. */
static int16_t map(struct fixture *f, uint32_t dom, uint32_t ref, uint32_t flags)
{
    gva_t op = FX_WORDS(f, 0, 0, flags, ref, dom | 0xEEEE0000, 0, 0, 0);
    ck_rc(gnttab(f, MAP, op, 1), 0);
    return status(f, GVA(op.va + 18));
}

START_TEST(maps)
{
    EACH3(f)
    {
        if (X304(f))
            continue;
        ck_assert_int_eq(map(f, 0, 0, 0), -3);
        ck_assert_int_eq(map(f, 9, 0, 2), -2);
        ck_assert_int_eq(map(f, FX_SELF, 0, 2), -2);
        ck_assert_int_eq(map(f, 0, 5, 2), -1);
        ck_assert_int_eq(map(f, 0, 512 * 64, 2), -3);
        ck_assert_int_eq(map(f, DOMID_GUEST, 5, 2), X300(f) ? -2 : -1);
        gva_t op = FX_WORDS(f, 0, 0, 0, 0, 7, 0xEEEE);
        ck_rc(gnttab(f, UNMAP, op, 1), 0);
        ck_assert_int_eq(status(f, GVA(op.va + 20)), -4);
        op = FX_WORDS(f, FX_BEYOND, 9, 0, 0xEEEE);
        ck_rc(gnttab(f, TRANSFER, op, 1), 0);
        ck_assert_int_eq(status(f, GVA(op.va + 12)), -9);
        /* One that is mapped stays. */
        op = FX_WORDS(f, fx_mfn(f, fx_alloc(f)).mfn, 9, 0, 0xEEEE);
        ck_rc(gnttab(f, TRANSFER, op, 1), 0);
        ck_assert_int_eq(status(f, GVA(op.va + 12)), -9);
    }
}
END_TEST

/* All readable entries are served, then comes the fault. */
START_TEST(list_across_the_end)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    uint32_t pfn = fx_alloc(f), next = fx_alloc(f);
    ck_rc(fx_map(f, fx_va(f, next), 0), 0);
    gva_t list = GVA(fx_va(f, next).va - 64);
    ck_rc(gnttab(f, MAP, list, 3), -XEN_EFAULT);
    (void)pfn;
    ck_assert_int_eq(status(f, GVA(list.va + 18)), -3);
    ck_assert_int_eq(status(f, GVA(list.va + 32 + 18)), -3);
    fixture_free(f);
}
END_TEST

struct end {
    uint32_t ref;
    uint16_t domid, offset;
};

static int16_t copy(struct fixture *f, struct end from, struct end to, uint16_t len, uint16_t flags)
{
    struct {
        struct end from, to;
        uint16_t len, flags;
        int16_t status;
        uint16_t pad;
    } op = {from, to, len, flags, 0x7777, 0};
    gva_t va = fx_put(f, &op, sizeof op);
    ck_rc(gnttab(f, COPY, va, 1), 0);
    return status(f, GVA(va.va + 20));
}

START_TEST(copies)
{
    EACH3(f)
    {
        if (X300(f))
            continue;
        uint32_t a = fx_alloc(f), b = fx_alloc(f), c = fx_mfn(f, b).mfn;
        uint32_t from = fx_mfn(f, a).mfn;
        memcpy((char *)fx_page(f, a) + 100, "grants", 6);
        ck_assert_int_eq(copy(f, (struct end){from, FX_SELF, 100}, (struct end){c, FX_SELF, 4090}, 6, 0), 0);
        ck_assert_mem_eq((char *)fx_page(f, b) + 4090, "grants", 6);
        ck_assert_int_eq(copy(f, (struct end){from, FX_SELF, 100}, (struct end){c, FX_SELF, 4091}, 6, 0),
                         -10);
        ck_assert_int_eq(copy(f, (struct end){from, DOMID_GUEST, 0}, (struct end){c, FX_SELF, 0}, 6, 0), -8);
        ck_assert_int_eq(copy(f, (struct end){5, 9, 0}, (struct end){c, FX_SELF, 0}, 6, 1), -2);
        ck_assert_int_eq(copy(f, (struct end){5, 0, 0}, (struct end){c, FX_SELF, 0}, 6, 1), -1);
        ck_assert_int_eq(copy(f, (struct end){FX_BEYOND, FX_SELF, 0}, (struct end){c, FX_SELF, 0}, 6, 0),
                         X417(f) ? -9 : -1);
        /* Never into a page table. */
        ck_assert_int_eq(copy(f, (struct end){from, FX_SELF, 0}, (struct end){f->l1.mfn, FX_SELF, 0}, 6, 0),
                         -1);
        /* One's own reference. */
        grant_init(f->d);
        *grant_entry(f->d, 20) = (struct grant_entry){1 | 4, DOMID_GUEST, from};
        ck_assert_int_eq(copy(f, (struct end){20, DOMID_GUEST, 101}, (struct end){c, FX_SELF, 0}, 5, 1), 0);
        ck_assert_mem_eq(fx_page(f, b), "rants", 5);
        ck_assert_int_eq(copy(f, (struct end){c, FX_SELF, 0}, (struct end){20, DOMID_GUEST, 0}, 5, 2), -1);
    }
}
END_TEST

START_TEST(seeded)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    f->d->s.console_mfn = fx_mfn(f, 3);
    f->d->s.store_mfn = fx_mfn(f, 4);
    ck_assert(grant_init(f->d));
    ck_assert_uint_eq(grant_entry(f->d, 0)->flags, 1);
    ck_assert_uint_eq(grant_entry(f->d, 0)->domid, 0);
    ck_assert_uint_eq(grant_entry(f->d, 0)->frame, fx_mfn(f, 3).mfn);
    ck_assert_uint_eq(grant_entry(f->d, 1)->frame, fx_mfn(f, 4).mfn);
    ck_assert_uint_eq(grant_entry(f->d, 2)->flags, 0);
    gva_t op = FX_WORDS(f, 1, 2, 0xEEEE);
    ck_rc(gnttab(f, SWAP, op, 1), 0);
    ck_assert_int_eq(status(f, GVA(op.va + 8)), 0);
    ck_assert_uint_eq(grant_entry(f->d, 2)->frame, fx_mfn(f, 4).mfn);
    fixture_free(f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("grant");
    TCase *tc = tcase_create("grant");
    tcase_add_test(tc, none_in_2_0);
    tcase_add_test(tc, counts_and_commands);
    tcase_add_test(tc, setup_table);
    tcase_add_test(tc, sizes_and_versions);
    tcase_add_test(tc, maps);
    tcase_add_test(tc, list_across_the_end);
    tcase_add_test(tc, copies);
    tcase_add_test(tc, seeded);
    suite_add_tcase(s, tc);
    return fx_main(s);
}
