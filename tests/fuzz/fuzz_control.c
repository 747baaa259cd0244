/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_control.c - requests of a client of `--control`, a line each: every one gets an answer that is an
 * object of JSON in one line, and the guest can be run on.
 */
#include "cli/control_requests.h"
#include "fuzz.h"
#include "raw_machine.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define LINE_MAX_BYTES 65536u
#define SLICE_NS       20000u

/* jmp .: a guest that needs nothing. */
static const uint8_t code[] = {0xEB, 0xFE};

static struct raw_machine machine;

static void check_answer(const char *answer)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    const char *end = strchr(answer, '\n');
    must(end && end[1] == '\0', "an answer that is not one line");
    must(g_utf8_validate(answer, -1, NULL), "an answer that is not UTF-8");
    must(json_parser_load_from_data(parser, answer, -1, NULL) &&
             JSON_NODE_HOLDS_OBJECT(json_parser_get_root(parser)),
         "an answer that is no object");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!machine.m)
        raw_machine_make(&machine, code, sizeof code);
    if (size > LINE_MAX_BYTES)
        return 0;
    raw_machine_restart(&machine);
    struct controlled run = {.machine = machine.m};
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autofree char *answer = control_answer(&run, *line);
        check_answer(answer);
    }
    struct ring1_stop stop;
    struct ring1_budget budget = {
        .until_ns = ring1_machine_now(machine.m) + SLICE_NS, .hypercalls = UINT64_MAX, .traps = UINT64_MAX};
    must(ring1_machine_run(machine.m, &budget, &stop, NULL), "the guest cannot be run on");
    return 0;
}
