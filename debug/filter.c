/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * filter.c - see filter.h.
 */
#include "filter.h"

#include "event.h"

#include <string.h>

struct filter *filter_new(void)
{
    struct filter *f = g_new0(struct filter, 1);
    f->sets = g_ptr_array_new_with_free_func((GDestroyNotify)call_set_free);
    f->places = g_array_new(FALSE, FALSE, sizeof(struct place));
    f->injections = g_ptr_array_new_with_free_func((GDestroyNotify)injection_free);
    return f;
}

void filter_free(struct filter *f)
{
    if (!f)
        return;
    call_matcher_free(f->matcher);
    g_ptr_array_unref(f->sets);
    g_array_unref(f->places);
    g_ptr_array_unref(f->injections);
    g_free(f);
}

static bool add_trace(struct filter *f, const char *text, GError **error)
{
    struct call_set *set = call_set_parse(text, error);
    if (set)
        g_ptr_array_add(f->sets, set);
    return set != NULL;
}

static bool add_status(struct filter *f, const char *text, GError **error)
{
    static const char *const words[] = {"successful", "failed", "unfinished", "all"};
    static const uint32_t bits[] = {CALL_SUCCESSFUL, CALL_FAILED, CALL_UNFINISHED, 7};
    bool negated = text[0] == '!';
    uint32_t status = 0;
    g_auto(GStrv) list = g_strsplit(text + negated, ",", -1);
    for (char **word = list; *word || word == list; word++) {
        size_t i = 0;
        while (i < G_N_ELEMENTS(words) && strcmp(words[i], *word ? *word : "") != 0)
            i++;
        if (i == G_N_ELEMENTS(words)) {
            g_autofree char *shown = g_utf8_make_valid(*word ? *word : "", -1);
            g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION,
                        "'%.200s' is no status: successful, failed, unfinished or all", shown);
            return false;
        }
        status |= bits[i];
    }
    f->status |= negated ? (~status & 7) | CALL_NEVER : status;
    return true;
}

static bool add_event(struct filter *f, const char *text, GError **error)
{
    uint32_t events;
    if (!event_set_parse(text, &events, error))
        return false;
    f->events |= events;
    return true;
}

static bool add_injection(struct filter *f, const char *text, GError **error)
{
    struct injection *i = injection_parse(text, error);
    if (i)
        g_ptr_array_add(f->injections, i);
    return i != NULL;
}

static const struct {
    const char *name;
    bool (*add)(struct filter *f, const char *text, GError **error);
} qualifiers[] = {
    {"trace", add_trace}, {"t", add_trace},          {"status", add_status},
    {"event", add_event}, {"inject", add_injection},
};

/* What is wrong is said in one line, whatever bytes stand in the words. */
#define MESSAGE_MAX 1000u
static bool tidy(bool ok, GError *why, GError **error)
{
    if (ok)
        return true;
    if (strlen(why->message) > MESSAGE_MAX)
        strcpy(why->message + MESSAGE_MAX, "...");
    g_autofree char *valid = g_utf8_make_valid(why->message, -1);
    for (char *at = valid; *at; at++)
        if (g_ascii_iscntrl(*at))
            *at = '?';
    g_set_error_literal(error, why->domain, why->code, valid);
    g_error_free(why);
    return false;
}

static bool add(struct filter *f, const char *expression, GError **error)
{
    const char *equals = strchr(expression, '=');
    size_t len = equals ? (size_t)(equals - expression) : 0;
    /* An expression in slashes may have a `=` of its own. */
    if (!equals || memchr(expression, '/', len))
        return add_trace(f, expression, error);
    for (size_t i = 0; i < G_N_ELEMENTS(qualifiers); i++)
        if (strlen(qualifiers[i].name) == len && memcmp(qualifiers[i].name, expression, len) == 0)
            return qualifiers[i].add(f, equals + 1, error);
    g_autofree char *shown = g_utf8_make_valid(expression, (gssize)MIN(len, 200));
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION,
                "'%s=' is none of trace=, status=, event= and inject=", shown);
    return false;
}

bool filter_add(struct filter *f, const char *expression, GError **error)
{
    GError *why = NULL;
    bool ok = add(f, expression, &why);
    return tidy(ok, why, error);
}

bool filter_add_place(struct filter *f, const char *text, GError **error)
{
    struct place place;
    GError *why = NULL;
    bool ok = place_parse(text, &place, &why);
    if (!tidy(ok, why, error))
        return false;
    g_array_append_val(f->places, place);
    return true;
}

void filter_attach(struct filter *f, const struct abi *abi)
{
    call_matcher_free(f->matcher);
    f->matcher = f->sets->len ? call_matcher_new(abi, f->sets) : NULL;
    for (unsigned i = 0; i < f->injections->len; i++)
        injection_attach(f->injections->pdata[i], abi);
}

bool filter_wants_status(const struct filter *f, const struct ring1_call *call)
{
    if (!f->status)
        return true;
    uint32_t status = call->continued            ? CALL_UNFINISHED
                      : errno_name(call->result) ? CALL_FAILED
                                                 : CALL_SUCCESSFUL;
    return f->status & status;
}
