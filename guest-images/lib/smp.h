/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * smp.h - several vcpus in a guest: bringing them up, giving them work, IPIs, timers.
 * Each runs on a stack of its own, at whose bottom its struct cpu is found.
 */
#ifndef SMP_H
#define SMP_H

#include "paging.h"
#include "traps.h"

#define MAX_CPUS 32u

enum {
    NR_vcpu_op = 24,
    VCPUOP_initialise = 0,
    VCPUOP_up,
    VCPUOP_down,
    VCPUOP_is_up,
    VCPUOP_get_runstate_info,
    VCPUOP_register_runstate_memory_area,
    VCPUOP_register_vcpu_info = 10,
};

struct cpu {
    u32 id;
    volatile u8 *info; /* its vcpu_info */
    u32 ipi_port, timer_port;
    volatile u32 ipis, ticks;
    volatile u32 mail;                      /* bit n: vcpu n asked for something */
    void (*volatile job)(struct cpu *self); /* what it is to do; 0 when that is done */
};

/* struct vcpu_guest_context: docs/xen-abi.md 8.24. */
struct context {
    u8 fpu[512];
    u32 flags;
    u32 ebx, ecx, edx, esi, edi, ebp, eax, code, eip, cs, eflags, esp, ss, es, ds, fs, gs;
    struct {
        u8 vector, flags;
        u16 cs;
        u32 address;
    } traps[256];
    u32 ldt_base, ldt_entries, gdt_frames[16], gdt_entries;
    u32 kernel_ss, kernel_sp, cr[8], dr[8];
    u32 event_cs, event_eip, failsafe_cs, failsafe_eip, vm_assist;
};
_Static_assert(sizeof(struct context) == 2800, "its size");

extern struct cpu cpus[MAX_CPUS];
extern u32 nr_cpus; /* that there are */

static inline s32 vcpu_op(u32 cmd, u32 id, const void *arg)
{
    return hypercall(NR_vcpu_op, cmd, id, (u32)arg, 0, 0);
}

static inline u32 atomic_add(volatile u32 *at, u32 value)
{
    asm volatile("lock xadd %0, %1" : "+r"(value), "+m"(*at) : : "memory");
    return value;
}

static inline u32 atomic_swap(volatile u32 *at, u32 value)
{
    asm volatile("xchg %0, %1" : "+r"(value), "+m"(*at) : : "memory");
    return value;
}

static inline void atomic_or(volatile u32 *at, u32 value)
{
    asm volatile("lock orl %1, %0" : "+m"(*at) : "r"(value) : "memory");
}

static inline void pause(void)
{
    asm volatile("rep; nop" : : : "memory");
}

/* The one that runs this. */
struct cpu *this_cpu(void);

/* Find out how many there are, and take events on vcpu 0. */
void smp_start(void);
/* What a vcpu is to start with: in smp.c, on its stack. Its ports. */
struct context smp_context(u32 id);
void bind_ports(struct cpu *self);
extern volatile u32 nmis_taken;
/* VCPUOP_initialise: the answer. */
s32 smp_initialise(u32 id);
/* All of them up and waiting for work. */
void smp_bring_up(void);
/* The work for one, or for all but vcpu 0; wait until it is done. */
void smp_give(struct cpu *cpu, void (*job)(struct cpu *self));
void smp_wait(struct cpu *cpu);
void smp_all(void (*job)(struct cpu *self));

void send_ipi(struct cpu *to);
s32 evtchn_op(u32 cmd, u32 a, u32 b, u32 *port);
void set_port_mask(u32 port, int masked);
/* Wait for an event; events are not masked afterwards. */
void block(void);
void yield(void);
/* Called for each IPI that came, beside counting it. */
extern void (*on_ipi)(struct cpu *self);
/* Its own timer, in absolute ns. */
s32 set_timer(u64 at);

/* System time by its own vcpu_info. */
u64 system_time(const struct cpu *cpu);

#endif
