/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_parse_value.c - the tokens of a .hc file become values and arguments: what
 * stands in brackets and behind "=". The lines around them are seq_parse.c's.
 */
#include "seq_parse_priv.h"

#include "dispatch/abi.h"

#include <ring1/ring1.h>
#include <string.h>

/* Brackets in brackets: no structure needs as many. */
#define MAX_DEPTH 16u

/* --- errors and tokens ------------------------------------------------------------------ */

static const char *describe(const struct token *t, char *buffer, size_t size)
{
    switch (t->kind) {
    case TOKEN_END:
        return "the end of the file";
    case TOKEN_NEWLINE:
        return "the end of the line";
    case TOKEN_COMMENT:
        return "a comment";
    case TOKEN_BAD:
        g_snprintf(buffer, size, "%s: '%.*s'", t->bad, (int)MIN(t->len, 40u), t->text);
        return buffer;
    default:
        g_snprintf(buffer, size, "'%.*s'", (int)MIN(t->len, 40u), t->text);
        return buffer;
    }
}

bool parser_fail(struct parser *p, struct seq_pos pos, const char *what)
{
    if (p->error && !*p->error)
        g_set_error(p->error, RING1_ERROR, RING1_ERROR_INPUT, "%s:%u:%u: %s", p->file, pos.line, pos.column,
                    what);
    return false;
}

bool parser_expected(struct parser *p, const char *what)
{
    char found[128];
    g_autofree char *text =
        g_strdup_printf("expected %s, found %s", what, describe(&p->lex.now, found, sizeof found));
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return parser_fail(p, p->lex.now.pos, valid);
}

/* Inside brackets: beyond newlines, and comments, which go to the value before. */
static void skip_lines(struct parser *p)
{
    while (p->depth) {
        const struct token *t = &p->lex.now;
        if (t->kind == TOKEN_COMMENT) {
            const char *comment = seq_printf(p->s, "%.*s", (int)t->len, t->text);
            struct seq_value *v = p->commentable;
            if (v)
                v->comment = v->comment ? seq_printf(p->s, "%s %s", v->comment, comment) : comment;
        } else if (t->kind != TOKEN_NEWLINE) {
            return;
        }
        lexer_next(&p->lex);
    }
}

void parser_next(struct parser *p)
{
    lexer_next(&p->lex);
    skip_lines(p);
}

bool parser_is(const struct parser *p, char c)
{
    return p->lex.now.kind == TOKEN_CHAR && p->lex.now.c == c;
}

bool parser_take(struct parser *p, char c)
{
    if (!parser_is(p, c))
        return false;
    parser_next(p);
    return true;
}

bool token_is(const struct token *t, const char *word)
{
    return t->kind == TOKEN_NAME && t->len == strlen(word) && memcmp(t->text, word, t->len) == 0;
}

const char *parser_keep(struct parser *p, const struct token *t)
{
    return seq_printf(p->s, "%.*s", (int)t->len, t->text);
}

static bool open_bracket(struct parser *p)
{
    if (p->depth == MAX_DEPTH)
        return parser_fail(p, p->lex.now.pos, "expected no more brackets inside brackets");
    p->depth++;
    parser_next(p);
    return true;
}

/* The bracket was the last token taken: what follows may be a new line. */
static bool close_bracket(struct parser *p, char c, const char *what)
{
    if (!parser_is(p, c))
        return parser_expected(p, what);
    p->depth--;
    parser_next(p);
    return true;
}

/* --- values ---------------------------------------------------------------------------- */

static struct seq_value *new_value(struct parser *p, enum seq_kind kind)
{
    struct seq_value *v = seq_value(p->s, kind);
    v->pos = p->lex.now.pos;
    p->commentable = v;
    return v;
}

static bool parse_offset(struct parser *p, struct seq_value *v)
{
    while (parser_take(p, '+')) {
        if (p->lex.now.kind != TOKEN_NUMBER)
            return parser_expected(p, "a number after +");
        v->offset += p->lex.now.number;
        parser_next(p);
    }
    return true;
}

/* ".extent_start[2]" */
static bool parse_path(struct parser *p, struct seq_value *v)
{
    g_autoptr(GString) path = g_string_new(NULL);
    for (;;) {
        if (parser_is(p, '.')) {
            parser_next(p);
            if (p->lex.now.kind != TOKEN_NAME)
                return parser_expected(p, "the name of an output");
            g_string_append_printf(path, ".%.*s", (int)p->lex.now.len, p->lex.now.text);
            parser_next(p);
        } else if (parser_is(p, '[')) {
            parser_next(p);
            if (p->lex.now.kind != TOKEN_NUMBER)
                return parser_expected(p, "the number of an element");
            g_string_append_printf(path, "[%" G_GUINT64_FORMAT "]", p->lex.now.number);
            parser_next(p);
            if (!parser_take(p, ']'))
                return parser_expected(p, "]");
        } else {
            break;
        }
    }
    v->path = path->len ? seq_strdup(p->s, path->str) : NULL;
    return true;
}

/* A page by its name, or a pfn. */
static bool parse_page_name(struct parser *p, struct seq_value *v)
{
    if (p->lex.now.kind == TOKEN_NAME) {
        v->name = parser_keep(p, &p->lex.now);
        parser_next(p);
        return !(parser_is(p, '.') || parser_is(p, '[')) || parse_path(p, v);
    }
    if (p->lex.now.kind == TOKEN_NUMBER)
        v->number = p->lex.now.number;
    else
        return parser_expected(p, "the name of a page, or a pfn");
    parser_next(p);
    return true;
}

/* mfn(buf+1), ma(buf)+8, pfn(buf), mfn(0x21..) */
static struct seq_value *parse_page(struct parser *p, enum seq_kind kind)
{
    struct seq_value *v = new_value(p, kind);
    parser_next(p);
    parser_next(p); /* "(" */
    if (!parse_page_name(p, v) || !parse_offset(p, v))
        return NULL;
    if (kind == SEQ_MADDR)
        v->offset <<= RING1_PAGE_SHIFT;
    if (p->lex.now.kind == TOKEN_DOTS) {
        v->steps = true;
        parser_next(p);
    }
    if (!parser_take(p, ')')) {
        parser_expected(p, ")");
        return NULL;
    }
    return kind != SEQ_MADDR || parse_offset(p, v) ? v : NULL;
}

/* "mfn 0x1a3", "mfn 0x1a3/pfn 0x21", "pfn 0x21": as the trace has them. */
static struct seq_value *parse_traced_frame(struct parser *p, bool mfn)
{
    struct seq_value *v = new_value(p, mfn ? SEQ_FRAME : SEQ_NUMBER);
    parser_next(p);
    v->number = p->lex.now.number;
    v->style = mfn ? SEQ_PLAIN : SEQ_HEX;
    parser_next(p);
    if (!mfn || !parser_is(p, '/'))
        return v;
    parser_next(p);
    if (!token_is(&p->lex.now, "pfn") || p->lex.ahead.kind != TOKEN_NUMBER) {
        parser_expected(p, "pfn and a number");
        return NULL;
    }
    parser_next(p);
    v->kind = SEQ_MFN;
    v->number = p->lex.now.number;
    parser_next(p);
    return v;
}

static struct seq_value *parse_name(struct parser *p)
{
    const struct token *t = &p->lex.now, *ahead = &p->lex.ahead;
    bool call = ahead->kind == TOKEN_CHAR && ahead->c == '(', number = ahead->kind == TOKEN_NUMBER;
    if (call && token_is(t, "mfn"))
        return parse_page(p, SEQ_MFN);
    if (call && token_is(t, "ma"))
        return parse_page(p, SEQ_MADDR);
    if (call && token_is(t, "pfn"))
        return parse_page(p, SEQ_PFN);
    if (number && (token_is(t, "mfn") || token_is(t, "pfn")))
        return parse_traced_frame(p, t->text[0] == 'm');

    struct seq_value *v = new_value(p, SEQ_NAME);
    v->name = parser_keep(p, t);
    parser_next(p);
    if (strcmp(v->name, "NULL") == 0) {
        v->kind = SEQ_NULL;
    } else if (parser_is(p, '.') || g_hash_table_contains(p->results, v->name)) {
        v->kind = SEQ_RESULT;
        if (!parse_path(p, v) || !parse_offset(p, v))
            return NULL;
    }
    return v;
}

struct seq_value *parser_number(struct parser *p)
{
    struct seq_value *v = new_value(p, SEQ_NUMBER);
    v->number = p->lex.now.number;
    v->style = (uint8_t)p->lex.now.style;
    parser_next(p);
    return v;
}

/* "u32 5", and "u32 mfn(buf)": the frame's number */
static struct seq_value *parse_sized(struct parser *p, unsigned bytes)
{
    parser_next(p);
    struct seq_value *v = token_is(&p->lex.now, "mfn") ? parse_name(p) : parser_number(p);
    if (v)
        v->bytes = (uint8_t)bytes;
    return v;
}

static unsigned size_word(const struct parser *p)
{
    if (p->lex.ahead.kind != TOKEN_NUMBER && !token_is(&p->lex.ahead, "mfn"))
        return 0;
    return token_is(&p->lex.now, "u8")    ? 1
           : token_is(&p->lex.now, "u16") ? 2
           : token_is(&p->lex.now, "u32") ? 4
           : token_is(&p->lex.now, "u64") ? 8
                                          : 0;
}

static struct seq_value *parse_data(struct parser *p)
{
    bool text = p->lex.now.kind == TOKEN_TEXT;
    struct seq_pos pos = p->lex.now.pos;
    lexer_data(&p->lex, &p->lex.now);
    struct seq_value *v = text ? seq_text(p->s, p->lex.data->data, p->lex.data->len)
                               : seq_bytes(p->s, p->lex.data->data, p->lex.data->len);
    v->pos = pos;
    p->commentable = v;
    parser_next(p);
    if (p->lex.now.kind == TOKEN_REST && p->lex.now.tight) {
        v->rest = true;
        parser_next(p);
    }
    return v;
}

/* "..." and "... 3 more", at the end of a bracket. */
static bool parse_rest(struct parser *p, struct seq_value *v)
{
    v->rest = true;
    parser_next(p);
    if (p->lex.now.kind == TOKEN_NUMBER && token_is(&p->lex.ahead, "more")) {
        v->offset = p->lex.now.number;
        parser_next(p);
        parser_next(p);
    }
    return true;
}

static bool parse_key(struct parser *p, struct seq_value *key)
{
    uint64_t from = p->lex.now.number, to = from;
    key->key_hex = p->lex.now.style == SEQ_HEX;
    parser_next(p);
    if (p->lex.now.kind == TOKEN_DOTS) {
        parser_next(p);
        if (p->lex.now.kind != TOKEN_NUMBER)
            return parser_expected(p, "the last number of a range");
        to = p->lex.now.number;
        parser_next(p);
    }
    if (to < from || to > UINT32_MAX)
        return parser_fail(p, key->pos, "expected a range from a number to one that is not smaller");
    key->key = (uint32_t)from;
    key->key_end = (uint32_t)to;
    return parser_take(p, ':') || parser_expected(p, ":");
}

/* port=3, or 4..7: x */
static struct seq_value *parse_item(struct parser *p)
{
    struct seq_value key = {.pos = p->lex.now.pos};
    bool named = p->lex.now.kind == TOKEN_NAME;
    if (named && p->lex.ahead.kind == TOKEN_CHAR && p->lex.ahead.c == '=') {
        key.label = parser_keep(p, &p->lex.now);
        parser_next(p);
        parser_next(p);
    } else if (p->lex.now.kind == TOKEN_NUMBER) {
        key.has_key = true;
        if (!parse_key(p, &key))
            return NULL;
    } else {
        parser_expected(p, "the name of a field and =, or a number and :");
        return NULL;
    }
    struct seq_value *v = parser_value(p);
    if (!v)
        return NULL;
    v->label = key.label;
    v->has_key = key.has_key;
    v->key = key.key;
    v->key_end = key.key_end;
    v->key_hex = key.key_hex;
    return v;
}

static struct seq_value *parse_items(struct parser *p)
{
    bool fields = parser_is(p, '{');
    char end = fields ? '}' : ']';
    struct seq_value *v = new_value(p, fields ? SEQ_STRUCT : SEQ_LIST);
    if (!open_bracket(p))
        return NULL;
    while (!parser_is(p, end)) {
        if (p->lex.now.kind == TOKEN_REST) {
            parse_rest(p, v);
            break;
        }
        struct seq_value *child = fields ? parse_item(p) : parser_value(p);
        if (!child)
            return NULL;
        seq_append(v, child);
        /* A comment behind the comma is the child's, too. */
        p->commentable = child;
        skip_lines(p);
        if (!parser_take(p, ','))
            break;
    }
    p->commentable = v;
    return close_bracket(p, end, fields ? ", or }" : ", or ]") ? v : NULL;
}

static struct seq_value *parse_address(struct parser *p)
{
    struct seq_value *v = new_value(p, SEQ_ADDRESS);
    parser_next(p);
    return parse_page_name(p, v) && parse_offset(p, v) ? v : NULL;
}

struct seq_value *parser_term(struct parser *p)
{
    struct seq_value *v;
    switch (p->lex.now.kind) {
    case TOKEN_NAME:
        return size_word(p) ? parse_sized(p, size_word(p)) : parse_name(p);
    case TOKEN_NUMBER:
        return parser_number(p);
    case TOKEN_TEXT:
    case TOKEN_BYTES:
        return parse_data(p);
    default:
        break;
    }
    if (parser_is(p, '{') || parser_is(p, '['))
        return parse_items(p);
    if (parser_is(p, '&'))
        return parse_address(p);
    if (parser_is(p, '?')) {
        v = new_value(p, SEQ_ANY);
        parser_next(p);
        return v;
    }
    parser_expected(p, "a value");
    return NULL;
}

/* A comment that would be lost goes to the whole. */
void parser_lift_comment(struct parser *p, const char **to, struct seq_value *from)
{
    if (from->comment)
        *to = *to ? seq_printf(p->s, "%s %s", *to, from->comment) : from->comment;
    from->comment = NULL;
}

struct seq_value *parser_value(struct parser *p)
{
    struct seq_value *v = parser_term(p);
    if (v && parser_is(p, '|')) {
        struct seq_value *terms = seq_value(p->s, SEQ_OR);
        terms->pos = v->pos;
        seq_append(terms, v);
        while (parser_take(p, '|')) {
            if (!(v = parser_term(p)))
                return NULL;
            seq_append(terms, v);
        }
        v = terms;
        for (struct seq_value *c = v->first; c; c = c->next)
            parser_lift_comment(p, &v->comment, c);
        p->commentable = v;
    }
    if (v && parser_take(p, '@')) {
        if (!(v->at = parser_term(p)))
            return NULL;
        parser_lift_comment(p, &v->comment, v->at);
        p->commentable = v;
    }
    return v;
}

bool parser_args(struct parser *p, struct seq_item *item)
{
    p->commentable = NULL;
    if (!open_bracket(p))
        return false;
    while (!parser_is(p, ')')) {
        struct seq_value *v = parser_value(p);
        if (!v)
            return false;
        p->commentable = seq_append_arg(item, v);
        skip_lines(p);
        if (!parser_take(p, ','))
            break;
    }
    if (!close_bracket(p, ')', ", or )"))
        return false;
    for (struct seq_value *v = item->args; v; v = v->next)
        if (v->kind != SEQ_STRUCT && v->kind != SEQ_LIST)
            parser_lift_comment(p, &item->comment, v);
    return true;
}
