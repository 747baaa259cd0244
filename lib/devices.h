/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * devices.h - the devices that a configuration asks for, made and kept together.
 */
#ifndef LIB_DEVICES_H
#define LIB_DEVICES_H

#include "devices/console.h"
#include "devices/xenstore.h"

struct devices;

/* Whoever wants to be between a block device and its disk. */
struct disk_hook {
    /* What to use as the disk `index`; `disk` is what was opened, and becomes the
     * result's. With `makes` nothing was opened: it is NULL. */
    struct disk *(*use)(void *user, unsigned index, struct disk *disk, GError **error);
    void *user;
    bool makes;
};

/* The devices of `c` for a domain; `hook` may be NULL. NULL: RING1_ERROR_OPTION or _HOST says which
 * device and what. Nothing was shown to the guest then. */
struct devices *devices_new(const ring1_config *c, struct domain *d, struct xenstore *x, struct console *host,
                            const struct disk_hook *hook, GError **error);
/* Open the disks of `c` ahead, for c->host to keep; RING1_ERROR_OPTION or _HOST. */
bool devices_fetch(const ring1_config *c, GError **error);
/* What is written to this disk of a configuration stays with the machine. False also where it is none. */
bool devices_disk_is_kept(const char *text);
/* The domain goes too. */
void devices_free(struct devices *devices);

/* The guest kicked a port of BACKEND_DEVICE. */
void devices_notify(struct devices *devices, uint16_t port);
/* Let those look that wait for the guest; true: one did something for it. */
bool devices_poll(struct devices *devices);

/* The cards among them, never NULL. */
struct networks *devices_networks(const struct devices *devices);

/* Around machine_resume. */
void devices_suspend(struct devices *devices);
void devices_resume(struct devices *devices);

/* The disks as they were opened, whoever stands before them; an entry is NULL where nothing was opened. */
const GPtrArray *devices_disks(const struct devices *devices);

/* After a state was read from a file, and memory is there: what they have mapped, as domain_check wants
 * it, and whether all else can be. */
void devices_pins(const struct devices *devices, uint32_t *pins);
bool devices_check(const struct devices *devices, GError **error);

/* What was written to overlays (`,snapshot`) is kept as it stands, and is that again: for whoever takes a
 * guest back again and again. */
bool devices_mark_disks(struct devices *devices, GError **error);
void devices_put_back_disks(struct devices *devices);

GVariant *devices_save(const struct devices *devices);
bool devices_restore(struct devices *devices, GVariant *saved, GError **error);

#endif
