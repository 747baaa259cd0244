/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_import.c - see seq_import.h. Values are given to the sink that captures use, with
 * the types that dispatch/describe.h has for their names: so both write alike.
 */
#include "seq_import.h"

#include "dispatch/grant.h"
#include "dispatch/mmu.h"
#include "emu/machine.h"
#include "first_tables.h"
#include "seq_write.h"
#include "world.h"

#include <ring1/ring1.h>
#include <string.h>

enum { NR_MULTICALL = 13, NR_UPDATE_VA_MAPPING = 14, NR_IRET = 23 };

/* Of a world, for the arguments of one call. */
#define ROOM_BYTES (WORLD_ARENA_PAGES * RING1_PAGE_SIZE)

struct import {
    const struct call_log *log;
    const struct abi *abi;
    struct seq *seq;
    struct seq_writer w;
    uint32_t pages; /* of the world that it will be run in */
    unsigned nr_results;
    uint64_t time;  /* that a run of what is written down has */
    const struct logged_call *call;
    struct signature signature;
    const struct command *command; /* that the call names */
    struct seq_item *item, *entry; /* the last ones */
    uint64_t serial;               /* of `item`; 0: it is over */
    uint64_t last_serial, missing;
    bool entry_goes_on;
    const char *remark;
    unsigned irets, injected, elsewhere; /* left out, each for its reason */
};

/* What a value is, by the description. */
struct what {
    const struct structure *target;
    const struct command_set *op; /* it begins with one of these */
    const struct value_set *set;
    uint8_t format, size;
    bool one;      /* of a pointer: it leads to one structure */
    bool plain;    /* of a pointer: nothing is known to lie there */
    uint64_t peer; /* FORMAT_MMU_VAL */
    uint64_t room; /* of a pointer: bytes that lie there, as the call says */
};

static const struct call_value *value_at(const struct import *im, uint32_t i)
{
    return call_log_value(im->log, i);
}

/* --- where things lie ---------------------------------------------------------------- */

/* The first tables map it, and they themselves are not there. */
static bool is_mapped(const struct import *im, uint32_t va, uint64_t bytes)
{
    uint64_t end = (uint64_t)WORLD_BASE + (uint64_t)first_tables_pfn(im->abi, im->pages) * RING1_PAGE_SIZE;
    return va >= WORLD_BASE && va + bytes <= end;
}

/* The address, or 0 when it has to be put into the arena instead: it is the guest's own
 * and not mapped, or is the arena's. `bytes`: at most so many. */
static uint32_t place(const struct import *im, const struct call_value *v)
{
    uint32_t low = WORLD_BASE + (WORLD_STORE_PFN + 1) * RING1_PAGE_SIZE;
    return v->at >= low && is_mapped(im, v->at, v->len + v->span * 16ull) ? v->at : 0;
}

/* --- values ---------------------------------------------------------------------------- */

/* The page that a frame has at this moment. */
static void learn_frame(struct import *im, const struct call_value *v)
{
    if (v->frame == FRAME_NONE)
        return;
    uint64_t mfn = v->frame == FRAME_IS ? v->number : (v->number & PTE_FRAME) >> RING1_PAGE_SHIFT;
    if (mfn > UINT32_MAX)
        return;
    gpointer key = GUINT_TO_POINTER((uint32_t)mfn);
    if (v->pfn < im->pages)
        g_hash_table_insert(im->w.known, key, GUINT_TO_POINTER(v->pfn + 1));
    else if (GPOINTER_TO_UINT(g_hash_table_lookup(im->w.known, key)) < SEQ_WRITE_GRANT)
        g_hash_table_remove(im->w.known, key);
}

/* The list of GNTTABOP_setup_table: frames that are no pages. */
static void learn_grant_frame(struct import *im, const struct call_value *v, unsigned n)
{
    if (v->kind == VALUE_NUMBER && v->pfn == CALL_NO_PFN && v->number <= UINT32_MAX &&
        n < grant_initial_frames(im->abi))
        g_hash_table_insert(im->w.known, GUINT_TO_POINTER((uint32_t)v->number),
                            GUINT_TO_POINTER(SEQ_WRITE_GRANT + n));
}

static void put_number(struct import *im, const struct call_value *v, const struct what *what)
{
    struct number n = {.value = v->number,
                       .size = what->size,
                       .is_signed = v->is_signed,
                       .format = what->format,
                       .set = what->set,
                       .peer = what->peer,
                       .name = v->is_command ? v->label : NULL};
    if (n.format == FORMAT_FRAME)
        n.format = im->w.output ? FORMAT_MFN : FORMAT_PFN;
    if (n.set && !n.set->flags)
        n.name = value_name(n.set, (int64_t)n.value);
    learn_frame(im, v);
    /* One number behind a pointer is a list of one. */
    uint32_t at = im->w.output ? 0 : place(im, v);
    if (v->at && !im->w.output)
        seq_write_sink.begin(&im->w, v->name, BRACKET_LIST, at);
    seq_write_sink.number(&im->w, v->at && !im->w.output ? NULL : v->name, &n);
    if (v->at && !im->w.output)
        seq_write_sink.end(&im->w, BRACKET_LIST, 0);
}

/* Where Xen wrote, and the guest's memory is not mapped, there has to be room. */
static void put_pointer(struct import *im, const struct call_value *v, const struct what *what)
{
    uint32_t va = (uint32_t)v->number;
    bool bad = v->unreadable || (im->call->has_result && im->call->result == -XEN_EFAULT);
    if (va == 0 || bad || what->plain || im->w.output || what->room > ROOM_BYTES ||
        is_mapped(im, va, RING1_PAGE_SIZE)) {
        if (v->unreadable && is_mapped(im, va, 1))
            im->remark = "the guest had nothing that could be read where this points";
        seq_write_sink.pointer(&im->w, v->name, va, v->unreadable);
        return;
    }
    enum bracket bracket = what->one ? BRACKET_STRUCT : BRACKET_LIST;
    seq_write_sink.begin(&im->w, v->name, bracket, 0);
    seq_write_sink.end(&im->w, bracket, LEFT_OUT_UNKNOWN);
}

static bool put_text(struct import *im, const struct call_value *v)
{
    if (!im->w.output && (v->more || v->len > ROOM_BYTES))
        return false;
    seq_write_sink.text(&im->w, v->name, place(im, v), im->log->bytes->data + v->number, v->len, v->more);
    return true;
}

static bool put_value(struct import *im, uint32_t i, const struct what *what);

static uint32_t find(const struct import *im, uint32_t first, uint32_t nr, const char *name)
{
    for (uint32_t i = first; i < first + nr; i += value_at(im, i)->span)
        if (strcmp(value_at(im, i)->name, name) == 0)
            return i;
    return CALL_NO_VALUES;
}

static const struct field *field_named(const struct structure *s, const char *name)
{
    for (unsigned i = 0; s && name && i < s->nr_fields; i++)
        if (strcmp(s->fields[i].name, name) == 0)
            return &s->fields[i];
    return NULL;
}

static bool put_struct(struct import *im, uint32_t i, const struct what *what)
{
    const struct call_value *v = value_at(im, i);
    const struct structure *s = what->target;
    uint32_t end = i + v->span;
    uint64_t peer = i + 1 < end ? value_at(im, i + 1)->number : 0;
    bool good = true;
    seq_write_sink.begin(&im->w, v->name, BRACKET_STRUCT, place(im, v));
    for (uint32_t c = i + 1; good && c < end; c += value_at(im, c)->span) {
        const struct call_value *child = value_at(im, c);
        if (what->op && c == i + 1 && !im->w.output && strcmp(child->name, "cmd") == 0) {
            const struct command *cmd = command_of(what->op, (uint32_t)child->number, im->abi->xen);
            s = cmd ? cmd->arg : NULL;
            im->command = cmd;
            good = put_value(im, c, &(struct what){.format = FORMAT_NAMES, .size = 4});
            continue;
        }
        const struct field *f = field_named(s, child->name);
        struct what inner = {.peer = peer};
        good = f != NULL;
        if (f) {
            inner.target = f->target;
            inner.set = f->set;
            inner.format = f->format;
            inner.size = f->size;
            uint32_t count = f->count ? find(im, i + 1, v->span - 1, f->count) : CALL_NO_VALUES;
            if (count != CALL_NO_VALUES)
                inner.room = value_at(im, count)->number * 4;
            good = put_value(im, c, &inner);
        }
    }
    seq_write_sink.end(&im->w, BRACKET_STRUCT, 0);
    return good;
}

static bool put_list(struct import *im, uint32_t i, const struct what *what)
{
    const struct call_value *v = value_at(im, i);
    uint32_t end = i + v->span;
    uint32_t size = what->target ? what->target->size : what->size, n = 0;
    bool grants = im->w.output && v->name && strcmp(v->name, "frame_list") == 0;
    bool good = im->w.output || !v->more;
    seq_write_sink.begin(&im->w, v->name, BRACKET_LIST, place(im, v));
    for (uint32_t c = i + 1; good && c < end; c += value_at(im, c)->span, n++) {
        if (grants)
            learn_grant_frame(im, value_at(im, c), n);
        good = value_at(im, c)->kind != VALUE_POINTER && put_value(im, c, what) &&
               (im->w.output || (n + 1) * (uint64_t)size <= ROOM_BYTES);
    }
    seq_write_sink.end(&im->w, BRACKET_LIST, v->more);
    return good;
}

/* False: it is not what the description says. */
static bool put_value(struct import *im, uint32_t i, const struct what *what)
{
    const struct call_value *v = value_at(im, i);
    switch ((enum value_kind)v->kind) {
    case VALUE_NUMBER:
        if (what->target)
            return false;
        put_number(im, v, what);
        return true;
    case VALUE_TEXT:
        return put_text(im, v);
    case VALUE_STRUCT:
        return (what->target || what->op) && put_struct(im, i, what);
    case VALUE_LIST:
        return put_list(im, i, what);
    case VALUE_POINTER:
        put_pointer(im, v, what);
        return true;
    }
    return false;
}

/* --- arguments and outputs --------------------------------------------------------------- */

static struct what what_of(const struct import *im, const struct argument *a)
{
    struct what w = {.format = a->format, .set = a->set, .size = a->size, .one = a->count == COUNT_ONE};
    const struct structure *own = im->command ? im->command->arg : NULL;
    switch ((enum argument_kind)a->kind) {
    case ARG_NUMBER:
        w.size = (uint8_t)(a->words * 4);
        break;
    case ARG_COMMAND:
        w = (struct what){.format = FORMAT_NAMES, .size = 4};
        break;
    case ARG_OP:
        w.op = a->commands;
        w.target = im->w.output ? own : NULL;
        break;
    case ARG_BY_COMMAND:
        w.target = own && own->size && !is_bytes(own) ? own : NULL;
        w.plain = !own || own->size == 0;
        break;
    case ARG_STRUCTS:
        w.target = a->target;
        break;
    case ARG_VALUE:
        if (own && own->nr_fields == 1) {
            w.format = own->fields[0].format;
            w.set = own->fields[0].set;
        }
        break;
    case ARG_NUMBERS:
    case ARG_TEXT:
        w.one = false;
        break;
    }
    return w;
}

/* False: they are not there, or not what the call takes. */
static bool put_arguments(struct import *im, const struct logged_call *call)
{
    im->command = NULL;
    im->w.output = false;
    if (call->args == CALL_NO_VALUES)
        return false;
    for (unsigned n = 0; n < im->signature.nr; n++) {
        const struct argument *a = &im->signature.arg[n];
        uint32_t i = find(im, call->args, call->nr_args, a->name);
        if (i == CALL_NO_VALUES && (a->kind == ARG_NUMBER || a->kind == ARG_COMMAND || a->kind == ARG_VALUE))
            return false;
        if (i == CALL_NO_VALUES) {
            seq_write_sink.pointer(&im->w, NULL, call->word[a->word], false);
            continue;
        }
        if (a->kind == ARG_COMMAND)
            im->command = command_of(a->commands, (uint32_t)value_at(im, i)->number, im->abi->xen);
        struct what what = what_of(im, a);
        if (a->count >= 0)
            what.room = call->word[im->signature.arg[a->count].word] / a->count_unit;
        if (!put_value(im, i, &what))
            return false;
    }
    return true;
}

static void put_outputs(struct import *im, const struct logged_call *call)
{
    im->w.output = true;
    for (unsigned n = 0; call->out != CALL_NO_VALUES && n < im->signature.nr; n++) {
        uint32_t i = find(im, call->out, call->nr_out, im->signature.arg[n].name);
        struct what what = what_of(im, &im->signature.arg[n]);
        if (i != CALL_NO_VALUES && !put_value(im, i, &what))
            im->remark = "some of what came back is not known to this ring1";
    }
    g_ptr_array_set_size(im->w.parent, 0);
}

/* --- calls ---------------------------------------------------------------------------------- */

static const struct hypercall *row_of(const struct import *im, const struct logged_call *call)
{
    return hypercall_row(im->abi, call->nr & im->abi->number_mask);
}

/* By its number and words. */
static void put_words(struct import *im, struct seq_item *item, const struct logged_call *call)
{
    item->name = NULL;
    item->has_number = true;
    im->signature.nr = 0; /* nor can outputs be told */
    item->args = item->last_arg = NULL;
    g_ptr_array_set_size(im->w.parent, 0);
    for (unsigned i = 0; i < CALL_MAX_WORDS && (call->known >> i & 1); i++)
        seq_append_arg(item, seq_number(im->seq, call->word[i], SEQ_PLAIN));
}

static void begin_item(struct import *im, struct seq_item *item, const struct logged_call *call)
{
    const struct hypercall *row = row_of(im, call);
    im->call = call;
    im->w.call = item;
    im->remark = NULL;
    im->signature.nr = 0;
    item->number = call->nr;
    item->has_number = (call->nr & im->abi->number_mask) != call->nr;
    if (!row || !signature_parse(row->signature, &im->signature, NULL, 0)) {
        im->signature.nr = 0;
        put_words(im, item, call);
    } else if (!put_arguments(im, call)) {
        put_words(im, item, call);
        im->remark = "the trace does not tell all of its arguments";
    }
}

/* The guest's own tables are not in the trace, and the first tables do not map this. */
static bool is_elsewhere(const struct import *im, const struct logged_call *call)
{
    const struct hypercall *row = row_of(im, call);
    uint32_t va = im->abi->xen == RING1_XEN_2_0 ? call->word[0] << RING1_PAGE_SHIFT : call->word[0];
    return row && row->nr == NR_UPDATE_VA_MAPPING && call->has_result && call->result == 0 &&
           !is_mapped(im, va, RING1_PAGE_SIZE);
}

/* What stands in the line, but nobody makes the call. */
static void make_note(struct import *im, struct seq_item *item)
{
    g_autoptr(GString) text = g_string_new("# ");
    seq_print_item(item, text);
    while (text->len && text->str[text->len - 1] == '\n')
        g_string_truncate(text, text->len - 1);
    item->comment = seq_strdup(im->seq, text->str);
    item->line = SEQ_NOTE;
    im->elsewhere++;
}

/* The result of the last part of it, and what it gave back. */
static void end_item(struct import *im, struct seq_item *item, const struct logged_call *call)
{
    im->w.call = item;
    if (call->has_result)
        item->result = seq_write_result(&im->w, call->result);
    else
        im->remark = "it never came back";
    put_outputs(im, call);
    if (im->remark)
        item->comment = seq_printf(im->seq, "# %s", im->remark);
    im->remark = NULL;
    if (item->line == SEQ_CALL && is_elsewhere(im, call))
        make_note(im, item);
}

/* So many entries of it are in the log. */
static uint32_t entries_of(const struct import *im, size_t at)
{
    uint32_t n = 0;
    while (at + n + 1 < im->log->calls->len && call_log_get(im->log, at + n + 1)->depth)
        n++;
    return n;
}

static void add_entry(struct import *im, const struct logged_call *call)
{
    if (!im->item || im->item->line != SEQ_MULTICALL || im->last_serial != call->serial)
        return;
    if (!im->entry_goes_on) {
        const struct hypercall *row = row_of(im, call);
        im->entry = seq_add_entry(im->seq, im->item, row ? row->name : "");
        begin_item(im, im->entry, call);
    }
    im->entry_goes_on = call->continued;
    if (!call->continued)
        end_item(im, im->entry, call);
}

static void add_multicall(struct import *im, size_t at, const struct logged_call *call)
{
    struct call_value list = {.at = call->word[0], .len = call->word[1] * 32u};
    bool fault = call->has_result && call->result == -XEN_EFAULT;
    if (fault && (entries_of(im, at) == 0 || entries_of(im, at) < call->word[1])) {
        im->item = seq_add_call(im->seq, "multicall");
        im->signature.nr = 0;
        put_words(im, im->item, call);
        im->item->number = call->nr;
        im->remark = "its list could not be read to its end: entries are left out";
        return;
    }
    im->item = seq_add_multicall(im->seq);
    if (place(im, &list))
        im->item->address = seq_number(im->seq, list.at, SEQ_HEX);
    if (!call->continued && entries_of(im, at) < call->word[1])
        im->remark = "the trace does not have all of its entries";
}

static void add_call(struct import *im, size_t at, const struct logged_call *call)
{
    const struct hypercall *row = row_of(im, call);
    unsigned nr = row ? row->nr : UINT32_MAX;
    if (call->serial > im->last_serial + 1)
        im->missing += call->serial - im->last_serial - 1;
    im->last_serial = call->serial;
    im->item = NULL;
    im->entry_goes_on = false;
    im->serial = 0;
    im->irets += nr == NR_IRET;
    im->injected += call->injected;
    if (nr == NR_IRET || call->injected)
        return;
    im->remark = NULL;
    im->call = call;
    seq_write_time(&im->w, &im->time, nr, call->has_time ? call->ns : 0);
    if (nr == NR_MULTICALL) {
        add_multicall(im, at, call);
    } else {
        im->item = seq_add_call(im->seq, row ? row->name : "");
        begin_item(im, im->item, call);
    }
    if (im->log->vcpus > 1)
        im->item->vcpu = call->vcpu;
    im->serial = call->continued ? call->serial : 0;
}

/* A call that was interrupted has an object for each part: its arguments are those of
 * the first, its result is the last's. */
static void add(struct import *im, size_t at)
{
    const struct logged_call *call = call_log_get(im->log, at);
    if (call->depth) {
        add_entry(im, call);
        return;
    }
    bool goes_on = im->serial && im->serial == call->serial;
    if (!goes_on)
        add_call(im, at, call);
    if (!im->item)
        return;
    if (call->has_time && call->end_ns >= call->ns)
        im->time += (goes_on ? 0 : SEQ_CALL_NS) + call->end_ns - call->ns;
    if (!call->continued) {
        /* Entries come behind it, and have signatures of their own. */
        if (im->item->line == SEQ_MULTICALL)
            im->signature.nr = 0;
        im->serial = 0;
        end_item(im, im->item, call);
    }
}

/* --- the whole ----------------------------------------------------------------------------------- */

static void add_domain(struct import *im)
{
    struct seq_value *v = seq_add_domain(im->seq)->value;
    const struct call_log *log = im->log;
    seq_append_field(im->seq, v, "memory",
                     seq_number(im->seq, (uint64_t)im->pages << RING1_PAGE_SHIFT, SEQ_SIZE));
    if (log->max_pages > im->pages && log->max_pages <= 1u << 20)
        seq_append_field(im->seq, v, "maxmem",
                         seq_number(im->seq, (uint64_t)log->max_pages << RING1_PAGE_SHIFT, SEQ_SIZE));
    seq_append_field(im->seq, v, "vcpus", seq_number(im->seq, MAX(log->vcpus, 1), SEQ_DEC));
}

static void add_head(struct import *im)
{
    seq_add_note(im->seq, seq_printf(im->seq, "# Imported from %s, a trace%s%s.", im->log->source,
                                     im->log->image ? " of " : "", im->log->image ? im->log->image : ""));
    seq_add_note(
        im->seq,
        "# Such a trace has what calls were given. It has not: the guest's own page tables and what it");
    seq_add_note(
        im->seq,
        "# stored in them, events that it masked or took, grants, and memory that no call points at.");
    if (im->pages != im->log->pages && im->log->pages)
        seq_add_note(im->seq, seq_printf(im->seq, "# The guest had %u pages of memory.", im->log->pages));
    add_domain(im);
    seq_add_note(im->seq, NULL);
}

static void add_tail(struct import *im, size_t calls)
{
    struct seq *s = im->seq;
    if (im->irets)
        seq_add_note(s, seq_printf(s, "# left out: iret, %u times", im->irets));
    if (im->injected)
        seq_add_note(s, seq_printf(s, "# left out: calls that the trace answered itself, %u", im->injected));
    if (im->elsewhere)
        seq_add_note(
            s, seq_printf(s, "# left out: update_va_mapping where only the guest's own tables map, %u times",
                          im->elsewhere));
    if (im->missing)
        seq_add_note(s, seq_printf(s, "# not in the trace: %" G_GUINT64_FORMAT " calls", im->missing));
    if (calls < im->log->calls->len)
        seq_add_note(s, "# Here the guest restarted: later calls are another domain's.");
}

/* A world's first tables map so many at most, and it needs some for itself. */
static uint32_t pages_of(const struct call_log *log)
{
    return CLAMP(log->pages ? log->pages : 1024, 256, WORLD_MAX_PAGES);
}

struct seq *seq_import(const struct call_log *log, GError **error)
{
    enum ring1_abi abi;
    enum ring1_xen xen = RING1_XEN_AUTO;
    if (!log->abi || !abi_from_name(log->abi, &abi) || abi == RING1_ABI_AUTO ||
        (log->xen && !xen_from_name(log->xen, &xen)) || !abi_find(abi, xen)) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT,
                    "%s: expected an ABI and a Xen that ring1 has, found '%s' and '%s'", log->source,
                    log->abi ? log->abi : "", log->xen ? log->xen : "");
        return NULL;
    }
    struct import im = {.log = log, .abi = abi_find(abi, xen), .pages = pages_of(log)};
    im.seq = seq_new(im.abi->abi, im.abi->xen);
    seq_writer_init(&im.w, im.seq, NULL, NULL, &im.nr_results);
    im.w.abi = im.abi;
    im.w.known = g_hash_table_new(NULL, NULL);
    im.w.shared_info = log->shared_info;
    add_head(&im);
    size_t calls = log->first_life ? log->first_life : log->calls->len;
    for (size_t i = 0; i < calls; i++)
        add(&im, i);
    add_tail(&im, calls);
    g_hash_table_unref(im.w.known);
    seq_writer_clear(&im.w);
    return im.seq;
}
