/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * events - makes an event of each kind that `ring1 trace -e event=` tells, and states
 * the line that is to be seen of it (`event LINE`): tests/cli/test_events.py compares.
 */
#include "lib/paging.h"
#include "lib/traps.h"

/* events_asm.S */
extern char ev_ud2[], ev_load[], ev_hlt[], ev_int[], ev_clts[], ev_cr0[], ev_upcall[], ev_store[];
u32 ev_va, ev_value;

#define PAGE __attribute__((aligned(4096), section(".pages")))
static u32 page[1024] PAGE;
static pte_t table[PTES] PAGE;

#define WINDOW 0xD0000000u /* what `table` maps */
#define PORT   5u

#define EVENT(...) print("event " __VA_ARGS__)

/* "mfn 0x1a2/pfn 0x21" */
#define FRAME      "mfn 0x%x/pfn 0x%x"
#define NAMED(mfn) (mfn), (((u32)mfn_to_virt(mfn) - VIRT_BASE) / PAGE_SIZE)

/* An entry by its machine address: table and index. */
#define TABLE(maddr) ((u32)((maddr) >> 12))
#define INDEX(maddr) ((u32)((maddr)&0xFFF) / sizeof(pte_t))

static void exceptions(void)
{
    static const u8 nop = 0x90;

    EVENT("r1 ev_ud2: --- #UD => trap_stubs+0x60 ---\n");
    CHECK("ud2", try_call(ev_ud2, 0), 6);
    EVENT("r1 ev_load_at: --- #PF {error=0, cr2=0x10} => trap_stubs+0xe0 ---\n");
    CHECK("load", try_call(ev_load, 0), 14);
    EVENT("r1 ev_hlt: --- #GP {error=0} => trap_stubs+0xd0 ---\n");
    CHECK("hlt", try_call(ev_hlt, 0), 13);
    EVENT("r1 ev_int_end: --- int 0x93 => trap_stubs+0x930 ---\n");
    CHECK("int", try_call(ev_int, 0), 0x93);
    EVENT("r3 user_code+0x2: --- int 0x3 => trap_stubs+0x30 ---\n");
    CHECK("ring 3", run_user(&nop, 1, 0), 3);
}

static void emulated(void)
{
    if (xen == XEN_2_0)
        return;
    EVENT("r1 ev_clts: --- emulated {clts} ---\n");
    CHECK("clts", try_call(ev_clts, 0), NO_TRAP);
    CHECK("mov from cr0", try_call(ev_cr0, 0), NO_TRAP);
    if (try_result)
        EVENT("r1 ev_cr0_at: --- emulated {movl %%cr0, %%eax} => {eax=0x%x} ---\n", try_result);
    else
        EVENT("r1 ev_cr0_at: --- emulated {movl %%cr0, %%eax} => {eax=0} ---\n");
}

static void upcall(void)
{
    EVENT("r1 ev_upcall_at: --- upcall {ports=[5]} => event_stub ---\n");
    EVTCHN_MASK[0] &= ~(1u << PORT);
    EVTCHN_PENDING[0] |= 1u << PORT;
    UPCALL_PENDING = 1;
    UPCALL_MASK = 0;
    CHECK("upcall", try_call(ev_upcall, 0), VEC_EVENT);
    UPCALL_MASK = 1;
    UPCALL_PENDING = 0;
    EVTCHN_PENDING[0] &= ~(1u << PORT);
}

static void store(u32 value)
{
    ev_value = value;
    CHECK("store", try_call(ev_store, 0), NO_TRAP);
}

static void tables(void)
{
    u32 mfn = virt_to_mfn(table), target = virt_to_mfn(page);
    u64 l2, l1;

    remap_page(table, PTE_RO);
    EVENT("--- frame {" FRAME ", was=writable, by=pin} => L1 table ---\n", NAMED(mfn));
    CHECK("pin", mmuext(MMUEXT_PIN_TABLE, mfn, 0), 0);
    EVENT("--- frame {" FRAME ", was=L1 table, by=pin} => nothing ---\n", NAMED(mfn));
    CHECK("unpin", mmuext(MMUEXT_UNPIN_TABLE, mfn, 0), 0);

    pte_of(WINDOW, 2, &l2);
    EVENT("--- frame {" FRAME ", was=nothing, by=entry %u of L2 table " FRAME "} => L1 table ---\n",
          NAMED(mfn), INDEX(l2), NAMED(TABLE(l2)));
    CHECK("hook", write_pte(l2, pte(mfn, PTE_USER)), 0);
    CHECK("vm_assist", hypercall(NR_vm_assist, 0, 2, 0, 0, 0), 0);
    ev_va = (u32)(table + 3);
    EVENT("r1 ev_store_at: --- store {va=0x%x, table=" FRAME ", index=3, old=0} => " FRAME "|P|RW|A|D ---\n",
          ev_va, NAMED(mfn), NAMED(target));
    store((u32)pte(target, PTE_RWX));
    EVENT("r1 ev_store_at: --- store {va=0x%x, table=" FRAME ", index=3, old=" FRAME "|P|RW|A|D} => 0 ---\n",
          ev_va, NAMED(mfn), NAMED(target));
    store(0);
    EVENT("--- frame {" FRAME ", was=L1 table, by=entry %u of L2 table " FRAME "} => nothing ---\n",
          NAMED(mfn), INDEX(l2), NAMED(TABLE(l2)));
    CHECK("unhook", write_pte(l2, 0), 0);

    pte_of((u32)table, 1, &l1);
    EVENT("--- frame {" FRAME ", was=nothing, by=entry %u of L1 table " FRAME "} => writable ---\n",
          NAMED(mfn), INDEX(l1), NAMED(TABLE(l1)));
    CHECK("writable", remap_page(table, PTE_RWX), 0);

    /* What it holds is no table. */
    *(volatile u32 *)table = (u32)pte(mfn, PTE_RWX);
    CHECK("read-only", remap_page(table, PTE_RO), 0);
    EVENT("--- frame {" FRAME ", was=writable, by=pin} => L1 table ---\n", NAMED(mfn));
    EVENT("--- frame {" FRAME ", was=L1 table, by=refused} => nothing ---\n", NAMED(mfn));
    CHECK("pin what is none", mmuext(MMUEXT_PIN_TABLE, mfn, 0) < 0, 1);
}

#ifndef GUEST_2_0
static void xenstore(void)
{
    static const struct {
        u32 type, id, tx, len;
        char path[6];
    } request = {2, 1, 0, 6, "domid"};         /* XS_READ */
    u32 op[8] = {4, start_info->store_evtchn}; /* EVTCHNOP_send */
    u8 *ring = mfn_to_virt(start_info->store_mfn);
    volatile u32 *prod = (u32 *)(ring + 2052);

    memcpy(ring + *prod, &request, 16 + request.len);
    *prod += 16 + request.len;
    EVENT("--- xenstore XS_READ(\"domid\") = \"1\" ---\n");
    CHECK("kick", hypercall(NR_event_channel_op_compat, (u32)op, 0, 0, 0, 0), 0);
}
#else
static void xenstore(void)
{
}
#endif

void guest_main(void)
{
    install_traps();
    UPCALL_MASK = 1;
    print("events begin\n");
    exceptions();
    emulated();
    upcall();
    tables();
    xenstore();
}
