/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xenstore_load.h - nodes from a text, in the form that `xenstore-ls -f -p` prints:
 *
 *     /local/domain/1/name = "web"   (n0,r1)
 *     device/vbd/51712/state = "1"
 *     # a comment
 */
#ifndef DEVICES_XENSTORE_LOAD_H
#define DEVICES_XENSTORE_LOAD_H

#include "xenstore.h"

/* Write what `text` has into the tree; a path that does not begin with a slash is
 * below the domain's own place. `name` is the text's in errors (RING1_ERROR_OPTION),
 * which say line and column. */
bool xenstore_load(struct xenstore *x, const char *name, const char *text, size_t len, GError **error);

#endif
