/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * listen.c - see listen.h.
 */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <ring1/ring1.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(GError **error, int code, const char *where, const char *why)
{
    g_set_error(error, RING1_ERROR, code, "%s: %s", where, why);
    return -1;
}

static bool is_port(const char *text)
{
    guint64 port;
    return g_ascii_string_to_unsigned(text, 10, 0, 65535, &port, NULL);
}

/* "PORT", "HOST:PORT", "[::1]:PORT", ":PORT" for any address. False: it is none of these. */
static bool split(const char *where, char **host, char **port)
{
    const char *colon = strrchr(where, ':');
    *port = g_strdup(colon ? colon + 1 : where);
    *host = colon ? g_strndup(where, (gsize)(colon - where)) : g_strdup("127.0.0.1");
    size_t len = strlen(*host);
    if (len >= 2 && (*host)[0] == '[' && (*host)[len - 1] == ']') {
        memmove(*host, *host + 1, len - 2);
        (*host)[len - 2] = '\0';
    }
    return is_port(*port);
}

static bool is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr) >> 24 == 127;
    return a->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

static char *name_of(int fd)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (getsockname(fd, (struct sockaddr *)&a, &len) ||
        getnameinfo((const struct sockaddr *)&a, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV))
        return g_strdup("?");
    return g_strdup_printf(a.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static int listen_at(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, 4) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

int listen_tcp(const char *where, char **name, bool *is_remote, GError **error)
{
    g_autofree char *host = NULL, *port = NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list;
    if (!split(where, &host, &port))
        return fail(error, RING1_ERROR_OPTION, where, "is not PORT, HOST:PORT or unix:PATH");
    int bad = getaddrinfo(*host ? host : NULL, port, &hints, &list);
    if (bad)
        return fail(error, RING1_ERROR_HOST, where, gai_strerror(bad));
    int fd = listen_at(list);
    if (fd < 0) {
        fail(error, RING1_ERROR_HOST, where, g_strerror(errno));
    } else {
        *name = name_of(fd);
        *is_remote = !is_loopback(list->ai_addr);
    }
    freeaddrinfo(list);
    return fd;
}
