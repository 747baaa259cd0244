/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_timer.c - set_timer_op, ticks and the clock in shared memory
 * (docs/xen-abi.md 4.5, 8.15, 9.6).
 */
#include "dispatch/evtchn.h"
#include "dispatch/schedule.h"
#include "dispatch/shared.h"
#include "dispatch/timer.h"
#include "fixture.h"

#define X20(f)  ((f)->abi->xen == RING1_XEN_2_0)
#define X417(f) ((f)->abi->xen >= RING1_XEN_4_17)
#define EACH(f)                                                                                              \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))
#define EACH3(f) EACH(f) if (!X20(f))

#define MS 1000000ull

static int32_t set_timer(struct fixture *f, uint64_t at)
{
    uint32_t low = (uint32_t)at, high = (uint32_t)(at >> 32);
    return X20(f) ? CALL(f, 15, high, low) : CALL(f, 15, low, high);
}

/* Have VIRQ_TIMER on port 1, and the clock running. */
static void start(struct fixture *f)
{
    uint32_t virq = f->abi->virq_timer;
    gva_t op = X20(f) ? FX_WORDS(f, 1, 0, virq, 0, 0, 0, 0, 0) : FX_WORDS(f, 1, virq, 0, 0, 0, 0, 0);
    time_init(f->d);
    ck_rc(CALL(f, 16, op.va), 0);
}

/* Whether VIRQ_TIMER came since it was last asked. */
static bool fired(struct fixture *f)
{
    vcpu_info(f->v)[0] = 0;
    store32(vcpu_info(f->v) + f->abi->vi_pending_sel, 0);
    return bit_test_and_clear(shared_info(f->d) + f->abi->si_evtchn_pending, 1);
}

START_TEST(one_shot)
{
    EACH(f)
    {
        start(f);
        f->v->periodic = 0;
        ck_rc(set_timer(f, 0x100000005ull), 0);
        ck_assert(timers_next(f->d) == 0x100000005ull);
        timers_run(f->d);
        ck_assert(!fired(f));
        f->now = 0x100000005ull;
        timers_run(f->d);
        ck_assert(fired(f));
        ck_assert(timers_next(f->d) == NO_DEADLINE);
        /* Past: at once. Zero: never. */
        ck_rc(set_timer(f, 7), 0);
        ck_assert(fired(f));
        ck_rc(set_timer(f, f->now + 50), 0);
        ck_rc(set_timer(f, 0), 0);
        ck_assert(timers_next(f->d) == NO_DEADLINE);
    }
}
END_TEST

START_TEST(absurd_deadlines)
{
    EACH(f)
    {
        start(f);
        f->v->periodic = 0;
        f->now = 1000;
        ck_rc(set_timer(f, 0x8000000000000000ull), 0);
        bool soon = f->abi->xen >= RING1_XEN_3_2; /* "some time soon" */
        ck_assert(soon ? timers_next(f->d) == 1000 + 100 * MS : fired(f));
        uint64_t far = 1000 + (1ull << 50);
        ck_rc(set_timer(f, far), 0);
        ck_assert(timers_next(f->d) == (soon ? 1000 + 100 * MS : far));
        ck_rc(set_timer(f, far - 1), 0);
        ck_assert(timers_next(f->d) == far - 1);
    }
}
END_TEST

START_TEST(ticks)
{
    EACH(f)
    {
        start(f);
        ck_assert_uint_eq(timers_next(f->d), 10 * MS);
        f->now = 10 * MS;
        timers_run(f->d);
        ck_assert(fired(f));
        ck_assert_uint_eq(timers_next(f->d), 20 * MS);
        /* Late ones do not pile up. */
        f->now = 75 * MS;
        timers_run(f->d);
        ck_assert(fired(f));
        ck_assert_uint_eq(timers_next(f->d), 85 * MS);
        /* A blocked vcpu has none, and one when it runs again. */
        CALL(f, 6, 1, 0);
        ck_assert_int_eq(f->v->run, VCPU_BLOCKED);
        ck_assert(timers_next(f->d) == NO_DEADLINE);
        f->now = 500 * MS;
        timers_run(f->d);
        ck_assert(!fired(f));
        vcpu_wake(f->v);
        timers_run(f->d);
        ck_assert(fired(f));
    }
}
END_TEST

/* Ticks and one-shots are events only for who has bound VIRQ_TIMER. */
START_TEST(events_of_timers)
{
    EACH(f)
    {
        time_init(f->d);
        ck_rc(set_timer(f, 3 * MS), 0);
        ck_assert_uint_eq(timers_next(f->d), 3 * MS);
        ck_assert(timers_next_event(f->d) == NO_DEADLINE);
        start(f);
        ck_assert_uint_eq(timers_next_event(f->d), 10 * MS);
        ck_rc(set_timer(f, 3 * MS), 0);
        ck_assert_uint_eq(timers_next_event(f->d), 3 * MS);
    }
}
END_TEST

/* The one-shot wakes. */
START_TEST(block_until)
{
    EACH(f)
    {
        start(f);
        ck_rc(set_timer(f, 300 * MS), 0);
        CALL(f, 6, 1, 0);
        ck_assert_uint_eq(timers_next(f->d), 300 * MS);
        f->now = 300 * MS;
        timers_run(f->d);
        ck_assert(vcpu_wake_check(f->v) && vcpu_event_deliverable(f->v));
    }
}
END_TEST

/* Nanoseconds as a guest of 3.0 reckons them. */
static uint64_t guest_time(const uint8_t *info, uint64_t tsc)
{
    uint64_t stamp, base;
    memcpy(&stamp, info + 40, 8);
    memcpy(&base, info + 48, 8);
    int8_t shift = (int8_t)info[60];
    uint64_t delta = tsc - stamp;
    delta = shift < 0 ? delta >> -shift : delta << shift;
    return base + (uint64_t)((unsigned __int128)delta * load32(info + 56) >> 32);
}

START_TEST(clock_3)
{
    EACH3(f)
    {
        f->d->s.wallclock_ns = 1577836800ll * 1000000000 + 5;
        time_init(f->d);
        const uint8_t *info = vcpu_info(f->v), *si = shared_info(f->d);
        ck_assert_uint_eq(load32(info + 32), 2);
        /* The CPU's speed as guests compute it, dividing by mul. */
        uint64_t khz = ((1000000ull << 32) / load32(info + 56)) >> info[60];
        ck_assert_uint_eq(khz, 1000000);
        ck_assert_uint_eq(guest_time(info, 123456789), 123456789);
        ck_assert_uint_eq(load32(si + 2304), 2);
        ck_assert_uint_eq(load32(si + 2308), 1577836800);
        ck_assert_uint_eq(load32(si + 2312), 5);
        /* Not more than once a millisecond. */
        f->now = MS - 1;
        time_update(f->v);
        ck_assert_uint_eq(load32(info + 32), 2);
        f->now = 5 * MS;
        time_update(f->v);
        ck_assert_uint_eq(load32(info + 32), 4);
        ck_assert_uint_eq(load32(info + 48), 5 * MS);
        ck_assert_uint_eq(guest_time(info, 7 * MS), 7 * MS);
        ck_assert_uint_eq(load32(si + 2304), 2);
    }
}
END_TEST

START_TEST(clock_2_0)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    f->d->s.wallclock_ns = 1577836800ll * 1000000000;
    time_init(f->d);
    const uint8_t *si = shared_info(f->d);
    ck_assert_uint_eq(load32(si + 264), 1000000000);
    ck_assert_uint_eq(load32(si + 272), load32(si + 276));
    ck_assert_uint_ne(load32(si + 272), 0);
    f->now = 2500 * MS;
    time_update(f->v);
    ck_assert_uint_eq(load32(si + 272), load32(si + 276));
    ck_assert_uint_eq(load32(si + 280), 2500 * MS);
    ck_assert_uint_eq(load32(si + 288), 2500 * MS);
    ck_assert_uint_eq(load32(si + 296), 1577836802);
    ck_assert_uint_eq(load32(si + 300), 500000);
    fixture_free(f);
}
END_TEST

START_TEST(time_area)
{
    EACH3(f)
    {
        uint32_t pfn = fx_alloc(f);
        gva_t area = fx_va(f, pfn);
        time_init(f->d);
        if (!X417(f)) {
            ck_rc(CALL(f, 24, 13, 0, FX_WORDS(f, area.va).va),
                  f->abi->xen > RING1_XEN_3_0_0 ? -XEN_ENOSYS : 0);
            continue;
        }
        ck_rc(CALL(f, 24, 13, 0, 0x1000), -XEN_EFAULT);
        ck_rc(CALL(f, 24, 13, 0, FX_WORDS(f, area.va).va), 0);
        ck_assert_uint_eq(fx_get(f, GVA(area.va + 24)), 0x80000000);
        f->now = 9 * MS;
        time_update(f->v);
        ck_assert_uint_eq(fx_get(f, GVA(area.va + 16)), 9 * MS);
        /* Unmapped again: nobody minds. */
        ck_rc(fx_map(f, area, 0), 0);
        f->now = 12 * MS;
        time_update(f->v);
    }
}
END_TEST

START_TEST(before_1970)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    f->d->s.wallclock_ns = INT64_MIN;
    time_init(f->d);
    ck_assert_uint_eq(load32(shared_info(f->d) + 2308), 0);
    f->d->s.wallclock_ns = 5000000000ll * 1000000000;
    time_init(f->d);
    ck_assert_uint_eq(load32(shared_info(f->d) + 2308), 5000000000ll & UINT32_MAX);
    ck_assert_uint_eq(load32(shared_info(f->d) + 2340), 1);
    fixture_free(f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("timer");
    TCase *tc = tcase_create("timer");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, one_shot);
    tcase_add_test(tc, absurd_deadlines);
    tcase_add_test(tc, ticks);
    tcase_add_test(tc, events_of_timers);
    tcase_add_test(tc, block_until);
    tcase_add_test(tc, clock_3);
    tcase_add_test(tc, clock_2_0);
    tcase_add_test(tc, time_area);
    tcase_add_test(tc, before_1970);
    suite_add_tcase(s, tc);
    return fx_main(s);
}
