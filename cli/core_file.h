/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * core_file.h - the file of --core: it is made before the run, under another name, as nothing can
 * be made or renamed later, and gets its name when it is whole. Who gives or removes it is a process that
 * was started before, too, and does nothing else.
 */
#ifndef CLI_CORE_FILE_H
#define CLI_CORE_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct core_file {
    int fd; /* -1: none */
    char *path;
    int keeper; /* its end of a socket */
    pid_t pid;
};
#define CORE_FILE_NONE                                                                                       \
    {                                                                                                        \
        .fd = -1, .keeper = -1                                                                               \
    }

/* `path` NULL: none. False: an error that names the path. */
bool core_file_open(struct core_file *f, const char *path, GError **error);
/* What was written to fd gets its name. */
bool core_file_keep(struct core_file *f, GError **error);
/* Without that nothing is left. */
void core_file_close(struct core_file *f);

#endif
