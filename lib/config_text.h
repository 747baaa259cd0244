/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * config_text.h - a configuration as lines key=value, in files.
 */
#ifndef LIB_CONFIG_TEXT_H
#define LIB_CONFIG_TEXT_H

#include <ring1/ring1.h>

/* A line; nothing for a value that is NULL. */
void text_add(GString *text, const char *key, const char *value);
void text_add_number(GString *text, const char *key, uint64_t value);

/* All of `c` but disks, cards, what is recorded, and the contents of files. `abi` and `xen` are
 * those in force. */
void config_to_text(GString *text, const ring1_config *c, enum ring1_abi abi, enum ring1_xen xen);
/* A list: PREFIX.0, PREFIX.1 ... */
void text_add_list(GString *text, const char *prefix, char *const *list);

/* A table of such lines (char * to char *) to a configuration, lists included. False: RING1_ERROR_INPUT. What
 * no configuration can have is for config_check. */
bool config_from_text(GHashTable *table, ring1_config *c, GError **error);
/* A number of the table. */
uint64_t text_number(GHashTable *table, const char *key, uint64_t otherwise);

#endif
