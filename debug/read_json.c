/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * read_json.c - JSON traces into a call_log; docs/trace-json.md says what they are.
 * Members and types of lines that are not known are passed over: later versions of the
 * same schema may have more of them.
 */
#include "json_read.h"
#include "read_trace.h"

#include <ring1/ring1.h>
#include <string.h>

#define TRACE_JSON_VERSION 1

struct json_log {
    struct json_reader r;
    struct call_log *log;
    GString *text;
    bool begun; /* the line of type "trace" was there */
};

/* One member of an object, and who reads it. */
struct member {
    const char *name;
    bool (*read)(struct json_log *in, void *to);
};

static void read_members(struct json_log *in, const struct member *members, size_t nr, void *to)
{
    char name[32];
    while (json_member(&in->r, name, sizeof name)) {
        size_t i = 0;
        while (i < nr && strcmp(members[i].name, name) != 0)
            i++;
        if (i < nr)
            members[i].read(in, to);
        else
            json_skip(&in->r);
    }
}

static const char *read_string(struct json_log *in)
{
    return json_get_text(&in->r, in->text) ? call_log_string(in->log, in->text->str) : NULL;
}

static bool read_u32(struct json_log *in, uint32_t max, uint32_t *to)
{
    uint64_t n;
    if (!json_get_uint(&in->r, max, &n))
        return false;
    *to = (uint32_t)n;
    return true;
}

/* --- values ----------------------------------------------------------------------- */

struct open_value {
    uint32_t index;
    bool has_kind;
};

static struct call_value *value_of(struct json_log *in, const struct open_value *o)
{
    return &g_array_index(in->log->values, struct call_value, o->index);
}

static bool take_kind(struct json_log *in, struct open_value *o, enum value_kind kind)
{
    if (o->has_kind)
        return json_expected(&in->r, "only one of value, mfn, struct, list, text, pointer before here");
    o->has_kind = true;
    value_of(in, o)->kind = kind;
    return true;
}

static bool read_value(struct json_log *in, const char *name);

static bool value_at(struct json_log *in, void *to)
{
    uint32_t at;
    if (!read_u32(in, UINT32_MAX, &at))
        return false;
    value_of(in, to)->at = at;
    return true;
}

static bool read_plain(struct json_log *in, struct call_value *v)
{
    uint64_t n;
    bool negative;
    if (!json_get_number(&in->r, &n, &negative))
        return false;
    v->kind = VALUE_NUMBER;
    v->number = n;
    v->is_signed = negative;
    return true;
}

static bool value_value(struct json_log *in, void *to)
{
    struct open_value *o = to;
    struct call_value *v = value_of(in, o);
    if (!read_plain(in, v))
        return false;
    if (v->frame != FRAME_IS)
        return take_kind(in, o, VALUE_NUMBER);
    v->frame = FRAME_HOLDS; /* members come in any order */
    return true;
}

static bool value_label(struct json_log *in, void *to)
{
    const char *label = read_string(in);
    if (!label)
        return false;
    value_of(in, to)->label = label;
    value_of(in, to)->is_command = true;
    return true;
}

static bool value_mfn(struct json_log *in, void *to)
{
    uint64_t mfn;
    struct open_value *o = to;
    struct call_value *v = value_of(in, o);
    if (!json_get_uint(&in->r, UINT64_MAX, &mfn))
        return false;
    v->frame = o->has_kind ? FRAME_HOLDS : FRAME_IS;
    if (v->frame == FRAME_IS)
        v->number = mfn;
    o->has_kind = true;
    return true;
}

static bool value_pfn(struct json_log *in, void *to)
{
    uint32_t pfn;
    if (!read_u32(in, UINT32_MAX, &pfn))
        return false;
    value_of(in, to)->pfn = pfn;
    return true;
}

static bool value_flags(struct json_log *in, void *to)
{
    g_autoptr(GString) label = g_string_new(NULL);
    json_enter(&in->r, '[');
    while (json_element(&in->r)) {
        if (json_get_text(&in->r, in->text))
            g_string_append_printf(label, "%s%s", label->len ? "|" : "", in->text->str);
    }
    if (in->r.error)
        return false;
    value_of(in, to)->label = call_log_string(in->log, label->len ? label->str : "0");
    return true;
}

static bool value_children(struct json_log *in, void *to, char bracket)
{
    char name[32];
    if (!take_kind(in, to, bracket == '{' ? VALUE_STRUCT : VALUE_LIST))
        return false;
    json_enter(&in->r, bracket);
    if (bracket == '{')
        while (json_member(&in->r, name, sizeof name))
            read_value(in, call_log_string(in->log, name));
    else
        while (json_element(&in->r))
            read_value(in, NULL);
    return !in->r.error;
}

static bool value_struct(struct json_log *in, void *to)
{
    return value_children(in, to, '{');
}

static bool value_list(struct json_log *in, void *to)
{
    return value_children(in, to, '[');
}

static bool value_text(struct json_log *in, void *to)
{
    if (!take_kind(in, to, VALUE_TEXT) || !json_get_bytes(&in->r, in->text))
        return false;
    struct call_value *v = value_of(in, to);
    v->number = in->log->bytes->len;
    v->len = (uint32_t)in->text->len;
    g_byte_array_append(in->log->bytes, (const guint8 *)in->text->str, (guint)in->text->len);
    return true;
}

static bool value_more(struct json_log *in, void *to)
{
    uint32_t more = CALL_MORE;
    if (json_peek(&in->r) == 'n' ? !json_get_null(&in->r) : !read_u32(in, CALL_MORE - 1, &more))
        return false;
    value_of(in, to)->more = more;
    return true;
}

static bool value_pointer(struct json_log *in, void *to)
{
    uint32_t va;
    if (!take_kind(in, to, VALUE_POINTER) || !read_u32(in, UINT32_MAX, &va))
        return false;
    value_of(in, to)->number = va;
    return true;
}

static bool value_unreadable(struct json_log *in, void *to)
{
    bool bad;
    if (!json_get_bool(&in->r, &bad))
        return false;
    value_of(in, to)->unreadable = bad;
    return true;
}

static const struct member value_members[] = {
    {"value", value_value},     {"name", value_label}, {"flags", value_flags},
    {"pfn", value_pfn},         {"mfn", value_mfn},    {"at", value_at},
    {"struct", value_struct},   {"list", value_list},  {"text", value_text},
    {"pointer", value_pointer}, {"more", value_more},  {"unreadable", value_unreadable},
};

static bool read_value(struct json_log *in, const char *name)
{
    struct call_value v = {.name = name, .pfn = CALL_NO_PFN};
    if (json_peek(&in->r) != '{') {
        if (!read_plain(in, &v))
            return false;
        call_log_add(in->log, &v);
        return true;
    }
    struct open_value o = {.index = call_log_add(in->log, &v)};
    json_enter(&in->r, '{');
    read_members(in, value_members, G_N_ELEMENTS(value_members), &o);
    if (!in->r.error && !o.has_kind)
        return json_expected(&in->r, "one of value, mfn, struct, list, text, pointer before here");
    if (value_of(in, &o)->frame != FRAME_NONE)
        value_of(in, &o)->is_command = false;
    call_log_close(in->log, o.index);
    return !in->r.error;
}

/* args and out: an object of values. */
static bool read_values(struct json_log *in, uint32_t *first, uint32_t *nr)
{
    char name[32];
    *first = in->log->values->len;
    json_enter(&in->r, '{');
    while (json_member(&in->r, name, sizeof name))
        read_value(in, call_log_string(in->log, name));
    *nr = in->log->values->len - *first;
    return !in->r.error;
}

/* --- lines ------------------------------------------------------------------------ */

enum { SEEN_SERIAL = 1, SEEN_VCPU = 2, SEEN_NR = 4, SEEN_ALL = 7 };

struct line {
    const char *type;
    uint32_t version;
    char *abi, *xen, *image;
    uint32_t pages, max_pages, vcpus, shared_info;
    struct logged_call call;
    unsigned seen;
};

/* Readers of a call's members that are a number. */
#define NUMBER_MEMBER(member, field, max, also)                                                              \
    static bool line_##member(struct json_log *in, void *to)                                                 \
    {                                                                                                        \
        struct line *l = to;                                                                                 \
        uint64_t n;                                                                                          \
        if (!json_get_uint(&in->r, max, &n))                                                                 \
            return false;                                                                                    \
        l->field = (__typeof__(l->field))n;                                                                  \
        also;                                                                                                \
        return true;                                                                                         \
    }
NUMBER_MEMBER(version, version, UINT32_MAX, (void)0)
NUMBER_MEMBER(pages, pages, UINT32_MAX, (void)0)
NUMBER_MEMBER(max_pages, max_pages, UINT32_MAX, (void)0)
NUMBER_MEMBER(vcpus, vcpus, 32, (void)0)
NUMBER_MEMBER(shared_info, shared_info, UINT32_MAX, (void)0)
NUMBER_MEMBER(serial, call.serial, UINT64_MAX, l->seen |= SEEN_SERIAL)
NUMBER_MEMBER(depth, call.depth, 1, (void)0)
NUMBER_MEMBER(index, call.index, UINT32_MAX, (void)0)
NUMBER_MEMBER(vcpu, call.vcpu, 31, l->seen |= SEEN_VCPU)
NUMBER_MEMBER(ring, call.ring, 3, (void)0)
NUMBER_MEMBER(eip, call.eip, UINT32_MAX, l->call.has_site = true)
NUMBER_MEMBER(ns, call.ns, UINT64_MAX, l->call.has_time = true)
NUMBER_MEMBER(end_ns, call.end_ns, UINT64_MAX, (void)0)
NUMBER_MEMBER(nr, call.nr, UINT32_MAX, l->seen |= SEEN_NR)

#define STRING_MEMBER(member, field)                                                                         \
    static bool line_##member(struct json_log *in, void *to)                                                 \
    {                                                                                                        \
        const char *text = json_peek(&in->r) == 'n' ? NULL : read_string(in);                                \
        ((struct line *)to)->field = text;                                                                   \
        return text || json_get_null(&in->r);                                                                \
    }
STRING_MEMBER(type, type)
STRING_MEMBER(name, call.name)
STRING_MEMBER(symbol, call.symbol)
STRING_MEMBER(why, call.why)

#define COPIED_MEMBER(member)                                                                                \
    static bool line_##member(struct json_log *in, void *to)                                                 \
    {                                                                                                        \
        struct line *l = to;                                                                                 \
        if (!json_get_text(&in->r, in->text))                                                                \
            return false;                                                                                    \
        g_free(l->member);                                                                                   \
        l->member = g_strdup(in->text->str);                                                                 \
        return true;                                                                                         \
    }
COPIED_MEMBER(abi)
COPIED_MEMBER(xen)
COPIED_MEMBER(image)

static bool line_words(struct json_log *in, void *to)
{
    struct logged_call *c = &((struct line *)to)->call;
    unsigned n = 0;
    json_enter(&in->r, '[');
    while (json_element(&in->r)) {
        if (n == CALL_MAX_WORDS)
            return json_expected(&in->r, "no more than 6 words");
        if (!read_u32(in, UINT32_MAX, &c->word[n]))
            return false;
        n++;
    }
    c->known = (uint8_t)((1u << n) - 1);
    return !in->r.error;
}

static bool line_args(struct json_log *in, void *to)
{
    struct logged_call *c = &((struct line *)to)->call;
    return read_values(in, &c->args, &c->nr_args);
}

static bool line_out(struct json_log *in, void *to)
{
    struct logged_call *c = &((struct line *)to)->call;
    return read_values(in, &c->out, &c->nr_out);
}

static bool line_result(struct json_log *in, void *to)
{
    struct logged_call *c = &((struct line *)to)->call;
    int64_t n;
    if (json_peek(&in->r) == 'n')
        return json_get_null(&in->r);
    if (!json_get_int(&in->r, &n))
        return false;
    if (n < INT32_MIN || n > INT32_MAX)
        return json_expected(&in->r, "a signed number of 32 bits before here");
    c->result = (int32_t)n;
    c->has_result = true;
    return true;
}

static bool line_continued(struct json_log *in, void *to)
{
    return json_get_bool(&in->r, &((struct line *)to)->call.continued);
}

static bool line_injected(struct json_log *in, void *to)
{
    return json_get_bool(&in->r, &((struct line *)to)->call.injected);
}

static const struct member line_members[] = {
    {"type", line_type},
    {"serial", line_serial},
    {"depth", line_depth},
    {"index", line_index},
    {"vcpu", line_vcpu},
    {"ring", line_ring},
    {"eip", line_eip},
    {"symbol", line_symbol},
    {"ns", line_ns},
    {"end_ns", line_end_ns},
    {"nr", line_nr},
    {"name", line_name},
    {"words", line_words},
    {"args", line_args},
    {"result", line_result},
    {"out", line_out},
    {"why", line_why},
    {"continued", line_continued},
    {"injected", line_injected},
    {"version", line_version},
    {"abi", line_abi},
    {"pages", line_pages},
    {"vcpus", line_vcpus},
    {"max_pages", line_max_pages},
    {"shared_info", line_shared_info},
    {"xen", line_xen},
    {"image", line_image},
};

static bool finish_header(struct json_log *in, struct line *l)
{
    if (l->version != TRACE_JSON_VERSION)
        return json_expected(&in->r, "a line before here with \"version\":1");
    in->begun = true;
    /* A guest that restarted has another such line. */
    if (in->log->abi) {
        if (!in->log->first_life)
            in->log->first_life = in->log->calls->len;
        return true;
    }
    in->log->pages = l->pages;
    in->log->max_pages = l->max_pages;
    in->log->vcpus = l->vcpus;
    in->log->shared_info = l->shared_info;
    in->log->abi = g_steal_pointer(&l->abi);
    in->log->xen = g_steal_pointer(&l->xen);
    in->log->image = g_steal_pointer(&l->image);
    return true;
}

static bool finish_line(struct json_log *in, struct line *l)
{
    if (in->r.error)
        return false;
    if (!json_at_end(&in->r))
        return json_expected(&in->r, "the end of the line");
    if (!l->type)
        return json_expected(&in->r, "\"type\" in the object before here");
    if (strcmp(l->type, "trace") == 0)
        return finish_header(in, l);
    if (!in->begun)
        return json_expected(&in->r, "a line of type \"trace\" first");
    if (strcmp(l->type, "call") != 0)
        return true;
    if (l->seen != SEEN_ALL)
        return json_expected(&in->r, "\"serial\", \"vcpu\" and \"nr\" in the call before here");
    call_log_add_call(in->log, &l->call);
    return true;
}

static bool read_line(struct json_log *in, const char *text, size_t len, uint64_t number)
{
    struct line l = {.call = {.args = CALL_NO_VALUES, .out = CALL_NO_VALUES, .place = number}};
    json_reader_init(&in->r, in->log->source, text, len, number);
    if (json_peek(&in->r) == 0 && json_at_end(&in->r) && in->begun)
        return true;
    json_enter(&in->r, '{');
    read_members(in, line_members, G_N_ELEMENTS(line_members), &l);
    bool good = finish_line(in, &l);
    g_free(l.abi);
    g_free(l.xen);
    g_free(l.image);
    return good;
}

struct call_log *read_json_trace(const char *source, const char *text, size_t len, GError **error)
{
    struct json_log in = {.log = call_log_new(source, "line"), .text = g_string_new(NULL)};
    const char *end = text + len;
    bool good = true;
    uint64_t number = 1;
    for (const char *at = text; good && (at < end || number == 1); number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        good = read_line(&in, at, (size_t)((stop ? stop : end) - at), number);
        at = stop ? stop + 1 : end;
    }
    g_string_free(in.text, TRUE);
    if (good)
        return in.log;
    g_propagate_error(error, in.r.error);
    call_log_free(in.log);
    return NULL;
}
