/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_parse.c - a .hc file becomes the tree of seq.h, line by line: set-up, calls,
 * multicalls. The grammar is in docs/sequences.md; values are read by
 * seq_parse_value.c; what names mean is left to seq_program.h.
 */
#include "seq_parse_priv.h"

#include "dispatch/abi.h"

#include <ring1/ring1.h>
#include <string.h>

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
    if (!token_is(&t, "ring1"))
        return parser_expected(p, "ring1-sequence 1, which opens each sequence");
    lexer_rest_of_line(&p->lex, &t, &text, &len);
    if (len < sizeof word - 1 || memcmp(text, word, sizeof word - 1) != 0)
        return parser_fail(p, t.pos, "expected ring1-sequence 1, which opens each sequence");
    text += sizeof word - 1;
    len -= sizeof word - 1;
    if (len < 1 || text[0] != '1' || (len > 1 && text[1] != ' ' && text[1] != '#'))
        return parser_fail(p, t.pos, "expected a sequence of version 1");
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
        return parser_fail(p, item->pos, "expected one line for the ABI, this is the second");
    lexer_rest_of_line(&p->lex, &t, &text, &len);
    if (t.kind == TOKEN_NEWLINE || t.kind == TOKEN_END)
        len = 0;
    cut_comment(p, item, text, &len);
    g_autofree char *line = g_strstrip(g_strndup(text, len));
    g_auto(GStrv) word = g_strsplit_set(line, " \t", 2);
    const char *xen = word[0] && word[1] ? g_strchug(word[1]) : NULL;
    if (!word[0] || !abi_from_name(word[0], &p->s->abi) || p->s->abi == RING1_ABI_AUTO)
        return parser_fail(p, t.pos, "expected xen-2.0, xen-3.0 or xen-3.0-pae after abi");
    if (xen && !xen_from_name(xen, &p->s->xen))
        return parser_fail(p, t.pos, "expected 2.0, 3.0.0, 3.0.4, 3.2 or 4.17 after the ABI");
    if (!abi_find(p->s->abi, p->s->xen))
        return parser_fail(p, t.pos, "expected a Xen that spoke this ABI");
    p->has_abi = true;
    return true;
}

static bool parse_domain(struct parser *p)
{
    struct seq_item *item = seq_add(p->s, SEQ_DOMAIN);
    item->pos = p->lex.now.pos;
    parser_next(p);
    if (!parser_is(p, '{'))
        return parser_expected(p, "{ after domain");
    return (item->value = parser_value(p)) != NULL;
}

static bool parse_page_line(struct parser *p)
{
    struct seq_item *item = seq_add(p->s, SEQ_PAGE);
    item->pos = p->lex.now.pos;
    parser_next(p);
    if (p->lex.now.kind != TOKEN_NAME)
        return parser_expected(p, "a name for the page");
    item->name = parser_keep(p, &p->lex.now);
    parser_next(p);
    if (p->lex.now.kind == TOKEN_NUMBER)
        item->address = parser_number(p);
    if (!parser_take(p, '='))
        return true;
    bool plain = parser_is(p, '{') || p->lex.now.kind == TOKEN_TEXT || p->lex.now.kind == TOKEN_BYTES;
    if (!plain) {
        if (p->lex.now.kind != TOKEN_NAME)
            return parser_expected(p, "what the page is (rw, ro, l1, l2, l3, gdt, ldt) or its contents");
        item->type = parser_keep(p, &p->lex.now);
        parser_next(p);
        plain = parser_is(p, '{') || p->lex.now.kind == TOKEN_TEXT || p->lex.now.kind == TOKEN_BYTES;
    }
    return !plain || (item->value = parser_value(p)) != NULL;
}

/* write &buf+8 = 5 */
static bool parse_assignment(struct parser *p, enum seq_line line)
{
    struct seq_item *item = seq_add(p->s, line);
    item->pos = p->lex.now.pos;
    parser_next(p);
    if (!(item->address = parser_term(p)))
        return false;
    if (!parser_take(p, '='))
        return parser_expected(p, "=");
    return (item->value = parser_value(p)) != NULL;
}

static bool parse_time(struct parser *p)
{
    struct seq_item *item = seq_add(p->s, SEQ_TIME);
    item->pos = p->lex.now.pos;
    parser_next(p);
    if (p->lex.now.kind != TOKEN_NUMBER)
        return parser_expected(p, "a span of time, as 0.010000000s");
    item->value = parser_number(p);
    return true;
}

static bool parse_outputs(struct parser *p, struct seq_item *item)
{
    do {
        const char *label = NULL;
        if (p->lex.now.kind == TOKEN_NAME && p->lex.ahead.kind == TOKEN_CHAR && p->lex.ahead.c == '=') {
            label = parser_keep(p, &p->lex.now);
            parser_next(p);
            parser_next(p);
        }
        struct seq_value *v = parser_value(p);
        if (!v)
            return false;
        v->label = label;
        seq_append_output(item, v);
    } while (parser_take(p, ','));
    return true;
}

/* "= -EINVAL (Invalid argument) => {...}: why" */
static bool parse_expected(struct parser *p, struct seq_item *item)
{
    if (parser_take(p, '=')) {
        if (!(item->result = parser_value(p)))
            return false;
        if (parser_is(p, '(') && !lexer_skip_remark(&p->lex))
            return parser_expected(p, ")");
    }
    if (p->lex.now.kind == TOKEN_ARROW) {
        parser_next(p);
        if (!parse_outputs(p, item))
            return false;
    }
    if (parser_is(p, ':')) {
        const char *text;
        size_t len;
        struct token t = p->lex.ahead;
        bool empty = t.kind == TOKEN_NEWLINE || t.kind == TOKEN_END;
        lexer_rest_of_line(&p->lex, &t, &text, &len);
        item->why = empty ? NULL : seq_printf(p->s, "%.*s", (int)len, text);
    }
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
        return parser_expected(p, "(");
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
    item->name = parser_keep(p, &p->lex.now);
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
        return parser_expected(p, "a hypercall");
    if (!parse_call_name(p, item))
        return false;
    if (item->name && !item->has_number && strcmp(item->name, "multicall") == 0 && !parser_is(p, '(')) {
        item->line = SEQ_MULTICALL;
        if (parser_take(p, '@') && !(item->address = parser_term(p)))
            return false;
    } else if (!parser_is(p, '(')) {
        return parser_expected(p, "( and the arguments of a hypercall");
    } else if (!parser_args(p, item)) {
        return false;
    }
    return parse_expected(p, item);
}

static bool parse_result_name(struct parser *p, struct seq_item *item)
{
    const struct token *ahead = &p->lex.ahead;
    if (p->lex.now.kind != TOKEN_NAME || ahead->kind != TOKEN_CHAR || ahead->c != '=' ||
        token_is(&p->lex.now, "multicall"))
        return true;
    item->result_name = parser_keep(p, &p->lex.now);
    if (g_hash_table_contains(p->results, item->result_name))
        return parser_expected(p, "a name that no call before has");
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
        return parser_expected(p, "a vcpu from v0 to v31");
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
        if (m->args && (m->args->kind > SEQ_RESULT || m->args->at))
            return parser_fail(p, m->args->pos, "expected the address of the multicall's list");
        m->line = SEQ_MULTICALL;
        m->address = m->args && m->args->kind != SEQ_NULL ? m->args : NULL;
        if (m->address)
            m->address->next = NULL;
        m->args = m->last_arg = NULL;
    }
    if (!m || m->line != SEQ_MULTICALL)
        return parser_fail(p, p->lex.now.pos, "expected a multicall before its entries");
    if (p->lex.now.kind != TOKEN_NUMBER || p->lex.now.number != *index) {
        g_autofree char *what = g_strdup_printf("entry %u", *index);
        return parser_expected(p, what);
    }
    ++*index;
    lexer_next(&p->lex);
    if (!parser_is(p, ']'))
        return parser_expected(p, "]");
    lexer_next(&p->lex);
    struct seq_item *item = seq_add_entry(p->s, m, "");
    item->pos = p->lex.now.pos;
    if (!parse_result_name(p, item) || !parse_call(p, item))
        return false;
    if (item->line != SEQ_CALL)
        return parser_fail(p, item->pos, "expected no multicall inside a multicall: multicall(0, 0)");
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
        return parser_expected(p, "a line's first word");
    if (token_is(t, "abi"))
        return parse_abi(p);
    if (!p->has_abi)
        return parser_expected(p, "abi and its name, the second line");
    if (token_is(t, "domain"))
        return parse_domain(p);
    if (token_is(t, "page"))
        return parse_page_line(p);
    if (token_is(t, "time"))
        return parse_time(p);
    for (size_t i = 0; i < G_N_ELEMENTS(assignments); i++)
        if (token_is(t, assignments[i].word))
            return parse_assignment(p, assignments[i].line);
    return parse_call_line(p);
}

/* What may stand behind: a comment; then the line must end. */
static bool end_line(struct parser *p, struct seq_item *item)
{
    if (p->lex.now.kind == TOKEN_COMMENT) {
        const char *comment = parser_keep(p, &p->lex.now);
        item->comment = item->comment ? seq_printf(p->s, "%s %s", item->comment, comment) : comment;
        lexer_next(&p->lex);
    }
    if (p->lex.now.kind == TOKEN_END)
        return true;
    if (p->lex.now.kind != TOKEN_NEWLINE)
        return parser_expected(p, "the end of the line");
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
        add_note(p, is_among_entries(p, *multicall) ? *multicall : NULL, parser_keep(p, t));
        lexer_next(&p->lex);
        if (p->lex.now.kind == TOKEN_NEWLINE)
            lexer_next(&p->lex);
        return true;
    }
    if (parser_is(p, '['))
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
    return !zero || parser_fail(p, pos, "expected text, found a zero byte");
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
        return parser_expected(p, "ring1-sequence 1, which opens each sequence");
    return p->has_abi || parser_expected(p, "abi and its name, the second line");
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
