/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * i386.h - the few i386 instructions that an exported sequence is made of, as bytes
 * behind each other. An assembler is more than is needed, and not everywhere at hand.
 */
#ifndef DEBUG_I386_H
#define DEBUG_I386_H

#include <glib.h>
#include <stdint.h>

enum i386_reg { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI };
enum i386_condition { CC_B = 2, CC_AE = 3, CC_Z = 4, CC_NZ = 5, CC_A = 7, CC_NS = 9 };

/* Code that will lie at `base`. */
struct i386_code {
    GByteArray *bytes;
    uint32_t base;
};

static inline uint32_t i386_here(const struct i386_code *c)
{
    return c->base + c->bytes->len;
}

static inline void i386_bytes(struct i386_code *c, const void *bytes, unsigned len)
{
    g_byte_array_append(c->bytes, bytes, len);
}

static inline void i386_word(struct i386_code *c, uint32_t word)
{
    word = GUINT32_TO_LE(word);
    i386_bytes(c, &word, 4);
}

/* The opcode's bytes as they stand, then a word. */
#define I386(c, ...)                                                                                         \
    i386_bytes(c, (const uint8_t[]){__VA_ARGS__}, (unsigned)sizeof((const uint8_t[]){__VA_ARGS__}))

/* mov reg, imm32; mov reg, [address]; mov [address], reg; mov dword [address], imm32 */
static inline void i386_set(struct i386_code *c, enum i386_reg reg, uint32_t value)
{
    I386(c, (uint8_t)(0xB8 + reg));
    i386_word(c, value);
}

static inline void i386_load(struct i386_code *c, enum i386_reg reg, uint32_t address)
{
    I386(c, 0x8B, (uint8_t)(0x05 | reg << 3));
    i386_word(c, address);
}

static inline void i386_store(struct i386_code *c, uint32_t address, enum i386_reg reg)
{
    I386(c, 0x89, (uint8_t)(0x05 | reg << 3));
    i386_word(c, address);
}

static inline void i386_store_word(struct i386_code *c, uint32_t address, uint32_t value)
{
    I386(c, 0xC7, 0x05);
    i386_word(c, address);
    i386_word(c, value);
}

static inline void i386_call(struct i386_code *c, uint32_t target)
{
    I386(c, 0xE8);
    i386_word(c, target - (i386_here(c) + 4));
}

static inline void i386_jump(struct i386_code *c, uint32_t target)
{
    I386(c, 0xE9);
    i386_word(c, target - (i386_here(c) + 4));
}

static inline void i386_jump_if(struct i386_code *c, enum i386_condition condition, uint32_t target)
{
    I386(c, 0x0F, (uint8_t)(0x80 + condition));
    i386_word(c, target - (i386_here(c) + 4));
}

/* A jump forward: to where i386_land is called with what it returned. */
static inline unsigned i386_leap(struct i386_code *c)
{
    I386(c, 0xE9);
    i386_word(c, 0);
    return c->bytes->len;
}

static inline unsigned i386_leap_if(struct i386_code *c, enum i386_condition condition)
{
    I386(c, 0x0F, (uint8_t)(0x80 + condition));
    i386_word(c, 0);
    return c->bytes->len;
}

static inline void i386_land(struct i386_code *c, unsigned leap)
{
    uint32_t distance = GUINT32_TO_LE(c->bytes->len - leap);
    for (unsigned i = 0; i < 4; i++)
        c->bytes->data[leap - 4 + i] = ((const uint8_t *)&distance)[i];
}

#endif
