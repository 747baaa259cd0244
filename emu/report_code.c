/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * report_code.c - the instructions around EIP (Capstone). Those before it are
 * found by decoding from the function's start, or from the farthest byte from
 * which decoding arrives at EIP.
 */
#include "report.h"

#include "dispatch/traps.h"

#include <capstone/capstone.h>
#include <string.h>

#define FUNCTION_MAX 65536u /* bytes that are decoded from a function's start */
#define BACK_MAX     48u    /* and where that is not known */
#define AHEAD        64u

struct decoder {
    csh handle;
    cs_insn *insn;
    struct report *r;
    const struct report_source *source;
};

static bool decoder_open(struct decoder *d, bool code32)
{
    if (cs_open(CS_ARCH_X86, code32 ? CS_MODE_32 : CS_MODE_16, &d->handle) != CS_ERR_OK)
        return false;
    cs_option(d->handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
    cs_option(d->handle, CS_OPT_DETAIL, CS_OPT_ON);
    d->insn = cs_malloc(d->handle);
    return d->insn != NULL;
}

static void decoder_close(struct decoder *d)
{
    if (d->insn)
        cs_free(d->insn, 1);
    if (d->handle)
        cs_close(&d->handle);
}

/* Addresses of the instructions from `start` on that end exactly at `end`: the
 * last REPORT_CODE_BEFORE of them, oldest first. False: it does not fit. */
static bool sweep(struct decoder *d, const uint8_t *bytes, uint32_t start, uint32_t end, uint32_t *addresses,
                  unsigned *n)
{
    size_t left = end - start;
    uint64_t at = start;
    *n = 0;
    while (left > 0) {
        uint32_t here = (uint32_t)at;
        if (!cs_disasm_iter(d->handle, &bytes, &left, &at, d->insn))
            return false;
        if (*n == REPORT_CODE_BEFORE)
            memmove(addresses, addresses + 1, --*n * sizeof *addresses);
        addresses[(*n)++] = here;
    }
    return true;
}

/* Bytes of [start, end); false when they cannot all be read. */
static bool read_exactly(struct vcpu *v, uint32_t start, uint32_t end, uint8_t *bytes)
{
    return report_peek(v, start, bytes, end - start) == end - start;
}

/* Where the instructions before `eip` begin. */
static unsigned find_before(struct decoder *d, uint32_t eip, uint32_t *addresses)
{
    struct vcpu *v = d->source->v;
    uint32_t start;
    unsigned n = 0;
    if (symbols_function(d->source->symbols, eip, &start) && eip - start <= FUNCTION_MAX) {
        g_autofree uint8_t *bytes = g_malloc(eip - start + 1);
        if (start == eip)
            return 0;
        if (read_exactly(v, start, eip, bytes) && sweep(d, bytes, start, eip, addresses, &n))
            return n;
    }
    uint8_t bytes[BACK_MAX];
    for (uint32_t back = MIN(BACK_MAX, eip); back > 0; back--)
        if (read_exactly(v, eip - back, eip, bytes) && sweep(d, bytes, eip - back, eip, addresses, &n))
            return n;
    return 0;
}

/* The symbol that a call or jump goes to, behind its text. */
static const char *target_symbol(struct decoder *d)
{
    const cs_insn *in = d->insn;
    if (!in->detail || in->detail->x86.op_count != 1 || in->detail->x86.operands[0].type != X86_OP_IMM ||
        !(cs_insn_group(d->handle, in, X86_GRP_CALL) || cs_insn_group(d->handle, in, X86_GRP_JUMP)))
        return NULL;
    return report_place(d->r, d->source->symbols, (uint32_t)in->detail->x86.operands[0].imm).symbol;
}

static const char *text_of(struct decoder *d)
{
    const char *target = target_symbol(d);
    g_autofree char *text =
        g_strdup_printf("%s%s%s%s%s%s", d->insn->mnemonic, d->insn->op_str[0] ? " " : "", d->insn->op_str,
                        target ? " <" : "", target ? target : "", target ? ">" : "");
    return g_string_chunk_insert(d->r->texts, text);
}

/* Add the instruction at `va`, or the bytes that are none. Returns its length,
 * 0: it cannot be read. */
static unsigned add_insn(struct decoder *d, uint32_t va, struct report_site *out)
{
    struct report_insn *in = &out->insn[out->nr_insns];
    uint8_t bytes[REPORT_INSN_BYTES];
    const uint8_t *p = bytes;
    uint64_t at = va;
    uint32_t n = report_peek(d->source->v, va, bytes, sizeof bytes);
    size_t left = n;
    if (n == 0)
        return 0;
    *in = (struct report_insn){.at = report_place(d->r, d->source->symbols, va)};
    if (cs_disasm_iter(d->handle, &p, &left, &at, d->insn)) {
        in->length = (uint8_t)(n - left);
        in->text = text_of(d);
    } else {
        in->length = 1;
        in->text = n < sizeof bytes ? "(the rest cannot be read)" : "(bad)";
    }
    memcpy(in->bytes, bytes, in->length);
    out->nr_insns++;
    return in->length;
}

void report_code(struct report *r, const struct report_source *source, const struct regs *regs,
                 struct report_site *out)
{
    struct decoder d = {.r = r, .source = source};
    uint32_t addresses[REPORT_CODE_BEFORE];
    bool code32;
    uint32_t eip = segment_base_peek(source->v, regs->cs, &code32) + regs->eip;
    uint8_t byte;
    *out = (struct report_site){.regs = *regs, .ring = regs_ring(regs)};
    out->at = report_place(r, source->symbols, eip);
    report_trace(r, source, source->v, regs, &out->trace);
    if (report_peek(source->v, eip, &byte, 1) == 1 && decoder_open(&d, code32)) {
        unsigned before = find_before(&d, eip, addresses);
        for (unsigned i = 0; i < before; i++)
            add_insn(&d, addresses[i], out);
        out->here = out->nr_insns;
        uint32_t va = eip;
        while (out->nr_insns < REPORT_CODE_LINES && va >= eip) {
            unsigned length = add_insn(&d, va, out);
            if (!length)
                break;
            va += length;
        }
    }
    decoder_close(&d);
}
