/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * idioms.c - see idioms.h. Numbers of calls and commands are those of hypercalls.def and
 * commands.def; where a Xen has none the idiom is shorter.
 */
#include "idioms.h"

#include "values.h"

#define NUMBER(n)      ((struct fuzz_said){.kind = FUZZ_NUMBER, .b = (uint32_t)(n)})
#define PAGE(pfn, low) ((struct fuzz_said){.kind = FUZZ_PAGE, .a = (uint16_t)(pfn), .b = (uint32_t)(low)})

struct idiom {
    struct fuzz_mutator *m;
    struct fuzz_input *in;
};

static uint32_t roll(struct idiom *i, uint32_t bound)
{
    return fuzz_roll(&i->m->random, bound);
}

static struct fuzz_step *call(struct idiom *i, uint32_t nr, uint32_t command)
{
    return fuzz_add_call(i->m, i->in, nr, command);
}

static void say(struct idiom *i, struct fuzz_step *s, unsigned format, unsigned n, struct fuzz_said v)
{
    if (s)
        fuzz_say(i->m, i->in, s, FUZZ_VALUE, format, n, v);
}

static uint16_t table_page(struct idiom *i)
{
    return (uint16_t)(roll(i, 2) ? FUZZ_TABLE_PFN + roll(i, 9) : FUZZ_RO_PFN + roll(i, 4));
}

static uint16_t plain_page(struct idiom *i)
{
    return (uint16_t)(FUZZ_RW_PFN + roll(i, FUZZ_RW_PAGES));
}

static void map(struct idiom *i, uint16_t at, uint16_t page, uint32_t flags)
{
    struct fuzz_step *s = call(i, 14, 0);
    say(i, s, FORMAT_VA, 0, PAGE(at, 0));
    say(i, s, FORMAT_HEX, 0, PAGE(at, 0x1000)); /* 2.0: a page's number */
    say(i, s, FORMAT_PTE, 0, flags ? PAGE(page, flags) : NUMBER(0));
    say(i, s, FORMAT_UVM_FLAGS, 0, NUMBER(2));
}

/* MMUEXT_PIN_L1_TABLE is 0, of the others the level less one. */
static void pin(struct idiom *i, uint16_t page, unsigned command)
{
    struct fuzz_step *s = call(i, 26, command);
    if (s)
        s->n = 1;
    say(i, s, FORMAT_MFN, 0, PAGE(page, 0));
}

static void tables(struct idiom *i)
{
    uint16_t page = table_page(i);
    i->m->page = page;
    pin(i, page, roll(i, 3));
    for (unsigned n = roll(i, 3); n > 0; n--) {
        struct fuzz_step *s = call(i, 1, 0);
        if (s)
            s->n = 1;
        say(i, s, FORMAT_MMU_PTR, 0, PAGE(page, roll(i, 8) * 8));
        say(i, s, FORMAT_MMU_VAL, 0, roll(i, 4) ? PAGE(plain_page(i), 0x63) : NUMBER(0));
    }
    if (roll(i, 2))
        map(i, (uint16_t)(FUZZ_PAGES + roll(i, 4)), page, roll(i, 2) ? 0x61 : 0x63);
    if (roll(i, 2))
        pin(i, page, 4); /* unpin */
}

static void remap(struct idiom *i)
{
    uint16_t page = plain_page(i);
    i->m->page = page;
    map(i, page, page, roll(i, 2) ? 0x61 : 0);
    if (roll(i, 2))
        pin(i, page, roll(i, 3));
    map(i, (uint16_t)(FUZZ_PAGES + roll(i, 4)), page, 0x63);
    if (roll(i, 2))
        map(i, page, page, 0x63);
}

static void base(struct idiom *i)
{
    uint16_t top = (uint16_t)(FUZZ_TABLE_PFN + 4 + roll(i, 2));
    if (roll(i, 2))
        pin(i, top, 2);
    pin(i, top, 5); /* MMUEXT_NEW_BASEPTR */
    if (roll(i, 2))
        pin(i, FUZZ_PAGES - 3 + (fuzz_grammar_of(i->m->grammars, i->in)->abi->levels == 2), 5);
}

static void grant(struct idiom *i)
{
    uint32_t ref = 8 + roll(i, 4);
    uint16_t page = plain_page(i), at = (uint16_t)(FUZZ_PAGES + roll(i, 4));
    struct fuzz_step *s;
    if (i->in->nr_steps == FUZZ_MAX_STEPS)
        return;
    s = &i->in->step[i->in->nr_steps++];
    *s = (struct fuzz_step){.what = FUZZ_GRANT, .call = -1, .nr_said = 3};
    s->said[0] = NUMBER(ref);
    s->said[1] = NUMBER(1 | roll(i, 2) << 2 | 1 << 16);
    s->said[2] = PAGE(page, 0);
    s = call(i, 20, 0);
    if (s)
        s->n = 1;
    say(i, s, FORMAT_NAMES, 0, NUMBER(2 | roll(i, 2) << 2 | roll(i, 2)));
    say(i, s, FORMAT_VA, 0, PAGE(at, 0));
    say(i, s, FORMAT_HEX, 0, PAGE(at, 0));
    say(i, s, FORMAT_DEC, 0, NUMBER(ref));
    say(i, s, FORMAT_DOMID, 0, NUMBER(1 + roll(i, 2) * 0x7FEF));
    if (roll(i, 4) == 0)
        return;
    s = call(i, 20, roll(i, 4) ? 1 : 7);
    if (s)
        s->n = 1;
    say(i, s, FORMAT_VA, 0, PAGE(at, 0));
    say(i, s, FORMAT_HEX, 0, PAGE(at, 0));
    say(i, s, FORMAT_DEC, 0, NUMBER(roll(i, 3)));
}

static void second_vcpu(struct idiom *i)
{
    uint32_t id = 1 + roll(i, 2);
    struct fuzz_step *s = call(i, 24, 0);
    say(i, s, FORMAT_DEC, 0, NUMBER(id));
    s = call(i, 24, 1);
    say(i, s, FORMAT_DEC, 0, NUMBER(id));
    s = call(i, roll(i, 2) ? 32 : 24, 7);
    say(i, s, FORMAT_DEC, 0, NUMBER(id));
    if (s)
        s->vcpu = (uint8_t)id;
}

static void ports(struct idiom *i)
{
    static const uint8_t binds[] = {6, 7, 1, 0};
    uint32_t port = 2 + roll(i, 4);
    struct fuzz_step *s = call(i, 32, binds[roll(i, G_N_ELEMENTS(binds))]);
    if (!s)
        s = call(i, 16, binds[roll(i, 2)]);
    static const uint8_t uses[] = {4, 5, 8, 9, 3};
    for (unsigned n = 1 + roll(i, 2); n > 0; n--) {
        s = call(i, 32, uses[roll(i, G_N_ELEMENTS(uses))]);
        say(i, s, FORMAT_PORT, 0, NUMBER(port));
    }
}

static void descriptors(struct idiom *i)
{
    uint16_t page = (uint16_t)(roll(i, 3) ? FUZZ_TABLE_PFN + 9 + roll(i, 2) : FUZZ_RO_PFN + roll(i, 2));
    struct fuzz_step *s = call(i, 2, 0);
    if (s)
        s->n = 1;
    say(i, s, FORMAT_MFN, 0, PAGE(page, 0));
    s = call(i, 10, 0);
    say(i, s, FORMAT_MADDR, 0, PAGE(page, roll(i, 16) * 8));
    say(i, s, FORMAT_DESCRIPTOR, 0, (struct fuzz_said){.kind = FUZZ_HIGH, .a = 0xFFFF, .b = 0x00CFBA00});
}

static void balloon(struct idiom *i)
{
    uint16_t page = plain_page(i);
    if (roll(i, 2))
        map(i, page, page, 0);
    struct fuzz_step *s = call(i, 12, roll(i, 2) ? 1 : roll(i, 2) ? 6 : 0);
    if (s)
        s->n = 1;
    say(i, s, FORMAT_MFN, 0, PAGE(page, 0));
    say(i, s, FORMAT_FRAME, 0, PAGE(page, roll(i, 2)));
    if (roll(i, 2))
        map(i, page, page, 0x63);
}

static void exchange(struct idiom *i)
{
    uint16_t page = plain_page(i);
    if (roll(i, 4))
        map(i, page, page, 0);
    struct fuzz_step *s = call(i, 12, 11);
    if (s)
        s->n = (uint8_t)(1 + roll(i, 2));
    say(i, s, FORMAT_MFN, 0, PAGE(page, 0));
    say(i, s, FORMAT_MFN, 1, PAGE(plain_page(i), 0));
    say(i, s, FORMAT_FRAME, 0, PAGE(page, 0));
}

/* 2.0: commands stand in mmu_update, with what they are about above their number. */
static void extended(struct idiom *i)
{
    for (unsigned n = 1 + roll(i, 3); n > 0; n--) {
        struct fuzz_step *s = call(i, 1, 0);
        uint32_t command = roll(i, 16), about = roll(i, 2)   ? roll(i, 64) << 8
                                                : roll(i, 2) ? 0x7FF1u << 16
                                                             : 0;
        if (s)
            s->n = 1;
        say(i, s, FORMAT_MMU_PTR, 0, PAGE(table_page(i), 3));
        say(i, s, FORMAT_MMU_VAL, 0, NUMBER(command | about));
    }
}

/* The entries of a table once more, with other flags: of its own first tables, too. */
static void reflag(struct idiom *i)
{
    static const uint16_t lows[] = {0x61, 0x63, 0x67, 0x27, 0x21, 0x23, 0x01, 0xE7, 0x167, 0x1E7};
    const struct abi *abi = fuzz_grammar_of(i->m->grammars, i->in)->abi;
    unsigned levels = abi->levels, level = 1 + roll(i, levels), size = abi->pte_size;
    uint16_t table = (uint16_t)(FUZZ_PAGES - level); /* the first tables, from the top on */
    uint32_t at = level == 1 ? 0x20 + roll(i, 16) : level == levels ? (levels == 3 ? 3 : 768) : 0;
    for (unsigned n = 1 + roll(i, 2); n > 0; n--) {
        struct fuzz_step *s = call(i, 1, 0);
        if (s)
            s->n = 1;
        say(i, s, FORMAT_MMU_PTR, 0, PAGE(table, at * size | roll(i, 2) << 1));
        say(i, s, FORMAT_MMU_VAL, 0,
            PAGE(level == 1 ? at : FUZZ_PAGES - level + 1u, lows[roll(i, G_N_ELEMENTS(lows))]));
    }
}

/* Gates of a descriptor table: present, of type 12 to 15, to a selector. */
static void gates(struct idiom *i)
{
    static const uint16_t selectors[] = {0xE019, 0xE021, 0xE008, 0x0008, 0x000B, 0x0010, 0x0004, 0xE02B};
    uint16_t page = (uint16_t)(FUZZ_TABLE_PFN + 9 + roll(i, 2));
    struct fuzz_step *s = call(i, 2, 0);
    if (s)
        s->n = 1;
    say(i, s, FORMAT_MFN, 0, PAGE(page, 0));
    for (unsigned n = 1 + roll(i, 2); n > 0; n--) {
        uint16_t type =
            (uint16_t)(0x8000u | roll(i, 4) << 13 | (roll(i, 3) ? 0xCu : roll(i, 16)) << 8 | roll(i, 3));
        s = call(i, 10, 0);
        say(i, s, FORMAT_MADDR, 0, PAGE(page, (1 + roll(i, 15)) * 8));
        say(i, s, FORMAT_DESCRIPTOR, 0,
            (struct fuzz_said){.kind = FUZZ_NUMBER,
                               .a = type,
                               .b = (uint32_t)selectors[roll(i, G_N_ELEMENTS(selectors))] << 16 | 0x1000});
    }
}

/* From page to page, and by references. */
static void copy(struct idiom *i)
{
    struct fuzz_step *s = call(i, 20, 5);
    unsigned flags = roll(i, 3) ? 0 : roll(i, 4);
    if (s)
        s->n = 1;
    for (unsigned end = 0; end < 2; end++) {
        bool by_ref = flags >> end & 1;
        say(i, s, FORMAT_HEX, end,
            by_ref ? NUMBER(8 + roll(i, 4)) : PAGE(roll(i, 4) ? plain_page(i) : table_page(i), 0x2000));
        say(i, s, FORMAT_DEC, end, NUMBER(roll(i, 3) ? roll(i, 64) : 4090 + roll(i, 8)));
        if (by_ref)
            say(i, s, FORMAT_DOMID, end, NUMBER(1));
    }
    say(i, s, FORMAT_DEC, 2, NUMBER(roll(i, 3) ? roll(i, 64) : 4096));
    say(i, s, FORMAT_NAMES, 0, NUMBER(flags));
}

/* The mapping's entry is named, not its address; and the device's mapping is given back. */
static void grant_entry(struct idiom *i)
{
    const struct abi *abi = fuzz_grammar_of(i->m->grammars, i->in)->abi;
    uint16_t page = plain_page(i), table = FUZZ_PAGES - 1;
    uint32_t ref = 8 + roll(i, 4), at = ((uint32_t)plain_page(i)) * abi->pte_size % RING1_PAGE_SIZE;
    bool device = roll(i, 3) == 0;
    if (i->in->nr_steps == FUZZ_MAX_STEPS)
        return;
    struct fuzz_step *s = &i->in->step[i->in->nr_steps++];
    *s = (struct fuzz_step){.what = FUZZ_GRANT, .call = -1, .nr_said = 3};
    s->said[0] = NUMBER(ref);
    s->said[1] = NUMBER(1 | 1 << 16);
    s->said[2] = PAGE(page, 0);
    for (unsigned unmap = 0; unmap < 2; unmap++) {
        s = call(i, 20, unmap);
        if (s)
            s->n = 1;
        say(i, s, FORMAT_HEX, 0, device ? NUMBER(0) : PAGE(table, 0x3000 | at));
        if (unmap) {
            say(i, s, FORMAT_HEX, 1, device ? PAGE(page, 0x3000) : NUMBER(0));
            say(i, s, FORMAT_DEC, 0, NUMBER(roll(i, 2)));
        } else {
            say(i, s, FORMAT_NAMES, 0, NUMBER(device ? 1 | roll(i, 2) << 2 : 0x12 | roll(i, 2) << 2));
            say(i, s, FORMAT_DEC, 0, NUMBER(ref));
            say(i, s, FORMAT_DOMID, 0, NUMBER(1));
        }
    }
}

/* Two ports of the domain's own, joined: what is sent to one comes to the other. */
static void joined(struct idiom *i)
{
    static const uint8_t uses[] = {4, 4, 5, 3, 8};
    uint32_t nr = fuzz_grammar_of(i->m->grammars, i->in)->abi->xen == RING1_XEN_2_0 ? 16 : 32;
    nr = fuzz_grammar_find(fuzz_grammar_of(i->m->grammars, i->in), nr, 6) < 0 ? 16 : nr;
    (void)call(i, nr, 6);
    struct fuzz_step *s = call(i, nr, 0);
    say(i, s, FORMAT_PORT, 0, NUMBER(2 + roll(i, 3)));
    for (unsigned n = 1 + roll(i, 3); n > 0; n--) {
        s = call(i, nr, uses[roll(i, G_N_ELEMENTS(uses))]);
        say(i, s, FORMAT_PORT, 0, NUMBER(2 + roll(i, 4)));
    }
}

/* An L1 table in two places, and a store to it. */
static void twice(struct idiom *i)
{
    const struct abi *abi = fuzz_grammar_of(i->m->grammars, i->in)->abi;
    uint16_t l2 = FUZZ_PAGES - 2, l1 = FUZZ_PAGES - 1;
    uint32_t base = abi->levels == 3 ? 0 : 768;
    struct fuzz_step *s = call(i, 1, 0);
    if (s)
        s->n = 1;
    say(i, s, FORMAT_MMU_PTR, 0, PAGE(l2, (base + 1 + roll(i, 2)) * abi->pte_size));
    say(i, s, FORMAT_MMU_VAL, 0, PAGE(roll(i, 4) ? l1 : FUZZ_TABLE_PFN, 0x67));
    if (i->in->nr_steps == FUZZ_MAX_STEPS)
        return;
    s = &i->in->step[i->in->nr_steps++];
    *s = (struct fuzz_step){.what = FUZZ_STORE, .call = -1, .n = (uint8_t)roll(i, 2), .nr_said = 2};
    s->said[0] = PAGE(l1, (uint32_t)plain_page(i) * abi->pte_size);
    s->said[1] = PAGE(roll(i, 3) ? plain_page(i) : table_page(i), roll(i, 2) ? 0x63 : 0x62);
}

/* Among entries of a multicall, which it ends or does not. */
static void listed_iret(struct idiom *i)
{
    unsigned from = i->in->nr_steps;
    ports(i);
    (void)call(i, 23, 0);
    ports(i);
    for (unsigned k = from + 1; k < i->in->nr_steps; k++)
        i->in->step[k].listed = true;
}

void fuzz_add_idiom(struct fuzz_mutator *m, struct fuzz_input *in)
{
    static void (*const idioms[])(struct idiom *) = {
        tables,   remap,       base,     grant,  grant, second_vcpu, ports,       descriptors, balloon,
        exchange, listed_iret, extended, reflag, gates, copy,        grant_entry, joined,      twice};
    struct idiom i = {m, in};
    unsigned from = in->nr_steps;
    idioms[roll(&i, G_N_ELEMENTS(idioms))](&i);
    if (in->nr_steps > from && roll(&i, 5) == 0)
        for (unsigned k = from + 1; k < in->nr_steps; k++)
            in->step[k].listed = true;
}
