/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_world.c - a domain without a CPU, and sequences that are run in it: results,
 * outputs and memory compared, calls that stop half-way, wait or end the domain, and
 * the way back to the start.
 */
#include "suite.h"

#include "debug/seq_run.h"
#include "dispatch/page_type.h"
#include "dispatch/preempt.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct setup {
    struct seq *seq;
    struct world *world;
    struct seq_program *program;
    struct seq_report report;
};

static struct setup setup_for(const char *text)
{
    g_autoptr(GError) error = NULL;
    struct setup s = {.seq = seq_parse(text, strlen(text), "t.hc", &error)};
    ck_assert_msg(s.seq != NULL, "%s", error ? error->message : "?");
    s.world = seq_world(s.seq, &error);
    ck_assert_msg(s.world != NULL, "%s", error ? error->message : "?");
    s.program = seq_compile(s.seq, s.world, &error);
    ck_assert_msg(s.program != NULL, "%s", error ? error->message : "?");
    return s;
}

static void recount(const struct world *w)
{
    g_autoptr(GString) report = g_string_new(NULL);
    ck_assert_msg(page_recount(w->d, report), "%s", report->str);
}

static enum seq_outcome run(struct setup *s)
{
    seq_report_clear(&s->report);
    enum seq_outcome outcome = seq_run(s->program, s->world, &s->report);
    recount(s->world);
    return outcome;
}

static void done(struct setup *s)
{
    seq_report_clear(&s->report);
    seq_program_free(s->program);
    world_free(s->world);
    seq_free(s->seq);
}

static char *said(const struct setup *s)
{
    GString *out = g_string_new(NULL);
    seq_report_print(&s->report, s->seq, out);
    return g_string_free(out, FALSE);
}

#define ck_agrees(text)                                                                                      \
    do {                                                                                                     \
        struct setup s_ = setup_for(text);                                                                   \
        enum seq_outcome o_ = run(&s_);                                                                      \
        g_autofree char *said_ = said(&s_);                                                                  \
        ck_assert_msg(o_ == SEQ_AGREES, "%s", said_);                                                        \
        done(&s_);                                                                                           \
    } while (0)
#define ck_differs(text, expected)                                                                           \
    do {                                                                                                     \
        struct setup s_ = setup_for(text);                                                                   \
        enum seq_outcome o_ = run(&s_);                                                                      \
        g_autofree char *said_ = said(&s_);                                                                  \
        ck_assert_int_ne(o_, SEQ_AGREES);                                                                    \
        ck_assert_str_eq(said_, expected);                                                                   \
        done(&s_);                                                                                           \
    } while (0)

#define HEAD "ring1-sequence 1\nabi xen-3.0-pae 4.17\n"

START_TEST(results_outputs_and_memory)
{
    ck_agrees(
        HEAD "r1 = event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF, remote_dom=0}) = 0 => {port=3}\n"
             "event_channel_op(EVTCHNOP_close, {port=r1.port}) = 0\n"
             "event_channel_op(EVTCHNOP_close, {port=r1.port}) = -EINVAL\n"
             "xen_version(XENVER_extraversion, {...}) = 0 => {extraversion=\".7\"}\n"
             "page buf = \"hello\"\n"
             "expect &buf = \"hello\"\n"
             "write &buf+8 = [u16 0x1234, u8 5]\n"
             "expect &buf+8 = u32 0x51234\n");
    ck_differs(HEAD "event_channel_op(EVTCHNOP_close, {port=9}) = 0 # no\n",
               "t.hc:3: expected 0, got -EINVAL (Invalid argument)\n"
               "  why: port 9 is not open\n"
               "  event_channel_op(EVTCHNOP_close, {port=9}) = 0  # no\n");
    ck_differs(HEAD "event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF}) = 0 => {port=4}\n",
               "t.hc:3: expected port=4, got port=3\n"
               "  event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF}) = 0 => {port=4}\n");
    ck_differs(HEAD "write &0x30 = \"abc\"\nexpect &0x30 = \"abd\"\n",
               "t.hc:4: expected \"abd\", got \"abc\"\n  expect &0x30 = \"abd\"\n");
}
END_TEST

START_TEST(frames_and_results_are_patched_in)
{
    ck_agrees(
        HEAD
        "page pt = l1 {0: mfn(a)|P|A, 5: mfn(a)|P|RW|A}\npage a\n"
        "mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(pt)}], 1, [7], DOMID_SELF) = 0 => pdone=1\n"
        "mmu_update([{ptr=ma(pt)+8|MMU_NORMAL_PT_UPDATE, val=mfn(a)|P|RW}, {...}], 1, [0], DOMID_SELF) = 0\n"
        "expect &pt+8 = mfn(a)|P|RW\n"
        "mmu_update([{ptr=ma(pt)+16, val=mfn(pt)|P|RW}], 1, [0], DOMID_SELF) = -EBUSY => pdone=0\n"
        "update_va_mapping(&0x80, 0, UVMF_INVLPG) = 0\n"
        "memory_op(XENMEM_decrease_reservation, {extent_start=[mfn(0x80)], nr_extents=1, "
        "domid=DOMID_SELF}) = 1\n"
        "p = memory_op(XENMEM_populate_physmap, {extent_start=[0x80], nr_extents=1, domid=DOMID_SELF}) = 1\n"
        "update_va_mapping(&0x80, mfn(p.extent_start[0])|P|RW|A, UVMF_INVLPG) = 0\n"
        "write &0x80 = \"new\"\n"
        "expect &0x80 = \"new\"\n"
        "write ma(p.extent_start[0])+8 = \"filled\"\n"
        "expect &0x80+8 = \"filled\"\n");
}
END_TEST

START_TEST(multicalls)
{
    ck_agrees(HEAD "m = multicall = 0\n"
                   "  [0] xen_version(XENVER_version, NULL) = 0x40011\n"
                   "  [1] e = event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF}) = 0 => {port=3}\n"
                   "  [2] hypercall_61(1, 2) = -ENOSYS\n"
                   "  [3] update_va_mapping(&0x40, mfn(0x40)|P|A, UVMF_INVLPG) = 0\n"
                   "event_channel_op(EVTCHNOP_close, {port=e.port}) = 0\n"
                   "event_channel_op(EVTCHNOP_close, {port=e.port}) = -EINVAL\n");
    ck_agrees("ring1-sequence 1\nabi xen-2.0\nmulticall = 0\n  [0] xen_version(XENVER_version) = 0x20000\n");
    ck_differs(HEAD "multicall = 0\n  [0] xen_version(XENVER_version, NULL)\n  [1] iret() = 0\n",
               "t.hc:3: expected 0, got a crash: iret: CS 000000 is of ring 0\n  multicall = 0\n"
               "  [0] xen_version(XENVER_version, NULL)\n  [1] iret() = 0\n");
}
END_TEST

START_TEST(vcpus_wait_and_time_passes)
{
    ck_agrees(HEAD "domain {vcpus=2}\n"
                   "event_channel_op(EVTCHNOP_bind_virq, {virq=VIRQ_TIMER, vcpu=0}) = 0 => {port=3}\n"
                   "set_timer_op(1.000000000s) = 0\n"
                   "sched_op(SCHEDOP_block, NULL) = 0\n"
                   "xen_version(XENVER_version, NULL) = 0x40011\n"
                   "vcpu_op(VCPUOP_is_up, 1, NULL) = 0\n"
                   "time 2s\n");
    ck_differs(
        HEAD "domain {vcpus=2}\nv1: xen_version(XENVER_version, NULL)\n",
        "t.hc:4: expected v1 to run, got a vcpu that is not up\n  v1: xen_version(XENVER_version, NULL)\n");
    ck_differs(
        HEAD "vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL) = 0\nsched_op(SCHEDOP_block, NULL) = 0\niret()\n",
        "t.hc:5: expected v0 to run, got a vcpu that waits, and nothing will come for it\n  iret()\n");
}
END_TEST

START_TEST(domains_end)
{
    ck_agrees(HEAD "sched_op(SCHEDOP_shutdown, {reason=SHUTDOWN_poweroff}) = 0\n");
    ck_agrees(HEAD "sched_op(SCHEDOP_shutdown, {reason=SHUTDOWN_poweroff}) = shutdown\n");
    ck_agrees(HEAD "iret() = crash\n");
    ck_differs(HEAD "iret() = 0\n",
               "t.hc:3: expected 0, got a crash: iret: CS 000000 is of ring 0\n  iret() = 0\n");
    ck_differs(HEAD "sched_op(SCHEDOP_shutdown, {reason=SHUTDOWN_reboot}) = 0\nset_debugreg(0, 0)\n",
               "t.hc:4: expected a domain that lives, got the domain's end: SHUTDOWN_reboot\n  "
               "set_debugreg(0, 0)\n");
    ck_differs(HEAD "set_debugreg(0, 0) = crash\n",
               "t.hc:3: expected a crash, got 0\n  set_debugreg(0, 0) = crash\n");
}
END_TEST

/* A long list stops on the way, at each step if wanted: nobody can tell. */
START_TEST(long_calls_are_gone_on_with)
{
    g_autoptr(GString) text = g_string_new(HEAD "mmu_update([");
    for (unsigned i = 0; i < 2000; i++)
        g_string_append_printf(text, "%s{ptr=ma(0x40)|MMU_MACHPHYS_UPDATE, val=%u}", i ? ", " : "", i);
    g_string_append(text, "], 2000, [0], DOMID_SELF) = 0 => pdone=2000\n"
                          "multicall = 0\n");
    for (unsigned i = 0; i < 100; i++)
        g_string_append_printf(text, "  [%u] xen_version(XENVER_version, NULL) = 0x40011\n", i);
    struct setup s = setup_for(text->str);
    for (unsigned mode = 0; mode < 3; mode++) {
        world_reset(s.world);
        preempt_set_mode(s.world->d, (enum ring1_preempt)mode, 7);
        enum seq_outcome outcome = run(&s);
        g_autofree char *words = said(&s);
        ck_assert_msg(outcome == SEQ_AGREES, "mode %u: %s", mode, words);
    }
    done(&s);
}
END_TEST

START_TEST(own_tables)
{
    ck_agrees(HEAD "domain {memory=1M, cr3=top, arena=0x40000000}\n"
                   "page top = l3 {1: mfn(l2)|P, 3: mfn(l2_3)|P}\n"
                   "page l2_3 = l2\n"
                   "page l2 = l2 {0: mfn(l1)|P|RW|A}\n"
                   "page l1 = l1 {0..15: mfn(0x60..)|P|RW|A}\n"
                   "event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF}) = 0\n"
                   "event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF}@0x40000800) = 0\n"
                   "event_channel_op(EVTCHNOP_alloc_unbound, 0xc0000000) = -EFAULT\n");
    g_autoptr(GError) error = NULL;
    static const char text[] = HEAD "domain {memory=1M, cr3=top}\npage top = l3 {1: 5}\n";
    struct seq *seq = seq_parse(text, strlen(text), "t.hc", &error);
    ck_assert_ptr_null(seq_world(seq, &error));
    ck_assert(g_str_has_prefix(error->message, "the first page tables were refused: "));
    seq_free(seq);
}
END_TEST

/* --- the way back ---------------------------------------------------------------------------------- */

static char *hash(const struct world *w)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, w->mem->base, (gssize)w->mem->nr_frames << RING1_PAGE_SHIFT);
    g_checksum_update(sum, (const guchar *)w->mem->frames,
                      (gssize)(w->mem->nr_frames * sizeof *w->mem->frames));
    g_checksum_update(sum, (const guchar *)&w->d->s, sizeof w->d->s);
    g_checksum_update(sum, (const guchar *)&w->now, sizeof w->now);
    return g_strdup(g_checksum_get_string(sum));
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Words that mean something now and then: frames, addresses, small numbers. */
static uint32_t random_word(const struct world *w, uint32_t *state)
{
    uint32_t r = next_random(state);
    switch (r % 5) {
    case 0:
        return r / 5 % 8;
    case 1:
        return WORLD_BASE + r / 5 % (WORLD_ARENA_PAGES << RING1_PAGE_SHIFT);
    case 2:
        return w->p2m[r / 5 % w->setup.nr_pages];
    case 3:
        return 0x7FF0;
    default:
        return w->p2m[r / 5 % w->setup.nr_pages] << RING1_PAGE_SHIFT | (r & 0x7F);
    }
}

START_TEST(a_world_comes_back_to_its_start)
{
    const struct world_setup setup = {.abi = abi_all()[_i], .nr_pages = 256, .nr_vcpus = _i ? 3 : 1};
    struct world *w = world_new(&setup, NULL);
    uint32_t state = 99 + (uint32_t)_i;
    ck_assert(w && world_start(w, NULL));
    recount(w);
    world_reset(w);
    g_autofree char *start = hash(w);
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 60 && !world_ended(w) && world_switch(w, 0); i++) {
            uint32_t word[16], arg[MAX_HYPERCALL_ARGS];
            for (unsigned k = 0; k < 16; k++)
                word[k] = random_word(w, &state);
            for (unsigned k = 0; k < MAX_HYPERCALL_ARGS; k++)
                arg[k] = random_word(w, &state);
            (void)world_poke(w, w->arena, word, sizeof word);
            (void)world_call(w, next_random(&state) % 42, arg);
        }
        world_reset(w);
        g_autofree char *now = hash(w);
        ck_assert_msg(strcmp(start, now) == 0, "%s %s, round %u: another world", w->abi->name,
                      w->abi->xen_name, round);
    }
    recount(w);
    world_free(w);
}
END_TEST

/* The same sequence, run again after a reset, has the same time and memory. */
START_TEST(runs_are_equal)
{
    struct setup s =
        setup_for(HEAD "domain {vcpus=2}\n"
                       "page pt = l1 {0: mfn(a)|P|A}\npage a\n"
                       "mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(pt)}], 1, [7], DOMID_SELF) = 0\n"
                       "memory_op(XENMEM_decrease_reservation, {extent_start=[mfn(0x80)], nr_extents=1, "
                       "domid=DOMID_SELF}) = 1\n"
                       "time 0.050000000s\n"
                       "grant_table_op(GNTTABOP_setup_table, [{dom=DOMID_SELF, nr_frames=6, "
                       "frame_list=&0x50}], 1) = 0\n"
                       "console_io(CONSOLEIO_write, 3, \"abc\") = 0\n");
    s.world->console = g_string_new(NULL);
    ck_assert_int_eq(run(&s), SEQ_AGREES);
    ck_assert_str_eq(s.world->console->str, "abc");
    g_autofree char *first = hash(s.world);
    world_reset(s.world);
    ck_assert_int_eq(run(&s), SEQ_AGREES);
    g_autofree char *second = hash(s.world);
    ck_assert_str_eq(first, second);
    done(&s);
}
END_TEST

int main(void)
{
    unsigned nr_abis = 0;
    while (abi_all()[nr_abis])
        nr_abis++;
    Suite *suite = suite_create("world");
    TCase *tc = tcase_create("world");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, results_outputs_and_memory);
    tcase_add_test(tc, frames_and_results_are_patched_in);
    tcase_add_test(tc, multicalls);
    tcase_add_test(tc, vcpus_wait_and_time_passes);
    tcase_add_test(tc, domains_end);
    tcase_add_test(tc, long_calls_are_gone_on_with);
    tcase_add_test(tc, own_tables);
    tcase_add_loop_test(tc, a_world_comes_back_to_its_start, 0, (int)nr_abis);
    tcase_add_test(tc, runs_are_equal);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
