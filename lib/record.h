/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * record.h - what a machine tells its record, and what it asks a replay for.
 */
#ifndef LIB_RECORD_H
#define LIB_RECORD_H

#include "debug/record_read.h"
#include "debug/record_write.h"
#include "devices.h"
#include "machine_priv.h"

#include <ring1/record.h>

struct recorder;

/* What a machine is made of beside its configuration. */
struct machine_parts {
    GBytes *initrd, *xenstore; /* NULL: those of the paths in the configuration */
    struct ring1_saved *saved; /* it begins as this snapshot, NULL: at its start */
    const struct disk_hook *disks;
};

/* lib/machine.c: the making of a machine for a replay. */
ring1_machine *machine_make(const ring1_config *c, const char *name, const void *bytes, size_t len,
                            struct machine_parts *parts, GError **error);

/* A machine is about to be made. NULL: RING1_ERROR_OPTION, it cannot be recorded. */
struct recorder *recorder_new(const ring1_config *c, GError **error);
/* Its devices go through it. */
const struct disk_hook *recorder_disks(struct recorder *r);
/* It is made, and runs next. */
void recorder_begin(struct recorder *r, ring1_machine *m, const ring1_config *c, const char *name,
                    const void *bytes, size_t len, const struct machine_parts *parts);
/* It is not run again. */
void recorder_free(struct recorder *r);

/* machine_run with everything in it that is for the record. */
bool recorder_run(struct recorder *r, const struct ring1_budget *budget, struct ring1_stop *stop,
                  GError **error);
/* Before something is done to the machine between two runs. */
void recorder_event(struct recorder *r, const struct record_event *event);
/* Bytes came in: machine_input; record_disk.c. */
void recorder_input(struct recorder *r, enum record_tag tag, const void *bytes, size_t len);
void recorder_data(struct recorder *r, unsigned tag, const void *bytes, size_t len);
/* In a run, before a call: what the watch did to it, if anything. */
void recorder_answer(struct recorder *r, const struct ring1_call *call, bool answered, uint32_t work);
/* Behind the last event. */
struct record_place recorder_here(const struct recorder *r);
/* What is gathered goes to the file; a reader of it. */
void recorder_flush(struct recorder *r);
struct record_reader *recorder_reader(struct recorder *r, GError **error);
/* Where its machine stands: behind the last event; `stop` is to be written before the next
 * (op 0: it was), `turn` is the call's. */
struct record_place recorder_place(const struct recorder *r, struct record_event *stop,
                                   struct call_turn *turn);
/* The machine is at an earlier place: what was written behind it is no more. */
void recorder_cut(struct recorder *r, const struct record_place *place, const struct record_event *stop,
                  const struct call_turn *turn);
/* Something could not be written. */
const GError *recorder_error(const struct recorder *r);

/* toolstack.c: bytes for the guest, recorded if it is. */
bool machine_input(ring1_machine *m, enum record_tag tag, const void *bytes, size_t len);

/* record_disk.c: what a guest reads of a disk is told to `r`. */
struct disk *record_disk(struct recorder *r, unsigned index, struct disk *below);
/* From now on what the guest writes to disks that are temporary can be undone. */
void recorder_keep_writes(struct recorder *r);
/* Undo what was written behind a place. RING1_ERROR_STATE: it went to a disk that is kept,
 * or was too much; then nothing is undone. */
bool recorder_undo_writes(struct recorder *r, const struct record_place *place, GError **error);
/* record_disk.c: a disk's part of both. */
void record_disk_keep_writes(struct disk *disk);
bool record_disk_can_undo(const struct disk *disk, const struct record_place *place, GError **error);
bool record_disk_undo(struct disk *disk, const struct record_place *place, GError **error);

/* A disk that gives what was recorded, by `data` of the replay: false, it has none. */
struct disk *replay_disk(uint64_t size, bool readonly, bool discard, unsigned index,
                         bool (*data)(void *user, unsigned index, uint8_t *bytes, size_t len), void *user);

/* The first CHUNK_SHA256 bytes of a hash's digits. */
void record_hash_bytes(const char *digits, uint8_t bytes[CHUNK_SHA256]);

#endif
