/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * insn_decode.h - from bytes to struct insn; used by insn.c alone.
 */
#ifndef EMU_INSN_DECODE_H
#define EMU_INSN_DECODE_H

#include "insn.h"

#include <capstone/capstone.h>

/* Fill the rest of `in` from its bytes, fetched and code32. `handle` is set to
 * the width of the code and gives details; `scratch` is cs_malloc's. */
void insn_decode(csh handle, cs_insn *scratch, struct insn *in);

#endif
