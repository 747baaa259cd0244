/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * networks.c - see networks.h. Packets from outside are taken between two runs of the
 * machine only, so that the guest's time says where in its run each of them came.
 */
#include "networks.h"

#include "devices/net.h"
#include "devices/net_user.h"
#include "host.h"
#include "machine_priv.h"
#include "record.h"

#include <stdio.h>

struct card {
    struct networks *all;
    unsigned index;
    struct net *net;
    struct net_user *user; /* NULL: nothing is behind the card */
    guint first, nr;       /* of the descriptors in the present wait */
};

struct watcher {
    ring1_packet_fn fn;
    void *user;
};

struct networks {
    struct domain *d;
    GPtrArray *cards;
    GArray *watchers; /* struct watcher */
    bool quiet;       /* they are told nothing */
};

/* --- "user[,hostfwd=...][,mac=...][,restrict]" --------------------------------------- */

struct spec {
    bool none;
    uint8_t mac[NET_MAC_LEN];
    struct net_user_config user;
};

static bool bad(GError **error, const char *text, const char *what, const char *wanted)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "net '%s': '%s' is not %s", text, what, wanted);
    return false;
}

static bool parse_mac(const char *text, uint8_t mac[NET_MAC_LEN])
{
    for (unsigned i = 0; i < NET_MAC_LEN; i++, text += 3) {
        if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1]) ||
            text[2] != (i + 1 < NET_MAC_LEN ? ':' : '\0'))
            return false;
        mac[i] = (uint8_t)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
    }
    return (mac[0] & 1) == 0; /* a card's own, not a group's */
}

static bool take_word(struct spec *spec, const char *text, const char *word, GError **error)
{
    struct net_forward forward;
    if (g_str_has_prefix(word, "mac="))
        return parse_mac(word + 4, spec->mac) ||
               bad(error, text, word, "a card's address like mac=00:16:3e:01:02:03");
    if (!spec->none && strcmp(word, "restrict") == 0) {
        spec->user.restricted = true;
        return true;
    }
    if (spec->none || !g_str_has_prefix(word, "hostfwd="))
        return bad(error, text, word,
                   spec->none ? "known: mac=... is" : "known: hostfwd=..., mac=... and restrict are");
    if (!net_forward_parse(word + 8, &forward))
        return bad(error, text, word, "like hostfwd=tcp:127.0.0.1:8080-:80 (or udp:...), ports from 1");
    g_array_append_val(spec->user.forwards, forward);
    return true;
}

static bool parse_spec(const char *text, unsigned index, struct spec *spec, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    const uint8_t mac[NET_MAC_LEN] = {0x00, 0x16, 0x3E, 0x00, (uint8_t)(index >> 8), (uint8_t)(index + 1)};
    memcpy(spec->mac, mac, sizeof mac);
    spec->none = words[0] && strcmp(words[0], "none") == 0;
    if (!words[0] || (!spec->none && strcmp(words[0], "user") != 0))
        return bad(error, text, words[0] ? words[0] : "", "a kind of network: user or none");
    for (char **word = words + 1; *word; word++)
        if (!take_word(spec, text, *word, error))
            return false;
    return true;
}

char *networks_unplugged(const char *text, unsigned index)
{
    struct spec spec = {.user.forwards = g_array_new(FALSE, FALSE, sizeof(struct net_forward))};
    g_autoptr(GArray) forwards = spec.user.forwards;
    parse_spec(text, index, &spec, NULL);
    const uint8_t *m = spec.mac;
    return g_strdup_printf("none,mac=%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

/* --- packets -------------------------------------------------------------------------- */

static void show(const struct card *c, bool from_guest, const void *frame, size_t len)
{
    for (guint i = 0; i < c->all->watchers->len && !c->all->quiet; i++) {
        const struct watcher *w = &g_array_index(c->all->watchers, struct watcher, i);
        w->fn(w->user, c->index, from_guest, frame, len);
    }
}

static void on_output(void *user, const uint8_t *frame, uint32_t len)
{
    struct card *c = user;
    show(c, true, frame, len);
    if (c->user)
        net_user_output(c->user, frame, len);
}

/* What a guest's kick brought goes out together. */
static void flush(const struct card *c)
{
    if (c->user)
        net_user_flush(c->user);
}

static struct card *card_at(const struct networks *n, guint i)
{
    return g_ptr_array_index(n->cards, i);
}

bool networks_input(struct networks *n, unsigned card, const void *frame, size_t len)
{
    if (card >= n->cards->len || len > NET_FRAME_MAX)
        return false;
    show(card_at(n, card), false, frame, len);
    return net_input(card_at(n, card)->net, frame, (uint32_t)len);
}

void networks_set_quiet(struct networks *n, bool quiet)
{
    n->quiet = quiet;
}

void networks_watch(struct networks *n, ring1_packet_fn fn, void *user)
{
    struct watcher w = {fn, user};
    g_array_append_val(n->watchers, w);
}

/* --- making --------------------------------------------------------------------------- */

static uint64_t guest_now(void *user)
{
    const struct networks *n = user;
    return n->d->ops->now(n->d->ops_user);
}

static void free_card(void *card)
{
    struct card *c = card;
    net_free(c->net);
    net_user_free(c->user);
    g_free(c);
}

/* What was behind the card of a machine before this one, or another. */
static struct net_user *take_net(ring1_host *host, unsigned index, const struct net_user_config *config,
                                 struct networks *n, GError **error)
{
    struct net_user *user = host_net(host, index);
    if (user) {
        net_user_restart(user, guest_now, n);
        return user;
    }
    user = net_user_new(config, guest_now, n, error);
    if (user)
        host_keep_net(host, index, user);
    return user;
}

static bool add_card(struct networks *n, ring1_host *host, bool unconfined, const char *text,
                     struct xenstore *x, GError **error)
{
    struct spec spec = {.user.forwards = g_array_new(FALSE, FALSE, sizeof(struct net_forward))};
    g_autoptr(GArray) forwards = spec.user.forwards;
    unsigned index = n->cards->len;
    struct net_user *user = NULL;
    if (!parse_spec(text, index, &spec, error))
        return false;
    spec.user.unconfined = unconfined;
    if (!spec.none && !(user = take_net(host, index, &spec.user, n, error)))
        return false;
    struct card *c = g_new0(struct card, 1);
    *c = (struct card){.all = n, .index = index, .user = user};
    c->net = net_new(x, n->d, index, spec.mac, on_output, c);
    g_ptr_array_add(n->cards, c);
    return true;
}

bool networks_fetch(const ring1_config *c, GError **error)
{
    for (unsigned i = 0; c->nets && c->nets[i]; i++) {
        struct spec spec = {.user.forwards = g_array_new(FALSE, FALSE, sizeof(struct net_forward))};
        g_autoptr(GArray) forwards = spec.user.forwards;
        if (!parse_spec(c->nets[i], i, &spec, error))
            return false;
        spec.user.unconfined = c->helpers_unconfined;
        struct net_user *user = NULL;
        if (!spec.none && !(user = take_net(c->host, i, &spec.user, NULL, error)))
            return false;
        net_user_free(user); /* the host has it */
    }
    return true;
}

struct networks *networks_new(const ring1_config *c, struct domain *d, struct xenstore *x, GError **error)
{
    struct networks *n = g_new0(struct networks, 1);
    n->d = d;
    n->cards = g_ptr_array_new_with_free_func(free_card);
    n->watchers = g_array_new(FALSE, FALSE, sizeof(struct watcher));
    for (char **net = c->nets; net && *net; net++) {
        bool good = d->abi->xen != RING1_XEN_2_0;
        if (!good)
            g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "net '%s': not served for Xen 2.0", *net);
        if (!good || !add_card(n, c->host, c->helpers_unconfined, *net, x, error)) {
            networks_free(n);
            return NULL;
        }
    }
    return n;
}

void networks_free(struct networks *n)
{
    if (!n)
        return;
    g_ptr_array_unref(n->cards);
    g_array_unref(n->watchers);
    g_free(n);
}

/* --- running -------------------------------------------------------------------------- */

bool networks_notify(struct networks *n, uint16_t port)
{
    for (guint i = 0; i < n->cards->len; i++)
        if (net_notify(card_at(n, i)->net, port)) {
            flush(card_at(n, i));
            return true;
        }
    return false;
}

bool networks_poll(struct networks *n)
{
    bool moved = false;
    for (guint i = 0; i < n->cards->len; i++)
        if (net_poll(card_at(n, i)->net)) {
            flush(card_at(n, i));
            moved = true;
        }
    return moved;
}

void networks_suspend(struct networks *n)
{
    for (guint i = 0; i < n->cards->len; i++)
        net_suspend(card_at(n, i)->net);
}

void networks_resume(struct networks *n)
{
    for (guint i = 0; i < n->cards->len; i++)
        net_resume(card_at(n, i)->net);
}

bool networks_open(const struct networks *n)
{
    for (guint i = 0; i < n->cards->len; i++)
        if (card_at(n, i)->user && !net_user_error(card_at(n, i)->user) && net_connected(card_at(n, i)->net))
            return true;
    return false;
}

void networks_prepare(struct networks *n, GArray *fds, uint64_t *timeout_ns)
{
    for (guint i = 0; i < n->cards->len; i++) {
        struct card *c = card_at(n, i);
        c->first = fds->len;
        if (c->user)
            net_user_prepare(c->user, fds, timeout_ns);
        c->nr = fds->len - c->first;
    }
}

void networks_serve(struct networks *n, const struct pollfd *fds, guint nr)
{
    guint at = 0;
    for (guint i = 0; i < n->cards->len; i++) {
        struct card *c = card_at(n, i);
        guint own = MIN(c->nr, nr - at);
        if (c->user)
            net_user_serve(c->user, fds + at, own);
        at += own;
    }
}

GBytes *networks_next(struct networks *n, unsigned *card)
{
    for (guint i = 0; i < n->cards->len; i++) {
        struct card *c = card_at(n, i);
        GBytes *frame = c->user ? net_user_next(c->user) : NULL;
        *card = i;
        if (frame)
            return frame;
    }
    return NULL;
}

const char *networks_error(const struct networks *n, unsigned *card)
{
    for (guint i = 0; i < n->cards->len; i++) {
        const char *why = card_at(n, i)->user ? net_user_error(card_at(n, i)->user) : NULL;
        *card = i;
        if (why)
            return why;
    }
    return NULL;
}

/* --- snapshots ------------------------------------------------------------------------ */

unsigned networks_count(const struct networks *n)
{
    return n->cards->len;
}

GBytes *networks_save(const struct networks *n, unsigned card)
{
    return net_save(card_at(n, card)->net);
}

void networks_pins(const struct networks *n, unsigned card, uint32_t *pins)
{
    net_pins(card_at(n, card)->net, pins);
}

bool networks_check(const struct networks *n, unsigned card, GError **error)
{
    return net_check(card_at(n, card)->net, error);
}

bool networks_restore(struct networks *n, unsigned card, GBytes *saved, GError **error)
{
    return net_restore(card_at(n, card)->net, saved, error);
}

/* --- the library's API ------------------------------------------------------------------ */

static struct networks *networks_of(const ring1_machine *m)
{
    return devices_networks(m->devices);
}

bool ring1_machine_packet_input(ring1_machine *m, unsigned card, const void *frame, size_t len)
{
    uint8_t bytes[1 + NET_FRAME_MAX];
    if (card >= networks_of(m)->cards->len || card > UINT8_MAX || len > NET_FRAME_MAX)
        return false;
    bytes[0] = (uint8_t)card;
    memcpy(bytes + 1, frame, len);
    return machine_input(m, RECORD_PACKET, bytes, 1 + len);
}

void ring1_machine_watch_packets(ring1_machine *m, ring1_packet_fn fn, void *user)
{
    networks_watch(networks_of(m), fn, user);
}

bool ring1_machine_network_open(const ring1_machine *m)
{
    return networks_open(networks_of(m));
}

const char *ring1_machine_network_error(const ring1_machine *m, unsigned *card)
{
    return networks_error(networks_of(m), card);
}

void ring1_machine_network_prepare(ring1_machine *m, GArray *fds, uint64_t *timeout_ns)
{
    networks_prepare(networks_of(m), fds, timeout_ns);
}

void ring1_machine_network_serve(ring1_machine *m, const struct pollfd *fds, unsigned nr)
{
    unsigned card;
    networks_serve(networks_of(m), fds, nr);
    for (GBytes *frame; (frame = networks_next(networks_of(m), &card)); g_bytes_unref(frame)) {
        gsize len;
        const void *bytes = g_bytes_get_data(frame, &len);
        ring1_machine_packet_input(m, card, bytes, len);
    }
}
