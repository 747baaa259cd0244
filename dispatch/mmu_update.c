/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * mmu_update.c - changes of page tables and of the m2p, many a call
 * (docs/xen-abi.md 5.5, 12.2, 13).
 */
#include "descriptor.h"
#include "hypercall.h"
#include "mmu.h"
#include "stale.h"

#define COUNT_MAX_2_0 0xFFFFu

enum {
    MMU_NORMAL_PT_UPDATE = 0,
    MMU_MACHPHYS_UPDATE = 1,
    MMU_PT_UPDATE_PRESERVE_AD = 2,
    MMU_PT_UPDATE_NO_TRANSLATE = 3,
    /* 2.0 has its own numbers. */
    MMU_2_0_MACHPHYS_UPDATE = 2,
    MMU_2_0_EXTENDED_COMMAND = 3,
};

static mfn_t maddr_mfn(uint64_t ptr)
{
    uint64_t frame = ptr >> RING1_PAGE_SHIFT;
    return MFN(frame > UINT32_MAX ? UINT32_MAX : (uint32_t)frame);
}

/* A word of ordinary memory, of the size of an entry. */
static int32_t store_word(struct domain *d, mfn_t mfn, unsigned index, uint64_t value)
{
    int32_t rc = page_get_type(d, mfn, PGT_writable);
    if (rc)
        return rc;
    memcpy((uint8_t *)frame_ptr(d->mem, mfn) + index * d->abi->pte_size, &value, d->abi->pte_size);
    frame_changed(d, mfn);
    page_put_type(d, mfn);
    return 0;
}

static int32_t table_entry(struct domain *d, mfn_t mfn, unsigned index, uint64_t value, uint16_t owner)
{
    enum page_type type = frame_info(d->mem, mfn)->type;
    int32_t rc = page_get_same_type(d, mfn);
    if (G_UNLIKELY(rc)) /* 3.2: then it is no table any more (13.5) */
        return d->abi->xen == RING1_XEN_3_2 ? store_word(d, mfn, index, value) : rc;
    if (G_LIKELY(type == PGT_l1_table))
        rc = mod_l1_entry(d, mfn, index, value, owner);
    else if (owner != d->s.domid && d->abi->xen >= RING1_XEN_4_17)
        rc = refuse(d, -XEN_EINVAL, "frame %#x is %s: only an L1 entry can be about domain %#x", mfn.mfn,
                    page_type_name(type), owner);
    else if (type == PGT_l2_table)
        rc = mod_l2_entry(d, mfn, index, value);
    else
        rc = mod_l3_entry(d, mfn, index, value);
    page_put_type(d, mfn);
    return rc;
}

/* The level is that of the frame's present type. Older Xens go by a type that
 * nobody uses any more, and validate it anew; 4.17 takes such a frame for
 * ordinary memory. */
static int32_t normal_update(struct domain *d, uint64_t ptr, uint64_t value, uint16_t owner, bool preserve_ad)
{
    unsigned size = d->abi->pte_size;
    unsigned index = ((unsigned)ptr & (RING1_PAGE_SIZE - 1)) / size;
    mfn_t mfn = maddr_mfn(ptr);
    if (size == 4)
        value = (uint32_t)value;

    if (G_UNLIKELY(!frame_exists(d->mem, mfn)))
        return refuse(d, -XEN_EINVAL, "frame %#x does not exist", mfn.mfn);
    const struct frame *f = frame_info(d->mem, mfn);
    if (G_UNLIKELY(f->owner != d->s.domid))
        return refuse(d, -XEN_EINVAL, "frame %#x is not the domain's: it is %s", mfn.mfn, page_use(d, mfn));
    if (G_UNLIKELY(preserve_ad && is_table(f->type) && f->type_count))
        value |= pte_read(d, mfn, index) & (PTE_A | PTE_D);
    /* An L1 in use: nothing that an entry of it gives back can hold the table. */
    if (G_LIKELY(f->type == PGT_l1_table && f->type_count))
        return mod_l1_entry(d, mfn, index, value, owner);

    page_get(d, mfn);
    int32_t rc = is_table(f->type) && (f->type_count || d->abi->xen < RING1_XEN_4_17)
                     ? table_entry(d, mfn, index, value, owner)
                     : store_word(d, mfn, index, value);
    page_put(d, mfn);
    return rc;
}

static int32_t machphys_update(struct domain *d, uint64_t ptr, uint32_t pfn, uint16_t owner)
{
    mfn_t mfn = maddr_mfn(ptr);
    if (!frame_exists(d->mem, mfn) || owner != d->s.domid || frame_info(d->mem, mfn)->owner != owner)
        return refuse(d, -XEN_EINVAL, "m2p of frame %#x: it is %s", mfn.mfn,
                      owner != d->s.domid ? "not the foreign domain's" : page_use(d, mfn));
    m2p_set(d, mfn, pfn);
    return 0;
}

/* --- 3.0 and later ------------------------------------------------------------- */

struct mmu_request {
    uint64_t ptr, val;
} __attribute__((packed, aligned(4)));
G_STATIC_ASSERT(sizeof(struct mmu_request) == 16);

/* `access` is what the foreign domain's lookup said: 4.17 asks for the right
 * entry by entry. */
static int32_t one_request(struct domain *d, const struct mmu_request *req, uint16_t owner, int32_t access)
{
    unsigned cmd = (unsigned)req->ptr & (d->abi->pte_size - 1);
    bool later = d->abi->xen >= RING1_XEN_4_17;
    if (G_UNLIKELY(cmd > (later ? MMU_PT_UPDATE_NO_TRANSLATE : MMU_MACHPHYS_UPDATE)))
        return refuse(d, d->abi->bad_mmu_cmd, "command %u in the low bits of ptr %#llx is unknown to Xen %s",
                      cmd, (unsigned long long)req->ptr, d->abi->xen_name);
    if (G_UNLIKELY(access))
        return refuse(d, access, "no right to the foreign domain, for ptr %#llx",
                      (unsigned long long)req->ptr);
    int32_t rc;
    if (G_UNLIKELY(cmd == MMU_MACHPHYS_UPDATE))
        rc = machphys_update(d, req->ptr, (uint32_t)req->val, owner);
    else
        rc = normal_update(d, req->ptr, req->val, owner, cmd == MMU_PT_UPDATE_PRESERVE_AD);
    return mmu_errno(d, rc);
}

/* The upper half of foreigndom names the owner of the page tables, plus 1. */
static int32_t table_owner(const struct domain *d, uint32_t foreigndom)
{
    uint32_t owner = (foreigndom >> 16) - 1;
    if (d->abi->xen < RING1_XEN_4_17 || !(foreigndom >> 16) || owner == d->s.domid)
        return 0;
    return owner == DOMID_BACKEND ? -XEN_EPERM : -XEN_ESRCH;
}

/* A changed L1 entry moves no page but its own: unless that is the page of the
 * requests, it need not be looked up again for the next one. */
static void keep_page(struct requests *r, uint64_t ptr, uint32_t generation)
{
    const struct domain *d = r->v->domain;
    mfn_t table = maddr_mfn(ptr);
    ptr &= ~(uint64_t)(d->abi->pte_size - 1);
    if (r->generation == generation && r->entry && r->entry != ptr && frame_exists(d->mem, table) &&
        frame_info(d->mem, table)->type == PGT_l1_table && frame_info(d->mem, table)->type_count)
        r->generation = d->s.translation_generation;
}

int32_t do_mmu_update(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    gva_t pdone = GVA(arg[2]);
    struct requests reqs = {.v = v, .array = GVA(arg[0]), .size = sizeof(struct mmu_request)};
    uint32_t count = arg[1], i = 0;
    uint16_t owner = d->s.domid;
    if (continues_nothing(d, arg))
        return (int32_t)arg[3];
    uint32_t done = pdone_read(v, pdone, &count);

    int32_t access = table_owner(d, arg[3]);
    if (access == -XEN_ESRCH)
        return refuse(d, access, "page tables of domain %u: no such domain", (arg[3] >> 16) - 1);
    int32_t foreign = foreign_owner(d, (uint16_t)arg[3], &owner);
    bool range_ok = requests_range_ok(d, reqs.array, count, reqs.size);
    int32_t rc = 0;
    if (foreign == d->abi->bad_foreigndom && (range_ok || !range_goes_first(d)))
        rc = refuse(d, foreign, "foreign domain %#x: DOMID_SELF is %#x", arg[3] & 0xFFFFu, FOREIGN_SELF);
    else if (!range_ok)
        rc = refuse(d, -XEN_EFAULT, "%u requests at %#x reach beyond the guest's addresses", count, arg[0]);
    for (; !rc && i < count; i += !rc) {
        struct mmu_request req;
        if (preempt_before(v, i)) {
            rc = requests_continue(&reqs, 1, arg, i, count - i);
            break;
        }
        if (G_UNLIKELY(!request_read(&reqs, i, &req))) {
            rc = refuse(d, -XEN_EFAULT, "request %u at %#x + %#x cannot be read", i, arg[0], i * reqs.size);
            break;
        }
        uint32_t generation = d->s.translation_generation;
        rc = one_request(d, &req, owner, access ? access : foreign);
        if (generation != d->s.translation_generation)
            keep_page(&reqs, req.ptr, generation);
        preempt_work(d, 1);
    }
    pdone_write(v, pdone, done + i);
    return rc;
}

/* --- 2.0 ---------------------------------------------------------------------------- */

struct mmu_request_2_0 {
    uint32_t ptr, val;
};
G_STATIC_ASSERT(sizeof(struct mmu_request_2_0) == 8);

enum {
    MMUEXT_2_0_PIN_L1 = 0,
    MMUEXT_2_0_PIN_L2 = 1,
    MMUEXT_2_0_UNPIN = 4,
    MMUEXT_2_0_NEW_BASEPTR = 5,
    MMUEXT_2_0_TLB_FLUSH = 6,
    MMUEXT_2_0_INVLPG = 7,
    MMUEXT_2_0_FLUSH_CACHE = 8,
    MMUEXT_2_0_SET_LDT = 9,
    MMUEXT_2_0_SET_FOREIGNDOM = 10,
    MMUEXT_2_0_CLEAR_FOREIGNDOM = 11,
};

/* From here to the end of the call, or to the next such command: whose frames the
 * requests are about. An ordinary domain may name I/O space alone. */
static int32_t set_foreigndom(struct domain *d, uint16_t domid, uint16_t *owner)
{
    *owner = d->s.domid;
    if (domid != FOREIGN_IO)
        return refuse(d, -XEN_EINVAL, "foreign domain %#x: only DOMID_IO, %#x, can be named", domid,
                      FOREIGN_IO);
    *owner = OWNER_DOMID_IO;
    return 0;
}

static int32_t pin_2_0(struct domain *d, uint32_t command, mfn_t mfn, uint16_t owner)
{
    if (owner != d->s.domid)
        return refuse(d, -XEN_EINVAL, "frame %#x is not foreign domain %#x's", mfn.mfn, owner);
    if (command == MMUEXT_2_0_UNPIN)
        return page_unpin(d, mfn);
    return page_pin(d, mfn, command == MMUEXT_2_0_PIN_L1 ? PGT_l1_table : PGT_l2_table);
}

/* The command in val[7:0], its argument in ptr without the two low bits. */
static int32_t extended_command(struct vcpu *v, uint32_t ptr, uint32_t val, uint16_t *owner)
{
    struct domain *d = v->domain;
    mfn_t mfn = maddr_mfn(ptr);
    switch (val & 0xFF) {
    case MMUEXT_2_0_PIN_L1:
    case MMUEXT_2_0_PIN_L2:
    case MMUEXT_2_0_UNPIN:
        return pin_2_0(d, val & 0xFF, mfn, *owner);
    case MMUEXT_2_0_NEW_BASEPTR:
        return mmu_new_baseptr(v, mfn);
    case MMUEXT_2_0_TLB_FLUSH:
    case MMUEXT_2_0_INVLPG:
        domain_flush_asked(d);
        return 0;
    case MMUEXT_2_0_FLUSH_CACHE:
        return mmu_flush_cache(d);
    case MMUEXT_2_0_SET_LDT:
        return ldt_set(v, ptr, val >> 8);
    case MMUEXT_2_0_SET_FOREIGNDOM:
        return set_foreigndom(d, (uint16_t)(val >> 16), owner);
    case MMUEXT_2_0_CLEAR_FOREIGNDOM:
        *owner = d->s.domid;
        return 0;
    default:
        return refuse(d, -XEN_EINVAL, "extended command %u is unknown", val & 0xFF);
    }
}

static int32_t one_request_2_0(struct vcpu *v, const struct mmu_request_2_0 *req, uint16_t *owner)
{
    struct domain *d = v->domain;
    uint32_t ptr = req->ptr & ~3u;
    int32_t rc;
    switch (req->ptr & 3) {
    case MMU_NORMAL_PT_UPDATE:
        rc = normal_update(d, ptr, req->val, *owner, false);
        break;
    case MMU_2_0_MACHPHYS_UPDATE:
        rc = machphys_update(d, ptr, req->val, *owner);
        break;
    case MMU_2_0_EXTENDED_COMMAND:
        rc = extended_command(v, ptr, req->val, owner);
        break;
    default:
        rc = refuse(d, d->abi->bad_mmu_cmd, "command %u in the low bits of ptr %#x is unknown", req->ptr & 3,
                    req->ptr);
        break;
    }
    return mmu_errno(d, rc);
}

int32_t do_mmu_update_2_0(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    gva_t pdone = GVA(arg[2]);
    struct requests reqs = {.v = v, .array = GVA(arg[0]), .size = sizeof(struct mmu_request_2_0)};
    uint32_t count = arg[1], i = 0;
    uint16_t owner = d->s.domid;
    int32_t rc = 0;

    /* A continuation keeps the foreign domain in bits 30:16 of the count. */
    if (count & MMU_UPDATE_PREEMPTED) {
        if ((count >> 16 & 0x7FFFu) == OWNER_DOMID_IO)
            owner = OWNER_DOMID_IO;
        count &= MMU_UPDATE_PREEMPTED | COUNT_MAX_2_0;
    }
    uint32_t done = pdone_read(v, pdone, &count);
    if (count > COUNT_MAX_2_0)
        rc = refuse(d, -XEN_EINVAL, "%u requests, %u at most", count, COUNT_MAX_2_0);
    else if (!requests_range_ok(d, reqs.array, count, reqs.size))
        rc = refuse(d, -XEN_EFAULT, "%u requests at %#x reach beyond the guest's addresses", count, arg[0]);
    for (; !rc && i < count; i += !rc) {
        struct mmu_request_2_0 req;
        if (preempt_before(v, i)) {
            rc = requests_continue(&reqs, 1, arg, i, (count - i) | (uint32_t)owner << 16);
            break;
        }
        if (G_UNLIKELY(!request_read(&reqs, i, &req)))
            rc = refuse(d, -XEN_EFAULT, "request %u at %#x + %#x cannot be read", i, arg[0], i * reqs.size);
        else
            rc = one_request_2_0(v, &req, &owner);
        preempt_work(d, 1);
    }
    pdone_write(v, pdone, done + i);
    return rc;
}
