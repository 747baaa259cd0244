/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * values.h - the numbers that an input says, as they are in the fuzzer's world.
 */
#ifndef FUZZ_VALUES_H
#define FUZZ_VALUES_H

#include "debug/world.h"
#include "input.h"

/* The pages of the fuzzer's world; world.c's text has their contents. */
#define FUZZ_PAGES     256u /* of memory */
#define FUZZ_MAX_PAGES 320u
#define FUZZ_RW_PFN    0x20u /* 16 plain pages */
#define FUZZ_RW_PAGES  16u
#define FUZZ_RO_PFN    0x30u /* 16 that are mapped read-only and zero: tables to be */
#define FUZZ_RO_PAGES  16u
#define FUZZ_TABLE_PFN 0x40u /* and 16 with contents of tables and descriptors */
#define FUZZ_TABLES    16u

/* Frames that are no page's: the upper byte says which kind, the lower which one. */
enum fuzz_special {
    FUZZ_SHARED_INFO,
    FUZZ_GRANT_FRAME,
    FUZZ_M2P_FRAME,
    FUZZ_GDT_FRAME,
    FUZZ_CR3,      /* of the vcpu */
    FUZZ_NO_FRAME, /* behind the last */
    FUZZ_SPARE,    /* nobody's: what populate and increase give */
    FUZZ_IO_FRAME,
    FUZZ_NR_SPECIAL
};

/* What a place wants a number to be. */
uint64_t fuzz_value(const struct world *w, const struct fuzz_slot *slot, const struct fuzz_said *said,
                    uint64_t plain);

/* The frame of a FUZZ_PAGE or FUZZ_SPECIAL. */
uint32_t fuzz_frame(const struct world *w, const struct fuzz_said *said);

/* What a plain call has there; pointers and counts apart. */
uint64_t fuzz_plain(const struct fuzz_slot *slot);

/* The number into the call's words, or its bytes. */
static inline void fuzz_set(const struct fuzz_slot *slot, uint64_t value, uint32_t *word, uint8_t *bytes)
{
    if (G_UNLIKELY(slot->role == FUZZ_TEXT)) {
        for (unsigned i = 0; i < slot->size; i++)
            bytes[slot->at + i] = (uint8_t)(value >> 8 * (i & 7));
    } else if (!slot->in_word) {
        memcpy(bytes + slot->at, &value, slot->size);
    } else {
        word[slot->at] = (uint32_t)value;
        if (slot->size == 8 && slot->at + 1u < MAX_HYPERCALL_ARGS)
            word[slot->at + 1] = (uint32_t)(value >> 32);
    }
}

extern const uint32_t fuzz_odd[];
extern const unsigned fuzz_nr_odd;

#endif
