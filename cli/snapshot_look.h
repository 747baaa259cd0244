/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * snapshot_look.h - what a snapshot's machine wants of the outside is in the snapshot. A child
 * looks for that, in a sandbox of its own, so that it can be opened before the file is read.
 */
#ifndef CLI_SNAPSHOT_LOOK_H
#define CLI_SNAPSHOT_LOOK_H

#include "confine.h"

struct snapshot_look {
    int fd;               /* of the file, not read yet; -1: none */
    char **disks, **nets; /* as ring1_config has them */
};

/* For the command `name`. False: *status is the exit status; said so. It is to be cleared either way. */
bool snapshot_look(struct snapshot_look *s, const char *name, const char *path,
                   const struct sandbox_choice *choice, int *status);
void snapshot_look_clear(struct snapshot_look *s);

#endif
