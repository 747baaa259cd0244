/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_memory_op.c - memory_op and dom_mem_op: questions, giving and taking
 * memory, exchanging it (docs/xen-abi.md 5.9, 12.2, 13.1).
 */
#include "fixture.h"

#define X20(f)  ((f)->abi->xen == RING1_XEN_2_0)
#define X300(f) ((f)->abi->xen == RING1_XEN_3_0_0)
#define LATE(f) ((f)->abi->xen >= RING1_XEN_4_17)

enum {
    INCREASE,
    DECREASE,
    MAX_RAM,
    CURRENT,
    MAXIMUM,
    MFN_LIST,
    POPULATE,
    ADD,
    TRANSLATE,
    MAP,
    MACHINE_MAP,
    EXCHANGE,
    MAPPING,
    SET_MAP,
    MAX_GPFN
};

static int32_t op(struct fixture *f, uint32_t cmd, gva_t arg)
{
    return CALL(f, 12, cmd, arg.va);
}

static int32_t reserve(struct fixture *f, uint32_t cmd, gva_t list, uint32_t nr, uint32_t order,
                       uint16_t domid)
{
    if (X20(f))
        return CALL(f, 12, cmd, list.va, nr, order, domid);
    return op(f, cmd, FX_WORDS(f, list.va, nr, order, 0, domid));
}

/* A page that nothing maps. */
static uint32_t unmapped(struct fixture *f)
{
    uint32_t pfn = fx_alloc(f);
    ck_rc(fx_map(f, fx_va(f, pfn), 0), 0);
    return pfn;
}

START_TEST(which_commands)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        if (X20(f))
            continue;
        /* All words zero: domain 0, no extents. */
        struct {
            uint32_t cmd;
            int32_t first, x304, x32, late;
        } t[] = {
            {POPULATE, -38, 0, 0, 0},     {ADD, -38, -1, -1, -13},          {TRANSLATE, -38, -1, -1, -38},
            {MAP, -38, -38, -38, 0},      {MACHINE_MAP, -38, -22, -22, -1}, {SET_MAP, -38, -1, -1, -1},
            {MAX_GPFN, -38, -38, -1, -1}, {15, -38, -38, -38, -13},
        };
        for (size_t k = 0; k < G_N_ELEMENTS(t); k++) {
            gva_t zero = FX_WORDS(f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
            ck_rc(op(f, t[k].cmd, zero), X300(f)                          ? t[k].first
                                         : f->abi->xen == RING1_XEN_3_0_4 ? t[k].x304
                                         : LATE(f)                        ? t[k].late
                                                                          : t[k].x32);
        }
        /* Upper bits are where to go on: 4 or 6 bits of number. */
        gva_t self = FX_WORDS(f, FX_SELF);
        ck_rc(op(f, 99, self), X300(f) ? -XEN_EPERM : LATE(f) ? -XEN_ENOSYS : (int32_t)FX_PAGES);
        ck_rc(op(f, 19, self), X300(f) ? -XEN_EPERM : LATE(f) ? 0 : (int32_t)FX_PAGES);
        ck_rc(op(f, 67, self), X300(f) ? -XEN_EPERM : LATE(f) ? -XEN_EINVAL : (int32_t)FX_PAGES);
    }
}
END_TEST

START_TEST(queries)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        if (X20(f))
            continue;
        gva_t self = FX_WORDS(f, FX_SELF), own = FX_WORDS(f, f->d->s.domid), other = FX_WORDS(f, 5);
        f->d->s.max_pages = FX_PAGES + 7;
        ck_rc(op(f, MAX_RAM, GVA(0)), (int32_t)f->mem->nr_frames);
        ck_rc(op(f, CURRENT, self), X300(f) ? -XEN_EPERM : (int32_t)FX_PAGES);
        ck_rc(op(f, MAXIMUM, self), X300(f) ? -XEN_EPERM : (int32_t)FX_PAGES + 7);
        ck_rc(op(f, CURRENT, own), LATE(f) ? (int32_t)FX_PAGES : -XEN_EPERM);
        ck_rc(op(f, CURRENT, other), LATE(f) ? -XEN_ESRCH : -XEN_EPERM);
        ck_rc(op(f, CURRENT, GVA(0x1000)), -XEN_EFAULT);
        if (f->abi->xen >= RING1_XEN_3_2) {
            ck_rc(op(f, MAX_GPFN, self), LATE(f) ? 0 : -1);
            memcpy(shared_info(f->d) + 2316, &(uint32_t){200}, 4);
            ck_rc(op(f, MAX_GPFN, self), 199);
        }
    }
}
END_TEST

START_TEST(machphys)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        if (X20(f) || X300(f))
            continue;
        gva_t out = FX_WORDS(f, 1, 1, 1), list = FX_WORDS(f, 0, 0);
        ck_rc(op(f, MAPPING, out), 0);
        bool pae = f->abi->levels == 3;
        ck_assert_uint_eq(fx_get(f, out), pae ? 0xF5800000 : 0xFC000000);
        ck_assert_uint_eq(fx_get(f, GVA(out.va + 4)), LATE(f) ? 0xFFE00000 : pae ? 0xF6800000 : 0xFC400000);
        ck_assert_uint_eq(fx_get(f, GVA(out.va + 8)), LATE(f) ? 0x297FFFF : pae ? 0x3FFFFF : 0xFFFFF);
        ck_rc(op(f, MAPPING, GVA(0x1000)), -XEN_EFAULT);
        gva_t arg = FX_WORDS(f, 2, list.va, 0x77);
        ck_rc(op(f, MFN_LIST, arg), 0);
        ck_assert_uint_eq(fx_get(f, GVA(arg.va + 8)), 1);
        ck_assert_uint_eq(fx_get(f, list), f->mem->m2p.mfn);
        gva_t bad = FX_WORDS(f, 2, 0x1000, 0x77);
        ck_rc(op(f, MFN_LIST, bad), -XEN_EFAULT);
        ck_rc(op(f, MFN_LIST, GVA(0x1000)), -XEN_EFAULT);
    }
}
END_TEST

START_TEST(memory_map)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    gva_t buffer = FX_WORDS(f, 9, 9, 9, 9, 9, 9), arg = FX_WORDS(f, 128, buffer.va);
    ck_rc(op(f, MAP, arg), 0);
    ck_assert_uint_eq(fx_get(f, arg), 1);
    ck_assert_uint_eq(fx_get(f, buffer), 0);
    ck_assert_uint_eq(fx_get(f, GVA(buffer.va + 8)), FX_PAGES * 4096);
    ck_assert_uint_eq(fx_get(f, GVA(buffer.va + 16)), 1);
    ck_assert_uint_eq(fx_get(f, GVA(buffer.va + 20)), 9);
    gva_t bad = FX_WORDS(f, 1, 0x1000);
    ck_rc(op(f, MAP, bad), -XEN_EFAULT);

    /* One's own map, then none. */
    gva_t own = FX_WORDS(f, 0x1000, 0, 0x2000, 0, 2, 5, 0, 6, 0, 7);
    ck_rc(op(f, SET_MAP, FX_WORDS(f, FX_SELF, 2, own.va)), 0);
    arg = FX_WORDS(f, 128, buffer.va);
    ck_rc(op(f, MAP, arg), 0);
    ck_assert_uint_eq(fx_get(f, arg), 2);
    for (uint32_t at = 0; at < 24; at += 4)
        ck_assert_uint_eq(fx_get(f, GVA(buffer.va + at)), fx_get(f, GVA(own.va + at)));
    ck_rc(op(f, SET_MAP, FX_WORDS(f, f->d->s.domid, 0, 0)), 0);
    ck_rc(op(f, MAP, arg), -XEN_ENOSYS);
    fixture_free(f);
}
END_TEST

/* What is wrong: an errno in 3.0.0 and 2.0, "nothing done" from 3.0.4 on. */
START_TEST(bad_reservations)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        gva_t list = FX_WORDS(f, FX_BEYOND, 0);
        bool strict = X20(f) || X300(f);
        ck_rc(reserve(f, INCREASE, list, 1, 0, 5), strict ? -XEN_EPERM : 0);
        ck_rc(reserve(f, INCREASE, list, 0x10000000, 0, FX_SELF), strict ? -XEN_EINVAL : 0);
        ck_rc(reserve(f, INCREASE, list, 0, 0, FX_SELF), 0);
        ck_rc(reserve(f, INCREASE, list, 1, LATE(f) ? 10 : 1, FX_SELF), 0);
        ck_rc(reserve(f, INCREASE, list, 1, 0xFFFFFFFF, FX_SELF), 0);
        ck_rc(reserve(f, DECREASE, list, 1, 0, FX_SELF), 0);
        ck_rc(reserve(f, DECREASE, list, 1, 0xFFFFFFFF, FX_SELF), 0);
        ck_rc(reserve(f, DECREASE, GVA(0x1000), 1, 0, FX_SELF), 0);
        ck_rc(reserve(f, DECREASE, GVA(f->abi->hole), 1, 0, FX_SELF), 0);
        f->d->s.max_pages = FX_PAGES + 1;
        ck_rc(reserve(f, INCREASE, GVA(0x1000), 1, 0, FX_SELF), 0);
        if (!X20(f)) {
            ck_rc(op(f, INCREASE, GVA(0x1000)), X300(f) ? -XEN_EFAULT : 0);
            ck_rc(op(f, DECREASE, GVA(0x1000)), X300(f) ? -XEN_EFAULT : 0);
            ck_rc(op(f, POPULATE, GVA(0x1000)), X300(f) ? -XEN_ENOSYS : 0);
            ck_rc(op(f, EXCHANGE, GVA(0x1000)), X300(f) ? -XEN_ENOSYS : -XEN_EFAULT);
        } else {
            ck_rc(CALL(f, 12, 9, list.va, 1, 0, FX_SELF), -XEN_ENOSYS);
        }
    }
}
END_TEST

START_TEST(decrease_and_increase)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t a = unmapped(f), b = unmapped(f), mapped = fx_alloc(f);
        gva_t list = FX_WORDS(f, fx_mfn(f, a).mfn, fx_mfn(f, b).mfn, f->xen_frame.mfn);
        ck_rc(reserve(f, DECREASE, list, 3, 0, FX_SELF), 2);
        ck_assert_uint_eq(f->d->s.tot_pages, FX_PAGES - 2);
        ck_assert_uint_eq(frame_info(f->mem, fx_mfn(f, a))->owner, OWNER_NOBODY);
        /* One that is mapped goes when the mapping does. */
        gva_t one = FX_WORDS(f, fx_mfn(f, mapped).mfn);
        ck_rc(reserve(f, DECREASE, one, 1, 0, FX_SELF), 1);
        ck_assert_uint_eq(f->d->s.tot_pages, FX_PAGES - 2);
        ck_rc(fx_map(f, fx_va(f, mapped), 0), 0);
        ck_assert_uint_eq(f->d->s.tot_pages, FX_PAGES - 3);
        gva_t shared = FX_WORDS(f, f->d->s.shared_info.mfn, f->l1.mfn);
        reserve(f, DECREASE, shared, 2, 0, FX_SELF); /* no harm done */
        ck_assert_uint_eq(frame_info(f->mem, f->d->s.shared_info)->owner, f->d->s.domid);
        /* Up to the maximum again: three or fewer. */
        uint32_t room = f->d->s.max_pages - f->d->s.tot_pages;
        gva_t out = FX_WORDS(f, 0, 0, 0, 0, 0, 0);
        ck_rc(reserve(f, INCREASE, out, 6, 0, FX_SELF), (int32_t)room);
        mfn_t got = MFN(fx_get(f, out));
        ck_assert_uint_eq(frame_info(f->mem, got)->owner, f->d->s.domid);
        ck_assert_uint_eq(m2p_get(f->mem, got), m2p_unused(f->abi));
        ck_assert_uint_eq(fx_get(f, GVA(out.va + 4 * room)), 0);
        ck_rc(fx_map(f, fx_va(f, a), fx_entry(got, 0x63)), 0);
    }
}
END_TEST

START_TEST(populate)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        if (X20(f) || X300(f))
            continue;
        f->d->s.max_pages = FX_PAGES + 9;
        gva_t list = FX_WORDS(f, 0x1234, 0x5678);
        ck_rc(reserve(f, POPULATE, list, 2, 0, FX_SELF), 2);
        ck_assert_uint_eq(m2p_get(f->mem, MFN(fx_get(f, list))), 0x1234);
        ck_assert_uint_eq(m2p_get(f->mem, MFN(fx_get(f, GVA(list.va + 4)))), 0x5678);
        gva_t big = FX_WORDS(f, 0x400);
        ck_rc(reserve(f, POPULATE, big, 1, 2, FX_SELF), LATE(f));
        if (LATE(f)) {
            uint32_t first = fx_get(f, big);
            ck_assert_uint_eq(first % 4, 0);
            ck_assert_uint_eq(m2p_get(f->mem, MFN(first + 3)), 0x403);
            ck_assert_uint_eq(f->d->s.tot_pages, FX_PAGES + 6);
            /* A continuation: from extent 1 on. */
            gva_t more = FX_WORDS(f, 0x500, 0x501);
            ck_rc(reserve(f, POPULATE | 1 << 6, more, 2, 0, FX_SELF), 2);
            ck_assert_uint_eq(fx_get(f, more), 0x500);
            ck_rc(reserve(f, POPULATE | 3 << 6, more, 2, 0, FX_SELF), 3);
        }
    }
}
END_TEST

struct exchange {
    uint32_t in, in_nr, in_order, in_flags, in_domid, out, out_nr, out_order, out_flags, out_domid, done;
};

START_TEST(exchange)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        if (X20(f) || X300(f))
            continue;
        uint32_t a = unmapped(f), b = unmapped(f), mapped = fx_alloc(f);
        gva_t in = FX_WORDS(f, fx_mfn(f, a).mfn, fx_mfn(f, b).mfn), out = FX_WORDS(f, 0x77, 0x78);
        struct exchange x = {in.va, 2, 0, 0, FX_SELF, out.va, 2, 0, 0, FX_SELF, 0};
        gva_t arg = fx_put(f, &x, sizeof x);
        ck_rc(op(f, EXCHANGE, arg), 0);
        ck_assert_uint_eq(fx_get(f, GVA(arg.va + 40)), 2);
        ck_assert_uint_eq(f->d->s.tot_pages, FX_PAGES);
        ck_assert_uint_eq(m2p_get(f->mem, MFN(fx_get(f, out))), 0x77);
        ck_assert_uint_eq(m2p_get(f->mem, MFN(fx_get(f, GVA(out.va + 4)))), 0x78);
        ck_assert_uint_eq(frame_info(f->mem, fx_mfn(f, a))->owner, OWNER_NOBODY);
        struct {
            struct exchange x;
            int32_t rc;
        } bad[] = {
            {{in.va, 2, 0, 0, FX_SELF, out.va, 1, 0, 0, FX_SELF, 0}, -XEN_EINVAL},
            {{in.va, 2, 0, 0, FX_SELF, out.va, 2, 0, 0, 5, 0}, -XEN_EINVAL},
            {{in.va, 2, 0, 0, FX_SELF, out.va, 2, 0, 0, FX_SELF, 3}, -XEN_EINVAL},
            {{in.va, 2, 40, 0, FX_SELF, out.va, 2, 40, 0, FX_SELF, 0}, LATE(f) ? -XEN_EPERM : -XEN_EINVAL},
            {{in.va, 0x80000000, 1, 0, FX_SELF, out.va, 0x80000000, 1, 0, FX_SELF, 0}, -XEN_EINVAL},
            {{in.va, 1024, 0, 0, FX_SELF, out.va, 1, 10, 0, FX_SELF, 0}, LATE(f) ? -XEN_E2BIG : -XEN_EPERM},
            {{in.va, 2, 0, 0, 5, out.va, 2, 0, 0, 5, 0}, LATE(f) ? -XEN_ESRCH : -XEN_EPERM},
            {{in.va, 1, 0, 0, FX_SELF, out.va, 1, 0, 0, FX_SELF, 0}, -XEN_EINVAL}, /* given away already */
            {{0x1000, 1, 0, 0, FX_SELF, out.va, 1, 0, 0, FX_SELF, 0}, -XEN_EFAULT},
        };
        for (size_t k = 0; k < G_N_ELEMENTS(bad); k++)
            ck_rc(op(f, EXCHANGE, fx_put(f, &bad[k].x, sizeof x)), bad[k].rc);
        gva_t busy = FX_WORDS(f, fx_mfn(f, mapped).mfn);
        x = (struct exchange){busy.va, 1, 0, 0, FX_SELF, out.va, 1, 0, 0, FX_SELF, 0};
        ck_rc(op(f, EXCHANGE, fx_put(f, &x, sizeof x)), -XEN_EINVAL);
        if (LATE(f)) { /* four pages for one extent of four */
            uint32_t p[4];
            for (unsigned k = 0; k < 4; k++)
                p[k] = fx_mfn(f, unmapped(f)).mfn;
            gva_t four = fx_put(f, p, sizeof p);
            fx_set(f, out, 0x100);
            x = (struct exchange){four.va, 4, 0, 0, FX_SELF, out.va, 1, 2, 0, FX_SELF, 0};
            ck_rc(op(f, EXCHANGE, fx_put(f, &x, sizeof x)), 0);
            ck_assert_uint_eq(fx_get(f, out) % 4, 0);
            ck_assert_uint_eq(m2p_get(f->mem, MFN(fx_get(f, out) + 3)), 0x103);
            gva_t twice = FX_WORDS(f, fx_get(f, out), fx_get(f, out));
            x = (struct exchange){twice.va, 2, 0, 0, FX_SELF, out.va, 1, 1, 0, FX_SELF, 0};
            ck_rc(op(f, EXCHANGE, fx_put(f, &x, sizeof x)), -XEN_EINVAL);
        }
    }
}
END_TEST

/* The third of four frames is in use: what is done before it is done, and 4.17 tells
 * a 32-bit caller nothing of it. */
START_TEST(untold_exchange)
{
    unsigned each = 0;
    for (struct fixture *f; (f = fixture_each(&each)); fixture_free(f)) {
        bool new = f->abi->xen >= RING1_XEN_4_17;
        uint32_t pfn[4], mfn[4];
        if (f->abi->xen < RING1_XEN_3_0_4)
            continue;
        for (unsigned i = 0; i < 4; i++) {
            pfn[i] = fx_alloc(f);
            mfn[i] = fx_mfn(f, pfn[i]).mfn;
            if (i != 2)
                ck_rc(fx_map(f, fx_va(f, pfn[i]), 0), 0);
        }
        gva_t in = FX_WORDS(f, mfn[0], mfn[1], mfn[2], mfn[3]),
              out = FX_WORDS(f, pfn[0], pfn[1], pfn[2], pfn[3]);
        gva_t x = FX_WORDS(f, in.va, 4, 0, 0, FX_SELF, out.va, 4, 0, 0, FX_SELF, 0);
        ck_rc(CALL(f, 12, 11, x.va), -XEN_EINVAL);
        ck_assert_uint_eq(fx_get(f, GVA(x.va + 40)), new ? 0 : 2);
        ck_assert_uint_eq(fx_get(f, out) == pfn[0], new);
        ck_assert_uint_ne(m2p_get(f->mem, MFN(mfn[1])), pfn[1]);
        ck_assert_uint_eq(f->d->s.tot_pages, FX_PAGES);
    }
}
END_TEST

/* A domain may say itself where its memory lies; 4.17's toolstack said it before. */
START_TEST(its_own_map)
{
    unsigned each = 0;
    for (struct fixture *f; (f = fixture_each(&each)); fixture_free(f)) {
        bool new = f->abi->xen >= RING1_XEN_4_17;
        if (f->abi->xen < RING1_XEN_3_0_4)
            continue;
        gva_t place = fx_va(f, fx_alloc(f)), get = FX_WORDS(f, 5, place.va);
        ck_rc(CALL(f, 12, 9, get.va), new ? 0 : -XEN_ENOSYS);
        gva_t two = FX_WORDS(f, 0x1000, 0, 0x2000, 0, 1, 0x5000, 0, 0x6000, 0, 2);
        ck_rc(CALL(f, 12, 13, FX_WORDS(f, FX_SELF, 2, two.va).va), 0);
        get = FX_WORDS(f, 5, place.va);
        ck_rc(CALL(f, 12, 9, get.va), 0);
        ck_assert_uint_eq(fx_get(f, get), 2);
        ck_assert_uint_eq(fx_get(f, GVA(place.va + 20)), 0x5000);
        get = FX_WORDS(f, 1, place.va);
        ck_rc(CALL(f, 12, 9, get.va), 0);
        ck_assert_uint_eq(fx_get(f, get), 1);
        ck_rc(CALL(f, 12, 13, FX_WORDS(f, FX_SELF, 0, 0).va), 0);
        ck_rc(CALL(f, 12, 9, get.va), -XEN_ENOSYS);
    }
}
END_TEST

/* Frames given back are found again, the lowest first, wherever the last search
 * ended. */
START_TEST(lowest_first)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    uint32_t pfn[3], mfn[3];
    for (unsigned i = 0; i < 3; i++) {
        pfn[i] = fx_alloc(f);
        mfn[i] = fx_mfn(f, pfn[i]).mfn;
        ck_rc(fx_map(f, fx_va(f, pfn[i]), 0), 0);
    }
    f->d->s.max_pages += 100;
    gva_t list = FX_WORDS(f, 1000, 1001, 1002);
    gva_t op = FX_WORDS(f, list.va, 3, 0, 0, FX_SELF);
    ck_rc(CALL(f, 12, 6, op.va), 3); /* three of the spare ones */
    gva_t give = FX_WORDS(f, mfn[0], mfn[1], mfn[2]);
    ck_rc(CALL(f, 12, 1, FX_WORDS(f, give.va, 3, 0, 0, FX_SELF).va), 3);
    list = FX_WORDS(f, pfn[0], pfn[1], pfn[2], 1003);
    ck_rc(CALL(f, 12, 6, FX_WORDS(f, list.va, 4, 0, 0, FX_SELF).va), 4);
    uint32_t least = MIN(mfn[0], MIN(mfn[1], mfn[2]));
    ck_assert_uint_eq(fx_get(f, list), least);
    ck_assert_uint_ge(fx_get(f, GVA(list.va + 12)), FX_IO + FX_PAGES + 3);
    fixture_free(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory_op");
    TCase *tc = tcase_create("memory_op");
    tcase_add_test(tc, which_commands);
    tcase_add_test(tc, queries);
    tcase_add_test(tc, machphys);
    tcase_add_test(tc, memory_map);
    tcase_add_test(tc, bad_reservations);
    tcase_add_test(tc, decrease_and_increase);
    tcase_add_test(tc, populate);
    tcase_add_test(tc, exchange);
    tcase_add_test(tc, untold_exchange);
    tcase_add_test(tc, its_own_map);
    tcase_add_test(tc, lowest_first);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
