/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * grant_op.c - grant_table_op (docs/xen-abi.md 8.20 with 12.2 and 13). There is no
 * other domain whose pages could be mapped: maps get the status that Xen gives,
 * copies within the domain are made.
 */
#include "access.h"
#include "grant.h"
#include "hypercall.h"
#include "preempt.h"

#include <string.h>
#include <xen/errno.h>
#include <xen/grant_table.h>

struct map_op {
    uint64_t host_addr;
    uint32_t flags;
    uint32_t ref;
    uint16_t dom;
    int16_t status;
    uint32_t handle;
    uint64_t dev_bus_addr;
} __attribute__((packed, aligned(4)));
G_STATIC_ASSERT(sizeof(struct map_op) == 32);

/* unmap_grant_ref and unmap_and_replace. */
struct unmap_op {
    uint64_t host_addr;
    uint64_t other_addr;
    uint32_t handle;
    int16_t status;
    uint16_t pad;
} __attribute__((packed, aligned(4)));
G_STATIC_ASSERT(sizeof(struct unmap_op) == 24);

struct transfer_op {
    uint32_t mfn;
    uint16_t domid, pad0;
    uint32_t ref;
    int16_t status;
    uint16_t pad1;
};
G_STATIC_ASSERT(sizeof(struct transfer_op) == 16);

struct copy_end {
    uint32_t ref; /* or frame number */
    uint16_t domid;
    uint16_t offset;
};
struct copy_op {
    struct copy_end source, dest;
    uint16_t len;
    uint16_t flags;
    int16_t status;
    uint16_t pad;
};
G_STATIC_ASSERT(sizeof(struct copy_op) == 24);

struct swap_op {
    uint32_t ref_a, ref_b;
    int16_t status;
    uint16_t pad;
};
G_STATIC_ASSERT(sizeof(struct swap_op) == 12);

struct flush_op {
    uint64_t address;
    uint16_t offset, length;
    uint32_t op;
} __attribute__((packed, aligned(4)));
G_STATIC_ASSERT(sizeof(struct flush_op) == 16);

union grant_args {
    struct map_op map;
    struct unmap_op unmap;
    struct transfer_op transfer;
    struct copy_op copy;
    struct swap_op swap;
    struct flush_op flush;
};

static int16_t fail(struct domain *d, int16_t status, const char *what)
{
    refuse(d, 0, "%s", what);
    return status;
}

static bool domain_known(const struct domain *d, uint16_t dom)
{
    return dom == d->s.domid || dom == DOMID_BACKEND;
}

/* --- entry by entry --------------------------------------------------------- */

/* Status of grant `ref` of a domain that exists, for use by the guest: 0 and a
 * copy of the entry, or what is wrong. The back ends' domain grants nothing. */
static int16_t find_grant(struct domain *d, uint16_t dom, uint32_t ref, bool write, struct grant_entry *out)
{
    const struct grant_entry *shared = grant_entry(d, ref);
    if (!shared)
        return fail(d, GNTST_bad_gntref, "the reference is beyond the table");
    *out = *shared;
    if (dom != d->s.domid || (out->flags & GTF_type_mask) != GTF_permit_access || out->domid != d->s.domid)
        return fail(d, GNTST_general_error, "the reference grants nothing to the caller");
    if (write && out->flags & GTF_readonly)
        return fail(d, GNTST_general_error, "the reference is read-only");
    return GNTST_okay;
}

static int32_t map_one(struct vcpu *v, union grant_args *a)
{
    struct domain *d = v->domain;
    struct map_op *op = &a->map;
    struct grant_entry entry;
    bool first = d->abi->xen <= RING1_XEN_3_0_4;
    if (first && op->host_addr && op->host_addr >= d->abi->hole)
        op->status = fail(d, GNTST_bad_virt_addr, "the address is Xen's");
    else if (!(op->flags & (GNTMAP_device_map | GNTMAP_host_map)))
        op->status = fail(d, GNTST_bad_gntref, "neither a device nor a host mapping");
    else if (first && !grant_entry(d, op->ref))
        op->status = fail(d, GNTST_bad_gntref, "the reference is beyond the table");
    else if (!domain_known(d, op->dom) || (first && op->dom == d->s.domid))
        op->status = fail(d, GNTST_bad_domain, "there is no such other domain");
    else
        op->status = find_grant(d, op->dom, op->ref, !(op->flags & GNTMAP_readonly), &entry);
    if (op->status == GNTST_okay)
        op->status = fail(d, GNTST_general_error, "mapping one's own grant is not served yet");
    return 0;
}

static int32_t unmap_one(struct vcpu *v, union grant_args *a)
{
    a->unmap.status = fail(v->domain, GNTST_bad_handle, "nothing is mapped under the handle");
    return 0;
}

static const struct frame *own_frame(const struct domain *d, uint32_t mfn)
{
    const struct frame *f = frame_exists(d->mem, MFN(mfn)) ? frame_info(d->mem, MFN(mfn)) : NULL;
    return f && f->owner == d->s.domid && f->count ? f : NULL;
}

static int32_t transfer_one(struct vcpu *v, union grant_args *a)
{
    struct domain *d = v->domain;
    if (!own_frame(d, a->transfer.mfn))
        a->transfer.status = fail(d, GNTST_bad_page, "the page is not the caller's");
    else
        a->transfer.status = fail(d, GNTST_bad_domain, "nobody takes the page");
    return 0;
}

/* The page behind one end of a copy. */
static int16_t copy_page(struct domain *d, const struct copy_end *end, bool is_ref, bool write,
                         uint8_t **page, mfn_t *mfn)
{
    bool self = end->domid == OWNER_DOMID_SELF;
    uint32_t number = end->ref;
    if (!self && !is_ref)
        return fail(d, GNTST_permission_denied, "frame numbers are for DOMID_SELF alone");
    if (!self && !domain_known(d, end->domid))
        return fail(d, GNTST_bad_domain, "there is no such domain");
    if (is_ref) {
        struct grant_entry entry;
        int16_t status = find_grant(d, self ? d->s.domid : end->domid, end->ref, write, &entry);
        if (status)
            return status;
        number = entry.frame;
    }
    const struct frame *f = own_frame(d, number);
    if (!f)
        return fail(d, !is_ref && d->abi->xen >= RING1_XEN_4_17 ? GNTST_bad_page : GNTST_general_error,
                    "the page is not the domain's");
    if (write && f->type != PGT_writable && f->type_count != 0)
        return fail(d, GNTST_general_error, "the destination is a page table or descriptor page");
    *mfn = MFN(number);
    *page = frame_ptr(d->mem, *mfn);
    return GNTST_okay;
}

static int32_t copy_one(struct vcpu *v, union grant_args *a)
{
    struct domain *d = v->domain;
    struct copy_op *op = &a->copy;
    uint8_t *from = NULL, *to = NULL;
    mfn_t from_mfn, to_mfn;
    bool beyond = op->source.offset + op->len > (int)RING1_PAGE_SIZE ||
                  op->dest.offset + op->len > (int)RING1_PAGE_SIZE;
    op->status = GNTST_okay;
    if (beyond && d->abi->xen < RING1_XEN_4_17)
        op->status = GNTST_bad_copy_arg;
    if (!op->status)
        op->status =
            copy_page(d, &op->source, (op->flags & GNTCOPY_source_gref) != 0, false, &from, &from_mfn);
    if (!op->status)
        op->status = copy_page(d, &op->dest, (op->flags & GNTCOPY_dest_gref) != 0, true, &to, &to_mfn);
    if (!op->status && beyond)
        op->status = GNTST_bad_copy_arg;
    if (op->status)
        return 0;
    memmove(to + op->dest.offset, from + op->source.offset, op->len);
    frame_changed(d, to_mfn);
    return 0;
}

static int32_t swap_one(struct vcpu *v, union grant_args *a)
{
    struct domain *d = v->domain;
    struct grant_entry *x = grant_entry(d, a->swap.ref_a), *y = grant_entry(d, a->swap.ref_b);
    if (!x || !y) {
        a->swap.status = fail(d, GNTST_bad_gntref, "a reference is beyond the table");
        return 0;
    }
    struct grant_entry saved = *x;
    *x = *y;
    *y = saved;
    for (unsigned i = 0; i < d->s.grant.nr_frames; i++)
        frame_changed(d, d->s.grant.frames[i]);
    a->swap.status = GNTST_okay;
    return 0;
}

static int32_t flush_one(struct vcpu *v, union grant_args *a)
{
    struct flush_op *op = &a->flush;
    if (op->offset + op->length > (int)RING1_PAGE_SIZE || op->op & ~3u)
        return refuse(v->domain, -XEN_EINVAL, "%u bytes at %u, operation %#x", op->length, op->offset,
                      op->op);
    if (op->length == 0 || op->op == 0)
        return 0;
    return refuse(v->domain, -XEN_EOPNOTSUPP, "caches are not flushed on x86");
}

struct entry_cmd {
    int32_t (*fn)(struct vcpu *v, union grant_args *a);
    uint32_t size;
    uint32_t answer, answer_len; /* what is given back */
    enum ring1_xen from;
};

static const struct entry_cmd entry_cmds[] = {
    [GNTTABOP_map_grant_ref] = {map_one, 32, 18, 14, RING1_XEN_3_0_0},
    [GNTTABOP_unmap_grant_ref] = {unmap_one, 24, 20, 2, RING1_XEN_3_0_0},
    [GNTTABOP_transfer] = {transfer_one, 16, 12, 2, RING1_XEN_3_0_0},
    [GNTTABOP_copy] = {copy_one, 24, 20, 2, RING1_XEN_3_0_4},
    [GNTTABOP_unmap_and_replace] = {unmap_one, 24, 20, 2, RING1_XEN_3_2},
    [GNTTABOP_swap_grant_ref] = {swap_one, 12, 8, 2, RING1_XEN_4_17},
    [GNTTABOP_cache_flush] = {flush_one, 16, 0, 0, RING1_XEN_4_17},
};

/* 4.17 alone stops in the middle: the 512 entries of older Xens are not many. */
static int32_t run_entries(struct vcpu *v, const struct entry_cmd *cmd, gva_t uop, uint32_t count)
{
    struct domain *d = v->domain;
    if (d->abi->array_range_checked && !guest_range_ok(d, uop, (uint64_t)count * cmd->size))
        return refuse(d, -XEN_EFAULT, "%u entries at %#x", count, uop.va);
    for (uint32_t i = 0; i < count; i++) {
        union grant_args a;
        if (i && d->abi->xen >= RING1_XEN_4_17 && preempt_check(v))
            return hypercall_continue(
                v, 20, 3,
                (const uint32_t[]){(uint32_t)(cmd - entry_cmds), uop.va + i * cmd->size, count - i});
        memset(&a, 0, sizeof a);
        int32_t rc = guest_read_index(v, uop, i, &a, cmd->size);
        if (!rc)
            rc = cmd->fn(v, &a);
        if (!rc && cmd->answer_len)
            rc = guest_write(v, GVA(uop.va + i * cmd->size + cmd->answer), (char *)&a + cmd->answer,
                             cmd->answer_len);
        /* 3.0.0 goes on over entries that it cannot read. */
        if (rc && d->abi->xen > RING1_XEN_3_0_0)
            return rc == -XEN_EFAULT ? refuse(d, rc, "entry %u cannot be read or written", i) : rc;
        preempt_work(d, 4);
    }
    return 0;
}

/* --- the table as a whole --------------------------------------------------- */

/* Whose table: the caller's, or the status that says why not. */
static int16_t table_status(struct domain *d, uint16_t dom)
{
    bool new = d->abi->xen >= RING1_XEN_4_17;
    if (dom == OWNER_DOMID_SELF || (new &&dom == d->s.domid))
        return GNTST_okay;
    if (new &&dom != DOMID_BACKEND)
        return fail(d, GNTST_bad_domain, "there is no such domain");
    return fail(d, GNTST_permission_denied, "the domain is not the caller");
}

static int32_t bad_count(struct domain *d, uint32_t count)
{
    return refuse(d, -XEN_EINVAL, "a count of %u: it must be 1", count);
}

static int32_t bad_argument(struct domain *d, gva_t uop)
{
    return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be used", uop.va);
}

struct setup_op {
    uint16_t dom, pad0;
    uint32_t nr_frames;
    int16_t status;
    uint16_t pad1;
    uint32_t frame_list;
};
G_STATIC_ASSERT(sizeof(struct setup_op) == 16);

static int32_t setup_table(struct vcpu *v, gva_t uop, uint32_t count)
{
    struct domain *d = v->domain;
    const struct grant_table *gt = &d->s.grant;
    bool new = d->abi->xen >= RING1_XEN_4_17;
    struct setup_op op;
    if (new &&count == 0)
        return 0;
    if (count != 1)
        return bad_count(d, count);
    if (guest_read(v, uop, &op, sizeof op))
        return bad_argument(d, uop);
    op.status = table_status(d, op.dom);
    if (!op.status && op.nr_frames > grant_max_frames(d->abi))
        op.status = fail(d, GNTST_general_error, "more frames than the table may have");
    if (!op.status && !grant_grow(d, op.nr_frames))
        op.status = fail(d, GNTST_general_error, "no memory for more frames");
    for (uint32_t i = 0; !op.status && i < op.nr_frames; i++)
        /* Older Xens do not notice that the list cannot be written. */
        if (guest_write_index(v, GVA(op.frame_list), i, &gt->frames[i].mfn, 4) && new)
            return refuse(d, -XEN_EFAULT, "the list at %#x cannot be written", op.frame_list);
    if (guest_write(v, GVA(uop.va + 8), &op.status, sizeof op.status))
        return bad_argument(d, uop);
    return 0;
}

static int32_t dump_table(struct vcpu *v, gva_t uop, uint32_t count)
{
    struct {
        uint16_t dom;
        int16_t status;
    } op;
    (void)count;
    if (guest_read(v, uop, &op, sizeof op))
        return bad_argument(v->domain, uop);
    op.status = table_status(v->domain, op.dom);
    return guest_write(v, uop, &op, sizeof op) ? bad_argument(v->domain, uop) : 0;
}

static int32_t query_size(struct vcpu *v, gva_t uop, uint32_t count)
{
    struct domain *d = v->domain;
    struct {
        uint16_t dom, pad0;
        uint32_t nr_frames, max_nr_frames;
        int16_t status;
        uint16_t pad1;
    } op;
    G_STATIC_ASSERT(sizeof op == 16);
    if (count != 1)
        return bad_count(d, count);
    if (guest_read(v, uop, &op, sizeof op))
        return bad_argument(d, uop);
    op.status = table_status(d, op.dom);
    if (!op.status) {
        op.nr_frames = d->s.grant.nr_frames;
        op.max_nr_frames = grant_max_frames(d->abi);
    }
    return guest_write(v, uop, &op, sizeof op) ? bad_argument(d, uop) : 0;
}

/* Version 1 alone is offered, as with gnttab=max-ver:1; the count is not looked
 * at (13.1). */
static int32_t set_version(struct vcpu *v, gva_t uop, uint32_t count)
{
    struct domain *d = v->domain;
    uint32_t version;
    int32_t rc = 0;
    (void)count;
    if (guest_read(v, uop, &version, sizeof version))
        return bad_argument(d, uop);
    if (version == 2)
        rc = refuse(d, -XEN_ENOSYS, "version 2 is not offered");
    else if (version != 1)
        rc = refuse(d, -XEN_EINVAL, "there is no version %u", version);
    version = d->s.grant.version;
    if (guest_write(v, uop, &version, sizeof version))
        return bad_argument(d, uop);
    return rc;
}

static int32_t get_version(struct vcpu *v, gva_t uop, uint32_t count)
{
    struct domain *d = v->domain;
    struct {
        uint16_t dom, pad;
        uint32_t version;
    } op;
    (void)count;
    if (guest_read(v, uop, &op, sizeof op))
        return bad_argument(d, uop);
    int16_t status = table_status(d, op.dom);
    if (status)
        return status == GNTST_bad_domain ? -XEN_ESRCH : -XEN_EPERM;
    op.version = d->s.grant.version;
    return guest_write(v, uop, &op, sizeof op) ? bad_argument(d, uop) : 0;
}

static int32_t get_status_frames(struct vcpu *v, gva_t uop, uint32_t count)
{
    struct domain *d = v->domain;
    struct {
        uint32_t nr_frames;
        uint16_t dom;
        int16_t status;
        uint32_t frame_list;
    } op;
    G_STATIC_ASSERT(sizeof op == 12);
    if (count != 1)
        return bad_count(d, count);
    if (guest_read(v, uop, &op, sizeof op))
        return bad_argument(d, uop);
    op.status = table_status(d, op.dom);
    if (!op.status)
        op.status = fail(d, GNTST_general_error, "the table is of version 1");
    return guest_write(v, uop, &op, sizeof op) ? bad_argument(d, uop) : 0;
}

static const struct {
    int32_t (*fn)(struct vcpu *v, gva_t uop, uint32_t count);
    enum ring1_xen from, to;
} table_cmds[] = {
    [GNTTABOP_setup_table] = {setup_table, RING1_XEN_3_0_0, RING1_XEN_4_17},
    [GNTTABOP_dump_table] = {dump_table, RING1_XEN_3_0_0, RING1_XEN_3_0_0},
    [GNTTABOP_query_size] = {query_size, RING1_XEN_3_2, RING1_XEN_4_17},
    [GNTTABOP_set_version] = {set_version, RING1_XEN_4_17, RING1_XEN_4_17},
    [GNTTABOP_get_status_frames] = {get_status_frames, RING1_XEN_4_17, RING1_XEN_4_17},
    [GNTTABOP_get_version] = {get_version, RING1_XEN_4_17, RING1_XEN_4_17},
};

int32_t do_grant_table_op(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    enum ring1_xen xen = d->abi->xen;
    uint32_t cmd = arg[0], count = arg[2];
    gva_t uop = GVA(arg[1]);
    if (xen >= RING1_XEN_4_17 ? (int32_t)count < 0 : count > 512)
        return refuse(d, -XEN_EINVAL, "a count of %u", count);
    /* 3.0.4 lets only domains with I/O rights map (12.2). */
    if (xen == RING1_XEN_3_0_4 && cmd == GNTTABOP_map_grant_ref)
        return refuse(d, -XEN_EPERM, "the domain has no I/O rights");
    grant_init(d);
    if (cmd < G_N_ELEMENTS(entry_cmds) && entry_cmds[cmd].fn && xen >= entry_cmds[cmd].from)
        return run_entries(v, &entry_cmds[cmd], uop, count);
    if (cmd < G_N_ELEMENTS(table_cmds) && table_cmds[cmd].fn && xen >= table_cmds[cmd].from &&
        xen <= table_cmds[cmd].to)
        return table_cmds[cmd].fn(v, uop, count);
    return refuse(d, -XEN_ENOSYS, "grant table command %u is unknown to Xen %s", cmd, d->abi->xen_name);
}
