/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * options.h - the command line of every subcommand, parsed and checked, and the
 * exit statuses. An error is one line that names the option and the value.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "debug/summary.h"
#include "debug/trace_text.h"

#include "sandbox/sandbox.h"

#include <ring1/ring1.h>

/* Exit statuses of ring1; also in docs/ring1.1.scd. */
enum {
    STATUS_OK = 0,       /* the guest powered off */
    STATUS_DIFFERS = 1,  /* a sequence: a result is not what was expected */
    STATUS_OPTION = 2,   /* an option or its value */
    STATUS_CRASH = 3,    /* the guest crashed, or shut down with "crash" */
    STATUS_REBOOT = 4,   /* the guest asked for a reboot */
    STATUS_OTHER = 5,    /* the guest ended, or waits for ever, for another reason */
    STATUS_DIVERGED = 6, /* a replay was not the recorded run */
    STATUS_CUT = 7,      /* a replay came to where its record was cut */
    STATUS_BUDGET = 124, /* a --max- limit is spent */
    STATUS_FAILED = 125, /* ring1 itself failed */
    STATUS_IMAGE = 126,  /* the image, the initrd, or their fit into memory */
    STATUS_SIGNAL = 128, /* plus the signal; Ctrl-] counts as SIGTERM */
};

/* The subcommands, as bits. */
enum subcommand {
    COMMAND_RUN = 1,
    COMMAND_INFO = 2,
    COMMAND_HYPERCALLS = 4,
    COMMAND_TRACE = 8,
    COMMAND_REPLAY = 16,
};
/* Those that run an image. */
#define COMMANDS_RUN (COMMAND_RUN | COMMAND_TRACE)
/* Those that take all options of a trace. */
#define COMMANDS_TRACE (COMMAND_TRACE | COMMAND_REPLAY)

#define NO_LIMIT UINT64_MAX

enum on_suspend { SUSPEND_EXIT, SUSPEND_RESUME, SUSPEND_CANCEL };

/* What `ring1 trace` takes beside the options of a run. */
struct trace_options {
    char *perfetto, *xentrace, *hc; /* files, or NULL */
    struct filter *filter;          /* -e and -P */
    enum { SUMMARY_NONE, SUMMARY_ALONE, SUMMARY_TOO } summary;
    enum summary_order summary_order;
    struct trace_text_options text;
};

/* --sandbox, of every command that reads what somebody else has made. */
struct sandbox_choice {
    enum sandbox_mode mode;
    bool given;
    bool before; /* of a look before a run, which says itself what cannot be had */
};
bool sandbox_choice_parse(const char *value, struct sandbox_choice *choice);
#define SANDBOX_VALUES "on, off or report"

struct options {
    enum subcommand command;
    const char *name; /* the command's */
    ring1_config *config;
    char *image;                /* NULL for a command without one */
    char *input;                /* --input, or NULL */
    char *trace_file;           /* of --trace or -o; NULL: stderr */
    char *console;              /* --console, or NULL: stdin and stdout */
    char *control;              /* path of --control unix:PATH, or NULL */
    char *record_file;          /* --record, or NULL */
    char *save_file;            /* --save, or NULL */
    char *load_file;            /* --load, or NULL; `image` is NULL then */
    uint64_t at_calls, at_ns;   /* of --at; NO_LIMIT: none */
    const char *machine_option; /* one that says what the machine is, NULL: none was given */
    char **symbols;             /* --symbols, ended by NULL; NULL: none */
    char *gdb;                  /* where --gdb listens, or NULL */
    bool gdb_wait;
    char *core_file;      /* --core, or NULL */
    char *report_file;    /* --report, or NULL: stderr when the end is odd */
    char *net_dump;       /* --net-dump, or NULL */
    char *append;         /* --append, before it joins config->cmdline */
    uint64_t max_host_ns; /* NO_LIMIT: none */
    uint64_t max_guest_ns;
    uint64_t max_hypercalls;
    bool date_given, date_now;
    bool restart;
    struct sandbox_choice sandbox;
    enum on_suspend on_suspend;
    bool trace;
    struct trace_options tracing;
    uint64_t until_calls, until_ns; /* of a replay; NO_LIMIT: none */
    bool info, hash;
    bool json;
    bool help;
    bool list_cpus;
};

/* Parse argv[1..] of a subcommand. False: *status is the exit status, and what
 * was to be said has been printed (an error, or --help). */
bool options_parse(struct options *o, enum subcommand command, int argc, char **argv, int *status);
void options_clear(struct options *o);

/* For a command whose other options are its own: what says what the machine is, as a group without
 * letters; --abi and --xen are the command's. options_begin is options_parse without words; words behind `--`
 * are the guest's command line, NULL: none. */
void options_begin(struct options *o, enum subcommand command);
GOptionGroup *options_of_machine(struct options *o);
void options_join(struct options *o, char **words);

/* GOption's step for every command: names it ("trace", "seq run") in what the context
 * prints, takes the options out of argv, and says what is wrong with one. */
bool options_take(GOptionContext *context, const char *name, int *argc, char ***argv);

/* The exit status that belongs to an error of libring1. */
int status_of_error(const GError *error);

/* Print text to stdout: STATUS_OK, or STATUS_FAILED and a line on stderr. */
int print_out(const char *text);

/* One line to stderr, "ring1: ..." */
void complain(const char *format, ...) G_GNUC_PRINTF(1, 2);

#endif
