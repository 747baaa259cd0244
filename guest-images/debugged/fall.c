/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fall - for symbols and core files: functions in functions, of which the compiler puts
 * some in line, and at the bottom a store to where nothing is. It is optimised. With
 * `--vcpus 2` the second vcpu stands in hold() meanwhile; `way=hang` waits for ever
 * instead, `way=off` powers off.
 */
#include "../lib/smp.h"

#define NOWHERE 0x00400000u

struct step {
    u32 number;
    const char *name;
    struct step *above;
};

struct step *lowest;
volatile u32 depth;
volatile u32 held;
u32 untouched[4096] = {0xC0FFEE};
static volatile u32 zeroes[4096];

void hold(struct cpu *self);
u32 climb(struct step *above, u32 left);
void fall(void);

void __attribute__((noinline)) hold(struct cpu *self)
{
    held = 0x48454C44 + self->id;
    for (;;)
        pause(); // mark: hold
}

static inline __attribute__((always_inline)) void ask(u32 number)
{
    hypercall(NR_xen_version, 0, 0, number, 0, 0); // mark: ask
}

static inline __attribute__((always_inline)) void land(volatile u32 *at, u32 value)
{
    ask(value);  // mark: land
    *at = value; // mark: store
}

static inline __attribute__((always_inline)) u32 arrive(struct step *last)
{
    lowest = last;
    land((volatile u32 *)NOWHERE, last->number); // mark: arrive
    return last->number;
}

u32 __attribute__((noinline)) climb(struct step *above, u32 left)
{
    struct step here = {.number = left, .name = "a step", .above = above};
    u32 sum;

    depth++;
    sum = left ? climb(&here, left - 1) : arrive(&here); // mark: climb
    depth--;
    return sum + here.number;
}

void __attribute__((noinline)) fall(void)
{
    depth = zeroes[7];
    untouched[1] = climb(0, 3); // mark: fall
}

void guest_main(void)
{
    const char *way = option("way");

    install_traps();
    smp_start();
    if (nr_cpus > 1) {
        smp_bring_up();
        smp_give(&cpus[1], hold);
        while (!held)
            pause();
    }
    if (way && option_is(way, "off"))
        return;
    while (way && option_is(way, "hang"))
        block(); // mark: hang
    fall();
    depth = 0; // mark: end
}
