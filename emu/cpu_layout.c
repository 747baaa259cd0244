/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * cpu_layout.c - finding fields in blobs by what they must hold.
 */
#include "cpu_layout.h"

#include <string.h>

static uint32_t u32(const uint8_t *blob, size_t offset)
{
    uint32_t v;
    memcpy(&v, blob + offset, 4);
    return v;
}

typedef bool (*match_fn)(const struct cpu_probes *p, size_t at);

/* The one 4-aligned offset in [from, to) that matches. */
static bool find(const struct cpu_probes *p, size_t from, size_t to, match_fn match, size_t *offset)
{
    unsigned n = 0;
    for (size_t at = from; at + 4 <= to; at += 4)
        if (match(p, at) && n++ == 0)
            *offset = at;
    return n == 1;
}

static bool is_gpr(const struct cpu_probes *p, size_t at)
{
    for (unsigned i = 0; i < 8; i++)
        if (at + 8u * i + 4 > p->size || u32(p->ring0, at + 8u * i) != CPU_PROBE_GPR + i)
            return false;
    return true;
}

static bool is_eip(const struct cpu_probes *p, size_t at)
{
    return u32(p->ring0, at) == CPU_PROBE_EIP;
}

static bool is_segments(const struct cpu_probes *p, size_t at)
{
    static const uint32_t ring0[] = {0x10, 0x08, 0x10, 0x10, 0x10, 0x10};
    static const uint32_t ring1[] = {0, 0x19, 0x21, 0, 0, 0};
    if (at + 6 * CPU_SEGMENT_SIZE > p->size)
        return false;
    for (unsigned i = 0; i < 6; i++)
        if (u32(p->ring0, at + CPU_SEGMENT_SIZE * i) != ring0[i] ||
            u32(p->ring1, at + CPU_SEGMENT_SIZE * i) != ring1[i])
            return false;
    return true;
}

/* Between EIP and the segments only the CPL's bits go from 0 to 1. */
static bool is_hflags(const struct cpu_probes *p, size_t at)
{
    uint32_t r0 = u32(p->ring0, at), r1 = u32(p->ring1, at);
    return r0 != 0 && (r0 & 3) == 0 && r1 == (r0 | 1);
}

static bool is_error_code(const struct cpu_probes *p, size_t at)
{
    return u32(p->ring1, at) == 0 && u32(p->fault, at) == CPU_PROBE_ERROR;
}

static bool is_old_exception(const struct cpu_probes *p, size_t at)
{
    return u32(p->ring1, at) == UINT32_MAX && u32(p->fault, at) == 13;
}

static bool is_software(const struct cpu_probes *p, size_t at)
{
    return u32(p->ring0, at) == 0 && u32(p->ring1, at) == 1 && u32(p->fault, at) == 0;
}

const char *cpu_layout_find(const struct cpu_probes *p, struct cpu_layout *l)
{
    if (!find(p, 0, p->size, is_gpr, &l->gpr))
        return "general registers";
    l->head = l->gpr;
    if (!find(p, l->gpr + 64, p->size, is_eip, &l->eip))
        return "EIP";
    if (!find(p, l->eip, p->size, is_segments, &l->segments))
        return "segments";
    if (!find(p, l->eip + 4, l->segments, is_hflags, &l->hflags))
        return "privilege level";
    size_t after = l->segments + 6 * CPU_SEGMENT_SIZE;
    if (!find(p, after, p->size, is_error_code, &l->error_code))
        return "error code";
    if (!find(p, after, p->size, is_old_exception, &l->old_exception))
        return "past exception";
    /* Next to the error code: a lone 0, 1, 0 elsewhere would be chance. */
    size_t near = l->error_code < 64 ? 0 : l->error_code - 64;
    size_t far = l->error_code + 64 < p->size ? l->error_code + 64 : p->size;
    if (!find(p, near, far, is_software, &l->exception_is_int))
        return "software interrupt mark";
    return NULL;
}

void cpu_segment_fetch(const uint8_t *at, struct cpu_segment *s)
{
    s->selector = u32(at, 0);
    s->base = u32(at, 8);
    s->limit = u32(at, 16);
    s->flags = u32(at, 20);
}

void cpu_segment_store(uint8_t *at, const struct cpu_segment *s)
{
    const uint32_t words[6] = {s->selector, 0, s->base, 0, s->limit, s->flags};
    memcpy(at, words, sizeof words);
}

#define DESC_PRESENT      (1ull << 47)
#define DESC_CODE_OR_DATA (1ull << 44)
#define DESC_CODE         (1ull << 43)
#define DESC_CONFORMING   (1ull << 42)
#define DESC_READ_WRITE   (1ull << 41)

bool cpu_segment_loadable(uint64_t desc, uint16_t selector, bool code, bool stack)
{
    unsigned rpl = selector & 3u, dpl = (unsigned)(desc >> 45) & 3u;
    if (!(desc & DESC_PRESENT) || !(desc & DESC_CODE_OR_DATA))
        return false;
    if (code)
        return (desc & DESC_CODE) && rpl != 0 && (desc & DESC_CONFORMING ? dpl <= rpl : dpl == rpl);
    if (stack)
        return !(desc & DESC_CODE) && (desc & DESC_READ_WRITE) && rpl != 0 && dpl == rpl;
    return !(desc & DESC_CODE) || (desc & DESC_READ_WRITE);
}
