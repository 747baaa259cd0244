#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines and branches of dispatch/ that a corpus reaches by itself, file by file, as the table of
docs/fuzzing.md. In a build with -Db_coverage=true -Doptimization=0:

    ninja -C build-cov coverage-corpus

or, with another corpus:

    tools/corpus_coverage.py gcovr SOURCE BUILD BUILD/tests/fuzz/fuzz_dispatch CORPUS...

With --missed what was not taken is listed instead, a line each: FILE:LINE: what of it."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

# What no call leads to: traps and upcalls of a CPU, who runs next on it, saved states and their checks, the
# page of hypercalls, what is told to who looks on.
BESIDE = {"domain_check.c", "event.c", "event.h", "hypercall_page.c", "memory_image.c", "run_queue.c", "run_queue.h",
          "state_type.c", "tlb_filter.h", "traps.c"}


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "-"


def measure(gcovr, source, build, program, corpus):
    objects = pathlib.Path(build, "dispatch")
    for old in objects.rglob("*.gcda"):
        old.unlink()
    with tempfile.TemporaryDirectory() as work:
        subprocess.run([program, *corpus], check=True, cwd=work, stdout=subprocess.DEVNULL)
        out = os.path.join(work, "coverage.json")
        subprocess.run([gcovr, "--root", source, "--object-directory", build, "--filter", os.path.join(source, "dispatch", ""),
                        "--exclude-throw-branches", "--exclude-unreachable-branches", "--json", out, str(objects)], check=True)
        with open(out) as f:
            return json.load(f)["files"]


def counts(file):
    lines = [n for n in file["lines"] if not n.get("gcovr/noncode")]
    branches = [b for n in lines for b in n["branches"]]
    return [sum(n["count"] > 0 for n in lines), len(lines), sum(b["count"] > 0 for b in branches), len(branches)]


def show(files):
    rows = {os.path.basename(f["file"]): counts(f) for f in files}
    sums = {"all that calls lead to": [n for n in rows if n not in BESIDE], "all": list(rows)}
    print("| file | lines | of | branches | of |\n|---|---|---|---|---|")
    for name, names in [(n, [n]) for n in sorted(rows)] + list(sums.items()):
        row = [sum(column) for column in zip(*(rows[n] for n in names))]
        print(f"| {name} | {percent(*row[:2])} | {row[1]} | {percent(*row[2:])} | {row[3]} |")


def show_missed(files, source):
    for file in sorted(files, key=lambda f: f["file"]):
        with open(os.path.join(source, file["file"])) as f:
            text = f.read().splitlines()
        for line in file["lines"]:
            missed = [i for i, b in enumerate(line["branches"]) if not b["count"]]
            if line.get("gcovr/noncode") or (line["count"] and not missed):
                continue
            what = "not run" if not line["count"] else f"{len(missed)} of {len(line['branches'])} branches"
            print(f"{file['file']}:{line['line_number']}: {what}: {text[line['line_number'] - 1].strip()}")


def main():
    args = sys.argv[1:]
    missed = "--missed" in args
    args = [a for a in args if a != "--missed"]
    gcovr, source, build, program, *corpus = args
    files = measure(gcovr, source, build, os.path.abspath(program), [os.path.abspath(c) for c in corpus])
    if missed:
        show_missed(files, source)
    else:
        show(files)


if __name__ == "__main__":
    main()
