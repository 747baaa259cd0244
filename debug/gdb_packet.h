/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb_packet.h - gdb's remote protocol as bytes: packets with checksums, acknowledged
 * or not, the byte of Ctrl-C between them, and the escapes of binary data. What is in a
 * packet is gdb_server.c's.
 */
#ifndef DEBUG_GDB_PACKET_H
#define DEBUG_GDB_PACKET_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a packet's data, in either direction; qSupported says so. */
#define GDB_PACKET_MAX 16384u

enum gdb_token {
    GDB_NOTHING,   /* all bytes were taken, and no more came of it */
    GDB_PACKET,    /* `data` and `len` of struct gdb_packets */
    GDB_INTERRUPT, /* Ctrl-C */
    GDB_TOO_LONG,  /* a packet, which was thrown away */
    GDB_DAMAGED,   /* likewise, where nobody sends it again: there are no acknowledgements */
};

struct gdb_packets {
    bool no_ack;      /* QStartNoAckMode */
    GByteArray *out;  /* to be sent; who sends takes from its start */
    GByteArray *last; /* the last packet as it was sent */
    /* The packet that is coming in. */
    enum { GDB_BETWEEN, GDB_INSIDE, GDB_ESCAPED, GDB_SUM_1, GDB_SUM_2 } at;
    bool too_long;
    uint8_t sum, given; /* checksums */
    size_t len;
    char data[GDB_PACKET_MAX + 1]; /* ends with a 0 that is not counted */
};

void gdb_packets_init(struct gdb_packets *p);
void gdb_packets_clear(struct gdb_packets *p);
/* As for a client that just came. */
void gdb_packets_reset(struct gdb_packets *p);

/* Take bytes up to the end of the next token; returns how many were taken. A packet is
 * there until the next call. */
size_t gdb_packets_take(struct gdb_packets *p, const uint8_t *bytes, size_t len, enum gdb_token *token);

/* Send a packet; `data` holds no '$', '#' but those of escapes. */
void gdb_packets_send(struct gdb_packets *p, const char *data, size_t len);

/* --- what packets are made of -------------------------------------------------------------- */

void gdb_put_hex(GString *to, const void *bytes, size_t len);
/* With escapes, as many bytes as fit into `room`; returns how many. */
size_t gdb_put_binary(GString *to, const void *bytes, size_t len, size_t room);

/* A number in hexadecimal, 1 digit at least; *text is moved behind it. */
bool gdb_get_number(const char **text, uint64_t max, uint64_t *number);
bool gdb_get_u32(const char **text, uint32_t *number);
/* Exactly `len` bytes in hexadecimal. */
bool gdb_get_bytes(const char **text, void *bytes, size_t len);
/* Text in hexadecimal up to a character that is none; NULL: it is not, or holds a 0. */
char *gdb_get_text(const char **text);
/* The next character is this one: it is passed over. */
bool gdb_get_char(const char **text, char c);

#endif
