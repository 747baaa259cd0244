/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * machine_file.c - see machine_file.h.
 */
#include "machine_file.h"

#include "dispatch/domain_fields.h"
#include "dispatch/memory_image.h"

#include <string.h>

#define ANY STATE_ANY
/* Clocks and counts: no run gets there, and sums of two still fit. */
#define FAR (UINT64_C(1) << 62)

/* --- rows --------------------------------------------------------------------------- */

static const struct state_field idle_rows[] = {
    STATE_N(idle_state, looks, ANY), STATE_B(idle_state, waiting),          STATE_N(idle_state, last, FAR),
    STATE_N(idle_state, calls, FAR), STATE_N(idle_state, quiet_since, FAR), STATE_B(idle_state, watching),
    STATE_B(idle_state, closed),     STATE_N(idle_state, pass_until, ANY),
};
static const struct state_type idle_type = STATE_TYPE(idle_state, idle_rows);

static const struct state_field step_rows[] = {
    STATE_B(step_state, wanted),
    STATE_B(step_state, passed),
    STATE_N(step_state, passed_at, ANY),
};
static const struct state_type step_type = STATE_TYPE(step_state, step_rows);

static const struct state_field call_rows[] = {
    STATE_N(call_record, nr, ANY),          STATE_N(call_record, result, ANY),
    STATE_N(call_record, eip, ANY),         STATE_N(call_record, vcpu, MAX_VCPUS - 1),
    STATE_B(call_record, continued),        STATE_N(call_record, nr_entries, ANY),
    STATE_N(call_record, first_entry, ANY), STATE_T(call_record, why),
    STATE_NS(call_record, arg, ANY),
};
static const struct state_type call_type = STATE_TYPE(call_record, call_rows);

static const struct state_field block_rows[] = {
    STATE_N(block_state, end, ANY),
    STATE_N(block_state, deadline, ANY),
    STATE_N(block_state, start, ANY),
    STATE_N(block_state, size, ANY),
};
static const struct state_type block_type = STATE_TYPE(block_state, block_rows);

#define N(f, m) STATE_N(machine_state, f, m)
#define B(f)    STATE_B(machine_state, f)
static const struct state_field machine_rows[] = {
    N(hypercalls, FAR),
    N(sum, ANY),
    N(traps, FAR),
    B(switched),
    B(goes_on),
    STATE_S(machine_state, idle, &idle_type),
    STATE_S(machine_state, step, &step_type),
    STATE_SS(machine_state, steps, &step_type),
    N(polled, FAR),
    B(unseen),
    N(looked, ANY),
    N(jump_to, ANY),
    B(fpu_live),
    STATE_S(machine_state, block, &block_type),
    STATE_SS(machine_state, last_call, &call_type),
};
#undef N
#undef B
static const struct state_type machine_type = STATE_TYPE(machine_state, machine_rows);

static const struct state_field cpu_rows[] = {
    STATE_S(cpu_state, regs, &regs_state_type),
    STATE_NS(cpu_state, descriptor, ANY),
    STATE_N(cpu_state, shadow, 1),
    STATE_N(cpu_state, mxcsr, 0xFFFF),
    STATE_Y(cpu_state, fpu),
};
static const struct state_type cpu_type = STATE_TYPE(cpu_state, cpu_rows);

/* What stands before the rest. */
struct machine_head {
    uint64_t clock;
    uint32_t nr_frames, m2p, m2p_frames;
};
static const struct state_field head_rows[] = {
    STATE_N(machine_head, clock, FAR),
    STATE_N(machine_head, nr_frames, ANY),
    STATE_N(machine_head, m2p, ANY),
    STATE_N(machine_head, m2p_frames, ANY),
};
static const struct state_type head_type = STATE_TYPE(machine_head, head_rows);

static const struct state_type *const types[] = {
    &head_type, &domain_state_type, &vcpu_state_type, &machine_type, &cpu_type, &frame_state_type, NULL};

const struct state_type *const *machine_state_types(void)
{
    return types;
}

char *machine_layout(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; types[i]; i++)
        state_describe(text, types[i]);
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, (gssize)text->len);
}

/* --- out ----------------------------------------------------------------------------- */

GBytes *machine_pack(struct machine *m)
{
    GByteArray *out = g_byte_array_new();
    struct domain_state *s = &m->domain->s;
    const struct machine_head head = {.clock = cpu_clock(m->cpu),
                                      .nr_frames = m->mem->nr_frames,
                                      .m2p = m->mem->m2p.mfn,
                                      .m2p_frames = m->mem->m2p_frames};
    for (unsigned i = 0; i < s->nr_vcpus; i++)
        vcpu_regs(&s->vcpu[i]);
    state_pack(out, &head_type, &head);
    state_pack(out, &domain_state_type, s);
    for (unsigned i = 0; i < s->nr_vcpus; i++) {
        struct cpu_state cpu;
        cpu_select(m->cpu, i);
        cpu_export(m->cpu, &cpu);
        state_pack(out, &vcpu_state_type, &s->vcpu[i]);
        state_pack(out, &cpu_type, &cpu);
    }
    cpu_select(m->cpu, m->current->id);
    state_pack(out, &machine_type, &m->s);
    return g_byte_array_free_to_bytes(out);
}

GBytes *machine_pack_frames(const struct machine *m)
{
    GByteArray *out = g_byte_array_sized_new(m->mem->nr_frames * 14u);
    for (uint32_t i = 0; i < m->mem->nr_frames; i++)
        state_pack(out, &frame_state_type, frame_info(m->mem, MFN(i)));
    return g_byte_array_free_to_bytes(out);
}

/* --- back ---------------------------------------------------------------------------- */

static bool bad(GError **error, const char *what)
{
    g_set_error_literal(error, RING1_ERROR, RING1_ERROR_INPUT, what);
    return false;
}

void machine_unpack_begin(struct machine *m)
{
    struct memory *mem = m->mem;
    for (uint32_t i = 0; i < mem->nr_frames; i++) {
        if (!memory_may_differ_from_zero(mem, MFN(i)))
            continue;
        memset(frame_ptr(mem, MFN(i)), 0, RING1_PAGE_SIZE);
        frame_dirty(mem, MFN(i));
    }
    machine_flush_tlb(m);
    machine_forget_all_code(m);
}

bool machine_unpack_page(struct machine *m, uint32_t mfn, const uint8_t *bytes, GError **error)
{
    if (!frame_exists(m->mem, MFN(mfn))) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "frame %#x: there are %#x", mfn,
                    m->mem->nr_frames);
        return false;
    }
    memcpy(frame_ptr(m->mem, MFN(mfn)), bytes, RING1_PAGE_SIZE);
    frame_dirty(m->mem, MFN(mfn));
    return true;
}

static struct state_bytes all_of(GBytes *bytes)
{
    gsize len;
    const uint8_t *at = g_bytes_get_data(bytes, &len);
    return (struct state_bytes){at, len};
}

bool machine_unpack_frames(struct machine *m, GBytes *bytes, GError **error)
{
    struct state_bytes from = all_of(bytes);
    for (uint32_t i = 0; i < m->mem->nr_frames; i++)
        if (!state_unpack(&from, &frame_state_type, frame_edit(m->mem, MFN(i)), error))
            return false;
    return from.left == 0 || bad(error, "there are more frames than the machine has");
}

static bool same_machine(const struct machine *m, const struct machine_head *head, GError **error)
{
    const struct memory *mem = m->mem;
    if (head->nr_frames == mem->nr_frames && head->m2p == mem->m2p.mfn && head->m2p_frames == mem->m2p_frames)
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT,
                "its frames (%#x, the m2p %u from %#x on) are not those of its configuration (%#x, %u, %#x)",
                head->nr_frames, head->m2p_frames, head->m2p, mem->nr_frames, mem->m2p_frames, mem->m2p.mfn);
    return false;
}

static bool unpack_vcpus(struct machine *m, struct state_bytes *from, struct domain_state *s, GError **error)
{
    for (unsigned i = 0; i < s->nr_vcpus; i++) {
        struct cpu_state cpu = {0};
        if (!state_unpack(from, &vcpu_state_type, &s->vcpu[i], error) ||
            !state_unpack(from, &cpu_type, &cpu, error))
            return false;
        cpu_select(m->cpu, i);
        if (!cpu_import(m->cpu, &cpu))
            return bad(error, "a vcpu has segments that none can have");
    }
    return true;
}

bool machine_unpack(struct machine *m, GBytes *bytes, GError **error)
{
    struct state_bytes from = all_of(bytes);
    struct machine_head head = {0};
    g_autofree struct domain_state *s = g_memdup2(&m->domain->s, sizeof m->domain->s);
    unsigned nr_vcpus = s->nr_vcpus;
    if (!state_unpack(&from, &head_type, &head, error) || !same_machine(m, &head, error) ||
        !state_unpack(&from, &domain_state_type, s, error))
        return false;
    if (s->nr_vcpus != nr_vcpus || s->queue.current >= nr_vcpus)
        return bad(error, "its vcpus are not those of its configuration");
    if (!unpack_vcpus(m, &from, s, error) || !state_unpack(&from, &machine_type, &m->s, error))
        return false;
    if (from.left)
        return bad(error, "there is more state than a machine has");
    cpu_select(m->cpu, s->queue.current);
    for (unsigned i = nr_vcpus; i < MAX_VCPUS; i++)
        s->vcpu[i].info_mfn = s->shared_info;
    m->domain->s = *s;
    cpu_set_clock(m->cpu, head.clock);
    return true;
}

bool machine_unpack_end(struct machine *m, const uint32_t *backend, GError **error)
{
    struct domain *d = m->domain;
    m->current = &d->s.vcpu[d->s.queue.current];
    if (!domain_check(d, backend, error))
        return false;
    if (m->s.looked != UINT64_MAX && m->s.looked > FAR)
        return bad(error, "its clock cannot be");
    domain_restored(d);
    return true;
}
