/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xl_config.c - see xl_config.h. The module that reads xl's files is loaded when one is to be read.
 */
#include "xl_config.h"

#include "confine.h"

#include <dlfcn.h>

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

struct xl_file {
    const char *path;
    char *text;
    gsize len;
    xl_config_read_fn read;
};

static void say_list(GString *out, char mark, const GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++)
        confine_say(out, mark, g_ptr_array_index(list, i));
}

/* In the child. */
static int look_into(GString *out, void *user)
{
    const struct xl_file *file = user;
    g_autoptr(GError) error = NULL;
    struct xl_config xl;
    int status = STATUS_OK;
    xl_config_init(&xl);
    if (!file->read(file->path, file->text, file->len, &xl, &error)) {
        complain("%s", error->message);
        status = status_of_error(error);
    }
    say_list(out, 'w', xl.words);
    say_list(out, 'u', xl.unserved);
    if (xl.kernel)
        confine_say(out, 'k', xl.kernel);
    xl_config_clear(&xl);
    return status;
}

static void take_list(GPtrArray *list, char *const *lines, char mark)
{
    g_autofree GStrv words = confine_heard(lines, mark); /* the words are the list's */
    for (char **word = words; *word; word++)
        g_ptr_array_add(list, *word);
}

/* An option and its value, and so on: of those that a file of xl's can lead to. */
static bool are_options(const GPtrArray *words)
{
    static const char *const options[] = {"--initrd",    "--name",   "--memory", "--maxmem", "--vcpus",
                                          "--on-reboot", "--append", "--disk",   "--net",    NULL};
    for (guint i = 0; i < words->len; i += 2)
        if (!g_strv_contains(options, g_ptr_array_index(words, i)))
            return false;
    return words->len % 2 == 0;
}

static bool look(const char *name, struct xl_file *file, const struct sandbox_choice *choice,
                 struct xl_config *out, int *status)
{
    g_auto(GStrv) lines = confine_look(name, choice, look_into, file, status);
    if (!lines)
        return false;
    take_list(out->words, lines, 'w');
    take_list(out->unserved, lines, 'u');
    g_auto(GStrv) kernel = confine_heard(lines, 'k');
    out->kernel = g_strdup(kernel[0]);
    if (*status != STATUS_OK)
        return false;
    if (out->kernel && are_options(out->words))
        return true;
    complain("%s: %s: what was read makes no sense", name, file->path);
    *status = STATUS_FAILED;
    return false;
}

bool xl_config_read(const char *name, const char *path, const struct sandbox_choice *choice,
                    struct xl_config *out, int *status)
{
    struct xl_file file = {.path = path};
    g_autoptr(GError) error = NULL;
    xl_config_init(out);
    *status = STATUS_IMAGE;
    if (!g_file_get_contents(path, &file.text, &file.len, &error)) {
        complain("%s: %s", name, error->message);
        return false;
    }
    void *module = open_module();
    if (module)
        *(void **)&file.read = dlsym(module, XL_MODULE_SYMBOL);
    bool good = file.read && look(name, &file, choice, out, status);
    if (!file.read) {
        complain("%s: %s: xl's files cannot be read: %s", name, path, dlerror());
        *status = STATUS_FAILED;
    }
    g_free(file.text);
    return good;
}
