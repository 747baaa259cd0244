/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * boot.h - the domain builder: from an image and a configuration to a domain that
 * can run its first instruction. docs/xen-abi.md 4.
 */
#ifndef EMU_BOOT_H
#define EMU_BOOT_H

#include "image.h"
#include "layout.h"

#include <dispatch/domain.h>

struct boot_config {
    uint32_t nr_pages;  /* 1..1048576 */
    uint32_t max_pages; /* that it may grow to; 0: nr_pages */
    enum ring1_mfn_mode mfn_mode;
    uint64_t mfn_seed;
    const char *cmdline; /* NULL: empty */
    /* The initrd's file as it is: gzip is taken off as the ABI's builder does. */
    const uint8_t *initrd; /* NULL: none */
    size_t initrd_len;
    const char *initrd_name; /* for messages */
};

/* Event channels that a new domain has: to the back ends' domain. */
#define BOOT_PORT_STORE   1u
#define BOOT_PORT_CONSOLE 2u
#define BOOT_PORT_CONTROL 1u /* 2.0 */

/* How many machine frames memory_new must make for boot_build. 0, and
 * RING1_ERROR_OPTION: there cannot be such a machine. */
uint32_t boot_machine_frames(const struct abi *abi, const struct boot_config *config, GError **error);

/* Build `d`, fresh from domain_new on fresh memory of boot_machine_frames frames.
 * All of vcpu 0 is set but what the clock gives (time in shared_info). Memory that
 * the builder does not fill is not touched. On failure the domain is of no use;
 * RING1_ERROR_IMAGE or RING1_ERROR_OPTION. */
bool boot_build(struct domain *d, const struct image *image, const struct boot_config *config,
                GError **error);

/* The same, and where everything went. */
bool boot_build_layout(struct domain *d, const struct image *image, const struct boot_config *config,
                       struct layout *layout, GError **error);

/* For a domain that comes back in new frames (resume.h), or without an image
 * (debug/world.h), as for a new one: the page of Xen's descriptors, shared_info, where
 * each vcpu_info lies, and the channels to the back ends of console and xenstore, whose
 * pages are named, or of 2.0's control interface. */
void boot_gdt_page(struct domain *d);
void boot_shared_info(struct domain *d);
void boot_vcpu_infos(struct domain *d);
void boot_connect_backends(struct domain *d, mfn_t store, mfn_t console);
void boot_connect_control(struct domain *d);

/* The initrd as it will lie in memory: unpacked, or a new reference to the bytes. */
GBytes *boot_unpack_initrd(const struct abi *abi, const struct boot_config *config, GError **error);

#endif
