/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * pcap.h - packets written down as a pcap file, which tcpdump and Wireshark read: times
 * in ns, Ethernet, whole packets.
 */
#ifndef DEBUG_PCAP_H
#define DEBUG_PCAP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct pcap;

/* A new file, with its header. NULL: RING1_ERROR_HOST. */
struct pcap *pcap_new(const char *path, GError **error);
/* A packet of the time `ns` (since 1970, UTC). */
void pcap_write(struct pcap *p, uint64_t ns, const void *frame, size_t len);
/* Have all of it in the file. False: it, or a write before it, failed; *error is set the
 * first time only. */
bool pcap_flush(struct pcap *p, GError **error);
void pcap_free(struct pcap *p);

#endif
