/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb.h - `--gdb`: a socket at which one client of gdb's remote protocol is served
 * (debug/gdb.h), and what it has the guest do.
 */
#ifndef CLI_GDB_H
#define CLI_GDB_H

#include "poller.h"

#include <ring1/debugger.h>

struct gdb;

/* Listen at PORT (of 127.0.0.1; 0: any free one), HOST:PORT or unix:PATH, and say where on stderr.
 * `wait`: the guest does not begin before a client came. */
struct gdb *gdb_open(const char *where, bool wait, GError **error);
/* The name of the guest's file, which gdb asks for. */
void gdb_set_image(struct gdb *g, const char *image);
/* What was not sent yet is, if the client listens. NULL: nothing. */
void gdb_close(struct gdb *g);

/* The sockets as a source; its pointer is the struct gdb. */
extern const struct poll_source gdb_source;

/* The machine that runs now; it has a debugger from here on. `record`: what it is recorded into, or NULL. */
bool gdb_attach(struct gdb *g, ring1_machine *m, ring1_record *record, GError **error);
/* The same of a replay; `words` are said at its end, `follows`: another machine follows there. */
bool gdb_attach_replay(struct gdb *g, ring1_replay *replay, const char *words, bool follows, GError **error);
/* Before the machine is freed. */
void gdb_detach(struct gdb *g);

/* The guest stands still, and so does its clock, for the client's sake. NULL: it does not. */
bool gdb_stands(const struct gdb *g);
/* The client has ended the guest. */
bool gdb_killed(const struct gdb *g);
/* There is a client. */
bool gdb_has_client(const struct gdb *g);
/* What runs is not the machine itself, but its past. */
bool gdb_in_past(const struct gdb *g);

/* ring1_debugger_run, in whatever direction and for as long as the client wants it, at most some ms.
 * Whatever it stopped for, the client knows; *stop is the caller's business where its reason is
 * RING1_DEBUG_GUEST. */
bool gdb_run(struct gdb *g, const struct ring1_budget *budget, struct ring1_debug_stop *stop, GError **error);

/* The guest crashed: a client stops there, once. False: it does not. */
bool gdb_crash(struct gdb *g, const struct ring1_debug_stop *stop, const char *why);

/* The run is over, with this exit status. */
void gdb_end(struct gdb *g, int status, bool crashed);

#endif
