/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_decode.c - what calls are shown as: debug/decode.c and debug/text.c on the
 * fixture's memory.
 */
#include "debug/text.h"
#include "fixture.h"

static const struct decode_limits limits = {.elements = 3, .bytes = 8};

static const struct hypercall *row(const struct fixture *f, unsigned nr)
{
    return hypercall_row(f->abi, nr);
}

static char *input(struct fixture *f, unsigned nr, const uint32_t *arg)
{
    struct decoder *d = decoder_new(f->abi);
    struct text_writer w = {.out = g_string_new(NULL), .domain = f->d};
    decode_input(d, f->v, row(f, nr), arg, &limits, &text_sink, &w);
    decoder_free(d);
    return g_string_free(w.out, FALSE);
}

static char *output(struct fixture *f, unsigned nr, const uint32_t *arg)
{
    struct decoder *d = decoder_new(f->abi);
    struct text_writer w = {.out = g_string_new(NULL), .domain = f->d, .output = true};
    decode_output(d, f->v, row(f, nr), arg, false, &limits, &text_sink, &w);
    decoder_free(d);
    return g_string_free(w.out, FALSE);
}

#define ck_shown(call, expected)                                                                             \
    do {                                                                                                     \
        g_autofree char *text_ = call;                                                                       \
        ck_assert_str_eq(text_, expected);                                                                   \
    } while (0)
#define ARG(...)                                                                                             \
    (uint32_t[MAX_HYPERCALL_ARGS])                                                                           \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }

static struct fixture *pae(void)
{
    return fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
}

START_TEST(numbers_and_names)
{
    struct fixture *f = pae();
    ck_shown(input(f, 21, ARG(0, 2)), "VMASST_CMD_enable, VMASST_TYPE_writable_pagetables");
    ck_shown(input(f, 21, ARG(1, 99)), "VMASST_CMD_disable, 99 /* no vm_assist_type */");
    ck_shown(input(f, 29, ARG(77, 0x1234)), "77 /* no sched_op */, 0x1234");
    ck_shown(input(f, 15, ARG(0x3B9ACA01, 0)), "1.000000001s");
    ck_shown(input(f, 3, ARG(0xE021, 0xC000C000)), "0xe021, 0xc000c000");
    ck_shown(input(f, 10, ARG(0x1000, 0, 0x0000FFFF, 0x00CFBB00)),
             "0x1000, 0xcfbb000000ffff /* code, dpl 1, base 0, limit 0xffffffff */");
    ck_shown(input(f, 14, ARG(0xC0000000, 0, 0, 6)), "0xc0000000, 0, UVMF_INVLPG|UVMF_ALL");
    fixture_free(f);
}
END_TEST

START_TEST(structures_and_lists)
{
    struct fixture *f = pae();
    mfn_t mfn = fx_mfn(f, 5);
    gva_t poll = FX_WORDS(f, 0, 2, 500, 0), ports = FX_WORDS(f, 7, 8);
    g_autofree char *frame = g_strdup_printf("mfn %#x/pfn 0x5", mfn.mfn);
    fx_set(f, poll, ports.va);
    ck_shown(input(f, 29, ARG(3, poll.va)), "SCHEDOP_poll, {ports=[7, 8], nr_ports=2, timeout=0.000000500s}");
    gva_t virq = FX_WORDS(f, 0, 0, 12);
    ck_shown(input(f, 32, ARG(1, virq.va)), "EVTCHNOP_bind_virq, {virq=VIRQ_TIMER, vcpu=0}");
    ck_shown(output(f, 32, ARG(1, virq.va)), "{port=12}");
    gva_t old = FX_WORDS(f, 4, 9);
    ck_shown(input(f, 16, ARG(old.va)), "{cmd=EVTCHNOP_send, port=9}");
    gva_t reqs = FX_WORDS(f, 0x5008, 0, mfn.mfn << 12 | 0x63, 0, mfn.mfn << 12 | 1, 0, 5, 0);
    g_autofree char *two = g_strdup_printf("[{ptr=0x5008|MMU_NORMAL_PT_UPDATE, val=%s|P|RW|A|D}, "
                                           "{ptr=%#x|MMU_MACHPHYS_UPDATE, val=pfn 0x5}], 2, NULL, DOMID_SELF",
                                           frame, mfn.mfn << 12);
    ck_shown(input(f, 1, ARG(reqs.va, 2, 0, 0x7FF0)), two);
    gva_t ops = FX_WORDS(f, 2, mfn.mfn, 0, 6, 0, 0, 8, 0, 0xC0000010, 99, 0, 0);
    g_autofree char *all = input(f, 26, ARG(ops.va, 4, 0xC0000000, 3));
    ck_assert(g_str_has_prefix(all, "[{cmd=MMUEXT_PIN_L3_TABLE, mfn=mfn "));
    ck_assert(g_str_has_suffix(all, ", ... 1 more], 4, 0xc0000000, 3"));
    fixture_free(f);
}
END_TEST

START_TEST(texts_are_quoted_and_cut)
{
    struct fixture *f = pae();
    gva_t text = fx_put(f, "a\"b\n\x01xyzzy", 10);
    ck_shown(input(f, 18, ARG(0, 5, text.va)), "CONSOLEIO_write, 5, \"a\\\"b\\n\\x01\"");
    ck_shown(input(f, 18, ARG(0, 10, text.va)), "CONSOLEIO_write, 10, \"a\\\"b\\n\\x01xyz\"...");
    fixture_free(f);
}
END_TEST

/* Pointers that lead nowhere, and lists longer than memory. */
START_TEST(what_cannot_be_read)
{
    struct fixture *f = pae();
    ck_shown(input(f, 32, ARG(1, 0)), "EVTCHNOP_bind_virq, NULL");
    ck_shown(input(f, 32, ARG(1, 0x1000)), "EVTCHNOP_bind_virq, 0x1000 /* cannot be read */");
    ck_shown(input(f, 1, ARG(0x1000, 0x7FFFFFFF, 0, 0x7FF0)),
             "0x1000 /* cannot be read */, 0x7fffffff, NULL, DOMID_SELF");
    ck_shown(input(f, 26, ARG(0x1000, 3, 0, 0x7FF0)), "0x1000 /* cannot be read */, 3, NULL, DOMID_SELF");
    uint32_t end = FX_BASE + FX_PAGES * RING1_PAGE_SIZE;
    g_autofree char *first = input(f, 26, ARG(end - 12, 4, 0, 0x7FF0));
    g_autofree char *rest =
        g_strdup_printf("}, %#x /* cannot be read */, ... 1 more], 4, NULL, DOMID_SELF", end);
    ck_assert_msg(g_str_has_suffix(first, rest), "%s", first);
    ck_shown(input(f, 0, ARG(0)), "NULL");
    ck_shown(output(f, 32, ARG(1, 0x1000)), "arg=0x1000 /* cannot be read */");
    ck_shown(output(f, 26, ARG(0, 0, 0x1000, 0)), "pdone=0x1000 /* cannot be read */");
    ck_shown(output(f, 26, ARG(0, 0, 0, 0)), "");
    fixture_free(f);
}
END_TEST

START_TEST(xen_2_0)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    gva_t op = FX_WORDS(f, 1, 0, 1, 4), reqs = FX_WORDS(f, 0x7003, 9 | 0x100);
    ck_shown(input(f, 16, ARG(op.va)), "{cmd=EVTCHNOP_bind_virq, virq=VIRQ_TIMER}");
    ck_shown(output(f, 16, ARG(op.va)), "{port=4}");
    ck_shown(input(f, 15, ARG(1, 0)), "4.294967296s");
    ck_shown(input(f, 1, ARG(reqs.va, 1, 0)),
             "[{ptr=0x7000|MMU_EXTENDED_COMMAND, val=MMUEXT_SET_LDT|0x100}], 1, NULL");
    fixture_free(f);
}
END_TEST

/* --- where things lie ------------------------------------------------------------ */

static void note(GString *out, const char *name, uint32_t va)
{
    if (va)
        g_string_append_printf(out, "%s@%#x ", name, va);
}

static void note_begin(void *user, const char *name, G_GNUC_UNUSED enum bracket bracket, uint32_t va)
{
    note(user, name, va);
}

static void note_end(G_GNUC_UNUSED void *user, G_GNUC_UNUSED enum bracket bracket,
                     G_GNUC_UNUSED uint32_t left_out)
{
}

static void note_number(void *user, const char *name, const struct number *number)
{
    note(user, name, number->va);
}

static void note_text(void *user, const char *name, uint32_t va, G_GNUC_UNUSED const uint8_t *bytes,
                      G_GNUC_UNUSED uint32_t len, G_GNUC_UNUSED uint32_t left_out)
{
    note(user, name, va);
}

static void note_pointer(G_GNUC_UNUSED void *user, G_GNUC_UNUSED const char *name, G_GNUC_UNUSED uint32_t va,
                         G_GNUC_UNUSED bool bad)
{
}

static const struct decode_sink note_sink = {note_begin, note_end, note_number, note_text, note_pointer};

static char *places(struct fixture *f, unsigned nr, const uint32_t *arg, bool out)
{
    struct decoder *d = decoder_new(f->abi);
    GString *text = g_string_new(NULL);
    if (out)
        decode_output(d, f->v, row(f, nr), arg, false, &limits, &note_sink, text);
    else
        decode_input(d, f->v, row(f, nr), arg, &limits, &note_sink, text);
    decoder_free(d);
    return g_string_free(text, FALSE);
}

/* An address stands with what a pointer led to, not with what is in a structure. */
START_TEST(places_are_told)
{
    struct fixture *f = pae();
    gva_t poll = FX_WORDS(f, 0, 2, 500, 0), ports = FX_WORDS(f, 7, 8), op = FX_WORDS(f, 4, 9);
    gva_t ext = FX_WORDS(f, 6, 0, 0, 6, 0, 0), done = FX_WORDS(f, 2);
    fx_set(f, poll, ports.va);
    g_autofree char *two = g_strdup_printf("arg@%#x ports@%#x ", poll.va, ports.va);
    g_autofree char *one = g_strdup_printf("op@%#x ", op.va), *text = g_strdup_printf("buffer@%#x ", op.va);
    g_autofree char *ops = g_strdup_printf("ops@%#x ", ext.va),
                    *pdone = g_strdup_printf("pdone@%#x ", done.va);
    ck_shown(places(f, 29, ARG(3, poll.va), false), two);
    ck_shown(places(f, 16, ARG(op.va), false), one);
    ck_shown(places(f, 18, ARG(0, 4, op.va), false), text);
    ck_shown(places(f, 26, ARG(ext.va, 2, done.va, 0x7FF0), false), ops);
    ck_shown(places(f, 26, ARG(ext.va, 2, done.va, 0x7FF0), true), pdone);
    fixture_free(f);
}
END_TEST

/* Looking changes nothing: no accessed bit, no dirty bit. */
START_TEST(looking_leaves_no_trace)
{
    struct fixture *f = pae();
    gva_t virq = FX_WORDS(f, 0, 0, 12);
    uint64_t before;
    ck_rc(fx_map(f, virq, fx_pte(f, virq) & ~0x60ull), 0);
    before = fx_pte(f, virq);
    g_autofree char *in = input(f, 32, ARG(1, virq.va)), *out = output(f, 32, ARG(1, virq.va));
    ck_assert_uint_eq(fx_pte(f, virq), before);
    fixture_free(f);
}
END_TEST

/* Every row and command, with memory that can be read and with none. */
START_TEST(everything_can_be_shown)
{
    unsigned each = 0;
    for (struct fixture *f; (f = fixture_each(&each)); fixture_free(f)) {
        gva_t page = fx_va(f, fx_alloc(f));
        for (unsigned nr = 0; nr < NR_HYPERCALLS; nr++) {
            for (uint32_t cmd = 0; cmd < 32; cmd++) {
                if (!row(f, nr))
                    continue;
                fx_set(f, page, cmd);
                const uint32_t *args[] = {ARG(cmd, page.va, page.va, 1, 2), ARG(page.va, cmd, 1, 0x7FF0),
                                          ARG(cmd, 3, page.va), ARG(cmd, ~0u, ~0u, ~0u, ~0u, ~0u)};
                for (unsigned i = 0; i < G_N_ELEMENTS(args); i++) {
                    g_autofree char *in = input(f, nr, args[i]), *out = output(f, nr, args[i]);
                    ck_assert(in && out);
                }
            }
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decode");
    TCase *tc = tcase_create("decode");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, numbers_and_names);
    tcase_add_test(tc, structures_and_lists);
    tcase_add_test(tc, texts_are_quoted_and_cut);
    tcase_add_test(tc, what_cannot_be_read);
    tcase_add_test(tc, xen_2_0);
    tcase_add_test(tc, places_are_told);
    tcase_add_test(tc, looking_leaves_no_trace);
    tcase_add_test(tc, everything_can_be_shown);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
