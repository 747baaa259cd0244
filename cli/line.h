/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * line.h - a console whose reader comes and goes: a Unix socket that takes one client
 * at a time, or a pseudo-terminal. While somebody reads, nothing is lost, however slow
 * he is; while nobody does, the last LINE_KEPT bytes are kept for the next one.
 */
#ifndef CLI_LINE_H
#define CLI_LINE_H

#include "poller.h"

#include <stddef.h>

#define LINE_KEPT (1u << 20)

struct line;

/* Listen at a path, or make a pseudo-terminal and say on stderr which. NULL: the error
 * says why. */
struct line *line_open_unix(const char *path, GError **error);
struct line *line_open_pty(GError **error);
/* A reader that is there gets all that is kept. */
void line_close(struct line *l);

/* All bytes; waits for a reader that is there, unless a signal asks for an end. */
void line_write(struct line *l, const char *bytes, size_t len);

/* What prepare and serve of a source do: `want_input` says whether bytes are wanted
 * now. line_serve returns how many it put into bytes[len]. */
void line_prepare(struct line *l, GArray *fds, bool want_input, uint64_t *timeout_ns);
size_t line_serve(struct line *l, const struct pollfd *fds, guint nr, char *bytes, size_t len);

#endif
