/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_seq.c - the language of sequences: what is written is read as it was, every
 * hypercall, sub-operation and field of every Xen can be written, the trace's own
 * words are read, and what is wrong is named with its place.
 */
#include "suite.h"

#include "debug/seq_run.h"
#include "debug/text.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static char *print(const struct seq *s)
{
    GString *out = g_string_new(NULL);
    seq_print(s, out);
    return g_string_free(out, FALSE);
}

static struct seq *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    struct seq *s = seq_parse(text, strlen(text), "t.hc", &error);
    ck_assert_msg(s != NULL, "%s\nin:\n%s", error ? error->message : "?", text);
    return s;
}

/* print(parse(text)) is itself printed and read without a change. */
static char *round_trip(const char *text)
{
    struct seq *s = parse(text);
    char *once = print(s);
    struct seq *again = parse(once);
    g_autofree char *twice = print(again);
    ck_assert_str_eq(once, twice);
    seq_free(s);
    seq_free(again);
    return once;
}

#define HEAD "ring1-sequence 1\nabi xen-3.0-pae 4.17\n"

START_TEST(text_stays_as_it_is)
{
    static const char text[] =
        "# a comment before everything\n"
        "ring1-sequence 1  # the version\n"
        "abi xen-3.0-pae 4.17  # the last\n"
        "\n"
        "domain {memory=16M, vcpus=2}\n"
        "page pt1 0x40 = l1 {0: mfn(buf)|P|RW|A|D, 1..3: mfn(0x101..)|P|A}\n"
        "page buf = { # contents\n"
        "    0x10: \"hello\\n\", # text\n"
        "    0x20: u64 5,\n"
        "    0x30: hex\"00ff\" # bytes\n"
        "}\n"
        "r1 = event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF, remote_dom=0}) = 0 => {port=3}\n"
        "v1: r2 = xen_version#49(1, {...}@0xc0105000) = 0 => {extraversion=\".1\"...}  # wrapped\n"
        "mmu_update([{ptr=ma(pt1)+8|MMU_NORMAL_PT_UPDATE, val=mfn 0x1a3|P|NX}], 1, NULL, DOMID_SELF) = "
        "-EINVAL: "
        "why # not\n"
        "m = multicall@&buf+64 = 0\n"
        "  # among the entries\n"
        "  [0] a = set_timer_op(1.000000001s) = ?\n"
        "  [1] hypercall_61(1, r1.port+1, hex\"00\") = -ENOSYS  # the last\n"
        "# behind them\n"
        "time 1.500000000s\n"
        "write &buf+8 = [u8 1, u16 2]\n"
        "write ma(pt1+1)+8 = mfn(r1.x[3].y)|P\n"
        "ptwrite 0xc0105008 = mfn(0x21+2)|P\n"
        "expect &0x21+8 = [1, 2, ... 3 more]\n";
    g_autofree char *once = round_trip(text);
    g_autofree char *wanted = g_strdup(text);
    g_auto(GStrv) parts = g_strsplit(wanted, "ma(pt1+1)+8", 2);
    g_autofree char *expected = g_strjoinv("ma(pt1)+0x1008", parts);
    ck_assert_str_eq(once, expected);
}
END_TEST

START_TEST(the_traces_words_are_read)
{
    g_autofree char *once =
        round_trip(HEAD "update_descriptor(0x1000, 0xcfbb000000ffff /* code, dpl 1 */) = -EINVAL (Invalid "
                        "argument): why\n"
                        "vm_assist(VMASST_CMD_disable, 99 /* no vm_assist_type */) = ? (goes on)\n"
                        "set_gdt([mfn 0x1a3/pfn 0x21], 512) = 0\n"
                        "multicall(0xc0105000, 1) = 0\n"
                        "  [0] xen_version(XENVER_version, NULL) = 0x40011\n");
    ck_assert_str_eq(once, HEAD "update_descriptor(0x1000, 0xcfbb000000ffff) = -EINVAL: why\n"
                                "vm_assist(VMASST_CMD_disable, 99) = ?\n"
                                "set_gdt([mfn(0x21)], 512) = 0\n"
                                "multicall@0xc0105000 = 0\n"
                                "  [0] xen_version(XENVER_version, NULL) = 0x40011\n");
}
END_TEST

/* --- errors ------------------------------------------------------------------------------------ */

static const struct {
    const char *text, *message;
} wrong[] = {
    {"", "t.hc:1:1: expected ring1-sequence 1, which opens each sequence, found the end of the file"},
    {"ring1-sequence 2\n", "t.hc:1:1: expected a sequence of version 1"},
    {"ring1-sequence 1\nabi xen-9\n", "t.hc:2:5: expected xen-2.0, xen-3.0 or xen-3.0-pae after abi"},
    {"ring1-sequence 1\nabi xen-2.0 4.17\n", "t.hc:2:5: expected a Xen that spoke this ABI"},
    {"ring1-sequence 1\niret()\n", "t.hc:2:1: expected abi and its name, the second line, found 'iret'"},
    {HEAD "iret(\n", "t.hc:4:1: expected a value, found the end of the file"},
    {HEAD "iret() 5\n", "t.hc:3:8: expected the end of the line, found '5'"},
    {HEAD "set_gdt([1, 2}, 1)\n", "t.hc:3:14: expected , or ], found '}'"},
    {HEAD "time 99999999999999999999\n",
     "t.hc:3:6: expected a span of time, as 0.010000000s, found a number of more than 64 bits: "
     "'99999999999999999999'"},
    {HEAD "  [0] iret()\n", "t.hc:3:4: expected a multicall before its entries"},
    {HEAD "multicall\n  [1] iret()\n", "t.hc:4:4: expected entry 0, found '1'"},
    {HEAD "iret(\"abc)\n",
     "t.hc:3:6: expected a value, found a text that does not end on its line: '\"abc)'"},
    {HEAD "r = iret()\nr = iret()\n", "t.hc:4:1: expected a name that no call before has, found 'r'"},
};

START_TEST(errors_name_their_place)
{
    g_autoptr(GError) error = NULL;
    struct seq *s = seq_parse(wrong[_i].text, strlen(wrong[_i].text), "t.hc", &error);
    ck_assert_ptr_null(s);
    ck_assert_str_eq(error->message, wrong[_i].message);
}
END_TEST

static const struct {
    const char *text, *message;
} meaningless[] = {
    {"event_chanel_op(1)\n",
     "t.hc:3:1: expected a hypercall of Xen 4.17, found 'event_chanel_op'; did you mean event_channel_op?"},
    {"event_channel_op(EVTCHNOP_clse, NULL)\n", "t.hc:3:18: expected a name of evtchn_op that Xen 4.17 has, "
                                                "or a number, found 'EVTCHNOP_clse'; did you mean "
                                                "EVTCHNOP_close?"},
    {"event_channel_op(EVTCHNOP_close, {prt=1})\n",
     "t.hc:3:39: expected a field of evtchn_port, found 'prt'; did you mean port?"},
    {"event_channel_op(EVTCHNOP_close)\n",
     "t.hc:3:1: expected 2 arguments of event_channel_op(cmd, arg), found 1"},
    {"iret() = -EFOO\n", "t.hc:3:10: expected an errno that Xen has, found '-EFOO'"},
    {"event_channel_op(EVTCHNOP_close, {port=r1.port})\n",
     "t.hc:3:40: expected the result of an earlier call, found 'r1'"},
    {"set_gdt([mfn(nobody)], 1)\n", "t.hc:3:10: expected the name of a page, or a pfn, found 'nobody'"},
    {"set_gdt([mfn(0x4000)], 1)\n",
     "t.hc:3:10: expected a page of the domain, which has 0x400, found pfn 0x4000"},
    {"v1: iret()\n", "t.hc:3:1: expected a vcpu of the domain, which has 1, found v1"},
    {"domain {memry=4M}\n",
     "t.hc:3:15: expected memory, maxmem, vcpus, mfn, seed, cr3, arena, assist, console, "
     "store or preempt, found 'memry'; did you mean memory?"},
    {"page p = l9\n", "t.hc:3:1: expected rw, ro, l1, l2, l3, gdt or ldt, found 'l9'"},
    {"page p 2\n", "t.hc:3:1: expected a pfn from 0x20 to 0x3fb: others the first tables need"},
    {"event_channel_op(EVTCHNOP_close, {port=1}) = 0 => {port=1}\n",
     "t.hc:3:51: expected no more outputs of event_channel_op"},
    {"set_timer_op([1])\n", "t.hc:3:14: expected a number for deadline, found [...]"},
    {"hypercall_2(1, 2, 3, 4, 5, 6, 7)\n", "t.hc:3:31: expected at most 6 arguments"},
    {"multicall@0xc0001000 = 0\n  [0] event_channel_op(EVTCHNOP_close, {port=9})\n",
     "t.hc:3:11: expected 32 bytes at an address that is free: structures of this call that have no @ "
     "lie from 0xc0001000 to 0xc0001003; give another address, as from 0xc0001010 on, or give them one"},
    {"event_channel_op(4, {port=0x123456789})\n",
     "t.hc:3:27: expected a number of 4 bytes, found 0x123456789"},
};

START_TEST(names_without_meaning_are_named)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strconcat(HEAD, meaningless[_i].text, NULL);
    struct seq *s = parse(text);
    struct world *w = seq_world(s, &error);
    struct seq_program *p = w ? seq_compile(s, w, &error) : NULL;
    ck_assert_msg(p == NULL, "accepted: %s", text);
    ck_assert_str_eq(error->message, meaningless[_i].message);
    world_free(w);
    seq_free(s);
}
END_TEST

/* --- everything that the tables describe ---------------------------------------------------------- */

struct maker {
    struct seq *s;
    const struct abi *abi;
    unsigned n; /* another value each time */
};

static struct seq_value *make_number(struct maker *m, enum format format, const struct value_set *set,
                                     unsigned size)
{
    struct seq *s = m->s;
    uint64_t n = ++m->n % 7;
    struct seq_value *v;
    switch (format) {
    case FORMAT_NAMES:
        if (!set || n > set->nr)
            return seq_number(s, n, SEQ_DEC);
        return seq_name(s, set->values[n % set->nr].name);
    case FORMAT_DOMID:
        return seq_name(s, "DOMID_SELF");
    case FORMAT_MFN:
        return n & 1 ? seq_page(s, SEQ_MFN, NULL, 0x21, 0) : seq_frame(s, 0x1234567);
    case FORMAT_PTE:
    case FORMAT_MMU_VAL:
        v = seq_value(s, SEQ_OR);
        seq_append(v, seq_page(s, SEQ_MFN, NULL, 0x22, n));
        seq_append(v, seq_name(s, "P"));
        seq_append(v, seq_name(s, "AVL1"));
        return v;
    case FORMAT_MMU_PTR:
        v = seq_value(s, SEQ_OR);
        seq_append(v, seq_page(s, SEQ_MADDR, NULL, 0x23, 8));
        seq_append(v, seq_name(s, "MMU_NORMAL_PT_UPDATE"));
        return v;
    case FORMAT_MMU_COUNT:
        return seq_number(s, 2, SEQ_DEC);
    case FORMAT_UVM_FLAGS:
        v = seq_value(s, SEQ_OR);
        seq_append(v, seq_name(s, "UVMF_INVLPG"));
        seq_append(v, seq_name(s, "UVMF_ALL"));
        return v;
    case FORMAT_NS:
    case FORMAT_NS_HL:
        return seq_number(s, 1500000000u + n, SEQ_SECONDS);
    default:
        return seq_number(s, size == 1 ? n : 100 * n, SEQ_PLAIN);
    }
}

static struct seq_value *make_structure(struct maker *m, const struct structure *s, const char *command);

/* How many elements: what the field that counts them will say. */
static bool counts(const struct structure *s, const struct field *f)
{
    for (unsigned i = 0; i < s->nr_fields; i++)
        if (s->fields[i].count && strcmp(s->fields[i].count, f->name) == 0)
            return true;
    return false;
}

static struct seq_value *make_field(struct maker *m, const struct structure *s, const struct field *f)
{
    struct seq_value *list = seq_value(m->s, SEQ_LIST);
    bool one = f->count && strcmp(f->count, "1") == 0;
    if (f->kind == FIELD_NUMBER && f->n == 1)
        return counts(s, f) ? seq_number(m->s, 2, SEQ_DEC) : make_number(m, f->format, f->set, f->size);
    if (f->kind == FIELD_NUMBER)
        for (unsigned i = 0; i < f->n; i++)
            seq_append(list, make_number(m, f->format, f->set, f->size));
    if (f->kind == FIELD_TEXT)
        return seq_text(m->s, "ab\x01\"", MIN(f->n, 4u));
    if (f->kind == FIELD_NESTED)
        return make_structure(m, f->target, NULL);
    if ((f->kind == FIELD_STRUCTS || f->kind == FIELD_NUMBERS) && !(f->direction & DIR_IN))
        return seq_page(m->s, SEQ_ADDRESS, NULL, 0x24, 16);
    for (unsigned i = 0; f->kind != FIELD_NUMBER && i < (one ? 1u : 2u); i++)
        seq_append(list, f->kind == FIELD_STRUCTS ? make_structure(m, f->target, NULL)
                                                  : make_number(m, f->format, f->set, f->size));
    return list;
}

static bool goes_in(const struct field *f)
{
    bool pointer = f->kind == FIELD_STRUCTS || f->kind == FIELD_NUMBERS;
    return pointer || f->kind == FIELD_NESTED || (f->direction & DIR_IN);
}

static struct seq_value *make_structure(struct maker *m, const struct structure *s, const char *command)
{
    struct seq_value *v = seq_value(m->s, SEQ_STRUCT);
    if (command)
        seq_append_field(m->s, v, "cmd", seq_name(m->s, command));
    for (unsigned i = 0; i < s->nr_fields; i++)
        if (goes_in(&s->fields[i]))
            seq_append_field(m->s, v, s->fields[i].name, make_field(m, s, &s->fields[i]));
    return v;
}

static bool is_count(const struct signature *s, unsigned n)
{
    for (unsigned i = 0; i < s->nr; i++)
        if (s->arg[i].count == (int)n)
            return true;
    return false;
}

static bool anything_goes_in(const struct structure *s)
{
    for (unsigned i = 0; i < s->nr_fields; i++)
        if (s->fields[i].kind == FIELD_NESTED ? anything_goes_in(s->fields[i].target)
                                              : (s->fields[i].direction & DIR_IN) != 0)
            return true;
    return false;
}

/* Two elements, or one where nothing counts them. */
static struct seq_value *make_pointer(struct maker *m, const struct argument *a, const struct structure *s,
                                      const char *command)
{
    struct seq_value *list = seq_value(m->s, SEQ_LIST);
    unsigned n = a->count == COUNT_TO_ZERO ? 0 : a->count_unit > 1 ? 1 : 2;
    if (s && !s->size && !command)
        return seq_value(m->s, SEQ_NULL);
    if (s && s->size && !command && !anything_goes_in(s))
        return seq_page(m->s, SEQ_ADDRESS, NULL, 0x24, 32);
    if (a->count == COUNT_ONE && s)
        return make_structure(m, s, command);
    if (a->count == COUNT_TO_ZERO) {
        /* A last element of zeroes ends it; it is not shown. */
        seq_append(list, make_structure(m, s, NULL));
        seq_append_field(m->s, list->first, "address", seq_number(m->s, 0xC0102000, SEQ_HEX));
        seq_append(list, seq_value(m->s, SEQ_STRUCT));
        return list;
    }
    for (unsigned i = 0; i < n; i++)
        seq_append(list, s ? make_structure(m, s, command) : make_number(m, a->format, a->set, a->size));
    return list;
}

static struct seq_value *make_argument(struct maker *m, const struct signature *s, unsigned n,
                                       const struct command *command)
{
    const struct argument *a = &s->arg[n];
    switch ((enum argument_kind)a->kind) {
    case ARG_NUMBER:
        if (is_count(s, n))
            return seq_number(m->s, 2, SEQ_DEC);
        return make_number(m, a->format, a->set, a->words * 4);
    case ARG_COMMAND:
        return seq_name(m->s, command->name);
    case ARG_VALUE:
        return command->arg->nr_fields
                   ? make_number(m, command->arg->fields[0].format, command->arg->fields[0].set, 4)
                   : make_number(m, FORMAT_DEC, NULL, 4);
    case ARG_BY_COMMAND:
        if (is_bytes(command->arg) && command->arg->fields[0].direction == DIR_IN)
            return seq_text(m->s, "\xFFz", 2);
        return make_pointer(m, a, command->arg, NULL);
    case ARG_OP:
        return make_pointer(m, a, command->arg, command->name);
    case ARG_STRUCTS:
        return make_pointer(m, a, a->target, NULL);
    case ARG_NUMBERS:
        return a->direction & DIR_IN ? make_pointer(m, a, NULL, NULL)
                                     : seq_page(m->s, SEQ_ADDRESS, NULL, 0x25, 0);
    case ARG_TEXT:
        return seq_text(m->s, "\xFFz", 2);
    }
    return NULL;
}

static struct seq *make_call(const struct abi *abi, const struct hypercall *row, const struct signature *sig,
                             const struct command *command)
{
    struct maker m = {.s = seq_new(abi->abi, abi->xen), .abi = abi, .n = row->nr * 3};
    struct seq_item *call = seq_add_call(m.s, row->name);
    for (unsigned i = 0; i < sig->nr; i++)
        seq_append_arg(call, make_argument(&m, sig, i, command));
    return m.s;
}

static struct seq_program *compile(const struct seq *s, const struct world *w, const char *text)
{
    g_autoptr(GError) error = NULL;
    struct seq_program *p = seq_compile(s, w, &error);
    ck_assert_msg(p != NULL, "%s\nin:\n%s", error ? error->message : "?", text);
    return p;
}

/* As the trace shows what the program puts into the guest. */
static char *decoded(struct world *w, const struct decoder *decoder, const struct seq_program *p)
{
    static const struct decode_limits limits = {.elements = 64, .bytes = 2048};
    const struct seq_op *op = &g_array_index(p->ops, struct seq_op, 0);
    for (uint32_t i = 0; i < op->nr_blobs; i++) {
        const struct seq_blob *b = &g_array_index(p->blobs, struct seq_blob, op->first_blob + i);
        ck_assert(b->len == 0 || world_poke(w, GVA(b->va), p->bytes->data + b->offset, b->len));
    }
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "ring1-sequence 1\nabi %s %s\n%s(", w->abi->name, w->abi->xen_name,
                           op->row->name);
    struct text_writer writer = {.out = out, .domain = w->d};
    decode_input(decoder, &w->d->s.vcpu[0], op->row, op->word, &limits, &text_sink, &writer);
    g_string_append(out, ")\n");
    return g_string_free(out, FALSE);
}

static void same_bytes(const struct seq_program *a, const struct seq_program *b, const char *text)
{
    const struct seq_op *x = &g_array_index(a->ops, struct seq_op, 0),
                        *y = &g_array_index(b->ops, struct seq_op, 0);
    ck_assert_msg(memcmp(x->word, y->word, sizeof x->word) == 0, "other words: %s", text);
    bool same = b->bytes->len == 0 || (a->bytes->len >= b->bytes->len &&
                                       memcmp(a->bytes->data, b->bytes->data, b->bytes->len) == 0);
    ck_assert_msg(same, "other bytes: %s", text);
    for (guint i = b->bytes->len; i < a->bytes->len; i++)
        ck_assert_msg(a->bytes->data[i] == 0, "bytes that the trace did not show: %s", text);
}

static void check_call(struct world *w, const struct decoder *decoder, const struct hypercall *row,
                       const struct signature *sig, const struct command *command)
{
    struct seq *s = make_call(w->abi, row, sig, command);
    g_autofree char *text = print(s);
    g_autofree char *again = round_trip(text);
    ck_assert_str_eq(text, again);
    struct seq *read = parse(text);
    struct seq_program *made = compile(s, w, text), *p = compile(read, w, text);
    same_bytes(made, p, text);
    /* The trace's own text means the same. */
    g_autofree char *shown = decoded(w, decoder, p);
    struct seq *traced = parse(shown);
    struct seq_program *q = compile(traced, w, shown);
    same_bytes(p, q, shown);
    seq_program_free(made);
    seq_program_free(p);
    seq_program_free(q);
    seq_free(s);
    seq_free(read);
    seq_free(traced);
}

static const struct command_set *commands_of(const struct signature *s)
{
    for (unsigned i = 0; i < s->nr; i++)
        if (s->arg[i].commands)
            return s->arg[i].commands;
    return NULL;
}

START_TEST(every_call_of_every_xen)
{
    const struct abi *abi = abi_all()[_i];
    struct world_setup setup = {.abi = abi};
    struct world *w = world_new(&setup, NULL);
    struct decoder *decoder = decoder_new(abi);
    size_t nr;
    unsigned checked = 0;
    const struct hypercall *rows = hypercall_rows(&nr);
    ck_assert(w && world_start(w, NULL));
    for (size_t i = 0; i < nr; i++) {
        struct signature sig;
        if (abi->xen < rows[i].from || abi->xen > rows[i].to)
            continue;
        ck_assert(signature_parse(rows[i].signature, &sig, NULL, 0));
        const struct command_set *set = commands_of(&sig);
        if (!set)
            check_call(w, decoder, &rows[i], &sig, NULL);
        for (unsigned k = 0; set && k < set->nr; k++) {
            const struct command *c = &set->commands[k];
            if (abi->xen >= c->from && abi->xen <= c->to)
                check_call(w, decoder, &rows[i], &sig, c);
            checked++;
        }
    }
    ck_assert_uint_gt(checked, 10);
    decoder_free(decoder);
    world_free(w);
}
END_TEST

int main(void)
{
    unsigned nr_abis = 0;
    while (abi_all()[nr_abis])
        nr_abis++;
    Suite *suite = suite_create("seq");
    TCase *tc = tcase_create("seq");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, text_stays_as_it_is);
    tcase_add_test(tc, the_traces_words_are_read);
    tcase_add_loop_test(tc, errors_name_their_place, 0, G_N_ELEMENTS(wrong));
    tcase_add_loop_test(tc, names_without_meaning_are_named, 0, G_N_ELEMENTS(meaningless));
    tcase_add_loop_test(tc, every_call_of_every_xen, 0, (int)nr_abis);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
