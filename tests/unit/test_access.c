/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_access.c - the page-table walker, copies through it, machine memory, and the
 * ends of a domain's life (docs/xen-abi.md 5.2, 5.3; Intel SDM 3, 4.7).
 */
#include "fixture.h"

#include <errno.h>
#include <sys/resource.h>

#define EACH(f)                                                                                              \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))
#define PFN_T 40u /* the page that is walked to */

static bool pae(const struct fixture *f)
{
    return f->abi->levels == 3;
}

/* Entries as the CPU finds them, without a validation in between. */
static void set_l1(struct fixture *f, uint64_t flags)
{
    pte_write(f->d, f->l1, pt_index(f->abi, fx_va(f, PFN_T), 1), fx_entry(fx_mfn(f, PFN_T), flags));
}

static void set_l2(struct fixture *f, uint64_t flags)
{
    pte_write(f->d, f->l2, pt_index(f->abi, GVA(FX_BASE), 2), fx_entry(f->l1, flags));
}

static void ck_walk(struct fixture *f, gva_t va, enum access access, bool ring3, int error, unsigned level)
{
    struct walk w;
    enum walk_result r = guest_walk(f->v, va, access, ring3, false, &w);
    ck_assert_msg((r == WALK_OK) == (error < 0), "%s %s: walk of %#x, access %d, ring3 %d: %d, code %#x",
                  f->abi->name, f->abi->xen_name, va.va, access, ring3, r, w.error);
    if (error >= 0) {
        ck_assert_int_eq(r, WALK_FAULT);
        ck_assert_uint_eq(w.error, (uint32_t)error);
        ck_assert_uint_eq(w.level, level);
    }
}

START_TEST(rights)
{
    EACH(f)
    {
        gva_t va = fx_va(f, PFN_T);
        int fetch = pae(f) ? (int)PF_FETCH : 0;
        for (unsigned i = 0; i < 32; i++) {
            bool rw1 = i & 1, us1 = i & 2, rw2 = i & 4, us2 = i & 8, nx = i & 16;
            set_l1(f, 0x21u | (rw1 ? 2 : 0) | (us1 ? 4 : 0) | (nx && pae(f) ? PTE_NX : 0));
            set_l2(f, 0x21u | (rw2 ? 2 : 0) | (us2 ? 4 : 0));
            bool rw = rw1 && rw2, us = us1 && us2;
            ck_walk(f, va, ACCESS_READ, false, -1, 0);
            ck_walk(f, va, ACCESS_READ, true, us ? -1 : (int)(PF_PRESENT | PF_USER), 1);
            ck_walk(f, va, ACCESS_WRITE, false, rw ? -1 : (int)(PF_PRESENT | PF_WRITE), 1);
            ck_walk(f, va, ACCESS_WRITE, true, rw && us ? -1 : (int)(PF_PRESENT | PF_WRITE | PF_USER), 1);
            ck_walk(f, va, ACCESS_FETCH, false, nx && pae(f) ? (int)PF_PRESENT | fetch : -1, 1);
        }
        /* Not present, level by level; a write, a user's fetch. */
        set_l2(f, 0x27);
        set_l1(f, 0);
        ck_walk(f, va, ACCESS_WRITE, false, PF_WRITE, 1);
        ck_walk(f, va, ACCESS_FETCH, true, PF_USER | fetch, 1);
        set_l2(f, 0);
        ck_walk(f, va, ACCESS_READ, false, 0, 2);
        if (pae(f)) {
            uint64_t old = pte_read(f->d, f->top, 3);
            pte_write(f->d, f->top, 3, 0);
            ck_walk(f, va, ACCESS_READ, false, 0, 3);
            pte_write(f->d, f->top, 3, old);
        }
        /* Frames that are not there: at each level. */
        set_l2(f, 0x27);
        pte_write(f->d, f->l1, pt_index(f->abi, va, 1), fx_entry(MFN(FX_BEYOND), 0x27));
        ck_walk(f, va, ACCESS_READ, false, PF_PRESENT | PF_RESERVED, 1);
        pte_write(f->d, f->l2, pt_index(f->abi, va, 2), fx_entry(MFN(FX_BEYOND), 0x27));
        ck_walk(f, va, ACCESS_READ, true, PF_PRESENT | PF_RESERVED | PF_USER, 2);
        if (pae(f)) {
            pte_write(f->d, f->top, 3, (1ull << 51) | 1);
            ck_walk(f, va, ACCESS_READ, false, PF_PRESENT | PF_RESERVED, 3);
        }
    }
}
END_TEST

START_TEST(accessed_and_dirty)
{
    EACH(f)
    {
        gva_t va = fx_va(f, PFN_T);
        unsigned i1 = pt_index(f->abi, va, 1), i2 = pt_index(f->abi, va, 2);
        struct walk w;
        set_l1(f, 0x07);
        set_l2(f, 0x07);
        f->d->s.attention = 0;
        ck_assert_int_eq(guest_walk(f->v, va, ACCESS_WRITE, false, false, &w), WALK_OK);
        ck_assert_uint_eq(pte_read(f->d, f->l1, i1) & 0x60, 0);
        ck_assert_int_eq(guest_walk(f->v, va, ACCESS_READ, true, true, &w), WALK_OK);
        ck_assert(!w.dirty);
        ck_assert_uint_eq(pte_read(f->d, f->l1, i1) & 0x60, 0x20);
        ck_assert_uint_eq(pte_read(f->d, f->l2, i2) & 0x60, 0x20);
        ck_assert_uint_eq(w.value, pte_read(f->d, f->l1, i1));
        ck_assert_int_eq(guest_walk(f->v, va, ACCESS_WRITE, false, true, &w), WALK_OK);
        ck_assert(w.dirty && w.writable && w.user && w.executable);
        ck_assert_uint_eq(pte_read(f->d, f->l1, i1) & 0x60, 0x60);
        ck_assert_uint_eq(pte_read(f->d, f->l2, i2) & 0x60, 0x20);
        ck_assert_uint_eq(w.mfn.mfn, fx_mfn(f, PFN_T).mfn);
        ck_assert_uint_eq(w.entry.maddr, fx_pte_maddr(f, va));
        /* None of it is a change of a translation. */
        ck_assert(!(f->d->s.attention & ATTN_FLUSH));
        /* A refused access sets nothing. */
        set_l1(f, 0x01);
        set_l2(f, 0x07);
        ck_assert_int_eq(guest_walk(f->v, va, ACCESS_WRITE, false, true, &w), WALK_FAULT);
        ck_assert_uint_eq((pte_read(f->d, f->l1, i1) | pte_read(f->d, f->l2, i2)) & 0x60, 0);
        /* An L2 that stands for its own L1 has one entry for both. */
        pte_write(f->d, f->l2, 5, fx_entry(f->l2, 0x03));
        uint32_t linear = (FX_BASE & (pae(f) ? 0xC0000000u : 0)) + (5u << (pae(f) ? 21 : 22)) + 5u * 4096;
        ck_assert_int_eq(guest_walk(f->v, GVA(linear), ACCESS_WRITE, false, true, &w), WALK_OK);
        ck_assert_uint_eq(pte_read(f->d, f->l2, 5) & 0x60, 0x60);
    }
}
END_TEST

START_TEST(hole)
{
    EACH(f)
    {
        const struct abi *abi = f->abi;
        gva_t m2p = GVA(abi->hole);
        uint32_t word;
        struct walk w;
        ck_assert_int_eq(guest_walk(f->v, m2p, ACCESS_READ, false, true, &w), WALK_OK);
        ck_assert(w.mfn.mfn == f->mem->m2p.mfn && !w.writable && !w.user && w.executable && w.dirty);
        ck_walk(f, m2p, ACCESS_READ, true, PF_PRESENT | PF_USER, 0);
        ck_walk(f, m2p, ACCESS_WRITE, false, PF_PRESENT | PF_WRITE, 0);
        ck_walk(f, GVA(abi->hole + f->mem->m2p_frames * 4096), ACCESS_READ, false, 0, 0);
        ck_walk(f, GVA(abi->m2p_end - 1), ACCESS_WRITE, true, PF_WRITE | PF_USER, 0);
        enum walk_result end = guest_walk(f->v, GVA(abi->m2p_end), ACCESS_READ, false, true, &w);
        ck_assert_int_eq(end, abi->segment_top ? WALK_SEGMENT : WALK_FAULT);
        /* Xen takes none of it for an argument, up to 3.2. */
        ck_assert_int_eq(guest_read(f->v, m2p, &word, 4), abi->xen >= RING1_XEN_4_17 ? 0 : -XEN_EFAULT);
        ck_assert_int_eq(guest_write(f->v, m2p, &word, 4), -XEN_EFAULT);
        ck_assert_int_eq(guest_read(f->v, GVA(abi->hole - 2), &word, 4), -XEN_EFAULT);
        ck_assert_int_eq(guest_read(f->v, GVA(0xFFFFFFFE), &word, 4), -XEN_EFAULT);
        ck_assert_int_eq(guest_read(f->v, m2p, &word, 0), 0);
        ck_assert(!guest_range_ok(f->d, GVA(0), 1ull << 33));
        ck_assert(guest_range_ok(f->d, GVA(0), abi->hole));
        ck_assert(!guest_range_ok(f->d, GVA(1), abi->hole));
    }
}
END_TEST

START_TEST(copies)
{
    EACH(f)
    {
        uint8_t bytes[3 * 4096], back[3 * 4096];
        for (unsigned i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)(i * 7 + i / 256);
        gva_t at = GVA(fx_va(f, 40).va + 123);
        ck_assert_int_eq(guest_write(f->v, at, bytes, sizeof bytes - 200), 0);
        ck_assert_int_eq(guest_read(f->v, at, back, sizeof bytes - 200), 0);
        ck_assert_mem_eq(bytes, back, sizeof bytes - 200);
        ck_assert_mem_eq((uint8_t *)fx_page(f, 41), bytes + 4096 - 123, 4096);
        ck_assert(f->mem->marks[fx_mfn(f, 42).mfn] & MARK_DIRTY);
        /* Up to the page that is not there, as copy_to_user leaves it. */
        ck_rc(fx_map(f, fx_va(f, 42), 0), 0);
        memset(bytes, 0xEE, sizeof bytes);
        ck_assert_int_eq(guest_write(f->v, fx_va(f, 41), bytes, 4097), -XEN_EFAULT);
        ck_assert_mem_eq(fx_page(f, 41), bytes, 4096);
        ck_rc(fx_map(f, fx_va(f, 41), fx_entry(fx_mfn(f, 41), 0x21)), 0);
        ck_assert_int_eq(guest_write(f->v, fx_va(f, 41), bytes, 1), -XEN_EFAULT);
        ck_assert_int_eq(guest_read(f->v, fx_va(f, 41), bytes, 1), 0);
        /* Elements: the last that can be named, and one beyond 4 GiB. */
        uint32_t word;
        ck_assert_int_eq(guest_read_index(f->v, fx_va(f, 40), 3, &word, 4), 0);
        ck_assert_int_eq(guest_read_index(f->v, fx_va(f, 40), 0x40000000, &word, 4), -XEN_EFAULT);
        ck_assert_int_eq(guest_write_index(f->v, fx_va(f, 40), 0x40000000, &word, 4), -XEN_EFAULT);
        ck_assert_int_eq(guest_write_index(f->v, fx_va(f, 40), 3, &word, 4), 0);
    }
}
END_TEST

/* --- machine memory ------------------------------------------------------------------------ */

START_TEST(code_is_forgotten)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0, RING1_XEN_3_2);
    struct domain_state *s = &f->d->s;
    frame_changed(f->d, fx_mfn(f, 40));
    ck_assert_uint_eq(s->forget_nr, 0);
    for (uint32_t pfn = 0; pfn < 40; pfn++) {
        f->mem->marks[fx_mfn(f, pfn).mfn] |= MARK_EXECUTED;
        frame_changed(f->d, fx_mfn(f, pfn));
        frame_changed(f->d, fx_mfn(f, pfn)); /* counts once */
        ck_assert(s->attention & ATTN_FORGET);
        /* One more than fit says "all". */
        ck_assert_uint_eq(s->forget_nr, MIN(pfn + 1, G_N_ELEMENTS(s->forget) + 1));
    }
    fixture_free(f);
}
END_TEST

START_TEST(m2p)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0, RING1_XEN_3_2);
    uint32_t entries = f->mem->m2p_frames * 1024;
    ck_assert_uint_eq(m2p_get(f->mem, fx_mfn(f, 40)), 40);
    ck_assert_uint_eq(m2p_get(f->mem, MFN(entries)), M2P_INVALID);
    m2p_set(f->d, MFN(entries), 1); /* and nothing is written beyond */
    ck_assert_uint_eq(*((uint32_t *)frame_ptr(f->mem, f->mem->m2p) + entries), 0);
    fixture_free(f);
}
END_TEST

START_TEST(no_memory)
{
    memory_free(NULL);
    domain_free(NULL);
#ifndef __SANITIZE_ADDRESS__ /* which needs the address space for itself */
    struct rlimit all, little = {64u << 20, 64u << 20};
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &all), 0);
    little.rlim_max = all.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &little), 0);
    struct memory *mem = memory_new(1u << 20);
    int why = errno;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &all), 0);
    ck_assert_ptr_null(mem);
    ck_assert_int_eq(why, ENOMEM);
#endif
}
END_TEST

/* --- domains --------------------------------------------------------------------------------- */

static void load(void *user, struct vcpu *v)
{
    ++*(unsigned *)user;
    v->regs.eax = 0x1234;
}

START_TEST(registers_are_loaded_once)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0, RING1_XEN_3_2);
    struct domain *d = f->d;
    unsigned times = 0;
    struct domain_ops ops = {.load_regs = load};
    d->ops = &ops;
    d->ops_user = &times;
    f->v->regs_loaded = false;
    ck_assert_uint_eq(vcpu_regs(f->v)->eax, 0x1234);
    ck_assert_uint_eq(vcpu_regs_mut(f->v)->eax, 0x1234);
    ck_assert_uint_eq(times, 1);
    ck_assert_uint_eq(domain_now(d), 0);
    ops.load_regs = NULL;
    f->v->regs_loaded = false;
    vcpu_regs(f->v);
    d->ops = NULL;
    f->v->regs_loaded = false;
    vcpu_regs(f->v);
    ck_assert_uint_eq(domain_now(d), 0);
    fixture_free(f);
}
END_TEST

START_TEST(a_domain_dies_once)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0, RING1_XEN_3_2);
    struct domain *d = f->d;
    domain_shutdown(d, 1);
    domain_shutdown(d, 2);
    domain_crash(d, "too late");
    ck_assert(d->s.shutdown == 1 && !d->s.crashed && !d->s.crash_text[0]);
    d->s.shutdown = SHUTDOWN_NONE;
    domain_crash(d, "first %d", 1);
    domain_crash(d, "second");
    ck_assert(d->s.shutdown == 3 && d->s.crashed);
    ck_assert_str_eq(d->s.crash_text, "first 1");
    ck_assert_int_eq(refuse(d, -XEN_EPERM, "why %d", 3), -XEN_EPERM);
    ck_assert_str_eq(d->why, "why 3");
    d->want_why = false;
    ck_assert_int_eq(refuse(d, -XEN_EPERM, "not that"), -XEN_EPERM);
    ck_assert_str_eq(d->why, "why 3");
    d->s.attention = 0;
    f->v->domain = NULL;
    domain_restored(d);
    ck_assert_ptr_eq(f->v->domain, d);
    ck_assert_uint_eq(d->s.attention, ATTN_FLUSH | ATTN_GDT | ATTN_TIMER | ATTN_REGS | ATTN_DEBUG);
    fixture_free(f);
}
END_TEST

/* Numbers beyond the table, that a user of the library serves. */
static int32_t beyond(struct vcpu *v, const uint32_t *arg, void *user)
{
    (void)v, (void)user;
    return (int32_t)arg[0] + 1;
}

START_TEST(numbers)
{
    EACH(f)
    {
        bool wraps = f->abi->number_mask == 31;
        struct hypercall_slot slot = {.user_fn = beyond};
        ck_rc(CALL(f, 49, 0), wraps                               ? (int32_t)f->abi->xen_version
                              : f->abi->xen >= RING1_XEN_4_17 ? -XEN_EFAULT
                                                              : -XEN_ENOSYS);
        ck_rc(CALL(f, 63, 0), -XEN_ENOSYS);
        ck_rc(CALL(f, 100, 0), wraps ? CALL(f, 4, 0) : -XEN_ENOSYS);
        ck_rc(CALL(f, 0x80000011u, 0), wraps ? (int32_t)f->abi->xen_version : -XEN_ENOSYS);
        f->d->extra = g_hash_table_new(NULL, NULL);
        g_hash_table_insert(f->d->extra, GUINT_TO_POINTER(100), &slot);
        if (!wraps) {
            ck_rc(CALL(f, 100, 6), 7);
            ck_rc(CALL(f, 101, 6), -XEN_ENOSYS);
        }
    }
    size_t n;
    const struct hypercall *rows = hypercall_rows(&n);
    for (size_t i = 1; i < n; i++)
        ck_assert(rows[i].nr >= rows[i - 1].nr);
}
END_TEST

START_TEST(names)
{
    enum ring1_abi a;
    enum ring1_xen x;
    for (unsigned i = 0; abi_all()[i]; i++) {
        const struct abi *abi = abi_all()[i];
        ck_assert(abi_from_name(abi->name, &a) && a == abi->abi);
        ck_assert(xen_from_name(abi->xen_name, &x) && x == abi->xen);
        ck_assert_str_eq(abi_name(abi->abi), abi->name);
        ck_assert_str_eq(xen_name(abi->xen), abi->xen_name);
        ck_assert_ptr_eq(abi_find(a, x), abi);
    }
    ck_assert(abi_from_name("auto", &a) && a == RING1_ABI_AUTO);
    ck_assert(!abi_from_name("xen-4.0", &a) && !xen_from_name("4.18", &x));
    ck_assert_str_eq(abi_name((enum ring1_abi)99), "?");
    ck_assert_str_eq(xen_name((enum ring1_xen)99), "?");
    ck_assert_ptr_null(abi_find(RING1_ABI_AUTO, RING1_XEN_AUTO));
    ck_assert_ptr_null(abi_find((enum ring1_abi)99, RING1_XEN_AUTO));
    ck_assert_ptr_null(abi_find(RING1_ABI_XEN_2_0, RING1_XEN_4_17));
    ck_assert_int_eq(abi_find(RING1_ABI_XEN_3_0, RING1_XEN_AUTO)->xen, RING1_XEN_3_2);
    ck_assert_str_eq(errno_name(-XEN_EINVAL), "-EINVAL");
    ck_assert_str_eq(errno_text(-XEN_EINVAL), "Invalid argument");
    ck_assert(!errno_name(5) && !errno_text(-9999));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("access");
    TCase *tc = tcase_create("access");
    tcase_add_test(tc, rights);
    tcase_add_test(tc, accessed_and_dirty);
    tcase_add_test(tc, hole);
    tcase_add_test(tc, copies);
    tcase_add_test(tc, code_is_forgotten);
    tcase_add_test(tc, m2p);
    tcase_add_test(tc, no_memory);
    tcase_add_test(tc, registers_are_loaded_once);
    tcase_add_test(tc, a_domain_dies_once);
    tcase_add_test(tc, numbers);
    tcase_add_test(tc, names);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
