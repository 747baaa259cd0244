/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * config.h - whether a configuration can be: asked before a machine is made, and before
 * its layout is described.
 */
#ifndef LIB_CONFIG_H
#define LIB_CONFIG_H

#include "dispatch/abi.h"

#include <ring1/ring1.h>

/* Each value by itself. RING1_ERROR_OPTION. */
bool config_check(const ring1_config *c, GError **error);
/* With the ABI that the machine will have. */
bool config_check_abi(const ring1_config *c, const struct abi *abi, GError **error);

#endif
