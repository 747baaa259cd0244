/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_control.c - requests of a client of `--control`, a line each: every one gets an answer that is an
 * object of JSON in one line, and the guest can be run on.
 */
#include "cli/control_requests.h"
#include "fuzz.h"
#include "must.h"

#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 65536u
#define SLICE_NS       20000u

static ring1_machine *machine;
static ring1_snapshot *snapshot;

/* jmp .: a guest that needs nothing. */
static void make_machine(void)
{
    static const uint8_t code[] = {0xEB, 0xFE};
    ring1_config *c = ring1_config_new();
    uint8_t *image = g_malloc0(0x1000);
    memcpy(image, code, sizeof code);
    c->memory_mib = 4;
    c->vcpus = 2;
    c->raw_address = 0x100000;
    machine = ring1_machine_new_from_bytes(c, "raw", image, 0x1000, NULL);
    must(machine != NULL, "there is no machine");
    snapshot = ring1_machine_save(machine);
    g_free(image);
    ring1_config_free(c);
}

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
    if (!machine)
        make_machine();
    if (size > LINE_MAX_BYTES)
        return 0;
    if (!ring1_machine_restore(machine, snapshot, NULL))
        abort();
    struct controlled run = {.machine = machine};
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autofree char *answer = control_answer(&run, *line);
        check_answer(answer);
    }
    struct ring1_stop stop;
    struct ring1_budget budget = {
        .until_ns = ring1_machine_now(machine) + SLICE_NS, .hypercalls = UINT64_MAX, .traps = UINT64_MAX};
    must(ring1_machine_run(machine, &budget, &stop, NULL), "the guest cannot be run on");
    return 0;
}
