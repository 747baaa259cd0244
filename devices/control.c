/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * control.c - the controller's end of 2.0's control interface: what xend does for a
 * domain that has a console and no device (docs/xen-abi.md 9.1).
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

#define CMSG_CONSOLE                0u
#define CMSG_CONSOLE_DATA           0u
#define CMSG_NETIF_FE               4u
#define CMSG_NETIF_FE_DRIVER_STATUS 32u

struct control_msg {
    uint8_t type, subtype, id, length;
    uint8_t msg[CONTROL_DATA_MAX];
};
G_STATIC_ASSERT(sizeof(struct control_msg) == 64);

/* A front end's driver is up, or the controller's answer to that. */
struct netif_driver_status {
    uint32_t status;
    uint32_t interfaces;
};
G_STATIC_ASSERT(sizeof(struct netif_driver_status) == 8);
#define NETIF_DRIVER_STATUS_UP 1u

static uint8_t *control_if(const struct domain *d)
{
    return shared_info(d) + CONTROL_IF;
}

/* Messages of ours that the guest has not answered; more than the ring holds when
 * its index is nonsense. */
static uint32_t unanswered(const uint8_t *cif, const char **fault)
{
    uint32_t n = load32(cif + RX_REQ_PROD) - load32(cif + RX_RESP_PROD);
    if (n > RING_SIZE)
        *fault = "control interface: rx_resp_prod is not within a ring behind rx_req_prod";
    return n;
}

static void put_request(struct domain *d, const struct control_msg *msg)
{
    uint8_t *cif = control_if(d);
    uint32_t req = load32(cif + RX_REQ_PROD);
    memcpy(cif + RX_RING + sizeof *msg * (req % RING_SIZE), msg, sizeof *msg);
    store32(cif + RX_REQ_PROD, req + 1);
    frame_changed(d, d->s.shared_info);
}

/* A network front end that has come up waits ten seconds to hear of its interfaces:
 * there are none. */
static void report_no_interfaces(struct domain *d)
{
    const struct netif_driver_status status = {GUINT32_TO_LE(NETIF_DRIVER_STATUS_UP), 0};
    struct control_msg msg = {
        .type = CMSG_NETIF_FE,
        .subtype = CMSG_NETIF_FE_DRIVER_STATUS,
        .length = sizeof status,
    };
    memcpy(msg.msg, &status, sizeof status);
    put_request(d, &msg);
}

bool control_receive(struct domain *d, const struct control_client *client, void *client_user,
                     uint8_t data[CONTROL_DATA_MAX], size_t *len, const char **fault)
{
    uint8_t *cif = control_if(d);
    uint32_t req = load32(cif + TX_REQ_PROD), resp = load32(cif + TX_RESP_PROD);
    uint8_t *place = cif + TX_RING + sizeof(struct control_msg) * (resp % RING_SIZE);
    struct control_msg msg;
    *len = 0;
    if (req - resp > RING_SIZE)
        *fault = "control interface: tx_req_prod is more than a ring ahead of tx_resp_prod";
    if (req == resp || req - resp > RING_SIZE)
        return false;
    memcpy(&msg, place, sizeof msg);
    if (msg.type == CMSG_NETIF_FE && msg.subtype == CMSG_NETIF_FE_DRIVER_STATUS) {
        if (unanswered(cif, fault) >= RING_SIZE)
            return false; /* until there is room to tell it */
        report_no_interfaces(d);
    }
    msg.length = (uint8_t)MIN(msg.length, CONTROL_DATA_MAX);
    if (client && msg.type == client->type)
        client->message(client_user, msg.subtype, msg.msg);
    if (msg.type == CMSG_CONSOLE && msg.subtype == CMSG_CONSOLE_DATA) {
        *len = msg.length;
        memcpy(data, msg.msg, *len);
    }
    /* The message itself is the answer, of whatever type it is. */
    memcpy(place, &msg, sizeof msg);
    store32(cif + TX_RESP_PROD, resp + 1);
    frame_changed(d, d->s.shared_info);
    return true;
}

size_t control_send(struct domain *d, const uint8_t *data, size_t len, const char **fault)
{
    struct control_msg msg = {.type = CMSG_CONSOLE, .subtype = CMSG_CONSOLE_DATA};
    if (unanswered(control_if(d), fault) >= RING_SIZE)
        return 0;
    len = MIN(len, CONTROL_DATA_MAX);
    msg.length = (uint8_t)len;
    memcpy(msg.msg, data, len);
    put_request(d, &msg);
    return len;
}

bool control_send_message(struct domain *d, uint8_t type, uint8_t subtype, const void *data, size_t len)
{
    const char *fault = NULL;
    struct control_msg msg = {.type = type, .subtype = subtype, .length = (uint8_t)len};
    if (len > CONTROL_DATA_MAX || unanswered(control_if(d), &fault) >= RING_SIZE)
        return false;
    memcpy(msg.msg, data, len);
    put_request(d, &msg);
    return true;
}
