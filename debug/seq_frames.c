/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_frames.c - see seq_frames.h.
 */
#include "seq_frames.h"

#include "dispatch/memory.h"
#include "seq_write.h"

struct seq_frames {
    GHashTable *pages; /* mfn -> pfn */
    GHashTable *given; /* mfn -> struct seq_given */
};

static void free_given(gpointer p)
{
    struct seq_given *g = p;
    g_free(g->result);
    g_free(g->path);
    g_free(g);
}

struct seq_frames *seq_frames_new(const struct domain *d)
{
    struct seq_frames *f = g_new0(struct seq_frames, 1);
    f->pages = g_hash_table_new(NULL, NULL);
    f->given = g_hash_table_new_full(NULL, NULL, NULL, free_given);
    for (uint32_t mfn = 0; mfn < d->mem->nr_frames; mfn++) {
        uint32_t pfn;
        if (seq_write_page_of(d, MFN(mfn), &pfn))
            g_hash_table_insert(f->pages, GUINT_TO_POINTER(mfn), GUINT_TO_POINTER(pfn));
    }
    return f;
}

void seq_frames_free(struct seq_frames *f)
{
    if (!f)
        return;
    g_hash_table_unref(f->pages);
    g_hash_table_unref(f->given);
    g_free(f);
}

void seq_frames_give(struct seq_frames *f, mfn_t mfn, uint32_t nr, const char *result, const char *path)
{
    for (uint32_t i = 0; i < nr; i++) {
        struct seq_given *g = g_new(struct seq_given, 1);
        *g = (struct seq_given){g_strdup(result), g_strdup(path), i};
        g_hash_table_insert(f->given, GUINT_TO_POINTER(mfn.mfn + i), g);
    }
}

const struct seq_given *seq_frames_given(const struct seq_frames *f, mfn_t mfn)
{
    return g_hash_table_lookup(f->given, GUINT_TO_POINTER(mfn.mfn));
}

bool seq_frames_page(const struct seq_frames *f, mfn_t mfn, uint32_t *pfn)
{
    gpointer page;
    if (seq_frames_given(f, mfn) ||
        !g_hash_table_lookup_extended(f->pages, GUINT_TO_POINTER(mfn.mfn), NULL, &page))
        return false;
    *pfn = GPOINTER_TO_UINT(page);
    return true;
}
