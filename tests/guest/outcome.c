/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * outcome.c - see outcome.h.
 */
#include "outcome.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void give_up(const char *what, const GError *error)
{
    fprintf(stderr, "%s: %s\n", what, error ? error->message : "?");
    exit(99);
}

static char **just(const char *text)
{
    const char *one[] = {text, NULL};
    return g_strdupv((char **)one);
}

static bool guest_option(ring1_config *config, const char *name, const char *value)
{
    if (strcmp(name, "--vcpus") == 0)
        config->vcpus = (unsigned)atoi(value);
    else if (strcmp(name, "--preempt") == 0 && strcmp(value, "every") == 0)
        config->preempt = RING1_PREEMPT_EVERY;
    else if (strcmp(name, "--disk") == 0)
        config->disks = just(value);
    else if (strcmp(name, "--net") == 0)
        config->nets = just(value);
    else
        return false;
    return true;
}

bool guest_arguments(ring1_config *config, const char **image, int *argc, char ***argv)
{
    char **at = *argv + 1, **end = *argv + *argc;
    while (end - at > 2 && guest_option(config, at[0], at[1]))
        at += 2;
    if (end - at < 3 || !ring1_abi_from_name(at[1], &config->abi) ||
        !ring1_xen_from_name(at[2], &config->xen))
        return false;
    config->memory_mib = 16;
    *image = at[0];
    *argv = at + 3;
    *argc = (int)(end - *argv);
    return true;
}

static void on_write(void *user, const char *bytes, size_t len)
{
    g_string_append_len(user, bytes, (gssize)len);
}

void outcome_hear(struct outcome *out, ring1_machine *m)
{
    static const struct ring1_console console = {.write = on_write};
    if (!out->console)
        out->console = g_string_new(NULL);
    ring1_machine_set_console(m, &console, out->console);
}

ring1_machine *outcome_make(const ring1_config *config, const char *image, struct outcome *out)
{
    GError *error = NULL;
    ring1_machine *m = ring1_machine_new_from_file(config, image, &error);
    if (!m)
        give_up(image, error);
    outcome_hear(out, m);
    return m;
}

void outcome_take(struct outcome *out, ring1_machine *m)
{
    out->hash = ring1_machine_hash(m);
    out->report = ring1_machine_report(m, true);
    out->ns = ring1_machine_now(m);
    out->calls = ring1_machine_hypercalls(m);
}

bool outcome_check(const char *what, bool good)
{
    printf("%s   %s\n", good ? "ok  " : "FAIL", what);
    return good;
}

unsigned outcome_compare(const struct outcome *a, const struct outcome *b)
{
    unsigned failed = 0;
    failed += !outcome_check("end", a->stop.reason == b->stop.reason && a->stop.shutdown == b->stop.shutdown);
    failed += !outcome_check("console", g_string_equal(a->console, b->console));
    failed += !outcome_check("memory and registers", strcmp(a->hash, b->hash) == 0);
    failed += !outcome_check("time and calls", a->ns == b->ns && a->calls == b->calls);
    failed += !outcome_check("report", strcmp(a->report, b->report) == 0);
    if (failed)
        printf("     %" PRIu64 " ns, %" PRIu64 " calls, %zu bytes, %s\n"
               "     %" PRIu64 " ns, %" PRIu64 " calls, %zu bytes, %s\n",
               a->ns, a->calls, a->console->len, a->hash, b->ns, b->calls, b->console->len, b->hash);
    return failed;
}

void outcome_clear(struct outcome *out)
{
    if (out->console)
        g_string_free(out->console, TRUE);
    g_free(out->hash);
    g_free(out->report);
    *out = (struct outcome){0};
}
