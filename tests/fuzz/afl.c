/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * afl.c - a main for a fuzz target under AFL++: persistent, inputs in shared memory.
 */
#include "fuzz.h"

#include <unistd.h>

__AFL_FUZZ_INIT();

int main(void)
{
    __AFL_INIT();
    const uint8_t *data = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(100000))
        LLVMFuzzerTestOneInput(data, (size_t)__AFL_FUZZ_TESTCASE_LEN);
    return 0;
}
