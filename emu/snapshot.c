/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * snapshot.c - all of a machine's state, saved, restored and hashed. What is
 * cached elsewhere (the engine's TLB and translations) is never saved. Memory is
 * shared by the snapshots as far as it did not change (dispatch/memory_image.h).
 */
#include "machine.h"
#include "stops.h"

#include "dispatch/memory_image.h"

#include <string.h>

struct snapshot {
    const struct abi *abi;
    struct memory_image *memory;
    struct domain_state *domain; /* as far as there are vcpus */
    struct machine_state machine;
    uint64_t clock;
    unsigned nr_vcpus;
    GBytes *cpu[]; /* one a vcpu */
};

/* Bytes of a domain's state with so many vcpus: they come last. */
static size_t domain_size(unsigned nr_vcpus)
{
    return G_STRUCT_OFFSET(struct domain_state, vcpu) + nr_vcpus * sizeof(struct vcpu);
}
G_STATIC_ASSERT(sizeof(struct domain_state) - G_STRUCT_OFFSET(struct domain_state, vcpu) ==
                MAX_VCPUS * sizeof(struct vcpu));

/* Registers into the vcpus' structs, so that state is in one place. */
static void collect_regs(struct machine *m)
{
    for (unsigned i = 0; i < m->domain->s.nr_vcpus; i++)
        vcpu_regs(&m->domain->s.vcpu[i]);
}

static void save_cpu(struct machine *m, struct snapshot *s)
{
    for (unsigned i = 0; i < s->nr_vcpus; i++) {
        cpu_select(m->cpu, i);
        s->cpu[i] = cpu_save(m->cpu);
    }
    cpu_select(m->cpu, m->current->id);
}

/* False: the blob is of another engine. */
static bool restore_cpu(struct machine *m, const struct snapshot *s)
{
    bool ok = true;
    for (unsigned i = 0; i < s->nr_vcpus; i++) {
        cpu_select(m->cpu, i);
        ok = ok && cpu_put_back(m->cpu, s->cpu[i]);
    }
    cpu_select(m->cpu, ok ? s->domain->queue.current : m->current->id);
    return ok;
}

/* Without counting it: what is called cold code follows from the guest's own run. */
static void empty_tlb(struct machine *m)
{
    cpu_flush_tlb(m->cpu);
    tlb_filter_clear(&m->tlb);
}

/* The pages that the guest shares with those behind its console and its xenstore are
 * written at any time; and where vcpus look for events, which may be a page of the guest's
 * own, masks are set and CR2 is shown past the marks. */
static void mark_shared(struct machine *m)
{
    frame_dirty(m->mem, m->domain->s.console_mfn);
    frame_dirty(m->mem, m->domain->s.store_mfn);
    for (unsigned i = 0; i < m->domain->s.nr_vcpus; i++)
        frame_dirty(m->mem, m->domain->s.vcpu[i].info_mfn);
}

struct snapshot *machine_save(struct machine *m)
{
    unsigned nr = m->domain->s.nr_vcpus;
    struct snapshot *s = g_malloc0(sizeof *s + nr * sizeof s->cpu[0]);
    s->abi = m->abi;
    s->nr_vcpus = nr;
    collect_regs(m);
    s->domain = g_memdup2(&m->domain->s, domain_size(nr));
    s->machine = m->s;
    s->clock = cpu_clock(m->cpu);
    save_cpu(m, s);
    mark_shared(m);
    s->memory = memory_save(m->mem);
    empty_tlb(m); /* the next store to each frame is to be seen */
    return s;
}

void snapshot_free(struct snapshot *s)
{
    if (!s)
        return;
    g_free(s->domain);
    for (unsigned i = 0; i < s->nr_vcpus; i++)
        g_bytes_unref(s->cpu[i]);
    memory_image_unref(s->memory);
    g_free(s);
}

/* Frames whose code is forgotten one by one; then all is. */
#define FORGET_MAX 64u

struct changed_code {
    struct machine *m;
    unsigned nr;
};

static void on_code_changed(void *user, mfn_t mfn)
{
    struct changed_code *c = user;
    if (c->nr++ >= FORGET_MAX)
        return;
    cpu_forget_code(c->m->cpu, mfn);
    c->m->mem->marks[mfn.mfn] &= (uint8_t)~MARK_EXECUTED;
}

static void restore_memory(struct machine *m, const struct snapshot *s)
{
    struct changed_code changed = {.m = m};
    if (m->domain->s.attention & ATTN_FORGET)
        machine_forget_code(m);
    mark_shared(m);
    memory_restore(m->mem, s->memory, on_code_changed, &changed);
    if (changed.nr > FORGET_MAX)
        machine_forget_all_code(m);
}

bool machine_restore(struct machine *m, const struct snapshot *s, GError **error)
{
    uint32_t nr_frames = memory_image_nr_frames(s->memory);
    if (s->abi != m->abi || nr_frames != m->mem->nr_frames) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_STATE,
                    "the snapshot is of a %s machine for Xen %s with %u frames, not of this %s, %s, %u",
                    s->abi->name, s->abi->xen_name, nr_frames, m->abi->name, m->abi->xen_name,
                    m->mem->nr_frames);
        return false;
    }
    if (s->nr_vcpus != m->domain->s.nr_vcpus) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_STATE, "the snapshot has %u vcpus, this machine %u",
                    s->nr_vcpus, m->domain->s.nr_vcpus);
        return false;
    }
    empty_tlb(m);
    if (!restore_cpu(m, s)) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_STATE, "the snapshot is of another CPU engine");
        return false;
    }
    restore_memory(m, s);
    memcpy(&m->domain->s, s->domain, domain_size(s->nr_vcpus));
    m->s = s->machine;
    m->current = &m->domain->s.vcpu[m->domain->s.queue.current];
    domain_restored(m->domain);
    stops_restored(m);
    cpu_set_clock(m->cpu, s->clock);
    return true;
}

char *machine_hash(struct machine *m)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    static const uint8_t zero[RING1_PAGE_SIZE];
    for (unsigned i = 0; i < m->domain->s.nr_vcpus; i++) {
        struct vcpu *v = &m->domain->s.vcpu[i];
        if (v->initialised)
            g_checksum_update(sum, (const guchar *)vcpu_regs(v), sizeof(struct regs));
    }
    mark_shared(m);
    for (uint32_t i = 0; i < m->mem->nr_frames; i++) {
        const uint8_t *page = frame_ptr(m->mem, MFN(i));
        if (!memory_may_differ_from_zero(m->mem, MFN(i)) || memcmp(page, zero, RING1_PAGE_SIZE) == 0)
            continue;
        g_checksum_update(sum, (const guchar *)&i, sizeof i);
        g_checksum_update(sum, page, RING1_PAGE_SIZE);
    }
    return g_strdup(g_checksum_get_string(sum));
}
