/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * config.c - see config.h.
 */
#include "config.h"

#include "emu/cpuid.h"

bool config_check(const ring1_config *c, GError **error)
{
    if (c->memory_mib < 1 || c->memory_mib > 4096) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "memory of %u MiB: must be 1 to 4096",
                    c->memory_mib);
        return false;
    }
    if (c->maxmem_mib && (c->maxmem_mib < c->memory_mib || c->maxmem_mib > 4096)) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION,
                    "memory of at most %u MiB: must be %u, what it begins with, to 4096", c->maxmem_mib,
                    c->memory_mib);
        return false;
    }
    if (c->raw_address > (int64_t)UINT32_MAX) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "address %#llx of flat code: is above 4 GiB",
                    (unsigned long long)c->raw_address);
        return false;
    }
    if ((unsigned)c->mfn_mode > RING1_MFN_SPARSE || (unsigned)c->time > RING1_TIME_REAL ||
        (unsigned)c->preempt > RING1_PREEMPT_RANDOM) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION,
                    "mfn_mode %d, time %d, preempt %d: there is no such mode", (int)c->mfn_mode, (int)c->time,
                    (int)c->preempt);
        return false;
    }
    if (c->date_ns < 0 || c->date_ns / G_GINT64_CONSTANT(1000000000) > (int64_t)UINT32_MAX) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION,
                    "date_ns %lld: Xen's clock has 32 bits of seconds since 1970", (long long)c->date_ns);
        return false;
    }
    if (!cpu_model_find(c->cpu)) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "CPU '%s': there is no such model", c->cpu);
        return false;
    }
    return true;
}

bool config_check_abi(const ring1_config *c, const struct abi *abi, GError **error)
{
    if (c->vcpus >= 1 && c->vcpus <= abi->max_vcpus)
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "%u vcpus: ABI %s has 1 to %u", c->vcpus, abi->name,
                abi->max_vcpus);
    return false;
}
