/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * to_seq.h - an input as a sequence (.hc): what it does when it runs, line by line.
 */
#ifndef FUZZ_TO_SEQ_H
#define FUZZ_TO_SEQ_H

#include "debug/seq.h"
#include "run.h"

enum fuzz_form {
    FUZZ_NAMES, /* calls as the trace shows them, as far as that says all of it */
    FUZZ_WORDS, /* calls by number and words, structures as bytes: exact in every case */
};

/* Runs the input in the world. With `results` the calls' results
 * are expected. */
struct seq *fuzz_to_seq(struct world *w, const struct fuzz_grammar *g, const struct fuzz_input *in,
                        enum fuzz_form form, bool results);
/* The same for an input that may end the process: before each operation all lines up to
 * it are written to the file. */
void fuzz_to_seq_file(struct world *w, const struct fuzz_grammar *g, const struct fuzz_input *in, int fd);

#endif
