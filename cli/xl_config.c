/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xl_config.c - finds the module that reads xl's files, when one is to be read.
 */
#include "xl_config.h"

#include <dlfcn.h>
#include <ring1/ring1.h>

bool xl_config_is(const char *path)
{
    return g_str_has_suffix(path, ".cfg");
}

/* Beside the command, as in a build folder, or where it was installed. */
static void *open_module(void)
{
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = exe ? g_path_get_dirname(exe) : g_strdup(".");
    g_autofree char *beside = g_build_filename(folder, "ring1-xl.so", NULL);
    void *module = dlopen(beside, RTLD_NOW | RTLD_LOCAL);
    return module ? module : dlopen(RING1_MODULE_DIR "/ring1-xl.so", RTLD_NOW | RTLD_LOCAL);
}

bool xl_config_read(const char *path, struct xl_config *out, GError **error)
{
    void *module = open_module();
    xl_config_read_fn read = NULL;
    if (module)
        *(void **)&read = dlsym(module, XL_MODULE_SYMBOL);
    *out = (struct xl_config){.words = g_ptr_array_new_with_free_func(g_free),
                              .unserved = g_ptr_array_new_with_free_func(g_free)};
    if (read)
        return read(path, out, error);
    g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s: xl's files cannot be read: %s", path, dlerror());
    return false;
}

void xl_config_clear(struct xl_config *config)
{
    g_free(config->kernel);
    g_ptr_array_unref(config->words);
    g_ptr_array_unref(config->unserved);
}
