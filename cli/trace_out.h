/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace_out.h - a file that a trace is written to: buffered, for a call costs a
 * microsecond and a write() another.
 */
#ifndef CLI_TRACE_OUT_H
#define CLI_TRACE_OUT_H

#include <ring1/ring1.h>

struct trace_out {
    int fd;
    int error;               /* errno: why it takes no more, 0: it does */
    bool each;               /* a terminal: somebody reads along */
    GString *waiting;        /* not yet written */
    const char *name;        /* for messages */
    ring1_machine **machine; /* interrupted when it takes no more */
};

/* NULL is stderr. False, with errno: it cannot be opened. */
bool trace_out_open(struct trace_out *out, const char *path, ring1_machine **machine);

/* A trace_sink; `user` is the struct trace_out. */
void trace_out_write(void *user, const char *bytes, size_t len);

/* All that waits; once there was an error, or the run is to be left, it is dropped. */
void trace_out_flush(struct trace_out *out);

/* Flush and close; out->error stays. */
void trace_out_close(struct trace_out *out);

#endif
