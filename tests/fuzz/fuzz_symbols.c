/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_symbols.c - any bytes at all as a file of symbols: an ELF file with whatever tables and
 * DWARF, or a System.map. Whatever is asked is answered, in words that a terminal may have,
 * and in time.
 */
#include "fuzz.h"

#include <emu/symbols.h>
#include <string.h>

#define BASE 0xC0100000u

static void must(bool holds, const char *what)
{
    if (!holds)
        g_error("fuzz_symbols: %s", what);
}

static void must_be_printable(const char *text, size_t more)
{
    must(!text || strlen(text) <= SYMBOL_NAME_MAX + more, "a text that is too long");
    for (const char *p = text; p && *p; p++)
        must(g_ascii_isgraph(*p), "a text that is not printable");
}

static void ask(struct symbols *s, uint32_t va)
{
    const struct ring1_code_frame *frames;
    uint32_t start;
    for (unsigned is_return = 0; is_return < 2; is_return++) {
        must_be_printable(symbols_lookup(s, va, is_return), 12);
        unsigned n = symbols_frames(s, va, is_return, &frames);
        must(n >= 1 && n <= CODE_FRAMES_MAX && !frames[n - 1].inlined, "frames");
        for (unsigned i = 0; i < n; i++) {
            must_be_printable(frames[i].name, 12);
            must_be_printable(frames[i].source, 12);
        }
    }
    if (symbols_function(s, va, &start))
        must(start <= va, "a function that begins behind the address");
    g_free(symbols_source(s, va));
}

static void ask_all(struct symbols *s)
{
    static const uint32_t places[] = {0, 1, BASE - 1, BASE + 0x2000, 0x7FFFFFFF, UINT32_MAX - 1, UINT32_MAX};
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        ask(s, places[i]);
    for (uint32_t at = 0; at < 0x140; at += 7)
        ask(s, BASE + at);
    symbols_count(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* As an image. */
    g_autoptr(GBytes) bytes = g_bytes_new(data, size), nothing = g_bytes_new(NULL, 0);
    struct symbols *s = symbols_new(bytes);
    ask_all(s);
    symbols_free(s);

    /* As what the user names. */
    g_autoptr(GError) error = NULL;
    s = symbols_new(nothing);
    if (symbols_add(s, bytes, "input", size & 1 ? 0 : 0x10, NULL, &error)) {
        ask_all(s);
    } else {
        must(error && !strchr(error->message, '\n') && symbols_count(s) == 0, "refused, and not in one line");
    }
    symbols_free(s);
    return 0;
}
