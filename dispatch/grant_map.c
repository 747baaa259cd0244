/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * grant_map.c - the guest's own mappings of grants: map_grant_ref, unmap_grant_ref,
 * unmap_and_replace, and the handles that name a mapping (docs/xen-abi.md 8.20;
 * 4.17:common/grant_table.c, arch/x86/pv/grant_table.c).
 *
 * The references of a host mapping are those of the L1 entry that it is: whoever
 * overwrites the entry drops them, and the grant stays in use until the domain's
 * end, as in Xen. A device mapping holds its own.
 */
#include "grant_priv.h"
#include "mmu.h"
#include "plant.h"

#define MAPTRACK_PER_FRAME (RING1_PAGE_SIZE / (uint32_t)sizeof(struct maptrack_entry))

static bool lists_by_vcpu(const struct domain *d)
{
    return d->abi->xen >= RING1_XEN_4_17;
}

/* 3.2's entries are half as large. */
static unsigned max_maptrack(const struct abi *abi)
{
    return abi->xen >= RING1_XEN_4_17 ? 1024 : 2 * 8 * grant_max_frames(abi);
}

unsigned grant_frames_needed(const struct abi *abi)
{
    return abi->xen == RING1_XEN_2_0 ? 0 : 3 * grant_max_frames(abi) + max_maptrack(abi);
}

/* --- handles --------------------------------------------------------------------- */

uint32_t maptrack_limit(const struct domain *d)
{
    return d->s.grant.nr_maptrack * MAPTRACK_PER_FRAME;
}

struct maptrack_entry *maptrack_entry(const struct domain *d, uint32_t handle)
{
    mfn_t mfn = d->s.grant.maptrack[handle / MAPTRACK_PER_FRAME];
    frame_dirty(d->mem, mfn); /* who asks may write */
    return (struct maptrack_entry *)frame_ptr(d->mem, mfn) + handle % MAPTRACK_PER_FRAME;
}

/* From the head of a vcpu's list; its last entry stays, so that one can be put
 * behind it. */
static uint32_t pop_handle(struct domain *d, struct vcpu *v)
{
    uint32_t handle = v->maptrack_head;
    if (handle == NO_HANDLE || maptrack_entry(d, handle)->ref == NO_HANDLE)
        return NO_HANDLE;
    v->maptrack_head = maptrack_entry(d, handle)->ref;
    return handle;
}

/* One more frame of handles for the vcpu, and one of them. 4.17 puts them before
 * what is left and takes the first; older Xens append them. */
static uint32_t grow_handles(struct domain *d, struct vcpu *v)
{
    struct grant_table *gt = &d->s.grant;
    mfn_t mfn = gt->nr_maptrack < max_maptrack(d->abi) ? xen_frame_alloc_hidden(d) : MFN(0);
    if (!mfn.mfn)
        return NO_HANDLE;
    uint32_t first = maptrack_limit(d), last = first + MAPTRACK_PER_FRAME - 1;
    gt->maptrack[gt->nr_maptrack++] = mfn;
    struct maptrack_entry *entry = maptrack_entry(d, first);
    for (uint32_t i = 0; i < MAPTRACK_PER_FRAME; i++)
        entry[i] = (struct maptrack_entry){.ref = first + i + 1, .vcpu = v->id};
    if (lists_by_vcpu(d)) {
        if (v->maptrack_tail == NO_HANDLE)
            v->maptrack_tail = last;
        maptrack_entry(d, last)->ref = v->maptrack_head;
        v->maptrack_head = first + 1;
        return first;
    }
    maptrack_entry(d, last)->ref = NO_HANDLE;
    if (v->maptrack_head == NO_HANDLE)
        v->maptrack_head = first;
    else
        maptrack_entry(d, v->maptrack_head)->ref = first;
    return pop_handle(d, v);
}

/* From another vcpu's list. Xen begins at a random one. */
static uint32_t steal_handle(struct domain *d, struct vcpu *v)
{
    for (unsigned i = 1; i <= MAX_VCPUS; i++) {
        uint32_t handle = pop_handle(d, &d->s.vcpu[(v->id + i) % MAX_VCPUS]);
        if (handle == NO_HANDLE)
            continue;
        maptrack_entry(d, handle)->vcpu = v->id;
        return handle;
    }
    return NO_HANDLE;
}

static uint32_t get_handle(struct vcpu *v)
{
    struct domain *d = v->domain;
    uint32_t handle = pop_handle(d, v);
    if (handle == NO_HANDLE)
        handle = grow_handles(d, v);
    if (handle != NO_HANDLE || !lists_by_vcpu(d))
        return handle;
    if (v->maptrack_tail == NO_HANDLE) {
        handle = steal_handle(d, v);
        if (handle == NO_HANDLE)
            return handle;
        maptrack_entry(d, handle)->ref = NO_HANDLE;
        v->maptrack_head = v->maptrack_tail = handle;
    }
    return steal_handle(d, v);
}

/* 4.17 puts a handle behind all free ones; older Xens know one list, and give out
 * first what came back last. */
static void put_handle(struct domain *d, uint32_t handle)
{
    struct maptrack_entry *e = maptrack_entry(d, handle);
    struct vcpu *v = &d->s.vcpu[lists_by_vcpu(d) ? e->vcpu : 0];
    if (lists_by_vcpu(d)) {
        e->ref = NO_HANDLE;
        maptrack_entry(d, v->maptrack_tail)->ref = handle;
        v->maptrack_tail = handle;
    } else {
        e->ref = v->maptrack_head;
        v->maptrack_head = handle;
    }
}

/* --- L1 entries ------------------------------------------------------------------- */

/* The L1 entry that an address names: its own machine address, or a linear one. */
static bool find_entry(struct vcpu *v, uint64_t addr, bool is_pte, mfn_t *table, unsigned *index)
{
    struct domain *d = v->domain;
    if (!is_pte) {
        if (addr >= d->abi->hole || !mmu_find_l1(v, GVA((uint32_t)addr), table))
            return false;
        *index = pt_index(d->abi, GVA((uint32_t)addr), 1);
        return true;
    }
    if (addr % d->abi->pte_size || addr >> RING1_PAGE_SHIFT >= d->mem->nr_frames)
        return false;
    *table = MFN((uint32_t)(addr >> RING1_PAGE_SHIFT));
    *index = (uint32_t)(addr % RING1_PAGE_SIZE) / d->abi->pte_size;
    const struct frame *f = frame_info(d->mem, *table);
    return f->owner == d->s.domid && f->type == PGT_l1_table && f->type_count && (f->flags & PGF_VALIDATED);
}

/* What the entry of a grant looks like: docs/xen-abi.md 8.20. */
static uint64_t grant_pte(const struct domain *d, mfn_t mfn, uint32_t flags)
{
    uint64_t e = (uint64_t)mfn.mfn << RING1_PAGE_SHIFT | PTE_P | PTE_A | PTE_D;
    if (flags & GNTMAP_application_map)
        e |= PTE_US;
    if (!(flags & GNTMAP_readonly))
        e |= PTE_RW;
    if (d->abi->xen >= RING1_XEN_4_17)
        e |= PTE_NX | (flags >> _GNTMAP_guest_avail0 & 7u) << 9;
    return e;
}

/* --- map ---------------------------------------------------------------------------- */

/* References for each kind of mapping that was asked for; one general one is held
 * already. False: the frame cannot be had writable. */
static bool take_references(struct domain *d, mfn_t mfn, uint32_t flags)
{
    bool device = flags & GNTMAP_device_map, host = flags & GNTMAP_host_map;
    if (!(flags & GNTMAP_readonly)) {
        if (page_get_type(d, mfn, PGT_writable))
            return false;
        if (device && host)
            (void)page_get_type(d, mfn, PGT_writable);
    }
    if (device && host)
        (void)page_get(d, mfn);
    return true;
}

static void put_reference(struct domain *d, mfn_t mfn, bool readonly)
{
    if (readonly)
        page_put(d, mfn);
    else
        page_put_and_type(d, mfn);
}

static uint32_t pin_increment(uint32_t flags, bool readonly)
{
    return (flags & GNTMAP_device_map ? readonly ? PIN_DEVICE_READ : PIN_DEVICE_WRITE : 0) +
           (flags & GNTMAP_host_map ? readonly ? PIN_HOST_READ : PIN_HOST_WRITE : 0);
}

/* The mapping itself, under a handle that is kept only if this succeeds. */
static int16_t map_pinned(struct vcpu *v, const struct map_op *op, mfn_t mfn)
{
    struct domain *d = v->domain;
    bool readonly = op->flags & GNTMAP_readonly;
    mfn_t table;
    unsigned index;
    if (!take_references(d, mfn, op->flags)) {
        page_put(d, mfn);
        return grant_fail(d, GNTST_general_error, "reference %u: frame %#x is %s", op->ref, mfn.mfn,
                          page_use(d, mfn));
    }
    if (!(op->flags & GNTMAP_host_map))
        return GNTST_okay;
    if (find_entry(v, op->host_addr, op->flags & GNTMAP_contains_pte, &table, &index)) {
        place_l1_entry(d, table, index, grant_pte(d, mfn, op->flags));
        return GNTST_okay;
    }
    if (!PLANTED(leak))
        put_reference(d, mfn, readonly);
    if (op->flags & GNTMAP_device_map)
        put_reference(d, mfn, readonly);
    return grant_fail(d, GNTST_general_error, "no L1 table has the address %#llx",
                      (unsigned long long)op->host_addr);
}

static int16_t map_with_handle(struct vcpu *v, struct map_op *op, uint32_t handle)
{
    struct domain *d = v->domain;
    bool readonly = op->flags & GNTMAP_readonly;
    struct pin_request r = {.ref = op->ref,
                            .increment = pin_increment(op->flags, readonly),
                            .user = d->s.domid,
                            .readonly = readonly,
                            .whole_page = true};
    mfn_t mfn;
    if (op->dom != d->s.domid)
        return grant_backend_ref(d, op->ref);
    int16_t status = grant_pin(d, &r, &mfn);
    if (status)
        return status;
    status = map_pinned(v, op, mfn);
    if (status) {
        grant_unpin(d, r.ref, r.increment, readonly);
        return status;
    }
    struct maptrack_entry *e = maptrack_entry(d, handle);
    e->ref = op->ref;
    e->domid = op->dom;
    e->flags = (uint16_t)op->flags;
    op->dev_bus_addr = (uint64_t)mfn.mfn << RING1_PAGE_SHIFT;
    op->handle = handle;
    return GNTST_okay;
}

/* The first releases asked other questions, and let no domain map its own. */
static int16_t check_first(struct domain *d, const struct map_op *op)
{
    if (d->abi->xen > RING1_XEN_3_0_4)
        return GNTST_okay;
    if (op->host_addr >= d->abi->hole)
        return grant_fail(d, GNTST_bad_virt_addr, "the address %#llx is Xen's",
                          (unsigned long long)op->host_addr);
    if (!(op->flags & (GNTMAP_device_map | GNTMAP_host_map)))
        return grant_fail(d, GNTST_bad_gntref, "flags %#x: neither a device nor a host mapping", op->flags);
    if (op->ref >= grant_nr_entries(d))
        return grant_fail(d, GNTST_bad_gntref, "reference %u: the table has %u", op->ref,
                          grant_nr_entries(d));
    if (op->dom == d->s.domid)
        return grant_fail(d, GNTST_bad_domain, "domain %u does not map its own grants", op->dom);
    return GNTST_okay;
}

void grant_map_op(struct vcpu *v, struct map_op *op)
{
    struct domain *d = v->domain;
    op->status = check_first(d, op);
    if (op->status)
        return;
    if (!(op->flags & (GNTMAP_device_map | GNTMAP_host_map))) {
        op->status =
            grant_fail(d, GNTST_bad_gntref, "flags %#x: neither a device nor a host mapping", op->flags);
        return;
    }
    if (!domain_known(d, op->dom)) {
        op->status = grant_fail(d, GNTST_bad_domain, "there is no domain %u", op->dom);
        return;
    }
    uint32_t handle = get_handle(lists_by_vcpu(d) ? v : &d->s.vcpu[0]);
    if (handle == NO_HANDLE) {
        op->status = grant_fail(d, d->abi->xen >= RING1_XEN_4_17 ? GNTST_no_space : GNTST_no_device_space,
                                "no map handle is left: %u are in use", maptrack_limit(d));
        return;
    }
    op->status = map_with_handle(v, op, handle);
    if (op->status)
        put_handle(d, handle);
}

/* --- unmap -------------------------------------------------------------------------- */

/* The entry at `from` goes to another place with its references. False: there is
 * no table for it. */
static bool lift_entry(struct vcpu *v, uint64_t from, uint64_t *entry)
{
    mfn_t table;
    unsigned index;
    if (!find_entry(v, from, false, &table, &index))
        return false;
    *entry = pte_read(v->domain, table, index);
    pte_write(v->domain, table, index, 0);
    return true;
}

/* The entry still maps the frame, from 4.17 on as the grant had it. */
static bool entry_matches(const struct domain *d, uint64_t e, mfn_t mfn, uint32_t flags)
{
    if (pte_mfn(e).mfn != mfn.mfn)
        return false;
    return d->abi->xen < RING1_XEN_4_17 || !((e ^ grant_pte(d, mfn, flags)) & (PTE_P | PTE_RW));
}

/* Put what is mapped at new_addr, or nothing, in the place of the grant. */
static int16_t replace_mapping(struct vcpu *v, uint64_t addr, uint64_t new_addr, mfn_t mfn, uint32_t flags)
{
    struct domain *d = v->domain;
    bool is_pte = flags & GNTMAP_contains_pte;
    uint64_t entry = 0;
    mfn_t table;
    unsigned index;
    if (new_addr && is_pte)
        return grant_fail(d, GNTST_general_error, "the mapping by the entry at %#llx cannot be replaced",
                          (unsigned long long)addr);
    if (new_addr && !lift_entry(v, new_addr, &entry))
        return grant_fail(d, GNTST_general_error, "no L1 table has the new address %#llx",
                          (unsigned long long)new_addr);
    if (find_entry(v, addr, is_pte, &table, &index) &&
        entry_matches(d, pte_read(d, table, index), mfn, flags)) {
        place_l1_entry(d, table, index, entry);
        return GNTST_okay;
    }
    drop_l1_entry(d, entry);
    return grant_fail(d, GNTST_general_error, "the address %#llx does not map the grant's frame %#x",
                      (unsigned long long)addr, mfn.mfn);
}

/* A bus address that is not the frame's. */
static int16_t check_bus_address(struct domain *d, uint64_t addr, uint32_t flags, mfn_t mfn)
{
    if (d->abi->xen >= RING1_XEN_4_17)
        return addr && flags & GNTMAP_device_map && addr != (uint64_t)mfn.mfn << RING1_PAGE_SHIFT
                   ? grant_fail(d, GNTST_bad_dev_addr, "the bus address %#llx is not that of frame %#x",
                                (unsigned long long)addr, mfn.mfn)
                   : GNTST_okay;
    uint64_t frame = addr >> RING1_PAGE_SHIFT;
    return frame && frame != mfn.mfn
               ? grant_fail(d, GNTST_general_error, "the bus address %#llx is not that of frame %#x",
                            (unsigned long long)addr, mfn.mfn)
               : GNTST_okay;
}

/* Undo the kinds of mapping that the operation names, in the order of Xen. */
static int16_t unmap(struct vcpu *v, const struct unmap_op *op, bool replace, struct maptrack_entry *e)
{
    struct domain *d = v->domain;
    uint32_t flags = e->flags, ref = e->ref;
    bool readonly = flags & GNTMAP_readonly;
    uint64_t bus = replace ? 0 : op->other_addr;
    mfn_t mfn = MFN(active_entry(d, ref)->frame);

    int16_t status = check_bus_address(d, bus, flags, mfn);
    if (status)
        return status;
    if (op->host_addr && flags & GNTMAP_host_map) {
        status = replace_mapping(v, op->host_addr, replace ? op->other_addr : 0, mfn, flags);
        if (status)
            return status;
        e->flags &= (uint16_t)~GNTMAP_host_map;
        grant_unpin(d, ref, pin_increment(GNTMAP_host_map, readonly), readonly);
    }
    if (bus >> (d->abi->xen >= RING1_XEN_4_17 ? 0 : RING1_PAGE_SHIFT) && flags & GNTMAP_device_map) {
        e->flags &= (uint16_t)~GNTMAP_device_map;
        put_reference(d, mfn, readonly);
        grant_unpin(d, ref, pin_increment(GNTMAP_device_map, readonly), readonly);
    }
    return GNTST_okay;
}

void grant_unmap_op(struct vcpu *v, struct unmap_op *op, bool replace)
{
    struct domain *d = v->domain;
    struct maptrack_entry *e = op->handle < maptrack_limit(d) ? maptrack_entry(d, op->handle) : NULL;
    if (!e || !e->flags) {
        op->status = grant_fail(d, GNTST_bad_handle, "nothing is mapped under handle %u", op->handle);
        return;
    }
    op->status = unmap(v, op, replace, e);
    if (e->flags & (GNTMAP_device_map | GNTMAP_host_map))
        return;
    e->flags = 0;
    put_handle(d, op->handle);
}

/* --- the end ------------------------------------------------------------------------- */

void grant_release_all(struct domain *d)
{
    for (uint32_t handle = 0, n = maptrack_limit(d); handle < n; handle++) {
        struct maptrack_entry *e = maptrack_entry(d, handle);
        uint32_t flags = e->flags, ref = e->ref;
        bool readonly = flags & GNTMAP_readonly;
        if (!flags)
            continue;
        if (flags & GNTMAP_device_map)
            put_reference(d, MFN(active_entry(d, ref)->frame), readonly);
        grant_unpin(d, ref, pin_increment(flags, readonly), readonly);
        e->flags = 0;
        put_handle(d, handle);
    }
}
