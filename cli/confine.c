/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * confine.c - see confine.h.
 */
#include "confine.h"

/* Clients of sockets at a time, of all of them. */
#define CLIENTS_MAX 64

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

void confine_made(const struct options *o)
{
    if (o->sandbox == SANDBOX_ON && !sandbox_missing() && !(needs_of(o) & SANDBOX_ENGINE))
        sandbox_no_engine();
}

static void told(const char *call)
{
    complain("sandbox: %s would be refused", call);
}

static char *describe(const struct sandbox_state *s)
{
    g_autofree char *landlock = s->landlock ? g_strdup_printf("Landlock (ABI %d)", s->landlock)
                                            : g_strdup("no Landlock in this kernel");
    return g_strdup_printf("%s, %s, no new privileges, limits",
                           s->filter ? "a filter of system calls" : "no filter", landlock);
}

char *confine_describe(void)
{
    struct sandbox_state state;
    if (sandbox_missing())
        return g_strdup_printf("sandbox: none: %s\n", sandbox_missing());
    sandbox_probe(&state);
    g_autofree char *parts = describe(&state);
    return g_strdup_printf("sandbox: %s\n", parts);
}

bool confine(const struct options *o, unsigned needs)
{
    struct sandbox_setup setup = {
        .mode = o->sandbox, .needs = needs | needs_of(o), .told = told, .only_file = -1};
    struct sandbox_state state;
    const char *why;
    if (o->sandbox == SANDBOX_OFF || (!o->sandbox_given && sandbox_missing()))
        return true;
    if (setup.needs & SANDBOX_CLIENTS)
        setup.more_files = CLIENTS_MAX;
    bool good = sandbox_enter(&setup, &state, &why);
    if (!good)
        complain("%s: %s: %s", o->name, o->sandbox_given ? "--sandbox" : "there is no sandbox", why);
    if (!good || o->sandbox == SANDBOX_ON)
        return good || !o->sandbox_given;
    g_autofree char *parts = describe(&state);
    complain("sandbox: nothing is enforced; this system has %s", parts);
    return true;
}
