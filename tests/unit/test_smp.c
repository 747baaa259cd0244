/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_smp.c - several vcpus without a CPU: the context that one starts with, whose
 * turn it is, and what is a vcpu's own.
 */
#include "dispatch/evtchn.h"
#include "dispatch/run_queue.h"
#include "dispatch/schedule.h"
#include "dispatch/shared.h"
#include "dispatch/timer.h"
#include "dispatch/vcpu_context.h"
#include "fixture.h"

#define EACH3(f)                                                                                             \
    for (struct {                                                                                            \
             unsigned i;                                                                                     \
             struct fixture *f;                                                                              \
         } each = {0};                                                                                       \
         (each.f = fixture_each(&each.i)); fixture_free(each.f))                                             \
        for (struct fixture *f = each.f->abi->max_vcpus > 1 ? each.f : NULL; f; f = NULL)

#define INITIALISE 0
#define UP         1
#define DOWN       2
#define IS_UP      3
#define YIELD      0
#define BLOCK      1

static void with_vcpus(struct fixture *f, unsigned nr)
{
    f->d->s.nr_vcpus = nr;
    for (unsigned i = 0; i < nr; i++) {
        struct vcpu *v = &f->d->s.vcpu[i];
        v->info_mfn = f->d->s.shared_info;
        v->info_offset = i * 64;
        vcpu_info(v)[1] = 1;
    }
    time_init(f->d);
}

/* As a kernel gives it; the place of it in guest memory. */
static struct vcpu_context context(const struct fixture *f)
{
    struct vcpu_context c = {.flags = 4};
    c.regs.eip = 0xC0001234;
    c.regs.eflags = 0x1002;
    c.regs.cs = f->abi->kernel_cs;
    c.regs.ss = c.regs.ds = c.regs.es = f->abi->kernel_ds;
    c.regs.esp = 0xC0008000;
    c.regs.edi = 77;
    c.kernel_ss = f->abi->kernel_ds;
    c.kernel_sp = 0xC0009000;
    c.cr[3] = f->top.mfn << 12 | f->top.mfn >> 20;
    c.event_cs = c.failsafe_cs = f->abi->kernel_cs;
    c.event_eip = 0xC0002000;
    c.failsafe_eip = 0xC0003000;
    c.traps[14].cs = f->abi->kernel_cs;
    c.traps[14].address = 0xC0004000;
    return c;
}

static int32_t initialise(struct fixture *f, unsigned id, const struct vcpu_context *c)
{
    gva_t at = fx_va(f, fx_alloc(f));
    ck_assert_int_eq(guest_write(f->v, at, c, sizeof *c), 0);
    return CALL(f, 24, INITIALISE, id, at.va);
}

static void bring_up(struct fixture *f, unsigned nr)
{
    struct vcpu_context c = context(f);
    with_vcpus(f, nr);
    for (unsigned i = 1; i < nr; i++) {
        ck_rc(initialise(f, i, &c), 0);
        ck_rc(CALL(f, 24, UP, i, 0), 0);
    }
    f->d->s.queue.urgent = 0; /* coming up is so */
}

/* --- the context -------------------------------------------------------------- */

START_TEST(what_a_vcpu_starts_with)
{
    EACH3(f)
    {
        struct vcpu *v = &f->d->s.vcpu[1];
        struct vcpu_context c = context(f);
        const struct frame *top = frame_info(f->mem, f->top);
        uint32_t count = top->count;
        with_vcpus(f, 2);
        c.cr[0] = 8;
        c.dr[0] = 0x1000;
        c.traps[14].flags = 4;
        ck_rc(CALL(f, 24, IS_UP, 1, 0), 0);
        ck_rc(CALL(f, 24, UP, 1, 0), -XEN_EINVAL);
        ck_rc(CALL(f, 24, INITIALISE, 1, 0x1000), -XEN_EFAULT);
        ck_rc(initialise(f, 1, &c), 0);
        ck_rc(initialise(f, 1, &c), -XEN_EEXIST);
        ck_assert_uint_eq(top->count, count + 1);
        ck_assert_uint_eq(v->cr3.mfn, f->top.mfn);
        ck_assert_uint_eq(v->regs.eip, 0xC0001234);
        ck_assert_uint_eq(v->regs.edi, 77);
        ck_assert_uint_eq(v->regs.eflags, EFLAGS_IF | 2u);
        ck_assert_uint_eq(v->iopl, 1);
        ck_assert(v->ts && v->regs_changed && v->initialised);
        ck_assert_uint_eq(v->dr[0], 0x1000);
        ck_assert_uint_eq(v->traps[14].address, 0xC0004000);
        ck_assert_uint_eq(v->traps[14].flags, 4);
        ck_assert_uint_eq(v->event_callback.eip, 0xC0002000);
        ck_assert_uint_eq(v->failsafe_callback.eip, 0xC0003000);
        ck_assert_uint_eq(v->kernel_sp, 0xC0009000);
        /* Nothing of it is the caller's. */
        ck_assert_uint_eq(f->d->s.attention & ATTN_DEBUG, 0);
        ck_assert_uint_ne(v->attention & ATTN_GDT, 0);
        ck_assert_int_eq(v->run, VCPU_DOWN);
        ck_rc(CALL(f, 24, UP, 1, 0), 0);
        ck_rc(CALL(f, 24, UP, 1, 0), 0);
        ck_rc(CALL(f, 24, IS_UP, 1, 0), 1);
    }
}
END_TEST

START_TEST(flags_of_a_context)
{
    EACH3(f)
    {
        struct vcpu *v = &f->d->s.vcpu[1];
        struct vcpu_context c = context(f);
        with_vcpus(f, 2);
        c.flags |= 1 | 8 | 32; /* FPU, failsafe masks events, online */
        c.fpu[100] = 5;
        ck_rc(initialise(f, 1, &c), 0);
        ck_assert(v->fpu_given && v->failsafe_callback.mask_events);
        ck_assert_uint_eq(v->fpu[100], 5);
        ck_assert_int_eq(v->run, f->abi->xen >= RING1_XEN_3_2 ? VCPU_DORMANT : VCPU_DOWN);
        ck_rc(CALL(f, 24, DOWN, 1, 0), 0);
        ck_rc(CALL(f, 24, UP, 1, 0), 0);
        ck_assert_int_eq(v->run, VCPU_RUNNING);
    }
}
END_TEST

START_TEST(contexts_that_are_refused)
{
    EACH3(f)
    {
        struct vcpu_context good = context(f), c;
        with_vcpus(f, 2);
        c = good, c.cr[3] = FX_BEYOND << 12;
        ck_rc(initialise(f, 1, &c), -XEN_EINVAL);
        c = good, c.cr[3] = f->l1.mfn << 12;
        ck_rc(initialise(f, 1, &c), -XEN_EINVAL);
        c = good, c.cr[3] = 0;
        ck_rc(initialise(f, 1, &c), -XEN_EINVAL);
        c = good, c.gdt_entries = f->abi->max_gdt_entries + 1;
        ck_rc(initialise(f, 1, &c), -XEN_EINVAL);
        c = good, c.gdt_entries = 1, c.gdt_frames[0] = f->l1.mfn;
        ck_rc(initialise(f, 1, &c), -XEN_EINVAL);
        c = good, c.ldt_base = 8;
        ck_rc(initialise(f, 1, &c), -XEN_EINVAL);
        c = good, c.ldt_entries = 8193;
        ck_rc(initialise(f, 1, &c), -XEN_EINVAL);
        if (f->abi->array_range_checked) {
            c = good, c.ldt_base = f->abi->hole, c.ldt_entries = 1;
            ck_rc(initialise(f, 1, &c), -XEN_EINVAL);
        }
        c = good, c.regs.cs &= 0xFFFCu;
        ck_rc(initialise(f, 1, &c), f->abi->xen == RING1_XEN_3_0_0 ? -XEN_EINVAL : 0);
        if (f->abi->xen > RING1_XEN_3_0_0)
            ck_assert_uint_eq(f->d->s.vcpu[1].regs.cs, f->abi->kernel_cs);
    }
}
END_TEST

/* The GDT is held, and let go when the page tables are refused. */
START_TEST(gdt_of_a_context)
{
    EACH3(f)
    {
        struct vcpu_context c = context(f);
        uint32_t pfn = fx_alloc(f);
        const struct frame *gdt = frame_info(f->mem, fx_mfn(f, pfn));
        with_vcpus(f, 2);
        ck_rc(fx_map(f, fx_va(f, pfn), fx_entry(fx_mfn(f, pfn), 1)), 0);
        c.gdt_frames[0] = fx_mfn(f, pfn).mfn;
        c.gdt_entries = 512;
        c.cr[3] = FX_BEYOND << 12;
        ck_rc(initialise(f, 1, &c), -XEN_EINVAL);
        ck_assert_uint_eq(f->d->s.vcpu[1].gdt_entries, 0);
        ck_assert_uint_eq(gdt->type_count, 0);
        c.cr[3] = context(f).cr[3];
        ck_rc(initialise(f, 1, &c), 0);
        ck_assert_uint_eq(f->d->s.vcpu[1].gdt_entries, 512);
        ck_assert_uint_eq(gdt->type_count, 1);
    }
}
END_TEST

/* --- turns ---------------------------------------------------------------------- */

static unsigned choose(struct fixture *f)
{
    struct vcpu *v = run_queue_choose(f->d, false);
    return v ? v->id : 99;
}

START_TEST(turns_by_the_clock)
{
    EACH3(f)
    {
        bring_up(f, 3);
        ck_assert_uint_eq(choose(f), 1); /* the first slice was over long ago */
        ck_assert_uint_eq(f->d->s.vcpu[0].runstate, 1);
        f->now += SLICE_NS - 1;
        ck_assert_uint_eq(choose(f), 1);
        f->now += 1;
        ck_assert_uint_le(run_queue_deadline(f->d), f->now);
        ck_assert_uint_eq(choose(f), 2);
        f->now += SLICE_NS;
        ck_assert_uint_eq(choose(f), 0);
        f->now += SLICE_NS;
        ck_assert_uint_eq(choose(f), 1);
        /* Who goes down is left out. */
        ck_rc(CALL(f, 24, DOWN, 2, 0), 0);
        f->now += SLICE_NS;
        ck_assert_uint_eq(choose(f), 0);
        ck_rc(CALL(f, 24, DOWN, 1, 0), 0);
        ck_assert(run_queue_deadline(f->d) == NO_DEADLINE);
        f->now += SLICE_NS;
        ck_assert_uint_eq(choose(f), 0);
    }
}
END_TEST

START_TEST(yields)
{
    EACH3(f)
    {
        bring_up(f, 3);
        ck_assert_uint_eq(choose(f), 1);
        f->d->s.vcpu[1].yielded = true;
        f->now += 10;
        ck_assert_uint_eq(choose(f), 2);
        ck_assert(!f->d->s.queue.everyone);
        f->d->s.vcpu[2].yielded = true;
        f->now += 10;
        ck_assert_uint_eq(choose(f), 0);
        ck_assert(!f->d->s.queue.everyone);
        ck_rc(CALL(f, 6, YIELD, 0), 0);
        f->now += 10;
        ck_assert_uint_eq(choose(f), 1);
        ck_assert(f->d->s.queue.everyone);
        /* One that only spins gives way, too, and is not idle. */
        f->now += 10;
        ck_assert_uint_eq(run_queue_choose(f->d, true)->id, 2);
        ck_assert(!f->d->s.queue.everyone);
    }
}
END_TEST

static uint32_t bind_ipi(struct fixture *f, unsigned id)
{
    gva_t arg = FX_WORDS(f, 7, id, 0, 0, 0, 0, 0, 0); /* 3.0.0 has the old form alone */
    ck_rc(CALL(f, 16, arg.va), 0);
    uint32_t port = fx_get(f, GVA(arg.va + 8));
    shared_info(f->d)[f->abi->si_evtchn_mask + port / 8] &= (uint8_t) ~(1u << port % 8);
    return port;
}

static void send(struct fixture *f, uint32_t port)
{
    ck_rc(CALL(f, 16, FX_WORDS(f, 4, port, 0, 0, 0, 0, 0, 0).va), 0);
}

START_TEST(events_end_turns)
{
    EACH3(f)
    {
        bring_up(f, 3);
        uint32_t port = bind_ipi(f, 2);
        ck_assert_uint_eq(choose(f), 1);
        f->now += SLICE_NS;
        ck_assert_uint_eq(choose(f), 2);
        f->now += SLICE_NS;
        ck_assert_uint_eq(choose(f), 0);
        /* 1 waits longer, but something came for 2: after the hold it is next. */
        f->d->s.attention = 0;
        send(f, port);
        ck_assert_uint_ne(f->d->s.attention & ATTN_SCHED, 0);
        ck_assert(vcpu_info(&f->d->s.vcpu[2])[0] && !vcpu_info(f->v)[0]);
        ck_assert_uint_eq(choose(f), 0);
        ck_assert_uint_eq(run_queue_deadline(f->d), f->now + HOLD_NS);
        f->now += HOLD_NS;
        ck_assert_uint_eq(choose(f), 2);
        /* The turn's end stands, so that nobody waits for ever. */
        f->now += SLICE_NS - HOLD_NS;
        ck_assert_uint_eq(choose(f), 1);
    }
}
END_TEST

START_TEST(blocked_and_woken)
{
    EACH3(f)
    {
        bring_up(f, 2);
        struct vcpu *v = &f->d->s.vcpu[1];
        uint32_t port = bind_ipi(f, 1);
        ck_assert_uint_eq(choose(f), 1);
        const uint32_t block[MAX_HYPERCALL_ARGS] = {BLOCK};
        f->now += 100;
        ck_assert_int_eq(hypercall_enter(v, 6, block), 0);
        ck_assert_int_eq(v->run, VCPU_BLOCKED);
        ck_assert_uint_eq(choose(f), 0);
        f->now += 100;
        send(f, port);
        ck_assert_int_eq(v->run, VCPU_RUNNING);
        ck_assert_uint_eq(v->runstate, 1);
        f->now += HOLD_NS;
        ck_assert_uint_eq(choose(f), 1);
        ck_assert_uint_eq(v->runstate_time[2], 100);
        ck_assert_uint_eq(v->runstate_time[1], HOLD_NS);
        /* Both wait: nobody can run. */
        vcpu_info(v)[0] = 0;
        ck_assert_int_eq(hypercall_enter(v, 6, block), 0);
        ck_assert_uint_eq(choose(f), 0);
        ck_rc(CALL(f, 6, BLOCK, 0), 0);
        ck_assert_uint_eq(choose(f), 99);
    }
}
END_TEST

/* A vcpu that is blocked and taken down is so when it comes up again; what came
 * meanwhile wakes it. */
START_TEST(down_while_blocked)
{
    EACH3(f)
    {
        bring_up(f, 2);
        struct vcpu *v = &f->d->s.vcpu[1];
        uint32_t port = bind_ipi(f, 1);
        ck_assert_uint_eq(choose(f), 1);
        ck_assert_int_eq(hypercall_enter(v, 6, (uint32_t[MAX_HYPERCALL_ARGS]){BLOCK}), 0);
        ck_assert_uint_eq(choose(f), 0);
        ck_rc(CALL(f, 24, DOWN, 1, 0), 0);
        ck_rc(CALL(f, 24, UP, 1, 0), 0);
        ck_assert_int_eq(v->run, VCPU_BLOCKED);
        ck_rc(CALL(f, 24, DOWN, 1, 0), 0);
        ck_assert_uint_eq(v->runstate, 2);
        send(f, port);
        ck_assert_int_eq(v->run, VCPU_DOWN);
        ck_assert_uint_eq(v->runstate, 3);
        ck_rc(CALL(f, 24, UP, 1, 0), 0);
        ck_assert_int_eq(v->run, VCPU_RUNNING);
    }
}
END_TEST

/* --- what is a vcpu's own ---------------------------------------------------------- */

START_TEST(work_goes_with_its_vcpu)
{
    EACH3(f)
    {
        bring_up(f, 2);
        struct vcpu *v = &f->d->s.vcpu[1];
        ck_rc(CALL(f, 5, 1), 0); /* fpu_taskswitch */
        ck_assert_uint_ne(f->d->s.attention & ATTN_TS, 0);
        f->d->s.attention |= ATTN_FLUSH;
        ck_assert_uint_eq(choose(f), 1);
        ck_assert_uint_ne(f->v->attention & ATTN_TS, 0);
        ck_assert_uint_ne(f->d->s.attention & ATTN_GDT, 0); /* from its initialise */
        ck_assert_uint_ne(f->d->s.attention & ATTN_FLUSH, 0);
        ck_assert_uint_eq(v->attention, 0);
        vcpu_attend(f->v, ATTN_DEBUG);
        f->now += SLICE_NS;
        ck_assert_uint_eq(choose(f), 0);
        ck_assert_uint_ne(f->d->s.attention & ATTN_DEBUG, 0);
    }
}
END_TEST

START_TEST(ticks_of_who_runs)
{
    EACH3(f)
    {
        bring_up(f, 2);
        struct vcpu *v = &f->d->s.vcpu[1];
        v->virq_port[f->abi->virq_timer] = 9;
        f->d->s.evtchn[9] =
            (struct evtchn){.kind = ECS_VIRQ, .virq = (uint16_t)f->abi->virq_timer, .vcpu = 1};
        shared_info(f->d)[f->abi->si_evtchn_mask + 1] = 0;
        /* vcpu 0 has the CPU: the other's tick waits until it has it. */
        f->d->s.queue.slice_end = NO_DEADLINE;
        f->now = 3 * TICK_NS;
        timers_run(f->d);
        ck_assert_uint_eq(vcpu_info(v)[0], 0);
        f->d->s.queue.slice_end = 0;
        ck_assert_uint_eq(choose(f), 1);
        ck_assert_uint_eq(vcpu_info(v)[0], 1);
        /* Its clock was set, the other's not. */
        ck_assert_uint_eq(load32(vcpu_info(v) + 32 + 16), f->now);
        ck_assert_uint_eq(load32(vcpu_info(f->v) + 32 + 16), 0);
    }
}
END_TEST

/* A timer is its vcpu's, whoever has the CPU. */
START_TEST(timers_of_who_waits)
{
    EACH3(f)
    {
        bring_up(f, 2);
        struct vcpu *v = &f->d->s.vcpu[1];
        v->virq_port[f->abi->virq_timer] = 9;
        f->d->s.evtchn[9] =
            (struct evtchn){.kind = ECS_VIRQ, .virq = (uint16_t)f->abi->virq_timer, .vcpu = 1};
        shared_info(f->d)[f->abi->si_evtchn_mask + 1] = 0;
        f->d->s.queue.slice_end = NO_DEADLINE;
        ck_assert_int_eq(hypercall_enter(v, 15, (uint32_t[MAX_HYPERCALL_ARGS]){5000, 0}), 0);
        ck_assert_uint_eq(timers_next(f->d), 5000);
        f->d->s.attention = 0;
        f->now = 5000;
        timers_run(f->d);
        ck_assert_uint_eq(vcpu_info(v)[0], 1);
        ck_assert_uint_eq(vcpu_info(f->v)[0], 0);
        ck_assert_uint_ne(f->d->s.attention & ATTN_SCHED, 0);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("smp");
    TCase *tc = tcase_create("smp");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, what_a_vcpu_starts_with);
    tcase_add_test(tc, flags_of_a_context);
    tcase_add_test(tc, contexts_that_are_refused);
    tcase_add_test(tc, gdt_of_a_context);
    tcase_add_test(tc, turns_by_the_clock);
    tcase_add_test(tc, yields);
    tcase_add_test(tc, events_end_turns);
    tcase_add_test(tc, blocked_and_woken);
    tcase_add_test(tc, down_while_blocked);
    tcase_add_test(tc, work_goes_with_its_vcpu);
    tcase_add_test(tc, ticks_of_who_runs);
    tcase_add_test(tc, timers_of_who_waits);
    suite_add_tcase(s, tc);
    return fx_main(s);
}
