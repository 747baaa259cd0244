/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * control_requests.h - what a client of `--control` can ask for, a line of JSON each
 * (docs/control.md).
 */
#ifndef CLI_CONTROL_REQUESTS_H
#define CLI_CONTROL_REQUESTS_H

#include <ring1/ring1.h>

/* A run, as its clients steer it. */
struct controlled {
    ring1_machine *machine; /* not NULL when a request comes */
    bool paused, destroyed; /* asked for: the guest is to stand still; the run is to end */
};

/* Serve one request, whatever the line is, without its end. Returns the answer, a line with its
 * end; the caller frees it. */
char *control_answer(struct controlled *c, const char *line);

#endif
