/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * memory_image.c - see memory_image.h. An image is an array of pieces, a piece one of
 * pages, each with a count of those who hold it.
 */
#include "memory_image.h"

#include <string.h>

/* Frames of a piece: as many as a mask has bits. */
#define PIECE MEMORY_ROUND

struct page {
    gatomicrefcount refs;
    uint8_t bytes[RING1_PAGE_SIZE];
};

struct piece {
    gatomicrefcount refs;
    uint64_t unmarked;        /* bit n: frame n may be written past its mark */
    struct page *page[PIECE]; /* NULL: zeroes */
    struct frame frames[PIECE];
};

struct memory_image {
    gatomicrefcount refs;
    uint32_t nr_frames;
    mfn_t m2p;
    uint32_t m2p_frames;
    struct piece *piece[]; /* NULL: `nothing` */
};

/* A machine's memory as it begins. */
static const struct piece nothing;

static uint32_t nr_pieces(uint32_t nr_frames)
{
    return (nr_frames + PIECE - 1) / PIECE;
}

static const struct piece *piece_of(const struct memory_image *image, uint32_t nr)
{
    return image && image->piece[nr] ? image->piece[nr] : &nothing;
}

/* --- pages and pieces ------------------------------------------------------------- */

static bool is_zero(const uint8_t *bytes)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, RING1_PAGE_SIZE - 1) == 0;
}

static bool page_holds(const struct page *page, const uint8_t *bytes)
{
    return page ? memcmp(page->bytes, bytes, RING1_PAGE_SIZE) == 0 : is_zero(bytes);
}

static struct page *page_new(const uint8_t *bytes)
{
    if (is_zero(bytes))
        return NULL;
    struct page *page = g_new(struct page, 1);
    g_atomic_ref_count_init(&page->refs);
    memcpy(page->bytes, bytes, RING1_PAGE_SIZE);
    return page;
}

static void page_unref(struct page *page)
{
    if (page && g_atomic_ref_count_dec(&page->refs))
        g_free(page);
}

static struct piece *piece_copy(const struct piece *from)
{
    struct piece *piece = g_memdup2(from, sizeof *from);
    g_atomic_ref_count_init(&piece->refs);
    for (unsigned i = 0; i < PIECE; i++)
        if (piece->page[i])
            g_atomic_ref_count_inc(&piece->page[i]->refs);
    return piece;
}

static struct piece *piece_ref(struct piece *piece)
{
    if (piece)
        g_atomic_ref_count_inc(&piece->refs);
    return piece;
}

static void piece_unref(struct piece *piece)
{
    if (!piece || !g_atomic_ref_count_dec(&piece->refs))
        return;
    for (unsigned i = 0; i < PIECE; i++)
        page_unref(piece->page[i]);
    g_free(piece);
}

void memory_image_unref(struct memory_image *image)
{
    if (!image || !g_atomic_ref_count_dec(&image->refs))
        return;
    for (uint32_t i = 0; i < nr_pieces(image->nr_frames); i++)
        piece_unref(image->piece[i]);
    g_free(image);
}

/* --- which frames to look at ------------------------------------------------------ */

#define EACH_DIRTY (0x0101010101010101u * (uint64_t)MARK_DIRTY)

static bool any_dirty(const uint8_t *marks)
{
    uint64_t all = 0, eight;
    for (unsigned i = 0; i < PIECE; i += sizeof eight) {
        memcpy(&eight, marks + i, sizeof eight);
        all |= eight;
    }
    return all & EACH_DIRTY;
}

/* The product gathers the lowest bits of eight bytes in its highest byte. */
static uint64_t dirty_mask(const uint8_t *marks)
{
    uint64_t mask = 0, eight;
    G_STATIC_ASSERT(MARK_DIRTY == 1 && G_BYTE_ORDER == G_LITTLE_ENDIAN);
    for (unsigned i = 0; i < PIECE; i += sizeof eight) {
        memcpy(&eight, marks + i, sizeof eight);
        mask |= ((eight & EACH_DIRTY) * 0x0102040810204080u >> 56) << i;
    }
    return mask;
}

/* Of Xen's frames some are written without a mark. */
static uint64_t unmarked_mask(const struct frame *frames)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < PIECE; i++)
        mask |= (uint64_t)(frames[i].owner == OWNER_DOMID_XEN || (frames[i].flags & PGF_SHARED)) << i;
    return mask;
}

/* Frames that may differ from those of `was`, which they were made from. */
static uint64_t changed_mask(const struct memory *mem, uint32_t first, const struct piece *was, bool same)
{
    uint64_t mask = dirty_mask(mem->marks + first) | was->unmarked;
    if (!same)
        mask |= unmarked_mask(mem->frames + first);
    uint32_t there = mem->nr_frames - first;
    return there < PIECE ? mask & ((UINT64_C(1) << there) - 1) : mask;
}

static void clean_marks(struct memory *mem, uint32_t first, uint64_t mask)
{
    for (; mask; mask &= mask - 1)
        mem->marks[first + (unsigned)__builtin_ctzll(mask)] &= (uint8_t)~MARK_DIRTY;
}

bool memory_may_differ_from_zero(const struct memory *mem, mfn_t mfn)
{
    const struct frame *f = frame_info(mem, mfn);
    return (mem->marks[mfn.mfn] & (MARK_DIRTY | MARK_WRITTEN)) || f->owner == OWNER_DOMID_XEN ||
           (f->flags & PGF_SHARED) || memory_image_page(mem->last, mfn);
}

/* --- saving ------------------------------------------------------------------------ */

static struct piece *save_piece(struct memory *mem, uint32_t first, struct piece *old)
{
    const struct piece *was = old ? old : &nothing;
    const struct frame *frames = mem->frames + first;
    bool same = memcmp(frames, was->frames, sizeof was->frames) == 0;
    uint64_t changed = changed_mask(mem, first, was, same);
    struct piece *piece = same ? NULL : piece_copy(was);
    for (uint64_t left = changed; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        const uint8_t *bytes = frame_ptr(mem, MFN(first + i));
        if (page_holds(was->page[i], bytes))
            continue;
        if (!piece)
            piece = piece_copy(was);
        page_unref(piece->page[i]);
        piece->page[i] = page_new(bytes);
    }
    clean_marks(mem, first, changed);
    if (!piece)
        return piece_ref(old);
    if (!same) {
        memcpy(piece->frames, frames, sizeof piece->frames);
        piece->unmarked = unmarked_mask(frames);
    }
    return piece;
}

static struct memory_image *image_ref(struct memory_image *image)
{
    g_atomic_ref_count_inc(&image->refs);
    return image;
}

static void set_last(struct memory *mem, struct memory_image *image)
{
    image_ref(image);
    memory_image_unref(mem->last);
    mem->last = image;
}

static void nothing_touched(struct memory *mem)
{
    memset(mem->touched, 0, nr_pieces(mem->nr_frames));
}

struct memory_image *memory_save(struct memory *mem)
{
    uint32_t nr = nr_pieces(mem->nr_frames);
    struct memory_image *image = g_malloc(sizeof *image + nr * sizeof image->piece[0]);
    g_atomic_ref_count_init(&image->refs);
    image->nr_frames = mem->nr_frames;
    image->m2p = mem->m2p;
    image->m2p_frames = mem->m2p_frames;
    for (uint32_t i = 0; i < nr; i++)
        image->piece[i] = save_piece(mem, i * PIECE, mem->last ? mem->last->piece[i] : NULL);
    set_last(mem, image);
    nothing_touched(mem);
    return image;
}

/* --- restoring --------------------------------------------------------------------- */

static void put_page(struct memory *mem, mfn_t mfn, const struct page *page, memory_code_fn code_changed,
                     void *user)
{
    uint8_t *bytes = frame_ptr(mem, mfn);
    if (page_holds(page, bytes))
        return;
    if (page)
        memcpy(bytes, page->bytes, RING1_PAGE_SIZE);
    else
        memset(bytes, 0, RING1_PAGE_SIZE);
    if ((mem->marks[mfn.mfn] & MARK_EXECUTED) && code_changed)
        code_changed(user, mfn);
}

static void restore_piece(struct memory *mem, uint32_t first, const struct piece *was, const struct piece *to,
                          memory_code_fn code_changed, void *user)
{
    struct frame *frames = mem->frames + first;
    bool same = memcmp(frames, was->frames, sizeof was->frames) == 0;
    uint64_t changed = changed_mask(mem, first, was, same);
    clean_marks(mem, first, changed);
    for (unsigned i = 0; was != to && i < PIECE; i++)
        changed |= (uint64_t)(was->page[i] != to->page[i]) << i;
    for (uint64_t left = changed; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        put_page(mem, MFN(first + i), to->page[i], code_changed, user);
    }
    if (!same || was != to)
        memcpy(frames, to->frames, sizeof to->frames);
}

void memory_restore(struct memory *mem, struct memory_image *image, memory_code_fn code_changed, void *user)
{
    g_return_if_fail(image->nr_frames == mem->nr_frames);
    for (uint32_t i = 0; i < nr_pieces(mem->nr_frames); i++)
        restore_piece(mem, i * PIECE, piece_of(mem->last, i), piece_of(image, i), code_changed, user);
    mem->m2p = image->m2p;
    mem->m2p_frames = image->m2p_frames;
    set_last(mem, image);
    nothing_touched(mem);
}

static bool is_table(const struct frame *f)
{
    return f->type >= PGT_l1_table && f->type <= PGT_l3_table;
}

/* Bytes that a CPU may have written to are put back without being compared: mostly they are
 * others. Of tables and code it matters. */
static void rewind_frame(struct memory *mem, mfn_t mfn, const struct piece *to,
                         const struct memory_rewind *how)
{
    const struct page *page = to->page[mfn.mfn % PIECE];
    uint8_t *bytes = frame_ptr(mem, mfn), *mark = &mem->marks[mfn.mfn];
    bool table =
        how->tables_changed && (is_table(&mem->frames[mfn.mfn]) || is_table(&to->frames[mfn.mfn % PIECE]));
    bool code = how->code_changed && (*mark & MARK_EXECUTED);
    if (!how->keep || !how->keep(how->user, mfn))
        *mark &= (uint8_t)~MARK_DIRTY;
    if ((table || code) && page_holds(page, bytes))
        return;
    if (page)
        memcpy(bytes, page->bytes, RING1_PAGE_SIZE);
    else
        memset(bytes, 0, RING1_PAGE_SIZE);
    if (table)
        how->tables_changed(how->user);
    if (code)
        how->code_changed(how->user, mfn);
}

static void rewind_piece(struct memory *mem, uint32_t first, const struct piece *to,
                         const struct memory_rewind *how)
{
    struct frame *frames = mem->frames + first;
    for (uint64_t left = dirty_mask(mem->marks + first); left; left &= left - 1)
        rewind_frame(mem, MFN(first + (unsigned)__builtin_ctzll(left)), to, how);
    if (!(mem->touched[first / PIECE] & TOUCHED_FRAMES) || memcmp(frames, to->frames, sizeof to->frames) == 0)
        return;
    if (how->tables_changed)
        how->tables_changed(how->user);
    memcpy(frames, to->frames, sizeof to->frames);
}

void memory_rewind(struct memory *mem, const struct memory_rewind *how)
{
    const struct memory_image *image = mem->last;
    uint32_t nr = nr_pieces(mem->nr_frames);
    for (uint32_t i = 0; i < nr; i++) {
        if (G_LIKELY(!mem->touched[i]))
            continue;
        rewind_piece(mem, i * PIECE, piece_of(image, i), how);
        mem->touched[i] = any_dirty(mem->marks + i * PIECE) ? TOUCHED_BYTES : 0;
    }
    mem->m2p = image->m2p;
    mem->m2p_frames = image->m2p_frames;
}

void memory_clean(struct memory *mem)
{
    for (uint32_t i = 0; i < nr_pieces(mem->nr_frames); i++)
        if (mem->touched[i])
            clean_marks(mem, i * PIECE, dirty_mask(mem->marks + i * PIECE));
    nothing_touched(mem);
}

/* --- looking ------------------------------------------------------------------------ */

uint32_t memory_image_nr_frames(const struct memory_image *image)
{
    return image->nr_frames;
}

const uint8_t *memory_image_page(const struct memory_image *image, mfn_t mfn)
{
    const struct page *page = piece_of(image, mfn.mfn / PIECE)->page[mfn.mfn % PIECE];
    return page ? page->bytes : NULL;
}
