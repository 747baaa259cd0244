/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * snapshot_look.c - see snapshot_look.h.
 */
#include "snapshot_look.h"

#include <errno.h>
#include <fcntl.h>
#include <ring1/snapshot.h>
#include <unistd.h>

/* More than that no list of a machine has. */
#define LIST_MAX 65536

struct scout {
    const char *name, *path;
    int from, to;
};

static void append_list(GString *out, char what, char **list)
{
    for (char **word = list; word && *word; word++) {
        g_autofree char *escaped = g_strescape(*word, NULL);
        g_string_append_printf(out, "%c%s\n", what, escaped);
    }
}

static int look_into(void *user)
{
    const struct scout *scout = user;
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    g_auto(GStrv) disks = NULL, nets = NULL;
    if (!ring1_saved_outside(scout->from, scout->path, &disks, &nets, &error)) {
        complain("%s: --load: %s", scout->name, error->message);
        return status_of_error(error);
    }
    append_list(out, 'd', disks);
    append_list(out, 'n', nets);
    return confine_write(scout->to, out->str, out->len) ? STATUS_OK : STATUS_FAILED;
}

static char **take_list(char *const *lines, char what)
{
    g_autoptr(GStrvBuilder) b = g_strv_builder_new();
    for (; *lines; lines++) {
        g_autofree char *word = (*lines)[0] == what ? g_strcompress(*lines + 1) : NULL;
        if (word)
            g_strv_builder_add(b, word);
    }
    return g_strv_builder_end(b);
}

/* The child may have been taken over: no disk is believed to be one that may be opened. */
static bool take_lists(struct snapshot_look *s, const struct scout *scout)
{
    char text[LIST_MAX];
    g_autoptr(GError) error = NULL;
    ssize_t n = pread(scout->to, text, sizeof text - 1, 0);
    if (n < 0)
        return false;
    text[n] = '\0';
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    s->disks = take_list(lines, 'd');
    s->nets = take_list(lines, 'n');
    if (ring1_saved_check_disks(s->disks, &error))
        return true;
    complain("%s: --load: %s: %s", scout->name, scout->path, error->message);
    return false;
}

bool snapshot_look(struct snapshot_look *s, const char *name, const char *path,
                   const struct sandbox_choice *choice, int *status)
{
    struct scout scout = {name, path, open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), -1};
    struct sandbox_choice own = *choice;
    *s = (struct snapshot_look){.fd = scout.from};
    *status = STATUS_FAILED;
    if (scout.from < 0) {
        complain("%s: --load: %s: %s", name, path, g_strerror(errno));
        return false;
    }
    if (own.mode == SANDBOX_REPORT) /* that is about the guest's run */
        own.mode = SANDBOX_OFF;
    scout.to = confine_file();
    if (scout.to < 0)
        return false;
    *status = confine_apart(name, &own, 0, look_into, &scout);
    bool good = *status == STATUS_OK && take_lists(s, &scout);
    if (*status == STATUS_OK && !good)
        *status = STATUS_IMAGE;
    close(scout.to);
    return good;
}

void snapshot_look_clear(struct snapshot_look *s)
{
    if (s->fd >= 0)
        close(s->fd);
    g_strfreev(s->disks);
    g_strfreev(s->nets);
    *s = (struct snapshot_look){.fd = -1};
}
