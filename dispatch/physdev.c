/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * physdev.c - physdev_op, old style and new, for a domain without physical devices
 * (docs/xen-abi.md 8.19, 8.33 with 12.2).
 */
#include "access.h"
#include "hypercall.h"
#include "page_type.h"

#include <string.h>
#include <xen/errno.h>
#include <xen/physdev.h>

#define NR_GSIS 24u

/* What a command reads at most; the layouts are 32-bit ones. */
union physdev_args {
    uint32_t word[9];
    struct {
        uint32_t irq, flags;
    } irq_status;
    struct {
        uint32_t bitmap, nr_ports;
    } iobitmap;
    struct {
        uint16_t domid, pad;
        uint32_t type, index, pirq, bus, devfn, entry_nr;
        uint32_t table_base[2];
    } pirq;
    struct {
        uint8_t bus, devfn, pad[2];
        uint32_t is_extfn, is_virtfn, physfn;
    } pci_ext;
    struct {
        uint32_t type, pirq;
    } free_pirq;
};
G_STATIC_ASSERT(sizeof(union physdev_args) == 36);

typedef int32_t (*physdev_fn)(struct vcpu *v, union physdev_args *a);

static uint32_t nr_pirqs(const struct domain *d)
{
    return d->abi->xen >= RING1_XEN_4_17 ? 56 : 256;
}

static int32_t bad_irq(struct domain *d, uint32_t irq)
{
    return refuse(d, -XEN_EINVAL, "irq %u: there are %u", irq, nr_pirqs(d));
}

static int32_t denied(struct vcpu *v, union physdev_args *a)
{
    (void)a;
    return refuse(v->domain, -XEN_EPERM, "only for domains with devices: this is domain %u",
                  v->domain->s.domid);
}

static int32_t unmask_notify(struct vcpu *v, union physdev_args *a)
{
    (void)v, (void)a;
    return 0;
}

static int32_t irq_status_query(struct vcpu *v, union physdev_args *a)
{
    struct domain *d = v->domain;
    if (a->irq_status.irq >= nr_pirqs(d))
        return bad_irq(d, a->irq_status.irq);
    /* 13.4: whoever has a pirq_eoi_gmfn looks there. */
    a->irq_status.flags = XENIRQSTAT_needs_eoi;
    return 0;
}

static int32_t set_iopl(struct vcpu *v, union physdev_args *a)
{
    if (a->word[0] > 3)
        return refuse(v->domain, -XEN_EINVAL, "IOPL %u: 3 at most", a->word[0]);
    v->iopl = a->word[0];
    return 0;
}

static int32_t set_iobitmap(struct vcpu *v, union physdev_args *a)
{
    if (a->iobitmap.nr_ports > 65536)
        return refuse(v->domain, -XEN_EINVAL, "%u ports: 65536 at most", a->iobitmap.nr_ports);
    if (!guest_range_ok(v->domain, GVA(a->iobitmap.bitmap), 8192))
        return refuse(v->domain, -XEN_EINVAL, "the bitmap at %#x reaches beyond the guest's addresses",
                      a->iobitmap.bitmap);
    v->iobitmap = a->iobitmap.bitmap;
    v->iobitmap_ports = a->iobitmap.nr_ports;
    return 0;
}

static int32_t eoi(struct vcpu *v, union physdev_args *a)
{
    struct domain *d = v->domain;
    if (a->word[0] >= nr_pirqs(d))
        return bad_irq(d, a->word[0]);
    if (d->abi->xen >= RING1_XEN_4_17 && !(d->s.pirqs & 1ull << a->word[0]))
        return refuse(d, -XEN_EINVAL, "irq %u is not bound", a->word[0]);
    return 0;
}

/* A domain that is there is refused, another is not found. */
static int32_t unmap_pirq(struct vcpu *v, union physdev_args *a)
{
    struct domain *d = v->domain;
    uint16_t dom = a->pirq.domid;
    if (dom != OWNER_DOMID_SELF && dom != d->s.domid && dom != DOMID_BACKEND)
        return refuse(d, -XEN_ESRCH, "there is no domain %u", dom);
    return denied(v, a);
}

/* The structure is given back in every case, with the one type for the other. */
static int32_t map_pirq(struct vcpu *v, union physdev_args *a)
{
    if (a->pirq.type == MAP_PIRQ_TYPE_MSI_SEG)
        a->pirq.type = MAP_PIRQ_TYPE_MSI;
    return unmap_pirq(v, a);
}

/* No interrupt ever comes, so that nothing is ever written there; the frame is held
 * as Xen holds it. */
static int32_t pirq_eoi_gmfn(struct vcpu *v, union physdev_args *a)
{
    struct domain *d = v->domain;
    mfn_t mfn = MFN(a->word[0]);
    if (page_get_and_type(d, mfn, PGT_writable))
        return refuse(d, -XEN_EINVAL, "frame %#x cannot be had writable: it is %s", mfn.mfn,
                      page_use(d, mfn));
    if (d->s.pirq_eoi_map.mfn) {
        page_put_and_type(d, mfn);
        return refuse(d, -XEN_EBUSY, "frame %#x serves already", d->s.pirq_eoi_map.mfn);
    }
    d->s.pirq_eoi_map = mfn;
    return 0;
}

static int32_t setup_gsi(struct vcpu *v, union physdev_args *a)
{
    if (a->word[0] >= NR_GSIS)
        return bad_irq(v->domain, a->word[0]);
    return denied(v, a);
}

/* Nothing is ever bound to it, but it is taken. */
static int32_t get_free_pirq(struct vcpu *v, union physdev_args *a)
{
    struct domain *d = v->domain;
    unsigned from = a->free_pirq.type == MAP_PIRQ_TYPE_GSI ? 16 : NR_GSIS;
    unsigned pirq = 0;
    for (unsigned i = from; i < NR_GSIS && !pirq; i++)
        pirq = d->s.pirqs & 1ull << i ? 0 : i;
    for (unsigned i = nr_pirqs(d) - 1; i >= NR_GSIS && !pirq; i--)
        pirq = d->s.pirqs & 1ull << i ? 0 : i;
    if (!pirq)
        return refuse(d, -XEN_ENOSPC, "all %u physical interrupts are given away", nr_pirqs(d));
    d->s.pirqs |= 1ull << pirq;
    a->free_pirq.pirq = pirq;
    return 0;
}

static int32_t add_pci_ext(struct vcpu *v, union physdev_args *a)
{
    if (a->pci_ext.is_extfn > 1 || a->pci_ext.is_virtfn > 1)
        return refuse(v->domain, -XEN_EINVAL, "is_extfn %#x, is_virtfn %#x: 0 or 1", a->pci_ext.is_extfn,
                      a->pci_ext.is_virtfn);
    return denied(v, a);
}

static int32_t no_device(struct vcpu *v, union physdev_args *a)
{
    (void)a;
    return refuse(v->domain, -XEN_ENODEV, "there is no device %#x:%#x", a->pci_ext.bus, a->pci_ext.devfn);
}

struct physdev_cmd {
    physdev_fn fn;
    uint32_t size; /* bytes that are read */
    bool answers;
    enum ring1_xen from;
};

static const struct physdev_cmd cmds[] = {
    [PHYSDEVOP_IRQ_UNMASK_NOTIFY] = {unmask_notify, 0, false, RING1_XEN_3_0_0},
    [PHYSDEVOP_irq_status_query] = {irq_status_query, 8, true, RING1_XEN_3_0_0},
    [PHYSDEVOP_set_iopl] = {set_iopl, 4, false, RING1_XEN_3_0_0},
    [PHYSDEVOP_set_iobitmap] = {set_iobitmap, 8, false, RING1_XEN_3_0_0},
    [PHYSDEVOP_apic_read] = {denied, 12, false, RING1_XEN_3_0_0},
    [PHYSDEVOP_apic_write] = {denied, 12, false, RING1_XEN_3_0_0},
    [PHYSDEVOP_alloc_irq_vector] = {denied, 8, false, RING1_XEN_3_0_0},
    [PHYSDEVOP_eoi] = {eoi, 4, false, RING1_XEN_3_0_4},
    [PHYSDEVOP_map_pirq] = {map_pirq, 36, true, RING1_XEN_4_17},
    [PHYSDEVOP_unmap_pirq] = {unmap_pirq, 8, false, RING1_XEN_4_17},
    [PHYSDEVOP_manage_pci_add] = {denied, 2, false, RING1_XEN_4_17},
    [PHYSDEVOP_manage_pci_remove] = {denied, 2, false, RING1_XEN_4_17},
    [PHYSDEVOP_pirq_eoi_gmfn_v1] = {pirq_eoi_gmfn, 4, false, RING1_XEN_4_17},
    [PHYSDEVOP_restore_msi] = {no_device, 2, false, RING1_XEN_4_17},
    [PHYSDEVOP_manage_pci_add_ext] = {add_pci_ext, 16, false, RING1_XEN_4_17},
    [PHYSDEVOP_setup_gsi] = {setup_gsi, 8, false, RING1_XEN_4_17},
    [PHYSDEVOP_get_free_pirq] = {get_free_pirq, 8, true, RING1_XEN_4_17},
    [PHYSDEVOP_pci_mmcfg_reserved] = {denied, 0, false, RING1_XEN_4_17},
    [PHYSDEVOP_pci_device_add] = {denied, 16, false, RING1_XEN_4_17},
    [PHYSDEVOP_pci_device_remove] = {denied, 4, false, RING1_XEN_4_17},
    [PHYSDEVOP_restore_msi_ext] = {no_device, 4, false, RING1_XEN_4_17},
    [PHYSDEVOP_pirq_eoi_gmfn_v2] = {pirq_eoi_gmfn, 4, false, RING1_XEN_4_17},
    [PHYSDEVOP_dbgp_op] = {denied, 0, false, RING1_XEN_4_17},
    [PHYSDEVOP_prepare_msix] = {denied, 4, false, RING1_XEN_4_17},
    [PHYSDEVOP_release_msix] = {denied, 4, false, RING1_XEN_4_17},
};

static const struct physdev_cmd *find_cmd(const struct abi *abi, uint32_t cmd)
{
    return cmd < G_N_ELEMENTS(cmds) && cmds[cmd].fn && abi->xen >= cmds[cmd].from ? &cmds[cmd] : NULL;
}

static int32_t unknown_cmd(struct domain *d, uint32_t cmd)
{
    return refuse(d, d->abi->xen <= RING1_XEN_3_0_0 ? -XEN_EINVAL : -XEN_ENOSYS,
                  "physical device command %u is unknown to Xen %s", cmd, d->abi->xen_name);
}

int32_t do_physdev_op(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    const struct physdev_cmd *cmd = find_cmd(d->abi, arg[0]);
    gva_t at = GVA(arg[1]);
    union physdev_args a;
    if (!cmd)
        return unknown_cmd(d, arg[0]);
    memset(&a, 0, sizeof a);
    if (cmd->size && guest_read(v, at, &a, cmd->size))
        return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be read", at.va);
    if (cmd->fn == map_pirq && a.pirq.type == MAP_PIRQ_TYPE_MULTI_MSI &&
        (a.pirq.table_base[0] | a.pirq.table_base[1]))
        return refuse(d, -XEN_EINVAL, "a table at %#x%08x for several interrupts", a.pirq.table_base[1],
                      a.pirq.table_base[0]);
    int32_t rc = cmd->fn(v, &a);
    if ((rc == 0 || cmd->fn == map_pirq) && cmd->answers && guest_write(v, at, &a, cmd->size))
        return refuse(d, -XEN_EFAULT, "the answer at %#x cannot be written", at.va);
    return rc;
}

/* 2.0's commands for PCI, of which an ordinary domain has no device: it may ask for
 * the buses, of which there is none. */
enum { PCI_CFGREG_READ, PCI_CFGREG_WRITE, PCI_INITIALISE_DEVICE, PCI_PROBE_ROOT_BUSES };

struct physdev_2_0 {
    uint32_t cmd, pad, word[8];
};
G_STATIC_ASSERT(sizeof(struct physdev_2_0) == 40);

static int32_t physdev_answer_2_0(struct physdev_2_0 *op)
{
    switch (op->cmd) {
    case PCI_CFGREG_READ: /* bus, device, function, register, length, value */
        op->word[5] = UINT32_MAX;
        return -XEN_EPERM;
    case PCI_CFGREG_WRITE:
    case PCI_INITIALISE_DEVICE:
        return -XEN_EPERM;
    case PCI_PROBE_ROOT_BUSES:
        memset(op->word, 0, sizeof op->word);
        return 0;
    case PHYSDEVOP_IRQ_UNMASK_NOTIFY:
        return 0;
    case PHYSDEVOP_irq_status_query:
        if (op->word[0] >= 128)
            return -XEN_EINVAL;
        op->word[1] = 0;
        return 0;
    default:
        return -XEN_EINVAL;
    }
}

/* The structure is given back in every case. */
static int32_t physdev_op_2_0(struct vcpu *v, gva_t at)
{
    struct domain *d = v->domain;
    struct physdev_2_0 op;
    if (guest_read(v, at, &op, sizeof op))
        return refuse(d, -XEN_EFAULT, "the structure at %#x cannot be read", at.va);
    int32_t rc = physdev_answer_2_0(&op);
    if (guest_write(v, at, &op, sizeof op))
        return refuse(d, -XEN_EFAULT, "the structure at %#x cannot be written", at.va);
    if (op.cmd > PHYSDEVOP_irq_status_query)
        return unknown_cmd(d, op.cmd);
    return rc ? refuse(d, rc, "physical device command %u: the domain has none", op.cmd) : 0;
}

int32_t do_physdev_op_compat(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    struct {
        uint32_t cmd;
        union physdev_args a;
    } op;
    if (d->abi->xen == RING1_XEN_2_0)
        return physdev_op_2_0(v, GVA(arg[0]));
    memset(&op, 0, sizeof op);
    if (guest_read(v, GVA(arg[0]), &op, 16))
        return refuse(d, -XEN_EFAULT, "the structure at %#x cannot be read", arg[0]);
    /* 13.4: the new number's commands, all of them, with what they take behind the command. */
    if (d->abi->xen >= RING1_XEN_4_17)
        return do_physdev_op(v, (const uint32_t[]){op.cmd, arg[0] + 4});
    const struct physdev_cmd *cmd = find_cmd(d->abi, op.cmd);
    if (!cmd)
        return unknown_cmd(d, op.cmd);
    int32_t rc = cmd->fn(v, &op.a);
    if (rc == 0 && cmd->answers && guest_write(v, GVA(arg[0] + 4), &op.a, cmd->size))
        return refuse(d, -XEN_EFAULT, "the answer at %#x cannot be written", arg[0]);
    return rc;
}
