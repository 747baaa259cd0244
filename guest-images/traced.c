/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * traced - makes calls and states, for each, the line that a trace must have of it
 * (`call LINE`), without time, vcpu and site: tests/cli/test_traced.py compares.
 */
#include "lib/paging.h"

#define PAGE __attribute__((aligned(4096), section(".pages")))
static u32 page[1024] PAGE, frames[1024] PAGE;

#define CALL(...) print("call " __VA_ARGS__)
#define SELF      0x7FF0u

static const char *const xen_names[] = {"2.0", "3.0.0", "3.0.4", "3.2", "4.17"};

/* Small numbers are decimal, others not. */
static void number(u32 value)
{
    print(value < 1024 ? "%u" : "0x%x", value);
}

static void calls_without_structures(void)
{
    CALL("vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables) = 0\n");
    hypercall(NR_vm_assist, 0, 2, 0, 0, 0);
    CALL("vm_assist(VMASST_CMD_enable, 99 /* no vm_assist_type */) = -EINVAL (Invalid argument): type 99 is unknown to Xen "
         "%s\n", xen_names[xen]);
    hypercall(NR_vm_assist, 0, 99, 0, 0, 0);
    CALL("set_debugreg(0, 0x1230) = 0\n");
    hypercall(8, 0, 0x1230, 0, 0, 0);
    CALL("get_debugreg(0) = 0x1230\n");
    hypercall(9, 0, 0, 0, 0, 0);
    if (xen == XEN_4_17) {
        /* Values that only look like -EINVAL. */
        CALL("set_debugreg(0, 0xffffffea) = 0\n");
        hypercall(8, 0, 0xFFFFFFEA, 0, 0, 0);
        CALL("get_debugreg(0) = 0xffffffea\n");
        hypercall(9, 0, 0, 0, 0, 0);
    }
    CALL("set_timer_op(0.000000000s) = 0\n");
    hypercall(15, 0, 0, 0, 0, 0);
    CALL("fpu_taskswitch(%s) = 0\n", xen == XEN_2_0 ? "" : "0");
    hypercall(5, 0, 0, 0, 0, 0);
    CALL("xen_version(XENVER_version%s) = 0x%x\n", xen == XEN_2_0 ? "" : ", NULL",
         (u32)hypercall(NR_xen_version, 0, 0, 0, 0, 0));
}

/* Old style, a structure with the command in it. */
static void events(void)
{
    const char *name = xen <= XEN_3_0_0 ? "event_channel_op" : "event_channel_op_compat";
    u32 at = xen == XEN_2_0 ? 2 : 1, *arg = page + at, port;
    memset(page, 0, PAGE_SIZE);
    page[0] = 6;
    *arg = xen == XEN_2_0 ? 7 : 7 << 16 | SELF;
    hypercall(NR_event_channel_op_compat, (u32)page, 0, 0, 0, 0);
    port = arg[1];
    CALL("%s({cmd=EVTCHNOP_alloc_unbound, %s=7}) = 0 => {port=%u}\n", name,
         xen == XEN_2_0 ? "dom" : "dom=DOMID_SELF, remote_dom", port);
    memset(page, 0, PAGE_SIZE);
    page[0] = 5;
    arg[0] = SELF;
    arg[1] = port;
    CALL("%s({cmd=EVTCHNOP_status, dom=DOMID_SELF, port=%u}) = 0 => {status=unbound, %sunbound={dom=7}}\n", name, port,
         xen == XEN_2_0 ? "" : "vcpu=0, ");
    hypercall(NR_event_channel_op_compat, (u32)page, 0, 0, 0, 0);
    page[0] = 4;
    arg[0] = 1000;
    CALL("%s({cmd=EVTCHNOP_send, port=1000}) = -EINVAL (Invalid argument): port 1000 is not valid: none so high was "
         "open yet\n", name);
    hypercall(NR_event_channel_op_compat, (u32)page, 0, 0, 0, 0);
}

static void memory(void)
{
    u32 *req = page, maddr = virt_to_mfn(frames) << 12;
    memset(page, 0, PAGE_SIZE);
    req[0] = maddr;
    CALL("mmu_update([{ptr=0x%x|MMU_NORMAL_PT_UPDATE, val=0}], 1, 0x%x%s) = 0 => pdone=1\n", maddr, (u32)(page + 8),
         xen == XEN_2_0 ? "" : ", DOMID_SELF");
    hypercall(NR_mmu_update, (u32)page, 1, (u32)(page + 8), SELF, 0);
    if (xen <= XEN_3_0_0)
        return;
    page[0] = SELF;
    u32 pages = (u32)hypercall(12, 3, (u32)page, 0, 0, 0);
    CALL("memory_op(XENMEM_current_reservation, {domid=DOMID_SELF}) = ");
    number(pages);
    print("\n");
    page[0] = SELF;
    page[1] = 1;
    page[2] = 0;
    page[3] = (u32)frames;
    hypercall(20, 2, (u32)page, 1, 0, 0);
    CALL("grant_table_op(GNTTABOP_setup_table, [{dom=DOMID_SELF, nr_frames=1, frame_list=0x%x}], 1) = 0 => "
         "[{status=GNTST_okay, frame_list=[mfn 0x%x]}]\n", (u32)frames, frames[0]);
}

/* The entries stand below their multicall, each with its own result. */
static void list(void)
{
    u32 arg = xen == XEN_2_0 ? 1 : 2;
    memset(page, 0, PAGE_SIZE);
    page[0] = NR_vm_assist;
    page[arg + 1] = 2;
    page[8] = NR_vm_assist;
    page[8 + arg] = 7;
    page[8 + arg + 1] = 2;
    page[16] = NR_multicall;
    page[16 + arg] = (u32)frames;
    page[16 + arg + 1] = 5;
    CALL("multicall(0x%x, 3) = 0\n", (u32)page);
    CALL("[0] vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables) = 0\n");
    CALL("[1] vm_assist(7 /* no vm_assist_cmd */, VMASST_TYPE_writable_pagetables) = "
         "-ENOSYS (Function not implemented): command 7 is unknown\n");
    CALL("[2] multicall(0x%x, 5) = -EINVAL (Invalid argument): multicall inside a multicall: the 5 entries at 0x%x are "
         "not run\n", (u32)frames, (u32)frames);
    hypercall(NR_multicall, (u32)page, 3, 0, 0, 0);
}

void guest_main(void)
{
    print("calls begin\n");
    calls_without_structures();
    events();
    memory();
    list();
    CHECK("calls", 0, 0);
    print("calls end\n");
}
