/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * block.c - see block.h: the ring and the requests in it. Who is connected to whom is
 * xenbus.c's.
 */
#include "block.h"

#include "block_wire.h"
#include "dispatch/event.h"
#include "dispatch/evtchn.h"
#include "ring.h"
#include "xenbus.h"

#include <errno.h>
#include <ring1/ring1.h>
#include <stdlib.h>

#define SECTOR       512u
#define PAGE_SECTORS (RING1_PAGE_SIZE / SECTOR)

/* What Linux's back end offers. */
#define MAX_RING_ORDER    4u
#define MAX_INDIRECT      256u
#define MAX_PERSISTENT    1056u
#define SEGMENTS_PER_PAGE (RING1_PAGE_SIZE / (uint32_t)sizeof(struct blk_segment))

/* All that a snapshot has to hold. */
struct block_state {
    struct ring ring;
    uint32_t port;   /* 0: none */
    uint32_t xenbus; /* xenbus_save */
    bool persistent; /* both sides agreed */
    uint32_t nr_persistent;
};

struct block {
    struct domain *d;
    struct xenbus *bus;
    struct disk *disk;
    struct block_state s;
    /* Grants that stay mapped, because the front end uses them again and again: ref ->
     * struct grant_mapping. */
    GHashTable *persistent;
    char *fault;
    /* The request that is being served. */
    struct grant_mapping *segment[MAX_INDIRECT];
    struct grant_mapping once[MAX_INDIRECT];
    struct iovec iov[MAX_INDIRECT];
};

static void fault(struct block *b, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void fault(struct block *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_free(b->fault);
    b->fault = g_strdup_vprintf(format, args);
    va_end(args);
}

const char *block_fault(const struct block *b)
{
    return b->fault;
}

/* --- names ---------------------------------------------------------------------- */

bool block_device_number(const char *name, unsigned *number)
{
    static const struct {
        const char *prefix;
        unsigned major, shift, disks;
    } kinds[] = {{"xvd", 202, 4, 16}, {"sd", 8, 4, 16}, {"hd", 3, 6, 2}};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (!g_str_has_prefix(name, kinds[i].prefix))
            continue;
        const char *at = name + strlen(kinds[i].prefix);
        if (*at < 'a' || *at > 'z')
            return false;
        unsigned disk = (unsigned)(*at++ - 'a');
        guint64 part = 0;
        unsigned parts = i == 0 && disk >= 16 ? 256 : 1u << kinds[i].shift;
        if (*at && (*at == '0' || !g_ascii_string_to_unsigned(at, 10, 1, parts - 1, &part, NULL)))
            return false;
        if (disk < kinds[i].disks)
            *number = kinds[i].major << 8 | disk << kinds[i].shift | (unsigned)part;
        else if (i == 0)
            *number = 1u << 28 | disk << 8 | (unsigned)part;
        else
            return false;
        return true;
    }
    return false;
}

/* --- segments ------------------------------------------------------------------- */

/* The grant of a segment: one that stays mapped, or for this request alone. */
static struct grant_mapping *map_segment(struct block *b, uint32_t ref, bool readonly,
                                         struct grant_mapping *once)
{
    struct grant_mapping *m = g_hash_table_lookup(b->persistent, GUINT_TO_POINTER(ref));
    once->mapped = false;
    if (m)
        return m;
    bool stays = b->s.persistent && g_hash_table_size(b->persistent) < MAX_PERSISTENT;
    if (grant_map(b->d, ref, readonly && !stays, once))
        return NULL;
    if (!stays)
        return once;
    m = g_memdup2(once, sizeof *once);
    once->mapped = false;
    g_hash_table_insert(b->persistent, GUINT_TO_POINTER(ref), m);
    return m;
}

static void unmap_segments(struct block *b, unsigned nr)
{
    for (unsigned i = 0; i < nr; i++)
        grant_unmap(b->d, &b->once[i]);
}

/* Segments as bytes of the host. Returns how many are mapped; *sectors is 0 when one
 * is not as it should be. */
static unsigned map_segments(struct block *b, const struct blk_segment *segment, unsigned nr, bool readonly,
                             uint64_t *sectors)
{
    *sectors = 0;
    uint64_t sum = 0;
    for (unsigned i = 0; i < nr; i++) {
        const struct blk_segment *s = &segment[i];
        if (s->first > s->last || s->last >= PAGE_SECTORS) {
            fault(b, "segment %u: sectors %u to %u of a page", i, s->first, s->last);
            return i;
        }
        struct grant_mapping *m = map_segment(b, s->ref, readonly, &b->once[i]);
        if (!m) {
            fault(b, "segment %u: grant %u: %s", i, s->ref, b->d->why);
            return i;
        }
        if (m->readonly && !readonly) {
            fault(b, "segment %u: grant %u is mapped read-only", i, s->ref);
            return i;
        }
        b->segment[i] = m;
        b->iov[i].iov_base = grant_bytes(b->d, m) + s->first * SECTOR;
        b->iov[i].iov_len = (s->last - s->first + 1u) * SECTOR;
        sum += s->last - s->first + 1u;
    }
    *sectors = sum;
    return nr;
}

/* --- requests ------------------------------------------------------------------- */

static bool in_disk(struct block *b, uint64_t sector, uint64_t nr)
{
    uint64_t size = b->disk->size / SECTOR;
    if (sector <= size && nr <= size - sector)
        return true;
    fault(b, "sectors %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " of a disk of %" G_GUINT64_FORMAT, sector,
          sector + nr, size);
    return false;
}

static int16_t status_of(struct block *b, int err)
{
    if (err == EOPNOTSUPP || err == ENOTTY)
        return BLK_STATUS_NOT_SUPPORTED;
    if (err)
        fault(b, "%s: %s", b->disk->name, g_strerror(err));
    return err ? BLK_STATUS_ERROR : BLK_STATUS_OKAY;
}

/* For who looks on. Returns the status. */
static int16_t tell(const struct block *b, unsigned op, uint64_t sector, uint64_t nr, int16_t status)
{
    static const char *const names[] = {
        [BLK_OP_READ] = "read",   [BLK_OP_WRITE] = "write",     [BLK_OP_BARRIER] = "barrier",
        [BLK_OP_FLUSH] = "flush", [BLK_OP_DISCARD] = "discard", [BLK_OP_INDIRECT] = "indirect"};
    event_device(b->d, &(const struct ring1_device_event){
                           .device = RING1_DEVICE_BLOCK,
                           .request = op < G_N_ELEMENTS(names) && names[op] ? names[op] : "unknown",
                           .disk = b->disk->name,
                           .sector = sector,
                           .nr_sectors = (uint32_t)MIN(nr, UINT32_MAX),
                           .error = status == BLK_STATUS_NOT_SUPPORTED ? "not supported"
                                    : status                           ? "error"
                                                                       : NULL});
    return status;
}

/* Read, write, or barrier: all before it is on the disk, then it is, then the rest. */
static int16_t do_transfer(struct block *b, uint8_t op, uint64_t sector, const struct blk_segment *segment,
                           unsigned nr)
{
    bool reads = op == BLK_OP_READ;
    uint64_t sectors;
    if (!reads && b->disk->readonly) {
        fault(b, "a write to a disk that is read-only");
        return BLK_STATUS_ERROR;
    }
    int err = op == BLK_OP_BARRIER || op == BLK_OP_FLUSH ? b->disk->ops->flush(b->disk) : 0;
    if (err || nr == 0)
        return status_of(b, err);
    unsigned mapped = map_segments(b, segment, nr, !reads, &sectors);
    int16_t status = BLK_STATUS_ERROR;
    if (sectors && in_disk(b, sector, sectors)) {
        const struct disk_ops *ops = b->disk->ops;
        err = (reads ? ops->read : ops->write)(b->disk, b->iov, (int)nr, sector * SECTOR);
        if (!err && op == BLK_OP_BARRIER)
            err = ops->flush(b->disk);
        status = status_of(b, err);
        for (unsigned i = 0; reads && i < nr; i++)
            grant_written(b->d, b->segment[i]);
    }
    unmap_segments(b, mapped);
    return status;
}

static int16_t transfer(struct block *b, uint8_t op, uint64_t sector, const struct blk_segment *segment,
                        unsigned nr)
{
    uint64_t sectors = 0;
    for (unsigned i = 0; i < nr; i++)
        sectors += segment[i].first <= segment[i].last ? segment[i].last - segment[i].first + 1u : 0;
    return tell(b, op, sector, sectors, do_transfer(b, op, sector, segment, nr));
}

static int16_t discard(struct block *b, const struct blk_discard *r)
{
    if (b->disk->readonly || !b->disk->can_discard || (r->flag & BLK_DISCARD_SECURE))
        return BLK_STATUS_NOT_SUPPORTED;
    if (!in_disk(b, r->sector, r->nr_sectors))
        return BLK_STATUS_ERROR;
    if (r->nr_sectors == 0)
        return BLK_STATUS_OKAY;
    return status_of(b, b->disk->ops->discard(b->disk, r->sector * SECTOR, r->nr_sectors * SECTOR));
}

static int16_t indirect(struct block *b, const struct blk_indirect *r)
{
    struct blk_segment segment[MAX_INDIRECT];
    if ((r->indirect_op != BLK_OP_READ && r->indirect_op != BLK_OP_WRITE) || r->nr_segments == 0 ||
        r->nr_segments > MAX_INDIRECT) {
        fault(b, "indirect operation %u with %u segments", r->indirect_op, r->nr_segments);
        return tell(b, BLK_OP_INDIRECT, r->sector, 0, BLK_STATUS_ERROR);
    }
    G_STATIC_ASSERT(MAX_INDIRECT <= SEGMENTS_PER_PAGE);
    if (grant_copy_from(b->d, r->ref[0], 0, segment, r->nr_segments * (uint32_t)sizeof segment[0])) {
        fault(b, "indirect segments: grant %u: %s", r->ref[0], b->d->why);
        return tell(b, BLK_OP_INDIRECT, r->sector, 0, BLK_STATUS_ERROR);
    }
    return transfer(b, r->indirect_op, r->sector, segment, r->nr_segments);
}

static int16_t serve(struct block *b, const union blk_request *r)
{
    switch (r->rw.op) {
    case BLK_OP_READ:
    case BLK_OP_WRITE:
    case BLK_OP_BARRIER:
    case BLK_OP_FLUSH:
        if (r->rw.nr_segments > BLK_MAX_SEGMENTS || (r->rw.nr_segments == 0 && r->rw.op < BLK_OP_BARRIER)) {
            fault(b, "operation %u with %u segments", r->rw.op, r->rw.nr_segments);
            return tell(b, r->rw.op, r->rw.sector, 0, BLK_STATUS_ERROR);
        }
        return transfer(b, r->rw.op, r->rw.sector, r->rw.segment, r->rw.nr_segments);
    case BLK_OP_DISCARD:
        return tell(b, BLK_OP_DISCARD, r->discard.sector, r->discard.nr_sectors, discard(b, &r->discard));
    case BLK_OP_INDIRECT:
        return indirect(b, &r->indirect);
    default:
        fault(b, "operation %u", r->rw.op);
        return tell(b, r->rw.op, 0, 0, BLK_STATUS_NOT_SUPPORTED);
    }
}

static void respond(struct block *b, const union blk_request *r, int16_t status)
{
    struct blk_response response = {.id = r->rw.id, .op = r->rw.op, .status = status};
    if (r->rw.op == BLK_OP_INDIRECT) /* as Linux's back end, and its front end looks */
        response.op = r->indirect.indirect_op;
    ring_respond(b->d, &b->s.ring, &response, sizeof response);
    if (ring_push(b->d, &b->s.ring))
        evtchn_backend_send(b->d, b->s.port);
}

static void serve_ring(struct block *b)
{
    union blk_request request;
    enum ring_state state;
    do {
        while ((state = ring_take(b->d, &b->s.ring, &request)) == RING_TAKEN)
            respond(b, &request, serve(b, &request));
    } while (state == RING_EMPTY && ring_wait(b->d, &b->s.ring));
    if (state == RING_BROKEN) {
        fault(b, "the ring's req_prod is beyond its end");
        xenbus_fail(b->bus, "%s", b->fault);
    }
}

bool block_notify(struct block *b, uint16_t port)
{
    if (b->s.port == 0 || port != b->s.port)
        return false;
    serve_ring(b);
    return true;
}

/* --- connection ------------------------------------------------------------------- */

static void offer(void *device)
{
    struct block *b = device;
    xenbus_put(b->bus, "feature-barrier", "%d", !b->disk->readonly);
    xenbus_put(b->bus, "feature-flush-cache", "%d", !b->disk->readonly);
    xenbus_put(b->bus, "feature-discard", "%d", b->disk->can_discard);
    xenbus_put(b->bus, "discard-granularity", "%u", SECTOR);
    xenbus_put(b->bus, "discard-alignment", "0");
    xenbus_put(b->bus, "discard-secure", "0");
    xenbus_put(b->bus, "feature-persistent", "1");
    xenbus_put(b->bus, "feature-max-indirect-segments", "%u", MAX_INDIRECT);
    xenbus_put(b->bus, "max-ring-page-order", "%u", MAX_RING_ORDER);
    xenbus_put(b->bus, "sectors", "%" G_GUINT64_FORMAT, b->disk->size / SECTOR);
    xenbus_put(b->bus, "info", "%u", b->disk->readonly ? BLK_INFO_READONLY : 0);
    xenbus_put(b->bus, "sector-size", "%u", SECTOR);
    xenbus_put(b->bus, "physical-sector-size", "%u", SECTOR);
}

/* The ring's pages: "ring-ref", or "ring-page-order" and "ring-ref0" and so on. */
static bool get_refs(struct block *b, uint32_t *ref, unsigned *nr)
{
    uint32_t order;
    *nr = 1;
    if (!xenbus_get_number(b->bus, "ring-page-order", UINT32_MAX, &order))
        return xenbus_get_number(b->bus, "ring-ref", UINT32_MAX, ref) ||
               xenbus_get_number(b->bus, "ring-ref0", UINT32_MAX, ref);
    if (order > MAX_RING_ORDER)
        return false;
    *nr = 1u << order;
    for (unsigned i = 0; i < *nr; i++) {
        g_autofree char *name = g_strdup_printf("ring-ref%u", i);
        if (!xenbus_get_number(b->bus, name, UINT32_MAX, &ref[i]) &&
            !(*nr == 1 && xenbus_get_number(b->bus, "ring-ref", UINT32_MAX, ref)))
            return false;
    }
    return true;
}

static bool connect_ring(void *device)
{
    struct block *b = device;
    uint32_t ref[RING_PAGES_MAX], port, persistent = 0;
    unsigned nr;
    g_autofree char *protocol = xenbus_get_front(b->bus, "protocol");
    if (protocol && strcmp(protocol, "x86_32-abi") != 0) {
        xenbus_fail(b->bus, "protocol '%.32s': only x86_32-abi is served", protocol);
        return false;
    }
    if (!get_refs(b, ref, &nr) || !xenbus_get_number(b->bus, "event-channel", UINT16_MAX, &port)) {
        xenbus_fail(b->bus, "the front end's ring-ref, ring-page-order or event-channel is no good");
        return false;
    }
    if (ring_map(b->d, &b->s.ring, ref, nr, sizeof(union blk_request))) {
        xenbus_fail(b->bus, "ring page: %s", b->d->why);
        return false;
    }
    if (evtchn_backend_bind(b->d, port, BACKEND_DEVICE)) {
        xenbus_fail(b->bus, "event-channel %u does not wait for domain 0", port);
        return false;
    }
    b->s.port = port;
    b->s.persistent = xenbus_get_number(b->bus, "feature-persistent", 1, &persistent) && persistent;
    g_clear_pointer(&b->fault, g_free);
    /* A request may stand there already. */
    ring_wait(b->d, &b->s.ring);
    if (ring_waiting(b->d, &b->s.ring))
        block_notify(b, (uint16_t)port);
    return true;
}

static void let_go(struct block *b)
{
    GHashTableIter i;
    gpointer mapping;
    g_hash_table_iter_init(&i, b->persistent);
    while (g_hash_table_iter_next(&i, NULL, &mapping))
        grant_unmap(b->d, mapping);
    g_hash_table_remove_all(b->persistent);
    ring_unmap(b->d, &b->s.ring);
    if (b->s.port)
        evtchn_backend_unbind(b->d, b->s.port);
    b->s.port = 0;
}

static void disconnect(void *device)
{
    let_go(device);
}

static const struct xenbus_driver driver = {
    .type = "vbd",
    .offer = offer,
    .connect = connect_ring,
    .disconnect = disconnect,
};

static void describe(struct block *b, const char *dev, unsigned number)
{
    const char *mode = b->disk->readonly ? "r" : "w";
    xenbus_put(b->bus, "dev", "%s", dev);
    xenbus_put(b->bus, "type", "phy");
    xenbus_put(b->bus, "mode", "%s", mode);
    xenbus_put(b->bus, "device-type", "disk");
    xenbus_put(b->bus, "bootable", "1");
    xenbus_put(b->bus, "removable", "0");
    xenbus_put(b->bus, "discard-enable", "%d", b->disk->can_discard);
    xenbus_put_front(b->bus, "virtual-device", "%u", number);
    xenbus_put_front(b->bus, "device-type", "disk");
}

struct block *block_new(struct xenstore *x, struct domain *d, struct disk *disk, const char *dev,
                        unsigned number)
{
    struct block *b = g_new0(struct block, 1);
    b->d = d;
    b->disk = disk;
    b->persistent = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    b->bus = xenbus_new(x, d, &driver, b, number);
    describe(b, dev, number);
    xenbus_start(b->bus);
    return b;
}

void block_free(struct block *b)
{
    if (!b)
        return;
    xenbus_free(b->bus);
    disk_close(b->disk);
    g_hash_table_destroy(b->persistent);
    g_free(b->fault);
    g_free(b);
}

void block_suspend(struct block *b)
{
    let_go(b);
}

void block_resume(struct block *b)
{
    xenbus_restart(b->bus);
}

/* --- snapshots -------------------------------------------------------------------- */

static const struct state_field block_rows[] = {
    STATE_S(block_state, ring, &ring_state_type),        STATE_N(block_state, port, NR_EVTCHNS - 1),
    STATE_N(block_state, xenbus, XENBUS_SAVED_MAX),      STATE_B(block_state, persistent),
    STATE_N(block_state, nr_persistent, MAX_PERSISTENT),
};
static const struct state_type block_type = STATE_TYPE(block_state, block_rows);

GBytes *block_save(const struct block *b)
{
    GByteArray *bytes = g_byte_array_new();
    struct block_state s = b->s;
    g_autoptr(GList) refs = g_hash_table_get_keys(b->persistent);
    s.xenbus = xenbus_save(b->bus);
    s.nr_persistent = g_hash_table_size(b->persistent);
    state_pack(bytes, &block_type, &s);
    for (GList *i = refs; i; i = i->next)
        state_pack(bytes, &grant_mapping_state_type, g_hash_table_lookup(b->persistent, i->data));
    return g_byte_array_free_to_bytes(bytes);
}

bool block_restore(struct block *b, GBytes *saved, GError **error)
{
    struct state_bytes from;
    struct block_state s = {.port = 0};
    from.at = g_bytes_get_data(saved, &from.left);
    bool ok = state_unpack(&from, &block_type, &s, error);
    g_hash_table_remove_all(b->persistent);
    for (uint32_t i = 0; ok && i < s.nr_persistent; i++) {
        struct grant_mapping *m = g_new0(struct grant_mapping, 1);
        ok = state_unpack(&from, &grant_mapping_state_type, m, error);
        g_hash_table_insert(b->persistent, GUINT_TO_POINTER(m->ref), m);
    }
    if (!ok) {
        g_prefix_error(error, "%s: ", xenbus_name(b->bus));
        return false;
    }
    b->s = s;
    xenbus_restore(b->bus, s.xenbus);
    return true;
}

bool block_check(const struct block *b, GError **error)
{
    GHashTableIter i;
    gpointer mapping;
    bool ok = ring_check(b->d, &b->s.ring, sizeof(union blk_request)) &&
              (b->s.port == 0 || b->s.ring.nr_pages != 0);
    g_hash_table_iter_init(&i, b->persistent);
    while (ok && g_hash_table_iter_next(&i, NULL, &mapping))
        ok = ((const struct grant_mapping *)mapping)->mapped && grant_mapping_check(b->d, mapping);
    if (!ok)
        g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "%s: its ring or its grants cannot be",
                    xenbus_name(b->bus));
    return ok;
}

void block_pins(const struct block *b, uint32_t *pins)
{
    GHashTableIter i;
    gpointer mapping;
    ring_pins(b->d, &b->s.ring, pins);
    g_hash_table_iter_init(&i, b->persistent);
    while (g_hash_table_iter_next(&i, NULL, &mapping))
        grant_pins(b->d, mapping, pins);
}
