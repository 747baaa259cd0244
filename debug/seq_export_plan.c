/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_export_plan.c - see seq_export_plan.h.
 */
#include "seq_export_plan.h"

#include "dispatch/page_type.h"
#include "dispatch/run_queue.h"

#include <ring1/ring1.h>
#include <string.h>

enum { NR_SET_CALLBACKS = 4, NR_MULTICALL = 13, NR_EVTCHN_OLD = 16, NR_CALLBACK_OP = 30, NR_EVTCHN = 32 };
#define EVTCHNOP_SEND 4u

static bool refuse_line(struct seq_plan *plan, const struct seq_item *item, const char *what)
{
    if (!plan->error)
        g_set_error(&plan->error, RING1_ERROR, RING1_ERROR_INPUT, "%s:%u: %s",
                    plan->seq->file ? plan->seq->file : "sequence", item->pos.line, what);
    return false;
}

/* --- frames ------------------------------------------------------------------------------- */

static GHashTable *name_frames(const struct world *w)
{
    GHashTable *frames = g_hash_table_new(NULL, NULL);
    for (uint32_t pfn = 0; pfn < w->setup.nr_pages; pfn++)
        g_hash_table_insert(frames, GUINT_TO_POINTER(w->p2m[pfn]), GUINT_TO_POINTER(pfn));
    g_hash_table_insert(frames, GUINT_TO_POINTER(w->d->s.shared_info.mfn),
                        GUINT_TO_POINTER(PLAN_SHARED_INFO));
    for (unsigned i = 0; i < w->d->s.grant.nr_frames; i++)
        g_hash_table_insert(frames, GUINT_TO_POINTER(w->d->s.grant.frames[i].mfn),
                            GUINT_TO_POINTER(PLAN_GRANT + i));
    return frames;
}

static uint32_t frame_named(const struct seq_plan *plan, unsigned world, uint32_t mfn)
{
    gpointer what;
    bool known = g_hash_table_lookup_extended(plan->frames[world], GUINT_TO_POINTER(mfn), NULL, &what);
    return known ? GPOINTER_TO_UINT(what) : PLAN_NOTHING;
}

static uint32_t same_frame(const struct seq_plan *plan, uint32_t a, uint32_t b)
{
    uint32_t what = frame_named(plan, 0, a);
    return what == frame_named(plan, 1, b) ? what : PLAN_NOTHING;
}

bool seq_plan_fixes(const struct seq_plan *plan, uint8_t *bytes, const uint8_t *other, uint32_t len,
                    GArray *fixes)
{
    bool wide = plan->w[0]->abi->pte_size == 8;
    for (uint32_t at = 0; at < len; at += 4) {
        uint32_t a = 0, b = 0, left, n = MIN(4, len - at);
        memcpy(&a, bytes + at, n);
        memcpy(&b, other + at, n);
        if (a == b)
            continue;
        struct plan_fix fix = {at, same_frame(plan, a, b), 0};
        left = 0;
        if (fix.frame == PLAN_NOTHING) {
            fix.frame = same_frame(plan, a >> RING1_PAGE_SHIFT, b >> RING1_PAGE_SHIFT);
            fix.how = SEQ_FIX_MADDR | (wide && at + 8 <= len ? SEQ_FIX_WIDE : 0);
            left = a & (RING1_PAGE_SIZE - 1);
            if ((a ^ b) & (RING1_PAGE_SIZE - 1))
                return false;
        }
        if (fix.frame == PLAN_NOTHING || n < 4)
            return false;
        memcpy(bytes + at, &left, 4);
        g_array_append_val(fixes, fix);
    }
    return true;
}

/* --- addresses ------------------------------------------------------------------------------ */

static const struct seq_op *op_of(const struct seq_plan *plan, unsigned world, uint32_t i)
{
    return &g_array_index(plan->p[world]->ops, struct seq_op, i);
}

/* Slots of L2 tables that are in use below the vcpu's top-level table. */
static void note_slots(struct seq_plan *plan)
{
    struct domain *d = plan->w[0]->d;
    const struct abi *abi = d->abi;
    mfn_t top = run_queue_current(d)->cr3;
    unsigned per_l3 = abi->levels == 3 ? 512 : 1024, hole = plan->nr_slots;
    for (unsigned l3 = 0; l3 < (abi->levels == 3 ? 4u : 1u); l3++) {
        uint64_t e = abi->levels == 3 ? pte_read(d, top, l3) : PTE_P | (uint64_t)top.mfn << RING1_PAGE_SHIFT;
        for (unsigned i = 0; i < per_l3 && l3 * per_l3 + i < hole; i++)
            if (!(e & PTE_P) || (pte_read(d, pte_mfn(e), i) & PTE_P))
                plan->slots[l3 * per_l3 + i] = 1;
    }
}

/* The L2 in which the kernel's entries stand, below a top-level table. */
static bool l2_of(const struct seq_plan *plan, mfn_t top, mfn_t *l2)
{
    const struct domain *d = plan->w[0]->d;
    *l2 = top;
    if (d->abi->levels == 2)
        return true;
    uint64_t e = pte_read(d, top, plan->va >> 30);
    *l2 = pte_mfn(e);
    return e & PTE_P;
}

uint32_t seq_plan_room(const struct seq_plan *plan, uint32_t slots, uint32_t least, uint32_t bytes)
{
    uint32_t hole = plan->w[0]->abi->hole;
    for (uint32_t i = plan->nr_slots; i-- > 0;) {
        uint32_t va = i * plan->slot_size, n = 0;
        if ((uint64_t)va + bytes > hole || i + slots > plan->nr_slots)
            continue;
        if (va < least)
            break;
        while (n < slots && !plan->slots[i + n])
            n++;
        if (n == slots)
            return va;
    }
    return 0;
}

/* --- the runs ----------------------------------------------------------------------------------- */

/* A table becomes the one in CR3 by the op before: it must have had the entries. */
static void note_top(struct seq_plan *plan, uint32_t op)
{
    mfn_t top = run_queue_current(plan->w[0]->d)->cr3, l2;
    uint32_t pfn = frame_named(plan, 0, top.mfn);
    if (pfn == plan->top)
        return;
    plan->top = pfn;
    g_array_append_val(plan->tops, pfn);
    if (op == 0 || !plan->second || !l2_of(plan, top, &l2))
        return;
    g_array_index(plan->ops, struct plan_op, op - 1).hook = frame_named(plan, 0, l2.mfn);
}

static void add_place(struct seq_plan *plan, const struct plan_place *place)
{
    g_array_append_val(plan->places, *place);
    g_array_index(plan->ops, struct plan_op, plan->ops->len - 1).nr_places++;
}

static bool frame_is_open(const struct seq_plan *plan, mfn_t mfn)
{
    const struct frame *f = frame_info(plan->w[0]->mem, mfn);
    return f->type_count == 0 || f->type == PGT_writable;
}

/* Bytes at va: the guest's own tables let it write, or the kernel maps the frame. */
static bool place_at(struct seq_plan *plan, const struct seq_item *item, uint32_t va, uint32_t len)
{
    struct vcpu *v = run_queue_current(plan->w[0]->d);
    while (len > 0) {
        uint32_t part = MIN(len, RING1_PAGE_SIZE - va % RING1_PAGE_SIZE);
        struct walk walk;
        if (guest_walk(v, GVA(va), ACCESS_READ, false, false, &walk) != WALK_OK)
            return refuse_line(plan, item, "an address that is not mapped");
        struct plan_place place = {va, frame_named(plan, 0, walk.mfn.mfn), va % RING1_PAGE_SIZE, part};
        if (!walk.writable) {
            if (!frame_is_open(plan, walk.mfn) || place.frame == PLAN_NOTHING)
                return refuse_line(plan, item,
                                   "cannot be exported: it writes to a page that a kernel cannot write to");
            place.va = 0;
        }
        add_place(plan, &place);
        va += part;
        len -= part;
    }
    return true;
}

/* The frame is one that an earlier call gave. */
static bool is_given(const struct seq_plan *plan, const struct seq_op *op)
{
    for (uint32_t i = 0; i < op->nr_patches; i++)
        if (g_array_index(plan->p[0]->patches, struct seq_patch, op->first_patch + i).blob == PATCH_WORD)
            return true;
    return false;
}

static bool place_of_machine(struct seq_plan *plan, const struct seq_op *op, uint32_t len)
{
    uint64_t at = (uint64_t)op->word[1] << 32 | op->word[0];
    mfn_t mfn = MFN((uint32_t)(at >> RING1_PAGE_SHIFT));
    uint32_t frame = frame_named(plan, 0, mfn.mfn);
    if (is_given(plan, op) || frame == PLAN_NOTHING || !frame_is_open(plan, mfn))
        return refuse_line(plan, op->item,
                           "cannot be exported: it writes to a frame that a kernel cannot write to");
    add_place(plan, &(struct plan_place){0, frame, (uint32_t)(at % RING1_PAGE_SIZE), len});
    return true;
}

static bool note_places(struct seq_plan *plan, const struct seq_op *op)
{
    const struct seq_blob *b = &g_array_index(plan->p[0]->blobs, struct seq_blob, op->first_blob);
    if (op->line == SEQ_PTWRITE)
        return true;
    if (op->line == SEQ_WRITE && op->nr_blobs)
        return op->ns ? place_of_machine(plan, op, b->len) : place_at(plan, op->item, op->word[0], b->len);
    for (uint32_t i = 0; i < op->nr_blobs; i++)
        if (!place_at(plan, op->item, b[i].va, b[i].len))
            return false;
    return true;
}

/* Events sent to a back end: without one there is no such port. */
static bool needs_backend(const struct seq_plan *plan, const struct seq_op *op)
{
    const struct domain *d = plan->w[0]->d;
    const uint8_t *bytes = plan->p[0]->bytes->data;
    const struct seq_blob *b = &g_array_index(plan->p[0]->blobs, struct seq_blob, op->first_blob);
    uint32_t nr = op->row ? op->row->nr : 0, n = op->nr_blobs, cmd = op->word[0], port, at = 0;
    if (n == 0 || (nr != NR_EVTCHN && nr != NR_EVTCHN_OLD))
        return false;
    b += n - 1; /* the first may be an empty arena */
    if (nr == NR_EVTCHN_OLD) {
        memcpy(&cmd, bytes + b->offset, 4);
        at = d->abi->abi == RING1_ABI_XEN_2_0 ? 8 : 4;
    }
    if (cmd != EVTCHNOP_SEND || b->len < at + 4)
        return false;
    memcpy(&port, bytes + b->offset + at, 4);
    return port < NR_EVTCHNS && d->s.evtchn[port].kind == ECS_INTERDOMAIN &&
           d->s.evtchn[port].backend != BACKEND_NONE;
}

static void begin_op(struct seq_plan *plan, uint32_t i)
{
    const struct seq_op *op = op_of(plan, 0, i);
    uint32_t nr = op->row ? op->row->nr : 0;
    struct plan_op new = {
        .first_place = plan->places->len,
        .hook = PLAN_NOTHING,
        .callbacks = nr == NR_SET_CALLBACKS || nr == NR_CALLBACK_OP || nr == NR_MULTICALL,
    };
    new.left_out = plan->skip_backends &&needs_backend(plan, op);
    g_array_append_val(plan->ops, new);
    if (new.left_out)
        g_string_append_printf(plan->left_out, "%s:%u: it needs a back end's domain\n",
                               plan->seq->file ? plan->seq->file : "sequence", op->item->pos.line);
    if (op->vcpu != 0)
        refuse_line(plan, op->item, "cannot be exported: a kernel makes the calls of vcpu 0 alone");
    else
        note_places(plan, op);
}

static bool is_readable(const struct seq_plan *plan, const struct seq_op *op)
{
    const struct seq_blob *b = &g_array_index(plan->p[0]->blobs, struct seq_blob, op->first_blob);
    struct walk walk;
    for (uint32_t i = 0; i < op->nr_blobs; i++)
        for (uint32_t page = b[i].va & ~(RING1_PAGE_SIZE - 1); b[i].len && page < b[i].va + b[i].len;
             page += RING1_PAGE_SIZE)
            if (guest_walk(run_queue_current(plan->w[0]->d), GVA(page), ACCESS_READ, false, false, &walk) !=
                WALK_OK)
                return false;
    return true;
}

static void end_op(struct seq_plan *plan)
{
    struct plan_op *op = &g_array_index(plan->ops, struct plan_op, plan->ops->len - 1);
    op->readable = is_readable(plan, op_of(plan, 0, plan->ops->len - 1));
    op->result = (int32_t)run_queue_current(plan->w[0]->d)->regs.eax;
    op->ends = world_ended(plan->w[0]);
}

static void on_op(void *user, uint32_t i)
{
    struct seq_plan *plan = user;
    note_slots(plan);
    note_top(plan, i);
    if (!plan->second)
        return;
    if (i > 0)
        end_op(plan);
    if (i < plan->p[0]->ops->len && !plan->error)
        begin_op(plan, i);
}

static bool run(struct seq_plan *plan, seq_run_hook hook, GError **error)
{
    GByteArray *bytes = plan->p[0]->bytes;
    g_autofree uint8_t *before = g_memdup2(bytes->data, bytes->len);
    world_reset(plan->w[0]);
    plan->top = PLAN_NOTHING;
    seq_run_watched(plan->p[0], plan->w[0], &plan->report, hook, plan);
    if (bytes->len) /* results of earlier calls were put in */
        memcpy(bytes->data, before, bytes->len);
    g_autoptr(GString) text = g_string_new(NULL);
    seq_report_print(&plan->report, plan->seq, text);
    if (plan->report.outcome != SEQ_AGREES && !plan->error)
        g_set_error(&plan->error, RING1_ERROR, RING1_ERROR_INPUT, "%s", g_strchomp(text->str));
    seq_report_clear(&plan->report);
    if (!plan->error)
        return true;
    g_propagate_error(error, g_steal_pointer(&plan->error));
    return false;
}

/* Whether those L2 tables are in use when their ops come: known when their ops are. */
static void on_hook(void *user, uint32_t i)
{
    struct seq_plan *plan = user;
    if (i >= plan->ops->len)
        return;
    struct plan_op *op = &g_array_index(plan->ops, struct plan_op, i);
    if (op->hook == PLAN_NOTHING || op->hook >= plan->w[0]->setup.nr_pages)
        return;
    const struct frame *f = frame_info(plan->w[0]->mem, MFN(plan->w[0]->p2m[op->hook]));
    op->hook_in_use = f->type == PGT_l2_table && f->type_count > 0;
}

bool seq_plan_run(struct seq_plan *plan, uint32_t va, GError **error)
{
    plan->second = true;
    plan->va = va;
    g_array_set_size(plan->ops, 0);
    g_array_set_size(plan->places, 0);
    g_string_truncate(plan->left_out, 0);
    bool ok = run(plan, on_op, error) && run(plan, on_hook, error);
    world_reset(plan->w[0]);
    return ok;
}

static bool make_worlds(struct seq_plan *plan, GError **error)
{
    static const enum ring1_mfn_mode modes[2] = {RING1_MFN_IDENTITY, RING1_MFN_OFFSET};
    for (unsigned i = 0; i < 2; i++) {
        if (!(plan->w[i] = seq_world_numbered(plan->seq, modes[i], error)) ||
            !(plan->p[i] = seq_compile(plan->seq, plan->w[i], error)))
            return false;
        plan->frames[i] = name_frames(plan->w[i]);
    }
    return true;
}

struct seq_plan *seq_plan_new(const struct seq *s, bool skip_backends, GError **error)
{
    struct seq_plan *plan = g_new0(struct seq_plan, 1);
    plan->seq = s;
    plan->skip_backends = skip_backends;
    plan->ops = g_array_new(FALSE, FALSE, sizeof(struct plan_op));
    plan->places = g_array_new(FALSE, FALSE, sizeof(struct plan_place));
    plan->tops = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    plan->left_out = g_string_new(NULL);
    if (make_worlds(plan, error)) {
        const struct abi *abi = plan->w[0]->abi;
        plan->slot_size = abi->ptes_per_page * RING1_PAGE_SIZE;
        plan->nr_slots = abi->hole / plan->slot_size;
        plan->slots = g_malloc0(plan->nr_slots);
        if (run(plan, on_op, error))
            return plan;
    }
    seq_plan_free(plan);
    return NULL;
}

void seq_plan_free(struct seq_plan *plan)
{
    if (!plan)
        return;
    for (unsigned i = 0; i < 2; i++) {
        seq_program_free(plan->p[i]);
        world_free(plan->w[i]);
        if (plan->frames[i])
            g_hash_table_unref(plan->frames[i]);
    }
    g_array_unref(plan->ops);
    g_array_unref(plan->places);
    g_array_unref(plan->tops);
    g_string_free(plan->left_out, TRUE);
    g_free(plan->slots);
    g_clear_error(&plan->error);
    g_free(plan);
}
