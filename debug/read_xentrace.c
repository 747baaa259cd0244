/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * read_xentrace.c - traces that Xen's own xentrace wrote, or ours in the same format,
 * into a call_log. Of the hypercalls only what Xen records is there: the number, a few
 * arguments, the time; no result. Which vcpu made a call is known by the scheduler's
 * records; without any, CPUs count as vcpus.
 */
#include "read_trace.h"
#include "xentrace.h"

#include <ring1/ring1.h>
#include <string.h>

#define MAX_CPUS       4096u
#define UNKNOWN_DOMAIN 0x10000u
#define IDLE_DOMAIN    0x7FFFu
#define STATE_RUNNING  0u

/* A hypercall's record, before calls are made of them. */
struct raw_call {
    uint64_t tsc;
    uint64_t offset;
    uint32_t domain; /* UNKNOWN_DOMAIN: not known */
    uint32_t nr, eip;
    uint32_t word[CALL_MAX_WORDS];
    uint16_t vcpu;
    uint8_t known;
    bool entry, has_eip;
};

/* What runs on a physical CPU. */
struct cpu {
    uint64_t tsc; /* of its last record that had one */
    uint32_t domain;
    uint16_t vcpu;
    bool known;
};

struct reader {
    const char *source;
    const uint8_t *bytes;
    size_t len;
    GArray *raw;  /* struct raw_call */
    GArray *cpus; /* struct cpu */
    bool has_sched, has_v1;
    GError **error;
};

static bool fail(const struct reader *in, size_t offset, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool fail(const struct reader *in, size_t offset, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(in->error, RING1_ERROR, RING1_ERROR_INPUT, "%s: offset %zu: %s", in->source, offset, text);
    return false;
}

static uint32_t word_at(const uint8_t *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return GUINT32_FROM_LE(word);
}

/* --- records ------------------------------------------------------------------------ */

struct record {
    size_t offset;
    uint32_t event;
    unsigned nr;
    uint32_t word[TRACE_EXTRA_MAX];
};

/* Arguments are packed behind the word that says which they are. */
static bool take_arguments(const struct reader *in, const struct record *rec, struct raw_call *call)
{
    unsigned at = 1;
    for (unsigned i = 0; i < CALL_MAX_WORDS; i++) {
        unsigned form = XT_ARG(rec->word[0], i);
        if (form == 0)
            continue;
        if (form == 3 || at + form > rec->nr)
            return fail(in, rec->offset, "argument %u of the hypercall: expected %s", i,
                        form == 3 ? "1 (32 bits) or 2 (64 bits) in its bits" : "as many words as are named");
        call->word[i] = rec->word[at];
        call->known |= (uint8_t)(1u << i);
        at += form;
    }
    return true;
}

static bool take_call(struct reader *in, const struct cpu *cpu, unsigned number, const struct record *rec)
{
    struct raw_call call = {.tsc = cpu->tsc, .offset = rec->offset};
    bool v2 = rec->event == TRC_PV_HYPERCALL_V2 || rec->event == TRC_PV_HYPERCALL_SUBCALL;
    unsigned wants = v2 ? 1 : rec->event & TRC_64_FLAG ? 3 : 2;
    if (rec->nr < wants)
        return fail(in, rec->offset, "a hypercall's record: expected %u words, not %u", wants, rec->nr);
    if (v2) {
        call.nr = XT_OP(rec->word[0]);
        call.entry = rec->event == TRC_PV_HYPERCALL_SUBCALL;
        if (!take_arguments(in, rec, &call))
            return false;
    } else {
        call.has_eip = in->has_v1 = true;
        call.eip = rec->word[0];
        call.nr = rec->word[wants - 1];
    }
    call.domain = cpu->known ? cpu->domain : UNKNOWN_DOMAIN;
    call.vcpu = cpu->known ? cpu->vcpu : (uint16_t)number;
    g_array_append_val(in->raw, call);
    return true;
}

static void runs(struct reader *in, struct cpu *cpu, uint32_t domain, uint32_t vcpu)
{
    in->has_sched = true;
    cpu->known = true;
    cpu->domain = domain & 0xFFFF;
    cpu->vcpu = (uint16_t)vcpu;
}

static bool take_record(struct reader *in, struct cpu *cpu, unsigned number, const struct record *rec)
{
    switch (rec->event) {
    case TRC_PV_HYPERCALL:
    case TRC_PV_HYPERCALL | TRC_64_FLAG:
    case TRC_PV_HYPERCALL_V2:
    case TRC_PV_HYPERCALL_SUBCALL:
        return take_call(in, cpu, number, rec);
    case TRC_SCHED_SWITCH:
        if (rec->nr >= 4)
            runs(in, cpu, rec->word[2], rec->word[3]);
        return true;
    case TRC_SCHED_CONTINUE_RUNNING:
        if (rec->nr >= 1)
            runs(in, cpu, rec->word[0] >> 16, rec->word[0] & 0xFFFF);
        return true;
    }
    if (XT_IS_RUNSTATE(rec->event) && XT_NEW_STATE(rec->event) == STATE_RUNNING && rec->nr >= 1)
        runs(in, cpu, rec->word[0] >> 16, rec->word[0] & 0xFFFF);
    return true;
}

static bool take_window(struct reader *in, unsigned number, size_t offset, size_t end)
{
    while (in->cpus->len <= number)
        g_array_set_size(in->cpus, number + 1);
    struct cpu *cpu = &g_array_index(in->cpus, struct cpu, number);
    while (offset < end) {
        struct record rec = {.offset = offset};
        const uint8_t *at = in->bytes + offset;
        uint32_t header = end - offset >= 4 ? word_at(at) : 0;
        size_t size = end - offset >= 4 ? XT_BYTES(header) : 4;
        if (size > end - offset)
            return fail(in, offset, "expected a record of %zu bytes, its window has %zu left", size,
                        end - offset);
        at += 4;
        if (header & XT_CYCLES) {
            cpu->tsc = word_at(at) | (uint64_t)word_at(at + 4) << 32;
            at += 8;
        }
        rec.event = XT_EVENT(header);
        rec.nr = XT_NR(header);
        for (unsigned i = 0; i < rec.nr; i++)
            rec.word[i] = word_at(at + 4 * i);
        if (!take_record(in, cpu, number, &rec))
            return false;
        offset += size;
    }
    return true;
}

static bool take_windows(struct reader *in)
{
    size_t offset = 0;
    while (offset < in->len) {
        const uint8_t *at = in->bytes + offset;
        if (in->len - offset < 12)
            return fail(in, offset, "expected the record of a CPU's window (12 bytes), the file has %zu left",
                        in->len - offset);
        if ((word_at(at) & ~(TRACE_EXTRA_MAX << TRACE_EXTRA_SHIFT)) != TRC_TRACE_CPU_CHANGE ||
            XT_NR(word_at(at)) != 2)
            return fail(in, offset, "expected the record of a CPU's window (%#x), not %#x", XT_CPU_CHANGE,
                        word_at(at));
        uint32_t number = word_at(at + 4), size = word_at(at + 8);
        if (number >= MAX_CPUS)
            return fail(in, offset + 4, "expected a CPU's number below %u, not %u", MAX_CPUS, number);
        offset += 12;
        if (size > in->len - offset)
            return fail(in, offset, "expected a window of %u bytes, the file has %zu left", size,
                        in->len - offset);
        if (!take_window(in, number, offset, offset + size))
            return false;
        offset += size;
    }
    return true;
}

/* --- calls -------------------------------------------------------------------------- */

/* Whose calls are wanted when nobody said it: of the one ordinary domain that makes
 * any. */
static bool choose_domain(const struct reader *in, uint32_t *domain)
{
    uint32_t found = UINT32_MAX;
    bool dom0 = false;
    for (guint i = 0; i < in->raw->len; i++) {
        uint32_t d = g_array_index(in->raw, struct raw_call, i).domain;
        dom0 |= d == 0;
        if (d == 0 || d == IDLE_DOMAIN || d == found || (in->has_sched && d == UNKNOWN_DOMAIN))
            continue;
        if (found != UINT32_MAX)
            return fail(in, in->len, "domains %u and %u both make hypercalls: say whose are meant (--domain)",
                        found, d);
        found = d;
    }
    *domain = found == UINT32_MAX && dom0 ? 0 : found;
    return true;
}

static gint by_tsc(gconstpointer a, gconstpointer b)
{
    const struct raw_call *one = a, *two = b;
    return one->tsc < two->tsc ? -1 : one->tsc > two->tsc;
}

static gint by_serial(gconstpointer a, gconstpointer b)
{
    const struct logged_call *one = a, *two = b;
    return one->serial < two->serial ? -1 : one->serial > two->serial;
}

static uint64_t tsc_to_ns(uint64_t tsc, uint64_t hz)
{
    return (uint64_t)((unsigned __int128)tsc * 1000000000u / hz);
}

/* An entry belongs to the last call of its vcpu. */
struct last {
    uint64_t serial;
    uint32_t entries;
};

static void add_calls(const struct reader *in, struct call_log *log, uint32_t domain, uint64_t hz)
{
    struct last *last = g_new0(struct last, UINT16_MAX + 1);
    uint64_t serial = 0;
    for (guint i = 0; i < in->raw->len; i++) {
        const struct raw_call *raw = &g_array_index(in->raw, struct raw_call, i);
        if (raw->domain != domain)
            continue;
        struct last *own = &last[raw->vcpu];
        if (!raw->entry)
            *own = (struct last){.serial = ++serial};
        struct logged_call call = {
            .serial = own->serial,
            .ns = tsc_to_ns(raw->tsc, hz),
            .has_time = true,
            .place = raw->offset,
            .nr = raw->nr,
            .vcpu = raw->vcpu,
            .depth = raw->entry,
            .index = raw->entry ? own->entries++ : 0,
            .eip = raw->eip,
            .has_site = raw->has_eip,
            .known = raw->known,
            .args = CALL_NO_VALUES,
            .out = CALL_NO_VALUES,
        };
        memcpy(call.word, raw->word, sizeof call.word);
        g_array_append_val(log->calls, call);
    }
    g_free(last);
    /* Entries stand behind their multicall, whatever other vcpus did meanwhile. */
    g_array_sort(log->calls, by_serial);
}

struct call_log *read_xentrace(const char *source, const uint8_t *bytes, size_t len, uint32_t domain,
                               uint64_t hz, GError **error)
{
    struct reader in = {.source = source, .bytes = bytes, .len = len, .error = error};
    struct call_log *log = NULL;
    in.raw = g_array_new(FALSE, TRUE, sizeof(struct raw_call));
    in.cpus = g_array_new(FALSE, TRUE, sizeof(struct cpu));
    if (take_windows(&in)) {
        g_array_sort(in.raw, by_tsc);
        if (domain != XENTRACE_ANY_DOMAIN || choose_domain(&in, &domain)) {
            log = call_log_new(source, "offset");
            log->knows = in.has_v1 ? CALLS_NUMBERS : CALLS_RECORDED;
            add_calls(&in, log, domain, hz);
        }
    }
    g_array_unref(in.raw);
    g_array_unref(in.cpus);
    return log;
}
