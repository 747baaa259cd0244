/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1/fuzz_guest.h - for a guest that wants to be fuzzed: the names that `ring1 fuzz --guest`
 * looks for when it is told of no others. It needs nothing but a C compiler, and does nothing
 * where nobody fuzzes.
 *
 *     RING1_FUZZ_BUFFER(4096);                in one file
 *
 *     ring1_fuzz_start();                     runs begin here, each with other bytes in
 *     parse(ring1_fuzz_input, ring1_fuzz_length);
 *     ring1_fuzz_done();                      and are over here
 *
 * ring1_fuzz_crash() says that the guest has failed: for its panic(), say.
 */
#ifndef RING1_FUZZ_GUEST_H
#define RING1_FUZZ_GUEST_H

extern unsigned char ring1_fuzz_input[];
extern volatile unsigned int ring1_fuzz_length;

void ring1_fuzz_start(void);
void ring1_fuzz_done(void);
void ring1_fuzz_crash(void);

/* Functions that do nothing, and that no compiler does away with. */
#define RING1_FUZZ_MARK(name)                                                                                \
    void __attribute__((noinline, used)) name(void)                                                         \
    {                                                                                                        \
        __asm__ volatile("" : : "i"(__LINE__) : "memory");                                                   \
    }

#define RING1_FUZZ_BUFFER(bytes)                                                                             \
    unsigned char __attribute__((used, aligned(4096))) ring1_fuzz_input[bytes];                              \
    volatile unsigned int __attribute__((used)) ring1_fuzz_length;                                           \
    RING1_FUZZ_MARK(ring1_fuzz_start)                                                                        \
    RING1_FUZZ_MARK(ring1_fuzz_done)                                                                         \
    RING1_FUZZ_MARK(ring1_fuzz_crash)                                                                        \
    extern int ring1_fuzz_buffer_is_here

#endif
