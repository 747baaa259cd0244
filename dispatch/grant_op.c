/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * grant_op.c - grant_table_op (docs/xen-abi.md 8.20 with 12.2 and 13): its commands,
 * read and answered one entry after the other. Whose grants are used is always the
 * guest itself: there is no other domain but that of the back ends, which grants
 * nothing.
 */
#include "grant_priv.h"
#include "hypercall.h"
#include "preempt.h"
#include "window.h"

#include <string.h>

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
};

/* --- entry by entry --------------------------------------------------------- */

static int32_t map_one(struct vcpu *v, union grant_args *a)
{
    grant_map_op(v, &a->map);
    return 0;
}

static int32_t unmap_one(struct vcpu *v, union grant_args *a)
{
    grant_unmap_op(v, &a->unmap, false);
    return 0;
}

static int32_t replace_one(struct vcpu *v, union grant_args *a)
{
    grant_unmap_op(v, &a->unmap, true);
    return 0;
}

/* A frame goes to another domain: none takes it, but the caller itself may. What
 * was offered is gone whether or not somebody took it. */
static int32_t transfer_one(struct vcpu *v, union grant_args *a)
{
    struct domain *d = v->domain;
    struct transfer_op *op = &a->transfer;
    mfn_t mfn = MFN(op->mfn);
    if (!page_is_only_allocated(d, mfn)) {
        op->status = grant_fail(d, GNTST_bad_page, "frame %#x cannot be given away: it is %s", op->mfn,
                                page_use(d, mfn));
        return 0;
    }
    page_release(d, mfn);
    domain_flush(d);
    if (!domain_known(d, op->domid)) {
        op->status =
            grant_fail(d, GNTST_bad_domain, "frame %#x is gone: there is no domain %u", op->mfn, op->domid);
        return 0;
    }
    struct grant_entry *entry = op->domid == d->s.domid ? grant_entry(d, op->ref) : NULL;
    if (!entry || entry->flags != GTF_accept_transfer || entry->domid != d->s.domid) {
        op->status = grant_fail(d, GNTST_general_error,
                                "frame %#x is gone: domain %u does not wait for a page at reference %u",
                                op->mfn, op->domid, op->ref);
        return 0;
    }
    page_assign(d, mfn);
    m2p_set(d, mfn, entry->frame);
    *entry = (struct grant_entry){entry->flags | GTF_transfer_committed | GTF_transfer_completed,
                                  entry->domid, mfn.mfn};
    grant_changed(d, op->ref);
    op->status = GNTST_okay;
    return 0;
}

/* One end of a copy while it is held. */
struct copy_page {
    mfn_t mfn;
    bool held, typed, pinned;
};

/* Who is named, before any page is looked at. */
static int16_t copy_domain(struct domain *d, const struct copy_end *end, bool is_ref)
{
    if (end->domid != OWNER_DOMID_SELF && !is_ref)
        return grant_fail(d, GNTST_permission_denied,
                          "frame %#x of domain %u: frame numbers are for DOMID_SELF alone", end->ref,
                          end->domid);
    if (end->domid != OWNER_DOMID_SELF && !domain_known(d, end->domid))
        return grant_fail(d, GNTST_bad_domain, "there is no domain %u", end->domid);
    return GNTST_okay;
}

static int16_t copy_claim(struct domain *d, const struct copy_end *end, bool is_ref, bool write,
                          struct copy_page *page)
{
    struct pin_request r = {.ref = end->ref,
                            .increment = write ? PIN_HOST_WRITE : PIN_HOST_READ,
                            .user = d->s.domid,
                            .readonly = !write};
    if (is_ref && end->domid == DOMID_BACKEND)
        return grant_backend_ref(d, end->ref);
    if (is_ref) {
        int16_t status = grant_pin(d, &r, &page->mfn);
        if (status)
            return status;
        page->pinned = true;
    } else {
        page->mfn = MFN(end->ref);
        if (page_get(d, page->mfn))
            return d->abi->xen >= RING1_XEN_4_17 ? GNTST_bad_page : GNTST_general_error;
    }
    page->held = true;
    page->typed = write && page_get_type(d, page->mfn, PGT_writable) == 0;
    return write && !page->typed ? GNTST_general_error : GNTST_okay;
}

static void copy_release(struct domain *d, const struct copy_end *end, bool write, struct copy_page *page)
{
    if (page->typed)
        page_put_type(d, page->mfn);
    if (page->held)
        page_put(d, page->mfn);
    if (page->pinned)
        grant_unpin(d, end->ref, write ? PIN_HOST_WRITE : PIN_HOST_READ, !write);
}

/* Both pages are held: whether the bytes lie within them was asked first before
 * 4.17, and is now. */
static int16_t copy_bytes(struct domain *d, const struct copy_op *op, mfn_t from, mfn_t to)
{
    memmove((uint8_t *)frame_ptr(d->mem, to) + op->dest.offset,
            (const uint8_t *)frame_ptr(d->mem, from) + op->source.offset, op->len);
    frame_changed(d, to);
    return GNTST_okay;
}

static int16_t copy_beyond(struct domain *d, const struct copy_op *op)
{
    return grant_fail(d, GNTST_bad_copy_arg, "%u bytes from %u to %u reach beyond the page", op->len,
                      op->source.offset, op->dest.offset);
}

static int32_t copy_one(struct vcpu *v, union grant_args *a)
{
    struct domain *d = v->domain;
    struct copy_op *op = &a->copy;
    struct copy_page from = {0}, to = {0};
    bool from_ref = op->flags & GNTCOPY_source_gref, to_ref = op->flags & GNTCOPY_dest_gref;
    bool beyond = op->source.offset + op->len > (int)RING1_PAGE_SIZE ||
                  op->dest.offset + op->len > (int)RING1_PAGE_SIZE;
    int16_t status = GNTST_okay;
    if (beyond && d->abi->xen < RING1_XEN_4_17)
        status = copy_beyond(d, op);
    if (!status)
        status = copy_domain(d, &op->source, from_ref);
    if (!status)
        status = copy_domain(d, &op->dest, to_ref);
    if (!status)
        status = copy_claim(d, &op->source, from_ref, false, &from);
    if (!status)
        status = copy_claim(d, &op->dest, to_ref, true, &to);
    if (!status)
        status = beyond ? copy_beyond(d, op) : copy_bytes(d, op, from.mfn, to.mfn);
    copy_release(d, &op->dest, true, &to);
    copy_release(d, &op->source, false, &from);
    op->status = status;
    return 0;
}

static int32_t swap_one(struct vcpu *v, union grant_args *a)
{
    struct domain *d = v->domain;
    struct swap_op *op = &a->swap;
    struct grant_entry *x = grant_entry(d, op->ref_a), *y = grant_entry(d, op->ref_b);
    op->status = GNTST_okay;
    if (!x || !y) {
        op->status = grant_fail(d, GNTST_bad_gntref, "references %u and %u: the table has %u", op->ref_a,
                                op->ref_b, grant_nr_entries(d));
    } else if (op->ref_a != op->ref_b &&
               (active_entry(d, op->ref_a)->pin || active_entry(d, op->ref_b)->pin)) {
        op->status = grant_fail(d, GNTST_eagain, "reference %u is in use",
                                active_entry(d, op->ref_a)->pin ? op->ref_a : op->ref_b);
    } else {
        struct grant_entry saved = *x;
        *x = *y;
        *y = saved;
        grant_changed(d, op->ref_a);
        grant_changed(d, op->ref_b);
    }
    return 0;
}

/* `going_on` is what a continuation of the call would have in its command. */
static int32_t flush_one(struct vcpu *v, const struct flush_op *op, bool going_on)
{
    struct domain *d = v->domain;
    uint64_t mfn = op->address >> RING1_PAGE_SHIFT;
    if (op->offset >= RING1_PAGE_SIZE || op->offset + op->length > (int)RING1_PAGE_SIZE ||
        op->op & ~(uint32_t)(GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL))
        return refuse(d, -XEN_EINVAL, "%u bytes at %u, operation %#x", op->length, op->offset, op->op);
    if (op->length == 0 || op->op == 0)
        return going_on ? refuse(d, -XEN_EILSEQ, "%u bytes, operation %#x: nothing to go on with", op->length,
                                 op->op)
                        : 0;
    if (mfn >= d->mem->nr_frames)
        return refuse(d, -XEN_EINVAL, "there is no frame %#llx", (unsigned long long)mfn);
    const struct frame *f = frame_info(d->mem, MFN((uint32_t)mfn));
    if (f->owner != d->s.domid)
        return refuse(d, -XEN_EPERM, "frame %#x is not the domain's", (uint32_t)mfn);
    /* Caches have no contents here. */
    return op->op == GNTTAB_CACHE_INVAL
               ? refuse(d, -XEN_EOPNOTSUPP, "operation %#x: invalidation alone", op->op)
               : 0;
}

struct entry_cmd {
    int32_t (*fn)(struct vcpu *v, union grant_args *a);
    uint32_t size;
    uint32_t answer, answer_len; /* what is given back */
    enum ring1_xen from;
    uint32_t batch; /* entries that 4.17 reads before it serves the first; 0: 1 */
};

/* The compat layer of 4.17 translates into two pages: 341 entries of 24 bytes, 204
 * of 40. */
static const struct entry_cmd entry_cmds[] = {
    [GNTTABOP_map_grant_ref] = {map_one, 32, 18, 14, RING1_XEN_3_0_0, 0},
    [GNTTABOP_unmap_grant_ref] = {unmap_one, 24, 20, 2, RING1_XEN_3_0_0, 0},
    [GNTTABOP_transfer] = {transfer_one, 16, 12, 2, RING1_XEN_3_0_0, 341},
    [GNTTABOP_copy] = {copy_one, 24, 20, 2, RING1_XEN_3_0_4, 204},
    [GNTTABOP_unmap_and_replace] = {replace_one, 24, 20, 2, RING1_XEN_3_2, 0},
    [GNTTABOP_swap_grant_ref] = {swap_one, 12, 8, 2, RING1_XEN_4_17, 0},
};

/* The reason of the first one that fails stays, and says which it was. */
static int32_t serve_entry(struct vcpu *v, const struct entry_cmd *cmd, uint32_t i, union grant_args *a)
{
    struct domain *d = v->domain;
    bool said = d->why[0];
    int32_t rc = cmd->fn(v, a);
    if (G_UNLIKELY(!said && d->why[0]) && i > 0) {
        char why[sizeof d->why];
        g_strlcpy(why, d->why, sizeof why);
        g_strlcpy(d->why, "", sizeof d->why);
        refuse(d, 0, "entry %u: %.200s", i, why);
    }
    return rc;
}

/* The call stopped before entry i and goes on there. */
static int32_t go_on(struct vcpu *v, const struct entry_cmd *cmd, gva_t uop, uint32_t count, uint32_t i)
{
    const uint32_t arg[] = {(uint32_t)(cmd - entry_cmds), uop.va + i * cmd->size, count - i};
    return hypercall_continue(v, 20, 3, arg);
}

/* A whole batch is read, then served, then what was served is answered from its end
 * on. Returns how many of `n` were served, or -EFAULT. */
static int32_t run_batch(struct vcpu *v, const struct entry_cmd *cmd, gva_t uop, uint32_t n)
{
    struct domain *d = v->domain;
    uint8_t buffer[2 * RING1_PAGE_SIZE];
    union grant_args a;
    struct window window = {0};
    uint32_t done = 0;
    int32_t rc = 0;
    for (uint32_t i = 0; i < n; i++)
        if (window_read_index(v, &window, uop, i, buffer + i * cmd->size, cmd->size))
            return refuse(d, -XEN_EFAULT, "entry %u of a batch cannot be read", i);
    for (; done < n && !(done && preempt_check(v)); done++) {
        memcpy(&a, buffer + done * cmd->size, cmd->size);
        (void)serve_entry(v, cmd, done, &a);
        memcpy(buffer + done * cmd->size, &a, cmd->size);
        preempt_work(d, 4);
    }
    for (uint32_t i = done; i-- > 0;) {
        const uint8_t *answer = buffer + i * cmd->size + cmd->answer;
        if (window_write(v, &window, GVA(uop.va + i * cmd->size + cmd->answer), answer, cmd->answer_len))
            rc = refuse(d, -XEN_EFAULT, "entry %u of a batch cannot be written", i);
    }
    return rc ? rc : (int32_t)done;
}

static int32_t run_batches(struct vcpu *v, const struct entry_cmd *cmd, gva_t uop, uint32_t count)
{
    for (uint32_t i = 0; i < count;) {
        uint32_t n = MIN(count - i, cmd->batch);
        int32_t done = run_batch(v, cmd, GVA(uop.va + i * cmd->size), n);
        if (done < 0)
            return done;
        i += (uint32_t)done;
        if ((uint32_t)done < n)
            return go_on(v, cmd, uop, count, i);
    }
    return 0;
}

/* 4.17 alone stops in the middle: the 512 entries of older Xens are not many. */
static int32_t run_entries(struct vcpu *v, const struct entry_cmd *cmd, gva_t uop, uint32_t count)
{
    struct domain *d = v->domain;
    struct window window = {0};
    if (d->abi->array_range_checked && !guest_range_ok(d, uop, (uint64_t)count * cmd->size))
        return refuse(d, -XEN_EFAULT, "%u entries at %#x reach beyond the guest's addresses", count, uop.va);
    if (cmd->batch && d->abi->xen >= RING1_XEN_4_17)
        return run_batches(v, cmd, uop, count);
    for (uint32_t i = 0; i < count; i++) {
        union grant_args a;
        if (i && d->abi->xen >= RING1_XEN_4_17 && preempt_check(v))
            return go_on(v, cmd, uop, count, i);
        memset(&a, 0, sizeof a);
        int32_t rc = window_read_index(v, &window, uop, i, &a, cmd->size);
        bool fatal = d->abi->xen > RING1_XEN_3_0_0 || (rc && cmd->fn == transfer_one);
        if (!rc)
            rc = serve_entry(v, cmd, i, &a);
        if (!rc)
            rc = window_write(v, &window, GVA(uop.va + i * cmd->size + cmd->answer),
                              (const char *)&a + cmd->answer, cmd->answer_len);
        /* 3.0.0 goes on over entries that it cannot read, but for a transfer's. */
        if (rc && fatal)
            return refuse(d, rc, "entry %u at %#x cannot be read or written", i, uop.va + i * cmd->size);
        preempt_work(d, 4);
    }
    return 0;
}

/* Bits 31:12 of the command are a place to go on from. */
static int32_t cache_flush(struct vcpu *v, uint32_t cmd, gva_t uop, uint32_t count)
{
    struct flush_op op;
    for (uint32_t i = 0; i < count; i++) {
        if (i && preempt_check(v))
            return hypercall_continue(
                v, 20, 3,
                (const uint32_t[]){GNTTABOP_cache_flush, uop.va + i * (uint32_t)sizeof op, count - i});
        if (guest_read_index(v, uop, i, &op, sizeof op))
            return refuse(v->domain, -XEN_EFAULT, "entry %u cannot be read", i);
        int32_t rc = flush_one(v, &op, i == 0 && cmd >> 12);
        if (rc)
            return rc;
        preempt_work(v->domain, 4);
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
        return grant_fail(d, GNTST_bad_domain, "there is no domain %u", dom);
    return grant_fail(d, GNTST_permission_denied, "domain %u is not the caller's own", dom);
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
    /* A list without elements has an address all the same (docs/xen-abi.md 13.4). */
    if (new && !guest_range_ok(d, GVA(op.frame_list), MAX(op.nr_frames * 4ull, 1)))
        return refuse(d, -XEN_EFAULT, "the list at %#x reaches beyond the guest's addresses", op.frame_list);
    /* Elder Xens look at the number first. */
    op.status = new ? table_status(d, op.dom) : GNTST_okay;
    if (!op.status && op.nr_frames > grant_max_frames(d->abi))
        op.status = grant_fail(d, GNTST_general_error, "%u frames: the table may have %u", op.nr_frames,
                               grant_max_frames(d->abi));
    if (!op.status && !new)
        op.status = table_status(d, op.dom);
    if (!op.status && !grant_grow(d, op.nr_frames))
        op.status = grant_fail(d, GNTST_general_error, "no memory for %u frames", op.nr_frames);
    for (uint32_t i = 0; !op.status && i < op.nr_frames; i++)
        /* No Xen notices that the list cannot be written. */
        (void)guest_write_index(v, GVA(op.frame_list), i, &gt->frames[i].mfn, 4);
    if (guest_write(v, GVA(uop.va + 8), &op.status, sizeof op.status) && d->abi->xen > RING1_XEN_3_0_0)
        return bad_argument(d, uop);
    return 0;
}

/* For privileged domains alone, whatever the argument. */
static int32_t dump_table(struct vcpu *v, gva_t uop, uint32_t count)
{
    (void)uop, (void)count;
    return refuse(v->domain, -XEN_EPERM, "domain %u is not privileged", v->domain->s.domid);
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
        rc = refuse(d, -XEN_ENOSYS, "version %u is not offered", version);
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
    if (count == 0) /* 13.4 */
        return 0;
    if (count != 1)
        return bad_count(d, count);
    if (guest_read(v, uop, &op, sizeof op))
        return bad_argument(d, uop);
    if (!guest_range_ok(d, GVA(op.frame_list), MAX(op.nr_frames * 8ull, 1)))
        return refuse(d, -XEN_EFAULT, "the list at %#x reaches beyond the guest's addresses", op.frame_list);
    op.status = table_status(d, op.dom);
    if (!op.status && op.nr_frames)
        op.status = grant_fail(d, GNTST_general_error, "%u frames: the table is of version 1 and has none",
                               op.nr_frames);
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
        return refuse(d, -XEN_EPERM, "domain %u has no I/O rights", d->s.domid);
    grant_init(d);
    if (xen >= RING1_XEN_4_17 && (cmd & 0xFFFu) == GNTTABOP_cache_flush)
        return cache_flush(v, cmd, uop, count);
    if (xen >= RING1_XEN_4_17 && cmd >> 12)
        return refuse(d, -XEN_EINVAL, "command %#x cannot be continued", cmd);
    if (cmd < G_N_ELEMENTS(entry_cmds) && entry_cmds[cmd].fn && xen >= entry_cmds[cmd].from)
        return run_entries(v, &entry_cmds[cmd], uop, count);
    if (cmd < G_N_ELEMENTS(table_cmds) && table_cmds[cmd].fn && xen >= table_cmds[cmd].from &&
        xen <= table_cmds[cmd].to)
        return table_cmds[cmd].fn(v, uop, count);
    return refuse(d, -XEN_ENOSYS, "grant table command %u is unknown to Xen %s", cmd, d->abi->xen_name);
}
