/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_multicall.c - lists of calls, in both layouts: docs/xen-abi.md section 3 with
 * 12.1 and 13, 1.
 */
#include "fixture.h"

#define USER_NR 31u /* a number that the tests serve themselves */
#define FILL    0xF111F111u

#define X20(f)  ((f)->abi->xen == RING1_XEN_2_0)
#define OLD(f)  ((f)->abi->xen <= RING1_XEN_3_0_0)
#define X417(f) ((f)->abi->xen >= RING1_XEN_4_17)
#define EACH(f)                                                                                              \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))

/* What the test's own hypercall saw. */
struct seen {
    unsigned calls;
    uint32_t arg[5];
    void (*then)(struct vcpu *v);
};

static int32_t own_call(struct vcpu *v, const uint32_t *arg, void *user)
{
    struct seen *s = user;
    s->calls++;
    memcpy(s->arg, arg, sizeof s->arg);
    if (s->then)
        s->then(v);
    return (int32_t)(0x100 + s->calls);
}

static struct seen seen;

static void serve(struct fixture *f, void (*then)(struct vcpu *v))
{
    seen = (struct seen){.then = then};
    f->d->table[USER_NR].user_fn = own_call;
    f->d->table[USER_NR].user = &seen;
    f->v->regs.eip = 0xC0001002;
    f->v->regs.ebx = 0xB, f->v->regs.ecx = 0xC;
}

/* Entry of a list at va. */
static void entry(struct fixture *f, uint32_t va, uint32_t op, const uint32_t *arg)
{
    uint32_t words[8] = {op, FILL, FILL, FILL, FILL, FILL, FILL, FILL};
    for (unsigned i = 0; arg && i < 5; i++)
        words[f->abi->multicall_arg + i] = arg[i];
    ck_assert_int_eq(guest_write(f->v, GVA(va), words, sizeof words), 0);
}
#define ENTRY(f, va, op, ...) entry(f, va, op, (uint32_t[5]){__VA_ARGS__})

static uint32_t result(struct fixture *f, uint32_t va)
{
    return fx_get(f, GVA(va + 4 * f->abi->multicall_result));
}

static uint32_t list_page(const struct fixture *f)
{
    return fx_va(f, 40).va;
}

START_TEST(arguments_and_results)
{
    /* At offset 0, misaligned, with an entry and then with a result across pages. */
    static const uint32_t places[] = {0, 7, 4096 - 16, 4096 - 6, 4096 - 26};
    EACH(f)
    {
        for (unsigned p = 0; p < G_N_ELEMENTS(places); p++) {
            uint32_t va = list_page(f) + places[p], words[8];
            serve(f, NULL);
            ENTRY(f, va, USER_NR, 1, 2, 3, 4, 5);
            entry(f, va + 32, 25, NULL);
            ENTRY(f, va + 64, 17, 0);
            ck_rc(CALL(f, 13, va, 3), 0);
            for (uint32_t i = 0; i < 5; i++)
                ck_assert_uint_eq(seen.arg[i], i + 1);
            ck_assert_uint_eq(result(f, va), 0x101);
            ck_assert_uint_eq(result(f, va + 32), (uint32_t)-XEN_ENOSYS);
            ck_assert_uint_eq(result(f, va + 64), f->abi->xen_version);
            /* Nothing else of an entry is written. */
            ck_assert_int_eq(guest_read(f->v, GVA(va + 32), words, sizeof words), 0);
            ck_assert_uint_eq(words[0], 25);
            for (unsigned i = 1; i < 8; i++)
                ck_assert(words[i] == FILL || i == f->abi->multicall_result);
            ck_assert_uint_eq(f->v->regs.eip, 0xC0001002);
        }
    }
}
END_TEST

START_TEST(numbers)
{
    EACH(f)
    {
        uint32_t va = list_page(f);
        serve(f, NULL);
        ENTRY(f, va, 13, va + 32, 1);
        ENTRY(f, va + 32, USER_NR, 0);
        ENTRY(f, va + 64, 45, va + 32, 1);
        ENTRY(f, va + 96, 49, 0);
        ENTRY(f, va + 128, 0x80000011u, 0);
        ck_rc(CALL(f, 13, va, 5), 0);
        ck_assert_uint_eq(seen.calls, 1);
        ck_assert_uint_eq(result(f, va), (uint32_t)-XEN_EINVAL);
        ck_assert_uint_eq(result(f, va + 64), (uint32_t)(OLD(f) ? -XEN_EINVAL : -XEN_ENOSYS));
        if (OLD(f))
            ck_assert_uint_eq(result(f, va + 96), f->abi->xen_version);
        else
            ck_assert_uint_eq(result(f, va + 128), (uint32_t)-XEN_ENOSYS);
    }
}
END_TEST

/* Arithmetic alone, before anything runs; 4.17 finds out as it goes (13, 1). */
START_TEST(ranges)
{
    EACH(f)
    {
        uint32_t hole = f->abi->hole, va = list_page(f);
        int32_t checked = f->abi->array_range_checked ? -XEN_EFAULT : 0;
        ck_rc(CALL(f, 13, 0, 0), 0);
        ck_rc(CALL(f, 13, hole, 0), 0);
        ck_rc(CALL(f, 13, 0xFFFFFF00u, 0), checked);
        ck_rc(CALL(f, 13, hole, 1), -XEN_EFAULT);
        ck_rc(CALL(f, 13, hole - 16, 1), -XEN_EFAULT);
        ck_rc(CALL(f, 13, 0xFFFFFFF0u, 2), -XEN_EFAULT);
        ck_rc(CALL(f, 13, 0, 1), -XEN_EFAULT);
        static const uint32_t many[] = {0x08000000, 0x80000000, 0xFFFFFFFF};
        for (unsigned i = 0; i < G_N_ELEMENTS(many); i++) {
            serve(f, NULL);
            for (uint32_t e = 0; e < 128; e++)
                ENTRY(f, va + e * 32, USER_NR, 0);
            ck_rc(fx_map(f, fx_va(f, 41), 0), 0);
            ck_rc(CALL(f, 13, va, many[i]), -XEN_EFAULT);
            ck_assert_uint_eq(seen.calls, checked ? 0 : 128);
            ck_assert_uint_eq(result(f, va), checked ? FILL : 0x101);
        }
    }
}
END_TEST

START_TEST(lists_that_end_in_the_middle)
{
    EACH(f)
    {
        uint32_t end = fx_va(f, 41).va;
        ck_rc(fx_map(f, GVA(end), 0), 0);
        for (unsigned half = 0; half < 2; half++) {
            uint32_t va = end - 64 - half * 16;
            serve(f, NULL);
            ENTRY(f, va, USER_NR, 0);
            ENTRY(f, va + 32, USER_NR, 0);
            ck_rc(CALL(f, 13, va, 3), -XEN_EFAULT);
            ck_assert_uint_eq(seen.calls, 2);
            ck_assert_uint_eq(result(f, va), 0x101);
            ck_assert_uint_eq(result(f, va + 32), 0x102);
        }
    }
}
END_TEST

/* The entry has executed, its result is lost, the next one does not run. */
START_TEST(read_only_lists)
{
    EACH(f)
    {
        /* The second with the result alone across the end, on a read-only page. */
        for (unsigned p = 0; p < 2; p++) {
            uint32_t va = list_page(f) + (p ? 4096 - 4 * f->abi->multicall_result - 2 : 0);
            serve(f, NULL);
            ENTRY(f, va, USER_NR, 0);
            ENTRY(f, va + 32, USER_NR, 0);
            uint32_t ro = 40 + p;
            ck_rc(fx_map(f, fx_va(f, ro), fx_entry(fx_mfn(f, ro), 0x21)), 0);
            ck_rc(CALL(f, 13, va, 2), -XEN_EFAULT);
            ck_assert_uint_eq(seen.calls, 1);
            ck_assert_uint_eq(result(f, va) >> 16, FILL >> 16);
            ck_rc(fx_map(f, fx_va(f, ro), fx_entry(fx_mfn(f, ro), 0x23)), 0);
        }
    }
}
END_TEST

/* The words of an update_va_mapping entry. */
static void uvm(struct fixture *f, uint32_t at, gva_t va, uint64_t pte)
{
    if (X20(f))
        ENTRY(f, at, 14, va.va >> 12, (uint32_t)pte, 2);
    else
        ENTRY(f, at, 14, va.va, (uint32_t)pte, (uint32_t)(pte >> 32), 2);
}

/* An entry that changes what the list is read through: its result goes to the new
 * page, and the next entry comes from there. */
START_TEST(list_moves)
{
    EACH(f)
    {
        uint32_t va = list_page(f), other = fx_va(f, 42).va;
        serve(f, NULL);
        uvm(f, va, GVA(va), fx_entry(fx_mfn(f, 42), 0x23));
        ENTRY(f, va + 32, 17, 0);
        ENTRY(f, other, 99, 0);
        ENTRY(f, other + 32, USER_NR, 7);
        ck_rc(CALL(f, 13, va, 2), 0);
        ck_assert_uint_eq(seen.calls, 1);
        ck_assert_uint_eq(result(f, other), 0);
        ck_assert_uint_eq(result(f, other + 32), 0x101);
        uint32_t old = ((uint32_t *)fx_page(f, 40))[f->abi->multicall_result];
        ck_assert(X20(f) ? old == FILL : old == FILL || old == 2); /* as it was written */
    }
}
END_TEST

START_TEST(list_becomes_read_only)
{
    EACH(f)
    {
        uint32_t va = list_page(f);
        serve(f, NULL);
        uvm(f, va, GVA(va), fx_entry(fx_mfn(f, 40), 0x21));
        ENTRY(f, va + 32, USER_NR, 0);
        ck_rc(CALL(f, 13, va, 2), -XEN_EFAULT);
        ck_assert_uint_eq(seen.calls, 0);
        ck_assert_uint_eq(fx_pte(f, GVA(va)) & 3, 1);
        ck_assert_uint_eq(result(f, va), FILL);
    }
}
END_TEST

/* --- leaving the list ------------------------------------------------------------------- */

static void event(struct vcpu *v)
{
    vcpu_info(v)[0] = 1;
    vcpu_info(v)[1] = 0;
}

static void leave(struct vcpu *v)
{
    v->domain->s.attention |= ATTN_SCHED;
}

START_TEST(continuation)
{
    EACH(f)
    {
        for (unsigned i = 0; i < 2; i++) {
            uint32_t va = list_page(f);
            f->d->s.attention = 0;
            serve(f, i ? leave : event);
            for (uint32_t e = 0; e < 3; e++)
                ENTRY(f, va + e * 32, USER_NR, 0);
            ck_rc(CALL(f, 13, va, 3), 13);
            ck_assert_uint_eq(seen.calls, 1);
            ck_assert_uint_eq(result(f, va), 0x101);
            ck_assert_uint_eq(f->v->regs.ebx, va + 32);
            ck_assert_uint_eq(f->v->regs.ecx, 2);
            ck_assert_uint_eq(f->v->regs.eip, 0xC0001000);
            /* And on with what the registers say. */
            ck_rc(CALL(f, 13, f->v->regs.ebx, f->v->regs.ecx), 13);
            ck_rc(CALL(f, 13, f->v->regs.ebx, f->v->regs.ecx), 0);
            ck_assert_uint_eq(seen.calls, 3);
            ck_assert_uint_eq(f->v->regs.eip, 0xC0001000 - 2);
            vcpu_info(f->v)[1] = 1;
        }
    }
}
END_TEST

/* SCHEDOP_block as an entry unmasks; an event is then due before the next. */
START_TEST(block_in_a_list)
{
    EACH(f)
    {
        uint32_t va = list_page(f);
        serve(f, NULL);
        f->d->s.attention = 0;
        vcpu_info(f->v)[0] = 0;
        ENTRY(f, va, 6, 1);
        ENTRY(f, va + 32, USER_NR, 0);
        ck_rc(CALL(f, 13, va, 2), 13);
        ck_assert_uint_eq(seen.calls, 0);
        ck_assert_uint_eq(f->v->regs.ecx, 1);
        ck_assert_uint_eq(result(f, va), X20(f) ? 6 : 0);
        ck_assert_int_eq(f->v->run, VCPU_BLOCKED);
    }
}
END_TEST

START_TEST(iret_in_a_list)
{
    for (unsigned read_only = 0; read_only < 2; read_only++) {
        EACH(f)
        {
            if (OLD(f))
                continue;
            uint32_t va = list_page(f);
            serve(f, NULL);
            f->v->regs.esp = FX_WORDS(f, 0x55AA, 0xC0002000, f->abi->kernel_cs, 0).va;
            ENTRY(f, va, 23, 0);
            ENTRY(f, va + 32, USER_NR, 0);
            if (read_only)
                ck_rc(fx_map(f, GVA(va), fx_entry(fx_mfn(f, 40), 0x21)), 0);
            /* 4.17: EAX is the one that iret restored, the rest is dropped, and the
             * result is written if it can be (3.3). */
            ck_rc(CALL(f, 13, va, 2), X417(f) ? 0x55AA : read_only ? -XEN_EFAULT : 0);
            ck_assert_uint_eq(seen.calls, X417(f) || read_only ? 0 : 1);
            ck_assert_uint_eq(result(f, va), read_only ? FILL : 0x55AA);
            ck_assert_uint_eq(f->v->regs.eip, 0xC0002000);
        }
    }
}
END_TEST

/* --- who looks ---------------------------------------------------------------------------- */

struct watcher {
    unsigned before, after, nested;
    bool answer;
    int32_t last;
    char why[64];
};

static bool before(void *user, struct vcpu *v, struct call *call)
{
    struct watcher *w = user;
    (void)v;
    w->before++;
    w->nested += call->depth == 1 && call->index == w->nested;
    call->result = 0x77;
    return w->answer && call->nr != 13;
}

static void after(void *user, struct vcpu *v, const struct call *call)
{
    struct watcher *w = user;
    (void)v;
    w->after++;
    w->last = call->result;
    g_strlcpy(w->why, call->why ? call->why : "", sizeof w->why);
}

START_TEST(taps)
{
    EACH(f)
    {
        struct watcher w = {0};
        struct tap tap = {.before = before, .after = after, .user = &w};
        uint32_t va = list_page(f);
        serve(f, NULL);
        f->d->tap = &tap;
        ENTRY(f, va, USER_NR, 0);
        ENTRY(f, va + 32, 13, va, 1);
        ck_rc(CALL(f, 13, va, 2), 0);
        ck_assert(w.before == 3 && w.after == 3 && w.nested == 2);
        ck_assert_int_eq(w.last, 0);
        ck_rc(CALL(f, 25, 0), -XEN_ENOSYS);
        ck_assert_int_eq(w.last, -XEN_ENOSYS);
        ck_assert_str_ne(w.why, "");
        f->d->want_why = false;
        ck_rc(CALL(f, 25, 0), -XEN_ENOSYS);
        ck_assert_str_eq(w.why, "");
        f->d->want_why = true;
        /* The tap may answer in the handler's place. */
        w = (struct watcher){.answer = true};
        ck_rc(CALL(f, 13, va, 1), 0);
        ck_assert_uint_eq(seen.calls, 1);
        ck_assert_uint_eq(result(f, va), 0x77);
        /* Neither is needed. */
        tap.before = NULL;
        tap.after = NULL;
        ck_rc(CALL(f, USER_NR, 1), 0x102);
        f->d->tap = NULL;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("multicall");
    TCase *tc = tcase_create("multicall");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, arguments_and_results);
    tcase_add_test(tc, numbers);
    tcase_add_test(tc, ranges);
    tcase_add_test(tc, lists_that_end_in_the_middle);
    tcase_add_test(tc, read_only_lists);
    tcase_add_test(tc, list_moves);
    tcase_add_test(tc, list_becomes_read_only);
    tcase_add_test(tc, continuation);
    tcase_add_test(tc, block_in_a_list);
    tcase_add_test(tc, iret_in_a_list);
    tcase_add_test(tc, taps);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
