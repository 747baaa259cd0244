/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_loader.c - any bytes at all as an image and as an initrd: loaded, laid out
 * and built, or refused in one line. The entry point is libFuzzer's; driver.c gives
 * it a main for everyday use.
 */
#include "fuzz.h"
#include "must.h"

#include <dispatch/page_type.h>
#include <emu/boot.h>
#include <emu/describe.h>

#define NAME "input"

static void build(const struct abi *abi, const struct image *image, const struct boot_config *config)
{
    struct memory *mem = memory_new(boot_machine_frames(abi, config, NULL));
    must(mem != NULL, "no memory");
    struct domain *d = domain_new(abi, mem, NULL, NULL);
    GError *error = NULL;
    struct layout layout;
    if (boot_build_layout(d, image, config, &layout, &error)) {
        must(page_recount(d, NULL), "counts of frames do not agree");
        must(layout.virt_end <= abi->hole && layout.virt_base < layout.virt_end,
             "a layout beyond its bounds");
        g_free(image_describe(image, &layout, false));
        g_free(image_describe(image, &layout, true));
    } else {
        must_be_one_line(error);
    }
    domain_free(d);
    memory_free(mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    struct image *image = image_load(data, size, NAME, &error);
    if (!image) {
        must_be_one_line(error);
        return 0;
    }
    /* The last byte picks a Xen, the numbering, and whether there is an initrd; the
     * file itself serves as one. */
    uint8_t pick = data[size - 1];
    struct boot_config config = {
        .nr_pages = pick & 0x40 ? 2048 : 4096,
        .mfn_mode = (enum ring1_mfn_mode)(pick % 3),
        .mfn_seed = pick,
        .cmdline = "a=b",
        .initrd = pick & 0x80 ? data : NULL,
        .initrd_len = pick & 0x80 ? size : 0,
        .initrd_name = NAME,
    };
    enum ring1_xen xen = (enum ring1_xen)(pick / 4 % (RING1_XEN_4_17 + 1));
    const struct abi *abi = abi_find(image_abi(image, NULL), xen);
    if (!abi)
        abi = abi_find(image_abi(image, NULL), RING1_XEN_AUTO);
    must(abi != NULL, "an image without an ABI");
    build(abi, image, &config);
    image_free(image);
    return 0;
}
