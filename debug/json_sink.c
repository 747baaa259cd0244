/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * json_sink.c - see json_sink.h.
 */
#include "json_sink.h"

#include "number_facts.h"

/* An object for something that is more than a number. */
static void open_object(struct json *j, const char *name, uint32_t va)
{
    json_key(j, name);
    json_open(j, '{');
    if (va)
        json_uint(j, "at", va);
}

static void on_begin(void *user, const char *name, enum bracket bracket, uint32_t va)
{
    struct json_writer *w = user;
    open_object(&w->json, name, va);
    json_key(&w->json, bracket == BRACKET_LIST ? "list" : "struct");
    json_open(&w->json, bracket == BRACKET_LIST ? '[' : '{');
}

static void write_more(struct json *j, uint32_t left_out)
{
    if (left_out == LEFT_OUT_UNKNOWN)
        json_null(j, "more");
    else if (left_out)
        json_uint(j, "more", left_out);
}

static void on_end(void *user, enum bracket bracket, uint32_t left_out)
{
    struct json_writer *w = user;
    json_close(&w->json, bracket == BRACKET_LIST ? ']' : '}');
    write_more(&w->json, left_out);
    json_close(&w->json, '}');
}

static void write_value(struct json *j, const char *name, const struct number *n)
{
    if (n->is_signed)
        json_int(j, name, (int64_t)n->value);
    else
        json_uint(j, name, n->value);
}

static void write_facts(struct json *j, const struct number_facts *f)
{
    if (f->name)
        json_word(j, "name", f->name);
    if (f->expected)
        json_word(j, "expected", f->expected);
    if (f->has_frame)
        json_uint(j, "mfn", f->mfn);
    if (f->has_frame && f->pfn != FACTS_NO_PFN)
        json_uint(j, "pfn", f->pfn);
    if (!f->has_flags)
        return;
    json_key(j, "flags");
    json_open(j, '[');
    for (unsigned i = 0; i < f->nr_flags; i++)
        json_word(j, NULL, f->flags[i]);
    json_close(j, ']');
    if (f->rest)
        json_uint(j, "rest", f->rest);
}

static void on_number(void *user, const char *name, const struct number *n)
{
    struct json_writer *w = user;
    struct number_facts facts;
    bool more = number_facts(n, w->domain, w->output, &facts);
    if (!more && !n->va) {
        write_value(&w->json, name, n);
        return;
    }
    open_object(&w->json, name, n->va);
    if (!more || !facts.is_frame)
        write_value(&w->json, "value", n);
    if (more)
        write_facts(&w->json, &facts);
    json_close(&w->json, '}');
}

static void on_text(void *user, const char *name, uint32_t va, const uint8_t *bytes, uint32_t len,
                    uint32_t left_out)
{
    struct json_writer *w = user;
    open_object(&w->json, name, va);
    json_bytes(&w->json, "text", bytes, len);
    write_more(&w->json, left_out);
    json_close(&w->json, '}');
}

static void on_pointer(void *user, const char *name, uint32_t va, bool bad)
{
    struct json_writer *w = user;
    open_object(&w->json, name, 0);
    json_uint(&w->json, "pointer", va);
    if (bad)
        json_true(&w->json, "unreadable");
    json_close(&w->json, '}');
}

const struct decode_sink json_sink = {
    .begin = on_begin,
    .end = on_end,
    .number = on_number,
    .text = on_text,
    .pointer = on_pointer,
};
