/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_evtchn.c - event channels: every command's answers in each ABI and Xen, and
 * delivery (docs/xen-abi.md 6.4, 8.16, 12.2, 13).
 */
#include "dispatch/evtchn.h"
#include "dispatch/schedule.h"
#include "dispatch/shared.h"
#include "fixture.h"

#define X20(f)  ((f)->abi->xen == RING1_XEN_2_0)
#define X300(f) ((f)->abi->xen == RING1_XEN_3_0_0)
#define X417(f) ((f)->abi->xen >= RING1_XEN_4_17)
#define EACH(f)                                                                                              \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))
#define EACH3(f) EACH(f) if (!X20(f))

enum {
    BIND_INTERDOMAIN,
    BIND_VIRQ,
    BIND_PIRQ,
    CLOSE,
    SEND,
    STATUS,
    ALLOC_UNBOUND,
    BIND_IPI,
    BIND_VCPU,
    UNMASK,
    RESET
};

/* An old-style call, which all Xens have: words that the call leaves alone keep
 * 0xEEEE0000 + their number. `w` is the argument, `out` all of it afterwards. */
static int32_t ev(struct fixture *f, uint32_t cmd, const uint32_t *w, unsigned n, uint32_t out[6])
{
    uint32_t op[8], at = X20(f) ? 2 : 1;
    for (unsigned i = 0; i < 8; i++)
        op[i] = 0xEEEE0000u + i;
    op[0] = cmd;
    memcpy(&op[at], w, n * sizeof *w);
    fx_reset(f);
    gva_t va = fx_put(f, op, sizeof op);
    int32_t rc = CALL(f, 16, va.va);
    for (unsigned i = 0; i < 6; i++)
        out[i] = fx_get(f, GVA(va.va + (at + i) * 4));
    return rc;
}
#define EV(f, cmd, ...) ev(f, cmd, (uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / 4, out)

static bool pending(const struct fixture *f, unsigned port)
{
    return bit_test(shared_info(f->d) + f->abi->si_evtchn_pending, port);
}

static uint32_t selector(const struct fixture *f)
{
    return load32(vcpu_info(f->v) + f->abi->vi_pending_sel);
}

static void mask(struct fixture *f, unsigned port)
{
    bit_test_and_set(shared_info(f->d) + f->abi->si_evtchn_mask, port);
}

START_TEST(bind_virq_3)
{
    EACH3(f)
    {
        uint32_t out[6];
        ck_rc(EV(f, BIND_VIRQ, 1, 0, 0xBBBB), 0);
        ck_assert_uint_eq(out[2], 1);
        ck_rc(EV(f, BIND_VIRQ, 1, 0, 0xBBBB), -XEN_EEXIST);
        ck_assert_uint_eq(out[2], 0xBBBB);
        ck_rc(EV(f, BIND_VIRQ, 7, 0, 0), X300(f) ? -XEN_EINVAL : 0);
        ck_rc(EV(f, BIND_VIRQ, 24, 0, 0), -XEN_EINVAL);
        ck_rc(EV(f, BIND_VIRQ, UINT32_MAX, 0, 0), -XEN_EINVAL);
        ck_rc(EV(f, BIND_VIRQ, 3, 1, 0), X300(f) ? -XEN_ENOENT : -XEN_EINVAL);
        ck_rc(EV(f, BIND_VIRQ, 3, 99, 0), X300(f) ? -XEN_ENOENT : -XEN_EINVAL);
        ck_rc(EV(f, BIND_VIRQ, 0, 1, 0), -XEN_ENOENT);
    }
}
END_TEST

START_TEST(bind_virq_in_2_0)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    uint32_t out[6];
    ck_rc(EV(f, BIND_VIRQ, 1, 0xBBBB), 0);
    ck_assert_uint_eq(out[1], 1);
    ck_rc(EV(f, BIND_VIRQ, 2, 0xBBBB), 0);
    ck_assert_uint_eq(out[1], 2);
    ck_rc(EV(f, BIND_VIRQ, 2, 0xBBBB), 0);
    ck_assert_uint_eq(out[1], 2);
    ck_rc(EV(f, BIND_VIRQ, 7, 0), -XEN_EINVAL);
    ck_rc(EV(f, BIND_VIRQ, 6, 0), 0);
    ck_rc(EV(f, BIND_VIRQ, 0, 0xBBBB), 0);
    ck_assert_uint_eq(out[1], 0);
    ck_rc(EV(f, STATUS, FX_SELF, 2), 0);
    ck_assert_uint_eq(out[2], 4);
    ck_assert_uint_eq(out[3], 2);
    ck_rc(EV(f, STATUS, FX_SELF, 0), 0);
    ck_assert_uint_eq(out[2], 4);
    /* Ports come in buckets: 16 at first. */
    ck_rc(EV(f, STATUS, FX_SELF, 15), 0);
    ck_rc(EV(f, STATUS, FX_SELF, 16), -XEN_EINVAL);
    ck_rc(EV(f, STATUS, FX_SELF, 5000), -XEN_EINVAL);
    ck_rc(EV(f, STATUS, 9, 1), -XEN_EPERM);
    ck_rc(EV(f, STATUS, DOMID_GUEST, 1), -XEN_EPERM);
    fixture_free(f);
}
END_TEST

START_TEST(unbound_and_interdomain_in_2_0)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    uint32_t out[6];
    ck_rc(EV(f, ALLOC_UNBOUND, 0, 0xBBBB), 0);
    uint32_t port = out[1];
    ck_assert_uint_eq(port, 1);
    ck_rc(EV(f, STATUS, FX_SELF, port), 0);
    ck_assert_uint_eq(out[2], 1);
    ck_assert_uint_eq(out[3] & 0xFFFF, 0);
    ck_rc(EV(f, SEND, port), -XEN_EINVAL);
    ck_rc(EV(f, ALLOC_UNBOUND, FX_SELF, 0xBBBB), 0);
    ck_rc(EV(f, ALLOC_UNBOUND, 9, 0xBBBB), 0);
    ck_rc(EV(f, BIND_INTERDOMAIN, 0x7FF07FF0, 0, 0), -XEN_EPERM);
    ck_rc(EV(f, BIND_INTERDOMAIN, 0x7FF00009, 0, 0), -XEN_EPERM);
    /* The guest's own port that waits for the guest can be joined. */
    ck_rc(EV(f, ALLOC_UNBOUND, DOMID_GUEST, 0xBBBB), 0);
    uint32_t other = out[1];
    ck_rc(EV(f, BIND_INTERDOMAIN, 0x7FF07FF0, 0, other), 0);
    ck_assert_uint_eq(out[2], other);
    uint32_t mine = out[1];
    ck_rc(EV(f, SEND, mine), 0);
    ck_assert(pending(f, other) && !pending(f, mine));
    /* So can one of a number that the guest names, although no port before it was asked for. */
    ck_rc(EV(f, ALLOC_UNBOUND, DOMID_GUEST, 0xBBBB), 0);
    uint32_t named = out[1] + 3;
    ck_rc(EV(f, BIND_INTERDOMAIN, 0x7FF07FF0, named, out[1]), 0);
    ck_assert_uint_eq(out[1], named);
    ck_assert_uint_ge(f->d->s.evtchn_top, named + 1);
    ck_rc(EV(f, CLOSE, FX_SELF, port), 0);
    ck_rc(EV(f, CLOSE, FX_SELF, port), -XEN_EINVAL);
    ck_rc(EV(f, CLOSE, FX_SELF, 0), -XEN_EINVAL);
    ck_rc(EV(f, CLOSE, FX_SELF, 1024), -XEN_EINVAL);
    ck_rc(EV(f, CLOSE, 9, 2), -XEN_EPERM);
    ck_rc(EV(f, BIND_PIRQ, 200, 0, 0), -XEN_EINVAL);
    ck_rc(EV(f, BIND_PIRQ, 14, 0, 0), -XEN_EPERM);
    for (uint32_t cmd = BIND_IPI; cmd <= RESET; cmd++)
        ck_rc(EV(f, cmd, 0, 0), -XEN_ENOSYS);
    fixture_free(f);
}
END_TEST

START_TEST(status)
{
    EACH3(f)
    {
        uint32_t out[6];
        ck_rc(EV(f, BIND_VIRQ, 1, 0, 0), 0);
        ck_rc(EV(f, STATUS, FX_SELF, 1), 0);
        ck_assert_uint_eq(out[2], 4);
        ck_assert_uint_eq(out[3], 0);
        ck_assert_uint_eq(out[4], 1);
        ck_assert_uint_eq(out[5], 0xEEEE0006);
        /* Closed ports have no more to tell. */
        ck_rc(EV(f, STATUS, FX_SELF, 0), 0);
        ck_assert_uint_eq(out[2], 0);
        ck_assert_uint_eq(out[4], 0xEEEE0005);
        uint32_t bucket = f->abi->xen >= RING1_XEN_4_17 ? 64 : 128;
        ck_rc(EV(f, STATUS, FX_SELF, bucket - 1), 0);
        ck_rc(EV(f, STATUS, FX_SELF, bucket), -XEN_EINVAL);
        ck_rc(EV(f, STATUS, FX_SELF, 1024), -XEN_EINVAL);
        ck_rc(EV(f, STATUS, 9, 1), X417(f) ? -XEN_ESRCH : -XEN_EPERM);
        ck_rc(EV(f, STATUS, 0, 1), -XEN_EPERM);
        ck_rc(EV(f, STATUS, DOMID_GUEST, 1), X417(f) ? 0 : -XEN_EPERM);
        ck_rc(EV(f, ALLOC_UNBOUND, FX_SELF, 0xBBBB), 0);
        ck_rc(EV(f, STATUS, FX_SELF, 2), 0);
        ck_assert_uint_eq(out[2], 1);
        ck_assert_uint_eq(out[4], 0xEEEE0000);
        ck_rc(EV(f, BIND_IPI, 0, 0), 0);
        ck_rc(EV(f, STATUS, FX_SELF, 3), 0);
        ck_assert_uint_eq(out[2], 5);
    }
}
END_TEST

START_TEST(interdomain_with_oneself)
{
    EACH3(f)
    {
        uint32_t out[6];
        ck_rc(EV(f, ALLOC_UNBOUND, 0x7FF07FF0, 0xBBBB), 0);
        uint32_t there = out[1];
        ck_rc(EV(f, BIND_INTERDOMAIN, FX_SELF, there, 0xBBBB), 0);
        uint32_t here = out[2];
        ck_assert(here != there && pending(f, here) && !pending(f, there));
        ck_rc(EV(f, STATUS, FX_SELF, here), 0);
        ck_assert_uint_eq(out[2], 2);
        ck_assert_uint_eq(out[4] & 0xFFFF, DOMID_GUEST);
        ck_assert_uint_eq(out[5], there);
        ck_rc(EV(f, SEND, here), 0);
        ck_assert(pending(f, there));
        /* When one end goes, the other waits again. */
        ck_rc(EV(f, CLOSE, here), 0);
        ck_assert(pending(f, here) == (f->abi->xen < RING1_XEN_3_2));
        ck_rc(EV(f, STATUS, FX_SELF, there), 0);
        ck_assert_uint_eq(out[2], 1);
        ck_rc(EV(f, BIND_INTERDOMAIN, FX_SELF, 900, 0), -XEN_EINVAL);
        ck_rc(EV(f, BIND_INTERDOMAIN, 9, 1, 0), -XEN_ESRCH);
        ck_rc(EV(f, BIND_INTERDOMAIN, 0, 1, 0), -XEN_EINVAL);
        ck_rc(EV(f, ALLOC_UNBOUND, 9, 0), X417(f) ? -XEN_ESRCH : -XEN_EPERM);
        ck_rc(EV(f, ALLOC_UNBOUND, DOMID_GUEST, 0), X417(f) ? 0 : -XEN_EPERM);
    }
}
END_TEST

START_TEST(sending_and_closing)
{
    EACH3(f)
    {
        uint32_t out[6];
        ck_rc(EV(f, BIND_VIRQ, 1, 0, 0), 0);
        ck_rc(EV(f, ALLOC_UNBOUND, FX_SELF, 0), 0);
        ck_rc(EV(f, BIND_IPI, 0, 0), 0);
        ck_rc(EV(f, SEND, 1), -XEN_EINVAL);
        ck_rc(EV(f, SEND, 2), 0);
        ck_assert(!pending(f, 2));
        ck_rc(EV(f, SEND, 3), 0);
        ck_assert(pending(f, 3));
        ck_rc(EV(f, SEND, 0), -XEN_EINVAL);
        ck_rc(EV(f, SEND, 4), -XEN_EINVAL);
        ck_rc(EV(f, SEND, 1024), -XEN_EINVAL);
        ck_rc(EV(f, SEND, UINT32_MAX), -XEN_EINVAL);
        ck_rc(EV(f, CLOSE, 1), 0);
        ck_rc(EV(f, CLOSE, 1), -XEN_EINVAL);
        ck_rc(EV(f, CLOSE, 0), -XEN_EINVAL);
        ck_rc(EV(f, CLOSE, 1024), -XEN_EINVAL);
        /* Free again: virq and port, the lowest first. */
        ck_rc(EV(f, BIND_VIRQ, 1, 0, 0), 0);
        ck_assert_uint_eq(out[2], 1);
        ck_rc(EV(f, BIND_PIRQ, 14, 0, 0), -XEN_EPERM);
        ck_rc(EV(f, BIND_PIRQ, 300, 0, 0), -XEN_EINVAL);
        ck_rc(EV(f, BIND_IPI, 1, 0), -XEN_ENOENT);
        ck_rc(EV(f, BIND_VCPU, 900, 0), -XEN_EINVAL);
        ck_rc(EV(f, BIND_VCPU, 2, 0), 0);
        ck_rc(EV(f, BIND_VCPU, 1, 0), -XEN_EINVAL);
        ck_rc(EV(f, BIND_VCPU, 2, 1), -XEN_ENOENT);
        /* A virq of the whole domain. */
        ck_rc(EV(f, BIND_VIRQ, 3, 0, 0), 0);
        ck_rc(EV(f, BIND_VCPU, out[2], 0), X300(f) ? -XEN_EINVAL : 0);
        ck_rc(EV(f, UNMASK, 900), X300(f) ? -XEN_ENOSYS : -XEN_EINVAL);
        ck_rc(EV(f, 11, 0, 0, 0), -XEN_ENOSYS);
        ck_rc(EV(f, 99, 0, 0, 0), -XEN_ENOSYS);
    }
}
END_TEST

START_TEST(all_ports)
{
    EACH(f)
    {
        uint32_t out[6], nr = 0;
        int32_t rc;
        while ((rc = X20(f) ? EV(f, ALLOC_UNBOUND, 0, 0) : EV(f, ALLOC_UNBOUND, FX_SELF, 0)) == 0)
            nr++;
        ck_rc(rc, -XEN_ENOSPC);
        ck_assert_uint_eq(nr, 1023);
    }
}
END_TEST

START_TEST(reset)
{
    EACH3(f)
    {
        uint32_t out[6];
        bool there = f->abi->xen >= RING1_XEN_3_2;
        ck_rc(EV(f, BIND_VIRQ, 1, 0, 0), 0);
        gva_t self = FX_WORDS(f, FX_SELF), other = FX_WORDS(f, 9), zero = FX_WORDS(f, 0);
        if (X300(f))
            continue;
        ck_rc(CALL(f, 32, RESET, other.va), there ? X417(f) ? -XEN_ESRCH : -XEN_EPERM : -XEN_ENOSYS);
        ck_rc(CALL(f, 32, RESET, zero.va), there ? -XEN_EPERM : -XEN_ENOSYS);
        ck_rc(CALL(f, 32, RESET, self.va), there ? 0 : -XEN_ENOSYS);
        if (there) {
            ck_rc(EV(f, STATUS, FX_SELF, 1), 0);
            ck_assert_uint_eq(out[2], 0);
            ck_assert_uint_eq(f->v->virq_port[1], 0);
        }
        /* The old style ends with unmask in 4.17. */
        ck_rc(EV(f, RESET, FX_SELF), there && !X417(f) ? 0 : -XEN_ENOSYS);
    }
}
END_TEST

START_TEST(new_style)
{
    EACH3(f)
    {
        gva_t bind = FX_WORDS(f, 1, 0, 0xBBBB);
        if (X300(f)) {
            /* 32 wraps to 0, set_trap_table. */
            ck_rc(CALL(f, 32, 1, bind.va), -XEN_EFAULT);
            continue;
        }
        ck_rc(CALL(f, 32, BIND_VIRQ, bind.va), 0);
        ck_assert_uint_eq(fx_get(f, GVA(bind.va + 8)), 1);
        ck_rc(CALL(f, 32, BIND_VIRQ, 0x1000), -XEN_EFAULT);
        ck_rc(CALL(f, 32, 99, 0x1000), -XEN_ENOSYS);
        ck_rc(CALL(f, 32, BIND_VIRQ, f->abi->hole),
              f->abi->xen >= RING1_XEN_4_17 ? -XEN_EINVAL : -XEN_EFAULT);
    }
}
END_TEST

START_TEST(bad_pointers)
{
    EACH(f)
    {
        ck_rc(CALL(f, 16, 0x1000), -XEN_EFAULT);
        ck_rc(CALL(f, 16, f->abi->hole), f->abi->xen >= RING1_XEN_4_17 ? -XEN_ENOSYS : -XEN_EFAULT);
        ck_rc(CALL(f, 16, 0xFFFFFFFC), -XEN_EFAULT);
        /* An answer that cannot be written: the port is taken all the same. */
        uint32_t pfn = fx_alloc(f);
        uint32_t *op = fx_page(f, pfn);
        op[0] = ALLOC_UNBOUND;
        op[X20(f) ? 2 : 1] = FX_SELF;
        ck_rc(fx_map(f, fx_va(f, pfn), fx_entry(fx_mfn(f, pfn), 0x21)), 0);
        ck_rc(CALL(f, 16, fx_va(f, pfn).va), -XEN_EFAULT);
        ck_assert_uint_eq(f->d->s.evtchn[1].kind, ECS_UNBOUND);
    }
}
END_TEST

START_TEST(delivery)
{
    EACH(f)
    {
        uint8_t *info = vcpu_info(f->v);
        int port = evtchn_backend_alloc(f->d, BACKEND_CONSOLE);
        ck_assert_int_eq(port, 1);
        ck_assert_int_eq(evtchn_backend_alloc(f->d, BACKEND_XENSTORE), 2);
        f->mem->marks[f->d->s.shared_info.mfn] = 0;
        evtchn_backend_send(f->d, 1);
        ck_assert(pending(f, 1));
        ck_assert_uint_eq(selector(f), 1);
        ck_assert_uint_eq(info[0], 1);
        ck_assert(f->mem->marks[f->d->s.shared_info.mfn] & MARK_DIRTY);
        /* A second event on a pending port is no new edge. */
        info[0] = 0;
        store32(info + f->abi->vi_pending_sel, 0);
        evtchn_backend_send(f->d, 1);
        ck_assert_uint_eq(info[0], 0);
        /* Nor is one on a masked port: it waits. */
        mask(f, 2);
        evtchn_backend_send(f->d, 2);
        ck_assert(pending(f, 2));
        ck_assert_uint_eq(selector(f), 0);
        ck_assert_uint_eq(info[0], 0);
        if (f->abi->xen >= RING1_XEN_3_0_4) {
            uint32_t out[6];
            ck_rc(EV(f, UNMASK, 2), 0);
            ck_assert_uint_eq(selector(f), 1);
            ck_assert_uint_eq(info[0], 1);
            /* Unmasking a port that was not masked raises nothing. */
            info[0] = 0;
            store32(info + f->abi->vi_pending_sel, 0);
            ck_rc(EV(f, UNMASK, 2), 0);
            ck_assert_uint_eq(info[0], 0);
        }
    }
}
END_TEST

START_TEST(back_ends)
{
    EACH(f)
    {
        uint32_t out[6];
        int port = evtchn_backend_alloc(f->d, BACKEND_XENSTORE);
        ck_rc(EV(f, SEND, (uint32_t)port), 0);
        ck_assert_uint_eq(f->notified->len, 1);
        struct fx_notify *n = &g_array_index(f->notified, struct fx_notify, 0);
        ck_assert_int_eq(n->backend, BACKEND_XENSTORE);
        ck_assert_uint_eq(n->port, port);
        ck_assert(!pending(f, (unsigned)port));
        /* A device's back end joins the port that the guest made for it. */
        ck_rc(X20(f) ? EV(f, ALLOC_UNBOUND, 0, 0) : EV(f, ALLOC_UNBOUND, FX_SELF, 0), 0);
        ck_assert_int_eq(evtchn_backend_bind(f->d, 2, BACKEND_DEVICE), 0);
        ck_assert_int_eq(evtchn_backend_bind(f->d, 2, BACKEND_DEVICE), -XEN_EINVAL);
        ck_assert_int_eq(evtchn_backend_bind(f->d, 3, BACKEND_DEVICE), -XEN_EINVAL);
        ck_assert_int_eq(evtchn_backend_bind(f->d, 5000, BACKEND_DEVICE), -XEN_EINVAL);
        evtchn_backend_send(f->d, 2);
        ck_assert(pending(f, 2));
        evtchn_backend_unbind(f->d, 2);
        ck_rc(EV(f, SEND, 2), X20(f) ? -XEN_EINVAL : 0);
        ck_assert_uint_eq(f->notified->len, 1);
        /* Closed by the guest: the back end's events go nowhere. */
        ck_rc(X20(f) ? EV(f, CLOSE, FX_SELF, (uint32_t)port) : EV(f, CLOSE, (uint32_t)port), 0);
        evtchn_backend_send(f->d, (unsigned)port);
        ck_assert(!pending(f, (unsigned)port));
    }
}
END_TEST

START_TEST(virqs)
{
    EACH(f)
    {
        uint32_t out[6];
        unsigned timer = f->abi->virq_timer;
        virq_raise(f->v, timer);
        ck_assert_uint_eq(selector(f), 0);
        ck_rc(EV(f, BIND_VIRQ, timer, 0, 0), 0);
        virq_raise(f->v, timer);
        ck_assert(pending(f, 1));
        virq_raise(f->v, 9999);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("evtchn");
    TCase *tc = tcase_create("evtchn");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, bind_virq_3);
    tcase_add_test(tc, bind_virq_in_2_0);
    tcase_add_test(tc, unbound_and_interdomain_in_2_0);
    tcase_add_test(tc, status);
    tcase_add_test(tc, interdomain_with_oneself);
    tcase_add_test(tc, sending_and_closing);
    tcase_add_test(tc, all_ports);
    tcase_add_test(tc, reset);
    tcase_add_test(tc, new_style);
    tcase_add_test(tc, bad_pointers);
    tcase_add_test(tc, delivery);
    tcase_add_test(tc, back_ends);
    tcase_add_test(tc, virqs);
    suite_add_tcase(s, tc);
    return fx_main(s);
}
