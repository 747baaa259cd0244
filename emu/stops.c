/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * stops.c - see stops.h: what is to be stopped for. How the machine is run so that
 * nothing of it shows is stops_run.c.
 *
 * A breakpoint is a question that the engine asks before the instruction at that linear
 * address, in whatever frame it lies. Translations made before the question was there lack it, so
 * all are dropped then; a question whose breakpoint is gone stays, for gdb takes all of them
 * away and puts them back at each stop.
 */
#include "stops_priv.h"

#include "segments.h"

#include <string.h>

/* Questions without a breakpoint that are kept. */
#define KEPT_QUESTIONS 256u

void stops_attach(struct machine *m)
{
    if (m->stops)
        return;
    m->stops = g_new0(struct stops, 1);
    m->stops->breakpoints = g_hash_table_new(NULL, NULL);
    m->stops->asked_end = UINT64_MAX;
    m->stops->passed_entry = UINT32_MAX;
}

void stops_free(struct stops *s)
{
    if (!s)
        return;
    g_hash_table_unref(s->breakpoints);
    g_free(s);
}

void stops_detach(struct machine *m)
{
    if (!m->stops)
        return;
    cpu_ask_nowhere(m->cpu);
    machine_forget_all_code(m);
    m->domain->hold = NULL;
    stops_free(m->stops);
    m->stops = NULL;
}

void stops_restored(struct machine *m)
{
    struct stops *s = m->stops;
    if (!s)
        return;
    s->passed = STOP_NONE;
    s->asked_end = UINT64_MAX;
    s->let_through = s->pending = false;
}

/* --- breakpoints -------------------------------------------------------------------- */

static void ask_again(struct machine *m)
{
    GHashTableIter i;
    void *address;
    cpu_ask_nowhere(m->cpu);
    g_hash_table_iter_init(&i, m->stops->breakpoints);
    while (g_hash_table_iter_next(&i, &address, NULL))
        cpu_ask_at(m->cpu, GPOINTER_TO_UINT(address));
}

void stops_break(struct machine *m, uint32_t address)
{
    g_hash_table_add(m->stops->breakpoints, GUINT_TO_POINTER(address));
    if (cpu_asks_at(m->cpu, address))
        return;
    cpu_ask_at(m->cpu, address);
    machine_forget_all_code(m);
}

void stops_unbreak(struct machine *m, uint32_t address)
{
    g_hash_table_remove(m->stops->breakpoints, GUINT_TO_POINTER(address));
    if (cpu_nr_asked(m->cpu) > g_hash_table_size(m->stops->breakpoints) + KEPT_QUESTIONS) {
        ask_again(m);
        machine_forget_all_code(m);
    }
}

static bool is_branch(const struct insn *in)
{
    return (in->opcode >= 0x70 && in->opcode <= 0x7F) || (in->opcode >= 0xE0 && in->opcode <= 0xE3) ||
           in->opcode == 0xE9 || in->opcode == 0xEB || in->opcode == 0xFF ||
           (in->opcode >= 0x0F80 && in->opcode <= 0x0F8F);
}

/* Another turn of a repeated instruction, or one that the engine begins anew since it writes
 * into its own block: not another time that it is come to. Both are alone in a block that
 * follows the one in which they were asked at; so is a branch to itself. */
static bool is_the_same(struct machine *m, uint32_t address, const struct cpu_block *block)
{
    struct stops *s = m->stops;
    struct vcpu *v = m->current;
    bool loaded = v->regs_loaded, again = s->asked_at == address && s->asked_end == cpu_clock(m->cpu);
    s->asked_at = address;
    s->asked_end = block->end;
    if (!again)
        return false;
    const struct insn *in = insn_at(m->insns, v);
    v->regs_loaded = loaded;
    return in && block->start == address && block->size == in->length && !is_branch(in);
}

bool stops_code(void *machine, uint32_t address, const struct cpu_block *block)
{
    struct machine *m = machine;
    struct stops *s = m->stops;
    if (!s || !g_hash_table_contains(s->breakpoints, GUINT_TO_POINTER(address)))
        return false;
    bool again = is_the_same(m, address, block);
    if (again ||
        (s->passed != STOP_NONE && s->passed_clock == cpu_clock(m->cpu) && s->passed_vcpu == m->current->id))
        return false;
    if (stops_report(m, STOP_BREAKPOINT))
        s->last.address = address;
    return true;
}

/* --- watchpoints -------------------------------------------------------------------- */

bool stops_watch(struct machine *m, uint32_t address, uint32_t size, enum ring1_watch_kind kind)
{
    struct stops *s = m->stops;
    if (s->nr_watches == MAX_WATCHES || size == 0)
        return false;
    s->watch[s->nr_watches++] = (struct watch_range){address, size, kind};
    machine_flush_tlb(m);
    return true;
}

void stops_unwatch(struct machine *m, uint32_t address, uint32_t size, enum ring1_watch_kind kind)
{
    struct stops *s = m->stops;
    for (unsigned i = 0; i < s->nr_watches; i++) {
        struct watch_range *w = &s->watch[i];
        if (w->address == address && w->size == size && w->kind == kind) {
            *w = s->watch[--s->nr_watches];
            return;
        }
    }
}

/* Ranges may wrap at 4 GiB, as addresses do. */
static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
    return b - a < a_size || a - b < b_size;
}

/* What may be executed may be read. */
bool stops_withholds(struct machine *m, uint32_t page, enum access access)
{
    struct stops *s = m->stops;
    if (s->let_through || m->step.armed || m->table_copied)
        return false;
    for (unsigned i = 0; i < s->nr_watches; i++) {
        const struct watch_range *w = &s->watch[i];
        bool matters = (w->kind & RING1_WATCH_READ) || access == ACCESS_WRITE;
        if (matters && overlap(page, RING1_PAGE_SIZE, w->address, w->size)) {
            s->withheld = true;
            return true;
        }
    }
    return false;
}

static uint32_t hits_of(const struct stops *s, uint32_t address, uint32_t size, bool writes, bool reads)
{
    unsigned kinds = (writes ? RING1_WATCH_WRITE : 0u) | (reads ? RING1_WATCH_READ : 0u);
    uint32_t hits = 0;
    for (unsigned i = 0; i < s->nr_watches; i++)
        if ((s->watch[i].kind & kinds) && overlap(address, size, s->watch[i].address, s->watch[i].size))
            hits |= 1u << i;
    return hits;
}

uint32_t stops_find_hits(struct machine *m, struct vcpu *v)
{
    const struct insn *in = insn_at(m->insns, v);
    uint32_t hits = 0, address;
    for (unsigned i = 0; in && i < in->nr_operands; i++) {
        const struct insn_operand *op = &in->operands[i];
        uint32_t size = segments_operand_bytes(v, in, op);
        if (size && insn_operand_address(v, op, &address))
            hits |= hits_of(m->stops, address, size, op->writes, op->reads || !op->writes);
    }
    return hits;
}

void stops_report_hits(struct machine *m, uint32_t hits)
{
    struct stops *s = m->stops;
    for (unsigned i = 0; i < s->nr_watches; i++) {
        const struct watch_range *w = &s->watch[i];
        if ((hits >> i & 1u) && stops_report(m, STOP_WATCHPOINT)) {
            s->last.address = w->address;
            s->last.size = w->size;
            s->last.watch = w->kind;
        }
    }
}

/* Parts of a watchpoint, by page. Nothing changes by looking. */
static void find_watched(struct vcpu *v, const struct watch_range *w, struct watched *out)
{
    uint32_t first = MIN(w->size, RING1_PAGE_SIZE - w->address % RING1_PAGE_SIZE);
    const uint32_t start[2] = {w->address, w->address + first}, len[2] = {first, w->size - first};
    for (unsigned i = 0; i < 2; i++) {
        struct walk walk;
        out->at[i] = NULL;
        out->len[i] = len[i];
        if (len[i] == 0 || guest_walk(v, GVA(start[i]), ACCESS_READ, false, false, &walk) != WALK_OK)
            continue;
        out->at[i] = (const uint8_t *)frame_ptr(v->domain->mem, walk.mfn) + start[i] % RING1_PAGE_SIZE;
        memcpy(out->bytes + (i ? first : 0), out->at[i], len[i]);
    }
}

void stops_note_watched(struct machine *m, struct vcpu *v)
{
    struct stops *s = m->stops;
    for (unsigned i = 0; i < s->nr_watches; i++)
        if (s->watch[i].kind & RING1_WATCH_WRITE)
            find_watched(v, &s->watch[i], &s->watched[i]);
}

uint32_t stops_changed(struct machine *m)
{
    struct stops *s = m->stops;
    uint32_t changed = 0;
    for (unsigned i = 0; i < s->nr_watches; i++) {
        const struct watched *w = &s->watched[i];
        if (!(s->watch[i].kind & RING1_WATCH_WRITE))
            continue;
        for (unsigned part = 0; part < 2; part++)
            if (w->at[part] && memcmp(w->bytes + (part ? w->len[0] : 0), w->at[part], w->len[part]) != 0)
                changed |= 1u << i;
    }
    return changed;
}

bool stops_walked(struct machine *m)
{
    uint32_t changed = stops_changed(m);
    m->stops->walked |= changed;
    if (m->stops->let_through || m->step.armed || m->table_copied)
        return false; /* it is one */
    m->stops->withheld |= changed != 0;
    return changed != 0;
}

/* --- calls -------------------------------------------------------------------------- */

void stops_catch(struct machine *m, ring1_catch_fn fn, void *user)
{
    m->stops->catch = fn;
    m->stops->catch_user = user;
}

/* --- places ------------------------------------------------------------------------ */

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

int ring1_place_compare(const struct ring1_place *a, const struct ring1_place *b)
{
    int order = compare(a->ns, b->ns);
    order = order ? order : compare(a->calls, b->calls);
    order = order ? order : compare(a->entry, b->entry);
    return order ? order : compare(a->looked, b->looked);
}

/* --- the next run ------------------------------------------------------------------- */

void stops_step(struct machine *m, unsigned vcpu)
{
    m->stops->step_wanted = true;
    m->stops->step_vcpu = vcpu;
}

void stops_at(struct machine *m, const struct ring1_place *place)
{
    m->stops->place_wanted = true;
    m->stops->place = *place;
}

void stops_not_seen(struct machine *m)
{
    if (m->stops && m->stops->passed == STOP_PLACE)
        m->stops->passed = STOP_NONE;
}

struct ring1_place stops_place(const struct machine *m)
{
    uint64_t clock = cpu_clock(m->cpu);
    const struct held_call *held = &m->domain->s.held;
    return (struct ring1_place){.ns = clock,
                                .calls = m->s.hypercalls,
                                .entry = held->active ? held->next : 0,
                                .looked = m->s.looked == clock};
}

const struct stop *stops_last(const struct machine *m)
{
    return &m->stops->last;
}

bool stops_report(struct machine *m, enum stop_kind kind)
{
    struct stops *s = m->stops;
    if (s->pending)
        return false;
    s->pending = true;
    s->last = (struct stop){.kind = kind, .vcpu = m->current->id};
    return true;
}
