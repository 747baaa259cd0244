/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * json_sink.h - arguments of hypercalls as members of a JSON object; docs/trace-json.md
 * has the forms. Nothing is lost: what was read says where it lay, and what was not
 * shown is counted.
 */
#ifndef DEBUG_JSON_SINK_H
#define DEBUG_JSON_SINK_H

#include "decode.h"
#include "json_write.h"

struct json_writer {
    struct json json;
    const struct domain *domain; /* whose m2p says the pfn of a frame; NULL: none */
    bool output;                 /* what came back */
};

/* The sink for decode_input and decode_output; `user` is a struct json_writer. */
extern const struct decode_sink json_sink;

#endif
