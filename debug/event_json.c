/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * event_json.c - see event_json.h. Numbers go through the sink of calls' arguments, so
 * that frames and entries look the same.
 */
#include "event_json.h"

static void write_number(struct json_writer *w, const char *name, enum format format, uint64_t value)
{
    const struct number n = {.value = value, .size = 8, .format = format};
    json_sink.number(w, name, &n);
}

static void write_handler(struct json *j, const struct ring1_handler *h)
{
    if (!h->exists) {
        json_null(j, "handler");
        return;
    }
    json_key(j, "handler");
    json_open(j, '{');
    json_uint(j, "cs", h->cs);
    json_uint(j, "eip", h->eip);
    json_close(j, '}');
}

static void write_upcall(struct json *j, const struct ring1_upcall_event *u)
{
    unsigned shown = MIN(u->nr_ports, RING1_PORTS_SHOWN);
    json_key(j, "ports");
    json_open(j, '[');
    for (unsigned i = 0; i < shown; i++)
        json_uint(j, NULL, u->ports[i]);
    json_close(j, ']');
    if (u->nr_ports > shown)
        json_uint(j, "more", u->nr_ports - shown);
    write_handler(j, &u->handler);
}

static void write_exception(struct json *j, const struct ring1_exception_event *x)
{
    g_autoptr(GString) name = g_string_new(NULL);
    event_append_vector(name, x);
    json_uint(j, "vector", x->vector);
    json_word(j, "name", name->str);
    if (x->software)
        json_true(j, "software");
    if (x->has_error)
        json_uint(j, "error", x->error);
    if (x->vector == 14)
        json_uint(j, "cr2", x->cr2);
    write_handler(j, &x->handler);
}

static void write_emulated(struct json *j, const struct ring1_emulated_event *x)
{
    char bytes[2 * sizeof x->bytes + 1] = "";
    for (unsigned i = 0; i < x->length && i < sizeof x->bytes; i++)
        g_snprintf(bytes + 2 * i, 3, "%02x", x->bytes[i]);
    json_word(j, "bytes", bytes);
    json_text(j, "text", x->text);
    json_key(j, "registers");
    json_open(j, '{');
    for (unsigned i = 0; i < 8; i++)
        if (x->before[i] != x->after[i])
            json_uint(j, event_register(i), x->after[i]);
    json_close(j, '}');
}

static void write_store(struct json_writer *w, const struct ring1_store_event *x)
{
    json_uint(&w->json, "va", x->va.va);
    write_number(w, "table", FORMAT_MFN, x->table.mfn);
    json_uint(&w->json, "index", x->index);
    write_number(w, "old", FORMAT_PTE, x->old);
    write_number(w, "value", FORMAT_PTE, x->value);
}

static void write_frame(struct json_writer *w, const struct ring1_frame_event *x)
{
    write_number(w, "frame", FORMAT_MFN, x->mfn.mfn);
    json_word(&w->json, "from", event_frame_type(x->from));
    json_word(&w->json, "to", event_frame_type(x->to));
    json_word(&w->json, "why", event_frame_why(x->why));
    if (x->why != RING1_FRAME_ENTRY)
        return;
    write_number(w, "table", FORMAT_MFN, x->table.mfn);
    json_uint(&w->json, "index", x->index);
    json_word(&w->json, "table_type", event_frame_type(x->table_type));
}

static void write_device(struct json_writer *w, const struct ring1_device_event *x)
{
    struct json *j = &w->json;
    json_word(j, "device", event_device_name(x->device));
    json_word(j, "request", x->request);
    if (x->to_guest)
        json_true(j, "to_guest");
    if (x->data)
        json_bytes(j, "bytes", x->data, x->len);
    if (x->answer)
        json_bytes(j, "answer", x->answer, x->answer_len);
    if (x->error)
        json_word(j, "error", x->error);
    if (x->tx)
        json_uint(j, "tx", x->tx);
    if (x->device == RING1_DEVICE_BLOCK) {
        json_text(j, "disk", x->disk);
        json_uint(j, "sector", x->sector);
        json_uint(j, "sectors", x->nr_sectors);
    }
    if (x->device != RING1_DEVICE_GRANT)
        return;
    json_uint(j, "ref", x->ref);
    if (!x->error)
        write_number(w, "frame", FORMAT_MFN, x->mfn.mfn);
    if (x->readonly)
        json_true(j, "readonly");
}

void event_json(struct json_writer *w, const struct trace_event *e)
{
    struct json *j = &w->json;
    json_key(j, "data");
    json_open(j, '{');
    switch (e->event->kind) {
    case RING1_EVENT_UPCALL:
        write_upcall(j, &e->event->upcall);
        break;
    case RING1_EVENT_EXCEPTION:
        write_exception(j, &e->event->exception);
        break;
    case RING1_EVENT_EMULATED:
        write_emulated(j, &e->event->emulated);
        break;
    case RING1_EVENT_STORE:
        write_store(w, &e->event->store);
        break;
    case RING1_EVENT_FRAME:
        write_frame(w, &e->event->frame);
        break;
    case RING1_EVENT_DEVICE:
        write_device(w, &e->event->device);
        break;
    case RING1_NR_EVENT_KINDS:
        break;
    }
    json_close(j, '}');
}
