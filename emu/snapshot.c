/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * snapshot.c - all of a machine's state, saved, restored and hashed. What is
 * cached elsewhere (the engine's TLB and translations) is dropped, never saved.
 */
#include "machine.h"

#include <string.h>

struct saved_frame {
    uint32_t mfn;
    uint8_t bytes[RING1_PAGE_SIZE];
};

struct snapshot {
    const struct abi *abi;
    uint32_t nr_frames;
    uint32_t m2p_frames;
    mfn_t m2p;
    struct domain_state *domain;
    struct machine_state machine;
    struct frame *frames;
    uint64_t clock;
    GBytes *cpu[MAX_VCPUS]; /* NULL: of a vcpu that there is not */
    GPtrArray *memory;      /* struct saved_frame: those that may differ from zero */
};

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, RING1_PAGE_SIZE - 1) == 0;
}

/* Frames that somebody wrote since the machine was made. Xen's own (shared info,
 * m2p, grant tables) and the pages shared with back ends are written past the
 * marks. */
static bool may_differ_from_zero(const struct machine *m, uint32_t mfn)
{
    const struct domain_state *s = &m->domain->s;
    return (m->mem->marks[mfn] & (MARK_DIRTY | MARK_WRITTEN)) ||
           m->mem->frames[mfn].owner == OWNER_DOMID_XEN || mfn == s->console_mfn.mfn ||
           mfn == s->store_mfn.mfn;
}

/* Registers into the vcpus' structs, so that state is in one place. */
static void collect_regs(struct machine *m)
{
    for (unsigned i = 0; i < m->domain->s.nr_vcpus; i++)
        vcpu_regs(&m->domain->s.vcpu[i]);
}

static void save_cpu(struct machine *m, struct snapshot *s)
{
    for (unsigned i = 0; i < m->domain->s.nr_vcpus; i++) {
        cpu_select(m->cpu, i);
        s->cpu[i] = cpu_save(m->cpu);
    }
    cpu_select(m->cpu, m->current->id);
}

/* False: the blob is of another engine. */
static bool restore_cpu(struct machine *m, const struct snapshot *s)
{
    bool ok = true;
    for (unsigned i = 0; i < s->domain->nr_vcpus; i++) {
        cpu_select(m->cpu, i);
        ok = ok && cpu_restore(m->cpu, s->cpu[i]);
    }
    cpu_select(m->cpu, ok ? s->domain->queue.current : m->current->id);
    return ok;
}

struct snapshot *machine_save(struct machine *m)
{
    struct snapshot *s = g_new0(struct snapshot, 1);
    collect_regs(m);
    s->abi = m->abi;
    s->nr_frames = m->mem->nr_frames;
    s->m2p = m->mem->m2p;
    s->m2p_frames = m->mem->m2p_frames;
    s->domain = g_memdup2(&m->domain->s, sizeof m->domain->s);
    s->machine = m->s;
    s->frames = g_memdup2(m->mem->frames, (size_t)m->mem->nr_frames * sizeof(struct frame));
    s->clock = cpu_clock(m->cpu);
    save_cpu(m, s);
    s->memory = g_ptr_array_new_with_free_func(g_free);
    for (uint32_t i = 0; i < m->mem->nr_frames; i++) {
        const uint8_t *page = frame_ptr(m->mem, MFN(i));
        if (!may_differ_from_zero(m, i) || is_zero(page))
            continue;
        struct saved_frame *f = g_new(struct saved_frame, 1);
        f->mfn = i;
        memcpy(f->bytes, page, RING1_PAGE_SIZE);
        g_ptr_array_add(s->memory, f);
    }
    return s;
}

void snapshot_free(struct snapshot *s)
{
    if (!s)
        return;
    g_free(s->domain);
    g_free(s->frames);
    for (unsigned i = 0; i < MAX_VCPUS; i++)
        g_clear_pointer(&s->cpu[i], g_bytes_unref);
    g_ptr_array_unref(s->memory);
    g_free(s);
}

static void restore_memory(struct machine *m, const struct snapshot *s)
{
    for (uint32_t i = 0; i < m->mem->nr_frames; i++)
        if (may_differ_from_zero(m, i))
            memset(frame_ptr(m->mem, MFN(i)), 0, RING1_PAGE_SIZE);
    memset(m->mem->marks, 0, m->mem->nr_frames);
    for (guint i = 0; i < s->memory->len; i++) {
        const struct saved_frame *f = g_ptr_array_index(s->memory, i);
        memcpy(frame_ptr(m->mem, MFN(f->mfn)), f->bytes, RING1_PAGE_SIZE);
        m->mem->marks[f->mfn] = MARK_DIRTY;
    }
    memcpy(m->mem->frames, s->frames, (size_t)s->nr_frames * sizeof(struct frame));
}

bool machine_restore(struct machine *m, const struct snapshot *s, GError **error)
{
    if (s->abi != m->abi || s->nr_frames != m->mem->nr_frames) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_STATE,
                    "the snapshot is of a %s machine for Xen %s with %u frames, not of this %s, %s, %u",
                    s->abi->name, s->abi->xen_name, s->nr_frames, m->abi->name, m->abi->xen_name,
                    m->mem->nr_frames);
        return false;
    }
    if (s->domain->nr_vcpus != m->domain->s.nr_vcpus) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_STATE, "the snapshot has %u vcpus, this machine %u",
                    s->domain->nr_vcpus, m->domain->s.nr_vcpus);
        return false;
    }
    if (!restore_cpu(m, s)) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_STATE, "the snapshot is of another CPU engine");
        return false;
    }
    restore_memory(m, s);
    m->mem->m2p = s->m2p;
    m->mem->m2p_frames = s->m2p_frames;
    m->domain->s = *s->domain;
    m->s = s->machine;
    m->current = &m->domain->s.vcpu[m->domain->s.queue.current];
    domain_restored(m->domain);
    cpu_set_clock(m->cpu, s->clock);
    return true;
}

char *machine_hash(struct machine *m)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    for (unsigned i = 0; i < m->domain->s.nr_vcpus; i++) {
        struct vcpu *v = &m->domain->s.vcpu[i];
        if (v->initialised)
            g_checksum_update(sum, (const guchar *)vcpu_regs(v), sizeof(struct regs));
    }
    for (uint32_t i = 0; i < m->mem->nr_frames; i++) {
        const uint8_t *page = frame_ptr(m->mem, MFN(i));
        if (!may_differ_from_zero(m, i) || is_zero(page))
            continue;
        g_checksum_update(sum, (const guchar *)&i, sizeof i);
        g_checksum_update(sum, page, RING1_PAGE_SIZE);
    }
    return g_strdup(g_checksum_get_string(sum));
}
