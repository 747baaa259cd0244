/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xenbus.c - see xenbus.h. The states are those of Linux's blkback and netback
 * (frontend_changed), which every front end was written against.
 */
#include "xenbus.h"

#include <stdarg.h>

struct xenbus {
    struct xenstore *x;
    struct domain *d;
    const struct xenbus_driver *driver;
    void *device;
    char *name;  /* "vbd/51712" */
    char *back;  /* "/local/domain/0/backend/vbd/1/51712" */
    char *front; /* "/local/domain/1/device/vbd/51712" */
    enum xenbus_state state;
    bool connected; /* connect() was good, disconnect() is due */
};

G_GNUC_PRINTF(4, 0)
static void put(struct xenbus *b, const char *directory, const char *name, const char *format, va_list args)
{
    g_autofree char *path = g_strconcat(directory, "/", name, NULL);
    g_autofree char *value = g_strdup_vprintf(format, args);
    xenstore_write(b->x, path, value);
}

void xenbus_put(struct xenbus *b, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put(b, b->back, name, format, args);
    va_end(args);
}

void xenbus_put_front(struct xenbus *b, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put(b, b->front, name, format, args);
    va_end(args);
}

char *xenbus_get_front(const struct xenbus *b, const char *name)
{
    g_autofree char *path = g_strconcat(b->front, "/", name, NULL);
    return xenstore_read(b->x, path);
}

bool xenbus_get_number(const struct xenbus *b, const char *name, uint32_t max, uint32_t *number)
{
    g_autofree char *text = xenbus_get_front(b, name);
    guint64 value;
    if (!text || !g_ascii_string_to_unsigned(text, 10, 0, max, &value, NULL))
        return false;
    *number = (uint32_t)value;
    return true;
}

const char *xenbus_name(const struct xenbus *b)
{
    return b->name;
}

static void set_state(struct xenbus *b, enum xenbus_state state)
{
    if (b->state == state)
        return;
    b->state = state;
    xenbus_put(b, "state", "%d", state);
}

static void disconnect(struct xenbus *b)
{
    if (b->connected)
        b->driver->disconnect(b->device);
    b->connected = false;
}

void xenbus_fail(struct xenbus *b, const char *format, ...)
{
    g_autofree char *place = g_strdup_printf("/local/domain/0/error/backend/%s/%u%s", b->driver->type,
                                             b->d->s.domid, strrchr(b->name, '/'));
    va_list args;
    va_start(args, format);
    put(b, place, "error", format, args);
    va_end(args);
    disconnect(b);
    set_state(b, XenbusStateClosing);
}

static void offer(struct xenbus *b)
{
    b->driver->offer(b->device);
    set_state(b, XenbusStateInitWait);
}

static void connect(struct xenbus *b)
{
    b->connected = true; /* so that a failure half-way is undone */
    if (b->driver->connect(b->device))
        set_state(b, XenbusStateConnected);
}

static enum xenbus_state front_state(const struct xenbus *b)
{
    uint32_t state;
    return xenbus_get_number(b, "state", XenbusStateReconfigured, &state) ? (enum xenbus_state)state
                                                                          : XenbusStateUnknown;
}

static void on_front(void *user, const char *path)
{
    struct xenbus *b = user;
    (void)path;
    switch (front_state(b)) {
    case XenbusStateInitialising:
        /* Once Closed, or refused: the front end may begin anew. */
        if (b->state == XenbusStateClosed || b->state == XenbusStateClosing)
            offer(b);
        break;
    case XenbusStateInitialised:
    case XenbusStateConnected:
        if (b->state == XenbusStateInitWait)
            connect(b);
        break;
    case XenbusStateClosing:
        disconnect(b);
        set_state(b, XenbusStateClosing);
        break;
    case XenbusStateUnknown: /* its directory is gone */
    case XenbusStateClosed:
        disconnect(b);
        set_state(b, XenbusStateClosed);
        break;
    default:
        break;
    }
}

static void publish(struct xenbus *b)
{
    g_autofree char *domid = g_strdup_printf("%u", b->d->s.domid);
    g_autofree char *owner = g_strdup_printf("n%u", b->d->s.domid);
    g_autofree char *reader = g_strdup_printf("r%u", b->d->s.domid);
    xenstore_write(b->x, b->back, "");
    xenstore_set_perms(b->x, b->back, (const char *const[]){"n0", reader, NULL});
    xenstore_write(b->x, b->front, "");
    xenstore_set_perms(b->x, b->front, (const char *const[]){owner, "r0", NULL});
    xenbus_put(b, "frontend", "%s", b->front);
    xenbus_put(b, "frontend-id", "%s", domid);
    xenbus_put(b, "online", "1");
    xenbus_put_front(b, "backend", "%s", b->back);
    xenbus_put_front(b, "backend-id", "0");
}

struct xenbus *xenbus_new(struct xenstore *x, struct domain *d, const struct xenbus_driver *driver,
                          void *device, unsigned id)
{
    struct xenbus *b = g_new0(struct xenbus, 1);
    b->x = x;
    b->d = d;
    b->driver = driver;
    b->device = device;
    b->name = g_strdup_printf("%s/%u", driver->type, id);
    b->back = g_strdup_printf("/local/domain/0/backend/%s/%u/%u", driver->type, d->s.domid, id);
    b->front = g_strdup_printf("/local/domain/%u/device/%s", d->s.domid, b->name);
    publish(b);
    return b;
}

void xenbus_start(struct xenbus *b)
{
    b->state = XenbusStateUnknown;
    set_state(b, XenbusStateInitialising);
    xenbus_put_front(b, "state", "%d", XenbusStateInitialising);
    offer(b);
    g_autofree char *state = g_strconcat(b->front, "/state", NULL);
    xenstore_watch(b->x, state, on_front, b);
}

void xenbus_restart(struct xenbus *b)
{
    xenstore_unwatch(b->x, on_front, b);
    b->connected = false;
    publish(b);
    xenbus_start(b);
}

void xenbus_free(struct xenbus *b)
{
    if (!b)
        return;
    xenstore_unwatch(b->x, on_front, b);
    g_free(b->name);
    g_free(b->back);
    g_free(b->front);
    g_free(b);
}

uint32_t xenbus_save(const struct xenbus *b)
{
    return (uint32_t)b->state | (b->connected ? 0x100u : 0);
}

void xenbus_restore(struct xenbus *b, uint32_t saved)
{
    b->state = (enum xenbus_state)(MIN(saved & 0xFF, XENBUS_SAVED_MAX & 0xFF));
    b->connected = (saved & 0x100) != 0;
}
