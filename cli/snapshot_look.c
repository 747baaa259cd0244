/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * snapshot_look.c - see snapshot_look.h.
 */
#include "snapshot_look.h"

#include <errno.h>
#include <fcntl.h>
#include <ring1/snapshot.h>
#include <unistd.h>

struct scout {
    const char *name, *path;
    int from;
};

static void say_list(GString *out, char mark, char **list)
{
    for (char **word = list; word && *word; word++)
        confine_say(out, mark, *word);
}

static int look_into(GString *out, void *user)
{
    const struct scout *scout = user;
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) disks = NULL, nets = NULL;
    if (!ring1_saved_outside(scout->from, scout->path, &disks, &nets, &error)) {
        complain("%s: --load: %s", scout->name, error->message);
        return status_of_error(error);
    }
    say_list(out, 'd', disks);
    say_list(out, 'n', nets);
    return STATUS_OK;
}

/* No disk is believed to be one that may be opened. */
static bool take_lists(struct snapshot_look *s, const struct scout *scout, char *const *lines)
{
    g_autoptr(GError) error = NULL;
    s->disks = confine_heard(lines, 'd');
    s->nets = confine_heard(lines, 'n');
    if (ring1_saved_check_disks(s->disks, &error))
        return true;
    complain("%s: --load: %s: %s", scout->name, scout->path, error->message);
    return false;
}

bool snapshot_look(struct snapshot_look *s, const char *name, const char *path,
                   const struct sandbox_choice *choice, int *status)
{
    struct scout scout = {name, path, open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    *s = (struct snapshot_look){.fd = scout.from};
    *status = STATUS_FAILED;
    if (scout.from < 0) {
        complain("%s: --load: %s: %s", name, path, g_strerror(errno));
        return false;
    }
    g_auto(GStrv) lines = confine_look(name, choice, look_into, &scout, status);
    if (*status != STATUS_OK)
        return false;
    if (take_lists(s, &scout, lines))
        return true;
    *status = STATUS_IMAGE;
    return false;
}

void snapshot_look_clear(struct snapshot_look *s)
{
    if (s->fd >= 0)
        close(s->fd);
    g_strfreev(s->disks);
    g_strfreev(s->nets);
    *s = (struct snapshot_look){.fd = -1};
}
