/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * folder.c - see folder.h.
 */
#include "folder.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <ring1/ring1.h>
#include <string.h>
#include <unistd.h>

bool fuzz_folder_open(struct fuzz_folder *f, const char *path, GError **error)
{
    *f = (struct fuzz_folder){.path = path};
    if (!path)
        return true;
    f->made = !g_file_test(path, G_FILE_TEST_EXISTS);
    if (g_mkdir_with_parents(path, 0777) == 0 && g_access(path, W_OK | X_OK) == 0)
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s: no files can be left there: %s", path,
                g_strerror(errno));
    f->path = NULL;
    return false;
}

void fuzz_folder_close(struct fuzz_folder *f)
{
    if (f->path && f->made)
        (void)g_rmdir(f->path);
    f->path = NULL;
}
