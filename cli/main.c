/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * main.c - the ring1 command: finds the subcommand. Each has a file of its own.
 */
#include "commands.h"
#include "confine.h"
#include "options.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct command_entry {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"run", command_run, "run a 32-bit Xen PV kernel"},
    {"trace", command_trace, "run one and write each of its hypercalls down"},
    {"replay", command_replay, "repeat a recorded run to the byte"},
    {"info", command_info, "tell what an image is and asks for"},
    {"diff", command_diff, "compare two runs, call by call"},
    {"hypercalls", command_hypercalls, "list the hypercalls and how each is served"},
    {"ctl", command_ctl, "steer a guest that runs"},
    {"seq", command_seq, "run, check and write sequences of hypercalls"},
    {"fuzz", command_fuzz, "look for calls that break the dispatcher"},
};

static int print_version(void)
{
    g_autofree char *sandbox = confine_describe();
    g_autofree char *text = g_strconcat("ring1 " RING1_VERSION_STRING "\n", sandbox, NULL);
    return print_out(text);
}

static int print_help(void)
{
    g_autoptr(GString) text = g_string_new("usage: ring1 COMMAND [OPTION...] ...\n"
                                           "\n"
                                           "A user-space Xen for 32-bit paravirtual guests.\n"
                                           "\n"
                                           "commands:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        g_string_append_printf(text, "  %-12s %s\n", commands[i].name, commands[i].summary);
    g_string_append(text, "\n"
                          "options:\n"
                          "  -h, --help    print this text; `ring1 COMMAND --help`: of a command\n"
                          "  --gdb-script  print where the commands for gdb are, to be sourced there\n"
                          "  --version     print the version\n"
                          "\n"
                          "The manual: man ring1\n");
    return print_out(text->str);
}

/* A closed stdin, stdout or stderr must not become the number of a file that is
 * opened later. Reading these gives the end, writing them an error. */
static void fill_standard_files(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDONLY);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    fill_standard_files();
    sandbox_note_files();
    const char *word = argc > 1 ? argv[1] : NULL;
    if (!word) {
        complain("a command is missing: run, trace, info ... (see ring1 --help)");
        return STATUS_OPTION;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strcmp(word, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
        return print_help();
    if (strcmp(word, "--version") == 0)
        return print_version();
    if (strcmp(word, "--gdb-script") == 0)
        return print_gdb_script();
    complain("'%s' is not %s of ring1 (see ring1 --help)", word, word[0] == '-' ? "an option" : "a command");
    return STATUS_OPTION;
}
