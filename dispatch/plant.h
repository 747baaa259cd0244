/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * plant.h - classic faults of a hypervisor, planted on purpose: a fuzzer that does not
 * find each of them is none (tests/fuzz/planted.c). They are there in a build with
 * RING1_PLANT alone, one at a time, and nothing of them is in any other.
 */
#ifndef DISPATCH_PLANT_H
#define DISPATCH_PLANT_H

/* Name, and what is wrong. */
#define PLANTS(P)                                                                                            \
    P(array_end, "a port beyond the last one is not refused")                                                \
    P(count_overflow, "the number of descriptors is checked in 16 bits, and used in 32")                     \
    P(type_check, "a page table can be mapped writable")                                                     \
    P(foreign_frame, "a frame of another's can be mapped")                                                   \
    P(leak, "a grant that could not be mapped keeps its references")                                         \
    P(no_undo, "a table that is refused half-way keeps the references of its first entries")                 \
    P(unpin, "a table that is not pinned can be unpinned")                                                   \
    P(in_use, "a page that is mapped can be exchanged")                                                      \
    P(iret_continues, "a multicall goes on behind an iret")                                                  \
    P(stale_tlb, "a changed entry is not flushed")                                                           \
    P(host_bytes, "an answer is given before it is filled")                                                  \
    P(sign, "the number of a vcpu is compared with its sign")                                                \
    P(wrong_sign, "an error is returned as a positive number")                                               \
    P(refused_answer, "an answer is given to a call that is refused")                                        \
    P(continuation, "a list that stopped half-way goes on one element too far")

enum plant {
    PLANT_none,
#define PLANT_ENUM(name, what) PLANT_##name,
    PLANTS(PLANT_ENUM)
#undef PLANT_ENUM
        NR_PLANTS
};

#ifdef RING1_PLANT
extern enum plant plant_now; /* of the process: a test's */
#define PLANTED(name) __builtin_expect(plant_now == PLANT_##name, 0)
#else
#define PLANTED(name) 0
#endif

#endif
