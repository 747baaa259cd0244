/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fixture.c - the domain of fixture.h.
 */
#include "fixture.h"
#include "suite.h"

#include "debug/first_tables.h"

#include "dispatch/describe.h"

#include <stdlib.h>

#define ARENA_PFN      1u
#define ARENA_PAGES    8u
#define FIRST_FREE_PFN 16u

static uint64_t clock_now(void *user)
{
    return ((struct fixture *)user)->now;
}

static void console_write(void *user, const char *bytes, size_t len)
{
    g_string_append_len(((struct fixture *)user)->console, bytes, (gssize)len);
}

static size_t console_read(void *user, char *bytes, size_t len)
{
    struct fixture *f = user;
    size_t n = f->input ? MIN(len, strlen(f->input)) : 0;
    if (n) {
        memcpy(bytes, f->input, n);
        f->input += n;
    }
    return n;
}

static void notify(void *user, enum backend backend, uint16_t port)
{
    struct fx_notify n = {backend, port};
    g_array_append_val(((struct fixture *)user)->notified, n);
}

static const struct domain_ops ops = {
    .now = clock_now,
    .notify = notify,
    .console_write = console_write,
    .console_read = console_read,
};

/* --- boot ------------------------------------------------------------------------ */

static void machine(struct fixture *f)
{
    uint32_t usable = FX_IO + FX_PAGES + FX_SPARE;
    uint32_t m2p_frames = 1, xen = 3;
    f->mem = memory_new(usable + xen + m2p_frames);
    ck_assert_ptr_nonnull(f->mem);
    for (uint32_t i = 0; i < f->mem->nr_frames; i++)
        f->mem->frames[i].owner = i < FX_IO ? OWNER_DOMID_IO : i < usable ? OWNER_NOBODY : OWNER_DOMID_XEN;
    f->mem->m2p = MFN(usable + xen);
    f->mem->m2p_frames = m2p_frames;
    memset(frame_ptr(f->mem, f->mem->m2p), 0x55, RING1_PAGE_SIZE);
    f->xen_frame = MFN(usable);
}

static void shared(struct fixture *f)
{
    struct domain *d = f->d;
    d->s.shared_info = MFN(f->xen_frame.mfn + 1);
    d->s.gdt_reserved = MFN(f->xen_frame.mfn + 2);
    page_share(d, d->s.shared_info);
    m2p_set(d, d->s.shared_info, f->abi->xen == RING1_XEN_3_0_0 ? M2P_FILLER : M2P_INVALID);
    for (unsigned i = 0; i < MAX_VCPUS; i++) {
        d->s.vcpu[i].info_mfn = d->s.shared_info;
        d->s.vcpu[i].info_offset = i * 64;
    }
    vcpu_info(f->v)[1] = 1;
    f->v->regs.cs = f->abi->kernel_cs;
    f->v->regs.ss = f->v->regs.ds = f->v->regs.es = f->abi->kernel_ds;
    f->v->regs.eip = FX_BASE;
    f->v->regs.esp = fx_va(f, FIRST_FREE_PFN - 1).va;
    f->v->regs.eflags = EFLAGS_IF | 2;
    f->v->kernel_ss = f->abi->kernel_ds;
    f->v->kernel_sp = f->v->regs.esp;
}

static void tables(struct fixture *f)
{
    const struct abi *abi = f->abi;
    struct domain *d = f->d;
    uint32_t p2m[FX_PAGES];
    for (uint32_t pfn = 0; pfn < FX_PAGES; pfn++)
        p2m[pfn] = fx_mfn(f, pfn).mfn;
    f->pt_pfn = first_tables_pfn(abi, FX_PAGES);
    f->top = first_tables(d, FX_BASE, p2m, NULL, FX_PAGES);
    f->l2 = fx_mfn(f, FX_PAGES - 2);
    f->l1 = fx_mfn(f, FX_PAGES - 1);
    ck_assert_int_eq(page_pin(d, f->top, root_type(abi)), 0);
    ck_assert(page_take_cr3(d, f->top) == 0);
    f->v->cr3 = f->top;
}

struct fixture *fixture_new(enum ring1_abi abi, enum ring1_xen xen)
{
    struct fixture *f = g_new0(struct fixture, 1);
    f->abi = abi_find(abi, xen);
    ck_assert_ptr_nonnull(f->abi);
    f->console = g_string_new(NULL);
    f->notified = g_array_new(FALSE, FALSE, sizeof(struct fx_notify));
    f->next_pfn = FIRST_FREE_PFN;
    machine(f);
    f->d = domain_new(f->abi, f->mem, &ops, f);
    f->d->want_why = true;
    f->v = &f->d->s.vcpu[0];
    for (uint32_t pfn = 0; pfn < FX_PAGES; pfn++) {
        page_assign(f->d, fx_mfn(f, pfn));
        m2p_set(f->d, fx_mfn(f, pfn), pfn);
    }
    f->d->s.nr_pages = f->d->s.max_pages = FX_PAGES;
    shared(f);
    tables(f);
    f->d->s.attention = 0;
    fx_recount(f);
    return f;
}

void fixture_free(struct fixture *f)
{
    if (!f)
        return;
    domain_free(f->d);
    memory_free(f->mem);
    g_string_free(f->console, TRUE);
    g_array_free(f->notified, TRUE);
    g_free(f);
}

struct fixture *fixture_each(unsigned *i)
{
    const struct abi *abi = abi_all()[*i];
    if (!abi)
        return NULL;
    (*i)++;
    return fixture_new(abi->abi, abi->xen);
}

/* --- memory ------------------------------------------------------------------------ */

mfn_t fx_mfn(const struct fixture *f, uint32_t pfn)
{
    (void)f;
    ck_assert_uint_lt(pfn, FX_PAGES);
    return MFN(FX_IO + (pfn * 37 + 11) % FX_PAGES);
}

gva_t fx_va(const struct fixture *f, uint32_t pfn)
{
    (void)f;
    return GVA(FX_BASE + pfn * RING1_PAGE_SIZE);
}

void *fx_page(const struct fixture *f, uint32_t pfn)
{
    return frame_ptr(f->mem, fx_mfn(f, pfn));
}

uint32_t fx_alloc(struct fixture *f)
{
    ck_assert_uint_lt(f->next_pfn, f->pt_pfn);
    return f->next_pfn++;
}

gva_t fx_put(struct fixture *f, const void *bytes, uint32_t len)
{
    gva_t va = GVA(fx_va(f, ARENA_PFN).va + f->arena);
    ck_assert_uint_le(f->arena + len, ARENA_PAGES * RING1_PAGE_SIZE);
    ck_assert_int_eq(guest_write(f->v, va, bytes, len), 0);
    f->arena += (len + 15u) & ~15u;
    return va;
}

void fx_reset(struct fixture *f)
{
    f->arena = 0;
}

uint32_t fx_get(struct fixture *f, gva_t va)
{
    uint32_t value;
    ck_assert_int_eq(guest_read(f->v, va, &value, sizeof value), 0);
    return value;
}

void fx_set(struct fixture *f, gva_t va, uint32_t value)
{
    ck_assert_int_eq(guest_write(f->v, va, &value, sizeof value), 0);
}

/* --- calls ---------------------------------------------------------------------------- */

void fx_recount(struct fixture *f)
{
    g_autoptr(GString) report = g_string_new(NULL);
    if (!page_recount(f->d, report))
        ck_abort_msg("%s %s: references do not add up:\n%s", f->abi->name, f->abi->xen_name, report->str);
}

/* Whoever is refused is told why, in d->why or beside the entry of a multicall, and
 * which value was wrong. */
static void ck_why(const struct fixture *f, uint32_t nr, int32_t rc, uint64_t first)
{
    const struct domain_state *s = &f->d->s;
    const struct hypercall_slot *slot = hypercall_slot(f->d, nr);
    if (is_refusal(slot ? slot->row : NULL, rc) && !f->d->why[0])
        ck_abort_msg("%s %s: hypercall %u is refused with %s and no reason", f->abi->name, f->abi->xen_name,
                     nr, errno_name(rc));
    if (is_refusal(slot ? slot->row : NULL, rc) && !strpbrk(f->d->why, "0123456789"))
        ck_abort_msg("hypercall %u is refused with %s, and the reason names no value: %s", nr, errno_name(rc),
                     f->d->why);
    unsigned records = 0;
    for (uint64_t n = s->nr_entries; n > first && n + LAST_ENTRIES > s->nr_entries; n--) {
        const struct entry_record *e = &s->entry[(n - 1) % LAST_ENTRIES];
        slot = hypercall_slot(f->d, e->nr);
        if (!is_refusal(slot ? slot->row : NULL, e->result))
            continue;
        bool said = ++records > LAST_REFUSED;
        for (unsigned i = 0; i < LAST_REFUSED; i++)
            said |= s->refused[i].entry == n && s->refused[i].why[0];
        if (!said)
            ck_abort_msg("%s %s: entry %u of a multicall, hypercall %u, is refused with %s and no reason",
                         f->abi->name, f->abi->xen_name, (unsigned)(n - first - 1), e->nr,
                         errno_name(e->result));
    }
}

int32_t fx_enter(struct fixture *f, uint32_t nr, const uint32_t *arg)
{
    uint64_t entries = f->d->s.nr_entries;
    f->d->why[0] = '\0';
    int32_t rc = hypercall_enter(f->v, nr, arg);
    if (f->d->want_why)
        ck_why(f, nr, rc, entries);
    return rc;
}

int32_t fx_call(struct fixture *f, uint32_t nr, const uint32_t *arg)
{
    int32_t rc = fx_enter(f, nr, arg);
    fx_recount(f);
    return rc;
}

uint64_t fx_pte(const struct fixture *f, gva_t va)
{
    return pte_read(f->d, f->l1, pt_index(f->abi, va, 1));
}

uint64_t fx_pte_maddr(const struct fixture *f, gva_t va)
{
    return ((uint64_t)f->l1.mfn << RING1_PAGE_SHIFT) + pt_index(f->abi, va, 1) * f->abi->pte_size;
}

int32_t fx_map(struct fixture *f, gva_t va, uint64_t pte)
{
    if (f->abi->abi == RING1_ABI_XEN_2_0)
        return CALL(f, 14, va.va >> 12, (uint32_t)pte, 2);
    return CALL(f, 14, va.va, (uint32_t)pte, (uint32_t)(pte >> 32), 2);
}

int32_t fx_mmu(struct fixture *f, uint64_t ptr, uint64_t val)
{
    uint32_t arena = f->arena;
    gva_t req = f->abi->mmu_update_size == 8
                    ? FX_WORDS(f, (uint32_t)ptr, (uint32_t)val)
                    : FX_WORDS(f, (uint32_t)ptr, (uint32_t)(ptr >> 32), (uint32_t)val, (uint32_t)(val >> 32));
    f->arena = arena;
    return CALL(f, 1, req.va, 1, 0, FX_SELF);
}

int32_t fx_ext(struct fixture *f, uint32_t cmd, uint32_t arg1, uint32_t arg2)
{
    uint32_t arena = f->arena;
    if (f->abi->abi != RING1_ABI_XEN_2_0) {
        gva_t op = FX_WORDS(f, cmd, arg1, arg2);
        f->arena = arena;
        return CALL(f, 26, op.va, 1, 0, FX_SELF);
    }
    /* FLUSH_CACHE and SET_LDT have other numbers, frames are machine addresses. */
    uint32_t number = cmd == 12 ? 8 : cmd == 13 ? 9 : cmd;
    uint32_t ptr = cmd <= 5 ? arg1 << 12 : arg1;
    return fx_mmu(f, ptr | 3, number | (cmd == 13 ? arg2 << 8 : 0));
}

int fx_main(Suite *suite)
{
    return run_suite(suite);
}
