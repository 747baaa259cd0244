/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzzed - a guest for `ring1 fuzz --guest`: an interpreter of hypercalls. Its input is ten
 * records at most, each a call: a number and five words, of which some are offsets into the
 * input. Two faults of its own wait behind words that are compared letter by letter.
 *
 * `calls=all` on its command line: any call. Without, those that cannot harm the guest itself.
 */
#include "lib/guest.h"

#include "../include/ring1/fuzz_guest.h"

#define RECORDS 10u

struct record {
    u8 nr;      /* of the call, or a letter */
    u8 address; /* bit n: word n is an offset into the input */
    u16 unused;
    u32 word[5];
};

RING1_FUZZ_BUFFER(4096);

/* Structures of a fixed size alone: nothing is written behind the input. */
static const u8 harmless[] = {NR_xen_version,     NR_set_timer_op,    9 /* get_debugreg */,
                              NR_memory_op,       NR_sched_op_compat, NR_event_channel_op_compat,
                              NR_event_channel_op};
static int all_calls;

static void call(const struct record *r)
{
    u32 nr = harmless[r->nr % sizeof(harmless)], word[5];

    for (u32 i = 0; i < 5; i++)
        word[i] = r->address >> i & 1 ? (u32)ring1_fuzz_input + r->word[i] % (sizeof(ring1_fuzz_input) / 2)
                  : all_calls         ? r->word[i]
                                      : r->word[i] & 0xFFFFF; /* nothing is mapped there */
    if (all_calls)
        nr = r->nr;
    else if (nr == NR_sched_op_compat)
        word[0] = 0; /* yield */
    else if (nr == NR_memory_op)
        word[0] = 2 + word[0] % 3; /* how much memory there is, and may be */
    hypercall(nr, word[0], word[1], word[2], word[3], word[4]);
}

/* "open": a word that is stored at an address that is none. */
static void __attribute__((noinline)) unlock(const volatile u8 *letter)
{
    if (letter[4] != 'p')
        return;
    if (letter[5] != 'e')
        return;
    if (letter[6] == 'n')
        *(volatile u32 *)16 = 1;
}

/* "wait" */
static void __attribute__((noinline)) linger(const volatile u8 *letter)
{
    if (letter[4] != 'a')
        return;
    if (letter[5] != 'i')
        return;
    while (letter[6] == 't')
        ;
}

static void interpret(const u8 *input, u32 length)
{
    const struct record *r = (const struct record *)input;

    for (u32 i = 0; i < RECORDS && (i + 1) * sizeof(*r) <= length; i++, r++) {
        if (r->nr == 'o')
            unlock((const u8 *)r);
        else if (r->nr == 'w')
            linger((const u8 *)r);
        else
            call(r);
    }
}

void guest_main(void)
{
    const char *calls = option("calls");

    all_calls = calls && option_is(calls, "all");
    for (u32 i = 0; i < 2; i++) {
        ring1_fuzz_start();
        interpret(ring1_fuzz_input, ring1_fuzz_length);
        ring1_fuzz_done();
    }
    print("interpreted\n");
}
