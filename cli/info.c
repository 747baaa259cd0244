/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * info.c - `ring1 info`: what an image is and asks for.
 */
#include "commands.h"
#include "options.h"

int command_info(int argc, char **argv)
{
    struct options o;
    int status;
    if (options_parse(&o, COMMAND_INFO, argc, argv, &status)) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = ring1_describe_image(o.config, o.image, o.json, &error);
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
