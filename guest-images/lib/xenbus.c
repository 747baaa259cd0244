/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xenbus.c - see xenbus.h.
 */
#include "xenbus.h"

/* struct xenstore_domain_interface. */
struct store_ring {
    char req[1024], rsp[1024];
    volatile u32 req_cons, req_prod, rsp_cons, rsp_prod;
};

struct header {
    u32 type, id, tx, len;
};

#define EVENTS 32u
static struct {
    char text[512];
    u32 path_len;
} events[EVENTS];
static u32 events_in, events_out;

char xs_reply[XS_MAX + 1];

static struct store_ring *store(void)
{
    return mfn_to_virt(start_info->store_mfn);
}

void yield(void)
{
    hypercall(NR_sched_op_compat, 0, 0, 0, 0, 0);
}

/* --- event channels ------------------------------------------------------------- */

static u32 channel_op(u32 cmd, u32 a, u32 b)
{
    u32 op[6] = {cmd, a, b};

    hypercall(NR_event_channel_op_compat, (u32)op, 0, 0, 0, 0);
    return op[2];
}

u32 channel_new(void)
{
    return channel_op(6, DOMID_SELF, 0);
}

void channel_send(u32 port)
{
    channel_op(4, port, 0);
}

void channel_close(u32 port)
{
    channel_op(3, port, 0);
}

/* --- xenstore ------------------------------------------------------------------- */

static void put(const void *bytes, u32 len)
{
    struct store_ring *r = store();
    const char *at = bytes;

    while (len) {
        while (r->req_prod - r->req_cons == sizeof r->req) {
            channel_send(start_info->store_evtchn);
            yield();
        }
        r->req[r->req_prod % sizeof r->req] = *at++;
        asm volatile("" ::: "memory");
        r->req_prod++;
        len--;
    }
    channel_send(start_info->store_evtchn);
}

static void get(void *bytes, u32 len)
{
    struct store_ring *r = store();
    char *at = bytes;

    while (len) {
        while (r->rsp_prod == r->rsp_cons) {
            channel_send(start_info->store_evtchn);
            yield();
        }
        *at++ = r->rsp[r->rsp_cons % sizeof r->rsp];
        asm volatile("" ::: "memory");
        r->rsp_cons++;
        len--;
    }
}

/* The next message; an event is kept for xs_event. Returns its type. */
static u32 take(struct header *h)
{
    get(h, sizeof *h);
    get(xs_reply, h->len);
    xs_reply[h->len] = 0;
    if (h->type == XS_WATCH_EVENT && events_in - events_out < EVENTS && h->len < sizeof events[0].text) {
        memcpy(events[events_in % EVENTS].text, xs_reply, h->len + 1);
        events[events_in % EVENTS].path_len = strlen(xs_reply) + 1;
        events_in++;
    }
    return h->type;
}

s32 xs_request(u32 type, u32 tx, const void *payload, u32 len)
{
    static u32 id;
    struct header h = {type, ++id, tx, len};

    put(&h, sizeof h);
    put(payload, len);
    while (take(&h) == XS_WATCH_EVENT)
        ;
    if (h.id != id)
        return -2;
    return h.type == XS_ERROR ? -1 : (s32)h.len;
}

s32 xs_path(u32 type, u32 tx, const char *path)
{
    return xs_request(type, tx, path, strlen(path) + 1);
}

static s32 two(u32 type, u32 tx, const char *a, const char *b, u32 b_len)
{
    static char payload[XS_MAX];
    u32 len = strlen(a) + 1;

    memcpy(payload, a, len);
    memcpy(payload + len, b, b_len);
    return xs_request(type, tx, payload, len + b_len);
}

s32 xs_write(u32 tx, const char *path, const char *value)
{
    return two(XS_WRITE, tx, path, value, strlen(value));
}

s32 xs_watch(u32 type, const char *path, const char *token)
{
    return two(type, 0, path, token, strlen(token) + 1);
}

static u32 number(const char *text)
{
    u32 n = 0;

    while (*text >= '0' && *text <= '9')
        n = n * 10 + (u32)(*text++ - '0');
    return n;
}

u32 xs_start(void)
{
    return xs_request(XS_TRANSACTION_START, 0, "", 1) > 0 ? number(xs_reply) : 0;
}

s32 xs_end(u32 tx, const char *how)
{
    return xs_path(XS_TRANSACTION_END, tx, how);
}

int xs_event(const char **path, const char **token)
{
    struct store_ring *r = store();
    struct header h;

    channel_send(start_info->store_evtchn);
    while (events_in == events_out && r->rsp_prod != r->rsp_cons)
        take(&h);
    if (events_in == events_out)
        return 0;
    *path = events[events_out % EVENTS].text;
    *token = *path + events[events_out++ % EVENTS].path_len;
    return 1;
}

/* --- devices -------------------------------------------------------------------- */

const char *xenbus_path(const char *directory, const char *name)
{
    static char paths[4][256];
    static u32 next;
    char *path = paths[next++ % 4];
    u32 len = strlen(directory);

    memcpy(path, directory, len);
    path[len] = '/';
    memcpy(path + len + 1, name, strlen(name) + 1);
    return path;
}

u32 xenbus_number(const char *directory, const char *name)
{
    return xs_path(XS_READ, 0, xenbus_path(directory, name)) > 0 ? number(xs_reply) : 0;
}

void xenbus_put_number(const char *directory, const char *name, u32 n)
{
    char text[11], *at = text + 10;

    *at = 0;
    do
        *--at = (char)('0' + n % 10);
    while (n /= 10);
    xs_write(0, xenbus_path(directory, name), at);
}

u32 xenbus_state(const char *directory)
{
    return xenbus_number(directory, "state");
}

void xenbus_set_state(const char *directory, u32 state)
{
    xenbus_put_number(directory, "state", state);
}

int xenbus_wait(const char *directory, u32 state)
{
    u32 i;

    for (i = 0; i < 1000; i++) {
        if (xenbus_state(directory) == state)
            return 1;
        yield();
    }
    return 0;
}

/* --- grants --------------------------------------------------------------------- */

struct grant {
    volatile u16 flags;
    u16 domid;
    u32 frame;
};
#define REFS      512u
#define FIRST_REF 8u /* below are those that the toolstack fills */
static struct grant grants[REFS] __attribute__((aligned(4096), section(".pages")));

static void map_grants(void)
{
    static u32 frame;
    u32 a[4] = {DOMID_SELF, 1, 0, (u32)&frame};

    if (frame)
        return;
    hypercall(NR_grant_table_op, 2, (u32)a, 1, 0, 0);
    map_page(grants, pte(frame, PTE_RWX));
}

u32 grant_page(const void *va, int readonly)
{
    u32 ref;

    map_grants();
    for (ref = FIRST_REF; ref < REFS - 1 && grants[ref].flags; ref++)
        ;
    grants[ref].domid = 0;
    grants[ref].frame = virt_to_mfn(va);
    asm volatile("" ::: "memory");
    grants[ref].flags = readonly ? 5 : 1;
    return ref;
}

int grant_end(u32 ref)
{
    if (grants[ref].flags & 0x18)
        return 0;
    grants[ref].flags = 0;
    return 1;
}

void grant_await(u32 ref, const void *va)
{
    u32 mfn = virt_to_mfn(va), away[5] = {(u32)&mfn, 1, 0, 0, DOMID_SELF};

    grants[ref].flags = 0;
    map_page(va, 0);
    check_quietly("a page is given away", (u32)hypercall(NR_memory_op, 1, (u32)away, 0, 0, 0), 1);
    grants[ref].frame = ((u32)va - VIRT_BASE) / PAGE_SIZE;
    asm volatile("" ::: "memory");
    grants[ref].flags = 2; /* accept_transfer */
}

int grant_take(u32 ref, const void *va)
{
    u32 mfn = grants[ref].frame, pfn = ((u32)va - VIRT_BASE) / PAGE_SIZE, done;
    struct mmu_update update = {((u64)mfn << 12) | MMU_MACHPHYS, pfn};

    if (grants[ref].flags != 0xE) /* accepted, committed, completed */
        return 0;
    grants[ref].flags = 0;
    ((u32 *)start_info->mfn_list)[pfn] = mfn;
    return mmu_update(&update, 1, &done) == 0 && map_page(va, pte(mfn, PTE_RWX)) == 0;
}
