/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * network.h - the network cards of the run: as an outside source, and --net-dump.
 */
#ifndef CLI_NETWORK_H
#define CLI_NETWORK_H

#include "poller.h"

#include "debug/pcap.h"

#include <ring1/ring1.h>

struct network {
    ring1_machine *machine;
    struct pcap *dump; /* NULL: none */
    bool dump_moved;   /* packets were written since the last flush */
    bool told;         /* that a cable is out */
    int64_t date_ns;   /* UTC ns at the machine's time 0 */
    GError *error;     /* why the dump takes no more packets, NULL: it does */
};

/* Open the dump; `path` NULL: none. */
bool network_open_dump(struct network *n, const char *path, GError **error);

/* Connect a machine; the one before is gone. */
void network_attach(struct network *n, ring1_machine *m, int64_t date_ns);

/* The cards as an outside source; its pointer is the network. */
extern const struct poll_source network_source;

/* False: the last packets could not be written, and nobody heard of it: `error`. */
bool network_close(struct network *n);

#endif
