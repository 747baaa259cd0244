/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_filter.c - which calls a trace has, and which answers it makes up: a few real
 * calls are made under each expression, and a consumer notes what it is told.
 */
#include "debug/filter.h"
#include "debug/trace.h"
#include "dispatch/preempt.h"
#include "played_machine.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <xen/errno.h>

static struct fixture *f;
static struct trace *trace;
static struct filter *filter;
static GString *told;

/* --- the domain's calls go to the trace ------------------------------------------ */

static struct ring1_call as_seen(const struct call *call)
{
    return (struct ring1_call){
        .nr = call->nr,
        .name = call->row ? call->row->name : NULL,
        .nargs = call->row ? call->row->nargs : 0,
        .arg = call->arg,
        .depth = (unsigned)call->depth,
        .index = call->index,
        .result = call->result,
        .why = call->why,
        .continued = call->continued,
    };
}

static bool tap_before(G_GNUC_UNUSED void *user, struct vcpu *v, struct call *call)
{
    struct ring1_call seen = as_seen(call);
    machine.calls += call->depth == 0;
    bool answered = machine.watch.before(v, &seen, machine.user);
    if (answered)
        call->result = seen.result;
    return answered;
}

static void tap_after(G_GNUC_UNUSED void *user, struct vcpu *v, const struct call *call)
{
    struct ring1_call seen = as_seen(call);
    machine.watch.after(v, &seen, machine.user);
}

static struct tap tap = {.before = tap_before, .after = tap_after};

/* --- a consumer ------------------------------------------------------------------- */

static void note(const struct trace_call *c, char open)
{
    if (c->call->depth)
        g_string_append_printf(told, "%c%u.", open, c->call->index);
    else
        g_string_append_c(told, open);
    if (c->call->name)
        g_string_append(told, c->call->name);
    else
        g_string_append_printf(told, "%u", c->call->nr);
}

static void on_before(G_GNUC_UNUSED void *user, const struct trace_call *c)
{
    note(c, '<');
}

static void on_after(G_GNUC_UNUSED void *user, const struct trace_call *c)
{
    const char *errno_word = errno_name(c->call->result);
    note(c, '>');
    if (errno_word)
        g_string_append(told, errno_word);
    if (c->injected)
        g_string_append_printf(told, "!%d", c->call->result);
    if (c->end_ns - c->ns >= 1000)
        g_string_append_printf(told, "+%uus", (unsigned)((c->end_ns - c->ns) / 1000));
    g_string_append_c(told, ' ');
}

static void on_drop(G_GNUC_UNUSED void *user, const struct trace_call *c)
{
    note(c, '~');
    g_string_append_c(told, ' ');
}

static const struct trace_consumer consumer = {.before = on_before, .after = on_after, .drop = on_drop};

static void open_pair(enum ring1_abi abi, enum ring1_xen xen)
{
    f = play_machine(abi, xen);
    machine.calls = 0;
    filter = filter_new();
    told = g_string_new(NULL);
    trace = trace_new();
    trace_add(trace, &consumer, NULL);
}

static void setup(void)
{
    open_pair(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
}

static void start(void)
{
    preempt_begin_anew(f->d);
    trace_set_filter(trace, filter);
    trace_attach(trace, &machine);
    f->d->tap = &tap;
}

static void teardown(void)
{
    trace_free(trace);
    filter_free(filter);
    g_string_free(told, TRUE);
    fixture_free(f);
}

static int32_t enter(uint32_t nr, const uint32_t *arg)
{
    int32_t rc = hypercall_enter(f->v, nr, arg);
    f->d->s.attention = 0; /* what is done before the guest runs on */
    return rc;
}
#define ENTER(nr, ...) enter(nr, (uint32_t[MAX_HYPERCALL_ARGS]){__VA_ARGS__})

/* --- expressions -------------------------------------------------------------------- */

/* Calls of most kinds. */
static void make_calls(void)
{
    const uint32_t list[3][8] = {{17, 0, 0, 0}, {3, 0, 0x10, 0xC0001000}, {32, 0, 4, 0}};
    gva_t entries = fx_put(f, list, sizeof list), port = FX_WORDS(f, 5);
    gva_t ops = FX_WORDS(f, 5 /* NEW_BASEPTR */, 1, 0, 6 /* TLB_FLUSH_LOCAL */, 0, 0);
    ENTER(17, 0, 0);       /* xen_version(XENVER_version) */
    ENTER(29, 0, 0);       /* sched_op(SCHEDOP_yield) */
    ENTER(32, 4, port.va); /* event_channel_op(EVTCHNOP_send) */
    ENTER(13, entries.va, 3);
    ENTER(26, ops.va + 12, 1, 0, 0x7FF0); /* mmuext_op([TLB_FLUSH_LOCAL]) */
    ENTER(77, 0, 0);
    ENTER(17, 200, 0);
}

#define V  "<xen_version>xen_version "
#define Y  "<sched_op>sched_op "
#define S  "<event_channel_op>event_channel_op-EINVAL "
#define E  "<mmuext_op>mmuext_op "
#define U  "<77>77-ENOSYS "
#define W  "<xen_version>xen_version-ENOSYS "
#define M0 "<multicall"
#define M1 ">multicall "

static const struct {
    const char *expressions; /* by spaces; -P ones begin with @ */
    const char *told;
} filters[] = {
    {"", V Y S M0 "<0.xen_version>0.xen_version <1.stack_switch>1.stack_switch "
                  "<2.event_channel_op>2.event_channel_op-EFAULT " M1 E U W},
    {"none", ""},
    {"trace=none", ""},
    {"xen_version", V M0 "<0.xen_version>0.xen_version " M1 W},
    {"XENVER_version", V M0 "<0.xen_version>0.xen_version " M1},
    {"xen_version:XENVER_version,sched_op:SCHEDOP_block", V M0 "<0.xen_version>0.xen_version " M1},
    {"trace=xen_version !XENVER_version", W},
    {"%event,SCHEDOP_yield", Y S M0 "<2.event_channel_op>2.event_channel_op-EFAULT " M1},
    {"multicall", M0 M1},
    {"MMUEXT_TLB_FLUSH_LOCAL", E},
    {"MMUEXT_NEW_BASEPTR", ""},
    {"/^xen_v", V M0 "<0.xen_version>0.xen_version " M1 W},
    {"/BIND_|_yield$/", Y},
    {"hypercall_77", U},
    {"hypercall_100", ""},
    {"!%version,%event,%sched,multicall,%memory", M0 "<1.stack_switch>1.stack_switch " M1 U},
    {"sched_op mmuext_op", Y E},
    {"status=failed xen_version,sched_op",
     "<xen_version~xen_version <sched_op~sched_op " M0 "<0.xen_version~0.xen_version ~multicall " W},
    {"status=!failed hypercall_77", "<77~77 "},
    {"inject=xen_version:error=EPERM:when=2 xen_version", V M0 "<0.xen_version>0.xen_version-EPERM!-1 " M1 W},
    {"inject=xen_version:retval=0x10:when=2+ xen_version",
     V M0 "<0.xen_version>0.xen_version!16 " M1 "<xen_version>xen_version!16 "},
    {"inject=multicall:error=EIO %version", V W},
    {"inject=all:error=12:when=3..6+3 all",
     V Y "<event_channel_op>event_channel_op-ENOMEM!-12 " M0
         "<0.xen_version>0.xen_version <1.stack_switch>1.stack_switch-ENOMEM!-12 "
         "<2.event_channel_op>2.event_channel_op-EFAULT " M1 E U W},
    {"inject=sched_op:delay=3ms sched_op", "<sched_op>sched_op+3000us "},
};

static void add_expressions(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word; word++)
        if (**word == '@')
            ck_assert_msg(filter_add_place(filter, *word + 1, NULL), "%s", *word);
        else if (**word)
            ck_assert_msg(filter_add(filter, *word, NULL), "%s", *word);
}

START_TEST(what_is_told)
{
    add_expressions(filters[_i].expressions);
    start();
    make_calls();
    if (strcmp(told->str, filters[_i].told))
        ck_abort_msg("%s\n  told %s\n  not  %s", filters[_i].expressions, told->str, filters[_i].told);
}
END_TEST

START_TEST(what_is_injected_is_not_done)
{
    ck_assert(filter_add(filter, "inject=xen_version,multicall:retval=7:when=1+2", NULL));
    start();
    ck_assert_int_eq(ENTER(17, 0, 0), 7);
    ck_assert_int_eq(ENTER(17, 0, 0), 0x40011);
    ck_assert_int_eq(ENTER(13, 0x1000, 5), 7);
}
END_TEST

/* A call that goes on is the one that was counted. */
START_TEST(a_call_that_goes_on_is_no_new_one)
{
    uint64_t table = fx_pte_maddr(f, fx_va(f, 0)), entry = fx_pte(f, fx_va(f, 0));
    uint64_t reqs[3][2] = {{table, entry}, {table, entry}, {table, entry}};
    gva_t list = fx_put(f, reqs, sizeof reqs);
    uint32_t arg[6] = {list.va, 3, 0, 0x7FF0};
    ck_assert(filter_add(filter, "inject=mmu_update:error=EIO:when=2", NULL));
    ck_assert(filter_add(filter, "status=!unfinished", NULL));
    preempt_set_mode(f->d, RING1_PREEMPT_EVERY, 1);
    start();
    f->v->regs.eip = 0xC0100002;
    f->v->regs_loaded = true;
    unsigned stops = 0;
    while (enter(1, arg), f->d->s.preempt.continued) {
        const struct regs *r = vcpu_regs(f->v);
        memcpy(arg, (const uint32_t[]){r->ebx, r->ecx, r->edx, r->esi}, 16);
        f->v->regs.eip += 2;
        stops++;
    }
    ck_assert_uint_eq(stops, 2);
    ck_assert_str_eq(told->str, "<mmu_update~mmu_update <mmu_update~mmu_update <mmu_update>mmu_update ");
    arg[0] = list.va;
    arg[1] = 3;
    ck_assert_int_eq(enter(1, arg), -XEN_EIO);
}
END_TEST

START_TEST(what_touches_a_place)
{
    gva_t va = fx_va(f, 3);
    uint64_t pte = fx_pte(f, va);
    const char *const forms[] = {"@pfn:3", "@mfn:%#x", "@%#x", "@va:%u"};
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autofree char *place =
            i == 0 ? g_strdup(forms[0]) : g_strdup_printf(forms[i], i == 1 ? fx_mfn(f, 3).mfn : va.va + 5);
        filter_free(filter);
        filter = filter_new();
        add_expressions(place);
        start();
        g_string_truncate(told, 0);
        ENTER(14, va.va, (uint32_t)pte, (uint32_t)(pte >> 32), 0);
        ck_assert_msg(strcmp(told->str, "<update_va_mapping>update_va_mapping ") == 0, "%s: %s", place,
                      told->str);
        g_string_truncate(told, 0);
        ENTER(17, 0, 0);
        ck_assert_str_eq(told->str, "<xen_version~xen_version ");
        f->d->tap = NULL;
    }
}
END_TEST

START_TEST(old_xens)
{
    teardown();
    open_pair(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    add_expressions("EVTCHNOP_close");
    start();
    gva_t send = FX_WORDS(f, 4, 0, 5), close = FX_WORDS(f, 3, 0, 0x7FF0, 5);
    ENTER(16, send.va);
    ENTER(16 + 32, close.va); /* it wraps */
    ENTER(16, 0x1000);
    ck_assert_str_eq(told->str, "<event_channel_op>event_channel_op-EINVAL ");
}
END_TEST

static const char *const refused[][2] = {
    {"", "'' is no set of hypercalls: it is empty"},
    {"trace=", "'' is no set"},
    {"!", "'!' is no set"},
    {"xen_version,", "'' is no hypercall"},
    {"xen_versio", "'xen_versio' is no hypercall or sub-operation"},
    {"hypercall_x", "'hypercall_x' is no hypercall"},
    {"sched_op:XENVER_version", "'sched_op:XENVER_version' is no hypercall or sub-operation"},
    {"sched:SCHEDOP_yield", "'sched:SCHEDOP_yield' is no hypercall"},
    {"%evnt", "'%evnt' is no class: one of %trap, %memory,"},
    {"/a(/", "'/a(/' is no regular expression: "},
    {"/", "'/' is no regular expression"},
    {"status=", "'' is no status: successful, failed, unfinished or all"},
    {"status=failed,bad", "'bad' is no status"},
    {"colour=red", "'colour=' is none of trace=, status=, event= and inject="},
    {"inject=xen_version", "'xen_version' is no injection: error=, retval= or delay= is missing"},
    {"inject=nothing:error=EIO", "'nothing' is no hypercall"},
    {"inject=all:error=EWHAT", "'EWHAT' is no errno"},
    {"inject=all:error=0", "'0' is no errno"},
    {"inject=all:error=4096", "'4096' is no errno"},
    {"inject=all:retval=0x100000000", "'0x100000000' is no result"},
    {"inject=all:retval=", "'' is no result"},
    {"inject=all:delay=0", "'0' is no delay"},
    {"inject=all:delay=101s", "'101s' is no delay"},
    {"inject=all:delay=1h", "'1h' is no delay"},
    {"inject=all:error=EIO:when=0", "'0' is no time to inject: FIRST, FIRST+,"},
    {"inject=all:error=EIO:when=3..2", "'3..2' is no time"},
    {"inject=all:error=EIO:when=1+0", "'1+0' is no time"},
    {"inject=all:error=EIO:when=1+2x", "'1+2x' is no time"},
    {"inject=all:error=EIO:how=1", "'how=1' is no part of inject"},
    {"@mfn:", "'mfn:' is no place"},
    {"@0x100000000", "'0x100000000' is no place"},
};

START_TEST(what_is_wrong_is_named)
{
    g_autoptr(GError) error = NULL;
    const char *text = refused[_i][0];
    bool ok = text[0] == '@' ? filter_add_place(filter, text + 1, &error) : filter_add(filter, text, &error);
    ck_assert_msg(!ok, "%s", text);
    ck_assert(error->domain == RING1_ERROR && error->code == RING1_ERROR_OPTION);
    ck_assert_msg(g_str_has_prefix(error->message, refused[_i][1]), "%s", error->message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("filter");
    TCase *tc = tcase_create("expressions");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, what_is_told, 0, G_N_ELEMENTS(filters));
    tcase_add_test(tc, what_is_injected_is_not_done);
    tcase_add_test(tc, a_call_that_goes_on_is_no_new_one);
    tcase_add_test(tc, what_touches_a_place);
    tcase_add_test(tc, old_xens);
    tcase_add_loop_test(tc, what_is_wrong_is_named, 0, G_N_ELEMENTS(refused));
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
