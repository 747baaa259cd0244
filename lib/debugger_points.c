/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * debugger_points.c - places to which a debugger's replay can be put at once: copies of
 * the machine, taken while it runs. There is a bounded number of them, denser near the
 * present; a few more are near the places that somebody looks at.
 */
#include "debugger_priv.h"

/* Kept at most; and of the temporary ones. */
#define POINTS_MAX    96u
#define TEMPORARY_MAX 6u
/* One each so many us of the host, or after so many times what taking one costs. */
#define POINT_US    60000
#define POINT_COSTS 12

static void checkpoint_free(void *point)
{
    struct checkpoint *c = point;
    ring1_replay_point_free(c->point);
    g_free(c);
}

static struct checkpoint *at(const ring1_debugger *d, guint i)
{
    return g_ptr_array_index(d->points, i);
}

/* The first behind a place. */
static guint behind(const ring1_debugger *d, const struct ring1_place *place)
{
    guint low = 0, high = d->points->len;
    while (low < high) {
        guint middle = (low + high) / 2;
        if (ring1_place_compare(&at(d, middle)->place, place) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The one whose going leaves the smallest gap for its distance from the present. */
static void thin(ring1_debugger *d)
{
    guint worst = 0;
    double least = 0;
    for (guint i = 1; i + 1 < d->points->len; i++) {
        const struct checkpoint *before = at(d, i - 1), *after = at(d, i + 1);
        double gap = (double)(after->work - before->work) + 1, age = (double)(d->work - before->work) + 1;
        if (!at(d, i)->temporary && (worst == 0 || gap / age < least)) {
            worst = i;
            least = gap / age;
        }
    }
    if (worst > 0)
        g_ptr_array_remove_index(d->points, worst);
}

/* The temporary one that was taken first. */
static void drop_temporary(ring1_debugger *d)
{
    unsigned count = 0;
    guint first = 0;
    for (guint i = 0; i < d->points->len; i++) {
        if (!at(d, i)->temporary)
            continue;
        if (count++ == 0 || at(d, i)->temporary < at(d, first)->temporary)
            first = i;
    }
    if (count > TEMPORARY_MAX)
        g_ptr_array_remove_index(d->points, first);
}

static void add(ring1_debugger *d, struct checkpoint *c)
{
    if (!d->points)
        d->points = g_ptr_array_new_with_free_func(checkpoint_free);
    guint i = behind(d, &c->place);
    if (i > 0 && ring1_place_compare(&at(d, i - 1)->place, &c->place) == 0) {
        checkpoint_free(c); /* it was not as it is now when it came there first */
        return;
    }
    g_ptr_array_insert(d->points, (gint)i, c);
    if (c->temporary)
        drop_temporary(d);
    else if (d->points->len > POINTS_MAX + TEMPORARY_MAX)
        thin(d);
}

void points_clear(ring1_debugger *d)
{
    g_clear_pointer(&d->points, g_ptr_array_unref);
}

void points_ran(ring1_debugger *d, gint64 us)
{
    d->work += us;
    if (!d->live || !d->live->recorder || !d->record || d->work < d->point_due)
        return;
    gint64 began = g_get_monotonic_time();
    struct checkpoint *c = g_new0(struct checkpoint, 1);
    c->place = stops_place(d->live->machine);
    c->work = d->work;
    c->point = replay_point_of_live(d->live);
    add(d, c);
    d->point_due = d->work + MAX(POINT_US, POINT_COSTS * (g_get_monotonic_time() - began));
}

void points_add_replay(ring1_debugger *d, bool temporary)
{
    struct checkpoint *c = g_new0(struct checkpoint, 1);
    c->place = past_place(d);
    const struct checkpoint *last = points_find(d, &c->place, false);
    c->work = temporary && last ? last->work : d->work;
    c->temporary = temporary ? g_get_monotonic_time() : 0;
    c->point = ring1_replay_save(d->replay);
    add(d, c);
}

void points_replayed(ring1_debugger *d, gint64 us)
{
    struct ring1_place now = past_place(d);
    if (ring1_place_compare(&now, &d->furthest) <= 0)
        return;
    d->work += us;
    if (d->work < d->point_due)
        return;
    gint64 began = g_get_monotonic_time();
    points_add_replay(d, false);
    d->point_due = d->work + MAX(POINT_US, POINT_COSTS * (g_get_monotonic_time() - began));
}

const struct checkpoint *points_find(const ring1_debugger *d, const struct ring1_place *place, bool before)
{
    guint i = d->points ? behind(d, place) : 0;
    if (i > 0 && before && ring1_place_compare(&at(d, i - 1)->place, place) == 0)
        i--;
    return i > 0 ? at(d, i - 1) : NULL;
}

void points_drop_after(ring1_debugger *d, const struct ring1_place *place)
{
    guint i = d->points ? behind(d, place) : 0;
    if (!d->points)
        return;
    g_ptr_array_set_size(d->points, (gint)i);
    for (i = 0; i < d->points->len; i++)
        replay_point_forget_next(at(d, i)->point);
    d->work = i > 0 ? at(d, i - 1)->work : 0;
    d->point_due = d->work + POINT_US;
}
