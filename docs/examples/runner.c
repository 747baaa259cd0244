/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * runner.c - the smallest use of libring1: run an image, print what it says.
 *
 *     cc runner.c $(pkg-config --cflags --libs ring1) -o runner
 */
#include <ring1/ring1.h>
#include <stdio.h>

static void print_console(void *user, const char *bytes, size_t len)
{
    fwrite(bytes, 1, len, user);
    fflush(user);
}

int main(int argc, char **argv)
{
    static const struct ring1_console console = {.write = print_console};
    if (argc != 2) {
        fprintf(stderr, "usage: runner IMAGE\n");
        return 2;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(ring1_config) config = ring1_config_new();
    config->memory_mib = 64;
    g_autoptr(ring1_machine) m = ring1_machine_new_from_file(config, argv[1], &error);
    struct ring1_stop stop;
    if (m)
        ring1_machine_set_console(m, &console, stdout);
    if (!m || !ring1_machine_run(m, NULL, &stop, &error)) {
        fprintf(stderr, "runner: %s\n", error->message);
        return 1;
    }
    if (stop.reason == RING1_STOP_CRASH)
        fprintf(stderr, "runner: the guest crashed: %s\n", stop.text);
    return stop.reason == RING1_STOP_SHUTDOWN && stop.shutdown == RING1_SHUTDOWN_POWEROFF ? 0 : 1;
}
