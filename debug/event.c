/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * event.c - events of the guest: what their kinds and fields are called, sets of
 * kinds, and how they look as text.
 */
#include "event.h"

#include "report.h"
#include "site.h"
#include "text.h"

#include <inttypes.h>
#include <string.h>

/* --- words ------------------------------------------------------------------------ */

static const char *const kinds[RING1_NR_EVENT_KINDS] = {
    [RING1_EVENT_UPCALL] = "upcall",     [RING1_EVENT_EXCEPTION] = "exception",
    [RING1_EVENT_EMULATED] = "emulated", [RING1_EVENT_STORE] = "store",
    [RING1_EVENT_FRAME] = "frame",       [RING1_EVENT_DEVICE] = "device",
};

const char *event_kind_name(enum ring1_event_kind kind)
{
    return kinds[kind];
}

const char *event_frame_type(enum ring1_frame_type type)
{
    static const char *const names[] = {
        [RING1_FRAME_NONE] = "nothing",
        [RING1_FRAME_L1] = "L1 table",
        [RING1_FRAME_L2] = "L2 table",
        [RING1_FRAME_L3] = "L3 table",
        [RING1_FRAME_DESCRIPTORS] = "descriptors",
        [RING1_FRAME_WRITABLE] = "writable",
    };
    return names[type];
}

const char *event_frame_why(enum ring1_frame_why why)
{
    static const char *const names[] = {
        [RING1_FRAME_USED] = "used",   [RING1_FRAME_PINNED] = "pin",  [RING1_FRAME_CR3] = "cr3",
        [RING1_FRAME_ENTRY] = "entry", [RING1_FRAME_FREED] = "freed", [RING1_FRAME_REFUSED] = "refused",
    };
    return names[why];
}

const char *event_device_name(enum ring1_device device)
{
    static const char *const names[] = {
        [RING1_DEVICE_CONSOLE] = "console",
        [RING1_DEVICE_XENSTORE] = "xenstore",
        [RING1_DEVICE_GRANT] = "grant",
        [RING1_DEVICE_BLOCK] = "block",
    };
    return names[device];
}

const char *event_register(unsigned number)
{
    static const char names[8][4] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
    return names[number & 7u];
}

void event_append_vector(GString *out, const struct ring1_exception_event *e)
{
    const char *name = report_vector_mnemonic(e->vector);
    if (e->software || strcmp(name, "int") == 0)
        g_string_append_printf(out, "int %#x", e->vector);
    else
        g_string_append(out, name);
}

/* --- sets --------------------------------------------------------------------------- */

static bool parse_word(const char *word, uint32_t *events)
{
    for (unsigned kind = 0; kind < RING1_NR_EVENT_KINDS; kind++) {
        if (strcmp(word, kinds[kind]) == 0) {
            *events |= RING1_EVENT_BIT(kind);
            return true;
        }
    }
    if (strcmp(word, "all") == 0)
        *events = RING1_EVENTS_ALL;
    return strcmp(word, "all") == 0 || strcmp(word, "none") == 0;
}

bool event_set_parse(const char *text, uint32_t *events, GError **error)
{
    bool others = text[0] == '!';
    g_auto(GStrv) words = g_strsplit(others ? text + 1 : text, ",", -1);
    *events = 0;
    for (char **word = words; *word || word == words; word++) {
        if (*word && parse_word(*word, events))
            continue;
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION,
                    "'%s' is not one of upcall, exception, emulated, store, frame, device, all, none",
                    *word ? *word : "");
        return false;
    }
    if (others)
        *events ^= RING1_EVENTS_ALL;
    return true;
}

/* --- text ---------------------------------------------------------------------------- */

static void append_handler(GString *out, const struct trace_event *e, const struct ring1_handler *h)
{
    g_string_append(out, " => ");
    if (h->exists)
        site_append(out, e->v, h->eip);
    else
        g_string_append(out, "no handler");
}

static void append_upcall(GString *out, const struct trace_event *e)
{
    const struct ring1_upcall_event *u = &e->event->upcall;
    unsigned shown = MIN(u->nr_ports, RING1_PORTS_SHOWN);
    g_string_append(out, "upcall {ports=[");
    for (unsigned i = 0; i < shown; i++)
        g_string_append_printf(out, "%s%u", i ? ", " : "", u->ports[i]);
    if (u->nr_ports > shown)
        g_string_append_printf(out, ", ... %u more", u->nr_ports - shown);
    g_string_append(out, "]}");
    append_handler(out, e, &u->handler);
}

static void append_exception(GString *out, const struct trace_event *e)
{
    const struct ring1_exception_event *x = &e->event->exception;
    event_append_vector(out, x);
    if (x->has_error && x->vector == 14)
        g_string_append_printf(out, " {error=%#x, cr2=%#x}", x->error, x->cr2);
    else if (x->has_error)
        g_string_append_printf(out, " {error=%#x}", x->error);
    append_handler(out, e, &x->handler);
}

/* Registers that an instruction reads without naming them, as bits. */
static unsigned implicit_inputs(const char *text)
{
    static const struct {
        const char *name;
        unsigned registers;
    } table[] = {
        {"wrmsr", 0x07}, {"rdmsr", 0x02}, {"forced cpuid", 0x03},
        {"outs", 0x44},  {"ins", 0x84},   {"xsetbv", 0x07},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++)
        if (strstr(text, table[i].name))
            return table[i].registers;
    return 0;
}

/* "%eax", "%ax", "%al" or "%ah" stands there. */
static bool names_register(const char *text, unsigned number)
{
    const char *name = event_register(number);
    for (const char *at = strchr(text, '%'); at; at = strchr(at + 1, '%')) {
        bool wide = at[1] == 'e';
        const char *two = at + 1 + wide;
        if (strncmp(two, name + 1, 2) == 0 ||
            (number < 4 && !wide && two[0] == name[1] && (two[1] == 'l' || two[1] == 'h')))
            return true;
    }
    return false;
}

/* What it took, but for registers that it overwrote, and what it made of it. */
static void append_emulated(GString *out, const struct trace_event *e)
{
    const struct ring1_emulated_event *x = &e->event->emulated;
    unsigned implicit = implicit_inputs(x->text);
    const char *before = " => {";
    g_string_append_printf(out, "emulated {%s", x->text);
    for (unsigned i = 0; i < 8; i++)
        if (implicit & 1u << i || (x->before[i] == x->after[i] && names_register(x->text, i)))
            g_string_append_printf(out, ", %s=%#x", event_register(i), x->before[i]);
    g_string_append_c(out, '}');
    for (unsigned i = 0; i < 8; i++) {
        if (x->before[i] == x->after[i])
            continue;
        g_string_append_printf(out, "%s%s=%#x", before, event_register(i), x->after[i]);
        before = ", ";
    }
    if (before[0] == ',')
        g_string_append_c(out, '}');
}

static void append_store(GString *out, const struct trace_event *e)
{
    const struct ring1_store_event *x = &e->event->store;
    const struct domain *d = e->v->domain;
    g_string_append_printf(out, "store {va=%#x, table=", x->va.va);
    text_append_mfn(out, d, x->table.mfn);
    g_string_append_printf(out, ", index=%u, old=", x->index);
    text_append_pte(out, d, x->old);
    g_string_append(out, "} => ");
    text_append_pte(out, d, x->value);
}

static void append_frame(GString *out, const struct trace_event *e)
{
    const struct ring1_frame_event *x = &e->event->frame;
    const struct domain *d = e->v->domain;
    g_string_append(out, "frame {");
    text_append_mfn(out, d, x->mfn.mfn);
    g_string_append_printf(out, ", was=%s, by=%s", event_frame_type(x->from), event_frame_why(x->why));
    if (x->why == RING1_FRAME_ENTRY) {
        g_string_append_printf(out, " %u of %s ", x->index, event_frame_type(x->table_type));
        text_append_mfn(out, d, x->table.mfn);
    }
    g_string_append_printf(out, "} => %s", event_frame_type(x->to));
}

/* Strings that end with 0, the last one perhaps without. */
static void append_strings(GString *out, const uint8_t *bytes, uint32_t len, uint32_t limit)
{
    uint32_t at = 0, left = limit;
    while (at < len) {
        const uint8_t *end = memchr(bytes + at, '\0', len - at);
        uint32_t n = end ? (uint32_t)(end - bytes) - at : len - at;
        if (at)
            g_string_append(out, ", ");
        if (at && left == 0) {
            g_string_append(out, "...");
            return;
        }
        text_append_quoted(out, bytes + at, n, left);
        left -= MIN(left, n);
        at += n + 1;
    }
}

static void append_xenstore(GString *out, const struct ring1_device_event *x, uint32_t limit)
{
    g_string_append_printf(out, "xenstore %s(", x->request);
    append_strings(out, x->data, x->len, limit);
    if (x->tx)
        g_string_append_printf(out, "%stx=%u", x->len ? ", " : "", x->tx);
    g_string_append_c(out, ')');
    if (x->error)
        g_string_append_printf(out, " = %s", x->error);
    else if (!x->to_guest)
        g_string_append(out, " = ");
    if (!x->error && !x->to_guest)
        append_strings(out, x->answer, x->answer_len, limit);
    if (!x->error && !x->to_guest && x->answer_len == 0)
        g_string_append(out, "\"\"");
}

static void append_grant(GString *out, const struct trace_event *e)
{
    const struct ring1_device_event *x = &e->event->device;
    g_string_append_printf(out, "grant %s {ref=%u%s}", x->request, x->ref, x->readonly ? ", readonly" : "");
    if (x->error) {
        g_string_append_printf(out, " = %s", x->error);
        return;
    }
    g_string_append(out, " => ");
    text_append_mfn(out, e->v->domain, x->mfn.mfn);
}

static void append_block(GString *out, const struct ring1_device_event *x, uint32_t limit)
{
    g_string_append_printf(out, "block %s {disk=", x->request);
    text_append_quoted(out, (const uint8_t *)x->disk, (uint32_t)strlen(x->disk), limit);
    if (x->nr_sectors)
        g_string_append_printf(out, ", sector=%" PRIu64 ", sectors=%u", x->sector, x->nr_sectors);
    g_string_append_printf(out, "}%s%s", x->error ? " = " : "", x->error ? x->error : "");
}

static void append_device(GString *out, const struct trace_event *e, uint32_t limit)
{
    const struct ring1_device_event *x = &e->event->device;
    switch (x->device) {
    case RING1_DEVICE_CONSOLE:
        g_string_append_printf(out, "console %s ", x->request);
        text_append_quoted(out, x->data, x->len, limit);
        break;
    case RING1_DEVICE_XENSTORE:
        append_xenstore(out, x, limit);
        break;
    case RING1_DEVICE_GRANT:
        append_grant(out, e);
        break;
    case RING1_DEVICE_BLOCK:
        append_block(out, x, limit);
        break;
    }
}

void event_append(GString *out, const struct trace_event *e, uint32_t bytes)
{
    switch (e->event->kind) {
    case RING1_EVENT_UPCALL:
        append_upcall(out, e);
        break;
    case RING1_EVENT_EXCEPTION:
        append_exception(out, e);
        break;
    case RING1_EVENT_EMULATED:
        append_emulated(out, e);
        break;
    case RING1_EVENT_STORE:
        append_store(out, e);
        break;
    case RING1_EVENT_FRAME:
        append_frame(out, e);
        break;
    case RING1_EVENT_DEVICE:
        append_device(out, e, bytes);
        break;
    case RING1_NR_EVENT_KINDS:
        break;
    }
}
