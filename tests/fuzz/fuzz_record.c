/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_record.c - the reader of records: whatever the bytes are, it refuses them or
 * reads them to the end. Checksums are made right first, or nothing would get past them.
 */
#include "debug/record_read.h"
#include "fuzz.h"

#include <ring1/ring1.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

static void put_crc(uint8_t *to, const uint8_t *bytes, size_t len)
{
    uint32_t crc = (uint32_t)crc32(0, bytes, (uInt)len);
    memcpy(to, &crc, 4);
}

static void mend(uint8_t *bytes, size_t len)
{
    uint32_t serial = 0;
    if (len < CHUNK_FILE_HEAD)
        return;
    put_crc(bytes + 12, bytes, 12);
    for (size_t at = CHUNK_FILE_HEAD; len - at >= CHUNK_HEAD; serial++) {
        uint8_t *head = bytes + at;
        size_t stored = get32(head + 12);
        memcpy(head + 4, &serial, 4);
        if (stored <= len - at - CHUNK_HEAD)
            put_crc(head + 16, head + CHUNK_HEAD, stored);
        put_crc(head + 20, head, 20);
        if (stored > len - at - CHUNK_HEAD)
            break;
        at += CHUNK_HEAD + stored;
    }
}

static void read_all(struct record_reader *r)
{
    for (unsigned i = 0; i < record_nr_machines(r); i++) {
        struct record_facts facts;
        const char *image = record_value(r, (int)i, "image");
        record_count(r, i, &facts, NULL);
        g_autoptr(GBytes) blob = image ? record_blob(r, image, NULL) : NULL;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int mended = 0; mended < 2; mended++) {
        g_autoptr(GError) error = NULL;
        g_autofree uint8_t *copy = g_malloc(size + 1);
        memcpy(copy, data, size);
        if (mended)
            mend(copy, size);
        struct record_reader *r = record_reader_new_from_bytes("fuzz", copy, size, &error);
        if (!r != (error != NULL))
            abort();
        if (r)
            read_all(r);
        record_reader_free(r);
    }
    return 0;
}
