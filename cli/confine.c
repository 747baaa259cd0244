/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * confine.c - see confine.h: entering, and what is said of it.
 */
#include "confine.h"

#include <string.h>

/* Clients of sockets at a time, of all of them. */
#define CLIENTS_MAX 64

/* --- what is needed -------------------------------------------------------------------- */

/* Sockets that were connected before: helpers of the network, servers of disks. */
static bool talks(const ring1_config *c)
{
    for (char **net = c->nets; net && *net; net++)
        if (g_str_has_prefix(*net, "user"))
            return true;
    for (char **disk = c->disks; disk && *disk; disk++)
        if (g_str_has_prefix(*disk, "nbd"))
            return true;
    return false;
}

static unsigned needs_of(const struct options *o)
{
    unsigned needs = 0;
    if (o->control || (o->console && g_str_has_prefix(o->console, "unix:")))
        needs |= SANDBOX_CLIENTS;
    /* A debugger's past is another machine. */
    if (o->gdb)
        needs |= SANDBOX_CLIENTS | SANDBOX_ENGINE;
    if (talks(o->config))
        needs |= SANDBOX_TALK;
    if (o->restart || o->command == COMMAND_REPLAY)
        needs |= SANDBOX_ENGINE;
    return needs;
}

unsigned confine_needs(const ring1_config *config)
{
    return talks(config) ? SANDBOX_TALK : 0;
}

/* --- entering ---------------------------------------------------------------------------- */

bool confine_choose(const char *value, struct sandbox_choice *choice)
{
    *choice = (struct sandbox_choice){.mode = SANDBOX_ON};
    if (!value || sandbox_choice_parse(value, choice))
        return true;
    complain("--sandbox: '%s' is not " SANDBOX_VALUES, value);
    return false;
}

static void told(const char *call)
{
    complain("sandbox: %s would be refused", call);
}

/* What is in force, or would be. */
static char *describe(const struct sandbox_state *s)
{
    g_autoptr(GStrvBuilder) b = g_strv_builder_new();
    g_autofree char *landlock =
        s->landlock ? g_strdup_printf("Landlock (ABI %d)", s->landlock) : g_strdup("no Landlock");
    if (s->filter)
        g_strv_builder_add(b, "a filter of system calls");
    g_strv_builder_add(b, landlock);
    if (s->no_new_privs)
        g_strv_builder_add(b, "no new privileges");
    if (s->limits)
        g_strv_builder_add(b, "limits");
    g_auto(GStrv) words = g_strv_builder_end(b);
    return g_strjoinv(", ", words);
}

char *confine_describe(void)
{
    struct sandbox_state state;
    const char *why;
    if (sandbox_missing())
        return g_strdup_printf("sandbox: none: %s\n", sandbox_missing());
    sandbox_probe(&state, &why);
    g_autofree char *parts = describe(&state);
    return state.filter ? g_strdup_printf("sandbox: %s\n", parts)
                        : g_strdup_printf("sandbox: %s; no filter of system calls: %s\n", parts, why);
}

/* Asked for and not to be had it is an error; else it is said what there is. */
static bool do_without(const char *name, const struct sandbox_choice *choice,
                       const struct sandbox_state *state, const char *why)
{
    g_autofree char *parts = describe(state);
    if (choice->given)
        complain("%s: --sandbox: %s", name, why);
    else if (!choice->before)
        complain("%s: the sandbox has no filter of system calls: %s; it has %s", name, why, parts);
    return !choice->given;
}

bool confine_reader(const char *name, const struct sandbox_choice *choice, unsigned needs)
{
    struct sandbox_setup setup = {.mode = choice->mode, .needs = needs, .told = told, .only_file = -1};
    struct sandbox_state state;
    const char *why;
    if (choice->mode == SANDBOX_OFF || (!choice->given && sandbox_missing()))
        return true;
    if (needs & SANDBOX_ENGINE)
        setup.needs &= ~(unsigned)SANDBOX_FIRST_ENGINE;
    if (needs & SANDBOX_CLIENTS)
        setup.more_files = CLIENTS_MAX;
    if (!sandbox_enter(&setup, &state, &why))
        return do_without(name, choice, &state, why);
    if (choice->mode == SANDBOX_ON)
        return true;
    g_autofree char *parts = describe(&state);
    complain("sandbox: nothing is enforced; this system has %s", parts);
    return true;
}

bool confine(const struct options *o, unsigned needs)
{
    return confine_reader(o->name, &o->sandbox, needs | needs_of(o));
}

void confine_made(const struct options *o)
{
    if (o->sandbox.mode == SANDBOX_ON && !sandbox_missing() && !(needs_of(o) & SANDBOX_ENGINE))
        sandbox_no_engine();
}

/* --- what --sandbox=report heard ---------------------------------------------------------- */

#define CALLS_MAX 512u

static unsigned reported(const struct sandbox_choice *choice, struct sandbox_call *calls)
{
    return choice->mode == SANDBOX_REPORT ? sandbox_reported(calls, CALLS_MAX) : 0;
}

void confine_tell(const struct sandbox_choice *choice)
{
    struct sandbox_call calls[CALLS_MAX];
    unsigned nr = reported(choice, calls);
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i < nr; i++)
        g_string_append_printf(text, "%s %s %" G_GUINT64_FORMAT, i ? "," : "", calls[i].name, calls[i].count);
    if (nr)
        complain("sandbox: calls that would be refused:%s", text->str);
}

char *confine_into_report(const struct sandbox_choice *choice, char *json)
{
    struct sandbox_call calls[CALLS_MAX];
    unsigned nr = reported(choice, calls);
    char *end = g_strrstr(json, "\n}");
    if (choice->mode != SANDBOX_REPORT || !end)
        return json;
    g_autoptr(GString) text = g_string_new_len(json, end - json);
    g_string_append(text, ",\n  \"sandbox\" : {\n    \"would_refuse\" : [");
    for (unsigned i = 0; i < nr; i++)
        g_string_append_printf(
            text,
            "%s\n      {\n        \"call\" : \"%s\",\n        \"count\" : %" G_GUINT64_FORMAT "\n      }",
            i ? "," : "", calls[i].name, calls[i].count);
    g_string_append_printf(text, "%s]\n  }%s", nr ? "\n    " : "", end);
    g_free(json);
    return g_strdup(text->str);
}
