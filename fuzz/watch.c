/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * watch.c - see watch.h.
 */
#include "watch.h"

#include "dispatch/describe.h"

#include <string.h>

void fuzz_watch_init(struct fuzz_watch *w, struct domain *d, bool cpu)
{
    *w = (struct fuzz_watch){.d = d, .cpu = cpu};
    w->shadow[0] = fuzz_shadow_new(d);
    w->shadow[1] = fuzz_shadow_new(d);
}

void fuzz_watch_clear(struct fuzz_watch *w)
{
    fuzz_shadow_free(w->shadow[0]);
    fuzz_shadow_free(w->shadow[1]);
    fuzz_left_free(w->left);
}

void fuzz_watch_end(struct fuzz_watch *w)
{
    if (w->left)
        fuzz_left_give_back(w->left);
}

void fuzz_watch_begin(struct fuzz_watch *w)
{
    if (!w->left)
        w->left = fuzz_left_new(w->d, w->cpu);
    fuzz_left_reset(w->left);
}

void fuzz_watch_before(struct fuzz_watch *w, const struct call *call)
{
    fuzz_shadow_take(w->shadow[call->depth ? 1 : 0], w->d);
    fuzz_left_before(w->left, call);
}

static void say_left(const struct fuzz_watch *w, const struct call *call, const char *what,
                     struct fuzz_reason *reason)
{
    fuzz_broken(reason, "leaves: %s was refused with %s and has changed %s", fuzz_row_name(w->d, call->nr),
                errno_name(call->result), what);
}

void fuzz_watch_after(struct fuzz_watch *w, const struct call *call, struct fuzz_reason *reason)
{
    uint32_t nr = call->nr & w->d->abi->number_mask;
    if (call->continued || w->d->s.shutdown != SHUTDOWN_NONE || !is_refusal(call->row, call->result) ||
        fuzz_leaves_more(w->d->abi, nr, call->arg, call->result))
        return;
    struct fuzz_shadow *before = w->shadow[call->depth ? 1 : 0];
    if (fuzz_drops_ldts(nr))
        fuzz_shadow_drop_ldts(before, w->d);
    unsigned changed = fuzz_shadow_changed(before, w->d);
    for (unsigned i = 0; changed && i < NR_PARTS; i++)
        if (changed & 1u << i)
            say_left(w, call, fuzz_part_names[i], reason);
    const char *left = fuzz_left_after(w->left);
    if (G_UNLIKELY(left))
        say_left(w, call, left, reason);
}

/* Of a multicall what stood before its last entry is known alone. */
bool fuzz_watch_stirred(struct fuzz_watch *w, const struct call *call)
{
    const unsigned parts = 1u << PART_FRAMES | 1u << PART_GRANTS | 1u << PART_VCPUS | 1u << PART_DOMAIN;
    return (call->nr & w->d->abi->number_mask) == 13 || (fuzz_shadow_changed(w->shadow[0], w->d) & parts) ||
           fuzz_left_tables(w->left);
}

void fuzz_watch_counts(struct fuzz_watch *w, const char *when, struct fuzz_reason *reason)
{
    if (G_LIKELY(fuzz_shadow_recount(w->shadow[0], w->d, NULL)))
        return;
    g_autoptr(GString) report = g_string_new(NULL);
    (void)fuzz_shadow_recount(w->shadow[0], w->d, report);
    fuzz_broken(reason, "counts: after %s: %s", when, report->str);
}

G_NO_INLINE void fuzz_poison_stack(uint8_t pattern)
{
    volatile uint8_t below[24576];
    memset((void *)(uintptr_t)below, pattern, sizeof below);
    __asm__ volatile("" : : "r"(below) : "memory");
}
