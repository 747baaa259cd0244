/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * writable - writable page tables: with vm_assist 2 the kernel's plain stores
 * to an L1 table work, in the shapes that kernels use; all other writes to
 * tables fault (docs/xen-abi.md 5.7, 12.2).
 */
#include "lib/paging.h"
#include "lib/traps.h"

#define PAGE __attribute__((aligned(4096), section(".pages")))
static u32 page[1024] PAGE, other[1024] PAGE;
static pte_t table[PTES] PAGE; /* not the boot L1: 2.0 kills a domain that writes a table through itself */

#define WINDOW 0xD0000000u /* what `table` maps */
#define WORDS  (sizeof(pte_t) / 4)

/* The low words of the entries. */
static volatile u32 *word(u32 entry)
{
    return (volatile u32 *)(table + entry);
}

static u32 through(u32 entry)
{
    mmuext(MMUEXT_TLB_FLUSH, 0, 0);
    return *(volatile u32 *)(WINDOW + entry * PAGE_SIZE);
}

static void sees(const char *name, u32 entry, u32 value)
{
    s32 vec = try_call(through, entry);

    CHECK(name, vec == NO_TRAP ? try_result : (u32)vec | 0xBAD00000, value);
}

static void faults(const char *name, u32 entry)
{
    CHECK(name, try_call(through, entry), 14);
}

static u32 store_at(u32 va)
{
    *(volatile u32 *)va = 0;
    return 0;
}

static u32 flags_of(u32 entry)
{
    return *word(entry) & 0xFFF & ~(PTE_A | PTE_D);
}

static void stores(void)
{
    u32 low = (u32)pte(virt_to_mfn(page), PTE_RWX), old, i;
    u8 set;

    *word(0) = low;
    sees("mov", 0, 0x11111111);
    *word(0) = 0;
    faults("mov of 0", 0);
    CHECK("  cr2", last_trap.cr2, WINDOW);
    old = (u32)pte(virt_to_mfn(other), PTE_RWX);
    asm volatile("xchgl %0, %1" : "+r"(old), "+m"(*word(0)));
    CHECK("xchg: what was there", old, 0);
    sees("  maps", 0, 0x22222222);
    asm volatile("lock andl %1, %0" : "+m"(*word(0)) : "r"(~PTE_RW));
    CHECK("and", flags_of(0), PTE_P);
    asm volatile("lock orl %1, %0" : "+m"(*word(0)) : "i"(PTE_RW));
    CHECK("or", flags_of(0), PTE_P | PTE_RW);
    asm volatile("lock btrl $0, %0; setc %1" : "+m"(*word(0)), "=q"(set));
    CHECK("btr: the bit was", set, 1);
    faults("  not present now", 0);
    asm volatile("lock btsl %2, %0; setc %1" : "+m"(*word(0)), "=q"(set) : "r"(0));
    CHECK("bts: the bit was", set, 0);
    sees("  present again", 0, 0x22222222);
    old = *word(0);
    asm volatile("lock cmpxchgl %3, %1; setz %2"
                 : "+a"(old), "+m"(*word(0)), "=q"(set)
                 : "r"((u32)pte(virt_to_mfn(page), PTE_RWX)));
    CHECK("cmpxchg: equal", set, 1);
    sees("  maps", 0, 0x11111111);
    old = 0x12345;
    asm volatile("lock cmpxchgl %3, %1; setz %2" : "+a"(old), "+m"(*word(0)), "=q"(set) : "r"(0));
    CHECK("cmpxchg: not equal", set, 0);
    CHECK("  what is there", old == *word(0), 1);
    *(volatile u8 *)word(0) = PTE_P | PTE_A | PTE_D;
    CHECK("mov of a byte", flags_of(0), PTE_P);
    for (i = 0; i < 8; i++)
        *word(i) = low;
    sees("eight entries", 7, 0x11111111);
    {
        void *to = table;
        u32 count = 8 * WORDS;
        asm volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(0) : "memory");
        CHECK("rep stos: edi", (u32)to - (u32)table, 8 * sizeof(pte_t));
        CHECK("  ecx", count, 0);
    }
    for (old = 0, i = 0; i < 8; i++)
        old |= *word(i);
    CHECK("  entries", old, 0);
#ifdef GUEST_PAE
    word(0)[1] = 0; /* the upper half first, as a kernel does it */
    word(0)[0] = low;
    sees("two halves", 0, 0x11111111);
    {
        u64 expected = *(volatile u64 *)table, wanted = pte(virt_to_mfn(other), PTE_RWX);
        asm volatile("lock cmpxchg8b %1; setz %0"
                     : "=q"(set), "+m"(table[0]), "+A"(expected)
                     : "b"((u32)wanted), "c"((u32)(wanted >> 32)));
        CHECK("cmpxchg8b: equal", set, 1);
        sees("  maps", 0, 0x22222222);
    }
    word(0)[0] = 0;
#endif
}

/* Results and flags against the same instruction on an ordinary word. The entry
 * is not present: its byte 1 may be anything. */
#define FLAGS 0x8D5u
#define AGAIN(name, instruction, value, operand)                                                             \
    do {                                                                                                     \
        u8 plain = (value), op1 = (operand), op2 = (operand), a1 = (operand) ^ 0x11, a2 = a1;                \
        u32 f1, f2;                                                                                          \
        volatile u8 *entry = (volatile u8 *)word(2) + 1;                                                     \
        *entry = (value);                                                                                    \
        asm volatile("stc; " instruction "; pushf; pop %0" : "=r"(f1), "+m"(plain), "+q"(op1), "+a"(a1));    \
        asm volatile("stc; " instruction "; pushf; pop %0" : "=r"(f2), "+m"(*entry), "+q"(op2), "+a"(a2));   \
        wrong += *entry != plain || op1 != op2 || a1 != a2 || ((f1 ^ f2) & FLAGS);                           \
        if (*entry != plain || op1 != op2 || a1 != a2 || ((f1 ^ f2) & FLAGS))                                \
            print("  %s of 0x%x and 0x%x: 0x%x and 0x%x, flags 0x%x and 0x%x\n", name, (u32)(value),         \
                  (u32)(operand), (u32)plain, (u32)*entry, (f1)&FLAGS, (f2)&FLAGS);                          \
    } while (0)

static void flags(void)
{
    static const u8 values[] = {0, 1, 0x0F, 0x10, 0x7F, 0x80, 0x81, 0xF0, 0xFF};
    u32 i, j, wrong = 0;

    for (i = 0; i < sizeof(values); i++) {
        for (j = 0; j < sizeof(values); j++) {
            AGAIN("add", "addb %2, %1", values[i], values[j]);
            AGAIN("adc", "adcb %2, %1", values[i], values[j]);
            AGAIN("sub", "subb %2, %1", values[i], values[j]);
            AGAIN("sbb", "sbbb %2, %1", values[i], values[j]);
            AGAIN("and", "andb %2, %1", values[i], values[j]);
            AGAIN("or", "orb %2, %1", values[i], values[j]);
            AGAIN("xor", "xorb %2, %1", values[i], values[j]);
            AGAIN("xadd", "xaddb %2, %1", values[i], values[j]);
            AGAIN("cmpxchg", "cmpxchgb %2, %1", values[i], values[j]);
            AGAIN("xchg", "xchgb %2, %1", values[i], values[j]);
        }
        AGAIN("inc", "incb %1", values[i], 0);
        AGAIN("dec", "decb %1", values[i], 0);
        AGAIN("neg", "negb %1", values[i], 0);
        AGAIN("not", "notb %1", values[i], 0);
        AGAIN("add of an immediate", "addb $0x83, %1", values[i], 0);
        AGAIN("mov of an immediate", "movb $0x83, %1", values[i], 0);
    }
    CHECK("results and flags that differ", wrong, 0);
    *word(2) = 0;
}

/* An entry that mmu_update would refuse: the store is not done and faults. Up to
 * 3.0.2 the domain is killed for it, and that is not tried. */
static void illegal(void)
{
    *word(1) = (u32)pte(virt_to_mfn(page), PTE_RWX);
    CHECK("write to the top table", try_call(store_at, start_info->pt_base), 14);
    CHECK("  error code", last_trap.error, 3);
    if (xen >= XEN_3_0_4) {
        u32 before = *word(1);
        extern u32 store_value(u32 * what);
        u32 what[2] = {(u32)word(1), (u32)pte(virt_to_mfn(table), PTE_RWX)};

        CHECK("an entry that maps its table", try_call(store_value, (u32)what), 14);
        CHECK("  error code", last_trap.error, 3);
        CHECK("  cr2", last_trap.cr2, (u32)word(1));
        CHECK("  kept", *word(1) == before, 1);
        CHECK("a store that is not aligned", try_call(store_at, (u32)word(1) + 1), 14);
    }
    *word(1) = 0;
}

u32 store_value(u32 *what)
{
    *(volatile u32 *)what[0] = what[1];
    return 0;
}

void guest_main(void)
{
    u64 slot;

    install_traps();
    page[0] = 0x11111111;
    other[0] = 0x22222222;
    CHECK("table read-only", remap_page(table, PTE_RO), 0);
    pte_of(WINDOW, 2, &slot);
    CHECK("hook it", write_pte(slot, pte(virt_to_mfn(table), PTE_USER)), 0);
    if (!(start_info->flags & SIF_INITDOMAIN))
        CHECK("store without the assist", try_call(store_at, (u32)table), 14);
    CHECK("vm_assist", hypercall(NR_vm_assist, 0, 2, 0, 0, 0), 0);
    stores();
    flags();
    illegal();
    CHECK("without the assist", hypercall(NR_vm_assist, 1, 2, 0, 0, 0), 0);
    if (!(start_info->flags & SIF_INITDOMAIN))
        CHECK("  a store faults", try_call(store_at, (u32)table), 14);
    CHECK("unhook it", write_pte(slot, 0), 0);
    CHECK("table is ordinary again", remap_page(table, PTE_RWX), 0);
}
