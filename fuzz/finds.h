/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * finds.h - inputs as files of a corpus.
 */
#ifndef FUZZ_FINDS_H
#define FUZZ_FINDS_H

#include <stdbool.h>
#include <stddef.h>

/* Named by what it is: the same input is one file. False: it could not be written, which was
 * said. */
bool fuzz_file_write(const char *folder, const void *bytes, size_t len);

#endif
