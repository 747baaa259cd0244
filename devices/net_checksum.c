/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net_checksum.c - see net_checksum.h. The sum is that of RFC 1071: words in the order
 * in which they lie in memory, since it does not depend on the byte order.
 */
#include "net_checksum.h"

#include <glib.h>
#include <string.h>

#define ETHER_HEADER 14u
#define PROTOCOL_TCP 6u
#define PROTOCOL_UDP 17u

/* Where the parts lie. */
struct segment {
    const uint8_t *ip;
    uint8_t protocol;
    uint32_t at, len; /* of TCP or UDP, header included; from the frame's start */
    uint32_t field;   /* of the checksum, likewise */
};

static uint32_t get16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static bool find_segment(const uint8_t *frame, uint32_t len, struct segment *s)
{
    const uint8_t *ip = frame + ETHER_HEADER;
    if (len < ETHER_HEADER + 20 || get16(frame + 12) != 0x0800 || ip[0] >> 4 != 4)
        return false;
    uint32_t header = (ip[0] & 15u) * 4, total = get16(ip + 2);
    if (header < 20 || total < header || total > len - ETHER_HEADER)
        return false;
    if (get16(ip + 6) & 0x3FFF) /* more fragments, or not the first */
        return false;
    uint32_t least = ip[9] == PROTOCOL_TCP ? 20 : 8, field = ip[9] == PROTOCOL_TCP ? 16 : 6;
    if ((ip[9] != PROTOCOL_TCP && ip[9] != PROTOCOL_UDP) || total - header < least)
        return false;
    *s = (struct segment){ip, ip[9], ETHER_HEADER + header, total - header, ETHER_HEADER + header + field};
    return true;
}

static uint64_t add_bytes(uint64_t sum, const uint8_t *p, uint32_t len)
{
    for (; len >= 4; len -= 4, p += 4) {
        uint32_t word;
        memcpy(&word, p, sizeof word);
        sum += word;
    }
    uint8_t rest[4] = {0};
    uint32_t last;
    memcpy(rest, p, len);
    memcpy(&last, rest, sizeof last);
    return sum + last;
}

static uint16_t fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)sum;
}

/* Over the pseudo header and the segment as it stands, its checksum included. */
static uint16_t sum_of(const uint8_t *frame, const struct segment *s)
{
    const uint8_t pseudo[4] = {0, s->protocol, (uint8_t)(s->len >> 8), (uint8_t)s->len};
    uint64_t sum = add_bytes(0, s->ip + 12, 8);
    sum = add_bytes(sum, pseudo, sizeof pseudo);
    return fold(add_bytes(sum, frame + s->at, s->len));
}

bool net_checksum_complete(uint8_t *frame, uint32_t len)
{
    struct segment s;
    if (!find_segment(frame, len, &s))
        return false;
    memset(frame + s.field, 0, 2);
    uint16_t sum = (uint16_t)~sum_of(frame, &s);
    if (sum == 0 && s.protocol == PROTOCOL_UDP)
        sum = 0xFFFF; /* 0 says that there is none */
    memcpy(frame + s.field, &sum, sizeof sum);
    return true;
}

bool net_checksum_good(const uint8_t *frame, uint32_t len)
{
    struct segment s;
    if (!find_segment(frame, len, &s))
        return false;
    if (s.protocol == PROTOCOL_UDP && get16(frame + s.field) == 0)
        return true;
    return sum_of(frame, &s) == 0xFFFF;
}
