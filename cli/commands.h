/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * commands.h - the subcommands; each takes its own argv and returns the exit status.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

int command_run(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_info(int argc, char **argv);
int command_hypercalls(int argc, char **argv);
int command_diff(int argc, char **argv);
int command_ctl(int argc, char **argv);
int command_seq(int argc, char **argv);
int command_fuzz(int argc, char **argv);

/* gdb_script.c: --gdb-script. */
int print_gdb_script(void);

#endif
