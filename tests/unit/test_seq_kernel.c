/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_seq_kernel.c - kernels made of calls (debug/seq_kernel.h) boot under each Xen and
 * print what their calls gave.
 */
#include "suite.h"

#include "debug/seq_kernel.h"

#include <check.h>
#include <ring1/ring1.h>
#include <stdlib.h>
#include <string.h>

#define NR_PAGES 4096u
#define TOP      16u /* pfns of the tables: top level, the L2 of slot 3, an L1 */
#define L2       17u
#define L1       18u
#define PAGE     8u /* mapped at BASE */
#define BASE     0xC0000000u

static const struct seq_kernel_site site = {
    .va = 0xD0000000u,
    .pfn = 1024,
    .nr_pages = NR_PAGES,
    .nr_slots = 1,
    .nr_variables = 64,
    .extended_cr3 = true,
};

static GString *console;

static void write_console(G_GNUC_UNUSED void *user, const char *bytes, size_t len)
{
    g_string_append_len(console, bytes, (gssize)len);
}

/* Of an entry of a page table, or a machine address. */
static uint32_t entry_fix(const struct abi *abi)
{
    return SEQ_FIX_MADDR | (abi->pte_size == 8 ? SEQ_FIX_WIDE : 0);
}

/* One entry that names the frame of a page. */
static void put_entry(struct seq_kernel *k, const struct abi *abi, uint32_t table, unsigned index,
                      uint32_t pfn, uint32_t flags)
{
    const uint32_t value[2] = {flags, 0};
    struct seq_kernel_fix fix = {0, seq_kernel_frame(k, pfn), entry_fix(abi)};
    seq_kernel_write_page(k, seq_kernel_frame(k, table), index * abi->pte_size, value, abi->pte_size, &fix,
                          1);
}

/* Tables that map two pages, one of them the L1 itself. */
static void make_tables(struct seq_kernel *k, const struct abi *abi)
{
    unsigned l2 = abi->levels == 2 ? TOP : L2, slot = abi->levels == 2 ? BASE >> 22 : 0;
    put_entry(k, abi, L1, 0, PAGE, 0x63);
    put_entry(k, abi, L1, 1, L1, 0x21);
    put_entry(k, abi, l2, slot, L1, 0x67);
    if (abi->levels == 3)
        put_entry(k, abi, TOP, 3, L2, abi->xen >= RING1_XEN_4_17 ? 0x67 : 1);
    seq_kernel_hook(k, seq_kernel_frame(k, l2), false);
    seq_kernel_protect(k, TOP);
    seq_kernel_protect(k, L1);
    if (abi->levels == 3)
        seq_kernel_protect(k, L2);
    seq_kernel_enter(k, TOP, true);
}

static void print_result(struct seq_kernel *k, const char *name)
{
    seq_kernel_print(k, name);
    seq_kernel_print(k, " = ");
    seq_kernel_print_decimal(k, seq_kernel_result(k));
}

static void make_calls(struct seq_kernel *k, const struct abi *abi)
{
    seq_kernel_call(k, 17, (const uint32_t[]){0, 0}, 2, NULL, 0); /* xen_version */
    seq_kernel_print(k, "version ");
    seq_kernel_print_hex(k, seq_kernel_result(k), 4);
    seq_kernel_print_end(k);

    seq_kernel_call(k, 18, (const uint32_t[]){7, 1, 0}, 3, NULL, 0); /* console_io: no such command */
    print_result(k, "console_io");
    seq_kernel_print_end(k);

    /* Frames by mmu_update: the first word comes back as it was. */
    bool old = abi->abi == RING1_ABI_XEN_2_0;
    uint32_t request[4] = {0, old ? 0x23 : 0, old ? 0 : 0x23, 0};
    request[0] = 2 * abi->pte_size;
    const struct seq_kernel_fix fixes[] = {{0, seq_kernel_frame(k, L1), entry_fix(abi)},
                                           {old ? 4 : 8, seq_kernel_frame(k, PAGE + 1), entry_fix(abi)}};
    seq_kernel_write(k, BASE, request, abi->mmu_update_size, fixes, 2);
    seq_kernel_call(k, 1, (const uint32_t[]){BASE, 1, 0, 0x7FF0}, old ? 3 : 4, NULL, 0);
    print_result(k, "mmu_update");
    seq_kernel_print_end(k);
    const uint64_t number = 0x123456789ABCDEF0u;
    seq_kernel_write(k, BASE + 0x2000, &number, 8, NULL, 0);
    seq_kernel_print_hex(k, BASE + 0x2000, 8);
    seq_kernel_print(k, " ");
    seq_kernel_print_hex(k, BASE + 0x2001, 1);
    seq_kernel_print(k, " ");
    seq_kernel_print_hex(k, BASE + 0x2002, 2);
    seq_kernel_print_end(k);

    /* A page that is not mapped. */
    seq_kernel_write_page(k, seq_kernel_frame(k, PAGE), 12, "\x05\0\0", 4, NULL, 0);
    uint32_t mine = seq_kernel_variable(k);
    seq_kernel_move(k, mine, BASE + 12);
    seq_kernel_print_decimal(k, mine);
    seq_kernel_print(k, " ");
    seq_kernel_print_frame(k, seq_kernel_frame(k, 0x123));
    seq_kernel_print(k, " ");
    seq_kernel_print_frame(k, mine);
    seq_kernel_print_end(k);
    seq_kernel_wait(k, 5000000);
}

START_TEST(boots_under_every_xen)
{
    const struct abi *abi = abi_all()[_i];
    g_autoptr(GError) error = NULL;
    struct seq_kernel *k = seq_kernel_new(abi, &site);
    make_tables(k, abi);
    make_calls(k, abi);
    g_autoptr(GBytes) elf = seq_kernel_finish(k, &error);
    ck_assert_msg(elf != NULL, "%s", error ? error->message : "?");
    seq_kernel_free(k);

    g_autoptr(ring1_config) config = ring1_config_new();
    config->abi = abi->abi;
    config->xen = abi->xen;
    config->memory_mib = NR_PAGES / 256;
    size_t len;
    const void *bytes = g_bytes_get_data(elf, &len);
    g_autoptr(ring1_machine) m = ring1_machine_new_from_bytes(config, "sequence", bytes, len, &error);
    ck_assert_msg(m != NULL, "%s", error ? error->message : "?");
    static const struct ring1_console ops = {.write = write_console};
    console = g_string_new(NULL);
    ring1_machine_set_console(m, &ops, NULL);
    struct ring1_stop stop;
    ck_assert(ring1_machine_run(m, NULL, &stop, &error));
    if (stop.reason != RING1_STOP_SHUTDOWN || stop.shutdown != RING1_SHUTDOWN_POWEROFF) {
        g_autofree char *report = ring1_machine_report(m, false);
        ck_abort_msg("%s %s: %s\n%s", abi->name, abi->xen_name, console->str, report);
    }
    g_autofree char *expected = g_strdup_printf("version 0x%x\nconsole_io = -38\nmmu_update = 0\n"
                                                "0x123456789abcdef0 0xde 0x9abc\n5 pfn 0x123 mfn ?\n",
                                                abi->xen_version);
    ck_assert_str_eq(console->str, expected);
    ck_assert(ring1_machine_now(m) >= 5000000);
    g_string_free(console, TRUE);
}
END_TEST

START_TEST(refused_when_it_does_not_fit)
{
    struct seq_kernel_site small = site;
    g_autoptr(GError) error = NULL;
    small.nr_pages = 1200;
    struct seq_kernel *k = seq_kernel_new(abi_all()[0], &small);
    ck_assert(!seq_kernel_finish(k, &error));
    ck_assert(g_str_has_suffix(error->message, " pages does not fit: its memory is too small"));
    seq_kernel_free(k);
}
END_TEST

int main(void)
{
    int n = 0;
    while (abi_all()[n])
        n++;
    Suite *s = suite_create("seq_kernel");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, boots_under_every_xen, 0, n);
    tcase_add_test(t, refused_when_it_does_not_fit);
    suite_add_tcase(s, t);
    return run_suite(s);
}
