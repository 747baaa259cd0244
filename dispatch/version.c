/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * version.c - xen_version: what Xen says of itself (docs/xen-abi.md 4.6, 8.17
 * with 12.2).
 */
#include "access.h"
#include "hypercall.h"
#include "plant.h"

#include <string.h>
#include <xen/errno.h>
#include <xen/features.h>
#include <xen/version.h>
#include <xen/xen.h>

/* What 4.17 lets an ordinary domain read of the rest. */
#define DENIED "<denied>"

static int32_t answer(struct vcpu *v, gva_t arg, const void *bytes, uint32_t len)
{
    if (guest_write(v, arg, bytes, len))
        return refuse(v->domain, -XEN_EFAULT, "the answer at %#x cannot be written", arg.va);
    return 0;
}

static int32_t version(struct vcpu *v, gva_t arg)
{
    (void)arg;
    return (int32_t)v->domain->abi->xen_version;
}

static int32_t extraversion(struct vcpu *v, gva_t arg)
{
    static const char *const extra[] = {
        [RING1_XEN_3_0_0] = ".0",
        [RING1_XEN_3_0_4] = ".4-1",
        [RING1_XEN_3_2] = ".0",
        [RING1_XEN_4_17] = ".7",
    };
    char text[16] = "";
    g_strlcpy(text, extra[v->domain->abi->xen], sizeof text);
    return answer(v, arg, text, sizeof text);
}

static int32_t compile_info(struct vcpu *v, gva_t arg)
{
    struct {
        char compiler[64], compile_by[16], compile_domain[32], compile_date[32];
    } info = {"gcc", "ring1", "", ""};
    G_STATIC_ASSERT(sizeof info == 144);
    return answer(v, arg, &info, sizeof info);
}

static int32_t capabilities(struct vcpu *v, gva_t arg)
{
    char text[1024] = "";
    g_strlcpy(text, v->domain->abi->capabilities, sizeof text);
    return answer(v, arg, text, sizeof text);
}

static int32_t changeset(struct vcpu *v, gva_t arg)
{
    char text[64] = "unavailable";
    return answer(v, arg, text, sizeof text);
}

static int32_t platform_parameters(struct vcpu *v, gva_t arg)
{
    return answer(v, arg, &v->domain->abi->hole, 4);
}

#define FEATURE(name) (1u << XENFEAT_##name)
static uint32_t features(const struct domain *d)
{
    uint32_t bits = 0;
    if (d->s.vm_assist >> VMASST_TYPE_pae_extended_cr3 & 1u)
        bits |= FEATURE(pae_pgdir_above_4gb);
    if (d->abi->xen >= RING1_XEN_4_17)
        bits |= FEATURE(mmu_pt_update_preserve_ad) | FEATURE(highmem_assist) |
                FEATURE(gnttab_map_avail_bits) | FEATURE(memory_op_vnode_supported) | FEATURE(direct_mapped);
    return bits;
}

static int32_t get_features(struct vcpu *v, gva_t arg)
{
    struct {
        uint32_t submap_idx, submap;
    } info;
    if (guest_read(v, arg, &info, sizeof info))
        return refuse(v->domain, -XEN_EFAULT, "the argument at %#x cannot be read", arg.va);
    if (PLANTED(refused_answer)) {
        info.submap = features(v->domain);
        (void)answer(v, arg, &info, sizeof info);
    }
    if (info.submap_idx != 0)
        return refuse(v->domain, -XEN_EINVAL, "there is no feature map %u", info.submap_idx);
    info.submap = features(v->domain);
    return answer(v, arg, &info, sizeof info);
}

static int32_t pagesize(struct vcpu *v, gva_t arg)
{
    if (arg.va)
        return refuse(v->domain, -XEN_EINVAL, "an argument is given, %#x: it must be NULL", arg.va);
    return (int32_t)RING1_PAGE_SIZE;
}

static int32_t guest_handle(struct vcpu *v, gva_t arg)
{
    /* The domain's UUID; xenstore's /vm names it, too. */
    static const uint8_t handle[16] = {[15] = DOMID_GUEST};
    return answer(v, arg, handle, sizeof handle);
}

static int32_t commandline(struct vcpu *v, gva_t arg)
{
    return answer(v, arg, DENIED, sizeof DENIED);
}

static int32_t build_id(struct vcpu *v, gva_t arg)
{
    (void)arg;
    return refuse(v->domain, -XEN_EPERM, "the build id is not for domain %u", v->domain->s.domid);
}

static const struct {
    int32_t (*fn)(struct vcpu *v, gva_t arg);
    enum ring1_xen from;
} cmds[] = {
    [XENVER_version] = {version, RING1_XEN_2_0},
    [XENVER_extraversion] = {extraversion, RING1_XEN_3_0_0},
    [XENVER_compile_info] = {compile_info, RING1_XEN_3_0_0},
    [XENVER_capabilities] = {capabilities, RING1_XEN_3_0_0},
    [XENVER_changeset] = {changeset, RING1_XEN_3_0_0},
    [XENVER_platform_parameters] = {platform_parameters, RING1_XEN_3_0_0},
    [XENVER_get_features] = {get_features, RING1_XEN_3_0_4},
    [XENVER_pagesize] = {pagesize, RING1_XEN_3_0_4},
    [XENVER_guest_handle] = {guest_handle, RING1_XEN_3_0_4},
    [XENVER_commandline] = {commandline, RING1_XEN_4_17},
    [XENVER_build_id] = {build_id, RING1_XEN_4_17},
};

int32_t do_xen_version(struct vcpu *v, const uint32_t *arg)
{
    const struct abi *abi = v->domain->abi;
    uint32_t cmd = arg[0];
    if (cmd < G_N_ELEMENTS(cmds) && abi->xen >= cmds[cmd].from)
        return cmds[cmd].fn(v, GVA(arg[1]));
    return refuse(v->domain, -XEN_ENOSYS, "version query %u is unknown to Xen %s", cmd, abi->xen_name);
}
