#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Does what build.sh left run where nothing of the build is? Copies it elsewhere, has each
# libFuzzer target replay its seeds and go on for a while, and names those that fail:
#
#     check.sh OUT [RUNS]
set -uo pipefail

out=${1:?"usage: check.sh OUT [RUNS]"} runs=${2:-2000} failed=0 passed=0
place=$(mktemp -d) || exit 2
trap 'rm -rf "$place"' EXIT
cp -r "$out" "$place/out"
for target in "$place"/out/fuzz_*; do
    [[ -x $target ]] || continue
    name=$(basename "$target")
    mkdir -p "$place/$name/seeds"
    unzip -qo "${target}_seed_corpus.zip" -d "$place/$name/seeds"
    args=(-runs="$runs" -timeout=60 -rss_limit_mb=2560 -artifact_prefix="$place/$name/")
    [[ ! -f $target.dict ]] || args+=(-dict="$target.dict")
    while IFS=' =' read -r key value; do
        [[ $key == [a-z]* ]] && args+=("-$key=$value")
    done < <(cat "$target.options" 2>/dev/null)
    if ldd "$target" | grep -q 'not found'; then
        echo "FAIL $name: $(ldd "$target" | grep 'not found')"
        ((failed += 1))
    elif (cd "$place/$name" && env -i PATH="$PATH" "$target" "${args[@]}" seeds) >"$place/log" 2>&1; then
        echo "ok $name: $(grep -E '^(Done|stat::|#[0-9]+.*DONE)' "$place/log" | tail -n 1)"
        ((passed += 1))
    else
        echo "FAIL $name"
        tail -n 30 "$place/log"
        ((failed += 1))
    fi
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
