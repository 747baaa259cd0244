/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * monitor_memory.c - machine memory, frames and page tables for a debugger's user. All is
 * only looked at: no A or D bit changes.
 */
#include "monitor_priv.h"

#include "dispatch/access.h"
#include "dispatch/page_type.h"
#include "report.h"

#include <inttypes.h>
#include <string.h>

#define PHYS_DEFAULT 64u
#define PHYS_MAX     4096u
#define HOLDERS_MAX  16u
#define NEIGHBOURS   8u /* entries shown on each side */

/* --- phys --------------------------------------------------------------------------- */

static void hex_line(GString *out, uint64_t at, const uint8_t *bytes, uint32_t n)
{
    g_string_append_printf(out, "0x%09" PRIx64 " ", at);
    for (uint32_t i = 0; i < 16; i++) {
        if (i < n)
            g_string_append_printf(out, "%s %02x", i == 8 ? " " : "", bytes[i]);
        else
            g_string_append_printf(out, "%s   ", i == 8 ? " " : "");
    }
    g_string_append(out, "  |");
    for (uint32_t i = 0; i < n; i++)
        g_string_append_c(out, bytes[i] >= ' ' && bytes[i] < 0x7F ? (char)bytes[i] : '.');
    g_string_append(out, "|\n");
}

static void frame_words(GString *out, const struct domain *d, uint32_t mfn)
{
    struct report_frame f = report_frame(d, MFN(mfn));
    g_autofree char *words = report_frame_words(&f);
    g_string_append_printf(out, "%s\n", words);
}

void monitor_do_phys(struct monitor *m, GString *out, const char *args)
{
    g_auto(GStrv) words = monitor_words(args);
    uint64_t at, len = PHYS_DEFAULT;
    if (g_strv_length(words) > 2 || !monitor_number(m, words[0], &at) ||
        (words[1] && (!monitor_number(m, words[1], &len) || len == 0 || len > PHYS_MAX))) {
        g_string_append(out,
                        "phys ADDR [LEN]: a machine address (mfn * 4096 + offset), and 1 to 4096 bytes\n");
        return;
    }
    uint8_t bytes[PHYS_MAX];
    uint32_t got = ring1_debugger_read_physical(m->d, at, bytes, (uint32_t)len);
    if (got)
        frame_words(out, monitor_domain(m), (uint32_t)(at >> RING1_PAGE_SHIFT));
    for (uint32_t i = 0; i < got; i += 16)
        hex_line(out, at + i, bytes + i, MIN(got - i, 16u));
    if (got < len)
        g_string_append_printf(out, "machine memory ends at %#" PRIx64 "\n",
                               (uint64_t)monitor_domain(m)->mem->nr_frames << RING1_PAGE_SHIFT);
}

/* --- translate ------------------------------------------------------------------------- */

/* What a ring may do there, and the reason against the rest. */
static void verdicts(GString *out, struct vcpu *v, uint32_t va, bool ring3)
{
    static const struct {
        enum access access;
        const char *word;
    } ways[] = {{ACCESS_READ, "read"}, {ACCESS_WRITE, "write"}, {ACCESS_FETCH, "execute"}};
    g_autoptr(GString) may = g_string_new(NULL), not = g_string_new(NULL);
    enum report_verdict told = VERDICT_OK;
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        struct report_walk w;
        report_walk(v, va, ways[i].access, ring3, &w);
        if (w.verdict == VERDICT_OK) {
            g_string_append_printf(may, "%s%s", may->len ? ", " : "", ways[i].word);
            continue;
        }
        g_autofree char *why = report_walk_words(&w);
        if (w.verdict != told) /* mostly one reason stands against all */
            g_string_append_printf(not, "          %s\n", why);
        told = w.verdict;
    }
    g_string_append_printf(out, "  ring %c  %s%s\n%s", ring3 ? '3' : '1',
                           may->len ? "may " : "may do nothing", may->str, not ->str);
}

static bool address(const struct monitor *m, GString *out, const char *args, uint32_t *va)
{
    uint64_t value;
    if (monitor_number(m, args, &value) && value <= UINT32_MAX) {
        *va = (uint32_t)value;
        return true;
    }
    g_string_append_printf(out, "'%s' is no linear address: 0xc0100000, or $eip and other registers\n", args);
    return false;
}

static void append_walk(const struct monitor *m, GString *out, uint32_t va, struct report_walk *w)
{
    struct vcpu *v = monitor_vcpu(m);
    report_walk(v, va, ACCESS_READ, false, w);
    g_string_append_printf(out, "0x%08x in the tables of vcpu %u, cr3 mfn %#x\n", va, v->id, v->cr3.mfn);
    report_append_entries(out, w, v->domain->abi->pte_size);
    if (w->has_frame && w->frame.exists)
        g_string_append_printf(out, "  machine address %#" PRIx64 "\n",
                               ((uint64_t)w->frame.mfn << RING1_PAGE_SHIFT) + va % RING1_PAGE_SIZE);
}

void monitor_do_translate(struct monitor *m, GString *out, const char *args)
{
    uint32_t va;
    struct report_walk w;
    if (!address(m, out, args, &va))
        return;
    append_walk(m, out, va, &w);
    verdicts(out, monitor_vcpu(m), va, false);
    verdicts(out, monitor_vcpu(m), va, true);
}

/* --- info pagetable ------------------------------------------------------------------------ */

/* Bytes that one entry of a level maps. */
static uint64_t span(const struct abi *abi, unsigned level)
{
    unsigned shift = RING1_PAGE_SHIFT;
    for (unsigned i = 1; i < level; i++)
        shift += abi->levels == 3 ? 9 : 10;
    return UINT64_C(1) << shift;
}

void monitor_do_pagetable(struct monitor *m, GString *out, const char *args)
{
    uint32_t va;
    struct report_walk w;
    if (!address(m, out, args, &va))
        return;
    append_walk(m, out, va, &w);
    verdicts(out, monitor_vcpu(m), va, false);
    if (!w.nr_entries)
        return;
    const struct domain *d = monitor_domain(m);
    const struct report_entry *last = &w.entry[w.nr_entries - 1];
    unsigned n = last->level == 3 ? 4 : d->abi->ptes_per_page;
    unsigned from = last->index > NEIGHBOURS ? last->index - NEIGHBOURS : 0;
    uint64_t step = span(d->abi, last->level), base = (va & ~(step - 1)) - last->index * step;
    g_string_append_printf(out, "Entries of L%u mfn %#x around it\n", last->level, last->table.mfn);
    for (unsigned i = from; i < n && i <= last->index + NEIGHBOURS; i++) {
        g_string_append_printf(out, "  %s 0x%08x [%3u] ", i == last->index ? "=>" : "  ",
                               (uint32_t)(base + i * step), i);
        text_append_pte(out, d, pte_read(d, MFN(last->table.mfn), i));
        g_string_append_c(out, '\n');
    }
}

/* --- info frame -------------------------------------------------------------------------------- */

static void show_holders(const struct domain *d, GString *out, mfn_t mfn)
{
    mfn_t table = MFN(0);
    unsigned index = 0, n = 0;
    for (; n < HOLDERS_MAX && page_find_entry(d, mfn, false, &table, &index); n++, index++) {
        uint64_t entry = pte_read(d, table, index);
        unsigned level = frame_info(d->mem, table)->type - PGT_l1_table + 1u;
        g_string_append_printf(out, "  entry %u of L%u mfn %#x, at machine address %#" PRIx64 ": ", index,
                               level, table.mfn,
                               ((uint64_t)table.mfn << RING1_PAGE_SHIFT) + index * d->abi->pte_size);
        text_append_pte(out, d, entry);
        g_string_append_c(out, '\n');
    }
    if (n == HOLDERS_MAX)
        g_string_append(out, "  ... there may be more\n");
    if (n == 0)
        g_string_append(out, "  no entry of a page table in use names it\n");
}

/* Where the present tables show it. */
struct mapped {
    GString *out;
    mfn_t mfn;
    unsigned nr;
};

static void find_mapped(const struct domain *d, struct mapped *found, mfn_t table, unsigned level,
                        uint64_t va)
{
    unsigned n = level == 3 ? 4 : d->abi->ptes_per_page;
    uint64_t step = span(d->abi, level);
    for (unsigned i = 0; i < n && va + i * step < d->abi->hole && found->nr < HOLDERS_MAX; i++) {
        uint64_t entry = pte_read(d, table, i);
        mfn_t next = pte_mfn(entry);
        if (!(entry & PTE_P) || !frame_exists(d->mem, next))
            continue;
        if (level > 1) {
            find_mapped(d, found, next, level - 1, va + i * step);
        } else if (next.mfn == found->mfn.mfn) {
            g_string_append_printf(found->out, "%s0x%08x%s", found->nr ? ", " : "", (uint32_t)(va + i * step),
                                   entry & PTE_RW ? " writable" : "");
            found->nr++;
        }
    }
}

void monitor_do_frame(struct monitor *m, GString *out, const char *args)
{
    const struct domain *d = monitor_domain(m);
    uint64_t number;
    if (!monitor_number(m, args, &number) || number >= d->mem->nr_frames) {
        g_string_append_printf(out, "'%s' is no machine frame: 0 to %#x\n", args, d->mem->nr_frames - 1);
        return;
    }
    mfn_t mfn = MFN((uint32_t)number);
    char use[256];
    frame_words(out, d, mfn.mfn);
    page_use_words(d, mfn, use, sizeof use);
    g_string_append_printf(out, "  %s\n", use);
    show_holders(d, out, mfn);
    struct vcpu *v = monitor_vcpu(m);
    g_autoptr(GString) places = g_string_new(NULL);
    struct mapped found = {.out = places, .mfn = mfn};
    if (frame_exists(d->mem, v->cr3) && v->cr3.mfn)
        find_mapped(d, &found, v->cr3, d->abi->levels, 0);
    g_string_append_printf(out, "  in the address space of vcpu %u: %s%s\n", v->id,
                           found.nr ? places->str : "nowhere", found.nr == HOLDERS_MAX ? " ..." : "");
}
