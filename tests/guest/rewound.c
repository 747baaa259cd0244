/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * rewound.c - a guest is taken to each of some of its calls, run on from there to the end or for a
 * while, and brought back, many times (ring1/target.h): memory, registers and time are those of the
 * start each time, and it ends as it did the first time.
 *
 *     rewound IMAGE...
 */
#include <glib/gstdio.h>
#include <inttypes.h>
#include <ring1/target.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TIMES      5u
#define PLACES     9u
#define DISK_BYTES (64u << 10)

/* Short runs, too: what is cached is used before anything drops it. */
static const uint64_t budgets[] = {3000000, 60000, 12000, 3000};

static unsigned passed, failed;

static void check(bool good, const char *image, const char *what, uint64_t calls)
{
    passed += good;
    failed += !good;
    if (!good)
        printf("FAIL %s, from call %" PRIu64 ": %s\n", image, calls, what);
}

/* As it stands: what the hash does not have is told by the run that follows. */
static bool is_at_start(ring1_machine *m, const char *hash, uint64_t ns, uint64_t calls)
{
    g_autofree char *now = ring1_machine_hash(m);
    return strcmp(now, hash) == 0 && ring1_machine_now(m) == ns && ring1_machine_hypercalls(m) == calls;
}

static void run_and_come_back(const char *image, ring1_machine *m, ring1_target *t, uint64_t calls)
{
    g_autofree char *start = ring1_machine_hash(m), *first = NULL;
    uint64_t ns = ring1_machine_now(m);
    struct ring1_target_end before = {0}, end;
    for (unsigned i = 0; i < TIMES; i++) {
        g_autoptr(GError) error = NULL;
        if (!ring1_target_run(t, &end, &error)) {
            check(false, image, error->message, calls);
            return;
        }
        g_autofree char *hash = ring1_machine_hash(m);
        if (i == 0) {
            first = g_strdup(hash);
            before = end;
        }
        check(strcmp(hash, first) == 0, image, "the run leaves another memory", calls);
        check(end.ns == before.ns && end.hypercalls == before.hypercalls && end.reason == before.reason,
              image, "the run is another", calls);
        check(ring1_target_reset(t, &error) && is_at_start(m, start, ns, calls), image,
              "it has not come back", calls);
    }
}

static ring1_machine *make(const char *image, const char *disk, GError **error)
{
    g_autoptr(ring1_config) config = ring1_config_new();
    config->memory_mib = 16;
    config->vcpus = strstr(image, "smp") ? 3 : 1;
    if (disk) {
        config->disks = g_new0(char *, 2);
        config->disks[0] = g_strdup_printf("%s,snapshot", disk);
    }
    return ring1_machine_new_from_file(config, image, error);
}

/* False: it ended before. */
static bool from_call(const char *image, const char *disk, uint64_t calls)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ring1_machine) m = make(image, disk, &error);
    struct ring1_budget budget = RING1_BUDGET_UNLIMITED;
    struct ring1_stop stop;
    budget.hypercalls = calls;
    if (!m || !ring1_machine_run(m, &budget, &stop, &error)) {
        check(false, image, error->message, calls);
        return false;
    }
    if (stop.reason != RING1_STOP_BUDGET)
        return false;
    for (unsigned i = 0; i < G_N_ELEMENTS(budgets); i++) {
        const struct ring1_target_setup setup = {.budget_ns = disk ? 100 * budgets[i] : budgets[i]};
        ring1_target *t = ring1_target_new(m, &setup, &error);
        check(t != NULL, image, t ? "" : error->message, calls);
        if (t)
            run_and_come_back(image, m, t, ring1_machine_hypercalls(m));
        ring1_target_free(t);
    }
    return true;
}

/* A disk of bytes by chance, which is to be put back with the rest, and whose file nobody writes to. */
static char *make_disk(void)
{
    char *name = NULL;
    uint32_t *bytes = g_malloc(DISK_BYTES);
    int fd = g_file_open_tmp("ring1-rewound-XXXXXX", &name, NULL);
    for (uint32_t i = 0; i < DISK_BYTES / 4; i++)
        bytes[i] = i * 2654435761u;
    check(fd >= 0 && g_file_set_contents(name, (const char *)bytes, DISK_BYTES, NULL), "a disk", "", 0);
    close(fd);
    g_free(bytes);
    return name;
}

static void on_disk(const char *image, const char *disk)
{
    g_autofree char *before = NULL, *after = NULL;
    gsize len, len_after;
    bool read = g_file_get_contents(disk, &before, &len, NULL);
    for (uint64_t calls = 250; calls < 600 && from_call(image, disk, calls); calls += 200)
        continue;
    read = read && g_file_get_contents(disk, &after, &len_after, NULL);
    check(read && len == len_after && memcmp(before, after, len) == 0, image, "its disk was written to", 0);
}

int main(int argc, char **argv)
{
    g_autofree char *disk = make_disk();
    for (int i = 1; i < argc; i++) {
        for (uint64_t n = 0, calls = 1; n < PLACES && from_call(argv[i], NULL, calls); n++)
            calls *= 3;
        if (strstr(argv[i], "frontends"))
            on_disk(argv[i], disk);
    }
    g_unlink(disk);
    printf("verdict: %u passed, %u failed\n", passed, failed);
    return failed != 0;
}
