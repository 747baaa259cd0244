/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vcpus - asks what a Xen answers about several vcpus: contexts that cannot be, bad
 * numbers, ports and masks of other vcpus, vcpus that are down or blocked. For a
 * domain of 3 vcpus; without an opinion (measure.h).
 */
#include "lib/measure.h"
#include "lib/smp.h"

static u8 gdt[PAGE_SIZE] PAGE;
static u8 info_page[PAGE_SIZE] PAGE;
static volatile u32 ran;

static void run(struct cpu *self)
{
    (void)self;
    atomic_add(&ran, 1);
}

/* --- contexts ----------------------------------------------------------------- */

static void bad_contexts(void)
{
    static const struct {
        const char *name;
        u32 offset, value;
    } fields[] = {
        {"cr3 0", 2716 + 12, 0},
        {"cr3 beyond", 2716 + 12, 0xFFFFF000},
        {"cr3 of an I/O page", 2716 + 12, 0xA0000},
        {"ldt base", 2632, 8},
        {"ldt entries", 2636, 8193},
        {"gdt entries 1 of frame 0", 2704, 1},
        {"gdt entries", 2704, 7169},
        {"gdt entries, many", 2704, 0xFFFFFFFF},
    };

    for (u32 i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct context c = smp_context(1);
        *(u32 *)((u8 *)&c + fields[i].offset) = fields[i].value;
        SAY(vcpu_op(VCPUOP_initialise, 1, &c), "initialise: %s", fields[i].name);
        if (vcpu_op(VCPUOP_up, 1, 0) == 0)
            return;
    }
}

static void more_contexts(void)
{
    struct context c = smp_context(1);
    u32 l1 = (u32)(*pte_of((u32)gdt, 2, 0) >> 12);

    c.cr[3] = l1 << 12;
    SAY(vcpu_op(VCPUOP_initialise, 1, &c), "initialise: cr3 of an L1");
    c = smp_context(1);
    c.gdt_entries = 1;
    c.gdt_frames[0] = virt_to_mfn(gdt);
    SAY(vcpu_op(VCPUOP_initialise, 1, &c), "initialise: gdt that is mapped writable");
    SAY(vcpu_op(VCPUOP_up, 1, 0), "up after them");
    SAY(vcpu_op(VCPUOP_down, 1, 0), "down after them");
    SAY(vcpu_op(VCPUOP_is_up, 1, 0), "is_up after them");
    SAY(remap_page(gdt, PTE_RO), "gdt read-only");
    c.ldt_base = 0xFFFFF000;
    c.ldt_entries = 8192;
    SAY(vcpu_op(VCPUOP_initialise, 1, &c), "initialise: with a gdt, and an ldt in the hole");
    SAY(remap_page(gdt, PTE_RWX), "gdt writable, while it is held");
    SAY(vcpu_op(VCPUOP_initialise, 1, &c), "initialise again");
    SAY(vcpu_op(VCPUOP_initialise, 1, (void *)8), "initialise again, unreadable");
    c = smp_context(2);
    c.cs = KERNEL_CS & ~3u;
    c.ss = KERNEL_DS & ~3u;
    c.flags |= 32;
    cpus[2].job = run;
    SAY(vcpu_op(VCPUOP_initialise, 2, &c), "initialise: of ring 0, online");
    SAY(vcpu_op(VCPUOP_is_up, 2, 0), "is it up");
    for (u32 i = 0; i < 10; i++)
        yield();
    SAY(ran, "does it run");
    send_ipi(&cpus[2]);
    SAY(vcpu_op(VCPUOP_up, 2, 0), "up");
    for (u32 i = 0; i < 10; i++)
        yield();
    SAY(ran, "does it run now");
    SAY(vcpu_op(VCPUOP_down, 2, 0), "down");
    SAY(vcpu_op(VCPUOP_up, 2, 0), "up again");
    smp_wait(&cpus[2]);
    SAY(ran, "it ran");
}

/* --- numbers -------------------------------------------------------------------- */

static void numbers(void)
{
    static const u32 ids[] = {3, 31, 32, 33, 8191, 8192, 0x7FFFFFFF, ~0u};

    for (u32 cmd = 0; cmd < 16; cmd++)
        for (u32 i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
            SAY(vcpu_op(cmd, ids[i], 0), "vcpu_op %u of vcpu 0x%x", cmd, ids[i]);
    /* 8, 9: of another; what takes no argument or a bad one. */
    for (u32 cmd = 4; cmd < 16; cmd++)
        SAY(vcpu_op(cmd, 1, (void *)8), "vcpu_op %u of vcpu 1, unreadable", cmd);
    for (u32 cmd = 4; cmd < 16; cmd++)
        if (cmd != 11)
            SAY(vcpu_op(cmd, 1, 0), "vcpu_op %u of vcpu 1, null", cmd);
}

/* --- ports ------------------------------------------------------------------------ */

static void ports(void)
{
    u32 ipi = 0, virq = 0, global = 0;

    SAY(evtchn_op(7, 1, 0, &ipi), "bind_ipi to vcpu 1");
    SAY(evtchn_op(7, 3, 0, 0), "bind_ipi to vcpu 3");
    SAY(evtchn_op(7, ~0u, 0, 0), "bind_ipi to vcpu -1");
    SAY(evtchn_op(1, 0, 1, &virq), "bind_virq 0 to vcpu 1");
    SAY(evtchn_op(1, 0, 1, 0), "bind_virq 0 to vcpu 1 again");
    SAY(evtchn_op(1, 0, 3, 0), "bind_virq 0 to vcpu 3");
    SAY(evtchn_op(1, 2, 1, 0), "bind_virq 2 to vcpu 1");
    SAY(evtchn_op(1, 2, 3, 0), "bind_virq 2 to vcpu 3");
    SAY(evtchn_op(1, 2, 0, &global), "bind_virq 2 to vcpu 0");
    SAY(evtchn_op(8, ipi, 2, 0), "bind_vcpu of an ipi");
    SAY(evtchn_op(8, virq, 2, 0), "bind_vcpu of a virq");
    SAY(evtchn_op(8, global, 2, 0), "bind_vcpu of a global virq");
    SAY(evtchn_op(8, global, 3, 0), "bind_vcpu to vcpu 3");
    SAY(evtchn_op(4, virq, 0, 0), "send to a virq");
    SAY(evtchn_op(3, virq, 0, 0), "close it");
    SAY(evtchn_op(1, 0, 1, &virq), "bind it anew");
    SAY(evtchn_op(3, virq, 0, 0), "close that");
    SAY(evtchn_op(3, global, 0, 0), "close the global one");
    SAY(evtchn_op(1, 2, 0, &global), "bind that anew");
    SAY(evtchn_op(3, global, 0, 0), "close that, too");
    SAY(evtchn_op(3, ipi, 0, 0), "close the ipi");
}

/* --- states ------------------------------------------------------------------------ */

struct runstate {
    u32 state;
    u64 since, time[4];
} __attribute__((packed));

static u32 state_of(u32 id)
{
    struct runstate r = {.state = 99};

    vcpu_op(VCPUOP_get_runstate_info, id, &r);
    return r.state;
}

static void wait_until_blocked(u32 id)
{
    for (u32 i = 0; i < 1000 && state_of(id) != 2; i++)
        yield();
}

static void states(void)
{
    SAY(state_of(0), "runstate of vcpu 0");
    SAY(state_of(1), "runstate of vcpu 1, never up");
    wait_until_blocked(2);
    SAY(state_of(2), "runstate of vcpu 2, blocked");
    SAY(vcpu_op(VCPUOP_down, 2, 0), "down while it is blocked");
    SAY(vcpu_op(VCPUOP_is_up, 2, 0), "  is it up");
    SAY(state_of(2), "  its runstate");
    SAY(vcpu_op(VCPUOP_down, 2, 0), "  down again");
    SAY(vcpu_op(VCPUOP_up, 2, 0), "  up");
    SAY(state_of(2), "  its runstate then");
    SAY(vcpu_op(VCPUOP_down, 2, 0), "  down once more");
    ran = 0;
    smp_give(&cpus[2], run);
    for (u32 i = 0; i < 10; i++)
        yield();
    SAY(ran, "  an event came: does it run");
    SAY(state_of(2), "  its runstate");
    SAY(vcpu_op(VCPUOP_up, 2, 0), "  up");
    smp_wait(&cpus[2]);
    SAY(ran, "  does it run now");
}

/* --- vcpu_info ------------------------------------------------------------------------ */

static void infos(void)
{
    struct {
        u64 mfn;
        u32 offset, pad;
    } place = {virt_to_mfn(info_page), 64, 0};

    SAY(vcpu_op(VCPUOP_register_vcpu_info, 2, &place), "vcpu_info of a vcpu that is up");
    SAY(vcpu_op(VCPUOP_register_vcpu_info, 1, &place), "vcpu_info of a vcpu that is down");
    SAY(info_page[64], "  pending");
    SAY(info_page[65], "  mask");
    SAY(*(u32 *)(info_page + 68), "  selector");
    SAY(vcpu_op(VCPUOP_register_vcpu_info, 1, &place), "  again");
    SAY(remap_page(info_page, PTE_RO), "  its page read-only");
    SAY(remap_page(info_page, PTE_RWX), "  and writable");
    cpus[1].info = info_page + 64;
    cpus[1].job = run;
    ran = 0;
    SAY(vcpu_op(VCPUOP_up, 1, 0), "  up");
    smp_wait(&cpus[1]);
    SAY(ran, "  it ran");
}

/* --- masks ------------------------------------------------------------------------------- */

static void masks(void)
{
    static const u32 words[] = {0, 1, 2, 7, 8, ~0u};

    for (u32 cmd = 8; cmd < 12; cmd++)
        for (u32 i = 0; i < 6; i++) {
            u32 op[3] = {cmd, (u32)info_page, (u32)&words[i]};
            SAY(hypercall(NR_mmuext_op, (u32)op, 1, 0, DOMID_SELF, 0), "mmuext %u, mask 0x%x", cmd, words[i]);
        }
    for (u32 cmd = 8; cmd < 12; cmd++) {
        u32 op[3] = {cmd, (u32)info_page, ASK_END - 3};
        SAY(hypercall(NR_mmuext_op, (u32)op, 1, 0, DOMID_SELF, 0), "mmuext %u, mask half unmapped", cmd);
    }
    for (u32 i = 0; i < 6; i++)
        SAY(map_page_flags(gdt, *L1E(gdt), (u32)&words[i] | 2), "update_va_mapping, mask 0x%x", words[i]);
    SAY(map_page_flags(gdt, *L1E(gdt), ASK_END | 1), "update_va_mapping, mask unmapped");
    SAY(map_page_flags(gdt, *L1E(gdt), ASK_END), "update_va_mapping, mask unmapped, no flush");
}

/* --- NMIs ------------------------------------------------------------------------------------ */

static void nmis(void)
{
    SAY(vcpu_op(11, 2, 0), "send_nmi to vcpu 2");
    SAY(vcpu_op(11, 2, 0), "again");
    SAY(vcpu_op(11, 2, (void *)8), "with an argument");
    ran = 0;
    smp_give(&cpus[2], run);
    smp_wait(&cpus[2]);
    SAY(ran, "it runs on");
    SAY(nmis_taken, "NMIs that it took");
}

void guest_main(void)
{
    set_up_measure();
    smp_start();
    SAY(nr_cpus, "vcpus");
    if (nr_cpus != 3)
        return;
    bind_ports(&cpus[1]);
    bind_ports(&cpus[2]);
    bad_contexts();
    more_contexts();
    numbers();
    ports();
    states();
    infos();
    masks();
    nmis();
    SAY(vcpu_op(VCPUOP_down, 1, 0), "down, vcpu 1");
    SAY(vcpu_op(VCPUOP_down, 2, 0), "down, vcpu 2");
    vcpu_op(VCPUOP_down, 0, 0); /* the last one: the domain ends */
    print("got down, the last one = came back\n");
}
