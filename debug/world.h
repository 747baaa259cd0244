/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * world.h - a domain without a CPU, for sequences of hypercalls: memory, page tables
 * as a builder leaves them, the start of day's event channels and grant table, a
 * virtual clock with the hypervisor's prices. Nobody executes guest code in it: who
 * uses it is the guest.
 *
 * By the first tables pfn p is mapped at WORLD_BASE + p * 4096; a caller can bring
 * tables of its own instead. A world can be put back to its start at any time, which
 * costs what was changed.
 */
#ifndef DEBUG_WORLD_H
#define DEBUG_WORLD_H

#include "dispatch/access.h"
#include "dispatch/hypercall.h"

/* Of the first tables. */
#define WORLD_BASE        0xC0000000u
#define WORLD_MAX_PAGES   0x20000u /* that they map */
#define WORLD_ARENA_PFN   1u       /* where arguments are put */
#define WORLD_ARENA_PAGES 16u
#define WORLD_CONSOLE_PFN 17u
#define WORLD_STORE_PFN   18u
#define WORLD_FREE_PFN    32u /* the first that nothing is done with */

struct world_setup {
    const struct abi *abi;
    uint32_t nr_pages, max_pages; /* 0: 1024; as many as nr_pages */
    unsigned nr_vcpus;            /* 0: 1 */
    enum ring1_mfn_mode mfn_mode;
    uint64_t mfn_seed;
    uint32_t vm_assist;
    bool own_tables;  /* the root is the page `cr3` */
    uint32_t cr3;     /* pfn */
    uint32_t arena;   /* with own tables: where arguments are put; 0: nowhere */
    uint32_t console; /* pfns; 0: WORLD_CONSOLE_PFN, WORLD_STORE_PFN, and with own tables */
    uint32_t store;   /* that there is none */
    enum ring1_preempt preempt;
    uint64_t preempt_seed; /* of RING1_PREEMPT_RANDOM */
};

/* How the first tables map a page. */
enum world_page { WORLD_RW = 0, WORLD_RO };

struct world {
    const struct abi *abi;
    struct memory *mem;
    struct domain *d;
    struct world_setup setup;
    uint32_t *p2m;  /* at the start */
    uint8_t *pages; /* enum world_page, by pfn; to be set before world_start */
    gva_t arena;    /* WORLD_ARENA_PAGES of them; 0: there are none */
    uint64_t now;   /* system time in ns */
    uint64_t next_timer;
    GString *console;  /* what the domain and Xen wrote; NULL: it is lost */
    unsigned notified; /* events sent to back ends */
    struct world_start *start;
};

/* Memory of zeroes, and no tables yet: contents may be put into pages by world_page,
 * until world_start.
 * RING1_ERROR_OPTION, or RING1_ERROR_HOST. */
struct world *world_new(const struct world_setup *setup, GError **error);
void world_free(struct world *w);

static inline uint8_t *world_page(const struct world *w, uint32_t pfn)
{
    frame_dirty(w->mem, MFN(w->p2m[pfn]));
    return frame_ptr(w->mem, MFN(w->p2m[pfn]));
}

/* pfn of the first of the first tables, which end the memory. */
uint32_t world_first_table(const struct world *w);

/* Map, pin and load the tables: vcpu 0 can make calls from here on, and this is what
 * world_reset goes back to. RING1_ERROR_INPUT when own tables are refused. */
bool world_start(struct world *w, GError **error);
void world_reset(struct world *w);

/* The vcpu makes the next calls. It waits first, if it has to, for what comes with
 * time. False: it is not up, or nothing will ever wake it. */
bool world_switch(struct world *w, unsigned vcpu);

/* A hypercall as by `int $0x82` on the vcpu of world_switch, to its end: one that
 * stops half-way is gone on with. Time passes and timers expire; an event that can be
 * delivered is, to a guest whose callback does nothing but clear
 * evtchn_upcall_pending. */
int32_t world_call(struct world *w, uint32_t nr, const uint32_t *arg);

/* Let so much time pass for a guest that computes. */
void world_pass(struct world *w, uint64_t ns);

/* Bytes of the guest, whoever may write there; false: the address is not mapped. No
 * A and D bits are set. */
bool world_poke(struct world *w, gva_t va, const void *bytes, uint32_t len);

/* A kernel's store of `len` bytes to a page table, which Xen emulates where writable
 * page tables are on. False: the guest would get a page fault. */
bool world_store(struct world *w, gva_t va, const void *bytes, unsigned len);

/* Beyond: the domain was shut down, or killed. */
static inline bool world_ended(const struct world *w)
{
    return w->d->s.shutdown != SHUTDOWN_NONE;
}

#endif
