/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net_checksum.h - the checksums of TCP and UDP over IPv4 in an Ethernet frame, which a
 * guest may leave to its card, and which a card may have looked at for it.
 */
#ifndef DEVICES_NET_CHECKSUM_H
#define DEVICES_NET_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>

/* Write the checksum of a TCP segment or UDP datagram. False: the frame has none (it is
 * another protocol, a fragment, or its lengths are wrong), and is left as it is. */
bool net_checksum_complete(uint8_t *frame, uint32_t len);

/* The frame has one, and it is right. */
bool net_checksum_good(const uint8_t *frame, uint32_t len);

#endif
