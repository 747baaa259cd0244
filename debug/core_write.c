/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * core_write.c - see core_write.h: headers, notes as the Linux kernel writes them for i386
 * (that is what gdb reads), and the pages that are not zero. The file is sparse.
 */
#include "core_write.h"

#include "emu/report.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define NOTE_FACTS    0x52494E47u /* of the owner "ring1": lines of text */
#define NOTE_PRXFPREG 0x46E62B7Fu /* of the owner "LINUX" */

/* Signals as Linux numbers them: what gdb says the guest ended by. */
enum { SIGNAL_NONE = 0, SIGNAL_ABORT = 6, SIGNAL_SEGMENT = 11 };

/* struct elf_prstatus and elf_prpsinfo of i386. */
struct prstatus {
    uint32_t si_signo, si_code, si_errno;
    uint16_t cursig, pad;
    uint32_t sigpend, sighold;
    uint32_t pid, ppid, pgrp, sid;
    uint32_t times[8];
    uint32_t ebx, ecx, edx, esi, edi, ebp, eax, ds, es, fs, gs, orig_eax, eip, cs, eflags, esp, ss;
    uint32_t fpvalid;
};
_Static_assert(sizeof(struct prstatus) == 144, "what gdb expects");

struct prpsinfo {
    uint8_t state, sname, zombie, nice;
    uint32_t flag;
    uint16_t uid, gid;
    uint32_t pid, ppid, pgrp, sid;
    char fname[16], psargs[80];
};
_Static_assert(sizeof(struct prpsinfo) == 124, "what gdb expects");

/* What FSAVE stores. */
struct fsave {
    uint32_t control, status, tags, eip, cs, operand, ds;
    uint8_t st[8][10];
};
_Static_assert(sizeof(struct fsave) == 108, "what gdb expects");

struct core {
    struct machine *m;
    const struct image *image;
    struct core_map map;
    GByteArray *notes;
    uint32_t data; /* offset of slot 0 */
};

/* --- notes ------------------------------------------------------------------------ */

static void pad(GByteArray *out)
{
    static const uint8_t zeroes[4];
    g_byte_array_append(out, zeroes, -out->len & 3u);
}

static void add_note(struct core *c, const char *owner, uint32_t type, const void *what, size_t len)
{
    Elf32_Nhdr head = {.n_namesz = (uint32_t)strlen(owner) + 1, .n_descsz = (uint32_t)len, .n_type = type};
    g_byte_array_append(c->notes, (const uint8_t *)&head, sizeof head);
    g_byte_array_append(c->notes, (const uint8_t *)owner, head.n_namesz);
    pad(c->notes);
    g_byte_array_append(c->notes, what, (guint)len);
    pad(c->notes);
}

static uint16_t signal_of(const struct domain_state *s)
{
    if (s->shutdown == SHUTDOWN_NONE)
        return SIGNAL_NONE;
    return s->crashed ? SIGNAL_SEGMENT : SIGNAL_ABORT;
}

static void add_registers(struct core *c, struct vcpu *v)
{
    const struct regs *r = vcpu_regs(v);
    struct prstatus p = {
        .cursig = signal_of(&v->domain->s),
        .pid = v->id + 1,
        .ebx = r->ebx,
        .ecx = r->ecx,
        .edx = r->edx,
        .esi = r->esi,
        .edi = r->edi,
        .ebp = r->ebp,
        .eax = r->eax,
        .ds = r->ds,
        .es = r->es,
        .fs = r->fs,
        .gs = r->gs,
        .orig_eax = UINT32_MAX, /* no system call is to be made again */
        .eip = r->eip,
        .cs = r->cs,
        .eflags = r->eflags,
        .esp = r->esp,
        .ss = r->ss,
        .fpvalid = 1,
    };
    p.si_signo = p.cursig;
    add_note(c, "CORE", NT_PRSTATUS, &p, sizeof p);
}

/* Tags of two bits each, from FXSAVE's one: empty, or not. */
static uint32_t full_tags(uint8_t used)
{
    uint32_t tags = 0xFFFF0000u;
    for (unsigned i = 0; i < 8; i++)
        tags |= used & 1u << i ? 0 : 3u << 2 * i;
    return tags;
}

static uint32_t get_word(const uint8_t *at, unsigned len)
{
    uint32_t value = 0;
    memcpy(&value, at, len);
    return value;
}

static void add_fpu(struct core *c, struct vcpu *v)
{
    uint8_t image[512];
    machine_get_fpu(c->m, v, image);
    struct fsave f = {
        .control = 0xFFFF0000u | get_word(image, 2),
        .status = 0xFFFF0000u | get_word(image + 2, 2),
        .tags = full_tags(image[4]),
        .eip = get_word(image + 8, 4),
        .cs = get_word(image + 12, 2),
        .operand = get_word(image + 16, 4),
        .ds = 0xFFFF0000u | get_word(image + 20, 2),
    };
    for (unsigned i = 0; i < 8; i++)
        memcpy(f.st[i], image + 32 + 16 * i, sizeof f.st[i]);
    add_note(c, "CORE", NT_FPREGSET, &f, sizeof f);
    add_note(c, "LINUX", NOTE_PRXFPREG, image, sizeof image);
}

static bool has_short_name(const struct image *image)
{
    g_autofree char *base = g_path_get_basename(image->name);
    return strlen(base) < sizeof((struct prpsinfo *)NULL)->fname;
}

static void add_process(struct core *c)
{
    struct prpsinfo p = {.sname = 'R', .pid = c->m->current->id + 1};
    const char *name = c->image->name;
    g_autofree char *base = g_path_get_basename(name);
    memcpy(p.fname, base, MIN(strlen(base), sizeof p.fname - 1));
    memcpy(p.psargs, name, MIN(strlen(name), sizeof p.psargs - 1));
    add_note(c, "CORE", NT_PRPSINFO, &p, sizeof p);
}

static void append_vcpu(GString *out, struct vcpu *v)
{
    if (!v->initialised) {
        g_string_append_printf(out, "vcpu %u: not initialised\n", v->id);
        return;
    }
    g_string_append_printf(
        out, "vcpu %u: %s, cr3 mfn %#x, cr2 %#x, cr4 %#x, stack of ring 1 %04x:%08x, GDT entries %u\n", v->id,
        report_vcpu_state(v), v->cr3.mfn, v->cr2, v->cr4, v->kernel_ss, v->kernel_sp, v->gdt_entries);
}

/* What the domain is and how it ended, for people and scripts. */
static void add_facts(struct core *c)
{
    struct domain *d = c->m->domain;
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_append_printf(out, "ring1: %s\nimage: %s\nabi: %s\nxen: %s\n", RING1_VERSION_STRING,
                           c->image->name, d->abi->name, d->abi->xen_name);
    g_string_append_printf(out, "time_ns: %" PRIu64 "\nhypercalls: %" PRIu64 "\n", domain_now(d),
                           c->m->s.hypercalls);
    if (d->s.shutdown != SHUTDOWN_NONE)
        g_string_append_printf(out, "shutdown: %u\n", d->s.shutdown);
    if (d->s.crashed)
        g_string_append_printf(out, "crash: %s\n", d->s.crash_text);
    g_string_append_printf(out, "pages: %u\nshared_info: mfn %#x\n", d->s.nr_pages, d->s.shared_info.mfn);
    g_string_append_printf(out, "address space: of vcpu %u\nleft out: %u pages\n", c->m->current->id,
                           c->map.left_out);
    for (unsigned i = 0; i < d->s.nr_vcpus; i++)
        append_vcpu(out, &d->s.vcpu[i]);
    add_note(c, "ring1", NOTE_FACTS, out->str, out->len + 1);
}

/* gdb's first thread is the one that it shows. */
static void add_vcpus(struct core *c)
{
    struct domain_state *s = &c->m->domain->s;
    unsigned first = c->m->current->id;
    for (unsigned i = 0; i < s->nr_vcpus; i++) {
        struct vcpu *v = &s->vcpu[i == 0 ? first : i <= first ? i - 1 : i];
        if (!v->initialised)
            continue;
        add_registers(c, v);
        add_fpu(c, v);
    }
}

/* --- the file --------------------------------------------------------------------- */

static bool write_at(int fd, const void *bytes, size_t len, off_t offset)
{
    const uint8_t *at = bytes;
    while (len > 0) {
        ssize_t n = pwrite(fd, at, len, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        offset += n;
        len -= (size_t)n;
    }
    return true;
}

static GByteArray *headers(const struct core *c)
{
    uint32_t nr = c->map.runs->len + 1;
    uint32_t notes_at = (uint32_t)(sizeof(Elf32_Ehdr) + nr * sizeof(Elf32_Phdr));
    const Elf32_Ehdr eh = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = EM_386,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(Elf32_Ehdr),
        .e_ehsize = sizeof(Elf32_Ehdr),
        .e_phentsize = sizeof(Elf32_Phdr),
        .e_phnum = (uint16_t)nr,
    };
    const Elf32_Phdr notes = {
        .p_type = PT_NOTE, .p_offset = notes_at, .p_filesz = c->notes->len, .p_align = 4};
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, (const uint8_t *)&eh, sizeof eh);
    g_byte_array_append(out, (const uint8_t *)&notes, sizeof notes);
    for (guint i = 0; i < c->map.runs->len; i++) {
        const struct core_run *run = &g_array_index(c->map.runs, struct core_run, i);
        const Elf32_Phdr ph = {
            .p_type = PT_LOAD,
            .p_offset = c->data + (run->slot << RING1_PAGE_SHIFT),
            .p_vaddr = run->page << RING1_PAGE_SHIFT,
            .p_paddr = run->is_pfn ? run->slot << RING1_PAGE_SHIFT : 0,
            .p_filesz = run->pages << RING1_PAGE_SHIFT,
            .p_memsz = run->pages << RING1_PAGE_SHIFT,
            .p_flags = run->flags,
            .p_align = RING1_PAGE_SIZE,
        };
        g_byte_array_append(out, (const uint8_t *)&ph, sizeof ph);
    }
    g_byte_array_append(out, c->notes->data, c->notes->len);
    return out;
}

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, RING1_PAGE_SIZE - 1) == 0;
}

/* Each slot that an address shows. */
static bool write_pages(const struct core *c, int fd)
{
    const struct memory *mem = c->m->mem;
    for (guint i = 0; i < c->map.frames->len; i++) {
        uint32_t mfn = g_array_index(c->map.frames, uint32_t, i);
        if (mfn == CORE_NOTHING || is_zero(frame_ptr(mem, MFN(mfn))))
            continue;
        if (!write_at(fd, frame_ptr(mem, MFN(mfn)), RING1_PAGE_SIZE,
                      (off_t)c->data + ((off_t)i << RING1_PAGE_SHIFT)))
            return false;
    }
    return true;
}

static bool write_all(const struct core *c, int fd)
{
    g_autoptr(GByteArray) head = headers(c);
    off_t size = (off_t)c->data + ((off_t)c->map.frames->len << RING1_PAGE_SHIFT);
    return ftruncate(fd, 0) == 0 && ftruncate(fd, size) == 0 && write_at(fd, head->data, head->len, 0) &&
           write_pages(c, fd);
}

/* Headers and notes come first; their size follows from what they say. */
static void collect(struct core *c)
{
    /* Of a file whose offsets have 32 bits, what headers and notes leave. */
    uint32_t head_max =
        (uint32_t)(sizeof(Elf32_Ehdr) + (CORE_RUNS_MAX + 1) * sizeof(Elf32_Phdr)) + (1u << 20);
    core_map_make(&c->map, c->m->current, (UINT32_MAX - head_max) >> RING1_PAGE_SHIFT);
    c->notes = g_byte_array_new();
    /* gdb warns when its program has another name: with an image that is
     * packed, or whose name does not fit, it would. */
    if (!c->image->gzipped && !c->image->bzimage && has_short_name(c->image))
        add_process(c);
    add_vcpus(c);
    add_facts(c);
    uint32_t head =
        (uint32_t)(sizeof(Elf32_Ehdr) + (c->map.runs->len + 1) * sizeof(Elf32_Phdr)) + c->notes->len;
    c->data = (head + RING1_PAGE_SIZE - 1) & ~(RING1_PAGE_SIZE - 1);
}

bool core_write(struct machine *m, const struct image *image, int fd, GError **error)
{
    struct core c = {.m = m, .image = image};
    collect(&c);
    bool ok = write_all(&c, fd);
    if (!ok) {
        g_set_error_literal(error, RING1_ERROR, RING1_ERROR_HOST, g_strerror(errno));
        /* Half of one is none. */
        if (ftruncate(fd, 0))
            errno = 0;
    }
    core_map_clear(&c.map);
    g_byte_array_free(c.notes, TRUE);
    return ok;
}
