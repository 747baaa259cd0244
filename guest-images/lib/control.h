/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * control.h - 2.0's control interface as a kernel of that time uses it: messages to
 * the controller and from it, in the second half of shared_info (docs/xen-abi.md 9.1).
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "traps.h"

#define CONTROL_RING 8u
#define CONTROL_DATA 60u

struct control_msg {
    u8 type, subtype, id, length;
    u8 msg[CONTROL_DATA];
};

struct control_if {
    struct control_msg tx[CONTROL_RING]; /* to the controller */
    struct control_msg rx[CONTROL_RING];
    u32 tx_req_prod, tx_resp_prod, rx_req_prod, rx_resp_prod;
};
#define control ((volatile struct control_if *)(shared_info + 2048))

enum { CMSG_CONSOLE = 0, CMSG_BLKIF_FE = 2, CMSG_NETIF_FE = 4, CMSG_SHUTDOWN = 6, CMSG_MEM_REQUEST = 7 };

/* shared_info must be mapped: install_traps does it, or this. */
void control_map(void);
/* Tell the controller to look. */
void control_kick(void);
/* Put a message into the ring, without telling; waits for room. Its place. */
u32 control_put(u32 type, u32 subtype, u32 id, const void *data, u32 len);
/* The same, told, and answered: the answer is in control->tx[place]. */
u32 control_ask(u32 type, u32 subtype, u32 id, const void *data, u32 len);
/* Take the controller's next message and answer it; 0: there is none. */
int control_take(struct control_msg *msg);

#endif
