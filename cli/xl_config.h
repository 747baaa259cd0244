/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xl_config.h - a domain's configuration file as xl(1) has it (xl.cfg(5)), as words of
 * ring1's command line.
 */
#ifndef CLI_XL_CONFIG_H
#define CLI_XL_CONFIG_H

#include <glib.h>
#include <stdbool.h>

struct sandbox_choice;

struct xl_config {
    char *kernel;        /* NULL: none was named */
    GPtrArray *words;    /* "--memory", "64" ... */
    GPtrArray *unserved; /* "vfb: not served": a line each */
};

static inline void xl_config_init(struct xl_config *config)
{
    *config = (struct xl_config){.words = g_ptr_array_new_with_free_func(g_free),
                                 .unserved = g_ptr_array_new_with_free_func(g_free)};
}

static inline void xl_config_clear(struct xl_config *config)
{
    g_free(config->kernel);
    g_ptr_array_unref(config->words);
    g_ptr_array_unref(config->unserved);
}

/* Whether a file is to be taken for one: its name ends in ".cfg". */
bool xl_config_is(const char *path);

/* Read it for the command `name`, in a confined child: the file and libxlutil are somebody else's.
 * False: *status is the exit status; said so. It is to be cleared either way. */
bool xl_config_read(const char *name, const char *path, const struct sandbox_choice *choice,
                    struct xl_config *out, int *status);

/* What the module ring1-xl has: `len` bytes of text, of which messages speak as of `path`, into what
 * xl_config_init made. False: RING1_ERROR_OPTION with file and line. libxlutil brings a dozen
 * libraries, which no other run needs. */
#define XL_MODULE_SYMBOL "ring1_xl_config_read"
bool ring1_xl_config_read(const char *path, const char *text, size_t len, struct xl_config *out,
                          GError **error);
typedef bool (*xl_config_read_fn)(const char *path, const char *text, size_t len, struct xl_config *out,
                                  GError **error);

#endif
