/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * confine_look.c - see confine.h: what a file says, before it is known what has to be opened.
 */
#include "confine.h"

#include <errno.h>
#include <unistd.h>

/* More than that nobody has to say. */
#define SAID_MAX (1u << 20)

struct looker {
    int (*look)(GString *out, void *user);
    void *user;
    int to;
};

void confine_say(GString *out, char mark, const char *word)
{
    g_autofree char *escaped = g_strescape(word, NULL);
    g_string_append_printf(out, "%c%s\n", mark, escaped);
}

static int look_into(void *user)
{
    const struct looker *looker = user;
    g_autoptr(GString) out = g_string_new(NULL);
    int status = looker->look(out, looker->user);
    return confine_write(looker->to, out->str, out->len) ? status : STATUS_FAILED;
}

static char **read_lines(const char *name, int fd)
{
    g_autofree char *text = g_malloc0(SAID_MAX + 2);
    ssize_t n = pread(fd, text, SAID_MAX + 1, 0);
    if (n >= 0 && n <= (ssize_t)SAID_MAX)
        return g_strsplit(text, "\n", -1);
    if (n < 0)
        complain("%s: a file in memory: %s", name, g_strerror(errno));
    else
        complain("%s: more than %u bytes are asked for", name, SAID_MAX);
    return NULL;
}

char **confine_look(const char *name, const struct sandbox_choice *choice,
                    int (*look)(GString *out, void *user), void *user, int *status)
{
    struct looker looker = {look, user, confine_file()};
    struct sandbox_choice own = *choice;
    if (own.mode == SANDBOX_REPORT) /* that is about the guest's run */
        own.mode = SANDBOX_OFF;
    own.before = true;
    *status = STATUS_FAILED;
    if (looker.to < 0)
        return NULL;
    *status = confine_apart(name, &own, 0, look_into, &looker);
    char **lines = read_lines(name, looker.to);
    close(looker.to);
    if (!lines && *status == STATUS_OK)
        *status = STATUS_FAILED;
    return lines;
}

char **confine_heard(char *const *lines, char mark)
{
    g_autoptr(GStrvBuilder) b = g_strv_builder_new();
    for (; *lines; lines++) {
        g_autofree char *word = (*lines)[0] == mark ? g_strcompress(*lines + 1) : NULL;
        if (word)
            g_strv_builder_add(b, word);
    }
    return g_strv_builder_end(b);
}
