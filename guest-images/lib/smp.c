/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * smp.c - see smp.h. Not for 2.0, which has one vcpu a domain.
 */
#include "smp.h"

#define STACK_BYTES 8192u

struct cpu cpus[MAX_CPUS];
u32 nr_cpus;
void (*on_ipi)(struct cpu *self);
static u8 stacks[MAX_CPUS][STACK_BYTES] __attribute__((aligned(8192)));
static u32 port_cpu[1024];
volatile u32 nmis_taken;

extern char smp_entry[], smp_event[], smp_nmi[], trap_stubs[], failsafe_stub[];
void smp_main(void);
void smp_on_event(void);

static int is_other_stack(u32 esp)
{
    return esp - (u32)stacks < sizeof(stacks);
}

/* vcpu 0 stays on the stack that it began on. */
struct cpu *this_cpu(void)
{
    u32 esp;

    asm volatile("mov %%esp, %0" : "=r"(esp));
    return is_other_stack(esp) ? &cpus[(esp - (u32)stacks) / STACK_BYTES] : &cpus[0];
}

/* --- events ------------------------------------------------------------------ */

s32 evtchn_op(u32 cmd, u32 a, u32 b, u32 *port)
{
    u32 op[8] = {cmd, a, b};
    s32 rc = hypercall(NR_event_channel_op_compat, (u32)op, 0, 0, 0, 0);

    if (port)
        *port = op[cmd == 1 ? 3 : 2];
    return rc;
}

void set_port_mask(u32 port, int masked)
{
    u32 bit = 1u << port % 32;

    if (masked)
        asm volatile("lock orl %1, %0" : "+m"(EVTCHN_MASK[port / 32]) : "r"(bit) : "memory");
    else
        asm volatile("lock andl %1, %0" : "+m"(EVTCHN_MASK[port / 32]) : "r"(~bit) : "memory");
}

void send_ipi(struct cpu *to)
{
    check_quietly("send", (u32)evtchn_op(4, to->ipi_port, 0, 0), 0);
}

static void handle(struct cpu *self, u32 port)
{
    if (port == self->ipi_port) {
        atomic_add(&self->ipis, 1);
        if (on_ipi)
            on_ipi(self);
    } else if (port == self->timer_port) {
        atomic_add(&self->ticks, 1);
    }
}

static u32 lowest(u32 *bits)
{
    u32 bit;

    asm("bsf %1, %0" : "=r"(bit) : "r"(*bits));
    *bits &= *bits - 1;
    return bit;
}

/* A word of pending events may hold those of other vcpus, too. */
static void handle_word(struct cpu *self, u32 word)
{
    u32 pending = EVTCHN_PENDING[word] & ~EVTCHN_MASK[word];

    while (pending) {
        u32 bit = lowest(&pending), port = word * 32 + bit;
        if (port_cpu[port] != self->id)
            continue;
        asm volatile("lock andl %1, %0" : "+m"(EVTCHN_PENDING[word]) : "r"(~(1u << bit)) : "memory");
        handle(self, port);
    }
}

void smp_on_event(void)
{
    struct cpu *self = this_cpu();
    volatile u8 *info = self->info;

    do {
        info[1] = 1;
        while (info[0]) {
            info[0] = 0;
            u32 words = atomic_swap((volatile u32 *)(info + 4), 0);
            while (words)
                handle_word(self, lowest(&words));
        }
        info[1] = 0;
    } while (info[0]);
}

void block(void)
{
    hypercall(NR_sched_op_compat, 1, 0, 0, 0, 0);
}

void yield(void)
{
    hypercall(NR_sched_op_compat, 0, 0, 0, 0, 0);
}

s32 set_timer(u64 at)
{
    return hypercall(NR_set_timer_op, (u32)at, (u32)(at >> 32), 0, 0, 0);
}

void bind_ports(struct cpu *self)
{
    check_quietly("bind_ipi", (u32)evtchn_op(7, self->id, 0, &self->ipi_port), 0);
    check_quietly("bind_virq", (u32)evtchn_op(1, VIRQ_TIMER, self->id, &self->timer_port), 0);
    port_cpu[self->ipi_port] = port_cpu[self->timer_port] = self->id;
    set_port_mask(self->ipi_port, 0);
    set_port_mask(self->timer_port, 0);
}

/* --- time -------------------------------------------------------------------- */

static u64 read_tsc(void)
{
    u64 tsc;

    asm volatile("rdtsc" : "=A"(tsc));
    return tsc;
}

u64 system_time(const struct cpu *cpu)
{
    const volatile u32 *t = (const volatile u32 *)(cpu->info + 32);
    u32 version;
    u64 ns, delta;

    do {
        version = t[0] & ~1u;
        delta = read_tsc() - (t[2] | (u64)t[3] << 32);
        s8 shift = (s8)cpu->info[32 + 28];
        delta = shift < 0 ? delta >> -shift : delta << shift;
        ns = (t[4] | (u64)t[5] << 32) + ((u64)(u32)delta * t[6] >> 32) + (delta >> 32) * t[6];
    } while (t[0] != version);
    return ns;
}

/* --- coming up ----------------------------------------------------------------- */

struct context smp_context(u32 id)
{
    struct context c;
    u32 cr3 = virt_to_mfn((const void *)start_info->pt_base);

    memset(&c, 0, sizeof(c));
    c.flags = 4; /* in the kernel */
    c.eip = (u32)smp_entry;
    c.cs = KERNEL_CS;
    c.ss = c.ds = c.es = KERNEL_DS;
    c.eflags = 0x1000;
    c.esp = (u32)stacks[id] + STACK_BYTES;
    for (u32 vec = 0; vec < 256; vec++) {
        c.traps[vec].vector = (u8)vec;
        c.traps[vec].cs = KERNEL_CS;
        c.traps[vec].address = (u32)trap_stubs + vec * 16;
    }
    c.kernel_ss = KERNEL_DS;
    c.kernel_sp = c.esp;
    c.cr[3] = cr3 << 12 | cr3 >> 20;
    c.event_cs = c.failsafe_cs = KERNEL_CS;
    c.event_eip = (u32)smp_event;
    c.failsafe_eip = (u32)failsafe_stub;
    c.traps[2].address = (u32)smp_nmi;
    return c;
}

s32 smp_initialise(u32 id)
{
    struct context c = smp_context(id);

    return vcpu_op(VCPUOP_initialise, id, &c);
}

/* Each vcpu but the first: wait for work. */
void smp_main(void)
{
    struct cpu *self = this_cpu();

    for (;;) {
        self->info[1] = 1;
        if (self->job) {
            self->info[1] = 0;
            self->job(self);
            self->job = 0;
        } else {
            block();
        }
    }
}

void smp_start(void)
{
    install_traps();
    check_quietly(
        "set_callbacks",
        (u32)hypercall(NR_set_callbacks, KERNEL_CS, (u32)smp_event, KERNEL_CS, (u32)failsafe_stub, 0), 0);
    while (nr_cpus < MAX_CPUS && vcpu_op(VCPUOP_is_up, nr_cpus, 0) >= 0) {
        cpus[nr_cpus].id = nr_cpus;
        cpus[nr_cpus].info = shared_info + 64 * nr_cpus;
        nr_cpus++;
    }
    for (u32 i = 0; i < 32; i++)
        EVTCHN_MASK[i] = ~0u;
    bind_ports(&cpus[0]);
    cpus[0].info[1] = 0;
}

void smp_bring_up(void)
{
    for (u32 i = 1; i < nr_cpus; i++) {
        bind_ports(&cpus[i]);
        check_quietly("initialise", (u32)smp_initialise(i), 0);
        check_quietly("up", (u32)vcpu_op(VCPUOP_up, i, 0), 0);
    }
}

void smp_give(struct cpu *cpu, void (*job)(struct cpu *self))
{
    cpu->job = job;
    send_ipi(cpu);
}

void smp_wait(struct cpu *cpu)
{
    while (cpu->job)
        yield();
}

void smp_all(void (*job)(struct cpu *self))
{
    for (u32 i = 1; i < nr_cpus; i++)
        smp_give(&cpus[i], job);
    for (u32 i = 1; i < nr_cpus; i++)
        smp_wait(&cpus[i]);
}
