/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb.h - gdb's remote protocol on a debugger: bytes of the client in, bytes for it
 * out, and what the guest is to do meanwhile. It knows no sockets; who has them lets
 * the guest run:
 *
 *     struct gdb_server *g = gdb_server_new("/path/kernel", asked, user);
 *     gdb_server_set(g, debugger, true);
 *     gdb_server_attach(g);                        a client came
 *     gdb_server_input(g, bytes, len);             it said something
 *     if (gdb_server_state(g) == GDB_RUNS)
 *         gdb_server_run(g, &budget, &stop, &error);
 *     ... send and remove what is in gdb_server_output(g) ...
 *
 * A thread of gdb is a vcpu; its number is the vcpu's plus one. docs/debugger.md says what is served.
 */
#ifndef DEBUG_GDB_H
#define DEBUG_GDB_H

#include <ring1/debugger.h>

struct gdb_server;

enum gdb_state {
    GDB_ABSENT,   /* nobody is attached: the guest runs */
    GDB_STOPPED,  /* it stands still until the client lets it go on */
    GDB_RUNS,     /* it runs, forward or backward, and the client waits for it */
    GDB_DETACHED, /* the client is done: send what is there and close; the guest goes on */
    GDB_KILLED,   /* likewise, and the guest is to end */
};

/* `image` is what the client is told that the guest was started from, an absolute path, or NULL. `asked` is
 * called every few ms while time runs backward: it gives what the client says meanwhile to
 * gdb_server_input, and calls nothing else here; true: leave it. May be NULL. */
struct gdb_server *gdb_server_new(const char *image, bool (*asked)(void *user), void *user);
void gdb_server_set_image(struct gdb_server *g, const char *image);
void gdb_server_free(struct gdb_server *g);

/* The machine is this one from now on; NULL: there is none. Breakpoints stay, for a guest
 * that rebooted has the same code. `past`: there is one to go to. */
void gdb_server_set(struct gdb_server *g, ring1_debugger *d, bool past);

/* Of a replay: what to tell at its end, or NULL, and whether another machine follows, to which the client
 * goes on from there: gdb_server_run gives RING1_DEBUG_PRESENT then, and the state is GDB_RUNS still. */
void gdb_server_set_end(struct gdb_server *g, const char *words, bool follows);

/* A client came. The guest stands still. */
void gdb_server_attach(struct gdb_server *g);
/* It is gone, whatever it said before: what it set is taken away, and the guest goes on, in the present. */
void gdb_server_leave(struct gdb_server *g);

enum gdb_state gdb_server_state(const struct gdb_server *g);

void gdb_server_input(struct gdb_server *g, const void *bytes, size_t len);
/* It waits for the guest and yet says so much that it is not worth to be listened to. */
bool gdb_server_flooded(const struct gdb_server *g);
/* To be sent, and taken from the start of it. */
GByteArray *gdb_server_output(struct gdb_server *g);

/* Run the guest, as the client wants it or, without one, forward. When it stopped for the client,
 * that was told and the state is GDB_STOPPED; else the caller acts on *stop, whose reason is
 * RING1_DEBUG_GUEST. `budget` is as of ring1_debugger_run. */
bool gdb_server_run(struct gdb_server *g, const struct ring1_budget *budget, struct ring1_debug_stop *stop,
                    GError **error);

/* The guest came to an end that is worth a look, for this reason: the client is told, and the state is
 * GDB_STOPPED. When the client lets it go on, gdb_server_run gives the same stop once more. False: there is
 * no client, or it was told already. */
bool gdb_server_crash(struct gdb_server *g, const struct ring1_debug_stop *stop, const char *why);

/* Say something to the user; only while the guest runs. */
void gdb_server_say(struct gdb_server *g, const char *text);

/* The run is over, with this exit status of ring1; `crashed`: by a crash. The client is told. */
void gdb_server_end(struct gdb_server *g, int status, bool crashed);

#endif
