/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * boot.c - see boot.h. Frames are frames.c's, tables boot_tables.c's business; here
 * is what goes into the pages, and the first vcpu.
 */
#include "boot.h"

#include "boot_tables.h"
#include "frames.h"

#include <dispatch/gdt.h>
#include <dispatch/grant.h>
#include <dispatch/hypercall_page.h>
#include <dispatch/page_type.h>
#include <ring1/ring1.h>
#include <string.h>

/* start_info: docs/xen-abi.md 4.4. */
struct start_info_2_0 {
    uint32_t nr_pages, pad0;
    uint32_t shared_info, pad1; /* machine address */
    uint32_t flags;
    uint16_t domain_controller_evtchn, pad2;
    uint32_t pt_base, pad3;
    uint32_t nr_pt_frames, pad4;
    uint32_t mfn_list, pad5;
    uint32_t mod_start, pad6;
    uint32_t mod_len, pad7;
    char cmd_line[256];
};
G_STATIC_ASSERT(sizeof(struct start_info_2_0) == 320);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct start_info_2_0, shared_info) == 8);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct start_info_2_0, domain_controller_evtchn) == 20);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct start_info_2_0, mod_len) == 56);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct start_info_2_0, cmd_line) == 64);

struct start_info_3_0 {
    char magic[32];
    uint32_t nr_pages;
    uint32_t shared_info; /* machine address */
    uint32_t flags;
    uint32_t store_mfn, store_evtchn;
    uint32_t console_mfn, console_evtchn;
    uint32_t pt_base, nr_pt_frames;
    uint32_t mfn_list;
    uint32_t mod_start, mod_len;
    char cmd_line[1024];
    uint32_t first_p2m_pfn, nr_p2m_frames; /* 64-bit builders only */
};
G_STATIC_ASSERT(sizeof(struct start_info_3_0) == 1112);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct start_info_3_0, store_mfn) == 44);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct start_info_3_0, pt_base) == 60);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct start_info_3_0, cmd_line) == 80);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct start_info_3_0, first_p2m_pfn) == 1104);

#define SIF_MOD_START_PFN 8u

/* Bits of vm_assist: docs/xen-abi.md 5.8. */
#define ASSIST_WRITABLE_PAGETABLES 2u
#define ASSIST_PAE_EXTENDED_CR3    3u

struct build {
    struct domain *d;
    const struct image *image;
    const struct boot_config *config;
    const struct layout *layout;
    uint32_t *p2m;
    GBytes *initrd; /* as it lies in memory, or NULL */
};

static bool plan_frames(const struct abi *abi, const struct boot_config *config, struct frame_plan *plan,
                        GError **error)
{
    return frames_plan(abi, config->nr_pages, MAX(config->nr_pages, config->max_pages), config->mfn_mode,
                       plan, error);
}

uint32_t boot_machine_frames(const struct abi *abi, const struct boot_config *config, GError **error)
{
    struct frame_plan plan;
    return plan_frames(abi, config, &plan, error) ? plan.nr_frames : 0;
}

/* --- filling memory ----------------------------------------------------------- */

/* A frame of the domain that is about to be written. */
static uint8_t *frame_for(const struct build *b, uint32_t pfn)
{
    mfn_t mfn = MFN(b->p2m[pfn]);
    frame_dirty(b->d->mem, mfn);
    return frame_ptr(b->d->mem, mfn);
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
    return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/* Copy to pseudo-physical address `at`. Memory starts as zeros, so zeros are not
 * written: a page that stays untouched costs the host nothing. */
static void fill(const struct build *b, uint64_t at, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        size_t offset = at % RING1_PAGE_SIZE, part = MIN(len, RING1_PAGE_SIZE - offset);
        if (!all_zero(bytes, part))
            memcpy(frame_for(b, (uint32_t)(at >> RING1_PAGE_SHIFT)) + offset, bytes, part);
        at += part;
        bytes += part;
        len -= part;
    }
}

static void load_kernel(const struct build *b)
{
    const struct layout *l = b->layout;
    for (unsigned i = 0; i < b->image->nr_segments; i++) {
        const struct image_segment *s = &b->image->segment[i];
        if (layout_segment_loads(l->abi, s))
            fill(b, layout_segment_va(l->abi, b->image, s) - l->virt_base, s->data, s->filesz);
    }
    if (b->image->symtab) {
        size_t len;
        const uint8_t *bytes = g_bytes_get_data(b->image->symtab, &len);
        fill(b, l->symtab - l->virt_base, bytes, len);
    }
}

static void load_initrd(const struct build *b)
{
    const struct layout_element *e = layout_find(b->layout, LAYOUT_INITRD);
    if (!e)
        return;
    size_t len;
    const uint8_t *bytes = g_bytes_get_data(b->initrd, &len);
    fill(b, (uint64_t)e->pfn << RING1_PAGE_SHIFT, bytes, len);
}

static void write_p2m(const struct build *b)
{
    uint64_t at = (uint64_t)layout_find(b->layout, LAYOUT_P2M)->pfn << RING1_PAGE_SHIFT;
    fill(b, at, (const uint8_t *)b->p2m, (size_t)b->layout->nr_pages * 4);
}

static void write_hypercall_page(const struct build *b)
{
    const struct layout *l = b->layout;
    if (l->has_hypercall_page)
        hypercall_page_init(l->abi, frame_for(b, (l->hypercall_page - l->virt_base) >> RING1_PAGE_SHIFT));
}

/* --- start_info, shared_info ---------------------------------------------------- */

static mfn_t mfn_of(const struct build *b, enum layout_part part)
{
    return MFN(b->p2m[layout_find(b->layout, part)->pfn]);
}

static uint32_t mod_start(const struct build *b, uint32_t *flags)
{
    const struct layout_element *e = layout_find(b->layout, LAYOUT_INITRD);
    if (!e)
        return 0;
    if (e->mapped)
        return e->va;
    *flags |= SIF_MOD_START_PFN;
    return e->pfn;
}

static const char *cmdline(const struct build *b)
{
    return b->config->cmdline ? b->config->cmdline : "";
}

static void write_start_info_2_0(const struct build *b)
{
    const struct layout *l = b->layout;
    struct start_info_2_0 si = {
        .nr_pages = l->nr_pages,
        .shared_info = b->d->s.shared_info.mfn << RING1_PAGE_SHIFT,
        .domain_controller_evtchn = b->d->s.control_port,
        .pt_base = layout_find(l, LAYOUT_PAGE_TABLES)->va,
        .nr_pt_frames = layout_find(l, LAYOUT_PAGE_TABLES)->pages,
        .mfn_list = layout_find(l, LAYOUT_P2M)->va,
        .mod_len = (uint32_t)l->initrd_len,
    };
    si.mod_start = mod_start(b, &si.flags);
    g_strlcpy(si.cmd_line, cmdline(b), sizeof(si.cmd_line));
    fill(b, (uint64_t)layout_find(l, LAYOUT_START_INFO)->pfn << RING1_PAGE_SHIFT, (const uint8_t *)&si,
         sizeof(si));
}

static void write_start_info_3_0(const struct build *b)
{
    const struct layout *l = b->layout;
    struct start_info_3_0 si = {
        .nr_pages = l->nr_pages,
        .shared_info = b->d->s.shared_info.mfn << RING1_PAGE_SHIFT,
        .store_mfn = b->d->s.store_mfn.mfn,
        .store_evtchn = b->d->s.store_port,
        .console_mfn = b->d->s.console_mfn.mfn,
        .console_evtchn = b->d->s.console_port,
        .pt_base = layout_find(l, LAYOUT_PAGE_TABLES)->va,
        .nr_pt_frames = layout_find(l, LAYOUT_PAGE_TABLES)->pages,
        .mfn_list = layout_find(l, LAYOUT_P2M)->va,
        .mod_len = (uint32_t)l->initrd_len,
    };
    si.mod_start = mod_start(b, &si.flags);
    g_strlcpy(si.magic, l->abi->magic, sizeof(si.magic));
    g_strlcpy(si.cmd_line, cmdline(b), sizeof(si.cmd_line));
    fill(b, (uint64_t)layout_find(l, LAYOUT_START_INFO)->pfn << RING1_PAGE_SHIFT, (const uint8_t *)&si,
         sizeof(si));
}

/* Events are masked on every vcpu; time is the clock's. */
void boot_vcpu_infos(struct domain *d)
{
    for (unsigned i = 0; i < MAX_VCPUS; i++) {
        struct vcpu *v = &d->s.vcpu[i];
        v->info_mfn = d->s.shared_info;
        v->info_offset = i < d->abi->max_vcpus ? i * 64 : 0;
        vcpu_info(v)[1] = 1;
    }
}

void boot_shared_info(struct domain *d)
{
    boot_vcpu_infos(d);
    if (d->abi->abi == RING1_ABI_XEN_2_0) {
        uint32_t m2p = GUINT32_TO_LE(d->mem->m2p.mfn); /* arch.mfn_to_pfn_start */
        memcpy(shared_info(d) + 328, &m2p, sizeof(m2p));
    }
    frame_dirty(d->mem, d->s.shared_info);
}

void boot_gdt_page(struct domain *d)
{
    uint64_t *page = frame_ptr(d->mem, d->s.gdt_reserved);
    for (unsigned i = 0; i < RING1_PAGE_SIZE / 8; i++) {
        unsigned first = d->abi->first_reserved_gdt;
        /* 2.0's default GDT is one page, in which Xen's entries are the later half. */
        page[i] = GUINT64_TO_LE(xen_descriptor(d->abi, first - first % (RING1_PAGE_SIZE / 8) + i));
    }
    frame_dirty(d->mem, d->s.gdt_reserved);
}

/* --- event channels, the first vcpu ---------------------------------------------- */

static void bind_backend(struct domain *d, uint16_t port, enum backend backend)
{
    d->s.evtchn[port] = (struct evtchn){
        .kind = ECS_INTERDOMAIN,
        .backend = (uint8_t)backend,
        .remote_dom = DOMID_BACKEND,
        .remote_port = port,
    };
    if (d->s.evtchn_top <= port)
        d->s.evtchn_top = port + 1;
}

void boot_connect_backends(struct domain *d, mfn_t store, mfn_t console)
{
    d->s.store_mfn = store;
    d->s.console_mfn = console;
    d->s.store_port = BOOT_PORT_STORE;
    d->s.console_port = BOOT_PORT_CONSOLE;
    bind_backend(d, BOOT_PORT_STORE, BACKEND_XENSTORE);
    bind_backend(d, BOOT_PORT_CONSOLE, BACKEND_CONSOLE);
}

void boot_connect_control(struct domain *d)
{
    d->s.control_port = BOOT_PORT_CONTROL;
    bind_backend(d, BOOT_PORT_CONTROL, BACKEND_CONTROL);
}

static void connect_backends(const struct build *b)
{
    struct domain *d = b->d;
    if (d->abi->abi == RING1_ABI_XEN_2_0) {
        boot_connect_control(d);
        return;
    }
    boot_connect_backends(d, mfn_of(b, LAYOUT_XENSTORE), mfn_of(b, LAYOUT_CONSOLE));
}

/* docs/xen-abi.md 4.3. */
static void set_vcpu(const struct build *b)
{
    struct vcpu *v = &b->d->s.vcpu[0];
    const struct abi *abi = b->d->abi;
    uint32_t stack = layout_find(b->layout, LAYOUT_BOOT_STACK)->va + RING1_PAGE_SIZE;
    struct regs regs = regs_at_start(abi, b->layout->entry, stack);
    regs.esi = layout_find(b->layout, LAYOUT_START_INFO)->va;
    if (abi->xen == RING1_XEN_2_0)
        regs.eflags |= 4u; /* its builder set bit 2 where it meant bit 1 */
    v->initialised = true;
    v->run = VCPU_RUNNING;
    v->regs_loaded = true;
    *vcpu_regs_mut(v) = regs;
    v->kernel_ss = abi->kernel_ds;
    v->kernel_sp = stack;
}

static void set_assists(const struct build *b)
{
    const struct image *image = b->image;
    const struct abi *abi = b->d->abi;
    if (abi->abi == RING1_ABI_XEN_2_0 && image->pt_mode_writable)
        b->d->s.vm_assist |= 1u << ASSIST_WRITABLE_PAGETABLES;
    if (abi->abi == RING1_ABI_XEN_3_0_PAE && abi->xen >= RING1_XEN_3_0_4 &&
        (image->pae == IMAGE_PAE_EXTENDED_CR3 || image->pae == IMAGE_PAE_BIMODAL))
        b->d->s.vm_assist |= 1u << ASSIST_PAE_EXTENDED_CR3;
}

/* --- putting it together ---------------------------------------------------------- */

GBytes *boot_unpack_initrd(const struct abi *abi, const struct boot_config *config, GError **error)
{
    size_t len = config->initrd_len, memory = (size_t)config->nr_pages << RING1_PAGE_SHIFT;
    const char *name = config->initrd_name ? config->initrd_name : "initrd";
    GBytes *out = NULL;
    if (compression_detect(config->initrd, len) == COMPRESSION_GZIP) {
        g_autoptr(GError) why = NULL;
        out = decompress(COMPRESSION_GZIP, config->initrd, len, memory, name, &why);
        /* Builders after 3.0 take an initrd that they cannot unpack as it is. */
        if (!out && abi->xen <= RING1_XEN_3_0_4) {
            g_propagate_error(error, g_steal_pointer(&why));
            return NULL;
        }
    }
    if (!out)
        out = g_bytes_new_static(config->initrd, len);
    if (g_bytes_get_size(out) <= memory)
        return out;
    g_set_error(error, RING1_ERROR, RING1_ERROR_IMAGE,
                "%s: the initrd of %zu KiB does not fit into %zu KiB of memory", name,
                g_bytes_get_size(out) >> 10, memory >> 10);
    g_bytes_unref(out);
    return NULL;
}

static bool check_cmdline(const struct abi *abi, const struct boot_config *config, GError **error)
{
    size_t len = config->cmdline ? strlen(config->cmdline) : 0;
    size_t max = abi->abi == RING1_ABI_XEN_2_0 ? 255 : 1023;
    if (len <= max)
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION,
                "the guest's command line of %zu bytes does not fit: start_info of %s holds %zu", len,
                abi->name, max);
    return false;
}

/* The one place where the builder's pages become page tables. */
static bool boot_pin(const struct build *b, mfn_t top, GError **error)
{
    struct domain *d = b->d;
    bool want_why = d->want_why;
    d->want_why = true;
    bool ok = page_pin(d, top, root_type(d->abi)) == 0 && page_take_cr3(d, top) == 0;
    d->want_why = want_why;
    if (ok)
        d->s.vcpu[0].cr3 = top;
    else
        image_refuse(b->image, error, "the boot page tables were refused: %s", d->why);
    return ok;
}

static bool fill_domain(const struct build *b, GError **error)
{
    struct domain *d = b->d;
    d->s.nr_pages = d->s.tot_pages = b->layout->nr_pages;
    d->s.max_pages = MAX(d->s.nr_pages, b->config->max_pages);
    connect_backends(b);
    load_kernel(b);
    load_initrd(b);
    write_p2m(b);
    write_hypercall_page(b);
    if (d->abi->abi == RING1_ABI_XEN_2_0)
        write_start_info_2_0(b);
    else
        write_start_info_3_0(b);
    boot_shared_info(d);
    boot_gdt_page(d);
    set_assists(b);
    set_vcpu(b);
    mfn_t top = boot_tables(d, b->layout, b->p2m);
    domain_flush(d);
    d->s.attention |= ATTN_GDT | ATTN_TIMER;
    if (d->abi->abi != RING1_ABI_XEN_2_0 && !grant_init(d))
        return image_refuse(b->image, error, "no frames are left for the grant table");
    return boot_pin(b, top, error);
}

bool boot_build_layout(struct domain *d, const struct image *image, const struct boot_config *config,
                       struct layout *layout, GError **error)
{
    struct frame_plan plan;
    g_autoptr(GBytes) initrd = NULL;
    if (!plan_frames(d->abi, config, &plan, error) || !check_cmdline(d->abi, config, error))
        return false;
    if (plan.nr_frames > d->mem->nr_frames) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_STATE, "the machine has %u frames where %u are needed",
                    d->mem->nr_frames, plan.nr_frames);
        return false;
    }
    if (config->initrd && config->initrd_len > 0) {
        initrd = boot_unpack_initrd(d->abi, config, error);
        if (!initrd)
            return false;
    }
    if (!layout_compute(d->abi, image, config->nr_pages, initrd ? g_bytes_get_size(initrd) : 0, layout,
                        error))
        return false;
    /* CR3 and the rings must have frames that 32 bits can name. */
    uint32_t low = layout_find(layout, LAYOUT_BOOT_STACK)->pfn + 1;
    g_autofree uint32_t *p2m = frames_hand_out(d, &plan, config->mfn_seed, low);
    struct build b = {d, image, config, layout, p2m, initrd};
    return fill_domain(&b, error);
}

bool boot_build(struct domain *d, const struct image *image, const struct boot_config *config, GError **error)
{
    struct layout layout;
    return boot_build_layout(d, image, config, &layout, error);
}
