/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * control - 2.0's control interface: what the controller answers to messages of
 * every kind, the console both ways, its events and its flow control
 * (docs/xen-abi.md 9.1). `-- input` waits for lines and says them back until one
 * is `quit`.
 */
#include "lib/control.h"
#include "lib/paging.h"

#define PORT start_info->control_evtchn

static u32 upcalls;

static void say(const char *text)
{
    u32 len = strlen(text), n;

    for (; len; text += n, len -= n) {
        n = len < CONTROL_DATA ? len : CONTROL_DATA;
        control_put(CMSG_CONSOLE, 0, 0xFF, text, n);
    }
    control_kick();
}

static u32 pending(void)
{
    return EVTCHN_PENDING[PORT / 32] >> PORT % 32 & 1;
}

static void clear(void)
{
    EVTCHN_PENDING[PORT / 32] &= ~(1u << PORT % 32);
    EVTCHN_SEL = 0;
    UPCALL_PENDING = 0;
}

/* The upcall of a kernel: ports that are pending are seen to, then events are on
 * again. */
static int take_event(struct trap *t)
{
    if (t->vec != VEC_EVENT)
        return 0;
    upcalls++;
    clear();
    UPCALL_MASK = 0;
    return 1;
}

static void block(void)
{
    hypercall(NR_sched_op_compat, 1, 0, 0, 0, 0);
}

/* Each comes back as it went, whoever it is for. */
static void echoes(void)
{
    static const struct {
        const char *name;
        u32 type, subtype, len;
    } kinds[] = {
        {"block device's driver is up", CMSG_BLKIF_FE, 32, 4},
        {"block device's ring", CMSG_BLKIF_FE, 33, 8},
        {"network's ring", CMSG_NETIF_FE, 33, 12},
        {"network's interface", CMSG_NETIF_FE, 0, 20},
        {"memory", CMSG_MEM_REQUEST, 0, 8},
        {"an unknown one, empty", 77, 200, 0},
        {"an unknown one, whole", 255, 255, 60},
    };
    u8 data[CONTROL_DATA];
    u32 i, k;

    for (i = 0; i < sizeof(data); i++)
        data[i] = (u8)(i * 7);
    for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        u32 place = control_ask(kinds[k].type, kinds[k].subtype, 10 + k, data, kinds[k].len);
        volatile const struct control_msg *m = control->tx + place;
        print("%s:\n", kinds[k].name);
        CHECK("  type", m->type, kinds[k].type);
        CHECK("  subtype", m->subtype, kinds[k].subtype);
        CHECK("  id", m->id, 10 + k);
        CHECK("  length", m->length, kinds[k].len);
        CHECK("  contents", memcmp((const void *)m->msg, data, kinds[k].len), 0);
        CHECK("  an event", pending(), 1);
        clear();
    }
    CHECK("a length of 255", control->tx[control_ask(99, 0, 1, data, 255)].length, 60);
    CHECK("nothing was asked of the guest", control->rx_req_prod, 0);
}

static void network(void)
{
    struct control_msg m;
    u32 up = 1;

    control_ask(CMSG_NETIF_FE, 32, 3, &up, 8);
    CHECK("the network's driver is up: a message", control->rx_req_prod, 1);
    CHECK("  taken", control_take(&m), 1);
    CHECK("  type", m.type, CMSG_NETIF_FE);
    CHECK("  subtype", m.subtype, 32);
    CHECK("  length", m.length, 8);
    CHECK("  status", *(u32 *)m.msg, 1);
    CHECK("  interfaces", *(u32 *)(m.msg + 4), 0);
    CHECK("  no more", control_take(&m), 0);
}

static void output(void)
{
    u32 i, before;

    say("a line\n");
    say("a line that is longer than a message, which holds no more than sixty bytes of it\n");
    for (i = 0; i < 7; i++)
        control_put(CMSG_CONSOLE, 0, 0xFF, "0123456" + i, 1);
    control_put(CMSG_CONSOLE, 0, 0xFF, "7\n", 2);
    control_kick();
    control_ask(CMSG_CONSOLE, 1, 0xFF, "never seen\n", 11);
    for (i = 0; i < 100; i++)
        control_put(CMSG_CONSOLE, 0, 0xFF, i % 50 < 49 ? "." : "\n", 1);
    control_kick();
    CHECK("all were answered", control->tx_resp_prod, control->tx_req_prod);

    /* An index that cannot be: nothing is taken, and all goes on when it can. */
    before = control->tx_req_prod;
    control->tx_req_prod = before + CONTROL_RING + 1;
    control_kick();
    CHECK("more than a ring ahead", control->tx_resp_prod, before);
    control->tx_req_prod = before - 1;
    control_kick();
    CHECK("behind", control->tx_resp_prod, before);
    control->tx_req_prod = before;
    say("on again\n");
}

static void events(void)
{
    u32 i;

    clear();
    on_trap = take_event;
    EVTCHN_MASK[PORT / 32] &= ~(1u << PORT % 32);
    UPCALL_MASK = 0;
    upcalls = 0;
    for (i = 0; i < 5; i++)
        control_ask(77, 0, 0, "", 0);
    UPCALL_MASK = 1; /* the checks may print through the same port */
    CHECK("an upcall for each answer", upcalls, 5);
    upcalls = 0;
    control_ask(77, 0, 0, "", 0);
    CHECK("none while they are masked", upcalls, 0);
    block();
    UPCALL_MASK = 1;
    CHECK("to wait unmasks", upcalls, 1);
}

/* Lines, until one is `quit`. */
static void conversation(void)
{
    static char line[2048];
    u32 len = 0, lines = 0, bytes = 0, longest = 0;
    struct control_msg m;

    UPCALL_MASK = 0;
    say("say something\n");
    for (;;) {
        UPCALL_MASK = 1;
        if (!control_take(&m)) {
            block();
            continue;
        }
        UPCALL_MASK = 0;
        if (m.type != CMSG_CONSOLE || m.subtype != 0 || m.length > CONTROL_DATA)
            CHECK("a message that is no input", m.type << 16 | m.subtype << 8 | m.length, 0);
        for (u32 i = 0; i < m.length; i++) {
            bytes++;
            if (len < sizeof(line) - 2)
                line[len++] = (char)m.msg[i];
            if (m.msg[i] != '\n')
                continue;
            line[len] = 0;
            longest = len > longest ? len : longest;
            if (len == 5 && !memcmp(line, "quit\n", 5)) {
                UPCALL_MASK = 1;
                print("%u lines, %u bytes, the longest of %u\n", lines, bytes, longest);
                return;
            }
            say("you said: ");
            say(line);
            lines++;
            len = 0;
        }
    }
}

void guest_main(void)
{
    u32 i;

    install_traps();
    for (i = 0; i < 32; i++)
        EVTCHN_MASK[i] = ~0u;
    if (!option("input")) {
        echoes();
        network();
        output();
    }
    events();
    if (option("input"))
        conversation();
}
