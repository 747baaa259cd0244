/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_memory_image.c - images of memory: what they hold, what they share, and the
 * way back to them.
 */
#include "dispatch/memory_image.h"
#include "suite.h"

#include <string.h>

/* No multiple of a piece. */
#define FRAMES 333u

static struct memory *mem, *other;

static void setup(void)
{
    mem = memory_new(FRAMES);
    other = memory_new(FRAMES);
}

static void teardown(void)
{
    memory_free(mem);
    memory_free(other);
}

static void write_frame(struct memory *to, uint32_t mfn, uint8_t value)
{
    memset(frame_ptr(to, MFN(mfn)), value, RING1_PAGE_SIZE);
    frame_dirty(to, MFN(mfn));
}

static bool holds(const struct memory *m, uint32_t mfn, uint8_t value)
{
    const uint8_t *page = frame_ptr(m, MFN(mfn));
    return page[0] == value && memcmp(page, page + 1, RING1_PAGE_SIZE - 1) == 0;
}

static unsigned distinct_pages(struct memory_image *const *image, unsigned nr)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    for (unsigned i = 0; i < nr; i++)
        for (uint32_t mfn = 0; mfn < FRAMES; mfn++)
            if (memory_image_page(image[i], MFN(mfn)))
                g_hash_table_add(seen, (void *)memory_image_page(image[i], MFN(mfn)));
    return g_hash_table_size(seen);
}

START_TEST(there_and_back)
{
    write_frame(mem, 5, 1);
    write_frame(mem, FRAMES - 1, 2);
    mem->frames[5] = (struct frame){.count = 3, .owner = 1};
    mem->m2p = MFN(7);
    struct memory_image *first = memory_save(mem);
    ck_assert_uint_eq(memory_image_nr_frames(first), FRAMES);
    ck_assert_uint_eq(mem->marks[5], 0);
    ck_assert_ptr_null(memory_image_page(first, MFN(6)));
    ck_assert_uint_eq(memory_image_page(first, MFN(5))[4095], 1);
    write_frame(mem, 5, 0);
    write_frame(mem, 6, 3);
    mem->frames[300].count = 1;
    struct memory_image *second = memory_save(mem);
    write_frame(mem, 7, 4); /* and is not saved */
    write_frame(mem, 6, 5);
    mem->frames[301].count = 1;

    for (unsigned i = 0; i < 3; i++) {
        struct memory *to = i == 2 ? other : mem;
        memory_restore(to, first, NULL, NULL);
        ck_assert(holds(to, 5, 1) && holds(to, 6, 0) && holds(to, 7, 0) && holds(to, FRAMES - 1, 2));
        ck_assert_uint_eq(to->frames[5].count, 3);
        ck_assert_uint_eq(to->frames[300].count + to->frames[301].count, 0);
        ck_assert_uint_eq(to->m2p.mfn, 7);
        memory_restore(to, second, NULL, NULL);
        ck_assert(holds(to, 5, 0) && holds(to, 6, 3) && holds(to, 7, 0) && holds(to, FRAMES - 1, 2));
        ck_assert_uint_eq(to->frames[300].count, 1);
        ck_assert_uint_eq(to->frames[301].count, 0);
    }
    memory_image_unref(first);
    memory_image_unref(second);
    ck_assert(memory_may_differ_from_zero(mem, MFN(6)));
    ck_assert(!memory_may_differ_from_zero(mem, MFN(7)));
}
END_TEST

/* Two hundred images of a full memory, one frame written between two. */
START_TEST(what_did_not_change_is_shared)
{
    struct memory_image *image[200];
    for (uint32_t mfn = 0; mfn < FRAMES; mfn++)
        write_frame(mem, mfn, 9);
    for (unsigned i = 0; i < G_N_ELEMENTS(image); i++) {
        image[i] = memory_save(mem);
        write_frame(mem, i, (uint8_t)(i + 10));
        write_frame(mem, i + 1, 9); /* the same again */
    }
    ck_assert_uint_eq(distinct_pages(image, G_N_ELEMENTS(image)), FRAMES + 199);
    /* Back is as good as forward: the image and what is saved then are the same. */
    memory_restore(mem, image[100], NULL, NULL);
    struct memory_image *again = memory_save(mem);
    ck_assert(holds(mem, 99, 109) && holds(mem, 100, 9));
    ck_assert_uint_eq(distinct_pages((struct memory_image *[]){image[100], again}, 2), FRAMES);
    memory_image_unref(again);
    for (unsigned i = 0; i < G_N_ELEMENTS(image); i++)
        memory_image_unref(image[i]);
    ck_assert(holds(mem, 99, 109));
}
END_TEST

/* Frames of Xen's own need no mark, from when they are its own to when they were. */
START_TEST(xens_own_frames)
{
    mem->frames[70] = (struct frame){.count = 1, .owner = OWNER_DOMID_XEN};
    mem->frames[71] = (struct frame){.count = 1, .owner = 1, .flags = PGF_SHARED};
    struct memory_image *first = memory_save(mem);
    memset(frame_ptr(mem, MFN(70)), 1, RING1_PAGE_SIZE);
    memset(frame_ptr(mem, MFN(71)), 2, RING1_PAGE_SIZE);
    struct memory_image *second = memory_save(mem);
    ck_assert_uint_eq(memory_image_page(second, MFN(70))[0], 1);
    ck_assert_uint_eq(memory_image_page(second, MFN(71))[0], 2);
    memset(frame_ptr(mem, MFN(70)), 3, RING1_PAGE_SIZE);
    mem->frames[70] = (struct frame){.owner = OWNER_NOBODY};
    memory_restore(mem, second, NULL, NULL);
    ck_assert(holds(mem, 70, 1));
    memset(frame_ptr(mem, MFN(71)), 4, RING1_PAGE_SIZE);
    memory_restore(mem, first, NULL, NULL);
    ck_assert(holds(mem, 70, 0) && holds(mem, 71, 0));
    memory_image_unref(first);
    memory_image_unref(second);
}
END_TEST

static void count_code(void *user, mfn_t mfn)
{
    unsigned *frames = user;
    ck_assert_uint_le(mfn.mfn, 11);
    frames[mfn.mfn]++;
}

/* Code is told of where it changed, and not where it is the same. */
START_TEST(code_that_changes)
{
    unsigned told[12] = {0};
    for (uint32_t mfn = 8; mfn < 12; mfn++) {
        write_frame(mem, mfn, 1);
        mem->marks[mfn] |= MARK_EXECUTED | MARK_WRITTEN;
    }
    struct memory_image *image = memory_save(mem);
    ck_assert_uint_eq(mem->marks[9], MARK_EXECUTED | MARK_WRITTEN);
    write_frame(mem, 9, 2);
    write_frame(mem, 10, 1);
    write_frame(mem, 1, 2);
    memory_restore(mem, image, count_code, told);
    for (unsigned i = 0; i < 12; i++)
        ck_assert_uint_eq(told[i], i == 9);
    ck_assert_uint_eq(mem->marks[9], MARK_EXECUTED | MARK_WRITTEN);
    memory_image_unref(image);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory_image");
    TCase *tc = tcase_create("memory_image");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, there_and_back);
    tcase_add_test(tc, what_did_not_change_is_shared);
    tcase_add_test(tc, xens_own_frames);
    tcase_add_test(tc, code_that_changes);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
