/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * saved.h - between the writing of snapshots (save_file.c), their reading (saved.c), and those who make
 * machines of them.
 */
#ifndef LIB_SAVED_H
#define LIB_SAVED_H

#include "debug/chunks.h"

#include <ring1/snapshot.h>

#define SAVED_VERSION 1u
/* In docs/snapshots.md. */
enum saved_chunk {
    SAVED_ABOUT = 1, /* key=value lines: who wrote it */
    SAVED_BLOB,      /* a piece of a file */
    SAVED_MACHINE,   /* key=value lines: configuration, files, disks */
    SAVED_STATE,     /* number of the part, 4 bytes; the next of its bytes */
    SAVED_MEMORY,    /* count, 4 bytes; so many frame numbers; so many pages */
    SAVED_OVERLAY,   /* number of the disk, 4 bytes; cluster, 8 bytes, and its bytes; ... */
    SAVED_END,       /* key=value lines */
};

/* Parts of the state. */
enum saved_part {
    PART_MACHINE,
    PART_FRAMES,
    PART_CONSOLE,
    PART_XENSTORE,
    PART_DEVICE, /* and on: one a device */
};
#define PARTS_MAX      128u
#define PART_BYTES_MAX (64u << 20)
/* Pages of a chunk. */
#define PAGES_MAX ((CHUNK_RAW_MAX - 4) / (RING1_PAGE_SIZE + 4))

extern const struct chunk_file saved_file;

/* The machine has just been made from `s`: it gets its state. Without `disks` they are a replay's, and what
 * is known of those is not compared. */
bool saved_apply(ring1_saved *s, ring1_machine *m, bool disks, GError **error);
/* A value of one of its texts, or NULL. */
enum saved_text { SAVED_TEXT_ABOUT, SAVED_TEXT_MACHINE, SAVED_TEXT_END };
const char *saved_value(const ring1_saved *s, enum saved_text text, const char *key);
/* The whole file. */
GBytes *saved_bytes(ring1_saved *s, GError **error);

#endif
