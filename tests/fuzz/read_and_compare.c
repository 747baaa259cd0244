/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * read_and_compare.c - see read_and_compare.h.
 */
#include "read_and_compare.h"

#include <ring1/ring1.h>
#include <string.h>

/* More would only be slow. */
#define MOST_CALLS 2000u

static void must(bool holds, const char *what)
{
    if (!holds)
        g_error("fuzz: %s", what);
}

static void must_be_one_line(GError *error, const char *place)
{
    must(error != NULL, "refused without a word");
    must(error->domain == RING1_ERROR && error->code == RING1_ERROR_INPUT, "an error of another kind");
    must(g_str_has_prefix(error->message, place), "an error without a place");
    must(strchr(error->message, '\n') == NULL && strlen(error->message) < 500, "not one short line");
    g_error_free(error);
}

static void show_all(const struct call_log *log)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < log->calls->len; i++)
        call_log_append_call(log, out, call_log_get(log, i));
}

static void compare(const struct call_log *a, const struct call_log *b, unsigned ignore, bool alike)
{
    const struct diff_options options = {.ignore = ignore, .window = 16, .context = 2, .shown = 100};
    g_autoptr(GString) out = g_string_new(NULL);
    struct diff *d = diff_new(a, b, &options);
    must(!alike || d->ops->len == 0, "a trace is not alike itself");
    must(d->equal + d->count[DIFF_CHANGED] + d->count[DIFF_ONLY_A] == a->calls->len, "a call of A is lost");
    must(d->equal + d->count[DIFF_CHANGED] + d->count[DIFF_ONLY_B] == b->calls->len, "a call of B is lost");
    diff_append_text(d, out);
    diff_append_json(d, out);
    diff_free(d);
}

/* The same log without its first half: `rest` lends its arrays. */
static void compare_halves(struct call_log *log)
{
    struct call_log rest = *log;
    guint half = log->calls->len / 2;
    rest.calls = g_array_new(FALSE, TRUE, sizeof(struct logged_call));
    g_array_append_vals(rest.calls, call_log_get(log, half), log->calls->len - half);
    compare(log, &rest, 0, false);
    compare(&rest, log, DIFF_FRAMES | DIFF_TIME | DIFF_ADDRESSES, false);
    g_array_unref(rest.calls);
}

int compare_or_refused(struct call_log *log, GError *error, const char *place)
{
    if (!log) {
        must_be_one_line(error, place);
        return 0;
    }
    must(error == NULL, "an error beside a trace");
    show_all(log);
    if (log->calls->len > 0 && log->calls->len <= MOST_CALLS) {
        compare(log, log, 0, true);
        compare(log, log, DIFF_FRAMES, true);
        compare_halves(log);
    }
    call_log_free(log);
    return 0;
}
