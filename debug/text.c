/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * text.c - see text.h.
 */
#include "text.h"

#include "dispatch/memory.h"
#include "dispatch/mmu.h"

#include <inttypes.h>
#include <string.h>

#define NS_PER_S 1000000000u

static void append(GString *out, const char *text)
{
    g_string_append_len(out, text, (gssize)strlen(text));
}

void text_append_hex(GString *out, uint64_t value)
{
    char digits[18], *at = digits + sizeof digits;
    do
        *--at = "0123456789abcdef"[value & 15];
    while (value >>= 4);
    *--at = 'x';
    *--at = '0';
    g_string_append_len(out, at, digits + sizeof digits - at);
}

void text_append_padded(GString *out, uint64_t value, unsigned width, char fill)
{
    char digits[20], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    while (at > digits && digits + sizeof digits - at < (ptrdiff_t)width)
        *--at = fill;
    g_string_append_len(out, at, digits + sizeof digits - at);
}

void text_append_dec(GString *out, uint64_t value)
{
    text_append_padded(out, value, 0, ' ');
}

/* Small numbers are counts and commands, large ones addresses and flags. */
static void append_plain(GString *out, uint64_t value)
{
    if (value < 1024)
        text_append_dec(out, value);
    else
        text_append_hex(out, value);
}

/* --- frames and entries ---------------------------------------------------------------- */

static void append_mfn(const struct text_writer *w, uint64_t mfn)
{
    append(w->out, "mfn ");
    text_append_hex(w->out, mfn);
    if (!w->domain || mfn >= w->domain->mem->nr_frames)
        return;
    uint32_t pfn = m2p_get(w->domain->mem, MFN((uint32_t)mfn));
    if (pfn < w->domain->s.max_pages) {
        append(w->out, "/pfn ");
        text_append_hex(w->out, pfn);
    }
}

/* Returns the bits that have no name. */
static uint64_t append_flags(GString *out, const struct value_set *set, uint64_t value, bool more)
{
    for (unsigned i = 0; i < set->nr; i++) {
        uint64_t mask = (uint64_t)set->values[i].value;
        if ((value & mask) != mask)
            continue;
        if (more)
            g_string_append_c(out, '|');
        append(out, set->values[i].name);
        value &= ~mask;
        more = true;
    }
    if (value || !more) {
        if (more)
            g_string_append_c(out, '|');
        append_plain(out, value);
    }
    return value;
}

static void append_pte(const struct text_writer *w, uint64_t entry)
{
    if (entry == 0) {
        append(w->out, "0");
        return;
    }
    append_mfn(w, (entry & 0x000FFFFFFFFFF000ull) >> RING1_PAGE_SHIFT);
    append_flags(w->out, &values_pte_flags, entry & 0xFFF, true);
    if (entry >> 63)
        append(w->out, "|NX");
    if (entry >> 52 & 0x7FF)
        g_string_append_printf(w->out, "|%#" PRIx64, (uint64_t)(entry & 0x7FF0000000000000ull));
}

static bool is_2_0(const struct text_writer *w)
{
    return w->domain && w->domain->abi->xen == RING1_XEN_2_0;
}

/* The command is in the low bits: as many as an entry's address leaves free. */
static unsigned mmu_command(const struct text_writer *w, uint64_t ptr)
{
    return (unsigned)ptr & (w->domain ? w->domain->abi->pte_size - 1u : 3u);
}

static void append_mmu_ptr(const struct text_writer *w, uint64_t ptr)
{
    unsigned cmd = mmu_command(w, ptr);
    const char *name = value_name(is_2_0(w) ? &values_mmu_cmd_2_0 : &values_mmu_cmd, cmd);
    text_append_hex(w->out, ptr - cmd);
    g_string_append_c(w->out, '|');
    if (name)
        append(w->out, name);
    else
        text_append_dec(w->out, cmd);
}

static void append_mmu_val(const struct text_writer *w, uint64_t ptr, uint64_t value)
{
    unsigned cmd = mmu_command(w, ptr);
    if (is_2_0(w) && cmd == 3) {
        const char *name = value_name(&values_mmuext_2_0, (int64_t)(value & 0xFF));
        append(w->out, name ? name : "?");
        g_string_append_c(w->out, '|');
        text_append_hex(w->out, value & ~0xFFull);
    } else if (cmd == (is_2_0(w) ? 2u : 1u)) {
        append(w->out, "pfn ");
        text_append_hex(w->out, value);
    } else {
        append_pte(w, value);
    }
}

/* Base, limit and kind of a segment. */
static void append_descriptor(GString *out, uint64_t d)
{
    uint32_t base = (uint32_t)(d >> 16 & 0xFFFFFF) | (uint32_t)(d >> 56) << 24;
    uint32_t limit = (uint32_t)(d & 0xFFFF) | (uint32_t)(d >> 32 & 0xF0000);
    unsigned type = (unsigned)(d >> 40) & 0xFF;
    text_append_hex(out, d);
    if (!(type & 0x80) || !(type & 0x10))
        return;
    if (d >> 55 & 1)
        limit = limit << 12 | 0xFFF;
    g_string_append_printf(out, " /* %s, dpl %u, base %#x, limit %#x */", type & 8 ? "code" : "data",
                           type >> 5 & 3, base, limit);
}

/* The flush wanted, and for whom: the rest is a pointer. */
static void append_uvm_flags(GString *out, uint64_t value)
{
    static const char *const flush[] = {"UVMF_NONE", "UVMF_TLB_FLUSH", "UVMF_INVLPG", "3"};
    append(out, flush[value & 3]);
    value &= ~3ull;
    if (value == 4) {
        append(out, "|UVMF_ALL");
    } else if (value) {
        g_string_append_c(out, '|');
        text_append_hex(out, value);
    }
}

static void append_ns(GString *out, uint64_t ns)
{
    g_string_append_printf(out, "%" PRIu64 ".%09" PRIu64 "s", ns / NS_PER_S, ns % NS_PER_S);
}

static void append_named(GString *out, const struct number *n)
{
    if (n->name) {
        append(out, n->name);
        if (n->beside) {
            g_string_append_c(out, '|');
            text_append_hex(out, n->beside);
        }
        return;
    }
    if (n->set && n->set->flags) {
        uint64_t left = append_flags(out, n->set, n->value, false);
        if (left && n->set != &values_mem_flags) /* which has numbers of its own */
            g_string_append_printf(out, " /* no %s */", n->kind);
        return;
    }
    if (n->is_signed && (int64_t)n->value < 0)
        g_string_append_printf(out, "%" PRId64, (int64_t)n->value);
    else
        append_plain(out, n->value);
    g_string_append_printf(out, " /* no %s */", n->kind ? n->kind : "name");
}

static void append_words(const struct text_writer *w, const struct number *n)
{
    const char *name;
    switch (n->format) {
    case FORMAT_HEX:
    case FORMAT_VA:
    case FORMAT_MADDR:
    case FORMAT_SELECTOR:
        text_append_hex(w->out, n->value);
        break;
    case FORMAT_MFN:
        append_mfn(w, n->value);
        break;
    case FORMAT_PFN:
    case FORMAT_FRAME:
        text_append_hex(w->out, n->value);
        break;
    case FORMAT_DOMID:
        name = value_name(&values_domain_number, (int64_t)(n->value & 0xFFFF));
        if (!name) {
            append_plain(w->out, n->value);
            break;
        }
        append(w->out, name);
        if (n->value >> 16) { /* mmu_update's owner of page tables, plus 1 */
            g_string_append_c(w->out, '|');
            text_append_hex(w->out, n->value & ~0xFFFFull);
        }
        break;
    case FORMAT_NS:
    case FORMAT_NS_HL:
        append_ns(w->out, n->value);
        break;
    case FORMAT_PTE:
        append_pte(w, n->value);
        break;
    case FORMAT_DESCRIPTOR:
        append_descriptor(w->out, n->value);
        break;
    case FORMAT_MMU_PTR:
        append_mmu_ptr(w, n->value);
        break;
    case FORMAT_MMU_VAL:
        append_mmu_val(w, n->peer, n->value);
        break;
    case FORMAT_MMU_COUNT:
        append_plain(w->out, n->value & ~MMU_UPDATE_PREEMPTED);
        if (n->value & MMU_UPDATE_PREEMPTED)
            append(w->out, "|MMU_UPDATE_PREEMPTED");
        break;
    case FORMAT_UVM_FLAGS:
        append_uvm_flags(w->out, n->value);
        break;
    case FORMAT_NAMES:
        append_named(w->out, n);
        break;
    case FORMAT_DEC:
    case FORMAT_PORT:
        append_plain(w->out, n->value);
        break;
    }
}

static void append_raw(GString *out, const struct number *n)
{
    if (n->is_signed && (int64_t)n->value < 0)
        g_string_append_printf(out, "%" PRId64, (int64_t)n->value);
    else
        append_plain(out, n->value);
}

/* Words that say more than the number does. */
static bool has_words(const struct number *n)
{
    switch (n->format) {
    case FORMAT_MFN:
    case FORMAT_DOMID:
    case FORMAT_NS:
    case FORMAT_NS_HL:
    case FORMAT_PTE:
    case FORMAT_MMU_PTR:
    case FORMAT_MMU_VAL:
    case FORMAT_MMU_COUNT:
    case FORMAT_UVM_FLAGS:
        return true;
    case FORMAT_NAMES:
        return n->name || (n->set && n->set->flags);
    default:
        return false;
    }
}

static void append_number(const struct text_writer *w, const struct number *n)
{
    if (w->style == TEXT_RAW) {
        append_raw(w->out, n);
    } else if (w->style == TEXT_VERBOSE && has_words(n)) {
        append_raw(w->out, n);
        append(w->out, " /* ");
        append_words(w, n);
        append(w->out, " */");
    } else {
        append_words(w, n);
    }
}

/* --- the sink ------------------------------------------------------------------------------- */

/* Fields of structures have their names, arguments none, but for numbers that came
 * back. */
static void begin_item(struct text_writer *w, const char *name, bool number)
{
    if (w->comma)
        append(w->out, ", ");
    w->comma = true;
    if (!name || (w->depth == 0 && !(w->output && number)))
        return;
    append(w->out, name);
    g_string_append_c(w->out, '=');
}

static void on_begin(void *user, const char *name, enum bracket bracket, G_GNUC_UNUSED uint32_t va)
{
    struct text_writer *w = user;
    begin_item(w, name, false);
    g_string_append_c(w->out, bracket == BRACKET_LIST ? '[' : '{');
    w->comma = false;
    w->depth++;
}

static void on_end(void *user, enum bracket bracket, uint32_t left_out)
{
    struct text_writer *w = user;
    if (left_out == LEFT_OUT_UNKNOWN)
        append(w->out, w->comma ? ", ..." : "...");
    else if (left_out)
        g_string_append_printf(w->out, "%s... %u more", w->comma ? ", " : "", left_out);
    g_string_append_c(w->out, bracket == BRACKET_LIST ? ']' : '}');
    w->comma = true;
    w->depth--;
}

static void on_number(void *user, const char *name, const struct number *number)
{
    struct text_writer *w = user;
    begin_item(w, name, true);
    append_number(w, number);
}

/* In quotes. */
static void append_escaped(GString *out, const uint8_t *bytes, uint32_t len)
{
    g_string_append_c(out, '"');
    for (uint32_t i = 0; i < len; i++) {
        uint8_t c = bytes[i];
        if (c == '"' || c == '\\')
            g_string_append_printf(out, "\\%c", c);
        else if (c == '\n')
            append(out, "\\n");
        else if (c >= ' ' && c < 0x7F)
            g_string_append_c(out, (char)c);
        else
            g_string_append_printf(out, "\\x%02x", c);
    }
    g_string_append_c(out, '"');
}

static void on_text(void *user, const char *name, G_GNUC_UNUSED uint32_t va, const uint8_t *bytes,
                    uint32_t len, uint32_t left_out)
{
    struct text_writer *w = user;
    begin_item(w, name, true);
    append_escaped(w->out, bytes, len);
    if (left_out)
        append(w->out, "...");
}

static void on_pointer(void *user, const char *name, uint32_t va, bool bad)
{
    struct text_writer *w = user;
    begin_item(w, name, true);
    if (va == 0)
        append(w->out, "NULL");
    else
        text_append_hex(w->out, va);
    if (bad)
        append(w->out, " /* cannot be read */");
}

const struct decode_sink text_sink = {
    .begin = on_begin,
    .end = on_end,
    .number = on_number,
    .text = on_text,
    .pointer = on_pointer,
};

void text_append_mfn(GString *out, const struct domain *d, uint64_t mfn)
{
    append_mfn(&(const struct text_writer){.out = out, .domain = d}, mfn);
}

void text_append_pte(GString *out, const struct domain *d, uint64_t entry)
{
    append_pte(&(const struct text_writer){.out = out, .domain = d}, entry);
}

void text_append_quoted(GString *out, const uint8_t *bytes, uint32_t len, uint32_t limit)
{
    append_escaped(out, bytes, MIN(len, limit));
    if (len > limit)
        append(out, "...");
}

void text_append_result(GString *out, int32_t result)
{
    const char *name = result < 0 ? errno_name(result) : NULL;
    if (name)
        g_string_append_printf(out, "%s (%s)", name, errno_text(result));
    else
        append_plain(out, (uint32_t)result);
}
