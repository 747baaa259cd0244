/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * control.c - see control.h. Nothing here waits for events: it yields until the
 * controller's index has moved.
 */
#include "control.h"
#include "paging.h"

#ifdef GUEST_2_0

#define barrier() asm volatile("" ::: "memory")

void control_map(void)
{
    static int mapped;

    if (!mapped)
        mapped = !map_page((const void *)shared_info, pte(start_info->shared_info >> 12, PTE_RWX));
}

void control_kick(void)
{
    u32 op[8] = {4, 0, start_info->control_evtchn}; /* EVTCHNOP_send */

    hypercall(NR_event_channel_op_compat, (u32)op, 0, 0, 0, 0);
}

static void yield(void)
{
    hypercall(NR_sched_op_compat, 0, 0, 0, 0, 0);
}

u32 control_put(u32 type, u32 subtype, u32 id, const void *data, u32 len)
{
    u32 place;
    volatile struct control_msg *m;

    while (control->tx_req_prod - control->tx_resp_prod == CONTROL_RING) {
        control_kick();
        yield();
    }
    place = control->tx_req_prod % CONTROL_RING;
    m = control->tx + place;
    m->type = (u8)type;
    m->subtype = (u8)subtype;
    m->id = (u8)id;
    m->length = (u8)len;
    memcpy((u8 *)m->msg, data, len < CONTROL_DATA ? len : CONTROL_DATA);
    barrier();
    control->tx_req_prod++;
    return place;
}

u32 control_ask(u32 type, u32 subtype, u32 id, const void *data, u32 len)
{
    u32 place = control_put(type, subtype, id, data, len);

    control_kick();
    while (control->tx_resp_prod != control->tx_req_prod)
        yield();
    return place;
}

int control_take(struct control_msg *msg)
{
    if (control->rx_resp_prod == control->rx_req_prod)
        return 0;
    barrier();
    memcpy(msg, (const void *)(control->rx + control->rx_resp_prod % CONTROL_RING), sizeof(*msg));
    control->rx[control->rx_resp_prod % CONTROL_RING].length = 0;
    barrier();
    control->rx_resp_prod++;
    control_kick();
    return 1;
}

#endif
