/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * filter.h - between the files of the filter of system calls: which calls (filter_rules.c),
 * how it is loaded (filter.c), who hears of them with SANDBOX_REPORT (filter_report.c).
 */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include "sandbox.h"

#ifdef HAVE_SECCOMP
#include <seccomp.h>

/* All of the rules. 0, or a negative errno. */
int filter_add_rules(scmp_filter_ctx c, const struct sandbox_setup *setup);

/* The name of a call that nobody here ever makes, or NULL. */
const char *filter_never_name(int call);

/* A thread that will be told of calls, made before there is a filter, so that it has
 * none; NULL: there can be none. Then: it may begin, with the filter's descriptor or -1. */
struct listener;
struct listener *report_start(void (*told)(const char *call));
void report_begin(struct listener *l, int fd);
#endif

#endif
