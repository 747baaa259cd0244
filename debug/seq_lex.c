/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_lex.c - see seq_lex.h. Reads no byte beyond the text, whatever it holds.
 */
#include "seq_lex.h"

#include <string.h>

#define NS_PER_S 1000000000u

static bool is_name_start(char c)
{
    return g_ascii_isalpha(c) || c == '_';
}

static bool is_name(char c)
{
    return g_ascii_isalnum(c) || c == '_';
}

static char peek(const struct lexer *l, size_t n)
{
    return (size_t)(l->end - l->at) > n ? l->at[n] : '\0';
}

/* Blanks, and what stands between slash-star and star-slash: the trace's remarks. */
static bool skip_blanks(struct lexer *l)
{
    const char *start = l->at;
    for (;;) {
        char c = peek(l, 0);
        if (c == ' ' || c == '\t' || c == '\r') {
            l->at++;
        } else if (c == '/' && peek(l, 1) == '*') {
            l->at += 2;
            while (l->at < l->end && *l->at != '\n' && !(*l->at == '*' && peek(l, 1) == '/'))
                l->at++;
            if (peek(l, 0) == '*')
                l->at += 2;
        } else {
            return l->at != start;
        }
    }
}

static void take_name(struct lexer *l, struct token *t)
{
    t->kind = TOKEN_NAME;
    while (is_name(peek(l, 0)))
        l->at++;
}

static void bad(struct token *t, const char *why)
{
    t->kind = TOKEN_BAD;
    t->bad = why;
}

static void take_digits(struct lexer *l, struct token *t, unsigned base)
{
    const char *start = l->at;
    int digit;
    t->number = 0;
    while ((digit = base == 16 ? g_ascii_xdigit_value(peek(l, 0)) : g_ascii_digit_value(peek(l, 0))) >= 0) {
        if (t->number > (UINT64_MAX - (unsigned)digit) / base)
            bad(t, "a number of more than 64 bits");
        t->number = t->number * base + (unsigned)digit;
        l->at++;
    }
    if (l->at == start)
        bad(t, "no digits after 0x");
}

/* ".5s": the part behind the point. */
static void take_fraction(struct lexer *l, struct token *t)
{
    uint64_t unit = NS_PER_S, ns = 0;
    l->at++;
    while (g_ascii_isdigit(peek(l, 0))) {
        unit /= 10;
        ns += (uint64_t)(*l->at++ - '0') * unit;
    }
    if (peek(l, 0) == 's')
        l->at++;
    t->style = SEQ_SECONDS;
    if (t->number > (UINT64_MAX - ns) / NS_PER_S)
        bad(t, "a time of more than 64 bits of nanoseconds");
    t->number = t->number * NS_PER_S + ns;
}

static void take_unit(struct lexer *l, struct token *t, unsigned shift)
{
    l->at++;
    t->style = SEQ_SIZE;
    if (t->number > UINT64_MAX >> shift)
        bad(t, "a size of more than 64 bits");
    t->number <<= shift;
}

static void take_number(struct lexer *l, struct token *t)
{
    bool negative = peek(l, 0) == '-';
    t->kind = TOKEN_NUMBER;
    t->style = SEQ_PLAIN;
    if (negative)
        l->at++;
    if (peek(l, 0) == '0' && (peek(l, 1) == 'x' || peek(l, 1) == 'X')) {
        l->at += 2;
        t->style = SEQ_HEX;
        take_digits(l, t, 16);
    } else {
        take_digits(l, t, 10);
        char c = peek(l, 0);
        if (c == '.' && g_ascii_isdigit(peek(l, 1)))
            take_fraction(l, t);
        else if (c == 's' && !is_name(peek(l, 1)) && t->number <= UINT64_MAX / NS_PER_S)
            l->at++, t->number *= NS_PER_S, t->style = SEQ_SECONDS;
        else if ((c == 'K' || c == 'M' || c == 'G') && !is_name(peek(l, 1)))
            take_unit(l, t, c == 'K' ? 10 : c == 'M' ? 20 : 30);
        else if (t->number >= 1024)
            t->style = SEQ_DEC;
    }
    if (negative) {
        t->number = -t->number;
        t->style = SEQ_DEC;
    }
    if (t->kind == TOKEN_NUMBER && is_name(peek(l, 0)))
        bad(t, "a number that goes on with letters");
}

static void take_quoted(struct lexer *l, struct token *t, enum token_kind kind)
{
    t->kind = kind;
    l->at++;
    while (l->at < l->end && *l->at != '"' && *l->at != '\n') {
        if (*l->at == '\\' && l->at + 1 < l->end && l->at[1] != '\n')
            l->at++;
        l->at++;
    }
    if (peek(l, 0) != '"')
        bad(t, "a text that does not end on its line");
    else
        l->at++;
}

static void take_dots(struct lexer *l, struct token *t)
{
    unsigned n = 1;
    while (n < 3 && peek(l, n) == '.')
        n++;
    l->at += n;
    t->kind = n == 3 ? TOKEN_REST : n == 2 ? TOKEN_DOTS : TOKEN_CHAR;
}

static void take_token(struct lexer *l, struct token *t)
{
    char c = peek(l, 0);
    if (l->at == l->end) {
        t->kind = TOKEN_END;
    } else if (c == '\n') {
        t->kind = TOKEN_NEWLINE;
        l->at++;
        l->line++;
        l->line_start = l->at;
    } else if (c == '#') {
        t->kind = TOKEN_COMMENT;
        while (l->at < l->end && *l->at != '\n')
            l->at++;
    } else if (c == 'h' && peek(l, 1) == 'e' && peek(l, 2) == 'x' && peek(l, 3) == '"') {
        l->at += 3;
        take_quoted(l, t, TOKEN_BYTES);
    } else if (is_name_start(c)) {
        take_name(l, t);
    } else if (g_ascii_isdigit(c) || (c == '-' && g_ascii_isdigit(peek(l, 1)))) {
        take_number(l, t);
    } else if (c == '-' && is_name_start(peek(l, 1))) {
        l->at++;
        take_name(l, t);
    } else if (c == '"') {
        take_quoted(l, t, TOKEN_TEXT);
    } else if (c == '.') {
        take_dots(l, t);
    } else if (c == '=' && peek(l, 1) == '>') {
        t->kind = TOKEN_ARROW;
        l->at += 2;
    } else if (strchr("(){}[],=|&@+?:/", c) && c) {
        t->kind = TOKEN_CHAR;
        l->at++;
    } else {
        bad(t, "a character that has no meaning here");
        l->at++;
    }
}

static void fetch(struct lexer *l)
{
    struct token *t = &l->ahead;
    bool blanks = skip_blanks(l);
    *t = (struct token){.pos = {l->line, (uint32_t)(l->at - l->line_start) + 1}, .text = l->at};
    t->c = peek(l, 0);
    t->tight = !blanks;
    take_token(l, t);
    t->len = (size_t)(l->at - t->text);
    while (t->kind == TOKEN_COMMENT && t->len && g_ascii_isspace(t->text[t->len - 1]))
        t->len--;
}

void lexer_next(struct lexer *l)
{
    l->now = l->ahead;
    fetch(l);
}

void lexer_init(struct lexer *l, const char *text, size_t len)
{
    *l = (struct lexer){.at = text, .end = text + len, .line_start = text, .line = 1};
    l->data = g_byte_array_new();
    fetch(l);
    lexer_next(l);
}

void lexer_clear(struct lexer *l)
{
    g_byte_array_unref(l->data);
}

static void put(struct lexer *l, int byte)
{
    uint8_t b = (uint8_t)byte;
    g_byte_array_append(l->data, &b, 1);
}

void lexer_data(struct lexer *l, const struct token *t)
{
    const char *p = t->text + (t->kind == TOKEN_BYTES ? 4 : 1), *end = t->text + t->len - 1;
    int high = -1;
    g_byte_array_set_size(l->data, 0);
    for (; p < end; p++) {
        if (t->kind == TOKEN_BYTES) {
            int digit = g_ascii_xdigit_value(*p);
            if (digit < 0)
                continue;
            if (high >= 0)
                put(l, high << 4 | digit);
            high = high >= 0 ? -1 : digit;
        } else if (*p != '\\' || p + 1 == end) {
            put(l, *p);
        } else if (*++p == 'n') {
            put(l, '\n');
        } else if (*p == 'x' && end - p > 2 && g_ascii_isxdigit(p[1]) && g_ascii_isxdigit(p[2])) {
            put(l, g_ascii_xdigit_value(p[1]) << 4 | g_ascii_xdigit_value(p[2]));
            p += 2;
        } else {
            put(l, *p);
        }
    }
}

void lexer_rest_of_line(struct lexer *l, const struct token *t, const char **text, size_t *len)
{
    const char *p = t->text, *end = memchr(p, '\n', (size_t)(l->end - p));
    if (!end)
        end = l->end;
    *text = p;
    while (l->now.kind != TOKEN_NEWLINE && l->now.kind != TOKEN_END)
        lexer_next(l);
    while (end > p && g_ascii_isspace(end[-1]))
        end--;
    *len = (size_t)(end - p);
}

bool lexer_skip_remark(struct lexer *l)
{
    while (l->now.kind != TOKEN_NEWLINE && l->now.kind != TOKEN_END) {
        bool last = l->now.kind == TOKEN_CHAR && l->now.c == ')';
        lexer_next(l);
        if (last)
            return true;
    }
    return false;
}
