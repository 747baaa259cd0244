/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb_registers.c - registers by their numbers in the protocol: one table makes the target's
 * description and both ways of reading and writing them. The features org.gnu.gdb.* have
 * the names and the order that gdb wants them in.
 */
#include "gdb_priv.h"

#include <stddef.h>
#include <string.h>

/* Of FXSAVE's 512 bytes. */
enum {
    FX_CONTROL = 0,
    FX_STATUS = 2,
    FX_TAG = 4,
    FX_OPCODE = 6,
    FX_EIP = 8,
    FX_CS = 12,
    FX_DP = 16,
    FX_DS = 20,
    FX_MXCSR = 24,
    FX_ST = 32,
    FX_XMM = 160,
    FX_STEP = 16, /* between two registers */
};

enum kind {
    PLAIN,     /* 4 bytes of struct ring1_registers */
    READ_ONLY, /* likewise, and gdb may not change it */
    BYTES,     /* any number of them */
    SHORT,     /* 2 bytes there, 4 in the protocol */
    TAG,       /* FXSAVE has a bit for each, the protocol two */
    CALL,      /* $orig_eax: the hypercall that it stopped for */
};

struct reg {
    const char *feature; /* the first of a feature: its name */
    const char *name;
    enum kind kind;
    uint8_t bytes;   /* in the protocol */
    uint16_t offset; /* in struct ring1_registers */
    const char *type, *group;
};

#define AT(field) offsetof(struct ring1_registers, field)
#define FX(place) (AT(fxsave) + (place))
#define GENERAL(n)                                                                                           \
    {                                                                                                        \
        NULL, #n, PLAIN, 4, AT(n), "int32", NULL                                                             \
    }
#define POINTER(n, t)                                                                                        \
    {                                                                                                        \
        NULL, #n, PLAIN, 4, AT(n), t, NULL                                                                   \
    }
#define ST(n)                                                                                                \
    {                                                                                                        \
        NULL, "st" #n, BYTES, 10, FX(FX_ST + (n)*FX_STEP), "i387_ext", NULL                                  \
    }
#define FLOAT(n, k, at)                                                                                      \
    {                                                                                                        \
        NULL, n, k, 4, FX(at), "int", "float"                                                                \
    }
#define XMM(n)                                                                                               \
    {                                                                                                        \
        NULL, "xmm" #n, BYTES, 16, FX(FX_XMM + (n)*FX_STEP), "vec128", NULL                                  \
    }
#define SYSTEM(n, t)                                                                                         \
    {                                                                                                        \
        NULL, #n, READ_ONLY, 4, AT(n), t, NULL                                                               \
    }

/* clang-format off */
static const struct reg regs[] = {
    {"org.gnu.gdb.i386.core", "eax", PLAIN, 4, AT(eax), "int32", NULL},
    GENERAL(ecx), GENERAL(edx), GENERAL(ebx),
    POINTER(esp, "data_ptr"), POINTER(ebp, "data_ptr"), GENERAL(esi), GENERAL(edi),
    POINTER(eip, "code_ptr"), POINTER(eflags, "i386_eflags"),
    GENERAL(cs), GENERAL(ss), GENERAL(ds), GENERAL(es), GENERAL(fs), GENERAL(gs),
    ST(0), ST(1), ST(2), ST(3), ST(4), ST(5), ST(6), ST(7),
    FLOAT("fctrl", SHORT, FX_CONTROL), FLOAT("fstat", SHORT, FX_STATUS), FLOAT("ftag", TAG, FX_TAG),
    FLOAT("fiseg", SHORT, FX_CS), FLOAT("fioff", PLAIN, FX_EIP),
    FLOAT("foseg", SHORT, FX_DS), FLOAT("fooff", PLAIN, FX_DP), FLOAT("fop", SHORT, FX_OPCODE),
    {"org.gnu.gdb.i386.sse", "xmm0", BYTES, 16, FX(FX_XMM), "vec128", NULL},
    XMM(1), XMM(2), XMM(3), XMM(4), XMM(5), XMM(6), XMM(7),
    {NULL, "mxcsr", PLAIN, 4, FX(FX_MXCSR), "i386_mxcsr", "vector"},
    {"org.gnu.gdb.i386.linux", "orig_eax", CALL, 4, 0, "int", NULL},
    {"org.ring1.system", "cr0", READ_ONLY, 4, AT(cr0), "cr0_flags", NULL},
    SYSTEM(cr2, "data_ptr"), SYSTEM(cr3, "uint32"), SYSTEM(cr4, "cr4_flags"),
    SYSTEM(gdt_base, "data_ptr"), SYSTEM(gdt_limit, "uint32"), SYSTEM(cpl, "uint32"),
};
/* clang-format on */

#define ALL_BYTES 512

/* --- the description --------------------------------------------------------------------------- */

struct flag {
    const char *name;
    unsigned bit;
};

static const struct flag eflags[] = {
    {"CF", 0},  {"", 1},    {"PF", 2},   {"AF", 4},   {"ZF", 6},  {"SF", 7},
    {"TF", 8},  {"IF", 9},  {"DF", 10},  {"OF", 11},  {"NT", 14}, {"RF", 16},
    {"VM", 17}, {"AC", 18}, {"VIF", 19}, {"VIP", 20}, {"ID", 21},
};
static const struct flag mxcsr[] = {
    {"IE", 0}, {"DE", 1}, {"ZE", 2}, {"OE", 3},  {"UE", 4},  {"PE", 5},  {"DAZ", 6},
    {"IM", 7}, {"DM", 8}, {"ZM", 9}, {"OM", 10}, {"UM", 11}, {"PM", 12}, {"FZ", 15},
};
static const struct flag cr0[] = {
    {"PE", 0}, {"MP", 1}, {"EM", 2}, {"TS", 3}, {"ET", 4}, {"NE", 5}, {"WP", 16}, {"AM", 18}, {"PG", 31},
};
static const struct flag cr4[] = {
    {"VME", 0}, {"PVI", 1}, {"TSD", 2}, {"DE", 3},     {"PSE", 4},         {"PAE", 5},
    {"MCE", 6}, {"PGE", 7}, {"PCE", 8}, {"OSFXSR", 9}, {"OSXMMEXCPT", 10},
};

static void put_flags(GString *to, const char *id, const struct flag *flag, size_t nr)
{
    g_string_append_printf(to, "<flags id=\"%s\" size=\"4\">", id);
    for (size_t i = 0; i < nr; i++)
        g_string_append_printf(to, "<field name=\"%s\" start=\"%u\" end=\"%u\"/>", flag[i].name, flag[i].bit,
                               flag[i].bit);
    g_string_append(to, "</flags>");
}

/* The types that a feature's registers have. */
static void put_types(GString *to, const char *feature)
{
    static const char vectors[] = "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
                                  "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
                                  "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
                                  "<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
                                  "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
                                  "<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
                                  "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
                                  "<field name=\"v2_double\" type=\"v2d\"/>"
                                  "<field name=\"v16_int8\" type=\"v16i8\"/>"
                                  "<field name=\"v8_int16\" type=\"v8i16\"/>"
                                  "<field name=\"v4_int32\" type=\"v4i32\"/>"
                                  "<field name=\"v2_int64\" type=\"v2i64\"/>"
                                  "<field name=\"uint128\" type=\"uint128\"/></union>";
    if (g_str_has_suffix(feature, ".core"))
        put_flags(to, "i386_eflags", eflags, G_N_ELEMENTS(eflags));
    if (g_str_has_suffix(feature, ".sse")) {
        g_string_append(to, vectors);
        put_flags(to, "i386_mxcsr", mxcsr, G_N_ELEMENTS(mxcsr));
    }
    if (g_str_has_suffix(feature, ".system")) {
        put_flags(to, "cr0_flags", cr0, G_N_ELEMENTS(cr0));
        put_flags(to, "cr4_flags", cr4, G_N_ELEMENTS(cr4));
    }
}

void gdb_describe_target(G_GNUC_UNUSED struct gdb_server *g, GString *to)
{
    g_string_append(to, "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
                        "<target version=\"1.0\"><architecture>i386</architecture><osabi>none</osabi>");
    for (unsigned i = 0; i < G_N_ELEMENTS(regs); i++) {
        const struct reg *r = &regs[i];
        if (r->feature) {
            g_string_append_printf(to, "%s<feature name=\"%s\">", i ? "</feature>" : "", r->feature);
            put_types(to, r->feature);
        }
        g_string_append_printf(to, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"", r->name,
                               r->bytes * 8u, r->type, i);
        if (r->group)
            g_string_append_printf(to, " group=\"%s\"", r->group);
        if (r->kind == READ_ONLY || r->kind == CALL)
            g_string_append(to, " save-restore=\"no\"");
        g_string_append(to, "/>");
    }
    g_string_append(to, "</feature></target>");
}

/* --- x87 tags ---------------------------------------------------------------------------------------- */

enum { TAG_VALID, TAG_ZERO, TAG_SPECIAL, TAG_EMPTY };

/* What FSTENV would store for a register with these 80 bits. */
static unsigned tag_of(const uint8_t *st)
{
    uint64_t fraction;
    uint16_t exponent;
    memcpy(&fraction, st, 8);
    memcpy(&exponent, st + 8, 2);
    exponent &= 0x7FFF;
    if (exponent == 0 && fraction == 0)
        return TAG_ZERO;
    return exponent == 0 || exponent == 0x7FFF || !(fraction >> 63) ? TAG_SPECIAL : TAG_VALID;
}

/* Registers of the stack are numbered from the top, tags are not. */
static uint32_t tags_of(const uint8_t *fx)
{
    unsigned top = fx[FX_STATUS + 1] >> 3 & 7;
    uint32_t tags = 0;
    for (unsigned i = 0; i < 8; i++) {
        unsigned tag = TAG_EMPTY;
        if (fx[FX_TAG] & 1u << i)
            tag = tag_of(fx + FX_ST + (i + 8 - top) % 8 * FX_STEP);
        tags |= tag << 2 * i;
    }
    return tags;
}

static uint8_t bits_of(uint32_t tags)
{
    uint8_t bits = 0;
    for (unsigned i = 0; i < 8; i++)
        if ((tags >> 2 * i & 3) != TAG_EMPTY)
            bits |= (uint8_t)(1u << i);
    return bits;
}

/* --- values ----------------------------------------------------------------------------------------------
 */

static void get(const struct gdb_server *g, const struct ring1_registers *r, const struct reg *reg,
                void *bytes)
{
    const uint8_t *from = (const uint8_t *)r + reg->offset;
    uint32_t word = 0;
    switch (reg->kind) {
    case PLAIN:
    case READ_ONLY:
    case BYTES:
        memcpy(bytes, from, reg->bytes);
        return;
    case SHORT:
        memcpy(&word, from, 2);
        break;
    case TAG:
        word = tags_of(r->fxsave);
        break;
    case CALL:
        word = g->stop_call;
        break;
    }
    memcpy(bytes, &word, sizeof word);
}

/* False: it may not be changed. */
static bool put(struct ring1_registers *r, const struct reg *reg, const void *bytes)
{
    uint8_t *to = (uint8_t *)r + reg->offset;
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    switch (reg->kind) {
    case PLAIN:
    case BYTES:
        memcpy(to, bytes, reg->bytes);
        return true;
    case SHORT:
        memcpy(to, bytes, 2);
        return true;
    case TAG:
        *to = bits_of(word);
        return true;
    case CALL: /* gdb writes -1 with each new EIP */
        return true;
    case READ_ONLY:
        break;
    }
    return memcmp(to, bytes, reg->bytes) == 0;
}

static bool get_all(struct gdb_server *g, struct ring1_registers *r)
{
    if (ring1_debugger_get_registers(g->debugger, g->vcpu, r))
        return true;
    gdb_error(g, "vcpu %u was not started yet", g->vcpu);
    return false;
}

static bool put_all(struct gdb_server *g, unsigned vcpu, const struct ring1_registers *r)
{
    g_autoptr(GError) error = NULL;
    if (ring1_debugger_set_registers(g->debugger, vcpu, r, &error))
        return true;
    gdb_error_shown(g, "%s", error->message);
    return false;
}

void gdb_read_all(struct gdb_server *g, G_GNUC_UNUSED const char *args, G_GNUC_UNUSED size_t len)
{
    struct ring1_registers r;
    if (!get_all(g, &r))
        return;
    g_autoptr(GString) s = g_string_sized_new(2 * ALL_BYTES);
    for (size_t i = 0; i < G_N_ELEMENTS(regs); i++) {
        uint8_t bytes[16];
        get(g, &r, &regs[i], bytes);
        gdb_put_hex(s, bytes, regs[i].bytes);
    }
    gdb_reply_string(g, s);
}

/* Those that cannot be changed are passed over. */
void gdb_write_all(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    struct ring1_registers r;
    if (!get_all(g, &r))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(regs) && *args; i++) {
        uint8_t bytes[16];
        if (!gdb_get_bytes(&args, bytes, regs[i].bytes)) {
            gdb_error(g, "%s has %u bytes", regs[i].name, regs[i].bytes);
            return;
        }
        put(&r, &regs[i], bytes);
    }
    if (put_all(g, g->vcpu, &r))
        gdb_reply(g, "OK");
}

/* NULL: an error was sent. */
static const struct reg *find(struct gdb_server *g, const char **args)
{
    uint32_t number;
    if (gdb_get_u32(args, &number) && number < G_N_ELEMENTS(regs))
        return &regs[number];
    gdb_error(g, "there is no such register");
    return NULL;
}

void gdb_read_one(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    struct ring1_registers r;
    uint8_t bytes[16];
    const struct reg *reg = find(g, &args);
    if (!reg || !get_all(g, &r))
        return;
    g_autoptr(GString) s = g_string_new(NULL);
    get(g, &r, reg, bytes);
    gdb_put_hex(s, bytes, reg->bytes);
    gdb_reply_string(g, s);
}

void gdb_write_one(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    struct ring1_registers r;
    uint8_t bytes[16];
    const struct reg *reg = find(g, &args);
    if (!reg || !get_all(g, &r))
        return;
    if (!gdb_get_char(&args, '=') || !gdb_get_bytes(&args, bytes, reg->bytes) || *args)
        gdb_error_shown(g, "%s has %u bytes", reg->name, reg->bytes);
    else if (!put(&r, reg, bytes))
        gdb_error_shown(g, "%s is Xen's to change", reg->name);
    else if (put_all(g, g->vcpu, &r))
        gdb_reply(g, "OK");
}

bool gdb_set_eip(struct gdb_server *g, unsigned vcpu, uint32_t eip)
{
    struct ring1_registers r;
    if (!ring1_debugger_get_registers(g->debugger, vcpu, &r)) {
        gdb_error(g, "vcpu %u was not started yet", vcpu);
        return false;
    }
    r.eip = eip;
    return put_all(g, vcpu, &r);
}

void gdb_put_expedited(GString *to, const struct ring1_registers *r)
{
    const struct {
        unsigned number;
        uint32_t value;
    } three[] = {{5, r->ebp}, {4, r->esp}, {8, r->eip}};
    for (size_t i = 0; i < G_N_ELEMENTS(three); i++) {
        g_string_append_printf(to, "%02x:", three[i].number);
        gdb_put_hex(to, &three[i].value, sizeof three[i].value);
        g_string_append_c(to, ';');
    }
}
