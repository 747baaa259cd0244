/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb_script.c - `ring1 --gdb-script`: where the commands for gdb are, which one sources there.
 */
#include "commands.h"
#include "options.h"

#include <unistd.h>

int print_gdb_script(void)
{
    /* From the program: where it was built, and where it was installed or moved to. */
    static const char *const places[] = {"gdb/ring1.py", "../share/ring1/gdb/ring1.py"};
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = exe ? g_path_get_dirname(exe) : NULL;
    for (size_t i = 0; folder && i < G_N_ELEMENTS(places); i++) {
        g_autofree char *path = g_canonicalize_filename(places[i], folder);
        g_autofree char *line = g_strdup_printf("%s\n", path);
        if (access(path, R_OK) == 0)
            return print_out(line);
    }
    return print_out(RING1_GDB_SCRIPT "\n");
}
