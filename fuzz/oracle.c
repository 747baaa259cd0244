/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * oracle.c - see oracle.h: batch after batch, until a limit.
 */
#include "oracle.h"

#include "folder.h"

#include <ring1/ring1.h>
#include <string.h>

/* Inputs that no kernel can be made of, behind each other: something else is wrong. */
#define MAX_REFUSED 10000u
/* A difference is asked for again so often. */
#define CONFIRM 2u

struct run {
    const struct oracle_options *o;
    struct oracle_status *status;
    GHashTable *kinds; /* of finds */
    struct fuzz_folder finds;
    gint64 begun;
};

static GPtrArray *ask(const struct oracle_side *side, const GPtrArray *kernels, GError **error)
{
    GPtrArray *answers = g_ptr_array_new_with_free_func(oracle_answer_free);
    if (side->ask(side->user, kernels, answers, error)) {
        while (answers->len < kernels->len)
            g_ptr_array_add(answers, oracle_answer_new());
        return answers;
    }
    g_ptr_array_unref(answers);
    return NULL;
}

/* The judge said nothing of it: for who wants to know why. */
static void keep_lost(const struct oracle_options *o, const struct oracle_case *c)
{
    g_autoptr(GString) text = g_string_new("# lost: the other hypervisor ended\n");
    seq_print(c->seq, text);
    g_autofree char *name = g_strdup_printf("lost-%08x.hc", g_str_hash(text->str)),
                    *path = o->finds ? g_build_filename(o->finds, name, NULL) : NULL;
    if (path)
        g_file_set_contents(path, text->str, -1, NULL);
}

/* ring1's answers in all layouts; those of the last ones may be missing. */
static bool ask_ring1(const struct oracle_options *o, const GPtrArray *kernels, GPtrArray **answers,
                      GError **error)
{
    for (unsigned i = 0; i < ORACLE_LAYOUTS; i++) {
        answers[i] = ask(&o->ring1[i], kernels, error);
        if (!answers[i])
            return false;
    }
    return true;
}

static void free_answers(GPtrArray **answers)
{
    for (unsigned i = 0; i < ORACLE_LAYOUTS; i++)
        g_clear_pointer(&answers[i], g_ptr_array_unref);
}

/* How many lines of the i-th answer are the same in all layouts: all, or up to one where the answer
 * depends on numbers of frames. */
static unsigned lines_to_compare(GPtrArray **ring1, unsigned i, struct oracle_status *status)
{
    const struct oracle_answer *first = ring1[0]->pdata[i];
    unsigned most = UINT_MAX;
    for (unsigned k = 1; k < ORACLE_LAYOUTS; k++)
        most = MIN(most, oracle_same_lines(first, ring1[k]->pdata[i]));
    if (most != UINT_MAX) {
        status->own += MAX(first->lines->len - most, 1);
        status->own_in++;
    }
    return most;
}

GPtrArray *oracle_judge(const struct oracle_options *o, const GPtrArray *cases, struct oracle_status *status,
                        GError **error)
{
    g_autoptr(GPtrArray) kernels = g_ptr_array_new();
    for (unsigned i = 0; i < cases->len; i++)
        g_ptr_array_add(kernels, ((const struct oracle_case *)cases->pdata[i])->kernel);
    g_autoptr(GPtrArray) judge = ask(&o->judge, kernels, error);
    GPtrArray *ring1[ORACLE_LAYOUTS] = {NULL};
    if (!judge || !ask_ring1(o, kernels, ring1, error)) {
        free_answers(ring1);
        return NULL;
    }
    GPtrArray *differences = g_ptr_array_new_with_free_func(oracle_difference_free);
    for (unsigned i = 0; i < cases->len; i++) {
        const struct oracle_answer *a = ring1[0]->pdata[i], *b = judge->pdata[i];
        bool lost = a->end == ORACLE_LOST || b->end == ORACLE_LOST;
        status->sequences += !lost;
        status->lost += lost;
        if (b->end == ORACLE_LOST && !(o->stop && *o->stop))
            keep_lost(o, cases->pdata[i]);
        unsigned most = lost ? 0 : lines_to_compare(ring1, i, status);
        g_ptr_array_add(differences,
                        lost ? NULL : oracle_compare(cases->pdata[i], a, b, most, &status->calls));
    }
    free_answers(ring1);
    status->batches++;
    return differences;
}

/* --- finds ------------------------------------------------------------------------------------------- */

static char *find_text(const struct oracle_find *f)
{
    g_autoptr(GString) text = g_string_new(NULL);
    seq_print(f->c->seq, text);
    return g_strdup_printf("# differs: %s\n# call %u: ring1 says \"%s\", Xen 4.17 \"%s\"\n%s", f->d->kind,
                           f->d->call, f->d->ring1, f->d->judge, text->str);
}

static bool write_find(struct run *r, const struct oracle_find *f, GError **error)
{
    g_autofree char *text = find_text(f), *path = NULL, *name = NULL;
    if (r->o->finds) {
        name = g_strdup_printf("differs-%08x.hc", g_str_hash(f->d->kind));
        path = g_build_filename(r->o->finds, name, NULL);
        if (!g_file_set_contents(path, text, -1, NULL)) {
            g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s cannot be written", path);
            return false;
        }
    }
    g_autofree char *what =
        g_strdup_printf("%s: ring1 \"%s\", Xen \"%s\"", f->d->kind, f->d->ring1, f->d->judge);
    if (r->o->found)
        r->o->found(r->o->user, what, name);
    return true;
}

static void free_find(void *p)
{
    struct oracle_find *f = p;
    oracle_case_free(f->c);
    oracle_difference_free(f->d);
    g_free(f);
}

/* A real machine's answer may depend on when its timer ticked: what does not differ again, in the same
 * way, is no find. */
static bool confirm(struct run *r, GPtrArray *finds, GError **error)
{
    struct oracle_status unused = *r->status;
    for (unsigned turn = 0; turn < CONFIRM && finds->len; turn++) {
        g_autoptr(GPtrArray) cases = g_ptr_array_new();
        for (unsigned i = 0; i < finds->len; i++)
            g_ptr_array_add(cases, ((struct oracle_find *)finds->pdata[i])->c);
        g_autoptr(GPtrArray) differences = oracle_judge(r->o, cases, &unused, error);
        if (!differences)
            return false;
        for (unsigned i = finds->len; i-- > 0;) {
            const struct oracle_find *f = finds->pdata[i];
            const struct oracle_difference *d = differences->pdata[i];
            if (d && strcmp(d->kind, f->d->kind) == 0)
                continue;
            g_hash_table_remove(r->kinds, f->d->kind); /* another one may be real */
            g_ptr_array_remove_index(finds, i);
            r->status->unstable++;
        }
    }
    return true;
}

/* New kinds among the cases, which give them up. */
static GPtrArray *new_finds(struct run *r, GPtrArray *cases, GPtrArray *differences)
{
    GPtrArray *finds = g_ptr_array_new_with_free_func(free_find);
    for (unsigned i = 0; i < cases->len; i++) {
        struct oracle_difference *d = differences->pdata[i];
        if (d && oracle_known(d->kind)) {
            r->status->known++;
        } else if (d && g_hash_table_add(r->kinds, g_strdup(d->kind))) {
            struct oracle_find *f = g_new0(struct oracle_find, 1);
            f->c = g_steal_pointer(&cases->pdata[i]);
            f->d = g_steal_pointer(&differences->pdata[i]);
            g_ptr_array_add(finds, f);
        }
    }
    return finds;
}

/* --- the loop ------------------------------------------------------------------------------------------- */

static bool is_over(struct run *r)
{
    const struct oracle_options *o = r->o;
    r->status->seconds = (double)(g_get_monotonic_time() - r->begun) / G_USEC_PER_SEC;
    return (o->stop && *o->stop) || (o->calls && r->status->calls >= o->calls) ||
           (o->seconds > 0 && r->status->seconds >= o->seconds) ||
           (o->max_finds && r->status->differences >= o->max_finds);
}

static bool one_batch(struct run *r, GPtrArray *cases, GError **error)
{
    if (r->o->progress)
        r->o->progress(r->o->user, r->status, "comparing");
    g_autoptr(GPtrArray) differences = oracle_judge(r->o, cases, r->status, error);
    if (!differences)
        return false;
    g_autoptr(GPtrArray) finds = new_finds(r, cases, differences);
    if (!confirm(r, finds, error))
        return false;
    r->status->differences += finds->len;
    if (finds->len)
        oracle_minimise(r->o, r->status, finds);
    for (unsigned i = 0; i < finds->len; i++)
        if (!write_find(r, finds->pdata[i], error))
            return false;
    return true;
}

static bool make_cases(struct run *r, struct oracle_maker *m, GPtrArray *cases, GError **error)
{
    unsigned refused = 0;
    while (cases->len < r->o->batch && !(r->o->stop && *r->o->stop)) {
        struct oracle_case *c = oracle_make(m);
        if (c)
            g_ptr_array_add(cases, c);
        r->status->refused += !c;
        refused = c ? 0 : refused + 1;
        if (refused > MAX_REFUSED) {
            g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "of %u inputs none can be made a kernel",
                        refused);
            return false;
        }
    }
    return true;
}

static bool begin(struct run *r, const struct oracle_options *o, struct oracle_status *out, GError **error)
{
    *out = (struct oracle_status){0};
    *r = (struct run){.o = o, .status = out, .begun = g_get_monotonic_time()};
    r->kinds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return fuzz_folder_open(&r->finds, o->finds, error);
}

static void end(struct run *r)
{
    fuzz_folder_close(&r->finds);
    g_hash_table_unref(r->kinds);
}

bool fuzz_oracle(const struct oracle_options *o, struct oracle_status *out, GError **error)
{
    struct run r;
    bool ok = begin(&r, o, out, error);
    struct oracle_maker *m = ok ? oracle_maker_new(o->seed, error) : NULL;
    ok = ok && m;
    while (ok && !is_over(&r)) {
        g_autoptr(GPtrArray) cases = g_ptr_array_new_with_free_func(oracle_case_free);
        ok = make_cases(&r, m, cases, error) && (cases->len == 0 || one_batch(&r, cases, error));
    }
    oracle_maker_free(m);
    end(&r);
    return ok;
}

bool fuzz_oracle_files(const struct oracle_options *o, const char *const *files, struct oracle_status *out,
                       GError **error)
{
    struct run r;
    g_autoptr(GPtrArray) cases = g_ptr_array_new_with_free_func(oracle_case_free);
    bool ok = begin(&r, o, out, error);
    for (unsigned i = 0; ok && files[i]; i++) {
        g_autofree char *text = NULL;
        struct oracle_case *c = NULL;
        ok =
            g_file_get_contents(files[i], &text, NULL, error) && (c = oracle_case_new(text, files[i], error));
        if (c)
            g_ptr_array_add(cases, c);
    }
    ok = ok && one_batch(&r, cases, error);
    (void)is_over(&r);
    end(&r);
    return ok;
}
