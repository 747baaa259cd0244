/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * control.c - the controller's end of 2.0's control interface.
 */
#include "control.h"

#include "dispatch/shared.h"

#include <string.h>

#define CONTROL_IF 2048u /* place in shared_info */
#define RING_SIZE  8u

#define TX_RING      0u /* guest to controller */
#define RX_RING      512u
#define TX_REQ_PROD  1024u
#define TX_RESP_PROD 1028u
#define RX_REQ_PROD  1032u
#define RX_RESP_PROD 1036u

#define CMSG_CONSOLE      0u
#define CMSG_CONSOLE_DATA 0u

struct control_msg {
    uint8_t type, subtype, id, length;
    uint8_t msg[CONTROL_DATA_MAX];
};
G_STATIC_ASSERT(sizeof(struct control_msg) == 64);

static uint8_t *control_if(const struct domain *d)
{
    return shared_info(d) + CONTROL_IF;
}

bool control_receive(struct domain *d, uint8_t data[CONTROL_DATA_MAX], size_t *len, const char **fault)
{
    uint8_t *cif = control_if(d);
    uint32_t req = load32(cif + TX_REQ_PROD), resp = load32(cif + TX_RESP_PROD);
    struct control_msg msg;
    *len = 0;
    if (req - resp > RING_SIZE)
        *fault = "control interface: tx_req_prod is more than a ring ahead of tx_resp_prod";
    if (req == resp || req - resp > RING_SIZE)
        return false;
    memcpy(&msg, cif + TX_RING + sizeof msg * (resp % RING_SIZE), sizeof msg);
    if (msg.type == CMSG_CONSOLE && msg.subtype == CMSG_CONSOLE_DATA) {
        *len = MIN(msg.length, CONTROL_DATA_MAX);
        memcpy(data, msg.msg, *len);
    }
    /* The message itself is the answer. */
    store32(cif + TX_RESP_PROD, resp + 1);
    frame_changed(d, d->s.shared_info);
    return true;
}

size_t control_send(struct domain *d, const uint8_t *data, size_t len, const char **fault)
{
    uint8_t *cif = control_if(d);
    uint32_t req = load32(cif + RX_REQ_PROD), resp = load32(cif + RX_RESP_PROD);
    struct control_msg msg = {.type = CMSG_CONSOLE, .subtype = CMSG_CONSOLE_DATA};
    if (req - resp > RING_SIZE)
        *fault = "control interface: rx_resp_prod is not within a ring behind rx_req_prod";
    if (req - resp >= RING_SIZE)
        return 0;
    len = MIN(len, CONTROL_DATA_MAX);
    msg.length = (uint8_t)len;
    memcpy(msg.msg, data, len);
    memcpy(cif + RX_RING + sizeof msg * (req % RING_SIZE), &msg, sizeof msg);
    store32(cif + RX_REQ_PROD, req + 1);
    frame_changed(d, d->s.shared_info);
    return len;
}
