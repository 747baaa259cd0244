/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xenstore_load.c - see xenstore_load.h.
 */
#include "xenstore_load.h"

#include "xenstore_priv.h"

struct loader {
    struct xenstore *x;
    const char *name, *at, *line;
    unsigned nr;
};

static bool fail(const struct loader *l, const char *wanted, GError **error)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "%s:%u:%u: %s", l->name, l->nr,
                (unsigned)(l->at - l->line) + 1, wanted);
    return false;
}

static void skip_blanks(struct loader *l)
{
    while (*l->at == ' ' || *l->at == '\t')
        l->at++;
}

static char *take_path(struct loader *l)
{
    size_t len = strcspn(l->at, " \t=");
    g_autofree char *text = g_strndup(l->at, len);
    l->at += len;
    if (text[0] == '/')
        return g_steal_pointer(&text);
    g_autofree char *home = xenstore_home(l->x);
    return g_strconcat(home, "/", text, NULL);
}

/* A string in quotes; \\, \", \n, \t, \r and \xNN stand for what they do in C. */
static char *take_value(struct loader *l, GError **error)
{
    g_autoptr(GString) value = g_string_new(NULL);
    if (*l->at != '"') {
        fail(l, "a value in quotes is wanted", error);
        return NULL;
    }
    for (l->at++; *l->at != '"'; l->at++) {
        const char *letters = "ntr\\\"", *bytes = "\n\t\r\\\"", *which;
        if (*l->at == '\0') {
            fail(l, "the value's closing quote is missing", error);
            return NULL;
        }
        if (*l->at != '\\') {
            g_string_append_c(value, *l->at);
        } else if (l->at[1] == 'x' && g_ascii_isxdigit(l->at[2]) && g_ascii_isxdigit(l->at[3])) {
            int byte = g_ascii_xdigit_value(l->at[2]) << 4 | g_ascii_xdigit_value(l->at[3]);
            g_string_append_c(value, (char)byte);
            l->at += 3;
        } else if (l->at[1] && (which = strchr(letters, l->at[1]))) {
            g_string_append_c(value, bytes[which - letters]);
            l->at++;
        } else {
            fail(l, "after a backslash one of n t r \\ \" or xNN is wanted", error);
            return NULL;
        }
    }
    l->at++;
    return g_string_free(g_steal_pointer(&value), FALSE);
}

/* "(n0,r1)"; *perms is NULL when there are none. */
static bool take_perms(struct loader *l, char ***perms, GError **error)
{
    *perms = NULL;
    skip_blanks(l);
    if (*l->at != '(')
        return *l->at == '\0' || fail(l, "permissions in parentheses, or the line's end, are wanted", error);
    const char *end = strchr(l->at, ')');
    if (!end || end[1 + strspn(end + 1, " \t")])
        return fail(l, "permissions end with a parenthesis, and the line with them", error);
    g_autofree char *list = g_strndup(l->at + 1, (gsize)(end - l->at - 1));
    *perms = g_strsplit(list, ",", -1);
    return true;
}

static bool take_line(struct loader *l, GError **error)
{
    skip_blanks(l);
    if (*l->at == '\0' || *l->at == '#')
        return true;
    g_autofree char *path = take_path(l);
    skip_blanks(l);
    if (*l->at++ != '=') {
        l->at--;
        return fail(l, "PATH = \"VALUE\" is wanted", error);
    }
    skip_blanks(l);
    g_autofree char *value = take_value(l, error);
    g_auto(GStrv) perms = NULL;
    if (!value || !take_perms(l, &perms, error))
        return false;
    if (!xenstore_write(l->x, path, value))
        return fail(l, "xenstore takes no such path, or no value of that length", error);
    return !perms || xenstore_set_perms(l->x, path, (const char *const *)perms) ||
           fail(l, "permissions are like n0 or r1: a letter of nrwb and a domain", error);
}

bool xenstore_load(struct xenstore *x, const char *name, const char *text, size_t len, GError **error)
{
    struct loader l = {.x = x, .name = name};
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t n = end ? (size_t)(end - text) : len;
        g_autofree char *line = g_strndup(text, n);
        l.at = l.line = g_strchomp(line);
        l.nr++;
        if (memchr(text, '\0', n))
            return fail(&l, "a byte 0 stands in the line", error);
        if (!take_line(&l, error))
            return false;
        n += end != NULL;
        text += n;
        len -= n;
    }
    return true;
}
