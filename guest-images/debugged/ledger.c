/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ledger - for debuggers: a kernel that crashes at a page which it mapped itself long
 * before. Who took the page away? An entry of a multicall did, the third of four, by an
 * index that is one too far; nothing is wrong there but one word, and the crash comes in
 * innocent code much later. The story of docs/debugger.md. `-- broken=0` has the right index, and
 * ends well.
 */
#include "../lib/paging.h"

#define PAGE __attribute__((aligned(4096), section(".pages")))

/* Drafts are thrown away when they are old; the ledger behind them must stay. */
u32 drafts[3][1024] PAGE;
u32 ledger[1024] PAGE;
volatile pte_t *ledger_entry;

/* struct multicall_entry of 3.0 */
struct entry {
    u32 op, result, args[6];
};

struct entry batch[4];
struct mmu_update updates[4];
u32 written, pages_done;

void open_ledger(void);
void write_line(u32 line, u32 amount);
void protect(u32 flags);
void prepare(u32 i, const void *page, u32 flags);
void retire_drafts(u32 first);
u32 work(u32 rounds);

void protect(u32 flags)
{
    map_page(ledger, pte(virt_to_mfn(ledger), flags)); // mark: protect
}

void open_ledger(void)
{
    ledger_entry = L1E(ledger);
    protect(PTE_RO);
    protect(PTE_RWX);
}

void write_line(u32 line, u32 amount)
{
    ledger[line % 1024] = amount; // mark: write
    written++;
}

/* Entry `i` of the batch is about `page`: flags 0 take it away. */
void prepare(u32 i, const void *page, u32 flags)
{
    u64 place;

    pte_of((u32)page, 1, &place);
    updates[i] = (struct mmu_update){.ptr = place, .val = flags ? pte(virt_to_mfn(page), flags) : 0};
    batch[i] = (struct entry){
        .op = NR_mmu_update,
        .args = {(u32)&updates[i], 1, (u32)&pages_done, DOMID_SELF},
    };
}

void retire_drafts(u32 first)
{
    prepare(0, drafts[0], PTE_RO);
    prepare(1, drafts[1], PTE_RO);
    prepare(2, drafts[first + 2], 0); /* drafts[3] is the ledger */ // mark: wrong
    prepare(3, drafts[0], PTE_RWX);
    hypercall(NR_multicall, (u32)batch, 4, 0, 0, 0); // mark: multicall
}

/* Time passes, hypercalls are made. */
u32 work(u32 rounds)
{
    u32 i, sum = 0;

    for (i = 0; i < rounds; i++) {
        sum += i * i;
        if (i % 64 == 0)
            hypercall(NR_xen_version, 0, 0, 0, 0, 0);
    }
    return sum;
}

void guest_main(void)
{
    const char *broken = option("broken");
    u32 wrong = !broken || option_is(broken, "1");

    open_ledger();
    write_line(0, 17);
    CHECK("the first line", ledger[0], 17);
    work(1000);
    retire_drafts(wrong);
    CHECK("entries made", batch[0].result | batch[1].result | batch[2].result | batch[3].result, 0);
    work(5000);
    write_line(1, 4); /* the crash */ // mark: crash
    CHECK("the second line", ledger[1], 4);
}
