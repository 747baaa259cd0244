/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb_priv.h - a gdb server from within: what its files share.
 */
#ifndef DEBUG_GDB_PRIV_H
#define DEBUG_GDB_PRIV_H

#include "gdb.h"
#include "gdb_packet.h"
#include "monitor.h"

/* Files that a client has open at a time. */
#define GDB_FILES_MAX 8u
/* Breakpoints and watchpoints of a client. */
#define GDB_POINTS_MAX 4096u

/* Kinds of Z packets. */
enum gdb_point_kind {
    GDB_SOFTWARE,
    GDB_HARDWARE,
    GDB_WRITE,
    GDB_READ,
    GDB_ACCESS,
    GDB_NR_KINDS,
};

struct gdb_point {
    enum gdb_point_kind kind;
    uint32_t address, size; /* breakpoints: size 0 */
};

/* How the client wants the guest to go on. */
struct gdb_go {
    bool back;
    bool step;
    unsigned vcpu;       /* of a step */
    uint32_t start, end; /* step until EIP is outside of [start, end); equal: once */
};

struct gdb_server {
    struct gdb_packets packets;
    bool (*asked)(void *user);
    void *user;
    ring1_debugger *debugger; /* NULL: there is no machine */
    struct monitor *monitor;
    bool past; /* there is one */
    enum gdb_state state;
    bool interrupt;  /* Ctrl-C came while it ran */
    GQueue *waiting; /* GBytes, packets that came while it ran */
    size_t waiting_bytes;

    /* What the client said. */
    bool errors_as_text, reports_swbreak, reports_hwbreak;
    struct gdb_go go;
    unsigned vcpu;      /* H g, or where it stopped last */
    unsigned go_vcpu;   /* H c */
    GArray *points;     /* struct gdb_point */
    GArray *catches;    /* uint32_t: QCatchSyscalls */
    bool catches_calls; /* any of them, or with `catches` empty all */

    GString *stopped; /* the last stop reply: for '?' */
    unsigned stop_vcpu;
    uint32_t stop_call; /* the hypercall that it stopped for: $orig_eax; else UINT32_MAX */

    /* The guest's end, which the client was told of and may look at. */
    bool dead;
    struct ring1_debug_stop death;
    struct ring1_place death_place;

    char *image;
    char *end_words; /* gdb_server_set_end */
    bool follows;
    bool file_open[GDB_FILES_MAX];
    GString *object; /* that qXfer reads in pieces */
    char *object_name;
};

/* --- replies ------------------------------------------------------------------------------- */

void gdb_reply(struct gdb_server *g, const char *text);
void gdb_reply_string(struct gdb_server *g, const GString *s);
/* An error: in words where the client understands them. */
void gdb_error(struct gdb_server *g, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* In words even for an old client, which shows them for this packet as they are. */
void gdb_error_shown(struct gdb_server *g, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Text for the user's console; the client takes it while it waits for the guest. */
void gdb_put_console(struct gdb_server *g, const char *text);

/* A command: what follows its name, and how many bytes that is; a 0 follows. */
typedef void (*gdb_command_fn)(struct gdb_server *g, const char *args, size_t len);

/* "-1", "0" or a number: *vcpu, which is there; for the first two *any, and *vcpu unchanged. */
bool gdb_get_thread(struct gdb_server *g, const char **text, unsigned *vcpu, bool *any);

/* Packets that came while the guest ran, now that it stands still. */
void gdb_take_waiting(struct gdb_server *g);

/* --- gdb_registers.c ------------------------------------------------------------------------- */

void gdb_read_all(struct gdb_server *g, const char *args, size_t len);
void gdb_write_all(struct gdb_server *g, const char *args, size_t len);
void gdb_read_one(struct gdb_server *g, const char *args, size_t len);
void gdb_write_one(struct gdb_server *g, const char *args, size_t len);
/* "05:...;04:...;08:...;" of a stop reply. */
void gdb_put_expedited(GString *to, const struct ring1_registers *r);
/* Continue at this address. False: an error was sent. */
bool gdb_set_eip(struct gdb_server *g, unsigned vcpu, uint32_t eip);
void gdb_describe_target(struct gdb_server *g, GString *to);

/* --- gdb_description.c ------------------------------------------------------------------------- */

void gdb_describe_memory(struct gdb_server *g, GString *to);
void gdb_describe_threads(struct gdb_server *g, GString *to);
/* "vcpu 1: blocked" */
char *gdb_describe_vcpu(struct gdb_server *g, unsigned vcpu);

/* --- gdb_memory.c ------------------------------------------------------------------------------ */

void gdb_read_memory(struct gdb_server *g, const char *args, size_t len);
void gdb_read_memory_binary(struct gdb_server *g, const char *args, size_t len);
void gdb_write_memory(struct gdb_server *g, const char *args, size_t len);
void gdb_write_memory_binary(struct gdb_server *g, const char *args, size_t len);

/* --- gdb_points.c ------------------------------------------------------------------------------ */

void gdb_insert_point(struct gdb_server *g, const char *args, size_t len);
void gdb_remove_point(struct gdb_server *g, const char *args, size_t len);
bool gdb_has_point(const struct gdb_server *g, enum gdb_point_kind kind, uint32_t address);
/* All into a debugger that has none; all out of it. */
void gdb_set_points(struct gdb_server *g);
void gdb_unset_points(struct gdb_server *g);

/* --- gdb_run.c ----------------------------------------------------------------------------------- */

void gdb_vcont(struct gdb_server *g, const char *args, size_t len);
void gdb_continue(struct gdb_server *g, const char *args, size_t len);
void gdb_step(struct gdb_server *g, const char *args, size_t len);
void gdb_continue_signal(struct gdb_server *g, const char *args, size_t len);
void gdb_step_signal(struct gdb_server *g, const char *args, size_t len);
void gdb_backward(struct gdb_server *g, const char *args, size_t len);
/* The client came: it finds the guest standing still. */
void gdb_stop_silently(struct gdb_server *g);
/* For what takes long: the client wants its end. `server` is the server. */
bool gdb_asked(void *server);
/* Stop where it is, and say so with this signal. */
void gdb_stop_here(struct gdb_server *g, unsigned signal);

/* --- gdb_query.c ----------------------------------------------------------------------------------- */

/* The packets that begin with q, Q and v; false: none of them. */
bool gdb_query(struct gdb_server *g, const char *packet, size_t len);
/* QCatchSyscalls's numbers to the monitor. */
void gdb_set_catches(struct gdb_server *g);

/* --- gdb_file.c ---------------------------------------------------------------------------------- */

void gdb_file(struct gdb_server *g, const char *args, size_t len);
void gdb_transfer(struct gdb_server *g, const char *args, size_t len);

#endif
