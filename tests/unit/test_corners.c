/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_corners.c - what only a careless guest, a full machine or a host without
 * callbacks comes to: branches of dispatch/ that the tests of the families pass by.
 */
#include "dispatch/evtchn.h"
#include "dispatch/grant.h"
#include "dispatch/schedule.h"
#include "dispatch/shared.h"
#include "dispatch/timer.h"
#include "fixture.h"

#define X20(f)  ((f)->abi->xen == RING1_XEN_2_0)
#define X417(f) ((f)->abi->xen >= RING1_XEN_4_17)
#define EACH(f)                                                                                              \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))
#define EACHNEW(f) EACH(f) if (f->abi->xen >= RING1_XEN_3_0_4)
#define MINE       DOMID_GUEST

/* --- event channels ------------------------------------------------------------------ */

START_TEST(back_ends_and_bad_ports)
{
    EACH(f)
    {
        struct domain *d = f->d;
        evtchn_set_pending(d, NR_EVTCHNS);
        evtchn_backend_send(d, NR_EVTCHNS);
        evtchn_backend_unbind(d, NR_EVTCHNS);
        ck_assert_int_eq(evtchn_backend_bind(d, NR_EVTCHNS, BACKEND_DEVICE), -XEN_EINVAL);
        ck_assert_int_eq(evtchn_backend_bind(d, 5, BACKEND_DEVICE), -XEN_EINVAL);
        d->s.evtchn[5] = (struct evtchn){.kind = ECS_UNBOUND, .remote_dom = 9};
        ck_assert_int_eq(evtchn_backend_bind(d, 5, BACKEND_DEVICE), -XEN_EINVAL);
        d->s.evtchn[5] = (struct evtchn){.kind = ECS_INTERDOMAIN, .remote_dom = MINE, .remote_port = 6};
        evtchn_backend_unbind(d, 5);
        ck_assert_int_eq(d->s.evtchn[5].kind, ECS_INTERDOMAIN);
        evtchn_backend_send(d, 5);
        evtchn_backend_send(d, 7);
        ck_assert_uint_eq(*(uint32_t *)(shared_info(d) + f->abi->si_evtchn_pending), 0);
        virq_raise(f->v, MAX_VIRQS);
        for (unsigned i = 1; i < NR_EVTCHNS; i++)
            d->s.evtchn[i].kind = ECS_IPI;
        ck_assert_int_eq(evtchn_backend_alloc(d, BACKEND_DEVICE), -XEN_ENOSPC);
        /* Nobody on the host listens. */
        struct domain_ops none = {0};
        d->s.evtchn[5] = (struct evtchn){.kind = ECS_INTERDOMAIN, .remote_dom = DOMID_BACKEND};
        gva_t send = X20(f) ? FX_WORDS(f, 4, 0, 5, 0, 0, 0, 0, 0) : FX_WORDS(f, 4, 5, 0, 0, 0, 0, 0);
        d->ops = &none;
        ck_rc(CALL(f, 16, send.va), 0);
        d->ops = NULL;
        ck_rc(CALL(f, 16, send.va), 0);
        ck_assert_uint_eq(f->notified->len, 0);
    }
}
END_TEST

static int32_t join_2_0(struct fixture *f, uint32_t dom2, uint32_t port1, uint32_t port2)
{
    return CALL(f, 16, FX_WORDS(f, 0, 0, 0x7FF0u | dom2 << 16, port1, port2, 0, 0, 0).va);
}

START_TEST(joining_in_2_0)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    struct evtchn *e = f->d->s.evtchn;
    for (unsigned i = 3; i < 8; i++)
        e[i] = (struct evtchn){.kind = ECS_UNBOUND, .remote_dom = i == 7 ? 9 : MINE};
    e[9].kind = ECS_VIRQ;
    f->d->s.evtchn_top = 10;
    ck_rc(join_2_0(f, MINE, 7, 4), -XEN_EINVAL);
    ck_rc(join_2_0(f, MINE, 9, 4), -XEN_EINVAL);
    ck_rc(join_2_0(f, MINE, 900, 4), -XEN_EINVAL);
    ck_rc(join_2_0(f, MINE, 3, 4), 0);
    ck_assert(e[3].remote_port == 4 && e[4].remote_port == 3);
    ck_rc(join_2_0(f, 0x7FF0, 12, 5), 0); /* a free port may be named */
    ck_assert(e[12].remote_port == 5 && e[5].kind == ECS_INTERDOMAIN);
    /* What is joined already is told, where one end is left open. */
    gva_t told = FX_WORDS(f, 0, 0, 0x7FF0u | MINE << 16, 3, 0, 0, 0, 0);
    ck_rc(CALL(f, 16, told.va), 0);
    ck_assert(fx_get(f, GVA(told.va + 12)) == 3 && fx_get(f, GVA(told.va + 16)) == 4);
    told = FX_WORDS(f, 0, 0, 0x7FF0u | MINE << 16, 0, 3, 0, 0, 0);
    ck_rc(CALL(f, 16, told.va), 0);
    ck_assert(fx_get(f, GVA(told.va + 12)) == 4 && fx_get(f, GVA(told.va + 16)) == 3);
    ck_rc(join_2_0(f, MINE, 3, 4), 0);
    ck_rc(join_2_0(f, MINE, 3, 5), -XEN_EINVAL);
    ck_rc(join_2_0(f, 0, 3, 0), -XEN_EINVAL);
    /* A port that waits for its own domain may be joined with itself. */
    e[10] = (struct evtchn){.kind = ECS_UNBOUND, .remote_dom = MINE};
    ck_rc(join_2_0(f, MINE, 10, 10), 0);
    ck_assert_uint_eq(e[10].remote_port, 10);
    ck_rc(CALL(f, 16, FX_WORDS(f, 4, 0, 10, 0, 0, 0, 0, 0).va), 0);
    ck_assert(bit_test(shared_info(f->d) + f->abi->si_evtchn_pending, 10));
    ck_rc(CALL(f, 16, FX_WORDS(f, 3, 0, 0x7FF0, 10, 0, 0, 0, 0).va), 0);
    ck_assert_uint_eq(e[10].kind, ECS_FREE);
    for (unsigned i = 1; i < NR_EVTCHNS; i++)
        if (e[i].kind == ECS_FREE)
            e[i].kind = ECS_VIRQ;
    ck_rc(join_2_0(f, MINE, 0, 6), -XEN_ENOSPC);
    ck_assert_int_eq(e[6].kind, ECS_UNBOUND);
    fixture_free(f);
}
END_TEST

START_TEST(virqs_that_moved)
{
    EACHNEW(f)
    {
        struct domain *d = f->d;
        d->s.nr_vcpus = 2;
        ck_rc(CALL(f, 32, 1, FX_WORDS(f, 2, 0, 0).va), 0); /* VIRQ_CONSOLE: the domain's */
        uint32_t port = f->v->virq_port[2];
        ck_rc(CALL(f, 32, 8, FX_WORDS(f, port, 1).va), 0);
        ck_assert_uint_eq(d->s.evtchn[port].vcpu, 1);
        d->s.evtchn[20] = (struct evtchn){.kind = ECS_PIRQ};
        ck_rc(CALL(f, 32, 8, FX_WORDS(f, 20, 1).va), 0);
        ck_rc(CALL(f, 32, 4, FX_WORDS(f, 20).va), -XEN_EINVAL);
        ck_rc(CALL(f, 32, 3, FX_WORDS(f, port).va), 0);
        ck_assert_uint_eq(f->v->virq_port[2], 0);
        ck_rc(CALL(f, 32, 1, FX_WORDS(f, 2, 0, 0).va), 0);
    }
}
END_TEST

/* --- scheduling and time --------------------------------------------------------------- */

START_TEST(polls_that_end_at_once)
{
    EACHNEW(f)
    {
        gva_t ports = FX_WORDS(f, 3, 4), poll = FX_WORDS(f, ports.va, 2, 0, 0);
        uint8_t *info = vcpu_info(f->v);
        evtchn_set_pending(f->d, 4);
        if (f->abi->xen >= RING1_XEN_4_17) {
            ck_rc(CALL(f, 29, 3, poll.va), -XEN_EINVAL); /* they are closed */
            for (unsigned port = 3; port < 10; port++)
                f->d->s.evtchn[port].kind = ECS_PIRQ;
        }
        ck_rc(CALL(f, 29, 3, poll.va), 0);
        ck_assert_int_eq(f->v->run, VCPU_RUNNING);
        info[0] = 1, info[1] = 0;
        ck_rc(CALL(f, 29, 3, FX_WORDS(f, 0x1000, 2, 0, 0).va), 0); /* not even looked at */
        info[0] = 0;
        /* Waits for 5 or 6; 7 wakes it (several: any does), one alone does not in 4.17. */
        ck_rc(CALL(f, 29, 3, FX_WORDS(f, FX_WORDS(f, 5, 6).va, 2, 0, 0).va), 0);
        ck_assert(!vcpu_wake_check(f->v));
        evtchn_set_pending(f->d, 7);
        ck_assert_int_eq(f->v->run, VCPU_RUNNING);
        ck_rc(CALL(f, 29, 3, FX_WORDS(f, FX_WORDS(f, 5).va, 1, 0, 0).va), 0);
        evtchn_set_pending(f->d, 8);
        ck_assert_int_eq(f->v->run, f->abi->xen >= RING1_XEN_4_17 ? VCPU_POLLING : VCPU_RUNNING);
        info[0] = 1;
        ck_assert(vcpu_wake_check(f->v));
        info[0] = 0;
        ck_rc(CALL(f, 29, 3, FX_WORDS(f, FX_WORDS(f, 5).va, 1, 0, 0).va), 0);
        *(uint32_t *)(shared_info(f->d) + f->abi->si_evtchn_pending) |= 1u << 5;
        ck_assert(vcpu_wake_check(f->v));
    }
}
END_TEST

START_TEST(vcpus_up_and_down)
{
    EACHNEW(f)
    {
        struct vcpu *other = &f->d->s.vcpu[1];
        f->d->s.nr_vcpus = 2;
        other->initialised = true;
        time_init(f->d);
        ck_rc(CALL(f, 24, 3, 1, 0), 0);
        f->now += 50000000;
        timers_run(f->d);
        ck_assert_uint_ne(timers_next(f->d), NO_DEADLINE);
        ck_rc(CALL(f, 24, 1, 1, 0), 0);
        ck_rc(CALL(f, 24, 1, 1, 0), 0);
        ck_rc(CALL(f, 24, 3, 1, 0), 1);
        ck_rc(CALL(f, 24, 2, 1, 0), 0);
        ck_rc(CALL(f, 24, 3, 1, 0), 0);
        ck_assert_uint_eq(f->d->s.shutdown, SHUTDOWN_NONE);
        /* A place for a vcpu that is down may be registered by another. */
        if (f->abi->xen >= RING1_XEN_3_2)
            ck_rc(CALL(f, 24, 10, 1, FX_WORDS(f, fx_mfn(f, 50).mfn, 0, 64, 0).va), 0);
        /* The last one that goes down takes 4.17's domain with it. */
        ck_rc(CALL(f, 24, 2, 0, 0), 0);
        ck_assert_uint_eq(f->d->s.shutdown, X417(f) ? 0 : SHUTDOWN_NONE);
        ck_assert_uint_eq(timers_next(f->d), NO_DEADLINE);
        f->d->s.shutdown = 1;
        timers_run(f->d);
        ck_assert_uint_eq(timers_next(f->d), NO_DEADLINE);
    }
}
END_TEST

/* vcpu_info may be moved within shared_info: that is the domain's, too. */
START_TEST(vcpu_info_in_shared_info)
{
    EACHNEW(f)
    {
        if (f->abi->xen < RING1_XEN_3_2)
            continue;
        gva_t place = FX_WORDS(f, f->d->s.shared_info.mfn, 0, 3072, 0);
        ck_rc(CALL(f, 24, 10, 0, place.va), 0);
        ck_assert_ptr_eq(vcpu_info(f->v), shared_info(f->d) + 3072);
        ck_rc(CALL(f, 24, 10, 0, place.va), -XEN_EINVAL);
    }
}
END_TEST

START_TEST(old_dates)
{
    EACH(f)
    {
        f->d->s.wallclock_ns = -5000000000;
        f->now = 1000000000;
        time_init(f->d);
        f->now = 7000000000;
        time_update(f->v);
        if (X20(f))
            ck_assert_uint_eq(*(uint32_t *)(shared_info(f->d) + 296), 2);
        else
            ck_assert_uint_eq(*(uint32_t *)(shared_info(f->d) + 2308), 0);
    }
}
END_TEST

/* --- memory ------------------------------------------------------------------------------ */

START_TEST(eoi_map_is_held)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    uint32_t pfn = 50;
    ck_rc(fx_map(f, fx_va(f, pfn), 0), 0);
    ck_rc(CALL(f, 33, 17, FX_WORDS(f, fx_mfn(f, pfn).mfn).va), 0);
    ck_rc(fx_ext(f, 0, fx_mfn(f, pfn).mfn, 0), -XEN_EINVAL);
    ck_rc(CALL(f, 33, 17, FX_WORDS(f, fx_mfn(f, 51).mfn).va), -XEN_EBUSY);
    ck_rc(CALL(f, 33, 5, FX_WORDS(f, 3, 9).va), 0);
    fixture_free(f);
}
END_TEST

static int32_t copy(struct fixture *f, uint32_t from, uint32_t from_dom, uint32_t to, uint32_t to_dom,
                    uint32_t flags)
{
    gva_t op = FX_WORDS(f, from, from_dom, to, to_dom, 8 | flags << 16, 0);
    ck_rc(CALL(f, 20, 5, op.va, 1), 0);
    return (int16_t)fx_get(f, GVA(op.va + 20));
}

START_TEST(grants_of_all_kinds)
{
    EACHNEW(f)
    {
        uint32_t own = fx_mfn(f, 44).mfn;
        ck_assert(grant_init(f->d));
        static const struct {
            uint16_t flags, dom;
            int16_t read, write;
        } grant[] = {
            {1, MINE, 0, 0}, {5, MINE, 0, -1}, {2, MINE, -1, -1}, {0, MINE, -1, -1}, {1, 9, -1, -1},
        };
        for (unsigned i = 0; i < G_N_ELEMENTS(grant); i++) {
            *grant_entry(f->d, 8) = (struct grant_entry){grant[i].flags, grant[i].dom, own};
            ck_assert_int_eq(copy(f, 8, MINE, fx_mfn(f, 45).mfn, 0x7FF0, 1), grant[i].read);
            ck_assert_int_eq(copy(f, fx_mfn(f, 45).mfn, 0x7FF0, 8, MINE, 2), grant[i].write);
            ck_assert_int_eq(copy(f, 8, 0x7FF0, fx_mfn(f, 45).mfn, 0x7FF0, 1), grant[i].read);
        }
        *grant_entry(f->d, 8) = (struct grant_entry){1, MINE, FX_BEYOND};
        ck_assert_int_eq(copy(f, 8, MINE, own, 0x7FF0, 1), X417(f) ? -9 : -1);
        ck_assert_int_eq(copy(f, 8, 0, own, 0x7FF0, 1), -1);
        ck_assert_int_eq(copy(f, FX_IO + FX_PAGES, 0x7FF0, own, 0x7FF0, 0), X417(f) ? -9 : -1);
        ck_assert_int_eq(copy(f, own, 0x7FF0, f->d->s.grant.frames[0].mfn, 0x7FF0, 0), 0);
        /* A former table that nobody uses is memory like any other. */
        uint32_t pfn = 46;
        ck_rc(fx_map(f, fx_va(f, pfn), 0), 0);
        ck_rc(fx_ext(f, 0, fx_mfn(f, pfn).mfn, 0), 0);
        ck_assert_int_eq(copy(f, own, 0x7FF0, fx_mfn(f, pfn).mfn, 0x7FF0, 0), -1);
        ck_rc(fx_ext(f, 4, fx_mfn(f, pfn).mfn, 0), 0);
        ck_assert_int_eq(copy(f, own, 0x7FF0, fx_mfn(f, pfn).mfn, 0x7FF0, 0), 0);
    }
}
END_TEST

/* Two pages in, two single ones out, and room for only one: it comes back. */
START_TEST(exchange_without_room)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    uint32_t a = 0, free_frames = 0;
    for (uint32_t pfn = 20; !a && pfn < 200; pfn++) /* two frames side by side */
        for (uint32_t q = 20; q < 200; q++)
            if (fx_mfn(f, q).mfn == fx_mfn(f, pfn).mfn + 1 && fx_mfn(f, pfn).mfn % 2 == 0 && !a) {
                a = fx_mfn(f, pfn).mfn;
                ck_rc(fx_map(f, fx_va(f, pfn), 0), 0);
                ck_rc(fx_map(f, fx_va(f, q), 0), 0);
            }
    for (uint32_t i = 0; i < f->mem->nr_frames; i++)
        if (f->mem->frames[i].owner == OWNER_NOBODY && free_frames++)
            f->mem->frames[i].owner = OWNER_DOMID_XEN;
    gva_t in = FX_WORDS(f, a), out = FX_WORDS(f, 60, 61);
    gva_t x = FX_WORDS(f, in.va, 1, 1, 0, MINE, out.va, 2, 0, 0, MINE, 0);
    ck_rc(CALL(f, 12, 11, x.va), -XEN_ENOMEM);
    ck_assert_uint_eq(frame_info(f->mem, MFN(a))->owner, MINE);
    ck_assert_uint_eq(fx_get(f, GVA(x.va + 40)), 0);
    /* A page that was released while something still maps it cannot be given. */
    gva_t mapped = FX_WORDS(f, fx_mfn(f, 30).mfn);
    ck_rc(CALL(f, 12, 1, FX_WORDS(f, mapped.va, 1, 0, 0, 0x7FF0).va), 1);
    x = FX_WORDS(f, mapped.va, 1, 0, 0, 0x7FF0, out.va, 1, 0, 0, 0x7FF0, 0);
    ck_rc(CALL(f, 12, 11, x.va), -XEN_EINVAL);
    gva_t shared = FX_WORDS(f, f->d->s.shared_info.mfn);
    x = FX_WORDS(f, shared.va, 1, 0, 0, 0x7FF0, out.va, 1, 0, 0, 0x7FF0, 0);
    ck_rc(CALL(f, 12, 11, x.va), -XEN_EINVAL);
    fixture_free(f);
}
END_TEST

START_TEST(populate_a_list_that_is_read_only)
{
    EACHNEW(f)
    {
        f->d->s.max_pages += 8;
        uint32_t before = f->d->s.tot_pages;
        ck_rc(fx_map(f, fx_va(f, 50), fx_entry(fx_mfn(f, 50), 0x21)), 0);
        ck_rc(CALL(f, 12, 6, FX_WORDS(f, fx_va(f, 50).va, 2, 0, 0, 0x7FF0).va), 0);
        ck_assert_uint_eq(f->d->s.tot_pages, before + 1); /* the page stays with the domain */
        ck_rc(CALL(f, 12, 0, FX_WORDS(f, fx_va(f, 50).va, 2, 0, 0, 0x7FF0).va), 0);
        ck_assert_uint_eq(f->d->s.tot_pages, before + 2);
    }
}
END_TEST

/* Entries that name the highest frame there can be, and flags of an L3 entry. */
START_TEST(odd_entries)
{
    EACH(f)
    {
        gva_t va = fx_va(f, 50);
        uint64_t all = f->abi->pte_size == 4 ? 0xFFFFF021u : 0x000FFFFFFFFFF021u;
        int32_t rc = fx_map(f, va, all);
        ck_assert(rc < 0);
        if (f->abi->levels == 3) {
            uint32_t l2 = 51;
            uint64_t slot = fx_entry(f->top, 0), p_only = X417(f) ? 7 : 1;
            ck_rc(fx_map(f, fx_va(f, l2), 0), 0);
            ck_rc(fx_mmu(f, slot, fx_entry(fx_mfn(f, l2), 1)), 0);
            ck_assert_uint_eq(pte_read(f->d, f->top, 0), fx_entry(fx_mfn(f, l2), p_only));
            ck_rc(fx_mmu(f, slot, fx_entry(fx_mfn(f, l2), 0x201)), 0);
            ck_rc(fx_mmu(f, slot, fx_entry(fx_mfn(f, l2), 0x181)), -XEN_EINVAL);
            ck_rc(fx_mmu(f, slot, fx_entry(fx_mfn(f, l2), 1) | 1ull << 63), -XEN_EINVAL);
            ck_rc(fx_mmu(f, slot, 0), 0);
        } else {
            ck_rc(page_pin(f->d, fx_mfn(f, 52), PGT_l3_table), -XEN_EINVAL);
            ck_rc(fx_map(f, fx_va(f, 53), 0), 0);
            ck_rc(page_pin(f->d, fx_mfn(f, 53), PGT_l3_table), -XEN_EINVAL);
        }
    }
}
END_TEST

START_TEST(no_console_on_the_host)
{
    EACH(f)
    {
        struct domain_ops none = {0};
        gva_t text = FX_WORDS(f, 0x41414141, 0);
        for (unsigned i = 0; i < 2; i++) {
            f->d->ops = i ? NULL : &none;
            ck_rc(CALL(f, 18, 0, 4, text.va), X20(f) ? 4 : 0);
            ck_rc(CALL(f, 18, 1, 4, text.va), 0);
        }
        ck_assert_uint_eq(f->console->len, 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("corners");
    TCase *tc = tcase_create("corners");
    tcase_add_test(tc, back_ends_and_bad_ports);
    tcase_add_test(tc, joining_in_2_0);
    tcase_add_test(tc, virqs_that_moved);
    tcase_add_test(tc, polls_that_end_at_once);
    tcase_add_test(tc, vcpus_up_and_down);
    tcase_add_test(tc, vcpu_info_in_shared_info);
    tcase_add_test(tc, old_dates);
    tcase_add_test(tc, eoi_map_is_held);
    tcase_add_test(tc, grants_of_all_kinds);
    tcase_add_test(tc, exchange_without_room);
    tcase_add_test(tc, populate_a_list_that_is_read_only);
    tcase_add_test(tc, odd_entries);
    tcase_add_test(tc, no_console_on_the_host);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
