/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * outer.c - runs a command under a filter of system calls of somebody else, as containers do:
 *
 *     outer CALL=ERRNO ... -- COMMAND ...
 *
 * CALL is a system call's name, or no_new_privs: prctl that asks for it. Without rights it
 * has to be set before, as it is in such containers.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int number_of(const char *name)
{
    static const struct {
        const char *name;
        int value;
    } errors[] = {{"EPERM", EPERM}, {"ENOSYS", ENOSYS}, {"EACCES", EACCES}, {"EINVAL", EINVAL}};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strcmp(errors[i].name, name) == 0)
            return errors[i].value;
    return -1;
}

static int add(scmp_filter_ctx c, char *rule)
{
    char *equals = strchr(rule, '=');
    if (!equals)
        return -1;
    *equals = '\0';
    int err = number_of(equals + 1), call = seccomp_syscall_resolve_name(rule);
    if (err < 0)
        return -1;
    if (strcmp(rule, "no_new_privs") == 0)
        return seccomp_rule_add(c, SCMP_ACT_ERRNO((uint32_t)err), SCMP_SYS(prctl), 1,
                                SCMP_A0(SCMP_CMP_EQ, PR_SET_NO_NEW_PRIVS));
    return call < 0 ? -1 : seccomp_rule_add(c, SCMP_ACT_ERRNO((uint32_t)err), call, 0);
}

int main(int argc, char **argv)
{
    scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);
    int i = 1;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (add(c, argv[i])) {
            fprintf(stderr, "outer: %s?\n", argv[i]);
            return 2;
        }
    seccomp_attr_set(c, SCMP_FLTATR_CTL_NNP, geteuid() != 0);
    if (i + 1 >= argc || seccomp_load(c))
        return 2;
    execvp(argv[i + 1], argv + i + 1);
    perror(argv[i + 1]);
    return 2;
}
