/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * bytes.c - see bytes.h.
 */
#include "bytes.h"

#include <ring1/ring1.h>
#include <string.h>

#define WORD_MAX  64u
#define NR_WORDS  4096u
#define BLOCK_MAX 128u /* that is put in, taken out or copied at once, mostly */

struct word {
    uint8_t len, byte[WORD_MAX];
};

struct fuzz_words {
    GArray *word;
};

/* --- words --------------------------------------------------------------------------------- */

struct fuzz_words *fuzz_words_new(void)
{
    struct fuzz_words *w = g_new0(struct fuzz_words, 1);
    w->word = g_array_new(FALSE, TRUE, sizeof(struct word));
    return w;
}

void fuzz_words_free(struct fuzz_words *w)
{
    if (!w)
        return;
    g_array_unref(w->word);
    g_free(w);
}

unsigned fuzz_words_nr(const struct fuzz_words *w)
{
    return w ? w->word->len : 0;
}

static const struct word *word_at(const struct fuzz_words *w, unsigned i)
{
    return &g_array_index(w->word, struct word, i);
}

void fuzz_words_add(struct fuzz_words *w, const void *bytes, size_t len)
{
    struct word word = {.len = (uint8_t)MIN(len, WORD_MAX)};
    memcpy(word.byte, bytes, word.len);
    for (unsigned i = 0; i < w->word->len; i++)
        if (memcmp(word_at(w, i), &word, sizeof word) == 0)
            return;
    if (word.len && w->word->len < NR_WORDS)
        g_array_append_val(w->word, word);
}

static int hex_digits(const char *at)
{
    int high = g_ascii_xdigit_value(at[0]), low = high < 0 ? -1 : g_ascii_xdigit_value(at[1]);
    return low < 0 ? -1 : high << 4 | low;
}

/* What stands between quotes. */
static bool read_word(struct fuzz_words *w, const char *at)
{
    uint8_t bytes[WORD_MAX];
    size_t n = 0;
    for (; *at && *at != '"' && n < WORD_MAX; n++) {
        int value = (unsigned char)*at;
        if (*at == '\\' && (at[1] == '\\' || at[1] == '"')) {
            value = *++at;
        } else if (*at == '\\') {
            value = at[1] == 'x' ? hex_digits(at + 2) : -1;
            at += 3;
        }
        if (value < 0)
            return false;
        bytes[n] = (uint8_t)value;
        at++;
    }
    if (*at != '"' || n == 0)
        return false;
    fuzz_words_add(w, bytes, n);
    return true;
}

bool fuzz_words_read(struct fuzz_words *w, const char *name, const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        const char *line = g_strstrip(lines[i]), *quote = strchr(line, '"');
        if (!line[0] || line[0] == '#' || (quote && read_word(w, quote + 1)))
            continue;
        g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "%s:%u: this is no word: NAME=\"BYTES\"", name,
                    i + 1);
        return false;
    }
    return true;
}

/* --- changes --------------------------------------------------------------------------------- */

struct change {
    struct fuzz_random *r;
    const struct fuzz_words *w;
    struct fuzz_bytes *in;
    const struct fuzz_bytes *other;
    uint32_t max;
};

static uint32_t roll(struct change *c, uint32_t bound)
{
    return fuzz_roll(c->r, bound);
}

/* How many bytes, of so many: a few, mostly. 0: there are none. */
static uint32_t block(struct change *c, uint32_t most)
{
    uint32_t limit = roll(c, 4) ? 8 : BLOCK_MAX, n = 1 + roll(c, roll(c, 16) ? limit : MAX(most, 1u));
    return MIN(n, most);
}

static void flip_bit(struct change *c)
{
    if (c->in->len)
        c->in->byte[roll(c, c->in->len)] ^= (uint8_t)(1u << roll(c, 8));
}

static void set_byte(struct change *c)
{
    if (c->in->len)
        c->in->byte[roll(c, c->in->len)] = (uint8_t)roll(c, 256);
}

/* A number of 1, 2 or 4 bytes; aligned, mostly. */
static uint8_t *number(struct change *c, unsigned *size)
{
    *size = 1u << roll(c, 3);
    if (c->in->len < *size)
        return NULL;
    uint32_t at = roll(c, c->in->len - *size + 1);
    return c->in->byte + (roll(c, 4) ? at & ~(*size - 1) : at);
}

static void add_to_number(struct change *c)
{
    unsigned size;
    uint8_t *at = number(c, &size);
    uint32_t value = 0;
    if (!at)
        return;
    memcpy(&value, at, size);
    value += roll(c, 2) ? 1 + roll(c, 35) : -(1 + roll(c, 35));
    memcpy(at, &value, size);
}

static void odd_number(struct change *c)
{
    static const uint32_t odd[] = {
        0,          1,          2,      3,          4,          7,          8,      15,         16,
        31,         32,         63,     64,         100,        127,        128,    255,        256,
        511,        512,        1000,   1023,       1024,       4095,       4096,   32767,      32768,
        65535,      65536,      0x7FF0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFE, 0xFFFFFFFE, 0xC0000000,
        0xF5800000, 0xFC000000, 0x3FF,  0xFFF,      0x80,       0x8000,     0x7FF1, 0x7FF2,
    };
    unsigned size;
    uint8_t *at = number(c, &size);
    uint32_t value = odd[roll(c, G_N_ELEMENTS(odd))];
    if (!at)
        return;
    if (roll(c, 8) == 0)
        value = GUINT32_SWAP_LE_BE(value);
    memcpy(at, &value, size);
}

static void take_out(struct change *c)
{
    struct fuzz_bytes *in = c->in;
    uint32_t n = block(c, in->len);
    if (n == 0)
        return;
    uint32_t at = roll(c, in->len - n + 1);
    memmove(in->byte + at, in->byte + at + n, in->len - at - n);
    in->len -= n;
}

/* Room for so many at `at`; as many as there may be. */
static uint32_t make_room(struct change *c, uint32_t at, uint32_t n)
{
    struct fuzz_bytes *in = c->in;
    n = MIN(n, c->max - in->len);
    memmove(in->byte + at + n, in->byte + at, in->len - at);
    in->len += n;
    return n;
}

/* Bytes from somewhere, put in at a place or over what is there. */
static void put_bytes(struct change *c, const uint8_t *bytes, uint32_t n, bool insert)
{
    struct fuzz_bytes *in = c->in;
    uint32_t at = roll(c, in->len + 1);
    if (insert || at == in->len)
        n = make_room(c, at, n);
    else
        n = MIN(n, in->len - at);
    memcpy(in->byte + at, bytes, n);
}

static void put_random(struct change *c)
{
    uint8_t bytes[BLOCK_MAX];
    uint32_t n = 1 + roll(c, roll(c, 4) ? 8 : BLOCK_MAX);
    uint8_t same = (uint8_t)roll(c, 256);
    bool all_same = roll(c, 2);
    for (uint32_t i = 0; i < n; i++)
        bytes[i] = all_same ? same : (uint8_t)roll(c, 256);
    put_bytes(c, bytes, n, roll(c, 2));
}

static void copy_from(struct change *c, const struct fuzz_bytes *from)
{
    uint8_t bytes[BLOCK_MAX];
    uint32_t n = block(c, from->len);
    n = MIN(n, BLOCK_MAX);
    if (n == 0)
        return;
    memcpy(bytes, from->byte + roll(c, from->len - n + 1), n);
    put_bytes(c, bytes, n, roll(c, 2));
}

static void copy_own(struct change *c)
{
    copy_from(c, c->in);
}

static void copy_other(struct change *c)
{
    if (c->other)
        copy_from(c, c->other);
}

static void put_word(struct change *c)
{
    if (!fuzz_words_nr(c->w))
        return;
    const struct word *word = word_at(c->w, roll(c, fuzz_words_nr(c->w)));
    put_bytes(c, word->byte, word->len, roll(c, 3) == 0);
}

/* The head of this one, the tail of another. */
static void splice(struct change *c)
{
    struct fuzz_bytes *in = c->in;
    if (!c->other || !c->other->len)
        return;
    uint32_t head = roll(c, in->len + 1),
             from = roll(c, 2) ? MIN(head, c->other->len) : roll(c, c->other->len);
    uint32_t n = MIN(c->other->len - from, c->max - head);
    memcpy(in->byte + head, c->other->byte + from, n);
    in->len = head + n;
}

typedef void (*change_fn)(struct change *c);
static const change_fn changes[] = {
    flip_bit,   set_byte,   set_byte, add_to_number, add_to_number, odd_number, odd_number, take_out,
    put_random, put_random, copy_own, copy_other,    put_word,      put_word,   splice,
};

void fuzz_bytes_mutate(struct fuzz_random *r, const struct fuzz_words *w, struct fuzz_bytes *in,
                       const struct fuzz_bytes *other, uint32_t max)
{
    struct change c = {.r = r, .w = w, .in = in, .other = other, .max = max};
    for (unsigned n = 1u << roll(&c, 4); n; n--)
        changes[roll(&c, G_N_ELEMENTS(changes))](&c);
}

void fuzz_bytes_generate(struct fuzz_random *r, const struct fuzz_words *w, struct fuzz_bytes *out,
                         uint32_t max)
{
    struct change c = {.r = r, .w = w, .in = out, .max = max};
    out->len = 0;
    for (unsigned n = 1 + roll(&c, 8); n; n--)
        if (roll(&c, 2))
            put_random(&c);
        else
            put_word(&c);
}

/* --- as the loop wants them ---------------------------------------------------------------------- */

void fuzz_bytes_copy(void *to, const void *from)
{
    const struct fuzz_bytes *in = from;
    memcpy(to, in, sizeof *in + in->len);
}

size_t fuzz_bytes_encode(struct fuzz_target *t, const void *input, uint8_t *bytes)
{
    const struct fuzz_bytes *in = input;
    size_t len = MIN(in->len, t->file_bytes);
    memcpy(bytes, in->byte, len);
    return len;
}

static bool try_instead(struct fuzz_bytes *in, struct fuzz_bytes *less, const struct fuzz_trial *trial)
{
    bool holds = trial->holds(trial->user, less);
    if (holds)
        fuzz_bytes_copy(in, less);
    return holds;
}

/* Pieces of a size, from the end on, `step` bytes apart. */
static void drop_pieces(struct fuzz_bytes *in, struct fuzz_bytes *less, uint32_t n, uint32_t step,
                        const struct fuzz_trial *trial)
{
    for (uint32_t from = in->len > n ? in->len - n : 0;; from = from > step ? from - step : 0) {
        if (in->len && from + n <= in->len) {
            fuzz_bytes_copy(less, in);
            memmove(less->byte + from, less->byte + from + n, less->len - from - n);
            less->len -= n;
            try_instead(in, less, trial);
        }
        if (from == 0)
            break;
    }
}

/* Halves, and smaller and smaller pieces; then those of structures, whose size is no power of two. */
static void drop_blocks(struct fuzz_bytes *in, struct fuzz_bytes *less, const struct fuzz_trial *trial)
{
    for (uint32_t n = in->len / 2; n > 32; n /= 2)
        drop_pieces(in, less, n, n, trial);
    for (uint32_t n = MIN(in->len, 32u) & ~3u; n > 0; n -= 4)
        drop_pieces(in, less, n, 4, trial);
    for (uint32_t n = 3; n > 0; n--)
        drop_pieces(in, less, n, n, trial);
}

static void clear_blocks(struct fuzz_bytes *in, struct fuzz_bytes *less, const struct fuzz_trial *trial)
{
    for (uint32_t n = 16; n > 0; n /= 4)
        for (uint32_t at = 0; at < in->len; at += n) {
            uint32_t size = MIN(n, in->len - at);
            fuzz_bytes_copy(less, in);
            memset(less->byte + at, 0, size);
            if (memcmp(less->byte + at, in->byte + at, size) != 0)
                try_instead(in, less, trial);
        }
}

void fuzz_bytes_reduce(struct fuzz_bytes *in, uint32_t max, const struct fuzz_trial *trial)
{
    struct fuzz_bytes *less = g_malloc0(sizeof *less + max);
    drop_blocks(in, less, trial);
    clear_blocks(in, less, trial);
    g_free(less);
}
