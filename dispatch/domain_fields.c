/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * domain_fields.c - see domain_fields.h: one row a field, with the most that it may be.
 * What depends on other fields is domain_check's.
 */
#include "domain_fields.h"

#include <ring1/types.h>

#define ANY STATE_ANY

#define F(f, m) STATE_N(regs, f, m)
static const struct state_field regs_rows[] = {
    F(eax, ANY), F(ebx, ANY),    F(ecx, ANY), F(edx, ANY), F(esi, ANY), F(edi, ANY), F(ebp, ANY), F(esp, ANY),
    F(eip, ANY), F(eflags, ANY), F(cs, ANY),  F(ss, ANY),  F(ds, ANY),  F(es, ANY),  F(fs, ANY),  F(gs, ANY),
};
#undef F
const struct state_type regs_state_type = STATE_TYPE(regs, regs_rows);

static const struct state_field frame_rows[] = {
    STATE_N(frame, count, ANY),         STATE_N(frame, type_count, ANY), STATE_N(frame, owner, ANY),
    STATE_N(frame, type, PGT_writable), STATE_N(frame, flags, 0x1F),
    STATE_N(frame, linear, ANY),
};
const struct state_type frame_state_type = STATE_TYPE(frame, frame_rows);

static const struct state_field gate_rows[] = {
    STATE_N(trap_gate, address, ANY),
    STATE_N(trap_gate, cs, ANY),
    STATE_N(trap_gate, flags, ANY),
};
static const struct state_type gate_type = STATE_TYPE(trap_gate, gate_rows);

static const struct state_field callback_rows[] = {
    STATE_N(callback, eip, ANY),
    STATE_N(callback, cs, ANY),
    STATE_B(callback, mask_events),
};
static const struct state_type callback_type = STATE_TYPE(callback, callback_rows);

static const struct state_field queue_rows[] = {
    STATE_N(run_queue, current, MAX_VCPUS - 1),
    STATE_N(run_queue, runnable, ANY),
    STATE_N(run_queue, urgent, ANY),
    STATE_N(run_queue, yielding, ANY),
    STATE_B(run_queue, everyone),
    STATE_N(run_queue, slice_end, ANY),
    STATE_N(run_queue, hold_until, ANY),
    STATE_N(run_queue, look_at, ANY),
    STATE_N(run_queue, spin_eip, ANY),
    STATE_N(run_queue, spin_esp, ANY),
};
static const struct state_type queue_type = STATE_TYPE(run_queue, queue_rows);

/* The way back to the domain has no row. */
#define N(f, m)  STATE_N(vcpu, f, m)
#define NS(f, m) STATE_NS(vcpu, f, m)
#define B(f)     STATE_B(vcpu, f)
static const struct state_field vcpu_rows[] = {
    N(id, MAX_VCPUS - 1),
    B(initialised),
    N(run, VCPU_DORMANT),
    N(run_up, VCPU_DORMANT),
    B(yielded),
    N(attention, 0xFF),
    STATE_S(vcpu, regs, &regs_state_type),
    B(regs_loaded),
    B(regs_changed),
    N(cr3, ANY),
    N(cr2, ANY),
    B(ts),
    N(cr4, ANY),
    N(mcg_status, ANY),
    NS(mci_ctl2, ANY),
    B(cpuid_faulting),
    NS(dr, ANY),
    N(iopl, 3),
    N(iobitmap, ANY),
    N(iobitmap_ports, 65536),
    N(kernel_ss, ANY),
    N(kernel_sp, ANY),
    STATE_SS(vcpu, traps, &gate_type),
    N(fast_trap, NR_TRAPS - 1),
    STATE_S(vcpu, event_callback, &callback_type),
    STATE_S(vcpu, failsafe_callback, &callback_type),
    B(nmi_pending),
    B(nmi_masked),
    B(fpu_given),
    STATE_Y(vcpu, fpu),
    N(gdt_entries, MAX_GDT_FRAMES * 512),
    NS(gdt, ANY),
    N(ldt_base, ANY),
    N(ldt_entries, 8192),
    NS(ldt, ANY),
    N(info_mfn, ANY),
    N(info_offset, RING1_PAGE_SIZE - 1),
    N(singleshot, ANY),
    N(periodic, ANY),
    N(periodic_next, ANY),
    N(poll_until, ANY),
    N(poll_nr, 128),
    NS(poll_ports, NR_EVTCHNS - 1),
    NS(virq_port, NR_EVTCHNS - 1),
    N(runstate, 3),
    N(runstate_since, ANY),
    NS(runstate_time, ANY),
    N(runstate_area, ANY),
    N(time_area, ANY),
    N(time_updated, ANY),
    N(maptrack_head, ANY),
    N(maptrack_tail, ANY),
};
#undef N
#undef NS
#undef B
const struct state_type vcpu_state_type = STATE_TYPE(vcpu, vcpu_rows);

static const struct state_field evtchn_rows[] = {
    STATE_N(evtchn, kind, ECS_IPI),       STATE_N(evtchn, backend, BACKEND_DEVICE),
    STATE_N(evtchn, vcpu, MAX_VCPUS - 1), STATE_N(evtchn, remote_dom, ANY),
    STATE_N(evtchn, remote_port, ANY),    STATE_N(evtchn, virq, ANY),
};
static const struct state_type evtchn_type = STATE_TYPE(evtchn, evtchn_rows);

static const struct state_field grant_rows[] = {
    STATE_N(grant_table, version, 2),
    STATE_N(grant_table, nr_frames, MAX_GRANT_FRAMES),
    STATE_NS(grant_table, frames, ANY),
    STATE_NS(grant_table, active, ANY),
    STATE_N(grant_table, nr_maptrack, MAX_MAPTRACK_FRAMES),
    STATE_NS(grant_table, maptrack, ANY),
};
static const struct state_type grant_type = STATE_TYPE(grant_table, grant_rows);

static const struct state_field stale_rows[] = {
    STATE_N(stale, generation, ANY),
    STATE_N(stale, nr, 8),
    STATE_NS(stale, page, ANY),
    STATE_NS(stale, entry, ANY),
};
static const struct state_type stale_type = STATE_TYPE(stale, stale_rows);

static const struct state_field preempt_rows[] = {
    STATE_N(preempt, work, ANY),   STATE_N(preempt, limit, ANY),  STATE_B(preempt, continued),
    STATE_N(preempt, cursor, ANY), STATE_N(preempt, random, ANY),
};
static const struct state_type preempt_type = STATE_TYPE(preempt, preempt_rows);

static const struct state_field held_rows[] = {
    STATE_B(held_call, active),
    STATE_N(held_call, list, ANY),
    STATE_N(held_call, nr, ANY),
    STATE_N(held_call, next, ANY),
};
static const struct state_type held_type = STATE_TYPE(held_call, held_rows);

static const struct state_field xenoprof_rows[] = {
    STATE_N(xenoprof_state, first, ANY),
    STATE_N(xenoprof_state, nr, MAX_VCPUS),
    STATE_N(xenoprof_state, bytes, ANY),
};
static const struct state_type xenoprof_type = STATE_TYPE(xenoprof_state, xenoprof_rows);

static const struct state_field watchdog_rows[] = {
    STATE_B(watchdog, armed),
    STATE_N(watchdog, deadline, ANY),
};
static const struct state_type watchdog_type = STATE_TYPE(watchdog, watchdog_rows);

static const struct state_field e820_rows[] = {
    STATE_N(e820_entry, addr, ANY),
    STATE_N(e820_entry, size, ANY),
    STATE_N(e820_entry, type, ANY),
};
static const struct state_type e820_type = STATE_TYPE(e820_entry, e820_rows);

#define N(f, m) STATE_N(exception_record, f, m)
static const struct state_field exception_rows[] = {
    N(ns, ANY),
    N(times, ANY),
    N(vector, 0xFFFF),
    N(vcpu, MAX_VCPUS - 1),
    N(error, ANY),
    N(cr2, ANY),
    N(frame, ANY),
    STATE_B(exception_record, has_error),
    STATE_B(exception_record, has_frame),
    STATE_S(exception_record, regs, &regs_state_type),
};
#undef N
static const struct state_type exception_type = STATE_TYPE(exception_record, exception_rows);

static const struct state_field entry_rows[] = {
    STATE_N(entry_record, nr, ANY),
    STATE_N(entry_record, result, ANY),
    STATE_NS(entry_record, arg, ANY),
};
static const struct state_type entry_type = STATE_TYPE(entry_record, entry_rows);

static const struct state_field refused_rows[] = {
    STATE_N(refused_record, entry, ANY),
    STATE_T(refused_record, why),
};
static const struct state_type refused_type = STATE_TYPE(refused_record, refused_rows);

#define N(f, m)  STATE_N(domain_state, f, m)
#define NS(f, m) STATE_NS(domain_state, f, m)
#define B(f)     STATE_B(domain_state, f)
#define S(f, t)  STATE_S(domain_state, f, &t)
#define SS(f, t) STATE_SS(domain_state, f, &t)
static const struct state_field domain_rows[] = {
    N(domid, 0x7FEF),
    N(nr_pages, 1u << 20),
    N(tot_pages, 1u << 20),
    N(max_pages, 1u << 20),
    N(vm_assist, ANY),
    B(paused),
    B(e820_set),
    N(e820_nr, MAX_E820),
    SS(e820, e820_type),
    N(shared_info, ANY),
    N(gdt_reserved, ANY),
    N(console_mfn, ANY),
    N(store_mfn, ANY),
    N(console_port, NR_EVTCHNS - 1),
    N(store_port, NR_EVTCHNS - 1),
    N(control_port, NR_EVTCHNS - 1),
    N(nr_vcpus, MAX_VCPUS),
    N(shutdown, ANY),
    N(shutdown_code, ANY),
    N(pirqs, ANY),
    N(pirq_eoi_map, ANY),
    B(crashed),
    STATE_T(domain_state, crash_text),
    N(crash_place, CRASH_FRAME),
    N(crash_where, ANY),
    N(nr_exceptions, ANY),
    SS(exception, exception_type),
    N(nr_entries, ANY),
    SS(entry, entry_type),
    N(nr_refused, ANY),
    SS(refused, refused_type),
    S(preempt, preempt_type),
    S(held, held_type),
    S(queue, queue_type),
    N(attention, 0xFF),
    N(translation_generation, ANY),
    S(stale, stale_type),
    N(forget_nr, 17),
    NS(forget, ANY),
    N(pci_cf8, ANY),
    N(cmos_index, ANY),
    SS(watchdog, watchdog_type),
    S(xenoprof, xenoprof_type),
    N(wallclock_ns, ANY),
    SS(evtchn, evtchn_type),
    N(evtchn_top, NR_EVTCHNS),
    N(xen_frame_cursor, ANY),
    N(lowest_free, ANY),
    S(grant, grant_type),
};
const struct state_type domain_state_type = STATE_TYPE(domain_state, domain_rows);
