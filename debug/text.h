/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * text.h - arguments of hypercalls as text, in strace's manner:
 *
 *   SCHEDOP_poll, {ports=[3, 4], nr_ports=2, timeout=1.000000000s}
 *   [{ptr=0x1a2008|MMU_NORMAL_PT_UPDATE, val=mfn 0x1a3/pfn 0x21|P|RW|A|D}], 1, NULL, DOMID_SELF
 */
#ifndef DEBUG_TEXT_H
#define DEBUG_TEXT_H

#include "decode.h"

/* Numbers that have names, and frames: the name, the number, or both. */
enum text_style {
    TEXT_ABBREV,
    TEXT_RAW,
    TEXT_VERBOSE,
};

struct text_writer {
    GString *out;
    const struct domain *domain; /* whose m2p says the pfn of a frame; NULL: none */
    bool output;                 /* what came back: numbers have their names */
    enum text_style style;
    bool comma; /* something stands before in this bracket */
    unsigned depth;
};

/* The sink for decode_input and decode_output; `user` is a struct text_writer. */
extern const struct decode_sink text_sink;

/* A frame as "mfn 0x1a2/pfn 0x21", an entry of a page table, bytes in quotes, of which
 * at most `limit` are shown. */
void text_append_mfn(GString *out, const struct domain *d, uint64_t mfn);
void text_append_pte(GString *out, const struct domain *d, uint64_t entry);
void text_append_quoted(GString *out, const uint8_t *bytes, uint32_t len, uint32_t limit);

/* A result, with the errno's name and words. */
void text_append_result(GString *out, int32_t result);

/* Much quicker than printf, and there are many. `width`: at least so many digits,
 * `fill` before them. */
void text_append_hex(GString *out, uint64_t value);
void text_append_dec(GString *out, uint64_t value);
void text_append_padded(GString *out, uint64_t value, unsigned width, char fill);

#endif
