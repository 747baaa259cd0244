/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1/ring1.h - libring1: a Xen domain in this process.
 *
 *     g_autoptr(GError) error = NULL;
 *     ring1_config *config = ring1_config_new();
 *     ring1_machine *m = ring1_machine_new_from_file(config, "kernel", &error);
 *     ring1_machine_set_console(m, &console, NULL);
 *     struct ring1_stop stop;
 *     while (ring1_machine_run(m, NULL, &stop, &error) && stop.reason == RING1_STOP_BUDGET) ;
 *     ring1_machine_free(m);
 *
 * Nothing here exits, aborts, prints or keeps global state; two machines may
 * run in two threads. A machine itself is for one thread at a time; only
 * ring1_machine_interrupt may be called from anywhere, signal handlers
 * included. Functions that can fail on the host's side take a GError and
 * return false or NULL with it set (domain RING1_ERROR).
 */
#ifndef RING1_RING1_H
#define RING1_RING1_H

#include <glib.h>
#include <ring1/event.h>
#include <ring1/types.h>

G_BEGIN_DECLS

#define RING1_VERSION_STRING "0.1.0"

/* Host-side failures. */
#define RING1_ERROR (ring1_error_quark())
GQuark ring1_error_quark(void);

enum ring1_error {
    RING1_ERROR_OPTION,   /* a configuration value, or a pair that never existed */
    RING1_ERROR_IMAGE,    /* the image, the initrd, or their fit into memory */
    RING1_ERROR_CPU,      /* the CPU engine would not start or is not usable */
    RING1_ERROR_HOST,     /* memory, files: what the host refused */
    RING1_ERROR_DIVERGED, /* a replay that is not the recorded run */
    RING1_ERROR_STATE,    /* a call out of order, a foreign snapshot */
    RING1_ERROR_INPUT,    /* a file that is no image: a sequence, a trace, a record */
};

/* A run that is written down: ring1/record.h. */
typedef struct ring1_record ring1_record;

/* What machines take from the host, kept for those that follow: files by their names,
 * disks and what is behind cards by the lines of the configuration. A machine whose
 * configuration was used with it before opens nothing, which a process that has locked
 * itself up can no longer do; what a disk's snapshot took is forgotten. One machine at a
 * time; it outlives them. */
typedef struct ring1_host ring1_host;
ring1_host *ring1_host_new(void);
void ring1_host_free(ring1_host *host);

/* What a machine is to be. All fields may be set directly; ring1_config_new
 * gives the defaults. Strings are copied by ring1_machine_new*. */
typedef struct ring1_config {
    unsigned memory_mib;          /* 1..4096; default 256 */
    unsigned vcpus;               /* 1..32 (xen-2.0: 1); default 1 */
    unsigned maxmem_mib;          /* what the guest may grow to by its balloon: memory_mib to
                                   * 4096; default 0: memory_mib */
    enum ring1_abi abi;           /* default AUTO: what the image asks for */
    enum ring1_xen xen;           /* default AUTO: the ABI's own */
    enum ring1_mfn_mode mfn_mode; /* default SHUFFLE */
    uint64_t mfn_seed;            /* default 1 */
    enum ring1_time_mode time;    /* default VIRTUAL */
    int64_t date_ns;              /* UTC ns since 1970 at the domain's start;
                                   * default 2020-01-01T00:00:00Z */
    bool console_io;              /* console_io serves an ordinary domain, as a
                                   * verbose build of Xen has it; default true */
    bool segment_limits;          /* limits and kinds of segments are enforced, which
                                   * is slow while one that is not flat is loaded;
                                   * default false */
    enum ring1_preempt preempt;   /* default NORMAL */
    uint64_t preempt_seed;        /* of RING1_PREEMPT_RANDOM; default 1 */
    char *cmdline;                /* default NULL: empty; owned by the config */
    char *initrd;                 /* path of the initrd, or NULL; owned */
    char *cpu;                    /* what CPUID shows: a name of ring1_describe_cpus;
                                   * default NULL: the first; owned */
    char *name;                   /* of the domain, in xenstore; default NULL: "ring1"; owned */
    char *xenstore;               /* path of a file of nodes for xenstore, as `xenstore-ls -f -p` prints
                                   * them; default NULL: none; owned */
    char **disks;                 /* block devices, ended by NULL: "PLACE[,ro][,snapshot][,dev=xvdb]",
                                   * PLACE a file, a block device or an NBD address; default NULL:
                                   * none; owned */
    char **nets;                  /* network cards, ended by NULL: "user[,hostfwd=tcp:127.0.0.1:8080-:80]
                                   * [,mac=00:16:3e:00:00:01][,restrict]", or "none[,mac=...]" with nothing
                                   * behind the card; default NULL: no card; owned */
    int64_t raw_address;          /* IMAGE is flat 32-bit code for this address;
                                   * default -1: it is a kernel */
    ring1_record *record;         /* ring1/record.h; default NULL: none; not owned */
    ring1_host *host;             /* what is opened is kept there, and taken from there;
                                   * default NULL: each machine opens its own; not owned */
    bool helpers_unconfined;      /* processes that a machine starts (of a network card) do not lock
                                   * themselves up; default false */
} ring1_config;

ring1_config *ring1_config_new(void);
void ring1_config_free(ring1_config *config);

typedef struct ring1_machine ring1_machine;
typedef struct vcpu ring1_vcpu;

/* Make a machine and load an image: an ELF kernel, gzipped or not, or a bzImage.
 * RING1_ERROR_IMAGE's message names the file, the field and the value. */
ring1_machine *ring1_machine_new_from_file(const ring1_config *config, const char *path, GError **error);
/* The same from memory; `name` stands in messages. The bytes are copied. */
ring1_machine *ring1_machine_new_from_bytes(const ring1_config *config, const char *name, const void *bytes,
                                            size_t len, GError **error);
void ring1_machine_free(ring1_machine *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ring1_machine, ring1_machine_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ring1_config, ring1_config_free)

/* The ABI and Xen in force (never AUTO), and the memory in pages. */
enum ring1_abi ring1_machine_abi(const ring1_machine *m);
enum ring1_xen ring1_machine_xen(const ring1_machine *m);
uint32_t ring1_machine_nr_pages(const ring1_machine *m);
unsigned ring1_machine_nr_vcpus(const ring1_machine *m);

/* --- console --------------------------------------------------------------- */

/* The host's end of the console: ring, console_io and (2.0) control messages
 * alike. */
struct ring1_console {
    /* Bytes from the guest; takes all of them. */
    void (*write)(void *user, const char *bytes, size_t len);
};
void ring1_machine_set_console(ring1_machine *m, const struct ring1_console *ops, void *user);

/* Give bytes to the guest's console; they are copied and wait until the guest
 * reads them, any number. They arrive at the present virtual time. */
void ring1_machine_console_input(ring1_machine *m, const char *bytes, size_t len);

/* Have what the guest wrote into its ring, and did not tell of, written now: at the end
 * of a run that it did not end itself. It can see that if it goes on; without this it
 * is done after 10 ms of its time at the latest, and when it waits or ends. */
void ring1_machine_console_flush(ring1_machine *m);

/* How many of them wait. */
size_t ring1_machine_console_pending(const ring1_machine *m);

/* --- networks -------------------------------------------------------------- */

/* A packet is an Ethernet frame without its check sequence; cards count from 0, in the
 * order of ring1_config.nets. Packets come in between two runs only.
 *
 * A card of the kind "user" hears from the host by descriptors. Whoever waits for the
 * guest's sake adds them to his own, waits, lets the guest's clock pass, and has the
 * card look at them:
 *
 *     ring1_machine_network_prepare(m, fds, &timeout_ns);
 *     waited = my_poll(fds, MIN(timeout_ns, ...));
 *     ring1_machine_advance(m, waited);
 *     ring1_machine_network_serve(m, fds->data, fds->len);
 *
 * and does so between runs too, without waiting. */

/* Add struct pollfds to `fds`, and lower *timeout_ns where a card has to act earlier. */
void ring1_machine_network_prepare(ring1_machine *m, GArray *fds, uint64_t *timeout_ns);
/* The `nr` that were added, whether one of them is ready or not. */
struct pollfd;
void ring1_machine_network_serve(ring1_machine *m, const struct pollfd *fds, unsigned nr);
/* Something may come by them: the guest uses a card of that kind. */
bool ring1_machine_network_open(const ring1_machine *m);
/* Why the cable of a card is out: what is behind it ended. NULL: no card's is. */
const char *ring1_machine_network_error(const ring1_machine *m, unsigned *card);

/* A packet comes in, as if from behind the card. False: it was lost, for the guest does
 * not listen or does not keep up, or there is no such card. */
bool ring1_machine_packet_input(ring1_machine *m, unsigned card, const void *frame, size_t len);

/* See each packet of every card, those that come in (lost ones, too) and those that the
 * guest sent; `len` may be up to 64 KiB, for a guest may leave the cutting to its card.
 * There may be several who watch. */
typedef void (*ring1_packet_fn)(void *user, unsigned card, bool from_guest, const void *frame, size_t len);
void ring1_machine_watch_packets(ring1_machine *m, ring1_packet_fn fn, void *user);

/* --- running --------------------------------------------------------------- */

enum ring1_stop_reason {
    RING1_STOP_SHUTDOWN,    /* the guest shut down: `shutdown` says why */
    RING1_STOP_CRASH,       /* Xen would have killed the domain: `text` */
    RING1_STOP_IDLE,        /* the guest waits: until `wake_ns`, or for input */
    RING1_STOP_BUDGET,      /* a limit of struct ring1_budget is reached */
    RING1_STOP_INTERRUPTED, /* ring1_machine_interrupt */
    RING1_STOP_DEBUG,       /* for a debugger: ring1/debugger.h */
};

/* Reasons of a guest's shutdown, as SHUTDOWN_* of xen/sched.h. */
enum ring1_shutdown {
    RING1_SHUTDOWN_POWEROFF = 0,
    RING1_SHUTDOWN_REBOOT = 1,
    RING1_SHUTDOWN_SUSPEND = 2,
    RING1_SHUTDOWN_CRASH = 3,
    RING1_SHUTDOWN_WATCHDOG = 4,
    RING1_SHUTDOWN_SOFT_RESET = 5,
};

struct ring1_stop {
    enum ring1_stop_reason reason;
    uint32_t shutdown; /* RING1_STOP_SHUTDOWN: the reason, as the guest gave it */
    uint64_t wake_ns;  /* RING1_STOP_IDLE: system time at which a timer is due;
                        * UINT64_MAX: only input can wake it */
    const char *text;  /* RING1_STOP_CRASH: why; the machine owns it */
};

/* Limits of one ring1_machine_run; UINT64_MAX is no limit. */
struct ring1_budget {
    uint64_t until_ns;     /* system time: stop when it is reached */
    uint64_t hypercalls;   /* calls by `int 0x82` in this run */
    uint64_t traps;        /* hypercalls, exceptions and emulated instructions */
    bool return_when_idle; /* a wait returns RING1_STOP_IDLE, and the caller lets
                            * time pass; else a wait jumps to the next timer,
                            * and returns IDLE only when there is none */
};
#define RING1_BUDGET_UNLIMITED                                                                               \
    {                                                                                                        \
        .until_ns = UINT64_MAX, .hypercalls = UINT64_MAX, .traps = UINT64_MAX                                \
    }

/* Run until the guest stops or a limit is reached; NULL is unlimited. After
 * IDLE, BUDGET and INTERRUPTED it can be called again. With virtual time limits and
 * interruptions do not change the guest's run: it goes on as if it had not been left. False: the CPU engine
 * failed (RING1_ERROR_CPU). */
bool ring1_machine_run(ring1_machine *m, const struct ring1_budget *budget, struct ring1_stop *stop,
                       GError **error);

/* Have a run end soon with RING1_STOP_INTERRUPTED. Async-signal-safe. */
void ring1_machine_interrupt(ring1_machine *m);

/* System time in ns: what the guest sees. With virtual time, advance moves it
 * forward by a wait's span (never past the next timer: it returns how far it
 * got). */
uint64_t ring1_machine_now(const ring1_machine *m);
uint64_t ring1_machine_advance(ring1_machine *m, uint64_t ns);

/* For tests: with `forgetful` the CPU's TLB and all translated code are dropped
 * at every trap. A guest cannot tell: times and memory stay the same. */
void ring1_machine_set_forgetful(ring1_machine *m, bool forgetful);

/* Why the guest ended and how it got there: the reason in Xen's words and in plain
 * ones, registers, the walk of the address at fault, the code around EIP, symbols,
 * the stack, the last hypercalls and exceptions. Text for a person, or the JSON of
 * docs/crash-report.md; whole lines, the caller frees it. It changes nothing and
 * may be asked for between any two runs. */
char *ring1_machine_report(ring1_machine *m, bool json);
/* Whether the end deserves one: a crash, a shutdown for another reason than
 * poweroff, reboot or suspend, or any shutdown from within the handler of an
 * exception that the kernel raised. False while the guest has not ended. */
bool ring1_machine_report_due(ring1_machine *m);

/* The guest has shut down or crashed, and was not resumed since. */
bool ring1_machine_ended(const ring1_machine *m);

/* Write an ELF core file, which gdb opens beside the image: the registers of each vcpu, and the memory
 * that the current vcpu's page tables map, at its virtual addresses (docs/core-files.md). It changes nothing, and
 * may be asked for between any two runs. The file replaces what was there when it is whole; or
 * it is one that is open for writing, whose bytes are replaced. RING1_ERROR_HOST: it cannot be written. */
bool ring1_machine_write_core(ring1_machine *m, const char *path, GError **error);
bool ring1_machine_write_core_to(ring1_machine *m, int fd, GError **error);

/* Go on after RING1_STOP_SHUTDOWN with RING1_SHUTDOWN_SUSPEND, as after a toolstack's
 * save and restore: memory has other frames, drawn from mfn_seed, event channels,
 * grants and timers are a new domain's, and the guest's hypercall returns 0.
 * RING1_ERROR_STATE: the guest did not suspend, or left no start_info (EDX) or no list
 * of its p2m (shared_info) to go by; or it is one of Xen 2.0, whose way is not served.
 * It is then as it was. */
bool ring1_machine_resume(ring1_machine *m, uint64_t mfn_seed, GError **error);
/* The same without having been away: the hypercall returns 1, "cancelled", and nothing
 * has changed. */
bool ring1_machine_resume_cancelled(ring1_machine *m, GError **error);

/* Calls by `int 0x82` since the start. */
uint64_t ring1_machine_hypercalls(const ring1_machine *m);

/* --- what a toolstack does ---------------------------------------------------- */

/* Xenstore with all rights, between two runs; paths are absolute. NULL or false:
 * RING1_ERROR_OPTION, the path is none or is not there. What read and list return is
 * the caller's (g_free, g_strfreev). */
char *ring1_machine_xenstore_read(ring1_machine *m, const char *path, GError **error);
char **ring1_machine_xenstore_list(ring1_machine *m, const char *path, GError **error);
bool ring1_machine_xenstore_write(ring1_machine *m, const char *path, const char *value, GError **error);
bool ring1_machine_xenstore_rm(ring1_machine *m, const char *path, GError **error);

/* Ask the guest, in its own protocol: control/shutdown of xenstore ("poweroff",
 * "reboot", "suspend", "halt"), control/sysrq, memory/target in KiB; of a 2.0 guest by a
 * control message. Whether it hears is its own affair. RING1_ERROR_OPTION: there is
 * no such request; RING1_ERROR_STATE: it has not taken the last ones. */
bool ring1_machine_ask_shutdown(ring1_machine *m, const char *how, GError **error);
bool ring1_machine_ask_sysrq(ring1_machine *m, char key, GError **error);
bool ring1_machine_ask_memory(ring1_machine *m, uint64_t kib, GError **error);
/* cpu/ID/availability: "online" or "offline". */
bool ring1_machine_ask_vcpu(ring1_machine *m, unsigned id, bool online, GError **error);

/* Raise an NMI on a vcpu (xl trigger nmi). RING1_ERROR_OPTION: there is no such vcpu. */
bool ring1_machine_send_nmi(ring1_machine *m, unsigned vcpu, GError **error);

/* --- hypercalls ------------------------------------------------------------ */

/* A user's handler: `arg` has 6 words (EBX, ECX, EDX, ESI, EDI, EBP); returns
 * what goes to EAX. Called from ring1_machine_run. */
typedef int32_t (*ring1_hypercall_fn)(ring1_vcpu *v, const uint32_t *arg, void *user);

/* Serve hypercall `nr` by `fn`: a new number, or in place of ring1's own. With
 * fn NULL the number is ring1's again. Numbers that the ABI wraps (2.0, 3.0.0:
 * 32 and more) are refused with RING1_ERROR_OPTION. */
bool ring1_machine_register_hypercall(ring1_machine *m, uint32_t nr, unsigned nargs, ring1_hypercall_fn fn,
                                      void *user, GError **error);

/* What is seen of a call, before and after. */
struct ring1_call {
    uint32_t nr;      /* as the guest gave it */
    const char *name; /* "mmu_update", or NULL when the number has no row */
    unsigned nargs;
    const uint32_t *arg; /* 6 words, those beyond nargs are 0 */
    unsigned depth;      /* 0: by int 0x82; 1: entry of a multicall */
    unsigned index;      /* depth 1: which entry */
    int32_t result;      /* after: what the guest gets; before: the answer to
                          * give when `before` returns true */
    const char *why;     /* after: why it was refused, or NULL */
    bool continued;      /* after: it stopped half-way, and is called again */
    bool answered;       /* before, in a replay: the recorded run's watch gave this result, */
    bool delayed;        /* and had time pass; this watch's answer does not count then */
};

struct ring1_watch {
    /* Before a call, or an entry of a multicall. True: call->result is the
     * answer and nobody else serves it. May be NULL. */
    bool (*before)(ring1_vcpu *v, struct ring1_call *call, void *user);
    /* After it. May be NULL. */
    void (*after)(ring1_vcpu *v, const struct ring1_call *call, void *user);
    /* What happens beside calls (ring1/event.h): those kinds whose RING1_EVENT_BIT is
     * in `events`. Between before() and after() it is a part of that call. May be
     * NULL. */
    void (*event)(ring1_vcpu *v, const struct ring1_event *event, void *user);
    uint32_t events;
};
/* One watch a machine; NULL takes it away. */
void ring1_machine_set_watch(ring1_machine *m, const struct ring1_watch *watch, void *user);

/* Inside before(): where the call comes from: the linear address of its `int $0x82`,
 * or, of one through the hypercall page, of the instruction that called that. A
 * multicall's entries come from where it does. */
uint32_t ring1_vcpu_call_site(ring1_vcpu *v);

/* Who called whom, from the present place outwards: linear addresses, all but the
 * first those behind a call. Of a hypercall through the hypercall page the first is
 * behind the call of that. By frame pointers where there are any; else a search of the
 * stack for what may be return addresses, which are marked as guesses. Returns how
 * many, at most `max`. Nothing in the guest changes. */
struct ring1_stack_frame {
    uint32_t eip;
    bool guess;
};
unsigned ring1_vcpu_stack(ring1_vcpu *v, struct ring1_stack_frame *frames, unsigned max);

/* "start_kernel+0x1f" by the image's symbol table; NULL: not known. Valid until the next
 * call of it. `is_return`: the address is behind a call, and it is the call's place
 * that is meant. */
const char *ring1_machine_symbol(ring1_machine *m, uint32_t va, bool is_return);
/* "init/main.c:512" by the image's DWARF, NULL: not known; the caller frees it. */
char *ring1_machine_source(ring1_machine *m, uint32_t va, bool is_return);
/* The kernel as an ELF file, out of whatever it was packed in: *len bytes, owned by the machine. NULL: it is
 * flat code. */
const void *ring1_machine_elf(const ring1_machine *m, size_t *len);

/* An address of code as frames of the source, innermost first: the functions that the compiler
 * put in line there, and last the one that they are in. Returns how many, at least 1; they are
 * valid until the next call of it. */
struct ring1_code_frame {
    const char *name;   /* an inlined function's; of the last what ring1_machine_symbol says */
    const char *source; /* "init/main.c:512": where in that function; NULL: not known */
    bool inlined;
};
unsigned ring1_machine_code_frames(ring1_machine *m, uint32_t va, bool is_return,
                                   const struct ring1_code_frame **frames);

/* Know the names of one more file: of the image before it was stripped, or of a program of the
 * guest's. `spec` is "FILE[,offset=N]": an ELF file, or a System.map; N is added to its addresses. Where
 * it speaks of the image's addresses it must be of it. RING1_ERROR_OPTION says why it is not, or
 * what is wrong with the file. */
bool ring1_machine_add_symbols(ring1_machine *m, const char *spec, GError **error);

/* --- guest memory ---------------------------------------------------------- */

ring1_machine *ring1_vcpu_machine(ring1_vcpu *v);
unsigned ring1_vcpu_id(const ring1_vcpu *v);
ring1_vcpu *ring1_machine_vcpu(ring1_machine *m, unsigned id);

/* Copy through the vcpu's page tables with the rights of the hypervisor. The
 * range must lie below the hypervisor's hole. 0, or -14 (-EFAULT): the bytes of
 * the pages before the bad one were copied. */
int32_t ring1_read(ring1_vcpu *v, gva_t va, void *dst, uint32_t len);
int32_t ring1_write(ring1_vcpu *v, gva_t va, const void *src, uint32_t len);

/* --- snapshots ------------------------------------------------------------- */

/* All of a machine's state, in memory. A snapshot costs the time and the memory of what was
 * written since the machine's last one, and the guest cannot tell that it was taken. It
 * may outlive the machine. Disks' contents are not in it. */
typedef struct ring1_snapshot ring1_snapshot;
ring1_snapshot *ring1_machine_save(ring1_machine *m);
/* Into the same machine, or another made with the same configuration;
 * RING1_ERROR_STATE when memory size or ABI differ. */
bool ring1_machine_restore(ring1_machine *m, const ring1_snapshot *snapshot, GError **error);
void ring1_snapshot_free(ring1_snapshot *snapshot);

/* A hash of all guest memory and vcpu registers: equal runs have equal hashes.
 * 64 hexadecimal digits (SHA-256); the caller frees it. */
char *ring1_machine_hash(ring1_machine *m);

/* --- about images and hypercalls, without a machine ------------------------ */

/* What an image is and asks for, as text for a person or as JSON; the caller
 * frees it. `config` gives memory, ABI and Xen for the layout. */
char *ring1_describe_image(const ring1_config *config, const char *path, bool json, GError **error);

/* The table of a pair: number, name, signature, how it is served. */
char *ring1_describe_hypercalls(enum ring1_abi abi, enum ring1_xen xen, bool json, GError **error);

/* The models that ring1_config.cpu may name, a line each: name and what it is; the
 * caller frees it. */
char *ring1_describe_cpus(void);
bool ring1_cpu_exists(const char *name);

/* Names as the command line has them; false for an unknown one. */
bool ring1_abi_from_name(const char *name, enum ring1_abi *abi);
bool ring1_xen_from_name(const char *name, enum ring1_xen *xen);
const char *ring1_abi_name(enum ring1_abi abi);
const char *ring1_xen_name(enum ring1_xen xen);

G_END_DECLS

#endif
