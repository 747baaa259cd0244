/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * mutate.c - see mutate.h.
 */
#include "mutate.h"

#include "idioms.h"
#include "values.h"

#include <string.h>

/* How often calls of a kind are made: those that only say no, seldom. */
static unsigned weight_of(const struct fuzz_call *c)
{
    static const struct {
        const char *class;
        unsigned weight;
    } weights[] = {
        {"memory", 24}, {"grant", 16}, {"event", 8}, {"cpu", 8}, {"sched", 4}, {"trap", 6}, {"control", 1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(weights); i++)
        if (strcmp(c->row->class, weights[i].class) == 0)
            return weights[i].weight;
    return 2;
}

struct fuzz_mutator *fuzz_mutator_new(const struct fuzz_grammars *g, uint64_t seed)
{
    struct fuzz_mutator *m = g_new0(struct fuzz_mutator, 1);
    m->grammars = g;
    m->page = FUZZ_RW_PFN;
    fuzz_seed(&m->random, seed);
    for (unsigned i = 0; i < g->nr; i++) {
        const struct fuzz_grammar *of = g->of[i];
        unsigned sum = 0;
        m->weight[i] = g_new(unsigned, of->nr_calls);
        for (unsigned k = 0; k < of->nr_calls; k++)
            m->weight[i][k] = sum += weight_of(&of->calls[k]);
    }
    return m;
}

void fuzz_mutator_free(struct fuzz_mutator *m)
{
    if (!m)
        return;
    for (unsigned i = 0; i < m->grammars->nr; i++)
        g_free(m->weight[i]);
    g_free(m);
}

static uint32_t roll(struct fuzz_mutator *m, uint32_t bound)
{
    return fuzz_roll(&m->random, bound);
}

static bool chance(struct fuzz_mutator *m, unsigned percent)
{
    return roll(m, 100) < percent;
}

/* --- numbers ----------------------------------------------------------------------------------- */

static uint16_t page(struct fuzz_mutator *m)
{
    if (chance(m, 35))
        return m->page;
    switch (roll(m, 16)) {
    case 0 ... 4:
        m->page = (uint16_t)(FUZZ_RW_PFN + roll(m, FUZZ_RW_PAGES));
        break;
    case 5 ... 8:
        m->page = (uint16_t)(FUZZ_RO_PFN + roll(m, 4));
        break;
    case 9:
        m->page = (uint16_t)(FUZZ_RO_PFN + roll(m, FUZZ_RO_PAGES));
        break;
    case 10 ... 13:
        m->page = (uint16_t)(FUZZ_TABLE_PFN + roll(m, 11));
        break;
    case 14:
        m->page = (uint16_t)(FUZZ_PAGES - 1 - roll(m, 3));
        break;
    default:
        m->page = (uint16_t)roll(m, FUZZ_PAGES);
    }
    return m->page;
}

static struct fuzz_said frame(struct fuzz_mutator *m, uint32_t b)
{
    if (chance(m, 94))
        return (struct fuzz_said){.kind = FUZZ_PAGE, .a = page(m), .b = b};
    return (struct fuzz_said){
        .kind = FUZZ_SPECIAL, .a = (uint16_t)(roll(m, FUZZ_NR_SPECIAL) << 8 | roll(m, 20)), .b = b};
}

static uint32_t entry_flags(struct fuzz_mutator *m)
{
    static const uint32_t flags[] = {0x67, 0x63, 0x61, 0x27, 0x23, 0x21, 0x25, 0x01, 0x03, 0x05, 0x00, 0x65};
    uint32_t f = flags[roll(m, G_N_ELEMENTS(flags))];
    if (chance(m, 8))
        f ^= 1u << roll(m, 12);
    return chance(m, 3) ? f | 1u << 31 : f;
}

static struct fuzz_said odd(struct fuzz_mutator *m)
{
    return (struct fuzz_said){
        .kind = FUZZ_ODD, .a = (uint16_t)roll(m, fuzz_nr_odd), .b = chance(m, 25) ? roll(m, 9) - 4u : 0};
}

static struct fuzz_said number(uint32_t b)
{
    return (struct fuzz_said){.kind = FUZZ_NUMBER, .b = b};
}

static struct fuzz_said small(struct fuzz_mutator *m)
{
    return number(roll(m, 2u << roll(m, 5)));
}

/* An address: of a page, behind memory where nothing is mapped yet, or of an array. */
static struct fuzz_said address(struct fuzz_mutator *m)
{
    uint32_t low = chance(m, 70) ? 0 : roll(m, 1024) * 4;
    uint16_t at = chance(m, 25) ? (uint16_t)(FUZZ_PAGES + roll(m, 8)) : page(m);
    return (struct fuzz_said){.kind = FUZZ_PAGE, .a = at, .b = low};
}

/* The entry of a table's address that a machine address names. */
static uint32_t entry_place(struct fuzz_mutator *m)
{
    static const uint16_t places[] = {0, 1, 2, 3, 4, 5, 511, 768, 255, 256};
    uint32_t index = chance(m, 85) ? places[roll(m, G_N_ELEMENTS(places))] : roll(m, 1024);
    return index * 8 & (RING1_PAGE_SIZE - 1);
}

/* What the place wants, mostly. */
static struct fuzz_said good(struct fuzz_mutator *m, const struct fuzz_slot *slot)
{
    switch (slot->format) {
    case FORMAT_PTE:
    case FORMAT_MMU_VAL:
        return chance(m, 12) ? number(0) : frame(m, entry_flags(m));
    case FORMAT_MMU_PTR:
        return frame(m, entry_place(m) | (chance(m, 85) ? roll(m, 3) : roll(m, 8)));
    case FORMAT_MADDR:
        return frame(m, entry_place(m));
    case FORMAT_MFN:
        return frame(m, 0);
    case FORMAT_FRAME:
        return frame(m, roll(m, 4) != 0);
    case FORMAT_PFN:
    case FORMAT_VA:
        return address(m);
    case FORMAT_PORT:
        return number(roll(m, 8));
    case FORMAT_DOMID:
        return chance(m, 80) ? number(0x7FF0) : chance(m, 60) ? number(roll(m, 2)) : odd(m);
    case FORMAT_SELECTOR:
        return chance(m, 60) ? number(chance(m, 50) ? 0xE019 : 0xE021) : odd(m);
    case FORMAT_NS:
    case FORMAT_NS_HL:
        return (struct fuzz_said){.kind = FUZZ_NUMBER, .b = roll(m, 1u << (10 + roll(m, 21)))};
    case FORMAT_UVM_FLAGS:
        return number(roll(m, 8));
    case FORMAT_NAMES:
        return (struct fuzz_said){
            .kind = FUZZ_NAME, .a = (uint16_t)roll(m, 32), .b = chance(m, 50) ? roll(m, 32) : 0};
    case FORMAT_DESCRIPTOR:
        return chance(m, 50)
                   ? (struct fuzz_said){.kind = FUZZ_HIGH, .a = 0xFFFF, .b = 0x00CFBA00 ^ roll(m, 4) << 13}
                   : odd(m);
    case FORMAT_HEX:
        return chance(m, 40) ? address(m) : odd(m);
    default:
        return chance(m, 75) ? small(m) : odd(m);
    }
}

static struct fuzz_said bad(struct fuzz_mutator *m)
{
    switch (roll(m, 6)) {
    case 0:
        return (struct fuzz_said){.kind = FUZZ_BIT, .a = (uint16_t)roll(m, 64), .b = roll(m, 3) - 1u};
    case 1:
        return (struct fuzz_said){.kind = FUZZ_HIGH, .a = (uint16_t)roll(m, 65536), .b = roll(m, UINT32_MAX)};
    case 2:
        return number(roll(m, UINT32_MAX));
    case 3:
        return (struct fuzz_said){.kind = FUZZ_NEAR, .b = roll(m, 17) - 8u};
    case 4:
        return frame(m, roll(m, 1u << 14));
    default:
        return odd(m);
    }
}

static struct fuzz_said value(struct fuzz_mutator *m, const struct fuzz_slot *slot)
{
    struct fuzz_said v = slot->role == FUZZ_VALUE && chance(m, 90) ? good(m, slot) : bad(m);
    if (slot->role == FUZZ_POINTER && chance(m, 70))
        v = address(m);
    if (slot->role == FUZZ_COUNT && chance(m, 60))
        v = small(m);
    else if (slot->role == FUZZ_COUNT && chance(m, 40)) /* right but for its upper bits */
        v = (struct fuzz_said){
            .kind = FUZZ_BIT, .a = (uint16_t)(7u + roll(m, 4) * 8u + roll(m, 2)), .b = slot->plain};
    return v;
}

/* --- steps -------------------------------------------------------------------------------------- */

static const struct fuzz_shape *shape_of(const struct fuzz_mutator *m, const struct fuzz_input *in,
                                         const struct fuzz_step *s)
{
    return &fuzz_grammar_of(m->grammars, in)->calls[s->call].shape[s->n];
}

static void fill(struct fuzz_mutator *m, const struct fuzz_input *in, struct fuzz_step *s)
{
    static const uint8_t often[] = {
        [FUZZ_VALUE] = 80, [FUZZ_COUNT] = 6, [FUZZ_COMMAND] = 2, [FUZZ_POINTER] = 4, [FUZZ_TEXT] = 30};
    const struct fuzz_shape *shape = shape_of(m, in, s);
    s->nr_said = 0;
    /* A context of 60 numbers is left alone, mostly. */
    unsigned nr = shape->bytes >= 2048 && chance(m, 85) ? 3 : shape->nr_slots;
    for (unsigned i = 0; i < nr && s->nr_said < FUZZ_MAX_SAID; i++) {
        const struct fuzz_slot *slot = &shape->slots[i];
        if (!chance(m, often[slot->role]))
            continue;
        struct fuzz_said v = value(m, slot);
        v.slot = (uint8_t)i;
        s->said[s->nr_said++] = v;
    }
}

static unsigned pick_call(struct fuzz_mutator *m, const struct fuzz_input *in)
{
    const unsigned *sums = m->weight[in->pair];
    unsigned n = fuzz_grammar_of(m->grammars, in)->nr_calls, low = 0, high = n - 1;
    unsigned at = roll(m, sums[n - 1]);
    while (low < high) {
        unsigned mid = (low + high) / 2;
        if (sums[mid] > at)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

static void make_call(struct fuzz_mutator *m, const struct fuzz_input *in, struct fuzz_step *s, unsigned call)
{
    const struct fuzz_call *c = &fuzz_grammar_of(m->grammars, in)->calls[call];
    *s = (struct fuzz_step){
        .what = (uint8_t)c->row->nr, .command = (uint8_t)fuzz_call_command(c), .call = (int16_t)call};
    s->n = (uint8_t)(c->has_list ? (chance(m, 60) ? 1 : roll(m, FUZZ_MAX_LIST + 1)) : 1);
    s->place = (uint8_t)(chance(m, 93) ? FUZZ_ARENA : roll(m, 4));
    fill(m, in, s);
}

static void make_other(struct fuzz_mutator *m, struct fuzz_step *s)
{
    static const struct fuzz_slot entry = {.format = FORMAT_PTE};
    *s = (struct fuzz_step){.what = (uint8_t)(FUZZ_FIRST_OTHER + roll(m, FUZZ_NR_WHAT - FUZZ_FIRST_OTHER)),
                            .call = -1};
    switch (s->what) {
    case FUZZ_TIME:
        s->said[s->nr_said++] = number(roll(m, 1u << (8 + roll(m, 23))));
        break;
    case FUZZ_WRITE:
        s->said[s->nr_said++] = frame(m, entry_place(m));
        if (chance(m, 15)) /* shared_info: masks, pending bits, a vcpu's flags */
            s->said[0] = (struct fuzz_said){.kind = FUZZ_SPECIAL, .b = roll(m, 800) | roll(m, 2) << 16};
        s->said[s->nr_said++] = chance(m, 70) ? good(m, &entry) : bad(m);
        break;
    case FUZZ_STORE:
        s->n = (uint8_t)roll(m, 2);
        s->said[s->nr_said++] = (struct fuzz_said){.kind = FUZZ_PAGE, .a = page(m), .b = entry_place(m)};
        s->said[s->nr_said++] = good(m, &entry);
        break;
    case FUZZ_GRANT:
        s->said[s->nr_said++] = number(8 + roll(m, 4));
        s->said[s->nr_said++] =
            number((chance(m, 80) ? 1u : roll(m, 32)) | roll(m, 2) << 2 | (chance(m, 70) ? 1u : 0) << 16);
        s->said[s->nr_said++] = frame(m, 0);
        break;
    default:
        s->said[s->nr_said++] = number(chance(m, 70) ? roll(m, 64) : roll(m, 3) * 32 + roll(m, 32));
        for (unsigned i = 0; i < 5; i++)
            s->said[s->nr_said++] = chance(m, 50) ? address(m) : odd(m);
    }
}

static void make_step(struct fuzz_mutator *m, const struct fuzz_input *in, struct fuzz_step *s)
{
    if (chance(m, 80))
        make_call(m, in, s, pick_call(m, in));
    else
        make_other(m, s);
    s->vcpu = (uint8_t)(chance(m, 92) ? 0 : roll(m, 3));
    s->listed = chance(m, 15);
}

struct fuzz_step *fuzz_add_call(struct fuzz_mutator *m, struct fuzz_input *in, uint32_t nr, uint32_t command)
{
    const struct fuzz_grammar *g = fuzz_grammar_of(m->grammars, in);
    int call = fuzz_grammar_find(g, nr, command);
    if (call < 0 || fuzz_call_command(&g->calls[call]) != command || in->nr_steps == FUZZ_MAX_STEPS)
        return NULL;
    struct fuzz_step *s = &in->step[in->nr_steps++];
    make_call(m, in, s, (unsigned)call);
    if (s->n == 0)
        s->n = 1;
    s->place = FUZZ_ARENA;
    s->nr_said = 0;
    return s;
}

void fuzz_say(const struct fuzz_mutator *m, const struct fuzz_input *in, struct fuzz_step *s, unsigned role,
              unsigned format, unsigned n, struct fuzz_said v)
{
    const struct fuzz_shape *shape = shape_of(m, in, s);
    for (unsigned i = 0; i < shape->nr_slots; i++) {
        const struct fuzz_slot *slot = &shape->slots[i];
        if (slot->role != role || (role == FUZZ_VALUE && slot->format != format) || n-- != 0)
            continue;
        v.slot = (uint8_t)i;
        for (unsigned k = 0; k < s->nr_said; k++)
            if (s->said[k].slot == i) {
                s->said[k] = v;
                return;
            }
        if (s->nr_said < FUZZ_MAX_SAID)
            s->said[s->nr_said++] = v;
        return;
    }
}

void fuzz_generate(struct fuzz_mutator *m, unsigned pair, unsigned steps, struct fuzz_input *out)
{
    out->pair = (uint8_t)pair;
    out->preempt = 0;
    out->nr_steps = 0;
    while (out->nr_steps < MIN(steps, FUZZ_MAX_STEPS)) {
        if (chance(m, 25))
            fuzz_add_idiom(m, out);
        else
            make_step(m, out, &out->step[out->nr_steps++]);
    }
}

/* --- changes ------------------------------------------------------------------------------------- */

/* Room for n steps at `at`; false: there is none. */
static bool open_gap(struct fuzz_input *in, unsigned at, unsigned n)
{
    if (in->nr_steps + n > FUZZ_MAX_STEPS)
        return false;
    for (unsigned i = in->nr_steps; i-- > at;)
        fuzz_copy_step(&in->step[i + n], &in->step[i]);
    in->nr_steps = (uint8_t)(in->nr_steps + n);
    return true;
}

static void drop(struct fuzz_input *in, unsigned at, unsigned n)
{
    for (unsigned i = at; i + n < in->nr_steps; i++)
        fuzz_copy_step(&in->step[i], &in->step[i + n]);
    in->nr_steps = (uint8_t)(in->nr_steps - n);
}

static void change_number(struct fuzz_mutator *m, const struct fuzz_input *in, struct fuzz_step *s)
{
    if (s->nr_said == 0) {
        if (s->call >= 0)
            fill(m, in, s);
        return;
    }
    struct fuzz_said *v = &s->said[roll(m, s->nr_said)];
    uint8_t slot = v->slot;
    switch (roll(m, 8)) {
    case 0:
        v->b ^= 1u << roll(m, 32);
        break;
    case 1:
        v->b += roll(m, 9) - 4u;
        break;
    case 2:
        v->a = (uint16_t)(v->a + roll(m, 5) - 2u);
        break;
    case 3:
        *v = bad(m);
        break;
    case 4:
        if (v->kind == FUZZ_PAGE)
            v->a = page(m);
        break;
    case 5:
        if (s->call >= 0) /* this one as a plain call has it */
            *v = (struct fuzz_said){.kind = FUZZ_NEAR};
        break;
    default:
        if (s->call >= 0 && slot < shape_of(m, in, s)->nr_slots)
            *v = value(m, &shape_of(m, in, s)->slots[slot]);
        else
            *v = chance(m, 50) ? odd(m) : frame(m, entry_flags(m));
    }
    v->slot = slot;
}

/* One more number is said. */
static void add_number(struct fuzz_mutator *m, const struct fuzz_input *in, struct fuzz_step *s)
{
    if (s->call < 0 || s->nr_said == FUZZ_MAX_SAID || shape_of(m, in, s)->nr_slots == 0)
        return;
    const struct fuzz_shape *shape = shape_of(m, in, s);
    unsigned slot = roll(m, shape->nr_slots);
    struct fuzz_said v = value(m, &shape->slots[slot]);
    v.slot = (uint8_t)slot;
    s->said[s->nr_said++] = v;
}

static void change_step(struct fuzz_mutator *m, const struct fuzz_input *in, struct fuzz_step *s)
{
    switch (roll(m, 12)) {
    case 0:
        s->listed ^= 1;
        break;
    case 1:
        s->vcpu = (uint8_t)roll(m, 3);
        break;
    case 2:
        s->place = (uint8_t)roll(m, 4);
        break;
    case 3:
        if (s->call >= 0)
            s->n = (uint8_t)roll(m, FUZZ_MAX_LIST + 1);
        break;
    case 4:
        add_number(m, in, s);
        break;
    case 5:
        if (s->call >= 0)
            fill(m, in, s);
        break;
    default:
        change_number(m, in, s);
    }
}

/* Steps of another input, or of this one again. */
static void splice(struct fuzz_mutator *m, struct fuzz_input *in, const struct fuzz_input *other)
{
    if (other->nr_steps == 0)
        return;
    unsigned from = roll(m, other->nr_steps), n = 1 + roll(m, MIN(other->nr_steps - from, 6u));
    unsigned at = roll(m, in->nr_steps + 1u);
    struct fuzz_step copy[6];
    for (unsigned i = 0; i < n; i++)
        fuzz_copy_step(&copy[i], &other->step[from + i]);
    if (!open_gap(in, at, n))
        return;
    for (unsigned i = 0; i < n; i++)
        fuzz_copy_step(&in->step[at + i], &copy[i]);
}

static void wrap(struct fuzz_mutator *m, struct fuzz_input *in)
{
    unsigned at = roll(m, in->nr_steps), n = 1 + roll(m, 5);
    for (unsigned i = at + 1; i < MIN(at + 1 + n, in->nr_steps); i++)
        in->step[i].listed = true;
}

static void swap(struct fuzz_mutator *m, struct fuzz_input *in)
{
    unsigned a = roll(m, in->nr_steps), b = roll(m, in->nr_steps);
    struct fuzz_step copy;
    fuzz_copy_step(&copy, &in->step[a]);
    if (a != b)
        fuzz_copy_step(&in->step[a], &in->step[b]);
    fuzz_copy_step(&in->step[b], &copy);
}

static void mutate_once(struct fuzz_mutator *m, struct fuzz_input *in, const struct fuzz_input *other)
{
    unsigned at = in->nr_steps ? roll(m, in->nr_steps) : 0;
    unsigned way = in->nr_steps ? roll(m, 20) : 0;
    switch (way) {
    case 0:
    case 1:
        at = roll(m, in->nr_steps + 1u);
        if (open_gap(in, at, 1))
            make_step(m, in, &in->step[at]);
        break;
    case 2:
        fuzz_add_idiom(m, in);
        break;
    case 3:
    case 4:
        drop(in, at, MIN(1 + roll(m, 2), in->nr_steps - at));
        break;
    case 5:
        swap(m, in);
        break;
    case 6:
        splice(m, in, in);
        break;
    case 7:
    case 8:
        if (other)
            splice(m, in, other);
        break;
    case 9:
        wrap(m, in);
        break;
    case 10:
        in->preempt = (uint8_t)(chance(m, 60) ? 0 : roll(m, 32));
        break;
    case 11:
        make_step(m, in, &in->step[at]);
        break;
    default:
        change_step(m, in, &in->step[at]);
    }
}

void fuzz_mutate(struct fuzz_mutator *m, struct fuzz_input *in, const struct fuzz_input *other)
{
    for (unsigned n = 1 + roll(m, 1u << roll(m, 4)); n > 0; n--)
        mutate_once(m, in, other);
    if (in->nr_steps == 0)
        make_step(m, in, &in->step[in->nr_steps++]);
}

size_t fuzz_mutate_bytes(struct fuzz_mutator *m, const uint8_t *a, size_t a_len, const uint8_t *b,
                         size_t b_len, uint8_t *out, size_t max)
{
    struct fuzz_input in, other;
    fuzz_decode(m->grammars, a, a_len, &in);
    fuzz_decode(m->grammars, b, b ? b_len : 0, &other);
    if (in.nr_steps == 0 || roll(m, 16) == 0)
        fuzz_generate(m, roll(m, m->grammars->nr), 2 + roll(m, 12), &in);
    else
        fuzz_mutate(m, &in, b && in.pair == other.pair ? &other : NULL);
    size_t len = fuzz_encode(&in, out);
    for (; len > max && in.nr_steps > 0; len = fuzz_encode(&in, out))
        in.nr_steps--;
    return len;
}

/* --- the dictionary --------------------------------------------------------------------------------- */

static void append_word(GString *out, const uint8_t *bytes, unsigned len)
{
    g_string_append_c(out, '"');
    for (unsigned i = 0; i < len; i++)
        g_string_append_printf(out, "\\x%02x", bytes[i]);
    g_string_append(out, "\"\n");
}

char *fuzz_dictionary(const struct fuzz_grammars *g)
{
    GString *out = g_string_new("# Calls: number and command, as the first bytes of a step.\n");
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    for (unsigned i = 0; i < g->nr; i++)
        for (unsigned k = 0; k < g->of[i]->nr_calls; k++) {
            const struct fuzz_call *c = &g->of[i]->calls[k];
            uint8_t word[2] = {(uint8_t)c->row->nr, (uint8_t)fuzz_call_command(c)};
            if (g_hash_table_add(seen, GUINT_TO_POINTER(1 + (word[0] << 8 | word[1]))))
                append_word(out, word, sizeof word);
        }
    g_string_append(out, "# Pages, as a said number has them: kind and page.\n");
    for (unsigned i = FUZZ_RW_PFN; i < FUZZ_TABLE_PFN + FUZZ_TABLES; i++)
        append_word(out, (const uint8_t[]){FUZZ_PAGE, (uint8_t)i, 0}, 3);
    g_string_append(out, "# Odd integers, by their place in the table, and as they are.\n");
    for (unsigned i = 0; i < fuzz_nr_odd; i++) {
        uint8_t word[4];
        memcpy(word, &fuzz_odd[i], 4);
        append_word(out, (const uint8_t[]){FUZZ_ODD, (uint8_t)i, 0}, 3);
        append_word(out, word, 4);
    }
    return g_string_free(out, FALSE);
}
