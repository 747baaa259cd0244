/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * call_set.c - see call_set.h.
 */
#include "call_set.h"

#include "dispatch/access.h"
#include "dispatch/mmu.h"

#include <ring1/ring1.h>
#include <string.h>

/* What a word or an expression may be at most. */
#define WORD_MAX 200u

struct call_set {
    bool negated;
    bool all;         /* numbers without a row, too */
    bool *rows;       /* by the row's place in hypercalls.def */
    GHashTable *cmds; /* of const char *: names of commands, as describe.h has them */
    GArray *numbers;  /* of uint32_t */
};

/* --- commands of a row ----------------------------------------------------------- */

/* The argument that says what the call is about, or NULL. */
static const struct argument *command_argument(const struct signature *s)
{
    for (unsigned i = 0; i < s->nr; i++) {
        const struct argument *a = &s->arg[i];
        if (a->kind == ARG_COMMAND || a->kind == ARG_OP)
            return a;
        if (a->kind == ARG_NUMBER && a->format == FORMAT_NAMES && a->set && !a->set->flags)
            return a;
    }
    return NULL;
}

/* Command `i` of the argument, for every Xen (xen AUTO) or one; NULL: not there. */
static const char *command_at(const struct argument *a, unsigned i, enum ring1_xen xen, uint32_t *nr)
{
    if (a->kind == ARG_NUMBER) {
        *nr = (uint32_t)a->set->values[i].value;
        return a->set->values[i].name;
    }
    const struct command *c = &a->commands->commands[i];
    *nr = c->nr;
    return xen == RING1_XEN_AUTO || (c->from <= xen && xen <= c->to) ? c->name : NULL;
}

static unsigned nr_commands(const struct argument *a)
{
    return a->kind == ARG_NUMBER ? a->set->nr : a->commands->nr;
}

/* --- parsing ------------------------------------------------------------------------ */

static bool fail(GError **error, const char *word, const char *wanted)
{
    g_autofree char *shown = g_utf8_make_valid(word, (gssize)MIN(strlen(word), WORD_MAX));
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "'%s' is no %s", shown, wanted);
    return false;
}

static bool add_class(struct call_set *set, const char *word, GError **error)
{
    size_t nr;
    const struct hypercall *rows = hypercall_rows(&nr);
    bool found = false;
    g_autoptr(GString) classes = g_string_new("class: one of");
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < nr; i++) {
        if (g_hash_table_add(seen, (gpointer)rows[i].class))
            g_string_append_printf(classes, "%s %%%s", g_hash_table_size(seen) > 1 ? "," : "", rows[i].class);
        if (strcmp(rows[i].class, word + 1) == 0)
            set->rows[i] = found = true;
    }
    return found || fail(error, word, classes->str);
}

typedef bool (*name_test)(const char *name, void *user);

/* Everything whose name passes. */
static bool add_names(struct call_set *set, name_test test, void *user)
{
    size_t nr;
    bool found = false;
    const struct hypercall *rows = hypercall_rows(&nr);
    for (size_t i = 0; i < nr; i++) {
        struct signature s;
        if (test(rows[i].name, user))
            set->rows[i] = found = true;
        const struct argument *a = NULL;
        if (signature_parse(rows[i].signature, &s, NULL, 0))
            a = command_argument(&s);
        for (unsigned k = 0; a && k < nr_commands(a); k++) {
            uint32_t number;
            const char *name = command_at(a, k, RING1_XEN_AUTO, &number);
            if (name && test(name, user)) {
                g_hash_table_add(set->cmds, (gpointer)name);
                found = true;
            }
        }
    }
    return found;
}

static bool is_name(const char *name, void *user)
{
    return strcmp(name, user) == 0;
}

static bool has_expression(const char *name, void *user)
{
    return g_regex_match(user, name, 0, NULL);
}

/* "/expr" or "/expr/". */
static bool add_expression(struct call_set *set, const char *word, GError **error)
{
    size_t len = strlen(word + 1);
    if (len > 1 && word[len] == '/')
        len--;
    g_autofree char *text = g_strndup(word + 1, len);
    g_autoptr(GError) why = NULL;
    g_autoptr(GRegex) regex = NULL;
    if (len > 0 && len <= WORD_MAX)
        regex = g_regex_new(text, G_REGEX_OPTIMIZE, 0, &why);
    if (!regex) {
        g_autofree char *wanted =
            g_strdup_printf("regular expression%s%s", why ? ": " : "", why ? why->message : "");
        return fail(error, word, wanted);
    }
    add_names(set, has_expression, regex);
    return true;
}

/* "event_channel_op:EVTCHNOP_close": a sub-operation by its hypercall's name, too. */
static bool add_of_row(struct call_set *set, const char *word)
{
    const char *colon = strchr(word, ':');
    size_t nr;
    const struct hypercall *rows = hypercall_rows(&nr);
    bool found = false;
    for (size_t i = 0; colon && i < nr; i++) {
        struct signature s;
        if (strlen(rows[i].name) != (size_t)(colon - word) || !g_str_has_prefix(word, rows[i].name) ||
            !signature_parse(rows[i].signature, &s, NULL, 0))
            continue;
        const struct argument *a = command_argument(&s);
        for (unsigned k = 0; a && k < nr_commands(a); k++) {
            uint32_t number;
            const char *name = command_at(a, k, RING1_XEN_AUTO, &number);
            if (name && strcmp(name, colon + 1) == 0) {
                g_hash_table_add(set->cmds, (gpointer)name);
                found = true;
            }
        }
    }
    return found;
}

static bool add_number(struct call_set *set, const char *word)
{
    guint64 nr;
    if (!g_str_has_prefix(word, "hypercall_") ||
        !g_ascii_string_to_unsigned(word + strlen("hypercall_"), 10, 0, UINT32_MAX, &nr, NULL))
        return false;
    uint32_t number = (uint32_t)nr;
    g_array_append_val(set->numbers, number);
    return true;
}

static bool add_word(struct call_set *set, char *word, GError **error)
{
    if (strcmp(word, "none") == 0)
        return true;
    if (strcmp(word, "all") == 0) {
        set->all = true;
        return true;
    }
    if (word[0] == '%')
        return add_class(set, word, error);
    if (word[0] == '/')
        return add_expression(set, word, error);
    if (add_names(set, is_name, word) || add_of_row(set, word) || add_number(set, word))
        return true;
    return fail(error, word,
                "hypercall or sub-operation (ring1 hypercalls lists them), %class, /expression/, "
                "hypercall_NUMBER, all or none");
}

struct call_set *call_set_parse(const char *text, GError **error)
{
    size_t nr;
    hypercall_rows(&nr);
    struct call_set *set = g_new0(struct call_set, 1);
    set->rows = g_new0(bool, nr);
    set->cmds = g_hash_table_new(g_str_hash, g_str_equal);
    set->numbers = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    set->negated = text[0] == '!';
    g_auto(GStrv) words = g_strsplit(text + set->negated, ",", -1);
    bool ok = words[0] != NULL || fail(error, text, "set of hypercalls: it is empty");
    for (char **word = words; ok && *word; word++)
        ok = add_word(set, *word, error);
    if (ok)
        return set;
    call_set_free(set);
    return NULL;
}

void call_set_free(struct call_set *set)
{
    if (!set)
        return;
    g_hash_table_unref(set->cmds);
    g_array_unref(set->numbers);
    g_free(set->rows);
    g_free(set);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *call_set_names(const struct abi *abi)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    size_t nr;
    const struct hypercall *rows = hypercall_rows(&nr);
    for (size_t i = 0; i < nr; i++) {
        struct signature s;
        const struct argument *a = NULL;
        if (hypercall_row(abi, rows[i].nr) != &rows[i])
            continue;
        if (g_hash_table_add(seen, (gpointer)rows[i].name))
            g_ptr_array_add(names, g_strdup(rows[i].name));
        if (g_hash_table_add(seen, (gpointer)rows[i].class))
            g_ptr_array_add(names, g_strdup_printf("%%%s", rows[i].class));
        if (signature_parse(rows[i].signature, &s, NULL, 0))
            a = command_argument(&s);
        for (unsigned k = 0; a && k < nr_commands(a); k++) {
            uint32_t number;
            const char *name = command_at(a, k, abi->xen, &number);
            if (name && g_hash_table_add(seen, (gpointer)name))
                g_ptr_array_add(names, g_strdup(name));
        }
    }
    g_ptr_array_sort(names, by_name);
    return names;
}

/* --- matching ------------------------------------------------------------------------- */

static bool has_number(const struct call_set *set, uint32_t nr)
{
    for (unsigned i = 0; i < set->numbers->len; i++)
        if (g_array_index(set->numbers, uint32_t, i) == nr)
            return true;
    return set->all;
}

/* A row (SIZE_MAX: none) of number `nr`, with a command's name or NULL. */
static bool set_has(const struct call_set *set, size_t row, uint32_t nr, const char *command)
{
    return has_number(set, nr) || (row != SIZE_MAX && set->rows[row]) ||
           (command && g_hash_table_contains(set->cmds, command));
}

static bool sets_have(const GPtrArray *sets, size_t row, uint32_t nr, const char *command)
{
    bool plain = false, in = false;
    for (unsigned i = 0; i < sets->len; i++) {
        const struct call_set *set = sets->pdata[i];
        bool has = set_has(set, row, nr, command);
        if (has && set->negated)
            return false;
        plain = plain || !set->negated;
        in = in || has;
    }
    return in || !plain;
}

struct large {
    uint32_t command;
    bool matches;
};

/* Whether all, none or some of a row's calls match. */
static void make_rule(struct call_rule *rule, const struct abi *abi, const GPtrArray *sets, size_t row,
                      const struct hypercall *h)
{
    bool any = rule->unknown = sets_have(sets, row, h->nr, NULL), each = any;
    if (signature_parse(h->signature, &rule->signature, NULL, 0))
        rule->cmd = command_argument(&rule->signature);
    if (rule->unknown)
        rule->small = UINT64_MAX;
    for (unsigned i = 0; rule->cmd && i < nr_commands(rule->cmd); i++) {
        struct large large;
        const char *name = command_at(rule->cmd, i, abi->xen, &large.command);
        if (!name)
            continue;
        large.matches = sets_have(sets, row, h->nr, name);
        any = any || large.matches;
        each = each && large.matches;
        if (large.command >= 64)
            g_array_append_val(rule->large, large);
        else if (large.matches)
            rule->small |= 1ull << large.command;
        else
            rule->small &= ~(1ull << large.command);
    }
    rule->match = each ? MATCH_ALL : any ? MATCH_SOME : MATCH_NONE;
    if (rule->match != MATCH_SOME || rule->cmd->kind != ARG_OP)
        return;
    rule->op_size = op_size(rule->cmd);
    if (rule->cmd->count >= 0)
        rule->count = &rule->signature.arg[rule->cmd->count];
}

struct call_matcher *call_matcher_new(const struct abi *abi, const GPtrArray *sets)
{
    size_t nr_rows;
    const struct hypercall *rows = hypercall_rows(&nr_rows);
    struct call_matcher *m = g_new0(struct call_matcher, 1);
    m->sets = sets;
    for (unsigned nr = 0; nr < NR_HYPERCALLS; nr++) {
        const struct hypercall *h = hypercall_row(abi, nr);
        m->rule[nr].large = g_array_new(FALSE, FALSE, sizeof(struct large));
        if (h)
            make_rule(&m->rule[nr], abi, sets, (size_t)(h - rows), h);
        else
            m->rule[nr].match = sets_have(sets, SIZE_MAX, nr, NULL) ? MATCH_ALL : MATCH_NONE;
        if (m->rule[nr].match != MATCH_NONE)
            m->numbers |= 1ull << nr;
    }
    m->high = sets_have(sets, SIZE_MAX, UINT32_MAX, NULL);
    for (unsigned i = 0; i < sets->len; i++) {
        const struct call_set *set = sets->pdata[i];
        m->high = m->high || set->numbers->len > 0;
    }
    (void)nr_rows;
    return m;
}

void call_matcher_free(struct call_matcher *m)
{
    if (!m)
        return;
    for (unsigned nr = 0; nr < NR_HYPERCALLS; nr++)
        g_array_unref(m->rule[nr].large);
    g_free(m);
}

static bool command_matches(const struct call_rule *rule, uint32_t command)
{
    if (command < 64)
        return rule->small >> command & 1;
    for (unsigned i = 0; i < rule->large->len; i++) {
        const struct large *large = &g_array_index(rule->large, struct large, i);
        if (large->command == command)
            return large->matches;
    }
    return rule->unknown;
}

/* Lists are looked at up to here. */
#define OPS_MAX 65536u

static bool ops_match(const struct call_rule *rule, struct vcpu *v, const uint32_t *arg)
{
    uint32_t va = arg[rule->cmd->word], nr = 1, command;
    if (rule->count)
        nr = MIN(arg[rule->count->word] & ~MMU_UPDATE_PREEMPTED, OPS_MAX);
    for (uint32_t i = 0; i < nr; i++) {
        if (guest_peek(v, GVA(va + i * rule->op_size), &command, sizeof command))
            return i == 0 && rule->unknown;
        if (command_matches(rule, command))
            return true;
    }
    return nr == 0 && rule->unknown;
}

bool call_matcher_match(const struct call_matcher *m, struct vcpu *v, uint32_t nr, const uint32_t *arg)
{
    if (nr >= NR_HYPERCALLS)
        return m->high && sets_have(m->sets, SIZE_MAX, nr, NULL);
    const struct call_rule *rule = &m->rule[nr];
    if (rule->match != MATCH_SOME)
        return rule->match == MATCH_ALL;
    if (rule->cmd->kind == ARG_OP)
        return ops_match(rule, v, arg);
    return command_matches(rule, arg[rule->cmd->word]);
}
