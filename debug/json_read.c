/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * json_read.c - see json_read.h.
 */
#include "json_read.h"

#include <ring1/ring1.h>
#include <string.h>

void json_reader_init(struct json_reader *r, const char *source, const char *text, size_t len, uint64_t line)
{
    *r = (struct json_reader){
        .source = source, .at = text, .end = text + len, .line_start = text, .line = line, .first = true};
}

bool json_expected(struct json_reader *r, const char *what)
{
    if (r->error)
        return false;
    g_autofree char *seen = NULL;
    if (r->at >= r->end)
        seen = g_strdup("the end");
    else if (*r->at >= ' ' && *r->at < 0x7F)
        seen = g_strdup_printf("'%c'", *r->at);
    else
        seen = g_strdup_printf("byte 0x%02x", (unsigned char)*r->at);
    r->error = g_error_new(RING1_ERROR, RING1_ERROR_INPUT, "%s:%" G_GUINT64_FORMAT ":%u: expected %s, not %s",
                           r->source, r->line, (unsigned)(r->at - r->line_start) + 1, what, seen);
    return false;
}

/* --- words ------------------------------------------------------------------------ */

static void skip_space(struct json_reader *r)
{
    for (; r->at < r->end; r->at++) {
        if (*r->at == '\n') {
            r->line++;
            r->line_start = r->at + 1;
        } else if (*r->at != ' ' && *r->at != '\t' && *r->at != '\r') {
            return;
        }
    }
}

char json_peek(struct json_reader *r)
{
    if (r->error)
        return 0;
    skip_space(r);
    return r->at < r->end ? *r->at : 0;
}

bool json_at_end(struct json_reader *r)
{
    return !r->error && json_peek(r) == 0 && r->at == r->end;
}

static bool take(struct json_reader *r, char c)
{
    if (json_peek(r) != c || r->at >= r->end)
        return false;
    r->at++;
    return true;
}

static bool take_word(struct json_reader *r, const char *word)
{
    size_t len = strlen(word);
    if (json_peek(r) == 0 || (size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
        return false;
    r->at += len;
    r->first = false;
    return true;
}

/* --- brackets --------------------------------------------------------------------- */

bool json_enter(struct json_reader *r, char bracket)
{
    if (r->error)
        return false;
    if (r->depth == JSON_MAX_DEPTH)
        return json_expected(r, "no deeper nesting");
    if (!take(r, bracket))
        return json_expected(r, bracket == '{' ? "an object" : "an array");
    r->depth++;
    r->first = true;
    return true;
}

/* The bracket's end, or the comma before what comes. */
static bool next(struct json_reader *r, char end)
{
    if (r->error)
        return false;
    if (take(r, end)) {
        r->depth--;
        r->first = false;
        return false;
    }
    if (!r->first && !take(r, ','))
        return json_expected(r, end == '}' ? "',' or '}'" : "',' or ']'");
    r->first = false;
    return true;
}

static int hex_digits(const char *at)
{
    int value = 0;
    for (unsigned i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value(at[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* \uXXXX, of which two make a character beyond U+FFFF. */
static bool take_code(struct json_reader *r, gunichar *c)
{
    int high = r->end - r->at >= 4 ? hex_digits(r->at) : -1;
    if (high < 0 || (high & 0xFC00) == 0xDC00)
        return json_expected(r, "four hexadecimal digits of a character");
    r->at += 4;
    *c = (gunichar)high;
    if ((high & 0xFC00) != 0xD800)
        return true;
    int low = r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u' ? hex_digits(r->at + 2) : -1;
    if (low < 0 || (low & 0xFC00) != 0xDC00)
        return json_expected(r, "the second half of a character");
    r->at += 6;
    *c = 0x10000 + ((gunichar)(high & 0x3FF) << 10 | (gunichar)(low & 0x3FF));
    return true;
}

/* One character after `\`. */
static bool take_escape(struct json_reader *r, gunichar *c)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at = r->at < r->end && *r->at ? strchr(from, *r->at) : NULL;
    if (at) {
        r->at++;
        *c = (unsigned char)to[at - from];
        return true;
    }
    if (r->at >= r->end || *r->at != 'u')
        return json_expected(r, "one of \" \\ / b f n r t u after '\\'");
    r->at++;
    return take_code(r, c);
}

static bool take_character(struct json_reader *r, gunichar *c)
{
    if (r->at >= r->end || (unsigned char)*r->at < ' ')
        return json_expected(r, "'\"'");
    if (*r->at == '\\') {
        r->at++;
        return take_escape(r, c);
    }
    *c = g_utf8_get_char_validated(r->at, r->end - r->at);
    if (*c >= 0x110000)
        return json_expected(r, "UTF-8");
    r->at = g_utf8_next_char(r->at);
    return true;
}

static bool get_string(struct json_reader *r, GString *out, bool bytes)
{
    g_string_truncate(out, 0);
    if (r->error || !take(r, '"'))
        return json_expected(r, "a string");
    for (;;) {
        const char *from = r->at;
        while (r->at < r->end && (signed char)*r->at >= ' ' && *r->at != '"' && *r->at != '\\')
            r->at++; /* ASCII */
        g_string_append_len(out, from, r->at - from);
        if (r->at < r->end && *r->at == '"')
            break;
        gunichar c = 0;
        if (!take_character(r, &c))
            return false;
        if (!bytes && c)
            g_string_append_unichar(out, c);
        else if (c <= 0xFF)
            g_string_append_c(out, (char)c);
        else
            return json_expected(r, "a character up to U+00FF before here");
    }
    r->at++;
    r->first = false;
    return true;
}

bool json_get_text(struct json_reader *r, GString *out)
{
    return get_string(r, out, false);
}

bool json_get_bytes(struct json_reader *r, GString *out)
{
    return get_string(r, out, true);
}

bool json_member(struct json_reader *r, char *name, size_t size)
{
    if (!next(r, '}'))
        return false;
    if (json_peek(r) != '"')
        return json_expected(r, "a member's name");
    const char *from = r->at + 1, *end = from;
    while (end < r->end && *end >= ' ' && *end != '"' && *end != '\\')
        end++;
    if (end >= r->end || *end != '"') {
        r->at = MIN(end, r->end);
        return json_expected(r, "a member's name in plain letters");
    }
    size_t len = MIN((size_t)(end - from), size - 1);
    memcpy(name, from, len);
    name[len] = '\0';
    r->at = end + 1;
    return take(r, ':') || json_expected(r, "':'");
}

bool json_element(struct json_reader *r)
{
    return next(r, ']');
}

/* --- values ----------------------------------------------------------------------- */

bool json_get_number(struct json_reader *r, uint64_t *value, bool *negative)
{
    if (r->error)
        return false;
    bool quoted = take(r, '"');
    *negative = quoted ? r->at < r->end && *r->at == '-' && r->at++ : take(r, '-');
    const char *from = r->at;
    uint64_t n = 0;
    for (; r->at < r->end && g_ascii_isdigit(*r->at); r->at++) {
        unsigned digit = (unsigned)(*r->at - '0');
        if (n > (UINT64_MAX - digit) / 10)
            return json_expected(r, "a number of 64 bits");
        n = n * 10 + digit;
    }
    if (r->at == from)
        return json_expected(r, "a number");
    if (r->at < r->end && (*r->at == '.' || *r->at == 'e' || *r->at == 'E'))
        return json_expected(r, "a whole number");
    if (quoted && (r->at >= r->end || *r->at++ != '"'))
        return json_expected(r, "'\"' after the digits");
    if (*negative && n > (uint64_t)INT64_MAX + 1)
        return json_expected(r, "a number of 64 bits");
    r->first = false;
    *value = *negative ? 0 - n : n;
    return true;
}

bool json_get_uint(struct json_reader *r, uint64_t max, uint64_t *value)
{
    uint64_t n;
    bool negative;
    if (!json_get_number(r, &n, &negative))
        return false;
    if (negative || n > max) {
        g_autofree char *what = g_strdup_printf("a number from 0 to %" G_GUINT64_FORMAT " before here", max);
        return json_expected(r, what);
    }
    *value = n;
    return true;
}

bool json_get_int(struct json_reader *r, int64_t *value)
{
    uint64_t n;
    bool negative;
    if (!json_get_number(r, &n, &negative))
        return false;
    if (!negative && n > INT64_MAX)
        return json_expected(r, "a signed number of 64 bits before here");
    *value = (int64_t)n;
    return true;
}

bool json_get_bool(struct json_reader *r, bool *value)
{
    *value = take_word(r, "true");
    return *value || take_word(r, "false") || json_expected(r, "true or false");
}

bool json_get_null(struct json_reader *r)
{
    return take_word(r, "null") || json_expected(r, "null");
}

/* -1.5e+3: every form that JSON has. */
static bool skip_number(struct json_reader *r)
{
    const char *from = r->at;
    while (r->at < r->end && *r->at && strchr("+-.0123456789eE", *r->at))
        r->at++;
    r->first = false;
    return r->at > from || json_expected(r, "a value");
}

bool json_skip(struct json_reader *r)
{
    char name[8];
    g_autoptr(GString) text = NULL;
    switch (json_peek(r)) {
    case '{':
        json_enter(r, '{');
        while (json_member(r, name, sizeof name))
            json_skip(r);
        break;
    case '[':
        json_enter(r, '[');
        while (json_element(r))
            json_skip(r);
        break;
    case '"':
        text = g_string_new(NULL);
        return json_get_text(r, text);
    case 't':
    case 'f': {
        bool value;
        return json_get_bool(r, &value);
    }
    case 'n':
        return json_get_null(r);
    default:
        return r->error ? false : skip_number(r);
    }
    return !r->error;
}
