/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_boot.c - the domain builder, for every pair of ABI and Xen: layout, tables,
 * p2m and m2p, start_info, registers, and what does not fit.
 */
#include "suite.h"

#include "elf_writer.h"

#include <dispatch/access.h>
#include <dispatch/gdt.h>
#include <dispatch/page_type.h>
#include <emu/boot.h>
#include <emu/frames.h>

#include <check.h>
#include <ring1/ring1.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <xen/elfnote.h>
#include <zlib.h>

#define BASE 0xC0000000u
#define STRING_2_0                                                                                           \
    "GUEST_OS=linux,GUEST_VER=2.6,XEN_VER=2.0,VIRT_BASE=0xC0000000,LOADER=generic,PT_MODE_WRITABLE"
#define STRING_3_0 "GUEST_OS=test,XEN_VER=xen-3.0,VIRT_BASE=0xC0000000,LOADER=generic"
#define STRING_PAE STRING_3_0 ",PAE=yes[extended-cr3],HYPERCALL_PAGE=0x1"

static uint8_t code[0x2000];

/* A machine made for one test. */
struct machine {
    struct memory *mem;
    struct domain *d;
    struct image *image;
    struct layout layout;
};

static struct image *image_of(GBytes *bytes)
{
    gsize len;
    GError *error = NULL;
    const void *data = g_bytes_get_data(bytes, &len);
    struct image *image = image_load(data, len, "kernel", &error);
    ck_assert_msg(image != NULL, "%s", error ? error->message : "?");
    g_bytes_unref(bytes);
    return image;
}

static struct image *kernel_for(const struct abi *abi)
{
    for (unsigned i = 0; i < sizeof(code); i++)
        code[i] = (uint8_t)(i * 7 + 1);
    const char *text = abi->abi == RING1_ABI_XEN_2_0   ? STRING_2_0
                       : abi->abi == RING1_ABI_XEN_3_0 ? STRING_3_0
                                                       : STRING_PAE;
    return image_of(elf_simple_string(BASE, code, sizeof(code), 0x3000, text));
}

static bool machine_try(struct machine *m, const struct abi *abi, struct image *image,
                        const struct boot_config *config, GError **error)
{
    uint32_t frames = boot_machine_frames(abi, config, NULL);
    m->image = image;
    m->mem = memory_new(frames ? frames : 1);
    ck_assert(m->mem != NULL);
    m->d = domain_new(abi, m->mem, NULL, NULL);
    return boot_build_layout(m->d, image, config, &m->layout, error);
}

static void machine_make(struct machine *m, const struct abi *abi, struct image *image,
                         const struct boot_config *config)
{
    GError *error = NULL;
    ck_assert_msg(machine_try(m, abi, image, config, &error), "%s %s: %s", abi->name, abi->xen_name,
                  error ? error->message : "?");
}

static void machine_free(struct machine *m)
{
    domain_free(m->d);
    memory_free(m->mem);
    image_free(m->image);
}

static void refused(const struct abi *abi, struct image *image, const struct boot_config *config, int code_,
                    const char *expected)
{
    struct machine m;
    GError *error = NULL;
    ck_assert_msg(!machine_try(&m, abi, image, config, &error), "accepted; expected: %s", expected);
    ck_assert_str_eq(error->message, expected);
    ck_assert(g_error_matches(error, RING1_ERROR, code_));
    g_error_free(error);
    machine_free(&m);
}

static uint64_t read_entry(const struct machine *m, uint32_t mfn, uint32_t index)
{
    const uint8_t *table = frame_ptr(m->mem, MFN(mfn));
    uint64_t value = 0;
    memcpy(&value, table + (size_t)index * m->d->abi->pte_size, m->d->abi->pte_size);
    return value;
}

/* A walk of the test's own; 0 when nothing is there. */
static uint64_t leaf(const struct machine *m, uint32_t va)
{
    uint64_t e = (uint64_t)m->d->s.vcpu[0].cr3.mfn << 12 | 1;
    if (m->d->abi->levels == 3) {
        e = read_entry(m, (uint32_t)(e >> 12), va >> 30);
        if (e & 1)
            e = read_entry(m, (uint32_t)(e >> 12), va >> 21 & 511);
        return e & 1 ? read_entry(m, (uint32_t)(e >> 12), va >> 12 & 511) : 0;
    }
    e = read_entry(m, (uint32_t)(e >> 12), va >> 22);
    return e & 1 ? read_entry(m, (uint32_t)(e >> 12), va >> 12 & 1023) : 0;
}

static uint32_t word_at(const struct machine *m, uint32_t va)
{
    uint32_t value = 0;
    ck_assert_int_eq(guest_read(&m->d->s.vcpu[0], GVA(va), &value, 4), 0);
    return value;
}

static uint32_t va_of(const struct machine *m, enum layout_part part)
{
    const struct layout_element *e = layout_find(&m->layout, part);
    ck_assert(e != NULL);
    return e->va;
}

static uint32_t p2m_at(const struct machine *m, uint32_t pfn)
{
    return word_at(m, va_of(m, LAYOUT_P2M) + pfn * 4);
}

static const struct boot_config MIB_32 = {.nr_pages = 8192, .mfn_seed = 1, .cmdline = "a=b c"};

/* --- for every pair ------------------------------------------------------------------ */

static unsigned nr_pairs(void)
{
    unsigned n = 0;
    while (abi_all()[n])
        n++;
    return n;
}

START_TEST(order_and_addresses)
{
    const struct abi *abi = abi_all()[_i];
    struct machine m;
    machine_make(&m, abi, kernel_for(abi), &MIB_32);
    ck_assert_uint_eq(va_of(&m, LAYOUT_KERNEL), BASE);
    ck_assert_uint_eq(va_of(&m, LAYOUT_P2M), BASE + 0x3000);
    if (abi->abi == RING1_ABI_XEN_2_0) {
        ck_assert_uint_eq(va_of(&m, LAYOUT_PAGE_TABLES), BASE + 0xB000);
        ck_assert_uint_eq(va_of(&m, LAYOUT_START_INFO), BASE + 0xD000);
        ck_assert_uint_eq(va_of(&m, LAYOUT_BOOT_STACK), BASE + 0xE000);
    } else {
        ck_assert_uint_eq(va_of(&m, LAYOUT_START_INFO), BASE + 0xB000);
        ck_assert_uint_eq(va_of(&m, LAYOUT_XENSTORE), BASE + 0xC000);
        ck_assert_uint_eq(va_of(&m, LAYOUT_CONSOLE), BASE + 0xD000);
        ck_assert_uint_eq(va_of(&m, LAYOUT_PAGE_TABLES), BASE + 0xE000);
        ck_assert_uint_eq(va_of(&m, LAYOUT_BOOT_STACK), BASE + (abi->levels == 3 ? 0x12000 : 0x10000));
    }
    ck_assert_uint_eq(m.layout.virt_end, BASE + 0x400000);
    machine_free(&m);
}
END_TEST

START_TEST(tables_map_the_region_and_nothing_else)
{
    const struct abi *abi = abi_all()[_i];
    struct machine m;
    machine_make(&m, abi, kernel_for(abi), &MIB_32);
    const struct layout_element *tables = layout_find(&m.layout, LAYOUT_PAGE_TABLES);
    for (uint32_t pfn = 0; pfn < 1024; pfn++) {
        bool is_table = pfn >= tables->pfn && pfn < tables->pfn + tables->pages;
        ck_assert_uint_eq(leaf(&m, BASE + pfn * 4096),
                          (uint64_t)p2m_at(&m, pfn) << 12 | (is_table ? 0x21 : 0x23));
    }
    ck_assert_uint_eq(leaf(&m, BASE + 0x400000), 0);
    ck_assert_uint_eq(leaf(&m, BASE - 0x1000), 0);
    ck_assert_uint_eq(leaf(&m, 0), 0);
    ck_assert_uint_eq(m.d->s.vcpu[0].cr3.mfn, p2m_at(&m, tables->pfn));
    if (abi->levels == 3)
        ck_assert_uint_eq(read_entry(&m, m.d->s.vcpu[0].cr3.mfn, 3) & 0xFFF,
                          abi->xen >= RING1_XEN_4_17 ? 0x67 : 1);
    machine_free(&m);
}
END_TEST

START_TEST(p2m_and_m2p_agree)
{
    const struct abi *abi = abi_all()[_i];
    struct machine m;
    machine_make(&m, abi, kernel_for(abi), &MIB_32);
    unsigned in_place = 0, spare = 0;
    for (uint32_t pfn = 0; pfn < MIB_32.nr_pages; pfn++) {
        mfn_t mfn = MFN(p2m_at(&m, pfn));
        ck_assert(mfn.mfn >= 256 && frame_exists(m.mem, mfn));
        ck_assert_uint_eq(m2p_get(m.mem, mfn), pfn);
        ck_assert_uint_eq(frame_info(m.mem, mfn)->owner, DOMID_GUEST);
        in_place += pfn > 0 && mfn.mfn == p2m_at(&m, pfn - 1) + 1;
    }
    ck_assert_uint_lt(in_place, 50);
    for (uint32_t i = 0; i < m.mem->nr_frames; i++) {
        uint16_t owner = frame_info(m.mem, MFN(i))->owner;
        spare += owner == OWNER_NOBODY;
        ck_assert_msg((owner == OWNER_DOMID_IO) == (i < 256), "frame %u", i);
        if (owner == OWNER_NOBODY || owner == OWNER_DOMID_IO)
            ck_assert_uint_eq(m2p_get(m.mem, MFN(i)), m2p_unused(abi));
    }
    ck_assert_uint_ge(spare, 128);
    ck_assert_uint_eq(m2p_get(m.mem, m.d->s.shared_info),
                      abi->xen == RING1_XEN_3_0_0 ? M2P_FILLER : M2P_INVALID);
    ck_assert_uint_eq(m2p_get(m.mem, m.mem->m2p), M2P_INVALID);
    machine_free(&m);
}
END_TEST

START_TEST(start_info)
{
    const struct abi *abi = abi_all()[_i];
    struct machine m;
    machine_make(&m, abi, kernel_for(abi), &MIB_32);
    uint32_t si = va_of(&m, LAYOUT_START_INFO), tables = va_of(&m, LAYOUT_PAGE_TABLES);
    uint32_t shared = m.d->s.shared_info.mfn << 12;
    char text[32] = {0};
    if (abi->abi == RING1_ABI_XEN_2_0) {
        const uint32_t expected[] = {8192, 0, shared,        0, 0, 1u << 0, tables, 0,
                                     2,    0, BASE + 0x3000, 0, 0, 0,       0,      0};
        for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++)
            ck_assert_uint_eq(word_at(&m, si + i * 4), expected[i]);
        ck_assert_int_eq(guest_read(&m.d->s.vcpu[0], GVA(si + 64), text, 8), 0);
    } else {
        const uint32_t expected[] = {
            8192,
            shared,
            0,
            m.d->s.store_mfn.mfn,
            1,
            m.d->s.console_mfn.mfn,
            2,
            tables,
            abi->levels == 3 ? 4 : 2,
            BASE + 0x3000,
            0,
            0,
        };
        for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++)
            ck_assert_uint_eq(word_at(&m, si + 32 + i * 4), expected[i]);
        ck_assert_int_eq(guest_read(&m.d->s.vcpu[0], GVA(si), text, 32), 0);
        ck_assert_str_eq(text, abi->levels == 3 ? "xen-3.0-x86_32p" : "xen-3.0-x86_32");
        ck_assert_int_eq(guest_read(&m.d->s.vcpu[0], GVA(si + 80), text, 8), 0);
        ck_assert_uint_eq(m.d->s.console_mfn.mfn, p2m_at(&m, layout_find(&m.layout, LAYOUT_CONSOLE)->pfn));
        ck_assert_uint_eq(m.d->s.store_mfn.mfn, p2m_at(&m, layout_find(&m.layout, LAYOUT_XENSTORE)->pfn));
    }
    ck_assert_str_eq(text, "a=b c");
    machine_free(&m);
}
END_TEST

START_TEST(registers)
{
    const struct abi *abi = abi_all()[_i];
    struct machine m;
    machine_make(&m, abi, kernel_for(abi), &MIB_32);
    const struct vcpu *v = &m.d->s.vcpu[0];
    uint32_t stack = va_of(&m, LAYOUT_BOOT_STACK) + 4096;
    ck_assert_uint_eq(v->regs.eip, BASE);
    ck_assert_uint_eq(v->regs.esp, stack);
    ck_assert_uint_eq(v->regs.esi, va_of(&m, LAYOUT_START_INFO));
    ck_assert_uint_eq(v->regs.eax | v->regs.ebx | v->regs.ecx | v->regs.edx | v->regs.edi | v->regs.ebp, 0);
    ck_assert_uint_eq(v->regs.cs, abi->kernel_cs);
    ck_assert_uint_eq(v->regs.ss, abi->kernel_ds);
    ck_assert_uint_eq(v->regs.gs, abi->kernel_ds);
    ck_assert_uint_eq(v->regs.eflags, abi->abi == RING1_ABI_XEN_2_0 ? 0x206 : 0x202);
    ck_assert_uint_eq(v->kernel_ss, abi->kernel_ds);
    ck_assert_uint_eq(v->kernel_sp, stack);
    ck_assert(v->initialised && v->run == VCPU_RUNNING);
    ck_assert_uint_eq(vcpu_info(v)[1], 1);
    ck_assert_uint_eq(vcpu_info(v)[0], 0);
    uint32_t assist = abi->abi == RING1_ABI_XEN_2_0                                     ? 1u << 2
                      : abi->abi == RING1_ABI_XEN_3_0_PAE && abi->xen > RING1_XEN_3_0_0 ? 1u << 3
                                                                                        : 0;
    ck_assert_uint_eq(m.d->s.vm_assist, assist);
    machine_free(&m);
}
END_TEST

START_TEST(event_channels)
{
    const struct abi *abi = abi_all()[_i];
    struct machine m;
    machine_make(&m, abi, kernel_for(abi), &MIB_32);
    const struct evtchn *e = m.d->s.evtchn;
    bool old = abi->abi == RING1_ABI_XEN_2_0;
    ck_assert_int_eq(e[0].kind, ECS_RESERVED);
    ck_assert_int_eq(e[1].kind, ECS_INTERDOMAIN);
    ck_assert_int_eq(e[1].backend, old ? BACKEND_CONTROL : BACKEND_XENSTORE);
    ck_assert_int_eq(e[2].kind, old ? ECS_FREE : ECS_INTERDOMAIN);
    ck_assert_int_eq(e[2].backend, old ? BACKEND_NONE : BACKEND_CONSOLE);
    ck_assert_uint_eq(m.d->s.evtchn_top, old ? 2 : 3);
    machine_free(&m);
}
END_TEST

START_TEST(kernel_and_hypercall_page)
{
    const struct abi *abi = abi_all()[_i];
    struct machine m;
    machine_make(&m, abi, kernel_for(abi), &MIB_32);
    uint8_t page[0x3000];
    ck_assert_int_eq(guest_read(&m.d->s.vcpu[0], GVA(BASE), page, sizeof(page)), 0);
    ck_assert_mem_eq(page, code, 0x1000);
    for (unsigned i = 0x2000; i < 0x3000; i++)
        ck_assert_uint_eq(page[i], 0);
    const uint8_t *hc = page + 0x1000;
    if (abi->abi != RING1_ABI_XEN_3_0_PAE || abi->xen == RING1_XEN_3_0_0) {
        ck_assert_mem_eq(hc, code + 0x1000, 0x1000);
    } else {
        static const uint8_t call[] = {0xB8, 29, 0, 0, 0, 0xCD, 0x82, 0xC3};
        static const uint8_t iret[] = {0x50, 0xB8, 23, 0, 0, 0, 0xCD, 0x82};
        ck_assert_mem_eq(hc + 29 * 32, call, 8);
        ck_assert_mem_eq(hc + 23 * 32, iret, 8);
        ck_assert_uint_eq(hc[127 * 32 + 1], 127);
        ck_assert_uint_eq(hc[8], abi->xen == RING1_XEN_3_0_4 ? code[0x1008] : 0xCC);
    }
    machine_free(&m);
}
END_TEST

START_TEST(types_and_counts)
{
    const struct abi *abi = abi_all()[_i];
    struct machine m;
    machine_make(&m, abi, kernel_for(abi), &MIB_32);
    const struct frame *top = frame_info(m.mem, m.d->s.vcpu[0].cr3);
    ck_assert_int_eq(top->type, root_type(abi));
    ck_assert(top->flags & PGF_PINNED);
    ck_assert_uint_ge(top->type_count, 2); /* the pin and CR3 */
    const struct frame *text = frame_info(m.mem, MFN(p2m_at(&m, 0)));
    ck_assert_int_eq(text->type, PGT_writable);
    ck_assert_uint_eq(text->type_count, 1);
    const struct frame *si = frame_info(m.mem, m.d->s.shared_info);
    ck_assert_int_eq(si->type, PGT_writable);
    ck_assert_uint_eq(si->owner, DOMID_GUEST);
    GString *report = g_string_new(NULL);
    ck_assert_msg(page_recount(m.d, report), "%s", report->str);
    g_string_free(report, TRUE);
    machine_free(&m);
}
END_TEST

START_TEST(gdt_page)
{
    const struct abi *abi = abi_all()[_i];
    struct machine m;
    machine_make(&m, abi, kernel_for(abi), &MIB_32);
    const uint64_t *gdt = frame_ptr(m.mem, m.d->s.gdt_reserved);
    unsigned at = abi->abi == RING1_ABI_XEN_2_0 ? 256 : 0;
    uint64_t end = abi->levels == 2             ? 0x000C00000000C3FFull
                   : abi->xen >= RING1_XEN_4_17 ? 0x000000000000FFFFull
                                                : 0x00000000000067FFull;
    uint64_t mask = 0x000F00000000FFFFull, accessed = abi->xen >= RING1_XEN_4_17 ? 1ull << 40 : 0;
    end = abi->levels == 2 ? 0x000F00000000C3FFull : end | 0x000F000000000000ull;
    ck_assert_uint_eq(gdt[at], 0);
    ck_assert_uint_eq(gdt[at + 1], 0x00CF9A000000FFFFull | accessed);
    ck_assert_uint_eq(gdt[at + 3] & mask, end);
    ck_assert_uint_eq(gdt[at + 3] & ~mask, 0x00C0BA0000000000ull | accessed);
    ck_assert_uint_eq(gdt[at + 4] & ~mask, 0x00C0B30000000000ull); /* loaded by what came before (12) */
    ck_assert_uint_eq(gdt[at + 5] & ~mask, 0x00C0FA0000000000ull | accessed);
    ck_assert_uint_eq(gdt[at + 6] & ~mask, 0x00C0F30000000000ull);
    ck_assert_uint_eq(gdt[at + 7], 0);
    machine_free(&m);
}
END_TEST

static GBytes *initrd_file(bool gzip, gsize len)
{
    guint8 *raw = g_malloc0(len);
    for (gsize i = 0; i < len; i += 97)
        raw[i] = (guint8)(i / 97 + 1);
    if (!gzip)
        return g_bytes_new_take(raw, len);
    gsize room = len + 1024;
    guint8 *out = g_malloc(room);
    z_stream z = {.next_in = raw, .avail_in = (uInt)len, .next_out = out, .avail_out = (uInt)room};
    deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    gsize got = room - z.avail_out;
    deflateEnd(&z);
    g_free(raw);
    return g_bytes_new_take(out, got);
}

static struct boot_config with_initrd(GBytes *file)
{
    struct boot_config config = MIB_32;
    gsize len;
    config.initrd = g_bytes_get_data(file, &len);
    config.initrd_len = len;
    config.initrd_name = "ramdisk";
    return config;
}

START_TEST(initrd)
{
    const struct abi *abi = abi_all()[_i];
    const gsize len = 1500001;
    GBytes *expected = initrd_file(false, len);
    for (int gzip = 0; gzip < 2; gzip++) {
        GBytes *file = initrd_file(gzip, len);
        struct boot_config config = with_initrd(file);
        struct machine m;
        machine_make(&m, abi, kernel_for(abi), &config);
        ck_assert_uint_eq(va_of(&m, LAYOUT_INITRD), BASE + 0x3000);
        ck_assert_uint_eq(va_of(&m, LAYOUT_P2M), BASE + 0x3000 + 367 * 4096);
        uint32_t si = va_of(&m, LAYOUT_START_INFO), at = abi->abi == RING1_ABI_XEN_2_0 ? 48 : 72;
        ck_assert_uint_eq(word_at(&m, si + at), BASE + 0x3000);
        ck_assert_uint_eq(word_at(&m, si + at + (at == 48 ? 8 : 4)), len);
        guint8 *got = g_malloc(len);
        ck_assert_int_eq(guest_read(&m.d->s.vcpu[0], GVA(BASE + 0x3000), got, (uint32_t)len), 0);
        ck_assert_mem_eq(got, g_bytes_get_data(expected, NULL), len);
        g_free(got);
        g_bytes_unref(file);
        machine_free(&m);
    }
    g_bytes_unref(expected);
}
END_TEST

/* --- initrds that are not right ------------------------------------------------------- */

START_TEST(damaged_initrd)
{
    GBytes *file = initrd_file(true, 100000), *half = g_bytes_new_from_bytes(file, 0, 300);
    struct boot_config config = with_initrd(half);
    const struct abi *abi = abi_find(RING1_ABI_XEN_3_0, RING1_XEN_3_0_0);
    refused(abi, kernel_for(abi), &config, RING1_ERROR_IMAGE, "ramdisk: gzip data ends too early");
    /* Later builders hand it on as it is. */
    abi = abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    struct machine m;
    machine_make(&m, abi, kernel_for(abi), &config);
    ck_assert_uint_eq(word_at(&m, va_of(&m, LAYOUT_START_INFO) + 76), 300);
    machine_free(&m);
    g_bytes_unref(half);
    g_bytes_unref(file);
}
END_TEST

START_TEST(large_initrd)
{
    const struct abi *abi = abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    GBytes *file = initrd_file(false, 33u << 20);
    struct boot_config config = with_initrd(file);
    refused(abi, kernel_for(abi), &config, RING1_ERROR_IMAGE,
            "ramdisk: the initrd of 33792 KiB does not fit into 32768 KiB of memory");
    config.initrd_len = 32u << 20;
    refused(abi, kernel_for(abi), &config, RING1_ERROR_IMAGE,
            "kernel: kernel, initrd and what the builder adds need 36864 KiB of memory; it is 32768 KiB");
    g_bytes_unref(file);
}
END_TEST

START_TEST(unmapped_initrd)
{
    GBytes *file = initrd_file(false, 5000);
    struct boot_config config = with_initrd(file);
    struct elf_writer *w = elf_begin(BASE);
    elf_segment(w, BASE, code, 0x100, 0x3000, PF_R | PF_W | PF_X);
    elf_note_text(w, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
    elf_note_text(w, XEN_ELFNOTE_LOADER, "generic");
    elf_note_word(w, XEN_ELFNOTE_VIRT_BASE, BASE);
    elf_note_word(w, XEN_ELFNOTE_PADDR_OFFSET, BASE);
    elf_note_text(w, XEN_ELFNOTE_PAE_MODE, "yes");
    elf_note_word(w, XEN_ELFNOTE_MOD_START_PFN, 1);
    elf_notes_segment(w);
    struct machine m;
    machine_make(&m, abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17), image_of(elf_finish(w)), &config);
    uint32_t si = va_of(&m, LAYOUT_START_INFO);
    ck_assert_uint_eq(word_at(&m, si + 40), 8);
    ck_assert_uint_eq(word_at(&m, si + 72), 1024);
    ck_assert_uint_eq(word_at(&m, si + 76), 5000);
    ck_assert_mem_eq(frame_ptr(m.mem, MFN(p2m_at(&m, 1024))), config.initrd, 4096);
    ck_assert_mem_eq(frame_ptr(m.mem, MFN(p2m_at(&m, 1025))), config.initrd + 4096, 5000 - 4096);
    machine_free(&m);
    g_bytes_unref(file);
}
END_TEST

/* --- places ------------------------------------------------------------------------------- */

/* GRUB's shape: everything from 0 on; slot 3 of the L3 has an L2 of its own. */
START_TEST(virt_base_0)
{
    const struct abi *abi = abi_find(RING1_ABI_XEN_3_0_PAE, _i ? RING1_XEN_4_17 : RING1_XEN_3_0_4);
    struct machine m;
    machine_make(&m, abi, image_of(elf_simple_notes(0, code, 0x1000, 0x600000, "yes")), &MIB_32);
    ck_assert_uint_eq(m.layout.virt_end, 0x800000);
    ck_assert_uint_eq(m.layout.nr_l3, 1);
    ck_assert_uint_eq(m.layout.nr_l2, 2);
    ck_assert_uint_eq(m.layout.nr_l1, 4);
    for (uint32_t pfn = 0; pfn < 2048; pfn++)
        ck_assert_uint_eq(leaf(&m, pfn * 4096) >> 12, p2m_at(&m, pfn));
    uint64_t slot_3 = read_entry(&m, m.d->s.vcpu[0].cr3.mfn, 3);
    ck_assert_uint_eq(slot_3 >> 12, p2m_at(&m, layout_find(&m.layout, LAYOUT_PAGE_TABLES)->pfn + 2));
    ck_assert(page_recount(m.d, NULL));
    machine_free(&m);
}
END_TEST

/* A base that is no multiple of 4 MiB, and one across two L3 slots. */
START_TEST(odd_bases)
{
    const struct abi *pae = abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    const struct abi *old = abi_find(RING1_ABI_XEN_3_0, RING1_XEN_3_2);
    struct machine m;
    machine_make(&m, pae, image_of(elf_simple_notes(0xBFFFF000u, code, 0x1000, 0x600000, "yes")), &MIB_32);
    ck_assert_uint_eq(m.layout.nr_l2, 2);
    ck_assert_uint_eq(m.layout.nr_l1, 5);
    for (uint32_t pfn = 0; pfn < 2049; pfn++)
        ck_assert_uint_eq(leaf(&m, 0xBFFFF000u + pfn * 4096) >> 12, p2m_at(&m, pfn));
    machine_free(&m);
    machine_make(&m, old, image_of(elf_simple_notes(0x10123000u, code, 0x1000, 0x2000, "no")), &MIB_32);
    ck_assert_uint_eq(m.layout.virt_end, 0x10400000u);
    ck_assert_uint_eq(leaf(&m, 0x10122000u), 0);
    ck_assert_uint_eq(leaf(&m, 0x10123000u) >> 12, p2m_at(&m, 0));
    ck_assert_uint_eq(leaf(&m, 0x103FF000u) >> 12, p2m_at(&m, 0x2DC));
    machine_free(&m);
}
END_TEST

/* The stack ends 512 KiB before a boundary, or one page later. */
START_TEST(room_behind_the_stack)
{
    const struct abi *abi = abi_find(RING1_ABI_XEN_3_0, RING1_XEN_3_2);
    /* kernel, 8 pages of p2m, 3 pages, 2 tables, stack: 1024 - 128 pages in all. */
    uint32_t fits = (1024 - 128 - 14) * 4096;
    struct machine m;
    machine_make(&m, abi, image_of(elf_simple_notes(BASE, code, 0x1000, fits, "no")), &MIB_32);
    ck_assert_uint_eq(m.layout.virt_end, BASE + 0x400000);
    machine_free(&m);
    machine_make(&m, abi, image_of(elf_simple_notes(BASE, code, 0x1000, fits + 1, "no")), &MIB_32);
    ck_assert_uint_eq(m.layout.virt_end, BASE + 0x800000);
    ck_assert_uint_eq(m.layout.nr_l1, 2);
    machine_free(&m);
}
END_TEST

/* p_vaddr counts in 2.0, p_paddr in 3.0.0, p_paddr and its offset later. */
START_TEST(addresses_by_generation)
{
    struct image_segment s = {.vaddr = 0xC0100000u, .paddr = 0x100000u, .memsz = 1, .flags = PF_R};
    struct image image = {.has_virt_base = true, .virt_base = BASE, .source = IMAGE_FROM_GUEST_STRING};
    const struct abi *xen_2_0 = abi_find(RING1_ABI_XEN_2_0, RING1_XEN_AUTO);
    const struct abi *xen_3_0_0 = abi_find(RING1_ABI_XEN_3_0, RING1_XEN_3_0_0);
    const struct abi *xen_3_2 = abi_find(RING1_ABI_XEN_3_0, RING1_XEN_3_2);
    ck_assert_uint_eq(layout_segment_va(xen_2_0, &image, &s), 0xC0100000u);
    ck_assert_uint_eq(layout_segment_va(xen_3_0_0, &image, &s), 0x100000u);
    ck_assert_uint_eq(layout_segment_va(xen_3_2, &image, &s), 0x100000u);
    image.source = IMAGE_FROM_NOTES;
    ck_assert_uint_eq(layout_segment_va(xen_3_2, &image, &s), 0xC0100000u);
    image.has_paddr_offset = true;
    image.paddr_offset = 0x80000;
    ck_assert_uint_eq(layout_segment_va(xen_3_2, &image, &s), 0xC0080000u);
    /* What has no right but "read" was not loaded by the old ones. */
    ck_assert(!layout_segment_loads(xen_2_0, &s));
    ck_assert(!layout_segment_loads(xen_3_0_0, &s));
    ck_assert(layout_segment_loads(xen_3_2, &s));
}
END_TEST

START_TEST(flat_code)
{
    const struct abi *abi = abi_all()[_i];
    struct machine m;
    static const uint8_t bytes[] = {0x90, 0xCD, 0x82, 0xEB, 0xFE};
    struct image *image = image_raw(bytes, sizeof(bytes), 0x100FFE, "code", NULL);
    machine_make(&m, abi, image, &MIB_32);
    ck_assert_uint_eq(m.d->s.vcpu[0].regs.eip, 0x100FFE);
    ck_assert_uint_eq(m.layout.virt_base, 0x100000);
    uint8_t got[5];
    ck_assert_int_eq(guest_read(&m.d->s.vcpu[0], GVA(0x100FFE), got, 5), 0);
    ck_assert_mem_eq(got, bytes, 5);
    machine_free(&m);
}
END_TEST

START_TEST(symbol_table_lies_behind_bss)
{
    static const char names[] = "\0start\0";
    Elf32_Sym symbols[2] = {{0}};
    struct elf_writer *w = elf_begin(BASE);
    elf_segment(w, BASE, code, 0x100, 0x1003, PF_R | PF_W | PF_X);
    elf_guest_string(w, STRING_3_0 ",BSD_SYMTAB=yes");
    elf_section(w, ".symtab", SHT_SYMTAB, symbols, sizeof(symbols))->sh_link = 3;
    elf_section(w, ".strtab", SHT_STRTAB, names, sizeof(names));
    struct machine m;
    machine_make(&m, abi_find(RING1_ABI_XEN_3_0, RING1_XEN_3_2), image_of(elf_finish(w)), &MIB_32);
    ck_assert_uint_eq(m.layout.symtab, BASE + 0x1004);
    ck_assert_uint_eq(word_at(&m, BASE + 0x1004), g_bytes_get_size(m.image->symtab) - 4);
    ck_assert_uint_eq(word_at(&m, BASE + 0x1008), 0x464C457Fu);
    ck_assert_uint_eq(m.layout.kernel_end, BASE + 0x1004 + g_bytes_get_size(m.image->symtab));
    machine_free(&m);
}
END_TEST

/* --- frames ---------------------------------------------------------------------------------- */

START_TEST(numbering)
{
    const struct abi *abi = abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    struct boot_config config = MIB_32;
    struct machine a, b, c, o, i, s;
    machine_make(&a, abi, kernel_for(abi), &config);
    machine_make(&b, abi, kernel_for(abi), &config);
    config.mfn_seed = 2;
    machine_make(&c, abi, kernel_for(abi), &config);
    config.mfn_mode = RING1_MFN_OFFSET;
    machine_make(&o, abi, kernel_for(abi), &config);
    config.mfn_mode = RING1_MFN_IDENTITY;
    machine_make(&i, abi, kernel_for(abi), &config);
    config.mfn_mode = RING1_MFN_SPARSE;
    machine_make(&s, abi, kernel_for(abi), &config);
    unsigned same = 0, neighbours = 0;
    for (uint32_t pfn = 0; pfn < config.nr_pages; pfn++) {
        struct frame next = s.d->mem->frames[p2m_at(&s, pfn) + 1];
        neighbours += next.owner == s.d->s.domid;
        ck_assert_uint_eq(p2m_at(&a, pfn), p2m_at(&b, pfn));
        same += p2m_at(&a, pfn) == p2m_at(&c, pfn);
        ck_assert_uint_eq(p2m_at(&o, pfn), pfn + p2m_at(&o, 0));
        ck_assert_uint_eq(p2m_at(&i, pfn), pfn);
    }
    ck_assert_uint_lt(same, 20);
    ck_assert_uint_lt(neighbours, config.nr_pages / 10);
    ck_assert_uint_ge(i.d->s.shared_info.mfn, config.nr_pages);
    ck_assert(page_recount(i.d, NULL) && page_recount(o.d, NULL) && page_recount(s.d, NULL));
    machine_free(&s);
    machine_free(&a);
    machine_free(&b);
    machine_free(&c);
    machine_free(&o);
    machine_free(&i);
}
END_TEST

START_TEST(four_gib)
{
    struct boot_config config = {.nr_pages = 1u << 20, .mfn_mode = (enum ring1_mfn_mode)_i, .mfn_seed = 7};
    const struct abi *pae = abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    const struct abi *old = abi_find(RING1_ABI_XEN_3_0, RING1_XEN_3_2);
    if (_i == RING1_MFN_IDENTITY) {
        refused(pae, kernel_for(pae), &config, RING1_ERROR_OPTION,
                "memory: 4096 MiB with --mfn identity leave no frame numbers below 4 GiB for the hypervisor; "
                "at most "
                "4090 MiB");
        config.nr_pages = 4090u << 8;
    }
    struct machine m;
    clock_t start = clock(); /* of the CPU: a busy host does not count */
    machine_make(&m, pae, kernel_for(pae), &config);
    ck_assert_int_lt((clock() - start) / (CLOCKS_PER_SEC / 1000), 10000); /* a slow machine with sanitizers */
    ck_assert_uint_lt(m.d->s.vcpu[0].cr3.mfn, FRAMES_BELOW_4G);
    ck_assert_uint_lt(m.d->s.console_mfn.mfn, FRAMES_BELOW_4G);
    ck_assert_uint_lt(m.d->s.shared_info.mfn, FRAMES_BELOW_4G);
    machine_free(&m);

    config.nr_pages = 1u << 20;
    refused(old, kernel_for(old), &config, RING1_ERROR_OPTION,
            "memory: 4096 MiB without PAE leave no frame numbers below 4 GiB for the hypervisor; at most "
            "4088 MiB");
    config.nr_pages = 4088u << 8;
    machine_make(&m, old, kernel_for(old), &config);
    ck_assert_uint_le(m.mem->nr_frames, FRAMES_BELOW_4G);
    machine_free(&m);
}
END_TEST

/* Memory that nobody fills must not become resident. */
START_TEST(untouched_memory)
{
    const struct abi *abi = abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    struct boot_config config = {.nr_pages = 65536};
    struct machine m;
    machine_make(&m, abi, image_of(elf_simple_notes(BASE, code, 0x1000, 0x1000000, "yes")), &config);
    unsigned char *in = g_malloc(m.mem->nr_frames);
    ck_assert_int_eq(mincore(m.mem->base, (size_t)m.mem->nr_frames << 12, in), 0);
    unsigned resident = 0;
    for (uint32_t i = 0; i < m.mem->nr_frames; i++)
        resident += in[i] & 1;
    ck_assert_uint_lt(resident, 300); /* m2p and p2m are 64 pages each */
    g_free(in);
    machine_free(&m);
}
END_TEST

/* --- what does not fit ------------------------------------------------------------------------ */

static struct image *two_segments(uint32_t second)
{
    struct elf_writer *w = elf_begin(BASE);
    elf_segment(w, BASE, code, 0x100, 0x1000, PF_R | PF_W | PF_X);
    elf_segment(w, second, code, 0x100, 0x2000, PF_R | PF_W);
    elf_guest_string(w, STRING_3_0);
    return image_of(elf_finish(w));
}

START_TEST(layout_refusals)
{
    const struct abi *old = abi_find(RING1_ABI_XEN_3_0, RING1_XEN_3_2);
    const struct abi *pae = abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    const struct abi *xen_2_0 = abi_find(RING1_ABI_XEN_2_0, RING1_XEN_AUTO);
    struct boot_config small = {.nr_pages = 256}, none = {.nr_pages = 0}, huge = {.nr_pages = 5u << 18};
    refused(old, kernel_for(old), &small, RING1_ERROR_IMAGE,
            "kernel: kernel and what the builder adds need 4096 KiB of memory; it is 1024 KiB");
    refused(old, kernel_for(old), &none, RING1_ERROR_OPTION, "memory: 0 pages; 1 to 1048576 are possible");
    refused(old, kernel_for(old), &huge, RING1_ERROR_OPTION,
            "memory: 1310720 pages; 1 to 1048576 are possible");
    refused(old, kernel_for(pae), &MIB_32, RING1_ERROR_IMAGE,
            "kernel: asks for xen-3.0-pae (XEN_VER is xen-3.0 and PAE is \"yes[extended-cr3]\"), which "
            "xen-3.0 of Xen "
            "3.2 does not run");
    refused(pae, kernel_for(xen_2_0), &MIB_32, RING1_ERROR_IMAGE,
            "kernel: asks for xen-2.0 (XEN_VER is 2.0), which xen-3.0-pae of Xen 4.17 does not run");
    refused(old, two_segments(BASE + 0xFFF), &MIB_32, RING1_ERROR_IMAGE,
            "kernel: segments 0 and 1 overlap: 0x1000 bytes at 0xc0000000, 0x2000 bytes at 0xc0000fff");
    refused(
        old, two_segments(0xFBFF0000u), &MIB_32, RING1_ERROR_IMAGE,
        "kernel: kernel and what the builder adds take 0xc0000000..0xfc400000, into the hypervisor's hole at "
        "0xfc000000");
    refused(old, two_segments(0xF0000000u), &MIB_32, RING1_ERROR_IMAGE,
            "kernel: kernel and what the builder adds need 790528 KiB of memory; it is 32768 KiB");
    refused(old, two_segments(BASE - 0x10000), &MIB_32, RING1_ERROR_IMAGE,
            "kernel: VIRT_BASE 0xc0000000 lies above the kernel's start 0xbfff0000");
}
END_TEST

static struct image *with_string(uint32_t entry, const char *text)
{
    struct elf_writer *w = elf_begin(entry);
    elf_segment(w, BASE, code, 0x100, 0x1000, PF_R | PF_W | PF_X);
    elf_guest_string(w, text);
    return image_of(elf_finish(w));
}

START_TEST(notes_that_lie)
{
    const struct abi *old = abi_find(RING1_ABI_XEN_3_0, RING1_XEN_3_2);
    refused(old, with_string(BASE - 1, STRING_3_0), &MIB_32, RING1_ERROR_IMAGE,
            "kernel: the entry point 0xbfffffff lies outside the kernel, 0xc0000000..0xc0001000");
    refused(old, with_string(BASE, STRING_3_0 ",VIRT_ENTRY=0xC0001001"), &MIB_32, RING1_ERROR_IMAGE,
            "kernel: the entry point 0xc0001001 lies outside the kernel, 0xc0000000..0xc0001000");
    refused(old, with_string(BASE, STRING_3_0 ",VIRT_BASE=0xBFFFFFFF"), &MIB_32, RING1_ERROR_IMAGE,
            "kernel: VIRT_BASE 0xbfffffff is no page boundary");
    refused(old, with_string(BASE, STRING_3_0 ",HYPERCALL_PAGE=0x400"), &MIB_32, RING1_ERROR_IMAGE,
            "kernel: HYPERCALL_PAGE 0xc0400000 is no page of 0xc0000000..0xc0400000");
    refused(old, with_string(BASE, STRING_3_0 ",HYPERCALL_PAGE=0xFFFFF"), &MIB_32, RING1_ERROR_IMAGE,
            "kernel: HYPERCALL_PAGE 0x1bffff000 is no page of 0xc0000000..0xc0400000");
    refused(old, with_string(BASE, "XEN_VER=xen-3.0,LOADER=generic,ELF_PADDR_OFFSET=0"), &MIB_32,
            RING1_ERROR_IMAGE, "kernel: PADDR_OFFSET 0x0 is given without VIRT_BASE");
    char *text = g_strnfill(1024, 'x');
    struct boot_config config = MIB_32;
    config.cmdline = text;
    refused(old, kernel_for(old), &config, RING1_ERROR_OPTION,
            "the guest's command line of 1024 bytes does not fit: start_info of xen-3.0 holds 1023");
    g_free(text);
}
END_TEST

/* The real guests, where they have been fetched. */
START_TEST(real_guests)
{
    static const char *const names[] = {"grub-i386-xen.bin", "gnumach-1.8-xen-486-bullseye.gz",
                                        "gnumach-1.8-xen-486-bookworm.gz"};
    const char *dir = g_getenv("RING1_GUESTS");
    char *path = g_build_filename(dir ? dir : ".", names[_i], NULL);
    if (dir && g_file_test(path, G_FILE_TEST_EXISTS)) {
        struct boot_config config = {.nr_pages = 65536, .mfn_seed = 1};
        struct machine m;
        machine_make(&m, abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_AUTO), image_load_file(path, NULL),
                     &config);
        ck_assert(page_recount(m.d, NULL));
        ck_assert_uint_eq(m.d->s.vcpu[0].regs.eip, _i ? BASE : 0);
        machine_free(&m);
    }
    g_free(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("boot");
    TCase *pairs = tcase_create("pairs"), *places = tcase_create("places"), *frames = tcase_create("frames"),
          *misfits = tcase_create("misfits");
    int n = (int)nr_pairs();
    tcase_add_loop_test(pairs, order_and_addresses, 0, n);
    tcase_add_loop_test(pairs, tables_map_the_region_and_nothing_else, 0, n);
    tcase_add_loop_test(pairs, p2m_and_m2p_agree, 0, n);
    tcase_add_loop_test(pairs, start_info, 0, n);
    tcase_add_loop_test(pairs, registers, 0, n);
    tcase_add_loop_test(pairs, event_channels, 0, n);
    tcase_add_loop_test(pairs, kernel_and_hypercall_page, 0, n);
    tcase_add_loop_test(pairs, types_and_counts, 0, n);
    tcase_add_loop_test(pairs, gdt_page, 0, n);
    tcase_add_loop_test(pairs, initrd, 0, n);
    tcase_add_loop_test(pairs, flat_code, 0, n);
    tcase_set_timeout(pairs, 60);
    tcase_add_loop_test(places, virt_base_0, 0, 2);
    tcase_add_test(places, odd_bases);
    tcase_add_test(places, room_behind_the_stack);
    tcase_add_test(places, addresses_by_generation);
    tcase_add_test(places, symbol_table_lies_behind_bss);
    tcase_add_test(places, unmapped_initrd);
    tcase_add_loop_test(places, real_guests, 0, 3);
    tcase_set_timeout(places, 60);
    tcase_add_test(frames, numbering);
    tcase_add_loop_test(frames, four_gib, 0, 4);
    tcase_add_test(frames, untouched_memory);
    tcase_set_timeout(frames, 60);
    tcase_add_test(misfits, damaged_initrd);
    tcase_add_test(misfits, large_initrd);
    tcase_add_test(misfits, layout_refusals);
    tcase_add_test(misfits, notes_that_lie);
    tcase_set_timeout(misfits, 60);
    suite_add_tcase(suite, pairs);
    suite_add_tcase(suite, places);
    suite_add_tcase(suite, frames);
    suite_add_tcase(suite, misfits);
    return run_suite(suite);
}
