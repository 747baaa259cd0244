/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_kernel.c - see seq_kernel.h. Its pages, from the first: its words, its stack, a
 * window on other frames, its L1 tables, the frame of each pfn, variables, and the code
 * with the bytes that it copies between.
 */
#include "seq_kernel_priv.h"

#include <string.h>

/* docs/xen-abi.md 2, 5.5. */
enum {
    NR_mmu_update = 1,
    NR_set_callbacks = 4,
    NR_update_va_mapping = 14,
    NR_event_channel_op_compat = 16,
    NR_grant_table_op = 20,
    NR_vm_assist = 21,
    NR_mmuext_op = 26,
    NR_event_channel_op = 32,
};
#define UVMF_INVLPG       2u
#define MMU_EXTENDED_2_0  3u
#define MMUEXT_PIN_L2     1u
#define MMUEXT_PIN_L3     2u
#define MMUEXT_UNPIN      4u
#define MMUEXT_NEW_BASE   5u
#define DOMID_SELF        0x7FF0u
#define EVTCHNOP_CLOSE    3u
#define EVTCHNOP_ALLOC    6u
#define EVTCHNOP_RESET    10u
#define ENTRY_L1          0x63u /* P, RW, A, D */
#define ENTRY_L1_READONLY 0x21u
#define ENTRY_L2          0x67u
#define ENTRY_RW          2u

uint32_t seq_kernel_page(const struct seq_kernel *k, unsigned page)
{
    return k->site.va + page * RING1_PAGE_SIZE;
}

static uint32_t slot_size(const struct abi *abi)
{
    return abi->ptes_per_page * RING1_PAGE_SIZE;
}

static uint32_t pages_of(uint32_t bytes)
{
    return (bytes + RING1_PAGE_SIZE - 1) / RING1_PAGE_SIZE;
}

struct seq_kernel *seq_kernel_new(const struct abi *abi, const struct seq_kernel_site *site)
{
    struct seq_kernel *k = g_new0(struct seq_kernel, 1);
    k->abi = abi;
    k->site = *site;
    k->words = seq_kernel_page(k, 0);
    k->window = seq_kernel_page(k, 2);
    k->tables = seq_kernel_page(k, 3);
    k->frames = k->tables + site->nr_slots * RING1_PAGE_SIZE;
    k->variables = k->frames + pages_of((site->nr_pages + 1) * 4) * RING1_PAGE_SIZE;
    k->code.base = k->variables + pages_of(site->nr_variables * 4) * RING1_PAGE_SIZE;
    k->code.bytes = g_byte_array_new();
    seq_kernel_routines(k);
    k->body = i386_here(&k->code);
    return k;
}

void seq_kernel_free(struct seq_kernel *k)
{
    if (!k)
        return;
    g_byte_array_unref(k->code.bytes);
    g_free(k);
}

uint32_t seq_kernel_frame(const struct seq_kernel *k, uint32_t pfn)
{
    return k->frames + 4 * pfn;
}

uint32_t seq_kernel_shared_info(const struct seq_kernel *k)
{
    return seq_kernel_frame(k, k->site.nr_pages);
}

uint32_t seq_kernel_variable(struct seq_kernel *k)
{
    return k->variables + 4 * k->nr_variables++;
}

uint32_t seq_kernel_result(const struct seq_kernel *k)
{
    return k->words + WORD_RESULT;
}

struct seq_kernel_size seq_kernel_size(const struct seq_kernel *k)
{
    uint32_t pages = pages_of(i386_here(&k->code) + START_CODE - k->site.va),
             per_slot = k->abi->ptes_per_page;
    /* Behind: the p2m, four pages, tables for all from pfn 0 on, and up to 4.5 MiB mapped. */
    uint32_t behind = pages_of(k->site.nr_pages * 4) + 4 + (k->site.pfn + pages) / per_slot + 16;
    return (struct seq_kernel_size){
        .slots = (pages + per_slot - 1) / per_slot,
        .pages = pages,
        .pages_at_boot = pages + behind + 128 + 1024,
        .variables = k->nr_variables,
    };
}

/* --- memory ------------------------------------------------------------------------------ */

/* Bytes between the instructions. */
static uint32_t put_data(struct seq_kernel *k, const void *bytes, uint32_t len)
{
    unsigned leap = i386_leap(&k->code);
    uint32_t at = i386_here(&k->code);
    i386_bytes(&k->code, bytes, len);
    i386_land(&k->code, leap);
    return at;
}

/* What routine `fix` takes: three words each, the second 0 at the end. */
static void apply_fixes(struct seq_kernel *k, uint32_t to, const struct seq_kernel_fix *fixes, unsigned nr)
{
    if (nr == 0)
        return;
    g_autofree uint32_t *list = g_new0(uint32_t, 3 * (nr + 1));
    for (unsigned i = 0; i < nr; i++) {
        list[3 * i] = GUINT32_TO_LE(fixes[i].offset);
        list[3 * i + 1] = GUINT32_TO_LE(fixes[i].address);
        list[3 * i + 2] = GUINT32_TO_LE(fixes[i].how);
    }
    i386_set(&k->code, ESI, put_data(k, list, 12 * (nr + 1)));
    i386_set(&k->code, EDI, to);
    i386_call(&k->code, k->routine[ROUTINE_FIX]);
}

void seq_kernel_write(struct seq_kernel *k, uint32_t va, const void *bytes, uint32_t len,
                      const struct seq_kernel_fix *fixes, unsigned nr_fixes)
{
    if (len == 0)
        return;
    i386_set(&k->code, ESI, put_data(k, bytes, len));
    i386_set(&k->code, EDI, va);
    i386_set(&k->code, ECX, len);
    I386(&k->code, 0xF3, 0xA4); /* rep movsb */
    apply_fixes(k, va, fixes, nr_fixes);
}

void seq_kernel_move(struct seq_kernel *k, uint32_t to, uint32_t from)
{
    i386_load(&k->code, EAX, from);
    i386_store(&k->code, to, EAX);
}

void seq_kernel_read(struct seq_kernel *k, uint32_t to, const struct seq_kernel_place *from)
{
    struct i386_code *c = &k->code;
    i386_set(c, EDX, from->va);
    if (from->indirect) {
        I386(c, 0x8B, 0x12, 0x81, 0xC2); /* mov (%edx), %edx; add $, %edx */
        i386_word(c, from->add);
    }
    if (from->size >= 4)
        I386(c, 0x8B, 0x02); /* mov (%edx), %eax */
    else
        I386(c, 0x0F, from->size == 2 ? 0xB7 : 0xB6, 0x02); /* movzx (%edx), %eax */
    i386_store(c, to, EAX);
}

void seq_kernel_store(struct seq_kernel *k, uint32_t va, const uint32_t *words, unsigned size,
                      const struct seq_kernel_fix *fix)
{
    struct i386_code *c = &k->code;
    uint32_t place = k->words + WORD_STORE;
    seq_kernel_write(k, place, words, size, fix, fix != NULL);
    if (size == 4) {
        seq_kernel_move(k, va, place);
        return;
    }
    i386_load(c, EAX, va);
    i386_load(c, EDX, va + 4);
    i386_load(c, EBX, place);
    i386_load(c, ECX, place + 4);
    I386(c, 0xF0, 0x0F, 0xC7, 0x0D); /* lock cmpxchg8b va */
    i386_word(c, va);
}

void seq_kernel_keep(struct seq_kernel *k, uint32_t copy, uint32_t va, uint32_t words)
{
    i386_set(&k->code, ESI, va);
    i386_set(&k->code, EDI, copy);
    i386_set(&k->code, ECX, words);
    I386(&k->code, 0xF3, 0xA5); /* rep movsl */
}

void seq_kernel_changes(struct seq_kernel *k, uint32_t copy, uint32_t va, uint32_t words,
                        const uint8_t *kinds, uint32_t base)
{
    const uint32_t watch[5] = {base, va, copy, put_data(k, kinds, words), words};
    for (unsigned i = 0; i < G_N_ELEMENTS(watch); i++)
        i386_store_word(&k->code, k->words + WORD_WATCH + 4 * i, watch[i]);
    i386_call(&k->code, k->routine[ROUTINE_CHANGES]);
}

/* --- calls --------------------------------------------------------------------------------- */

static void emit_call(struct seq_kernel *k, uint32_t nr, const uint32_t *arg, unsigned nargs,
                      const struct seq_kernel_fix *fixes, unsigned nr_fixes)
{
    static const enum i386_reg reg[] = {EBX, ECX, EDX, ESI, EDI, EBP};
    uint32_t place = k->words + WORD_ARGUMENTS;
    nargs = MIN(nargs, (unsigned)G_N_ELEMENTS(reg));
    if (nr_fixes > 0) {
        uint32_t words[8] = {0};
        for (unsigned i = 0; i < nargs; i++)
            words[i] = GUINT32_TO_LE(arg[i]);
        seq_kernel_write(k, place, words, sizeof words, fixes, nr_fixes);
    }
    for (unsigned i = 0; i < nargs; i++)
        if (nr_fixes > 0)
            i386_load(&k->code, reg[i], place + 4 * i);
        else
            i386_set(&k->code, reg[i], arg[i]);
    i386_set(&k->code, EAX, nr);
    I386(&k->code, 0xCD, 0x82); /* int $0x82 */
}

void seq_kernel_call(struct seq_kernel *k, uint32_t nr, const uint32_t *arg, unsigned nargs,
                     const struct seq_kernel_fix *fixes, unsigned nr_fixes)
{
    emit_call(k, nr, arg, nargs, fixes, nr_fixes);
    i386_store(&k->code, k->words + WORD_RESULT, EAX);
}

/* A call of the kernel's own: it has to succeed. */
static void own_call(struct seq_kernel *k, uint32_t nr, const uint32_t *arg, unsigned nargs,
                     const struct seq_kernel_fix *fixes, unsigned nr_fixes)
{
    emit_call(k, nr, arg, nargs, fixes, nr_fixes);
    I386(&k->code, 0x85, 0xC0); /* test %eax, %eax */
    unsigned leap = i386_leap_if(&k->code, CC_NS);
    i386_call(&k->code, k->routine[ROUTINE_FAIL]);
    i386_land(&k->code, leap);
}

/* Of an entry of a page table, or a machine address. */
static uint32_t entry_fix(const struct seq_kernel *k)
{
    return SEQ_FIX_MADDR | (k->abi->pte_size == 8 ? SEQ_FIX_WIDE : 0);
}

/* An entry of an L1 table for `va`: the frame at `frame`, 0 for none. */
static void map(struct seq_kernel *k, uint32_t va, uint32_t frame, uint32_t flags)
{
    bool old = k->abi->abi == RING1_ABI_XEN_2_0;
    const uint32_t new_words[] = {va, flags, 0, UVMF_INVLPG}, old_words[] = {va >> 12, flags, UVMF_INVLPG};
    struct seq_kernel_fix fix = {4, frame, entry_fix(k)};
    own_call(k, NR_update_va_mapping, old ? old_words : new_words, old ? 3 : 4, &fix, frame != 0);
}

void seq_kernel_write_page(struct seq_kernel *k, uint32_t frame, uint32_t offset, const void *bytes,
                           uint32_t len, const struct seq_kernel_fix *fixes, unsigned nr_fixes)
{
    if (!k->entered) {
        uint32_t pfn = (frame - k->frames) / 4;
        seq_kernel_write(k, k->site.va - (k->site.pfn - pfn) * RING1_PAGE_SIZE + offset, bytes, len, fixes,
                         nr_fixes);
        return;
    }
    map(k, k->window, frame, ENTRY_L1);
    seq_kernel_write(k, k->window + offset, bytes, len, fixes, nr_fixes);
    map(k, k->window, 0, 0);
}

void seq_kernel_protect(struct seq_kernel *k, uint32_t pfn)
{
    map(k, k->site.va - (k->site.pfn - pfn) * RING1_PAGE_SIZE, seq_kernel_frame(k, pfn), ENTRY_L1_READONLY);
}

void seq_kernel_grants(struct seq_kernel *k, uint32_t to, unsigned nr)
{
    const uint32_t request[] = {DOMID_SELF, nr, 0, to}; /* domid, nr_frames, status, frame_list */
    uint32_t at = k->words + WORD_OPS;
    seq_kernel_write(k, at, request, sizeof request, NULL, 0);
    own_call(k, NR_grant_table_op, (const uint32_t[]){2, at, 1}, 3, NULL, 0);
}

void seq_kernel_assist(struct seq_kernel *k, uint32_t types)
{
    for (unsigned type = 0; type < 32; type++)
        if (types >> type & 1)
            own_call(k, NR_vm_assist, (const uint32_t[]){0, type}, 2, NULL, 0); /* enable */
}

void seq_kernel_no_ports(struct seq_kernel *k)
{
    const uint32_t request = DOMID_SELF;
    uint32_t at = k->words + WORD_OPS;
    seq_kernel_write(k, at, &request, sizeof request, NULL, 0);
    own_call(k, NR_event_channel_op, (const uint32_t[]){EVTCHNOP_RESET, at}, 2, NULL, 0);
}

void seq_kernel_ports(struct seq_kernel *k, unsigned nr)
{
    struct i386_code *c = &k->code;
    uint32_t at = k->words + WORD_OPS, again = i386_here(c);
    const uint32_t request[] = {EVTCHNOP_ALLOC, DOMID_SELF | DOMID_SELF << 16, 0}; /* cmd, domids, port */
    seq_kernel_write(k, at, request, sizeof request, NULL, 0);
    own_call(k, NR_event_channel_op_compat, &at, 1, NULL, 0);
    i386_load(c, EAX, at + 8);
    I386(c, 0x3D); /* cmp $, %eax */
    i386_word(c, nr);
    i386_jump_if(c, CC_B, again);
    unsigned last = i386_leap_if(c, CC_Z);
    i386_store_word(c, at, EVTCHNOP_CLOSE);
    i386_store(c, at + 4, EAX);
    own_call(k, NR_event_channel_op_compat, &at, 1, NULL, 0);
    i386_land(c, last);
}

void seq_kernel_callbacks(struct seq_kernel *k)
{
    const uint32_t words[] = {k->abi->kernel_cs, k->routine[ROUTINE_EVENT], k->abi->kernel_cs,
                              k->routine[ROUTINE_FAILSAFE]};
    own_call(k, NR_set_callbacks, words, 4, NULL, 0);
}

/* Commands to which a frame belongs: mmuext_op, or 2.0's mmu_update. */
static void extended(struct seq_kernel *k, const uint32_t *cmd, const uint32_t *frame, unsigned n)
{
    bool old = k->abi->abi == RING1_ABI_XEN_2_0;
    unsigned size = old ? 8 : 12;
    uint32_t list[3 * 3] = {0}, at = k->words + WORD_OPS;
    struct seq_kernel_fix fixes[3] = {{0}};
    for (unsigned i = 0; i < n; i++) {
        list[i * size / 4] = GUINT32_TO_LE(old ? MMU_EXTENDED_2_0 : cmd[i]);
        list[i * size / 4 + 1] = GUINT32_TO_LE(old ? cmd[i] : 0);
        fixes[i] = (struct seq_kernel_fix){i * size + (old ? 0 : 4), frame[i], old ? SEQ_FIX_MADDR : 0};
    }
    seq_kernel_write(k, at, list, n * size, fixes, n);
    own_call(k, old ? NR_mmu_update : NR_mmuext_op, (const uint32_t[]){at, n, 0, DOMID_SELF}, old ? 3 : 4,
             NULL, 0);
}

/* What maps the kernel's own pages is read-only from here on. */
static void protect_tables(struct seq_kernel *k)
{
    for (unsigned i = 0; i < k->site.nr_slots; i++)
        seq_kernel_protect(k, k->site.pfn + 3 + i);
}

void seq_kernel_enter(struct seq_kernel *k, uint32_t pfn, bool pin)
{
    uint32_t top = seq_kernel_frame(k, pfn), boot = k->words + WORD_BOOT_TABLE;
    protect_tables(k);
    if (pin)
        extended(k,
                 (const uint32_t[]){k->abi->levels == 2 ? MMUEXT_PIN_L2 : MMUEXT_PIN_L3, MMUEXT_NEW_BASE,
                                    MMUEXT_UNPIN},
                 (const uint32_t[]){top, top, boot}, 3);
    else
        extended(k, (const uint32_t[]){MMUEXT_NEW_BASE, MMUEXT_UNPIN}, (const uint32_t[]){top, boot}, 2);
    k->entered = true;
    I386(&k->code, 0x0F, 0x31); /* rdtsc */
    i386_store(&k->code, k->words + WORD_TSC, EAX);
    i386_store(&k->code, k->words + WORD_TSC + 4, EDX);
}

void seq_kernel_hook(struct seq_kernel *k, uint32_t l2, bool in_use)
{
    unsigned size = k->abi->pte_size, entry = k->abi->mmu_update_size, per_page = k->abi->ptes_per_page;
    uint32_t first = k->site.va / slot_size(k->abi) % per_page;
    for (unsigned i = 0; i < k->site.nr_slots; i++) {
        uint32_t table = seq_kernel_frame(k, k->site.pfn + 3 + i);
        if (!in_use) {
            const uint32_t value[2] = {GUINT32_TO_LE(ENTRY_L2), 0};
            struct seq_kernel_fix fix = {0, table, entry_fix(k)};
            seq_kernel_write_page(k, l2, (first + i) * size, value, size, &fix, 1);
            continue;
        }
        uint32_t request[4] = {0}, half = entry / 8;
        request[0] = GUINT32_TO_LE((first + i) * size);
        request[half] = GUINT32_TO_LE(ENTRY_L2);
        const struct seq_kernel_fix fixes[] = {{0, l2, entry_fix(k)}, {half * 4, table, entry_fix(k)}};
        seq_kernel_write(k, k->words + WORD_OPS, request, entry, fixes, 2);
        own_call(k, NR_mmu_update, (const uint32_t[]){k->words + WORD_OPS, 1, 0, DOMID_SELF},
                 entry == 8 ? 3 : 4, NULL, 0);
    }
}

void seq_kernel_wait(struct seq_kernel *k, uint64_t ns)
{
    struct i386_code *c = &k->code;
    uint32_t again = i386_here(c);
    I386(c, 0x0F, 0x31, 0x2B, 0x05); /* rdtsc; sub tsc, %eax */
    i386_word(c, k->words + WORD_TSC);
    I386(c, 0x1B, 0x15); /* sbb tsc + 4, %edx */
    i386_word(c, k->words + WORD_TSC + 4);
    I386(c, 0x81, 0xFA); /* cmp $, %edx */
    i386_word(c, (uint32_t)(ns >> 32));
    i386_jump_if(c, CC_B, again);
    unsigned done = i386_leap_if(c, CC_NZ);
    I386(c, 0x3D); /* cmp $, %eax */
    i386_word(c, (uint32_t)ns);
    i386_jump_if(c, CC_B, again);
    i386_land(c, done);
}

/* --- the console ----------------------------------------------------------------------------- */

void seq_kernel_print(struct seq_kernel *k, const char *text)
{
    i386_set(&k->code, ESI, put_data(k, text, (uint32_t)strlen(text)));
    i386_set(&k->code, ECX, (uint32_t)strlen(text));
    i386_call(&k->code, k->routine[ROUTINE_TEXT]);
}

void seq_kernel_print_decimal(struct seq_kernel *k, uint32_t va)
{
    i386_load(&k->code, EAX, va);
    i386_call(&k->code, k->routine[ROUTINE_DECIMAL]);
}

void seq_kernel_print_hex(struct seq_kernel *k, uint32_t va, unsigned size)
{
    if (size >= 4)
        i386_load(&k->code, EAX, va);
    else
        I386(&k->code, 0x0F, size == 2 ? 0xB7 : 0xB6, 0x05); /* movzx va, %eax */
    if (size < 4)
        i386_word(&k->code, va);
    if (size == 8)
        i386_load(&k->code, EDX, va + 4);
    else
        i386_set(&k->code, EDX, 0);
    i386_call(&k->code, k->routine[ROUTINE_HEX]);
}

void seq_kernel_print_frame(struct seq_kernel *k, uint32_t va)
{
    i386_load(&k->code, EAX, va);
    i386_call(&k->code, k->routine[ROUTINE_FRAME]);
}

void seq_kernel_print_end(struct seq_kernel *k)
{
    seq_kernel_print(k, "\n");
    i386_call(&k->code, k->routine[ROUTINE_FLUSH]);
}
