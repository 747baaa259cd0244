/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_image.c - images: packing, notes, __xen_guest, the ABI they ask for, and
 * one line that says file, field and value for everything that is wrong.
 */
#include "suite.h"

#include "elf_writer.h"

#include <emu/describe.h>
#include <emu/image.h>

#include <check.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <lz4.h>
#include <lzma.h>
#include <ring1/ring1.h>
#include <stdlib.h>
#include <string.h>
#include <xen/elfnote.h>
#include <zlib.h>
#include <zstd.h>

static const uint8_t CODE[64] = {0x90, 0x90, 0xCD, 0x82};
#define BASE       0xC0000000u
#define STRING_3_0 "GUEST_OS=test,XEN_VER=xen-3.0,VIRT_BASE=0xC0000000,LOADER=generic"

static struct image *load_bytes(GBytes *bytes, GError **error)
{
    gsize len;
    const void *data = g_bytes_get_data(bytes, &len);
    struct image *image = image_load(data, len, "kernel", error);
    g_bytes_unref(bytes);
    return image;
}

static struct image *load_ok(GBytes *bytes)
{
    GError *error = NULL;
    struct image *image = load_bytes(bytes, &error);
    ck_assert_msg(image != NULL, "%s", error ? error->message : "?");
    return image;
}

/* The whole message, so that its words are looked at when they change. */
static void refused(GBytes *bytes, const char *expected)
{
    GError *error = NULL;
    struct image *image = load_bytes(bytes, &error);
    ck_assert_msg(image == NULL, "accepted; expected: %s", expected);
    ck_assert(g_error_matches(error, RING1_ERROR, RING1_ERROR_IMAGE));
    ck_assert_str_eq(error->message, expected);
    g_error_free(error);
}

static GBytes *text_file(const char *text)
{
    return g_bytes_new(text, strlen(text));
}

static GBytes *cut(GBytes *bytes, gsize len)
{
    GBytes *out = g_bytes_new_from_bytes(bytes, 0, len);
    g_bytes_unref(bytes);
    return out;
}

/* Overwrite bytes of a file. */
static GBytes *spoil(GBytes *bytes, gsize at, const void *with, gsize len)
{
    gsize size;
    guint8 *data = g_bytes_unref_to_data(bytes, &size);
    ck_assert(at + len <= size);
    memcpy(data + at, with, len);
    return g_bytes_new_take(data, size);
}

static GBytes *spoil_16(GBytes *bytes, gsize at, uint16_t value)
{
    return spoil(bytes, at, &value, 2);
}

/* --- packing ------------------------------------------------------------------- */

static GBytes *pack_gzip(GBytes *bytes)
{
    gsize len;
    const guint8 *data = g_bytes_get_data(bytes, &len);
    z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)len};
    gsize room = len + len / 100 + 1024;
    guint8 *out = g_malloc(room);
    z.next_out = out;
    z.avail_out = (uInt)room;
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    gsize got = room - z.avail_out;
    deflateEnd(&z);
    g_bytes_unref(bytes);
    return g_bytes_new_take(out, got);
}

static GBytes *pack_lzma(GBytes *bytes, bool alone)
{
    gsize len, got = 0;
    const guint8 *data = g_bytes_get_data(bytes, &len);
    gsize room = len + 65536;
    guint8 *out = g_malloc(room);
    if (alone) {
        lzma_options_lzma options;
        lzma_stream s = LZMA_STREAM_INIT;
        lzma_lzma_preset(&options, 6);
        ck_assert_int_eq(lzma_alone_encoder(&s, &options), LZMA_OK);
        s.next_in = data;
        s.avail_in = len;
        s.next_out = out;
        s.avail_out = room;
        ck_assert_int_eq(lzma_code(&s, LZMA_FINISH), LZMA_STREAM_END);
        got = room - s.avail_out;
        lzma_end(&s);
    } else {
        ck_assert_int_eq(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, data, len, out, &got, room),
                         LZMA_OK);
    }
    g_bytes_unref(bytes);
    return g_bytes_new_take(out, got);
}

static GBytes *pack_zstd(GBytes *bytes)
{
    gsize len;
    const guint8 *data = g_bytes_get_data(bytes, &len);
    gsize room = ZSTD_compressBound(len);
    guint8 *out = g_malloc(room);
    gsize got = ZSTD_compress(out, room, data, len, 3);
    g_bytes_unref(bytes);
    return g_bytes_new_take(out, got);
}

/* As Linux's build makes it: magic, blocks, and the unpacked length at the end. */
static GBytes *pack_lz4(GBytes *bytes)
{
    gsize len;
    const guint8 *data = g_bytes_get_data(bytes, &len);
    int room = LZ4_compressBound((int)len);
    guint8 *out = g_malloc((gsize)room + 12);
    int got = LZ4_compress_default((const char *)data, (char *)out + 8, (int)len, room);
    uint32_t words[] = {0x184C2102, (uint32_t)got, (uint32_t)len};
    memcpy(out, words, 8);
    memcpy(out + 8 + got, &words[2], 4);
    g_bytes_unref(bytes);
    return g_bytes_new_take(out, (gsize)got + 12);
}

static GBytes *kernel(void)
{
    return elf_simple_notes(BASE, CODE, sizeof(CODE), 0x3000, "yes");
}

START_TEST(plain_elf)
{
    struct image *image = load_ok(kernel());
    const char *why;
    ck_assert_int_eq(image_abi(image, &why), RING1_ABI_XEN_3_0_PAE);
    ck_assert_str_eq(why, "XEN_VERSION is xen-3.0 and PAE_MODE is \"yes\"");
    ck_assert_uint_eq(image->nr_segments, 1);
    ck_assert_uint_eq(image->segment[0].vaddr, BASE);
    ck_assert_uint_eq(image->segment[0].memsz, 0x3000);
    ck_assert_mem_eq(image->segment[0].data, CODE, sizeof(CODE));
    ck_assert_int_eq(image->pae, IMAGE_PAE_EXTENDED_CR3);
    image_free(image);
}
END_TEST

START_TEST(gzip_file)
{
    struct image *image = load_ok(pack_gzip(kernel()));
    ck_assert(image->gzipped);
    ck_assert_mem_eq(image->segment[0].data, CODE, sizeof(CODE));
    char *kind = image_kind(image);
    ck_assert_str_eq(kind, "gzip, ELF 32-bit x86");
    g_free(kind);
    image_free(image);
}
END_TEST

START_TEST(bzimage_payloads)
{
    static const char *const kinds[] = {"plain", "gzip", "xz", "lzma", "lz4", "zstd"};
    GBytes *payloads[] = {
        kernel(),           pack_gzip(kernel()), pack_lzma(kernel(), false), pack_lzma(kernel(), true),
        pack_lz4(kernel()), pack_zstd(kernel()),
    };
    GBytes *file = elf_bzimage(payloads[_i]);
    struct image *image = load_ok(file);
    char *expected = g_strdup_printf("bzImage 2.12 (%s payload), ELF 32-bit x86", kinds[_i]);
    char *kind = image_kind(image);
    ck_assert_str_eq(kind, expected);
    ck_assert_mem_eq(image->segment[0].data, CODE, sizeof(CODE));
    g_free(expected);
    g_free(kind);
    image_free(image);
    for (int i = 0; i < 6; i++)
        if (i != _i)
            g_bytes_unref(payloads[i]);
}
END_TEST

START_TEST(bzimage_refusals)
{
    GBytes *good = elf_bzimage(kernel());
    refused(spoil_16(good, 0x206, 0x0205),
            "kernel: bzImage of boot protocol 2.05: a payload is there from 2.08 on");
    uint32_t far = 0x100000;
    refused(spoil(elf_bzimage(kernel()), 0x248, &far, 4),
            "kernel: bzImage payload at 0x100400 of 544 bytes lies beyond the file's 1600 bytes");
    far = UINT32_MAX;
    refused(spoil(elf_bzimage(kernel()), 0x24C, &far, 4),
            "kernel: bzImage payload at 0x410 of 4294967295 bytes lies beyond the file's 1600 bytes");
    refused(elf_bzimage(text_file("BZh91AY&SY....")),
            "kernel: compression bzip2 is not served: only gzip, xz, lzma, lz4 and zstd are");
    refused(elf_bzimage(text_file("hello, world")), "kernel: bzImage payload at 0x410 has no known packing");
    refused(
        elf_bzimage(pack_gzip(text_file("hello, world"))),
        "kernel: the bzImage's payload is no kernel: neither ELF nor bzImage, it starts with 68 65 6c 6c");
    refused(elf_bzimage(cut(pack_lz4(kernel()), 100)), "kernel: lz4 data ends too early");
    refused(elf_bzimage(cut(pack_zstd(kernel()), 100)), "kernel: zstd data ends too early");
    refused(elf_bzimage(cut(pack_lzma(kernel(), false), 100)), "kernel: xz data ends too early");
}
END_TEST

START_TEST(damaged_gzip)
{
    refused(cut(pack_gzip(kernel()), 100), "kernel: gzip data ends too early");
    refused(spoil(pack_gzip(kernel()), 20, "\xff\xff\xff\xff\xff\xff\xff\xff", 8),
            "kernel: gzip data is damaged");
    /* A second gzip inside, and packings that only a bzImage may have. */
    refused(pack_gzip(pack_gzip(kernel())),
            "kernel: the unpacked file is no kernel: neither ELF nor bzImage, it starts with 1f 8b 08 00");
    refused(pack_zstd(kernel()), "kernel: a whole file packed by zstd; Xen's builders unpack gzip alone");
}
END_TEST

START_TEST(bomb)
{
    gsize len = (gsize)80 << 20;
    GBytes *zeros = g_bytes_new_take(g_malloc0(len), len);
    GBytes *packed = pack_zstd(zeros);
    gsize packed_len = g_bytes_get_size(packed);
    char *expected = g_strdup_printf(
        "kernel: %zu bytes of zstd unpack to more than the 67108864 that are allowed", packed_len);
    GBytes *file = elf_bzimage(packed);
    refused(file, expected);
    g_free(expected);
}
END_TEST

START_TEST(output_of_exactly_the_bound)
{
    guint8 bytes[1000] = {1, 2, 3};
    GBytes *packed[] = {
        pack_gzip(g_bytes_new(bytes, sizeof(bytes))),
        pack_lzma(g_bytes_new(bytes, sizeof(bytes)), false),
        pack_lzma(g_bytes_new(bytes, sizeof(bytes)), true),
        pack_lz4(g_bytes_new(bytes, sizeof(bytes))),
        pack_zstd(g_bytes_new(bytes, sizeof(bytes))),
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(packed); i++) {
        gsize len;
        const guint8 *data = g_bytes_get_data(packed[i], &len);
        enum compression kind = compression_detect(data, len);
        GBytes *out = decompress(kind, data, len, 1000, "x", NULL);
        ck_assert_msg(out != NULL, "%s", compression_name(kind));
        ck_assert_uint_eq(g_bytes_get_size(out), 1000);
        ck_assert_mem_eq(g_bytes_get_data(out, NULL), bytes, 1000);
        g_bytes_unref(out);
        GError *error = NULL;
        ck_assert(decompress(kind, data, len, 999, "x", &error) == NULL);
        ck_assert(strstr(error->message, "unpack to more than the 999 that are allowed") != NULL);
        g_error_free(error);
        g_bytes_unref(packed[i]);
    }
}
END_TEST

/* --- notes ---------------------------------------------------------------------- */

START_TEST(notes_in_sections)
{
    struct elf_writer *w = elf_begin(BASE);
    elf_segment(w, BASE, CODE, sizeof(CODE), sizeof(CODE), PF_R | PF_X);
    elf_note_of(w, "name", XEN_ELFNOTE_XEN_VERSION, "foreign", 8);
    elf_note_text(w, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
    elf_note_text(w, XEN_ELFNOTE_LOADER, "generic");
    elf_notes_section(w);
    struct image *image = load_ok(elf_finish(w));
    ck_assert_int_eq(image->abi, RING1_ABI_XEN_3_0);
    ck_assert_str_eq(image->abi_why, "XEN_VERSION is xen-3.0 and PAE_MODE is not given");
    ck_assert_uint_eq(image->nr_keys, 2);
    image_free(image);
}
END_TEST

/* The segment wins over the section; notes win over the string; other owners do
 * not count. */
START_TEST(notes_come_first)
{
    struct elf_writer *w = elf_begin(BASE);
    elf_segment(w, BASE, CODE, sizeof(CODE), sizeof(CODE), PF_R | PF_X);
    elf_note_text(w, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
    elf_note_text(w, XEN_ELFNOTE_LOADER, "generic");
    elf_note_text(w, XEN_ELFNOTE_PAE_MODE, "yes,bimodal");
    elf_notes_segment(w);
    g_byte_array_set_size(w->notes, 0);
    elf_note_text(w, XEN_ELFNOTE_XEN_VERSION, "other");
    elf_notes_section(w);
    elf_guest_string(w, "XEN_VER=2.0,LOADER=generic");
    struct image *image = load_ok(elf_finish(w));
    ck_assert_str_eq(image->xen_version, "xen-3.0");
    ck_assert_int_eq(image->pae, IMAGE_PAE_BIMODAL);
    ck_assert_int_eq(image->abi, RING1_ABI_XEN_3_0_PAE);
    image_free(image);
}
END_TEST

START_TEST(notes_of_others_fall_back_to_the_string)
{
    struct elf_writer *w = elf_begin(BASE);
    elf_segment(w, BASE, CODE, sizeof(CODE), sizeof(CODE), PF_R | PF_X);
    elf_note_of(w, "name", XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    elf_note_of(w, "Xen2", XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    elf_notes_section(w);
    elf_guest_string(w, STRING_3_0 ",PAE=yes,HYPERCALL_PAGE=0x2,FEATURES=pae_pgdir_above_4gb|odd");
    struct image *image = load_ok(elf_finish(w));
    ck_assert_int_eq(image->source, IMAGE_FROM_GUEST_STRING);
    ck_assert_int_eq(image->abi, RING1_ABI_XEN_3_0_PAE);
    ck_assert_int_eq(image->pae, IMAGE_PAE_YES);
    ck_assert_uint_eq(image->hypercall_page, 2);
    ck_assert_uint_eq(image->nr_features, 2);
    ck_assert_int_eq(image->feature[0].bit, 4);
    ck_assert_int_eq(image->feature[1].bit, -1);
    image_free(image);
}
END_TEST

/* Where GRUB's image ends: a note that says 12 bytes where 4 are left. */
START_TEST(note_sizes_are_clamped)
{
    for (uint32_t lie = 4; lie <= 0x7FFFFFFF; lie = lie * 2 + 1) {
        struct elf_writer *w = elf_begin(BASE);
        elf_segment(w, BASE, CODE, sizeof(CODE), sizeof(CODE), PF_R | PF_X);
        elf_note_text(w, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
        elf_note_text(w, XEN_ELFNOTE_LOADER, "generic");
        elf_note_text(w, XEN_ELFNOTE_PAE_MODE, "yes");
        memcpy(w->notes->data + w->notes->len - 16, &lie, 4); /* descsz, before type, "Xen", "yes" */
        Elf32_Phdr *ph = elf_notes_segment(w);
        ph->p_filesz += lie > 100 ? 0x10000 : 0;
        struct image *image = load_ok(elf_finish(w));
        ck_assert_int_eq(image->pae, IMAGE_PAE_EXTENDED_CR3);
        image_free(image);
    }
}
END_TEST

START_TEST(numbers_of_all_sizes)
{
    static const uint8_t bytes[8] = {0x78, 0x56, 0x34, 0x12};
    static const uint32_t values[] = {0, 0x78, 0x5678, 0, 0x12345678, 0, 0, 0, 0x12345678};
    for (uint32_t len = 0; len <= 8; len++) {
        struct elf_writer *w = elf_begin(BASE);
        elf_segment(w, BASE, CODE, sizeof(CODE), sizeof(CODE), PF_R | PF_X);
        elf_note_text(w, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
        elf_note_text(w, XEN_ELFNOTE_LOADER, "generic");
        elf_note(w, XEN_ELFNOTE_HV_START_LOW, bytes, len);
        elf_notes_segment(w);
        GBytes *file = elf_finish(w);
        if (values[len]) {
            struct image *image = load_ok(file);
            ck_assert_uint_eq(image->hv_start_low, values[len]);
            image_free(image);
        } else {
            char *expected =
                g_strdup_printf("kernel: note HV_START_LOW has %u bytes; a number has 1, 2, 4 or 8", len);
            refused(file, expected);
            g_free(expected);
        }
    }
}
END_TEST

static GBytes *with_note(uint32_t type, const void *desc, uint32_t len)
{
    struct elf_writer *w = elf_begin(BASE);
    elf_segment(w, BASE, CODE, sizeof(CODE), sizeof(CODE), PF_R | PF_X);
    elf_note_text(w, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
    elf_note_text(w, XEN_ELFNOTE_LOADER, "generic");
    elf_note(w, type, desc, len);
    elf_notes_segment(w);
    return elf_finish(w);
}

START_TEST(note_refusals)
{
    uint64_t big = 0x100000000ull;
    refused(with_note(XEN_ELFNOTE_ENTRY, &big, 8), "kernel: ENTRY 0x100000000 is no 32-bit address");
    refused(with_note(XEN_ELFNOTE_FEATURES, "!frobnicate", 12),
            "kernel: FEATURES: the required feature \"frobnicate\" is unknown");
    refused(with_note(XEN_ELFNOTE_FEATURES, "!auto_translated_physmap", 25),
            "kernel: FEATURES: the required feature \"auto_translated_physmap\" is not there for PV guests");
    refused(with_note(XEN_ELFNOTE_XEN_VERSION, "xen-4.0", 8),
            "kernel: XEN_VERSION \"xen-4.0\" is not xen-3.0");
    refused(with_note(XEN_ELFNOTE_XEN_VERSION, "2.0", 4), "kernel: XEN_VERSION \"2.0\" is not xen-3.0");
    refused(with_note(XEN_ELFNOTE_XEN_VERSION, "", 1),
            "kernel: XEN_VERSION is not given: it must be xen-3.0");
    refused(with_note(XEN_ELFNOTE_LOADER, "special\n", 8),
            "kernel: LOADER \"special\\x0a\" is not generic, and GUEST_OS \"\" not linux");
    /* Linux writes these two, and runs. */
    struct image *image =
        load_ok(with_note(XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb", 42));
    ck_assert(image->feature[0].required && !image->feature[1].required);
    image_free(image);
}
END_TEST

START_TEST(too_many_notes)
{
    struct elf_writer *w = elf_begin(BASE);
    elf_segment(w, BASE, CODE, sizeof(CODE), sizeof(CODE), PF_R | PF_X);
    for (unsigned i = 0; i < 5000; i++)
        elf_note_word(w, 1000 + i, i);
    elf_notes_segment(w);
    refused(elf_finish(w), "kernel: more than 4096 notes");
}
END_TEST

/* --- __xen_guest ------------------------------------------------------------------ */

static GBytes *with_string(const char *text)
{
    return elf_simple_string(BASE, CODE, sizeof(CODE), sizeof(CODE), text);
}

START_TEST(guest_strings)
{
    static const struct {
        const char *text;
        enum ring1_abi abi;
        enum image_pae pae;
        const char *why;
    } cases[] = {
        {"GUEST_OS=linux,GUEST_VER=2.6,XEN_VER=2.0,VIRT_BASE=0xC0000000,LOADER=generic,PT_MODE_WRITABLE",
         RING1_ABI_XEN_2_0, IMAGE_PAE_NO, "XEN_VER is 2.0"},
        {STRING_3_0, RING1_ABI_XEN_3_0, IMAGE_PAE_NO, "XEN_VER is xen-3.0 and PAE is not given"},
        {STRING_3_0 ",PAE=no", RING1_ABI_XEN_3_0, IMAGE_PAE_NO, "XEN_VER is xen-3.0 and PAE is \"no\""},
        {STRING_3_0 ",PAE=yes", RING1_ABI_XEN_3_0_PAE, IMAGE_PAE_YES,
         "XEN_VER is xen-3.0 and PAE is \"yes\""},
        {STRING_3_0 ",PAE=yes[extended-cr3]", RING1_ABI_XEN_3_0_PAE, IMAGE_PAE_EXTENDED_CR3,
         "XEN_VER is xen-3.0 and PAE is \"yes[extended-cr3]\""},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct image *image = load_ok(with_string(cases[i].text));
        ck_assert_int_eq(image->abi, cases[i].abi);
        ck_assert_int_eq(image->pae, cases[i].pae);
        ck_assert_str_eq(image->abi_why, cases[i].why);
        ck_assert_uint_eq(image->virt_base, BASE);
        ck_assert_int_eq(image->pt_mode_writable, i == 0);
        image_free(image);
    }
}
END_TEST

/* Plan 9 writes its own section headers: two, of type 0, and the string is the first. */
START_TEST(guest_string_in_section_0)
{
    g_autoptr(GBytes) usual = with_string("LOADER=generic,XEN_VER=xen-3.0,VIRT_BASE=0xC0000000,PAE=yes");
    gsize len;
    g_autofree uint8_t *bytes = g_memdup2(g_bytes_get_data(usual, &len), g_bytes_get_size(usual));
    Elf32_Ehdr *eh = (Elf32_Ehdr *)bytes;
    Elf32_Shdr *sh = (Elf32_Shdr *)(bytes + eh->e_shoff);
    ck_assert_uint_eq(eh->e_shnum, 3); /* none, __xen_guest, .shstrtab */
    for (unsigned i = 0; i < 2; i++) {
        sh[i] = sh[i + 1];
        sh[i].sh_type = SHT_NULL;
    }
    eh->e_shnum = 2;
    eh->e_shstrndx = 1;
    struct image *image = load_ok(g_bytes_new(bytes, len));
    ck_assert_int_eq(image->abi, RING1_ABI_XEN_3_0_PAE);
    image_free(image);
    sh[0].sh_name = 0xFFFFFFF0;
    refused(g_bytes_new(bytes, len),
            "kernel: an ELF file without Xen notes and without a __xen_guest section: no Xen guest");
}
END_TEST

START_TEST(guest_string_refusals)
{
    refused(with_string("GUEST_OS=x,LOADER=generic"),
            "kernel: XEN_VER is not given: it must be xen-3.0 or 2.0");
    refused(with_string("XEN_VER=1.2,LOADER=generic"), "kernel: XEN_VER \"1.2\" is not xen-3.0 or 2.0");
    refused(with_string("XEN_VER=xen-3.0,GUEST_OS=bsd,LOADER=own"),
            "kernel: LOADER \"own\" is not generic, and GUEST_OS \"bsd\" not linux");
    refused(with_string(STRING_3_0 ",VIRT_BASE=up"), "kernel: __xen_guest: VIRT_BASE=up is no number");
    refused(with_string(STRING_3_0 ",VIRT_BASE=-1"), "kernel: __xen_guest: VIRT_BASE=-1 is no number");
    refused(with_string(STRING_3_0 ",VIRT_BASE=0x1234567890"),
            "kernel: VIRT_BASE 0x1234567890 is no 32-bit address");
    refused(with_string(STRING_3_0 ",HYPERCALL_PAGE=0xC0001000"),
            "kernel: __xen_guest: HYPERCALL_PAGE=0xC0001000 is no page number");
}
END_TEST

/* --- ELF ---------------------------------------------------------------------------- */

START_TEST(not_a_kernel)
{
    refused(g_bytes_new("", 0), "kernel: is empty");
    refused(text_file("#!/bin/sh\necho hello\n"),
            "kernel: is no kernel: neither ELF nor bzImage, it starts with 23 21 2f 62");
    refused(text_file("x"), "kernel: is no kernel: neither ELF nor bzImage, it starts with 78");
    refused(cut(kernel(), 40), "kernel: ends within the ELF header: 40 bytes");
    refused(spoil(kernel(), EI_CLASS, "\2", 1),
            "kernel: is a 64-bit ELF file (EI_CLASS 2, e_machine 3); only 32-bit guests run");
    refused(spoil(kernel(), EI_CLASS, "\7", 1), "kernel: EI_CLASS 7 is neither 32 nor 64 bits");
    refused(spoil(kernel(), EI_DATA, "\2", 1), "kernel: EI_DATA 2 is not little-endian");
    refused(spoil_16(kernel(), 18, EM_ARM), "kernel: e_machine 40 is not x86 (3)");
    refused(spoil_16(kernel(), 16, ET_REL), "kernel: e_type 1 is not an executable (2)");
    struct elf_writer *w = elf_begin(BASE);
    elf_segment(w, BASE, CODE, sizeof(CODE), sizeof(CODE), PF_R | PF_X);
    refused(elf_finish(w),
            "kernel: an ELF file without Xen notes and without a __xen_guest section: no Xen guest");
}
END_TEST

START_TEST(program_headers)
{
    uint32_t far = 0x10000000;
    refused(spoil(kernel(), offsetof(Elf32_Ehdr, e_phoff), &far, 4),
            "kernel: e_phoff 0x10000000: 2 program headers of 32 bytes lie beyond the file's 544 bytes");
    refused(spoil_16(kernel(), offsetof(Elf32_Ehdr, e_phnum), 60000),
            "kernel: e_phoff 0x34: 60000 program headers of 32 bytes lie beyond the file's 544 bytes");
    refused(spoil_16(kernel(), offsetof(Elf32_Ehdr, e_phnum), 0), "kernel: e_phnum 0: no segment to load");
    uint32_t ph = sizeof(Elf32_Ehdr);
    refused(spoil(kernel(), ph + offsetof(Elf32_Phdr, p_offset), &far, 4),
            "kernel: program header 0: p_offset 0x10000000 with p_filesz 0x40 lies beyond the file's 544 "
            "bytes: is "
            "it cut short?");
    far = UINT32_MAX;
    refused(spoil(kernel(), ph + offsetof(Elf32_Phdr, p_memsz), &far, 4),
            "kernel: program header 0: p_memsz 0xffffffff at 0xc0000000 goes beyond 4 GiB");
    far = 0x20;
    refused(spoil(kernel(), ph + offsetof(Elf32_Phdr, p_memsz), &far, 4),
            "kernel: program header 0: p_filesz 0x40 is more than p_memsz 0x20");
}
END_TEST

/* Whatever length a file is cut to, there is a message and no harm. */
START_TEST(every_truncation)
{
    GBytes *files[] = {kernel(), with_string(STRING_3_0), elf_bzimage(kernel()), pack_gzip(kernel())};
    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        gsize len;
        const guint8 *data = g_bytes_get_data(files[i], &len);
        for (gsize n = 0; n < len; n += 1) {
            /* An exact copy, so that a sanitizer sees a byte too many. */
            guint8 *copy = g_memdup2(data, n);
            GError *error = NULL;
            struct image *image = image_load(copy, n, "kernel", &error);
            ck_assert((image == NULL) == (error != NULL));
            if (error)
                ck_assert(g_str_has_prefix(error->message, "kernel: ") && !strchr(error->message, '\n'));
            g_clear_error(&error);
            image_free(image);
            g_free(copy);
        }
        g_bytes_unref(files[i]);
    }
}
END_TEST

START_TEST(bsd_symbols)
{
    static const char names[] = "\0start\0";
    Elf32_Sym symbols[2] = {{0}, {.st_name = 1, .st_value = BASE}};
    struct elf_writer *w = elf_begin(BASE);
    elf_segment(w, BASE, CODE, sizeof(CODE), 0x1003, PF_R | PF_W | PF_X);
    elf_guest_string(w, STRING_3_0 ",BSD_SYMTAB=yes");
    elf_section(w, ".symtab", SHT_SYMTAB, symbols, sizeof(symbols))->sh_link = 3;
    elf_section(w, ".strtab", SHT_STRTAB, names, sizeof(names));
    struct image *image = load_ok(elf_finish(w));
    ck_assert(image->symtab != NULL);
    gsize len;
    const guint8 *table = g_bytes_get_data(image->symtab, &len);
    ck_assert_uint_eq(len, 4 + 52 + 120 + sizeof(symbols) + 8);
    ck_assert_uint_eq(*(const uint32_t *)table, len - 4);
    Elf32_Ehdr eh;
    Elf32_Shdr sh[3];
    memcpy(&eh, table + 4, sizeof(eh));
    ck_assert_uint_eq(eh.e_shnum, 3);
    memcpy(sh, table + 4 + eh.e_shoff, sizeof(sh));
    ck_assert_uint_eq(sh[1].sh_type, SHT_SYMTAB);
    ck_assert_uint_eq(sh[1].sh_link, 2);
    ck_assert_mem_eq(table + 4 + sh[1].sh_offset, symbols, sizeof(symbols));
    ck_assert_mem_eq(table + 4 + sh[2].sh_offset, names, sizeof(names));
    image_free(image);
}
END_TEST

/* --- files, flat code, descriptions ------------------------------------------------- */

static void file_refused(const char *path, const char *end)
{
    GError *error = NULL;
    ck_assert(image_load_file(path, &error) == NULL);
    ck_assert(g_error_matches(error, RING1_ERROR, RING1_ERROR_IMAGE));
    char *expected = g_strdup_printf("%s: %s", path, end);
    ck_assert_str_eq(error->message, expected);
    g_free(expected);
    g_error_free(error);
}

START_TEST(files)
{
    char *dir = g_dir_make_tmp("ring1-image-XXXXXX", NULL);
    char *path = g_build_filename(dir, "kernel", NULL);
    file_refused(path, "No such file or directory");
    file_refused(dir, "is a directory, not a file");
    file_refused("/dev/null", "is a device, not a file");
    ck_assert(g_file_set_contents(path, "", 0, NULL));
    file_refused(path, "is empty");
    GBytes *bytes = kernel();
    gsize len;
    const char *data = g_bytes_get_data(bytes, &len);
    ck_assert(g_file_set_contents(path, data, (gssize)len, NULL));
    struct image *image = image_load_file(path, NULL);
    ck_assert(image != NULL);
    image_free(image);
    g_bytes_unref(bytes);
    FILE *f = fopen(path, "r+");
    ck_assert_int_eq(fseek(f, (long)IMAGE_FILE_MAX + 5, SEEK_SET), 0);
    ck_assert_int_eq(fputc(1, f), 1);
    fclose(f);
    file_refused(path, "is 512 MiB long; at most 512 MiB are read");
    g_unlink(path);
    g_rmdir(dir);
    g_free(path);
    g_free(dir);
}
END_TEST

START_TEST(flat_code)
{
    struct image *image = image_raw(CODE, sizeof(CODE), 0x100123, "code", NULL);
    ck_assert_int_eq(image->abi, RING1_ABI_XEN_3_0_PAE);
    ck_assert_uint_eq(image->virt_base, 0x100000);
    ck_assert_uint_eq(image->e_entry, 0x100123);
    image_free(image);
    GError *error = NULL;
    ck_assert(image_raw(CODE, sizeof(CODE), 0xFFFFFFF0u, "code", &error) == NULL);
    ck_assert_str_eq(error->message, "code: 64 bytes of flat code at 0xfffffff0 go beyond 4 GiB");
    g_error_free(error);
}
END_TEST

START_TEST(descriptions)
{
    struct image *image =
        load_ok(elf_bzimage(pack_gzip(with_string(STRING_3_0 ",PAE=yes,HYPERCALL_PAGE=0x0"))));
    struct layout layout;
    GError *error = NULL;
    ck_assert_msg(
        layout_compute(abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_AUTO), image, 8192, 0, &layout, &error),
        "%s", error ? error->message : "");
    char *text = image_describe(image, &layout, false), *json = image_describe(image, &layout, true);
    ck_assert(strstr(text, "kernel: bzImage 2.12 (gzip payload), ELF 32-bit x86") != NULL);
    ck_assert(strstr(text, "hypercall page  0xc0000000") != NULL);
    ck_assert(strstr(text, "  0xc0000000  kernel              1 page\n") != NULL);
    JsonNode *root = json_from_string(json, NULL);
    ck_assert(root != NULL);
    JsonObject *o = json_node_get_object(root);
    ck_assert_str_eq(json_object_get_string_member(o, "abi"), "xen-3.0-pae");
    ck_assert_int_eq(json_object_get_int_member(o, "hypercall_page"), BASE);
    JsonObject *l = json_object_get_object_member(o, "layout");
    ck_assert_int_eq((gint64)json_array_get_length(json_object_get_array_member(l, "elements")), 7);
    json_node_unref(root);
    g_free(text);
    g_free(json);
    text = image_describe(image, NULL, false);
    ck_assert(strstr(text, "layout") == NULL);
    g_free(text);
    image_free(image);
}
END_TEST

/* --- real ones ----------------------------------------------------------------------- */

/* The guests that quickstart fetches, where they are there. */
static struct image *real(const char *name, GError **error)
{
    const char *dir = g_getenv("RING1_GUESTS");
    if (!dir)
        return NULL;
    char *path = g_build_filename(dir, name, NULL);
    struct image *image = g_file_test(path, G_FILE_TEST_EXISTS) ? image_load_file(path, error) : NULL;
    g_free(path);
    return image;
}

START_TEST(real_guests)
{
    GError *error = NULL;
    struct image *image = real("grub-i386-xen.bin", &error);
    ck_assert_msg(!error, "%s", error ? error->message : "");
    if (image) {
        ck_assert_int_eq(image->source, IMAGE_FROM_NOTES);
        ck_assert_int_eq(image->abi, RING1_ABI_XEN_3_0_PAE);
        ck_assert_str_eq(image->guest_os, "GRUB");
        ck_assert(image->has_entry && image->entry == 0 && image->has_virt_base && image->virt_base == 0);
        ck_assert(!image->has_hypercall_page);
        image_free(image);
    }
    static const char *const machs[] = {"gnumach-1.8-xen-486-bullseye.gz", "gnumach-1.8-xen-486-bookworm.gz"};
    for (unsigned i = 0; i < 2; i++) {
        image = real(machs[i], &error);
        ck_assert_msg(!error, "%s", error ? error->message : "");
        if (!image)
            continue;
        ck_assert(image->gzipped);
        ck_assert_int_eq(image->source, IMAGE_FROM_GUEST_STRING);
        ck_assert_str_eq(image->guest_os, "GNU Mach");
        ck_assert_int_eq(image->pae, IMAGE_PAE_EXTENDED_CR3);
        ck_assert_uint_eq(image->e_entry, BASE);
        ck_assert_uint_eq(image->hypercall_page, 2);
        image_free(image);
    }
    image = real("gnumach-1.8-xen-486-bookworm-amd64.gz", &error);
    ck_assert(image == NULL);
    if (error)
        ck_assert(g_str_has_suffix(
            error->message, ": is a 64-bit ELF file (EI_CLASS 2, e_machine 62); only 32-bit guests run"));
    g_clear_error(&error);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("image");
    TCase *packing = tcase_create("packing"), *notes = tcase_create("notes"), *elf = tcase_create("elf");
    tcase_set_timeout(packing, 60);
    tcase_add_test(packing, plain_elf);
    tcase_add_test(packing, gzip_file);
    tcase_add_loop_test(packing, bzimage_payloads, 0, 6);
    tcase_add_test(packing, bzimage_refusals);
    tcase_add_test(packing, damaged_gzip);
    tcase_add_test(packing, bomb);
    tcase_add_test(packing, output_of_exactly_the_bound);
    tcase_add_test(notes, notes_in_sections);
    tcase_add_test(notes, notes_come_first);
    tcase_add_test(notes, notes_of_others_fall_back_to_the_string);
    tcase_add_test(notes, note_sizes_are_clamped);
    tcase_add_test(notes, numbers_of_all_sizes);
    tcase_add_test(notes, note_refusals);
    tcase_add_test(notes, too_many_notes);
    tcase_add_test(notes, guest_strings);
    tcase_add_test(notes, guest_string_in_section_0);
    tcase_add_test(notes, guest_string_refusals);
    tcase_set_timeout(elf, 60);
    tcase_add_test(elf, not_a_kernel);
    tcase_add_test(elf, program_headers);
    tcase_add_test(elf, every_truncation);
    tcase_add_test(elf, bsd_symbols);
    tcase_add_test(elf, files);
    tcase_add_test(elf, flat_code);
    tcase_add_test(elf, descriptions);
    tcase_add_test(elf, real_guests);
    suite_add_tcase(suite, packing);
    suite_add_tcase(suite, notes);
    suite_add_tcase(suite, elf);
    return run_suite(suite);
}
