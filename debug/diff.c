/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * diff.c - see diff.h. Both logs are gone through side by side. Where they part, the
 * nearest place is looked for, some calls ahead in one or both, from where they go on
 * alike; what lies between is paired by the calls' names. A window bounds the search,
 * and where none succeeds the next tries are rarer: the time stays near linear.
 */
#include "diff.h"

#include "diff_call.h"

/* So many calls have to be alike where the two come together again. */
#define RUN 3u

/* Hunks up to this are paired in the best way, larger ones from both ends. */
#define PAIRED_MAX 256u

struct aligner {
    struct diff *d;
    struct diff_rules rules;
    uint64_t *full[2], *shape[2]; /* hashes of both logs' calls */
    guint nr[2];
    bool in_step;                      /* the calls before were made by both */
    guint retry_after, retry_distance; /* a search for calls that are alike failed */
};

static void add(struct aligner *al, enum diff_kind kind, guint a, guint b)
{
    struct diff_op op = {kind, a, b};
    g_array_append_val(al->d->ops, op);
    al->d->count[kind]++;
    al->in_step = kind == DIFF_CHANGED;
}

/* Calls that both made. */
static void pair(struct aligner *al, guint a, guint b)
{
    const struct logged_call *one = call_log_get(al->d->a, a), *two = call_log_get(al->d->b, b);
    bool equal = diff_calls_equal(&al->rules, al->d->a, one, al->d->b, two, NULL);
    /* Only behind calls that belong together do times say anything. */
    if (equal && !(al->rules.ignore & DIFF_TIME) && al->in_step)
        equal = diff_times_equal(a ? call_log_get(al->d->a, a - 1) : NULL, one,
                                 b ? call_log_get(al->d->b, b - 1) : NULL, two, NULL);
    if (!equal) {
        add(al, DIFF_CHANGED, a, b);
        return;
    }
    al->d->equal++;
    al->in_step = true;
}

static bool run_matches(const struct aligner *al, uint64_t *const hash[2], guint a, guint b)
{
    guint left_a = al->nr[0] - a, left_b = al->nr[1] - b;
    if (left_a < RUN || left_b < RUN) {
        /* Near the end both have to come to it together. */
        if (left_a != left_b)
            return false;
    }
    for (guint i = 0; i < RUN && i < left_a; i++)
        if (hash[0][a + i] != hash[1][b + i])
            return false;
    return true;
}

/* The nearest place ahead from where both go on alike: the fewest calls passed over,
 * evenly in both if there is a choice. */
static bool search(const struct aligner *al, uint64_t *const hash[2], guint a, guint b, guint *to_a,
                   guint *to_b)
{
    guint window = al->d->options.window;
    guint most_a = MIN(window, al->nr[0] - a), most_b = MIN(window, al->nr[1] - b);
    for (guint sum = 1; sum <= most_a + most_b; sum++) {
        for (guint skew = sum & 1; skew <= sum; skew += 2) {
            guint less = (sum - skew) / 2, more = sum - less;
            if (less <= most_a && more <= most_b && run_matches(al, hash, a + less, b + more)) {
                *to_a = a + less;
                *to_b = b + more;
                return true;
            }
            if (more <= most_a && less <= most_b && run_matches(al, hash, a + more, b + less)) {
                *to_a = a + more;
                *to_b = b + less;
                return true;
            }
        }
    }
    return false;
}

/* --- between two places ------------------------------------------------------------- */

static bool same_shape(const struct aligner *al, guint a, guint b)
{
    return al->shape[0][a] == al->shape[1][b];
}

/* The longest row of calls with equal names that both made: best[i][j] is its length
 * from a + i and b + j on. */
static guint *longest_rows(const struct aligner *al, guint a, guint na, guint b, guint nb)
{
    guint width = nb + 1, *best = g_new0(guint, (gsize)(na + 1) * width);
    for (guint i = na; i-- > 0;) {
        for (guint j = nb; j-- > 0;) {
            guint skip = MAX(best[(i + 1) * width + j], best[i * width + j + 1]);
            guint with = same_shape(al, a + i, b + j) ? best[(i + 1) * width + j + 1] + 1 : 0;
            best[i * width + j] = MAX(skip, with);
        }
    }
    return best;
}

static void pair_best(struct aligner *al, guint a, guint na, guint b, guint nb)
{
    guint *best = longest_rows(al, a, na, b, nb), width = nb + 1, i = 0, j = 0;
    while (i < na || j < nb) {
        guint now = best[i * width + j];
        if (i < na && j < nb && same_shape(al, a + i, b + j) && now == best[(i + 1) * width + j + 1] + 1) {
            pair(al, a + i, b + j);
            i++;
            j++;
        } else if (i < na && best[(i + 1) * width + j] == now) {
            add(al, DIFF_ONLY_A, a + i, b + j);
            i++;
        } else {
            add(al, DIFF_ONLY_B, a + i, b + j);
            j++;
        }
    }
    g_free(best);
}

static void hunk(struct aligner *al, guint a, guint end_a, guint b, guint end_b)
{
    while (a < end_a && b < end_b && (end_a - a > PAIRED_MAX || end_b - b > PAIRED_MAX) &&
           same_shape(al, a, b))
        pair(al, a++, b++);
    if (end_a - a <= PAIRED_MAX && end_b - b <= PAIRED_MAX) {
        pair_best(al, a, end_a - a, b, end_b - b);
        return;
    }
    while (a < end_a)
        add(al, DIFF_ONLY_A, a++, b);
    while (b < end_b)
        add(al, DIFF_ONLY_B, a, b++);
}

/* --- the whole ------------------------------------------------------------------------ */

static bool near_end(const struct aligner *al, guint a, guint b)
{
    return al->nr[0] - a <= al->d->options.window && al->nr[1] - b <= al->d->options.window;
}

/* The two part at a and b: go on behind. */
static void resync(struct aligner *al, guint *a, guint *b)
{
    guint to_a, to_b;
    bool try_alike = *a >= al->retry_after;
    if (try_alike && search(al, al->full, *a, *b, &to_a, &to_b)) {
        al->retry_distance = 0;
    } else {
        if (try_alike) {
            al->retry_distance = MIN(MAX(al->retry_distance * 2, RUN), 1u << 20);
            al->retry_after = *a + al->retry_distance;
        }
        if (same_shape(al, *a, *b)) {
            pair(al, (*a)++, (*b)++);
            return;
        }
        if (!search(al, al->shape, *a, *b, &to_a, &to_b)) {
            guint window = al->d->options.window;
            bool last = near_end(al, *a, *b);
            to_a = last ? al->nr[0] : *a + MIN(window, al->nr[0] - *a);
            to_b = last ? al->nr[1] : *b + MIN(window, al->nr[1] - *b);
        }
    }
    hunk(al, *a, to_a, *b, to_b);
    *a = to_a;
    *b = to_b;
}

/* Hashes differ too where only one of the two knows the pfn of a frame. */
static bool alike(const struct aligner *al, guint a, guint b)
{
    if (al->full[0][a] == al->full[1][b])
        return true;
    return (al->rules.ignore & DIFF_FRAMES) && same_shape(al, a, b) &&
           diff_calls_equal(&al->rules, al->d->a, call_log_get(al->d->a, a), al->d->b,
                            call_log_get(al->d->b, b), NULL);
}

static void align(struct aligner *al)
{
    guint a = 0, b = 0;
    while (a < al->nr[0] && b < al->nr[1]) {
        if (alike(al, a, b))
            pair(al, a++, b++);
        else
            resync(al, &a, &b);
    }
    hunk(al, a, al->nr[0], b, al->nr[1]);
}

static void take_hashes(struct aligner *al, unsigned side, const struct call_log *log)
{
    al->nr[side] = log->calls->len;
    al->full[side] = g_new(uint64_t, log->calls->len);
    al->shape[side] = g_new(uint64_t, log->calls->len);
    for (guint i = 0; i < log->calls->len; i++) {
        al->full[side][i] = diff_hash(&al->rules, log, call_log_get(log, i), false);
        al->shape[side][i] = diff_hash(&al->rules, log, call_log_get(log, i), true);
    }
}

struct diff *diff_new(const struct call_log *a, const struct call_log *b, const struct diff_options *options)
{
    struct diff *d = g_new0(struct diff, 1);
    d->a = a;
    d->b = b;
    d->options = *options;
    d->options.window = CLAMP(options->window, 1, DIFF_WINDOW_MAX);
    d->ops = g_array_new(FALSE, FALSE, sizeof(struct diff_op));
    struct aligner al = {.d = d, .rules = diff_rules(a, b, options->ignore), .in_step = true};
    take_hashes(&al, 0, a);
    take_hashes(&al, 1, b);
    align(&al);
    for (unsigned side = 0; side < 2; side++) {
        g_free(al.full[side]);
        g_free(al.shape[side]);
    }
    return d;
}

void diff_free(struct diff *d)
{
    if (!d)
        return;
    g_array_unref(d->ops);
    g_free(d);
}

static void free_field(gpointer data)
{
    struct diff_field *field = data;
    g_free(field->path);
    g_free(field->a);
    g_free(field->b);
}

GArray *diff_fields(const struct diff *d, const struct diff_op *op)
{
    GArray *fields = g_array_new(FALSE, FALSE, sizeof(struct diff_field));
    g_array_set_clear_func(fields, free_field);
    if (op->kind != DIFF_CHANGED)
        return fields;
    struct diff_rules rules = diff_rules(d->a, d->b, d->options.ignore);
    const struct logged_call *a = call_log_get(d->a, op->a), *b = call_log_get(d->b, op->b);
    if (diff_calls_equal(&rules, d->a, a, d->b, b, fields))
        diff_times_equal(op->a ? call_log_get(d->a, op->a - 1) : NULL, a,
                         op->b ? call_log_get(d->b, op->b - 1) : NULL, b, fields);
    return fields;
}
