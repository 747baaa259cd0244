/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * json_write.c - see json_write.h.
 */
#include "json_write.h"

static void append(GString *out, const char *text, size_t len)
{
    /* g_string_append_len asks first whether `text` is a part of `out`. */
    gsize at = out->len;
    if (G_UNLIKELY(at + len >= out->allocated_len)) {
        g_string_set_size(out, at + len);
        out->len = at;
    }
    memcpy(out->str + at, text, len);
    out->len = at + len;
    out->str[out->len] = '\0';
}

static void append_char(GString *out, char c)
{
    append(out, &c, 1);
}

void json_open(struct json *j, char c)
{
    append_char(j->out, c);
    j->comma = false;
}

void json_close(struct json *j, char c)
{
    append_char(j->out, c);
    j->comma = true;
}

void json_key(struct json *j, const char *name)
{
    if (j->comma)
        append_char(j->out, ',');
    j->comma = true;
    if (!name)
        return;
    append_char(j->out, '"');
    append(j->out, name, strlen(name));
    append(j->out, "\":", 2);
}

static void append_digits(GString *out, uint64_t value)
{
    char digits[20], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    append(out, at, (size_t)(digits + sizeof digits - at));
}

void json_uint(struct json *j, const char *name, uint64_t value)
{
    json_key(j, name);
    if (value > JSON_EXACT_MAX)
        append_char(j->out, '"');
    append_digits(j->out, value);
    if (value > JSON_EXACT_MAX)
        append_char(j->out, '"');
}

void json_int(struct json *j, const char *name, int64_t value)
{
    if (value >= 0) {
        json_uint(j, name, (uint64_t)value);
        return;
    }
    uint64_t amount = 0 - (uint64_t)value;
    json_key(j, name);
    append(j->out, amount > JSON_EXACT_MAX ? "\"-" : "-", amount > JSON_EXACT_MAX ? 2 : 1);
    append_digits(j->out, amount);
    if (amount > JSON_EXACT_MAX)
        append_char(j->out, '"');
}

void json_true(struct json *j, const char *name)
{
    json_key(j, name);
    append(j->out, "true", 4);
}

void json_null(struct json *j, const char *name)
{
    json_key(j, name);
    append(j->out, "null", 4);
}

void json_word(struct json *j, const char *name, const char *word)
{
    json_key(j, name);
    append_char(j->out, '"');
    append(j->out, word, strlen(word));
    append_char(j->out, '"');
}

static void append_escaped(GString *out, uint8_t c)
{
    char text[8] = {'\\', (char)c};
    const char *letter = strchr("\nn\rr\tt", c);
    if (c == '"' || c == '\\') {
        append(out, text, 2);
    } else if (c < ' ' && c && letter) {
        text[1] = letter[1];
        append(out, text, 2);
    } else {
        g_snprintf(text, sizeof text, "\\u%04x", c);
        append(out, text, 6);
    }
}

/* With latin1 a byte above 0x7F is a character of its own; else they are UTF-8. */
static void append_string(GString *out, const uint8_t *bytes, size_t len, bool latin1)
{
    size_t done = 0;
    append_char(out, '"');
    for (size_t i = 0; i < len; i++) {
        uint8_t c = bytes[i];
        if (c >= ' ' && c != '"' && c != '\\' && c != 0x7F && (c < 0x80 || !latin1))
            continue;
        append(out, (const char *)bytes + done, i - done);
        append_escaped(out, c);
        done = i + 1;
    }
    append(out, (const char *)bytes + done, len - done);
    append_char(out, '"');
}

void json_text(struct json *j, const char *name, const char *text)
{
    json_key(j, name);
    if (G_LIKELY(g_utf8_validate(text, -1, NULL))) {
        append_string(j->out, (const uint8_t *)text, strlen(text), false);
    } else {
        g_autofree char *valid = g_utf8_make_valid(text, -1);
        append_string(j->out, (const uint8_t *)valid, strlen(valid), false);
    }
}

void json_bytes(struct json *j, const char *name, const uint8_t *bytes, size_t len)
{
    json_key(j, name);
    append_string(j->out, bytes, len, true);
}
