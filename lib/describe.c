/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * describe.c - what is told without a machine, as text for a person or as JSON:
 * the table of hypercalls, and what an image asks for and would get.
 */
#include "emu/describe.h"
#include "config.h"
#include "dispatch/describe.h"
#include "emu/boot.h"
#include "emu/members.h"
#include "host.h"

#include <ring1/ring1.h>

/* The pair that is meant when something is left open: PAE where a Xen has it,
 * the default Xen of an ABI. */
static const struct abi *find_pair(enum ring1_abi abi, enum ring1_xen xen, GError **error)
{
    const struct abi *pair = NULL;
    if (abi != RING1_ABI_AUTO)
        pair = abi_find(abi, xen);
    for (int a = RING1_ABI_XEN_3_0_PAE; abi == RING1_ABI_AUTO && !pair && a >= RING1_ABI_XEN_2_0; a--)
        pair = abi_find((enum ring1_abi)a, xen);
    if (!pair)
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "ABI %s never existed with Xen %s", abi_name(abi),
                    xen_name(xen));
    return pair;
}

/* "served", "-EPERM", "-ENOSYS, not served yet" */
static char *service_text(const struct hypercall *row)
{
    const char *name = errno_name(row->answer);
    switch (row->service) {
    case HC_SERVED:
        return g_strdup("served");
    case HC_ANSWERS:
        return name ? g_strdup(name) : g_strdup_printf("%d", row->answer);
    case HC_NOT_YET:
        break;
    }
    return g_strdup_printf("%s, not served yet", name);
}

/* The names of a row's arguments, pointers with a `*`. */
static GStrv argument_names(const struct hypercall *row)
{
    struct signature s;
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    if (!signature_parse(row->signature, &s, NULL, 0))
        s.nr = 0;
    for (unsigned i = 0; i < s.nr; i++) {
        bool pointer = s.arg[i].kind != ARG_NUMBER && s.arg[i].kind != ARG_COMMAND;
        g_autofree char *name = g_strdup_printf("%s%s", s.arg[i].name, pointer ? "*" : "");
        g_strv_builder_add(names, name);
    }
    return g_strv_builder_end(names);
}

static char *as_text(const struct abi *abi)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%s, Xen %s\n", abi->name, abi->xen_name);
    g_string_append_printf(text, "%6s  %-29s  %-9s  %-46s  %s\n", "number", "name", "class", "arguments",
                           "answer");
    for (unsigned nr = 0; nr < NR_HYPERCALLS; nr++) {
        const struct hypercall *row = hypercall_row(abi, nr);
        if (!row)
            continue;
        g_autofree char *service = service_text(row);
        g_auto(GStrv) names = argument_names(row);
        g_autofree char *arguments = g_strjoinv(", ", names);
        g_string_append_printf(text, "%6u  %-29s  %-9s  %-46s  %s\n", nr, row->name, row->class, arguments,
                               service);
    }
    if (abi->number_mask == UINT32_MAX)
        g_string_append(text, "Every other number: -ENOSYS\n");
    else
        g_string_append_printf(text, "Every other number up to %u: -ENOSYS; those above wrap (number & %u)\n",
                               abi->number_mask, abi->number_mask);
    return g_string_free(text, FALSE);
}

static void add_row(JsonBuilder *b, const struct hypercall *row)
{
    static const char *const services[] = {
        [HC_SERVED] = "served", [HC_ANSWERS] = "answers", [HC_NOT_YET] = "not yet"};
    json_builder_begin_object(b);
    member_int(b, "number", row->nr);
    member_string(b, "name", row->name);
    member_string(b, "class", row->class);
    g_auto(GStrv) names = argument_names(row);
    member_strings(b, "arguments", names);
    member_string(b, "service", services[row->service]);
    if (row->service != HC_SERVED) {
        member_signed(b, "answer", row->answer);
    }
    json_builder_end_object(b);
}

static char *as_json(const struct abi *abi)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    member_string(b, "abi", abi->name);
    member_string(b, "xen", abi->xen_name);
    member_bool(b, "numbers_wrap", abi->number_mask != UINT32_MAX);
    member_array(b, "hypercalls");
    for (unsigned nr = 0; nr < NR_HYPERCALLS; nr++) {
        const struct hypercall *row = hypercall_row(abi, nr);
        if (row)
            add_row(b, row);
    }
    json_builder_end_array(b);
    json_builder_end_object(b);
    return members_text(b, true);
}

char *ring1_describe_hypercalls(enum ring1_abi abi, enum ring1_xen xen, bool json, GError **error)
{
    const struct abi *pair = find_pair(abi, xen, error);
    if (!pair)
        return NULL;
    return json ? as_json(pair) : as_text(pair);
}

/* How many bytes of memory the initrd of the configuration takes: 0 for none. */
static bool initrd_length(const struct abi *abi, const ring1_config *config, uint64_t *length, GError **error)
{
    *length = 0;
    if (!config->initrd)
        return true;
    g_autoptr(GBytes) file = host_file(config->host, config->initrd, false, error);
    if (!file)
        return false;
    struct boot_config boot = {.nr_pages = config->memory_mib << (20 - RING1_PAGE_SHIFT),
                               .initrd_name = config->initrd};
    boot.initrd = g_bytes_get_data(file, &boot.initrd_len);
    g_autoptr(GBytes) unpacked = boot_unpack_initrd(abi, &boot, error);
    if (unpacked)
        *length = g_bytes_get_size(unpacked);
    return unpacked != NULL;
}

/* The layout that the configuration's builder would make. */
static bool find_layout(const ring1_config *config, const struct image *image, struct layout *layout,
                        GError **error)
{
    const char *why;
    enum ring1_abi wanted = config->abi != RING1_ABI_AUTO ? config->abi : image_abi(image, &why);
    const struct abi *abi = find_pair(wanted, config->xen, error);
    uint64_t initrd;
    return abi && config_check_abi(config, abi, error) && initrd_length(abi, config, &initrd, error) &&
           layout_compute(abi, image, config->memory_mib << (20 - RING1_PAGE_SHIFT), initrd, layout, error);
}

char *ring1_describe_image(const ring1_config *config, const char *path, bool json, GError **error)
{
    if (!config_check(config, error))
        return NULL;
    g_autoptr(GBytes) file = host_file(config->host, path, false, error);
    if (!file)
        return NULL;
    gsize len;
    const void *bytes = g_bytes_get_data(file, &len);
    struct image *image = config->raw_address < 0
                              ? image_load(bytes, len, path, error)
                              : image_raw(bytes, len, (uint32_t)config->raw_address, path, error);
    if (!image)
        return NULL;
    struct layout layout;
    g_autofree char *text = NULL;
    if (find_layout(config, image, &layout, error))
        text = image_describe(image, &layout, json);
    image_free(image);
    /* Whole lines, as ring1_describe_hypercalls has them. */
    return !text || g_str_has_suffix(text, "\n") ? g_steal_pointer(&text) : g_strconcat(text, "\n", NULL);
}
