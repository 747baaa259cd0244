/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ports - event channels, vcpu_op, sched_op, console_io and physdev_op with good
 * and with odd arguments (docs/xen-abi.md 8.16, 8.18, 8.19, 8.24, 8.29).
 */
#include "lib/measure.h"

#define OWN 1u /* the domain's own number */

static u32 p[8];

static s32 evtchn(u32 cmd, u32 a, u32 b, u32 c, u32 d)
{
    p[0] = a;
    p[1] = b;
    p[2] = c;
    p[3] = d;
    p[4] = p[5] = p[6] = p[7] = 0x5A5A5A5A;
    return hypercall(NR_event_channel_op, cmd, (u32)p, 0, 0, 0);
}

/* The answer and what the structure then holds. */
static void event(u32 cmd, u32 a, u32 b, u32 c, u32 d)
{
    s32 rc = evtchn(cmd, a, b, c, d);

    print("got evtchn %u {0x%x 0x%x 0x%x 0x%x} = %d: 0x%x 0x%x 0x%x 0x%x 0x%x 0x%x\n", cmd, a, b, c, d, rc,
          p[0], p[1], p[2], p[3], p[4], p[5]);
}

#define NOT 0xCAFEu
static const u32 odd[] = {0,    1,       2,       1023,       1024,       4095,
                          4096, 0x1FFFF, 0x20000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
#define ODD (sizeof(odd) / sizeof(odd[0]))

static const u32 domains[] = {0x7FF0, OWN, 99, 0x7FF1, 0x7FF2, 0x7FF3, 0x7FF4, 0x7FFF, 0x8000, 0xFFFF};
#define DOMAINS (sizeof(domains) / sizeof(domains[0]))

static void bad_ports(void)
{
    static const u32 commands[] = {3, 4, 8, 9};
    u32 i, j;

    for (j = 0; j < 4; j++)
        for (i = 0; i < ODD; i++)
            event(commands[j], odd[i], 0, NOT, NOT);
    for (i = 0; i < ODD; i++)
        event(5, 0x7FF0, odd[i], NOT, NOT);
    for (i = 20; i < 40; i++)
        event(3, i, 0, NOT, NOT);
}

static void virqs(void)
{
    u32 v;

    for (v = 0; v < 26; v++) {
        event(1, v, 0, NOT, NOT);
        if (evtchn(1, v, 0, NOT, NOT) == -EEXIST)
            event(1, v, 0, NOT, NOT);
        event(1, v, 1, NOT, NOT);
        event(1, v, 31, NOT, NOT);
        event(1, v, 32, NOT, NOT);
        event(1, v, 0xFFFFFFFF, NOT, NOT);
    }
    event(1, 0xFFFFFFFF, 0, NOT, NOT);
    event(1, 0x80000000, 0, NOT, NOT);
    for (v = 0; v < 24; v++) {
        event(5, 0x7FF0, v, NOT, NOT);
        event(8, v, 0, NOT, NOT);
        event(8, v, 1, NOT, NOT);
        event(8, v, 0xFFFFFFFF, NOT, NOT);
        event(4, v, 0, NOT, NOT);
        event(9, v, 0, NOT, NOT);
    }
    for (v = 0; v < 24; v++)
        event(3, v, 0, NOT, NOT);
}

static void ipis(void)
{
    u32 i, port;

    event(7, 1, NOT, NOT, NOT);
    event(7, 32, NOT, NOT, NOT);
    event(7, 0xFFFFFFFF, NOT, NOT, NOT);
    event(7, 0, NOT, NOT, NOT);
    port = p[1];
    event(5, 0x7FF0, port, NOT, NOT);
    event(5, OWN, port, NOT, NOT);
    event(8, port, 0, NOT, NOT);
    event(8, port, 1, NOT, NOT);
    EVTCHN_MASK[port / 32] |= 1u << port % 32;
    EVTCHN_SEL = 0;
    UPCALL_PENDING = 0;
    event(4, port, 0, NOT, NOT);
    SAY(EVTCHN_PENDING[port / 32] >> port % 32 & 1, "pending after a send to itself");
    SAY(EVTCHN_SEL, "selector");
    SAY(UPCALL_PENDING, "upcall pending");
    event(9, port, 0, NOT, NOT);
    SAY(EVTCHN_MASK[port / 32] >> port % 32 & 1, "masked after unmask");
    SAY(EVTCHN_SEL, "selector after unmask");
    SAY(UPCALL_PENDING, "upcall pending after unmask");
    EVTCHN_SEL = 0;
    UPCALL_PENDING = 0;
    event(9, port, 0, NOT, NOT);
    SAY(EVTCHN_SEL, "selector after a second unmask");
    event(4, port, 0, NOT, NOT);
    SAY(EVTCHN_SEL, "selector after a second send");
    EVTCHN_PENDING[port / 32] = 0;
    event(4, port, 0, NOT, NOT);
    SAY(EVTCHN_SEL, "selector after a third send");
    EVTCHN_SEL = 0;
    UPCALL_PENDING = 0;
    event(3, port, 0, NOT, NOT);
    SAY(EVTCHN_PENDING[port / 32] >> port % 32 & 1, "pending after close");
    SAY(EVTCHN_MASK[port / 32] >> port % 32 & 1, "masked after close");
    event(3, port, 0, NOT, NOT);
    for (i = 0; i < 40; i++)
        evtchn(7, 0, NOT, NOT, NOT);
    SAY(p[1], "the fortieth ipi's port");
    evtchn(3, 20, 0, 0, 0);
    event(7, 0, NOT, NOT, NOT);
    for (i = 0; i < 1100; i++)
        if (evtchn(7, 0, NOT, NOT, NOT))
            break;
    SAY(i, "ipis until it is full");
    event(7, 0, NOT, NOT, NOT);
    event(6, 0x7FF0, 0, NOT, NOT);
    event(1, 5, 0, NOT, NOT);
    for (i = 1; i < 1024; i++)
        evtchn(3, i, 0, 0, 0);
    event(7, 0, NOT, NOT, NOT);
    evtchn(3, p[1], 0, 0, 0);
}

static void unbound(void)
{
    u32 i, port, other;

    for (i = 0; i < DOMAINS; i++) {
        event(6, 0x7FF0 | domains[i] << 16, NOT, NOT, NOT);
        event(5, 0x7FF0, p[1], NOT, NOT);
        event(3, p[1], 0, NOT, NOT);
        event(6, domains[i] | 0x7FF0u << 16, NOT, NOT, NOT);
        if (domains[i] != 0)
            evtchn(3, p[1], 0, 0, 0);
        event(6, domains[i] | 99u << 16, NOT, NOT, NOT);
        evtchn(3, p[1], 0, 0, 0);
        event(5, domains[i], 1, NOT, NOT);
        event(0, domains[i], 1, NOT, NOT);
        event(0, domains[i], 0, NOT, NOT);
        event(0, domains[i], 4096, NOT, NOT);
        event(10, domains[i], NOT, NOT, NOT);
    }
    event(6, 0x7FF0 | 0x7FF0u << 16, NOT, NOT, NOT); /* for ourselves */
    port = p[1];
    event(4, port, 0, NOT, NOT);
    event(5, 0x7FF0, port, NOT, NOT);
    event(0, 0x7FF0, port, NOT, NOT);
    other = p[2];
    SAY(EVTCHN_PENDING[other / 32] >> other % 32 & 1, "bound port pending");
    event(5, 0x7FF0, port, NOT, NOT);
    event(5, 0x7FF0, other, NOT, NOT);
    event(0, 0x7FF0, port, NOT, NOT);
    event(0, 0x7FF0, other, NOT, NOT);
    EVTCHN_PENDING[0] = 0;
    EVTCHN_SEL = 0;
    UPCALL_PENDING = 0;
    event(4, other, 0, NOT, NOT);
    SAY(EVTCHN_PENDING[port / 32] >> port % 32 & 1, "the peer is pending");
    SAY(EVTCHN_PENDING[other / 32] >> other % 32 & 1, "the sender is not");
    event(8, port, 0, NOT, NOT);
    event(8, port, 1, NOT, NOT);
    event(3, other, 0, NOT, NOT);
    event(5, 0x7FF0, port, NOT, NOT);
    event(4, port, 0, NOT, NOT);
    event(0, OWN, port, NOT, NOT);
    event(3, port, 0, NOT, NOT);
    event(6, OWN | OWN << 16, NOT, NOT, NOT);
    port = p[1];
    event(5, OWN, port, NOT, NOT);
    event(0, OWN, port, NOT, NOT);
    event(0, OWN, port, NOT, NOT);
    event(3, p[2] == NOT ? 4 : p[2], 0, NOT, NOT);
    event(3, port, 0, NOT, NOT);
    for (i = 0; i < ODD; i++) {
        event(2, odd[i], 0, NOT, NOT);
        event(2, odd[i], 1, NOT, NOT);
    }
    for (i = 10; i < 70; i++)
        event(2, i, 0, NOT, NOT);
}

static void compat(void)
{
    u32 cmd, i;

    for (cmd = 0; cmd < 16; cmd++)
        for (i = 0; i < 4; i++) {
            u32 op[7] = {cmd,
                         i == 1 ? 0x7FF0 : i == 2 ? 0xFFFFFFFF : i == 3 ? OWN : 0x99,
                         i == 2 ? ~0u : 0,
                         NOT,
                         NOT,
                         NOT,
                         NOT};
            s32 rc;
            if (cmd == 10 || cmd == 11)
                continue;
            rc = hypercall(NR_event_channel_op_compat, (u32)op, 0, 0, 0, 0);
            print("got evtchn compat %u %u = %d: 0x%x 0x%x 0x%x 0x%x 0x%x 0x%x\n", cmd, i, rc, op[1], op[2],
                  op[3], op[4], op[5], op[6]);
        }
    for (i = 1; i < 64; i++)
        evtchn(3, i, 0, 0, 0);
}

static void vcpus(void)
{
    static const u32 ids[] = {0, 1, 2, 31, 32, 99, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    u32 cmd, i;
    static u32 words[704];

    for (cmd = 0; cmd < 18; cmd++)
        for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
            if (ids[i] == 0 && (cmd == 2 || cmd == 4 || cmd == 5 || cmd == 10 || cmd == 11 || cmd == 13))
                continue;
            memset(words, 0, sizeof(words));
            SAY(hypercall(24, cmd, ids[i], (u32)words, 0, 0), "vcpu_op %u of vcpu 0x%x, zeros", cmd, ids[i]);
            SAY(hypercall(24, cmd, ids[i], 0, 0, 0), "vcpu_op %u of vcpu 0x%x, null", cmd, ids[i]);
            SAY(hypercall(24, cmd, ids[i], HYPERVISOR_START, 0, 0), "vcpu_op %u of vcpu 0x%x, at Xen", cmd,
                ids[i]);
        }
    for (i = 5; i < 32; i++)
        SAY(hypercall(24, (1u << i) + 1, 0, 0, 0, 0), "vcpu_op 0x%x", (1u << i) + 1);
    {
        u32 ms[] = {0, 1, 999999, 1000000, 1000001, 0x7FFFFFFF};
        for (i = 0; i < 6; i++) {
            u32 period[2] = {ms[i], 0};
            SAY(hypercall(24, 6, 0, (u32)period, 0, 0), "periodic timer of %u ns", ms[i]);
        }
        u32 high[2] = {0, 0x7FFFFFFF}, minus[2] = {0xFFFFFFFF, 0xFFFFFFFF}, top[2] = {0, 0x80000000};
        SAY(hypercall(24, 6, 0, (u32)high, 0, 0), "periodic timer, very long");
        SAY(hypercall(24, 6, 0, (u32)minus, 0, 0), "periodic timer of -1");
        SAY(hypercall(24, 6, 0, (u32)top, 0, 0), "periodic timer of 2^63");
        SAY(hypercall(24, 7, 0, 0, 0, 0), "stop the periodic timer");
        SAY(hypercall(24, 7, 0, 0, 0, 0), "stop it again");
        for (i = 0; i < 4; i++) {
            u32 shot[3] = {0xFFFFFFFF, 0x7FFFFFFF, i};
            SAY(hypercall(24, 8, 0, (u32)shot, 0, 0), "singleshot timer far ahead, flags %u", i);
            u32 past[3] = {1, 0, i};
            SAY(hypercall(24, 8, 0, (u32)past, 0, 0), "singleshot timer in the past, flags %u", i);
            SAY(hypercall(24, 9, 0, 0, 0, 0), "stop the singleshot timer");
        }
        UPCALL_PENDING = 0;
    }
    {
        u32 runstate[11];
        memset(runstate, 0x5A, sizeof(runstate));
        SAY(hypercall(24, 4, 0, (u32)runstate, 0, 0), "get_runstate");
        SAY(runstate[0], "  state");
        SAY(runstate[7] | runstate[8], "  time blocked");
        SAY(hypercall(24, 4, 0, ASK_END - 43, 0, 0), "get_runstate, cut");
        SAY(hypercall(24, 4, 0, (u32)ask_read_only, 0, 0), "get_runstate, read-only");
        u32 area[2] = {0, 0};
        SAY(hypercall(24, 5, 0, (u32)area, 0, 0), "register_runstate null");
        area[0] = HYPERVISOR_START;
        SAY(hypercall(24, 5, 0, (u32)area, 0, 0), "register_runstate at Xen");
        area[0] = 0x40000000;
        SAY(hypercall(24, 5, 0, (u32)area, 0, 0), "register_runstate unmapped");
        ask_area[1023] = 0;
        SAY(hypercall(24, 5, 0, ASK_END - 4, 0, 0), "register_runstate, four bytes");
        SAY(hypercall(24, 5, 0, ASK_END - 3, 0, 0), "register_runstate, cut");
        area[0] = 0;
        hypercall(24, 5, 0, (u32)area, 0, 0);
        SAY(hypercall(24, 13, 0, (u32)area, 0, 0), "register_time null");
        area[0] = HYPERVISOR_START;
        SAY(hypercall(24, 13, 0, (u32)area, 0, 0), "register_time at Xen");
        area[0] = 0x40000000;
        SAY(hypercall(24, 13, 0, (u32)area, 0, 0), "register_time unmapped");
        area[0] = 0;
        SAY(hypercall(24, 13, 0, (u32)area, 0, 0), "register_time null again");
    }
    {
        static u32 info[1024] PAGE;
        struct {
            u64 mfn;
            u32 offset, rest;
        } __attribute__((packed, aligned(4))) r = {virt_to_mfn(info), 0, 0};
        u32 offsets[] = {4096 - 63, 4096, 4097, 1, 2, 3, 0xFFFFFFFF, 4095, 4064};
        for (i = 0; i < 9; i++) {
            r.offset = offsets[i];
            SAY(hypercall(24, 10, 0, (u32)&r, 0, 0), "register_vcpu_info at %d", offsets[i]);
        }
        r.offset = 64;
        r.mfn = 0x7FFFFFF;
        SAY(hypercall(24, 10, 0, (u32)&r, 0, 0), "register_vcpu_info of a bad frame");
        r.mfn = ~0ull;
        SAY(hypercall(24, 10, 0, (u32)&r, 0, 0), "register_vcpu_info of frame -1");
        r.mfn = virt_to_mfn((void *)start_info->pt_base);
        SAY(hypercall(24, 10, 0, (u32)&r, 0, 0), "register_vcpu_info of a page table");
        r.mfn = virt_to_mfn(info);
        SAY(hypercall(24, 10, 1, (u32)&r, 0, 0), "register_vcpu_info of vcpu 1");
        r.offset = 64;
        SAY(hypercall(24, 10, 0, (u32)&r, 0, 0), "register_vcpu_info");
        SAY(info[16] & 0xFFFF, "  the two bytes there");
        SAY(hypercall(24, 10, 0, (u32)&r, 0, 0), "register_vcpu_info again");
    }
}

static void scheduling(void)
{
    u32 ports[4] = {1, 2, 3, 1023}, i;
    struct {
        u32 ports, nr;
        u64 timeout;
    } __attribute__((packed, aligned(4))) poll = {(u32)ports, 4, 1};

    SAY(hypercall(29, 3, (u32)&poll, 0, 0, 0), "poll, timeout past");
    ports[0] = 1024;
    SAY(hypercall(29, 3, (u32)&poll, 0, 0, 0), "poll of port 1024");
    ports[0] = 0;
    SAY(hypercall(29, 3, (u32)&poll, 0, 0, 0), "poll of port 0");
    for (i = 126; i < 131; i++) {
        poll.nr = i;
        poll.ports = (u32)ask_area;
        SAY(hypercall(29, 3, (u32)&poll, 0, 0, 0), "poll of %u", i);
    }
    poll.nr = 0xFFFFFFFF;
    SAY(hypercall(29, 3, (u32)&poll, 0, 0, 0), "poll of 2^32-1");
    poll.nr = 0;
    SAY(hypercall(29, 3, (u32)&poll, 0, 0, 0), "poll of none, timeout past");
    poll.nr = 2;
    poll.ports = HYPERVISOR_START;
    SAY(hypercall(29, 3, (u32)&poll, 0, 0, 0), "poll, ports at Xen");
    poll.ports = ASK_END - 4;
    SAY(hypercall(29, 3, (u32)&poll, 0, 0, 0), "poll, ports cut");
    poll.ports = 0;
    SAY(hypercall(29, 3, (u32)&poll, 0, 0, 0), "poll, ports null");
    for (i = 0; i < 4; i++) {
        u32 d[2] = {i == 0 ? 0x7FF0 : i == 1 ? OWN : i == 2 ? 99 : 0x7FF1, 0};
        SAY(hypercall(29, 4, (u32)d, 0, 0, 0), "remote_shutdown of 0x%x", d[0]);
    }
    for (i = 0; i < 7; i++) {
        u32 r = i;
        SAY(hypercall(29, 5, (u32)&r, 0, 0, 0), "shutdown_code %u", i);
    }
    for (i = 0; i < 6; i++) {
        u32 w[2] = {i, 100};
        SAY(hypercall(29, 6, (u32)w, 0, 0, 0), "watchdog %u of 100 s", i);
    }
    {
        u32 w[2] = {0, 100};
        SAY(hypercall(29, 6, (u32)w, 0, 0, 0), "watchdog new");
        SAY(hypercall(29, 6, (u32)w, 0, 0, 0), "watchdog new, a third");
        for (i = 1; i < 5; i++) {
            u32 off[2] = {i, 0};
            SAY(hypercall(29, 6, (u32)off, 0, 0, 0), "watchdog %u off", i);
            SAY(hypercall(29, 6, (u32)off, 0, 0, 0), "watchdog %u off again", i);
        }
        w[0] = 0xFFFFFFFF;
        SAY(hypercall(29, 6, (u32)w, 0, 0, 0), "watchdog -1");
        SAY(hypercall(29, 6, 0, 0, 0, 0), "watchdog null");
    }
    SAY(hypercall(29, 0, 0xFFFFFFFF, 0, 0, 0), "yield");
    SAY(hypercall(29, 2, 0, 0, 0, 0), "shutdown, null");
    SAY(hypercall(29, 5, 0, 0, 0, 0), "shutdown_code, null");
}

static void rights(void)
{
    u32 i;

    for (i = 0; i < 8; i++) {
        u32 v = i;
        SAY(hypercall(33, 6, (u32)&v, 0, 0, 0), "set_iopl %u", i);
    }
    for (i = 0; i < 70; i += i < 4 ? 1 : 13) {
        u32 q[4] = {i, 0x5A5A5A5A, 0, 0};
        SAY(hypercall(33, 5, (u32)q, 0, 0, 0), "irq_status_query %u", i);
        SAY(q[1], "  flags");
        SAY(hypercall(33, 12, (u32)q, 0, 0, 0), "eoi %u", i);
        q[0] = 0x7FF0;
        q[1] = 0;
        q[2] = i;
        SAY(hypercall(33, 13, (u32)q, 0, 0, 0), "map_pirq of index %u", i);
        q[1] = i;
        SAY(hypercall(33, 14, (u32)q, 0, 0, 0), "unmap_pirq %u", i);
    }
    for (i = 0; i < 6; i++) {
        static const u32 nr[] = {0, 1, 65535, 65536, 65537, 0xFFFFFFFF};
        u32 map[2] = {(u32)ask_area, nr[i]};
        SAY(hypercall(33, 7, (u32)map, 0, 0, 0), "set_iobitmap of %u", nr[i]);
        map[0] = HYPERVISOR_START;
        SAY(hypercall(33, 7, (u32)map, 0, 0, 0), "set_iobitmap of %u at Xen", nr[i]);
    }
    {
        u32 none[2] = {0, 0}, iopl = 0;
        hypercall(33, 7, (u32)none, 0, 0, 0);
        hypercall(33, 6, (u32)&iopl, 0, 0, 0);
    }
}

static void otherdomain(void)
{
    static u32 page[1024] PAGE;
    u32 i;

    for (i = 0; i < DOMAINS; i++) {
        SAY(hypercall(22, (u32)page, 0, 0, 0, domains[i]), "update_va_mapping_otherdomain of 0x%x",
            domains[i]);
        SAY(hypercall(22, HYPERVISOR_START, 0, 0, 0, domains[i]), "  in Xen");
    }
}

void guest_main(void)
{
    set_up_measure();
    bad_ports();
    virqs();
    ipis();
    unbound();
    compat();
    scheduling();
    rights();
    otherdomain();
    vcpus();
}
