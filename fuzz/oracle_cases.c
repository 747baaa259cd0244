/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * oracle_cases.c - inputs of the fuzzer as cases for two hypervisors: what one of them
 * alone could know, frame numbers above all, does not stand in them.
 */
#include "oracle.h"

#include "debug/seq_export.h"
#include "idioms.h"
#include "to_seq.h"

#include <ring1/ring1.h>
#include <string.h>

struct oracle_maker {
    struct fuzz_grammars *grammars;
    struct fuzz_mutator *mutator;
    struct world *world;
    unsigned pair;
    bool given_back; /* frames, by a step before */
    struct fuzz_input in;
};

/* --- cases ----------------------------------------------------------------------------------------- */

struct oracle_case *oracle_case_new(const char *text, const char *file, GError **error)
{
    const struct seq_export_options options = {
        .watch = true, .skip_backends = true, .private = oracle_private()};
    struct seq_export out;
    struct seq *s = seq_parse(text, strlen(text), file, error);
    if (!s)
        return NULL;
    if (!seq_export(s, &options, &out, error)) {
        seq_free(s);
        return NULL;
    }
    struct oracle_case *c = g_new0(struct oracle_case, 1);
    c->seq = s;
    c->kernel = g_bytes_ref(out.elf);
    bool fits = out.memory_mib <= ORACLE_MEMORY_MIB && out.nr_vcpus <= ORACLE_VCPUS;
    seq_export_clear(&out);
    if (fits)
        return c;
    g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "%s: it wants more than %u MiB and %u vcpus", file,
                ORACLE_MEMORY_MIB, ORACLE_VCPUS);
    oracle_case_free(c);
    return NULL;
}

void oracle_case_free(void *p)
{
    struct oracle_case *c = p;
    if (!c)
        return;
    seq_free(c->seq);
    g_bytes_unref(c->kernel);
    g_free(c);
}

/* --- numbers ---------------------------------------------------------------------------------------- */

/* Frames below are the PC's, those from there on beyond every machine of the two. */
#define NR_GRANT_TABLE_OP 20u
#define FIRST_RAM         0x100u
#define NO_RAM            0x1000000u
#define NO_RAM_ADDRESS    0xC0000000u
/* In the place of others. */
#define NAMED_PAGES   48u
#define MORE_PAGES    2u
#define TABLES_AT_END 3u

static bool is_frame(uint8_t format)
{
    return format == FORMAT_MFN || format == FORMAT_FRAME || format == FORMAT_MADDR || format == FORMAT_PTE ||
           format == FORMAT_MMU_PTR || format == FORMAT_MMU_VAL;
}

static bool by_address(uint8_t format)
{
    return format != FORMAT_MFN && format != FORMAT_FRAME;
}

static bool has_page(const struct fuzz_said *v)
{
    if (v->kind == FUZZ_PAGE)
        return v->a < FUZZ_PAGES;
    unsigned special = (v->a >> 8) % FUZZ_NR_SPECIAL;
    return special == FUZZ_SHARED_INFO || special == FUZZ_CR3 ||
           (special == FUZZ_GRANT_FRAME && (v->a & 0xFFu) == 0);
}

/* A number in the place of a frame, or a frame in that of a number: a page's instead, or its address. */
static void tame(struct oracle_maker *m, const struct fuzz_slot *slot, struct fuzz_said *v)
{
    bool named = v->kind == FUZZ_PAGE || v->kind == FUZZ_SPECIAL;
    if (slot->role == FUZZ_POINTER && v->kind == FUZZ_NEAR) /* structures over each other */
        v->b = 0;
    if (slot->role == FUZZ_POINTER || slot->format == FORMAT_VA || slot->format == FORMAT_PFN)
        return;
    if (!is_frame(slot->format)) {
        if (named)
            *v = (struct fuzz_said){.slot = v->slot, .kind = FUZZ_PAGE, .a = v->a, .b = v->b & 0x1FFFu};
        return;
    }
    if (named && has_page(v))
        return;
    uint64_t value =
        named ? (uint64_t)FIRST_RAM << RING1_PAGE_SHIFT : fuzz_value(m->world, slot, v, fuzz_plain(slot));
    uint64_t frame = by_address(slot->format) ? (value & 0xFFFFFFFFFF000ull) >> RING1_PAGE_SHIFT : value;
    if (!named && (frame < FIRST_RAM || frame >= NO_RAM))
        return;
    *v = (struct fuzz_said){.slot = v->slot,
                            .kind = FUZZ_PAGE,
                            .a = (uint16_t)(FUZZ_RW_PFN + fuzz_roll(&m->mutator->random, NAMED_PAGES)),
                            .b = (uint32_t)(value & (RING1_PAGE_SIZE - 1))};
}

static const struct fuzz_slot number_slot = {.role = FUZZ_VALUE, .size = 8, .format = FORMAT_HEX};
static const struct fuzz_slot entry_slot = {.role = FUZZ_VALUE, .size = 8, .format = FORMAT_PTE};
static const struct fuzz_slot frame_slot = {.role = FUZZ_VALUE, .size = 4, .format = FORMAT_MFN};
static const struct fuzz_slot address_slot = {.role = FUZZ_VALUE, .size = 4, .format = FORMAT_VA};

static const struct fuzz_slot *slot_of(const struct fuzz_shape *shape, const struct fuzz_step *s, unsigned i)
{
    switch (s->what) {
    case FUZZ_WRITE:
        return i == 0 ? &frame_slot : &entry_slot;
    case FUZZ_STORE:
        return i == 0 ? &address_slot : &entry_slot;
    case FUZZ_GRANT:
        return i == 2 ? &frame_slot : &number_slot;
    case FUZZ_RAW:
    case FUZZ_TIME:
        return &number_slot;
    default:
        return s->said[i].slot < shape->nr_slots ? &shape->slots[s->said[i].slot] : NULL;
    }
}

/* Of a grant's operands what is a frame is not known; and what is mapped over arguments is seen when the
 * TLB forgets what was there. */
static void tame_grant(const struct oracle_maker *m, const struct fuzz_slot *slot, struct fuzz_said *v)
{
    if (v->kind == FUZZ_PAGE || v->kind == FUZZ_SPECIAL) {
        if (v->a < FUZZ_RW_PFN)
            v->a = (uint16_t)(v->a + FUZZ_RW_PFN);
        return;
    }
    uint64_t value = fuzz_value(m->world, slot, v, fuzz_plain(slot));
    if (value >= FIRST_RAM && value < NO_RAM_ADDRESS)
        *v = (struct fuzz_said){.slot = v->slot, .kind = FUZZ_NUMBER, .b = (uint32_t)(value % FIRST_RAM)};
}

/* Page tables of domain 0's, which has no vcpu where it is a judge's: one's own instead. */
static void tame_domain(const struct oracle_maker *m, const struct fuzz_slot *slot, struct fuzz_said *v)
{
    uint64_t value = fuzz_value(m->world, slot, v, fuzz_plain(slot));
    if ((value >> 16 & 0xFFFFu) == 1)
        *v = (struct fuzz_said){.slot = v->slot, .kind = FUZZ_NUMBER, .b = (uint32_t)value ^ 0x30000u};
}

/* A frame that was given back may be given out again, or another. */
static bool reuses_frames(struct oracle_maker *m, const struct fuzz_step *s)
{
    static const char *const gives_back[] = {"XENMEM_decrease_reservation", "XENMEM_exchange",
                                             "GNTTABOP_transfer", NULL};
    static const char *const takes[] = {"XENMEM_increase_reservation", "XENMEM_populate_physmap",
                                        "XENMEM_exchange", NULL};
    const struct fuzz_call *c = &fuzz_grammar_of(m->grammars, &m->in)->calls[s->call];
    if (!c->command)
        return false;
    bool reuses = m->given_back && g_strv_contains(takes, c->command->name);
    m->given_back |= g_strv_contains(gives_back, c->command->name);
    return reuses;
}

static bool tame_step(struct oracle_maker *m, struct fuzz_step *s)
{
    const struct fuzz_call *c = s->call >= 0 ? &fuzz_grammar_of(m->grammars, &m->in)->calls[s->call] : NULL;
    if (c && oracle_left_out(c->row->name, c->command ? c->command->name : NULL))
        return false;
    if (s->what == FUZZ_TIME || s->what == FUZZ_RAW || (c && reuses_frames(m, s)))
        return false;
    if (c && c->command && strcmp(c->command->name, "XENMEM_exchange") == 0)
        s->n = MIN(s->n, 1); /* how far it came depends on where Xen stopped */
    for (unsigned i = 0; i < s->nr_said; i++) {
        const struct fuzz_slot *slot = slot_of(c ? &c->shape[s->n] : NULL, s, i);
        if (slot && c && c->row->nr == NR_GRANT_TABLE_OP && slot->role == FUZZ_VALUE)
            tame_grant(m, slot, &s->said[i]);
        if (slot && slot->format == FORMAT_DOMID)
            tame_domain(m, slot, &s->said[i]);
        if (slot && slot->role != FUZZ_COMMAND)
            tame(m, slot, &s->said[i]);
        else if (slot)
            s->said[i] = (struct fuzz_said){.slot = s->said[i].slot, .kind = FUZZ_NEAR};
    }
    s->vcpu = 0;
    return true;
}

static void tame_input(struct oracle_maker *m)
{
    unsigned n = 0;
    m->in.preempt = 0;
    m->given_back = false;
    for (unsigned i = 0; i < m->in.nr_steps; i++)
        if (tame_step(m, &m->in.step[i])) {
            if (n != i)
                m->in.step[n] = m->in.step[i];
            n++;
        }
    m->in.nr_steps = (uint8_t)n;
}

/* --- text ---------------------------------------------------------------------------------------------- */

/* What stands there without a name is somebody's frame on one of the two only; and what follows
 * behind memory that is a little more has moved. */
static void tidy_value(struct seq_value *v)
{
    if (v->kind == SEQ_FRAME && v->number >= FIRST_RAM && v->number < NO_RAM) {
        v->kind = SEQ_MFN;
        v->number = FUZZ_RW_PFN + v->number % NAMED_PAGES;
    } else if (v->kind >= SEQ_MFN && v->kind <= SEQ_ADDRESS && !v->name &&
               v->number >= FUZZ_PAGES - TABLES_AT_END && v->number < FUZZ_PAGES) {
        v->number += MORE_PAGES;
    }
    for (struct seq_value *child = v->first; child; child = child->next)
        tidy_value(child);
}

/* A present entry, or a half of one, that is written as a number. */
static bool writes_a_frame(const struct seq_item *i)
{
    const struct seq_value *v = i->line == SEQ_WRITE || i->line == SEQ_PTWRITE ? i->value : NULL;
    uint64_t frame = v ? (v->number & 0xFFFFFFFFFF000ull) >> RING1_PAGE_SHIFT : 0;
    return v && v->kind == SEQ_NUMBER && (v->number & PTE_P) && frame >= FIRST_RAM && frame < NO_RAM;
}

static void tidy_items(struct seq_item **first, struct seq_item **last)
{
    struct seq_item **at = first;
    *last = NULL;
    while (*at) {
        struct seq_item *i = *at;
        bool ends = i->result && i->result->kind == SEQ_NAME && i->result->name[0] != '-';
        if ((i->line == SEQ_CALL && !i->name) || writes_a_frame(i)) { /* words say nothing of frames */
            *at = i->next;
            continue;
        }
        if (!ends) /* results are what the two are asked for; that it ends a kernel must know */
            i->result = NULL;
        for (struct seq_value *v = i->args; v; v = v->next)
            tidy_value(v);
        if (i->value)
            tidy_value(i->value);
        if (i->address)
            tidy_value(i->address);
        if (i->entries)
            tidy_items(&i->entries, &i->last_entry);
        *last = i;
        at = &i->next;
    }
}

/* Memory of another size: with FUZZ_PAGES frames of Xen's would have the same numbers in both worlds that a
 * kernel is made of (seq_export_plan.h). */
static void tidy(struct seq *s)
{
    tidy_items(&s->first, &s->last);
    for (struct seq_item *i = s->first; i; i = i->next)
        for (struct seq_value *v = i->line == SEQ_DOMAIN ? i->value->first : NULL; v; v = v->next)
            if (strcmp(v->label, "memory") == 0)
                v->number = (FUZZ_PAGES + MORE_PAGES) * RING1_PAGE_SIZE;
}

struct oracle_case *oracle_make(struct oracle_maker *m)
{
    struct fuzz_random *r = &m->mutator->random;
    fuzz_generate(m->mutator, m->pair, 4 + fuzz_roll(r, 18), &m->in);
    tame_input(m);
    if (m->in.nr_steps == 0)
        return NULL;
    struct seq *s = fuzz_to_seq(m->world, fuzz_grammar_of(m->grammars, &m->in), &m->in, FUZZ_NAMES, true);
    tidy(s);
    g_autoptr(GString) text = g_string_new(NULL);
    seq_print(s, text);
    seq_free(s);
    return oracle_case_new(text->str, "oracle", NULL);
}

struct oracle_maker *oracle_maker_new(uint64_t seed, GError **error)
{
    struct oracle_maker *m = g_new0(struct oracle_maker, 1);
    const struct abi *abi = abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    m->grammars = fuzz_grammars_new();
    m->mutator = fuzz_mutator_new(m->grammars, seed);
    while (m->pair + 1 < m->grammars->nr && m->grammars->of[m->pair]->abi != abi)
        m->pair++;
    m->world = fuzz_world_new(abi, error);
    if (m->world)
        return m;
    oracle_maker_free(m);
    return NULL;
}

void oracle_maker_free(struct oracle_maker *m)
{
    if (!m)
        return;
    world_free(m->world);
    fuzz_mutator_free(m->mutator);
    fuzz_grammars_free(m->grammars);
    g_free(m);
}
