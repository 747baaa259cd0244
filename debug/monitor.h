/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * monitor.h - commands of a debugger's user, text in and text out: gdb's `monitor ...`
 * (docs/debugger.md lists them; so does `help`). They look at the domain behind the
 * guest, say which hypercalls to stop for, and travel in time.
 */
#ifndef DEBUG_MONITOR_H
#define DEBUG_MONITOR_H

#include <ring1/debugger.h>

struct monitor;

/* Of a debugger, whose ring1_debugger_catch it takes. `d` stays the caller's, and
 * outlives it. */
struct monitor *monitor_new(ring1_debugger *d);
void monitor_free(struct monitor *m);

/* One command, without a line's end, for a vcpu (that of the client's thread): what
 * it says, whole lines of UTF-8, never NULL; the caller frees it. An unknown command, or one that
 * cannot be done, is answered by text, too. `moved`, if not NULL: time has passed in either
 * direction or registers and memory are others, so that whatever the client knows of them is old. */
char *monitor_command(struct monitor *m, unsigned vcpu, const char *line, bool *moved);

/* Asked now and then while a command takes long; true ends it soon. NULL: none. */
void monitor_set_asked(struct monitor *m, bool (*asked)(void *user), void *user);

/* To be told of each end of ring1_debugger_run and _run_back. Returns what is worth
 * telling the user beyond what a client of its own knows (which catch it was, the call
 * decoded, why the domain crashed): whole lines, the caller frees; NULL: nothing. */
char *monitor_stopped(struct monitor *m, const struct ring1_debug_stop *stop);

/* What a client catches by number beside `catch` (QCatchSyscalls): calls of these
 * numbers, of any with `nr` 0 and `all`; at their begin and their return. */
void monitor_catch_numbers(struct monitor *m, bool all, const uint32_t *numbers, unsigned nr);
/* Whether that is what a call was stopped for. */
bool monitor_catches_number(const struct monitor *m, uint32_t number);

#endif
