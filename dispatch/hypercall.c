/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * hypercall.c - the table made from hypercalls.def, the door, errno names.
 */
#include "hypercall.h"

#include "page_type.h"
#include "preempt.h"

#include <xen/errno.h>

static const struct hypercall rows[] = {
#define HYPERCALL(nr, name, class, nargs, signature, from, to, service)                                      \
    {nr, #name, #class, nargs, signature, from, to, service},
#define SERVED(handler) HC_SERVED, 0, handler
#define ANSWERS(err)    HC_ANSWERS, (err), NULL
#define NOT_YET         HC_NOT_YET, -XEN_ENOSYS, NULL
#include "hypercalls.def"
};

const struct hypercall *hypercall_rows(size_t *nr_rows)
{
    *nr_rows = G_N_ELEMENTS(rows);
    return rows;
}

const struct hypercall *hypercall_row(const struct abi *abi, unsigned nr)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].nr == nr && rows[i].from <= abi->xen && abi->xen <= rows[i].to)
            return &rows[i];
    return NULL;
}

void hypercall_table_init(struct domain *d)
{
    for (unsigned nr = 0; nr < NR_HYPERCALLS; nr++) {
        const struct hypercall *row = hypercall_row(d->abi, nr);
        d->table[nr] = (struct hypercall_slot){
            .row = row,
            .fn = row ? row->fn : NULL,
            .answer = row ? row->answer : -XEN_ENOSYS,
            .nargs = row ? row->nargs : 0,
        };
    }
}

static int32_t serve(struct vcpu *v, const struct hypercall_slot *slot, const uint32_t *arg)
{
    if (G_UNLIKELY(!slot))
        return refuse(v->domain, -XEN_ENOSYS, "no Xen has so high a number: there are %u", NR_HYPERCALLS);
    if (G_UNLIKELY(slot->user_fn))
        return slot->user_fn(v, arg, slot->user);
    if (G_LIKELY(slot->fn))
        return slot->fn(v, arg);
    if (!slot->row)
        return refuse(v->domain, slot->answer, "Xen %s has no such hypercall", v->domain->abi->xen_name);
    if (slot->row->service == HC_NOT_YET)
        return refuse(v->domain, slot->answer, "not served yet");
    return refuse(v->domain, slot->answer, "Xen %s gives every ordinary domain this",
                  v->domain->abi->xen_name);
}

/* With somebody looking. */
static int32_t serve_watched(struct vcpu *v, const struct hypercall_slot *slot, struct call *call)
{
    struct domain *d = v->domain;
    const struct tap *tap = d->tap;
    call->row = slot ? slot->row : NULL;
    if (!(tap->before && tap->before(tap->user, v, call))) {
        d->why[0] = '\0';
        d->why_frame = MFN(UINT32_MAX);
        call->result = serve(v, slot, call->arg);
    }
    call->why = d->want_why && d->why[0] ? page_why(d) : NULL;
    call->continued = d->s.preempt.continued;
    if (tap->after)
        tap->after(tap->user, v, call);
    return call->result;
}

int32_t hypercall_enter(struct vcpu *v, uint32_t nr, const uint32_t *arg)
{
    preempt_begin(v->domain);
    return hypercall_enter_counted(v, nr, arg);
}

int32_t hypercall_enter_counted(struct vcpu *v, uint32_t nr, const uint32_t *arg)
{
    struct domain *d = v->domain;
    const struct hypercall_slot *slot = hypercall_slot(d, nr);
    if (G_LIKELY(!d->tap))
        return serve(v, slot, arg);
    struct call call = {.nr = nr, .arg = arg};
    return serve_watched(v, slot, &call);
}

static int32_t nested_multicall(struct vcpu *v, const uint32_t *arg)
{
    return refuse(v->domain, -XEN_EINVAL, "multicall inside a multicall: the %u entries at %#x are not run",
                  arg[1], arg[0]);
}

int32_t hypercall_enter_nested(struct vcpu *v, uint32_t nr, const uint32_t *arg, unsigned index)
{
    struct domain *d = v->domain;
    const struct hypercall_slot *slot = hypercall_slot(d, nr);
    struct hypercall_slot nested;
    if (G_UNLIKELY(slot && slot->row && slot->fn == do_multicall)) {
        nested = (struct hypercall_slot){.row = slot->row, .fn = nested_multicall};
        slot = &nested;
    }
    if (G_LIKELY(!d->tap))
        return serve(v, slot, arg);
    struct call call = {.nr = nr, .arg = arg, .depth = 1, .index = index};
    return serve_watched(v, slot, &call);
}

static const struct {
    int32_t value;
    const char *name, *text;
} errnos[] = {
    {XEN_EPERM, "-EPERM", "Operation not permitted"},
    {XEN_ENOENT, "-ENOENT", "No such file or directory"},
    {XEN_ESRCH, "-ESRCH", "No such process"},
    {XEN_EIO, "-EIO", "I/O error"},
    {XEN_ENXIO, "-ENXIO", "No such device or address"},
    {XEN_E2BIG, "-E2BIG", "Arg list too long"},
    {XEN_ENOEXEC, "-ENOEXEC", "Exec format error"},
    {XEN_EBADF, "-EBADF", "Bad file number"},
    {XEN_EAGAIN, "-EAGAIN", "Try again"},
    {XEN_ENOMEM, "-ENOMEM", "Out of memory"},
    {XEN_EACCES, "-EACCES", "Permission denied"},
    {XEN_EFAULT, "-EFAULT", "Bad address"},
    {XEN_EBUSY, "-EBUSY", "Device or resource busy"},
    {XEN_EEXIST, "-EEXIST", "File exists"},
    {XEN_ENODEV, "-ENODEV", "No such device"},
    {XEN_EINVAL, "-EINVAL", "Invalid argument"},
    {XEN_ENOSPC, "-ENOSPC", "No space left on device"},
    {XEN_EROFS, "-EROFS", "Read-only file system"},
    {XEN_EDOM, "-EDOM", "Math argument out of domain"},
    {XEN_ERANGE, "-ERANGE", "Math result not representable"},
    {XEN_EDEADLK, "-EDEADLK", "Resource deadlock would occur"},
    {XEN_ENOSYS, "-ENOSYS", "Function not implemented"},
    {XEN_ENODATA, "-ENODATA", "No data available"},
    {XEN_ETIME, "-ETIME", "Timer expired"},
    {XEN_EBADMSG, "-EBADMSG", "Not a data message"},
    {XEN_EOVERFLOW, "-EOVERFLOW", "Value too large for defined data type"},
    {XEN_EILSEQ, "-EILSEQ", "Illegal byte sequence"},
    {XEN_EOPNOTSUPP, "-EOPNOTSUPP", "Operation not supported"},
    {XEN_ENOBUFS, "-ENOBUFS", "No buffer space available"},
    {XEN_ETIMEDOUT, "-ETIMEDOUT", "Connection timed out"},
};

const char *errno_name(int32_t err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(errnos); i++)
        if (-errnos[i].value == err)
            return errnos[i].name;
    return NULL;
}

const char *errno_text(int32_t err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(errnos); i++)
        if (-errnos[i].value == err)
            return errnos[i].text;
    return NULL;
}
