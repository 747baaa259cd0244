/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_sched.c - sched_op in its three forms, blocking and waking, and vcpu_op's
 * states (docs/xen-abi.md 8.6, 8.24, 8.29, 12.2, 13).
 */
#include "dispatch/evtchn.h"
#include "dispatch/schedule.h"
#include "dispatch/shared.h"
#include "dispatch/timer.h"
#include "fixture.h"

#define X20(f)  ((f)->abi->xen == RING1_XEN_2_0)
#define X300(f) ((f)->abi->xen == RING1_XEN_3_0_0)
#define X417(f) ((f)->abi->xen >= RING1_XEN_4_17)
#define EACH(f)                                                                                              \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))
#define EACH3(f)   EACH(f) if (!X20(f))
#define EACHNEW(f) EACH(f) if (f->abi->xen >= RING1_XEN_3_0_4)

enum { YIELD, BLOCK, SHUTDOWN, POLL, REMOTE_SHUTDOWN, SHUTDOWN_CODE, WATCHDOG, PIN_OVERRIDE };

/* Two ports of the console's, for events. */
static void two_ports(struct fixture *f)
{
    ck_assert_int_eq(evtchn_backend_alloc(f->d, BACKEND_CONSOLE), 1);
    ck_assert_int_eq(evtchn_backend_alloc(f->d, BACKEND_CONSOLE), 2);
}

START_TEST(old_form)
{
    EACH(f)
    {
        f->d->s.attention = 0;
        ck_rc(CALL(f, 6, YIELD, 0), 0);
        ck_assert(f->v->yielded && f->d->s.attention & ATTN_SCHED);
        for (uint32_t cmd = 3; cmd < 8; cmd++)
            ck_rc(CALL(f, 6, cmd, 0), -XEN_ENOSYS);
        /* 2.0 packs the reason into the command. */
        ck_rc(X20(f) ? CALL(f, 6, SHUTDOWN | 1 << 8) : CALL(f, 6, SHUTDOWN, 0x301), 0);
        ck_assert_uint_eq(f->d->s.shutdown, 1);
    }
}
END_TEST

START_TEST(block_and_wake)
{
    EACH(f)
    {
        uint8_t *info = vcpu_info(f->v);
        two_ports(f);
        ck_rc(CALL(f, 6, BLOCK, 0), X20(f) ? 6 : 0);
        ck_assert_int_eq(f->v->run, VCPU_BLOCKED);
        ck_assert_uint_eq(info[1], 0);
        ck_assert(!vcpu_wake_check(f->v));
        /* A masked port does not wake. */
        bit_test_and_set(shared_info(f->d) + f->abi->si_evtchn_mask, 1);
        evtchn_backend_send(f->d, 1);
        ck_assert(!vcpu_wake_check(f->v));
        evtchn_backend_send(f->d, 2);
        ck_assert(vcpu_wake_check(f->v));
        ck_assert_int_eq(f->v->run, VCPU_RUNNING);
        /* With an event waiting there is no wait, and the mask goes all the same. */
        info[1] = 1;
        ck_rc(CALL(f, 6, BLOCK, 0), 0);
        ck_assert_int_eq(f->v->run, VCPU_RUNNING);
        ck_assert_uint_eq(info[1], 0);
    }
}
END_TEST

START_TEST(new_form)
{
    EACHNEW(f)
    {
        gva_t bad = GVA(0x1000), reason = FX_WORDS(f, 0x102), remote = FX_WORDS(f, 9, 0);
        ck_rc(CALL(f, 29, YIELD, bad.va), 0);
        ck_rc(CALL(f, 29, SHUTDOWN, bad.va), -XEN_EFAULT);
        ck_rc(CALL(f, 29, POLL, bad.va), -XEN_EFAULT);
        ck_rc(CALL(f, 29, REMOTE_SHUTDOWN, remote.va), X417(f) ? -XEN_ESRCH : -XEN_EPERM);
        ck_rc(CALL(f, 29, REMOTE_SHUTDOWN, bad.va), X417(f) ? -XEN_EFAULT : -XEN_EPERM);
        ck_rc(CALL(f, 29, REMOTE_SHUTDOWN, FX_WORDS(f, DOMID_GUEST, 0).va), -XEN_EPERM);
        ck_rc(CALL(f, 29, PIN_OVERRIDE, bad.va), X417(f) ? -XEN_EPERM : -XEN_ENOSYS);
        ck_rc(CALL(f, 29, 8, bad.va), -XEN_ENOSYS);
        ck_rc(CALL(f, 29, BLOCK, bad.va), 0);
        ck_assert_int_eq(f->v->run, VCPU_BLOCKED);
        vcpu_wake(f->v);
        ck_rc(CALL(f, 29, SHUTDOWN, reason.va), 0);
        ck_assert_uint_eq(f->d->s.shutdown, 2);
    }
}
END_TEST

START_TEST(shutdown_code)
{
    EACHNEW(f)
    {
        ck_rc(CALL(f, 29, SHUTDOWN_CODE, FX_WORDS(f, 2).va), X417(f) ? 0 : -XEN_ENOSYS);
        ck_assert_uint_eq(f->d->s.shutdown, SHUTDOWN_NONE);
        ck_rc(CALL(f, 29, SHUTDOWN, FX_WORDS(f, 1).va), 0);
        ck_assert_uint_eq(f->d->s.shutdown, X417(f) ? 2 : 1);
    }
}
END_TEST

/* Ask to poll `nr` ports. */
static int32_t poll_ports(struct fixture *f, uint32_t nr, const uint32_t *ports, uint64_t timeout)
{
    gva_t list = fx_put(f, ports, nr * 4);
    gva_t arg = FX_WORDS(f, list.va, nr, (uint32_t)timeout, (uint32_t)(timeout >> 32));
    return CALL(f, 29, POLL, arg.va);
}

START_TEST(poll_one)
{
    EACHNEW(f)
    {
        two_ports(f);
        vcpu_info(f->v)[1] = 1;
        bit_test_and_set(shared_info(f->d) + f->abi->si_evtchn_mask, 1);
        bit_test_and_set(shared_info(f->d) + f->abi->si_evtchn_mask, 2);
        ck_rc(poll_ports(f, 1, (uint32_t[]){1}, 0), 0);
        ck_assert_int_eq(f->v->run, VCPU_POLLING);
        ck_assert(f->v->poll_until == NO_DEADLINE);
        evtchn_backend_send(f->d, 2);
        ck_assert_int_eq(vcpu_wake_check(f->v), !X417(f)); /* older ones: any port wakes */
        evtchn_backend_send(f->d, 1);
        ck_assert(vcpu_wake_check(f->v));
        /* Pending already: no wait. */
        ck_rc(poll_ports(f, 1, (uint32_t[]){1}, 0), 0);
        ck_assert_int_eq(f->v->run, VCPU_RUNNING);
        /* The mask was not touched. */
        ck_assert_uint_eq(vcpu_info(f->v)[1], 1);
    }
}
END_TEST

START_TEST(poll_bounds)
{
    EACHNEW(f)
    {
        uint32_t many[129] = {0};
        two_ports(f);
        ck_rc(poll_ports(f, 129, many, 0), -XEN_EINVAL);
        ck_rc(poll_ports(f, 1, (uint32_t[]){1024}, 0), -XEN_EINVAL);
        if (X417(f))
            ck_rc(poll_ports(f, 1, (uint32_t[]){500}, 0), -XEN_EINVAL);
        ck_rc(CALL(f, 29, POLL, FX_WORDS(f, 0x1000, 1, 0, 0).va), -XEN_EFAULT);
        ck_rc(CALL(f, 29, POLL, FX_WORDS(f, 0xFFFFFFF0, 128, 0, 0).va), -XEN_EFAULT);
        ck_assert_int_eq(f->v->run, VCPU_RUNNING);
        for (unsigned i = 0; i < 128; i++)
            many[i] = 1;
        ck_rc(poll_ports(f, 128, many, 0), 0);
        ck_assert_int_eq(f->v->run, VCPU_POLLING);
        /* Who polls several ports wakes up for any. */
        bit_test_and_set(shared_info(f->d) + f->abi->si_evtchn_mask, 2);
        evtchn_backend_send(f->d, 2);
        ck_assert(vcpu_wake_check(f->v));
    }
}
END_TEST

START_TEST(poll_timeout)
{
    EACHNEW(f)
    {
        time_init(f->d);
        f->now = 5000;
        ck_rc(poll_ports(f, 0, NULL, 0), 0);
        ck_assert_int_eq(f->v->run, VCPU_POLLING);
        ck_assert(timers_next(f->d) == NO_DEADLINE);
        vcpu_wake(f->v);
        ck_rc(poll_ports(f, 0, NULL, 9000), 0);
        ck_assert_uint_eq(timers_next(f->d), 9000);
        timers_run(f->d);
        ck_assert_int_eq(f->v->run, VCPU_POLLING);
        f->now = 9000;
        timers_run(f->d);
        ck_assert_int_eq(f->v->run, VCPU_RUNNING);
        ck_rc(poll_ports(f, 0, NULL, 8999), 0);
        ck_assert_int_eq(f->v->run, VCPU_RUNNING);
        ck_rc(poll_ports(f, 0, NULL, UINT64_MAX), 0);
        ck_assert_int_eq(f->v->run, VCPU_RUNNING);
    }
}
END_TEST

START_TEST(watchdogs)
{
    EACHNEW(f)
    {
        if (!X417(f)) {
            ck_rc(CALL(f, 29, WATCHDOG, FX_WORDS(f, 0, 10).va), -XEN_ENOSYS);
            continue;
        }
        time_init(f->d);
        ck_rc(CALL(f, 29, WATCHDOG, 0x1000), -XEN_EFAULT);
        ck_rc(CALL(f, 29, WATCHDOG, FX_WORDS(f, 3, 10).va), -XEN_EINVAL);
        ck_rc(CALL(f, 29, WATCHDOG, FX_WORDS(f, 1, 10).va), -XEN_EINVAL);
        ck_rc(CALL(f, 29, WATCHDOG, FX_WORDS(f, 0, 10).va), 1);
        ck_rc(CALL(f, 29, WATCHDOG, FX_WORDS(f, 0, 20).va), 2);
        ck_rc(CALL(f, 29, WATCHDOG, FX_WORDS(f, 0, 30).va), -XEN_ENOSPC);
        ck_rc(CALL(f, 29, WATCHDOG, FX_WORDS(f, 1, 0).va), 0);
        ck_rc(CALL(f, 29, WATCHDOG, FX_WORDS(f, 1, 0).va), -XEN_EINVAL);
        ck_rc(CALL(f, 6, BLOCK, 0), 0);
        ck_assert(timers_next(f->d) == 20000000000ull);
        f->now = 20000000000ull;
        timers_run(f->d);
        ck_assert_uint_eq(f->d->s.shutdown, 4);
        ck_assert(timers_next(f->d) == NO_DEADLINE);
    }
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    ck_rc(CALL(f, 29, WATCHDOG, FX_WORDS(f, 0, 0).va), 1);
    ck_assert_uint_eq(f->d->s.shutdown, 4);
    fixture_free(f);
}
END_TEST

/* --- vcpu_op ---------------------------------------------------------------- */

START_TEST(vcpu_states)
{
    EACH3(f)
    {
        bool old = f->abi->xen < RING1_XEN_4_17;
        ck_rc(CALL(f, 24, 3, 0, 0), 1);
        ck_rc(CALL(f, 24, 3, 1, 0), -XEN_ENOENT);
        ck_rc(CALL(f, 24, 1, 1, 0), -XEN_ENOENT);
        ck_rc(CALL(f, 24, 3, 99, 0), old ? -XEN_EINVAL : -XEN_ENOENT);
        ck_rc(CALL(f, 24, 99, 0, 0), X300(f) ? 0 : -XEN_ENOSYS);
        ck_rc(CALL(f, 24, 1, 0, 0), 0);
        ck_rc(CALL(f, 24, 0, 0, 0), -XEN_EFAULT);
        ck_rc(CALL(f, 24, 0, 0, fx_va(f, 2).va), -XEN_EEXIST);
        ck_rc(CALL(f, 24, 0, 1, 0x1000), -XEN_ENOENT);
        ck_rc(CALL(f, 24, 2, 0, 0), 0);
        if (old)
            ck_assert_int_eq(f->v->run, VCPU_DOWN);
        else
            ck_assert_uint_eq(f->d->s.shutdown, 0);
    }
}
END_TEST

START_TEST(runstates)
{
    EACHNEW(f)
    {
        time_init(f->d);
        uint32_t pfn = fx_alloc(f);
        gva_t area = fx_va(f, pfn), info = FX_WORDS(f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        ck_rc(CALL(f, 24, 5, 0, 0x1000), -XEN_EFAULT);
        ck_rc(CALL(f, 24, 5, 0, FX_WORDS(f, f->abi->hole).va), -XEN_EFAULT);
        ck_rc(CALL(f, 24, 5, 0, FX_WORDS(f, area.va).va), 0);
        f->now = 1000;
        ck_rc(CALL(f, 6, BLOCK, 0), 0);
        ck_assert_uint_eq(fx_get(f, area), 2);
        ck_assert_uint_eq(fx_get(f, GVA(area.va + 4)), 1000);
        ck_assert_uint_eq(fx_get(f, GVA(area.va + 12)), 1000);
        f->now = 1700;
        vcpu_wake(f->v);
        f->now = 2000;
        ck_rc(CALL(f, 24, 4, 0, info.va), 0);
        ck_assert_uint_eq(fx_get(f, info), 0);
        ck_assert_uint_eq(fx_get(f, GVA(info.va + 4)), 1700);
        ck_assert_uint_eq(fx_get(f, GVA(info.va + 12)), 1300);
        ck_assert_uint_eq(fx_get(f, GVA(info.va + 28)), 700);
        ck_rc(CALL(f, 24, 4, 0, 0x1000), -XEN_EFAULT);
    }
}
END_TEST

START_TEST(vcpu_timers)
{
    EACHNEW(f)
    {
        if (f->abi->xen < RING1_XEN_3_2) {
            ck_rc(CALL(f, 24, 7, 0, 0), -XEN_ENOSYS);
            continue;
        }
        time_init(f->d);
        f->now = 1000;
        ck_rc(CALL(f, 24, 6, 0, 0x1000), -XEN_EFAULT);
        ck_rc(CALL(f, 24, 6, 0, FX_WORDS(f, 999999, 0).va), -XEN_EINVAL);
        ck_rc(CALL(f, 24, 6, 0, FX_WORDS(f, 0, 0xFFFFFFFF).va), X417(f) ? -XEN_EINVAL : 0);
        ck_rc(CALL(f, 24, 7, 0, 0), 0);
        f->now = 0;
        ck_rc(CALL(f, 24, 6, 0, FX_WORDS(f, 2000000, 0).va), 0);
        f->now = 1000;
        ck_assert_uint_eq(timers_next(f->d), 2000000);
        ck_rc(CALL(f, 24, 7, 0, 0), 0);
        ck_assert(timers_next(f->d) == NO_DEADLINE);
        ck_rc(CALL(f, 24, 8, 0, FX_WORDS(f, 5000, 0, 0).va), 0);
        ck_assert_uint_eq(timers_next(f->d), 5000);
        ck_rc(CALL(f, 24, 9, 0, 0), 0);
        ck_assert(timers_next(f->d) == NO_DEADLINE);
        /* One that is past: 4.17 fires at once whatever the flag says. */
        ck_rc(CALL(f, 24, 8, 0, FX_WORDS(f, 500, 0, 1).va), X417(f) ? 0 : -XEN_ETIME);
        ck_rc(CALL(f, 24, 8, 0, FX_WORDS(f, 500, 0, 0).va), 0);
        ck_rc(CALL(f, 24, 8, 0, FX_WORDS(f, 0, 0xFFFFFFFF, 1).va), 0); /* not compared as negative */
        ck_assert(timers_next(f->d) == NO_DEADLINE);
        ck_rc(CALL(f, 24, 11, 0, 8), -XEN_EINVAL);
        ck_rc(CALL(f, 24, 11, 0, 0), 0);
        ck_assert(f->v->nmi_pending);
        ck_rc(CALL(f, 24, 12, 0, 0), X417(f) ? -XEN_EINVAL : -XEN_ENOSYS);
    }
}
END_TEST

START_TEST(vcpu_info_moves)
{
    EACHNEW(f)
    {
        uint32_t pfn = fx_alloc(f), mfn = fx_mfn(f, pfn).mfn;
        if (f->abi->xen < RING1_XEN_3_2)
            continue;
        two_ports(f);
        ck_rc(CALL(f, 24, 10, 0, 0x1000), -XEN_EFAULT);
        ck_rc(CALL(f, 24, 10, 0, FX_WORDS(f, mfn, 0, 4036, 0).va), X417(f) ? -XEN_ENXIO : -XEN_EINVAL);
        if (X417(f)) { /* older ones take any offset, and 32 bits of the number */
            ck_rc(CALL(f, 24, 10, 0, FX_WORDS(f, mfn, 0, 2, 0).va), -XEN_ENXIO);
            ck_rc(CALL(f, 24, 10, 0, FX_WORDS(f, mfn, 1, 0, 0).va), -XEN_EINVAL);
        }
        ck_rc(CALL(f, 24, 10, 0, FX_WORDS(f, FX_BEYOND, 0, 0, 0).va), -XEN_EINVAL);
        ck_rc(CALL(f, 24, 10, 0, FX_WORDS(f, f->l1.mfn, 0, 0, 0).va), -XEN_EINVAL);
        ck_rc(CALL(f, 24, 10, 0, FX_WORDS(f, mfn, 0, 4032, 0).va), 0);
        uint8_t *info = (uint8_t *)fx_page(f, pfn) + 4032;
        ck_assert_ptr_eq(vcpu_info(f->v), info);
        ck_assert_uint_eq(info[0], 1);
        ck_assert_uint_eq(info[1], 1);
        ck_assert_uint_eq(load32(info + 4), UINT32_MAX);
        ck_rc(CALL(f, 24, 10, 0, FX_WORDS(f, mfn, 0, 0, 0).va), -XEN_EINVAL);
        store32(info + 4, 0);
        info[0] = 0;
        evtchn_backend_send(f->d, 2);
        ck_assert_uint_eq(load32(info + 4), 1);
        ck_assert_uint_eq(info[0], 1);
        /* It is held: the frame cannot become a page table. */
        ck_rc(fx_map(f, fx_va(f, pfn), 0), 0);
        ck_assert(fx_ext(f, 0, mfn, 0) < 0);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sched");
    TCase *tc = tcase_create("sched");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, old_form);
    tcase_add_test(tc, block_and_wake);
    tcase_add_test(tc, new_form);
    tcase_add_test(tc, shutdown_code);
    tcase_add_test(tc, poll_one);
    tcase_add_test(tc, poll_bounds);
    tcase_add_test(tc, poll_timeout);
    tcase_add_test(tc, watchdogs);
    tcase_add_test(tc, vcpu_states);
    tcase_add_test(tc, runstates);
    tcase_add_test(tc, vcpu_timers);
    tcase_add_test(tc, vcpu_info_moves);
    suite_add_tcase(s, tc);
    return fx_main(s);
}
