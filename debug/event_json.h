/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * event_json.h - events of the guest as JSON: the member "data" of docs/trace-json.md.
 */
#ifndef DEBUG_EVENT_JSON_H
#define DEBUG_EVENT_JSON_H

#include "event.h"
#include "json_sink.h"

/* Appends `"data":{...}`. */
void event_json(struct json_writer *w, const struct trace_event *e);

#endif
