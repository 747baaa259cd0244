/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * backtrace.c - see backtrace.h. The chain of frame pointers is followed where there
 * is one; where the compiler kept none, the stack is searched for what looks like a
 * return address.
 */
#include "backtrace.h"

#include "dispatch/hypercall_page.h"
#include "dispatch/traps.h"

#include <string.h>

/* `int $0x82` */
#define INT_BYTES 2u

/* A frame that lies farther up is another stack's. */
#define FRAME_MAX    0x4000u
#define SEARCH_WORDS 256u

/* Bytes of FF /2 with this ModRM, and the SIB that may follow. */
static unsigned indirect_length(const uint8_t *modrm)
{
    unsigned mod = modrm[0] >> 6, rm = modrm[0] & 7u;
    if (mod == 3)
        return 2;
    bool sib = rm == 4;
    bool disp32 = mod == 2 || (mod == 0 && (rm == 5 || (sib && (modrm[1] & 7u) == 5)));
    return 2 + sib + (disp32 ? 4 : mod);
}

static bool is_indirect(const uint8_t *end, unsigned length)
{
    const uint8_t *at = end - length;
    return at[0] == 0xFF && (at[1] & 0x38u) == 0x10u && indirect_length(at + 1) == length;
}

unsigned backtrace_call_before(struct vcpu *v, uint32_t va)
{
    static const uint8_t lengths[] = {6, 3, 7, 4};
    uint8_t b[8];
    if (va < sizeof b || guest_peek(v, GVA(va - 7), b, 7))
        return 0;
    b[7] = 0;
    if (is_indirect(b + 7, 2)) /* by a register, mostly: sooner than a distance that ends so */
        return 2;
    if (b[2] == 0xE8)
        return 5;
    for (unsigned i = 0; i < sizeof lengths; i++)
        if (is_indirect(b + 7, lengths[i]))
            return lengths[i];
    return 0;
}

bool backtrace_in_stub(struct vcpu *v, uint32_t eip)
{
    uint32_t start = eip - HYPERCALL_STUB_INT_END;
    uint8_t found[HYPERCALL_STUB_BYTES], stub[HYPERCALL_STUB_BYTES];
    if (start % HYPERCALL_STUB_SIZE != 0)
        return false;
    return hypercall_stub((start & (RING1_PAGE_SIZE - 1)) / HYPERCALL_STUB_SIZE, stub) &&
           guest_peek(v, GVA(start), found, sizeof found) == 0 && memcmp(found, stub, sizeof found) == 0;
}

uint32_t backtrace_call_site(struct vcpu *v, uint32_t eip, uint32_t esp)
{
    uint32_t caller;
    if (backtrace_in_stub(v, eip) && guest_peek(v, GVA(esp), &caller, sizeof caller) == 0)
        return caller - backtrace_call_before(v, caller);
    return eip - INT_BYTES;
}

/* By frame pointers, from the one in EBP on; `stack` is where the stack begins. */
static unsigned follow(struct vcpu *v, uint32_t base, uint32_t stack, uint32_t ebp,
                       struct ring1_stack_frame *frames, unsigned max)
{
    unsigned n = 0;
    uint32_t at = base + ebp, word[2];
    while (n < max && at % 4 == 0 && at >= stack && at - stack < FRAME_MAX &&
           guest_peek(v, GVA(at), word, sizeof word) == 0 && backtrace_follows_call(v, word[1])) {
        frames[n++] = (struct ring1_stack_frame){.eip = word[1]};
        stack = at + 8;
        at = base + word[0];
    }
    return n;
}

/* What looks like a return address into the image's code. */
static unsigned search(struct vcpu *v, const struct symbols *symbols, uint32_t stack,
                       struct ring1_stack_frame *frames, unsigned max)
{
    unsigned n = 0;
    uint32_t word;
    for (unsigned i = 0; i < SEARCH_WORDS && n < max && guest_peek(v, GVA(stack + i * 4), &word, 4) == 0; i++)
        if ((!symbols_has_code(symbols) || symbols_is_code(symbols, word)) && backtrace_follows_call(v, word))
            frames[n++] = (struct ring1_stack_frame){.eip = word, .guess = true};
    return n;
}

/* Where a function was just entered, or what was jumped to is no code, the return address is on
 * top of the stack, or below the frame pointer that was pushed first. 0: it is in neither place. */
static uint32_t fresh_return(struct vcpu *v, struct symbols *symbols, uint32_t eip, uint32_t stack)
{
    uint32_t start, word[2];
    uint8_t byte;
    bool code = guest_peek(v, GVA(eip), &byte, 1) == 0;
    bool known = code && symbols_function(symbols, eip, &start);
    if ((code && !known) || guest_peek(v, GVA(stack), word, sizeof word))
        return 0;
    unsigned at = !code || eip == start ? 0 : 1;
    if (at == 1 && (eip != start + 1 || guest_peek(v, GVA(start), &byte, 1) || byte != 0x55)) /* push %ebp */
        return 0;
    return backtrace_follows_call(v, word[at]) ? word[at] : 0;
}

unsigned backtrace_of(struct vcpu *v, const struct regs *r, struct symbols *symbols,
                      struct ring1_stack_frame *frames, unsigned max)
{
    bool code32, stack32;
    uint32_t base = segment_base_peek(v, r->ss, &stack32), stack = base + r->esp;
    uint32_t eip = segment_base_peek(v, r->cs, &code32) + r->eip, caller;
    unsigned n = 0;
    if (max == 0)
        return 0;
    if (backtrace_in_stub(v, eip) && guest_peek(v, GVA(stack), &caller, sizeof caller) == 0) {
        eip = caller;
        stack += 4;
    }
    frames[n++] = (struct ring1_stack_frame){.eip = eip};
    if (n < max && (caller = fresh_return(v, symbols, eip, stack)) != 0)
        frames[n++] = (struct ring1_stack_frame){.eip = caller};
    unsigned more = follow(v, base, stack, r->ebp, frames + n, max - n);
    return n + (more || n > 1 ? more : search(v, symbols, stack, frames + n, max - n));
}

unsigned backtrace(struct vcpu *v, struct symbols *symbols, struct ring1_stack_frame *frames, unsigned max)
{
    return backtrace_of(v, vcpu_regs(v), symbols, frames, max);
}
