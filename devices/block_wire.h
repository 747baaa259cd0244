/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * block_wire.h - requests and responses of the block interface as a 32-bit front end
 * lays them out, "x86_32-abi": 64-bit words are aligned to 4 bytes. Names and numbers
 * are those of Xen's io/blkif.h.
 */
#ifndef DEVICES_BLOCK_WIRE_H
#define DEVICES_BLOCK_WIRE_H

#include <glib.h>
#include <stdint.h>

enum blk_op {
    BLK_OP_READ = 0,
    BLK_OP_WRITE = 1,
    BLK_OP_BARRIER = 2,
    BLK_OP_FLUSH = 3,
    BLK_OP_DISCARD = 5,
    BLK_OP_INDIRECT = 6,
};

#define BLK_STATUS_OKAY          0
#define BLK_STATUS_ERROR         (-1)
#define BLK_STATUS_NOT_SUPPORTED (-2)

#define BLK_MAX_SEGMENTS   11u
#define BLK_INDIRECT_PAGES 8u
#define BLK_INFO_READONLY  4u
#define BLK_DISCARD_SECURE 1u

struct blk_segment {
    uint32_t ref;
    uint8_t first, last; /* sectors of the page, both included */
    uint16_t pad;
};
G_STATIC_ASSERT(sizeof(struct blk_segment) == 8);

#pragma pack(push, 4)
struct blk_rw {
    uint8_t op, nr_segments;
    uint16_t handle;
    uint64_t id, sector;
    struct blk_segment segment[BLK_MAX_SEGMENTS];
};
struct blk_discard {
    uint8_t op, flag;
    uint16_t handle;
    uint64_t id, sector, nr_sectors;
};
struct blk_indirect {
    uint8_t op, indirect_op;
    uint16_t nr_segments;
    uint64_t id, sector;
    uint16_t handle, pad;
    uint32_t ref[BLK_INDIRECT_PAGES];
};
struct blk_response {
    uint64_t id;
    uint8_t op;
    uint8_t pad;
    int16_t status;
};
#pragma pack(pop)

union blk_request {
    struct blk_rw rw;
    struct blk_discard discard;
    struct blk_indirect indirect;
};
G_STATIC_ASSERT(sizeof(union blk_request) == 108);
G_STATIC_ASSERT(offsetof(struct blk_rw, id) == 4 && offsetof(struct blk_rw, segment) == 20);
G_STATIC_ASSERT(offsetof(struct blk_discard, id) == 4 && offsetof(struct blk_discard, nr_sectors) == 20);
G_STATIC_ASSERT(offsetof(struct blk_indirect, id) == 4 && offsetof(struct blk_indirect, ref) == 24);
G_STATIC_ASSERT(sizeof(struct blk_response) == 12);

#endif
