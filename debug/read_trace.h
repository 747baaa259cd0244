/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * read_trace.h - traces in files become a struct call_log. What is damaged is refused
 * with the place and what was expected there.
 */
#ifndef DEBUG_READ_TRACE_H
#define DEBUG_READ_TRACE_H

#include "call_log.h"

/* JSON Lines of `ring1 trace --json` (docs/trace-json.md). */
struct call_log *read_json_trace(const char *source, const char *text, size_t len, GError **error);

/* A sequence (docs/sequences.md): the calls that it makes, up to the first expectation
 * that is not met. */
struct call_log *read_sequence(const char *source, const char *text, size_t len, GError **error);

/* A record of `ring1 run --record` (docs/records.md): it is replayed, without its outside,
 * and the calls on the way are written down. One that was cut gives those up to there. */
bool is_record(const uint8_t *bytes, size_t len);
struct call_log *read_record(int fd, const char *name, GError **error);

#define XENTRACE_ANY_DOMAIN UINT32_MAX

/* Records of xentrace (xen/trace.h): the calls of one domain. With
 * XENTRACE_ANY_DOMAIN: of the only one other than domain 0 that makes any. `hz` is the
 * frequency of the TSC. */
struct call_log *read_xentrace(const char *source, const uint8_t *bytes, size_t len, uint32_t domain,
                               uint64_t hz, GError **error);

/* Whichever of the two it is: its first bytes tell. */
struct read_trace_options {
    uint32_t domain;
    uint64_t hz;
};
struct call_log *read_trace(const char *source, const uint8_t *bytes, size_t len,
                            const struct read_trace_options *options, GError **error);
/* The same of a file, or a sequence, or a record, in two steps: it is opened and read; it is looked
 * at, when nothing needs to be opened any more. NULL: RING1_ERROR_INPUT. */
struct trace_file;
struct trace_file *trace_file_open(const char *path, GError **error);
struct call_log *trace_file_read(struct trace_file *f, const struct read_trace_options *options,
                                 GError **error);
/* To look at it a machine is run. */
bool trace_file_is_record(const struct trace_file *f);
void trace_file_free(struct trace_file *f);

#endif
