/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * console.h - the host's end of the guest's console: bytes of the guest go to
 * stdout, bytes of stdin (a terminal or not) or of --input go to the guest. With
 * --console a file takes stdout's place, or a line (line.h) that of both.
 */
#ifndef CLI_CONSOLE_H
#define CLI_CONSOLE_H

#include "line.h"
#include "poller.h"

#include <ring1/ring1.h>

struct console {
    int out;           /* stdout, or the file of --console */
    struct line *line; /* NULL: none */
    bool open;         /* stdin is an outside source: it may still give bytes */
    bool is_terminal;  /* stdin is a terminal in raw mode */
    bool leave;        /* Ctrl-] was typed */
    int write_errno;   /* why stdout takes no more bytes, 0: it does */
    char last;         /* last byte written */
    uint64_t written;  /* bytes written so far */
    ring1_machine *machine;
    void (*before_output)(void *user); /* bytes are about to be written; may be NULL */
    void *before_user;
};

/* Stdout, or what --console says: FILE, unix:PATH or pty. False: the error says why. */
bool console_open(struct console *c, const char *where, GError **error);

/* Make stdin the source, and the terminal raw if it is one; with a line, nothing. */
void console_open_stdin(struct console *c);

/* Connect a machine. */
void console_attach(struct console *c, ring1_machine *m);

/* Stdin or the line as an outside source of the run; its pointer is the console. */
extern const struct poll_source console_source;

/* The terminal is itself again, at the start of a line: before a last word on stderr. */
void console_let_go(struct console *c);
/* The console is done. */
void console_close(struct console *c);

#endif
