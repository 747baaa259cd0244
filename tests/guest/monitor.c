/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * monitor.c - a guest under the library's debugger, and a script for it:
 *
 *   @run [NS]     go on until something stops it, or up to that time
 *   @step [N]     so many instructions of vcpu 0
 *   @back         back to what stops it, or to the begin
 *   @break ADDR, @unbreak ADDR, @watch ADDR LEN
 *   @vcpu N       of commands from now on
 *   COMMAND       debug/monitor.h's
 *   < EXPRESSION  the last answer has it (or that of a stop, with its reason in words)
 *   <! EXPRESSION and not this
 *   <= EXPRESSION ... the next words are kept: $1, $2 in later lines are what the expression's
 *                 brackets hold
 *   = NAME        the machine's state is kept by that name; later: it is that again
 *
 * usage: monitor [--record] [--vcpus N] IMAGE SCRIPT [GUEST-COMMAND-LINE]
 */
#include "debug/monitor.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct session {
    ring1_machine *machine;
    ring1_debugger *debugger;
    struct monitor *monitor;
    unsigned vcpu, line, failed;
    char *answer;
    char *kept[10];
    GHashTable *states; /* name -> hash */
};

static void give_up(const char *what, const GError *error)
{
    fprintf(stderr, "monitor: %s: %s\n", what, error ? error->message : "?");
    exit(99);
}

static void fail(struct session *s, const char *what, const char *detail)
{
    s->failed++;
    printf("line %u: %s %s\n--- the answer was\n%s---\n", s->line, what, detail, s->answer ? s->answer : "");
}

static const char *const reasons[] = {
    [RING1_DEBUG_STEPPED] = "stepped",
    [RING1_DEBUG_BREAKPOINT] = "breakpoint",
    [RING1_DEBUG_WATCHPOINT] = "watchpoint",
    [RING1_DEBUG_CALL] = "call",
    [RING1_DEBUG_INTERRUPTED] = "interrupted",
    [RING1_DEBUG_GUEST] = "guest",
    [RING1_DEBUG_BEGIN] = "begin",
    [RING1_DEBUG_PRESENT] = "present",
};

static void stopped(struct session *s, const struct ring1_debug_stop *stop)
{
    struct ring1_registers r;
    g_autofree char *text = monitor_stopped(s->monitor, stop);
    ring1_debugger_get_registers(s->debugger, stop->vcpu, &r);
    g_free(s->answer);
    s->answer = g_strdup_printf("stop: %s, vcpu %u, eip 0x%08x\n%s", reasons[stop->reason], stop->vcpu, r.eip,
                                text ? text : "");
}

static void run(struct session *s, enum ring1_debug_go how, const char *until)
{
    struct ring1_budget budget = RING1_BUDGET_UNLIMITED;
    struct ring1_debug_stop stop;
    GError *error = NULL;
    if (until)
        budget.until_ns = g_ascii_strtoull(until, NULL, 0);
    if (!ring1_debugger_run(s->debugger, how, s->vcpu, &budget, &stop, &error))
        give_up("run", error);
    stopped(s, &stop);
}

static void step(struct session *s, const char *times)
{
    for (guint64 n = times ? g_ascii_strtoull(times, NULL, 0) : 1; n > 0; n--)
        run(s, RING1_GO_STEP, NULL);
}

static void back(struct session *s)
{
    struct ring1_debug_stop stop;
    GError *error = NULL;
    if (!ring1_debugger_run_back(s->debugger, RING1_GO_ON, s->vcpu, NULL, NULL, &stop, &error))
        give_up("back", error);
    stopped(s, &stop);
}

static uint32_t number(const char *text)
{
    return text ? (uint32_t)g_ascii_strtoull(text, NULL, 0) : 0;
}

static void action(struct session *s, char **words)
{
    GError *error = NULL;
    if (strcmp(words[0], "@run") == 0)
        run(s, RING1_GO_ON, words[1]);
    else if (strcmp(words[0], "@step") == 0)
        step(s, words[1]);
    else if (strcmp(words[0], "@back") == 0)
        back(s);
    else if (strcmp(words[0], "@break") == 0)
        ring1_debugger_break(s->debugger, number(words[1]));
    else if (strcmp(words[0], "@unbreak") == 0)
        ring1_debugger_unbreak(s->debugger, number(words[1]));
    else if (strcmp(words[0], "@vcpu") == 0)
        s->vcpu = number(words[1]);
    else if (strcmp(words[0], "@watch") != 0 ||
             !ring1_debugger_watch(s->debugger, number(words[1]), number(words[2]), RING1_WATCH_WRITE,
                                   &error))
        give_up(words[0], error);
}

static void expect(struct session *s, const char *pattern, bool wanted, bool keep)
{
    GError *error = NULL;
    g_autoptr(GMatchInfo) info = NULL;
    g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_MULTILINE, 0, &error);
    if (!regex)
        give_up(pattern, error);
    if (g_regex_match(regex, s->answer ? s->answer : "", 0, &info) != wanted)
        fail(s, wanted ? "does not have" : "has", pattern);
    for (int i = 1; keep && i < 10 && i < g_match_info_get_match_count(info); i++) {
        g_free(s->kept[i]);
        s->kept[i] = g_match_info_fetch(info, i);
    }
}

/* The same state as when the name was first met. */
static void state(struct session *s, const char *name)
{
    g_autofree char *hash = ring1_machine_hash(ring1_debugger_machine(s->debugger));
    const char *was = g_hash_table_lookup(s->states, name);
    if (!was)
        g_hash_table_insert(s->states, g_strdup(name), g_steal_pointer(&hash));
    else if (strcmp(was, hash) != 0)
        fail(s, "the state is another than at", name);
}

/* $1 to $9. */
static char *filled(const struct session *s, const char *line)
{
    GString *out = g_string_new(NULL);
    for (; *line; line++) {
        if (*line == '$' && line[1] >= '1' && line[1] <= '9' && s->kept[line[1] - '0'])
            g_string_append(out, s->kept[*++line - '0']);
        else
            g_string_append_c(out, *line);
    }
    return g_string_free(out, FALSE);
}

static void do_line(struct session *s, const char *given)
{
    g_autofree char *line = filled(s, given);
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    if (line[0] == '\0' || (line[0] == '#' && line[1] == ' '))
        return;
    if (line[0] == '@') {
        action(s, words);
    } else if (g_str_has_prefix(line, "<= ")) {
        expect(s, line + 3, true, true);
    } else if (g_str_has_prefix(line, "<! ")) {
        expect(s, line + 3, false, false);
    } else if (g_str_has_prefix(line, "< ")) {
        expect(s, line + 2, true, false);
    } else if (g_str_has_prefix(line, "= ")) {
        state(s, line + 2);
    } else {
        bool moved;
        g_free(s->answer);
        s->answer = monitor_command(s->monitor, s->vcpu, line, &moved);
    }
    if (g_getenv("MONITOR_SHOW") && line[0] != '<' && line[0] != '=')
        printf("(%s)\n%s", line, s->answer ? s->answer : "");
}

int main(int argc, char **argv)
{
    GError *error = NULL;
    g_autoptr(ring1_config) config = ring1_config_new();
    struct session s = {0};
    bool want_record = false;
    g_autofree char *path = NULL, *script = NULL;
    for (argv++; *argv && g_str_has_prefix(*argv, "--"); argv++) {
        want_record = want_record || strcmp(*argv, "--record") == 0;
        if (strcmp(*argv, "--vcpus") == 0)
            config->vcpus = number(*++argv);
    }
    if (argc < 3 || !argv[0] || !argv[1])
        give_up("usage", NULL);
    if (want_record) {
        path = g_strdup_printf("%s/ring1-monitor-XXXXXX", g_get_tmp_dir());
        close(g_mkstemp(path));
        if (!(config->record = ring1_record_new(path, &error)))
            give_up(path, error);
    }
    if (argv[2])
        config->cmdline = g_strdup(argv[2]);
    if (!(s.machine = ring1_machine_new_from_file(config, argv[0], &error)) ||
        !(s.debugger = ring1_debugger_new(s.machine, config->record, &error)) ||
        !g_file_get_contents(argv[1], &script, NULL, &error))
        give_up(argv[0], error);
    s.monitor = monitor_new(s.debugger);
    s.states = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) lines = g_strsplit(script, "\n", -1);
    for (; lines[s.line]; s.line++)
        do_line(&s, lines[s.line]);
    monitor_free(s.monitor);
    ring1_debugger_free(s.debugger);
    ring1_machine_free(s.machine);
    ring1_record_free(config->record);
    if (path)
        g_unlink(path);
    for (unsigned i = 0; i < G_N_ELEMENTS(s.kept); i++)
        g_free(s.kept[i]);
    g_free(s.answer);
    g_hash_table_unref(s.states);
    printf("%u lines, %u failed\n", s.line, s.failed);
    return s.failed != 0;
}
