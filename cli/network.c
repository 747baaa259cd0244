/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * network.c - see network.h. Who talks to whom is libring1's business.
 */
#include "network.h"

#include "options.h"

bool network_open_dump(struct network *n, const char *path, GError **error)
{
    if (path)
        n->dump = pcap_new(path, error);
    n->dump_moved = n->dump != NULL; /* its header */
    return !path || n->dump;
}

static void dump_packet(void *user, G_GNUC_UNUSED unsigned card, G_GNUC_UNUSED bool from_guest,
                        const void *frame, size_t len)
{
    struct network *n = user;
    pcap_write(n->dump, (uint64_t)n->date_ns + ring1_machine_now(n->machine), frame, len);
    n->dump_moved = true;
}

void network_attach(struct network *n, ring1_machine *m, int64_t date_ns)
{
    n->machine = m;
    n->date_ns = date_ns;
    if (n->dump)
        ring1_machine_watch_packets(m, dump_packet, n);
}

/* Whoever reads the dump beside the run sees what came before each wait. */
static void flush(struct network *n)
{
    if (!n->dump_moved)
        return;
    n->dump_moved = false;
    if (!n->error && !pcap_flush(n->dump, &n->error) && n->machine)
        ring1_machine_interrupt(n->machine);
}

static bool source_open(void *user)
{
    const struct network *n = user;
    return ring1_machine_network_open(n->machine);
}

static void prepare(void *user, GArray *fds, uint64_t *timeout_ns)
{
    struct network *n = user;
    flush(n);
    ring1_machine_network_prepare(n->machine, fds, timeout_ns);
}

static void serve(void *user, const struct pollfd *fds, guint nr)
{
    struct network *n = user;
    unsigned card;
    ring1_machine_network_serve(n->machine, fds, nr);
    const char *why = ring1_machine_network_error(n->machine, &card);
    if (why && !n->told)
        complain("card %u of the network: %s: the cable is out", card, why);
    n->told |= why != NULL;
}

const struct poll_source network_source = {.open = source_open, .prepare = prepare, .serve = serve};

bool network_close(struct network *n)
{
    bool told = n->error != NULL;
    n->machine = NULL;
    flush(n);
    pcap_free(n->dump);
    n->dump = NULL;
    return told || !n->error;
}
