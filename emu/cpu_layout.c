/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * cpu_layout.c - finding fields in blobs by what they must hold.
 */
#include "cpu_layout.h"

#include <string.h>

#define SEGMENT_SIZE 24u

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
    if (at + 6 * SEGMENT_SIZE > p->size)
        return false;
    for (unsigned i = 0; i < 6; i++)
        if (u32(p->ring0, at + SEGMENT_SIZE * i) != ring0[i] ||
            u32(p->ring1, at + SEGMENT_SIZE * i) != ring1[i])
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
    size_t after = l->segments + 6 * SEGMENT_SIZE;
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

/* A segment's cache as the engine keeps it; flags are the descriptor's upper word. */
struct segment {
    uint32_t selector, base, limit, flags;
};

static void segment_fetch(const uint8_t *at, struct segment *s)
{
    s->selector = u32(at, 0);
    s->base = u32(at, 8);
    s->limit = u32(at, 16);
    s->flags = u32(at, 20);
}

static void segment_store(uint8_t *at, const struct segment *s)
{
    const uint32_t words[6] = {s->selector, 0, s->base, 0, s->limit, s->flags};
    memcpy(at, words, sizeof words);
}

#define DESC_PRESENT      (1ull << 47)
#define DESC_CODE_OR_DATA (1ull << 44)
#define DESC_CODE         (1ull << 43)
#define DESC_CONFORMING   (1ull << 42)
#define DESC_READ_WRITE   (1ull << 41)

/* Whether the CPU would load `desc` by `selector` into CS, SS or a data segment
 * of that ring: present, type and privilege (Intel SDM 3, 5.6 to 5.8). */
static bool loadable(uint64_t desc, uint16_t selector, bool code, bool stack)
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

static void set_u32(uint8_t *blob, size_t offset, uint32_t v)
{
    memcpy(blob + offset, &v, 4);
}

/* Where struct regs keeps the general registers, in the engine's order. */
static const size_t gpr_offsets[8] = {
    G_STRUCT_OFFSET(struct regs, eax), G_STRUCT_OFFSET(struct regs, ecx), G_STRUCT_OFFSET(struct regs, edx),
    G_STRUCT_OFFSET(struct regs, ebx), G_STRUCT_OFFSET(struct regs, esp), G_STRUCT_OFFSET(struct regs, ebp),
    G_STRUCT_OFFSET(struct regs, esi), G_STRUCT_OFFSET(struct regs, edi),
};

/* And the selectors: ES, CS, SS, DS, FS, GS. */
static const size_t segment_offsets[6] = {
    G_STRUCT_OFFSET(struct regs, es), G_STRUCT_OFFSET(struct regs, cs), G_STRUCT_OFFSET(struct regs, ss),
    G_STRUCT_OFFSET(struct regs, ds), G_STRUCT_OFFSET(struct regs, fs), G_STRUCT_OFFSET(struct regs, gs),
};
enum { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS };

static uint16_t selector_of(const struct regs *regs, unsigned seg)
{
    return *(const uint16_t *)((const uint8_t *)regs + segment_offsets[seg]);
}

void cpu_layout_get_regs(const struct cpu_layout *l, const uint8_t *blob, struct regs *regs)
{
    for (unsigned i = 0; i < 8; i++)
        *(uint32_t *)((uint8_t *)regs + gpr_offsets[i]) = u32(blob, l->gpr + 8u * i);
    for (unsigned i = 0; i < 6; i++)
        *(uint16_t *)((uint8_t *)regs + segment_offsets[i]) =
            (uint16_t)u32(blob, l->segments + SEGMENT_SIZE * i);
    regs->eip = u32(blob, l->eip);
}

/* Load a segment's cache from its descriptor. False: refused. */
static bool set_segment(const struct cpu_layout *l, uint8_t *blob, unsigned seg, uint16_t selector,
                        cpu_descriptor_fn descriptor, void *user)
{
    uint8_t *at = blob + l->segments + SEGMENT_SIZE * seg;
    uint64_t desc = 0;
    struct segment cache = {.selector = selector};
    if ((selector & ~3u) == 0) {
        if (seg == SEG_CS || seg == SEG_SS)
            return false;
    } else {
        if (!descriptor(user, selector, &desc))
            return false;
        if (!loadable(desc, selector, seg == SEG_CS, seg == SEG_SS))
            return false;
        cache.base = (uint32_t)((desc >> 16) & 0xFFFFFFu) | (uint32_t)((desc >> 32) & 0xFF000000u);
        cache.limit = (uint32_t)(desc & 0xFFFFu) | (uint32_t)((desc >> 32) & 0xF0000u);
        if (desc & (1ull << 55))
            cache.limit = cache.limit << 12 | 0xFFFu;
        cache.flags = (uint32_t)(desc >> 32) | 0x100u; /* accessed */
    }
    segment_store(at, &cache);
    return true;
}

/* The bits of hflags that follow from segments and ring (target/i386/cpu.h). */
#define HF_CPL    0x3u
#define HF_CS32   0x10u
#define HF_SS32   0x20u
#define HF_ADDSEG 0x40u

static void set_hflags(const struct cpu_layout *l, uint8_t *blob, unsigned ring)
{
    uint32_t hflags = u32(blob, l->hflags) & ~(HF_CPL | HF_CS32 | HF_SS32 | HF_ADDSEG);
    struct segment s[6];
    for (unsigned i = 0; i < 6; i++)
        segment_fetch(blob + l->segments + SEGMENT_SIZE * i, &s[i]);
    hflags |= ring;
    if (s[SEG_CS].flags & (1u << 22))
        hflags |= HF_CS32;
    if (s[SEG_SS].flags & (1u << 22))
        hflags |= HF_SS32;
    if (s[SEG_DS].base || s[SEG_ES].base || s[SEG_SS].base || !(s[SEG_CS].flags & (1u << 22)))
        hflags |= HF_ADDSEG;
    set_u32(blob, l->hflags, hflags);
}

bool cpu_layout_set_regs(const struct cpu_layout *l, uint8_t *blob, const struct regs *regs, unsigned reload,
                         cpu_descriptor_fn descriptor, void *user)
{
    bool loaded = false;
    for (unsigned i = 0; i < 6; i++) {
        uint16_t selector = selector_of(regs, i);
        if (selector == (uint16_t)u32(blob, l->segments + SEGMENT_SIZE * i) && !(reload & 1u << i))
            continue;
        if (!set_segment(l, blob, i, selector, descriptor, user))
            return false;
        loaded = true;
    }
    if (loaded)
        set_hflags(l, blob, regs->cs & 3u);
    for (unsigned i = 0; i < 8; i++)
        set_u32(blob, l->gpr + 8u * i, *(const uint32_t *)((const uint8_t *)regs + gpr_offsets[i]));
    set_u32(blob, l->eip, regs->eip);
    return true;
}

/* --- for files ------------------------------------------------------------------- */

void cpu_layout_get_descriptors(const struct cpu_layout *l, const uint8_t *blob, uint64_t descriptor[6])
{
    for (unsigned i = 0; i < 6; i++) {
        struct segment s;
        segment_fetch(blob + l->segments + SEGMENT_SIZE * i, &s);
        uint32_t limit = s.flags & (1u << 23) ? s.limit >> 12 : s.limit;
        uint32_t high =
            (s.flags & 0x00F0FF00u) | (s.base & 0xFF000000u) | (s.base >> 16 & 0xFFu) | (limit & 0xF0000u);
        descriptor[i] = s.selector & ~3u ? (uint64_t)high << 32 | s.base << 16 | (limit & 0xFFFFu) : 0;
    }
}

#define HF_INHIBIT_IRQ 0x8u

bool cpu_layout_shadow(const struct cpu_layout *l, const uint8_t *blob)
{
    return u32(blob, l->hflags) & HF_INHIBIT_IRQ;
}

void cpu_layout_set_shadow(const struct cpu_layout *l, uint8_t *blob, bool shadow)
{
    uint32_t hflags = u32(blob, l->hflags) & ~HF_INHIBIT_IRQ;
    set_u32(blob, l->hflags, hflags | (shadow ? HF_INHIBIT_IRQ : 0));
}
