/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * memory_op.c - asking about memory, and giving and taking it: memory_op, and
 * dom_mem_op of 2.0 (docs/xen-abi.md 5.9, 12.2, 13.1).
 */
#include "hypercall.h"
#include "memory_priv.h"
#include "mmu.h"
#include "preempt.h"

/* Highest order that is an order at all in 3.x. */
#define MAX_ORDER_3_X 18u

#define MEMF_populate_on_demand 0x10000u
#define MEMF_exact_node_request 0x20000u
#define MEMF_vnode              0x40000u

/* --- extents ------------------------------------------------------------------- */

unsigned extent_max_order(const struct domain *d)
{
    return d->abi->xen >= RING1_XEN_4_17 ? MAX_ORDER_4_17 : 0;
}

static bool is_free(const struct memory *mem, uint32_t mfn)
{
    const struct frame *f = &mem->frames[mfn];
    return f->owner == OWNER_NOBODY && f->count == 0;
}

/* Frames that can be looked at for one unit of work. */
#define FRAMES_A_UNIT 64u

uint32_t extent_end(const struct domain *d, uint32_t mem_flags)
{
    uint32_t bits = mem_flags & 0xFFu;
    if (bits == 0 || bits >= 32 + RING1_PAGE_SHIFT || d->abi->xen < RING1_XEN_4_17)
        return d->mem->nr_frames;
    return bits <= RING1_PAGE_SHIFT ? 0 : (uint32_t)MIN(1ull << (bits - RING1_PAGE_SHIFT), d->mem->nr_frames);
}

bool node_may_be_asked(const struct domain *d, uint32_t mem_flags)
{
    return d->abi->xen < RING1_XEN_4_17 || !(mem_flags & 0xFF00u) || !(mem_flags & MEMF_exact_node_request);
}

bool extent_find(struct domain *d, unsigned order, uint32_t end, uint32_t *cursor, mfn_t *first)
{
    const struct memory *mem = d->mem;
    uint32_t n = 1u << order;
    bool from_lowest = *cursor <= d->s.lowest_free;
    uint32_t from = ((from_lowest ? d->s.lowest_free : *cursor) + n - 1) & ~(n - 1), at = from;
    for (; at + n <= end; at += n) {
        uint32_t i = 0;
        while (i < n && is_free(mem, at + i))
            i++;
        if (i == n) {
            *first = MFN(at);
            *cursor = at + n;
            if (from_lowest && order == 0)
                d->s.lowest_free = at + 1;
            return true;
        }
    }
    /* A search for nothing counts, or a batch of them would never stop. */
    preempt_work(d, (at - from) / FRAMES_A_UNIT);
    *cursor = end;
    return false;
}

void extent_assign(struct domain *d, mfn_t first, unsigned order)
{
    for (uint32_t i = 0; i < 1u << order; i++)
        page_assign(d, MFN(first.mfn + i));
}

void extent_release(struct domain *d, mfn_t first, unsigned order)
{
    for (uint32_t i = 0; i < 1u << order; i++)
        page_release(d, MFN(first.mfn + i));
}

static bool alloc_extent(struct domain *d, unsigned order, uint32_t end, uint32_t *cursor, mfn_t *first)
{
    if (d->s.tot_pages + (1u << order) > d->s.max_pages || !extent_find(d, order, end, cursor, first))
        return false;
    extent_assign(d, *first, order);
    return true;
}

/* How far increase, decrease and populate came: `done` of `nr`. */
struct extents {
    struct vcpu *v;
    gva_t list;
    uint32_t nr, order, done, cursor;
    uint32_t end;   /* frames from here on do not do */
    uint32_t start; /* `done` at the beginning of this call */
    bool stopped;   /* to go on later */
};

/* Between two extents. */
static bool stop_before(struct extents *x)
{
    x->stopped = preempt_before(x->v, x->done - x->start);
    return x->stopped;
}

static void extent_done(struct extents *x)
{
    x->done++;
    preempt_work(x->v->domain, 1u << x->order);
}

static void increase(struct extents *x)
{
    struct domain *d = x->v->domain;
    mfn_t mfn;
    for (; x->done < x->nr; extent_done(x)) {
        if (stop_before(x))
            return;
        if (!alloc_extent(d, x->order, x->end, &x->cursor, &mfn)) {
            refuse(d, 0, "extent %u: no memory left for the domain", x->done);
            return;
        }
        if (x->list.va && guest_write_index(x->v, x->list, x->done, &mfn.mfn, 4)) {
            refuse(d, 0, "extent %u: its frame cannot be written to the list", x->done);
            return;
        }
    }
}

static void populate(struct extents *x)
{
    struct domain *d = x->v->domain;
    mfn_t mfn;
    uint32_t pfn;
    for (; x->done < x->nr; extent_done(x)) {
        if (stop_before(x))
            return;
        if (guest_read_index(x->v, x->list, x->done, &pfn, 4)) {
            refuse(d, 0, "extent %u: its pfn cannot be read from the list", x->done);
            return;
        }
        if (!alloc_extent(d, x->order, x->end, &x->cursor, &mfn)) {
            refuse(d, 0, "extent %u: no memory left for the domain", x->done);
            return;
        }
        for (uint32_t i = 0; i < 1u << x->order; i++)
            m2p_set(d, MFN(mfn.mfn + i), pfn + i);
        if (guest_write_index(x->v, x->list, x->done, &mfn.mfn, 4)) {
            refuse(d, 0, "extent %u: its frame cannot be written to the list", x->done);
            return;
        }
    }
}

static void decrease(struct extents *x)
{
    struct domain *d = x->v->domain;
    uint32_t mfn;
    for (; x->done < x->nr; extent_done(x)) {
        if (stop_before(x))
            return;
        if (guest_read_index(x->v, x->list, x->done, &mfn, 4)) {
            refuse(d, 0, "extent %u: its frame cannot be read from the list", x->done);
            return;
        }
        for (uint32_t i = 0; i < 1u << x->order; i++) {
            if (page_get(d, MFN(mfn + i)))
                return;
            page_release(d, MFN(mfn + i));
            page_put(d, MFN(mfn + i));
        }
    }
}

/* What is wrong with a reservation: 0, or the errno that 3.0.0 gives for it. Later
 * Xens say "nothing done" instead. */
static int32_t check_reservation(struct domain *d, const struct xen_memory_reservation *r, uint32_t start,
                                 unsigned shift)
{
    if (r->nr_extents > UINT32_MAX >> shift || start > r->nr_extents)
        return refuse(d, -XEN_EINVAL, "%u extents from %u on", r->nr_extents, start);
    if (d->abi->xen <= RING1_XEN_3_0_0 && r->mem_flags && r->mem_flags < 31)
        return refuse(d, -XEN_ENOMEM, "memory below 2^%u", r->mem_flags);
    if (r->domid != FOREIGN_SELF && !(d->abi->xen >= RING1_XEN_4_17 && r->domid == d->s.domid))
        return refuse(d, -XEN_EPERM, "memory of domain %u", r->domid);
    return 0;
}

/* From extent `done` on: how many are done at the end, never an error. */
static int32_t extents_run(struct extents *x, unsigned op)
{
    struct domain *d = x->v->domain;
    uint32_t start = x->start = x->done;
    bool listless = op == XENMEM_increase_reservation && !x->list.va;
    /* Giving back needs no right to contiguous memory before 4.17. */
    bool any_order = op == XENMEM_decrease_reservation && d->abi->xen < RING1_XEN_4_17;

    if (!listless && !requests_range_ok(d, x->list, x->nr, 4))
        return refuse(d, (int32_t)start, "%u extents at %#x reach beyond the guest's addresses", x->nr,
                      x->list.va);
    if (x->order > (any_order ? MAX_ORDER_3_X : extent_max_order(d)))
        return refuse(d, (int32_t)start, "extents of order %u", x->order);
    if (op == XENMEM_increase_reservation)
        increase(x);
    else if (op == XENMEM_decrease_reservation)
        decrease(x);
    else
        populate(x);
    return (int32_t)x->done;
}

static int32_t reservation_op(struct vcpu *v, unsigned op, gva_t arg, uint32_t start, unsigned shift)
{
    struct domain *d = v->domain;
    bool strict = d->abi->xen <= RING1_XEN_3_0_0;
    struct xen_memory_reservation r;

    if (guest_read(v, arg, &r, sizeof r))
        return refuse(d, strict ? -XEN_EFAULT : (int32_t)start, "the reservation at %#x cannot be read",
                      arg.va);
    int32_t rc = check_reservation(d, &r, start, shift);
    if (rc)
        return strict ? rc : (int32_t)start;
    if (op == XENMEM_populate_physmap && r.mem_flags & MEMF_populate_on_demand &&
        d->abi->xen >= RING1_XEN_4_17)
        return refuse(d, (int32_t)start, "mem_flags %#x: populate on demand is not for a PV domain",
                      r.mem_flags);
    if (!(r.mem_flags & MEMF_vnode) && !node_may_be_asked(d, r.mem_flags))
        return refuse(d, (int32_t)start, "mem_flags %#x: exactly that node may not be asked for",
                      r.mem_flags);
    uint32_t bits = r.mem_flags & 0xFFu;
    if (bits && bits <= RING1_PAGE_SHIFT && d->abi->xen >= RING1_XEN_4_17) /* 13.4: decrease, too */
        return refuse(d, (int32_t)start, "mem_flags %#x: no frame lies below 2^%u", r.mem_flags, bits);
    struct extents x = {.v = v,
                        .list = GVA(r.extent_start),
                        .nr = r.nr_extents,
                        .order = r.extent_order,
                        .done = start,
                        .end = extent_end(d, r.mem_flags)};
    rc = extents_run(&x, op);
    if (x.stopped)
        return hypercall_continue(v, 12, 2, (const uint32_t[]){op | x.done << shift, arg.va});
    return rc;
}

bool domain_exists(const struct domain *d, uint16_t domid)
{
    return domid == FOREIGN_SELF || domid == d->s.domid || domid == DOMID_BACKEND;
}

/* --- queries --------------------------------------------------------------------- */

/* Whose memory is asked about: only one's own. 3.0.0 reads the number, and takes the
 * pointer's low half for it, so that only a pointer to ...7ff0 is right. */
static int32_t own_domain(struct vcpu *v, gva_t arg)
{
    struct domain *d = v->domain;
    uint16_t domid;
    if (guest_read(v, arg, &domid, sizeof domid))
        return refuse(d, -XEN_EFAULT, "the domain's number at %#x cannot be read", arg.va);
    if (d->abi->xen <= RING1_XEN_3_0_0)
        domid = (uint16_t)arg.va;
    if (domid == FOREIGN_SELF)
        return 0;
    if (d->abi->xen >= RING1_XEN_4_17) {
        if (domid == d->s.domid)
            return 0;
        if (domid != DOMID_BACKEND)
            return refuse(d, -XEN_ESRCH, "no domain %u", domid);
    }
    return refuse(d, -XEN_EPERM, "memory of domain %u", domid);
}

static int32_t reservation_query(struct vcpu *v, unsigned op, gva_t arg)
{
    struct domain *d = v->domain;
    int32_t rc = own_domain(v, arg);
    if (rc)
        return rc;
    uint32_t max_pfn;
    switch (op) {
    case XENMEM_current_reservation:
        return (int32_t)d->s.tot_pages;
    case XENMEM_maximum_reservation:
        return (int32_t)d->s.max_pages;
    default:
        /* What the guest wrote to shared_info is a number of pages. */
        memcpy(&max_pfn, shared_info(d) + 2316, 4);
        if (!max_pfn)
            refuse(d, 0, "shared_info.arch.max_pfn is 0: the guest has not said how many pages it has");
        if (d->abi->xen >= RING1_XEN_4_17 && (!max_pfn || max_pfn > INT32_MAX))
            return max_pfn ? INT32_MAX : 0;
        return (int32_t)(max_pfn - 1);
    }
}

static int32_t machphys_mapping(struct vcpu *v, gva_t arg)
{
    struct domain *d = v->domain;
    const struct abi *abi = d->abi;
    uint32_t out[3] = {abi->hole, abi->m2p_end, (abi->m2p_end - abi->hole) / 4 - 1};
    if (guest_write(v, arg, out, sizeof out))
        return refuse(d, -XEN_EFAULT, "the answer cannot be written to %#x", arg.va);
    return 0;
}

/* The first frame of every 2 MiB of the m2p. */
static int32_t machphys_mfn_list(struct vcpu *v, gva_t arg)
{
    struct domain *d = v->domain;
    struct {
        uint32_t max_extents, extent_start, nr_extents;
    } list;
    if (guest_read(v, arg, &list, sizeof list))
        return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be read", arg.va);
    uint32_t n = MIN(list.max_extents, (d->mem->m2p_frames + 511) / 512);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t mfn = d->mem->m2p.mfn + i * 512;
        if (guest_write_index(v, GVA(list.extent_start), i, &mfn, 4))
            return refuse(d, -XEN_EFAULT, "entry %u of the list at %#x cannot be written", i,
                          list.extent_start);
    }
    list.nr_extents = n;
    if (guest_write(v, arg, &list, sizeof list))
        return refuse(d, -XEN_EFAULT, "the answer cannot be written to %#x", arg.va);
    return 0;
}

/* Elements of a batch, and frames of a resource, that 4.17 reads first. */
#define XLAT_BATCH  508u
#define XLAT_FRAMES 1020u

#define MAPSPACE_gmfn_range   3u
#define MAPSPACE_gmfn_foreign 4u

/* 4.17's further commands, all about domains of other kinds: how much is read,
 * where the domain's number lies, what one's own domain is told and what another,
 * after -ESRCH for one that is not there. */
struct other_command {
    uint8_t size, domid_at;
    int8_t own, other;
    bool by_number; /* DOMID_SELF names nobody */
};

static const struct other_command other_commands[] = {
    [XENMEM_remove_from_physmap] = {8, 0, -XEN_EACCES, -XEN_EACCES},
    [XENMEM_set_pod_target] = {36, 32, -XEN_EINVAL, -XEN_EINVAL},
    [XENMEM_get_pod_target] = {36, 32, -XEN_EINVAL, -XEN_EINVAL},
    [XENMEM_access_op] = {32, 2, -XEN_EPERM, -XEN_EINVAL, true},
    [XENMEM_add_to_physmap_batch] = {20, 0, -XEN_EACCES, -XEN_EACCES},
    [XENMEM_get_vnumainfo] = {40, 0, -XEN_EOPNOTSUPP, -XEN_EPERM},
    [XENMEM_acquire_resource] = {32, 0, -XEN_EPERM, -XEN_EPERM, true},
};

/* What each looks at before the domain. 0: nothing is wrong. */
static int32_t check_other(struct vcpu *v, unsigned op, const uint32_t *word)
{
    struct domain *d = v->domain;
    uint32_t n;
    switch (op) {
    case XENMEM_add_to_physmap_batch:
        n = word[1] & 0xFFFFu;
        for (unsigned list = 2; list < 5; list++)
            if (!guest_range_ok(d, GVA(word[list]), n * 4ull))
                return refuse(d, -XEN_EFAULT, "the list of %u at %#x reaches beyond the guest's addresses", n,
                              word[list]);
        for (uint32_t i = 0, value; i < MIN(n, XLAT_BATCH); i++)
            if (guest_read_index(v, GVA(word[2]), i, &value, 4) ||
                guest_read_index(v, GVA(word[3]), i, &value, 4))
                return refuse(d, -XEN_EFAULT, "element %u cannot be read", i);
        return word[0] >> 16 == MAPSPACE_gmfn_range
                   ? refuse(d, -XEN_EOPNOTSUPP, "space %u: a range is not for a batch", word[0] >> 16)
                   : 0;
    case XENMEM_get_vnumainfo:
        return word[0] >> 16 ? refuse(d, -XEN_EINVAL, "padding of %#x, not 0", word[0] >> 16) : 0;
    case XENMEM_acquire_resource:
        n = word[6] ? MIN(word[2], XLAT_FRAMES) : word[2];
        return word[3] || word[5] || (uint64_t)word[4] + n > UINT32_MAX
                   ? refuse(d, -XEN_EINVAL, "%u frames from %#x%08x on: beyond the resource", word[2],
                            word[5], word[4])
                   : 0;
    default:
        return 0;
    }
}

static int32_t other_command(struct vcpu *v, unsigned op, gva_t arg)
{
    struct domain *d = v->domain;
    const struct other_command *c = &other_commands[op];
    uint32_t word[10];
    uint16_t domid;
    if (op >= G_N_ELEMENTS(other_commands) || !c->size)
        return refuse(d, -XEN_ENOSYS, "memory_op %u is unknown to Xen %s", op, d->abi->xen_name);
    if (guest_read(v, arg, word, c->size))
        return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be read", arg.va);
    int32_t rc = check_other(v, op, word);
    if (rc)
        return rc;
    memcpy(&domid, (const uint8_t *)word + c->domid_at, sizeof domid);
    if (!domain_exists(d, domid) || (c->by_number && domid == FOREIGN_SELF))
        return refuse(d, -XEN_ESRCH, "no domain %u", domid);
    return refuse(d, domid == DOMID_BACKEND ? c->other : c->own, "not for domain %u", domid);
}

/* There is none. */
static int32_t reserved_device_memory(struct vcpu *v, gva_t arg)
{
    struct domain *d = v->domain;
    struct {
        uint32_t flags, nr_entries, buffer, device;
    } map;
    if (guest_read(v, arg, &map, sizeof map) || !guest_range_ok(d, GVA(map.buffer), map.nr_entries * 12ull))
        return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be read, or its buffer is not the guest's",
                      arg.va);
    if (map.flags > 1)
        return refuse(d, -XEN_EINVAL, "flags %#x", map.flags);
    map.nr_entries = 0;
    return guest_write(v, arg, &map, sizeof map)
               ? refuse(d, -XEN_EFAULT, "the answer at %#x cannot be written", arg.va)
               : 0;
}

/* Commands about domains that are translated, which a PV domain is not. */
static int32_t physmap_op(struct vcpu *v, gva_t arg)
{
    struct domain *d = v->domain;
    struct {
        uint16_t domid, size;
        uint32_t rest[3];
    } physmap;
    if (guest_read(v, arg, &physmap, sizeof physmap))
        return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be read", arg.va);
    uint16_t domid = physmap.domid;
    if (d->abi->xen >= RING1_XEN_4_17) {
        if (physmap.rest[0] == MAPSPACE_gmfn_foreign)
            return refuse(d, -XEN_ENOSYS, "space %u, a foreign frame: by add_to_physmap_batch alone",
                          physmap.rest[0]);
        if (!domain_exists(d, domid))
            return refuse(d, -XEN_ESRCH, "no domain %u", domid);
        return refuse(d, -XEN_EACCES, "domain %u is not translated",
                      domid == FOREIGN_SELF ? d->s.domid : domid);
    }
    if (domid != FOREIGN_SELF)
        return refuse(d, -XEN_EPERM, "domain %u", domid);
    return refuse(d, -XEN_EINVAL, "domain %u is not translated", d->s.domid);
}

/* --- the call -------------------------------------------------------------------- */

/* First Xen that has a command; those not named come with 3.0.4 here. */
static bool has_command(const struct abi *abi, unsigned op)
{
    if (abi->xen <= RING1_XEN_3_0_0)
        return op <= XENMEM_maximum_reservation;
    if (op == XENMEM_maximum_gpfn)
        return abi->xen >= RING1_XEN_3_2;
    if (op == XENMEM_translate_gpfn_list)
        return abi->xen < RING1_XEN_4_17;
    return op <= (abi->xen >= RING1_XEN_4_17 ? XENMEM_acquire_resource : XENMEM_maximum_gpfn);
}

int32_t do_memory_op(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    const struct abi *abi = d->abi;
    unsigned shift = abi->xen >= RING1_XEN_4_17 ? 6 : 4;
    unsigned op = arg[0] & ((1u << shift) - 1);
    uint32_t start = arg[0] >> shift;
    gva_t p = GVA(arg[1]);

    if (!has_command(abi, op))
        return refuse(d, -XEN_ENOSYS, "memory_op %u is unknown to Xen %s", op, abi->xen_name);
    if (start && abi->xen >= RING1_XEN_4_17 && op != XENMEM_increase_reservation &&
        op != XENMEM_decrease_reservation && op != XENMEM_populate_physmap)
        return refuse(d, -XEN_EINVAL, "memory_op %u cannot be continued", op);
    switch (op) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return reservation_op(v, op, p, start, shift);
    case XENMEM_maximum_ram_page:
        return (int32_t)d->mem->nr_frames;
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn:
        return reservation_query(v, op, p);
    case XENMEM_machphys_mfn_list:
        return machphys_mfn_list(v, p);
    case XENMEM_add_to_physmap:
    case XENMEM_translate_gpfn_list:
        return physmap_op(v, p);
    case XENMEM_memory_map:
        return get_memory_map(v, p);
    case XENMEM_machine_memory_map:
        /* 13.4 */
        if (abi->xen >= RING1_XEN_4_17 && guest_read(v, p, &(uint32_t[2]){0}, 8))
            return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be read", p.va);
        return refuse(d, abi->xen >= RING1_XEN_4_17 ? -XEN_EPERM : -XEN_EINVAL,
                      "the machine's map is for domain 0, not for domain %u", d->s.domid);
    case XENMEM_exchange:
        return memory_exchange(v, p);
    case XENMEM_machphys_mapping:
        return machphys_mapping(v, p);
    case XENMEM_set_memory_map:
        return set_memory_map(v, p);
    case XENMEM_get_sharing_freed_pages:
    case XENMEM_get_sharing_shared_pages:
        return 0;
    case XENMEM_machphys_compat_mfn_list:
        return machphys_mfn_list(v, p);
    case XENMEM_reserved_device_memory_map:
        return reserved_device_memory(v, p);
    default:
        return other_command(v, op, p);
    }
}

/* dom_mem_op(op, extents, nr_extents, extent_order, domid) of 2.0: only increase
 * and decrease. */
int32_t do_dom_mem_op(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    unsigned op = arg[0] & 15;
    uint32_t start = arg[0] >> 4, nr = arg[2];

    if (nr > UINT32_MAX >> 4 || start > nr)
        return refuse(d, -XEN_EINVAL, "%u extents from %u on", nr, start);
    if ((uint16_t)arg[4] != FOREIGN_SELF)
        return refuse(d, -XEN_EPERM, "memory of domain %u", (uint16_t)arg[4]);
    if (op > XENMEM_decrease_reservation)
        return refuse(d, -XEN_ENOSYS, "dom_mem_op %u is unknown to Xen 2.0", op);
    struct extents x = {
        .v = v, .list = GVA(arg[1]), .nr = nr, .order = arg[3], .done = start, .end = d->mem->nr_frames};
    int32_t rc = extents_run(&x, op);
    if (x.stopped)
        return hypercall_continue(v, 12, 5,
                                  (const uint32_t[]){op | x.done << 4, arg[1], nr, arg[3], FOREIGN_SELF});
    return rc;
}
