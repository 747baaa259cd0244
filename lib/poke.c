/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * poke.c - see poke.h. Memory is named by machine address, for page tables are the
 * guest's; what may not be written is found out before anything is recorded.
 */
#include "poke.h"

#include "debugger_priv.h"
#include "dispatch/page_type.h"
#include "dispatch/traps.h"
#include "emu/enter.h"
#include "record.h"

#include <string.h>
#include <xen/errno.h>

static bool refuse_poke(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool refuse_poke(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, RING1_ERROR, RING1_ERROR_STATE, text);
    return false;
}

static uint64_t get(const uint8_t *p, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

static void put(GByteArray *a, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        g_byte_array_append(a, &(guint8){(guint8)(v >> 8 * i)}, 1);
}

/* --- memory ------------------------------------------------------------------------- */

#define ADDRESS_BYTES 8u

/* NULL: it may be written; else what it is. */
static const char *whose(const struct domain *d, mfn_t mfn)
{
    if (!frame_exists(d->mem, mfn))
        return "there is no such frame";
    const struct frame *f = frame_info(d->mem, mfn);
    if (f->owner != d->s.domid)
        return f->owner == OWNER_DOMID_XEN ? "it is Xen's own" : "it is not the domain's";
    if (f->type_count > 0 && is_table((enum page_type)f->type))
        return "it is a page table, and Xen keeps account of its entries";
    if (f->type_count > 0 && f->type == PGT_seg_desc)
        return "it holds descriptors, and Xen keeps account of them";
    return NULL;
}

static bool find_page(struct vcpu *v, uint32_t va, mfn_t *mfn, GError **error)
{
    struct walk w;
    if (va >= v->domain->abi->hole)
        return refuse_poke(error, "%#x is the hypervisor's", va);
    if (guest_walk(v, GVA(va), ACCESS_READ, false, false, &w) != WALK_OK)
        return refuse_poke(error, "nothing is mapped at %#x", va);
    const char *why = whose(v->domain, w.mfn);
    if (why)
        return refuse_poke(error, "frame %#x at %#x cannot be written: %s", w.mfn.mfn, va, why);
    *mfn = w.mfn;
    return true;
}

bool poke_memory(ring1_machine *m, struct vcpu *v, uint32_t va, const void *src, uint32_t len, GError **error)
{
    const uint8_t *bytes = src;
    mfn_t mfn;
    if (len == 0)
        return true;
    if ((uint64_t)va + len > UINT64_C(1) << 32)
        return refuse_poke(error, "%u bytes at %#x go beyond 4 GiB", len, va);
    for (uint64_t page = va & ~(RING1_PAGE_SIZE - 1u); page < (uint64_t)va + len; page += RING1_PAGE_SIZE)
        if (!find_page(v, MAX((uint32_t)page, va), &mfn, error))
            return false;
    while (len > 0) {
        uint32_t offset = va % RING1_PAGE_SIZE, n = MIN(len, RING1_PAGE_SIZE - offset);
        if (!find_page(v, va, &mfn, error))
            return false;
        g_autoptr(GByteArray) poke = g_byte_array_new();
        put(poke, ((uint64_t)mfn.mfn << RING1_PAGE_SHIFT) + offset, ADDRESS_BYTES);
        g_byte_array_append(poke, bytes, n);
        machine_input(m, RECORD_POKE, poke->data, poke->len);
        va += n;
        bytes += n;
        len -= n;
    }
    return true;
}

bool poke_apply_memory(ring1_machine *m, const uint8_t *bytes, size_t len)
{
    struct domain *d = m->machine->domain;
    if (len <= ADDRESS_BYTES)
        return false;
    uint64_t at = get(bytes, ADDRESS_BYTES);
    size_t n = len - ADDRESS_BYTES, offset = at % RING1_PAGE_SIZE;
    if (at >> RING1_PAGE_SHIFT > UINT32_MAX || n > RING1_PAGE_SIZE - offset)
        return false;
    mfn_t mfn = MFN((uint32_t)(at >> RING1_PAGE_SHIFT));
    if (whose(d, mfn))
        return false;
    memcpy((uint8_t *)frame_ptr(d->mem, mfn) + offset, bytes + ADDRESS_BYTES, n);
    frame_changed(d, mfn);
    return true;
}

/* --- ring1_write -------------------------------------------------------------------- */

#define WRITE_HEAD  5u
#define WRITE_BYTES (64u << 10)

/* In pieces, for an event has its bounds; one that faults writes what is before. */
int32_t poke_write(ring1_machine *m, struct vcpu *v, gva_t va, const void *src, uint32_t len)
{
    const uint8_t *bytes = src;
    int32_t rc = 0;
    while (len > 0 && rc == 0) {
        uint32_t n = MIN(len, WRITE_BYTES);
        g_autoptr(GByteArray) write = g_byte_array_sized_new(WRITE_HEAD + n);
        put(write, v->id, 1);
        put(write, va.va, 4);
        g_byte_array_append(write, bytes, n);
        rc = machine_input(m, RECORD_WRITE, write->data, write->len) ? 0 : -XEN_EFAULT;
        va.va += n;
        bytes += n;
        len -= n;
    }
    return rc;
}

bool poke_apply_write(ring1_machine *m, const uint8_t *bytes, size_t len)
{
    struct domain_state *s = &m->machine->domain->s;
    if (len < WRITE_HEAD || len > WRITE_HEAD + WRITE_BYTES || bytes[0] >= s->nr_vcpus)
        return false;
    gva_t va = GVA((uint32_t)get(bytes + 1, 4));
    return guest_write(&s->vcpu[bytes[0]], va, bytes + WRITE_HEAD, (uint32_t)(len - WRITE_HEAD)) == 0;
}

/* --- registers ------------------------------------------------------------------------ */

/* The vcpu, ten words, six selectors; where they change, what FXSAVE stores. */
#define NR_WORDS        10u
#define NR_SELECTORS    6u
#define REGISTERS_BYTES (1u + NR_WORDS * 4u + NR_SELECTORS * 2u)
#define FXSAVE_BYTES    512u

/* IF stays set, IOPL 0 and VM clear, as Xen has it of a guest (docs/xen-abi.md 6.5). */
static uint32_t own_flags(uint32_t eflags)
{
    return (eflags & EFLAGS_ALL & ~(EFLAGS_IOPL | EFLAGS_VM | EFLAGS_RF)) | EFLAGS_IF | 2u;
}

static bool selectors_ok(struct vcpu *v, const struct regs *r, GError **error)
{
    const uint16_t all[] = {r->cs, r->ss, r->ds, r->es, r->fs, r->gs};
    uint64_t descriptor;
    uint32_t code = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++)
        if (((all[i] & ~3u) != 0 || i < 2) && !selector_descriptor(v, all[i], &descriptor))
            return refuse_poke(error, "selector %#x has no descriptor", all[i]);
    if ((r->cs & 3u) == 0 || (r->ss & 3u) == 0)
        return refuse_poke(error, "CS %#x and SS %#x: a guest has no ring 0", r->cs, r->ss);
    struct regs was = v->regs;
    v->regs = *r;
    unsigned vector = enter_check(v, &code);
    v->regs = was;
    if (vector)
        return refuse_poke(error, "CS %#x and SS %#x cannot be loaded", r->cs, r->ss);
    return true;
}

bool poke_registers(ring1_machine *m, struct vcpu *v, const struct ring1_registers *r, GError **error)
{
    const uint32_t words[NR_WORDS] = {r->eax, r->ebx, r->ecx, r->edx, r->esi,
                                      r->edi, r->ebp, r->esp, r->eip, r->eflags};
    const uint32_t selectors[NR_SELECTORS] = {r->cs, r->ss, r->ds, r->es, r->fs, r->gs};
    struct regs regs = *vcpu_regs(v);
    if (!v->initialised)
        return refuse_poke(error, "vcpu %u was never started", v->id);
    for (unsigned i = 0; i < NR_SELECTORS; i++)
        if (selectors[i] > UINT16_MAX)
            return refuse_poke(error, "selector %#x has more than 16 bits", selectors[i]);
    regs.cs = (uint16_t)r->cs, regs.ss = (uint16_t)r->ss, regs.ds = (uint16_t)r->ds;
    regs.es = (uint16_t)r->es, regs.fs = (uint16_t)r->fs, regs.gs = (uint16_t)r->gs;
    if (!selectors_ok(v, &regs, error))
        return false;
    g_autoptr(GByteArray) poke = g_byte_array_sized_new(REGISTERS_BYTES);
    put(poke, v->id, 1);
    for (unsigned i = 0; i < NR_WORDS; i++)
        put(poke, words[i], 4);
    for (unsigned i = 0; i < NR_SELECTORS; i++)
        put(poke, selectors[i], 2);
    uint8_t fpu[FXSAVE_BYTES];
    machine_get_fpu(m->machine, v, fpu);
    if (memcmp(fpu, r->fxsave, sizeof fpu) != 0)
        g_byte_array_append(poke, r->fxsave, sizeof r->fxsave);
    return machine_input(m, RECORD_REGISTERS, poke->data, poke->len) ||
           refuse_poke(error, "the registers were not taken");
}

bool poke_apply_registers(ring1_machine *m, const uint8_t *bytes, size_t len)
{
    struct machine *machine = m->machine;
    struct domain_state *s = &machine->domain->s;
    if ((len != REGISTERS_BYTES && len != REGISTERS_BYTES + FXSAVE_BYTES) || bytes[0] >= s->nr_vcpus)
        return false;
    struct vcpu *v = &s->vcpu[bytes[0]];
    uint32_t words[NR_WORDS];
    uint16_t selectors[NR_SELECTORS];
    for (unsigned i = 0; i < NR_WORDS; i++)
        words[i] = (uint32_t)get(bytes + 1 + 4 * i, 4);
    for (unsigned i = 0; i < NR_SELECTORS; i++)
        selectors[i] = (uint16_t)get(bytes + 1 + 4 * NR_WORDS + 2 * i, 2);
    struct regs *r = vcpu_regs_mut(v);
    if (v == machine->current && (r->eip != words[8] || r->eax != words[0]))
        machine->s.goes_on = false; /* not the rest of the last call */
    *r = (struct regs){.eax = words[0],
                       .ebx = words[1],
                       .ecx = words[2],
                       .edx = words[3],
                       .esi = words[4],
                       .edi = words[5],
                       .ebp = words[6],
                       .esp = words[7],
                       .eip = words[8],
                       .eflags = own_flags(words[9]),
                       .cs = selectors[0],
                       .ss = selectors[1],
                       .ds = selectors[2],
                       .es = selectors[3],
                       .fs = selectors[4],
                       .gs = selectors[5]};
    if (len == REGISTERS_BYTES)
        return true;
    memcpy(v->fpu, bytes + REGISTERS_BYTES, FXSAVE_BYTES);
    v->fpu_given = true;
    return true;
}
