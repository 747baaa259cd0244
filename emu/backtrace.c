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

/* A frame that lies farther up is another stack's. */
#define FRAME_MAX    0x4000u
#define SEARCH_WORDS 256u

bool backtrace_follows_call(struct vcpu *v, uint32_t va)
{
    uint8_t b[7];
    if (va < sizeof b || guest_peek(v, GVA(va - 7), b, sizeof b))
        return false;
    if (b[2] == 0xE8)
        return true;
    for (unsigned i = 0; i < 6; i++) /* FF /2: 7, 6, 4, 3 or 2 bytes long */
        if (i != 2 && b[i] == 0xFF && (b[i + 1] & 0x38u) == 0x10u)
            return true;
    return false;
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
        return caller;
    return eip;
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

unsigned backtrace(struct vcpu *v, const struct symbols *symbols, struct ring1_stack_frame *frames,
                   unsigned max)
{
    const struct regs *r = vcpu_regs(v);
    bool code32, stack32;
    uint32_t base = segment_base_peek(v, r->ss, &stack32), stack = base + r->esp;
    uint32_t eip = segment_base_peek(v, r->cs, &code32) + r->eip, caller;
    if (max == 0)
        return 0;
    if (backtrace_in_stub(v, eip) && guest_peek(v, GVA(stack), &caller, sizeof caller) == 0) {
        eip = caller;
        stack += 4;
    }
    frames[0] = (struct ring1_stack_frame){.eip = eip};
    unsigned n = follow(v, base, stack, r->ebp, frames + 1, max - 1);
    return 1 + (n ? n : search(v, symbols, stack, frames + 1, max - 1));
}
