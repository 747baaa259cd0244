#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the builder's `compile` calls, as $SRC/build.sh.
exec "$SRC/ring1/tools/oss-fuzz/build.sh"
