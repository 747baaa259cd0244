/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_refusals.c - what a refused call leaves behind. refusals.def has a row for each
 * way to be refused; the whole of domain_state, the frame table and machine memory are
 * compared before and after, and may differ only by what the row names.
 */
#include "dispatch/grant.h"
#include "fixture.h"

#include <glib.h>
#include <stdio.h>

/* --- words of a row that stand for something of the fixture ----------------------- */

enum token {
    T_STRUCT = 0xFE00, /* where the row's words lie */
    T_PAD,             /* a place of its own: *pdone, lists */
    T_BAD,             /* an address that is not mapped */
    T_HOLE,            /* the first address that is Xen's */
    T_OWN,             /* frames: mapped read-write */
    T_FREE,            /* the guest's, not mapped, zero */
    T_BAD_L1,          /* not mapped; an entry of it is Xen's frame */
    T_BAD_GDT,         /* not mapped; a descriptor of it is of ring 0, a system one */
    T_TOP,
    T_L2,
    T_L1,
    T_XEN,
    T_IO,
    T_BEYOND,
    T_M_OWN, /* machine addresses: of frames' bytes, */
    T_M_XEN,
    T_M_BEYOND,
    T_M_TOP,
    T_M_PTE,    /* the entry that would map FREE, */
    T_M_L2SLOT, /* entry n of the L2, of the top-level table, */
    T_M_TOPSLOT,
    T_M_XENSLOT, /* and the first that is Xen's */
    T_E_OWN,     /* page-table entries: a frame and the flags given */
    T_E_FREE,
    T_E_XEN,
    T_E_IO,
    T_E_L1,
    T_E_L2,
    T_E_BAD_L1,
    T_V_FREE, /* the address that FREE would have */
    T_P_FREE, /* its page number */
    T_V_OWN,
    T_END
};
#define TOKEN(t, n) ((uint32_t)(t) << 16 | (n))
#define S           TOKEN(T_STRUCT, 0)
#define SAT(n)      TOKEN(T_STRUCT, n)
#define P           TOKEN(T_PAD, 0)
#define BAD         TOKEN(T_BAD, 0)
#define HOLE        TOKEN(T_HOLE, 0)
#define OWN         TOKEN(T_OWN, 0)
#define FREE        TOKEN(T_FREE, 0)
#define XENS        TOKEN(T_XEN, 0)
#define IO          TOKEN(T_IO, 0)
#define BEYOND      TOKEN(T_BEYOND, 0)
#define E(what, f)  TOKEN(T_E_##what, f)
#define M(what, n)  TOKEN(T_M_##what, n)
#define FRAME(what) TOKEN(T_##what, 0)
#define VA(what)    TOKEN(T_V_##what, 0)
#define SELF        0x7FF0u
#define MINE        DOMID_GUEST

#define PFN_S      38u /* followed by PFN_CUT, which is not mapped */
#define PFN_CUT    39u
#define PFN_PAD    41u
#define PFN_OWN    44u
#define PFN_FREE   45u
#define PFN_BADL1  46u
#define PFN_BADGDT 47u
#define PAD_FILL   0x77777777u

/* --- what a refusal may leave ------------------------------------------------------- */

enum leaves {
    NOTHING = 0,
    PDONE = 1u << 0,   /* the word at P */
    STRUCT = 1u << 1,  /* the structure, copied out */
    FLUSHED = 1u << 2, /* translations are looked at anew */
    STICKY = 1u << 3,  /* types of frames that nobody uses */
    DIES = 1u << 4,    /* the domain */
    STORED = 1u << 5,  /* an entry before it: the first word of OWN's page */
    TRAP7 = 1u << 6,   /* an entry before it: trap 7 */
    PORTS = 1u << 7,   /* how many ports were looked at */
    GIVEN = 1u << 8,   /* an entry before it: FREE went back to Xen */
    HANDLES = 1u << 9, /* 4.17: a map handle that was not used is put behind all others */
};

enum place {
    AT_START = 0,
    AT_END,    /* the words end where the mapping ends */
    CUT,       /* the last word lies beyond */
    READ_ONLY, /* may be read and not written */
};

#define A20  1u
#define A30  2u
#define APAE 4u
#define A3   (A30 | APAE)
#define ANY  (A20 | A30 | APAE)
#define X20  RING1_XEN_2_0
#define X300 RING1_XEN_3_0_0
#define X304 RING1_XEN_3_0_4
#define X32  RING1_XEN_3_2
#define X417 RING1_XEN_4_17
#define SAME(rc)                                                                                             \
    {                                                                                                        \
        rc, rc, rc, rc, rc                                                                                   \
    }
/* Up to 3.0.0, and later; up to 3.2, and 4.17; each. */
#define SINCE304(a, b)                                                                                       \
    {                                                                                                        \
        a, a, b, b, b                                                                                        \
    }
#define SINCE417(a, b)                                                                                       \
    {                                                                                                        \
        a, a, a, a, b                                                                                        \
    }
#define EACHXEN(a, b, c, d, e)                                                                               \
    {                                                                                                        \
        a, b, c, d, e                                                                                        \
    }
#define ARGS(...)                                                                                            \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }
#define WORDS(...)                                                                                           \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }

struct row {
    const char *what;
    unsigned abis;
    enum ring1_xen from, to;
    uint32_t nr;
    uint32_t arg[MAX_HYPERCALL_ARGS];
    uint32_t words[16];
    int32_t rc[5]; /* by Xen */
    unsigned leaves;
    enum place place;
    unsigned nr_words; /* with a place: how many of them count */
    void (*setup)(struct fixture *f);
    int line; /* of refusals.def */
};

static void all_ports(struct fixture *f)
{
    for (unsigned i = 1; i < NR_EVTCHNS; i++)
        f->d->s.evtchn[i] = (struct evtchn){.kind = ECS_IPI};
    f->d->s.evtchn_top = NR_EVTCHNS;
}

/* Port 5 is the timer's, 6 waits for domain 7, 7 is joined with 8. */
static void some_ports(struct fixture *f)
{
    struct evtchn *e = f->d->s.evtchn;
    unsigned timer = f->abi->virq_timer;
    e[5] = (struct evtchn){.kind = ECS_VIRQ, .virq = (uint16_t)timer};
    f->v->virq_port[timer] = 5;
    e[6] = (struct evtchn){.kind = ECS_UNBOUND, .remote_dom = 7};
    e[7] = (struct evtchn){.kind = ECS_INTERDOMAIN, .remote_dom = MINE, .remote_port = 8};
    e[8] = (struct evtchn){.kind = ECS_INTERDOMAIN, .remote_dom = MINE, .remote_port = 7};
    e[9] = (struct evtchn){.kind = ECS_IPI};
    f->d->s.evtchn_top = 10;
}

static void no_console(struct fixture *f)
{
    f->d->console_io_allowed = false;
}

static void all_watchdogs(struct fixture *f)
{
    for (unsigned i = 0; i < NR_WATCHDOGS; i++)
        f->d->s.watchdog[i] = (struct watchdog){true, 1u << 30};
}

static void info_moved(struct fixture *f)
{
    mfn_t mfn = fx_mfn(f, 50);
    ck_assert_int_eq(page_get_and_type(f->d, mfn, PGT_writable), 0);
    f->v->info_mfn = mfn;
}

static void three_vcpus(struct fixture *f)
{
    f->d->s.nr_vcpus = 3;
    f->d->s.vcpu[2].initialised = true;
    f->d->s.vcpu[2].run = VCPU_RUNNING;
}

static void masked_trap(struct fixture *f)
{
    f->v->traps[0x80] = (struct trap_gate){0x1000, f->abi->kernel_cs, 4};
}

static void de(struct fixture *f)
{
    f->v->cr4 |= 8;
}

static void eoi_map(struct fixture *f)
{
    mfn_t mfn = fx_mfn(f, 50);
    ck_assert_int_eq(page_get_and_type(f->d, mfn, PGT_writable), 0);
    f->d->s.pirq_eoi_map = mfn;
}

/* All frames taken, or all that the domain may have. */
static void no_frames(struct fixture *f)
{
    for (uint32_t i = 0; i < f->mem->nr_frames; i++)
        if (f->mem->frames[i].owner == OWNER_NOBODY)
            f->mem->frames[i].owner = OWNER_DOMID_XEN;
    f->d->s.max_pages += 1000;
}

/* A device mapping of OWN by grant 8, so that there are handles. */
static void with_a_mapping(struct fixture *f)
{
    if (f->abi->xen < RING1_XEN_3_2)
        return;
    *grant_entry(f->d, 8) = (struct grant_entry){1, DOMID_GUEST, fx_mfn(f, PFN_OWN).mfn};
    gva_t op = FX_WORDS(f, 0, 0, 1, 8, DOMID_GUEST, 0, 0, 0);
    ck_assert_int_eq(hypercall_enter(f->v, 20, (uint32_t[MAX_HYPERCALL_ARGS]){0, op.va, 1}), 0);
}

static void no_stack(struct fixture *f)
{
    f->v->regs.esp = 0x1000;
    f->v->regs.eax = 0;
}

static const struct row rows[] = {
#define R(...) {__VA_ARGS__, .line = __LINE__},
#include "refusals.def"
};

/* --- the fixture of a row -------------------------------------------------------------- */

static unsigned abi_bit(const struct fixture *f)
{
    return f->abi->abi == RING1_ABI_XEN_2_0 ? A20 : f->abi->abi == RING1_ABI_XEN_3_0 ? A30 : APAE;
}

static gva_t struct_place(const struct fixture *f, const struct row *r)
{
    uint32_t page = fx_va(f, PFN_S).va;
    if (r->place == AT_END)
        return GVA(page + 4096 - r->nr_words * 4);
    return GVA(r->place == CUT ? page + 4096 - (r->nr_words - 1) * 4 : page + 64);
}

static mfn_t token_frame(const struct fixture *f, unsigned t)
{
    switch (t) {
    case T_OWN:
    case T_M_OWN:
    case T_E_OWN:
        return fx_mfn(f, PFN_OWN);
    case T_FREE:
    case T_E_FREE:
        return fx_mfn(f, PFN_FREE);
    case T_BAD_L1:
    case T_E_BAD_L1:
        return fx_mfn(f, PFN_BADL1);
    case T_BAD_GDT:
        return fx_mfn(f, PFN_BADGDT);
    case T_XEN:
    case T_M_XEN:
    case T_E_XEN:
        return f->xen_frame;
    case T_IO:
    case T_E_IO:
        return MFN(5);
    case T_BEYOND:
    case T_M_BEYOND:
        return MFN(FX_BEYOND);
    case T_L1:
    case T_E_L1:
        return f->l1;
    case T_L2:
    case T_M_L2SLOT:
    case T_M_XENSLOT:
    case T_E_L2:
        return f->l2;
    default:
        return f->top;
    }
}

static uint32_t resolve(const struct fixture *f, const struct row *r, uint32_t word)
{
    unsigned t = word >> 16;
    uint32_t n = word & 0xFFFFu, machine = token_frame(f, t).mfn << RING1_PAGE_SHIFT;
    if (t < T_STRUCT || t >= T_END)
        return word;
    switch (t) {
    case T_STRUCT:
        return struct_place(f, r).va + n;
    case T_PAD:
        return fx_va(f, PFN_PAD).va + n;
    case T_BAD:
        return fx_va(f, PFN_CUT).va + n;
    case T_HOLE:
        return f->abi->hole + n;
    case T_V_FREE:
        return fx_va(f, PFN_FREE).va + n;
    case T_P_FREE:
        return fx_va(f, PFN_FREE).va >> 12;
    case T_V_OWN:
        return fx_va(f, PFN_OWN).va + n;
    case T_M_PTE:
        return (uint32_t)fx_pte_maddr(f, fx_va(f, PFN_FREE)) + n;
    case T_M_XENSLOT:
        return machine + pt_index(f->abi, GVA(f->abi->hole), 2) * f->abi->pte_size;
    case T_M_L2SLOT:
    case T_M_TOPSLOT:
        return machine + n * f->abi->pte_size;
    default:
        return t >= T_M_OWN ? machine + n : token_frame(f, t).mfn;
    }
}

static void prepare(struct fixture *f, const struct row *r)
{
    static const uint32_t unmapped[] = {PFN_CUT, PFN_FREE, PFN_BADL1, PFN_BADGDT};
    struct domain *d = f->d;
    if (abi_bit(f) != A20)
        ck_assert(grant_init(d));
    uint64_t bad = fx_entry(f->xen_frame, 0x23), good = fx_entry(fx_mfn(f, PFN_OWN), 0x23);
    memcpy(fx_page(f, PFN_BADL1), &good, f->abi->pte_size);
    memcpy((uint8_t *)fx_page(f, PFN_BADL1) + 64, &bad, f->abi->pte_size);
    ((uint64_t *)fx_page(f, PFN_BADGDT))[511] = 0x0000810000000000ull;
    for (unsigned i = 0; i < G_N_ELEMENTS(unmapped); i++)
        ck_assert_int_eq(fx_map(f, fx_va(f, unmapped[i]), 0), 0);

    uint32_t words[16], n = r->nr_words ? r->nr_words : 16;
    for (unsigned i = 0; i < 16; i++)
        words[i] = resolve(f, r, r->words[i]);
    if (r->place == CUT)
        n--;
    ck_assert_int_eq(guest_write(f->v, struct_place(f, r), words, n * 4), 0);
    memset(fx_page(f, PFN_PAD), 0x77, RING1_PAGE_SIZE);
    if (r->place == READ_ONLY)
        ck_assert_int_eq(fx_map(f, fx_va(f, PFN_S), fx_entry(fx_mfn(f, PFN_S), 0x21)), 0);
    if (r->setup)
        r->setup(f);
    /* A and D bits are the CPU's and Xen's own walks': none of a call's doing. */
    for (unsigned i = 0; i < f->abi->ptes_per_page; i++) {
        uint64_t e = pte_read(d, f->l1, i);
        if (e & PTE_P)
            pte_write(d, f->l1, i, e | PTE_A | (e & PTE_RW ? PTE_D : 0));
    }
    d->s.attention = 0;
    d->s.forget_nr = 0;
}

/* --- before and after -------------------------------------------------------------------- */

struct saved {
    struct domain_state s;
    struct frame *frames;
    uint8_t *memory;
};

static struct saved *save(const struct fixture *f)
{
    struct saved *b = g_new(struct saved, 1);
    b->s = f->d->s;
    b->frames = g_memdup2(f->mem->frames, f->mem->nr_frames * sizeof(struct frame));
    b->memory = g_memdup2(f->mem->base, (size_t)f->mem->nr_frames << RING1_PAGE_SHIFT);
    return b;
}

static void saved_free(struct saved *b)
{
    g_free(b->frames);
    g_free(b->memory);
    g_free(b);
}

static int complaints;

G_GNUC_PRINTF(3, 4)
static void complain(const struct fixture *f, const struct row *r, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    fprintf(stderr, "refusals.def:%d: %s %s: %s: %s\n", r->line, f->abi->name, f->abi->xen_name, r->what,
            text);
    complaints++;
}

static void ck_state(struct fixture *f, const struct row *r, const struct saved *b)
{
    struct domain_state *now = g_memdup2(&f->d->s, sizeof *now);
    const struct domain_state *old = &b->s;
    if ((now->attention & ATTN_FLUSH) && !(r->leaves & FLUSHED))
        complain(f, r, "translations are flushed");
    now->attention = old->attention;
    now->preempt = old->preempt; /* how much was done, for the clock */
    now->nr_entries = old->nr_entries; /* for the report */
    memcpy(now->entry, old->entry, sizeof now->entry);
    now->nr_refused = old->nr_refused;
    memcpy(now->refused, old->refused, sizeof now->refused);
    now->translation_generation = old->translation_generation;
    if (r->leaves & PORTS)
        now->evtchn_top = old->evtchn_top;
    if (r->leaves & GIVEN)
        now->tot_pages = old->tot_pages;
    if (r->leaves & TRAP7) {
        if (!now->vcpu[0].traps[7].address)
            complain(f, r, "the entry before was not done");
        now->vcpu[0].traps[7] = old->vcpu[0].traps[7];
    }
    if (r->leaves & DIES) {
        if (!now->crashed || now->shutdown != 3)
            complain(f, r, "the domain lives");
        now->crashed = old->crashed;
        now->shutdown = old->shutdown;
        memcpy(now->crash_text, old->crash_text, sizeof now->crash_text);
        now->crash_place = old->crash_place;
        now->crash_where = old->crash_where;
        now->vcpu[0].regs_changed = old->vcpu[0].regs_changed;
    }
    if (r->leaves & HANDLES && f->abi->xen >= RING1_XEN_4_17) {
        now->vcpu[0].maptrack_head = old->vcpu[0].maptrack_head;
        now->vcpu[0].maptrack_tail = old->vcpu[0].maptrack_tail;
    }
    const uint8_t *x = (const uint8_t *)now, *y = (const uint8_t *)old;
    unsigned bytes = 0;
    for (size_t i = 0; i < sizeof *now; i++)
        if (x[i] != y[i] && bytes++ < 4)
            complain(f, r, "byte %zu of domain_state (vcpu 0 at %zu) was %#x, is %#x", i,
                     offsetof(struct domain_state, vcpu), y[i], x[i]);
    g_free(now);
}

static void ck_frames(struct fixture *f, const struct row *r, const struct saved *b)
{
    for (uint32_t i = 0; i < f->mem->nr_frames; i++) {
        struct frame now = f->mem->frames[i], old = b->frames[i];
        if (r->leaves & GIVEN && i == fx_mfn(f, PFN_FREE).mfn)
            continue;
        if (r->leaves & STICKY && now.type_count == 0 && old.type_count == 0) {
            now.type = old.type;
            now.flags = (uint8_t)((now.flags & ~(PGF_VALIDATED | PGF_PAE_XEN_L2)) |
                                  (old.flags & (PGF_VALIDATED | PGF_PAE_XEN_L2)));
        }
        if (now.count != old.count || now.type_count != old.type_count || now.owner != old.owner ||
            now.type != old.type || now.flags != old.flags)
            complain(f, r, "frame %#x: %u/%u references, type %u, flags %#x; was %u/%u, %u, %#x", i,
                     now.count, now.type_count, now.type, now.flags, old.count, old.type_count, old.type,
                     old.flags);
    }
}

/* Whether a byte of machine memory may have changed. */
static bool may_change(const struct fixture *f, const struct row *r, uint32_t mfn, uint32_t offset)
{
    uint32_t place = struct_place(f, r).va & 4095u;
    if (r->leaves & STRUCT && mfn == fx_mfn(f, PFN_S).mfn && offset >= place && offset < place + 64)
        return true;
    if (r->leaves & PDONE && mfn == fx_mfn(f, PFN_PAD).mfn && offset < 4)
        return true;
    if (r->leaves & GIVEN && mfn == f->mem->m2p.mfn && offset / 4 == fx_mfn(f, PFN_FREE).mfn)
        return true;
    if (r->leaves & HANDLES && f->abi->xen >= RING1_XEN_4_17 && mfn == f->d->s.grant.maptrack[0].mfn)
        return true;
    return r->leaves & STORED && mfn == fx_mfn(f, PFN_OWN).mfn && offset < 8;
}

static void ck_memory(struct fixture *f, const struct row *r, const struct saved *b)
{
    unsigned bytes = 0;
    for (uint32_t mfn = 0; mfn < f->mem->nr_frames; mfn++) {
        const uint8_t *x = frame_ptr(f->mem, MFN(mfn));
        const uint8_t *y = b->memory + ((size_t)mfn << RING1_PAGE_SHIFT);
        for (uint32_t i = 0; memcmp(x, y, RING1_PAGE_SIZE) && i < RING1_PAGE_SIZE; i++)
            if (x[i] != y[i] && !may_change(f, r, mfn, i) && bytes++ < 4)
                complain(f, r, "frame %#x, byte %#x: was %#x, is %#x (words in frame %#x)", mfn, i, y[i],
                         x[i], fx_mfn(f, PFN_S).mfn);
    }
    if (r->leaves & PDONE && fx_get(f, fx_va(f, PFN_PAD)) == PAD_FILL)
        complain(f, r, "*pdone was not written");
    if (r->leaves & STORED && *(uint32_t *)fx_page(f, PFN_OWN) == 0)
        complain(f, r, "the entry before was not done");
    if (r->leaves & GIVEN && frame_info(f->mem, fx_mfn(f, PFN_FREE))->owner != OWNER_NOBODY)
        complain(f, r, "the entry before was not done");
}

static void refused(struct fixture *f, const struct row *r)
{
    uint32_t arg[MAX_HYPERCALL_ARGS];
    prepare(f, r);
    for (unsigned i = 0; i < MAX_HYPERCALL_ARGS; i++)
        arg[i] = resolve(f, r, r->arg[i]);
    struct saved *b = save(f);
    int32_t rc = fx_enter(f, r->nr, arg), want = r->rc[f->abi->xen - RING1_XEN_2_0];
    if (rc != want)
        complain(f, r, "answer %d, not %d; %s", rc, want, f->d->why);
    ck_state(f, r, b);
    ck_frames(f, r, b);
    ck_memory(f, r, b);
    if (r->setup != no_frames)
        fx_recount(f);
    saved_free(b);
}

START_TEST(leaves_what_its_row_says)
{
    const struct abi *abi = abi_all()[_i];
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct row *r = &rows[i];
        if (abi->xen < r->from || abi->xen > r->to)
            continue;
        struct fixture *f = fixture_new(abi->abi, abi->xen);
        if (r->abis & abi_bit(f))
            refused(f, r);
        fixture_free(f);
    }
    ck_assert_int_eq(complaints, 0);
}
END_TEST

/* Each row of hypercalls.def that is served has a refusal here, or cannot refuse. */
START_TEST(no_hypercall_is_missing)
{
    static const uint8_t never[] = {5, 15, 23};
    size_t n;
    const struct hypercall *calls = hypercall_rows(&n);
    for (size_t i = 0; i < n; i++) {
        bool found = memchr(never, (int)calls[i].nr, sizeof never) != NULL;
        for (size_t k = 0; k < G_N_ELEMENTS(rows) && !found; k++)
            found = rows[k].nr == calls[i].nr && rows[k].from <= calls[i].to && rows[k].to >= calls[i].from;
        ck_assert_msg(found, "no refusal of %s, number %u", calls[i].name, calls[i].nr);
    }
}
END_TEST

int main(void)
{
    unsigned abis = 0;
    while (abi_all()[abis])
        abis++;
    Suite *suite = suite_create("refusals");
    TCase *tc = tcase_create("refusals");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, leaves_what_its_row_says, 0, (int)abis);
    tcase_add_test(tc, no_hypercall_is_missing);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
