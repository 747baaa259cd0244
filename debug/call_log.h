/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * call_log.h - hypercalls in memory, one after the other as they were made: what
 * readers of traces fill and comparisons go by, wherever the calls came from. What a
 * source does not know is marked as not known, never made up.
 */
#ifndef DEBUG_CALL_LOG_H
#define DEBUG_CALL_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define CALL_MAX_WORDS 6u
#define CALL_NO_PFN    UINT32_MAX
#define CALL_NO_VALUES UINT32_MAX
#define CALL_MORE      UINT32_MAX /* call_value.more: some */

enum value_kind {
    VALUE_NUMBER,
    VALUE_TEXT,
    VALUE_STRUCT,
    VALUE_LIST,
    VALUE_POINTER, /* nothing is known of what it leads to; `number` is the address */
};

/* A machine frame in a number. */
enum value_frame {
    FRAME_NONE,
    FRAME_IS,    /* the number is a frame's */
    FRAME_HOLDS, /* an address, an entry of a page table */
};

/* Strings are of call_log_string.
 *
 * One value of a call's arguments or outputs. Those inside a structure or a list
 * follow it: `span` is how many values there are with all of them. */
struct call_value {
    const char *name;  /* NULL: an element of a list */
    const char *label; /* NUMBER: its name or its flags ("P|RW"), or NULL */
    uint64_t number;   /* TEXT: where its bytes are in call_log.bytes */
    uint32_t at;       /* the address where it lay, when a pointer led there; else 0 */
    uint32_t span;     /* 1 and more */
    uint32_t more;     /* LIST, TEXT: elements or bytes that are not here */
    uint32_t pfn;      /* NUMBER: of the frame that it is or holds, or CALL_NO_PFN */
    uint32_t len;      /* TEXT */
    uint8_t kind;      /* enum value_kind */
    bool is_command;   /* NUMBER: the label is its name, and it holds nothing else */
    bool is_signed;    /* NUMBER */
    uint8_t frame;     /* NUMBER: enum value_frame */
    bool unreadable;   /* POINTER */
};

struct logged_call {
    uint64_t serial; /* of the call by int 0x82, from 1; 0: not known */
    uint64_t ns, end_ns;
    uint64_t place;     /* in its source: a line, or an offset in bytes */
    const char *name;   /* or NULL */
    const char *symbol; /* of the call site, or NULL */
    const char *why;    /* or NULL */
    uint32_t nr;
    uint32_t word[CALL_MAX_WORDS];
    uint32_t eip;
    uint32_t index;   /* of an entry of a multicall */
    uint32_t args;    /* its first value in call_log.values, or CALL_NO_VALUES */
    uint32_t nr_args; /* values, all of them counted */
    uint32_t out;
    uint32_t nr_out;
    int32_t result;
    uint16_t vcpu;
    uint8_t known; /* which words are: bit n is word[n] */
    uint8_t depth;
    uint8_t ring;
    bool has_time, has_site, has_result;
    bool continued, injected;
};

/* What a source knows of its calls. */
enum calls_known {
    CALLS_WHOLE,    /* everything */
    CALLS_RECORDED, /* no more than Xen's records hold: number, some words, time */
    CALLS_NUMBERS,  /* of an old Xen: numbers */
};

struct call_log {
    enum calls_known knows;
    char *source;            /* a file's name, for messages */
    const char *place_unit;  /* "line" or "offset" */
    char *abi, *xen, *image; /* NULL: not known */
    /* Of the domain at its start; 0: not known. */
    uint32_t pages, max_pages, vcpus;
    uint32_t shared_info; /* its frame */
    size_t first_life;    /* so many calls were made before the guest restarted; 0: it did not */
    GArray *calls;           /* struct logged_call, in the order in which they began */
    GArray *values;          /* struct call_value */
    GByteArray *bytes;       /* of texts */
    GStringChunk *strings;
};

struct call_log *call_log_new(const char *source, const char *place_unit);
void call_log_free(struct call_log *log);

static inline const struct logged_call *call_log_get(const struct call_log *log, size_t i)
{
    return &g_array_index(log->calls, struct logged_call, i);
}

static inline const struct call_value *call_log_value(const struct call_log *log, size_t i)
{
    return &g_array_index(log->values, struct call_value, i);
}

/* A copy that lives as long as the log; equal ones are one. NULL stays NULL. */
const char *call_log_string(struct call_log *log, const char *text);

/* Add a value; a structure or list is closed by call_log_close with the index that
 * was returned. */
uint32_t call_log_add(struct call_log *log, const struct call_value *value);
void call_log_close(struct call_log *log, uint32_t index);
uint32_t call_log_add_text(struct call_log *log, const struct call_value *value, const uint8_t *bytes,
                           size_t len);

/* Add a call. A multicall may come behind its entries, as it ends after them: it is
 * put before them. */
void call_log_add_call(struct call_log *log, const struct logged_call *call);

/* A call as text, much as the trace has it: "v0 vm_assist(0, 2) = 0"; and one value. */
void call_log_append_call(const struct call_log *log, GString *out, const struct logged_call *call);
void call_log_append_value(const struct call_log *log, GString *out, uint32_t index);

#endif
