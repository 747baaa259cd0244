/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_sweep.c - every register and every 32-bit word of every argument structure at
 * the values where something changes, then many at once: the answer is one that Xen
 * gives, references add up, it ends soon, and nothing is touched that is not the
 * guest's (build with -Db_sanitize=address,undefined).
 */
#include "dispatch/grant.h"
#include "fixture.h"

#include <time.h>

#define PFN_S     38u /* the structure */
#define PFN_L     40u /* and a list; 39 and 41 are not mapped */
#define PFN_OWN   44u
#define PFN_FREE  45u /* the guest's, not mapped */
#define AT        64u
#define FRESH     24u /* calls before the next domain */
#define MIXED     40u /* calls with all words drawn, for each row */
#define MAX_WORDS 16u
#define SECONDS   2.0
/* What a sanitizer makes slow is the recount; it looks at each call by itself. */
#ifdef __SANITIZE_ADDRESS__
#define RECOUNT_EACH 6u
#else
#define RECOUNT_EACH 1u
#endif

/* In a row: addresses of the structure and the list, frames. */
#define S    0xFE000001u
#define L    0xFE000002u
#define OWN  0xFE000003u
#define FREE 0xFE000004u
#define PTE  0xFE000005u
#define SELF 0x7FF0u

#define X20  RING1_XEN_2_0
#define X300 RING1_XEN_3_0_0
#define X304 RING1_XEN_3_0_4
#define X32  RING1_XEN_3_2
#define X417 RING1_XEN_4_17

static const struct call_row {
    uint32_t nr;
    enum ring1_xen from, to;
    uint32_t args, arg[5]; /* how many registers, as a good call has them */
    uint32_t words, word[MAX_WORDS];
} rows[] = {
    {0, X20, X417, 1, {S}, 6, {0x00110007, 1, 0x00110008, 2, 0, 0}},
    {1, X20, X20, 3, {S, 2, L}, 4, {PTE, 0, PTE, 0}},
    {1, X20, X20, 3, {S, 2, L}, 4, {3, 9 | 1 << 8, 3, 5}},
    {1, X300, X417, 4, {S, 2, L, SELF}, 8, {PTE, 0, 0, 0, PTE, 0, 0, 0}},
    {2, X20, X417, 2, {S, 512}, 2, {FREE, FREE}},
    {3, X20, X417, 2, {0x11, 0}, 0, {0}},
    {4, X20, X417, 4, {0x11, 1, 0x11, 2}, 0, {0}},
    {5, X20, X417, 1, {1}, 0, {0}},
    {6, X20, X417, 2, {0, 0}, 0, {0}},
    {7, X20, X417, 1, {S}, 4, {1, 0x03000001, 0, 0}},
    {8, X20, X417, 2, {7, 0}, 0, {0}},
    {9, X20, X417, 1, {7}, 0, {0}},
    {10, X20, X20, 3, {PTE, 0, 0}, 0, {0}},
    {10, X300, X417, 4, {PTE, 0, 0, 0}, 0, {0}},
    {11, X20, X20, 1, {0x80}, 0, {0}},
    {12, X20, X20, 5, {0, L, 1, 0, SELF}, 0, {0}},
    {12, X20, X20, 5, {1, S, 2, 0, SELF}, 2, {FREE, OWN}},
    {12, X300, X417, 2, {0, S}, 5, {L, 2, 0, 0, SELF}},
    {12, X300, X417, 2, {1, S}, 7, {S + 0x1400, 1, 0, 0, SELF, FREE, OWN}},
    {12, X300, X417, 2, {3, S}, 1, {SELF}},
    {12, X300, X417, 2, {5, S}, 3, {1, L, 0}},
    {12, X300, X417, 2, {6, S}, 5, {L, 2, 0, 0, SELF}},
    {12, X300, X417, 2, {7, S}, 4, {SELF, 0, 0, 0}},
    {12, X300, X417, 2, {9, S}, 2, {1, L}},
    {12, X300, X417, 2, {11, S}, 12, {S + 0x2C00, 1, 0, 0, SELF, L, 1, 0, 0, SELF, 0, FREE}},
    {12, X300, X417, 2, {12, S}, 3, {0}},
    {12, X300, X417, 2, {13, S}, 3, {SELF, 0, L}},
    {12, X300, X417, 2, {14, S}, 1, {SELF}},
    {13, X20, X417, 2, {S, 2}, 16, {17, 0, 0, 0, 0, 0, 0, 0, 17}},
    {14, X20, X20, 3, {0xC002D, 0, 2}, 0, {0}},
    {14, X300, X417, 4, {0xC002D000, 0, 0, 2}, 0, {0}},
    {15, X20, X417, 2, {0, 1}, 0, {0}},
    {16, X20, X20, 1, {S}, 6, {0, 0, SELF | SELF << 16, 0, 5, 0}},
    {16, X20, X20, 1, {S}, 4, {1, 0, 1, 0}},
    {16, X20, X20, 1, {S}, 4, {3, 0, SELF, 5}},
    {16, X300, X417, 1, {S}, 7, {0, SELF, 5}},
    {16, X300, X417, 1, {S}, 4, {1, 0, 0}},
    {16, X300, X417, 1, {S}, 3, {5, SELF, 5}},
    {17, X20, X417, 2, {1, S}, 2, {0}},
    {18, X20, X417, 3, {0, 4, S}, 1, {0}},
    {18, X20, X417, 3, {1, 4, S}, 1, {0}},
    {19, X20, X417, 1, {S}, 8, {5}},
    {20, X300, X417, 3, {0, S, 1}, 8, {0x1000, 0, 2, 0, 1, 0, 0, 0}},
    {20, X300, X417, 3, {1, S, 1}, 6, {0}},
    {20, X300, X417, 3, {2, S, 1}, 4, {SELF, 1, 0, L}},
    {20, X300, X417, 3, {4, S, 1}, 4, {OWN, 0, 0}},
    {20, X300, X417, 3, {5, S, 1}, 6, {OWN, SELF, OWN, SELF, 8, 0}},
    {20, X300, X417, 3, {5, S, 1}, 6, {8, 1, 8, 1, 8 | 3 << 16, 0}},
    {20, X300, X417, 3, {6, S, 1}, 4, {SELF}},
    {20, X300, X417, 3, {8, S, 1}, 3, {1}},
    {20, X300, X417, 3, {11, S, 1}, 3, {1, 2}},
    {20, X300, X417, 3, {12, S, 1}, 4, {0, 0, 1 << 16, 1}},
    {21, X20, X417, 2, {0, 2}, 0, {0}},
    {22, X20, X417, 5, {0xC002D000, 0, 0, 2, 0}, 0, {0}},
    {23, X304, X417, 0, {0}, 6, {0, 1, 0xE019, 2, 3, 0xE021}},
    {24, X300, X417, 3, {0, 0, S}, 4, {0}},
    {24, X304, X417, 3, {5, 0, S}, 1, {L}},
    {24, X32, X417, 3, {6, 0, S}, 2, {1000000, 0}},
    {24, X32, X417, 3, {8, 0, S}, 3, {0, 0, 0}},
    {24, X32, X417, 3, {10, 0, S}, 4, {FREE, 0, 0, 0}},
    {24, X417, X417, 3, {13, 0, S}, 1, {L}},
    {26, X300, X417, 4, {S, 2, L, SELF}, 6, {0, FREE, 0, 4, FREE, 0}},
    {26, X300, X417, 4, {S, 2, L, SELF}, 6, {13, 0, 0, 17, OWN, FREE}},
    {26, X300, X417, 4, {S, 1, L, SELF}, 3, {8, 0, L}},
    {28, X304, X417, 2, {0, S}, 2, {1}},
    {29, X304, X417, 2, {3, S}, 4, {L, 1, 0, 0}},
    {29, X304, X417, 2, {6, S}, 2, {0, 5}},
    {29, X304, X417, 2, {2, S}, 1, {0}},
    {30, X304, X417, 2, {0, S}, 3, {0, 0, 0}},
    {31, X304, X417, 2, {0, S}, 1, {0}},
    {32, X304, X417, 2, {0, S}, 3, {SELF, 5, 0}},
    {32, X304, X417, 2, {1, S}, 3, {0, 0, 0}},
    {32, X304, X417, 2, {5, S}, 6, {SELF, 5}},
    {32, X304, X417, 2, {8, S}, 2, {5, 0}},
    {33, X304, X417, 2, {6, S}, 6, {0}},
    {33, X304, X417, 2, {17, S}, 1, {FREE}},
    {34, X304, X417, 2, {0, S}, 4, {SELF, 0}},
    {35, X304, X417, 1, {S}, 3, {0, 0x15}},
    {36, X304, X417, 1, {S}, 3, {2, 0x15, 1}},
    {41, X417, X417, 3, {1, 1, S}, 2, {0}},
};

static const uint32_t values[] = {
    0,          1,          2,          3,          4,          5,          7,          8,
    9,          10,         15,         24,         31,         32,         63,         64,
    127,        128,        129,        256,        295,        512,        513,        1023,
    1024,       4095,       4096,       4097,       7168,       7169,       8193,       65535,
    65536,      0x7FF1,     0x7FF2,     0x01000000, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xBFFFFFFF,
    0xFFFFF000, 0xFFFFFFFE, 0xFFFFFFFF, 0x10007FF0, 0x00027FF0, 0x00010003,
};
/* Those that are the fixture's. */
#define NR_OWN_VALUES 14u

static uint32_t own_value(const struct fixture *f, unsigned i)
{
    switch (i) {
    case 0:
        return f->abi->hole - 1;
    case 1:
        return f->abi->hole;
    case 2:
        return f->abi->hole - 4;
    case 3:
        return fx_va(f, PFN_S).va + AT;
    case 4:
        return fx_va(f, PFN_S).va + 4093; /* one byte more is not mapped */
    case 5:
        return fx_va(f, PFN_S + 1).va;
    case 6:
        return fx_mfn(f, PFN_OWN).mfn;
    case 7:
        return fx_mfn(f, PFN_FREE).mfn;
    case 8:
        return f->l1.mfn;
    case 9:
        return f->xen_frame.mfn;
    case 10:
        return f->mem->nr_frames - 1;
    case 11:
        return f->mem->nr_frames;
    case 12:
        return (uint32_t)fx_entry(fx_mfn(f, PFN_OWN), 0x63);
    default:
        return (uint32_t)fx_entry(f->top, 0x61);
    }
}

static uint32_t good(const struct fixture *f, uint32_t word)
{
    uint32_t at = fx_va(f, PFN_S).va + AT;
    if ((word & 0xFFFF00FFu) == S)
        return at + ((word >> 8) & 0xFF); /* S + n * 0x100: n bytes into it */
    return word == L      ? fx_va(f, PFN_L).va
           : word == OWN  ? fx_mfn(f, PFN_OWN).mfn
           : word == FREE ? fx_mfn(f, PFN_FREE).mfn
           : word == PTE  ? (uint32_t)fx_pte_maddr(f, fx_va(f, PFN_FREE))
                          : word;
}

static struct fixture *domain_of(const struct abi *abi)
{
    struct fixture *f = fixture_new(abi->abi, abi->xen);
    static const uint32_t unmapped[] = {PFN_S + 1, PFN_L + 1, PFN_FREE};
    if (abi->abi != RING1_ABI_XEN_2_0)
        ck_assert(grant_init(f->d));
    for (unsigned i = 0; i < G_N_ELEMENTS(unmapped); i++)
        ck_rc(fx_map(f, fx_va(f, unmapped[i]), 0), 0);
    if (abi->abi != RING1_ABI_XEN_2_0) /* a page granted to oneself */
        *grant_entry(f->d, 8) = (struct grant_entry){1, DOMID_GUEST, fx_mfn(f, PFN_OWN).mfn};
    f->d->s.evtchn[5] = (struct evtchn){.kind = ECS_UNBOUND, .remote_dom = DOMID_GUEST};
    f->d->s.evtchn_top = 6;
    f->d->s.max_pages += 8;
    f->v->regs.esp = fx_va(f, PFN_S).va + AT;
    return f;
}

struct sweep {
    const struct abi *abi;
    struct fixture *f;
    unsigned calls;
};

/* One call: arguments and words as they are now. */
static void one_call(struct sweep *s, const struct call_row *r, const uint32_t *arg, const uint32_t *word)
{
    struct fixture *f = s->f;
    uint32_t full[MAX_HYPERCALL_ARGS] = {0};
    memcpy(full, arg, sizeof r->arg);
    memcpy((uint8_t *)fx_page(f, PFN_S) + AT, word, MAX_WORDS * 4);
    f->v->regs.eax = 0;
    clock_t start = clock();
    int32_t rc = fx_enter(f, r->nr, full);
    double took = (double)(clock() - start) / CLOCKS_PER_SEC;
    g_autoptr(GString) report = g_string_new(NULL);
    bool documented = rc >= 0 || errno_name(rc) || r->nr == 9 || r->nr == 23;
    bool counted = s->calls % RECOUNT_EACH != 0 || page_recount(f->d, report);
    if (!documented || took > SECONDS || !counted)
        ck_abort_msg(
            "%s %s: hypercall %u(%#x, %#x, %#x, %#x, %#x) of %#x %#x %#x %#x %#x %#x: %d after %f s; "
            "%s%s",
            f->abi->name, f->abi->xen_name, r->nr, full[0], full[1], full[2], full[3], full[4], word[0],
            word[1], word[2], word[3], word[4], word[5], rc, took, f->d->why, report->str);
    if (++s->calls % FRESH == 0 || f->d->s.shutdown != SHUTDOWN_NONE) {
        fixture_free(f);
        s->f = domain_of(s->abi);
    }
}

static uint32_t value(const struct fixture *f, unsigned i)
{
    return i < G_N_ELEMENTS(values) ? values[i] : own_value(f, i - (unsigned)G_N_ELEMENTS(values));
}

static void sweep_row(struct sweep *s, const struct call_row *r, GRand *rand)
{
    unsigned nr_values = G_N_ELEMENTS(values) + NR_OWN_VALUES;
    uint32_t arg[5], word[MAX_WORDS];
    for (unsigned at = 0; at < r->args + r->words + MIXED; at++) {
        for (unsigned i = 0; i < nr_values; i++) {
            for (unsigned k = 0; k < 5; k++)
                arg[k] = good(s->f, r->arg[k]);
            for (unsigned k = 0; k < MAX_WORDS; k++)
                word[k] = good(s->f, r->word[k]);
            if (at < r->args)
                arg[at] = value(s->f, i);
            else if (at < r->args + r->words)
                word[at - r->args] = value(s->f, i);
            else if (i > 0)
                break; /* once */
            else
                for (unsigned k = 0; k < r->words; k++)
                    if (g_rand_boolean(rand))
                        word[k] = value(s->f, (unsigned)g_rand_int_range(rand, 0, (gint32)nr_values));
            one_call(s, r, arg, word);
        }
    }
}

START_TEST(every_field)
{
    struct sweep s = {.abi = abi_all()[_i]};
    g_autoptr(GRand) rand = g_rand_new_with_seed(42);
    s.f = domain_of(s.abi);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (s.abi->xen >= rows[i].from && s.abi->xen <= rows[i].to)
            sweep_row(&s, &rows[i], rand);
    fixture_free(s.f);
}
END_TEST

int main(void)
{
    unsigned abis = 0;
    while (abi_all()[abis])
        abis++;
    Suite *suite = suite_create("sweep");
    TCase *tc = tcase_create("sweep");
    tcase_set_timeout(tc, 240);
    tcase_add_loop_test(tc, every_field, 0, (int)abis);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
