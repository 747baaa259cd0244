/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xl_module.c - xl's configuration files, read by Xen's own libxlutil. What a file asks
 * for and ring1 does not serve is named.
 */
#include "xl_config.h"

#include <errno.h>
#include <libxlutil.h>
#include <ring1/ring1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One file. */
struct reader {
    const char *path;
    XLU_Config *cfg;
    struct xl_config *out;
};

/* One line, whatever the file's strings are. */
static char *one_line(const char *format, va_list args) G_GNUC_PRINTF(1, 0);
static char *one_line(const char *format, va_list args)
{
    return g_strdelimit(g_strdup_vprintf(format, args), "\n", ' ');
}

static bool fail(const struct reader *r, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool fail(const struct reader *r, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = one_line(format, args);
    va_end(args);
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "%s: %s", r->path, text);
    return false;
}

static void unserved(const struct reader *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void unserved(const struct reader *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_ptr_array_add(r->out->unserved, one_line(format, args));
    va_end(args);
}

static void add(const struct reader *r, const char *option, const char *value)
{
    g_ptr_array_add(r->out->words, g_strdup(option));
    g_ptr_array_add(r->out->words, g_strdup(value));
}

/* --- settings ----------------------------------------------------------------------- */

typedef bool (*setting_fn)(const struct reader *r, const char *name, const char *value, GError **error);

static bool take_kernel(const struct reader *r, G_GNUC_UNUSED const char *name, const char *value,
                        G_GNUC_UNUSED GError **error)
{
    r->out->kernel = g_strdup(value);
    return true;
}

static bool take_ramdisk(const struct reader *r, G_GNUC_UNUSED const char *name, const char *value,
                         G_GNUC_UNUSED GError **error)
{
    add(r, "--initrd", value);
    return true;
}

static bool take_name(const struct reader *r, G_GNUC_UNUSED const char *name, const char *value,
                      G_GNUC_UNUSED GError **error)
{
    add(r, "--name", value);
    return true;
}

static bool take_memory(const struct reader *r, G_GNUC_UNUSED const char *name, const char *value,
                        G_GNUC_UNUSED GError **error)
{
    add(r, "--memory", value);
    return true;
}

static bool take_maxmem(const struct reader *r, G_GNUC_UNUSED const char *name, const char *value,
                        G_GNUC_UNUSED GError **error)
{
    add(r, "--maxmem", value);
    return true;
}

static bool take_vcpus(const struct reader *r, G_GNUC_UNUSED const char *name, const char *value,
                       G_GNUC_UNUSED GError **error)
{
    add(r, "--vcpus", value);
    return true;
}

/* Vcpus that could be plugged in later. */
static bool take_maxvcpus(const struct reader *r, const char *name, const char *value,
                          G_GNUC_UNUSED GError **error)
{
    long vcpus = 1;
    xlu_cfg_get_long(r->cfg, "vcpus", &vcpus, 1);
    if (strtol(value, NULL, 0) != vcpus)
        unserved(r, "%s=%s: the guest has %ld, what vcpus says", name, value, vcpus);
    return true;
}

static bool take_type(const struct reader *r, const char *name, const char *value, GError **error)
{
    static const char *const pv[] = {"pv", "generic", "linux"};
    for (size_t i = 0; i < G_N_ELEMENTS(pv); i++)
        if (strcmp(value, pv[i]) == 0)
            return true;
    return fail(r, error, "%s=\"%s\": only PV guests are run", name, value);
}

/* What is to happen at an end: ring1 ends, or restarts where the guest wants to. */
static bool take_action(const struct reader *r, const char *name, const char *value,
                        G_GNUC_UNUSED GError **error)
{
    bool reboot = strcmp(name, "on_reboot") == 0;
    if (reboot && strcmp(value, "restart") == 0)
        return true; /* the default, see read_settings */
    if (reboot && strcmp(value, "destroy") == 0)
        add(r, "--on-reboot", "exit");
    else if (strcmp(value, "destroy") != 0)
        unserved(r, "%s=\"%s\": not served, the run ends", name, value);
    return true;
}

/* Settings of xl.cfg(5) that a PV guest may have. `fn` NULL: not served. Lists are
 * looked at elsewhere. */
static const struct setting {
    const char *name;
    setting_fn fn;
} settings[] = {
    {"kernel", take_kernel},      {"ramdisk", take_ramdisk},
    {"name", take_name},          {"memory", take_memory},
    {"maxmem", take_maxmem},      {"vcpus", take_vcpus},
    {"maxvcpus", take_maxvcpus},  {"type", take_type},
    {"builder", take_type},       {"on_poweroff", take_action},
    {"on_reboot", take_action},   {"on_crash", take_action},
    {"on_watchdog", take_action}, {"on_soft_reset", take_action},
};

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

static const struct setting *setting_of(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(settings); i++)
        if (strcmp(name, settings[i].name) == 0)
            return &settings[i];
    return NULL;
}

/* Numbers are strings here too. */
static const char *get(const struct reader *r, const char *name)
{
    const char *value;
    return xlu_cfg_get_string(r->cfg, name, &value, 1) == 0 ? value : NULL;
}

/* root and extra, or cmdline in place of both. */
static void read_command_line(const struct reader *r)
{
    const char *cmdline = get(r, "cmdline"), *root = get(r, "root"), *extra = get(r, "extra");
    g_autofree char *both =
        root ? g_strdup_printf("root=%s%s%s", root, extra ? " " : "", extra ? extra : "") : NULL;
    if (cmdline && (root || extra))
        unserved(r, "root and extra: cmdline takes their place");
    const char *text = cmdline ? cmdline : both ? both : extra;
    if (text)
        add(r, "--append", text);
}

/* --- disks and networks --------------------------------------------------------------- */

static bool add_disk(const struct reader *r, const char *spec, GError **error)
{
    libxl_device_disk disk;
    libxl_device_disk_init(&disk);
    bool good = xlu_disk_parse(r->cfg, 1, &spec, &disk) == 0;
    if (!good) {
        fail(r, error, "disk '%s' is none that xl would take", spec);
    } else if (disk.is_cdrom || !disk.pdev_path || !disk.pdev_path[0]) {
        unserved(r, "disk '%s': no CD drives and empty drives", spec);
    } else if (disk.format != LIBXL_DISK_FORMAT_RAW && disk.format != LIBXL_DISK_FORMAT_UNKNOWN) {
        good = fail(r, error, "disk '%s': only raw images are opened; qemu-nbd serves others (see --disk)",
                    spec);
    } else {
        g_autofree char *value =
            g_strdup_printf("%s%s,dev=%s", disk.pdev_path, disk.readwrite ? "" : ",ro", disk.vdev);
        add(r, "--disk", value);
        if (disk.script)
            unserved(r, "disk '%s': its script", spec);
    }
    libxl_device_disk_dispose(&disk);
    return good;
}

static bool add_vif(const struct reader *r, const char *spec, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(spec, ",", -1);
    g_autoptr(GString) value = g_string_new("user");
    (void)error;
    for (char **part = parts; *part; part++) {
        char *word = g_strstrip(*part);
        if (g_str_has_prefix(word, "mac="))
            g_string_append_printf(value, ",%s", word);
        else if (*word)
            unserved(r, "vif '%s': %s; the network is the user's", spec, word);
    }
    add(r, "--net", value->str);
    return true;
}

static bool read_list(const struct reader *r, const char *name,
                      bool (*fn)(const struct reader *r, const char *spec, GError **error), GError **error)
{
    XLU_ConfigList *list;
    int nr = 0;
    int rc = xlu_cfg_get_list(r->cfg, name, &list, &nr, 1);
    if (rc == ESRCH)
        return true;
    if (rc)
        return fail(r, error, "%s is no list", name);
    for (int i = 0; i < nr; i++) {
        const char *spec = xlu_cfg_get_listitem(list, i);
        if (!spec)
            return fail(r, error, "%s: item %d is no string", name, i + 1);
        if (!fn(r, spec, error))
            return false;
    }
    return true;
}

/* --- the file ----------------------------------------------------------------------- */

/* The names that the text sets, which may be of any bytes, for those that nobody asks for: libxlutil tells
 * only of names that it is asked about. */
static GPtrArray *names_in(const char *text)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GRegex) regex =
        g_regex_new("^[ \\t]*([A-Za-z_]\\w*)[ \\t]*\\+?=", G_REGEX_MULTILINE | G_REGEX_RAW, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL))
        g_ptr_array_add(names, g_match_info_fetch(match, 1));
    return names;
}

static bool read_settings(const struct reader *r, const char *text, GError **error)
{
    static const char *const others[] = {"root", "extra", "cmdline", "disk", "vif", NULL};
    g_autoptr(GPtrArray) names = names_in(text);
    add(r, "--on-reboot", "restart"); /* as xl does it unless it is told otherwise */
    for (size_t i = 0; i < G_N_ELEMENTS(settings); i++) {
        const char *value = get(r, settings[i].name);
        if (value && !settings[i].fn(r, settings[i].name, value, error))
            return false;
    }
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        if (!setting_of(name) && !is_one_of(name, others))
            unserved(r, "%s: not served", name);
    }
    read_command_line(r);
    return read_list(r, "disk", add_disk, error) && read_list(r, "vif", add_vif, error);
}

/* What libxlutil had to say, as one line. */
static char *first_line(char *text)
{
    text[strcspn(text, "\n")] = '\0';
    return text;
}

bool ring1_xl_config_read(const char *path, const char *text, size_t len, struct xl_config *out,
                          GError **error)
{
    char *said = NULL;
    size_t said_len;
    struct reader r = {.path = path, .out = out};
    if (memchr(text, 0, len)) /* libxlutil would abort */
        return fail(&r, error, "this is no text: there is a byte 0");
    FILE *report = open_memstream(&said, &said_len);
    r.cfg = report ? xlu_cfg_init(report, path) : NULL;
    bool good = r.cfg && len < G_MAXINT && xlu_cfg_readdata(r.cfg, text, (int)len) == 0;
    if (good) {
        good = read_settings(&r, text, error);
        if (good && !out->kernel)
            good = fail(&r, error, "kernel is missing; bootloaders are not run");
    }
    if (r.cfg)
        xlu_cfg_destroy(r.cfg);
    if (report)
        fclose(report);
    if (!good && error && !*error)
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "%s", said && *said ? first_line(said) : path);
    free(said);
    return good;
}
