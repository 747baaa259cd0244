/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * module.c - see module.h.
 */
#define _GNU_SOURCE /* dladdr, secure_getenv */
#include "module.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The path in `folder` (taken) if the part is there. */
static char *look(char *folder, const char *name)
{
    g_autofree char *owned = folder;
    g_autofree char *path = folder ? g_build_filename(folder, name, NULL) : NULL;
    return path && access(path, R_OK) == 0 ? g_steal_pointer(&path) : NULL;
}

static char *folder_of_program(void)
{
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    return exe ? g_path_get_dirname(exe) : NULL;
}

static char *folder_of_library(void)
{
    Dl_info info;
    bool known = dladdr((void *)(uintptr_t)module_find, &info) != 0;
    if (!known || !info.dli_fname || !strchr(info.dli_fname, '/'))
        return NULL;
    return g_path_get_dirname(info.dli_fname);
}

char *module_find(const char *name)
{
    char *path = look(g_strdup(secure_getenv("RING1_MODULES")), name);
    if (!path)
        path = look(folder_of_program(), name);
    if (!path)
        path = look(folder_of_library(), name);
    return path ? path : g_build_filename(RING1_MODULE_DIR, name, NULL);
}

void *module_function(const char *name, const char *symbol, char **why)
{
    g_autofree char *path = module_find(name);
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL), *function = module ? dlsym(module, symbol) : NULL;
    if (!function)
        *why = g_strdup(dlerror());
    return function;
}
