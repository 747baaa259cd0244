/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_preempt.c - hypercalls that stop half-way and go on (docs/xen-abi.md 1.5,
 * 3.3): what the registers and the entries of a multicall say at each stop, and that
 * in the end all is as if the call had never stopped.
 */
#include "fixture.h"

#include "dispatch/hypercall.h"
#include "dispatch/preempt.h"

#define EIP       0xC0001002u
#define PREEMPTED 0x80000000u

#define X20(f)  ((f)->abi->xen == RING1_XEN_2_0)
#define X417(f) ((f)->abi->xen >= RING1_XEN_4_17)
#define EACH(f)                                                                                              \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))

/* Call until the call is done; *stops counts. */
static int32_t call_to_end(struct fixture *f, uint32_t nr, const uint32_t *first, unsigned *stops)
{
    uint32_t arg[MAX_HYPERCALL_ARGS];
    struct regs *r = &f->v->regs;
    memcpy(arg, first, sizeof arg);
    for (*stops = 0;; ++*stops) {
        r->ebx = arg[0], r->ecx = arg[1], r->edx = arg[2], r->esi = arg[3], r->edi = arg[4];
        r->eip = EIP;
        int32_t rc = fx_call(f, nr, arg);
        if (r->eip == EIP)
            return rc;
        ck_assert_uint_eq(r->eip, EIP - 2);
        ck_assert(f->d->s.preempt.continued);
        ck_assert_int_eq(rc, (int32_t)nr);
        ck_assert_uint_lt(*stops, 100000);
        memcpy(arg, (uint32_t[]){r->ebx, r->ecx, r->edx, r->esi, r->edi}, 20);
    }
}
#define TO_END(f, stops, nr, ...) call_to_end(f, nr, (uint32_t[MAX_HYPERCALL_ARGS]){__VA_ARGS__}, stops)

static void every(struct fixture *f)
{
    preempt_set_mode(f->d, RING1_PREEMPT_EVERY, 0);
}

/* An mmu_update list of `n` requests that each make pfn 40 + i read-only; the last
 * is bad if wanted. */
static gva_t make_requests(struct fixture *f, unsigned n, bool bad)
{
    gva_t list = {0};
    for (unsigned i = 0; i < n; i++) {
        gva_t va = fx_va(f, 40 + i);
        uint64_t ptr = bad && i == n - 1 ? (uint64_t)FX_BEYOND << 12 : fx_pte_maddr(f, va);
        uint64_t val = fx_entry(fx_mfn(f, 40 + i), 0x21);
        gva_t at =
            X20(f) ? FX_WORDS(f, (uint32_t)ptr, (uint32_t)val)
                   : FX_WORDS(f, (uint32_t)ptr, (uint32_t)(ptr >> 32), (uint32_t)val, (uint32_t)(val >> 32));
        if (X20(f))
            f->arena -= 8; /* they lie close together */
        if (i == 0)
            list = at;
    }
    f->arena = (f->arena + 15u) & ~15u;
    return list;
}

START_TEST(mmu_update_stops)
{
    for (unsigned bad = 0; bad < 2; bad++) {
        EACH(f)
        {
            unsigned stops;
            gva_t list = make_requests(f, 5, bad), pdone = FX_WORDS(f, 99);
            every(f);
            /* The first stop. */
            f->v->regs.eip = EIP;
            f->v->regs.edi = 0xD1;
            ck_rc(CALL(f, 1, list.va, 5, pdone.va, FX_SELF), 1);
            ck_assert_uint_eq(f->v->regs.ebx, list.va + f->abi->mmu_update_size);
            ck_assert_uint_eq(f->v->regs.ecx, 4 | PREEMPTED | (X20(f) ? 1u << 16 : 0));
            ck_assert_uint_eq(f->v->regs.edx, pdone.va);
            if (!X20(f))
                ck_assert_uint_eq(f->v->regs.esi, FX_SELF);
            ck_assert_uint_eq(f->v->regs.edi, 0xD1);
            ck_assert_uint_eq(fx_get(f, pdone), 1);
            /* And the rest. */
            ck_rc(TO_END(f, &stops, 1, f->v->regs.ebx, f->v->regs.ecx, pdone.va, FX_SELF),
                  bad ? -XEN_EINVAL : 0);
            ck_assert_uint_eq(stops, 3);
            ck_assert_uint_eq(fx_get(f, pdone), bad ? 4 : 5);
            for (unsigned i = 0; i < 5; i++)
                ck_assert_uint_eq(fx_pte(f, fx_va(f, 40 + i)) & 3, bad && i == 4 ? 3 : 1);
        }
    }
}
END_TEST

START_TEST(mmuext_stops)
{
    EACH(f)
    {
        unsigned stops;
        if (X20(f))
            continue;
        gva_t list = FX_WORDS(f, 6, 0, 0, 7, 0xC0000000, 0, 6, 0, 0), pdone = FX_WORDS(f, 99);
        every(f);
        f->v->regs.eip = EIP;
        ck_rc(CALL(f, 26, list.va, 3, pdone.va, FX_SELF), 26);
        ck_assert_uint_eq(f->v->regs.ebx, list.va + 12);
        ck_assert_uint_eq(f->v->regs.ecx, 2 | PREEMPTED);
        ck_assert_uint_eq(f->v->regs.esi, FX_SELF);
        ck_assert_uint_eq(fx_get(f, pdone), 1);
        ck_rc(TO_END(f, &stops, 26, f->v->regs.ebx, f->v->regs.ecx, pdone.va, FX_SELF), 0);
        ck_assert_uint_eq(stops, 1);
        ck_assert_uint_eq(fx_get(f, pdone), 3);
    }
}
END_TEST

START_TEST(trap_table_stops)
{
    EACH(f)
    {
        unsigned stops;
        uint32_t cs = (uint32_t)f->abi->kernel_cs << 16;
        gva_t list = FX_WORDS(f, cs | 3, 0x1000, cs | 4, 0x2000, cs | 5, 0x3000, 0, 0);
        every(f);
        f->v->regs.eip = EIP;
        ck_rc(CALL(f, 0, list.va), 0);
        ck_assert_uint_eq(f->v->regs.eip, EIP - 2);
        ck_assert_uint_eq(f->v->regs.ebx, list.va + 8);
        ck_assert_uint_eq(f->v->traps[4].address, 0);
        ck_rc(TO_END(f, &stops, 0, list.va), 0);
        ck_assert_uint_eq(stops, 3);
        ck_assert_uint_eq(f->v->traps[5].address, 0x3000);
    }
}
END_TEST

/* Give three pages back, then take three. */
START_TEST(memory_stops)
{
    EACH(f)
    {
        unsigned stops, shift = X417(f) ? 6 : 4;
        uint32_t pages = f->d->s.tot_pages, pfn[3];
        uint32_t mfns[3];
        for (unsigned i = 0; i < 3; i++) {
            pfn[i] = fx_alloc(f);
            mfns[i] = fx_mfn(f, pfn[i]).mfn;
            ck_rc(fx_map(f, fx_va(f, pfn[i]), 0), 0);
        }
        gva_t list = fx_put(f, mfns, sizeof mfns);
        gva_t res = FX_WORDS(f, list.va, 3, 0, 0, FX_SELF);
        every(f);
        f->v->regs.eip = EIP;
        if (X20(f)) {
            ck_rc(CALL(f, 12, 1, list.va, 3, 0, FX_SELF), 12);
            ck_assert_uint_eq(f->v->regs.ebx, 1 | 1 << 4);
            ck_assert_uint_eq(f->v->regs.edi, FX_SELF);
            ck_rc(TO_END(f, &stops, 12, f->v->regs.ebx, list.va, 3, 0, FX_SELF), 3);
        } else {
            ck_rc(CALL(f, 12, 1, res.va), 12);
            ck_assert_uint_eq(f->v->regs.ebx, 1 | 1 << shift);
            ck_assert_uint_eq(f->v->regs.ecx, res.va);
            ck_rc(TO_END(f, &stops, 12, f->v->regs.ebx, res.va), 3);
        }
        ck_assert_uint_eq(stops, 1);
        ck_assert_uint_eq(f->d->s.tot_pages, pages - 3);
        if (X20(f))
            ck_rc(TO_END(f, &stops, 12, 0, list.va, 3, 0, FX_SELF), 3);
        else
            ck_rc(TO_END(f, &stops, 12, 0, res.va), 3);
        ck_assert_uint_eq(stops, 2);
        ck_assert_uint_eq(f->d->s.tot_pages, pages);
        if (X20(f) || f->abi->xen == RING1_XEN_3_0_0)
            continue;
        ck_rc(TO_END(f, &stops, 12, 1, res.va), 3);
        fx_set(f, list, pfn[0]);
        fx_set(f, GVA(list.va + 4), pfn[1]);
        fx_set(f, GVA(list.va + 8), pfn[2]);
        ck_rc(TO_END(f, &stops, 12, 6, res.va), 3);
        ck_assert_uint_eq(stops, 2);
        for (unsigned i = 0; i < 3; i++)
            ck_assert_uint_eq(m2p_get(f->mem, MFN(fx_get(f, GVA(list.va + 4 * i)))), pfn[i]);
    }
}
END_TEST

START_TEST(exchange_stops)
{
    EACH(f)
    {
        unsigned stops;
        uint32_t in[3], out[3];
        if (f->abi->xen <= RING1_XEN_3_0_0)
            continue;
        for (unsigned i = 0; i < 3; i++) {
            out[i] = fx_alloc(f);
            in[i] = fx_mfn(f, out[i]).mfn;
            ck_rc(fx_map(f, fx_va(f, out[i]), 0), 0);
        }
        gva_t from = fx_put(f, in, sizeof in), to = fx_put(f, out, sizeof out);
        gva_t x = FX_WORDS(f, from.va, 3, 0, 0, FX_SELF, to.va, 3, 0, 0, FX_SELF, 0);
        every(f);
        f->v->regs.eip = EIP;
        ck_rc(CALL(f, 12, 11, x.va), 12);
        ck_assert_uint_eq(f->v->regs.ebx, 11);
        ck_assert_uint_eq(f->v->regs.ecx, x.va);
        ck_assert_uint_eq(fx_get(f, GVA(x.va + 40)), 1);
        ck_rc(TO_END(f, &stops, 12, 11, x.va), 0);
        ck_assert_uint_eq(stops, 1);
        ck_assert_uint_eq(fx_get(f, GVA(x.va + 40)), 3);
        for (unsigned i = 0; i < 3; i++)
            ck_assert_uint_eq(m2p_get(f->mem, MFN(fx_get(f, GVA(to.va + 4 * i)))), out[i]);
    }
}
END_TEST

START_TEST(console_stops)
{
    EACH(f)
    {
        unsigned stops;
        uint8_t text[400];
        memset(text, 'x', sizeof text);
        gva_t va = fx_put(f, text, sizeof text);
        every(f);
        f->v->regs.eip = EIP;
        if (!X20(f)) {
            ck_rc(CALL(f, 18, 0, 400, va.va), 18);
            ck_assert_uint_eq(f->v->regs.ebx, 0);
            ck_assert_uint_eq(f->v->regs.ecx, 400 - 127);
            ck_assert_uint_eq(f->v->regs.edx, va.va + 127);
            ck_rc(TO_END(f, &stops, 18, 0, f->v->regs.ecx, f->v->regs.edx), 0);
            ck_assert_uint_eq(stops, 2);
        } else {
            ck_rc(TO_END(f, &stops, 18, 0, 400, va.va), 400);
            ck_assert_uint_eq(stops, 0);
        }
        ck_assert_uint_eq(f->console->len, 400);
    }
}
END_TEST

START_TEST(grants_stop)
{
    EACH(f)
    {
        unsigned stops;
        uint32_t ops[3][6] = {{0, 0, 0, 0, 77, 0}, {0, 0, 0, 0, 78, 0}, {0, 0, 0, 0, 79, 0}};
        if (X20(f))
            continue;
        gva_t list = fx_put(f, ops, sizeof ops);
        every(f);
        ck_rc(TO_END(f, &stops, 20, 1, list.va, 3), 0);
        ck_assert_uint_eq(stops, X417(f) ? 2 : 0);
        for (unsigned i = 0; i < 3; i++)
            ck_assert_int_eq((int16_t)fx_get(f, GVA(list.va + i * 24 + 20)), -4);
    }
}
END_TEST

/* An entry that stopped has its rest in its own words, and the hypercall's number for
 * a result; the list goes on with it. */
START_TEST(entries_stop)
{
    EACH(f)
    {
        unsigned stops, size = f->abi->mmu_update_size;
        gva_t reqs = make_requests(f, 3, false), pdone = FX_WORDS(f, 99);
        uint32_t words[2][8] = {{1}, {17}};
        uint32_t *arg = words[0] + f->abi->multicall_arg;
        arg[0] = reqs.va, arg[1] = 3, arg[2] = pdone.va, arg[3] = FX_SELF, arg[4] = 0x77;
        gva_t list = fx_put(f, words, sizeof words);
        gva_t in = GVA(list.va + 4 * f->abi->multicall_arg),
              out = GVA(list.va + 4 * f->abi->multicall_result);
        every(f);
        f->v->regs.eip = EIP;
        ck_rc(CALL(f, 13, list.va, 2), 13);
        ck_assert_uint_eq(f->v->regs.ebx, list.va);
        ck_assert_uint_eq(f->v->regs.ecx, 2);
        ck_assert_uint_eq(f->v->regs.eip, EIP - 2);
        ck_assert_uint_eq(fx_get(f, list), 1);
        ck_assert_uint_eq(fx_get(f, in), reqs.va + size);
        ck_assert_uint_eq(fx_get(f, GVA(in.va + 4)), 2 | PREEMPTED | (X20(f) ? 1u << 16 : 0));
        ck_assert_uint_eq(fx_get(f, GVA(in.va + 16)), 0x77);
        ck_assert_uint_eq(fx_get(f, out), 1);
        ck_rc(TO_END(f, &stops, 13, list.va, 2), 0);
        ck_assert_uint_eq(stops, 2); /* within the entry, and between the two */
        ck_assert_uint_eq(fx_get(f, out), 0);
        ck_assert_uint_eq(fx_get(f, pdone), 3);
        ck_assert_uint_eq(fx_get(f, GVA(out.va + 32)), f->abi->xen_version);
        for (unsigned i = 0; i < 3; i++)
            ck_assert_uint_eq(fx_pte(f, fx_va(f, 40 + i)) & 3, 1);
        ck_assert(!f->d->in_multicall);
    }
}
END_TEST

/* A list that its own entry makes read-only: its result is lost, and with it the
 * rest of the call. */
START_TEST(entry_that_cannot_be_rewritten)
{
    EACH(f)
    {
        uint32_t page = fx_alloc(f);
        gva_t list = fx_va(f, page), reqs = {0};
        for (unsigned i = 0; i < 2; i++) {
            uint64_t ptr = fx_pte_maddr(f, list), val = fx_entry(fx_mfn(f, page), 0x21);
            gva_t at = X20(f) ? FX_WORDS(f, (uint32_t)ptr, (uint32_t)val, (uint32_t)ptr, (uint32_t)val)
                              : FX_WORDS(f, (uint32_t)ptr, (uint32_t)(ptr >> 32), (uint32_t)val,
                                         (uint32_t)(val >> 32));
            reqs = i && !X20(f) ? reqs : at;
        }
        uint32_t words[8] = {1};
        uint32_t *arg = words + f->abi->multicall_arg;
        arg[0] = reqs.va, arg[1] = 2, arg[2] = 0, arg[3] = FX_SELF;
        ck_assert_int_eq(guest_write(f->v, list, words, sizeof words), 0);
        every(f);
        f->v->regs.eip = EIP;
        ck_rc(CALL(f, 13, list.va, 1), -XEN_EFAULT);
        ck_assert_uint_eq(f->v->regs.eip, EIP);
        ck_assert_uint_eq(fx_get(f, GVA(list.va + 4 * f->abi->multicall_arg)), reqs.va);
    }
}
END_TEST

/* Without force: after WORK_MAX requests; what was done is counted for the clock. */
START_TEST(much_work)
{
    EACH(f)
    {
        uint64_t ptr = fx_pte_maddr(f, fx_va(f, 40)), val = fx_pte(f, fx_va(f, 40));
        unsigned per_page = RING1_PAGE_SIZE / f->abi->mmu_update_size, stops;
        for (unsigned i = 0; i < per_page; i++) {
            uint8_t *at = (uint8_t *)fx_page(f, 50) + i * f->abi->mmu_update_size;
            memcpy(at,
                   X20(f) ? (void *)(uint32_t[]){(uint32_t)ptr, (uint32_t)val}
                          : (void *)(uint64_t[]){ptr, val},
                   f->abi->mmu_update_size);
        }
        /* One page of requests, mapped many times. */
        for (unsigned i = 0; i < 40; i++)
            ck_rc(fx_map(f, fx_va(f, 50 + i), fx_entry(fx_mfn(f, 50), 0x21)), 0);
        uint32_t count = X20(f) ? 20000 : 10000;
        f->v->regs.eip = EIP;
        ck_rc(CALL(f, 1, fx_va(f, 50).va, count, 0, FX_SELF), 1);
        ck_assert_uint_eq(f->v->regs.ecx & 0xFFFF, count - WORK_MAX);
        ck_assert_uint_eq(f->d->s.preempt.work, WORK_MAX);
        ck_assert_uint_eq(preempt_begin(f->d), WORK_MAX);
        ck_rc(TO_END(f, &stops, 1, f->v->regs.ebx, f->v->regs.ecx, 0, FX_SELF), 0);
        ck_assert_uint_eq(stops, count / WORK_MAX - 1);
    }
}
END_TEST

/* Old Xens look for events before the first step, 4.17 after it. */
START_TEST(events_stop)
{
    EACH(f)
    {
        gva_t list = make_requests(f, 3, false), pdone = FX_WORDS(f, 99);
        vcpu_info(f->v)[0] = 1;
        vcpu_info(f->v)[1] = 0;
        f->v->regs.eip = EIP;
        ck_rc(CALL(f, 1, list.va, 3, pdone.va, FX_SELF), 1);
        ck_assert_uint_eq(fx_get(f, pdone), X417(f) ? 1 : 0);
        ck_assert_uint_eq(f->v->regs.ebx, list.va + (X417(f) ? 16 : 0));
        ck_assert_uint_eq(f->v->regs.ecx & 0xFFFF, X417(f) ? 2 : 3);
        vcpu_info(f->v)[1] = 1;
        ck_rc(CALL(f, 1, f->v->regs.ebx, f->v->regs.ecx, pdone.va, FX_SELF), 0);
        ck_assert_uint_eq(fx_get(f, pdone), 3);
    }
}
END_TEST

START_TEST(random_stops)
{
    EACH(f)
    {
        unsigned stops, total[4] = {0};
        gva_t list = make_requests(f, 30, false);
        for (unsigned run = 0; run < 4; run++) {
            preempt_set_mode(f->d, RING1_PREEMPT_RANDOM, run & 1);
            for (unsigned i = 0; i < 20; i++) {
                ck_rc(TO_END(f, &stops, 1, list.va, 30, 0, FX_SELF), 0);
                total[run] += stops;
            }
        }
        ck_assert(total[0] == total[2] && total[1] == total[3] && total[0] != total[1]);
        ck_assert(total[0] > 20 && total[0] < 20 * 29);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("preempt");
    TCase *tc = tcase_create("preempt");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, mmu_update_stops);
    tcase_add_test(tc, mmuext_stops);
    tcase_add_test(tc, trap_table_stops);
    tcase_add_test(tc, memory_stops);
    tcase_add_test(tc, exchange_stops);
    tcase_add_test(tc, console_stops);
    tcase_add_test(tc, grants_stop);
    tcase_add_test(tc, entries_stop);
    tcase_add_test(tc, entry_that_cannot_be_rewritten);
    tcase_add_test(tc, much_work);
    tcase_add_test(tc, events_stop);
    tcase_add_test(tc, random_stops);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
