/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * measure.h - for guests that ask a Xen and print what it answers, a line
 * `got NAME = VALUE` each, without an opinion of their own: what a real one said
 * is in tests/oracle/answers/.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include "paging.h"
#include "traps.h"

#define PAGE __attribute__((aligned(4096), section(".pages")))

/* SAY(value, "name %u", ...): the value is found before the name is printed. */
#define SAY(value, ...)                                                                                      \
    do {                                                                                                     \
        u32 said_ = (u32)(value);                                                                            \
        print("got " __VA_ARGS__);                                                                           \
        say_value(said_);                                                                                    \
    } while (0)
void say_value(u32 value);

/* Where asked structures are put: between a readable page and an unmapped one,
 * after set_up_measure. `end` is the first byte that is not mapped. */
extern u32 ask_area[2 * 1024], ask_read_only[1024];
#define ASK_END ((u32)(ask_area + 1024))
void set_up_measure(void);

/* Four calls with a structure: as filled (what changed in it is printed), then by
 * a null pointer, by one that is cut by an unmapped page, and read-only. `which`
 * is the argument that takes the pointer; the others are as in `args`. */
void ask(const char *name, u32 nr, const u32 args[5], u32 which, const void *from, u32 len);
void ask_pointers(const char *name, u32 nr, const u32 args[5], u32 which, const void *from, u32 len);

/* One instruction, or a few, from `code`: the vector, its error code and how far
 * EIP is behind the start; or EAX, EDX, ECX and EBX after it. In ring 1 or 3. */
struct outcome {
    s32 vec;
    u32 error, at, eax, ebx, ecx, edx, cr2;
};
struct outcome execute(const void *code, u32 len, u32 eax, u32 ecx, u32 edx, u32 ring);

#endif
