/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_xenstore.c - xenstore over its ring (docs/xen-abi.md 9.3).
 */
#include "devices/xenstore.h"
#include "dispatch/evtchn.h"
#include "dispatch/shared.h"
#include "fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <xen/io/xs_wire.h>

#define REQ_CONS 2048
#define REQ_PROD 2052
#define RSP_CONS 2056
#define RSP_PROD 2060

static struct fixture *f;
static struct xenstore *x;
static uint8_t *ring;
static GByteArray *in; /* from xenstore, not looked at yet */

static void setup(void)
{
    f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    uint32_t pfn = fx_alloc(f);
    f->d->s.store_mfn = fx_mfn(f, pfn);
    f->d->s.store_port = (uint16_t)evtchn_backend_alloc(f->d, BACKEND_XENSTORE);
    ring = fx_page(f, pfn);
    x = xenstore_new(f->d, "ring1");
    in = g_byte_array_new();
}

static void teardown(void)
{
    xenstore_free(x);
    g_byte_array_unref(in);
    fixture_free(f);
}

/* Take what is in the response ring. */
static void drain(void)
{
    uint32_t cons = load32(ring + RSP_CONS), prod = load32(ring + RSP_PROD);
    ck_assert_uint_le(prod - cons, 1024);
    for (; cons != prod; cons++)
        g_byte_array_append(in, ring + 1024 + cons % 1024, 1);
    store32(ring + RSP_CONS, cons);
}

/* Put bytes into the request ring, as many as there is room for at a time. */
static void put(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    while (len) {
        uint32_t cons = load32(ring + REQ_CONS), prod = load32(ring + REQ_PROD);
        for (; len && prod - cons < 1024; prod++, len--)
            ring[prod % 1024] = *p++;
        store32(ring + REQ_PROD, prod);
        xenstore_notify(x);
        drain();
    }
}

static void request(uint32_t type, uint32_t tx, const void *payload, size_t len)
{
    struct xsd_sockmsg h = {type, 1234, tx, (uint32_t)len};
    put(&h, sizeof h);
    put(payload, len);
}

/* The next message; its payload, NUL-terminated, good until the next call. */
static char payload[XENSTORE_PAYLOAD_MAX + 1];
static struct xsd_sockmsg next(void)
{
    struct xsd_sockmsg h;
    while (in->len < sizeof h) {
        guint before = in->len;
        xenstore_poll(x);
        drain();
        ck_assert_msg(in->len > before, "no message");
    }
    memcpy(&h, in->data, sizeof h);
    ck_assert_uint_le(h.len, XENSTORE_PAYLOAD_MAX);
    while (in->len < sizeof h + h.len) {
        guint before = in->len;
        xenstore_poll(x);
        drain();
        ck_assert_msg(in->len > before, "half a message");
    }
    memcpy(payload, in->data + sizeof h, h.len);
    payload[h.len] = '\0';
    g_byte_array_remove_range(in, 0, (guint)sizeof h + h.len);
    return h;
}

static bool nothing(void)
{
    xenstore_poll(x);
    drain();
    return in->len == 0;
}

/* A request whose answer is `want` (without its NUL), or the error of that name. */
static void ask_tx(uint32_t type, uint32_t tx, const char *arg, size_t len, const char *want)
{
    request(type, tx, arg, len);
    struct xsd_sockmsg h = next();
    bool err = want[0] == 'E';
    ck_assert_msg(strcmp(payload, want) == 0, "%u %s: '%s', not '%s'", type, arg, payload, want);
    ck_assert_uint_eq(h.type, err ? XS_ERROR : type);
    ck_assert_uint_eq(h.req_id, 1234);
    ck_assert_uint_eq(h.tx_id, tx);
}
#define ASK(type, arg, want)        ask_tx(type, 0, arg, sizeof(arg), want)
#define ASK_TX(type, tx, arg, want) ask_tx(type, tx, arg, sizeof(arg), want)
/* write's value has no NUL. */
#define WRITE(arg, want) ask_tx(XS_WRITE, 0, arg, sizeof(arg) - 1, want)

static void expect_event(const char *path, const char *token)
{
    struct xsd_sockmsg h = next();
    ck_assert_uint_eq(h.type, XS_WATCH_EVENT);
    ck_assert_uint_eq(h.req_id, 0);
    ck_assert_uint_eq(h.tx_id, 0);
    ck_assert_str_eq(payload, path);
    ck_assert_str_eq(payload + strlen(path) + 1, token);
    ck_assert_uint_eq(h.len, strlen(path) + strlen(token) + 2);
}

START_TEST(boot_tree)
{
    ASK(XS_READ, "/local/domain/1/name", "ring1");
    ASK(XS_READ, "domid", "1");
    ASK(XS_READ, "memory/target", "1024");
    ASK(XS_READ, "store/port", "1");
    ASK(XS_READ, "control/shutdown", "");
    ASK(XS_READ, "vm", "/vm/00000000-0000-0000-0000-000000000001");
    ASK(XS_READ, "/vm/00000000-0000-0000-0000-000000000001/name", "ring1");
    ASK(XS_DIRECTORY, "device/vbd", "ENOENT");
    ASK(XS_DIRECTORY, "store", "port");
    ck_assert_mem_eq(payload, "port\0ring-ref", 13);
    ASK(XS_GET_PERMS, "", "EINVAL");
    request(XS_GET_PERMS, 0, "name", 5);
    next();
    ck_assert_mem_eq(payload, "n0\0r1", 6);
    /* What the toolstack wrote is not the guest's to change. */
    WRITE("name\0mine", "EACCES");
    ASK(XS_RM, "name", "EACCES");
    ASK(XS_READ, "/local/domain/0/nothing", "ENOENT");
    WRITE("control/feature-poweroff\0"
          "1",
          "OK");
    g_autofree char *feature = xenstore_read(x, "/local/domain/1/control/feature-poweroff");
    ck_assert_str_eq(feature, "1");
}
END_TEST

START_TEST(nodes)
{
    WRITE("data/a\0one", "OK");
    WRITE("data/b/c\0two", "OK");
    ASK(XS_READ, "data/a", "one");
    ASK(XS_READ, "/local/domain/1/data/b/c", "two");
    ASK(XS_READ, "data/b", "");
    ASK(XS_MKDIR, "data/d", "OK");
    ASK(XS_MKDIR, "data/a", "OK");
    ASK(XS_READ, "data/a", "one");
    request(XS_DIRECTORY, 0, "data", 5);
    struct xsd_sockmsg h = next();
    ck_assert_uint_eq(h.len, 6);
    ck_assert_mem_eq(payload, "a\0b\0d", 6);
    ASK(XS_RM, "data/b", "OK");
    ASK(XS_READ, "data/b/c", "ENOENT");
    ASK(XS_RM, "data/b", "OK");
    ASK(XS_RM, "data/x/y", "ENOENT");
    ASK(XS_DIRECTORY, "data/a", "");
    /* A value has any bytes, and may be empty. */
    ask_tx(XS_WRITE, 0, "data/a\0x\0y", 10, "OK");
    request(XS_READ, 0, "data/a", 7);
    h = next();
    ck_assert_uint_eq(h.len, 3);
    ck_assert_mem_eq(payload, "x\0y", 3);
    ask_tx(XS_WRITE, 0, "data/a\0", 7, "OK");
    ASK(XS_READ, "data/a", "");
}
END_TEST

START_TEST(bad_requests)
{
    static const char *const paths[] = {"/a//b", "/a/", "a b", "", "/\xFF", "a/"};
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        ask_tx(XS_READ, 0, paths[i], strlen(paths[i]) + 1, "EINVAL");
        ask_tx(XS_RM, 0, paths[i], strlen(paths[i]) + 1, "EINVAL");
        ask_tx(XS_MKDIR, 0, paths[i], strlen(paths[i]) + 1, "EINVAL");
    }
    ask_tx(XS_READ, 0, "name", 4, "EINVAL");
    ask_tx(XS_READ, 0, "", 0, "EINVAL");
    ask_tx(XS_READ, 0, "name\0x", 7, "EINVAL");
    ask_tx(XS_WRITE, 0, "data", 4, "EINVAL");
    ASK(XS_WATCH, "data", "EINVAL");
    ASK(XS_RM, "/", "EACCES");
    for (uint32_t type = 0; type < 40; type++) {
        bool denied = type == XS_CONTROL || type == XS_INTRODUCE || type == XS_RELEASE || type == XS_RESUME ||
                      type == XS_SET_TARGET;
        bool known = type <= XS_SET_TARGET || type == XS_RESET_WATCHES || type == XS_DIRECTORY_PART;
        if (denied)
            ask_tx(type, 0, "1", 2, "EACCES");
        else if (!known || type == XS_WATCH_EVENT || type == XS_ERROR)
            ask_tx(type, 0, "1", 2, "ENOSYS");
    }
    ask_tx(0xFFFFFFFF, 0, "1", 2, "ENOSYS");
    g_autofree char *lengthy = g_strnfill(3100, 'a');
    lengthy[0] = '/';
    ask_tx(XS_READ, 0, lengthy, 3101, "EINVAL");
}
END_TEST

START_TEST(domains)
{
    ASK(XS_GET_DOMAIN_PATH, "0", "/local/domain/0");
    ASK(XS_GET_DOMAIN_PATH, "1", "/local/domain/1");
    ASK(XS_GET_DOMAIN_PATH, "77", "/local/domain/77");
    ASK(XS_IS_DOMAIN_INTRODUCED, "1", "T");
    ASK(XS_IS_DOMAIN_INTRODUCED, "0", "T");
    ASK(XS_IS_DOMAIN_INTRODUCED, "9", "F");
}
END_TEST

START_TEST(watches)
{
    ASK(XS_WATCH, "data\0tok", "OK");
    expect_event("data", "tok");
    ASK(XS_WATCH, "/local/domain/1/data\0abs", "OK");
    expect_event("/local/domain/1/data", "abs");
    ASK(XS_WATCH, "data\0tok", "EEXIST");
    ck_assert(nothing());
    WRITE("data/k/l\0v", "OK");
    expect_event("data/k/l", "tok");
    expect_event("/local/domain/1/data/k/l", "abs");
    ck_assert(nothing());
    /* Above and beside what is watched nobody cares. */
    WRITE("feature\0v", "OK");
    ck_assert(nothing());
    ASK(XS_UNWATCH, "data\0tok", "OK");
    ASK(XS_UNWATCH, "data\0tok", "ENOENT");
    /* A change from outside. */
    ck_assert(xenstore_write(x, "/local/domain/1/data/k", "host"));
    expect_event("/local/domain/1/data/k", "abs");
    /* A subtree goes: who watches in it hears, too. */
    ASK(XS_WATCH, "data/k/l\0leaf", "OK");
    expect_event("data/k/l", "leaf");
    ASK(XS_RM, "data/k", "OK");
    expect_event("data/k/l", "leaf");
    expect_event("/local/domain/1/data/k", "abs");
    ck_assert(nothing());
    ASK(XS_WATCH, "@releaseDomain\0rel", "OK");
    expect_event("@releaseDomain", "rel");
    ASK(XS_RESET_WATCHES, "", "OK");
    WRITE("data/k\0v", "OK");
    ck_assert(nothing());
}
END_TEST

START_TEST(hidden_nodes)
{
    ck_assert(xenstore_write(x, "/secret/inner", "s"));
    ck_assert(xenstore_set_perms(x, "/secret", (const char *const[]){"n0", NULL}));
    ck_assert(xenstore_set_perms(x, "/secret/inner", (const char *const[]){"n0", NULL}));
    ASK(XS_READ, "/secret/inner", "EACCES");
    ASK(XS_READ, "/secret/missing", "EACCES");
    ASK(XS_WATCH, "/secret\0t", "OK");
    expect_event("/secret", "t");
    ck_assert(xenstore_write(x, "/secret/inner", "changed"));
    ck_assert(nothing());
}
END_TEST

START_TEST(perms)
{
    WRITE("data/mine\0v", "OK");
    request(XS_GET_PERMS, 0, "data/mine", 10);
    next();
    ck_assert_mem_eq(payload, "n1", 3);
    ASK(XS_SET_PERMS, "data/mine\0n1\0r0\0b7", "OK");
    request(XS_GET_PERMS, 0, "data/mine", 10);
    struct xsd_sockmsg h = next();
    ck_assert_uint_eq(h.len, 9);
    ck_assert_mem_eq(payload, "n1\0r0\0b7", 9);
    ASK(XS_SET_PERMS, "data/mine\0n0", "EPERM");
    ASK(XS_SET_PERMS, "data/mine\0q1", "EINVAL");
    ASK(XS_SET_PERMS, "data/mine\0n", "EINVAL");
    ASK(XS_SET_PERMS, "data/mine\0n99999", "EINVAL");
    ASK(XS_SET_PERMS, "data/mine", "EINVAL");
    ASK(XS_SET_PERMS, "data/mine\0n1\0r2\0r3\0r4\0r5\0r6", "ENOSPC");
    ASK(XS_SET_PERMS, "name\0n1", "EACCES");
}
END_TEST

/* A new transaction. */
static uint32_t begin(void)
{
    request(XS_TRANSACTION_START, 0, "", 1);
    ck_assert_uint_eq(next().type, XS_TRANSACTION_START);
    return (uint32_t)strtoul(payload, NULL, 10);
}

START_TEST(transactions)
{
    uint32_t tx = begin();
    ck_assert_uint_ne(tx, 0);
    ASK_TX(XS_TRANSACTION_START, tx, "", "EBUSY");
    ASK(XS_WATCH, "data\0w", "OK");
    expect_event("data", "w");
    ask_tx(XS_WRITE, tx, "data/t\0in", 9, "OK");
    ASK(XS_READ, "data/t", "ENOENT");
    ASK_TX(XS_READ, tx, "data/t", "in");
    ASK_TX(XS_DIRECTORY, tx, "data", "t");
    ck_assert(nothing());
    ASK_TX(XS_TRANSACTION_END, tx, "X", "EINVAL");
    ASK_TX(XS_TRANSACTION_END, tx, "T", "OK");
    expect_event("data/t", "w");
    ASK(XS_READ, "data/t", "in");
    ASK_TX(XS_TRANSACTION_END, tx, "T", "ENOENT");
    ASK_TX(XS_READ, tx, "data/t", "ENOENT");
    ASK(XS_TRANSACTION_END, "T", "ENOENT");
    /* Given up: nothing happened. */
    tx = begin();
    ASK_TX(XS_RM, tx, "data/t", "OK");
    ASK_TX(XS_READ, tx, "data/t", "ENOENT");
    ASK_TX(XS_TRANSACTION_END, tx, "F", "OK");
    ASK(XS_READ, "data/t", "in");
    ck_assert(nothing());
}
END_TEST

START_TEST(conflicts)
{
    WRITE("data/n\0"
          "1",
          "OK");
    uint32_t a = begin(), b = begin();
    ASK_TX(XS_READ, a, "data/n", "1");
    ask_tx(XS_WRITE, a, "data/n\0002", 8, "OK");
    ASK_TX(XS_READ, b, "data/n", "1");
    ask_tx(XS_WRITE, b, "data/n\0003", 8, "OK");
    ASK_TX(XS_TRANSACTION_END, a, "T", "OK");
    ASK_TX(XS_TRANSACTION_END, b, "T", "EAGAIN");
    ASK(XS_READ, "data/n", "2");
    /* What was missing has come. */
    a = begin();
    ASK_TX(XS_READ, a, "data/new", "ENOENT");
    ck_assert(xenstore_write(x, "/local/domain/1/data/new", "host"));
    ASK_TX(XS_TRANSACTION_END, a, "T", "EAGAIN");
    /* Changes elsewhere do not matter. */
    a = begin();
    ASK_TX(XS_READ, a, "data/n", "2");
    ck_assert(xenstore_write(x, "/local/domain/1/feature/z", "host"));
    ASK_TX(XS_TRANSACTION_END, a, "T", "OK");
}
END_TEST

START_TEST(quotas)
{
    char arg[4096];
    for (unsigned i = 0; i < 10; i++)
        begin();
    ASK(XS_TRANSACTION_START, "", "ENOSPC");
    for (unsigned i = 0; i < 128; i++) {
        int n = g_snprintf(arg, sizeof arg, "data%c%u", 0, i);
        ask_tx(XS_WATCH, 0, arg, (size_t)n + 1, "OK");
        next();
    }
    ASK(XS_WATCH, "data\0more", "E2BIG");
    ASK(XS_RESET_WATCHES, "", "OK");
    begin();
    memset(arg, 'v', sizeof arg);
    memcpy(arg, "data/big", 9);
    ask_tx(XS_WRITE, 0, arg, 9 + 2048, "ENOSPC");
    ASK(XS_READ, "data/big", "ENOENT");
    ask_tx(XS_WRITE, 0, arg, 9 + 2000, "OK");
    unsigned made = 0;
    for (;; made++) {
        int n = g_snprintf(arg, sizeof arg, "data/%u/%u", made / 100, made % 100);
        request(XS_MKDIR, 0, arg, (size_t)n + 1);
        next();
        if (strcmp(payload, "OK") != 0)
            break;
        ck_assert_uint_lt(made, 1000);
    }
    ck_assert_str_eq(payload, "ENOSPC");
    ck_assert_uint_gt(made, 950);
}
END_TEST

/* A path of which only the first part fits is not left half-made. */
START_TEST(all_or_nothing)
{
    for (unsigned i = 0;; i++) {
        char arg[64];
        int n = g_snprintf(arg, sizeof arg, "data/%u/%u", i / 100, i % 100);
        request(XS_MKDIR, 0, arg, (size_t)n + 1);
        next();
        if (strcmp(payload, "OK") != 0)
            break;
    }
    ASK(XS_RM, "data/0/0", "OK");
    ASK(XS_MKDIR, "data/deep/er", "ENOSPC");
    ASK(XS_READ, "data/deep", "ENOENT");
    ASK(XS_MKDIR, "data/flat", "OK");
}
END_TEST

START_TEST(long_directories)
{
    /* Toolstack's nodes have no quota. */
    for (unsigned i = 0; i < 300; i++) {
        g_autofree char *path = g_strdup_printf("/big/a-rather-long-name-of-a-node-%03u", i);
        ck_assert(xenstore_write(x, path, ""));
    }
    ASK(XS_DIRECTORY, "/big", "E2BIG");
    unsigned names = 0, offset = 0;
    for (bool last = false; !last;) {
        char arg[32];
        int n = g_snprintf(arg, sizeof arg, "/big%c%u", 0, offset);
        request(XS_DIRECTORY_PART, 0, arg, (size_t)n + 1);
        struct xsd_sockmsg h = next();
        ck_assert_uint_eq(h.type, XS_DIRECTORY_PART);
        uint32_t at = (uint32_t)strlen(payload) + 1;
        while (at < h.len && payload[at]) {
            uint32_t len = (uint32_t)strlen(payload + at) + 1;
            names++;
            offset += len;
            at += len;
        }
        last = at < h.len;
    }
    ck_assert_uint_eq(names, 300);
    ask_tx(XS_DIRECTORY_PART, 0, "/big", 5, "EINVAL");
}
END_TEST

/* Requests that arrive byte by byte, at every place of the ring. */
START_TEST(every_split)
{
    static const char arg[] = "data/split\0value";
    for (uint32_t start = 0; start < 1024; start++) {
        store32(ring + REQ_CONS, start);
        store32(ring + REQ_PROD, start);
        store32(ring + RSP_CONS, start);
        store32(ring + RSP_PROD, start);
        struct xsd_sockmsg h = {XS_WRITE, start, 0, sizeof arg - 1};
        put(&h, sizeof h);
        put(arg, sizeof arg - 1);
        ck_assert_uint_eq(next().req_id, start);
    }
    struct xsd_sockmsg h = {XS_READ, 7, 0, 11};
    for (unsigned i = 0; i < sizeof h; i++)
        put((const char *)&h + i, 1);
    for (unsigned i = 0; i < 11; i++)
        put(arg + i, 1);
    ck_assert_uint_eq(next().req_id, 7);
    ck_assert_str_eq(payload, "value");
}
END_TEST

/* The guest does not read its answers: requests wait, and nothing is lost. */
START_TEST(response_ring_full)
{
    static const char name[] = "memory/static-max";
    unsigned asked = 0;
    for (; asked < 4000; asked++) {
        struct xsd_sockmsg h = {XS_READ, asked, 0, sizeof name};
        uint32_t cons = load32(ring + REQ_CONS), prod = load32(ring + REQ_PROD);
        if (prod - cons + sizeof h + sizeof name > 1024)
            break;
        for (unsigned i = 0; i < sizeof h + sizeof name; i++, prod++)
            ring[prod % 1024] = i < sizeof h ? ((uint8_t *)&h)[i] : (uint8_t)name[i - sizeof h];
        store32(ring + REQ_PROD, prod);
        xenstore_notify(x);
    }
    ck_assert_uint_gt(asked, 100);
    ck_assert_uint_lt(asked, 4000);
    for (unsigned i = 0; i < asked; i++) {
        ck_assert_uint_eq(next().req_id, i);
        ck_assert_str_eq(payload, "1024");
    }
    ck_assert(nothing());
}
END_TEST

START_TEST(given_up)
{
    store32(ring + REQ_PROD, 1025);
    xenstore_notify(x);
    ck_assert_ptr_nonnull(xenstore_fault(x));
    ck_assert_uint_eq(load32(ring + 2072), XENSTORE_ERROR_RINGIDX);
    store32(ring + REQ_PROD, 0);
    ck_assert(!xenstore_poll(x));
    teardown();
    setup();
    struct xsd_sockmsg h = {XS_READ, 1, 0, 4097};
    put(&h, sizeof h);
    ck_assert_ptr_nonnull(xenstore_fault(x));
    ck_assert_uint_eq(load32(ring + 2072), XENSTORE_ERROR_PROTO);
    teardown();
    setup();
    store32(ring + RSP_CONS, 5);
    ck_assert(xenstore_poll(x));
    ck_assert_uint_eq(load32(ring + 2072), XENSTORE_ERROR_RINGIDX);
}
END_TEST

START_TEST(longest_message)
{
    char arg[4096];
    memset(arg, 'a', sizeof arg);
    arg[sizeof arg - 1] = '\0';
    ask_tx(XS_READ, 0, arg, sizeof arg, "EINVAL");
    ck_assert_ptr_null(xenstore_fault(x));
}
END_TEST

static void count_change(void *user, const char *path)
{
    GPtrArray *seen = user;
    g_ptr_array_add(seen, g_strdup(path));
    /* A back end answers in the tree. */
    if (g_str_has_suffix(path, "/state"))
        xenstore_write(x, "/local/domain/0/backend/vbd/1/0/state", "2");
}

START_TEST(host_watches)
{
    g_autoptr(GPtrArray) seen = g_ptr_array_new_with_free_func(g_free);
    xenstore_watch(x, "/local/domain/1/data", count_change, seen);
    WRITE("data/state\0"
          "1",
          "OK");
    ck_assert_uint_eq(seen->len, 1);
    ck_assert_str_eq(g_ptr_array_index(seen, 0), "/local/domain/1/data/state");
    g_autofree char *state = xenstore_read(x, "/local/domain/0/backend/vbd/1/0/state");
    ck_assert_str_eq(state, "2");
    xenstore_unwatch(x, count_change, seen);
    WRITE("data/state\0"
          "3",
          "OK");
    ck_assert_uint_eq(seen->len, 1);
    g_auto(GStrv) names = xenstore_directory(x, "/local/domain/1/data");
    ck_assert_uint_eq(g_strv_length(names), 1);
    ck_assert_ptr_null(xenstore_directory(x, "/nowhere"));
}
END_TEST

START_TEST(saved_and_restored)
{
    g_autoptr(GError) error = NULL;
    WRITE("data/a\0before", "OK");
    ASK(XS_WATCH, "data\0tok\xFE", "OK");
    next();
    uint32_t tx = begin();
    ask_tx(XS_WRITE, tx, "data/t\0in", 9, "OK");
    /* Half a request is under way. */
    struct xsd_sockmsg h = {XS_READ, 99, 0, 7};
    put(&h, sizeof h);
    put("dat", 3);
    g_autoptr(GBytes) saved = xenstore_save(x);
    put("a/a", 4);
    next();
    ASK_TX(XS_TRANSACTION_END, tx, "F", "OK");
    WRITE("data/a\0after", "OK");
    next();
    ASK(XS_RESET_WATCHES, "", "OK");
    in->len = 0;
    ck_assert(xenstore_restore(x, saved, &error));
    g_autoptr(GBytes) again = xenstore_save(x);
    ck_assert(g_bytes_equal(saved, again));
    put("a/a", 4);
    ck_assert_uint_eq(next().req_id, 99);
    ck_assert_str_eq(payload, "before");
    ASK_TX(XS_READ, tx, "data/t", "in");
    ASK_TX(XS_TRANSACTION_END, tx, "T", "OK");
    expect_event("data/t", "tok\xFE");
    ASK(XS_READ, "data/t", "in");
    g_autoptr(GBytes) junk = g_bytes_new("junk", 4);
    ck_assert(!xenstore_restore(x, junk, &error));
    ck_assert_ptr_nonnull(error);
}
END_TEST

START_TEST(guest_is_told)
{
    bit_test_and_clear(shared_info(f->d) + f->abi->si_evtchn_pending, 1);
    request(XS_READ, 0, "name", 5);
    ck_assert(bit_test(shared_info(f->d) + f->abi->si_evtchn_pending, 1));
    next();
    bit_test_and_clear(shared_info(f->d) + f->abi->si_evtchn_pending, 1);
    ck_assert(!xenstore_poll(x));
    ck_assert(!bit_test(shared_info(f->d) + f->abi->si_evtchn_pending, 1));
    f->d->s.store_mfn = f->l1;
    store32(ring + REQ_PROD, load32(ring + REQ_PROD) + 9);
    ck_assert(!xenstore_poll(x));
}
END_TEST

static void on_event(void *user, G_GNUC_UNUSED struct vcpu *v, const struct ring1_event *e)
{
    const struct ring1_device_event *d = &e->device;
    ck_assert(e->kind == RING1_EVENT_DEVICE && d->device == RING1_DEVICE_XENSTORE);
    ck_assert_int_eq(d->to_guest, strcmp(d->request, "XS_WATCH_EVENT") == 0);
    g_string_append_printf(user, "%s %.*s %u", d->request, (int)d->len, (const char *)d->data, d->tx);
    if (d->error)
        g_string_append_printf(user, " = %s", d->error);
    else
        g_string_append_printf(user, " = %.*s", (int)d->answer_len, (const char *)d->answer);
    g_string_append_c(user, ';');
}

START_TEST(requests_are_told)
{
    g_autoptr(GString) told = g_string_new(NULL);
    struct tap tap = {.event = on_event, .events = RING1_EVENT_BIT(RING1_EVENT_DEVICE), .user = told};
    f->d->tap = &tap;
    ASK(XS_READ, "domid", "1");
    ASK(XS_READ, "device/vbd", "ENOENT");
    ASK(77, "", "ENOSYS");
    request(XS_WATCH, 0, "data\0t", 7);
    next();
    next();
    WRITE("data\0one", "OK");
    ck_assert_str_eq(told->str, "XS_READ domid 0 = 1;XS_READ device/vbd 0 = ENOENT;unknown  0 = ENOSYS;"
                                "XS_WATCH data 0 = OK;XS_WATCH_EVENT data 0 = ;"
                                "XS_WRITE data 0 = OK;XS_WATCH_EVENT data 0 = ;");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("xenstore");
    TCase *tc = tcase_create("xenstore");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, boot_tree);
    tcase_add_test(tc, nodes);
    tcase_add_test(tc, bad_requests);
    tcase_add_test(tc, domains);
    tcase_add_test(tc, watches);
    tcase_add_test(tc, hidden_nodes);
    tcase_add_test(tc, perms);
    tcase_add_test(tc, transactions);
    tcase_add_test(tc, conflicts);
    tcase_add_test(tc, quotas);
    tcase_add_test(tc, all_or_nothing);
    tcase_add_test(tc, long_directories);
    tcase_add_test(tc, every_split);
    tcase_add_test(tc, response_ring_full);
    tcase_add_test(tc, given_up);
    tcase_add_test(tc, longest_message);
    tcase_add_test(tc, host_watches);
    tcase_add_test(tc, saved_and_restored);
    tcase_add_test(tc, guest_is_told);
    tcase_add_test(tc, requests_are_told);
    suite_add_tcase(s, tc);
    return fx_main(s);
}
