/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net_helper.c - the program ring1-net: libslirp in a process of its own, behind a wire
 * (net_wire.h). It has none of the guest's memory and none of ring1's files, and ends
 * when ring1 does.
 */
#define _GNU_SOURCE /* close_range */
#include "net_serve.h"
#include "net_wire.h"
#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Sockets of the guest, at most. */
#define CONNECTIONS 4096

/* What cannot be had of it is done without: the wire has come to life already. */
static void confine(void)
{
    const struct sandbox_setup setup = {
        .needs = SANDBOX_INTERNET,
        .more_files = CONNECTIONS,
        .only_file = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC),
    };
    struct sandbox_state state;
    const char *why;
    sandbox_enter(&setup, &state, &why);
}

/* What comes from a terminal for all of its processes is ring1's business. */
static void be_quiet(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP};
    for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++)
        signal(ignored[i], SIG_IGN);
    close_range(WIRE_FD + 1, ~0U, 0);
}

int main(int argc, char **argv)
{
    if (argc != 2 || argv[1][0] != 'w') {
        static const char text[] = "ring1-net is a part of ring1, which starts it for --net user.\n";
        return write(STDERR_FILENO, text, sizeof text - 1) < 0 ? 1 : 2;
    }
    if (argv[1][1] == 'd') /* ring1's own thread made this, and not one that comes and goes */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    be_quiet();
    struct net_serve *serve = net_serve_new(WIRE_FD, confine);
    while (net_serve_turn(serve))
        continue;
    return net_serve_free(serve) ? 0 : 1;
}
