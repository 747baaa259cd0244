/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * pcap.c - see pcap.h.
 */
#include "pcap.h"

#include <errno.h>
#include <ring1/ring1.h>
#include <stdio.h>

#define MAGIC_NS 0xA1B23C4Du
#define SNAP_LEN 262144u
#define ETHERNET 1u
#define NS_PER_S 1000000000u

struct pcap {
    FILE *file;
    char *path;
    bool told; /* of the failure */
};

struct pcap *pcap_new(const char *path, GError **error)
{
    const uint32_t header[6] = {MAGIC_NS, 2 | 4 << 16 /* version 2.4 */, 0, 0, SNAP_LEN, ETHERNET};
    FILE *file = fopen(path, "wbe");
    if (!file) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s: %s", path, g_strerror(errno));
        return NULL;
    }
    struct pcap *p = g_new0(struct pcap, 1);
    p->file = file;
    p->path = g_strdup(path);
    fwrite(header, sizeof header, 1, file);
    return p;
}

void pcap_write(struct pcap *p, uint64_t ns, const void *frame, size_t len)
{
    const uint32_t header[4] = {(uint32_t)(ns / NS_PER_S), (uint32_t)(ns % NS_PER_S), (uint32_t)len,
                                (uint32_t)len};
    fwrite(header, sizeof header, 1, p->file);
    fwrite(frame, len, 1, p->file);
}

bool pcap_flush(struct pcap *p, GError **error)
{
    if (fflush(p->file) == 0 && !ferror(p->file))
        return true;
    if (!p->told)
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s: %s", p->path, g_strerror(errno));
    p->told = true;
    return false;
}

void pcap_free(struct pcap *p)
{
    if (!p)
        return;
    fclose(p->file);
    g_free(p->path);
    g_free(p);
}
