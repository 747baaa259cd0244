/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring.c - see ring.h.
 */
#include "ring.h"

#include "dispatch/shared.h"

/* Indices in the first page. */
#define REQ_PROD  0u
#define REQ_EVENT 4u
#define RSP_PROD  8u
#define RSP_EVENT 12u

static uint8_t *page_bytes(const struct domain *d, const struct ring *r, unsigned page)
{
    return grant_bytes(d, &r->page[page]);
}

static uint32_t index_get(const struct domain *d, const struct ring *r, uint32_t which)
{
    return __atomic_load_n((uint32_t *)(void *)(page_bytes(d, r, 0) + which), __ATOMIC_ACQUIRE);
}

static void index_set(struct domain *d, struct ring *r, uint32_t which, uint32_t value)
{
    store32(page_bytes(d, r, 0) + which, value);
    grant_written(d, &r->page[0]);
}

/* The largest power of two of slots that fits, as every front end reckons it. */
static uint32_t slots_in(unsigned nr_pages, uint32_t slot)
{
    uint32_t fit = (nr_pages * RING1_PAGE_SIZE - RING_HEADER) / slot, nr = 1;
    while (nr * 2 <= fit)
        nr *= 2;
    return nr;
}

int16_t ring_map(struct domain *d, struct ring *r, const uint32_t *refs, unsigned nr_pages, uint32_t slot)
{
    *r = (struct ring){.slot = slot, .nr_slots = slots_in(nr_pages, slot)};
    for (unsigned i = 0; i < nr_pages; i++) {
        int16_t status = grant_map(d, refs[i], false, &r->page[i]);
        if (status) {
            ring_unmap(d, r);
            return status;
        }
        r->nr_pages = i + 1;
    }
    r->req_cons = r->rsp_prod = index_get(d, r, RSP_PROD);
    return 0;
}

void ring_unmap(struct domain *d, struct ring *r)
{
    for (unsigned i = 0; i < r->nr_pages; i++)
        grant_unmap(d, &r->page[i]);
    r->nr_pages = 0;
}

/* Slots of several pages may lie across their bounds. */
static void slot_copy(struct domain *d, const struct ring *r, uint32_t nr, void *out, const void *in,
                      uint32_t len)
{
    uint32_t at = RING_HEADER + (nr % r->nr_slots) * r->slot;
    for (uint32_t done = 0; done < len;) {
        uint32_t page = (at + done) / RING1_PAGE_SIZE, offset = (at + done) % RING1_PAGE_SIZE;
        uint32_t n = MIN(len - done, RING1_PAGE_SIZE - offset);
        uint8_t *bytes = page_bytes(d, r, page) + offset;
        if (in) {
            memcpy(bytes, (const uint8_t *)in + done, n);
            grant_written(d, &r->page[page]);
        } else {
            memcpy((uint8_t *)out + done, bytes, n);
        }
        done += n;
    }
}

enum ring_state ring_look(const struct domain *d, const struct ring *r, void *request)
{
    uint32_t waiting = index_get(d, r, REQ_PROD) - r->req_cons;
    if (waiting == 0)
        return RING_EMPTY;
    /* A slot is free again once its response is written. */
    if (waiting > r->nr_slots - (r->req_cons - r->rsp_prod))
        return RING_BROKEN;
    slot_copy((struct domain *)d, r, r->req_cons, request, NULL, r->slot);
    return RING_TAKEN;
}

enum ring_state ring_take(const struct domain *d, struct ring *r, void *request)
{
    enum ring_state state = ring_look(d, r, request);
    if (state == RING_TAKEN)
        r->req_cons++;
    return state;
}

uint32_t ring_waiting(const struct domain *d, const struct ring *r)
{
    uint32_t waiting = index_get(d, r, REQ_PROD) - r->req_cons;
    return waiting > r->nr_slots ? 0 : waiting;
}

void ring_respond(struct domain *d, struct ring *r, const void *response, uint32_t len)
{
    slot_copy(d, r, r->rsp_prod, NULL, response, len);
    r->rsp_prod++;
}

bool ring_push(struct domain *d, struct ring *r)
{
    uint32_t old = index_get(d, r, RSP_PROD);
    if (old == r->rsp_prod)
        return false;
    index_set(d, r, RSP_PROD, r->rsp_prod);
    return r->rsp_prod - index_get(d, r, RSP_EVENT) < r->rsp_prod - old;
}

bool ring_wait(struct domain *d, struct ring *r)
{
    if (index_get(d, r, REQ_PROD) != r->req_cons)
        return true;
    index_set(d, r, REQ_EVENT, r->req_cons + 1);
    return index_get(d, r, REQ_PROD) != r->req_cons;
}

bool ring_wait_for(struct domain *d, struct ring *r, uint32_t nr)
{
    uint32_t prod = index_get(d, r, REQ_PROD);
    if (prod - r->req_cons >= nr)
        return ring_waiting(d, r) != 0;
    index_set(d, r, REQ_EVENT, prod + 1);
    return false;
}

/* --- snapshots -------------------------------------------------------------------- */

static const struct state_field ring_rows[] = {
    STATE_SS(ring, page, &grant_mapping_state_type),
    STATE_N(ring, nr_pages, RING_PAGES_MAX),
    STATE_N(ring, slot, RING_SLOT_MAX),
    STATE_N(ring, nr_slots, RING_PAGES_MAX *RING1_PAGE_SIZE),
    STATE_N(ring, req_cons, STATE_ANY),
    STATE_N(ring, rsp_prod, STATE_ANY),
};
const struct state_type ring_state_type = STATE_TYPE(ring, ring_rows);

bool ring_check(const struct domain *d, const struct ring *r, uint32_t slot)
{
    for (unsigned i = 0; i < RING_PAGES_MAX; i++)
        if (r->page[i].mapped != (i < r->nr_pages) || !grant_mapping_check(d, &r->page[i]))
            return false;
    return r->nr_pages == 0 || (r->slot == slot && r->nr_slots == slots_in(r->nr_pages, slot) &&
                                r->req_cons - r->rsp_prod <= r->nr_slots);
}

void ring_pins(const struct domain *d, const struct ring *r, uint32_t *pins)
{
    for (unsigned i = 0; i < RING_PAGES_MAX; i++)
        grant_pins(d, &r->page[i], pins);
}
