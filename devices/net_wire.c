/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net_wire.c - see net_wire.h. Messages go and come by the dozen, so that a stream does
 * not cost two system calls a frame.
 */
#define _GNU_SOURCE /* sendmmsg, recvmmsg */
#include "net_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 32u

/* Linux 6.16 and newer; libc's headers may be older. */
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

/* One behind the other: a length, and the message with its kind. */
struct wire {
    int fd;
    GByteArray *out;
    size_t head; /* of `out`: sent */
    size_t nr;   /* messages that wait */
    uint8_t in[BATCH][WIRE_MAX];
};

struct wire *wire_new(int fd)
{
    struct wire *w = g_new0(struct wire, 1);
    int bytes = WIRE_BYTES; /* or as many as the system allows */
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    /* Neither side takes descriptors from the other. */
    int no = 0;
    setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof no);
    w->fd = fd;
    w->out = g_byte_array_new();
    return w;
}

void wire_free(struct wire *w)
{
    if (!w)
        return;
    close(w->fd);
    g_byte_array_unref(w->out);
    g_free(w);
}

int wire_fd(const struct wire *w)
{
    return w->fd;
}

bool wire_waits(const struct wire *w)
{
    return w->nr > 0;
}

size_t wire_waiting(const struct wire *w)
{
    return w->out->len - w->head;
}

bool wire_put(struct wire *w, enum wire_kind kind, const void *bytes, size_t len)
{
    uint32_t size = (uint32_t)len + 1;
    uint8_t tag = (uint8_t)kind;
    if (len >= WIRE_MAX || w->nr >= WIRE_FRAMES || wire_waiting(w) + len > WIRE_BYTES)
        return false;
    g_byte_array_append(w->out, (const guint8 *)&size, sizeof size);
    g_byte_array_append(w->out, &tag, 1);
    if (len > 0)
        g_byte_array_append(w->out, bytes, (guint)len);
    w->nr++;
    return true;
}

/* The messages at the head as sendmmsg wants them. */
static unsigned gather(const struct wire *w, struct mmsghdr *msg, struct iovec *iov)
{
    size_t at = w->head;
    unsigned n = 0;
    memset(msg, 0, BATCH * sizeof *msg);
    for (; n < BATCH && n < w->nr; n++) {
        uint32_t size;
        memcpy(&size, w->out->data + at, sizeof size);
        iov[n] = (struct iovec){w->out->data + at + sizeof size, size};
        msg[n].msg_hdr.msg_iov = &iov[n];
        msg[n].msg_hdr.msg_iovlen = 1;
        at += sizeof size + size;
    }
    return n;
}

static void sent(struct wire *w, const struct iovec *iov, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        w->head += sizeof(uint32_t) + iov[i].iov_len;
    w->nr -= n;
    if (w->nr == 0) {
        g_byte_array_set_size(w->out, 0);
        w->head = 0;
    } else if (w->head > WIRE_BYTES) {
        g_byte_array_remove_range(w->out, 0, (guint)w->head);
        w->head = 0;
    }
}

bool wire_flush(struct wire *w)
{
    struct mmsghdr msg[BATCH];
    struct iovec iov[BATCH];
    while (w->nr > 0) {
        int n = sendmmsg(w->fd, msg, gather(w, msg, iov), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0)
            sent(w, iov, (unsigned)n);
        else if (errno == EAGAIN || errno == ENOBUFS)
            return true;
        else if (errno != EINTR)
            return false;
    }
    return true;
}

bool wire_take(struct wire *w, wire_fn fn, void *user, bool *more)
{
    struct mmsghdr msg[BATCH];
    struct iovec iov[BATCH];
    memset(msg, 0, sizeof msg);
    for (unsigned i = 0; i < BATCH; i++) {
        iov[i] = (struct iovec){w->in[i], WIRE_MAX};
        msg[i].msg_hdr.msg_iov = &iov[i];
        msg[i].msg_hdr.msg_iovlen = 1;
    }
    int n = recvmmsg(w->fd, msg, BATCH, MSG_DONTWAIT, NULL);
    *more = n == (int)BATCH;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    for (int i = 0; i < n; i++) {
        if (msg[i].msg_len == 0) /* the end; nobody sends less than a byte */
            return false;
        if (!(msg[i].msg_hdr.msg_flags & MSG_TRUNC))
            fn(user, w->in[i][0], w->in[i] + 1, msg[i].msg_len - 1);
    }
    return true;
}
