/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * run_end.c - the end of a run: what is said, and what is left behind.
 */
#include "run_session.h"

#include <stdarg.h>
#include <stdio.h>

static bool save(struct session *s)
{
    g_autoptr(GError) error = NULL;
    s->saved = true;
    if (output_begin(&s->save, &error) &&
        ring1_machine_save_fd(s->machine, s->save.fd, s->o->save_file, &error))
        return true;
    console_let_go(&s->console);
    complain("%s: --save: %s", s->o->name, error->message);
    s->status = STATUS_FAILED;
    return false;
}

/* What the guest wrote and nobody saw yet comes out of the one that is loaded. */
enum next session_end(struct session *s, int status)
{
    s->status = status;
    if (s->machine && s->o->save_file && !s->saved)
        save(s);
    else if (s->machine && !s->saved)
        ring1_machine_console_flush(s->machine);
    return END;
}

/* The last line on stderr, with the terminal as it was. */
enum next session_end_saying(struct session *s, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    session_end(s, status);
    console_let_go(&s->console);
    complain("%s", text);
    g_free(s->words);
    s->words = g_steal_pointer(&text);
    return END;
}
/* --at is reached. */
enum next session_save_and_end(struct session *s)
{
    s->status = STATUS_OK;
    save(s);
    return END;
}

/* The guest has ended: why, if it was nothing that a guest ought to do. With
 * --report all is said in the file. */
void session_print_report(struct session *s)
{
    if (s->o->report_file || !ring1_machine_report_due(s->machine))
        return;
    g_autofree char *text = ring1_machine_report(s->machine, false);
    console_let_go(&s->console);
    fputs(text, stderr);
}

/* How the guest stands at the end of the run, whatever ended it. */
void session_write_files(struct session *s)
{
    g_autoptr(GError) error = NULL;
    if (post_mortem_write(&s->files, s->machine, &error))
        return;
    console_let_go(&s->console);
    complain("%s: %s", s->o->name, error->message);
    s->status = STATUS_FAILED;
}
