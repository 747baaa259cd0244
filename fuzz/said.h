/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * said.h - the way back of values.h: a number of another world, as an input says the same in
 * the fuzzer's. Pages of that world become pages of the fuzzer's that serve as
 * they did: plain ones plain, tables to be read-only.
 */
#ifndef FUZZ_SAID_H
#define FUZZ_SAID_H

#include "values.h"

struct fuzz_pages;
/* The world is at its start, its frames numbered by RING1_MFN_OFFSET: no number is
 * both a frame and a page. */
struct fuzz_pages *fuzz_pages_new(const struct world *w);
void fuzz_pages_free(struct fuzz_pages *p);

/* The page of the fuzzer's world that stands for a page of the other. */
uint16_t fuzz_page_of(struct fuzz_pages *p, uint32_t pfn);
/* The pages that were asked for since this was called last, one after another: their contents
 * matter. False: there is no more. */
bool fuzz_pages_next(struct fuzz_pages *p, uint32_t *pfn);
/* All are new again. */
void fuzz_pages_forget(struct fuzz_pages *p);

/* False: no number says that; *out says what is near. */
bool fuzz_say_value(struct fuzz_pages *p, const struct fuzz_slot *slot, uint64_t value,
                    struct fuzz_said *out);
/* A machine frame, with flags or an offset. */
bool fuzz_say_frame(struct fuzz_pages *p, uint32_t mfn, uint32_t b, struct fuzz_said *out);

#endif
