/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_stops.c - where a debugger has a machine stop, in flat code; and that the run is
 * the same however often it was stopped.
 */
#include "emu/image.h"
#include "emu/machine.h"
#include "emu/stops.h"

#include <check.h>
#include <stdlib.h>

#define CODE 0x100000u
#define DATA 0x100800u

/* Three rounds: EAX up, stored at DATA and loaded from there; then it powers off. */
static const uint8_t ROUNDS[] = {
    0xB9, 0x03, 0x00, 0x00, 0x00,       /* 00 mov $3, %ecx */
    0x40,                               /* 05 inc %eax */
    0xA3, 0x00, 0x08, 0x10, 0x00,       /* 06 mov %eax, DATA */
    0x8B, 0x1D, 0x00, 0x08, 0x10, 0x00, /* 0B mov DATA, %ebx */
    0x49,                               /* 11 dec %ecx */
    0x75, 0xF1,                         /* 12 jnz 05 */
    0x51,                               /* 14 push %ecx: poweroff */
    0xB8, 0x1D, 0x00, 0x00, 0x00,       /* 15 mov $29, %eax: sched_op */
    0xBB, 0x02, 0x00, 0x00, 0x00,       /* 1A mov $2, %ebx: shutdown */
    0x89, 0xE1,                         /* 1F mov %esp, %ecx */
    0xCD, 0x82,                         /* 21 int $0x82 */
};

/* Instructions that are something else in a step. */
static const uint8_t ODD[] = {
    0xBE, 0x00, 0x00, 0x10, 0x00, /* 00 mov $CODE, %esi */
    0xBF, 0x00, 0x08, 0x10, 0x00, /* 05 mov $DATA, %edi */
    0xB9, 0x05, 0x00, 0x00, 0x00, /* 0A mov $5, %ecx */
    0xF3, 0xA4,                   /* 0F rep movsb */
    0xF3, 0xA4,                   /* 11 rep movsb: none */
    0xB9, 0x04, 0x00, 0x00, 0x00, /* 13 mov $4, %ecx */
    0x83, 0xEF, 0x04,             /* 18 sub $4, %edi */
    0xB0, 0x00,                   /* 1B mov $0, %al */
    0xF2, 0xAE,                   /* 1D repne scasb */
    0xB1, 0x03,                   /* 1F mov $3, %cl */
    0x4F,                         /* 21 dec %edi */
    0x89, 0xFE,                   /* 22 mov %edi, %esi */
    0xF3, 0xA6,                   /* 24 repe cmpsb: all three */
    0x9C,                         /* 26 pushf */
    0x58,                         /* 27 pop %eax */
    0x50,                         /* 28 push %eax */
    0x9D,                         /* 29 popf */
    0x66, 0x9C,                   /* 2A pushfw */
    0x66, 0x5B,                   /* 2C pop %bx */
    0x8C, 0xD0,                   /* 2E mov %ss, %eax */
    0x8E, 0xD0,                   /* 30 mov %eax, %ss */
    0x40,                         /* 32 inc %eax */
    0x0F, 0x31,                   /* 33 rdtsc */
    0xA3, 0x20, 0x08, 0x10, 0x00, /* 35 mov %eax, DATA+20 */
    0x0F, 0xA2,                   /* 3A cpuid */
    0x6A, 0x00,                   /* 3C push $0 */
    0xB8, 0x1D, 0x00, 0x00, 0x00, /* 3E mov $29, %eax: sched_op, yield */
    0xBB, 0x00, 0x00, 0x00, 0x00, /* 43 mov $0, %ebx */
    0xCD, 0x82,                   /* 48 int $0x82 */
    0xB8, 0x11, 0x00, 0x00, 0x00, /* 4A mov $17, %eax: xen_version, version */
    0xBB, 0x00, 0x00, 0x00, 0x00, /* 4F mov $0, %ebx */
    0xCD, 0x82,                   /* 54 int $0x82 */
    0xD9, 0xEB,                   /* 56 fldpi */
    0xD9, 0x1D, 0x30, 0x08, 0x10, /* 58 fstps DATA+30 */
    0x00,                         /*  */
    0x6A, 0x00,                   /* 5E push $0: poweroff */
    0xB8, 0x1D, 0x00, 0x00, 0x00, /* 60 mov $29, %eax */
    0xBB, 0x02, 0x00, 0x00, 0x00, /* 65 mov $2, %ebx */
    0x89, 0xE1,                   /* 6A mov %esp, %ecx */
    0xCD, 0x82,                   /* 6C int $0x82 */
};

/* Code that is written in the block that writes it, before and behind the store. */
static const uint8_t SELF[] = {
    0xB8, 0x00, 0x00, 0x00, 0x00,             /* 00 mov $0, %eax */
    0xB9, 0x03, 0x00, 0x00, 0x00,             /* 05 mov $3, %ecx */
    0x90,                                     /* 0A nop */
    0xC6, 0x05, 0x14, 0x00, 0x10, 0x00, 0x40, /* 0B movb $0x40, CODE+14 */
    0x90,                                     /* 12 nop */
    0x90,                                     /* 13 nop */
    0x90,                                     /* 14 nop: inc %eax */
    0x90,                                     /* 15 nop */
    0xC6, 0x05, 0x0A, 0x00, 0x10, 0x00, 0x43, /* 16 movb $0x43, CODE+A */
    0x49,                                     /* 1D dec %ecx */
    0x75, 0xEA,                               /* 1E jnz 0A */
    0xC6, 0x05, 0x26, 0x00, 0x10, 0x00, 0x43, /* 20 movb $0x43, CODE+26: into itself */
    0x6A, 0x00,                               /* 27 push $0: poweroff */
    0xB8, 0x1D, 0x00, 0x00, 0x00,             /* 29 mov $29, %eax */
    0xBB, 0x02, 0x00, 0x00, 0x00,             /* 2E mov $2, %ebx */
    0x89, 0xE1,                               /* 33 mov %esp, %ecx */
    0xCD, 0x82,                               /* 35 int $0x82 */
};

/* A multicall of three entries. */
#define LIST 0x40u
static const uint8_t CALLS[0xA0] = {
    0xB8,
    0x0D,
    0x00,
    0x00,
    0x00, /* 00 mov $13, %eax: multicall */
    0xBB,
    0x40,
    0x00,
    0x10,
    0x00, /* 05 mov $CODE+40, %ebx */
    0xB9,
    0x03,
    0x00,
    0x00,
    0x00, /* 0A mov $3, %ecx */
    0xCD,
    0x82, /* 0F int $0x82 */
    0x51, /* 11 push %ecx: 3, is left as it was */
    0x53, /* 12 push %ebx */
    0x6A,
    0x00, /* 13 push $0: poweroff */
    0xB8,
    0x1D,
    0x00,
    0x00,
    0x00, /* 15 mov $29, %eax */
    0xBB,
    0x02,
    0x00,
    0x00,
    0x00, /* 1A mov $2, %ebx */
    0x89,
    0xE1, /* 1F mov %esp, %ecx */
    0xCD,
    0x82,        /* 21 int $0x82 */
    [LIST] = 17, /* xen_version: which */
    [LIST + 0x20] = 17,
    [LIST + 0x28] = 99, /* of no such thing */
    [LIST + 0x40] = 17,
};

static struct machine *m;
static struct ring1_stop stop;

static void make(const uint8_t *code, size_t size)
{
    static const struct machine_ops none = {.notify = NULL};
    GError *error = NULL;
    struct image *image = image_raw(code, size, CODE, "flat", &error);
    ck_assert_ptr_nonnull(image);
    const struct boot_config boot = {.nr_pages = 1024};
    const struct machine_setup how = {.time_mode = RING1_TIME_VIRTUAL, .cpu = cpu_model_find(NULL)};
    m = machine_new(abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17), image, &boot, &how, &none, NULL, &error);
    ck_assert_msg(m != NULL, "%s", error ? error->message : "?");
    image_free(image);
}

static void setup(void)
{
    make(ROUNDS, sizeof ROUNDS);
    stops_attach(m);
}

static void teardown(void)
{
    machine_free(m);
}

/* On; true: until a stop, false: to the end. */
static bool goes_on(void)
{
    GError *error = NULL;
    ck_assert_msg(machine_run(m, NULL, &stop, &error), "%s", error ? error->message : "?");
    if (stop.reason == RING1_STOP_SHUTDOWN) {
        ck_assert_uint_eq(stop.shutdown, 0);
        return false;
    }
    ck_assert_int_eq(stop.reason, RING1_STOP_DEBUG);
    ck_assert_uint_eq(vcpu_regs(m->current)->eflags & (EFLAGS_TF | EFLAGS_RF), 0);
    return true;
}

static void stops_for(enum stop_kind kind, uint32_t offset)
{
    ck_assert(goes_on());
    ck_assert_int_eq(stops_last(m)->kind, kind);
    ck_assert_uint_eq(vcpu_regs(m->current)->eip, CODE + offset);
}

START_TEST(breakpoints)
{
    stops_break(m, CODE + 6);
    for (unsigned round = 0; round < 3; round++) {
        stops_for(STOP_BREAKPOINT, 6);
        ck_assert_uint_eq(stops_last(m)->address, CODE + 6);
        ck_assert_uint_eq(vcpu_regs(m->current)->ecx, 3 - round);
        ck_assert_uint_eq(vcpu_regs(m->current)->eax, round + 1);
    }
    ck_assert(!goes_on());
}
END_TEST

START_TEST(breakpoints_at_the_beginning_and_taken_away)
{
    stops_break(m, CODE);
    stops_break(m, CODE + 5);
    stops_for(STOP_BREAKPOINT, 0);
    stops_for(STOP_BREAKPOINT, 5);
    stops_for(STOP_BREAKPOINT, 5);
    stops_break(m, CODE + 0x11);
    stops_unbreak(m, CODE + 5);
    stops_for(STOP_BREAKPOINT, 0x11);
    stops_for(STOP_BREAKPOINT, 0x11);
    stops_detach(m);
    ck_assert(!goes_on());
}
END_TEST

START_TEST(stores)
{
    ck_assert(stops_watch(m, DATA, 4, RING1_WATCH_WRITE));
    for (unsigned round = 0; round < 3; round++) {
        stops_for(STOP_WATCHPOINT, 0xB);
        ck_assert_uint_eq(stops_last(m)->address, DATA);
        ck_assert(!stops_last(m)->by_hypercall);
    }
    ck_assert(!goes_on());
}
END_TEST

START_TEST(stores_and_loads)
{
    ck_assert(stops_watch(m, DATA + 2, 1, RING1_WATCH_ACCESS));
    ck_assert(stops_watch(m, DATA + 4, 4, RING1_WATCH_WRITE));
    for (unsigned round = 0; round < 3; round++) {
        stops_for(STOP_WATCHPOINT, 0xB);
        stops_for(STOP_WATCHPOINT, 0x11);
    }
    stops_unwatch(m, DATA + 2, 1, RING1_WATCH_ACCESS);
    ck_assert(!goes_on());
}
END_TEST

START_TEST(loads)
{
    ck_assert(stops_watch(m, DATA, 4, RING1_WATCH_READ));
    for (unsigned round = 0; round < 3; round++)
        stops_for(STOP_WATCHPOINT, 0x11);
    ck_assert(!goes_on());
}
END_TEST

/* --- calls -------------------------------------------------------------------------- */

static bool every_call(void *user, ring1_vcpu *v, const struct ring1_call *call, bool is_return)
{
    (void)v;
    ck_assert(!call->depth || call->nr == 17);
    return user || (call->index == 1 && call->depth == 1 && !is_return);
}

static void stops_at_call(unsigned nr, unsigned depth, unsigned index, bool is_return, uint32_t offset)
{
    stops_for(STOP_CALL, offset);
    const struct stop *last = stops_last(m);
    ck_assert_uint_eq(last->call.nr, nr);
    ck_assert_uint_eq(last->call.depth, depth);
    ck_assert_uint_eq(last->call.index, index);
    ck_assert_int_eq(last->is_return, is_return);
}

static void make_calls(void)
{
    teardown();
    make(CALLS, sizeof CALLS);
    stops_attach(m);
}

START_TEST(calls)
{
    make_calls();
    stops_catch(m, every_call, m);
    stops_at_call(13, 0, 0, false, 0x0F);
    ck_assert_uint_eq(vcpu_regs(m->current)->eax, 13);
    uint64_t before = machine_now(m);
    for (unsigned i = 0; i < 3; i++) {
        stops_at_call(17, 1, i, false, 0x11);
        ck_assert_uint_eq(stops_place(m).entry, i);
        ck_assert_uint_eq(stops_place(m).calls, 1);
        ck_assert_uint_gt(machine_now(m), before);
        stops_at_call(17, 1, i, true, 0x11);
        ck_assert_int_eq(stops_last(m)->call.result, i == 1 ? -38 : 4 << 16 | 17);
    }
    ck_assert_uint_eq(vcpu_regs(m->current)->ecx, 3);
    ck_assert_uint_eq(vcpu_regs(m->current)->ebx, CODE + LIST);
    stops_at_call(29, 0, 0, false, 0x21);
    ck_assert(!goes_on());
}
END_TEST

START_TEST(second_entry)
{
    make_calls();
    stops_catch(m, every_call, NULL);
    stops_at_call(17, 1, 1, false, 0x11);
    struct ring1_place there = stops_place(m);
    stops_step(m, 0);
    stops_for(STOP_STEPPED, 0x11);
    ck_assert_uint_eq(vcpu_regs(m->current)->eax, 0);
    ck_assert(!goes_on());
    make_calls();
    stops_at(m, &there);
    stops_for(STOP_PLACE, 0x11);
    ck_assert_uint_eq(stops_place(m).entry, 1);
    struct snapshot *snapshot = machine_save(m);
    make_calls();
    ck_assert(machine_restore(m, snapshot, NULL));
    snapshot_free(snapshot);
    stops_detach(m);
    ck_assert(!goes_on());
}
END_TEST

START_TEST(written_by_a_call)
{
    make_calls();
    ck_assert(stops_watch(m, CODE + LIST + 0x24, 4, RING1_WATCH_WRITE));
    stops_for(STOP_WATCHPOINT, 0x11);
    ck_assert(stops_last(m)->by_hypercall);
    ck_assert_uint_eq(stops_place(m).entry, 2);
    ck_assert(!goes_on());
}
END_TEST

/* --- the same run ------------------------------------------------------------------- */

struct end {
    uint64_t ns, hypercalls;
    char *hash;
};

static struct end the_end(void)
{
    return (struct end){machine_now(m), m->s.hypercalls, machine_hash(m)};
}

static const struct program {
    const uint8_t *code;
    size_t size;
    unsigned steps;
} PROGRAMS[] = {
    {ROUNDS, sizeof ROUNDS, 1 + 3 * 5 + 4},
    {ODD, sizeof ODD, 44},
    {CALLS, sizeof CALLS, 10},
    {SELF, sizeof SELF, 2 + 3 * 9 + 5},
};

static void ends_as_without(const struct program *p)
{
    struct end is = the_end();
    teardown();
    make(p->code, p->size);
    ck_assert(!goes_on());
    struct end straight = the_end();
    ck_assert_uint_eq(is.ns, straight.ns);
    ck_assert_uint_eq(is.hypercalls, straight.hypercalls);
    ck_assert_str_eq(is.hash, straight.hash);
    g_free(is.hash);
    g_free(straight.hash);
}

START_TEST(steps)
{
    const struct program *p = &PROGRAMS[_i];
    teardown();
    make(p->code, p->size);
    stops_attach(m);
    unsigned n = 0;
    for (struct ring1_place before = stops_place(m), now; stops_step(m, 0), goes_on(); n++, before = now) {
        now = stops_place(m);
        ck_assert_int_eq(stops_last(m)->kind, STOP_STEPPED);
        ck_assert_uint_gt(now.ns, before.ns);
    }
    ck_assert_uint_eq(n, p->steps);
    ends_as_without(p);
}
END_TEST

START_TEST(everything)
{
    const struct program *p = &PROGRAMS[_i];
    teardown();
    make(p->code, p->size);
    stops_attach(m);
    stops_catch(m, every_call, m);
    ck_assert(stops_watch(m, DATA, 0x80, RING1_WATCH_ACCESS));
    for (uint32_t at = 0; at < p->size; at++)
        stops_break(m, CODE + at);
    while (goes_on())
        ;
    ends_as_without(p);
}
END_TEST

/* Each place is come to again, and the state there is that of the first time. */
START_TEST(places)
{
    const struct program *p = &PROGRAMS[_i];
    for (unsigned n = 0; n < p->steps; n++) {
        teardown();
        make(p->code, p->size);
        stops_attach(m);
        for (unsigned i = 0; i <= n; i++) {
            stops_step(m, 0);
            ck_assert(goes_on());
        }
        struct ring1_place there = stops_place(m);
        g_autofree char *hash = machine_hash(m);
        teardown();
        make(p->code, p->size);
        stops_attach(m);
        stops_at(m, &there);
        ck_assert(goes_on());
        ck_assert_int_eq(stops_last(m)->kind, STOP_PLACE);
        struct ring1_place here = stops_place(m);
        ck_assert_msg(ring1_place_compare(&there, &here) == 0, "%u: %lu %lu %d, not %lu %lu %d", n, here.ns,
                      here.calls, here.looked, there.ns, there.calls, there.looked);
        g_autofree char *again = machine_hash(m);
        ck_assert_str_eq(hash, again);
        ck_assert(!goes_on());
    }
    ends_as_without(p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stops");
    TCase *t = tcase_create("stops");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, breakpoints);
    tcase_add_test(t, breakpoints_at_the_beginning_and_taken_away);
    tcase_add_test(t, stores);
    tcase_add_test(t, stores_and_loads);
    tcase_add_test(t, loads);
    tcase_add_test(t, calls);
    tcase_add_test(t, second_entry);
    tcase_add_test(t, written_by_a_call);
    suite_add_tcase(s, t);
    TCase *e = tcase_create("exact");
    tcase_add_checked_fixture(e, setup, teardown);
    tcase_add_loop_test(e, steps, 0, G_N_ELEMENTS(PROGRAMS));
    tcase_add_loop_test(e, everything, 0, G_N_ELEMENTS(PROGRAMS));
    tcase_add_loop_test(e, places, 0, G_N_ELEMENTS(PROGRAMS));
    suite_add_tcase(s, e);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
