/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_page_random.c - long random sequences of memory hypercalls, good and bad,
 * with every reference counted anew: whatever a guest asks, the books must add up
 * and no table may be writable.
 */
#include "dispatch/descriptor.h"

#include "fixture.h"

#ifdef __SANITIZE_ADDRESS__ /* a recount after each takes five times as long */
#define STEPS 1000
#else
#define STEPS 4000
#endif

static uint32_t draw(struct fixture *f, uint32_t n)
{
    f->now = f->now * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)((f->now >> 33) % n);
}

/* Pages that the test plays with: tables and memory change roles all the time. */
#define FIRST 20u
#define NR    14u

static mfn_t some_frame(struct fixture *f)
{
    switch (draw(f, 20)) {
    case 0:
        return f->l1;
    case 1:
        return f->l2;
    case 2:
        return f->top;
    case 3:
        return f->d->s.shared_info;
    case 4:
        return f->xen_frame;
    case 5:
        return MFN(draw(f, 2) ? FX_BEYOND : 0xA0);
    default:
        return fx_mfn(f, FIRST + draw(f, NR));
    }
}

static uint64_t some_entry(struct fixture *f)
{
    static const uint64_t flags[] = {0x01, 0x03, 0x21, 0x61, 0x63, 0x67, 0x67, 0x00, 0xE3, 0x1E1};
    if (draw(f, 4) == 0)
        return 0;
    return fx_entry(some_frame(f), flags[draw(f, G_N_ELEMENTS(flags))]);
}

/* Slots in few places, so that they meet again; some of them Xen's. */
static unsigned some_index(struct fixture *f)
{
    static const unsigned slots[] = {0, 1, 2, 3, 4, 16, 428, 511};
    unsigned i = slots[draw(f, G_N_ELEMENTS(slots))];
    return f->abi->levels == 2 && i == 428 ? 1008 : i;
}

static void step(struct fixture *f)
{
    unsigned index = some_index(f);
    mfn_t mfn = some_frame(f);
    gva_t va = fx_va(f, FIRST + draw(f, NR));
    fx_reset(f);
    switch (draw(f, 12)) {
    case 0:
    case 1:
    case 2:
    case 3:
        /* Not what maps the boot region: the test's own pages must stay reachable. */
        if (mfn.mfn != f->l1.mfn && !(mfn.mfn == f->l2.mfn && index == pt_index(f->abi, GVA(FX_BASE), 2)))
            fx_mmu(f, fx_entry(mfn, 0) + index * f->abi->pte_size, some_entry(f));
        break;
    case 4:
    case 5:
        fx_map(f, va, some_entry(f));
        break;
    case 6:
    case 7:
        fx_ext(f, draw(f, 4), mfn.mfn, 0);
        break;
    case 8:
        fx_ext(f, 4, mfn.mfn, 0);
        break;
    case 9: {
        gva_t list = FX_WORDS(f, mfn.mfn);
        CALL(f, 2, list.va, draw(f, 2) ? 512 : 0);
        break;
    }
    case 10:
        fx_ext(f, 13, va.va, draw(f, 2) ? 1024 : 0);
        ldt_fault(f->v, draw(f, 2) * 4096);
        fx_recount(f);
        break;
    default: {
        /* A frame back and another taken, both under the same pfn's address. */
        gva_t list = FX_WORDS(f, mfn.mfn);
        bool own = mfn.mfn != f->l1.mfn && mfn.mfn != f->l2.mfn && mfn.mfn != f->top.mfn;
        if (f->abi->abi == RING1_ABI_XEN_2_0) {
            if (own && draw(f, 8) == 0)
                CALL(f, 12, 1, list.va, 1, 0, FX_SELF);
            CALL(f, 12, 0, list.va, 1, 0, FX_SELF);
        } else {
            gva_t arg = FX_WORDS(f, list.va, 1, 0, 0, FX_SELF);
            if (own && draw(f, 8) == 0)
                CALL(f, 12, 1, arg.va);
            CALL(f, 12, 0, arg.va);
        }
        break;
    }
    }
}

START_TEST(books_add_up)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        f->now = 1;
        for (unsigned n = 0; n < STEPS; n++)
            step(f);
        ck_assert_uint_eq(f->v->cr3.mfn, f->top.mfn);
    }
}
END_TEST

/* --- who is told of each use -------------------------------------------------------- */

/* What a frame is used as, by what was told of it. */
struct told {
    struct fixture *f;
    uint8_t type[FX_IO + FX_PAGES + FX_SPARE + 16];
    unsigned events;
};

/* A table that nobody uses is none. */
static uint8_t type_of(const struct fixture *f, uint32_t mfn)
{
    const struct frame *frame = &f->mem->frames[mfn];
    return is_table(frame->type) && frame->type_count == 0 ? PGT_none : frame->type;
}

static void on_event(void *user, struct vcpu *v, const struct ring1_event *e)
{
    struct told *t = user;
    const struct ring1_frame_event *x = &e->frame;
    ck_assert(v == t->f->v && e->kind == RING1_EVENT_FRAME && x->mfn.mfn < sizeof t->type);
    ck_assert_uint_eq(x->from, t->type[x->mfn.mfn]);
    ck_assert(x->to != x->from || is_table((enum page_type)x->to));
    t->type[x->mfn.mfn] = (uint8_t)x->to;
    t->events++;
}

START_TEST(each_use_is_told)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct told t = {.f = f};
        struct tap tap = {.event = on_event, .events = RING1_EVENT_BIT(RING1_EVENT_FRAME), .user = &t};
        ck_assert_uint_le(f->mem->nr_frames, sizeof t.type);
        for (uint32_t mfn = 0; mfn < f->mem->nr_frames; mfn++)
            t.type[mfn] = type_of(f, mfn);
        f->d->tap = &tap;
        f->now = 2;
        for (unsigned n = 0; n < STEPS / 4; n++) {
            step(f);
            for (uint32_t mfn = 0; mfn < f->mem->nr_frames; mfn++)
                ck_assert_uint_eq(t.type[mfn], type_of(f, mfn));
        }
        f->d->tap = NULL;
        ck_assert_uint_gt(t.events, STEPS / 200);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("page_random");
    TCase *tc = tcase_create("page_random");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, books_add_up);
    tcase_add_test(tc, each_use_is_told);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
