/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * monitor.c - see monitor.h: which commands there are.
 */
#include "monitor.h"

#include <string.h>

struct monitor {
    ring1_debugger *d;
    bool catch_all;
    GArray *numbers; /* of uint32_t: monitor_catch_numbers */
};

struct monitor *monitor_new(ring1_debugger *d)
{
    struct monitor *m = g_new0(struct monitor, 1);
    m->d = d;
    m->numbers = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    return m;
}

void monitor_free(struct monitor *m)
{
    if (!m)
        return;
    g_array_unref(m->numbers);
    g_free(m);
}

char *monitor_command(struct monitor *m, unsigned vcpu, const char *line, bool *moved)
{
    (void)m;
    (void)vcpu;
    if (moved)
        *moved = false;
    return g_strdup_printf("'%s' is no command; `help` lists them\n", line);
}

char *monitor_stopped(struct monitor *m, const struct ring1_debug_stop *stop)
{
    (void)m;
    (void)stop;
    return NULL;
}

bool monitor_catches_number(const struct monitor *m, uint32_t number)
{
    for (unsigned i = 0; i < m->numbers->len; i++)
        if (g_array_index(m->numbers, uint32_t, i) == number)
            return true;
    return m->catch_all;
}

void monitor_catch_numbers(struct monitor *m, bool all, const uint32_t *numbers, unsigned nr)
{
    m->catch_all = all;
    g_array_set_size(m->numbers, 0);
    g_array_append_vals(m->numbers, numbers, nr);
}
