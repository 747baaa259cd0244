/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * host.h - reading and opening ahead for a ring1_host (ring1.h): who locks the process up
 * before the first machine is made, image and all, has this done first.
 *
 *     ring1_host *host = config->host = ring1_host_new();
 *     if (ring1_host_fetch(host, config, "kernel", &error)) {
 *         ... give away what is not needed ...
 *         m = ring1_machine_new_from_file(config, "kernel", &error);
 */
#ifndef RING1_HOST_H
#define RING1_HOST_H

#include <ring1/ring1.h>

/* All that a machine of this configuration opens: the image's file (NULL: none), those that the
 * configuration names, disks, what is behind cards. Nothing in them is looked at. False:
 * the error is that of ring1_machine_new_from_file. */
bool ring1_host_fetch(ring1_host *host, const ring1_config *config, const char *image, GError **error);

/* The image and the initrd alone: for ring1_describe_image. */
bool ring1_host_fetch_image(ring1_host *host, const ring1_config *config, const char *image, GError **error);

/* No other machine follows the one that was made: files need not be kept. */
void ring1_host_forget_files(ring1_host *host);

/* The file of ring1_machine_add_symbols(m, spec), for a machine of this host. */
bool ring1_host_fetch_symbols(ring1_host *host, const char *spec, GError **error);

#endif
