/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * console_io.c - the emergency console (docs/xen-abi.md 8.18). A release build of
 * Xen refuses an ordinary domain altogether, a verbose one serves it.
 */
#include "access.h"
#include "hypercall.h"
#include "preempt.h"

#include <xen/errno.h>
#include <xen/xen.h>

/* Xen prints in pieces and stops at the first that cannot be read. */
#define CHUNK      127u
#define CHUNK_WORK 4u
/* 2.0 prints no more of one call, and says how much it was. */
#define WRITE_MAX_2_0 4095u

static int32_t console_write(struct vcpu *v, gva_t buffer, uint32_t count)
{
    struct domain *d = v->domain;
    bool old = d->abi->xen == RING1_XEN_2_0;
    char bytes[CHUNK];
    /* A signed count in older Xens: there is nothing to print in a negative one. */
    bool nothing = (int32_t)count < 0 && d->abi->xen < RING1_XEN_4_17;
    uint32_t len = nothing ? 0 : old ? MIN(count, WRITE_MAX_2_0) : count;
    for (uint32_t done = 0; done < len;) {
        uint32_t n = MIN(len - done, CHUNK);
        if (!old && done && preempt_check(v))
            return hypercall_continue(v, 18, 3,
                                      (const uint32_t[]){CONSOLEIO_write, count - done, buffer.va + done});
        if (guest_read(v, GVA(buffer.va + done), bytes, n))
            return refuse(d, -XEN_EFAULT, "the text at %#x cannot be read", buffer.va + done);
        if (d->ops && d->ops->console_write)
            d->ops->console_write(d->ops_user, bytes, n);
        done += n;
        preempt_work(d, CHUNK_WORK);
    }
    return old ? (int32_t)len : 0;
}

static int32_t console_read(struct vcpu *v, gva_t buffer, uint32_t count)
{
    struct domain *d = v->domain;
    char bytes[CHUNK];
    if (count > INT32_MAX)
        return d->abi->xen >= RING1_XEN_4_17
                   ? refuse(d, -XEN_E2BIG, "a count of %u: %u at most", count, (unsigned)INT32_MAX)
                   : 0;
    uint32_t done = 0;
    while (done < count && d->ops && d->ops->console_read) {
        uint32_t n = (uint32_t)d->ops->console_read(d->ops_user, bytes, MIN(count - done, CHUNK));
        if (n == 0)
            break;
        if (guest_write(v, GVA(buffer.va + done), bytes, n))
            return refuse(d, -XEN_EFAULT, "the buffer at %#x cannot be written", buffer.va + done);
        done += n;
    }
    return (int32_t)done;
}

int32_t do_console_io(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    if (!d->console_io_allowed)
        return refuse(d, -XEN_EPERM, "Xen is no verbose build: only for domain 0, this is domain %u",
                      d->s.domid);
    switch (arg[0]) {
    case CONSOLEIO_write:
        return console_write(v, GVA(arg[2]), arg[1]);
    case CONSOLEIO_read:
        return console_read(v, GVA(arg[2]), arg[1]);
    default:
        return refuse(d, -XEN_ENOSYS, "console command %u is unknown", arg[0]);
    }
}
