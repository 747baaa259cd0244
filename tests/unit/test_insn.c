/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_insn.c - CR2 of a fault, from the instruction and the page that the
 * engine names (docs/xen-abi.md 6.2 wants it exact).
 */
#include "emu/insn.h"
#include "fixture.h"

static struct fixture *f;
static struct insn_cache *cache;
static uint32_t code_page; /* two pages for code */

/* Code at an address, and EIP on it. */
static void code_at(uint32_t va, const void *code, uint32_t len)
{
    ck_assert_int_eq(guest_write(f->v, GVA(va), code, len), 0);
    vcpu_regs_mut(f->v)->eip = va;
}
#define CODE_AT(va, bytes) code_at(va, bytes, sizeof(bytes) - 1)

static void setup(void)
{
    f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_AUTO);
    cache = insn_cache_new();
    ck_assert_ptr_nonnull(cache);
    code_page = fx_va(f, fx_alloc(f)).va;
    fx_alloc(f);
    struct regs *r = vcpu_regs_mut(f->v);
    r->eax = 0x10000123;
    r->ecx = 3;
    r->edx = 0x40;
    r->ebx = 0x20000ffe;
    r->esp = 0x30000ffe;
    r->ebp = 0x40000800;
    r->esi = 0x50000456;
    r->edi = 0x60000789;
}

static void teardown(void)
{
    insn_cache_free(cache);
    fixture_free(f);
}

#define R ACCESS_READ
#define W ACCESS_WRITE

/* One fault: the code, the page and the access that the engine refused, and what
 * the guest must see. */
static const struct fault {
    const char *name;
    uint8_t code[8];
    uint32_t page;
    enum access access;
    uint32_t address;
    bool stack;
} FAULTS[] = {
    {"mov ecx, [eax]", "\x8b\x08", 0x10000000, R, 0x10000123, false},
    {"mov [eax+edx*4+0x10], cl", "\x88\x4c\x90\x10", 0x10000000, W, 0x10000233, false},
    {"mov ecx, [ebx], second page", "\x8b\x0b", 0x20001000, R, 0x20001000, false},
    {"mov ecx, [ebx], first page", "\x8b\x0b", 0x20000000, R, 0x20000ffe, false},
    {"mov [ebp-4], eax", "\x89\x45\xfc", 0x40000000, W, 0x400007fc, true},
    {"mov ds:[ebp-4], eax", "\x3e\x89\x45\xfc", 0x40000000, W, 0x400007fc, false},
    {"mov eax, ss:[eax]", "\x36\x8b\x00", 0x10000000, R, 0x10000123, true},
    {"mov eax, [0x12345678]", "\xa1\x78\x56\x34\x12", 0x12345000, R, 0x12345678, false},
    {"mov [bx+si], al", "\x67\x88\x40\x01", 0x00001000, W, 0x00001455, false},
    {"push eax, first page", "\x50", 0x30000000, W, 0x30000ffa, true},
    {"push [eax]: reads", "\xff\x30", 0x10000000, R, 0x10000123, false},
    {"push [eax]: writes", "\xff\x30", 0x30000000, W, 0x30000ffa, true},
    {"push 16 bits", "\x66\x50", 0x30000000, W, 0x30000ffc, true},
    {"pop eax, second page", "\x58", 0x30001000, R, 0x30001000, true},
    {"pop [esp+2]", "\x8f\x44\x24\x02", 0x30001000, W, 0x30001004, true},
    {"pop [eax]: reads", "\x8f\x00\x90", 0x30000000, R, 0x30000ffe, true},
    {"pushad", "\x60", 0x30000000, W, 0x30000fde, true},
    {"popad, second page", "\x61", 0x30001000, R, 0x30001000, true},
    {"call rel32", "\xe8\x11\x22\x33\x44", 0x30000000, W, 0x30000ffa, true},
    {"call [eax]: reads", "\xff\x10", 0x10000000, R, 0x10000123, false},
    {"call far [ebx]: second page", "\xff\x1b", 0x20001000, R, 0x20001000, false},
    {"call far: pushes", "\xff\x1b", 0x30000000, W, 0x30000ffa, true},
    {"a REP that means nothing", "\xf3\x66\xa1\x78\x56\x34\x12", 0x12345000, R, 0x12345678, false},
    {"ret", "\xc3", 0x30000000, R, 0x30000ffe, true},
    {"ret 8", "\xc2\x08", 0x30000000, R, 0x30000ffe, true},
    {"iret, second page", "\xcf", 0x30001000, R, 0x30001000, true},
    {"leave", "\xc9", 0x40000000, R, 0x40000800, true},
    {"enter 16, 0", "\xc8\x10\x00\x00", 0x30000000, W, 0x30000ffa, true},
    {"enter 16, 3: copies", "\xc8\x10\x00\x03", 0x40000000, R, 0x400007f8, true},
    {"pushf", "\x9c", 0x30000000, W, 0x30000ffa, true},
    {"rep movsd: reads", "\xf3\xa5", 0x50000000, R, 0x50000456, false},
    {"rep movsd: writes", "\xf3\xa5", 0x60000000, W, 0x60000789, false},
    {"ss: lodsb", "\x36\xac", 0x50000000, R, 0x50000456, true},
    {"stosb", "\xaa", 0x60000000, W, 0x60000789, false},
    {"repne scasb", "\xf2\xae", 0x60000000, R, 0x60000789, false},
    {"cmpsd, [edi]", "\xa7", 0x60000000, R, 0x60000789, false},
    {"insd", "\x6d", 0x60000000, W, 0x60000789, false},
    {"outsb", "\x6e", 0x50000000, R, 0x50000456, false},
    {"xlatb", "\xd7", 0x20001000, R, 0x20001021, false},
    {"cmpxchg8b [ebx], second page", "\x0f\xc7\x0b", 0x20001000, W, 0x20001000, false},
    {"lock cmpxchg [eax], ecx", "\xf0\x0f\xb1\x08", 0x10000000, W, 0x10000123, false},
    {"bts [ecx], eax", "\x0f\xab\x01", 0x02000000, W, 0x02000027, false},
    {"bt [eax], edx", "\x0f\xa3\x10", 0x10000000, R, 0x1000012b, false},
    {"bt [eax], 5", "\x0f\xba\x20\x05", 0x10000000, R, 0x10000123, false},
    {"fxsave [ebx-14], second page", "\x0f\xae\x43\xf2", 0x20001000, W, 0x20001000, false},
    {"fld tbyte [ebx-6]", "\xdb\x6b\xfa", 0x20001000, R, 0x20001000, false},
    {"fstp qword [eax]", "\xdd\x18", 0x10000000, W, 0x10000123, false},
    {"fnsave [ebx-94]", "\xdd\x73\xa2", 0x20001000, W, 0x20001000, false},
    {"movups xmm0, [ebx-12]", "\x0f\x10\x43\xf4", 0x20001000, R, 0x20001000, false},
    {"movdqa [eax], xmm1", "\x66\x0f\x7f\x08", 0x10000000, W, 0x10000123, false},
    {"movsd xmm0, [ebx-5]", "\xf2\x0f\x10\x43\xfb", 0x20001000, R, 0x20001000, false},
    {"movq [eax], mm0", "\x0f\x7f\x00", 0x10000000, W, 0x10000123, false},
    {"add [eax], ecx: reads", "\x01\x08", 0x10000000, R, 0x10000123, false},
    {"add [eax], ecx: writes", "\x01\x08", 0x10000000, W, 0x10000123, false},
    {"xchg [eax], ecx", "\x87\x08", 0x10000000, W, 0x10000123, false},
    {"mov fs, [eax]", "\x8e\x20", 0x10000000, R, 0x10000123, false},
    {"lss esp, [ebx-2]", "\x0f\xb2\x63\xfe", 0x20001000, R, 0x20001000, false},
    {"an address that wraps", "\x8b\x80\xff\xff\xff\xef", 0x00000000, R, 0x00000122, false},
};

START_TEST(address_of_operand)
{
    const struct fault *t = &FAULTS[_i];
    uint32_t address = 0;
    code_at(code_page, t->code, sizeof t->code);
    ck_assert_msg(insn_fault_address(cache, f->v, t->page, t->access, &address), "%s: not found", t->name);
    ck_assert_msg(address == t->address, "%s: %#x, not %#x", t->name, address, t->address);
    ck_assert_msg(insn_stack_access(cache, f->v, t->page, t->access) == t->stack, "%s: stack", t->name);
}
END_TEST

START_TEST(fetch_over_page_end)
{
    uint32_t address;
    code_at(code_page + 0xffe, "\xb8\x01\x02", 3);
    ck_assert(insn_fault_address(cache, f->v, code_page + 0x1000, ACCESS_FETCH, &address));
    ck_assert_uint_eq(address, code_page + 0x1000);
    vcpu_regs_mut(f->v)->eip = 0x00700123;
    ck_assert(insn_fault_address(cache, f->v, 0x00700000, ACCESS_FETCH, &address));
    ck_assert_uint_eq(address, 0x00700123);
    ck_assert_ptr_null(insn_at(cache, f->v));
}
END_TEST

START_TEST(unknown_operand_is_page)
{
    uint32_t address;
    CODE_AT(code_page, "\x90\x90\x90");
    ck_assert(!insn_fault_address(cache, f->v, 0x77777123, ACCESS_READ, &address));
    ck_assert_uint_eq(address, 0x77777000);
}
END_TEST

/* A base in FS: glibc's thread pointer with a negative offset. */
START_TEST(segment_base)
{
    struct regs *r = vcpu_regs_mut(f->v);
    uint32_t address;
    uint32_t gdt = fx_alloc(f);
    /* base 0x08049120, flat limit, data, DPL 3 */
    ((uint64_t *)fx_page(f, gdt))[6] = 0x08CFF2049120FFFFull;
    f->v->gdt[0] = fx_mfn(f, gdt);
    f->v->gdt_entries = 512;
    r->gs = 6 << 3 | 3;
    code_at(code_page, "\x65\xa1\xf0\xff\xff\xff", 6); /* mov eax, gs:[-16] */
    ck_assert(insn_fault_address(cache, f->v, 0x08049000, ACCESS_READ, &address));
    ck_assert_uint_eq(address, 0x08049110);
}
END_TEST

START_TEST(cache_sees_new_bytes)
{
    CODE_AT(code_page, "\x8b\x08\x90\x90");
    ck_assert_uint_eq(insn_at(cache, f->v)->length, 2);
    ck_assert_uint_eq(insn_at(cache, f->v)->length, 2);
    CODE_AT(code_page, "\x8b\x48\x10\x90");
    ck_assert_uint_eq(insn_at(cache, f->v)->length, 3);
    CODE_AT(code_page, "\x0f\x04\xff\xff");
    ck_assert_uint_eq(insn_at(cache, f->v)->length, 0);
}
END_TEST

START_TEST(prefixes_and_opcode)
{
    code_at(code_page, "\x66\xf3\x65\x6d", 4);
    const struct insn *in = insn_at(cache, f->v);
    ck_assert_uint_eq(in->prefixes, 3);
    ck_assert_uint_eq(in->operand_size, 2);
    ck_assert_uint_eq(in->address_size, 4);
    ck_assert(in->rep && !in->repne && !in->lock);
    ck_assert_int_eq(in->override, SEG_GS);
    ck_assert_uint_eq(in->opcode, 0x6d);
    code_at(code_page, "\x0f\x22\xd8", 3); /* mov cr3, eax */
    in = insn_at(cache, f->v);
    ck_assert_uint_eq(in->opcode, 0x0f22);
    ck_assert_uint_eq(insn_modrm_reg(in), 3);
    ck_assert_uint_eq(in->nr_operands, 0);
}
END_TEST

/* 16-bit code: the descriptor's D bit is clear. */
START_TEST(code_of_16_bits)
{
    struct regs *r = vcpu_regs_mut(f->v);
    uint32_t address, gdt = fx_alloc(f);
    code_at(code_page + 0x20, "\x8b\x40\x02", 3); /* mov ax, [bx+si+2] */
    /* limit 64 KiB, code, DPL 1 */
    ((uint64_t *)fx_page(f, gdt))[6] =
        0x0000BA000000FFFFull | (uint64_t)(code_page & 0xFFFFFFu) << 16 | (uint64_t)(code_page >> 24) << 56;
    f->v->gdt[0] = fx_mfn(f, gdt);
    f->v->gdt_entries = 512;
    r->cs = 6 << 3 | 1;
    r->eip = 0x20;
    ck_assert(insn_fault_address(cache, f->v, 0x1000, ACCESS_READ, &address));
    ck_assert_uint_eq(address, 0x1456);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("insn");
    TCase *tc = tcase_create("insn");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, address_of_operand, 0, G_N_ELEMENTS(FAULTS));
    tcase_add_test(tc, fetch_over_page_end);
    tcase_add_test(tc, unknown_operand_is_page);
    tcase_add_test(tc, segment_base);
    tcase_add_test(tc, cache_sees_new_bytes);
    tcase_add_test(tc, prefixes_and_opcode);
    tcase_add_test(tc, code_of_16_bits);
    suite_add_tcase(s, tc);
    return fx_main(s);
}
