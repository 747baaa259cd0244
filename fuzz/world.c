/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * world.c - see world.h.
 */
#include "world.h"

#include "debug/seq_program.h"

#include <string.h>

/* Of `page` lines: which frames the tables of both kinds name. */
static void append_tables(GString *text, const struct abi *abi)
{
    bool pae = abi->levels == 3;
    unsigned last = abi->ptes_per_page - 1;
    const char *l2 = "P|RW|US|A|D";
    g_string_append_printf(
        text,
        "page t0 0x40 = l1 {0..3: mfn(0x20..)|P|RW|A, 4: mfn(0x24)|P|US|A, %u: mfn(0x25)|P}\n"
        "page t1 0x41 = l1 {0: mfn(0x26)|P|RW|US|A|D, 7: mfn(0x27)|P|A}\n"
        "page t2 0x42 = l2 {0: mfn(t0)|%s, 1: mfn(t1)|%s}\n"
        "page t3 0x43 = l2 {0: mfn(t1)|%s, 1: mfn(t2)|P|A}\n",
        last, l2, l2, l2);
    if (pae)
        g_string_append_printf(text,
                               "page t4 0x44 = l3 {0: mfn(t2)|P, 3: mfn(0x%x)|P}\n"
                               "page t5 0x45 = l3 {1: mfn(t3)|P, 2: mfn(t2)|P, 3: mfn(0x30)|P}\n",
                               FUZZ_PAGES - 2);
    else
        g_string_append_printf(text,
                               "page t4 0x44 = l2 {0: mfn(t0)|%s, 768: mfn(0x%x)|%s}\n"
                               "page t5 0x45 = l2 {0: mfn(t1)|%s, 5: mfn(t4)|P|A, 768: mfn(0x%x)|%s}\n",
                               l2, FUZZ_PAGES - 1, l2, l2, FUZZ_PAGES - 1, l2);
    g_string_append(text, "page t6 0x46 = l1 {0: mfn(0x28)|P|RW|A, 1: mfn(t6)|P|RW|A}\n"
                          "page t7 0x47 = l1 {0: mfn(0x29)|P|RW|A, 5: mfn(t0)|P|RW|A}\n"
                          "page t8 0x48 = l2 {0: mfn(t0)|P|RW|A, 3: mfn(t7)|P|RW|A}\n"
                          "page g0 0x49 = gdt {0: 0, 1: 0x00cfba000000ffff, 2: 0x00cfb2000000ffff, "
                          "3: 0x00cffa000000ffff, 4: 0x00cff2000000ffff}\n"
                          "page g1 0x4a = gdt {1: 0x00cfba000000ffff, 9: 0x0000890000000067}\n");
}

/* What ESP points at: frames for iret, back to ring 1: EAX, EIP, CS, EFLAGS. */
static void append_stack(GString *text, const struct abi *abi)
{
    g_string_append_printf(text, "page stack 0x%x = rw hex\"", FUZZ_RW_PFN);
    for (unsigned i = 0; i < 16; i++)
        g_string_append_printf(text, "0100000000c00000%02x%02x000002020000", abi->kernel_cs & 0xFF,
                               abi->kernel_cs >> 8);
    g_string_append(text, "\"\n");
}

char *fuzz_world_text(const struct abi *abi)
{
    GString *text = g_string_new(NULL);
    g_string_printf(text,
                    "ring1-sequence 1\nabi %s %s\n\n"
                    "domain {memory=%uK, maxmem=%uK, vcpus=%u, assist=VMASST_TYPE_writable_pagetables}\n",
                    abi->name, abi->xen_name, FUZZ_PAGES * 4, FUZZ_MAX_PAGES * 4, abi->max_vcpus > 1 ? 3 : 1);
    append_tables(text, abi);
    append_stack(text, abi);
    for (unsigned i = 0; i < FUZZ_RO_PAGES; i++)
        g_string_append_printf(text, "page z%u 0x%x = ro\n", i, FUZZ_RO_PFN + i);
    for (unsigned i = 11; i < FUZZ_TABLES; i++)
        g_string_append_printf(text, "page z%u 0x%x = ro\n", i + 5, FUZZ_TABLE_PFN + i);
    g_string_append_c(text, '\n');
    return g_string_free(text, FALSE);
}

struct world *fuzz_world_new(const struct abi *abi, GError **error)
{
    g_autofree char *text = fuzz_world_text(abi);
    struct seq *s = seq_parse(text, strlen(text), "fuzz", error);
    struct world *w = s ? seq_world(s, error) : NULL;
    seq_free(s);
    return w;
}

static void put(uint8_t *context, unsigned at, uint32_t value)
{
    memcpy(context + at, &value, sizeof value);
}

/* Offsets: docs/xen-abi.md 8.24. */
void fuzz_world_context(const struct world *w, uint8_t *context)
{
    const struct abi *abi = w->abi;
    uint32_t cr3 = w->d->s.vcpu[0].cr3.mfn, stack = WORLD_BASE + (FUZZ_RW_PFN + 15) * RING1_PAGE_SIZE;
    memset(context, 0, FUZZ_CONTEXT_BYTES);
    put(context, 512, 4); /* flags: in the kernel */
    put(context, 516 + 32, WORLD_BASE);
    put(context, 516 + 36, abi->kernel_cs);
    put(context, 516 + 40, EFLAGS_IF);
    put(context, 516 + 44, stack);
    put(context, 516 + 48, abi->kernel_ds);
    put(context, 516 + 52, abi->kernel_ds);
    put(context, 516 + 56, abi->kernel_ds);
    put(context, 2708, abi->kernel_ds);
    put(context, 2712, stack);
    put(context, 2716, 0x80050033);
    put(context, 2716 + 12, cr3 << 12 | cr3 >> 20);
    put(context, 2780, abi->kernel_cs);
    put(context, 2788, abi->kernel_cs);
}
