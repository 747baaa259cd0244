#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The fuzz targets under other engines: all of them are built as docs/fuzzing-at-scale.md says, and
# each tries its seeds.
#
#   test_engines.sh SOURCE CORPUS GUEST ENGINE UNICORN
#
# ENGINE is libfuzzer or afl, UNICORN the folder of unicorn.pc. 77: the engine's compiler is not here.
set -euo pipefail

source=$1 corpus=$2 guest=$3 engine=$4
export PKG_CONFIG_PATH=$5${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
declare -A compilers=([libfuzzer]=clang [afl]=afl-clang-fast)
CC=${compilers[$engine]}
export CC AFL_QUIET=1 RING1_FUZZ_GUEST=$guest RING1_FUZZ_CHECKS=cheap
command -v "$CC" >/dev/null || exit 77

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build=$work/build log=$work/log

# try COMMAND...: quiet, unless it fails.
try() {
    "$@" >"$log" 2>&1 || {
        echo "$engine: $*:"
        tail -n 30 "$log"
        exit 1
    }
}

try meson setup "$build" "$source" -Dfuzz="$engine" -Db_lundef=false -Dguests=disabled
try ninja -C "$build" fuzz-targets

count=0
for target in "$build"/tests/fuzz/fuzz_*; do
    name=${target##*/fuzz_}
    [[ -x $target && -f $target && -d $corpus/$name ]] || continue
    # Files that are named are tried once, by either engine.
    try find "$corpus/$name" -type f -exec "$target" {} +
    count=$((count + 1))
done
echo "$engine: $count targets"
((count > 15))
