/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * cpu_unicorn.c - the CPU on Unicorn: making it, its sets of registers, caches,
 * saving.
 *
 * Unicorn runs in UC_TLB_VIRTUAL mode: it asks for every page, and a refused
 * page ends the run with EIP at the instruction and nothing of it done. What the
 * public registers do not give - the privilege level, the error code, the
 * memory of past exceptions - is read and written in the blob of a saved
 * context, at offsets that are found and tested when a CPU is made
 * (cpu_layout.h).
 */
#include "cpu_unicorn.h"

#include <string.h>

bool cpu_engine_failed(uc_err err, const char *what, GError **error)
{
    if (err == UC_ERR_OK)
        return false;
    g_set_error(error, RING1_ERROR, RING1_ERROR_CPU, "Unicorn: %s: %s", what, uc_strerror(err));
    return true;
}

/* --- the saved context --------------------------------------------------------- */

uint8_t *cpu_save_context(struct cpu *cpu)
{
    if (!cpu->saved)
        uc_context_save(cpu->uc, cpu->context);
    cpu->saved = !cpu->running;
    return (uint8_t *)cpu->context;
}

void cpu_restore_context(struct cpu *cpu)
{
    uc_context_restore(cpu->uc, cpu->context);
    cpu->saved = !cpu->running;
}

/* --- making ----------------------------------------------------------------- */

static bool open_engine(struct cpu *cpu, GError **error)
{
    uint64_t len = ((uint64_t)cpu->mem->nr_frames + MEMORY_EXTRA_FRAMES) << RING1_PAGE_SHIFT;
    unsigned major, minor;
    uc_version(&major, &minor);
    return !cpu_engine_failed(uc_open(UC_ARCH_X86, UC_MODE_32, &cpu->uc), "uc_open", error) &&
           !cpu_engine_failed(uc_mem_map_ptr(cpu->uc, 0, len, UC_PROT_ALL, cpu->mem->base), "uc_mem_map_ptr",
                              error) &&
           !cpu_engine_failed(
               uc_mem_map_ptr(cpu->uc, SCRATCH_MADDR, RING1_PAGE_SIZE, UC_PROT_ALL, cpu->scratch),
               "uc_mem_map_ptr", error) &&
           !cpu_engine_failed(uc_ctl_tlb_mode(cpu->uc, UC_TLB_VIRTUAL), "uc_ctl_tlb_mode", error) &&
           !cpu_engine_failed(uc_ctl_exits_enable(cpu->uc), "uc_ctl_exits_enable", error) &&
           !cpu_engine_failed(uc_context_alloc(cpu->uc, &cpu->set[0].context), "uc_context_alloc", error) &&
           cpu_add_hooks(cpu, error);
}

/* A flat 4 GiB segment with the given access byte. */
static uint64_t flat(uint8_t access)
{
    return 0x00CF00000000FFFFull | (uint64_t)access << 40;
}

static uint8_t *take_blob(struct cpu *cpu)
{
    return g_memdup2(cpu_save_context(cpu), uc_context_size(cpu->uc));
}

/* The code of the scratch page, which lies at HIDDEN_STUB: GDT at 0. */
enum { STUB_IRET = 0x200, STUB_RING1 = 0x210, STUB_FAULT = 0x220, STUB_CLI = 0x240, STUB_FRAME = 0xE00 };

static void write_stubs(uint8_t *page)
{
    const uint64_t gdt[] = {0, flat(0x9B), flat(0x93), flat(0xBB), flat(0xB3), flat(0xFB), flat(0xF3)};
    const uint32_t frame[] = {HIDDEN_STUB + STUB_RING1, 0x19, 0x202, HIDDEN_STUB + 0xF00, 0x21};
    const uint8_t fault[] = {0x66, 0xB8, CPU_PROBE_ERROR & 0xFF, CPU_PROBE_ERROR >> 8, 0x8E, 0xE0};
    memcpy(page, gdt, sizeof gdt);
    memcpy(page + STUB_FRAME, frame, sizeof frame);
    page[STUB_IRET] = 0xCF;                         /* iret */
    page[STUB_RING1] = 0xCC;                        /* int3 */
    memcpy(page + STUB_FAULT, fault, sizeof fault); /* mov $0x1A8, %ax; mov %ax, %fs */
    page[STUB_CLI] = 0xFA;                          /* cli */
    page[STUB_CLI + 1] = 0xCC;
}

static void write_probe_registers(struct cpu *cpu)
{
    static const int data[] = {UC_X86_REG_SS, UC_X86_REG_DS, UC_X86_REG_ES, UC_X86_REG_FS, UC_X86_REG_GS};
    static const int general[] = {UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_EBX,
                                  UC_X86_REG_ESP, UC_X86_REG_EBP, UC_X86_REG_ESI, UC_X86_REG_EDI};
    uint32_t v = 0x10;
    cpu_set_gdtr(cpu, HIDDEN_STUB, 0x37);
    for (size_t i = 0; i < G_N_ELEMENTS(data); i++)
        uc_reg_write(cpu->uc, data[i], &v);
    v = 0x08;
    uc_reg_write(cpu->uc, UC_X86_REG_CS, &v);
    for (unsigned i = 0; i < 8; i++) {
        v = CPU_PROBE_GPR + i;
        uc_reg_write(cpu->uc, general[i], &v);
    }
    v = CPU_PROBE_EIP;
    uc_reg_write(cpu->uc, UC_X86_REG_EIP, &v);
    cpu->saved = false;
}

static bool run_stub(struct cpu *cpu, uint32_t offset, unsigned expected_vector)
{
    cpu->have_event = cpu->saved = false;
    uc_emu_start(cpu->uc, HIDDEN_STUB + offset, 0, 0, 0);
    return cpu->have_event && cpu->event.vector == expected_vector;
}

static bool scratch_descriptor(void *user, uint16_t selector, uint64_t *descriptor)
{
    const struct cpu *cpu = user;
    memcpy(descriptor, cpu->scratch + (selector & 0x38u), 8);
    return true;
}

/* The layout holds if a ring entered through it behaves as that ring, and if
 * one fault after the other arrives as itself. */
static bool layout_works(struct cpu *cpu)
{
    for (unsigned round = 0; round < 6; round++) {
        unsigned ring = round & 1 ? 3 : 1;
        struct regs r;
        struct cpu_event event;
        cpu_get_regs(cpu, &r);
        r.cs = ring == 1 ? 0x19 : 0x2B;
        r.ss = ring == 1 ? 0x21 : 0x33;
        r.ds = r.es = 0x33;
        r.fs = r.gs = 0;
        r.eip = HIDDEN_STUB + (round & 2 ? STUB_FAULT : STUB_CLI);
        uint32_t code = round & 2 ? CPU_PROBE_ERROR : 0;
        if (!cpu_set_regs(cpu, &r, scratch_descriptor, cpu) || !cpu_run(cpu, &event, NULL))
            return false;
        if (event.exit != CPU_EXIT_EXCEPTION || event.vector != 13 || event.error != code)
            return false;
        cpu_get_regs(cpu, &r);
        if ((r.cs & 3u) != ring || (r.ss & 3u) != ring)
            return false;
    }
    return true;
}

static bool find_layout(struct cpu *cpu, GError **error)
{
    uint32_t esp = HIDDEN_STUB + STUB_FRAME;
    write_stubs(cpu->scratch);
    write_probe_registers(cpu);
    g_autofree uint8_t *ring0 = take_blob(cpu);
    uc_reg_write(cpu->uc, UC_X86_REG_ESP, &esp);
    bool ran = run_stub(cpu, STUB_IRET, 3);
    g_autofree uint8_t *ring1 = take_blob(cpu);
    ran = ran && run_stub(cpu, STUB_FAULT, 13);
    g_autofree uint8_t *fault = take_blob(cpu);

    struct cpu_probes probes = {ring0, ring1, fault, uc_context_size(cpu->uc)};
    const char *missing = ran ? cpu_layout_find(&probes, &cpu->layout) : "a run in ring 1";
    if (missing) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_CPU,
                    "this build of Unicorn is not usable: its saved context does not show %s", missing);
        return false;
    }
    memset(cpu_save_context(cpu) + cpu->layout.old_exception, 0xFF, 4);
    cpu_restore_context(cpu);
    if (!layout_works(cpu)) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_CPU,
                    "this build of Unicorn is not usable: changing rings through its saved context failed");
        return false;
    }
    return true;
}

/* The state in which a domain's CPU starts, ring and segments apart. */
static void reset_registers(struct cpu *cpu)
{
    uint32_t fpu_control = 0x37F, mxcsr = 0x1F80, tags = 0xFFFF;
    uint32_t cr0 = 0x33; /* PE MP ET NE: SMSW shows no more, whatever its operand */
    uc_x86_mmr idtr = {.limit = 0x7FF};
    uc_reg_write(cpu->uc, UC_X86_REG_FPCW, &fpu_control);
    uc_reg_write(cpu->uc, UC_X86_REG_FPTAG, &tags);
    uc_reg_write(cpu->uc, UC_X86_REG_MXCSR, &mxcsr);
    uc_reg_write(cpu->uc, UC_X86_REG_CR0, &cr0);
    uc_reg_write(cpu->uc, UC_X86_REG_IDTR, &idtr);
    cpu->saved = cpu->facts.ts.known = cpu->facts.tsd.known = false;
}

struct cpu *cpu_new(struct memory *mem, const struct cpu_ops *ops, void *user, GError **error)
{
    struct cpu *cpu = g_new0(struct cpu, 1);
    cpu->mem = mem;
    cpu->ops = ops;
    cpu->user = user;
    cpu->scratch = g_aligned_alloc0(1, RING1_PAGE_SIZE, RING1_PAGE_SIZE);
    cpu_set_deadline(cpu, UINT64_MAX);
    cpu->finishing = cpu->limit = UINT64_MAX;
    cpu->making = true;
    bool ok = open_engine(cpu, error);
    cpu->context = cpu->set[0].context;
    ok = ok && find_layout(cpu, error);
    cpu->making = false;
    if (!ok) {
        cpu_free(cpu);
        return NULL;
    }
    uc_ctl_flush_tlb(cpu->uc);
    uc_ctl_remove_cache(cpu->uc, HIDDEN_STUB, HIDDEN_STUB + RING1_PAGE_SIZE);
    cpu->have_event = false;
    cpu->clock = 0;
    reset_registers(cpu);
    cpu_set_gdt_limit(cpu, 0xFFFF);
    return cpu;
}

void cpu_free(struct cpu *cpu)
{
    if (!cpu)
        return;
    for (unsigned i = 0; i < MAX_VCPUS; i++)
        if (cpu->set[i].context)
            uc_context_free(cpu->set[i].context);
    if (cpu->uc)
        uc_close(cpu->uc);
    g_clear_pointer(&cpu->asked, g_hash_table_unref);
    g_aligned_free(cpu->scratch);
    g_free(cpu);
}

/* --- sets of registers ---------------------------------------------------------- */

bool cpu_make_sets(struct cpu *cpu, unsigned nr, GError **error)
{
    for (unsigned i = 0; i < MIN(nr, MAX_VCPUS); i++) {
        struct register_set *set = &cpu->set[i];
        if (i == cpu->selected)
            continue;
        if (!set->context &&
            cpu_engine_failed(uc_context_alloc(cpu->uc, &set->context), "uc_context_alloc", error))
            return false;
        uc_context_save(cpu->uc, set->context);
        set->eflags = cpu_eflags(cpu);
        set->facts.gdt_limit = UINT32_MAX; /* GDTR names another set's image */
    }
    return true;
}

static bool is_ring3(const struct cpu *cpu, const uc_context *context)
{
    struct regs regs;
    cpu_layout_get_regs(&cpu->layout, (const uint8_t *)context, &regs);
    return (regs.cs & 3u) == 3;
}

/* EFLAGS go by themselves: `context` may lack the latest. */
void cpu_select(struct cpu *cpu, unsigned set)
{
    struct register_set *from = &cpu->set[cpu->selected], *to = &cpu->set[set];
    if (set == cpu->selected || set >= MAX_VCPUS || !to->context)
        return;
    cpu_save_context(cpu);
    from->eflags = cpu_eflags(cpu);
    from->facts = cpu->facts;
    cpu->selected = set;
    cpu->context = to->context;
    cpu_restore_context(cpu);
    uc_reg_write(cpu->uc, UC_X86_REG_EFLAGS, &to->eflags);
    cpu->facts = to->facts;
    cpu->ring3_possible |= is_ring3(cpu, to->context);
}

/* --- caches ----------------------------------------------------------------- */

void cpu_flush_tlb(struct cpu *cpu)
{
    uc_ctl_flush_tlb(cpu->uc);
    cpu->ring3_possible = false;
}

void cpu_forget_code(struct cpu *cpu, mfn_t mfn)
{
    cpu->window = mfn;
    cpu_flush_tlb(cpu);
    uc_ctl_remove_cache(cpu->uc, HIDDEN_WINDOW, HIDDEN_WINDOW + RING1_PAGE_SIZE);
    cpu_flush_tlb(cpu);
}

void cpu_forget_all_code(struct cpu *cpu)
{
    uc_ctl_flush_tb(cpu->uc);
    cpu_flush_tlb(cpu);
}

mfn_t cpu_window(const struct cpu *cpu)
{
    return cpu->window;
}

/* --- saving ----------------------------------------------------------------- */

GBytes *cpu_save(struct cpu *cpu)
{
    cpu->saved = false; /* EFLAGS too */
    return g_bytes_new(cpu_save_context(cpu), uc_context_size(cpu->uc));
}

bool cpu_put_back(struct cpu *cpu, GBytes *saved)
{
    size_t len;
    const void *data = g_bytes_get_data(saved, &len);
    if (len != uc_context_size(cpu->uc))
        return false;
    /* The head of the blob is this engine's own. */
    memcpy(cpu_save_context(cpu) + cpu->layout.head, (const uint8_t *)data + cpu->layout.head,
           len - cpu->layout.head);
    cpu_restore_context(cpu);
    cpu->facts.ts.known = cpu->facts.tsd.known = false;
    cpu->facts.gdt_limit = UINT32_MAX;
    cpu->ring3_possible = true;
    return true;
}

struct cpu_mark {
    unsigned nr, selected;
    struct register_set set[MAX_VCPUS]; /* contexts of its own */
};

struct cpu_mark *cpu_mark_new(struct cpu *cpu)
{
    struct cpu_mark *mark = g_new0(struct cpu_mark, 1);
    size_t size = uc_context_size(cpu->uc);
    mark->selected = cpu->selected;
    cpu->saved = false; /* EFLAGS too */
    cpu_save_context(cpu);
    for (; mark->nr < MAX_VCPUS && cpu->set[mark->nr].context; mark->nr++) {
        struct register_set *set = &mark->set[mark->nr];
        *set = cpu->set[mark->nr];
        set->context = NULL;
        if (uc_context_alloc(cpu->uc, &set->context) == UC_ERR_OK)
            memcpy((uint8_t *)set->context + cpu->layout.head,
                   (const uint8_t *)cpu->set[mark->nr].context + cpu->layout.head, size - cpu->layout.head);
    }
    mark->set[mark->selected].facts = cpu->facts;
    return mark;
}

void cpu_mark_free(struct cpu_mark *mark)
{
    for (unsigned i = 0; i < mark->nr; i++)
        if (mark->set[i].context)
            uc_context_free(mark->set[i].context);
    g_free(mark);
}

void cpu_mark_back(struct cpu *cpu, const struct cpu_mark *mark)
{
    for (unsigned i = 0; mark->nr > 1 && i < mark->nr; i++) {
        struct register_set *set = &cpu->set[i];
        memcpy((uint8_t *)set->context + cpu->layout.head,
               (const uint8_t *)mark->set[i].context + cpu->layout.head,
               uc_context_size(cpu->uc) - cpu->layout.head);
        set->eflags = mark->set[i].eflags;
        set->facts = mark->set[i].facts;
    }
    cpu->selected = mark->selected;
    cpu->context = cpu->set[cpu->selected].context;
    cpu->facts = mark->set[mark->selected].facts;
    uc_context_restore(cpu->uc, mark->set[mark->selected].context);
    cpu->saved = false;
    cpu->reload = 0;
    cpu->ring3_possible |= mark->nr > 1 || is_ring3(cpu, mark->set[mark->selected].context);
}

char *cpu_engine_version(void)
{
    unsigned v = uc_version(NULL, NULL);
    return g_strdup_printf("Unicorn %u.%u.%u", v >> 24, (v >> 16) & 0xFF, (v >> 8) & 0xFF);
}
