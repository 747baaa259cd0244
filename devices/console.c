/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * console.c - moves bytes between the guest's console and the host. The guest
 * writes the indices of its ends: they are believed only as far as they fit.
 */
#include "console.h"

#include "control.h"
#include "dispatch/event.h"
#include "dispatch/evtchn.h"
#include "dispatch/shared.h"
#include "page.h"

#include <string.h>

/* struct xencons_interface. */
#define IN       0u /* to the guest */
#define IN_SIZE  1024u
#define OUT      1024u
#define OUT_SIZE 2048u
#define IN_CONS  3072u
#define IN_PROD  3076u
#define OUT_CONS 3080u
#define OUT_PROD 3084u

struct console {
    struct domain *d;
    console_write_fn write;
    void *user;
    GByteArray *queue; /* waits for the guest */
    size_t taken;      /* bytes at its front that are gone */
    const char *fault;
    const struct control_client *client; /* 2.0; NULL: none */
    void *client_user;
};

struct console *console_new(struct domain *d, console_write_fn write, void *user)
{
    struct console *c = g_new0(struct console, 1);
    c->d = d;
    c->write = write;
    c->user = user;
    c->queue = g_byte_array_new();
    return c;
}

void console_free(struct console *c)
{
    if (!c)
        return;
    g_byte_array_unref(c->queue);
    g_free(c);
}

void console_set_client(struct console *c, const struct control_client *client, void *user)
{
    c->client = client;
    c->client_user = user;
}

size_t console_pending(const struct console *c)
{
    return c->queue->len - c->taken;
}

const char *console_fault(const struct console *c)
{
    return c->fault;
}

static const uint8_t *queue_front(const struct console *c)
{
    return c->queue->data ? c->queue->data + c->taken : NULL;
}

static void queue_drop(struct console *c, size_t len)
{
    c->taken += len;
    if (c->taken == c->queue->len) {
        g_byte_array_set_size(c->queue, 0);
        c->taken = 0;
    }
}

static void tell(const struct console *c, const uint8_t *bytes, size_t len, bool to_guest)
{
    event_device(c->d, &(const struct ring1_device_event){.device = RING1_DEVICE_CONSOLE,
                                                          .request = to_guest ? "input" : "write",
                                                          .to_guest = to_guest,
                                                          .data = bytes,
                                                          .len = (uint32_t)len});
}

/* --- the ring --------------------------------------------------------------- */

static uint8_t *ring(const struct console *c)
{
    return shared_page(c->d, c->d->s.console_mfn);
}

/* Bytes between two free-running indices; 0 for a distance that cannot be. */
static uint32_t distance(struct console *c, uint32_t prod, uint32_t cons, uint32_t size, const char *what)
{
    if (prod - cons <= size)
        return prod - cons;
    c->fault = what;
    return 0;
}

static bool ring_drain(struct console *c, uint8_t *r)
{
    uint32_t cons = load32(r + OUT_CONS), prod = load32(r + OUT_PROD);
    uint32_t left = distance(c, prod, cons, OUT_SIZE, "console ring: out_prod is beyond the ring");
    bool moved = left != 0;
    while (left) {
        uint32_t at = cons % OUT_SIZE, n = MIN(left, OUT_SIZE - at);
        tell(c, r + OUT + at, n, false);
        if (c->write)
            c->write(c->user, (const char *)r + OUT + at, n);
        cons += n;
        left -= n;
    }
    store32(r + OUT_CONS, cons);
    return moved;
}

static bool ring_fill(struct console *c, uint8_t *r)
{
    uint32_t cons = load32(r + IN_CONS), prod = load32(r + IN_PROD);
    if (prod - cons > IN_SIZE) {
        c->fault = "console ring: in_cons is beyond the ring";
        return false;
    }
    uint32_t left = (uint32_t)MIN(console_pending(c), IN_SIZE - (prod - cons));
    bool moved = left != 0;
    while (left) {
        uint32_t at = prod % IN_SIZE, n = MIN(left, IN_SIZE - at);
        tell(c, queue_front(c), n, true);
        memcpy(r + IN + at, queue_front(c), n);
        queue_drop(c, n);
        prod += n;
        left -= n;
    }
    store32(r + IN_PROD, prod);
    return moved;
}

/* Bytes that the guest left in the ring come back to the front of the queue. */
static void ring_pull_back(struct console *c, uint8_t *r)
{
    uint32_t cons = load32(r + IN_CONS), prod = load32(r + IN_PROD);
    uint32_t n = distance(c, prod, cons, IN_SIZE, "console ring: in_cons is beyond the ring");
    if (n == 0)
        return;
    GByteArray *queue = g_byte_array_sized_new(n + (guint)console_pending(c));
    for (uint32_t i = 0; i < n; i++)
        g_byte_array_append(queue, r + IN + (cons + i) % IN_SIZE, 1);
    g_byte_array_append(queue, queue_front(c), (guint)console_pending(c));
    g_byte_array_unref(c->queue);
    c->queue = queue;
    c->taken = 0;
    store32(r + IN_PROD, cons);
    frame_changed(c->d, c->d->s.console_mfn);
}

static bool ring_poll(struct console *c)
{
    uint8_t *r = ring(c);
    if (!r)
        return false;
    bool moved = ring_drain(c, r);
    moved |= ring_fill(c, r);
    if (moved) {
        frame_changed(c->d, c->d->s.console_mfn);
        evtchn_backend_send(c->d, c->d->s.console_port);
    }
    return moved;
}

/* --- 2.0's control messages -------------------------------------------------- */

static bool control_poll(struct console *c)
{
    uint8_t data[CONTROL_DATA_MAX];
    size_t len;
    bool moved = c->client && c->client->room(c->client_user);
    while (control_receive(c->d, c->client, c->client_user, data, &len, &c->fault)) {
        if (len)
            tell(c, data, len, false);
        if (len && c->write)
            c->write(c->user, (const char *)data, len);
        moved = true;
    }
    while (console_pending(c) && (len = control_send(c->d, queue_front(c), console_pending(c), &c->fault))) {
        tell(c, queue_front(c), len, true);
        queue_drop(c, len);
        moved = true;
    }
    if (moved)
        evtchn_backend_send(c->d, c->d->s.control_port);
    return moved;
}

/* --- both -------------------------------------------------------------------- */

bool console_poll(struct console *c)
{
    return c->d->abi->xen == RING1_XEN_2_0 ? control_poll(c) : ring_poll(c);
}

void console_input(struct console *c, const char *bytes, size_t len)
{
    /* The front is given back when it is more than what waits. */
    if (c->taken > 65536 && c->taken > console_pending(c)) {
        g_byte_array_remove_range(c->queue, 0, (guint)c->taken);
        c->taken = 0;
    }
    g_byte_array_append(c->queue, (const uint8_t *)bytes, (guint)len);
    console_poll(c);
}

size_t console_read(struct console *c, char *bytes, size_t len)
{
    uint8_t *r = c->d->abi->xen == RING1_XEN_2_0 ? NULL : ring(c);
    if (r)
        ring_pull_back(c, r);
    len = MIN(len, console_pending(c));
    if (len)
        memcpy(bytes, queue_front(c), len);
    queue_drop(c, len);
    return len;
}

GBytes *console_save(const struct console *c)
{
    return g_bytes_new(queue_front(c), console_pending(c));
}

void console_restore(struct console *c, GBytes *saved)
{
    gsize len;
    const uint8_t *bytes = g_bytes_get_data(saved, &len);
    g_byte_array_set_size(c->queue, 0);
    g_byte_array_append(c->queue, bytes, (guint)len);
    c->taken = 0;
    c->fault = NULL;
}
