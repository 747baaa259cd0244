/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb_packet.c - see gdb_packet.h.
 */
#include "gdb_packet.h"

#include <string.h>

#define CTRL_C 0x03

void gdb_packets_init(struct gdb_packets *p)
{
    memset(p, 0, sizeof *p);
    p->out = g_byte_array_new();
    p->last = g_byte_array_new();
}

void gdb_packets_clear(struct gdb_packets *p)
{
    g_byte_array_unref(p->out);
    g_byte_array_unref(p->last);
}

void gdb_packets_reset(struct gdb_packets *p)
{
    g_byte_array_set_size(p->out, 0);
    g_byte_array_set_size(p->last, 0);
    p->no_ack = false;
    p->at = GDB_BETWEEN;
    p->len = 0;
}

static void begin(struct gdb_packets *p)
{
    p->at = GDB_INSIDE;
    p->len = 0;
    p->sum = 0;
    p->too_long = false;
}

static void add(struct gdb_packets *p, uint8_t byte)
{
    if (p->len < GDB_PACKET_MAX)
        p->data[p->len++] = (char)byte;
    else
        p->too_long = true;
}

static void acknowledge(struct gdb_packets *p, char how)
{
    if (!p->no_ack)
        g_byte_array_append(p->out, (const guint8 *)&how, 1);
}

static enum gdb_token end(struct gdb_packets *p)
{
    p->at = GDB_BETWEEN;
    p->data[p->len] = '\0';
    if (p->sum != p->given) {
        acknowledge(p, '-');
        return p->no_ack ? GDB_DAMAGED : GDB_NOTHING;
    }
    acknowledge(p, '+');
    return p->too_long ? GDB_TOO_LONG : GDB_PACKET;
}

static enum gdb_token between(struct gdb_packets *p, uint8_t byte)
{
    switch (byte) {
    case '$':
        begin(p);
        break;
    case '-': /* once more, please */
        if (!p->no_ack)
            g_byte_array_append(p->out, p->last->data, p->last->len);
        break;
    case CTRL_C:
        return GDB_INTERRUPT;
    default: /* '+', and noise */
        break;
    }
    return GDB_NOTHING;
}

static void inside(struct gdb_packets *p, uint8_t byte)
{
    if (byte == '$') { /* the rest of the last one was lost */
        begin(p);
        return;
    }
    if (byte == '#') {
        p->at = GDB_SUM_1;
        return;
    }
    p->sum = (uint8_t)(p->sum + byte);
    if (p->at == GDB_ESCAPED) {
        add(p, byte ^ 0x20);
        p->at = GDB_INSIDE;
    } else if (byte == '}') {
        p->at = GDB_ESCAPED;
    } else {
        add(p, byte);
    }
}

static enum gdb_token take_byte(struct gdb_packets *p, uint8_t byte)
{
    int digit = g_ascii_xdigit_value((gchar)byte);
    switch (p->at) {
    case GDB_BETWEEN:
        return between(p, byte);
    case GDB_INSIDE:
    case GDB_ESCAPED:
        inside(p, byte);
        return GDB_NOTHING;
    case GDB_SUM_1:
        if (digit < 0)
            break;
        p->given = (uint8_t)(digit << 4);
        p->at = GDB_SUM_2;
        return GDB_NOTHING;
    case GDB_SUM_2:
        if (digit < 0)
            break;
        p->given |= (uint8_t)digit;
        return end(p);
    }
    p->given = (uint8_t)~p->sum; /* no checksum */
    return end(p);
}

size_t gdb_packets_take(struct gdb_packets *p, const uint8_t *bytes, size_t len, enum gdb_token *token)
{
    size_t i = 0;
    *token = GDB_NOTHING;
    while (i < len && *token == GDB_NOTHING)
        *token = take_byte(p, bytes[i++]);
    return i;
}

void gdb_packets_send(struct gdb_packets *p, const char *data, size_t len)
{
    uint8_t sum = 0;
    char end[4];
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + (uint8_t)data[i]);
    g_snprintf(end, sizeof end, "#%02x", sum);
    g_byte_array_set_size(p->last, 0);
    g_byte_array_append(p->last, (const guint8 *)"$", 1);
    g_byte_array_append(p->last, (const guint8 *)data, (guint)len);
    g_byte_array_append(p->last, (const guint8 *)end, 3);
    g_byte_array_append(p->out, p->last->data, p->last->len);
}

/* --- what packets are made of -------------------------------------------------------------- */

void gdb_put_hex(GString *to, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = bytes;
    for (size_t i = 0; i < len; i++) {
        g_string_append_c(to, digits[b[i] >> 4]);
        g_string_append_c(to, digits[b[i] & 15]);
    }
}

size_t gdb_put_binary(GString *to, const void *bytes, size_t len, size_t room)
{
    const uint8_t *b = bytes;
    size_t i = 0, used = 0;
    for (; i < len; i++) {
        bool special = b[i] == '#' || b[i] == '$' || b[i] == '}' || b[i] == '*';
        used += special ? 2 : 1;
        if (used > room)
            break;
        if (special)
            g_string_append_c(to, '}');
        g_string_append_c(to, (gchar)(special ? b[i] ^ 0x20 : b[i]));
    }
    return i;
}

bool gdb_get_number(const char **text, uint64_t max, uint64_t *number)
{
    const char *t = *text;
    uint64_t n = 0;
    for (int digit; (digit = g_ascii_xdigit_value(*t)) >= 0; t++) {
        if ((uint64_t)digit > max || n > (max - (uint64_t)digit) / 16)
            return false;
        n = n * 16 + (uint64_t)digit;
    }
    if (t == *text)
        return false;
    *text = t;
    *number = n;
    return true;
}

bool gdb_get_u32(const char **text, uint32_t *number)
{
    uint64_t n;
    if (!gdb_get_number(text, UINT32_MAX, &n))
        return false;
    *number = (uint32_t)n;
    return true;
}

bool gdb_get_bytes(const char **text, void *bytes, size_t len)
{
    uint8_t *b = bytes;
    for (size_t i = 0; i < len; i++, *text += 2) {
        int high = g_ascii_xdigit_value((*text)[0]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value((*text)[1]);
        if (low < 0)
            return false;
        b[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

char *gdb_get_text(const char **text)
{
    g_autoptr(GString) s = g_string_new(NULL);
    while (g_ascii_isxdigit(**text)) {
        char c;
        if (!gdb_get_bytes(text, &c, 1) || c == '\0')
            return NULL;
        g_string_append_c(s, c);
    }
    return g_string_free(g_steal_pointer(&s), FALSE);
}

bool gdb_get_char(const char **text, char c)
{
    if (**text != c)
        return false;
    ++*text;
    return true;
}
