/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * domain.h - a domain and its vcpus: all the state that hypercalls act on.
 *
 * `struct domain_state` is plain data without host pointers (but for the vcpus'
 * way back to their domain, which domain_restored mends): saving a domain is
 * copying it. Host pointers live in `struct domain` beside it.
 */
#ifndef DISPATCH_DOMAIN_H
#define DISPATCH_DOMAIN_H

#include "abi.h"
#include "memory.h"

#include <ring1/types.h>

struct domain;
struct vcpu;
struct hypercall;
struct hold;
struct tap;
struct tlb_filter;

#define MAX_VCPUS           32u
#define NR_EVTCHNS          1024u
#define NR_TRAPS            256u
#define MAX_GDT_FRAMES      16u
#define MAX_LDT_FRAMES      16u
#define MAX_GRANT_FRAMES    64u
#define MAX_MAPTRACK_FRAMES 1024u
#define NR_WATCHDOGS        2u
#define MAX_VIRQS           24u

/* The domain's own number, and that of the back ends' domain. */
#define DOMID_GUEST   1u
#define DOMID_BACKEND 0u

/* Registers as a guest has them. Selectors are 16 bits; the upper halves are
 * zero. eflags is what PUSHF shows in ring 1: IF set, IOPL 0. */
struct regs {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp, esp, eip, eflags;
    uint16_t cs, ss, ds, es, fs, gs;
};

#define EFLAGS_CF   0x00001u
#define EFLAGS_ZF   0x00040u
#define EFLAGS_TF   0x00100u
#define EFLAGS_IF   0x00200u
#define EFLAGS_IOPL 0x03000u
#define EFLAGS_NT   0x04000u
#define EFLAGS_RF   0x10000u
#define EFLAGS_VM   0x20000u
#define EFLAGS_ALL  0x254FD7u /* what an IRET loads, IOPL and VM apart */

#define CR4_TSD 0x4u /* of struct vcpu's cr4 */

/* One entry of the virtual IDT: set_trap_table, docs/xen-abi.md 6.1. */
struct trap_gate {
    uint32_t address;
    uint16_t cs;
    uint8_t flags; /* bits 1:0 DPL, bit 2: mask events on entry */
};
#define TRAP_DPL(g)          ((g)->flags & 3u)
#define TRAP_MASKS_EVENTS(g) (((g)->flags & 4u) != 0)

/* A callback: event, failsafe (docs/xen-abi.md 6.4). */
struct callback {
    uint32_t eip;
    uint16_t cs;
    bool mask_events; /* callback_op's flag bit 0, of the failsafe callback */
    uint8_t zero;     /* no byte is left that would hold what the stack held */
};

enum vcpu_run {
    VCPU_RUNNING = 0, /* runs, or would if it had the CPU */
    VCPU_BLOCKED,     /* SCHEDOP_block: until an event is deliverable */
    VCPU_POLLING,     /* SCHEDOP_poll: until a port or the timeout */
    VCPU_DOWN,        /* never brought up, or VCPUOP_down */
    VCPU_DORMANT,     /* initialised as online: up, but Xen wakes it only when it was down */
};

/* Which vcpu has the one CPU, and whose turn it is then: run_queue.h. */
struct run_queue {
    unsigned current;            /* has it, or had it last */
    uint32_t runnable;           /* bit n: vcpu n is VCPU_RUNNING */
    uint32_t urgent;             /* of these: something came for it while it waits */
    uint32_t yielding;           /* of these: did nothing but yield since the others ran */
    bool everyone;               /* the last choice: all who can run only yield */
    uint64_t slice_end;          /* absolute ns: a turn ends, when others wait */
    uint64_t hold_until;         /* absolute ns: until then those that are urgent wait, too */
    uint64_t look_at;            /* absolute ns: the next look whether it only spins */
    uint32_t spin_eip, spin_esp; /* where it was at the last one */
};

#define NO_DEADLINE UINT64_MAX
#define NO_HANDLE   UINT32_MAX

struct vcpu {
    struct domain *domain;
    unsigned id;
    bool initialised;
    enum vcpu_run run;
    enum vcpu_run run_up; /* while it is down: what it does when it comes up */
    bool yielded;         /* asked for SCHEDOP_yield since the CPU's side last looked */
    uint32_t attention;   /* ATTN_* to be done when it gets the CPU: vcpu_attend */

    /* Valid only after vcpu_regs(): the CPU keeps them while the guest runs. */
    struct regs regs;
    bool regs_loaded;
    bool regs_changed; /* to be given back to the CPU */

    mfn_t cr3;    /* top-level table */
    uint32_t cr2; /* virtual CR2 */
    bool ts;      /* virtual CR0.TS: the guest asked for #NM */
    uint32_t cr4; /* the guest's view */
    /* MSRs that keep what is written: 4.17's alone. */
    uint64_t mcg_status, mci_ctl2[2];
    bool cpuid_faulting; /* in ring 3 */
    uint32_t dr[8];
    unsigned iopl;     /* virtual IOPL: set_iopl */
    uint32_t iobitmap; /* set_iobitmap: VA, a clear bit allows a port */
    uint32_t iobitmap_ports;
    uint32_t kernel_ss, kernel_sp;

    struct trap_gate traps[NR_TRAPS];
    int fast_trap; /* 2.0 set_fast_trap: vector, 0 none */
    struct callback event_callback, failsafe_callback;
    bool nmi_pending, nmi_masked;

    /* VCPUOP_initialise's FPU state, as FXSAVE has it; the CPU gets it with the regs. */
    bool fpu_given;
    uint8_t fpu[512];

    uint32_t gdt_entries;
    mfn_t gdt[MAX_GDT_FRAMES];
    uint32_t ldt_base, ldt_entries;
    mfn_t ldt[MAX_LDT_FRAMES]; /* pages that ldt_fault has typed; 0: not yet */

    /* Where vcpu_info lives: in shared_info, or register_vcpu_info's place. */
    mfn_t info_mfn;
    uint32_t info_offset;

    uint64_t singleshot;    /* absolute ns, NO_DEADLINE: off */
    uint64_t periodic;      /* period in ns, 0: off */
    uint64_t periodic_next; /* absolute ns */
    uint64_t poll_until;    /* absolute ns, NO_DEADLINE: none */
    unsigned poll_nr;
    uint16_t poll_ports[128];
    uint16_t virq_port[MAX_VIRQS]; /* 0: not bound (2.0: port 0 is MISDIRECT) */

    uint32_t runstate;
    uint64_t runstate_since;
    uint64_t runstate_time[4];
    uint32_t runstate_area; /* VA, 0: none */
    uint32_t time_area;     /* VA, 0: none */
    uint64_t time_updated;  /* system time that its clock in shared memory was set at */

    /* The vcpu's list of free map handles (grant_map.c); NO_HANDLE: empty. */
    uint32_t maptrack_head, maptrack_tail;
};

enum evtchn_kind {
    ECS_FREE = 0,
    ECS_RESERVED,
    ECS_UNBOUND,
    ECS_INTERDOMAIN,
    ECS_PIRQ,
    ECS_VIRQ,
    ECS_IPI,
};

struct evtchn {
    uint8_t kind;    /* enum evtchn_kind */
    uint8_t backend; /* interdomain with the back ends' domain: enum backend */
    uint16_t vcpu;
    uint16_t remote_dom;
    uint16_t remote_port;
    uint16_t virq;
};

/* Which back end sits at the far end of an interdomain channel. */
enum backend {
    BACKEND_NONE = 0,
    BACKEND_XENSTORE,
    BACKEND_CONSOLE,
    BACKEND_CONTROL, /* 2.0's control interface */
    BACKEND_DEVICE,  /* a device's own channel: told apart by its port */
};

/* The frames behind grants: the table that the guest sees, and two kinds that
 * are Xen's alone (grant_priv.h). */
struct grant_table {
    unsigned version;
    unsigned nr_frames;
    mfn_t frames[MAX_GRANT_FRAMES];
    mfn_t active[2 * MAX_GRANT_FRAMES]; /* two for each frame of the table */
    unsigned nr_maptrack;
    mfn_t maptrack[MAX_MAPTRACK_FRAMES];
};

/* Translations of pages whose entries have changed since: stale.h. */
struct stale {
    uint32_t generation; /* they hold while this is translation_generation */
    unsigned nr;
    uint32_t page[8]; /* va >> 12 */
    uint64_t entry[8];
};

/* How far the present hypercall has come: preempt.h. */
struct preempt {
    uint32_t work;   /* units done since it began or was stopped last */
    uint32_t limit;  /* of them it may do */
    bool continued;  /* it was stopped, and goes on */
    uint32_t cursor; /* where XENMEM_exchange looks for frames when it goes on */
    uint64_t random; /* where the next forced stop comes from */
};

/* A multicall that stands still between two entries, for whoever holds calls
 * (hypercall.h). The guest knows nothing of it. */
struct held_call {
    bool active;
    uint32_t list, nr; /* as it was made */
    uint32_t next;     /* the entry that comes next */
};

/* Buffers for samples; first 0: none yet. */
struct xenoprof_state {
    mfn_t first;
    uint32_t nr, bytes; /* of each */
};

struct watchdog {
    bool armed;
    uint64_t deadline;
};

/* A range of the memory map: 20 bytes, as guests have it. */
#define MAX_E820 32u
struct e820_entry {
    uint64_t addr, size;
    uint32_t type;
} __attribute__((packed));

#define SHUTDOWN_NONE UINT32_MAX
#define CRASH_TEXT    256

/* What a crash was about, if it is one place. */
enum crash_place {
    CRASH_NOWHERE = 0,
    CRASH_READ,  /* a linear address that could not be read */
    CRASH_WRITE, /* or written */
    CRASH_FRAME, /* a machine frame */
};

/* An exception or a failsafe callback that the guest was given, kept for the
 * report of its end. */
#define LAST_EXCEPTIONS 16u
struct exception_record {
    uint64_t ns;     /* of the first time */
    uint32_t times;  /* in a row, all alike: a storm must not push out what began it */
    uint32_t vector; /* 0..31, or RING1_VECTOR_FAILSAFE */
    uint8_t vcpu;    /* that was given it */
    uint32_t error;
    uint32_t cr2;   /* of a #PF */
    uint32_t frame; /* linear address of EIP in the guest's frame */
    bool has_error;
    bool has_frame;   /* false: the frame was never built */
    struct regs regs; /* what was interrupted */
};

/* An entry of a multicall, kept likewise; those of one call follow each other. Small,
 * for they are many; few are refused, and the reasons lie apart. */
#define LAST_ENTRIES 32u
struct entry_record {
    uint32_t nr;
    int32_t result;
    uint32_t arg[6];
};
#define LAST_WHY     128u
#define LAST_REFUSED 8u
struct refused_record {
    uint64_t entry; /* number of the entry plus one; 0: none */
    char why[LAST_WHY];
};

/* Work that the CPU's side must do before the guest's next instruction. REGS, GDT,
 * TS and DEBUG are a vcpu's (vcpu_attend), the others the domain's. */
#define ATTN_FLUSH  0x01u /* translations changed: flush the TLB */
#define ATTN_FORGET 0x02u /* bytes of a MARK_EXECUTED frame changed */
#define ATTN_REGS   0x04u /* vcpu->regs changed: give them to the CPU */
#define ATTN_SCHED  0x08u /* blocked, yielded, shut down: leave the guest */
#define ATTN_GDT    0x10u /* descriptors changed: reload what is cached */
#define ATTN_TIMER  0x20u /* a deadline moved */
#define ATTN_TS     0x40u /* vcpu->ts changed: give it to the CPU */
#define ATTN_DEBUG  0x80u /* breakpoints in vcpu->dr changed */

struct domain_state {
    uint16_t domid;
    uint32_t nr_pages;  /* pages at boot */
    uint32_t tot_pages; /* pages now */
    uint32_t max_pages;
    uint32_t vm_assist; /* bit n: type n enabled */
    bool paused;
    /* The map that the guest set itself, in place of the builder's. */
    bool e820_set;
    uint32_t e820_nr;
    struct e820_entry e820[MAX_E820];

    mfn_t shared_info;
    mfn_t gdt_reserved; /* hidden frame: the GDT page with Xen's descriptors */
    mfn_t console_mfn, store_mfn;
    uint16_t console_port, store_port, control_port;

    unsigned nr_vcpus;
    uint32_t shutdown;      /* reason, SHUTDOWN_NONE while it lives */
    uint32_t shutdown_code; /* SCHEDOP_shutdown_code's reason plus one; 0: none given */
    uint64_t pirqs;         /* bit n: PHYSDEVOP_get_free_pirq gave it away */
    mfn_t pirq_eoi_map;     /* PHYSDEVOP_pirq_eoi_gmfn's frame; 0: none */
    bool crashed;           /* Xen killed it */
    char crash_text[CRASH_TEXT];
    enum crash_place crash_place; /* what crash_where is */
    uint32_t crash_where;

    uint32_t nr_exceptions; /* given so far; the last ones are kept */
    struct exception_record exception[LAST_EXCEPTIONS];

    uint64_t nr_entries;                     /* of multicalls, begun so far */
    struct entry_record entry[LAST_ENTRIES]; /* entry n at n % LAST_ENTRIES */
    uint32_t nr_refused;
    struct refused_record refused[LAST_REFUSED]; /* of entries */

    struct preempt preempt;
    struct held_call held;
    struct run_queue queue;
    uint32_t attention; /* ATTN_*: the domain's, and those of the vcpu that has the CPU */
    /* Counts changes of translations: who keeps a walk's result compares it. */
    uint32_t translation_generation;
    struct stale stale;
    uint32_t forget_nr; /* frames in `forget`; more than fit: forget all */
    uint32_t forget[16];

    /* Ports 0xCF8 and 0x70, which 4.17 keeps for whoever may use none. */
    uint32_t pci_cf8;
    uint8_t cmos_index;

    struct watchdog watchdog[NR_WATCHDOGS];
    struct xenoprof_state xenoprof;
    int64_t wallclock_ns; /* UTC ns since 1970 at system time 0 */

    struct evtchn evtchn[NR_EVTCHNS];
    unsigned evtchn_top;       /* ports below have been used at some time */
    uint32_t xen_frame_cursor; /* xen_frame_alloc's search goes on below it; 0: from the top */
    uint32_t lowest_free;      /* no frame below is free */
    struct grant_table grant;
    struct vcpu vcpu[MAX_VCPUS];
};

/* What dispatch/ asks of the side that runs the vcpus. A NULL member is
 * allowed: then nothing is done. */
struct domain_ops {
    /* Fill v->regs from the CPU. */
    void (*load_regs)(void *user, struct vcpu *v);
    /* System time in ns since the domain was made. */
    uint64_t (*now)(void *user);
    /* The guest sent an event to a back end. */
    void (*notify)(void *user, enum backend backend, uint16_t port);
    /* console_io and Xen's own words: bytes for the host's console. */
    void (*console_write)(void *user, const char *bytes, size_t len);
    /* console_io read: up to len bytes waiting; returns how many. */
    size_t (*console_read)(void *user, char *bytes, size_t len);
};

/* What a user of the library put in place of a table row, or beside it. */
typedef int32_t (*hypercall_fn)(struct vcpu *v, const uint32_t *arg);

struct hypercall_slot {
    const struct hypercall *row; /* NULL: number never heard of */
    hypercall_fn fn;             /* NULL: answer is the result */
    int32_t answer;
    unsigned nargs; /* registers to be read */
    /* A user's handler: called instead of fn when not NULL. */
    int32_t (*user_fn)(struct vcpu *v, const uint32_t *arg, void *user);
    void *user;
};

#define NR_HYPERCALLS 64u

struct domain {
    const struct abi *abi;
    struct memory *mem;
    const struct domain_ops *ops;
    void *ops_user;
    bool console_io_allowed; /* as a verbose build of Xen has it */
    bool segment_limits;     /* they are enforced */
    bool want_why;           /* somebody reads `why` */
    char why[256];           /* why the last call was refused; empty: it was not */
    char why_use[128];       /* page_use's words, a part of `why` to be, */
    mfn_t why_frame;         /* and the frame that they are about */
    char why_told[320];      /* page_why's words */
    struct tap *tap;         /* NULL: nobody looks */
    void *machine;           /* whose handlers it borrows, for ring1_vcpu_machine; NULL: its own */
    const struct hold *hold; /* NULL: nobody holds calls */
    struct tlb_filter *tlb;  /* what the CPU's TLB may hold; NULL: anything */
    enum ring1_preempt preempt_mode;
    bool in_multicall; /* the last entry begun is in progress */
    struct hypercall_slot table[NR_HYPERCALLS];
    GHashTable *extra; /* number -> struct hypercall_slot*: users' numbers >= 64 */
    struct domain_state s;
};

/* A domain without memory content: all vcpus down but 0, port 0 reserved, trap
 * tables as the ABI starts them. `mem` stays the caller's. */
struct domain *domain_new(const struct abi *abi, struct memory *mem, const struct domain_ops *ops,
                          void *ops_user);
void domain_free(struct domain *d);

/* After d->s was overwritten with a saved copy: mend the ways back, and have
 * TLB, code and timers taken anew. */
void domain_restored(struct domain *d);

/* The registers, loaded from the CPU if need be. vcpu_regs_mut also has them
 * given back before the guest runs on. */
const struct regs *vcpu_regs(struct vcpu *v);
struct regs *vcpu_regs_mut(struct vcpu *v);

/* A builder's registers for the first vcpu (docs/xen-abi.md 4.3): the kernel's flat
 * segments, interrupts on. */
struct regs regs_at_start(const struct abi *abi, uint32_t eip, uint32_t esp);

/* CPL of the guest: 1 or 3, from CS as vcpu_regs has it. */
static inline unsigned regs_ring(const struct regs *r)
{
    return r->cs & 3u;
}

#define VCPU_INFO_SIZE 64u

/* Host address of the vcpu's vcpu_info (2.0: the start of shared_info). */
static inline uint8_t *vcpu_info(const struct vcpu *v)
{
    return (uint8_t *)frame_ptr(v->domain->mem, v->info_mfn) + v->info_offset;
}
uint8_t *shared_info(const struct domain *d);

/* The two bytes that every exit from Xen looks at (docs/xen-abi.md 6.4). */
static inline bool vcpu_event_deliverable(const struct vcpu *v)
{
    const uint8_t *info = vcpu_info(v);
    return info[0] != 0 && info[1] == 0;
}

uint64_t domain_now(const struct domain *d);

/* End the domain as Xen does when it cannot go on with the guest: reason crash,
 * and a text in Xen's words. The first text stays. */
void domain_crash(struct domain *d, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same, with the place that it is about. */
void domain_crash_at(struct domain *d, enum crash_place place, uint32_t where, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* The guest's own shutdown, any reason. */
void domain_shutdown(struct domain *d, uint32_t reason);

/* Work before the vcpu's own next instruction, whether it has the CPU or not. */
static inline void vcpu_attend(struct vcpu *v, uint32_t attention)
{
    struct domain_state *s = &v->domain->s;
    if (G_LIKELY(v->id == s->queue.current))
        s->attention |= attention;
    else
        v->attention |= attention;
}

/* Translations changed: flush before the next guest instruction. */
static inline void domain_flush(struct domain *d)
{
    d->s.attention |= ATTN_FLUSH;
    d->s.translation_generation++;
}

/* Why the call just made was refused, to `to` (of LAST_WHY); d->why is empty then. */
static inline void keep_why(struct domain *d, char *to)
{
    to[0] = '\0';
    if (G_UNLIKELY(d->why[0])) {
        g_strlcpy(to, d->why, LAST_WHY);
        d->why[0] = '\0';
    }
}

/* Return `err` and, when somebody wants it, say why in d->why. */
int32_t refuse(struct domain *d, int32_t err, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* What a frame of nobody has there. */
static inline uint32_t m2p_unused(const struct abi *abi)
{
    return abi->xen >= RING1_XEN_4_17 ? M2P_INVALID : M2P_FILLER;
}

#endif
