/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * record_format.h - what a file of `ring1 run --record` consists of; docs/records.md
 * describes it to the byte.
 */
#ifndef DEBUG_RECORD_FORMAT_H
#define DEBUG_RECORD_FORMAT_H

#include "chunks.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Version 1 is read, too: it has neither pokes nor exact stops. */
extern const struct chunk_file record_file;

#define RECORD_INPUT_MAX   (256u << 10) /* bytes of one event */
#define RECORD_EVENTS_HEAD 16u          /* of a chunk of events: time, calls */
/* A MARK each so many hypercalls. */
#define RECORD_MARK_CALLS 1024u
/* How guests run: a new number when a run of the same guest is not what it was. */
#define RECORD_RUNS 2u

enum record_chunk {
    RECORD_ABOUT = 1, /* key=value lines: who wrote it */
    RECORD_BLOB,      /* a piece of a file: SHA-256, its whole size, offset, bytes */
    RECORD_MACHINE,   /* key=value lines: a machine begins */
    RECORD_EVENTS,    /* time, calls, events */
    RECORD_END,       /* key=value lines: how the run ended */
};

/* Events. Numbers are LEB128 unless something else is said; times are what was added
 * to the last one's. */
enum record_op {
    RECORD_STOP = 1, /* time, kind: there the machine stood when the next ones came; EXACT: calls, entry */
    RECORD_INPUT,    /* tag, length, bytes */
    RECORD_ADVANCE,  /* ns: a wait */
    RECORD_RESUME,   /* seed of the frames */
    RECORD_CANCEL,   /* ring1_machine_resume_cancelled */
    RECORD_FLUSH,    /* ring1_machine_console_flush */
    RECORD_MARK,     /* time, calls, 8 bytes: the checksum of the calls so far */
    RECORD_DATA,     /* tag, length, bytes: what was asked for in the run */
    RECORD_FINISH,   /* reason, shutdown, SHA-256: the machine is not run again */
    RECORD_ANSWER,   /* calls, turn, entry, answered, result, work: a watch answered a call */
    RECORD_NR_OPS,
};

/* Why the machine stood. */
enum record_stop {
    RECORD_OUTSIDE, /* somebody wanted it to: at that time */
    RECORD_IDLE,    /* RING1_STOP_IDLE */
    RECORD_ENDED,   /* RING1_STOP_SHUTDOWN, RING1_STOP_CRASH */
    RECORD_EXACT,   /* a debugger wanted it to: at that place (struct ring1_place) */
    RECORD_NR_STOPS,
};

/* What came in. */
enum record_tag {
    RECORD_CONSOLE,        /* bytes for the console */
    RECORD_XENSTORE_WRITE, /* path, 0, value */
    RECORD_XENSTORE_RM,    /* path */
    RECORD_CONTROL,        /* type, subtype, data: 2.0's control message */
    RECORD_NMI,            /* vcpu, a byte */
    RECORD_PACKET,         /* card, a byte; the frame */
    RECORD_POKE,           /* machine address, 8 bytes; what was written there */
    RECORD_REGISTERS,      /* of a vcpu: lib/poke.c */
    RECORD_WRITE,          /* ring1_write: vcpu, a byte; address, 4 bytes; what was written */
    RECORD_NR_TAGS,
};

/* Of a call, while it is made: what whoever watches did to it. */
struct record_answer {
    uint32_t turn;  /* a call that stopped half-way comes again, as the next */
    uint32_t entry; /* 0: the call itself; n: a multicall's entry n - 1 */
    bool answered;  /* it has this result and was not executed */
    uint32_t result;
    uint32_t work; /* what it cost the guest beside, in units of WORK_NS */
};

/* Between two events of the file. */
struct record_place {
    unsigned index; /* the chunk's number */
    size_t at;      /* in its contents; 0: where they begin */
    uint64_t time, calls;
};

struct record_event {
    enum record_op op;
    enum record_stop stop;
    uint64_t time;  /* absolute */
    uint64_t calls; /* MARK, ANSWER, EXACT: absolute */
    uint32_t entry; /* EXACT: of the place, times two, plus one if `looked` */
    uint64_t value; /* ADVANCE, RESUME, the tag, the checksum, FINISH: the shutdown */
    unsigned reason;
    const uint8_t *bytes; /* INPUT, DATA; FINISH: the hash */
    size_t len;
    struct record_answer answer;
};

#endif
