/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * module.h - where the parts of ring1 are that are loaded or started only when a guest
 * needs them: what they bring along costs no other run anything.
 */
#ifndef DEVICES_MODULE_H
#define DEVICES_MODULE_H

#include <glib.h>

/* The path of a part ("ring1-nbd.so"): in the folder that $RING1_MODULES names, beside
 * the program, as in a build folder, beside the library, or where it was installed.
 * The last is given even if nothing is there. g_free. */
char *module_find(const char *name);

/* A function of a module, which stays loaded. NULL: *why says why not; g_free. */
void *module_function(const char *name, const char *symbol, char **why);

#endif
