/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_parse.c - a .hc file becomes the tree of seq.h. The grammar is in
 * docs/sequences.md; what names mean is left to seq_program.h.
 */
#include "seq.h"

#include "dispatch/abi.h"
#include "seq_lex.h"

#include <ring1/ring1.h>
#include <string.h>

/* Brackets in brackets: no structure needs as many. */
#define MAX_DEPTH 16u

struct parser {
    struct lexer lex;
    struct seq *s;
    const char *file;
    GHashTable *results; /* names that calls gave to their results */
    unsigned depth;      /* of brackets: newlines mean nothing inside */
    struct seq_value *commentable;
    bool has_abi;
    GError **error;
};

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

static bool fail_at(struct parser *p, struct seq_pos pos, const char *what)
{
    if (p->error && !*p->error)
        g_set_error(p->error, RING1_ERROR, RING1_ERROR_INPUT, "%s:%u:%u: %s", p->file, pos.line, pos.column,
                    what);
    return false;
}

static bool expected(struct parser *p, const char *what)
{
    char found[128];
    g_autofree char *text =
        g_strdup_printf("expected %s, found %s", what, describe(&p->lex.now, found, sizeof found));
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return fail_at(p, p->lex.now.pos, valid);
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

static void next(struct parser *p)
{
    lexer_next(&p->lex);
    skip_lines(p);
}

static bool is_char(const struct parser *p, char c)
{
    return p->lex.now.kind == TOKEN_CHAR && p->lex.now.c == c;
}

static bool take(struct parser *p, char c)
{
    if (!is_char(p, c))
        return false;
    next(p);
    return true;
}

static bool is_word(const struct token *t, const char *word)
{
    return t->kind == TOKEN_NAME && t->len == strlen(word) && memcmp(t->text, word, t->len) == 0;
}

static const char *keep(struct parser *p, const struct token *t)
{
    return seq_printf(p->s, "%.*s", (int)t->len, t->text);
}

static bool open_bracket(struct parser *p)
{
    if (p->depth == MAX_DEPTH)
        return fail_at(p, p->lex.now.pos, "expected no more brackets inside brackets");
    p->depth++;
    next(p);
    return true;
}

/* The bracket was the last token taken: what follows may be a new line. */
static bool close_bracket(struct parser *p, char c, const char *what)
{
    if (!is_char(p, c))
        return expected(p, what);
    p->depth--;
    next(p);
    return true;
}

/* --- values ---------------------------------------------------------------------------- */

static struct seq_value *parse_value(struct parser *p);

static struct seq_value *new_value(struct parser *p, enum seq_kind kind)
{
    struct seq_value *v = seq_value(p->s, kind);
    v->pos = p->lex.now.pos;
    p->commentable = v;
    return v;
}

static bool parse_offset(struct parser *p, struct seq_value *v)
{
    while (take(p, '+')) {
        if (p->lex.now.kind != TOKEN_NUMBER)
            return expected(p, "a number after +");
        v->offset += p->lex.now.number;
        next(p);
    }
    return true;
}

/* ".extent_start[2]" */
static bool parse_path(struct parser *p, struct seq_value *v)
{
    g_autoptr(GString) path = g_string_new(NULL);
    for (;;) {
        if (is_char(p, '.')) {
            next(p);
            if (p->lex.now.kind != TOKEN_NAME)
                return expected(p, "the name of an output");
            g_string_append_printf(path, ".%.*s", (int)p->lex.now.len, p->lex.now.text);
            next(p);
        } else if (is_char(p, '[')) {
            next(p);
            if (p->lex.now.kind != TOKEN_NUMBER)
                return expected(p, "the number of an element");
            g_string_append_printf(path, "[%" G_GUINT64_FORMAT "]", p->lex.now.number);
            next(p);
            if (!take(p, ']'))
                return expected(p, "]");
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
        v->name = keep(p, &p->lex.now);
        next(p);
        return !(is_char(p, '.') || is_char(p, '[')) || parse_path(p, v);
    }
    if (p->lex.now.kind == TOKEN_NUMBER)
        v->number = p->lex.now.number;
    else
        return expected(p, "the name of a page, or a pfn");
    next(p);
    return true;
}

/* mfn(buf+1), ma(buf)+8, pfn(buf), mfn(0x21..) */
static struct seq_value *parse_page(struct parser *p, enum seq_kind kind)
{
    struct seq_value *v = new_value(p, kind);
    next(p);
    next(p); /* "(" */
    if (!parse_page_name(p, v) || !parse_offset(p, v))
        return NULL;
    if (kind == SEQ_MADDR)
        v->offset <<= RING1_PAGE_SHIFT;
    if (p->lex.now.kind == TOKEN_DOTS) {
        v->steps = true;
        next(p);
    }
    if (!take(p, ')')) {
        expected(p, ")");
        return NULL;
    }
    return kind != SEQ_MADDR || parse_offset(p, v) ? v : NULL;
}

/* "mfn 0x1a3", "mfn 0x1a3/pfn 0x21", "pfn 0x21": as the trace has them. */
static struct seq_value *parse_traced_frame(struct parser *p, bool mfn)
{
    struct seq_value *v = new_value(p, mfn ? SEQ_FRAME : SEQ_NUMBER);
    next(p);
    v->number = p->lex.now.number;
    v->style = mfn ? SEQ_PLAIN : SEQ_HEX;
    next(p);
    if (!mfn || !is_char(p, '/'))
        return v;
    next(p);
    if (!is_word(&p->lex.now, "pfn") || p->lex.ahead.kind != TOKEN_NUMBER) {
        expected(p, "pfn and a number");
        return NULL;
    }
    next(p);
    v->kind = SEQ_MFN;
    v->number = p->lex.now.number;
    next(p);
    return v;
}

static struct seq_value *parse_name(struct parser *p)
{
    const struct token *t = &p->lex.now, *ahead = &p->lex.ahead;
    bool call = ahead->kind == TOKEN_CHAR && ahead->c == '(', number = ahead->kind == TOKEN_NUMBER;
    if (call && is_word(t, "mfn"))
        return parse_page(p, SEQ_MFN);
    if (call && is_word(t, "ma"))
        return parse_page(p, SEQ_MADDR);
    if (call && is_word(t, "pfn"))
        return parse_page(p, SEQ_PFN);
    if (number && (is_word(t, "mfn") || is_word(t, "pfn")))
        return parse_traced_frame(p, t->text[0] == 'm');

    struct seq_value *v = new_value(p, SEQ_NAME);
    v->name = keep(p, t);
    next(p);
    if (strcmp(v->name, "NULL") == 0) {
        v->kind = SEQ_NULL;
    } else if (is_char(p, '.') || g_hash_table_contains(p->results, v->name)) {
        v->kind = SEQ_RESULT;
        if (!parse_path(p, v) || !parse_offset(p, v))
            return NULL;
    }
    return v;
}

static struct seq_value *parse_number(struct parser *p)
{
    struct seq_value *v = new_value(p, SEQ_NUMBER);
    v->number = p->lex.now.number;
    v->style = (uint8_t)p->lex.now.style;
    next(p);
    return v;
}

/* "u32 5" */
static struct seq_value *parse_sized(struct parser *p, unsigned bytes)
{
    next(p);
    struct seq_value *v = parse_number(p);
    v->bytes = (uint8_t)bytes;
    return v;
}

static unsigned size_word(const struct parser *p)
{
    if (p->lex.ahead.kind != TOKEN_NUMBER)
        return 0;
    return is_word(&p->lex.now, "u8")    ? 1
           : is_word(&p->lex.now, "u16") ? 2
           : is_word(&p->lex.now, "u32") ? 4
           : is_word(&p->lex.now, "u64") ? 8
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
    next(p);
    if (p->lex.now.kind == TOKEN_REST && p->lex.now.tight) {
        v->rest = true;
        next(p);
    }
    return v;
}

/* "..." and "... 3 more", at the end of a bracket. */
static bool parse_rest(struct parser *p, struct seq_value *v)
{
    v->rest = true;
    next(p);
    if (p->lex.now.kind == TOKEN_NUMBER && is_word(&p->lex.ahead, "more")) {
        v->offset = p->lex.now.number;
        next(p);
        next(p);
    }
    return true;
}

static bool parse_key(struct parser *p, struct seq_value *key)
{
    uint64_t from = p->lex.now.number, to = from;
    key->key_hex = p->lex.now.style == SEQ_HEX;
    next(p);
    if (p->lex.now.kind == TOKEN_DOTS) {
        next(p);
        if (p->lex.now.kind != TOKEN_NUMBER)
            return expected(p, "the last number of a range");
        to = p->lex.now.number;
        next(p);
    }
    if (to < from || to > UINT32_MAX)
        return fail_at(p, key->pos, "expected a range from a number to one that is not smaller");
    key->key = (uint32_t)from;
    key->key_end = (uint32_t)to;
    return take(p, ':') || expected(p, ":");
}

/* port=3, or 4..7: x */
static struct seq_value *parse_item(struct parser *p)
{
    struct seq_value key = {.pos = p->lex.now.pos};
    bool named = p->lex.now.kind == TOKEN_NAME;
    if (named && p->lex.ahead.kind == TOKEN_CHAR && p->lex.ahead.c == '=') {
        key.label = keep(p, &p->lex.now);
        next(p);
        next(p);
    } else if (p->lex.now.kind == TOKEN_NUMBER) {
        key.has_key = true;
        if (!parse_key(p, &key))
            return NULL;
    } else {
        expected(p, "the name of a field and =, or a number and :");
        return NULL;
    }
    struct seq_value *v = parse_value(p);
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
    bool fields = is_char(p, '{');
    char end = fields ? '}' : ']';
    struct seq_value *v = new_value(p, fields ? SEQ_STRUCT : SEQ_LIST);
    if (!open_bracket(p))
        return NULL;
    while (!is_char(p, end)) {
        if (p->lex.now.kind == TOKEN_REST) {
            parse_rest(p, v);
            break;
        }
        struct seq_value *child = fields ? parse_item(p) : parse_value(p);
        if (!child)
            return NULL;
        seq_append(v, child);
        /* A comment behind the comma is the child's, too. */
        p->commentable = child;
        skip_lines(p);
        if (!take(p, ','))
            break;
    }
    p->commentable = v;
    return close_bracket(p, end, fields ? ", or }" : ", or ]") ? v : NULL;
}

static struct seq_value *parse_address(struct parser *p)
{
    struct seq_value *v = new_value(p, SEQ_ADDRESS);
    next(p);
    return parse_page_name(p, v) && parse_offset(p, v) ? v : NULL;
}

static struct seq_value *parse_term(struct parser *p)
{
    struct seq_value *v;
    switch (p->lex.now.kind) {
    case TOKEN_NAME:
        return size_word(p) ? parse_sized(p, size_word(p)) : parse_name(p);
    case TOKEN_NUMBER:
        return parse_number(p);
    case TOKEN_TEXT:
    case TOKEN_BYTES:
        return parse_data(p);
    default:
        break;
    }
    if (is_char(p, '{') || is_char(p, '['))
        return parse_items(p);
    if (is_char(p, '&'))
        return parse_address(p);
    if (is_char(p, '?')) {
        v = new_value(p, SEQ_ANY);
        next(p);
        return v;
    }
    expected(p, "a value");
    return NULL;
}

/* A comment that would be lost goes to the whole. */
static void lift_comment(struct parser *p, const char **to, struct seq_value *from)
{
    if (from->comment)
        *to = *to ? seq_printf(p->s, "%s %s", *to, from->comment) : from->comment;
    from->comment = NULL;
}

static struct seq_value *parse_value(struct parser *p)
{
    struct seq_value *v = parse_term(p);
    if (v && is_char(p, '|')) {
        struct seq_value *terms = seq_value(p->s, SEQ_OR);
        terms->pos = v->pos;
        seq_append(terms, v);
        while (take(p, '|')) {
            if (!(v = parse_term(p)))
                return NULL;
            seq_append(terms, v);
        }
        v = terms;
        for (struct seq_value *c = v->first; c; c = c->next)
            lift_comment(p, &v->comment, c);
        p->commentable = v;
    }
    if (v && take(p, '@')) {
        if (!(v->at = parse_term(p)))
            return NULL;
        lift_comment(p, &v->comment, v->at);
        p->commentable = v;
    }
    return v;
}

/* --- lines -------------------------------------------------------------------------------- */

/* The comment at the end of a line that was read as a whole. */
static void cut_comment(struct parser *p, struct seq_item *item, const char *text, size_t *len)
{
    const char *hash = memchr(text, '#', *len);
    if (!hash)
        return;
    item->comment = seq_printf(p->s, "%.*s", (int)(*len - (size_t)(hash - text)), hash);
    *len = (size_t)(hash - text);
}

static bool parse_header(struct parser *p)
{
    static const char word[] = "ring1-sequence ";
    const char *text;
    size_t len;
    struct token t = p->lex.now;
    if (!is_word(&t, "ring1"))
        return expected(p, "ring1-sequence 1, which opens each sequence");
    lexer_rest_of_line(&p->lex, &t, &text, &len);
    if (len < sizeof word - 1 || memcmp(text, word, sizeof word - 1) != 0)
        return fail_at(p, t.pos, "expected ring1-sequence 1, which opens each sequence");
    text += sizeof word - 1;
    len -= sizeof word - 1;
    if (len < 1 || text[0] != '1' || (len > 1 && text[1] != ' ' && text[1] != '#'))
        return fail_at(p, t.pos, "expected a sequence of version 1");
    struct seq_item *item = seq_add(p->s, SEQ_HEADER);
    item->pos = t.pos;
    cut_comment(p, item, text, &len);
    return true;
}

static bool parse_abi(struct parser *p)
{
    const char *text;
    size_t len;
    struct seq_item *item = seq_add(p->s, SEQ_ABI);
    item->pos = p->lex.now.pos;
    struct token t = p->lex.ahead;
    if (p->has_abi)
        return fail_at(p, item->pos, "expected one line for the ABI, this is the second");
    lexer_rest_of_line(&p->lex, &t, &text, &len);
    if (t.kind == TOKEN_NEWLINE || t.kind == TOKEN_END)
        len = 0;
    cut_comment(p, item, text, &len);
    g_autofree char *line = g_strstrip(g_strndup(text, len));
    g_auto(GStrv) word = g_strsplit_set(line, " \t", 2);
    const char *xen = word[0] && word[1] ? g_strchug(word[1]) : NULL;
    if (!word[0] || !abi_from_name(word[0], &p->s->abi) || p->s->abi == RING1_ABI_AUTO)
        return fail_at(p, t.pos, "expected xen-2.0, xen-3.0 or xen-3.0-pae after abi");
    if (xen && !xen_from_name(xen, &p->s->xen))
        return fail_at(p, t.pos, "expected 2.0, 3.0.0, 3.0.4, 3.2 or 4.17 after the ABI");
    if (!abi_find(p->s->abi, p->s->xen))
        return fail_at(p, t.pos, "expected a Xen that spoke this ABI");
    p->has_abi = true;
    return true;
}

static bool parse_domain(struct parser *p)
{
    struct seq_item *item = seq_add(p->s, SEQ_DOMAIN);
    item->pos = p->lex.now.pos;
    next(p);
    if (!is_char(p, '{'))
        return expected(p, "{ after domain");
    return (item->value = parse_value(p)) != NULL;
}

static bool parse_page_line(struct parser *p)
{
    struct seq_item *item = seq_add(p->s, SEQ_PAGE);
    item->pos = p->lex.now.pos;
    next(p);
    if (p->lex.now.kind != TOKEN_NAME)
        return expected(p, "a name for the page");
    item->name = keep(p, &p->lex.now);
    next(p);
    if (p->lex.now.kind == TOKEN_NUMBER)
        item->address = parse_number(p);
    if (!take(p, '='))
        return true;
    bool plain = is_char(p, '{') || p->lex.now.kind == TOKEN_TEXT || p->lex.now.kind == TOKEN_BYTES;
    if (!plain) {
        if (p->lex.now.kind != TOKEN_NAME)
            return expected(p, "what the page is (rw, ro, l1, l2, l3, gdt, ldt) or its contents");
        item->type = keep(p, &p->lex.now);
        next(p);
        plain = is_char(p, '{') || p->lex.now.kind == TOKEN_TEXT || p->lex.now.kind == TOKEN_BYTES;
    }
    return !plain || (item->value = parse_value(p)) != NULL;
}

/* write &buf+8 = 5 */
static bool parse_assignment(struct parser *p, enum seq_line line)
{
    struct seq_item *item = seq_add(p->s, line);
    item->pos = p->lex.now.pos;
    next(p);
    if (!(item->address = parse_term(p)))
        return false;
    if (!take(p, '='))
        return expected(p, "=");
    return (item->value = parse_value(p)) != NULL;
}

static bool parse_time(struct parser *p)
{
    struct seq_item *item = seq_add(p->s, SEQ_TIME);
    item->pos = p->lex.now.pos;
    next(p);
    if (p->lex.now.kind != TOKEN_NUMBER)
        return expected(p, "a span of time, as 0.010000000s");
    item->value = parse_number(p);
    return true;
}

static bool parse_outputs(struct parser *p, struct seq_item *item)
{
    do {
        const char *label = NULL;
        if (p->lex.now.kind == TOKEN_NAME && p->lex.ahead.kind == TOKEN_CHAR && p->lex.ahead.c == '=') {
            label = keep(p, &p->lex.now);
            next(p);
            next(p);
        }
        struct seq_value *v = parse_value(p);
        if (!v)
            return false;
        v->label = label;
        seq_append_output(item, v);
    } while (take(p, ','));
    return true;
}

/* "= -EINVAL (Invalid argument) => {...}: why" */
static bool parse_expected(struct parser *p, struct seq_item *item)
{
    if (take(p, '=')) {
        if (!(item->result = parse_value(p)))
            return false;
        if (is_char(p, '(') && !lexer_skip_remark(&p->lex))
            return expected(p, ")");
    }
    if (p->lex.now.kind == TOKEN_ARROW) {
        next(p);
        if (!parse_outputs(p, item))
            return false;
    }
    if (is_char(p, ':')) {
        const char *text;
        size_t len;
        struct token t = p->lex.ahead;
        bool empty = t.kind == TOKEN_NEWLINE || t.kind == TOKEN_END;
        lexer_rest_of_line(&p->lex, &t, &text, &len);
        item->why = empty ? NULL : seq_printf(p->s, "%.*s", (int)len, text);
    }
    return true;
}

static bool parse_args(struct parser *p, struct seq_item *item)
{
    p->commentable = NULL;
    if (!open_bracket(p))
        return false;
    while (!is_char(p, ')')) {
        struct seq_value *v = parse_value(p);
        if (!v)
            return false;
        p->commentable = seq_append_arg(item, v);
        skip_lines(p);
        if (!take(p, ','))
            break;
    }
    if (!close_bracket(p, ')', ", or )"))
        return false;
    for (struct seq_value *v = item->args; v; v = v->next)
        if (v->kind != SEQ_STRUCT && v->kind != SEQ_LIST)
            lift_comment(p, &item->comment, v);
    return true;
}

/* "name#35": the number that was asked for, where old Xens wrap. The lexer takes it
 * for a comment. */
static bool parse_wrapped(struct parser *p, struct seq_item *item)
{
    struct lexer *l = &p->lex;
    const char *at = l->ahead.text + 1;
    uint64_t number = 0;
    while (at < l->end && g_ascii_isdigit(*at) && number <= UINT32_MAX)
        number = number * 10 + (unsigned)(*at++ - '0');
    if (at == l->ahead.text + 1 || number > UINT32_MAX || at == l->end || *at != '(')
        return expected(p, "(");
    item->has_number = true;
    item->number = (uint32_t)number;
    l->at = at;
    lexer_next(l);
    lexer_next(l);
    return true;
}

static bool parse_call_name(struct parser *p, struct seq_item *item)
{
    static const char numbered[] = "hypercall_";
    uint64_t number;
    item->name = keep(p, &p->lex.now);
    if (g_str_has_prefix(item->name, numbered) &&
        g_ascii_string_to_unsigned(item->name + sizeof numbered - 1, 10, 0, UINT32_MAX, &number, NULL)) {
        item->name = NULL;
        item->has_number = true;
        item->number = (uint32_t)number;
    }
    if (p->lex.ahead.kind == TOKEN_COMMENT && p->lex.ahead.tight && item->name)
        return parse_wrapped(p, item);
    lexer_next(&p->lex);
    return true;
}

/* From behind "v0: r1 =" on. */
static bool parse_call(struct parser *p, struct seq_item *item)
{
    if (p->lex.now.kind != TOKEN_NAME)
        return expected(p, "a hypercall");
    if (!parse_call_name(p, item))
        return false;
    if (item->name && !item->has_number && strcmp(item->name, "multicall") == 0 && !is_char(p, '(')) {
        item->line = SEQ_MULTICALL;
        if (take(p, '@') && !(item->address = parse_term(p)))
            return false;
    } else if (!is_char(p, '(')) {
        return expected(p, "( and the arguments of a hypercall");
    } else if (!parse_args(p, item)) {
        return false;
    }
    return parse_expected(p, item);
}

static bool parse_result_name(struct parser *p, struct seq_item *item)
{
    const struct token *ahead = &p->lex.ahead;
    if (p->lex.now.kind != TOKEN_NAME || ahead->kind != TOKEN_CHAR || ahead->c != '=' ||
        is_word(&p->lex.now, "multicall"))
        return true;
    item->result_name = keep(p, &p->lex.now);
    if (g_hash_table_contains(p->results, item->result_name))
        return expected(p, "a name that no call before has");
    lexer_next(&p->lex);
    lexer_next(&p->lex);
    return true;
}

static void result_is_known(struct parser *p, const struct seq_item *item)
{
    if (item->result_name)
        g_hash_table_add(p->results, (gpointer)item->result_name);
}

static bool parse_vcpu(struct parser *p, struct seq_item *item)
{
    const struct token *t = &p->lex.now, *ahead = &p->lex.ahead;
    if (t->kind != TOKEN_NAME || t->text[0] != 'v' || ahead->kind != TOKEN_CHAR || ahead->c != ':')
        return true;
    g_autofree char *digits = g_strndup(t->text + 1, t->len - 1);
    uint64_t number;
    if (!g_ascii_string_to_unsigned(digits, 10, 0, 31, &number, NULL))
        return expected(p, "a vcpu from v0 to v31");
    item->vcpu = (int)number;
    lexer_next(&p->lex);
    lexer_next(&p->lex);
    return true;
}

static bool parse_call_line(struct parser *p)
{
    struct seq_item *item = seq_add(p->s, SEQ_CALL);
    item->pos = p->lex.now.pos;
    if (!parse_vcpu(p, item) || !parse_result_name(p, item) || !parse_call(p, item))
        return false;
    result_is_known(p, item);
    return true;
}

/* "[0] name(args) = 0", below its multicall; which may have been written as the
 * trace does, with the list's address and length. */
static bool parse_entry(struct parser *p, struct seq_item **multicall, unsigned *index)
{
    struct seq_item *m = *multicall;
    lexer_next(&p->lex);
    if (m && m->line == SEQ_CALL && m->name && !m->has_number && strcmp(m->name, "multicall") == 0) {
        m->line = SEQ_MULTICALL;
        m->address = m->args && m->args->kind != SEQ_NULL ? m->args : NULL;
        if (m->address)
            m->address->next = NULL;
        m->args = m->last_arg = NULL;
    }
    if (!m || m->line != SEQ_MULTICALL)
        return fail_at(p, p->lex.now.pos, "expected a multicall before its entries");
    if (p->lex.now.kind != TOKEN_NUMBER || p->lex.now.number != *index) {
        g_autofree char *what = g_strdup_printf("entry %u", *index);
        return expected(p, what);
    }
    ++*index;
    lexer_next(&p->lex);
    if (!is_char(p, ']'))
        return expected(p, "]");
    lexer_next(&p->lex);
    struct seq_item *item = seq_add_entry(p->s, m, "");
    item->pos = p->lex.now.pos;
    if (!parse_result_name(p, item) || !parse_call(p, item))
        return false;
    if (item->line != SEQ_CALL)
        return fail_at(p, item->pos, "expected no multicall inside a multicall: multicall(0, 0)");
    result_is_known(p, item);
    return true;
}

static bool parse_statement(struct parser *p)
{
    static const struct {
        const char *word;
        enum seq_line line;
    } assignments[] = {{"write", SEQ_WRITE}, {"ptwrite", SEQ_PTWRITE}, {"expect", SEQ_EXPECT}};
    const struct token *t = &p->lex.now;
    if (t->kind != TOKEN_NAME)
        return expected(p, "a line's first word");
    if (is_word(t, "abi"))
        return parse_abi(p);
    if (!p->has_abi)
        return expected(p, "abi and its name, the second line");
    if (is_word(t, "domain"))
        return parse_domain(p);
    if (is_word(t, "page"))
        return parse_page_line(p);
    if (is_word(t, "time"))
        return parse_time(p);
    for (size_t i = 0; i < G_N_ELEMENTS(assignments); i++)
        if (is_word(t, assignments[i].word))
            return parse_assignment(p, assignments[i].line);
    return parse_call_line(p);
}

/* What may stand behind: a comment; then the line must end. */
static bool end_line(struct parser *p, struct seq_item *item)
{
    if (p->lex.now.kind == TOKEN_COMMENT) {
        const char *comment = keep(p, &p->lex.now);
        item->comment = item->comment ? seq_printf(p->s, "%s %s", item->comment, comment) : comment;
        lexer_next(&p->lex);
    }
    if (p->lex.now.kind == TOKEN_END)
        return true;
    if (p->lex.now.kind != TOKEN_NEWLINE)
        return expected(p, "the end of the line");
    lexer_next(&p->lex);
    return true;
}

/* A comment on its own line, or an empty line; never two of those. */
static void add_note(struct parser *p, struct seq_item *multicall, const char *comment)
{
    struct seq_item *last = multicall ? multicall->last_entry : p->s->last;
    if (!comment && last && last->line == SEQ_NOTE && !last->comment)
        return;
    if (multicall)
        seq_add_entry(p->s, multicall, NULL)->comment = comment;
    else
        seq_add(p->s, SEQ_NOTE)->comment = comment;
}

/* A comment that is indented below a multicall is among its entries, if more come. */
static bool is_among_entries(const struct parser *p, const struct seq_item *multicall)
{
    const char *at = p->lex.at;
    if (!multicall || p->lex.now.pos.column == 1)
        return false;
    for (; at < p->lex.end; at++) {
        if (*at == '#')
            while (at + 1 < p->lex.end && at[1] != '\n')
                at++;
        else if (!g_ascii_isspace(*at))
            return *at == '[';
    }
    return false;
}

static bool parse_line(struct parser *p, struct seq_item **multicall, unsigned *index)
{
    const struct token *t = &p->lex.now;
    if (t->kind == TOKEN_NEWLINE) {
        add_note(p, NULL, NULL);
        lexer_next(&p->lex);
        return true;
    }
    if (t->kind == TOKEN_COMMENT) {
        add_note(p, is_among_entries(p, *multicall) ? *multicall : NULL, keep(p, t));
        lexer_next(&p->lex);
        if (p->lex.now.kind == TOKEN_NEWLINE)
            lexer_next(&p->lex);
        return true;
    }
    if (is_char(p, '['))
        return parse_entry(p, multicall, index) && end_line(p, (*multicall)->last_entry);
    if (!parse_statement(p) || !end_line(p, p->s->last))
        return false;
    *multicall = p->s->last;
    *index = 0;
    return true;
}

/* Text has no zero bytes. */
static bool is_text(struct parser *p, const char *text, size_t len)
{
    struct seq_pos pos = {1, 1};
    const char *zero = len ? memchr(text, '\0', len) : NULL;
    for (const char *c = text; zero && c < zero; c++) {
        pos.line += *c == '\n';
        pos.column = *c == '\n' ? 1 : pos.column + 1;
    }
    return !zero || fail_at(p, pos, "expected text, found a zero byte");
}

static bool parse_all(struct parser *p)
{
    struct seq_item *multicall = NULL;
    unsigned index = 0;
    bool opened = false;
    while (p->lex.now.kind != TOKEN_END) {
        bool note = p->lex.now.kind == TOKEN_NEWLINE || p->lex.now.kind == TOKEN_COMMENT;
        if (!note && !opened) {
            if (!parse_header(p) || !end_line(p, p->s->last))
                return false;
            opened = true;
        } else if (!parse_line(p, &multicall, &index)) {
            return false;
        }
    }
    if (!opened)
        return expected(p, "ring1-sequence 1, which opens each sequence");
    return p->has_abi || expected(p, "abi and its name, the second line");
}

struct seq *seq_parse(const char *text, size_t len, const char *file, GError **error)
{
    g_autoptr(GError) why = NULL;
    struct seq *s = seq_new_empty();
    struct parser p = {.s = s, .file = file ? file : "sequence", .error = &why};
    s->file = seq_strdup(s, file);
    p.results = g_hash_table_new(g_str_hash, g_str_equal);
    lexer_init(&p.lex, text, len);
    bool ok = is_text(&p, text, len) && parse_all(&p);
    lexer_clear(&p.lex);
    g_hash_table_unref(p.results);
    if (ok)
        return s;
    seq_free(s);
    g_propagate_error(error, g_steal_pointer(&why));
    return NULL;
}
