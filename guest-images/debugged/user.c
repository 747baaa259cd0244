/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * user - for debuggers: functions of ring 3, with a stack of their own, that ask
 * their kernel by `int $0x80`.
 */
#include "../lib/paging.h"
#include "../lib/traps.h"

#define USER __attribute__((section(".text.user"), noinline))

u32 served; /* system calls */

u32 user_ask(u32 number);
u32 user_add(u32 a, u32 b);
void user_main(void);
void enter_ring3(void (*fn)(void));
int serve(struct trap *t);

/* A page of its own, that ring 3 may read and execute. */
USER __attribute__((aligned(4096))) u32 user_ask(u32 number)
{
    asm volatile("int $0x80" : "+a"(number) : : "memory"); // mark: int80
    return number;                                         // mark: asked
}

USER u32 user_add(u32 a, u32 b)
{
    u32 sum = a + b;

    *(volatile u32 *)user_data = sum; // mark: user store
    return sum;
}

USER void user_main(void)
{
    u32 i, value = 0;

    for (i = 0; i < 5; i++) {
        value = user_add(value, i); // mark: user loop
        value = user_ask(value);
    }
    asm volatile("int3"); /* back to the kernel */
}

/* The kernel's side: EAX + 100. */
int serve(struct trap *t)
{
    if (t->vec != 0x80)
        return 0;
    served++; // mark: serve
    t->regs[TRAP_EAX] += 100;
    return 1;
}

void enter_ring3(void (*fn)(void))
{
    asm volatile("mov %0, %%ds\n\t"
                 "mov %0, %%es\n\t"
                 "push %0\n\t"
                 "push %1\n\t"
                 "push $0x202\n\t"
                 "push %2\n\t"
                 "push %3\n\t"
                 "iret"
                 :
                 : "r"(USER_DS), "r"(USER_STACK_TOP), "r"(USER_CS), "r"(fn)
                 : "memory");
}

void guest_main(void)
{
    install_traps();
    remap_page((const void *)((u32)user_ask & ~(PAGE_SIZE - 1)), PTE_RO | PTE_US);
    on_trap = serve;
    CHECK("came back by int3", try_call(enter_ring3, (u32)user_main), 3);
    on_trap = 0;
    CHECK("system calls", served, 5); // mark: end
    CHECK("the last sum", *(u32 *)user_data, 410);
}
