/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * runtime.c - from the first C instruction to the verdict: which Xen this is,
 * the command line, counting the checks, shutting down.
 */
#include "guest.h"

struct start_info *start_info;
enum xen xen;
static u32 passed, failed;

void runtime_main(struct start_info *si);

int has_hypercall_page(void)
{
    return hypercall_page[0] == 0xB8;
}

int option_is(const char *value, const char *word)
{
    while (*word && *value == *word)
        value++, word++;
    return !*word && (!*value || *value == ' ');
}

const char *option(const char *key)
{
    u32 len = strlen(key);
    const char *at = start_info->cmd_line;

    for (; *at; at++)
        if ((at == start_info->cmd_line || at[-1] == ' ') && !memcmp(at, key, len) && at[len] == '=')
            return at + len + 1;
    return 0;
}

/* 3.0.0 and 3.0.4 have the same number; get_features came in between. */
static enum xen ask_xen(void)
{
    static const char *const names[] = {"2.0", "3.0.0", "3.0.4", "3.2", "4.17"};
    const char *told = option("xen");
    u32 version = (u32)hypercall(NR_xen_version, 0, 0, 0, 0, 0);
    u32 i;

    for (i = 0; told && i < sizeof(names) / sizeof(names[0]); i++)
        if (option_is(told, names[i]))
            return (enum xen)i;
    if (version < 0x30000)
        return XEN_2_0;
    if (version == 0x30000) {
        u32 features[2] = {0, 0};
        return hypercall(NR_xen_version, 6, (u32)features, 0, 0, 0) == -ENOSYS ? XEN_3_0_0 : XEN_3_0_4;
    }
    return version < 0x40000 ? XEN_3_2 : XEN_4_17;
}

static void print_value(u32 value)
{
    if ((s32)value >= -200 && (s32)value < 10000)
        print("%d", (s32)value);
    else
        print("0x%x", value);
}

int check_quietly(const char *name, u32 got, u32 expected)
{
    if (got == expected)
        return 1;
    check(name, got, expected);
    return 0;
}

void check(const char *name, u32 got, u32 expected)
{
    print("%s %s = ", got == expected ? "ok" : "FAIL", name);
    print_value(got);
    if (got == expected) {
        passed++;
    } else {
        failed++;
        print(", expected ");
        print_value(expected);
    }
    print("\n");
}

void shut_down(u32 reason)
{
#ifdef GUEST_2_0
    hypercall(NR_sched_op_compat, 2 | (reason << 8), 0, 0, 0, 0);
#else
    hypercall(NR_sched_op, 2, (u32)&reason, 0, 0, 0);
    hypercall(NR_sched_op_compat, 2, reason, 0, 0, 0);
#endif
    for (;;)
        ;
}

void runtime_main(struct start_info *si)
{
    start_info = si;
    xen = ask_xen();
    guest_main();
    print("verdict: %u passed, %u failed\n", passed, failed);
    shut_down(failed ? SHUTDOWN_crash : SHUTDOWN_poweroff);
}

void *memset(void *to, int byte, u32 len)
{
    u8 *at = to;

    while (len--)
        *at++ = (u8)byte;
    return to;
}

void *memcpy(void *to, const void *from, u32 len)
{
    u8 *at = to;
    const u8 *source = from;

    while (len--)
        *at++ = *source++;
    return to;
}

int memcmp(const void *a, const void *b, u32 len)
{
    const u8 *p = a, *q = b;

    for (; len; len--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}

u32 strlen(const char *text)
{
    u32 len = 0;

    while (text[len])
        len++;
    return len;
}
