#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts the tests of one `meson test` run from its testlog.json.

A Meson test is one test, unless its output says how many it made: the Check
library's summary ("100%: Checks: 12, Failures: 0, Errors: 0"), or a guest's
verdict ("verdict: 12 passed, 0 failed"). A test that fails without saying where
counts as one failure. The last line printed is "N passed, N failed"; the exit
status is 0 only when something passed and nothing failed.
"""

import json
import re
import sys

CHECK = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.M)
VERDICT = re.compile(r"^verdict: (\d+) passed, (\d+) failed\s*$", re.M)


def inner_counts(output):
    """(passed, failed) of the tests inside one Meson test, or None."""
    checks = [[int(n) for n in m] for m in CHECK.findall(output)]
    if checks:
        bad = sum(failures + errors for _, failures, errors in checks)
        return sum(total for total, _, _ in checks) - bad, bad
    verdicts = [[int(n) for n in m] for m in VERDICT.findall(output)]
    if verdicts:
        return sum(p for p, _ in verdicts), sum(f for _, f in verdicts)
    return None


def counts(test):
    """(passed, failed, skipped) of one Meson test."""
    result = test["result"]
    if result == "SKIP":
        return 0, 0, 1
    if result == "EXPECTEDFAIL":
        return 1, 0, 0
    inner = inner_counts(test.get("stdout") or "")
    if result == "OK":
        return (*(inner or (1, 0)), 0)
    passed, failed = inner or (0, 1)
    return passed, max(failed, 1), 0


def main(path):
    passed = failed = skipped = 0
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            tests = [json.loads(line) for line in log if line.strip()]
    except FileNotFoundError:
        tests = []  # no test ran
    for test in tests:
        p, f, s = counts(test)
        passed, failed, skipped = passed + p, failed + f, skipped + s
        if f:
            print(f"failed: {test['name']} ({test['result']})")
        if s:
            print(f"skipped: {test['name']}")
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: count-tests.py TESTLOG.JSON")
    sys.exit(main(sys.argv[1]))
