/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * insn.c - fetching and keeping decoded instructions, and the search for the
 * operand that a fault is about.
 */
#include "insn.h"

#include "dispatch/traps.h"
#include "insn_decode.h"

#include <string.h>

#define CACHE_BITS 11u

/* The same address in another address space, or new bytes there, replaces what
 * was kept. */
struct slot {
    uint32_t cr3, linear;
    bool used;
    struct insn insn;
};

struct insn_cache {
    csh handle[2]; /* 16-bit code, 32-bit code */
    cs_insn *scratch;
    struct slot slots[1u << CACHE_BITS];
};

struct insn_cache *insn_cache_new(void)
{
    static const cs_mode MODES[2] = {CS_MODE_16, CS_MODE_32};
    struct insn_cache *cache = g_new0(struct insn_cache, 1);
    for (unsigned i = 0; i < 2; i++) {
        if (cs_open(CS_ARCH_X86, MODES[i], &cache->handle[i]) != CS_ERR_OK ||
            cs_option(cache->handle[i], CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK) {
            insn_cache_free(cache);
            return NULL;
        }
    }
    cache->scratch = cs_malloc(cache->handle[1]);
    if (!cache->scratch)
        g_clear_pointer(&cache, insn_cache_free);
    return cache;
}

void insn_cache_free(struct insn_cache *cache)
{
    if (!cache)
        return;
    if (cache->scratch)
        cs_free(cache->scratch, 1);
    for (unsigned i = 0; i < 2; i++) {
        if (cache->handle[i])
            cs_close(&cache->handle[i]);
    }
    g_free(cache);
}

uint32_t *insn_register(struct regs *r, unsigned number)
{
    uint32_t *const BY_NUMBER[8] = {&r->eax, &r->ecx, &r->edx, &r->ebx, &r->esp, &r->ebp, &r->esi, &r->edi};
    return BY_NUMBER[number & 7u];
}

static uint32_t register_value(const struct regs *r, unsigned number)
{
    const uint32_t by_number[8] = {r->eax, r->ecx, r->edx, r->ebx, r->esp, r->ebp, r->esi, r->edi};
    return by_number[number & 7u];
}

uint16_t insn_selector(const struct regs *r, enum insn_segment segment)
{
    const uint16_t by_number[6] = {r->es, r->cs, r->ss, r->ds, r->fs, r->gs};
    return by_number[segment];
}

/* Bit 54 of a descriptor: 32-bit code, or a 32-bit stack. */
static bool segment_is_32(struct vcpu *v, uint16_t selector)
{
    const struct abi *abi = v->domain->abi;
    uint64_t desc;
    if (selector == abi->kernel_cs || selector == abi->user_cs || selector == abi->kernel_ds ||
        selector == abi->user_ds)
        return true;
    return !selector_descriptor(v, selector, &desc) || (desc & (1ull << 54));
}

bool insn_code_address(struct vcpu *v, uint32_t *linear)
{
    const struct abi *abi = v->domain->abi;
    const struct regs *r = vcpu_regs(v);
    uint32_t base = 0;
    if (r->cs != abi->kernel_cs && r->cs != abi->user_cs && !selector_base(v, r->cs, &base))
        return false;
    *linear = base + r->eip;
    return true;
}

/* Bytes at `linear` as far as they can be fetched; returns how many. */
static unsigned fetch(struct vcpu *v, uint32_t linear, uint8_t bytes[INSN_MAX_BYTES])
{
    unsigned done = 0;
    bool ring3 = regs_ring(vcpu_regs(v)) == 3;
    while (done < INSN_MAX_BYTES) {
        uint32_t va = linear + done;
        uint32_t offset = va & (RING1_PAGE_SIZE - 1);
        uint32_t n = MIN(INSN_MAX_BYTES - done, RING1_PAGE_SIZE - offset);
        struct walk w;
        if (guest_walk(v, GVA(va), ACCESS_FETCH, ring3, false, &w) != WALK_OK)
            break;
        memcpy(bytes + done, (const uint8_t *)frame_ptr(v->domain->mem, w.mfn) + offset, n);
        done += n;
    }
    return done;
}

unsigned insn_fetch(struct vcpu *v, uint8_t bytes[INSN_MAX_BYTES])
{
    uint32_t linear;
    return insn_code_address(v, &linear) ? fetch(v, linear, bytes) : 0;
}

const struct insn *insn_at(struct insn_cache *cache, struct vcpu *v)
{
    uint8_t bytes[INSN_MAX_BYTES];
    uint32_t linear;
    if (!insn_code_address(v, &linear))
        return NULL;
    unsigned n = fetch(v, linear, bytes);
    if (n == 0)
        return NULL;
    bool code32 = segment_is_32(v, vcpu_regs(v)->cs);
    uint32_t hash = (linear ^ v->cr3.mfn * 0x9E3779B9u) * 0x85EBCA6Bu;
    struct slot *s = &cache->slots[hash >> (32u - CACHE_BITS)];
    /* Bytes beyond the instruction do not matter, unless there is none. */
    unsigned length = s->insn.length ? s->insn.length : s->insn.fetched;
    if (s->used && s->linear == linear && s->cr3 == v->cr3.mfn && s->insn.code32 == code32 && length <= n &&
        (s->insn.length || length == n) && memcmp(s->insn.bytes, bytes, length) == 0)
        return &s->insn;

    *s = (struct slot){.cr3 = v->cr3.mfn, .linear = linear, .used = true};
    memcpy(s->insn.bytes, bytes, n);
    s->insn.fetched = (uint8_t)n;
    s->insn.code32 = code32;
    insn_decode(cache->handle[code32], cache->scratch, &s->insn);
    return &s->insn;
}

void insn_text(struct insn_cache *cache, const uint8_t *bytes, unsigned length, uint32_t address, bool code32,
               char *text, size_t size)
{
    csh handle = cache->handle[code32];
    const uint8_t *code = bytes;
    size_t left = length;
    uint64_t at = address;
    text[0] = '\0';
    cs_option(handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
    if (cs_disasm_iter(handle, &code, &left, &at, cache->scratch))
        g_snprintf(text, size, "%s%s%s", cache->scratch->mnemonic, cache->scratch->op_str[0] ? " " : "",
                   cache->scratch->op_str);
    cs_option(handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_INTEL);
}

uint32_t insn_operand_offset(struct vcpu *v, const struct insn_operand *op)
{
    const struct regs *r = vcpu_regs(v);
    uint32_t offset = op->displacement;
    if (op->base >= 0)
        offset += register_value(r, (unsigned)op->base);
    if (op->index >= 0)
        offset += register_value(r, (unsigned)op->index) * op->scale;
    else if (op->index == INSN_INDEX_AL)
        offset += r->eax & 0xFFu;
    if (op->bit >= 0) {
        uint32_t bit = register_value(r, (unsigned)op->bit);
        int32_t value = op->bit_unit == 2 ? (int16_t)bit : (int32_t)bit;
        offset += (uint32_t)((value >> (op->bit_unit == 2 ? 4 : 5)) * op->bit_unit);
    }
    bool wide = op->implicit_stack ? segment_is_32(v, r->ss) : op->wide;
    return wide ? offset : offset & 0xFFFFu;
}

bool insn_operand_address(struct vcpu *v, const struct insn_operand *op, uint32_t *address)
{
    uint32_t base = 0;
    uint16_t selector = insn_selector(vcpu_regs(v), op->segment);
    if (selector != v->domain->abi->kernel_cs && selector != v->domain->abi->user_cs &&
        !selector_base(v, selector, &base))
        return false;
    *address = base + insn_operand_offset(v, op);
    return true;
}

/* First byte of [start, start + size) in `page`; false when there is none. */
static bool first_byte(uint32_t start, uint32_t size, uint32_t page, uint32_t *address)
{
    if ((start & ~(RING1_PAGE_SIZE - 1)) == page) {
        *address = start;
        return true;
    }
    *address = page;
    return page - start < size; /* it wraps at 4 GiB as addresses do */
}

static const struct insn_operand *find_operand(struct insn_cache *cache, struct vcpu *v, uint32_t page,
                                               enum access access, uint32_t *address)
{
    const struct insn *in = insn_at(cache, v);
    for (unsigned pass = 0; in && pass < 2; pass++) {
        for (unsigned i = 0; i < in->nr_operands; i++) {
            const struct insn_operand *op = &in->operands[i];
            bool fits = access == ACCESS_WRITE ? op->writes : op->reads;
            uint32_t start;
            /* An access of the other kind will do when no better one is found:
             * engines read and write what they modify in their own way. */
            if (fits == (pass == 0) && insn_operand_address(v, op, &start) &&
                first_byte(start, op->size, page, address))
                return op;
        }
    }
    return NULL;
}

bool insn_fault_address(struct insn_cache *cache, struct vcpu *v, uint32_t page, enum access access,
                        uint32_t *address)
{
    page &= ~(RING1_PAGE_SIZE - 1);
    *address = page;
    if (access == ACCESS_FETCH) {
        uint32_t linear;
        return insn_code_address(v, &linear) && first_byte(linear, INSN_MAX_BYTES, page, address);
    }
    if (find_operand(cache, v, page, access, address))
        return true;
    *address = page;
    return false;
}

bool insn_stack_access(struct insn_cache *cache, struct vcpu *v, uint32_t page, enum access access)
{
    uint32_t address;
    page &= ~(RING1_PAGE_SIZE - 1);
    if (access == ACCESS_FETCH)
        return false;
    const struct insn_operand *op = find_operand(cache, v, page, access, &address);
    return op && op->segment == SEG_SS;
}
