/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_saved_disks.c - a snapshot that was made to name a disk that can be written: whoever
 * loads it would have opened any file of his so.
 */
#define _GNU_SOURCE /* memfd_create */
#include "debug/chunks.h"
#include "lib/saved.h"
#include "suite.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <ring1/snapshot.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What a machine with the disk `path` leaves; in its text the first `from` becomes `to`, as long. */
static int save(const char *path, const char *from, const char *to)
{
    static const uint8_t code[4096] = {0xEB, 0xFE};
    g_autoptr(GError) error = NULL;
    g_autoptr(ring1_config) c = ring1_config_new();
    int fd = memfd_create("saved", MFD_CLOEXEC), lie = memfd_create("lie", MFD_CLOEXEC);
    c->memory_mib = 4;
    c->raw_address = 0x100000;
    c->abi = RING1_ABI_XEN_3_0_PAE;
    c->disks = g_new0(char *, 2);
    c->disks[0] = g_strdup_printf("%s,ro", path);
    g_autoptr(ring1_machine) m = ring1_machine_new_from_bytes(c, "raw", code, sizeof code, &error);
    ck_assert_msg(m && ring1_machine_save_fd(m, fd, "saved", &error), "%s", error ? error->message : "");
    struct chunk_reader *r = chunk_reader_new_from_fd(&saved_file, "saved", fd, NULL);
    struct chunk_writer *w = chunk_writer_new_fd(&saved_file, "lie", lie);
    for (unsigned i = 0; i < chunk_count(r); i++) {
        g_autoptr(GBytes) chunk = chunk_unpack(r, i, NULL);
        gsize len;
        const char *bytes = g_bytes_get_data(chunk, &len);
        g_autofree char *copy = g_memdup2(bytes, len);
        char *at = chunk_at(r, i)->kind == SAVED_MACHINE ? memmem(copy, len, from, strlen(from)) : NULL;
        if (at)
            memcpy(at, to, strlen(to));
        chunk_write(w, chunk_at(r, i)->kind, copy, len);
    }
    chunk_reader_free(r);
    ck_assert(chunk_writer_close(w, NULL));
    close(fd);
    return lie;
}

static char *disk_file(void)
{
    static const char zeroes[4096];
    char *path = NULL;
    int fd = g_file_open_tmp("ring1-disk-XXXXXX", &path, NULL);
    ck_assert_int_eq(write(fd, zeroes, sizeof zeroes), sizeof zeroes);
    close(fd);
    return path;
}

static void check_opens(const char *path, const char *to, bool good)
{
    g_autoptr(GError) error = NULL, also = NULL;
    char **disks, **nets;
    int fd = save(path, ",ro", to);
    ck_assert_int_eq(ring1_saved_outside(dup(fd), "lie", &disks, &nets, &error), good);
    g_autoptr(ring1_saved) s = ring1_saved_open_fd(fd, "lie", &also);
    ck_assert_int_eq(s != NULL, good);
    if (!good) {
        ck_assert(g_error_matches(error, RING1_ERROR, RING1_ERROR_INPUT));
        ck_assert_ptr_nonnull(strstr(error->message, "can be written"));
        ck_assert_str_eq(error->message, also->message);
    }
    g_strfreev(disks);
    g_strfreev(nets);
}

START_TEST(writable)
{
    g_autofree char *path = disk_file();
    check_opens(path, ",ro", true);
    check_opens(path, ",rw", false);
    check_opens(path, ".ro", false);
    g_unlink(path);
}
END_TEST

/* What another process says that looked. */
START_TEST(lists)
{
    static const struct {
        const char *disk;
        bool good;
    } rows[] = {
        {"a,ro", true},          {"a,snapshot", true},    {"a,snapshot,rw", true},
        {"a,dev=xvdb,ro", true}, {"a,snapshot,ro", true}, {"a", false},
        {"a,rw", false},         {"a,rw,ro", false},      {"a,ro,", false},
        {"a,ro,dev=xvdb", true}, {",ro", false},          {"", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *disks[] = {(char *)"b,ro", (char *)rows[i].disk, NULL};
        g_autoptr(GError) error = NULL;
        ck_assert_msg(ring1_saved_check_disks(disks, &error) == rows[i].good, "%s", rows[i].disk);
        ck_assert_int_eq(error == NULL, rows[i].good);
    }
    ck_assert(ring1_saved_check_disks(NULL, NULL));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("saved_disks");
    TCase *t = tcase_create("disks");
    tcase_add_test(t, writable);
    tcase_add_test(t, lists);
    suite_add_tcase(s, t);
    return run_suite(s);
}
