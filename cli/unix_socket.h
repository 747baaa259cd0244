/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * unix_socket.h - sockets with a path in the file system.
 */
#ifndef CLI_UNIX_SOCKET_H
#define CLI_UNIX_SOCKET_H

#include <glib.h>

/* Listen at a path that only its user may open; not blocking, closed on exec. A socket
 * that a process which is gone left there is replaced; one in use is refused. -1: the
 * error names the path. Whoever closes it calls unix_socket_unlink. */
int unix_socket_listen(const char *path, GError **error);

/* Remove its path. A process of its own does it, which was started with the socket: in
 * the sandbox ring1 itself cannot. It does so too when ring1 is killed. */
void unix_socket_unlink(const char *path);

/* The next client of a listening socket; like it not blocking, closed on exec. -1: there
 * is none. */
int unix_socket_accept(int fd);

/* Connect. -1: the error names the path. */
int unix_socket_connect(const char *path, GError **error);

#endif
