/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1/event.h - what happens to a guest beside its hypercalls: data that
 * struct ring1_watch's event() is given (ring1/ring1.h). All of it is valid until
 * event() returns.
 */
#ifndef RING1_EVENT_H
#define RING1_EVENT_H

#include <ring1/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ring1_event_kind {
    RING1_EVENT_UPCALL,    /* the event callback is about to be entered */
    RING1_EVENT_EXCEPTION, /* an exception, `int n`, NMI or the failsafe callback is about to be given */
    RING1_EVENT_EMULATED,  /* an instruction was emulated */
    RING1_EVENT_STORE,     /* a store to an L1 table is about to be emulated */
    RING1_EVENT_FRAME,     /* a frame is about to be used as something else, or no longer */
    RING1_EVENT_DEVICE,    /* a back end has served a request, or has something for the guest */
    RING1_NR_EVENT_KINDS
};

/* A bit of ring1_watch.events. */
#define RING1_EVENT_BIT(kind) (1u << (kind))
#define RING1_EVENTS_ALL      (RING1_EVENT_BIT(RING1_NR_EVENT_KINDS) - 1u)

/* Where the guest goes on. */
struct ring1_handler {
    bool exists; /* false: it has registered none, and dies */
    uint16_t cs;
    uint32_t eip; /* linear */
};

#define RING1_PORTS_SHOWN 16u
struct ring1_upcall_event {
    struct ring1_handler handler;
    unsigned nr_ports;                 /* pending and not masked, for this vcpu or any */
    uint16_t ports[RING1_PORTS_SHOWN]; /* the lowest of them */
};

/* `vector` of what has none. */
#define RING1_VECTOR_FAILSAFE 257u

struct ring1_exception_event {
    struct ring1_handler handler;
    unsigned vector; /* 0..255, RING1_VECTOR_FAILSAFE; 2 is the NMI */
    bool software;   /* by an `int n` of the guest's own; EIP is behind it */
    bool has_error;
    uint32_t error;
    uint32_t cr2; /* of a page fault (vector 14) */
};

struct ring1_emulated_event {
    uint8_t length; /* of the instruction */
    uint8_t bytes[15];
    const char *text; /* "movl %cr0, %eax" */
    /* General registers in the CPU's order: EAX ECX EDX EBX ESP EBP ESI EDI. */
    uint32_t before[8], after[8];
};

/* Told before it is done, an event for each entry that it changes. One that Xen
 * refuses is followed by the guest's exception, and changes nothing. */
struct ring1_store_event {
    gva_t va;    /* of the entry's first byte that is stored */
    mfn_t table; /* the L1 table */
    unsigned index;
    uint64_t old, value; /* the whole entry */
};

/* As docs/xen-abi.md 5.4 has them. */
enum ring1_frame_type {
    RING1_FRAME_NONE = 0,
    RING1_FRAME_L1,
    RING1_FRAME_L2,
    RING1_FRAME_L3,
    RING1_FRAME_DESCRIPTORS, /* of a GDT or LDT */
    RING1_FRAME_WRITABLE,
};

enum ring1_frame_why {
    RING1_FRAME_USED = 0, /* a hypercall or a back end writes to it, or its GDT or LDT was named */
    RING1_FRAME_PINNED,   /* also: its pin was the last use */
    RING1_FRAME_CR3,      /* it became the top-level table, or is it no more */
    RING1_FRAME_ENTRY,    /* by entry `index` of `table` */
    RING1_FRAME_FREED,    /* it is the domain's no more */
    RING1_FRAME_REFUSED,  /* what it holds is not allowed: it is not to be had as `from` after all */
};

/* Told before anything in the frame changes: what Xen puts into a table that it
 * accepts (or takes out of one that it gives up) is not there yet, entries of the
 * guest are as it wrote them. */
struct ring1_frame_event {
    mfn_t mfn;
    pfn_t pfn;                      /* UINT32_MAX: none */
    enum ring1_frame_type from, to; /* RING1_FRAME_NONE: nobody uses it as anything */
    enum ring1_frame_why why;
    mfn_t table; /* RING1_FRAME_ENTRY */
    unsigned index;
    enum ring1_frame_type table_type;
};

enum ring1_device {
    RING1_DEVICE_CONSOLE,
    RING1_DEVICE_XENSTORE,
    RING1_DEVICE_GRANT, /* what a back end does with a grant of the guest */
    RING1_DEVICE_BLOCK, /* requests to a disk, when they are done */
};

struct ring1_device_event {
    enum ring1_device device;
    const char *request; /* "input", "write"; "XS_READ"; "map"; "read", "flush" */
    bool to_guest;       /* unasked: input of the console, an event of a watch */
    /* Bytes that came with it, and those of the answer; NULL: none. Of xenstore:
     * strings that end with 0. */
    const uint8_t *data, *answer;
    uint32_t len, answer_len;
    const char *error; /* "ENOENT", "GNTST_bad_gntref", "error"; NULL: it was granted */
    uint32_t tx;       /* xenstore: the transaction, 0: none */
    uint32_t ref;      /* grant: which, its frame, and the right */
    mfn_t mfn;
    bool readonly;
    const char *disk; /* block: its name on the host, and which sectors of 512 bytes */
    uint64_t sector;
    uint32_t nr_sectors;
};

struct ring1_event {
    enum ring1_event_kind kind;
    /* What was interrupted, or did it. Ring 0: nothing of the guest's that could be
     * named, or the hypercall in progress (ring1_vcpu_call_site). */
    unsigned ring;
    uint32_t eip; /* linear */
    union {
        struct ring1_upcall_event upcall;
        struct ring1_exception_event exception;
        struct ring1_emulated_event emulated;
        struct ring1_store_event store;
        struct ring1_frame_event frame;
        struct ring1_device_event device;
    };
};

#ifdef __cplusplus
}
#endif

#endif
