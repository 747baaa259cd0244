/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_report.c - what is collected of a domain's end, in each ABI and Xen: the
 * walk, the cause, the stack; and that collecting changes nothing and reads
 * nothing outside the guest, whatever its tables say.
 */
#include "debug/report.h"
#include "dispatch/traps.h"

#include "fixture.h"

/* mov %ecx, (%eax) behind two nops and before a ret, in a page of the guest's. */
static const uint8_t CODE[] = {0x90, 0x90, 0x89, 0x08, 0xC3};

struct collected {
    struct fixture *f;
    struct call_record calls[LAST_CALLS];
    uint64_t nr_calls;
    struct report *r;
};

static struct report *collect(struct collected *c)
{
    g_autoptr(GBytes) none = g_bytes_new_static("", 0);
    struct symbols *symbols = symbols_new(none);
    report_free(c->r);
    c->r = report_collect(&(struct report_source){
        .v = c->f->v, .calls = c->calls, .nr_calls = c->nr_calls, .symbols = symbols, .image = "test"});
    symbols_free(symbols);
    return c->r;
}

/* The vcpu stands at the store. */
static gva_t at_store(struct fixture *f, uint32_t address)
{
    gva_t code = fx_put(f, CODE, sizeof CODE);
    f->v->regs.eip = code.va + 2;
    f->v->regs.eax = address;
    return code;
}

/* A handler for everything, at `address`. */
static void handlers(struct fixture *f, uint32_t address)
{
    for (unsigned i = 0; i < 32; i++)
        f->v->traps[i] = (struct trap_gate){.address = address, .cs = f->abi->kernel_cs};
}

START_TEST(store_to_a_table)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct collected c = {.f = f};
        uint32_t va = fx_va(f, f->pt_pfn).va;
        gva_t code = at_store(f, va);
        handlers(f, FX_BASE + 0x5000);
        deliver_page_fault(f->v, GVA(va), PF_PRESENT | PF_WRITE);
        domain_shutdown(f->d, RING1_SHUTDOWN_POWEROFF);
        struct report *r = collect(&c);
        ck_assert_int_eq(r->end, REPORT_SHUTDOWN);
        ck_assert(r->due);
        ck_assert_int_eq(r->cause, 0);
        ck_assert(r->exception[0].unfinished);
        ck_assert_uint_eq(r->fault.at.va, code.va + 2);
        ck_assert_str_eq(r->fault.insn[r->fault.here].text, "movl %ecx, (%eax)");
        ck_assert_uint_ge(r->fault.here, 2); /* the nops before it were found */
        ck_assert_uint_eq(r->nr_walks, 1);
        const struct report_walk *w = &r->walk[0];
        ck_assert_int_eq(w->verdict, VERDICT_READ_ONLY);
        ck_assert_uint_eq(w->level, 1);
        ck_assert_uint_eq(w->nr_entries, f->abi->levels);
        ck_assert_uint_eq(w->entry[0].table.mfn, f->top.mfn);
        ck_assert_uint_eq(w->entry[w->nr_entries - 1].maddr, fx_pte_maddr(f, GVA(va)));
        ck_assert_uint_eq(w->entry[w->nr_entries - 1].value, fx_pte(f, GVA(va)));
        ck_assert_uint_eq(w->frame.mfn, f->top.mfn);
        ck_assert_uint_eq(w->frame.pfn, f->pt_pfn);
        ck_assert_uint_eq(w->frame.info.flags & PGF_PINNED, PGF_PINNED);
        g_autofree char *text = report_text(r), *json = report_json(r);
        ck_assert_ptr_nonnull(strstr(text, f->abi->levels == 2 ? "l2 table, pinned" : "l3 table, pinned"));
        ck_assert_ptr_nonnull(strstr(text, "=> "));
        ck_assert_ptr_nonnull(strstr(json, "\"read-only\""));
        report_free(c.r);
    }
}
END_TEST

/* Handlers that returned are no cause. */
START_TEST(finished_handlers)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct collected c = {.f = f};
        struct regs before;
        at_store(f, 0x1000);
        handlers(f, FX_BASE + 0x5000);
        before = f->v->regs;
        deliver_page_fault(f->v, GVA(0x1000), PF_WRITE);
        f->v->regs = before;
        domain_shutdown(f->d, RING1_SHUTDOWN_POWEROFF);
        struct report *r = collect(&c);
        ck_assert_uint_eq(r->nr_exceptions, 1);
        ck_assert(!r->exception[0].unfinished);
        ck_assert_int_eq(r->cause, -1);
        ck_assert(!r->due);
        report_free(c.r);
    }
}
END_TEST

START_TEST(which_ends_are_due)
{
    static const struct {
        uint32_t reason;
        bool due;
    } ends[] = {{0, false}, {1, false}, {2, false}, {3, true}, {4, true}, {5, true}, {255, true}};
    for (size_t k = 0; k < G_N_ELEMENTS(ends); k++) {
        struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
        struct collected c = {.f = f};
        ck_assert(!collect(&c)->due);
        domain_shutdown(f->d, ends[k].reason);
        ck_assert(collect(&c)->due == ends[k].due);
        report_free(c.r);
        fixture_free(f);
    }
}
END_TEST

/* A row of equal exceptions is one, and does not push out what began it. */
START_TEST(storms)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct collected c = {.f = f};
        handlers(f, 0x1000);
        for (unsigned vector = 0; vector < 32; vector++)
            f->v->traps[vector].cs = f->abi->kernel_cs;
        at_store(f, 0);
        deliver_exception(f->v, TRAP_invalid_op, 0);
        for (unsigned n = 0; n < 100; n++)
            deliver_page_fault(f->v, GVA(0x1000), 0);
        struct report *r = collect(&c);
        ck_assert_uint_eq(r->nr_exceptions, 2);
        ck_assert_uint_eq(r->exception[0].record.vector, TRAP_invalid_op);
        ck_assert_uint_eq(r->exception[1].record.times, 100);
        domain_crash(f->d, "fault while a frame of %u words", 3u);
        r = collect(&c);
        ck_assert_int_eq(r->cause, 0);
        report_free(c.r);
    }
}
END_TEST

/* More than are kept: the last ones, oldest first. */
START_TEST(histories)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0, RING1_XEN_3_2);
    struct collected c = {.f = f, .nr_calls = 1000};
    handlers(f, FX_BASE + 0x5000);
    for (uint32_t n = 0; n < 50; n++) {
        struct regs before = f->v->regs;
        deliver_exception(f->v, TRAP_gp_fault, n * 8);
        f->v->regs = before;
    }
    for (unsigned n = 0; n < LAST_CALLS; n++)
        c.calls[n] = (struct call_record){.nr = n % 2 ? 17 : 77, .result = -22, .arg = {n, 2000}};
    struct report *r = collect(&c);
    ck_assert_uint_eq(r->nr_exceptions, LAST_EXCEPTIONS);
    ck_assert_uint_eq(r->nr_exceptions_given, 50);
    ck_assert_uint_eq(r->exception[0].record.error, (50 - LAST_EXCEPTIONS) * 8);
    ck_assert_uint_eq(r->exception[LAST_EXCEPTIONS - 1].record.error, 49 * 8);
    ck_assert_uint_eq(r->nr_calls, LAST_CALLS);
    ck_assert_uint_eq(r->call[0].number, 1000 - LAST_CALLS);
    ck_assert_uint_eq(r->call[0].arg[0], (1000 - LAST_CALLS) % LAST_CALLS);
    g_autofree char *words = report_call_words(&r->call[LAST_CALLS - 1]);
    g_autofree char *result = report_result_words(&r->call[0]);
    ck_assert_str_eq(words, "xen_version(cmd 7 pagesize, arg 0x7d0)");
    ck_assert_str_eq(result, "-EINVAL (Invalid argument)");
    report_free(c.r);
    fixture_free(f);
}
END_TEST

/* Addresses at every edge: no level, the hole, the last page, wrapping. */
START_TEST(edges)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        const uint32_t places[] = {0,
                                   0x1000,
                                   FX_BASE - 1,
                                   fx_va(f, FX_PAGES - 1).va + 0xFFE,
                                   f->abi->hole - 1,
                                   f->abi->hole,
                                   f->abi->hole + 0x1000,
                                   0xFFEFFFFFu,
                                   0xFFF00000u,
                                   0xFFFFFFFFu};
        struct collected c = {.f = f};
        domain_crash_at(f->d, CRASH_WRITE, 0, "fault while a frame of 3 words");
        for (size_t k = 0; k < G_N_ELEMENTS(places); k++) {
            f->v->regs.eip = f->v->regs.esp = places[k];
            f->d->s.crash_where = places[k];
            struct report *r = collect(&c);
            ck_assert_uint_ge(r->nr_walks, 1);
            ck_assert_uint_eq(r->walk[0].va, places[k]);
            for (unsigned n = 0; n < r->nr_words; n++)
                ck_assert_uint_ge(r->word[n].va, places[k]);
            g_autofree char *text = report_text(r), *json = report_json(r);
            ck_assert(text && json);
        }
        struct report_walk w;
        report_walk(f->v, 0x1000, ACCESS_READ, false, &w);
        ck_assert_int_eq(w.verdict, VERDICT_NOT_PRESENT);
        ck_assert_uint_eq(w.level, f->abi->levels);
        report_walk(f->v, f->abi->hole, ACCESS_WRITE, false, &w);
        ck_assert_int_eq(w.verdict, VERDICT_HOLE);
        report_walk(f->v, FX_BASE, ACCESS_READ, true, &w);
        ck_assert_int_eq(w.verdict, VERDICT_KERNEL_ONLY);
        report_walk(f->v, FX_BASE, ACCESS_WRITE, false, &w);
        ck_assert_int_eq(w.verdict, VERDICT_OK);
        ck_assert_uint_eq(w.frame.mfn, fx_mfn(f, 0).mfn);
        report_free(c.r);
    }
}
END_TEST

/* Selectors of all kinds, and code that ends with its page. */
START_TEST(selectors)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct collected c = {.f = f};
        domain_crash(f->d, "the guest cannot be entered: ");
        for (uint32_t selector = 0; selector < 0x10000; selector += 0x3F7) {
            f->v->regs.cs = f->v->regs.ss = (uint16_t)selector;
            collect(&c);
        }
        f->v->ldt_base = FX_BASE + 0x2000;
        f->v->ldt_entries = 8192;
        f->v->regs.cs = f->v->regs.ss = 0xFFFF;
        collect(&c);
        f->v->regs.cs = f->abi->kernel_cs;
        f->v->regs.ss = f->abi->kernel_ds;
        f->v->regs.eip = fx_va(f, FX_PAGES - 1).va + 0xFFF;
        *((uint8_t *)fx_page(f, FX_PAGES - 1) + 0xFFF) = 0x0F; /* the first byte of two */
        struct report *r = collect(&c);
        ck_assert_uint_eq(r->last.insn[r->last.here].length, 1);
        report_free(c.r);
    }
}
END_TEST

/* Nothing of the guest changes, A and D bits included. */
START_TEST(changes_nothing)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct collected c = {.f = f, .nr_calls = 3};
        size_t len = (size_t)f->mem->nr_frames * RING1_PAGE_SIZE;
        at_store(f, fx_va(f, f->pt_pfn).va);
        handlers(f, FX_BASE + 0x5000);
        deliver_page_fault(f->v, fx_va(f, f->pt_pfn), PF_PRESENT | PF_WRITE);
        domain_shutdown(f->d, 3);
        for (unsigned n = 0; n < f->abi->ptes_per_page; n++) /* no A, no D */
            if (pte_read(f->d, f->l1, n))
                pte_write(f->d, f->l1, n, pte_read(f->d, f->l1, n) & ~(uint64_t)(PTE_A | PTE_D));
        g_autofree uint8_t *memory = g_memdup2(f->mem->base, len);
        g_autofree struct domain_state *state = g_memdup2(&f->d->s, sizeof f->d->s);
        g_autofree char *first = report_text(collect(&c)), *second = report_text(collect(&c));
        ck_assert_str_eq(first, second);
        ck_assert_int_eq(memcmp(memory, f->mem->base, len), 0);
        ck_assert_int_eq(memcmp(state, &f->d->s, sizeof f->d->s), 0);
        report_free(c.r);
    }
}
END_TEST

/* Tables of random words, as no validation would let them be. */
START_TEST(random_tables)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct collected c = {.f = f};
        domain_crash_at(f->d, CRASH_FRAME, UINT32_MAX, "PTWR failure");
        for (unsigned round = 0; round < 200; round++) {
            const mfn_t tables[] = {f->top, f->l2, f->l1};
            for (unsigned t = 0; t < 3; t++)
                for (unsigned n = 0; n < f->abi->ptes_per_page; n += 1 + g_rand_int(rand) % 3) {
                    uint64_t flags = g_rand_int(rand) & 0xFFFu, frame = g_rand_int(rand);
                    if (g_rand_int(rand) & 3)
                        frame %= f->mem->nr_frames;
                    uint64_t value = frame << 12 | flags | (uint64_t)g_rand_int(rand) << 62;
                    memcpy((uint8_t *)frame_ptr(f->mem, tables[t]) + n * f->abi->pte_size, &value,
                           f->abi->pte_size);
                }
            f->v->regs.eip = g_rand_int(rand);
            f->v->regs.esp = g_rand_int(rand);
            f->d->s.crash_place = g_rand_int(rand) % 4;
            f->d->s.crash_where = g_rand_int(rand);
            g_autofree char *json = report_json(collect(&c));
            ck_assert_ptr_nonnull(json);
        }
        report_free(c.r);
    }
}
END_TEST

/* Each text that domain_crash is called with has plain words of its own. */
START_TEST(plain_words)
{
    static const char *const texts[] = {"unhandled exception: vector 6",
                                        "no stack for a frame: SS 0",
                                        "fault while a frame of 3 words",
                                        "an event is pending and no",
                                        "a selector cannot be loaded and no",
                                        "iret: the frame at 0",
                                        "iret: CS 0",
                                        "iret: to virtual-8086 mode",
                                        "iret: ESP and SS at 0",
                                        "Error while installing new baseptr: frame",
                                        "PTWR failure: L1 table",
                                        "PTWR: could not revalidate",
                                        "the guest cannot be entered: CS"};
    for (size_t k = 0; k < G_N_ELEMENTS(texts); k++) {
        struct fixture *f = fixture_new(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
        struct collected c = {.f = f};
        domain_crash(f->d, "%s", texts[k]);
        g_autofree char *plain = report_plain(collect(&c));
        ck_assert_msg(!strstr(plain, "cannot go on with this guest"), "%s", texts[k]);
        report_free(c.r);
        fixture_free(f);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    TCase *tc = tcase_create("report");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, store_to_a_table);
    tcase_add_test(tc, finished_handlers);
    tcase_add_test(tc, which_ends_are_due);
    tcase_add_test(tc, storms);
    tcase_add_test(tc, histories);
    tcase_add_test(tc, edges);
    tcase_add_test(tc, selectors);
    tcase_add_test(tc, changes_nothing);
    tcase_add_test(tc, random_tables);
    tcase_add_test(tc, plain_words);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
