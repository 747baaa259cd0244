/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xl_config.c - see xl_config.h. The module that reads xl's files is loaded when one is to be read.
 */
#include "xl_config.h"

#include "confine.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

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
    const char *name, *path;
    int fd;
    xl_config_read_fn read;
};

static bool read_text(int fd, GString *text)
{
    char bytes[4096];
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR))
        g_string_append_len(text, bytes, MAX(n, 0));
    return n == 0;
}

static void say_list(GString *out, char mark, const GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++)
        confine_say(out, mark, g_ptr_array_index(list, i));
}

static struct xl_config nothing(void)
{
    return (struct xl_config){.words = g_ptr_array_new_with_free_func(g_free),
                              .unserved = g_ptr_array_new_with_free_func(g_free)};
}

/* In the child. */
static int look_into(GString *out, void *user)
{
    const struct xl_file *file = user;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    struct xl_config xl = nothing();
    int status = STATUS_OK;
    if (!read_text(file->fd, text)) {
        complain("%s: %s: %s", file->name, file->path, g_strerror(errno));
        status = STATUS_IMAGE;
    } else if (!file->read(file->path, text->str, text->len, &xl, &error)) {
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

static bool look(struct xl_file *file, const struct sandbox_choice *choice, struct xl_config *out,
                 int *status)
{
    g_auto(GStrv) lines = confine_look(file->name, choice, look_into, file, status);
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
    complain("%s: %s: what was read makes no sense", file->name, file->path);
    *status = STATUS_FAILED;
    return false;
}

bool xl_config_read(const char *name, const char *path, const struct sandbox_choice *choice,
                    struct xl_config *out, int *status)
{
    struct xl_file file = {name, path, open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), NULL};
    void *module = open_module();
    bool good = false;
    *out = nothing();
    if (module)
        *(void **)&file.read = dlsym(module, XL_MODULE_SYMBOL);
    *status = STATUS_IMAGE;
    if (file.fd < 0) {
        complain("%s: %s: %s", name, path, g_strerror(errno));
    } else if (!file.read) {
        complain("%s: %s: xl's files cannot be read: %s", name, path, dlerror());
        *status = STATUS_FAILED;
    } else {
        good = look(&file, choice, out, status);
    }
    if (file.fd >= 0)
        close(file.fd);
    return good;
}

void xl_config_clear(struct xl_config *config)
{
    g_free(config->kernel);
    g_ptr_array_unref(config->words);
    g_ptr_array_unref(config->unserved);
}
