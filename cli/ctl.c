/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ctl.c - `ring1 ctl PATH REQUEST...`: one request to a run with --control, and its
 * answer. The requests are control.c's.
 */
#include "commands.h"
#include "confine.h"
#include "options.h"
#include "unix_socket.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of an answer; whoever gives it may be a ring1 that its guest has taken over. */
#define REPLY_MAX (1u << 20)

static const char help[] = "Usage:\n"
                           "  ring1 ctl [--json] unix:PATH REQUEST\n"
                           "\n"
                           "Steer a guest that runs with --control unix:PATH.\n"
                           "\n"
                           "Requests:\n"
                           "  status                        how it stands\n"
                           "  shutdown [poweroff|reboot|suspend|halt]\n"
                           "  reboot, suspend               ask the guest to\n"
                           "  sysrq KEY                     press a SysRq key\n"
                           "  nmi [VCPU]                    raise an NMI\n"
                           "  balloon MIB                   ask the guest to have so much memory\n"
                           "  vcpus N                       ask it to use so many vcpus\n"
                           "  pause, resume                 have it stand still, and go on\n"
                           "  destroy                       end the run\n"
                           "  xenstore read|ls|rm PATH, xenstore write PATH VALUE\n"
                           "\n"
                           "Options:\n"
                           "  --json        print the answer as it came\n"
                           "  -h, --help    print this text\n";

static int fail(const char *path, const char *why)
{
    complain("ctl: %s: %s", path, why);
    return STATUS_FAILED;
}

static char *request_line(char **words)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_array(b);
    for (; *words; words++) {
        g_autofree char *word = g_utf8_make_valid(*words, -1);
        json_builder_add_string_value(b, word);
    }
    json_builder_end_array(b);
    g_autoptr(JsonNode) root = json_builder_get_root(b);
    g_autofree char *text = json_to_string(root, FALSE);
    return g_strconcat(text, "\n", NULL);
}

static void print_member(G_GNUC_UNUSED JsonObject *object, const char *name, JsonNode *node, void *data)
{
    GString *text = data;
    if (JSON_NODE_HOLDS_ARRAY(node)) {
        JsonArray *array = json_node_get_array(node);
        for (guint i = 0; i < json_array_get_length(array); i++)
            g_string_append_printf(text, "%s\n", json_array_get_string_element(array, i));
    } else if (json_node_get_value_type(node) == G_TYPE_STRING) {
        bool alone = strcmp(name, "value") == 0;
        g_string_append_printf(text, "%s%s%s\n", alone ? "" : name, alone ? "" : ": ",
                               json_node_get_string(node));
    } else {
        g_string_append_printf(text, "%s: %" G_GINT64_FORMAT "\n", name, json_node_get_int(node));
    }
}

static int print_answer(const char *line, bool json)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    if (!json_parser_load_from_data(parser, line, -1, NULL) || !json_parser_get_root(parser) ||
        !JSON_NODE_HOLDS_OBJECT(json_parser_get_root(parser)))
        return fail("the answer", "is no JSON object");
    JsonObject *object = json_node_get_object(json_parser_get_root(parser));
    const char *error = json_object_get_string_member_with_default(object, "error", NULL);
    if (json) {
        int status = print_out(line);
        return error ? STATUS_OPTION : status;
    }
    if (error) {
        complain("ctl: %s", error);
        return STATUS_OPTION;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    json_object_foreach_member(object, print_member, text);
    return print_out(text->str);
}

/* Send the request, read up to the end of the answer's line. */
static bool converse(int fd, const char *request, GString *reply)
{
    for (size_t done = 0, len = strlen(request); done < len;) {
        ssize_t n = send(fd, request + done, len - done, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    while (!memchr(reply->str, '\n', reply->len)) {
        char bytes[4096];
        if (reply->len > REPLY_MAX) {
            errno = EMSGSIZE;
            return false;
        }
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n < 0 ? errno : ECONNRESET;
            return false;
        }
        g_string_append_len(reply, bytes, n);
    }
    return true;
}

int command_ctl(int argc, char **argv)
{
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    char **words = argv + 1 + json;
    if (words[0] && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0))
        return print_out(help);
    if (!words[0] || !words[1] || words[0][0] == '-') {
        complain("ctl: unix:PATH and a request are needed (see ring1 ctl --help)");
        return STATUS_OPTION;
    }
    const char *path = g_str_has_prefix(words[0], "unix:") ? words[0] + strlen("unix:") : words[0];
    g_autofree char *request = request_line(words + 1);
    g_autoptr(GString) reply = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    int fd = unix_socket_connect(path, &error);
    if (fd < 0) {
        complain("ctl: %s", error->message);
        return STATUS_FAILED;
    }
    /* Whoever answers may be a ring1 that its guest has taken over. */
    static const struct sandbox_choice on = {.mode = SANDBOX_ON};
    confine_reader("ctl", &on, SANDBOX_CLIENTS);
    bool good = converse(fd, request, reply);
    int why = errno;
    close(fd);
    return good ? print_answer(reply->str, json) : fail(path, g_strerror(why));
}
