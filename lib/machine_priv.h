/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * machine_priv.h - what a ring1_machine is made of.
 */
#ifndef LIB_MACHINE_PRIV_H
#define LIB_MACHINE_PRIV_H

#include "devices.h"
#include "devices/console.h"
#include "devices/xenstore.h"
#include "emu/machine.h"

struct ring1_machine {
    struct machine *machine;
    struct image *image;     /* for its symbols */
    struct symbols *symbols; /* NULL: not asked for yet */
    struct console *console;
    struct xenstore *xenstore;
    struct devices *devices;
    struct ring1_console console_ops;
    void *console_user;
    struct ring1_watch watch;
    void *watch_user;
    struct tap tap;
    struct recorder *recorder; /* NULL: its run is not recorded */
};

#endif
