/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * folder.h - folders that results are left in: asked for before hours of work, not after.
 */
#ifndef FUZZ_FOLDER_H
#define FUZZ_FOLDER_H

#include <glib.h>
#include <stdbool.h>

struct fuzz_folder {
    const char *path; /* NULL: none is wanted */
    bool made;        /* it was not there before */
};

/* Make it, unless it is there. False: files cannot be put there (RING1_ERROR_HOST, with the path). */
bool fuzz_folder_open(struct fuzz_folder *f, const char *path, GError **error);
/* It goes again when it was made and nothing is in it. */
void fuzz_folder_close(struct fuzz_folder *f);

#endif
