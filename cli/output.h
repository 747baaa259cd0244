/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * output.h - a file that is written at the end of a run, and opened before it: later
 * nothing can be opened. What stands in it stays until then.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <glib.h>
#include <stdbool.h>

struct output {
    int fd;       /* -1: none */
    bool is_file; /* and no pipe, terminal ... */
    char *path;
};

/* `path` NULL: none. False: an error that names the path. */
bool output_open(struct output *o, const char *path, GError **error);
/* Replace what stands in it; once. */
bool output_write(struct output *o, const char *bytes, size_t len, GError **error);
/* The same for who writes to `fd` himself. */
bool output_begin(struct output *o, GError **error);
void output_close(struct output *o);

#endif
