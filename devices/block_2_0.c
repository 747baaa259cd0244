/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * block_2_0.c - see block_2_0.h. The ring has no events of its own: each side tells
 * the other whenever it has put something in.
 */
#include "block_2_0.h"

#include "dispatch/state_type.h"

#include "dispatch/event.h"
#include "dispatch/evtchn.h"
#include "dispatch/memory.h"
#include "dispatch/shared.h"
#include "page.h"

#include <errno.h>
#include <ring1/ring1.h>

#define SECTOR       512u
#define PAGE_SECTORS (RING1_PAGE_SIZE / SECTOR)
#define MAX_SEGMENTS 11u
#define MAX_DISKS    64u

/* The ring's page: two indices, then 64 slots. */
#define REQ_PROD  0u
#define RESP_PROD 4u
#define SLOTS     8u
#define NR_SLOTS  64u

#define OP_READ  0u
#define OP_WRITE 1u
#define OP_PROBE 2u

/* Messages, by subtype. */
#define FE_INTERFACE_STATUS     0u
#define FE_DRIVER_STATUS        32u
#define FE_INTERFACE_CONNECT    33u
#define FE_INTERFACE_DISCONNECT 34u
#define FE_INTERFACE_QUERY      35u
#define STATUS_CLOSED           0u
#define STATUS_DISCONNECTED     1u
#define STATUS_CONNECTED        2u
#define DRIVER_UP               1u

#pragma pack(push, 4)
struct request {
    uint8_t op, nr_segments;
    uint16_t device;
    uint32_t id;
    uint64_t sector;
    uint32_t segment[MAX_SEGMENTS]; /* frame << 12 | first << 3 | last */
};
/* What a probe gives of each disk. */
struct vdisk {
    uint64_t sectors;
    uint16_t device;
    uint16_t info;
};
#pragma pack(pop)
G_STATIC_ASSERT(sizeof(struct request) == 60);
G_STATIC_ASSERT(sizeof(struct vdisk) == 12);
#define VDISK_TYPE_DISK 0x20u
#define VDISK_FLAG_RO   0x40u
#define VDISK_FLAG_VIRT 0x80u

#define RESPONSE_BYTES 7u /* {u32 id, u8 op, s16 status}, packed */

struct interface_status {
    uint32_t handle, status;
    uint16_t evtchn, domid;
};
G_STATIC_ASSERT(sizeof(struct interface_status) == 12);

struct state {
    uint32_t status; /* STATUS_* of interface 0 */
    uint32_t frame;  /* of the ring */
    uint32_t port;
    uint32_t req_cons, resp_prod;
    uint32_t tell; /* the status is still to be told: there was no room */
};

struct vbd {
    struct disk *disk;
    uint16_t number;
};

struct block_2_0 {
    struct domain *d;
    struct vbd vbd[MAX_DISKS];
    unsigned nr;
    struct state s;
    const char *fault;
};

struct block_2_0 *block_2_0_new(struct domain *d)
{
    struct block_2_0 *b = g_new0(struct block_2_0, 1);
    b->d = d;
    b->s.status = STATUS_DISCONNECTED;
    return b;
}

void block_2_0_free(struct block_2_0 *b)
{
    if (!b)
        return;
    for (unsigned i = 0; i < b->nr; i++)
        disk_close(b->vbd[i].disk);
    g_free(b);
}

void block_2_0_add(struct block_2_0 *b, struct disk *disk, unsigned number)
{
    if (b->nr < MAX_DISKS)
        b->vbd[b->nr++] = (struct vbd){disk, (uint16_t)number};
    else
        disk_close(disk);
}

const char *block_2_0_fault(const struct block_2_0 *b)
{
    return b->fault;
}

/* --- control messages ----------------------------------------------------------------- */

static struct interface_status status_now(const struct block_2_0 *b)
{
    return (struct interface_status){
        .status = b->s.status,
        .evtchn = b->s.status == STATUS_CONNECTED ? (uint16_t)b->s.port : 0,
    };
}

static void tell_status(struct block_2_0 *b)
{
    struct interface_status status = status_now(b);
    b->s.tell = !control_send_message(b->d, CONTROL_BLKIF_FE, FE_INTERFACE_STATUS, &status, sizeof status);
}

static void disconnect(struct block_2_0 *b)
{
    if (b->s.status == STATUS_CONNECTED) {
        evtchn_backend_unbind(b->d, b->s.port);
        b->s.port = b->s.frame = 0;
    }
    b->s.status = STATUS_DISCONNECTED;
}

static void connect(struct block_2_0 *b, uint32_t frame)
{
    disconnect(b);
    int port = shared_page(b->d, MFN(frame)) ? evtchn_backend_alloc(b->d, BACKEND_DEVICE) : -1;
    if (port < 0) {
        b->fault = "INTERFACE_CONNECT: shmem_frame is no plain frame of the guest";
        return;
    }
    b->s.port = (uint32_t)port;
    b->s.frame = frame;
    b->s.req_cons = b->s.resp_prod = 0;
    b->s.status = STATUS_CONNECTED;
}

/* The guest's message; what is changed in it goes back with the echo. */
static void on_message(void *user, uint8_t subtype, uint8_t msg[CONTROL_DATA_MAX])
{
    struct block_2_0 *b = user;
    struct interface_status query;
    switch (subtype) {
    case FE_DRIVER_STATUS:
        disconnect(b);
        if (load32(msg) == DRIVER_UP && b->nr > 0)
            tell_status(b);
        break;
    case FE_INTERFACE_CONNECT:
        if (load32(msg) == 0 && b->nr > 0) {
            connect(b, load32(msg + 8));
            tell_status(b);
        }
        break;
    case FE_INTERFACE_DISCONNECT:
        if (load32(msg) == 0 && b->nr > 0) {
            disconnect(b);
            tell_status(b);
        }
        break;
    case FE_INTERFACE_QUERY:
        query =
            load32(msg) == 0 && b->nr > 0 ? status_now(b) : (struct interface_status){.handle = load32(msg)};
        memcpy(msg, &query, sizeof query);
        break;
    default:
        break;
    }
}

static bool on_room(void *user)
{
    struct block_2_0 *b = user;
    bool tell = b->s.tell;
    if (tell)
        tell_status(b);
    return tell && !b->s.tell;
}

const struct control_client block_2_0_client = {
    .type = CONTROL_BLKIF_FE, .message = on_message, .room = on_room};

/* --- requests ----------------------------------------------------------------------- */

static struct vbd *find(struct block_2_0 *b, uint16_t number)
{
    for (unsigned i = 0; i < b->nr; i++)
        if (b->vbd[i].number == number)
            return &b->vbd[i];
    return NULL;
}

/* A frame that the guest may name: its own, and plain where it is to be written. */
static uint8_t *frame_of(struct block_2_0 *b, uint32_t segment, bool write)
{
    mfn_t mfn = MFN(segment >> RING1_PAGE_SHIFT);
    if (write)
        return shared_page(b->d, mfn);
    return frame_exists(b->d->mem, mfn) && frame_info(b->d->mem, mfn)->owner == b->d->s.domid
               ? frame_ptr(b->d->mem, mfn)
               : NULL;
}

/* One entry a disk; returns how many. */
static int16_t probe(struct block_2_0 *b, const struct request *r)
{
    uint8_t *page = r->nr_segments == 1 ? frame_of(b, r->segment[0], true) : NULL;
    if (!page || (r->segment[0] & 0xFFF) != 7) {
        b->fault = "PROBE: wants one whole page of the guest's own";
        return -1;
    }
    for (unsigned i = 0; i < b->nr; i++) {
        const struct disk *disk = b->vbd[i].disk;
        struct vdisk v = {.sectors = disk->size / SECTOR, .device = b->vbd[i].number};
        v.info = (uint16_t)(VDISK_TYPE_DISK | VDISK_FLAG_VIRT | (disk->readonly ? VDISK_FLAG_RO : 0u));
        memcpy(page + i * sizeof v, &v, sizeof v);
    }
    frame_changed(b->d, MFN(r->segment[0] >> RING1_PAGE_SHIFT));
    return (int16_t)b->nr;
}

static int16_t transfer(struct block_2_0 *b, const struct request *r)
{
    const struct vbd *vbd = find(b, r->device);
    bool reads = r->op == OP_READ;
    struct iovec iov[MAX_SEGMENTS];
    uint64_t sectors = 0;
    if (!vbd || r->nr_segments == 0 || r->nr_segments > MAX_SEGMENTS || (!reads && vbd->disk->readonly)) {
        b->fault = !vbd ? "a request for a device that is not there"
                        : "a request of 0 or more than 11 segments, or a write to a disk that is read-only";
        return -1;
    }
    for (unsigned i = 0; i < r->nr_segments; i++) {
        uint32_t first = r->segment[i] >> 3 & 31, last = r->segment[i] & 7;
        uint8_t *page = frame_of(b, r->segment[i], reads);
        if (!page || first > last || first >= PAGE_SECTORS) {
            b->fault = "a segment that is no frame of the guest's own, or ends before it begins";
            return -1;
        }
        iov[i] = (struct iovec){page + first * SECTOR, (last - first + 1) * SECTOR};
        sectors += last - first + 1;
    }
    uint64_t size = vbd->disk->size / SECTOR;
    if (r->sector > size || sectors > size - r->sector) {
        b->fault = "a request beyond the disk's end";
        return -1;
    }
    const struct disk_ops *ops = vbd->disk->ops;
    int err = (reads ? ops->read : ops->write)(vbd->disk, iov, r->nr_segments, r->sector * SECTOR);
    for (unsigned i = 0; reads && i < r->nr_segments; i++)
        frame_changed(b->d, MFN(r->segment[i] >> RING1_PAGE_SHIFT));
    return err ? -1 : 0;
}

/* For who looks on. */
static void tell(struct block_2_0 *b, const struct request *r, int16_t status)
{
    static const char *const names[] = {[OP_READ] = "read", [OP_WRITE] = "write", [OP_PROBE] = "probe"};
    const struct vbd *vbd = find(b, r->device);
    uint32_t sectors = 0;
    for (unsigned i = 0; r->op != OP_PROBE && i < MIN(r->nr_segments, MAX_SEGMENTS); i++) {
        uint32_t first = r->segment[i] >> 3 & 31, last = r->segment[i] & 7;
        sectors += first <= last ? last - first + 1 : 0;
    }
    event_device(b->d, &(const struct ring1_device_event){
                           .device = RING1_DEVICE_BLOCK,
                           .request = r->op < G_N_ELEMENTS(names) ? names[r->op] : "unknown",
                           .disk = r->op == OP_PROBE ? "all"
                                   : vbd             ? vbd->disk->name
                                                     : "none",
                           .sector = r->sector,
                           .nr_sectors = sectors,
                           .error = status < 0 ? "error" : NULL});
}

static void respond(struct block_2_0 *b, uint8_t *ring, const struct request *r, int16_t status)
{
    uint8_t response[RESPONSE_BYTES] = {0};
    store32(response, r->id);
    response[4] = r->op;
    memcpy(response + 5, &status, sizeof status);
    memcpy(ring + SLOTS + b->s.resp_prod % NR_SLOTS * sizeof *r, response, sizeof response);
    store32(ring + RESP_PROD, ++b->s.resp_prod);
}

bool block_2_0_notify(struct block_2_0 *b, uint16_t port)
{
    if (b->s.status != STATUS_CONNECTED || port != b->s.port)
        return false;
    uint8_t *ring = shared_page(b->d, MFN(b->s.frame));
    bool served = false;
    while (ring) {
        struct request r;
        uint32_t waiting = load32(ring + REQ_PROD) - b->s.req_cons;
        if (waiting > NR_SLOTS)
            b->fault = "the ring's req_prod is beyond its end";
        if (waiting == 0 || waiting > NR_SLOTS)
            break;
        memcpy(&r, ring + SLOTS + b->s.req_cons++ % NR_SLOTS * sizeof r, sizeof r);
        int16_t status = -1;
        if (r.op == OP_PROBE)
            status = probe(b, &r);
        else if (r.op == OP_READ || r.op == OP_WRITE)
            status = transfer(b, &r);
        else
            b->fault = "an operation that is not read, write or probe";
        tell(b, &r, status);
        respond(b, ring, &r, status);
        served = true;
    }
    if (served) {
        frame_changed(b->d, MFN(b->s.frame));
        evtchn_backend_send(b->d, b->s.port);
    }
    return true;
}

/* --- snapshots -------------------------------------------------------------------- */

static const struct state_field rows[] = {
    STATE_N(state, status, STATUS_CONNECTED), STATE_N(state, frame, STATE_ANY),
    STATE_N(state, port, NR_EVTCHNS - 1),     STATE_N(state, req_cons, STATE_ANY),
    STATE_N(state, resp_prod, STATE_ANY),     STATE_N(state, tell, STATE_ANY),
};
static const struct state_type type = STATE_TYPE(state, rows);

GBytes *block_2_0_save(const struct block_2_0 *b)
{
    GByteArray *bytes = g_byte_array_new();
    state_pack(bytes, &type, &b->s);
    return g_byte_array_free_to_bytes(bytes);
}

bool block_2_0_restore(struct block_2_0 *b, GBytes *saved, GError **error)
{
    struct state_bytes from;
    from.at = g_bytes_get_data(saved, &from.left);
    if (state_unpack(&from, &type, &b->s, error))
        return true;
    g_prefix_error(error, "block interface: ");
    return false;
}
