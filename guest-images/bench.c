/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * bench - work for tests/bench/: loops of hypercalls and a few kernels of plain
 * code. What to do and how often is asked for by hypercall NR_BENCH, which the
 * benchmark serves; it takes the sum of the last work as its argument, so that
 * two CPUs that ran the same can be compared. Where nobody serves it, the guest
 * ends at once.
 */
#include "lib/paging.h"
#include "lib/traps.h"

#define NR_BENCH 63u

/* bench_asm.S: `turns` hypercalls, or multicalls of 32 entries. */
u32 loop_int(u32 turns);
u32 loop_page(u32 turns);
u32 loop_multicall(u32 turns);

#define MULTICALL_ENTRIES 32u
#ifdef GUEST_2_0
struct multicall_entry {
    u32 op, args[7];
};
#else
struct multicall_entry {
    u32 op, result, args[6];
};
#endif
struct multicall_entry multicall_list[MULTICALL_ENTRIES];

#define WORDS 1024u
static u32 words[WORDS], copied[WORDS];
static u8 composite[8192];
static u32 crc_table[256];

static u32 random_word(u32 *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed;
}

/* Eratosthenes below 8192: stores at a stride. */
static u32 sieve(u32 turns)
{
    u32 sum = 0;

    while (turns--) {
        memset(composite, 0, sizeof(composite));
        for (u32 i = 2; i < sizeof(composite); i++) {
            if (composite[i])
                continue;
            sum += i;
            for (u32 j = i + i; j < sizeof(composite); j += i)
                composite[j] = 1;
        }
    }
    return sum;
}

/* Shell sort of 1024 words: loads, stores, branches that cannot be foreseen. */
static u32 sort(u32 turns)
{
    u32 seed = 1, sum = 0;

    while (turns--) {
        for (u32 i = 0; i < WORDS; i++)
            words[i] = random_word(&seed);
        for (u32 gap = WORDS / 2; gap; gap /= 2)
            for (u32 i = gap; i < WORDS; i++) {
                u32 word = words[i], j = i;
                for (; j >= gap && words[j - gap] > word; j -= gap)
                    words[j] = words[j - gap];
                words[j] = word;
            }
        sum += words[0] ^ words[WORDS / 2] ^ words[WORDS - 1];
    }
    return sum;
}

/* 4 KiB, a word a turn. */
static u32 copy(u32 turns)
{
    words[7] = 7;
    while (turns--) {
        words[0] = turns;
        for (volatile u32 *from = words, *to = copied; from < words + WORDS;)
            *to++ = *from++;
    }
    return copied[0] + copied[7];
}

static u32 __attribute__((noinline)) fibonacci(u32 n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

/* Calls and returns: 1973 of each. */
static u32 calls(u32 turns)
{
    u32 sum = 0;

    while (turns--)
        sum += fibonacci(15);
    return sum;
}

/* CRC-32 of 4 KiB, a byte a turn through a table. */
static u32 crc(u32 turns)
{
    u32 value = ~0u;

    for (u32 i = 0; i < 256; i++) {
        u32 c = i;
        for (u32 bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
        crc_table[i] = c;
    }
    while (turns--)
        for (const u8 *at = (const u8 *)words; at < (const u8 *)(words + WORDS); at++)
            value = crc_table[(value ^ *at) & 0xFF] ^ value >> 8;
    return ~value;
}

/* --- traps and page tables: not for the bare engine --------------------------- */

#define BATCH       512u
#define BATCH_PAGES 16u

/* bench_asm.S: loops that return how many of their traps were served. */
u32 loop_fault(u32 turns);
u32 loop_int3(u32 turns);
u32 loop_cpuid(u32 turns);
u32 loop_cr0(u32 turns);
u32 loop_int80(u32 turns);
u32 loop_exit(u32 turns);
void fault_handler(void), int3_handler(void), int80_handler(void), end_handler(void);
extern const u8 user_loop[], user_loop_end[];

u8 missing_page[PAGE_SIZE] __attribute__((aligned(4096), section(".pages")));
static u8 batch_page[BATCH_PAGES][PAGE_SIZE] __attribute__((aligned(4096), section(".pages")));
static struct mmu_update batch[BATCH];

/* Each request of a batch changes what the one before it left there. */
static void make_batch(void)
{
    for (u32 i = 0; i < BATCH; i++) {
        const u8 *page = batch_page[i % BATCH_PAGES];
        u64 maddr = 0;

        pte_of((u32)page, 1, &maddr);
        batch[i].ptr = maddr;
        batch[i].val = pte(virt_to_mfn(page), i / BATCH_PAGES & 1 ? PTE_RWX : PTE_RO);
    }
}

static void prepare(void)
{
    static int prepared;

    if (prepared++)
        return;
    install_traps();
    set_trap(14, 0, fault_handler);
    set_trap(3, 3, int3_handler);
    set_trap(0x80, 3, int80_handler);
    set_trap(0x84, 3, end_handler);
    memcpy(user_code, user_loop, (u32)(user_loop_end - user_loop));
    make_batch();
    map_page(missing_page, 0);
}

/* update_va_mapping with INVLPG: rights to and fro. */
static u32 remap(u32 turns)
{
    u32 done = 0, mfn = virt_to_mfn(batch_page[0]);

    for (u32 i = 0; i < turns; i++)
        done += map_page(batch_page[0], pte(mfn, i & 1 ? PTE_RWX : PTE_RO)) == 0;
    return done;
}

/* The same with the page in use: each time a translation of it has to go. */
static u32 remap_used(u32 turns)
{
    u32 done = 0, mfn = virt_to_mfn(batch_page[0]);

    for (u32 i = 0; i < turns; i++) {
        done += map_page(batch_page[0], pte(mfn, i & 1 ? PTE_RWX : PTE_RO)) == 0;
        (void)*(volatile u8 *)batch_page[0];
    }
    return done;
}

static u32 update(u32 turns)
{
    u32 done, sum = 0;

    while (turns--)
        sum += mmu_update(batch, BATCH, &done) == 0 && done == BATCH;
    return sum;
}

/* Stores to an L1 table, of a page and of nothing in turn: Xen makes them good. */
static pte_t table[PTES] __attribute__((aligned(4096), section(".pages")));

static u32 store_entries(u32 turns)
{
    static u32 prepared;
    u32 low = (u32)pte(virt_to_mfn(batch_page[0]), PTE_RWX), i;

    if (!prepared++ && (remap_page(table, PTE_RO) || mmuext(MMUEXT_PIN_TABLE, virt_to_mfn(table), 0) ||
                        hypercall(NR_vm_assist, 0, 2, 0, 0, 0)))
        print("FAIL making an L1 table\n");
    for (i = 0; i < turns; i++)
        *(volatile u32 *)(table + i % PTES) = i & PTES ? 0 : low;
    return i;
}

static u32 nr_ticks;

static int on_tick(struct trap *t)
{
    if (t->vec != VEC_EVENT)
        return 0;
    nr_ticks++;
    UPCALL_PENDING = 0;
    EVTCHN_SEL = 0;
    for (u32 i = 0; i < 32; i++)
        EVTCHN_PENDING[i] = 0;
    UPCALL_MASK = 0;
    return 1;
}

/* From the first call on the guest has the timer's ticks. Returns how many came. */
static u32 ticks(u32 turns)
{
    static u32 bound;

    (void)turns;
    if (!bound++) {
        u32 bind[3] = {VIRQ_TIMER, 0, 0};

        on_trap = on_tick;
        if (hypercall(NR_event_channel_op, 1 /* bind_virq */, (u32)bind, 0, 0, 0))
            print("FAIL bind_virq\n");
        EVTCHN_MASK[bind[2] / 32] &= ~(1u << bind[2] % 32);
        UPCALL_MASK = 0;
    }
    return nr_ticks;
}

/* A page of its own, granted to itself: map_grant_ref, a store or none,
 * unmap_grant_ref. */
static u32 map_grants(u32 turns, int used)
{
    static u32 frame, setup[4] = {DOMID_SELF, 1, 0, (u32)&frame};
    static u8 grants[PAGE_SIZE] __attribute__((aligned(4096), section(".pages")));
    u32 done = 0, at = (u32)missing_page;

    hypercall(NR_grant_table_op, 2, (u32)setup, 1, 0, 0);
    map_page(grants, pte(frame, PTE_RWX));
    ((volatile u32 *)grants)[17] = virt_to_mfn(batch_page[0]);
    ((volatile u32 *)grants)[16] = 1 << 16 | 1;
    map_page(missing_page, 0);
    while (turns--) {
        u32 map[8] = {at, 0, 2, 8, 1}, unmap[6] = {at};

        hypercall(NR_grant_table_op, 0, (u32)map, 1, 0, 0);
        unmap[4] = map[5];
        done += map[4] == 1;
        if (used)
            *(volatile u8 *)missing_page = 1;
        hypercall(NR_grant_table_op, 1, (u32)unmap, 1, 0, 0);
    }
    return done;
}

static u32 grant(u32 turns)
{
    return map_grants(turns, 0);
}

static u32 grant_used(u32 turns)
{
    return map_grants(turns, 1);
}

static u32 trap(u32 work, u32 turns)
{
    static u32 (*const traps[])(u32 turns) = {remap,         loop_fault, loop_int3, loop_int80,
                                              loop_cpuid,    loop_cr0,   update,    remap_used,
                                              store_entries, ticks,      grant,     grant_used};

    prepare();
    return work < sizeof(traps) / sizeof(traps[0]) ? traps[work](turns) : 0;
}

/* --- asking for work -------------------------------------------------------------- */

#define FIRST_TRAP 32u

/* Their order is known to tests/bench/guest.h. */
static u32 (*const works[])(u32 turns) = {loop_int, loop_page, loop_multicall, sieve, sort, copy,
                                          calls,    crc,       loop_exit};

void guest_main(void)
{
    u32 sum = 0;

    for (u32 i = 0; i < MULTICALL_ENTRIES; i++)
        multicall_list[i].op = NR_xen_version;
    for (;;) {
        u32 command = (u32)hypercall(NR_BENCH, sum, 0, 0, 0, 0);
        u32 work = command >> 24;

        if (command == (u32)-ENOSYS)
            return;
        if (work >= FIRST_TRAP)
            sum = trap(work - FIRST_TRAP, command & 0xFFFFFF);
        else
            sum = work < sizeof(works) / sizeof(works[0]) ? works[work](command & 0xFFFFFF) : 0;
    }
}
