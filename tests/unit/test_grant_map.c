/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_grant_map.c - mappings of grants: the guest's own by grant_table_op, and those
 * of back ends (docs/xen-abi.md 8.20). page_recount runs after every call; each test
 * ends with the counts that it began with.
 */
#include "dispatch/grant_priv.h"
#include "fixture.h"

enum { MAP, UNMAP, SETUP, TRANSFER = 4, COPY, REPLACE = 7, SET_VERSION, SWAP = 11 };

#define X417(f) ((f)->abi->xen >= RING1_XEN_4_17)
/* The Xens that let an ordinary domain map its own grants. */
#define EACH(f)                                                                                              \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))                                    \
        if (f->abi->xen >= RING1_XEN_3_2 && grant_init(f->d))

#define HOST   GNTMAP_host_map
#define DEVICE GNTMAP_device_map
#define RO     GNTMAP_readonly
#define BY_PTE GNTMAP_contains_pte

/* Reference `ref` grants the frame of `pfn` to `dom`. */
static void offer(struct fixture *f, uint32_t ref, uint32_t pfn, uint16_t flags, uint16_t dom)
{
    *grant_entry(f->d, ref) =
        (struct grant_entry){(uint16_t)(GTF_permit_access | flags), dom, fx_mfn(f, pfn).mfn};
}

static int16_t status_at(struct fixture *f, uint32_t va)
{
    int16_t value;
    ck_assert_int_eq(guest_read(f->v, GVA(va), &value, sizeof value), 0);
    return value;
}

struct mapped {
    int16_t status;
    uint32_t handle, bus;
};

static struct mapped map(struct fixture *f, uint64_t host, uint32_t flags, uint32_t ref, uint32_t dom)
{
    uint32_t arena = f->arena;
    gva_t op = FX_WORDS(f, (uint32_t)host, (uint32_t)(host >> 32), flags, ref, dom | 0xEEEE0000, 0xBAD, 0, 0);
    f->arena = arena;
    ck_rc(CALL(f, 20, MAP, op.va, 1), 0);
    return (struct mapped){status_at(f, op.va + 18), fx_get(f, GVA(op.va + 20)), fx_get(f, GVA(op.va + 24))};
}

static int16_t unmap_by(struct fixture *f, uint32_t cmd, uint64_t host, uint64_t other, uint32_t handle)
{
    uint32_t arena = f->arena;
    gva_t op = FX_WORDS(f, (uint32_t)host, (uint32_t)(host >> 32), (uint32_t)other, (uint32_t)(other >> 32),
                        handle, 0xEEEE);
    f->arena = arena;
    ck_rc(CALL(f, 20, cmd, op.va, 1), 0);
    return status_at(f, op.va + 20);
}

static int16_t unmap(struct fixture *f, uint64_t host, uint64_t bus, uint32_t handle)
{
    return unmap_by(f, UNMAP, host, bus, handle);
}

/* A page to grant, and an address with nothing mapped. */
struct pages {
    uint32_t pfn;
    gva_t at;
    struct frame before;
};

static struct pages pages(struct fixture *f)
{
    struct pages p = {.pfn = fx_alloc(f), .at = fx_va(f, fx_alloc(f))};
    ck_rc(fx_map(f, p.at, 0), 0);
    p.before = *frame_info(f->mem, fx_mfn(f, p.pfn));
    return p;
}

static void ck_same(struct fixture *f, const struct pages *p)
{
    const struct frame *now = frame_info(f->mem, fx_mfn(f, p->pfn));
    ck_assert_uint_eq(now->count, p->before.count);
    ck_assert_uint_eq(now->type_count, p->before.type_count);
    for (uint32_t ref = 8; ref < 512; ref++) {
        ck_assert_uint_eq(active_entry(f->d, ref)->pin, 0);
        ck_assert_uint_eq(grant_entry(f->d, ref)->flags & (GTF_reading | GTF_writing), 0);
    }
}

START_TEST(host_mapping)
{
    EACH(f)
    {
        struct pages p = pages(f);
        mfn_t mfn = fx_mfn(f, p.pfn);
        offer(f, 8, p.pfn, 0, DOMID_GUEST);
        struct mapped m = map(f, p.at.va, HOST, 8, DOMID_GUEST);
        ck_assert_int_eq(m.status, GNTST_okay);
        ck_assert_uint_eq(m.handle, 0);
        ck_assert_uint_eq(m.bus, mfn.mfn << 12);
        ck_assert_uint_eq(fx_pte(f, p.at), fx_entry(mfn, 0x63 | (X417(f) ? PTE_NX : 0)));
        ck_assert_uint_eq(grant_entry(f->d, 8)->flags, GTF_permit_access | GTF_reading | GTF_writing);
        ck_assert_uint_eq(frame_info(f->mem, mfn)->count, p.before.count + 1);
        fx_set(f, p.at, 0x1234);
        ck_assert_uint_eq(*(uint32_t *)fx_page(f, p.pfn), 0x1234);
        ck_assert_int_eq(unmap(f, p.at.va, 0, m.handle), GNTST_okay);
        ck_assert_uint_eq(fx_pte(f, p.at), 0);
        ck_assert_int_eq(unmap(f, p.at.va, 0, m.handle), GNTST_bad_handle);
        ck_same(f, &p);

        offer(f, 8, p.pfn, GTF_readonly, DOMID_GUEST);
        ck_assert_int_eq(map(f, p.at.va, HOST, 8, DOMID_GUEST).status, GNTST_general_error);
        m = map(f, p.at.va, HOST | RO | GNTMAP_application_map, 8, DOMID_GUEST);
        ck_assert_int_eq(m.status, GNTST_okay);
        ck_assert_uint_eq(fx_pte(f, p.at), fx_entry(mfn, 0x65 | (X417(f) ? PTE_NX : 0)));
        ck_assert_uint_eq(grant_entry(f->d, 8)->flags, GTF_permit_access | GTF_readonly | GTF_reading);
        ck_assert_int_eq(unmap(f, p.at.va, 0, m.handle), GNTST_okay);
        ck_same(f, &p);
    }
}
END_TEST

START_TEST(by_the_entry_s_address)
{
    EACH(f)
    {
        struct pages p = pages(f);
        uint64_t pte = fx_pte_maddr(f, p.at);
        offer(f, 8, p.pfn, 0, DOMID_GUEST);
        ck_assert_int_eq(map(f, pte + 1, HOST | BY_PTE, 8, DOMID_GUEST).status, GNTST_general_error);
        ck_assert_int_eq(map(f, (uint64_t)f->xen_frame.mfn << 12, HOST | BY_PTE, 8, DOMID_GUEST).status,
                         GNTST_general_error);
        ck_assert_int_eq(map(f, (uint64_t)FX_BEYOND << 12, HOST | BY_PTE, 8, DOMID_GUEST).status,
                         GNTST_general_error);
        ck_assert_int_eq(map(f, 1ull << 60, HOST | BY_PTE, 8, DOMID_GUEST).status, GNTST_general_error);
        ck_assert_int_eq(map(f, (uint64_t)f->l2.mfn << 12, HOST | BY_PTE, 8, DOMID_GUEST).status,
                         GNTST_general_error);
        ck_assert_int_eq(map(f, (uint64_t)fx_mfn(f, p.pfn).mfn << 12, HOST | BY_PTE, 8, DOMID_GUEST).status,
                         GNTST_general_error);
        ck_same(f, &p);
        struct mapped m = map(f, pte, HOST | BY_PTE, 8, DOMID_GUEST);
        ck_assert_int_eq(m.status, GNTST_okay);
        ck_assert_uint_eq(pte_mfn(fx_pte(f, p.at)).mfn, fx_mfn(f, p.pfn).mfn);
        ck_assert_int_eq(unmap_by(f, REPLACE, pte, p.at.va, m.handle), GNTST_general_error);
        ck_assert_int_eq(unmap(f, pte, 0, m.handle), GNTST_okay);
        ck_assert_uint_eq(fx_pte(f, p.at), 0);
        ck_same(f, &p);
    }
}
END_TEST

START_TEST(device_and_host)
{
    EACH(f)
    {
        struct pages p = pages(f);
        uint64_t bus = (uint64_t)fx_mfn(f, p.pfn).mfn << 12;
        for (uint32_t ro = 0; ro <= RO; ro += RO) {
            offer(f, 8, p.pfn, 0, DOMID_GUEST);
            struct mapped m = map(f, p.at.va, HOST | DEVICE | ro, 8, DOMID_GUEST);
            ck_assert_int_eq(m.status, GNTST_okay);
            ck_assert_int_eq(unmap(f, 0, bus + 0x1000, m.handle),
                             X417(f) ? GNTST_bad_dev_addr : GNTST_general_error);
            /* Nothing named, nothing done. */
            ck_assert_int_eq(unmap(f, 0, 0, m.handle), GNTST_okay);
            ck_assert_int_eq(unmap(f, p.at.va, 0, m.handle), GNTST_okay);
            ck_assert_uint_ne(active_entry(f->d, 8)->pin, 0);
            ck_assert_int_eq(unmap(f, p.at.va, 0, m.handle), GNTST_okay);
            ck_assert_int_eq(unmap(f, 0, bus, m.handle), GNTST_okay);
            ck_assert_int_eq(unmap(f, 0, bus, m.handle), GNTST_bad_handle);
            ck_same(f, &p);
            m = map(f, 0, DEVICE | ro, 8, DOMID_GUEST);
            ck_assert_int_eq(m.status, GNTST_okay);
            ck_assert_int_eq(unmap(f, p.at.va, bus, m.handle), GNTST_okay);
            ck_same(f, &p);
            /* Both at once; no table at the address, so neither is made. */
            ck_assert_int_eq(map(f, 0x1000, HOST | DEVICE | ro, 8, DOMID_GUEST).status, GNTST_general_error);
            ck_assert_int_eq(map(f, f->abi->hole, HOST | DEVICE | ro, 8, DOMID_GUEST).status,
                             GNTST_general_error);
            ck_same(f, &p);
        }
    }
}
END_TEST

START_TEST(replaced)
{
    EACH(f)
    {
        struct pages p = pages(f);
        uint32_t other = fx_alloc(f);
        gva_t from = fx_va(f, other);
        offer(f, 8, p.pfn, 0, DOMID_GUEST);
        uint64_t entry = fx_pte(f, from);
        struct mapped m = map(f, p.at.va, HOST, 8, DOMID_GUEST);
        ck_assert_int_eq(unmap_by(f, REPLACE, p.at.va, 0x1000, m.handle), GNTST_general_error);
        ck_assert_int_eq(unmap_by(f, REPLACE, p.at.va, f->abi->hole, m.handle), GNTST_general_error);
        ck_assert_int_eq(unmap_by(f, REPLACE, p.at.va, from.va, m.handle), GNTST_okay);
        ck_assert_uint_eq(fx_pte(f, p.at), entry);
        ck_assert_uint_eq(fx_pte(f, from), 0);
        ck_same(f, &p);
        /* By itself: what was to be mapped is gone when the entry is looked at. */
        m = map(f, p.at.va, HOST, 8, DOMID_GUEST);
        ck_assert_int_eq(unmap_by(f, REPLACE, p.at.va, p.at.va, m.handle), GNTST_general_error);
        ck_assert_uint_eq(fx_pte(f, p.at), 0);
        /* A new address of 0 is none. */
        m = map(f, p.at.va, HOST, 8, DOMID_GUEST);
        ck_assert_int_eq(unmap_by(f, REPLACE, p.at.va, 0, m.handle), GNTST_okay);
        grant_release_all(f->d);
        ck_same(f, &p);
    }
}
END_TEST

START_TEST(refused)
{
    EACH(f)
    {
        struct pages p = pages(f);
        offer(f, 8, p.pfn, 0, DOMID_GUEST);
        ck_assert_int_eq(map(f, p.at.va, 0, 8, 99).status, GNTST_bad_gntref);
        ck_assert_int_eq(map(f, p.at.va, HOST, 8, 99).status, GNTST_bad_domain);
        ck_assert_int_eq(map(f, p.at.va, HOST, 8, FX_SELF).status, GNTST_bad_domain);
        ck_assert_int_eq(map(f, p.at.va, HOST, 8, DOMID_BACKEND).status, GNTST_general_error);
        ck_assert_int_eq(map(f, p.at.va, HOST, 512 * 4, DOMID_BACKEND).status, GNTST_bad_gntref);
        ck_assert_int_eq(map(f, p.at.va, HOST, 512 * 4, DOMID_GUEST).status, GNTST_bad_gntref);
        ck_assert_int_eq(map(f, p.at.va, HOST, 9, DOMID_GUEST).status, GNTST_general_error);
        offer(f, 8, p.pfn, 0, DOMID_BACKEND);
        ck_assert_int_eq(map(f, p.at.va, HOST, 8, DOMID_GUEST).status, GNTST_general_error);
        offer(f, 8, p.pfn, GTF_sub_page, DOMID_GUEST);
        struct mapped m = map(f, p.at.va, HOST, 8, DOMID_GUEST);
        ck_assert_int_eq(m.status, X417(f) ? GNTST_general_error : GNTST_okay);
        if (!X417(f))
            ck_assert_int_eq(unmap(f, p.at.va, 0, m.handle), GNTST_okay);
        *grant_entry(f->d, 8) = (struct grant_entry){GTF_permit_access, DOMID_GUEST, FX_BEYOND};
        ck_assert_int_eq(map(f, p.at.va, HOST, 8, DOMID_GUEST).status,
                         X417(f) ? GNTST_bad_page : GNTST_general_error);
        *grant_entry(f->d, 8) = (struct grant_entry){GTF_permit_access, DOMID_GUEST, f->l1.mfn};
        ck_assert_int_eq(map(f, p.at.va, HOST, 8, DOMID_GUEST).status, GNTST_general_error);
        ck_assert_int_eq(map(f, p.at.va, DEVICE, 8, DOMID_GUEST).status, GNTST_general_error);
        m = map(f, p.at.va, HOST | RO, 8, DOMID_GUEST);
        ck_assert_int_eq(m.status, GNTST_okay);
        ck_assert_int_eq(unmap(f, p.at.va + 0x1000, 0, m.handle), GNTST_general_error);
        ck_assert_int_eq(unmap(f, 0x1000, 0, m.handle), GNTST_general_error);
        ck_assert_int_eq(unmap(f, p.at.va, 0, m.handle), GNTST_okay);
        ck_assert_int_eq(unmap(f, p.at.va, 0, NO_HANDLE), GNTST_bad_handle);
        ck_same(f, &p);
    }
}
END_TEST

/* A use that is there already: who, how often, and what it may still become. */
START_TEST(used_twice)
{
    EACH(f)
    {
        struct pages p = pages(f);
        gva_t second = fx_va(f, fx_alloc(f));
        offer(f, 8, p.pfn, 0, DOMID_GUEST);
        struct mapped a = map(f, p.at.va, HOST | RO, 8, DOMID_GUEST);
        /* The entry changes while it is used: the frame of the use stays, the right
         * to write is asked for anew. */
        *grant_entry(f->d, 8) = (struct grant_entry){GTF_readonly | GTF_reading, 77, 1};
        ck_assert_int_eq(map(f, second.va, HOST, 8, DOMID_GUEST).status, GNTST_general_error);
        struct mapped b = map(f, second.va, HOST | RO, 8, DOMID_GUEST);
        ck_assert_int_eq(b.status, GNTST_okay);
        ck_assert_uint_eq(b.bus, a.bus);
        grant_entry(f->d, 8)->flags = GTF_permit_access;
        ck_assert_int_eq(unmap(f, second.va, 0, b.handle), GNTST_okay);
        b = map(f, second.va, HOST, 8, DOMID_GUEST);
        ck_assert_int_eq(b.status, GNTST_okay);
        ck_assert_uint_eq(grant_entry(f->d, 8)->flags, GTF_permit_access | GTF_reading | GTF_writing);
        ck_assert_int_eq(unmap(f, second.va, 0, b.handle), GNTST_okay);
        ck_assert_uint_eq(grant_entry(f->d, 8)->flags, GTF_permit_access | GTF_reading);
        struct grant_mapping m;
        ck_assert_int_eq(grant_map(f->d, 8, true, &m), GNTST_general_error);
        ck_assert_int_eq(unmap(f, p.at.va, 0, a.handle), GNTST_okay);
        ck_same(f, &p);
        /* Up to half of what a count could hold. */
        offer(f, 8, p.pfn, 0, DOMID_GUEST);
        uint32_t n = 0;
        while (map(f, 0, DEVICE, 8, DOMID_GUEST).status == GNTST_okay)
            n++;
        ck_assert_uint_eq(n, 128);
        a = map(f, 0, DEVICE | RO, 8, DOMID_GUEST);
        ck_assert_int_eq(a.status, X417(f) ? GNTST_okay : GNTST_general_error);
        grant_release_all(f->d);
        ck_same(f, &p);
    }
}
END_TEST

/* The guest overwrites the entry itself: the references go, the use stays. */
START_TEST(unmapped_behind_xen)
{
    EACH(f)
    {
        struct pages p = pages(f);
        offer(f, 8, p.pfn, 0, DOMID_GUEST);
        struct mapped m = map(f, p.at.va, HOST, 8, DOMID_GUEST);
        ck_rc(fx_map(f, p.at, 0), 0);
        ck_assert_uint_eq(frame_info(f->mem, fx_mfn(f, p.pfn))->count, p.before.count);
        ck_assert_int_eq(unmap(f, p.at.va, 0, m.handle), GNTST_general_error);
        ck_assert_uint_ne(active_entry(f->d, 8)->pin, 0);
        /* With other rights it is not the grant's, for 4.17. */
        ck_rc(fx_map(f, p.at, fx_entry(fx_mfn(f, p.pfn), 0x21)), 0);
        ck_assert_int_eq(unmap(f, p.at.va, 0, m.handle), X417(f) ? GNTST_general_error : GNTST_okay);
        ck_rc(fx_map(f, p.at, 0), 0);
        grant_release_all(f->d);
        ck_same(f, &p);
    }
}
END_TEST

/* In 4.17 a handle goes behind all free ones, a failed map's too; before, the last
 * one freed is the next. */
START_TEST(handles)
{
    EACH(f)
    {
        struct pages p = pages(f);
        offer(f, 8, p.pfn, 0, DOMID_GUEST);
        struct mapped m = map(f, p.at.va, HOST, 8, DOMID_GUEST);
        ck_assert_uint_eq(m.handle, 0);
        ck_assert_int_eq(unmap(f, p.at.va, 0, 0), 0);
        ck_assert_int_eq(map(f, p.at.va, HOST, 9, DOMID_GUEST).status, GNTST_general_error);
        m = map(f, p.at.va, HOST, 8, DOMID_GUEST);
        ck_assert_uint_eq(m.handle, X417(f) ? 2 : 0);
        ck_assert_int_eq(unmap(f, p.at.va, 0, m.handle), 0);
        /* All handles that the machine has frames for. */
        uint32_t n = 0, ref = 8;
        int16_t last;
        while (!(last = (m = map(f, 0, DEVICE | RO, ref, DOMID_GUEST)).status)) {
            offer(f, ref = 8 + ++n / 100, p.pfn, 0, DOMID_GUEST);
            ck_assert_uint_lt(m.handle, maptrack_limit(f->d));
        }
        ck_assert_int_eq(last, X417(f) ? GNTST_no_space : GNTST_no_device_space);
        ck_assert_uint_eq(n, maptrack_limit(f->d) - 1);
        grant_release_all(f->d);
        ck_same(f, &p);
        ck_assert_int_eq(map(f, p.at.va, HOST, 8, DOMID_GUEST).status, GNTST_okay);
    }
}
END_TEST

START_TEST(a_thousand_times)
{
    EACH(f)
    {
        struct pages p = pages(f);
        offer(f, 8, p.pfn, 0, DOMID_GUEST);
        for (unsigned i = 0; i < 1000; i++) {
            uint32_t kind = HOST | (i & 1 ? DEVICE : 0) | (i & 2 ? RO : 0) | (i & 4 ? BY_PTE : 0);
            uint64_t at = i & 4 ? fx_pte_maddr(f, p.at) : p.at.va;
            struct mapped m = map(f, at, kind, 8, DOMID_GUEST);
            ck_assert_int_eq(m.status, GNTST_okay);
            ck_assert_int_eq(unmap(f, at, m.bus, m.handle), GNTST_okay);
        }
        ck_assert_uint_eq(f->d->s.grant.nr_maptrack, 1);
        ck_same(f, &p);
    }
}
END_TEST

/* Handles are taken from the other vcpus' lists when there is no more memory. */
START_TEST(handles_of_other_vcpus)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    struct pages p = pages(f);
    grant_init(f->d);
    offer(f, 8, p.pfn, 0, DOMID_GUEST);
    struct mapped m = map(f, 0, DEVICE, 8, DOMID_GUEST);
    ck_assert_int_eq(unmap(f, 0, m.bus, m.handle), 0);
    while (xen_frame_alloc_hidden(f->d).mfn)
        continue;
    f->v = &f->d->s.vcpu[3];
    f->v->cr3 = f->d->s.vcpu[0].cr3;
    ck_assert(page_take_cr3(f->d, f->v->cr3) == 0);
    m = map(f, 0, DEVICE, 8, DOMID_GUEST);
    ck_assert_int_eq(m.status, GNTST_okay);
    ck_assert_uint_eq(m.handle, 2);
    ck_assert_uint_eq(f->v->maptrack_tail, 1);
    ck_assert_int_eq(unmap(f, 0, m.bus, m.handle), 0);
    ck_assert_uint_eq(f->v->maptrack_tail, 2);
    ck_same(f, &p);
    fixture_free(f);
}
END_TEST

START_TEST(versions_and_swaps)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    struct pages p = pages(f);
    grant_init(f->d);
    offer(f, 8, p.pfn, 0, DOMID_GUEST);
    struct mapped m = map(f, p.at.va, HOST, 8, DOMID_GUEST);
    for (uint32_t i = 0; i < 3; i++) {
        static const uint32_t pair[3][2] = {{8, 9}, {9, 8}, {8, 8}};
        gva_t op = FX_WORDS(f, pair[i][0], pair[i][1], 0xEEEE);
        ck_rc(CALL(f, 20, SWAP, op.va, 1), 0);
        ck_assert_int_eq(status_at(f, op.va + 8), i == 2 ? 0 : GNTST_eagain);
    }
    ck_assert_int_eq(unmap(f, p.at.va, 0, m.handle), 0);
    gva_t op = FX_WORDS(f, 8, 9, 0xEEEE);
    ck_rc(CALL(f, 20, SWAP, op.va, 1), 0);
    ck_assert_int_eq(status_at(f, op.va + 8), 0);
    ck_assert_uint_eq(grant_entry(f->d, 9)->frame, fx_mfn(f, p.pfn).mfn);
    ck_assert_uint_eq(grant_entry(f->d, 8)->flags, 0);
    ck_same(f, &p);
    fixture_free(f);
}
END_TEST

static int16_t transfer(struct fixture *f, uint32_t mfn, uint32_t dom, uint32_t ref)
{
    gva_t op = FX_WORDS(f, mfn, dom, ref, 0xEEEE);
    ck_rc(CALL(f, 20, TRANSFER, op.va, 1), 0);
    return status_at(f, op.va + 12);
}

START_TEST(transfers)
{
    EACH(f)
    {
        uint32_t tot = f->d->s.tot_pages;
        uint32_t pfn[3];
        for (unsigned i = 0; i < 3; i++)
            pfn[i] = fx_alloc(f);
        ck_assert_int_eq(transfer(f, FX_BEYOND, 99, 9), GNTST_bad_page);
        ck_assert_int_eq(transfer(f, fx_mfn(f, pfn[0]).mfn, 99, 9), GNTST_bad_page); /* mapped */
        for (unsigned i = 0; i < 3; i++)
            ck_rc(fx_map(f, fx_va(f, pfn[i]), 0), 0);
        ck_assert_int_eq(transfer(f, fx_mfn(f, pfn[0]).mfn, 99, 9), GNTST_bad_domain);
        ck_assert_uint_eq(f->d->s.tot_pages, tot - 1);
        ck_assert_int_eq(transfer(f, fx_mfn(f, pfn[0]).mfn, 99, 9), GNTST_bad_page); /* gone */
        ck_assert_int_eq(transfer(f, fx_mfn(f, pfn[1]).mfn, DOMID_BACKEND, 9), GNTST_general_error);
        ck_assert_uint_eq(f->d->s.tot_pages, tot - 2);
        /* To itself. */
        *grant_entry(f->d, 9) = (struct grant_entry){GTF_accept_transfer, DOMID_GUEST, 0x77};
        ck_assert_int_eq(transfer(f, fx_mfn(f, pfn[2]).mfn, DOMID_GUEST, 9), GNTST_okay);
        ck_assert_uint_eq(f->d->s.tot_pages, tot - 2);
        ck_assert_uint_eq(grant_entry(f->d, 9)->frame, fx_mfn(f, pfn[2]).mfn);
        ck_assert_uint_eq(grant_entry(f->d, 9)->flags,
                          GTF_accept_transfer | GTF_transfer_committed | GTF_transfer_completed);
        ck_assert_uint_eq(m2p_get(f->mem, fx_mfn(f, pfn[2])), 0x77);
        ck_assert_int_eq(transfer(f, fx_mfn(f, pfn[2]).mfn, DOMID_GUEST, 9), GNTST_general_error);
        ck_assert_uint_eq(f->d->s.tot_pages, tot - 3);
    }
}
END_TEST

/* --- back ends -------------------------------------------------------------------- */

#define EACH3(f)                                                                                             \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))                                    \
        if (f->abi->xen != RING1_XEN_2_0 && grant_init(f->d))

static void on_event(void *user, G_GNUC_UNUSED struct vcpu *v, const struct ring1_event *e)
{
    const struct ring1_device_event *x = &e->device;
    ck_assert(e->kind == RING1_EVENT_DEVICE && x->device == RING1_DEVICE_GRANT);
    g_string_append_printf(user, "%s %u%s %s;", x->request, x->ref, x->readonly ? " readonly" : "",
                           x->error ? x->error : "okay");
}

START_TEST(back_end_is_told_of)
{
    EACH3(f)
    {
        g_autoptr(GString) told = g_string_new(NULL);
        struct tap tap = {.event = on_event, .events = RING1_EVENT_BIT(RING1_EVENT_DEVICE), .user = told};
        struct grant_mapping a;
        offer(f, 8, pages(f).pfn, 0, DOMID_BACKEND);
        f->d->tap = &tap;
        ck_assert_int_eq(grant_map(f->d, 8, true, &a), GNTST_okay);
        grant_unmap(f->d, &a);
        ck_assert_int_eq(grant_map(f->d, 512 * 64, false, &a), GNTST_bad_gntref);
        ck_assert_str_eq(told->str, "map 8 readonly okay;unmap 8 readonly okay;map 32768 GNTST_bad_gntref;");
        f->d->tap = NULL;
    }
}
END_TEST

START_TEST(back_end_maps)
{
    EACH3(f)
    {
        struct pages p = pages(f);
        mfn_t mfn = fx_mfn(f, p.pfn);
        struct grant_mapping a, b;
        offer(f, 8, p.pfn, 0, DOMID_BACKEND);
        ck_assert_int_eq(grant_map(f->d, 8, false, &a), GNTST_okay);
        fx_recount(f);
        ck_assert_ptr_eq(grant_bytes(f->d, &a), fx_page(f, p.pfn));
        ck_assert_int_eq(grant_map(f->d, 8, true, &b), GNTST_okay);
        fx_recount(f);
        ck_assert_uint_eq(grant_entry(f->d, 8)->flags, GTF_permit_access | GTF_reading | GTF_writing);
        /* It stays writable memory, and the back end's, whatever the guest does. */
        ck_rc(fx_map(f, fx_va(f, p.pfn), 0), 0);
        if (f->abi->xen > RING1_XEN_3_0_0)
            ck_assert_int_eq(fx_ext(f, 0, mfn.mfn, 0), -XEN_EINVAL); /* pin as L1 */
        *grant_entry(f->d, 8) = (struct grant_entry){0};
        gva_t list = FX_WORDS(f, mfn.mfn);
        gva_t op = FX_WORDS(f, list.va, 1, 0, 0, FX_SELF);
        ck_rc(CALL(f, 12, 1, op.va), 1); /* given back: the domain keeps it until the back end lets go */
        ck_assert_uint_eq(frame_info(f->mem, mfn)->owner, DOMID_GUEST);
        grant_unmap(f->d, &b);
        fx_recount(f);
        grant_unmap(f->d, &a);
        fx_recount(f);
        grant_unmap(f->d, &a);
        ck_assert_uint_eq(frame_info(f->mem, mfn)->owner, OWNER_NOBODY);
        ck_assert_uint_eq(active_entry(f->d, 8)->pin, 0);
    }
}
END_TEST

START_TEST(back_end_is_refused)
{
    EACH3(f)
    {
        struct pages p = pages(f);
        struct grant_mapping m;
        int16_t bad_page = X417(f) ? GNTST_bad_page : GNTST_general_error;
        ck_assert_int_eq(grant_map(f->d, 8, true, &m), GNTST_general_error);
        ck_assert(!m.mapped);
        ck_assert_int_eq(grant_map(f->d, 512 * 64, true, &m), GNTST_bad_gntref);
        offer(f, 8, p.pfn, 0, DOMID_GUEST);
        ck_assert_int_eq(grant_map(f->d, 8, true, &m), GNTST_general_error);
        offer(f, 8, p.pfn, GTF_readonly, DOMID_BACKEND);
        ck_assert_int_eq(grant_map(f->d, 8, false, &m), GNTST_general_error);
        ck_assert_int_eq(grant_map(f->d, 8, true, &m), GNTST_okay);
        grant_unmap(f->d, &m);
        *grant_entry(f->d, 8) = (struct grant_entry){GTF_permit_access, DOMID_BACKEND, FX_BEYOND};
        ck_assert_int_eq(grant_map(f->d, 8, true, &m), bad_page);
        *grant_entry(f->d, 8) = (struct grant_entry){GTF_permit_access, DOMID_BACKEND, f->xen_frame.mfn};
        ck_assert_int_eq(grant_map(f->d, 8, true, &m), bad_page);
        *grant_entry(f->d, 8) = (struct grant_entry){GTF_permit_access, DOMID_BACKEND, f->l1.mfn};
        ck_assert_int_eq(grant_map(f->d, 8, false, &m), GNTST_general_error);
        ck_same(f, &p);
        fx_recount(f);
    }
}
END_TEST

START_TEST(back_end_copies)
{
    EACH3(f)
    {
        struct pages p = pages(f);
        char bytes[8] = "";
        offer(f, 8, p.pfn, 0, DOMID_BACKEND);
        ck_assert_int_eq(grant_copy_to(f->d, 8, 4090, "grants", 6), GNTST_okay);
        ck_assert_int_eq(grant_copy_from(f->d, 8, 4091, bytes, 5), GNTST_okay);
        ck_assert_str_eq(bytes, "rants");
        ck_assert(f->mem->marks[fx_mfn(f, p.pfn).mfn] & MARK_DIRTY);
        ck_assert_int_eq(grant_copy_to(f->d, 8, 4091, "grants", 6), GNTST_bad_copy_arg);
        ck_assert_int_eq(grant_copy_from(f->d, 8, UINT32_MAX, bytes, 2), GNTST_bad_copy_arg);
        ck_assert_int_eq(grant_copy_from(f->d, 9, 0, bytes, 2), GNTST_general_error);
        offer(f, 8, p.pfn, GTF_readonly, DOMID_BACKEND);
        ck_assert_int_eq(grant_copy_to(f->d, 8, 0, "x", 1), GNTST_general_error);
        ck_same(f, &p);
        fx_recount(f);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("grant_map");
    TCase *tc = tcase_create("grant_map");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, host_mapping);
    tcase_add_test(tc, by_the_entry_s_address);
    tcase_add_test(tc, device_and_host);
    tcase_add_test(tc, replaced);
    tcase_add_test(tc, refused);
    tcase_add_test(tc, used_twice);
    tcase_add_test(tc, unmapped_behind_xen);
    tcase_add_test(tc, handles);
    tcase_add_test(tc, a_thousand_times);
    tcase_add_test(tc, handles_of_other_vcpus);
    tcase_add_test(tc, versions_and_swaps);
    tcase_add_test(tc, transfers);
    tcase_add_test(tc, back_end_is_told_of);
    tcase_add_test(tc, back_end_maps);
    tcase_add_test(tc, back_end_is_refused);
    tcase_add_test(tc, back_end_copies);
    suite_add_tcase(s, tc);
    return fx_main(s);
}
