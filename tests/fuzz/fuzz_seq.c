/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_seq.c - any bytes at all as a sequence: refused in one line, or read, written
 * and read again without a change, and, where its names mean something, run.
 */
#include "fuzz.h"
#include "must.h"

#include "debug/seq_run.h"
#include "dispatch/page_type.h"

static bool is_large(const struct seq *s)
{
    for (const struct seq_item *item = s->first; item; item = item->next)
        if (item->line == SEQ_DOMAIN)
            for (const struct seq_value *v = item->value->first; v; v = v->next)
                if (v->number > 64u << 20)
                    return true;
    return false;
}

static void run(const struct seq *s)
{
    GError *error = NULL;
    struct seq_report report;
    struct world *w = is_large(s) ? NULL : seq_world(s, &error);
    struct seq_program *p = w ? seq_compile(s, w, &error) : NULL;
    if (p) {
        seq_run(p, w, &report);
        g_autoptr(GString) out = g_string_new(NULL);
        seq_report_print(&report, s, out);
        must(page_recount(w->d, NULL), "counts of frames do not agree");
        seq_report_clear(&report);
    } else if (error) {
        must_be_one_line(error);
    }
    seq_program_free(p);
    world_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    struct seq *s = seq_parse((const char *)data, size, "input", &error);
    if (!s) {
        must_be_one_line(error);
        return 0;
    }
    g_autoptr(GString) once = g_string_new(NULL), twice = g_string_new(NULL);
    seq_print(s, once);
    struct seq *again = seq_parse(once->str, once->len, "printed", &error);
    must(again != NULL, error ? error->message : "what was printed is not read");
    seq_print(again, twice);
    must(g_string_equal(once, twice), "printed otherwise the second time");
    run(again);
    seq_free(again);
    seq_free(s);
    return 0;
}
