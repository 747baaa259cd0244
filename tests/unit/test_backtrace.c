/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_backtrace.c - where a call comes from and who called whom, on stacks good and
 * bad; and that nobody in the guest can tell that it was looked at.
 */
#include "emu/backtrace.h"

#include "dispatch/hypercall_page.h"
#include "elf_writer.h"
#include "fixture.h"

static struct fixture *f;
static struct symbols *symbols, *none;
static uint32_t code, page, stack; /* addresses of a page each: code, hypercall page, stack */

static void setup(void)
{
    static const uint8_t bytes[RING1_PAGE_SIZE];
    f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    code = fx_va(f, fx_alloc(f)).va;
    uint32_t pfn = fx_alloc(f);
    page = fx_va(f, pfn).va;
    hypercall_page_init(f->abi, fx_page(f, pfn));
    stack = fx_va(f, fx_alloc(f)).va;
    g_autoptr(GBytes) image = elf_simple_notes(code, bytes, sizeof bytes, sizeof bytes, "yes");
    g_autoptr(GBytes) nothing = g_bytes_new("", 0);
    symbols = symbols_new(image);
    none = symbols_new(nothing);
    f->v->regs.esp = stack + 0x800;
    f->v->regs.ebp = 0;
    f->v->regs.eip = code + 0x10;
}

static void teardown(void)
{
    symbols_free(symbols);
    symbols_free(none);
    fixture_free(f);
}

/* Bytes of code that end at `va`. */
static uint32_t put_before(uint32_t va, const char *bytes, uint32_t len)
{
    ck_assert_int_eq(guest_write(f->v, GVA(va - len), bytes, len), 0);
    return va;
}
#define BEFORE(va, bytes) put_before(va, bytes, sizeof(bytes) - 1)
#define CALL_REL(va)      BEFORE(va, "\xe8\x12\x34\x56\x78")

START_TEST(calls_by_their_bytes)
{
    static const struct {
        const char *bytes;
        unsigned len, is;
    } calls[] = {
        {"\xe8\x01\x02\x03\x04", 5, 5},
        {"\xff\xd0", 2, 2},
        {"\xff\x10", 2, 2},                     /* *(%eax) */
        {"\xff\x55\x08", 3, 3},                 /* *8(%ebp) */
        {"\xff\x14\x83", 3, 3},                 /* *(%ebx, %eax, 4) */
        {"\xff\x54\x24\x08", 4, 4},             /* *8(%esp) */
        {"\xff\x15\x01\x02\x03\x04", 6, 6},     /* *0x04030201 */
        {"\xff\x93\x01\x02\x03\x04", 6, 6},     /* *0x04030201(%ebx) */
        {"\xff\x14\x85\x01\x02\x03\x04", 7, 7}, /* *0x04030201(, %eax, 4) */
        {"\xff\x94\x24\x01\x02\x03\x04", 7, 7}, /* *0x04030201(%esp) */
        {"\xff\xe0", 2, 0},                     /* a jump */
        {"\xcd\x82", 2, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        uint32_t va = code + 0x40 * (uint32_t)(i + 1);
        put_before(va, calls[i].bytes, calls[i].len);
        ck_assert_uint_eq(backtrace_call_before(f->v, va), calls[i].is);
    }
    ck_assert_uint_eq(backtrace_call_before(f->v, 0), 0);
    ck_assert_uint_eq(backtrace_call_before(f->v, 5), 0);
    ck_assert_uint_eq(backtrace_call_before(f->v, 0x1000), 0); /* nothing is mapped there */
}
END_TEST

START_TEST(a_call_by_the_page_is_its_callers)
{
    uint32_t esp = stack + 0x800, caller = CALL_REL(code + 0x100);
    fx_set(f, GVA(esp), caller);
    for (uint32_t nr = 0; nr < 128; nr++) {
        uint32_t eip = page + nr * 32 + 7;
        ck_assert_uint_eq(backtrace_call_site(f->v, eip, esp), nr == 23 ? eip - 2 : caller - 5);
    }
    ck_assert_uint_eq(backtrace_call_site(f->v, page + 23 * 32 + 8, esp), page + 23 * 32 + 6);
    /* The guest's own `int`, and a slot that is not as Xen has filled it. */
    ck_assert_uint_eq(backtrace_call_site(f->v, code + 0x27, esp), code + 0x25);
    fx_set(f, GVA(page + 17 * 32), 0x000012B8);
    ck_assert_uint_eq(backtrace_call_site(f->v, page + 17 * 32 + 7, esp), page + 17 * 32 + 5);
    /* No stack to look at; and a return address that follows no call. */
    ck_assert_uint_eq(backtrace_call_site(f->v, page + 7, 0x1000), page + 5);
    fx_set(f, GVA(esp), code + 0x800);
    ck_assert_uint_eq(backtrace_call_site(f->v, page + 7, esp), code + 0x800);
}
END_TEST

static void ck_frames(struct symbols *s, unsigned n, const uint32_t *eip, bool guess)
{
    struct ring1_stack_frame frames[8];
    ck_assert_uint_eq(backtrace(f->v, s, frames, 8), n);
    for (unsigned i = 0; i < n; i++) {
        ck_assert_uint_eq(frames[i].eip, eip[i]);
        ck_assert_int_eq(frames[i].guess, guess && i > 0);
    }
}
#define FRAMES(s, guess, ...)                                                                                \
    ck_frames(s, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (uint32_t[]){__VA_ARGS__}, guess)

/* Frame pointers at these offsets of the stack's page. */
static void push_frame(uint32_t at, uint32_t next, uint32_t ret)
{
    fx_set(f, GVA(stack + at), next);
    fx_set(f, GVA(stack + at + 4), ret);
}

START_TEST(frame_pointers)
{
    uint32_t one = CALL_REL(code + 0x100), two = CALL_REL(code + 0x200), here = code + 0x10;
    f->v->regs.ebp = stack + 0x810;
    push_frame(0x810, stack + 0x830, one);
    push_frame(0x830, 0, two);
    FRAMES(symbols, false, here, one, two);
    FRAMES(none, false, here, one, two);
    /* From a stub of the hypercall page the caller comes first. */
    f->v->regs.eip = page + 7;
    fx_set(f, GVA(stack + 0x800), one);
    FRAMES(symbols, false, one, one, two);
    f->v->regs.eip = here;
    /* A chain that goes nowhere, back, to itself, far away, astray. */
    push_frame(0x830, stack + 0x810, two);
    FRAMES(symbols, false, here, one, two);
    push_frame(0x830, stack + 0x830, two);
    FRAMES(symbols, false, here, one, two);
    push_frame(0x830, 0xFFFFFFFC, two);
    FRAMES(symbols, false, here, one, two);
    push_frame(0x830, stack + 0x5000, two);
    FRAMES(symbols, false, here, one, two);
    push_frame(0x830, stack + 0x841, two);
    FRAMES(symbols, false, here, one, two);
    push_frame(0x830, 0, code + 0x801); /* follows no call */
    FRAMES(symbols, false, here, one);
}
END_TEST

START_TEST(without_frame_pointers)
{
    uint32_t one = CALL_REL(code + 0x100), two = CALL_REL(code + 0x200), here = code + 0x10;
    uint32_t elsewhere = CALL_REL(stack + 0x100);
    FRAMES(symbols, false, here);
    fx_set(f, GVA(stack + 0x808), one);
    fx_set(f, GVA(stack + 0x80C), code + 0x801);
    fx_set(f, GVA(stack + 0x810), elsewhere); /* not the image's code */
    fx_set(f, GVA(stack + 0x81C), two);
    FRAMES(symbols, true, here, one, two);
    FRAMES(none, true, here, one, elsewhere, two);
    f->v->regs.esp = 0x1000;
    FRAMES(symbols, false, here);
    f->v->regs.esp = stack + 0xFFC; /* what is behind the page is another's, and mapped */
    FRAMES(symbols, false, here);
    /* More than are asked for. */
    f->v->regs.esp = stack;
    for (unsigned i = 0; i < 64; i++)
        fx_set(f, GVA(stack + i * 4), one);
    FRAMES(symbols, true, here, one, one, one, one, one, one, one);
    ck_assert_uint_eq(backtrace(f->v, symbols, NULL, 0), 0);
}
END_TEST

START_TEST(nobody_can_tell)
{
    uint32_t one = CALL_REL(code + 0x100);
    struct ring1_stack_frame frames[8];
    const uint32_t places[] = {code, page, stack};
    fx_set(f, GVA(stack + 0x800), one);
    fx_set(f, GVA(stack + 0x810), one);
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        uint64_t clean = fx_entry(fx_mfn(f, (places[i] - FX_BASE) >> 12), 0x03);
        pte_write(f->d, f->l1, pt_index(f->abi, GVA(places[i]), 1), clean);
    }
    struct regs before = f->v->regs;
    f->d->s.attention = 0;
    f->v->regs.eip = page + 7;
    ck_assert_uint_eq(backtrace(f->v, symbols, frames, 8), 2);
    ck_assert_uint_eq(backtrace_call_site(f->v, page + 7, stack + 0x800), one - 5);
    f->v->regs.eip = before.eip;
    ck_assert_mem_eq(&before, &f->v->regs, sizeof before);
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        ck_assert_uint_eq(fx_pte(f, GVA(places[i])) & 0xFFF, 0x03);
    ck_assert(f->d->s.attention == 0 && !f->v->regs_changed);
}
END_TEST

/* The call was a moment ago, and has no frame yet. */
START_TEST(fresh_calls)
{
    uint32_t one = CALL_REL(code + 0x100), two = CALL_REL(code + 0x200);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("%08x T entered\n%08x T next\n", code + 0x40, code + 0x80);
    g_autoptr(GBytes) map = g_bytes_new(text, strlen(text));
    ck_assert(symbols_add(symbols, map, "map", 0, NULL, &error));
    BEFORE(code + 0x43, "\x55\x89\xe5"); /* push %ebp; mov %esp, %ebp */
    f->v->regs.ebp = stack + 0x830;
    push_frame(0x830, 0, two);
    fx_set(f, GVA(stack + 0x800), one);
    fx_set(f, GVA(stack + 0x804), 0);
    f->v->regs.eip = code + 0x40;
    FRAMES(symbols, false, code + 0x40, one, two);
    /* The frame pointer was pushed. */
    f->v->regs.eip = code + 0x41;
    FRAMES(symbols, false, code + 0x41, two);
    push_frame(0x800, stack + 0x830, one);
    FRAMES(symbols, false, code + 0x41, one, two);
    /* To where nothing is: whoever called that is on top. */
    f->v->regs.eip = 0x1000;
    fx_set(f, GVA(stack + 0x800), one);
    FRAMES(symbols, false, 0x1000, one, two);
    fx_set(f, GVA(stack + 0x800), 0);
    FRAMES(symbols, false, 0x1000, two);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("backtrace");
    TCase *tc = tcase_create("backtrace");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, calls_by_their_bytes);
    tcase_add_test(tc, a_call_by_the_page_is_its_callers);
    tcase_add_test(tc, frame_pointers);
    tcase_add_test(tc, fresh_calls);
    tcase_add_test(tc, without_frame_pointers);
    tcase_add_test(tc, nobody_can_tell);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
