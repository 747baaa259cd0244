/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * bare.c - the bare engine: Unicorn as ring1 sets it up, with the same kinds of
 * hooks, which do next to nothing. What it takes is what no ring1 on this engine
 * can do without.
 */
#include "bench.h"
#include "guest.h"

#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unicorn/unicorn.h>
#include <unistd.h>

#define BASE      0xC0000000u
#define SIZE      0x400000u
#define PAGE      0x1000u
#define STACK_TOP (BASE + SIZE - 16)
#define START     (BASE + SIZE - 2 * PAGE) /* a start_info of zeroes */

struct bare {
    struct runner runner;
    uc_engine *uc;
    uint8_t *memory;
    uint64_t clock;
    uint64_t deadline;
    uint32_t command; /* 0: none is waiting */
    uint32_t sum;
    bool finished, strange, left;
};

static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    struct bare *b = user;
    (void)address;
    if (G_UNLIKELY(b->clock >= b->deadline))
        uc_emu_stop(uc);
    b->clock += size;
}

static void on_bench_call(struct bare *b)
{
    uint32_t answer = b->command;
    if (answer == 0) {
        uc_reg_read(b->uc, UC_X86_REG_EBX, &b->sum);
        b->finished = true;
        answer = work_command(WORK_NONE, 0);
        uc_emu_stop(b->uc);
    }
    b->command = 0;
    uc_reg_write(b->uc, UC_X86_REG_EAX, &answer);
}

static void on_interrupt(uc_engine *uc, uint32_t vector, void *user)
{
    struct bare *b = user;
    uint32_t eax;
    if (vector == 0x83) {
        b->left = true;
        uc_emu_stop(uc);
        return;
    }
    if (G_UNLIKELY(vector != 0x82)) {
        b->strange = true;
        uc_emu_stop(uc);
        return;
    }
    uc_reg_read(uc, UC_X86_REG_EAX, &eax);
    if (G_UNLIKELY(eax == NR_BENCH)) {
        on_bench_call(b);
        return;
    }
    eax = eax == 13 ? 0 : XEN_VERSION_4_17;
    uc_reg_write(uc, UC_X86_REG_EAX, &eax);
}

static bool on_fill(uc_engine *uc, uint64_t va, uc_mem_type type, uc_tlb_entry *entry, void *user)
{
    (void)uc;
    (void)user;
    if (va < BASE || va >= BASE + SIZE)
        return false;
    entry->paddr = va - BASE;
    entry->perms = type == UC_MEM_FETCH   ? UC_PROT_READ | UC_PROT_EXEC
                   : type == UC_MEM_WRITE ? UC_PROT_READ | UC_PROT_WRITE
                                          : UC_PROT_READ;
    return true;
}

static bool add_hooks(struct bare *b)
{
    uc_hook h;
    return uc_hook_add(b->uc, &h, UC_HOOK_TLB_FILL, (void *)on_fill, b, 1, 0) == UC_ERR_OK &&
           uc_hook_add(b->uc, &h, UC_HOOK_INTR, (void *)on_interrupt, b, 1, 0) == UC_ERR_OK &&
           uc_hook_add(b->uc, &h, UC_HOOK_BLOCK, (void *)on_block, b, 1, 0) == UC_ERR_OK;
}

static bool open_engine(struct bare *b, size_t size)
{
    b->memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    b->deadline = UINT64_MAX;
    return b->memory != MAP_FAILED && uc_open(UC_ARCH_X86, UC_MODE_32, &b->uc) == UC_ERR_OK &&
           uc_mem_map_ptr(b->uc, 0, size, UC_PROT_ALL, b->memory) == UC_ERR_OK &&
           uc_ctl_tlb_mode(b->uc, UC_TLB_VIRTUAL) == UC_ERR_OK && uc_ctl_exits_enable(b->uc) == UC_ERR_OK &&
           add_hooks(b);
}

/* --- the guest without a Xen ------------------------------------------------ */

/* The segments of an ELF file that this project built, to their addresses; and
 * its entry. */
static bool load(struct bare *b, const char *path, uint32_t *entry)
{
    g_autofree char *bytes = NULL;
    gsize len;
    const Elf32_Ehdr *eh;
    if (!g_file_get_contents(path, &bytes, &len, NULL) || len < sizeof *eh)
        return bench_failed("%s: cannot be read", path);
    eh = (const Elf32_Ehdr *)(const void *)bytes;
    if (memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0 || eh->e_phoff + eh->e_phnum * sizeof(Elf32_Phdr) > len)
        return bench_failed("%s: is no guest of the benchmark", path);
    *entry = eh->e_entry;
    for (unsigned i = 0; i < eh->e_phnum; i++) {
        const Elf32_Phdr *ph = (const Elf32_Phdr *)(const void *)(bytes + eh->e_phoff) + i;
        if (ph->p_type != PT_LOAD)
            continue;
        if (ph->p_vaddr < BASE || ph->p_memsz > SIZE || ph->p_vaddr - BASE > SIZE - ph->p_memsz ||
            ph->p_filesz > ph->p_memsz || ph->p_offset > len || ph->p_filesz > len - ph->p_offset)
            return bench_failed("%s: segment %u lies elsewhere", path, i);
        memcpy(b->memory + (ph->p_vaddr - BASE), bytes + ph->p_offset, ph->p_filesz);
    }
    return true;
}

/* The hypercall page of guest-images/lib/start.S, as Xen writes it: mov, int, ret. */
static void write_hypercall_page(struct bare *b)
{
    for (uint32_t nr = 0; nr < PAGE / 32; nr++) {
        uint8_t *at = b->memory + PAGE + nr * 32;
        const uint8_t stub[] = {0xB8, (uint8_t)nr, 0, 0, 0, 0xCD, 0x82, 0xC3};
        memcpy(at, stub, sizeof stub);
    }
}

/* To the guest's next request for work. */
static bool go(struct bare *b)
{
    uint32_t eip = 0;
    uc_err err;
    b->finished = b->strange = false;
    do {
        b->left = false;
        uc_reg_read(b->uc, UC_X86_REG_EIP, &eip);
        err = uc_emu_start(b->uc, eip, 0, 0, 0);
    } while (b->left && err == UC_ERR_OK);
    return (err == UC_ERR_OK && b->finished && !b->strange) ||
           bench_failed("the bare engine stopped: %s", uc_strerror(err));
}

static bool bare_run(struct runner *r, enum work work, uint32_t turns, uint32_t *sum)
{
    struct bare *b = (struct bare *)r;
    b->command = work_command(work, turns);
    if (!go(b))
        return false;
    *sum = b->sum;
    return true;
}

static void bare_free(struct runner *r)
{
    struct bare *b = (struct bare *)r;
    if (b->uc)
        uc_close(b->uc);
    if (b->memory != MAP_FAILED)
        munmap(b->memory, SIZE);
    g_free(b);
}

struct runner *bare_runner(const char *path)
{
    struct bare *b = g_new0(struct bare, 1);
    uint32_t entry, esp = STACK_TOP, esi = START;
    b->runner = (struct runner){bare_run, bare_free};
    if (!open_engine(b, SIZE)) {
        bench_failed("the bare engine did not open");
        goto fail;
    }
    if (!load(b, path, &entry))
        goto fail;
    write_hypercall_page(b);
    uc_reg_write(b->uc, UC_X86_REG_ESP, &esp);
    uc_reg_write(b->uc, UC_X86_REG_ESI, &esi);
    uc_reg_write(b->uc, UC_X86_REG_EIP, &entry);
    if (go(b)) /* the runtime's start, up to the first request */
        return &b->runner;
fail:
    bare_free(&b->runner);
    return NULL;
}

int bare_start(void)
{
    struct bare b = {0};
    const uint8_t code[] = {0xB8, NR_BENCH, 0, 0, 0, 0xCD, 0x82}; /* mov $NR_BENCH, %eax; int $0x82 */
    uint32_t eip = BASE;
    if (!open_engine(&b, 256u << 20))
        return 1;
    memcpy(b.memory, code, sizeof code);
    uc_reg_write(b.uc, UC_X86_REG_EIP, &eip);
    if (!go(&b) || write(STDOUT_FILENO, "b", 1) != 1)
        return 1;
    uc_close(b.uc);
    return 0;
}
