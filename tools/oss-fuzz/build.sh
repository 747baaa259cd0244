#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds all targets of tests/fuzz/ into $OUT, with their seeds, dictionaries, options and
# the shared libraries that they need, so that $OUT runs wherever it is put. Called by
# OSS-Fuzz and ClusterFuzzLite, whose environment it takes, or by hand
# (docs/fuzzing-at-scale.md):
#
#   CC, CXX, CFLAGS, CXXFLAGS  the compiler, with the sanitizer's and the engine's flags
#   LIB_FUZZING_ENGINE         what links the engine: a flag or an archive
#   OUT, WORK                  where the targets go; where they are built
#   SANITIZER                  address, undefined or coverage
set -euo pipefail

: "${CC:?}" "${CXX:?}" "${LIB_FUZZING_ENGINE:?}" "${OUT:?}"
: "${CFLAGS=}" "${CXXFLAGS=}" "${SANITIZER:=address}"
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd -P)
build=${WORK:=$(mktemp -d)}/ring1-$SANITIZER
corpus=$root/tests/fuzz/corpus

# What is only linked with libraries that know no MemorySanitizer cries wolf.
case $SANITIZER in
    address | undefined | coverage | none) ;;
    *)
        echo "build.sh: no targets for SANITIZER=$SANITIZER" >&2
        exit 1
        ;;
esac

# Unicorn, where quickstart put it.
if [[ -d $root/deps/unicorn/lib/pkgconfig ]]; then
    export PKG_CONFIG_PATH=$root/deps/unicorn/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
fi

# Assertions stay; what is left undefined are symbols of the sanitizer.
export CC CXX CFLAGS CXXFLAGS
rm -rf "$build"
meson setup "$build" "$root" --buildtype=plain --auto-features=disabled -Dtests=enabled -Db_lundef=false \
    -Dfuzz=link -Dfuzz_link="$LIB_FUZZING_ENGINE"
ninja -C "$build" fuzz-targets tests/fuzz/make_dictionary

# The guest that fuzz_guest runs, by an ordinary compiler: without nasm and gcc -m32 that target is left out.
mkdir -p "$OUT/lib"
guest=fuzzed-xen-3.0-pae.elf
rm -rf "$build-guest"
if env -u CFLAGS -u CXXFLAGS CC=gcc CXX=g++ meson setup "$build-guest" "$root" --auto-features=disabled \
    -Dtests=enabled -Dguests=enabled && ninja -C "$build-guest" "guest-images/$guest"; then
    cp "$build-guest/guest-images/$guest" "$OUT/"
else
    echo "build.sh: fuzz_guest is left out: its guest cannot be built" >&2
fi

# need_libraries FILE: those that it is linked with, but the C library's own, into $OUT/lib.
need_libraries() {
    local name path
    while read -r name path; do
        case $name in
            ld-linux* | libc.so* | libm.so* | libdl.so* | librt.so* | libpthread.so*) continue ;;
        esac
        cp -Lu "$path" "$OUT/lib/"
    done < <(ldd "$1" | sed -n 's/^[[:space:]]*\([^ ]*\) => \(\/[^ ]*\).*/\1 \2/p')
}

for target in "$build"/tests/fuzz/fuzz_*; do
    name=$(basename "$target")
    kind=${name#fuzz_}
    [[ -x $target && -f $target && -d $corpus/$kind ]] || continue
    [[ $kind != guest || -f $OUT/$guest ]] || continue
    cp "$target" "$OUT/$name"
    need_libraries "$OUT/$name"
    # RPATH, not RUNPATH: it is for the libraries' libraries, too.
    # shellcheck disable=SC2016 # $ORIGIN is the loader's
    patchelf --force-rpath --set-rpath '$ORIGIN/lib' "$OUT/$name"
    rm -f "$OUT/${name}_seed_corpus.zip"
    zip -qjr "$OUT/${name}_seed_corpus.zip" "$corpus/$kind"
    if [[ -f $root/tests/fuzz/dictionaries/$kind.dict ]]; then
        cp "$root/tests/fuzz/dictionaries/$kind.dict" "$OUT/$name.dict"
    fi
    if [[ -f $root/tools/oss-fuzz/$name.options ]]; then
        cp "$root/tools/oss-fuzz/$name.options" "$OUT/"
    fi
done
# Of the grammar: what hypercalls, commands and odd numbers there are.
"$build/tests/fuzz/make_dictionary" dispatch >"$OUT/fuzz_dispatch.dict"
"$build/tests/fuzz/make_dictionary" seq >"$OUT/fuzz_seq.dict"
