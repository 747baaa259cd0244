/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * diff_call.c - see diff_call.h.
 */
#include "diff_call.h"

#include "dispatch/hypercall.h"
#include "xentrace.h"

#include <string.h>

struct diff_rules diff_rules(const struct call_log *a, const struct call_log *b, unsigned ignore)
{
    struct diff_rules rules = {.ignore = ignore,
                               .values = a->knows == CALLS_WHOLE && b->knows == CALLS_WHOLE,
                               .words = a->knows != CALLS_NUMBERS && b->knows != CALLS_NUMBERS};
    /* Another machine's clock and addresses say nothing. */
    if (!rules.values)
        rules.ignore |= DIFF_TIME | DIFF_SITES;
    return rules;
}

static bool ignores(const struct diff_rules *rules, enum diff_ignore what)
{
    return (rules->ignore & what) != 0;
}

/* --- hashes ----------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

static uint64_t mix_bytes(uint64_t hash, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001B3);
    return mix(hash, len);
}

static uint64_t mix_string(uint64_t hash, const char *text)
{
    return text ? mix_bytes(hash, text, strlen(text)) : mix(hash, 1);
}

/* What a frame's number is on its own machine counts for nothing: its pfn does. */
static bool by_pfn(const struct diff_rules *rules, const struct call_value *v)
{
    return ignores(rules, DIFF_FRAMES) && v->frame != FRAME_NONE;
}

static uint64_t mix_value(const struct diff_rules *rules, uint64_t hash, const struct call_log *log,
                          const struct call_value *v)
{
    hash = mix(hash, v->kind);
    hash = mix(hash, v->span);
    if (v->kind == VALUE_TEXT)
        return mix_bytes(hash, log->bytes->data + v->number, v->len);
    if (v->kind == VALUE_POINTER && ignores(rules, DIFF_ADDRESSES))
        return mix(hash, v->number != 0);
    if (v->kind == VALUE_NUMBER && by_pfn(rules, v))
        return mix_string(mix(hash, v->pfn), v->frame == FRAME_HOLDS ? v->label : NULL);
    return mix(hash, v->number);
}

static uint64_t mix_values(const struct diff_rules *rules, uint64_t hash, const struct call_log *log,
                           uint32_t first, uint32_t nr)
{
    for (uint32_t i = 0; first != CALL_NO_VALUES && i < nr; i++)
        hash = mix_value(rules, hash, log, call_log_value(log, first + i));
    return hash;
}

static unsigned compared_words(const struct diff_rules *rules, const struct logged_call *call)
{
    return rules->values ? 0x3F : rules->words ? xt_args(call->nr) : 0;
}

static uint64_t mix_words(const struct diff_rules *rules, uint64_t hash, const struct logged_call *call)
{
    unsigned words = compared_words(rules, call);
    for (unsigned i = 0; i < CALL_MAX_WORDS; i++)
        if (words >> i & 1)
            hash = mix(hash, call->word[i]);
    return hash;
}

/* Of a number Xen's records hold 20 bits. */
static uint32_t number_of(const struct diff_rules *rules, const struct logged_call *call)
{
    return rules->values ? call->nr : XT_OP(call->nr);
}

/* The command, when the first argument is one. */
static uint64_t mix_command(uint64_t hash, const struct call_log *log, const struct logged_call *call)
{
    if (call->args == CALL_NO_VALUES || call->nr_args == 0)
        return hash;
    const struct call_value *v = call_log_value(log, call->args);
    return v->is_command ? mix(hash, v->number) : hash;
}

/* Where numbers of frames count for nothing, those in the words of a refusal do
 * neither: they are all hexadecimal. */
static size_t number_length(const struct diff_rules *rules, const char *why)
{
    if (!ignores(rules, DIFF_FRAMES) || why[0] != '0' || why[1] != 'x')
        return 0;
    return 2 + strspn(why + 2, "0123456789abcdef");
}

static uint64_t mix_why(const struct diff_rules *rules, uint64_t hash, const char *why)
{
    while (why && *why) {
        size_t number = number_length(rules, why);
        hash = mix(hash, number ? 0x100 : (unsigned char)*why);
        why += number ? number : 1;
    }
    return mix(hash, why != NULL);
}

static bool same_why(const struct diff_rules *rules, const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    while (*a && *b) {
        size_t number_a = number_length(rules, a), number_b = number_length(rules, b);
        if (!number_a != !number_b || (!number_a && *a != *b))
            return false;
        a += number_a ? number_a : 1;
        b += number_b ? number_b : 1;
    }
    return *a == *b;
}

uint64_t diff_hash(const struct diff_rules *rules, const struct call_log *log, const struct logged_call *call,
                   bool shape)
{
    uint64_t hash = mix(number_of(rules, call), call->depth);
    if (!ignores(rules, DIFF_VCPUS))
        hash = mix(hash, call->vcpu);
    if (shape)
        return rules->values ? mix_command(hash, log, call) : hash;
    if (rules->values && call->args != CALL_NO_VALUES)
        hash = mix_values(rules, hash, log, call->args, call->nr_args);
    else
        hash = mix_words(rules, hash, call);
    if (!rules->values)
        return hash;
    if (!ignores(rules, DIFF_RESULTS))
        hash = mix(hash, call->has_result ? (uint32_t)call->result : UINT64_MAX - call->continued);
    if (!ignores(rules, DIFF_OUT))
        hash = mix_values(rules, hash, log, call->out, call->nr_out);
    if (!ignores(rules, DIFF_WHY))
        hash = mix_why(rules, hash, call->why);
    if (!ignores(rules, DIFF_SITES))
        hash = mix(hash, call->has_site ? call->eip : 0);
    return hash;
}

/* --- one beside the other ----------------------------------------------------------- */

/* Two values, and the way to them. */
struct pair {
    const struct diff_rules *rules;
    const struct call_log *a, *b;
    GString *path; /* NULL: nobody asks */
    GArray *fields;
    bool equal;
};

static void differ(struct pair *p, const char *path, char *a, char *b)
{
    struct diff_field field = {g_strdup(path), a, b};
    p->equal = false;
    if (p->fields) {
        g_array_append_val(p->fields, field);
        return;
    }
    g_free(field.path);
    g_free(a);
    g_free(b);
}

static char *shown(const struct call_log *log, uint32_t index)
{
    GString *out = g_string_new(NULL);
    call_log_append_value(log, out, index);
    return g_string_free(out, FALSE);
}

static void values_differ(struct pair *p, uint32_t a, uint32_t b)
{
    p->equal = false;
    if (p->fields)
        differ(p, p->path->str, shown(p->a, a), shown(p->b, b));
}

static bool same_name(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Of an address or entry with a frame's number in it the rest has to agree too. */
static bool numbers_equal(const struct diff_rules *rules, const struct call_value *a,
                          const struct call_value *b)
{
    if (!by_pfn(rules, a) || !by_pfn(rules, b))
        return a->number == b->number;
    if (a->pfn != b->pfn || a->frame != b->frame)
        return false;
    return a->frame == FRAME_IS || (((a->number ^ b->number) & 0xFFF) == 0 && same_name(a->label, b->label));
}

static void compare_lists(struct pair *p, uint32_t a, uint32_t end_a, uint32_t b, uint32_t end_b);

static void compare_values(struct pair *p, uint32_t a, uint32_t b)
{
    const struct call_value *va = call_log_value(p->a, a), *vb = call_log_value(p->b, b);
    bool placed = ignores(p->rules, DIFF_ADDRESSES) || va->at == vb->at;
    if (va->kind != vb->kind || va->unreadable != vb->unreadable) {
        values_differ(p, a, b);
        return;
    }
    switch ((enum value_kind)va->kind) {
    case VALUE_NUMBER:
        if (!numbers_equal(p->rules, va, vb))
            values_differ(p, a, b);
        break;
    case VALUE_TEXT:
        if (va->len != vb->len || va->more != vb->more ||
            memcmp(p->a->bytes->data + va->number, p->b->bytes->data + vb->number, va->len) != 0)
            values_differ(p, a, b);
        break;
    case VALUE_POINTER:
        if (ignores(p->rules, DIFF_ADDRESSES) ? !va->number != !vb->number : va->number != vb->number)
            values_differ(p, a, b);
        break;
    case VALUE_STRUCT:
    case VALUE_LIST:
        compare_lists(p, a + 1, a + va->span, b + 1, b + vb->span);
        if (va->more != vb->more && p->equal)
            values_differ(p, a, b);
        break;
    }
    if (placed)
        return;
    p->equal = false;
    if (p->fields) {
        g_autofree char *path = g_strdup_printf("address of %s", p->path->str);
        differ(p, path, g_strdup_printf("%#x", va->at), g_strdup_printf("%#x", vb->at));
    }
}

static void extend_path(const struct pair *p, const char *name, unsigned index)
{
    if (!p->path)
        return;
    if (!name)
        g_string_append_printf(p->path, "[%u]", index);
    else
        g_string_append_printf(p->path, "%s%s", g_str_has_suffix(p->path->str, " ") ? "" : ".", name);
}

/* Members or elements: those that both have, then those of the longer one. */
static void compare_lists(struct pair *p, uint32_t a, uint32_t end_a, uint32_t b, uint32_t end_b)
{
    gsize len = p->path ? p->path->len : 0;
    for (unsigned i = 0; a < end_a || b < end_b; i++) {
        const struct call_value *va = a < end_a ? call_log_value(p->a, a) : NULL;
        const struct call_value *vb = b < end_b ? call_log_value(p->b, b) : NULL;
        extend_path(p, va ? va->name : vb->name, i);
        if (va && vb && same_name(va->name, vb->name)) {
            compare_values(p, a, b);
        } else {
            p->equal = false;
            if (p->fields)
                differ(p, p->path->str, va ? shown(p->a, a) : NULL, vb ? shown(p->b, b) : NULL);
        }
        if (p->path)
            g_string_truncate(p->path, len);
        a += va ? va->span : 0;
        b += vb ? vb->span : 0;
        if (!p->fields && !p->equal)
            return;
    }
}

static void compare_parts(struct pair *p, const char *what, uint32_t a, uint32_t nr_a, uint32_t b,
                          uint32_t nr_b)
{
    if (p->path)
        g_string_assign(p->path, what);
    if (a == CALL_NO_VALUES)
        a = nr_a = 0;
    if (b == CALL_NO_VALUES)
        b = nr_b = 0;
    compare_lists(p, a, a + nr_a, b, b + nr_b);
}

static void compare_words(struct pair *p, const struct logged_call *a, const struct logged_call *b)
{
    unsigned words = compared_words(p->rules, a);
    for (unsigned i = 0; i < CALL_MAX_WORDS; i++) {
        if (!(words >> i & 1) || a->word[i] == b->word[i])
            continue;
        g_autofree char *path = g_strdup_printf("argument word %u", i);
        differ(p, path, g_strdup_printf("%#x", a->word[i]), g_strdup_printf("%#x", b->word[i]));
    }
}

static char *result_text(const struct logged_call *c)
{
    const char *name = c->has_result && c->result < 0 ? errno_name(c->result) : NULL;
    if (c->continued)
        return g_strdup("? (goes on)");
    if (!c->has_result)
        return g_strdup("? (it never came back)");
    return name ? g_strdup(name) : g_strdup_printf("%#x", (uint32_t)c->result);
}

static char *name_text(const struct logged_call *c)
{
    return c->name ? g_strdup(c->name) : g_strdup_printf("hypercall_%u", c->nr);
}

static char *site_text(const struct logged_call *c)
{
    return c->symbol ? g_strdup_printf("%#x (%s)", c->eip, c->symbol) : g_strdup_printf("%#x", c->eip);
}

static void compare_ends(struct pair *p, const struct logged_call *a, const struct logged_call *b)
{
    unsigned ignore = p->rules->ignore;
    if (!(ignore & DIFF_RESULTS) && (a->has_result != b->has_result || a->result != b->result ||
                                     a->continued != b->continued || a->injected != b->injected))
        differ(p, "result", result_text(a), result_text(b));
    if (!(ignore & DIFF_OUT))
        compare_parts(p, "output ", a->out, a->nr_out, b->out, b->nr_out);
    if (!(ignore & DIFF_WHY) && !same_why(p->rules, a->why, b->why))
        differ(p, "why", g_strdup(a->why), g_strdup(b->why));
    if (!(ignore & DIFF_SITES) && a->has_site && b->has_site && (a->eip != b->eip || a->ring != b->ring))
        differ(p, "call site", site_text(a), site_text(b));
}

bool diff_calls_equal(const struct diff_rules *rules, const struct call_log *log_a,
                      const struct logged_call *a, const struct call_log *log_b, const struct logged_call *b,
                      GArray *fields)
{
    struct pair p = {.rules = rules, .a = log_a, .b = log_b, .fields = fields, .equal = true};
    p.path = fields ? g_string_new(NULL) : NULL;
    if (number_of(rules, a) != number_of(rules, b) || a->depth != b->depth)
        differ(&p, "call", name_text(a), name_text(b));
    if (!(rules->ignore & DIFF_VCPUS) && a->vcpu != b->vcpu)
        differ(&p, "vcpu", g_strdup_printf("%u", a->vcpu), g_strdup_printf("%u", b->vcpu));
    if (rules->values && a->args != CALL_NO_VALUES && b->args != CALL_NO_VALUES)
        compare_parts(&p, "argument ", a->args, a->nr_args, b->args, b->nr_args);
    else
        compare_words(&p, a, b);
    if (rules->values)
        compare_ends(&p, a, b);
    if (p.path)
        g_string_free(p.path, TRUE);
    return p.equal;
}

static bool spans_equal(struct pair *p, const char *path, uint64_t a, uint64_t b)
{
    if (a == b)
        return true;
    differ(p, path, g_strdup_printf("%" G_GUINT64_FORMAT " ns", a),
           g_strdup_printf("%" G_GUINT64_FORMAT " ns", b));
    return false;
}

bool diff_times_equal(const struct logged_call *before_a, const struct logged_call *a,
                      const struct logged_call *before_b, const struct logged_call *b, GArray *fields)
{
    struct pair p = {.fields = fields, .equal = true};
    if (!a->has_time || !b->has_time)
        return true;
    spans_equal(&p, "time since the call before", a->ns - (before_a ? before_a->ns : 0),
                b->ns - (before_b ? before_b->ns : 0));
    if (a->end_ns && b->end_ns)
        spans_equal(&p, "time of the call", a->end_ns - a->ns, b->end_ns - b->ns);
    return p.equal;
}
