/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * info.c - `ring1 info`: what an image is and asks for, or what a snapshot holds.
 */
#include "commands.h"
#include "confine.h"

#include <fcntl.h>
#include <ring1/host.h>
#include <ring1/snapshot.h>

static char *describe_snapshot(const struct options *o, GError **error)
{
    int fd = open(o->image, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (!confine(o, 0))
        return NULL;
    g_autoptr(ring1_saved) saved = ring1_saved_open_fd(fd, o->image, error);
    return saved ? ring1_saved_describe(saved, o->json) : NULL;
}

/* The files are read, the sandbox is entered, and then they are looked at. */
static char *describe_image(const struct options *o, GError **error)
{
    ring1_host *host = o->config->host = ring1_host_new();
    char *text = NULL;
    if (ring1_host_fetch_image(host, o->config, o->image, error) && confine(o, 0))
        text = ring1_describe_image(o->config, o->image, o->json, error);
    o->config->host = NULL;
    ring1_host_free(host);
    return text;
}

/* NULL without an error: there is no sandbox, which was said. */
static char *describe(const struct options *o, GError **error)
{
    return ring1_saved_is(o->image) ? describe_snapshot(o, error) : describe_image(o, error);
}

int command_info(int argc, char **argv)
{
    struct options o;
    int status;
    if (options_parse(&o, COMMAND_INFO, argc, argv, &status)) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = describe(&o, &error);
        confine_tell(&o.sandbox);
        if (text) {
            status = print_out(text);
        } else {
            status = STATUS_FAILED;
        }
        if (error) {
            complain("%s", error->message);
            status = status_of_error(error);
        }
    }
    options_clear(&o);
    return status;
}
