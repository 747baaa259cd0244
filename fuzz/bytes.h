/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * bytes.h - inputs that are but bytes, of which nothing is known but perhaps some words: they
 * are changed here and there, cut, made longer, and put together from others.
 */
#ifndef FUZZ_BYTES_H
#define FUZZ_BYTES_H

#include "random.h"
#include "target.h"

struct fuzz_bytes {
    uint32_t len;
    uint8_t byte[];
};

/* Words that the inputs may be made of. */
struct fuzz_words;
struct fuzz_words *fuzz_words_new(void);
void fuzz_words_free(struct fuzz_words *w);
/* At most 64 bytes; one that is known is not added again. */
void fuzz_words_add(struct fuzz_words *w, const void *bytes, size_t len);
/* A dictionary as AFL++ and libFuzzer have them: lines of NAME="BYTES", \\xHH in them.
 * RING1_ERROR_INPUT: a line is none. */
bool fuzz_words_read(struct fuzz_words *w, const char *name, const char *text, GError **error);
unsigned fuzz_words_nr(const struct fuzz_words *w);

/* Change it, once or some times, to at most `max` bytes; `other`, or NULL: pieces may come from it. */
void fuzz_bytes_mutate(struct fuzz_random *r, const struct fuzz_words *w, struct fuzz_bytes *in,
                       const struct fuzz_bytes *other, uint32_t max);
/* From nothing. */
void fuzz_bytes_generate(struct fuzz_random *r, const struct fuzz_words *w, struct fuzz_bytes *out,
                         uint32_t max);

/* Of struct fuzz_target_ops. */
void fuzz_bytes_copy(void *to, const void *from);
size_t fuzz_bytes_encode(struct fuzz_target *t, const void *input, uint8_t *bytes);
/* Pieces go, bytes become 0, as long as `trial` holds. */
void fuzz_bytes_reduce(struct fuzz_bytes *in, uint32_t max, const struct fuzz_trial *trial);

#endif
