/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_privop.c - privileged instructions as each Xen answers them
 * (docs/xen-abi.md 7.2, 12.2, 13).
 */
#include "dispatch/traps.h"
#include "emu/privop.h"
#include "fixture.h"

static struct fixture *f;
static struct insn_cache *cache;
static struct privop *p;
static uint32_t code_page;

static void begin(enum ring1_abi abi, enum ring1_xen xen)
{
    f = fixture_new(abi, xen);
    cache = insn_cache_new();
    p = privop_new(cache, cpu_model_find(NULL));
    code_page = fx_va(f, fx_alloc(f)).va;
}

static void end(void)
{
    fx_recount(f);
    privop_free(p);
    insn_cache_free(cache);
    fixture_free(f);
}

static struct regs *regs(void)
{
    return vcpu_regs_mut(f->v);
}

/* Emulate the instruction; EIP must have moved by its length just when done. */
static enum privop_result run(const void *code, uint32_t len)
{
    ck_assert_int_eq(guest_write(f->v, GVA(code_page), code, len), 0);
    regs()->eip = code_page;
    enum privop_result result = privop_emulate(p, f->v);
    ck_assert_uint_eq(regs()->eip, code_page + (result == PRIVOP_DONE ? len : 0));
    return result;
}
#define RUN(bytes) run(bytes, sizeof(bytes) - 1)

#define CLI      "\xfa"
#define STI      "\xfb"
#define CLTS     "\x0f\x06"
#define WBINVD   "\x0f\x09"
#define RDMSR    "\x0f\x32"
#define WRMSR    "\x0f\x30"
#define FROM_CR0 "\x0f\x20\xc0"
#define FROM_CR2 "\x0f\x20\xd1" /* to ECX */
#define FROM_CR3 "\x0f\x20\xd8"
#define FROM_CR4 "\x0f\x20\xe0"
#define TO_CR0   "\x0f\x22\xc0"
#define TO_CR2   "\x0f\x22\xd0"
#define TO_CR3   "\x0f\x22\xd8"
#define TO_CR4   "\x0f\x22\xe0"
#define FROM_DR7 "\x0f\x21\xf8"
#define TO_DR7   "\x0f\x23\xf8"
#define TO_DR4   "\x0f\x23\xe0"

static const struct pair {
    enum ring1_abi abi;
    enum ring1_xen xen;
} PAIRS[] = {
    {RING1_ABI_XEN_3_0, RING1_XEN_3_0_0},     {RING1_ABI_XEN_3_0, RING1_XEN_3_0_4},
    {RING1_ABI_XEN_3_0, RING1_XEN_3_2},       {RING1_ABI_XEN_3_0_PAE, RING1_XEN_3_0_0},
    {RING1_ABI_XEN_3_0_PAE, RING1_XEN_3_0_4}, {RING1_ABI_XEN_3_0_PAE, RING1_XEN_3_2},
    {RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17},
};

static void begin_pair(int i)
{
    begin(PAIRS[i].abi, PAIRS[i].xen);
}

START_TEST(nothing_in_2_0)
{
    begin(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    f->v->iopl = 3;
    ck_assert_int_eq(RUN(CLI), PRIVOP_NOT);
    ck_assert_int_eq(RUN(FROM_CR0), PRIVOP_NOT);
    ck_assert_int_eq(RUN(CLTS), PRIVOP_NOT);
    ck_assert_int_eq(RUN(RDMSR), PRIVOP_NOT);
    regs()->eip = code_page;
    ck_assert(!privop_forced(p, f->v));
    end();
}
END_TEST

START_TEST(never_emulated)
{
    begin_pair(_i);
    ck_assert_int_eq(RUN("\xf4"), PRIVOP_NOT);         /* hlt */
    ck_assert_int_eq(RUN("\x0f\x01\x10"), PRIVOP_NOT); /* lgdt */
    ck_assert_int_eq(RUN("\x0f\x01\xf0"), PRIVOP_NOT); /* lmsw */
    ck_assert_int_eq(RUN("\x0f\x01\x38"), PRIVOP_NOT); /* invlpg */
    ck_assert_int_eq(RUN("\x0f\x00\xd0"), PRIVOP_NOT); /* lldt */
    ck_assert_int_eq(RUN("\x0f\x08"), PRIVOP_NOT);     /* invd */
    ck_assert_int_eq(RUN("\x0f\x33"), PRIVOP_NOT);     /* rdpmc */
    ck_assert_int_eq(RUN("\x8b\x00"), PRIVOP_NOT);     /* mov: beyond a segment */
    end();
}
END_TEST

/* The CPU itself refuses LOCK, before anybody looks at privilege. */
START_TEST(lock_is_ud)
{
    static const struct {
        const char *code;
        uint32_t len;
        bool ud;
    } rows[] = {{"\xf0" FROM_CR0, 4, true},
                {"\xf0\xec", 2, true},
                {"\xf0" CLI, 2, true},
                {"\xf0\x0f\x01\x10", 4, true}, /* lgdt */
                {"\xf0\x01\x00", 3, false}};   /* add: beyond a segment */
    begin_pair(_i);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        f->v->traps[TRAP_invalid_op] = (struct trap_gate){.address = 0xC0001234, .cs = f->abi->kernel_cs};
        ck_assert_int_eq(guest_write(f->v, GVA(code_page), rows[i].code, rows[i].len), 0);
        regs()->eip = code_page;
        ck_assert_int_eq(privop_emulate(p, f->v), rows[i].ud ? PRIVOP_DONE : PRIVOP_NOT);
        ck_assert_uint_eq(regs()->eip, rows[i].ud ? 0xC0001234 : code_page);
    }
    end();
}
END_TEST

START_TEST(cli_sti_by_iopl)
{
    begin_pair(_i);
    uint8_t *mask = vcpu_info(f->v) + 1;
    *mask = 0;
    ck_assert_int_eq(RUN(CLI), PRIVOP_FAULT);
    f->v->iopl = 1;
    ck_assert_int_eq(RUN(CLI), PRIVOP_DONE);
    ck_assert_uint_eq(*mask, 0);
    *mask = 1;
    ck_assert_int_eq(RUN(STI), PRIVOP_DONE);
    ck_assert_uint_eq(*mask, 1);
    end();
}
END_TEST

/* Ring 3 needs a virtual IOPL of 3, and has nothing but CLI, STI and ports. */
START_TEST(ring_3)
{
    begin_pair(_i);
    /* the fixture's pages are ring 1's: let ring 3 have the code */
    ck_assert_int_eq(fx_map(f, GVA(code_page), fx_pte(f, GVA(code_page)) | PTE_US), 0);
    uint32_t l2 = pt_index(f->abi, GVA(code_page), 2);
    ck_assert(pte_read(f->d, f->l2, l2) & PTE_US);
    regs()->cs = f->abi->user_cs;
    f->v->iopl = 1;
    ck_assert_int_eq(RUN(CLI), PRIVOP_FAULT);
    f->v->iopl = 3;
    ck_assert_int_eq(RUN(CLI), PRIVOP_DONE);
    ck_assert_int_eq(RUN(CLTS), PRIVOP_NOT);
    ck_assert_int_eq(RUN(FROM_CR0), PRIVOP_NOT);
    ck_assert_int_eq(RUN(RDMSR), PRIVOP_NOT);
    ck_assert_int_eq(RUN(WBINVD), PRIVOP_NOT);
    end();
}
END_TEST

START_TEST(task_switched)
{
    begin_pair(_i);
    bool bare = PAIRS[_i].xen == RING1_XEN_3_0_0;
    f->v->ts = true;
    ck_assert_int_eq(RUN(FROM_CR0), PRIVOP_DONE);
    ck_assert_uint_eq(regs()->eax, bare ? 8 : 0x8005003b);
    ck_assert_int_eq(RUN(CLTS), PRIVOP_DONE);
    ck_assert(!f->v->ts);
    ck_assert_int_eq(RUN(FROM_CR0), PRIVOP_DONE);
    ck_assert_uint_eq(regs()->eax, bare ? 0 : 0x80050033);
    regs()->eax = 0x8005003b;
    ck_assert_int_eq(RUN(TO_CR0), PRIVOP_DONE);
    ck_assert(f->v->ts);
    regs()->eax = 0x11;
    ck_assert_int_eq(RUN(TO_CR0), bare ? PRIVOP_DONE : PRIVOP_FAULT);
    ck_assert_int_eq(RUN(WBINVD), PRIVOP_DONE);
    end();
}
END_TEST

START_TEST(fault_address)
{
    begin_pair(_i);
    f->v->cr2 = 0xd0000000;
    ck_assert_int_eq(RUN(FROM_CR2), PRIVOP_DONE);
    ck_assert_uint_eq(regs()->ecx, 0xd0000000);
    regs()->eax = 0x1234;
    ck_assert_int_eq(RUN(TO_CR2), PRIVOP_DONE);
    ck_assert_uint_eq(f->v->cr2, 0x1234);
    ck_assert_uint_eq(*(uint32_t *)(vcpu_info(f->v) + 8), 0x1234);
    end();
}
END_TEST

/* CR3 holds a machine frame; a bad one is each Xen's own story (12.2). */
START_TEST(top_level_table)
{
    begin_pair(_i);
    ck_assert_int_eq(RUN(FROM_CR3), PRIVOP_DONE);
    ck_assert_uint_eq(regs()->eax, f->top.mfn << 12);
    ck_assert_int_eq(RUN(TO_CR3), PRIVOP_DONE);
    ck_assert_uint_eq(f->v->cr3.mfn, f->top.mfn);
    ck_assert(f->d->s.attention & ATTN_FLUSH);
    regs()->eax = FX_BEYOND << 12;
    switch (PAIRS[_i].xen) {
    case RING1_XEN_3_0_0:
        ck_assert_int_eq(RUN(TO_CR3), PRIVOP_DONE);
        break;
    case RING1_XEN_3_0_4:
        ck_assert_int_eq(guest_write(f->v, GVA(code_page), TO_CR3, 3), 0);
        regs()->eip = code_page;
        privop_emulate(p, f->v);
        ck_assert(f->d->s.crashed);
        break;
    default:
        ck_assert_int_eq(RUN(TO_CR3), PRIVOP_FAULT);
        break;
    }
    ck_assert_uint_eq(f->v->cr3.mfn, f->top.mfn);
    end();
}
END_TEST

START_TEST(control_register_4)
{
    begin_pair(_i);
    uint32_t view = (PAIRS[_i].abi == RING1_ABI_XEN_3_0_PAE ? 0x620 : 0x600) |
                    (PAIRS[_i].xen >= RING1_XEN_4_17 ? 0x40 : 0);
    ck_assert_int_eq(RUN(FROM_CR4), PRIVOP_DONE);
    ck_assert_uint_eq(regs()->eax, view);
    /* what it has read, a guest may write */
    ck_assert_int_eq(RUN(TO_CR4), PAIRS[_i].xen > RING1_XEN_3_0_0 ? PRIVOP_DONE : PRIVOP_FAULT);
    regs()->eax = view | 0x98; /* PGE, PSE, DE */
    if (PAIRS[_i].xen < RING1_XEN_3_2) {
        ck_assert_int_eq(RUN(TO_CR4), PRIVOP_FAULT);
    } else {
        ck_assert_int_eq(RUN(TO_CR4), PRIVOP_DONE);
        ck_assert_int_eq(RUN(FROM_CR4), PRIVOP_DONE);
        ck_assert_uint_eq(regs()->eax, view | 0x8);
    }
    end();
}
END_TEST

START_TEST(debug_registers)
{
    begin_pair(_i);
    regs()->eax = 0x400;
    ck_assert_int_eq(RUN(TO_DR7), PRIVOP_DONE);
    regs()->eax = 0;
    ck_assert_int_eq(RUN(FROM_DR7), PRIVOP_DONE);
    ck_assert_uint_eq(regs()->eax, 0x400);
    regs()->eax = 0x2000; /* GD */
    ck_assert_int_eq(RUN(TO_DR7), PRIVOP_FAULT);
    end();
}
END_TEST

START_TEST(no_such_register_is_ud_in_4_17)
{
    begin(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    f->v->traps[TRAP_invalid_op] = (struct trap_gate){.address = 0xC0001234, .cs = f->abi->kernel_cs};
    f->v->cr4 = 0x8; /* DE: no DR4 */
    ck_assert_int_eq(guest_write(f->v, GVA(code_page), TO_DR4, 3), 0);
    regs()->eip = code_page;
    ck_assert_int_eq(privop_emulate(p, f->v), PRIVOP_DONE);
    ck_assert_uint_eq(regs()->eip, 0xC0001234);
    ck_assert_uint_eq(fx_get(f, GVA(regs()->esp)), code_page);
    end();
}
END_TEST

/* --- ports ------------------------------------------------------------------------ */

START_TEST(ports_read_ones)
{
    begin_pair(_i);
    regs()->eax = 0x12345678;
    regs()->edx = 0x3f8;
    ck_assert_int_eq(RUN("\xec"), PRIVOP_FAULT);
    f->v->iopl = 1;
    ck_assert_int_eq(RUN("\xec"), PRIVOP_DONE); /* in al, dx */
    ck_assert_uint_eq(regs()->eax, 0x123456ff);
    ck_assert_int_eq(RUN("\x66\xed"), PRIVOP_DONE); /* in ax, dx */
    ck_assert_uint_eq(regs()->eax, 0x1234ffff);
    ck_assert_int_eq(RUN("\xe5\x80"), PRIVOP_DONE); /* in eax, 0x80 */
    ck_assert_uint_eq(regs()->eax, 0xffffffff);
    ck_assert_int_eq(RUN("\xe6\x80"), PRIVOP_DONE); /* out 0x80, al */
    ck_assert_int_eq(RUN("\xef"), PRIVOP_DONE);     /* out dx, eax */
    end();
}
END_TEST

START_TEST(bitmap_allows_a_port)
{
    begin_pair(_i);
    uint8_t bits[32];
    memset(bits, 0xff, sizeof bits);
    bits[0x80 >> 3] = 0xfe; /* 0x80 alone */
    f->v->iobitmap = fx_put(f, bits, sizeof bits).va;
    f->v->iobitmap_ports = 0x84;
    ck_assert_int_eq(RUN("\xe4\x80"), PRIVOP_DONE);
    ck_assert_int_eq(RUN("\xe4\x81"), PRIVOP_FAULT);
    ck_assert_int_eq(RUN("\xe5\x80"), PRIVOP_FAULT); /* four ports */
    f->v->iobitmap_ports = 0x80;
    ck_assert_int_eq(RUN("\xe4\x80"), PRIVOP_FAULT);
    end();
}
END_TEST

START_TEST(latches_of_4_17)
{
    begin(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    f->v->iopl = 1;
    regs()->edx = 0xcf8;
    regs()->eax = 0x80001234;
    ck_assert_int_eq(RUN("\xef"), PRIVOP_DONE);
    regs()->eax = 0;
    ck_assert_int_eq(RUN("\xed"), PRIVOP_DONE);
    ck_assert_uint_eq(regs()->eax, 0x80001234);
    regs()->edx = 0xcfc;
    ck_assert_int_eq(RUN("\xed"), PRIVOP_DONE);
    ck_assert_uint_eq(regs()->eax, 0xffffffff);
    end();
}
END_TEST

START_TEST(string_of_ports)
{
    begin_pair(_i);
    uint32_t data = fx_va(f, fx_alloc(f)).va;
    f->v->iopl = 1;
    regs()->es = regs()->ds = f->abi->kernel_ds;
    regs()->edx = 0x1f0;
    regs()->ecx = 3;
    regs()->edi = data + 0x10;
    ck_assert_int_eq(RUN("\xf3\x66\x6d"), PRIVOP_DONE); /* rep insw */
    ck_assert_uint_eq(regs()->ecx, 0);
    ck_assert_uint_eq(regs()->edi, data + 0x16);
    ck_assert_uint_eq(fx_get(f, GVA(data + 0x10)), 0xffffffff);
    ck_assert_uint_eq(fx_get(f, GVA(data + 0x14)), 0x0000ffff);
    regs()->eflags |= 0x400; /* DF */
    regs()->esi = data + 0x20;
    ck_assert_int_eq(RUN("\x6f"), PRIVOP_DONE); /* outsd */
    ck_assert_uint_eq(regs()->esi, data + 0x1c);
    regs()->ecx = 0;
    ck_assert_int_eq(RUN("\xf3\x6e"), PRIVOP_DONE); /* rep outsb, no turn */
    ck_assert_uint_eq(regs()->esi, data + 0x1c);
    end();
}
END_TEST

/* A long one stops in between, and goes on when it is executed again. */
START_TEST(string_of_ports_is_bounded)
{
    begin_pair(_i);
    f->v->iopl = 1;
    regs()->ds = f->abi->kernel_ds;
    regs()->ecx = 0xffffffff;
    regs()->eflags |= 0x400;
    regs()->esi = code_page + 0x800;
    ck_assert_int_eq(guest_write(f->v, GVA(code_page), "\xf3\x6e", 2), 0);
    regs()->eip = code_page;
    ck_assert_int_eq(privop_emulate(p, f->v), PRIVOP_DONE);
    ck_assert_uint_eq(regs()->eip, code_page);
    ck_assert_uint_lt(regs()->ecx, 0xffffffff);
    ck_assert_uint_eq(code_page + 0x800 - regs()->esi, 0xffffffff - regs()->ecx);
    end();
}
END_TEST

/* The element that cannot be reached is a page fault; those before it are done. */
START_TEST(string_of_ports_faults)
{
    begin_pair(_i);
    uint32_t data = fx_va(f, fx_alloc(f)).va, after = data + RING1_PAGE_SIZE;
    fx_alloc(f);
    ck_assert_int_eq(fx_map(f, GVA(after), 0), 0);
    f->v->traps[TRAP_page_fault] = (struct trap_gate){.address = 0xC0001234, .cs = f->abi->kernel_cs};
    f->v->iopl = 1;
    regs()->es = f->abi->kernel_ds;
    regs()->ecx = 9;
    regs()->edi = after - 2;
    ck_assert_int_eq(guest_write(f->v, GVA(code_page), "\xf3\x6c", 2), 0); /* rep insb */
    regs()->eip = code_page;
    ck_assert_int_eq(privop_emulate(p, f->v), PRIVOP_DONE);
    ck_assert_uint_eq(regs()->eip, 0xC0001234);
    ck_assert_uint_eq(regs()->ecx, 7);
    ck_assert_uint_eq(regs()->edi, after);
    ck_assert_uint_eq(f->v->cr2, after);
    ck_assert_uint_eq(fx_get(f, GVA(regs()->esp)), PF_WRITE);
    ck_assert_uint_eq(fx_get(f, GVA(regs()->esp + 4)), code_page);
    end();
}
END_TEST

/* --- model-specific registers --------------------------------------------------------- */

START_TEST(model_specific)
{
    begin_pair(_i);
    bool new = PAIRS[_i].xen >= RING1_XEN_4_17;
    f->v->traps[TRAP_gp_fault] = (struct trap_gate){.address = 0xC0001234, .cs = f->abi->kernel_cs};
    regs()->ecx = 0x1b;
    ck_assert_int_eq(RUN(RDMSR), PRIVOP_DONE);
    ck_assert_uint_eq(regs()->eax, 0xfee00900);
    ck_assert_uint_eq(regs()->edx, 0);
    regs()->ecx = 0x10;
    f->now = 0x123456789ull;
    ck_assert_int_eq(RUN(RDMSR), PRIVOP_DONE);
    ck_assert_uint_eq(regs()->eax, 0x23456789);
    ck_assert_uint_eq(regs()->edx, 1);
    regs()->ecx = 0xfe;
    ck_assert_int_eq(RUN(RDMSR), new ? PRIVOP_FAULT : PRIVOP_DONE);
    regs()->ecx = 0xdeadbeef;
    ck_assert_int_eq(RUN(RDMSR), PRIVOP_FAULT);
    ck_assert_int_eq(RUN(WRMSR), new ? PRIVOP_FAULT : PRIVOP_DONE);
    regs()->ecx = 0xc0000080;
    ck_assert_int_eq(RUN(RDMSR), PRIVOP_DONE);
    ck_assert_int_eq(RUN(WRMSR), PRIVOP_DONE);
    regs()->eax ^= 1;
    ck_assert_int_eq(RUN(WRMSR), new ? PRIVOP_FAULT : PRIVOP_DONE);
    end();
}
END_TEST

START_TEST(unreadable_is_zero_before_a_handler)
{
    begin(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    regs()->ecx = 0xfe;
    regs()->eax = 0x55;
    ck_assert_int_eq(RUN(RDMSR), PRIVOP_DONE);
    ck_assert_uint_eq(regs()->eax, 0);
    regs()->ecx = 0xdeadbeef;
    ck_assert_int_eq(RUN(RDMSR), PRIVOP_FAULT);
    end();
}
END_TEST

START_TEST(hypercall_page)
{
    begin_pair(_i);
    uint32_t pfn = fx_alloc(f);
    uint8_t *page = fx_page(f, pfn);
    memset(page, 0x77, RING1_PAGE_SIZE);
    regs()->ecx = 0x40000000;
    regs()->edx = 0;
    regs()->eax = fx_mfn(f, pfn).mfn << 12;
    ck_assert_int_eq(RUN(WRMSR), PRIVOP_DONE);
    if (PAIRS[_i].xen == RING1_XEN_3_0_0) { /* it came later */
        ck_assert_uint_eq(page[0], 0x77);
    } else {
        ck_assert_mem_eq(page + 13 * 32, "\xb8\x0d\0\0\0\xcd\x82\xc3", 8);
        ck_assert_mem_eq(page + 23 * 32, "\x50\xb8\x17\0\0\0\xcd\x82", 8);
        ck_assert_uint_eq(page[13 * 32 + 8], PAIRS[_i].xen >= RING1_XEN_3_2 ? 0xcc : 0x77);
        regs()->eax |= 1; /* there is one page */
        ck_assert_int_eq(RUN(WRMSR), PRIVOP_FAULT);
        regs()->eax = f->l1.mfn << 12; /* a page table is no place for code */
        ck_assert_int_eq(RUN(WRMSR), PRIVOP_FAULT);
        regs()->eax = f->xen_frame.mfn << 12;
        ck_assert_int_eq(RUN(WRMSR), PRIVOP_FAULT);
        regs()->eax = 0;
        regs()->edx = 0x100000;
        ck_assert_int_eq(RUN(WRMSR), PRIVOP_FAULT);
    }
    end();
}
END_TEST

/* --- CPUID and single steps ------------------------------------------------------------ */

#define FORCED_CPUID "\x0f\x0bxen\x0f\xa2"

START_TEST(forced_prefix)
{
    begin_pair(_i);
    bool there = PAIRS[_i].xen >= RING1_XEN_3_0_4;
    ck_assert_int_eq(guest_write(f->v, GVA(code_page), FORCED_CPUID, 7), 0);
    regs()->eip = code_page;
    regs()->eax = 0x40000000;
    ck_assert_int_eq(privop_forced(p, f->v), there);
    if (there) {
        ck_assert_uint_eq(regs()->eip, code_page + 7);
        ck_assert_uint_eq(regs()->eax, PAIRS[_i].xen >= RING1_XEN_4_17 ? 0x40000005 : 0x40000002);
        ck_assert_uint_eq(regs()->ebx, 0x566e6558);
        ck_assert_uint_eq(regs()->ecx, 0x65584d4d);
        ck_assert_uint_eq(regs()->edx, 0x4d4d566e);
    }
    /* nothing but CPUID may follow, and a bare ud2 is one */
    ck_assert_int_eq(guest_write(f->v, GVA(code_page), "\x0f\x0bxen\x0f\x31\x90\x90", 9), 0);
    regs()->eip = code_page;
    ck_assert(!privop_forced(p, f->v));
    ck_assert_int_eq(guest_write(f->v, GVA(code_page), "\x0f\x0bxeN\x0f\xa2", 7), 0);
    ck_assert(!privop_forced(p, f->v));
    ck_assert_uint_eq(regs()->eip, code_page);
    end();
}
END_TEST

static bool rdmsr(uint32_t nr, uint64_t *value)
{
    regs()->ecx = nr;
    regs()->eax = regs()->edx = 0x77;
    if (RUN(RDMSR) != PRIVOP_DONE)
        return false;
    *value = regs()->eax | (uint64_t)regs()->edx << 32;
    return true;
}

static bool wrmsr(uint32_t nr, uint64_t value)
{
    regs()->ecx = nr;
    regs()->eax = (uint32_t)value;
    regs()->edx = (uint32_t)(value >> 32);
    return RUN(WRMSR) == PRIVOP_DONE;
}

/* Registers that 4.17 makes up itself: what is read, what a write may be, and what
 * is read after it. */
START_TEST(registers_of_4_17)
{
    static const struct {
        uint32_t nr;
        uint64_t value, write;
        bool written;
        uint64_t after;
    } rows[] = {{0, 0, 0, false, 0},
                {0x3A, 1, 1, false, 1},
                {0x8B, 0x10700000000, 0, true, 0x10700000000},
                {0x8B, 0x10700000000, 1, false, 0x10700000000},
                {0xCE, 0x80000000, 0x80000000, false, 0x80000000},
                {0x140, 0, 2, false, 0},
                {0x140, 0, 1, true, 1},
                {0x140, 1, 0, true, 0},
                {0x179, 0x1000C02, 5, true, 0x1000C02},
                {0x17A, 0, 5, true, 5},
                {0x281, 0, 0x40000001, true, 0x40000001},
                {0x282, 0, 1, true, 0},
                {0x400, UINT64_MAX, 1, true, UINT64_MAX},
                {0x401, 0, 1, false, 0},
                {0x401, 0, 0, true, 0},
                {0x410, 0, 1, true, 0},
                {0xC001001F, 0, 1, true, 0}};
    uint64_t value;
    begin(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    f->v->traps[TRAP_gp_fault].address = 1;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        ck_assert(rdmsr(rows[i].nr, &value));
        ck_assert_uint_eq(value, rows[i].value);
        ck_assert_int_eq(wrmsr(rows[i].nr, rows[i].write), rows[i].written);
        ck_assert(rdmsr(rows[i].nr, &value));
        ck_assert_uint_eq(value, rows[i].after);
    }
    ck_assert(!rdmsr(0x4D0, &value));
    ck_assert(!rdmsr(0xE7, &value) && wrmsr(0xE7, 1));
    end();
}
END_TEST

/* Each model shows what its name promises and no more. */
START_TEST(models_of_cpuid)
{
    static const struct {
        const char *name;
        uint32_t eax;
        bool sse, sse2, ssse3;
    } rows[] = {{"atom", 0x000106CA, true, true, true},
                {"pentium-m", 0x000006D8, true, true, false},
                {"pentium3", 0x0000068A, true, false, false},
                {"pentium2", 0x00000652, false, false, false}};
    begin_pair(_i);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct privop *other = privop_new(NULL, cpu_model_find(rows[i].name));
        uint32_t r[4] = {1}, ext[4] = {0x80000001};
        privop_cpuid(other, f->v, r, false);
        privop_cpuid(other, f->v, ext, false);
        ck_assert_uint_eq(r[0], rows[i].eax);
        ck_assert_int_eq((r[3] >> 25) & 1, rows[i].sse);
        ck_assert_int_eq((r[3] >> 26) & 1, rows[i].sse2);
        ck_assert_int_eq((r[2] >> 9) & 1, rows[i].ssse3);
        if (!rows[i].ssse3)
            ck_assert_uint_eq(ext[3] & 1u << 20, 0);
        privop_free(other);
    }
    ck_assert_ptr_null(cpu_model_find("486"));
    end();
}
END_TEST

START_TEST(views_of_cpuid)
{
    begin_pair(_i);
    uint32_t plain[4] = {1}, forced[4] = {1}, nx[4] = {0x80000001}, xen[4] = {0x40000000};
    bool filtered = PAIRS[_i].xen >= RING1_XEN_4_17;
    privop_cpuid(p, f->v, plain, false);
    privop_cpuid(p, f->v, forced, true);
    ck_assert_uint_eq(forced[3] & 0x0002300a, 0);                          /* VME PSE MTRR PGE PSE36 */
    ck_assert_uint_eq(forced[3] >> 2 & 1, PAIRS[_i].xen >= RING1_XEN_3_2); /* DE */
    ck_assert_uint_eq(plain[3] >> 2 & 1, 1);
    ck_assert_uint_eq(forced[2] >> 31, filtered);
    ck_assert_uint_eq(plain[2] >> 31, filtered);
    ck_assert_uint_eq((plain[3] >> 3) & 1, !filtered);
    ck_assert_uint_eq(forced[3] & 0x07008171, 0x07008171); /* what every kernel wants */
    privop_cpuid(p, f->v, nx, false);
    ck_assert_uint_eq(nx[3] >> 20 & 1, f->abi->levels == 3);
    privop_cpuid(p, f->v, xen, false);
    ck_assert_uint_eq(xen[1], filtered ? 0x566e6558 : 0);
    /* a leaf beyond all is zero */
    uint32_t beyond[4] = {0x12345678, 1, 2, 3};
    privop_cpuid(p, f->v, beyond, true);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(beyond[i], 0);
    end();
}
END_TEST

START_TEST(single_step)
{
    begin_pair(_i);
    f->v->traps[TRAP_debug] = (struct trap_gate){.address = 0xC0001234, .cs = f->abi->kernel_cs};
    regs()->eflags |= EFLAGS_TF;
    ck_assert_int_eq(guest_write(f->v, GVA(code_page), CLTS, 2), 0);
    regs()->eip = code_page;
    ck_assert_int_eq(privop_emulate(p, f->v), PRIVOP_DONE);
    if (PAIRS[_i].xen >= RING1_XEN_4_17) {
        ck_assert_uint_eq(regs()->eip, 0xC0001234);
        ck_assert_uint_eq(fx_get(f, GVA(regs()->esp)), code_page + 2);
        ck_assert_uint_eq(f->v->dr[6] & 0x4000, 0x4000);
    } else {
        ck_assert_uint_eq(regs()->eip, code_page + 2);
    }
    end();
}
END_TEST

/* --- who looks on ------------------------------------------------------------------ */

static char told_text[64];
static struct ring1_event told;
static unsigned times;

static void on_event(G_GNUC_UNUSED void *user, G_GNUC_UNUSED struct vcpu *v, const struct ring1_event *e)
{
    told = *e;
    g_strlcpy(told_text, e->emulated.text, sizeof told_text);
    times++;
}

START_TEST(what_was_emulated_is_told)
{
    struct tap tap = {.event = on_event, .events = RING1_EVENT_BIT(RING1_EVENT_EMULATED)};
    const struct ring1_emulated_event *x = &told.emulated;
    begin(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    f->d->tap = &tap;
    times = 0;
    regs()->eax = 7;
    ck_assert_int_eq(RUN(CLTS), PRIVOP_DONE);
    ck_assert(times == 1 && told.kind == RING1_EVENT_EMULATED && told.ring == 1 && told.eip == code_page);
    ck_assert_str_eq(told_text, "clts");
    ck_assert(x->length == 2 && memcmp(x->bytes, CLTS, 2) == 0);
    ck_assert_mem_eq(x->before, x->after, sizeof x->before);
    ck_assert_int_eq(RUN("\x0f\x20\xc0"), PRIVOP_DONE); /* mov %cr0, %eax */
    ck_assert_str_eq(told_text, "movl %cr0, %eax");
    ck_assert(x->before[0] == 7 && x->after[0] == 0x80050033 && times == 2);
    ck_assert_int_eq(RUN(CLI), PRIVOP_FAULT); /* by the IOPL */
    ck_assert_uint_eq(times, 2);
    end();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("privop");
    TCase *tc = tcase_create("privop");
    tcase_add_test(tc, nothing_in_2_0);
    const int n = G_N_ELEMENTS(PAIRS);
    tcase_add_loop_test(tc, never_emulated, 0, n);
    tcase_add_loop_test(tc, lock_is_ud, 0, n);
    tcase_add_loop_test(tc, cli_sti_by_iopl, 0, n);
    tcase_add_loop_test(tc, ring_3, 0, n);
    tcase_add_loop_test(tc, task_switched, 0, n);
    tcase_add_loop_test(tc, fault_address, 0, n);
    tcase_add_loop_test(tc, top_level_table, 0, n);
    tcase_add_loop_test(tc, control_register_4, 0, n);
    tcase_add_loop_test(tc, debug_registers, 0, n);
    tcase_add_test(tc, no_such_register_is_ud_in_4_17);
    tcase_add_loop_test(tc, ports_read_ones, 0, n);
    tcase_add_loop_test(tc, bitmap_allows_a_port, 0, n);
    tcase_add_test(tc, latches_of_4_17);
    tcase_add_loop_test(tc, string_of_ports, 0, n);
    tcase_add_loop_test(tc, string_of_ports_is_bounded, 0, n);
    tcase_add_loop_test(tc, string_of_ports_faults, 0, n);
    tcase_add_loop_test(tc, model_specific, 0, n);
    tcase_add_test(tc, unreadable_is_zero_before_a_handler);
    tcase_add_test(tc, registers_of_4_17);
    tcase_add_loop_test(tc, hypercall_page, 0, n);
    tcase_add_loop_test(tc, forced_prefix, 0, n);
    tcase_add_loop_test(tc, views_of_cpuid, 0, n);
    tcase_add_loop_test(tc, models_of_cpuid, 0, n);
    tcase_add_loop_test(tc, single_step, 0, n);
    tcase_add_test(tc, what_was_emulated_is_told);
    suite_add_tcase(s, tc);
    return fx_main(s);
}
