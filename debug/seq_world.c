/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_world.c - the world that a sequence's lines of the ABI, domain and pages
 * describe.
 */
#include "seq_compile.h"

#include <ring1/ring1.h>
#include <string.h>

/* --- domain {...} ----------------------------------------------------------------------------- */

static const char *const settings[] = {"memory", "maxmem", "vcpus",   "mfn",   "seed",   "cr3",
                                       "arena",  "assist", "console", "store", "preempt"};

static const char *next_setting(void *user)
{
    unsigned *at = user;
    return *at < G_N_ELEMENTS(settings) ? settings[(*at)++] : NULL;
}

static bool pages_of(struct seq_scope *c, const struct seq_value *v, uint32_t *pages)
{
    const struct seq_type bytes = {.size = 8, .format = FORMAT_HEX};
    uint64_t n;
    if (!seq_evaluate_constant(c, v, &bytes, &n))
        return false;
    if (n == 0 || n % RING1_PAGE_SIZE || n >> RING1_PAGE_SHIFT > 1u << 20)
        return seq_complain(c, v->pos, "expected a size of whole pages up to 4G, as 16M");
    *pages = (uint32_t)(n >> RING1_PAGE_SHIFT);
    return true;
}

static bool number_of(struct seq_scope *c, const struct seq_value *v, const struct value_set *set,
                      uint32_t *n)
{
    const struct seq_type type = {.size = 4, .format = set ? FORMAT_NAMES : FORMAT_HEX, .set = set};
    uint64_t value;
    if (!seq_evaluate_constant(c, v, &type, &value))
        return false;
    *n = (uint32_t)value;
    return true;
}

/* A page by its name, or a pfn. */
static bool pfn_of(struct seq_scope *c, const struct seq_value *v, uint32_t *pfn)
{
    gpointer found = v->kind == SEQ_NAME ? g_hash_table_lookup(c->pages, v->name) : NULL;
    if (found) {
        *pfn = GPOINTER_TO_UINT(found) - 1;
        return true;
    }
    if (v->kind == SEQ_NAME)
        return seq_complain(c, v->pos, "expected the name of a page, or a pfn, found '%s'", v->name);
    return number_of(c, v, NULL, pfn);
}

static bool mode_of(struct seq_scope *c, const struct seq_value *v, enum ring1_mfn_mode *mode)
{
    static const char *const names[] = {"shuffle", "offset", "identity", "sparse"};
    for (unsigned i = 0; v->kind == SEQ_NAME && i < G_N_ELEMENTS(names); i++)
        if (strcmp(v->name, names[i]) == 0) {
            *mode = (enum ring1_mfn_mode)i;
            return true;
        }
    return seq_complain(c, v->pos, "expected shuffle, offset, identity or sparse");
}

/* Types of vm_assist that are on from the start, as a builder sets them. */
static bool assist_of(struct seq_scope *c, const struct seq_value *v, uint32_t *assist)
{
    uint32_t type;
    if (v->kind == SEQ_OR || v->kind == SEQ_LIST) {
        for (const struct seq_value *t = v->first; t; t = t->next)
            if (!assist_of(c, t, assist))
                return false;
        return true;
    }
    if (!number_of(c, v, &values_vm_assist_type, &type))
        return false;
    *assist |= 1u << (type & 31);
    return true;
}

/* "every", or a number that random stops follow from. */
static bool preempt_of(struct seq_scope *c, const struct seq_value *v, struct world_setup *s)
{
    uint32_t seed;
    if (v->kind == SEQ_NAME && strcmp(v->name, "every") == 0) {
        s->preempt = RING1_PREEMPT_EVERY;
        return true;
    }
    if (v->kind == SEQ_NAME)
        return seq_complain(c, v->pos, "expected every, or a number");
    s->preempt = RING1_PREEMPT_RANDOM;
    if (!number_of(c, v, NULL, &seed))
        return false;
    s->preempt_seed = seed;
    return true;
}

static bool setting(struct seq_scope *c, const struct seq_value *v, struct world_setup *s)
{
    const char *name = v->label ? v->label : "";
    uint32_t n = 0, at = 0;
    bool ok = true;
    if (strcmp(name, "memory") == 0)
        return pages_of(c, v, &s->nr_pages);
    if (strcmp(name, "maxmem") == 0)
        return pages_of(c, v, &s->max_pages);
    if (strcmp(name, "mfn") == 0)
        return mode_of(c, v, &s->mfn_mode);
    if (strcmp(name, "assist") == 0)
        return assist_of(c, v, &s->vm_assist);
    if (strcmp(name, "cr3") == 0) {
        s->own_tables = true;
        return pfn_of(c, v, &s->cr3);
    }
    if (strcmp(name, "preempt") == 0)
        return preempt_of(c, v, s);
    if (strcmp(name, "console") == 0)
        return pfn_of(c, v, &s->console);
    if (strcmp(name, "store") == 0)
        return pfn_of(c, v, &s->store);
    if (strcmp(name, "arena") == 0)
        return number_of(c, v, NULL, &s->arena);
    if (strcmp(name, "vcpus") == 0 || strcmp(name, "seed") == 0) {
        ok = number_of(c, v, NULL, &n);
        if (name[0] == 's')
            s->mfn_seed = n;
        else if (ok && (n == 0 || n > c->abi->max_vcpus))
            return seq_complain(c, v->pos, "expected 1 to %u vcpus, found %u", c->abi->max_vcpus, n);
        else
            s->nr_vcpus = n;
        return ok;
    }
    g_autofree char *nearest = seq_nearest(name, next_setting, &at);
    return seq_complain(c, v->pos,
                        "expected memory, maxmem, vcpus, mfn, seed, cr3, arena, assist, console, store or "
                        "preempt, found '%s'%s",
                        name, nearest);
}

static bool read_setup(struct seq_scope *c, struct world_setup *setup)
{
    for (const struct seq_item *item = c->s->first; item; item = item->next) {
        if (item->line != SEQ_DOMAIN)
            continue;
        for (const struct seq_value *v = item->value->first; v; v = v->next)
            if (!setting(c, v, setup))
                return false;
    }
    return true;
}

/* --- pages --------------------------------------------------------------------------------------- */

/* Pages that the text gives no pfn get those from WORLD_FREE_PFN on that no other has. */
GHashTable *seq_pages(const struct seq *s)
{
    GHashTable *pages = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);
    uint32_t next = WORLD_FREE_PFN;
    for (const struct seq_item *item = s->first; item; item = item->next)
        if (item->line == SEQ_PAGE && item->address)
            g_hash_table_add(taken, GUINT_TO_POINTER((uint32_t)item->address->number));
    for (const struct seq_item *item = s->first; item; item = item->next) {
        if (item->line != SEQ_PAGE)
            continue;
        while (!item->address && g_hash_table_contains(taken, GUINT_TO_POINTER(next)))
            next++;
        uint32_t pfn = item->address ? (uint32_t)item->address->number : next++;
        g_hash_table_insert(pages, (gpointer)item->name, GUINT_TO_POINTER(pfn + 1));
    }
    return pages;
}

static const struct page_type_name {
    const char *name;
    bool read_only;
    uint8_t entry; /* bytes; 0: the ABI's, of page tables */
    uint8_t format;
} types[] = {
    {"rw", false, 1, FORMAT_HEX},        {"ro", true, 1, FORMAT_HEX}, {"l1", true, 0, FORMAT_PTE},
    {"l2", true, 0, FORMAT_PTE},         {"l3", true, 0, FORMAT_PTE}, {"gdt", true, 8, FORMAT_DESCRIPTOR},
    {"ldt", true, 8, FORMAT_DESCRIPTOR},
};

static const struct page_type_name *type_of(struct seq_scope *c, const struct seq_item *item)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++)
        if (strcmp(item->type ? item->type : "rw", types[i].name) == 0)
            return &types[i];
    seq_complain(c, item->pos, "expected rw, ro, l1, l2, l3, gdt or ldt, found '%s'", item->type);
    return NULL;
}

static bool put_entry(struct compiler *c, const struct seq_value *v, const struct page_type_name *t,
                      uint32_t key, uint8_t *page)
{
    unsigned size = t->entry ? t->entry : c->scope.abi->pte_size;
    const struct seq_type entry = {.size = (uint8_t)size, .format = t->format};
    uint64_t at = (uint64_t)key * size;
    if (size > 1) {
        struct seq_amount a;
        if (at + size > RING1_PAGE_SIZE)
            return seq_complain(&c->scope, v->pos, "expected a number below %u, found %u",
                                RING1_PAGE_SIZE / size, key);
        if (!seq_evaluate(&c->scope, v, &entry, key - v->key, &a))
            return false;
        memcpy(page + at, &a.value, size);
        return true;
    }
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    if (!encode_data(c, v, NULL, bytes))
        return false;
    if (at + bytes->len > RING1_PAGE_SIZE)
        return seq_complain(&c->scope, v->pos, "expected contents within the page of 4096 bytes");
    if (bytes->len)
        memcpy(page + at, bytes->data, bytes->len);
    return true;
}

static bool fill_page(struct compiler *c, const struct seq_item *item, const struct page_type_name *t,
                      uint8_t *page)
{
    const struct seq_value *v = item->value;
    if (!v)
        return true;
    if (v->kind == SEQ_TEXT || v->kind == SEQ_BYTES) {
        if (v->len > RING1_PAGE_SIZE)
            return seq_complain(&c->scope, v->pos, "expected at most 4096 bytes, found %u", v->len);
        memcpy(page, v->data, v->len);
        return true;
    }
    for (const struct seq_value *e = v->first; e; e = e->next) {
        if (!e->has_key)
            return seq_complain(&c->scope, e->pos, "expected a number and : before it");
        if (e->key_end >= RING1_PAGE_SIZE)
            return seq_complain(&c->scope, e->pos, "expected a place within the page, found %u", e->key_end);
        for (uint32_t key = e->key; key <= e->key_end; key++)
            if (!put_entry(c, e, t, key, page))
                return false;
    }
    return true;
}

static bool fill_pages(struct seq_scope *scope, struct world *w)
{
    struct compiler c = {.scope = *scope};
    c.scope.w = w;
    for (const struct seq_item *item = scope->s->first; item; item = item->next) {
        if (item->line != SEQ_PAGE)
            continue;
        const struct page_type_name *t = type_of(&c.scope, item);
        uint32_t pfn = GPOINTER_TO_UINT(g_hash_table_lookup(scope->pages, item->name)) - 1;
        if (!t)
            return false;
        if (pfn >= w->setup.nr_pages)
            return seq_complain(&c.scope, item->pos,
                                "expected a page of the domain, which has %#x, found pfn %#x",
                                w->setup.nr_pages, pfn);
        if (!w->setup.own_tables && (pfn < WORLD_FREE_PFN || pfn >= world_first_table(w)))
            return seq_complain(&c.scope, item->pos,
                                "expected a pfn from %#x to %#x: others the first tables need",
                                WORLD_FREE_PFN, world_first_table(w) - 1);
        w->pages[pfn] = t->read_only ? WORLD_RO : WORLD_RW;
        if (!fill_page(&c, item, t, world_page(w, pfn)))
            return false;
    }
    return true;
}

static struct world *make_world(const struct seq *s, const enum ring1_mfn_mode *mode, GError **error)
{
    g_autoptr(GError) why = NULL;
    struct world_setup setup = {.abi = abi_find(s->abi, s->xen)};
    g_autoptr(GHashTable) pages = seq_pages(s);
    struct seq_scope scope = {s, setup.abi, NULL, pages, &why};
    struct world *w = NULL;
    bool ok = read_setup(&scope, &setup);
    if (mode)
        setup.mfn_mode = *mode;
    ok = ok && (w = world_new(&setup, &why)) && fill_pages(&scope, w) && world_start(w, &why);
    if (ok)
        return w;
    world_free(w);
    g_propagate_error(error, g_steal_pointer(&why));
    return NULL;
}

struct world *seq_world(const struct seq *s, GError **error)
{
    return make_world(s, NULL, error);
}

struct world *seq_world_numbered(const struct seq *s, enum ring1_mfn_mode mode, GError **error)
{
    return make_world(s, &mode, error);
}
