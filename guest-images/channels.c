/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * channels - thousands of event channel calls by chance, each answer, the structure
 * and the bits in shared memory compared with what a model of Xen says: 2.0, and 3.0.0
 * to 3.2 (docs/xen-abi.md 6.4, 8.16, 12.2). Another start: seed=NUMBER.
 */
#include "lib/traps.h"

#define SELF     0x7FF0u
#define NR_PORTS 1024u
#define NR_VIRQS 24u
#define ENOSPC   28

enum kind { FREE, RESERVED, UNBOUND, INTERDOMAIN, VIRQ, IPI };

/* The model. */
static struct {
    struct {
        u8 kind;
        u16 dom, port, virq;
    } port[NR_PORTS];
    u32 size; /* ports that there is room for: more come as they are needed */
    u32 virq_port[NR_VIRQS];
    u32 pending[32], mask[32], sel, upcall;
    u16 self;
} m;

static int valid(u32 port)
{
    return port < m.size;
}

static int get_free_port(void)
{
    u32 port;

    for (port = 0; port < m.size; port++)
        if (m.port[port].kind == FREE)
            return (int)port;
    if (m.size == NR_PORTS)
        return -ENOSPC;
    m.size = xen == XEN_2_0 ? m.size * 2 : m.size + 128;
    return (int)port;
}

static void select_port(u32 port)
{
    if (m.sel >> port / 32 & 1)
        return;
    m.sel |= 1u << port / 32;
    m.upcall = 1;
}

static void set_pending(u32 port)
{
    if (m.pending[port / 32] >> port % 32 & 1)
        return;
    m.pending[port / 32] |= 1u << port % 32;
    if (!(m.mask[port / 32] >> port % 32 & 1))
        select_port(port);
}

static void join(u32 a, u32 b)
{
    m.port[a].kind = m.port[b].kind = INTERDOMAIN;
    m.port[a].dom = m.port[b].dom = m.self;
    m.port[a].port = (u16)b;
    m.port[b].port = (u16)a;
}

static int close_port(u32 port)
{
    u32 v;

    if (!valid(port) || m.port[port].kind == FREE || m.port[port].kind == RESERVED)
        return -EINVAL;
    if (m.port[port].kind == VIRQ)
        for (v = 0; v < NR_VIRQS; v++)
            if (m.virq_port[v] == port)
                m.virq_port[v] = 0;
    if (m.port[port].kind == INTERDOMAIN && m.port[port].dom == m.self) {
        m.port[m.port[port].port].kind = UNBOUND;
        m.port[m.port[port].port].dom = m.self;
    }
    if (xen >= XEN_3_2)
        m.pending[port / 32] &= ~(1u << port % 32);
    m.port[port].kind = FREE;
    return 0;
}

static int send(u32 port)
{
    if (!valid(port))
        return -EINVAL;
    if (m.port[port].kind == INTERDOMAIN)
        set_pending(m.port[port].port);
    else if (m.port[port].kind == IPI)
        set_pending(port);
    else if (m.port[port].kind != UNBOUND || xen == XEN_2_0)
        return -EINVAL;
    return 0;
}

/* `u`: the words of the answer that go by the kind of the port. */
static u32 status_of(u32 port, u32 *u)
{
    switch (m.port[port].kind) {
    case UNBOUND:
        u[0] = (u[0] & ~0xFFFFu) | m.port[port].dom;
        return 1;
    case INTERDOMAIN:
        u[0] = (u[0] & ~0xFFFFu) | m.port[port].dom;
        u[1] = m.port[port].port;
        return 2;
    case VIRQ:
        u[0] = m.port[port].virq;
        return 4;
    case IPI:
        return 5;
    default:
        return 0;
    }
}

static int take(u8 kind, u16 dom, u32 *out)
{
    int port = get_free_port();

    if (port < 0)
        return port;
    m.port[port].kind = kind;
    m.port[port].dom = dom;
    *out = (u32)port;
    return 0;
}

#ifdef GUEST_2_0
#define AT       2u /* the word of the structure where the arguments begin */
#define COMMANDS 8u

static int bind_interdomain(u32 *w)
{
    u32 dom1 = w[0] & 0xFFFF, dom2 = w[0] >> 16;
    int port1 = (int)w[1], port2 = (int)w[2];
    u8 kind;

    if (dom1 != SELF)
        return -EPERM;
    if (port1 < 0 || port2 < 0)
        return -EINVAL;
    dom2 = dom2 == SELF ? m.self : dom2;
    if (dom2 != m.self)
        return -ESRCH;
    if (port1 == 0 && (port1 = get_free_port()) < 0)
        return port1;
    if (!valid((u32)port1))
        return -EINVAL;
    if (port2 == 0) {
        kind = m.port[port1].kind;
        m.port[port1].kind = INTERDOMAIN;
        port2 = get_free_port();
        m.port[port1].kind = kind;
        if (port2 < 0)
            return port2;
    }
    if (!valid((u32)port2))
        return -EINVAL;
    switch (m.port[port1].kind) {
    case FREE:
        break;
    case UNBOUND:
        if (m.port[port1].dom != dom2)
            return -EINVAL;
        break;
    case INTERDOMAIN:
        if (m.port[port1].dom != dom2 || (m.port[port1].port != port2 && w[2] != 0))
            return -EINVAL;
        w[1] = (u32)port1;
        w[2] = m.port[port1].port;
        return 0;
    default:
        return -EINVAL;
    }
    switch (m.port[port2].kind) {
    case FREE:
        return -EPERM;
    case UNBOUND:
        if (m.port[port2].dom != m.self)
            return -EINVAL;
        break;
    case INTERDOMAIN:
        if (m.port[port2].dom != m.self || (m.port[port2].port != port1 && w[1] != 0))
            return -EINVAL;
        w[2] = (u32)port2;
        w[1] = m.port[port2].port;
        return 0;
    default:
        return -EINVAL;
    }
    join((u32)port1, (u32)port2);
    w[1] = (u32)port1;
    w[2] = (u32)port2;
    return 0;
}

static int bind_virq(u32 *w)
{
    u32 virq = w[0];
    int rc;

    if (virq >= 7)
        return -EINVAL;
    if (virq != 0 && m.virq_port[virq] == 0) {
        rc = take(VIRQ, 0, &m.virq_port[virq]);
        if (rc)
            return rc;
        m.port[m.virq_port[virq]].virq = (u16)virq;
    }
    w[1] = m.virq_port[virq];
    return 0;
}

static int expected(u32 cmd, u32 *w)
{
    int port;

    switch (cmd) {
    case 0:
        return bind_interdomain(w);
    case 1:
        return bind_virq(w);
    case 2:
        if (w[0] >= 128)
            return -EINVAL;
        port = get_free_port();
        return port < 0 ? port : -EPERM;
    case 3:
        return (w[0] & 0xFFFF) != SELF ? -EPERM : w[1] == 0 ? -EINVAL : close_port(w[1]);
    case 4:
        return send(w[0]);
    case 5:
        if ((w[0] & 0xFFFF) != SELF)
            return -EPERM;
        if (!valid(w[1]))
            return -EINVAL;
        w[2] = status_of(w[1], w + 3);
        return 0;
    case 6:
        return take(UNBOUND, (u16)w[0], &w[1]);
    default:
        return -ENOSYS;
    }
}
#else
#define AT       1u
#define COMMANDS 12u

static int global(u32 virq)
{
    return virq != 0 && virq != 1 && virq != 7;
}

static int bind_interdomain(u32 *w)
{
    u32 dom = (w[0] & 0xFFFF) == SELF ? m.self : w[0] & 0xFFFF, port = w[1];
    int mine;

    if (dom != m.self)
        return -ESRCH;
    mine = get_free_port();
    if (mine < 0)
        return mine;
    if (!valid(port) || m.port[port].kind != UNBOUND || m.port[port].dom != m.self)
        return -EINVAL;
    join((u32)mine, port);
    set_pending((u32)mine);
    w[2] = (u32)mine;
    return 0;
}

static int bind_virq(u32 *w)
{
    u32 virq = w[0], vcpu = w[1];
    int rc;

    if (virq >= (xen == XEN_3_0_0 ? 7 : NR_VIRQS))
        return -EINVAL;
    if (xen > XEN_3_0_0 && global(virq) && vcpu)
        return -EINVAL;
    if (vcpu)
        return -ENOENT;
    if (m.virq_port[virq])
        return -EEXIST;
    rc = take(VIRQ, 0, &m.virq_port[virq]);
    if (rc)
        return rc;
    m.port[m.virq_port[virq]].virq = (u16)virq;
    w[2] = m.virq_port[virq];
    return 0;
}

static int bind_vcpu(u32 port, u32 vcpu)
{
    if (vcpu)
        return -ENOENT;
    if (!valid(port))
        return -EINVAL;
    switch (m.port[port].kind) {
    case VIRQ:
        return xen > XEN_3_0_0 && global(m.port[port].virq) ? 0 : -EINVAL;
    case UNBOUND:
    case INTERDOMAIN:
        return 0;
    default:
        return -EINVAL;
    }
}

static int unmask(u32 port)
{
    if (xen == XEN_3_0_0)
        return -ENOSYS;
    if (!valid(port))
        return -EINVAL;
    if (!(m.mask[port / 32] >> port % 32 & 1))
        return 0;
    m.mask[port / 32] &= ~(1u << port % 32);
    if (m.pending[port / 32] >> port % 32 & 1)
        select_port(port);
    return 0;
}

static int expected(u32 cmd, u32 *w)
{
    u32 dom = w[0] & 0xFFFF, remote = w[0] >> 16, port;

    switch (cmd) {
    case 0:
        return bind_interdomain(w);
    case 1:
        return bind_virq(w);
    case 2:
        return w[0] >= 256 ? -EINVAL : -EPERM;
    case 3:
        return close_port(w[0]);
    case 4:
        return send(w[0]);
    case 5:
        if (dom != SELF)
            return -EPERM;
        if (!valid(w[1]))
            return -EINVAL;
        w[2] = status_of(w[1], w + 4);
        w[3] = 0;
        return 0;
    case 6:
        return dom != SELF ? -EPERM : take(UNBOUND, remote == SELF ? m.self : (u16)remote, &w[1]);
    case 7:
        return w[0] ? -ENOENT : take(IPI, 0, &w[1]);
    case 8:
        return bind_vcpu(w[0], w[1]);
    case 9:
        return unmask(w[0]);
    case 10:
        if (xen < XEN_3_2)
            return -ENOSYS;
        if (dom != SELF)
            return -EPERM;
        for (port = 1; port < m.size; port++)
            close_port(port);
        return 0;
    default:
        return -ENOSYS;
    }
}
#endif

/* --- asking both ------------------------------------------------------------------ */

static u32 asked;

/* One call, and everything compared; at the first difference the guest says all. */
static int ask(u32 cmd, const u32 *args)
{
    u32 op[8], want[8], i, words = AT + 6;
    int rc, want_rc;

    for (i = 0; i < 8; i++)
        op[i] = 0xEEEE0000 + i;
    op[0] = cmd;
    memcpy(op + AT, args, 12);
    memcpy(want, op, sizeof(op));
    want_rc = expected(cmd, want + AT);
    rc = hypercall(NR_event_channel_op_compat, (u32)op, 0, 0, 0, 0);
    asked++;
    if (rc == want_rc && !memcmp(op, want, words * 4) && EVTCHN_SEL == m.sel && UPCALL_PENDING == m.upcall &&
        !memcmp((void *)EVTCHN_PENDING, m.pending, sizeof(m.pending)) &&
        !memcmp((void *)EVTCHN_MASK, m.mask, sizeof(m.mask)))
        return 1;
    print("call %u: command %u of 0x%x 0x%x 0x%x, size %u\n", asked, cmd, args[0], args[1], args[2], m.size);
    CHECK("  answer", rc, want_rc);
    for (i = AT; i < words; i++)
        check_quietly("  word", op[i], want[i]);
    check_quietly("  selector", EVTCHN_SEL, m.sel);
    check_quietly("  upcall pending", UPCALL_PENDING, m.upcall);
    for (i = 0; i < 32; i++) {
        check_quietly("  pending bits", EVTCHN_PENDING[i], m.pending[i]);
        check_quietly("  mask bits", EVTCHN_MASK[i], m.mask[i]);
    }
    check_quietly("  the same as the model", 0, 1);
    return 0;
}

static u32 seed;

static u32 chance(u32 n)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % n;
}

static u32 some_port(void)
{
    static const u32 odd[] = {0, 127, 128, 1023, 1024, 4096, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};

    return chance(8) ? chance(chance(2) ? 40 : m.size + 2) : odd[chance(9)];
}

/* Domain 0 has ports of its own, of which the model knows nothing. */
static u32 some_domain(void)
{
    u32 d = chance(8);

    return d == 0 ? 9 : d == 1 ? 0x7FF1 : d == 2 ? m.self : SELF;
}

static u32 some_virq(void)
{
    u32 virq;

    do
        virq = chance(chance(4) ? 8 : 30);
    while (virq == VIRQ_TIMER);
    return virq;
}

static int anything(void)
{
    u32 cmd = chance(COMMANDS), args[3] = {0, 0, 0}, word;

    switch (cmd) {
    case 0:
#ifdef GUEST_2_0
        args[0] = some_domain() | some_domain() << 16;
        args[1] = chance(3) ? some_port() : 0;
        args[2] = chance(3) ? some_port() : 0;
#else
        args[0] = some_domain();
        args[1] = some_port();
#endif
        break;
    case 1:
        args[0] = some_virq();
        args[1] = chance(6) ? 0 : chance(40);
        break;
    case 2:
        args[0] = chance(300);
        break;
    case 5:
        args[0] = some_domain();
        args[1] = some_port();
        break;
    case 6:
        args[0] = some_domain() | some_domain() << 16;
        break;
    case 7:
        args[0] = chance(6) ? 0 : some_port();
        break;
    case 8:
        args[0] = some_port();
        args[1] = chance(6) ? 0 : chance(40);
        break;
    case 10: /* seldom */
        args[0] = chance(4) ? some_domain() & 0xFF : some_domain();
        break;
    default:
#ifdef GUEST_2_0
        if (cmd == 3) {
            args[0] = some_domain();
            args[1] = some_port();
            break;
        }
#endif
        args[0] = some_port();
    }
    /* The guest's own business, between the calls. */
    word = chance(chance(2) ? 2 : 32);
    if (!chance(4))
        EVTCHN_PENDING[word] = m.pending[word] &= chance(0x10000) << 16 | chance(0x10000);
    if (!chance(6))
        EVTCHN_MASK[word] = m.mask[word] = chance(0x10000) << 16 | chance(0x10000);
    if (!chance(3))
        EVTCHN_SEL = m.sel = 0;
    if (!chance(3))
        UPCALL_PENDING = (u8)(m.upcall = 0);
    return ask(cmd, args);
}

/* --- the start --------------------------------------------------------------------- */

static s32 call(u32 cmd, u32 a, u32 b, u32 c, u32 word, u32 *out)
{
    u32 op[8] = {cmd};
    s32 rc;

    op[AT] = a;
    op[AT + 1] = b;
    op[AT + 2] = c;
    rc = hypercall(NR_event_channel_op_compat, (u32)op, 0, 0, 0, 0);
    if (out)
        *out = op[AT + word];
    return rc;
}

static s32 shut(u32 port)
{
    return AT == 2 ? call(3, SELF, port, 0, 0, 0) : call(3, port, 0, 0, 0, 0);
}

/* The domain's number: a port that waits for it can be joined. */
static void find_self(void)
{
    u32 here, there;

#ifdef GUEST_2_0
    for (m.self = 1; m.self < 1000; m.self++) {
        call(6, m.self, 0, 0, 1, &there);
        if (call(0, SELF | SELF << 16, 0, there, 1, &here) == 0)
            break;
        shut(there);
    }
#else
    u32 dom;
    CHECK("a port for itself", call(6, SELF | SELF << 16, 0, 0, 1, &there), 0);
    CHECK("  joined", call(0, SELF, there, 0, 2, &here), 0);
    CHECK("  status", call(5, SELF, here, 0, 4, &dom), 0);
    m.self = (u16)dom;
#endif
    shut(here);
    shut(there);
}

static void begin(void)
{
    u32 i;

    UPCALL_MASK = 1;
    for (i = 1; i < 16; i++) /* those that the domain was given */
        shut(i);
    find_self();
    for (i = 0; i < 32; i++) {
        EVTCHN_PENDING[i] = 0;
        EVTCHN_MASK[i] = 0;
    }
    EVTCHN_SEL = 0;
    UPCALL_PENDING = 0;
    m.size = xen == XEN_2_0 ? 16 : 128;
    m.port[0].kind = xen == XEN_2_0 ? VIRQ : RESERVED;
}

/* All ports, until there is none. */
static void fill(void)
{
    u32 args[3] = {SELF | SELF << 16, 0, 0}, i, free = 0;

    for (i = 0; i < NR_PORTS; i++)
        free += m.port[i].kind == FREE;
    for (i = 0; i < free + 2; i++)
        if (!ask(6, args))
            return;
    CHECK("all ports taken: room", m.size, NR_PORTS);
}

void guest_main(void)
{
    static const u32 counts[] = {1500, 400, 600};
    u32 round, i, good = 0, args[3] = {0, 0, 0};

    const char *start = option("seed=");

    for (seed = 0; start && *start >= '0' && *start <= '9'; start++)
        seed = seed * 10 + (u32)(*start - '0');
    seed |= 1u << 20;
    install_traps();
    begin();
    for (round = 0; round < 3; round++) {
        for (i = 0; i < counts[round]; i++) {
            if (!anything())
                return;
            good++;
        }
        if (round == 0)
            fill();
        if (round == 1) /* and free most of them */
            for (i = 1; i < NR_PORTS; i++) {
                args[0] = AT == 2 ? SELF : i;
                args[1] = AT == 2 ? i : 0;
                if (chance(8) && !ask(3, args))
                    return;
            }
    }
    CHECK("calls as the model says", good, 2500);
}
