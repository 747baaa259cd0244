/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * bench - work for tests/bench/: loops of hypercalls and a few kernels of plain
 * code. What to do and how often is asked for by hypercall NR_BENCH, which the
 * benchmark serves; it takes the sum of the last work as its argument, so that
 * two CPUs that ran the same can be compared. Where nobody serves it, the guest
 * ends at once.
 */
#include "lib/guest.h"

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

/* Their order is known to tests/bench/guest.h. */
static u32 (*const works[])(u32 turns) = {loop_int, loop_page, loop_multicall, sieve, sort, copy, calls, crc};

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
        sum = work < sizeof(works) / sizeof(works[0]) ? works[work](command & 0xFFFFFF) : 0;
    }
}
