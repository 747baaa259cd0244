/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * print.c - a line at a time to console_io (docs/xen-abi.md 8.18), or to the
 * console ring (9.2), in 2.0 to the controller (9.1), when Xen does not serve that
 * for this domain.
 */
#include "control.h"
#include "guest.h"
#include "paging.h"

static char line[1024];
static u32 line_len;

s32 console_io_write(const char *text, u32 len)
{
    return hypercall(NR_console_io, 0, len, (u32)text, 0, 0);
}

#ifdef GUEST_2_0
int console_ring_write(const char *text, u32 len)
{
    u32 n;

    if (!start_info->control_evtchn)
        return -1;
    control_map();
    for (; len; text += n, len -= n) {
        n = len < CONTROL_DATA ? len : CONTROL_DATA;
        control_put(CMSG_CONSOLE, 0, 0xFF, text, n);
    }
    control_kick();
    return 0;
}
#else
struct console_ring {
    char in[1024], out[2048];
    volatile u32 in_cons, in_prod, out_cons, out_prod;
};

static void notify_console(void)
{
    u32 op[8] = {4, start_info->console_evtchn}; /* EVTCHNOP_send */

    hypercall(NR_event_channel_op_compat, (u32)op, 0, 0, 0, 0);
}

int console_ring_write(const char *text, u32 len)
{
    struct console_ring *ring;

    /* Domain 0 has a video description in these words, and no ring. */
    if (!start_info->console_mfn || (start_info->flags & SIF_INITDOMAIN))
        return -1;
    ring = mfn_to_virt(start_info->console_mfn);
    while (len--) {
        while (ring->out_prod - ring->out_cons == sizeof(ring->out)) {
            notify_console();
            hypercall(NR_sched_op_compat, 0, 0, 0, 0, 0);
        }
        ring->out[ring->out_prod % sizeof(ring->out)] = *text++;
        asm volatile("" ::: "memory");
        ring->out_prod++;
    }
    notify_console();
    return 0;
}
#endif

static void put(char c)
{
    if (line_len < sizeof(line))
        line[line_len++] = c;
    if (c != '\n' && line_len < sizeof(line))
        return;
    if (console_io_write(line, line_len) < 0)
        console_ring_write(line, line_len);
    line_len = 0;
}

static void put_number(u32 value, u32 base)
{
    char digits[12];
    u32 n = 0;

    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (n)
        put(digits[--n]);
}

void print(const char *format, ...)
{
    __builtin_va_list ap;

    __builtin_va_start(ap, format);
    for (; *format; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        switch (*++format) {
        case 's':
            for (const char *s = __builtin_va_arg(ap, const char *); *s; s++)
                put(*s);
            break;
        case 'c':
            put((char)__builtin_va_arg(ap, int));
            break;
        case 'd': {
            s32 v = __builtin_va_arg(ap, s32);
            if (v < 0)
                put('-');
            put_number(v < 0 ? -(u32)v : (u32)v, 10);
            break;
        }
        case 'u':
            put_number(__builtin_va_arg(ap, u32), 10);
            break;
        case 'x':
            put_number(__builtin_va_arg(ap, u32), 16);
            break;
        default:
            put(*format);
        }
    }
    __builtin_va_end(ap);
}
