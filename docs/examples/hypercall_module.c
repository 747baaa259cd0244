/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * hypercall_module.c - the hypercall of own_hypercall.c as a module, to be fuzzed:
 *
 *     cc -shared -fPIC hypercall_module.c $(pkg-config --cflags glib-2.0 ring1) -o sum.so
 *     ring1 fuzz --module ./sum.so --seconds 60
 *
 * ring1_module_register is called once; ring1_module_signature, which may be left out,
 * says what the words of a hypercall are (dispatch/describe.h), so that the fuzzer makes
 * calls that get somewhere.
 */
#include <ring1/ring1.h>

#define HYPERCALL_SUM 100
#define MAX_WORDS     1024u
#define EFAULT_XEN    14
#define EINVAL_XEN    22

bool ring1_module_register(ring1_machine *m, GError **error);
const char *ring1_module_signature(uint32_t nr);

/* sum(words*, count): the sum of `count` 32-bit words. */
static int32_t do_sum(ring1_vcpu *v, const uint32_t *arg, void *user)
{
    uint32_t words[MAX_WORDS], sum = 0;
    (void)user;
#ifndef FORGOTTEN /* the test's stand-in for a mistake */
    if (arg[1] > MAX_WORDS)
        return -EINVAL_XEN;
#endif
    if (ring1_read(v, GVA(arg[0]), words, arg[1] * (uint32_t)sizeof(words[0])) != 0)
        return -EFAULT_XEN;
    for (uint32_t i = 0; i < arg[1]; i++)
        sum += words[i];
    return (int32_t)sum;
}

bool ring1_module_register(ring1_machine *m, GError **error)
{
    return ring1_machine_register_hypercall(m, HYPERCALL_SUM, 2, do_sum, NULL, error);
}

const char *ring1_module_signature(uint32_t nr)
{
    return nr == HYPERCALL_SUM ? "words:u32*[count], count" : NULL;
}
