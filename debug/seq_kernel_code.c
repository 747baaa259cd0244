/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_kernel_code.c - the code that every exported sequence has: numbers and text to
 * the console, frame numbers put in their places, and the first instructions, which
 * find out which frames the domain has.
 */
#include "seq_kernel_priv.h"

#include <string.h>

/* docs/xen-abi.md 2, 4.4. */
enum { NR_sched_op_compat = 6, NR_console_io = 18 };
#define SCHEDOP_SHUTDOWN 2u
#define SHUTDOWN_CRASH   3u

struct start_info_offsets {
    uint32_t nr_pages, shared_info, pt_base, mfn_list;
};

static struct start_info_offsets start_info_of(const struct abi *abi)
{
    if (abi->abi == RING1_ABI_XEN_2_0)
        return (struct start_info_offsets){0, 8, 24, 40};
    return (struct start_info_offsets){32, 36, 60, 68};
}

static void hypercall(struct i386_code *c, uint32_t nr)
{
    i386_set(c, EAX, nr);
    I386(c, 0xCD, 0x82);
}

static void begin(struct seq_kernel *k, unsigned routine)
{
    k->routine[routine] = i386_here(&k->code);
}

static void ret(struct i386_code *c)
{
    I386(c, 0xC3);
}

/* Entries of ESI: offset from EDI, address of a number, SEQ_FIX_*. */
static void routine_fix(struct seq_kernel *k)
{
    struct i386_code *c = &k->code;
    begin(k, ROUTINE_FIX);
    I386(c, 0x8B, 0x46, 0x04, 0x85, 0xC0); /* mov 4(%esi), %eax; test %eax, %eax */
    unsigned more = i386_leap_if(c, CC_NZ);
    ret(c);
    i386_land(c, more);
    I386(c, 0x8B, 0x00, 0x31, 0xD2);          /* mov (%eax), %eax; xor %edx, %edx */
    I386(c, 0xF6, 0x46, 0x08, SEQ_FIX_MADDR); /* testb $, 8(%esi) */
    unsigned plain = i386_leap_if(c, CC_Z);
    I386(c, 0x89, 0xC2, 0xC1, 0xEA, 20, 0xC1, 0xE0, 12); /* mov %eax, %edx; shr $20, %edx; shl $12, %eax */
    I386(c, 0xF6, 0x46, 0x08, SEQ_FIX_HIGH);
    unsigned low = i386_leap_if(c, CC_Z);
    I386(c, 0x89, 0xD0); /* mov %edx, %eax */
    i386_land(c, low);
    i386_land(c, plain);
    I386(c, 0x8B, 0x0E); /* mov (%esi), %ecx */
    I386(c, 0xF6, 0x46, 0x08, SEQ_FIX_WIDE);
    unsigned narrow = i386_leap_if(c, CC_Z);
    I386(c, 0x01, 0x04, 0x0F);       /* add %eax, (%edi,%ecx) */
    I386(c, 0x11, 0x54, 0x0F, 0x04); /* adc %edx, 4(%edi,%ecx) */
    unsigned next = i386_leap(c);
    i386_land(c, narrow);
    I386(c, 0x01, 0x04, 0x0F);
    i386_land(c, next);
    I386(c, 0x83, 0xC6, 0x0C); /* add $12, %esi */
    i386_jump(c, k->routine[ROUTINE_FIX]);
}

/* Write the line so far to Xen's console. */
static void routine_flush(struct seq_kernel *k)
{
    struct i386_code *c = &k->code;
    begin(k, ROUTINE_FLUSH);
    i386_load(c, ECX, k->words + WORD_LINE_END);
    i386_set(c, EDX, k->words + LINE);
    I386(c, 0x29, 0xD1, 0x31, 0xDB); /* sub %edx, %ecx; xor %ebx, %ebx */
    hypercall(c, NR_console_io);
    i386_store_word(c, k->words + WORD_LINE_END, k->words + LINE);
    ret(c);
}

/* EDI: where the line goes on. A full one goes out before. */
static void begin_text(struct seq_kernel *k)
{
    i386_load(&k->code, EDI, k->words + WORD_LINE_END);
}

static void end_text(struct seq_kernel *k)
{
    struct i386_code *c = &k->code;
    i386_store(c, k->words + WORD_LINE_END, EDI);
    I386(c, 0x81, 0xFF); /* cmp $, %edi */
    i386_word(c, k->words + LINE_FULL);
    i386_jump_if(c, CC_A, k->routine[ROUTINE_FLUSH]);
    ret(c);
}

static void routine_text(struct seq_kernel *k)
{
    begin(k, ROUTINE_TEXT);
    begin_text(k);
    I386(&k->code, 0xF3, 0xA4); /* rep movsb */
    end_text(k);
}

static void routine_decimal(struct seq_kernel *k)
{
    struct i386_code *c = &k->code;
    begin(k, ROUTINE_DECIMAL);
    begin_text(k);
    I386(c, 0x85, 0xC0); /* test %eax, %eax */
    unsigned positive = i386_leap_if(c, CC_NS);
    I386(c, 0xC6, 0x07, '-', 0x47, 0xF7, 0xD8); /* movb $'-', (%edi); inc %edi; neg %eax */
    i386_land(c, positive);
    I386(c, 0x31, 0xC9); /* xor %ecx, %ecx */
    i386_set(c, EBX, 10);
    uint32_t digit = i386_here(c);
    I386(c, 0x31, 0xD2, 0xF7, 0xF3, 0x52, 0x41, 0x85,
         0xC0); /* xor %edx, %edx; div %ebx; push %edx; inc %ecx; test */
    i386_jump_if(c, CC_NZ, digit);
    uint32_t write = i386_here(c);
    I386(c, 0x58, 0x04, '0', 0xAA, 0x49); /* pop %eax; add $'0', %al; stosb; dec %ecx */
    i386_jump_if(c, CC_NZ, write);
    end_text(k);
}

/* ECX digits of EDX, from its highest. */
static uint32_t put_digits(struct seq_kernel *k)
{
    struct i386_code *c = &k->code;
    uint32_t digits = i386_here(c);
    I386(c, 0xC1, 0xC2, 0x04, 0x88, 0xD0, 0x24, 0x0F, 0x3C,
         10); /* rol $4, %edx; mov %dl, %al; and $15; cmp $10 */
    unsigned decimal = i386_leap_if(c, CC_B);
    I386(c, 0x04, 'a' - 10 - '0'); /* add $, %al */
    i386_land(c, decimal);
    I386(c, 0x04, '0', 0xAA, 0x49); /* add; stosb; dec %ecx */
    i386_jump_if(c, CC_NZ, digits);
    ret(c);
    return digits;
}

/* The same without leading zeroes: at least one. */
static uint32_t put_number(struct seq_kernel *k, uint32_t digits)
{
    struct i386_code *c = &k->code;
    uint32_t number = i386_here(c);
    i386_set(c, ECX, 8);
    uint32_t skip = i386_here(c);
    I386(c, 0x83, 0xF9, 0x01); /* cmp $1, %ecx */
    i386_jump_if(c, CC_Z, digits);
    I386(c, 0xF7, 0xC2, 0, 0, 0, 0xF0); /* test $0xF0000000, %edx */
    i386_jump_if(c, CC_NZ, digits);
    I386(c, 0xC1, 0xE2, 0x04, 0x49); /* shl $4, %edx; dec %ecx */
    i386_jump(c, skip);
    return number;
}

static void routine_hex(struct seq_kernel *k)
{
    struct i386_code *c = &k->code;
    uint32_t digits = put_digits(k), number = put_number(k, digits);
    begin(k, ROUTINE_HEX);
    begin_text(k);
    I386(c, 0x66, 0xC7, 0x07, '0', 'x', 0x83, 0xC7, 0x02); /* movw $, (%edi); add $2, %edi */
    I386(c, 0x50, 0x85, 0xD2);                             /* push %eax; test %edx, %edx */
    unsigned narrow = i386_leap_if(c, CC_Z);
    i386_call(c, number);
    I386(c, 0x5A); /* pop %edx */
    i386_set(c, ECX, 8);
    i386_call(c, digits);
    end_text(k);
    i386_land(c, narrow);
    I386(c, 0x5A);
    i386_call(c, number);
    end_text(k);
}

/* The pfn of a frame, by a look at all of them; others are not comparable. */
static void routine_frame(struct seq_kernel *k)
{
    struct i386_code *c = &k->code;
    begin(k, ROUTINE_FRAME);
    i386_set(c, EDI, k->frames);
    i386_set(c, ECX, k->site.nr_pages + 1);
    I386(c, 0xF2, 0xAF); /* repne scasl */
    unsigned none = i386_leap_if(c, CC_NZ);
    I386(c, 0x89, 0xF8, 0x2D); /* mov %edi, %eax; sub $, %eax */
    i386_word(c, k->frames + 4);
    I386(c, 0xC1, 0xE8, 0x02, 0x31, 0xD2, 0x50); /* shr $2, %eax; xor %edx, %edx; push %eax */
    unsigned words = i386_leap(c);
    uint32_t pfn = i386_here(c);
    I386(c, 'p', 'f', 'n', ' ');
    i386_land(c, words);
    i386_set(c, ESI, pfn);
    i386_set(c, ECX, 4);
    i386_call(c, k->routine[ROUTINE_TEXT]);
    I386(c, 0x58, 0x31, 0xD2); /* pop %eax; xor %edx, %edx */
    i386_jump(c, k->routine[ROUTINE_HEX]);
    i386_land(c, none);
    words = i386_leap(c);
    uint32_t mfn = i386_here(c);
    I386(c, 'm', 'f', 'n', ' ', '?');
    i386_land(c, words);
    i386_set(c, ESI, mfn);
    i386_set(c, ECX, 5);
    i386_jump(c, k->routine[ROUTINE_TEXT]);
}

static uint32_t watch_word(const struct seq_kernel *k, unsigned n)
{
    return k->words + WORD_WATCH + 4 * n;
}

static void text(struct seq_kernel *k, const char *bytes)
{
    unsigned words = i386_leap(&k->code);
    uint32_t at = i386_here(&k->code);
    i386_bytes(&k->code, bytes, (unsigned)strlen(bytes));
    i386_land(&k->code, words);
    i386_set(&k->code, ESI, at);
    i386_set(&k->code, ECX, (uint32_t)strlen(bytes));
    i386_call(&k->code, k->routine[ROUTINE_TEXT]);
}

/* What a word, EAX, of the kind DL has become. */
static void show_word(struct seq_kernel *k)
{
    struct i386_code *c = &k->code;
    I386(c, 0x80, 0xFA, SEQ_WATCH_FRAME); /* cmp $, %dl */
    unsigned frame = i386_leap_if(c, CC_Z);
    I386(c, 0x80, 0xFA, SEQ_WATCH_ANY);
    unsigned any = i386_leap_if(c, CC_Z);
    I386(c, 0x80, 0xFA, SEQ_WATCH_LOW);
    unsigned plain = i386_leap_if(c, CC_NZ);
    I386(c, 0x25); /* and $, %eax */
    i386_word(c, RING1_PAGE_SIZE - 1);
    i386_land(c, plain);
    I386(c, 0x31, 0xD2); /* xor %edx, %edx */
    i386_call(c, k->routine[ROUTINE_HEX]);
    i386_jump(c, k->routine[ROUTINE_CHANGES]);
    i386_land(c, frame);
    i386_call(c, k->routine[ROUTINE_FRAME]);
    i386_jump(c, k->routine[ROUTINE_CHANGES]);
    i386_land(c, any);
    text(k, "?");
    i386_jump(c, k->routine[ROUTINE_CHANGES]);
}

/* Words that are no longer what they were: " +8=0x3". */
static void routine_changes(struct seq_kernel *k)
{
    struct i386_code *c = &k->code;
    begin(k, ROUTINE_CHANGES);
    i386_load(c, ECX, watch_word(k, 4));
    I386(c, 0x85, 0xC9); /* test %ecx, %ecx */
    unsigned more = i386_leap_if(c, CC_NZ);
    ret(c);
    i386_land(c, more);
    I386(c, 0x49); /* dec %ecx */
    i386_store(c, watch_word(k, 4), ECX);
    i386_load(c, ESI, watch_word(k, 1));
    i386_load(c, EDI, watch_word(k, 2));
    i386_load(c, EBX, watch_word(k, 3));
    I386(c, 0x8B, 0x06, 0x8B, 0x0F, 0x8A, 0x13); /* mov (%esi), %eax; mov (%edi), %ecx; mov (%ebx), %dl */
    I386(c, 0x83, 0xC6, 0x04, 0x83, 0xC7, 0x04, 0x43); /* add $4, %esi; add $4, %edi; inc %ebx */
    i386_store(c, watch_word(k, 1), ESI);
    i386_store(c, watch_word(k, 2), EDI);
    i386_store(c, watch_word(k, 3), EBX);
    I386(c, 0x39, 0xC8); /* cmp %ecx, %eax */
    i386_jump_if(c, CC_Z, k->routine[ROUTINE_CHANGES]);
    I386(c, 0x80, 0xFA, SEQ_WATCH_NOT); /* cmp $, %dl */
    i386_jump_if(c, CC_Z, k->routine[ROUTINE_CHANGES]);
    I386(c, 0x50, 0x52); /* push %eax; push %edx */
    text(k, " +");
    i386_load(c, EAX, watch_word(k, 1));
    I386(c, 0x83, 0xE8, 0x04, 0x2B, 0x05); /* sub $4, %eax; sub base, %eax */
    i386_word(c, watch_word(k, 0));
    I386(c, 0x31, 0xD2);
    i386_call(c, k->routine[ROUTINE_HEX]);
    text(k, "=");
    I386(c, 0x5A, 0x58); /* pop %edx; pop %eax */
    show_word(k);
}

/* Nobody handles events: they stay pending, and masked from the first on. */
static void routine_callbacks(struct seq_kernel *k)
{
    begin(k, ROUTINE_FAILSAFE);
    I386(&k->code, 0x83, 0xC4, 0x10); /* add $16, %esp: DS, ES, FS, GS */
    begin(k, ROUTINE_EVENT);
    I386(&k->code, 0xCF); /* iret */
}

static void routine_end(struct seq_kernel *k)
{
    struct i386_code *c = &k->code;
    begin(k, ROUTINE_END);
    if (k->abi->abi == RING1_ABI_XEN_2_0) {
        I386(c, 0xC1, 0xE3, 0x08, 0x83, 0xCB, SCHEDOP_SHUTDOWN); /* shl $8, %ebx; or $, %ebx */
    } else {
        I386(c, 0x89, 0xD9); /* mov %ebx, %ecx */
        i386_set(c, EBX, SCHEDOP_SHUTDOWN);
    }
    hypercall(c, NR_sched_op_compat);
    I386(c, 0xEB, 0xFE); /* for ever */
}

static void say(struct seq_kernel *k, const char *text)
{
    seq_kernel_print(k, text);
}

static void routine_fail(struct seq_kernel *k)
{
    struct i386_code *c = &k->code;
    begin(k, ROUTINE_FAIL);
    i386_store(c, k->words + WORD_ARGUMENTS, EAX);
    I386(c, 0x58); /* pop %eax: where it was */
    i386_store(c, k->words + WORD_ARGUMENTS + 4, EAX);
    i386_store_word(c, k->words + WORD_LINE_END, k->words + LINE);
    say(k, "this kernel cannot go on: a call of its own before ");
    seq_kernel_print_hex(k, k->words + WORD_ARGUMENTS + 4, 4);
    say(k, " got ");
    seq_kernel_print_decimal(k, k->words + WORD_ARGUMENTS);
    seq_kernel_print_end(k);
    i386_set(c, EBX, SHUTDOWN_CRASH);
    i386_jump(c, k->routine[ROUTINE_END]);
}

void seq_kernel_routines(struct seq_kernel *k)
{
    routine_fix(k);
    routine_flush(k);
    routine_text(k);
    routine_decimal(k);
    routine_hex(k);
    routine_frame(k);
    routine_changes(k);
    routine_callbacks(k);
    routine_end(k);
    routine_fail(k);
}

/* --- the first instructions ---------------------------------------------------------- */

static void check_memory(struct seq_kernel *k, const struct start_info_offsets *at)
{
    struct i386_code *c = &k->code;
    I386(c, 0x81, 0x7E, (uint8_t)at->nr_pages); /* cmpl $, nr_pages(%esi) */
    i386_word(c, k->site.nr_pages);
    unsigned enough = i386_leap_if(c, CC_AE);
    g_autofree char *text = g_strdup_printf("this kernel needs %u KiB of memory\n", k->site.nr_pages * 4);
    say(k, text);
    i386_call(c, k->routine[ROUTINE_FLUSH]);
    i386_set(c, EBX, SHUTDOWN_CRASH);
    i386_jump(c, k->routine[ROUTINE_END]);
    i386_land(c, enough);
}

/* The frames of all pages, of shared_info, and of the builder's top-level table. */
static void find_frames(struct seq_kernel *k, const struct start_info_offsets *at)
{
    struct i386_code *c = &k->code;
    I386(c, 0x8B, 0x46, (uint8_t)at->shared_info, 0xC1, 0xE8, 12); /* mov (%esi), %eax; shr $12, %eax */
    i386_store(c, seq_kernel_shared_info(k), EAX);
    I386(c, 0x8B, 0x56, (uint8_t)at->pt_base, 0x81, 0xEA); /* mov pt_base(%esi), %edx; sub $, %edx */
    i386_word(c, k->site.va - k->site.pfn * RING1_PAGE_SIZE);
    I386(c, 0xC1, 0xEA, 12);                    /* shr $12, %edx */
    I386(c, 0x8B, 0x76, (uint8_t)at->mfn_list); /* mov mfn_list(%esi), %esi */
    I386(c, 0x8B, 0x04, 0x96);                  /* mov (%esi,%edx,4), %eax */
    i386_store(c, k->words + WORD_BOOT_TABLE, EAX);
    i386_set(c, EDI, k->frames);
    i386_set(c, ECX, k->site.nr_pages);
    I386(c, 0xF3, 0xA5); /* rep movsl */
}

/* Entries for its own pages and no others: the L1 tables among them read-only. */
static void fill_tables(struct seq_kernel *k)
{
    struct i386_code *c = &k->code;
    uint32_t pages = seq_kernel_size(k).pages, size = k->abi->pte_size;
    i386_set(c, ESI, seq_kernel_frame(k, k->site.pfn));
    i386_set(c, EDI, k->tables);
    i386_set(c, ECX, MIN(pages, k->site.nr_slots * k->abi->ptes_per_page));
    uint32_t again = i386_here(c);
    I386(c, 0xAD, 0x89, 0xC2, 0xC1, 0xE0, 12, 0x83, 0xC8,
         0x63);    /* lodsl; mov %eax, %edx; shl; or $0x63, %eax */
    I386(c, 0xAB); /* stosl */
    if (size == 8)
        I386(c, 0x89, 0xD0, 0xC1, 0xE8, 20, 0xAB); /* mov %edx, %eax; shr $20, %eax; stosl */
    I386(c, 0x49);                                 /* dec %ecx */
    i386_jump_if(c, CC_NZ, again);
    for (unsigned i = 0; i < k->site.nr_slots; i++) {
        I386(c, 0x80, 0x25); /* andb $~RW, entry */
        i386_word(c, k->tables + (3 + i) * size);
        I386(c, 0xFD);
    }
}

uint32_t seq_kernel_start(struct seq_kernel *k)
{
    struct i386_code *c = &k->code;
    struct start_info_offsets at = start_info_of(k->abi);
    uint32_t start = i386_here(c);
    I386(c, 0xFC); /* cld */
    i386_set(c, ESP, seq_kernel_page(k, 2));
    i386_store_word(c, k->words + WORD_LINE_END, k->words + LINE);
    i386_store(c, k->words + WORD_START_INFO, ESI);
    check_memory(k, &at);
    find_frames(k, &at);
    fill_tables(k);
    seq_kernel_callbacks(k);
    i386_jump(c, k->body);
    return start;
}
