/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * control.h - `--control unix:PATH`: a socket by which others steer the run, and what
 * `ring1 ctl` speaks: a line of JSON each way (docs/control.md).
 */
#ifndef CLI_CONTROL_H
#define CLI_CONTROL_H

#include "poller.h"

#include <ring1/ring1.h>

struct control;

/* Listen at PATH, where no other process may; a socket that one left behind is
 * replaced. NULL: the error says why. */
struct control *control_open(const char *path, GError **error);
/* The socket goes. */
void control_close(struct control *c);

/* The machine that is steered; NULL: none, requests wait. */
void control_attach(struct control *c, ring1_machine *m);

/* Asked for: the guest is to stand still; the run is to end. */
bool control_paused(const struct control *c);
bool control_destroyed(const struct control *c);

extern const struct poll_source control_source; /* its pointer is the control */

#endif
