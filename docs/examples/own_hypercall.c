/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * own_hypercall.c - a hypercall of one's own. Number 100, which no Xen has, adds
 * up an array in the guest's memory; the guest is a few instructions, written as
 * bytes, that call it and shut down with the sum as their reason.
 *
 *     cc own_hypercall.c $(pkg-config --cflags --libs ring1) -o own_hypercall
 */
#include <inttypes.h>
#include <ring1/ring1.h>
#include <stdio.h>

#define HYPERCALL_SUM 100
#define MAX_WORDS     1024u
#define EFAULT_XEN    14
#define EINVAL_XEN    22

/* What the handler counts; `user` of ring1_machine_register_hypercall. */
struct counter {
    unsigned calls;
};

/* sum(words*, count): the sum of `count` 32-bit words. Pointers of the guest are
 * numbers here; ring1_read checks them. */
static int32_t do_sum(ring1_vcpu *v, const uint32_t *arg, void *user)
{
    struct counter *counter = user;
    counter->calls++;
    if (arg[1] > MAX_WORDS)
        return -EINVAL_XEN;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < arg[1]; i++) {
        uint32_t word;
        if (ring1_read(v, GVA(arg[0] + i * 4), &word, sizeof(word)) != 0)
            return -EFAULT_XEN;
        sum += word;
    }
    return (int32_t)sum;
}

#define GUEST_ADDRESS 0x100000

/* A machine word, lowest byte first. */
#define WORD(x) (x) & 0xff, (x) >> 8 & 0xff, (x) >> 16 & 0xff, (x) >> 24 & 0xff

static const uint8_t guest[] = {
    0xb8,     WORD(HYPERCALL_SUM),      /* mov eax, 100 */
    0xbb,     WORD(GUEST_ADDRESS + 31), /* mov ebx, words */
    0xb9,     WORD(3),                  /* mov ecx, 3 */
    0xcd,     0x82,                     /* int 0x82 */
    0x89,     0xc1,                     /* mov ecx, eax: the shutdown's reason */
    0xb8,     WORD(6),                  /* mov eax, 6: sched_op, in its old form */
    0xbb,     WORD(2),                  /* mov ebx, 2: shutdown */
    0xcd,     0x82,                     /* int 0x82 */
    WORD(10), WORD(20),
    WORD(12), /* words */
};

int main(void)
{
    struct counter counter = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(ring1_config) config = ring1_config_new();
    config->memory_mib = 16;
    config->raw_address = GUEST_ADDRESS;
    g_autoptr(ring1_machine) m =
        ring1_machine_new_from_bytes(config, "own hypercall", guest, sizeof(guest), &error);
    struct ring1_stop stop;
    if (!m || !ring1_machine_register_hypercall(m, HYPERCALL_SUM, 2, do_sum, &counter, &error) ||
        !ring1_machine_run(m, NULL, &stop, &error)) {
        fprintf(stderr, "own_hypercall: %s\n", error->message);
        return 1;
    }
    if (stop.reason != RING1_STOP_SHUTDOWN) {
        fprintf(stderr, "own_hypercall: %s\n",
                stop.reason == RING1_STOP_CRASH ? stop.text : "the guest did not end");
        return 1;
    }
    printf("%u call, the guest was told %" PRIu32 "\n", counter.calls, stop.shutdown);
    return counter.calls == 1 && stop.shutdown == 42 ? 0 : 1;
}
