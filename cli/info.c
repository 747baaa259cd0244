/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * info.c - `ring1 info`: what an image is and asks for, or what a snapshot holds.
 */
#include "commands.h"
#include "options.h"

#include <ring1/snapshot.h>

static char *describe(const struct options *o, GError **error)
{
    if (!ring1_saved_is(o->image))
        return ring1_describe_image(o->config, o->image, o->json, error);
    g_autoptr(ring1_saved) saved = ring1_saved_open(o->image, error);
    return saved ? ring1_saved_describe(saved, o->json) : NULL;
}

int command_info(int argc, char **argv)
{
    struct options o;
    int status;
    if (options_parse(&o, COMMAND_INFO, argc, argv, &status)) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = describe(&o, &error);
        if (text) {
            status = print_out(text);
        } else {
            complain("%s", error->message);
            status = status_of_error(error);
        }
    }
    options_clear(&o);
    return status;
}
