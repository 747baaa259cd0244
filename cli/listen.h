/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * listen.h - a socket that listens at an address of the command line.
 */
#ifndef CLI_LISTEN_H
#define CLI_LISTEN_H

#include <glib.h>
#include <stdbool.h>

/* PORT of 127.0.0.1, or HOST:PORT; port 0 is any free one. Returns a descriptor that does not block, or -1;
 * *name is where it listens, "127.0.0.1:1234", the caller frees it. *is_remote: others than this host
 * can reach it. */
int listen_tcp(const char *where, char **name, bool *is_remote, GError **error);

#endif
