/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * inject.c - see inject.h.
 */
#include "inject.h"

#include <ring1/ring1.h>
#include <string.h>

#define MAX_ERRNO    4095
#define MAX_DELAY_NS UINT64_C(100000000000) /* work is counted in 32 bits (dispatch/preempt.h) */

static bool fail(GError **error, const char *word, const char *wanted)
{
    g_autofree char *shown = g_utf8_make_valid(word, (gssize)MIN(strlen(word), 200));
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "'%s' is no %s", shown, wanted);
    return false;
}

/* Digits at *text, which moves behind them. */
static bool take_number(const char **text, uint64_t *number)
{
    const char *end = *text;
    while (g_ascii_isdigit(*end))
        end++;
    g_autofree char *digits = g_strndup(*text, (gsize)(end - *text));
    guint64 n;
    if (!g_ascii_string_to_unsigned(digits, 10, 0, UINT64_MAX - 1, &n, NULL))
        return false;
    *number = n;
    *text = end;
    return true;
}

static bool take_error(struct injection *i, const char *value, GError **error)
{
    const char *at = value;
    uint64_t number;
    bool ok = take_number(&at, &number) && *at == '\0' && number >= 1 && number <= MAX_ERRNO;
    for (int32_t e = 1; !ok && e <= MAX_ERRNO; e++) {
        const char *name = errno_name(-e);
        ok = name && strcmp(name + strlen("-"), value) == 0;
        number = (uint64_t)e;
    }
    i->answers = true;
    i->result = -(int32_t)number;
    return ok || fail(error, value, "errno: a name like ENOMEM, or 1 to 4095");
}

static bool take_retval(struct injection *i, const char *value, GError **error)
{
    bool minus = value[0] == '-', hex = g_str_has_prefix(value + minus, "0x");
    guint64 number;
    bool ok = g_ascii_string_to_unsigned(value + minus + (hex ? 2 : 0), hex ? 16 : 10, 0,
                                         minus ? 0x80000000u : UINT32_MAX, &number, NULL);
    i->answers = true;
    if (ok)
        i->result = (int32_t)(minus ? 0u - (uint32_t)number : (uint32_t)number);
    return ok || fail(error, value, "result: a number of 32 bits");
}

static bool take_delay(struct injection *i, const char *value, GError **error)
{
    static const struct {
        const char *suffix;
        uint64_t ns;
    } units[] = {{"", 1000}, {"us", 1000}, {"ns", 1}, {"ms", 1000000}, {"s", 1000000000}};
    const char *at = value;
    uint64_t number;
    if (take_number(&at, &number) && number > 0)
        for (size_t u = 0; u < G_N_ELEMENTS(units); u++)
            if (strcmp(at, units[u].suffix) == 0 && number <= MAX_DELAY_NS / units[u].ns) {
                i->delay_ns = number * units[u].ns;
                return true;
            }
    return fail(error, value, "delay: a number of us, or with ns, us, ms or s behind it, up to 100s");
}

/* FIRST[..LAST][+[STEP]] */
static bool take_when(struct injection *i, const char *value, GError **error)
{
    const char *at = value;
    bool ok = take_number(&at, &i->first) && i->first > 0;
    i->last = i->first;
    i->step = 1;
    if (ok && g_str_has_prefix(at, "..")) {
        at += 2;
        ok = take_number(&at, &i->last) && i->last >= i->first;
    } else if (*at == '+') {
        i->last = UINT64_MAX;
    }
    if (ok && *at == '+') {
        at++;
        ok = *at == '\0' || (take_number(&at, &i->step) && i->step > 0);
    }
    return (ok && *at == '\0') ||
           fail(error, value, "time to inject: FIRST, FIRST+, FIRST+STEP, FIRST..LAST or FIRST..LAST+STEP");
}

static const struct {
    const char *name;
    bool (*take)(struct injection *i, const char *value, GError **error);
} parts[] = {{"error=", take_error}, {"retval=", take_retval}, {"delay=", take_delay}, {"when=", take_when}};

static bool take_part(struct injection *i, const char *part, GError **error)
{
    for (size_t p = 0; p < G_N_ELEMENTS(parts); p++)
        if (g_str_has_prefix(part, parts[p].name))
            return parts[p].take(i, part + strlen(parts[p].name), error);
    return fail(error, part, "part of inject=SET:...: error=, retval=, delay= or when=");
}

struct injection *injection_parse(const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, ":", -1);
    struct injection *i = g_new0(struct injection, 1);
    i->sets = g_ptr_array_new_with_free_func((GDestroyNotify)call_set_free);
    i->first = i->step = 1;
    i->last = UINT64_MAX;
    struct call_set *set = call_set_parse(words[0] ? words[0] : "", error);
    bool ok = set != NULL;
    if (set)
        g_ptr_array_add(i->sets, set);
    for (char **word = words + 1; ok && *word; word++)
        ok = take_part(i, *word, error);
    if (ok && !i->answers && !i->delay_ns)
        ok = fail(error, text, "injection: error=, retval= or delay= is missing");
    if (ok)
        return i;
    injection_free(i);
    return NULL;
}

void injection_free(struct injection *i)
{
    if (!i)
        return;
    call_matcher_free(i->matcher);
    g_ptr_array_unref(i->sets);
    g_free(i);
}

void injection_attach(struct injection *i, const struct abi *abi)
{
    call_matcher_free(i->matcher);
    i->matcher = call_matcher_new(abi, i->sets);
}

bool injection_due(struct injection *i, struct vcpu *v, uint32_t nr, const uint32_t *arg)
{
    if (!call_matcher_may(i->matcher, nr) || !call_matcher_match(i->matcher, v, nr, arg))
        return false;
    uint64_t n = ++i->count;
    return n >= i->first && n <= i->last && (n - i->first) % i->step == 0;
}
