/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * describe.h - what an image is and asks for, for `ring1 info`.
 */
#ifndef EMU_DESCRIBE_H
#define EMU_DESCRIBE_H

#include "image.h"
#include "layout.h"

/* Text for a person, or one JSON object; the caller frees it. `layout` is where a
 * builder would put things, or NULL. The keys of the JSON stay as they are: new
 * ones may come, none changes its meaning; what the image does not give is null. */
char *image_describe(const struct image *image, const struct layout *layout, bool json);

#endif
