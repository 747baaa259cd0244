/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb_query.c - the packets that are words: q asks, Q sets, v is about the run.
 */
#include "gdb_priv.h"

#include <string.h>

/* --- what both sides can do --------------------------------------------------------------------- */

static void supported(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    g_auto(GStrv) words = g_strsplit(args, ";", -1);
    g->errors_as_text = g_strv_contains((const char *const *)words, "error-message+");
    g->reports_swbreak = g_strv_contains((const char *const *)words, "swbreak+");
    g->reports_hwbreak = g_strv_contains((const char *const *)words, "hwbreak+");
    g_autoptr(GString) s = g_string_new(NULL);
    g_string_printf(s,
                    "PacketSize=%x;QStartNoAckMode+;swbreak+;hwbreak+;vContSupported+;QCatchSyscalls+;"
                    "error-message+;binary-upload+;qXfer:features:read+;qXfer:memory-map:read+;"
                    "qXfer:threads:read+%s%s",
                    GDB_PACKET_MAX, g->image ? ";qXfer:exec-file:read+" : "",
                    g->past ? ";ReverseStep+;ReverseContinue+" : "");
    gdb_reply_string(g, s);
}

static void start_no_ack(struct gdb_server *g, G_GNUC_UNUSED const char *args, G_GNUC_UNUSED size_t len)
{
    gdb_reply(g, "OK");
    g->packets.no_ack = true;
}

static void non_stop(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    if (strcmp(args, "0") == 0)
        gdb_reply(g, "OK");
    else
        gdb_error_shown(g, "the vcpus of a guest stop and go on together: there is no non-stop mode");
}

/* --- threads --------------------------------------------------------------------------------------- */

static void current_thread(struct gdb_server *g, G_GNUC_UNUSED const char *args, G_GNUC_UNUSED size_t len)
{
    g_autofree char *reply = g_strdup_printf("QC%x", g->vcpu + 1);
    gdb_reply(g, reply);
}

static void first_threads(struct gdb_server *g, G_GNUC_UNUSED const char *args, G_GNUC_UNUSED size_t len)
{
    g_autoptr(GString) s = g_string_new(NULL);
    unsigned nr = ring1_machine_nr_vcpus(ring1_debugger_machine(g->debugger));
    struct ring1_registers r;
    for (unsigned i = 0; i < nr; i++)
        if (ring1_debugger_get_registers(g->debugger, i, &r))
            g_string_append_printf(s, "%c%x", s->len ? ',' : 'm', i + 1);
    gdb_reply_string(g, s);
}

static void more_threads(struct gdb_server *g, G_GNUC_UNUSED const char *args, G_GNUC_UNUSED size_t len)
{
    gdb_reply(g, "l");
}

static void thread_info(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    unsigned vcpu = 0;
    bool any;
    if (!gdb_get_thread(g, &args, &vcpu, &any) || any) {
        gdb_error(g, "there is no such vcpu");
        return;
    }
    g_autofree char *text = gdb_describe_vcpu(g, vcpu);
    g_autoptr(GString) s = g_string_new(NULL);
    gdb_put_hex(s, text, strlen(text));
    gdb_reply_string(g, s);
}

/* A client that leaves detaches: the guest was here before it. */
static void attached(struct gdb_server *g, G_GNUC_UNUSED const char *args, G_GNUC_UNUSED size_t len)
{
    gdb_reply(g, "1");
}

/* --- monitor ------------------------------------------------------------------------------------------ */

static void monitor(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    g_autofree char *line = gdb_get_text(&args);
    if (!line || *args) {
        gdb_error(g, "qRcmd: text in hexadecimal");
        return;
    }
    bool moved = false;
    g->state = GDB_RUNS; /* it may take long: what comes now waits, and Ctrl-C ends it */
    g_autofree char *text = monitor_command(g->monitor, g->vcpu, line, &moved);
    g->state = GDB_STOPPED;
    g->interrupt = false;
    gdb_put_console(g, text);
    gdb_reply(g, "OK");
    if (moved)
        gdb_stop_silently(g);
    gdb_take_waiting(g);
}

/* --- hypercalls ------------------------------------------------------------------------------------------
 */

void gdb_set_catches(struct gdb_server *g)
{
    monitor_catch_numbers(g->monitor, g->catches_calls && g->catches->len == 0,
                          (const uint32_t *)(const void *)g->catches->data, g->catches->len);
}

/* "0", "1", or "1;NUMBER;NUMBER..." */
static void catch_calls(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    bool on = *args == '1', good = on || *args == '0';
    uint32_t number;
    for (args += good; good && gdb_get_char(&args, ';');) {
        good = gdb_get_u32(&args, &number);
        g_array_append_val(numbers, number);
    }
    if (!good || *args) {
        gdb_error(g, "QCatchSyscalls: 0, or 1 and numbers of hypercalls");
        return;
    }
    g_array_set_size(g->catches, 0);
    g->catches_calls = on;
    if (on)
        g_array_append_vals(g->catches, numbers->data, numbers->len);
    gdb_set_catches(g);
    gdb_reply(g, "OK");
}

/* --- the run
 * ------------------------------------------------------------------------------------------------ */

static void actions(struct gdb_server *g, G_GNUC_UNUSED const char *args, G_GNUC_UNUSED size_t len)
{
    gdb_reply(g, "vCont;c;C;s;S;t;r");
}

static void kill_guest(struct gdb_server *g, G_GNUC_UNUSED const char *args, G_GNUC_UNUSED size_t len)
{
    gdb_reply(g, "OK");
    g->state = GDB_KILLED;
}

/* The guest stands still already. */
static void interrupt(struct gdb_server *g, G_GNUC_UNUSED const char *args, G_GNUC_UNUSED size_t len)
{
    gdb_reply(g, "OK");
}

static void refuse_start(struct gdb_server *g, G_GNUC_UNUSED const char *args, G_GNUC_UNUSED size_t len)
{
    gdb_error_shown(g, "there is one guest, which ring1 was started with");
}

/* --- the table
 * ---------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    char separator; /* after the name; 0: nothing may follow */
    gdb_command_fn fn;
} words[] = {
    {"QCatchSyscalls", ':', catch_calls},
    {"QNonStop", ':', non_stop},
    {"QStartNoAckMode", 0, start_no_ack},
    {"qAttached", 0, attached},
    {"qAttached", ':', attached},
    {"qC", 0, current_thread},
    {"qRcmd", ',', monitor},
    {"qSupported", 0, supported},
    {"qSupported", ':', supported},
    {"qThreadExtraInfo", ',', thread_info},
    {"qXfer", ':', gdb_transfer},
    {"qfThreadInfo", 0, first_threads},
    {"qsThreadInfo", 0, more_threads},
    {"vAttach", ';', refuse_start},
    {"vCont", ';', gdb_vcont},
    {"vCont?", 0, actions},
    {"vCtrlC", 0, interrupt},
    {"vFile", ':', gdb_file},
    {"vKill", 0, kill_guest},
    {"vKill", ';', kill_guest},
    {"vRun", ';', refuse_start},
};

bool gdb_query(struct gdb_server *g, const char *packet, size_t len)
{
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        size_t n = strlen(words[i].name);
        if (len < n || memcmp(packet, words[i].name, n) != 0 || packet[n] != words[i].separator)
            continue;
        /* vCont's actions begin with their separator, each. */
        size_t skip = words[i].separator && words[i].fn != gdb_vcont ? n + 1 : n;
        words[i].fn(g, packet + skip, len - skip);
        return true;
    }
    return false;
}
