/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_export.c - see seq_export.h: the lines of a sequence, by its plan
 * (seq_export_plan.h), become what a kernel does (seq_kernel.h).
 */
#include "seq_export.h"

#include "seq_export_plan.h"
#include "seq_export_watch.h"

#include "dispatch/page_type.h"

#include <inttypes.h>
#include <ring1/ring1.h>
#include <string.h>

/* Slots for the size that is not known yet. */
#define FIRST_SLOTS     4u
#define FIRST_VARIABLES 65536u
#define PAGES_PER_MIB   256u
#define WATCHED_WORDS   1024u /* of one call */

struct exporter {
    struct seq_plan *plan;
    struct seq_kernel *k;
    uint32_t *slot;  /* address of the word that keeps a result, by its slot; 0: none */
    uint32_t *grant; /* of frames of the grant table */
    unsigned nr_grants;
    uint32_t scratch; /* a word of the kernel's */
    uint64_t ns;
    GString *expected; /* NULL: not now */
    GError **error;
    const struct seq_export_options *o;
    uint32_t copy; /* with `watch`: words of memory as it was before a call */
};

static bool refuse_line(struct exporter *x, const struct seq_item *item, const char *what)
{
    const char *file = x->plan->seq->file;
    if (x->error && !*x->error)
        g_set_error(x->error, RING1_ERROR, RING1_ERROR_INPUT, "%s:%u: cannot be exported: %s",
                    file ? file : "sequence", item->pos.line, what);
    return false;
}

/* --- frames -------------------------------------------------------------------------------- */

/* The word that keeps a frame. */
static uint32_t address_of(struct exporter *x, uint32_t frame)
{
    if (frame == PLAN_SHARED_INFO)
        return seq_kernel_shared_info(x->k);
    if (frame >= PLAN_GRANT && frame != PLAN_NOTHING)
        return frame - PLAN_GRANT < x->nr_grants ? x->grant[frame - PLAN_GRANT] : 0;
    return seq_kernel_frame(x->k, frame);
}

/* Bytes of the first program with those of the second: fixes for the kernel. The bytes
 * are changed. */
static GArray *fixes_of(struct exporter *x, const struct seq_item *item, uint8_t *bytes, const uint8_t *other,
                        uint32_t len)
{
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(struct plan_fix));
    GArray *out = g_array_new(FALSE, FALSE, sizeof(struct seq_kernel_fix));
    if (!seq_plan_fixes(x->plan, bytes, other, len, found)) {
        if (item)
            refuse_line(x, item, "a number in it is of a frame that has no name");
        g_array_unref(out);
        return NULL;
    }
    for (guint i = 0; i < found->len; i++) {
        const struct plan_fix *f = &g_array_index(found, struct plan_fix, i);
        struct seq_kernel_fix fix = {f->offset, address_of(x, f->frame), f->how};
        g_array_append_val(out, fix);
    }
    return out;
}

#define FIXES(a) (const struct seq_kernel_fix *)(const void *)(a)->data, (a)->len

/* --- the set-up ----------------------------------------------------------------------------- */

static uint32_t used_length(const uint8_t *page)
{
    uint32_t len = RING1_PAGE_SIZE;
    while (len > 0 && page[len - 1] == 0)
        len--;
    return (len + 7) & ~7u;
}

/* Xen's own slots of an L2 are Xen's to fill. */
static uint32_t own_length(const struct domain *d, mfn_t mfn)
{
    const struct frame *f = frame_info(d->mem, mfn);
    bool xens =
        f->type == PGT_l2_table && f->type_count && (d->abi->levels == 2 || (f->flags & PGF_PAE_XEN_L2));
    return xens ? pt_index(d->abi, GVA(d->abi->hole), 2) * d->abi->pte_size : RING1_PAGE_SIZE;
}

static bool set_up_page(struct exporter *x, uint32_t pfn)
{
    struct world *const *w = x->plan->w;
    mfn_t mfn = MFN(w[0]->p2m[pfn]);
    uint8_t page[RING1_PAGE_SIZE];
    memcpy(page, world_page(w[0], pfn), sizeof page);
    uint32_t len = MIN(used_length(page), own_length(w[0]->d, mfn));
    g_autoptr(GArray) fixes = fixes_of(x, NULL, page, world_page(w[1], pfn), len);
    if (!fixes) {
        g_set_error(x->error, RING1_ERROR, RING1_ERROR_INPUT,
                    "page %#x has a number that no kernel could know", pfn);
        return false;
    }
    if (len)
        seq_kernel_write_page(x->k, seq_kernel_frame(x->k, pfn), 0, page, len, FIXES(fixes));
    return true;
}

static bool set_up(struct exporter *x)
{
    const struct world *w = x->plan->w[0];
    uint32_t top = g_array_index(x->plan->tops, uint32_t, 0);
    mfn_t l2 = MFN(w->p2m[top]);
    for (uint32_t pfn = 0; pfn < w->setup.nr_pages; pfn++)
        if (!set_up_page(x, pfn))
            return false;
    if (w->abi->levels == 3)
        l2 = pte_mfn(pte_read(w->d, l2, x->plan->va >> 30));
    seq_kernel_hook(x->k, seq_kernel_frame(x->k, m2p_get(w->mem, l2)), false);
    for (uint32_t pfn = 0; pfn < w->setup.nr_pages; pfn++) {
        const struct frame *f = frame_info(w->mem, MFN(w->p2m[pfn]));
        if (f->type_count && is_table(f->type))
            seq_kernel_protect(x->k, pfn);
    }
    seq_kernel_enter(x->k, top, true);
    return true;
}

/* The table's frames, when the sequence names them: asked for as it does itself. */
static void find_grants(struct exporter *x)
{
    const struct domain *d = x->plan->w[0]->d;
    x->nr_grants = d->s.grant.nr_frames;
    x->grant = g_new0(uint32_t, x->nr_grants + 1u);
    for (unsigned i = 0; i < x->nr_grants; i++)
        x->grant[i] = seq_kernel_variable(x->k);
    if (x->nr_grants)
        seq_kernel_grants(x->k, x->grant[0], x->nr_grants);
}

/* Ports that a domain has from the start, so that the sequence gets the numbers that it
 * expects where there is neither a xenstore nor a console. */
static void fill_ports(struct exporter *x)
{
    const struct domain *d = x->plan->w[0]->d;
    unsigned nr = 0;
    while (nr + 1 < NR_EVTCHNS && d->s.evtchn[nr + 1].kind != ECS_FREE)
        nr++;
    if (nr && d->abi->abi != RING1_ABI_XEN_2_0)
        seq_kernel_ports(x->k, nr);
}

/* --- lines ------------------------------------------------------------------------------------ */

static const struct seq_op *op_of(const struct exporter *x, unsigned world, uint32_t i)
{
    return &g_array_index(x->plan->p[world]->ops, struct seq_op, i);
}

/* Results of earlier calls in a blob or in the words: more fixes. */
static bool add_patches(struct exporter *x, const struct seq_op *op, uint32_t blob, GArray *fixes)
{
    for (uint32_t i = 0; i < op->nr_patches; i++) {
        const struct seq_patch *p =
            &g_array_index(x->plan->p[0]->patches, struct seq_patch, op->first_patch + i);
        if (p->blob != blob)
            continue;
        uint32_t offset = blob == PATCH_WORD ? p->offset * 4 : p->offset;
        struct seq_kernel_fix fix = {offset, x->slot[p->slot], 0};
        if (!fix.address || (p->shift != 0 && p->shift != RING1_PAGE_SHIFT) || p->size < 4)
            return refuse_line(x, op->item, "it uses an earlier result in a way that a kernel cannot");
        if (p->shift)
            fix.how = SEQ_FIX_MADDR | (p->high ? SEQ_FIX_HIGH : 0);
        else if (p->high)
            continue;
        if (p->size == 8)
            fix.how |= SEQ_FIX_WIDE;
        g_array_append_val(fixes, fix);
    }
    return true;
}

/* A part of a blob goes to its place. */
static void write_place(struct exporter *x, const struct plan_place *place, uint32_t from,
                        const uint8_t *bytes, const GArray *fixes)
{
    g_autoptr(GArray) part = g_array_new(FALSE, FALSE, sizeof(struct seq_kernel_fix));
    for (guint i = 0; i < fixes->len; i++) {
        struct seq_kernel_fix fix = g_array_index(fixes, struct seq_kernel_fix, i);
        if (fix.offset < from || fix.offset >= from + place->len)
            continue;
        fix.offset -= from;
        g_array_append_val(part, fix);
    }
    if (place->va)
        seq_kernel_write(x->k, place->va, bytes + from, place->len, FIXES(part));
    else
        seq_kernel_write_page(x->k, address_of(x, place->frame), place->offset, bytes + from, place->len,
                              FIXES(part));
}

/* The bytes of a blob, and what is to be fixed in them. NULL: refused. */
static uint8_t *blob_bytes(struct exporter *x, uint32_t i, uint32_t n, uint32_t *len, GArray **fixes)
{
    const struct seq_op *op = op_of(x, 0, i), *other = op_of(x, 1, i);
    const struct seq_blob *b = &g_array_index(x->plan->p[0]->blobs, struct seq_blob, op->first_blob + n);
    const struct seq_blob *c = &g_array_index(x->plan->p[1]->blobs, struct seq_blob, other->first_blob + n);
    uint8_t *bytes = g_memdup2(x->plan->p[0]->bytes->data + b->offset, b->len);
    *len = b->len;
    *fixes = fixes_of(x, op->item, bytes, x->plan->p[1]->bytes->data + c->offset, b->len);
    if (*fixes && add_patches(x, op, n, *fixes))
        return bytes;
    if (*fixes)
        g_array_unref(*fixes);
    g_free(bytes);
    return NULL;
}

static bool write_blobs(struct exporter *x, uint32_t i)
{
    const struct plan_op *plan = &g_array_index(x->plan->ops, struct plan_op, i);
    uint32_t place = plan->first_place, end = place + plan->nr_places, nr = op_of(x, 0, i)->nr_blobs;
    if (op_of(x, 0, i)->line == SEQ_WRITE)
        nr = MIN(nr, 1);
    for (uint32_t n = 0; n < nr; n++) {
        GArray *fixes;
        uint32_t len, from = 0;
        g_autofree uint8_t *bytes = blob_bytes(x, i, n, &len, &fixes);
        if (!bytes && (len || !fixes))
            return false;
        for (; from < len && place < end; place++) {
            const struct plan_place *p = &g_array_index(x->plan->places, struct plan_place, place);
            write_place(x, p, from, bytes, fixes);
            from += p->len;
        }
        g_array_unref(fixes);
    }
    return true;
}

static bool store(struct exporter *x, uint32_t i)
{
    const struct seq_op *op = op_of(x, 0, i);
    GArray *fixes;
    uint32_t len, words[2] = {0};
    g_autofree uint8_t *bytes = blob_bytes(x, i, 0, &len, &fixes);
    if (!bytes)
        return false;
    bool ok = (len == 4 || len == 8) && fixes->len <= 1;
    if (ok) {
        memcpy(words, bytes, len);
        seq_kernel_store(x->k, op->word[0], words, len,
                         fixes->len ? (const struct seq_kernel_fix *)(const void *)fixes->data : NULL);
    }
    g_array_unref(fixes);
    return ok || refuse_line(x, op->item, "a store of another size than 4 or 8 bytes");
}

static void keep_results(struct exporter *x, const struct seq_op *op)
{
    for (uint32_t i = op->captures; i != NO_SLOT;) {
        const struct seq_capture *c = &g_array_index(x->plan->p[0]->captures, struct seq_capture, i);
        if (!x->slot[c->slot])
            x->slot[c->slot] = seq_kernel_variable(x->k);
        const struct seq_kernel_place from = {c->place.va, c->place.add, c->place.indirect, c->place.size};
        if (c->place.size)
            seq_kernel_read(x->k, x->slot[c->slot], &from);
        else
            seq_kernel_move(x->k, x->slot[c->slot], seq_kernel_result(x->k));
        i = c->next;
    }
}

/* --- what it prints ----------------------------------------------------------------------------- */

static void say(struct exporter *x, const char *text)
{
    seq_kernel_print(x->k, text);
    if (x->expected)
        g_string_append(x->expected, text);
}

static uint32_t frame_of_both(const struct exporter *x, uint32_t a, uint32_t b)
{
    uint8_t bytes[4];
    g_autoptr(GArray) fixes = g_array_new(FALSE, FALSE, sizeof(struct plan_fix));
    memcpy(bytes, &a, 4);
    bool found = seq_plan_fixes(x->plan, bytes, (const uint8_t *)&b, 4, fixes) && fixes->len == 1;
    return found ? g_array_index(fixes, struct plan_fix, 0).frame : PLAN_NOTHING;
}

static void say_frame(struct exporter *x, uint32_t word, uint32_t want, uint32_t other)
{
    uint32_t frame = frame_of_both(x, want, other);
    seq_kernel_print_frame(x->k, word);
    if (x->expected && frame < x->plan->w[0]->setup.nr_pages)
        g_string_append_printf(x->expected, "pfn %#x", frame);
    else if (x->expected)
        g_string_append(x->expected, "mfn ?");
}

/* Bytes in memory, up to four at a time. */
static void say_bytes(struct exporter *x, const struct seq_place *place, const uint8_t *want, uint32_t len)
{
    for (uint32_t at = 0, size; at < len; at += size) {
        size = len - at >= 4 ? 4 : len - at >= 2 ? 2 : 1;
        const struct seq_kernel_place from = {place->va + at, place->add, false, (uint8_t)size};
        uint32_t value = 0;
        memcpy(&value, want + at, size);
        say(x, at ? " " : "");
        seq_kernel_read(x->k, x->scratch, &from);
        seq_kernel_print_hex(x->k, x->scratch, 4);
        if (x->expected)
            g_string_append_printf(x->expected, "0x%x", GUINT32_FROM_LE(value));
    }
}

static const struct seq_check *check_of(const struct exporter *x, unsigned world, uint32_t i, uint32_t n)
{
    return &g_array_index(x->plan->p[world]->checks, struct seq_check, op_of(x, world, i)->first_check + n);
}

/* What `expect` looks at: of an entry that maps a frame the flags alone. */
static void say_memory(struct exporter *x, uint32_t i, uint32_t n)
{
    const struct seq_check *c = check_of(x, 0, i, n);
    uint64_t want = GUINT64_TO_LE(c->want);
    bool frame = !c->len && c->want != check_of(x, 1, i, n)->want;
    if (n)
        say(x, " ");
    if (c->slot != NO_SLOT)
        say(x, "?");
    else if (c->len)
        say_bytes(x, &c->place, x->plan->p[0]->bytes->data + c->bytes, c->len);
    else
        say_bytes(x, &c->place, (const uint8_t *)&want, frame ? 1 : c->place.size);
}

static void say_expect(struct exporter *x, uint32_t i, unsigned number)
{
    g_autofree char *head = g_strdup_printf("got memory after call %u = ", number);
    say(x, head);
    for (uint32_t n = 0; n < op_of(x, 0, i)->nr_checks; n++)
        say_memory(x, i, n);
    seq_kernel_print_end(x->k);
    if (x->expected)
        g_string_append_c(x->expected, '\n');
}

/* One number that came back: a frame by its page, others as they are. */
static void say_check(struct exporter *x, uint32_t i, uint32_t n)
{
    const struct seq_check *c = check_of(x, 0, i, n), *other = check_of(x, 1, i, n);
    uint32_t word = x->scratch;
    const struct seq_kernel_place from = {c->place.va, c->place.add, c->place.indirect, c->place.size};
    if (c->len || c->slot != NO_SLOT || c->place.size == 0)
        return;
    g_autofree char *name = g_strdup_printf("%s%s=", n ? " " : " => ",
                                            c->entry_result ? "result"
                                            : c->name       ? c->name
                                                            : "value");
    say(x, name);
    seq_kernel_read(x->k, word, &from);
    if (c->want != other->want) {
        say_frame(x, word, (uint32_t)c->want, (uint32_t)other->want);
    } else if (c->entry_result) {
        seq_kernel_print_decimal(x->k, word);
        if (x->expected)
            g_string_append_printf(x->expected, "%d", (int32_t)c->want);
    } else {
        uint64_t mask = c->place.size < 4 ? (1u << c->place.size * 8) - 1 : UINT32_MAX;
        seq_kernel_print_hex(x->k, word, 4);
        if (x->expected)
            g_string_append_printf(x->expected, "0x%" PRIx64, c->want & mask);
    }
}

static void say_call(struct exporter *x, uint32_t i, unsigned number)
{
    const struct seq_op *op = op_of(x, 0, i);
    const struct plan_op *plan = &g_array_index(x->plan->ops, struct plan_op, i);
    g_autofree char *name = op->row ? g_strdup(op->row->name) : g_strdup_printf("hypercall_%u", op->nr);
    g_autofree char *head = g_strdup_printf("got call %u %s = ", number, name);
    say(x, head);
    seq_kernel_print_decimal(x->k, seq_kernel_result(x->k));
    if (x->expected)
        g_string_append_printf(x->expected, "%d", plan->result);
    for (uint32_t n = 0; n < op->nr_checks; n++)
        say_check(x, i, n);
    seq_kernel_print_end(x->k);
    if (x->expected)
        g_string_append_c(x->expected, '\n');
}

/* --- what a call changes --------------------------------------------------------------------------- */

/* Each blob of the call, as far as it is watched: its words, and where their copy is. */
static void watch(struct exporter *x, uint32_t i, bool before)
{
    const struct seq_op *op = op_of(x, 0, i);
    uint32_t used = 0;
    for (uint32_t n = 0; n < op->nr_blobs; n++) {
        const struct seq_blob *b = &g_array_index(x->plan->p[0]->blobs, struct seq_blob, op->first_blob + n);
        uint32_t words = MIN(b->len / 4, WATCHED_WORDS - used);
        if (words == 0)
            continue;
        if (before) {
            seq_kernel_keep(x->k, x->copy + 4 * used, b->va, words);
        } else {
            g_autoptr(GByteArray) kinds = seq_watch_kinds(x->plan->p[0], op, n, words, x->o->private);
            seq_kernel_changes(x->k, x->copy + 4 * used, b->va, words, kinds->data, b->va - (n << 16));
        }
        used += words;
    }
}

static void say_watched(struct exporter *x, uint32_t i, unsigned number)
{
    const struct plan_op *plan = &g_array_index(x->plan->ops, struct plan_op, i);
    g_autofree char *head = g_strdup_printf("%u: ", number);
    say(x, head);
    seq_kernel_print_decimal(x->k, seq_kernel_result(x->k));
    if (plan->readable)
        watch(x, i, false);
    seq_kernel_print_end(x->k);
}

/* --- all of it ------------------------------------------------------------------------------------ */

static bool call(struct exporter *x, uint32_t i, unsigned number)
{
    const struct seq_op *op = op_of(x, 0, i), *other = op_of(x, 1, i);
    const struct plan_op *plan = &g_array_index(x->plan->ops, struct plan_op, i);
    uint32_t words[MAX_HYPERCALL_ARGS];
    memcpy(words, op->word, sizeof words);
    g_autoptr(GArray) fixes =
        fixes_of(x, op->item, (uint8_t *)words, (const uint8_t *)other->word, sizeof words);
    if (!fixes || !add_patches(x, op, PATCH_WORD, fixes) || !write_blobs(x, i))
        return false;
    if (plan->hook != PLAN_NOTHING)
        seq_kernel_hook(x->k, address_of(x, plan->hook), plan->hook_in_use);
    if (x->o->watch && plan->readable)
        watch(x, i, true);
    seq_kernel_call(x->k, op->nr, words, MAX_HYPERCALL_ARGS, FIXES(fixes));
    keep_results(x, op);
    if (plan->ends && !x->o->watch)
        return true;
    if (x->o->watch)
        say_watched(x, i, number);
    else
        say_call(x, i, number);
    if (plan->callbacks)
        seq_kernel_callbacks(x->k);
    return true;
}

static bool line(struct exporter *x, uint32_t i, unsigned *number)
{
    const struct seq_op *op = op_of(x, 0, i);
    switch (op->line) {
    case SEQ_CALL:
    case SEQ_MULTICALL:
        ++*number;
        return g_array_index(x->plan->ops, struct plan_op, i).left_out || call(x, i, *number);
    case SEQ_WRITE:
        return write_blobs(x, i);
    case SEQ_PTWRITE:
        return store(x, i);
    case SEQ_TIME:
        x->ns += op->ns;
        seq_kernel_wait(x->k, x->ns);
        return true;
    case SEQ_EXPECT:
        say_expect(x, i, *number);
        return true;
    default:
        return true;
    }
}

static void begin_watch(struct exporter *x)
{
    static const uint8_t no_grants[16];
    x->copy = seq_kernel_variable(x->k);
    for (unsigned i = 1; i < WATCHED_WORDS; i++)
        (void)seq_kernel_variable(x->k);
    if (x->nr_grants)
        seq_kernel_write_page(x->k, x->grant[0], 0, no_grants, sizeof no_grants, NULL, 0);
}

static bool emit(struct exporter *x)
{
    unsigned number = 0;
    x->ns = 0;
    memset(x->slot, 0, sizeof *x->slot * (x->plan->p[0]->nr_slots + 1u));
    find_grants(x);
    /* Page tables anywhere are the image's to ask for. */
    if (x->plan->w[0]->abi->abi != RING1_ABI_XEN_2_0)
        seq_kernel_assist(x->k, x->plan->w[0]->d->s.vm_assist & ~(1u << 3));
    if (x->o->watch)
        seq_kernel_no_ports(x->k);
    fill_ports(x);
    x->scratch = seq_kernel_variable(x->k);
    if (!set_up(x))
        return false;
    if (x->o->watch)
        begin_watch(x);
    for (uint32_t i = 0; i < x->plan->p[0]->ops->len; i++)
        if (!line(x, i, &number))
            return false;
    return true;
}

/* One of two goes: the first finds the size. */
static bool go(struct exporter *x, struct seq_kernel_site *site, struct seq_kernel_size *size, GBytes **elf)
{
    x->k = seq_kernel_new(x->plan->w[0]->abi, site);
    bool ok = emit(x);
    *size = seq_kernel_size(x->k);
    if (ok && elf)
        ok = (*elf = seq_kernel_finish(x->k, x->error)) != NULL;
    seq_kernel_free(x->k);
    g_clear_pointer(&x->grant, g_free);
    return ok;
}

static bool place_kernel(struct exporter *x, struct seq_kernel_site *site, const struct seq_kernel_size *size)
{
    uint32_t pages = site->pfn + size->pages_at_boot + 64;
    site->nr_slots = size->slots;
    site->nr_variables = size->variables + 1;
    site->nr_pages = (pages + PAGES_PER_MIB - 1) / PAGES_PER_MIB * PAGES_PER_MIB;
    site->va = seq_plan_room(x->plan, size->slots, site->pfn * RING1_PAGE_SIZE,
                             (size->pages_at_boot + 64) * RING1_PAGE_SIZE);
    if (site->va)
        return true;
    g_set_error(x->error, RING1_ERROR, RING1_ERROR_INPUT,
                "%s: cannot be exported: no %u KiB of addresses are free in every page table that it loads",
                x->plan->seq->file ? x->plan->seq->file : "sequence",
                size->slots * x->plan->slot_size / 1024);
    return false;
}

static bool export_plan(struct exporter *x, struct seq_export *out)
{
    const struct domain *d = x->plan->w[0]->d;
    struct seq_kernel_site site = {
        .file = x->o->file,
        .pfn = x->plan->w[0]->setup.nr_pages,
        .nr_pages = x->plan->w[0]->setup.nr_pages + 4096,
        .nr_slots = FIRST_SLOTS,
        .nr_variables = FIRST_VARIABLES,
        .extended_cr3 = d->s.vm_assist >> 3 & 1,
        .writable_tables = d->s.vm_assist >> 2 & 1,
    };
    struct seq_kernel_size size;
    site.va = seq_plan_room(x->plan, 1, 0, 8u << 20);
    if (!site.va)
        return place_kernel(x, &site, &(struct seq_kernel_size){.slots = 1});
    if (!seq_plan_run(x->plan, site.va, x->error) || !go(x, &site, &size, NULL))
        return false;
    size.pages += site.nr_pages / 1024 + 1;
    size.slots =
        (size.pages + x->plan->slot_size / RING1_PAGE_SIZE - 1) / (x->plan->slot_size / RING1_PAGE_SIZE);
    if (!place_kernel(x, &site, &size) || !seq_plan_run(x->plan, site.va, x->error))
        return false;
    x->expected = out->expected = g_string_new(NULL);
    if (!go(x, &site, &size, &out->elf))
        return false;
    out->memory_mib = site.nr_pages / PAGES_PER_MIB;
    out->nr_vcpus = x->plan->w[0]->setup.nr_vcpus;
    out->va = site.va;
    out->left_out = g_string_new(x->plan->left_out->str);
    return true;
}

bool seq_export(const struct seq *s, const struct seq_export_options *options, struct seq_export *out,
                GError **error)
{
    struct seq_plan *plan = seq_plan_new(s, options->skip_backends, error);
    *out = (struct seq_export){0};
    if (!plan)
        return false;
    struct exporter x = {
        .plan = plan, .slot = g_new0(uint32_t, plan->p[0]->nr_slots + 1u), .error = error, .o = options};
    bool ok = export_plan(&x, out);
    g_free(x.slot);
    seq_plan_free(plan);
    if (!ok)
        seq_export_clear(out);
    return ok;
}

void seq_export_clear(struct seq_export *e)
{
    g_clear_pointer(&e->elf, g_bytes_unref);
    if (e->expected)
        g_string_free(e->expected, TRUE);
    if (e->left_out)
        g_string_free(e->left_out, TRUE);
    *e = (struct seq_export){0};
}
