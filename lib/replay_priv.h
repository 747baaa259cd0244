/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * replay_priv.h - what a replay's parts share.
 */
#ifndef LIB_REPLAY_PRIV_H
#define LIB_REPLAY_PRIV_H

#include "debug/record_read.h"

#include <ring1/record.h>

struct record_reader *replay_reader(ring1_replay *r);

#endif
