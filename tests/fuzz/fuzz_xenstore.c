/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_xenstore.c - xenstore's ring and protocol against any guest: messages that are
 * nearly right, cut anywhere, and indices of all kinds.
 */
#include "device_world.h"
#include "dispatch/evtchn.h"
#include "dispatch/shared.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#define REQ_CONS 2048
#define REQ_PROD 2052
#define RSP_CONS 2056
#define RSP_PROD 2060

static void put(uint8_t *ring, struct xenstore *x, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint32_t prod = load32(ring + REQ_PROD);
        ring[prod % 1024] = bytes[i];
        store32(ring + REQ_PROD, prod + 1);
        if (prod + 1 - load32(ring + REQ_CONS) == 1024) {
            store32(ring + RSP_CONS, load32(ring + RSP_PROD));
            xenstore_poll(x);
            if (prod + 1 - load32(ring + REQ_CONS) >= 1024)
                return; /* the connection is given up */
        }
    }
}

/* A message whose payload is made of words that matter to xenstore. */
static void put_message(uint8_t *ring, struct xenstore *x, struct feed *f)
{
    static const char *const words[] = {"/local/domain/1/data",
                                        "data/a",
                                        "data",
                                        "/",
                                        "@releaseDomain",
                                        "1",
                                        "T",
                                        "F",
                                        "n1",
                                        "r0",
                                        "b1",
                                        "",
                                        "/local/domain/0",
                                        "device",
                                        "x0",
                                        "//",
                                        "token",
                                        "memory/target",
                                        "data/a/b/c",
                                        "0",
                                        "w2",
                                        "n0",
                                        "%",
                                        "999"};
    g_autoptr(GByteArray) payload = g_byte_array_new();
    uint8_t nr = feed_byte(f) % 5;
    for (uint8_t i = 0; i < nr; i++) {
        const char *word = words[feed_byte(f) % G_N_ELEMENTS(words)];
        g_byte_array_append(payload, (const uint8_t *)word, (guint)strlen(word) + (feed_byte(f) % 8 != 0));
    }
    struct xsd_sockmsg h = {.type = feed_byte(f) % 26u, .req_id = 7, .tx_id = feed_byte(f) % 4u};
    uint8_t odd = feed_byte(f);
    h.len = odd < 240 ? payload->len : feed_interesting(f);
    put(ring, x, (const uint8_t *)&h, sizeof h);
    put(ring, x, payload->data, payload->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t places[] = {REQ_CONS, REQ_PROD, RSP_CONS, RSP_PROD, 2064, 2068, 2072};
    struct feed f = {data, size};
    struct world *w = device_world();
    uint8_t *ring = world_page(w, FRONT_PFN);
    w->d->s.store_mfn = MFN(w->p2m[FRONT_PFN]);
    w->d->s.store_port = (uint16_t)evtchn_backend_alloc(w->d, BACKEND_XENSTORE);
    struct xenstore *x = device_world_xenstore(w);
    for (unsigned step = 0; f.left > 0 && step < 512; step++) {
        uint8_t what = feed_byte(&f);
        if (what < 200)
            put_message(ring, x, &f);
        else if (what < 230)
            xenstore_poll(x);
        else if (what < 245)
            store32(ring + RSP_CONS, load32(ring + RSP_PROD));
        else if (what < 250)
            xenstore_write(x, "/local/domain/1/data/a", "host");
        else
            store32(ring + places[feed_byte(&f) % G_N_ELEMENTS(places)], feed_interesting(&f));
    }
    xenstore_poll(x);
    g_autoptr(GBytes) saved = xenstore_save(x);
    struct xenstore *other = xenstore_new(w->d, "other");
    if (!xenstore_restore(other, saved, NULL))
        abort();
    g_autoptr(GBytes) again = xenstore_save(other);
    if (!g_bytes_equal(saved, again))
        abort();
    xenstore_free(other);
    xenstore_free(x);
    return 0;
}
