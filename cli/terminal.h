/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * terminal.h - the host's terminal in raw mode, and its way back after whatever
 * end the process comes to.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>

/* Put the terminal behind `fd` into raw mode: every key is the guest's. From now
 * on signals that end, crash, stop or continue the process put it back (or make
 * it raw again). False with errno when the terminal refuses. */
bool terminal_raw(int fd);

/* Put it back; nothing happens when it is not raw. Async-signal-safe. */
void terminal_restore(void);

#endif
