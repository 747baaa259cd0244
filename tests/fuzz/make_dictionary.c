/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * make_dictionary.c - dictionaries of targets whose words are in hypercalls.def and
 * dispatch/abi/: `make_dictionary dispatch` (as `ring1 fuzz --dictionary`) or `seq`.
 */
#include "fuzz/mutate.h"

#include <stdio.h>
#include <string.h>

static void add(GHashTable *words, GString *out, const char *word)
{
    if (word && g_hash_table_add(words, g_strdup(word)))
        g_string_append_printf(out, "\"%s\"\n", word);
}

static void add_set(GHashTable *words, GString *out, const struct value_set *set)
{
    for (unsigned i = 0; set && i < set->nr; i++)
        add(words, out, set->values[i].name);
}

/* What sequences are made of, whose meaning is docs/sequences.md's. */
static char *of_sequences(const struct fuzz_grammars *g)
{
    static const char *const forms[] = {
        "ring1-sequence 1\\x0a",
        "abi xen-3.0-pae 4.17\\x0a",
        "abi xen-2.0\\x0a",
        "abi xen-3.0 3.0.4\\x0a",
        "domain {memory=4M}",
        "page a 0x20 = l1 {",
        "write &",
        "ptwrite &",
        "expect &",
        "time 1s",
        "multicall\\x0a",
        "  [0] ",
        "mfn(",
        "ma(",
        "pfn(",
        "mfn(shared_info)",
        "ma(cr3)",
        "mfn(grant_table)",
        "hex\\\"",
        "|P|RW|US|A|D",
        "u8 ",
        "u64 ",
        " = -EINVAL",
        " = crash",
        " => ",
        "r1 = ",
        "r1.port",
        "@0xc0105000",
        "DOMID_SELF",
        "NULL",
        "vcpus=2",
        "preempt=every",
        "v1: ",
        "hypercall_",
        "#49(",
        "...",
    };
    GString *out = g_string_new("# Forms, calls, commands, flags.\n");
    g_autoptr(GHashTable) words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
        add(words, out, forms[i]);
    for (unsigned i = 0; i < g->nr; i++)
        for (unsigned k = 0; k < g->of[i]->nr_calls; k++) {
            const struct fuzz_call *c = &g->of[i]->calls[k];
            add(words, out, c->row->name);
            add(words, out, c->command ? c->command->name : NULL);
            for (unsigned s = 0; s < c->shape[1].nr_slots; s++)
                add_set(words, out, c->shape[1].slots[s].set);
        }
    return g_string_free(out, FALSE);
}

int main(int argc, char **argv)
{
    bool dispatch = argc == 2 && strcmp(argv[1], "dispatch") == 0;
    if (argc != 2 || (!dispatch && strcmp(argv[1], "seq") != 0)) {
        fprintf(stderr, "usage: make_dictionary dispatch|seq\n");
        return 2;
    }
    struct fuzz_grammars *g = fuzz_grammars_new();
    g_autofree char *text = dispatch ? fuzz_dictionary(g) : of_sequences(g);
    fuzz_grammars_free(g);
    return fputs(text, stdout) < 0 || fflush(stdout) != 0;
}
