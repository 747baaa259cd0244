/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * turns - for debuggers: vcpus that take turns on a counter, each in its own
 * frames. `--vcpus 2` or more; `turns=N` on the command line.
 */
#include "../lib/smp.h"

volatile u32 counter;
volatile u32 taken[MAX_CPUS];
u32 turns = 20;

void take_turn(struct cpu *self);
void play(struct cpu *self);

void take_turn(struct cpu *self)
{
    u32 id = self->id;

    taken[id]++;
    counter++; // mark: turn
}

/* Turn n is of vcpu n % nr_cpus. */
void play(struct cpu *self)
{
    u32 mine;

    for (mine = 0; mine < turns; mine++) {
        while (counter % nr_cpus != self->id)
            pause();
        take_turn(self);
    }
}

void guest_main(void)
{
    const char *told = option("turns");
    u32 i, wrong = 0;

    if (told)
        for (turns = 0; *told >= '0' && *told <= '9'; told++)
            turns = turns * 10 + (u32)(*told - '0');
    install_traps();
    smp_start();
    smp_bring_up();
    for (i = 1; i < nr_cpus; i++)
        smp_give(&cpus[i], play);
    play(&cpus[0]);
    for (i = 1; i < nr_cpus; i++)
        smp_wait(&cpus[i]);
    for (i = 0; i < nr_cpus; i++)
        wrong += taken[i] != turns;
    CHECK("counter", counter, turns * nr_cpus); // mark: end
    CHECK("vcpus without all of their turns", wrong, 0);
}
