/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb_server.c - see gdb.h: a client's life, and the packets of one letter. Those that
 * are words are gdb_query.c's.
 */
#include "gdb_priv.h"

#include <string.h>

/* Of packets that wait for the guest to stop. */
#define WAITING_MAX (4u * GDB_PACKET_MAX)

/* --- replies ------------------------------------------------------------------------------- */

void gdb_reply(struct gdb_server *g, const char *text)
{
    gdb_packets_send(&g->packets, text, strlen(text));
}

void gdb_reply_string(struct gdb_server *g, const GString *s)
{
    gdb_packets_send(&g->packets, s->str, s->len);
}

/* What would end a packet, or begin another thing in it, is replaced. */
static void send_error(struct gdb_server *g, const char *format, va_list args)
{
    g_autofree char *text = g_strdup_vprintf(format, args);
    g_autofree char *reply = g_strconcat("E.", text, NULL);
    g_strdelimit(reply, "#$}*", '?');
    for (char *c = reply; *c; c++)
        if (!g_ascii_isprint(*c))
            *c = '?';
    gdb_reply(g, reply);
}

void gdb_error(struct gdb_server *g, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (g->errors_as_text)
        send_error(g, format, args);
    else
        gdb_reply(g, "E01");
    va_end(args);
}

void gdb_error_shown(struct gdb_server *g, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    send_error(g, format, args);
    va_end(args);
}

void gdb_put_console(struct gdb_server *g, const char *text)
{
    /* Long texts go in several packets. */
    for (size_t left = strlen(text), n; left > 0; left -= n, text += n) {
        g_autoptr(GString) s = g_string_new("O");
        n = MIN(left, GDB_PACKET_MAX / 4);
        gdb_put_hex(s, text, n);
        gdb_reply_string(g, s);
    }
}

void gdb_server_say(struct gdb_server *g, const char *text)
{
    if (g->state == GDB_RUNS)
        gdb_put_console(g, text);
}

/* --- threads --------------------------------------------------------------------------------- */

static bool is_thread(struct gdb_server *g, uint64_t id)
{
    struct ring1_registers r;
    return id > 0 && id <= ring1_machine_nr_vcpus(ring1_debugger_machine(g->debugger)) &&
           ring1_debugger_get_registers(g->debugger, (unsigned)id - 1, &r);
}

bool gdb_get_thread(struct gdb_server *g, const char **text, unsigned *vcpu, bool *any)
{
    uint64_t id;
    *any = gdb_get_char(text, '-');
    if (!gdb_get_number(text, UINT32_MAX, &id))
        return false;
    *any |= id == 0;
    if (*any)
        return id <= 1;
    if (!is_thread(g, id))
        return false;
    *vcpu = (unsigned)id - 1;
    return true;
}

static void set_thread(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    bool any, general = *args == 'g';
    unsigned vcpu = general ? g->vcpu : g->go_vcpu;
    if (!general && *args != 'c') {
        gdb_error(g, "H: for 'c' or 'g'");
        return;
    }
    args++;
    if (!gdb_get_thread(g, &args, &vcpu, &any) || *args) {
        gdb_error(g, "there is no such vcpu");
        return;
    }
    if (any)
        vcpu = g->stop_vcpu;
    *(general ? &g->vcpu : &g->go_vcpu) = vcpu;
    gdb_reply(g, "OK");
}

static void is_alive(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    uint64_t id;
    if (gdb_get_number(&args, UINT32_MAX, &id) && is_thread(g, id))
        gdb_reply(g, "OK");
    else
        gdb_error(g, "there is no such vcpu");
}

/* --- the client's end -------------------------------------------------------------------------- */

static void detach(struct gdb_server *g, G_GNUC_UNUSED const char *args, G_GNUC_UNUSED size_t len)
{
    gdb_reply(g, "OK");
    g->state = GDB_DETACHED;
}

static void kill_guest(struct gdb_server *g, G_GNUC_UNUSED const char *args, G_GNUC_UNUSED size_t len)
{
    g->state = GDB_KILLED;
}

static void why_stopped(struct gdb_server *g, G_GNUC_UNUSED const char *args, G_GNUC_UNUSED size_t len)
{
    gdb_reply_string(g, g->stopped);
}

/* --- packets ------------------------------------------------------------------------------------- */

static const struct {
    char letter;
    gdb_command_fn fn;
} letters[] = {
    {'?', why_stopped},
    {'b', gdb_backward},
    {'C', gdb_continue_signal},
    {'c', gdb_continue},
    {'D', detach},
    {'G', gdb_write_all},
    {'g', gdb_read_all},
    {'H', set_thread},
    {'k', kill_guest},
    {'M', gdb_write_memory},
    {'m', gdb_read_memory},
    {'P', gdb_write_one},
    {'p', gdb_read_one},
    {'S', gdb_step_signal},
    {'s', gdb_step},
    {'T', is_alive},
    {'X', gdb_write_memory_binary},
    {'x', gdb_read_memory_binary},
    {'Z', gdb_insert_point},
    {'z', gdb_remove_point},
};

static void take_packet(struct gdb_server *g, const char *packet, size_t len)
{
    if (len > 0 && !g->debugger) {
        gdb_error(g, "there is no machine");
        return;
    }
    if (len > 0 && gdb_query(g, packet, len))
        return;
    for (size_t i = 0; len > 0 && i < G_N_ELEMENTS(letters); i++) {
        if (packet[0] != letters[i].letter)
            continue;
        letters[i].fn(g, packet + 1, len - 1);
        return;
    }
    gdb_reply(g, "");
}

static void take_token(struct gdb_server *g, enum gdb_token token)
{
    switch (token) {
    case GDB_NOTHING:
        break;
    case GDB_INTERRUPT:
        if (g->state == GDB_RUNS)
            g->interrupt = true;
        break;
    case GDB_PACKET:
        if (g->state == GDB_STOPPED) {
            take_packet(g, g->packets.data, g->packets.len);
            break;
        }
        /* With the 0 behind it. */
        g_queue_push_tail(g->waiting, g_bytes_new(g->packets.data, g->packets.len + 1));
        g->waiting_bytes += g->packets.len + 1 + sizeof(GBytes *);
        break;
    case GDB_TOO_LONG:
        gdb_error(g, "the packet is longer than %u bytes", GDB_PACKET_MAX);
        break;
    case GDB_DAMAGED:
        gdb_error(g, "the packet's checksum is wrong");
        break;
    }
}

void gdb_server_input(struct gdb_server *g, const void *bytes, size_t len)
{
    const uint8_t *b = bytes;
    while (len > 0 && (g->state == GDB_STOPPED || g->state == GDB_RUNS) && !gdb_server_flooded(g)) {
        enum gdb_token token;
        size_t n = gdb_packets_take(&g->packets, b, len, &token);
        b += n;
        len -= n;
        take_token(g, token);
    }
}

void gdb_take_waiting(struct gdb_server *g)
{
    while (g->state == GDB_STOPPED && !g_queue_is_empty(g->waiting)) {
        g_autoptr(GBytes) packet = g_queue_pop_head(g->waiting);
        gsize len;
        const char *data = g_bytes_get_data(packet, &len);
        g->waiting_bytes -= len + sizeof(GBytes *);
        take_packet(g, data, len - 1);
    }
}

bool gdb_server_flooded(const struct gdb_server *g)
{
    return g->waiting_bytes > WAITING_MAX;
}

GByteArray *gdb_server_output(struct gdb_server *g)
{
    return g->packets.out;
}

enum gdb_state gdb_server_state(const struct gdb_server *g)
{
    return g->state;
}

/* --- a client's life --------------------------------------------------------------------------------- */

struct gdb_server *gdb_server_new(const char *image, bool (*asked)(void *user), void *user)
{
    struct gdb_server *g = g_new0(struct gdb_server, 1);
    gdb_packets_init(&g->packets);
    g->image = g_strdup(image);
    g->asked = asked;
    g->user = user;
    g->waiting = g_queue_new();
    g->points = g_array_new(FALSE, TRUE, sizeof(struct gdb_point));
    g->catches = g_array_new(FALSE, TRUE, sizeof(uint32_t));
    g->stopped = g_string_new(NULL);
    g->object = g_string_new(NULL);
    return g;
}

void gdb_server_set_image(struct gdb_server *g, const char *image)
{
    g_free(g->image);
    g->image = g_strdup(image);
}

static void forget_client(struct gdb_server *g)
{
    gdb_packets_reset(&g->packets);
    g_queue_clear_full(g->waiting, (GDestroyNotify)g_bytes_unref);
    g->waiting_bytes = 0;
    g->interrupt = g->errors_as_text = g->reports_swbreak = g->reports_hwbreak = false;
    g->catches_calls = false;
    g_array_set_size(g->catches, 0);
    g_array_set_size(g->points, 0);
    g_string_truncate(g->object, 0);
    g_clear_pointer(&g->object_name, g_free);
    memset(g->file_open, 0, sizeof g->file_open);
    g->go = (struct gdb_go){0};
}

void gdb_server_free(struct gdb_server *g)
{
    if (!g)
        return;
    forget_client(g);
    monitor_free(g->monitor);
    gdb_packets_clear(&g->packets);
    g_queue_free(g->waiting);
    g_array_unref(g->points);
    g_array_unref(g->catches);
    g_string_free(g->stopped, TRUE);
    g_string_free(g->object, TRUE);
    g_free(g->image);
    g_free(g->end_words);
    g_free(g);
}

static void make_monitor(struct gdb_server *g)
{
    g->monitor = monitor_new(g->debugger);
    monitor_set_asked(g->monitor, gdb_asked, g);
}

void gdb_server_set(struct gdb_server *g, ring1_debugger *d, bool past)
{
    g_clear_pointer(&g->monitor, monitor_free);
    g->debugger = d;
    g->past = past;
    g->dead = false;
    g->vcpu = g->go_vcpu = g->stop_vcpu = 0;
    if (!d || g->state == GDB_ABSENT)
        return;
    make_monitor(g);
    gdb_set_points(g);
    gdb_set_catches(g);
}

void gdb_server_set_end(struct gdb_server *g, const char *words, bool follows)
{
    g_free(g->end_words);
    g->end_words = g_strdup(words);
    g->follows = follows;
}

void gdb_server_attach(struct gdb_server *g)
{
    forget_client(g);
    g->state = GDB_STOPPED;
    if (!g->debugger)
        return;
    make_monitor(g);
    gdb_stop_silently(g);
}

/* To the end of what was recorded: there the machine itself stands. */
static void go_to_present(struct gdb_server *g)
{
    struct ring1_place place = {.ns = UINT64_MAX, .calls = UINT64_MAX};
    struct ring1_debug_stop stop;
    if (ring1_debugger_in_past(g->debugger))
        ring1_debugger_goto(g->debugger, &place, &stop, NULL);
}

void gdb_server_leave(struct gdb_server *g)
{
    if (g->state == GDB_ABSENT)
        return;
    if (g->debugger) {
        gdb_unset_points(g);
        g_clear_pointer(&g->monitor, monitor_free);
        go_to_present(g);
    }
    forget_client(g);
    g->state = GDB_ABSENT;
}
