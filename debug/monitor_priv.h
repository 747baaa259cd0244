/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * monitor_priv.h - what the monitor's files share: monitor.c has the table of commands and
 * what they all need, monitor_catch.c what to stop for, monitor_calls.c hypercalls as text,
 * monitor_memory.c frames and page tables, monitor_domain.c what belongs to the domain, and
 * monitor_time.c the ways through time.
 */
#ifndef DEBUG_MONITOR_PRIV_H
#define DEBUG_MONITOR_PRIV_H

#include "call_text.h"
#include "emu/machine.h"
#include "monitor.h"

/* Calls as they are made once more, for `info hypercalls`. */
struct collector {
    bool active;
    uint64_t from, to; /* CALL#, both included */
    GPtrArray *calls;  /* of struct kept_call */
};

/* Why the machine stands where it does, as long as it stands there. */
struct last_stop {
    bool known;
    struct ring1_place place;
    struct ring1_debug_stop stop;
    uint32_t arg[MAX_HYPERCALL_ARGS]; /* of stop.call */
};

struct monitor {
    ring1_debugger *d;
    unsigned vcpu; /* that the present command is about */
    bool moved;    /* it let time pass, or changed something */
    bool (*asked)(void *user);
    void *asked_user;
    struct decoder *decoder;

    bool catch_all;
    GArray *numbers;    /* of uint32_t: monitor_catch_numbers */
    GPtrArray *catches; /* of struct catch */
    unsigned next_catch;
    struct collector collector;
    uint64_t stop_before; /* `goto #N`: that call; 0: none */
    struct last_stop last;

    GPtrArray *snapshots; /* of struct named_place */
};

/* A command: `args` is what follows its name, without blanks around it. */
typedef void (*monitor_fn)(struct monitor *m, GString *out, const char *args);

/* --- for all ---------------------------------------------------------------------- */

struct machine *monitor_machine(const struct monitor *m);
struct domain *monitor_domain(const struct monitor *m);
/* The vcpu that the command is about, with its registers loaded; the one that has the
 * CPU, if that was never started. */
struct vcpu *monitor_vcpu(const struct monitor *m);
/* Linear address of the vcpu's next instruction. */
uint32_t monitor_eip(struct vcpu *v);

/* "0x1f", "31", "$eip" and other registers. */
bool monitor_number(const struct monitor *m, const char *text, uint64_t *value);
/* The words of a command; free with g_strfreev. */
char **monitor_words(const char *args);
/* "1.000000000 s" */
void monitor_append_time(GString *out, uint64_t ns);
/* "0xc01020d3 write_line+0x10 [ledger.c:48]" */
void monitor_append_place(GString *out, struct vcpu *v, uint32_t eip, bool is_return);
/* How to write calls. */
struct call_text monitor_call_text(const struct monitor *m);
/* "mmu_update(...)" with its row. */
void monitor_append_call(const struct monitor *m, GString *out, struct vcpu *v,
                         const struct ring1_call *call);
/* " = 0 => ...: why" */
void monitor_append_result(const struct monitor *m, GString *out, struct vcpu *v,
                           const struct ring1_call *call);

/* --- monitor_catch.c ---------------------------------------------------------------- */

/* Have the debugger ask, or not, as there is something to stop for. */
void monitor_update_catch(struct monitor *m);
void catch_free(gpointer catch);
/* CALL# of a call that ring1_catch_fn is asked about: it is counted when it is made. */
uint64_t monitor_call_number(struct vcpu *v, const struct ring1_call *call, bool is_return);

/* --- monitor_calls.c ---------------------------------------------------------------- */

void collector_tell(struct monitor *m, struct vcpu *v, const struct ring1_call *call, bool is_return);
void kept_call_free(gpointer call);
/* The call that the vcpu is about to make, or has just made, by its registers alone: where
 * its `int $0x82` ends. False: none. */
bool monitor_call_at_eip(struct vcpu *v, uint32_t *behind, bool *made);
/* The guest's stack, from the hypercall on where there is one. */
void monitor_append_stack(GString *out, struct vcpu *v, const char *indent);

/* --- monitor_time.c ----------------------------------------------------------------- */

void named_place_free(gpointer place);
/* To before call number `call`; it may lie before this place alone. */
bool monitor_goto_call(struct monitor *m, uint64_t call, GError **error);
void monitor_where(struct monitor *m, GString *out);

/* --- the commands --------------------------------------------------------------------- */

void monitor_do_backtrace(struct monitor *m, GString *out, const char *args);
void monitor_do_catch(struct monitor *m, GString *out, const char *args);
void monitor_do_domain(struct monitor *m, GString *out, const char *args);
void monitor_do_drop_future(struct monitor *m, GString *out, const char *args);
void monitor_do_frame(struct monitor *m, GString *out, const char *args);
void monitor_do_goto(struct monitor *m, GString *out, const char *args);
void monitor_do_grants(struct monitor *m, GString *out, const char *args);
void monitor_do_hypercalls(struct monitor *m, GString *out, const char *args);
void monitor_do_names(struct monitor *m, GString *out, const char *args);
void monitor_do_pagetable(struct monitor *m, GString *out, const char *args);
void monitor_do_phys(struct monitor *m, GString *out, const char *args);
void monitor_do_ports(struct monitor *m, GString *out, const char *args);
void monitor_do_record(struct monitor *m, GString *out, const char *args);
void monitor_do_report(struct monitor *m, GString *out, const char *args);
void monitor_do_restore(struct monitor *m, GString *out, const char *args);
void monitor_do_snapshot(struct monitor *m, GString *out, const char *args);
void monitor_do_snapshots(struct monitor *m, GString *out, const char *args);
void monitor_do_translate(struct monitor *m, GString *out, const char *args);
void monitor_do_uncatch(struct monitor *m, GString *out, const char *args);
void monitor_do_vcpus(struct monitor *m, GString *out, const char *args);
void monitor_do_where(struct monitor *m, GString *out, const char *args);

#endif
