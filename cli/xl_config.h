/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xl_config.h - a domain's configuration file as xl(1) has it (xl.cfg(5)), as words of
 * ring1's command line.
 */
#ifndef CLI_XL_CONFIG_H
#define CLI_XL_CONFIG_H

#include <glib.h>
#include <stdbool.h>

struct xl_config {
    char *kernel;
    GPtrArray *words;    /* "--memory", "64" ... */
    GPtrArray *unserved; /* "vfb: not served": a line each */
};

/* Whether a file is to be taken for one: its name ends in ".cfg". */
bool xl_config_is(const char *path);

/* Read it for the command `name`, in a confined child: the file and libxlutil are somebody else's.
 * False: *status is the exit status; said so. It is to be cleared either way. */
struct sandbox_choice;
bool xl_config_read(const char *name, const char *path, const struct sandbox_choice *choice,
                    struct xl_config *out, int *status);
void xl_config_clear(struct xl_config *config);

/* What the module ring1-xl has: `len` bytes of text, of which messages speak as of `path`, into lists
 * that are there and empty. False: RING1_ERROR_OPTION with file and line. libxlutil brings a dozen
 * libraries, which no other run needs. */
#define XL_MODULE_SYMBOL "ring1_xl_config_read"
bool ring1_xl_config_read(const char *path, const char *text, size_t len, struct xl_config *out,
                          GError **error);
typedef bool (*xl_config_read_fn)(const char *path, const char *text, size_t len, struct xl_config *out,
                                  GError **error);

#endif
