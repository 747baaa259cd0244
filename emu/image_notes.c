/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * image_notes.c - what an image asks of Xen: ELF notes, or the `__xen_guest`
 * string of older kernels; and which ABI that makes it (docs/xen-abi.md 4.1).
 */
#include "image.h"

#include <gelf.h>
#include <inttypes.h>
#include <string.h>
#include <xen/elfnote.h>
#include <xen/features.h>

/* More notes than any kernel has: a file that repeats itself is refused. */
#define MAX_NOTES 4096u

enum note_type {
    NOTE_TEXT,
    NOTE_NUMBER,  /* 1, 2, 4 or 8 bytes */
    NOTE_ADDRESS, /* a number that must fit 32 bits */
    NOTE_BYTES,   /* shown, not used */
};

/* One note, or one key: how it is read and where it goes. Offsets of 0 go
 * nowhere (no field of struct image that can be set lies there). */
struct asked {
    int note;         /* XEN_ELFNOTE_*, -1: no such note */
    const char *name; /* of the note */
    const char *key;  /* in __xen_guest, NULL: no such key */
    enum note_type type;
    size_t text, number, has; /* offsets in struct image */
};

#define AT(field) offsetof(struct image, field)

static const struct asked ASKED[] = {
    {XEN_ELFNOTE_INFO, "INFO", NULL, NOTE_BYTES, 0, 0, 0},
    {XEN_ELFNOTE_ENTRY, "ENTRY", "VIRT_ENTRY", NOTE_ADDRESS, 0, AT(entry), AT(has_entry)},
    {XEN_ELFNOTE_HYPERCALL_PAGE, "HYPERCALL_PAGE", "HYPERCALL_PAGE", NOTE_ADDRESS, 0, AT(hypercall_page),
     AT(has_hypercall_page)},
    {XEN_ELFNOTE_VIRT_BASE, "VIRT_BASE", "VIRT_BASE", NOTE_ADDRESS, 0, AT(virt_base), AT(has_virt_base)},
    {XEN_ELFNOTE_PADDR_OFFSET, "PADDR_OFFSET", "ELF_PADDR_OFFSET", NOTE_ADDRESS, 0, AT(paddr_offset),
     AT(has_paddr_offset)},
    {XEN_ELFNOTE_XEN_VERSION, "XEN_VERSION", "XEN_VER", NOTE_TEXT, AT(xen_version), 0, 0},
    {XEN_ELFNOTE_GUEST_OS, "GUEST_OS", "GUEST_OS", NOTE_TEXT, AT(guest_os), 0, 0},
    {XEN_ELFNOTE_GUEST_VERSION, "GUEST_VERSION", "GUEST_VER", NOTE_TEXT, AT(guest_version), 0, 0},
    {XEN_ELFNOTE_LOADER, "LOADER", "LOADER", NOTE_TEXT, AT(loader), 0, 0},
    {XEN_ELFNOTE_PAE_MODE, "PAE_MODE", "PAE", NOTE_TEXT, 0, 0, 0},
    {XEN_ELFNOTE_FEATURES, "FEATURES", "FEATURES", NOTE_TEXT, 0, 0, 0},
    {XEN_ELFNOTE_BSD_SYMTAB, "BSD_SYMTAB", "BSD_SYMTAB", NOTE_TEXT, 0, 0, 0},
    {XEN_ELFNOTE_HV_START_LOW, "HV_START_LOW", NULL, NOTE_ADDRESS, 0, AT(hv_start_low), AT(has_hv_start_low)},
    {XEN_ELFNOTE_L1_MFN_VALID, "L1_MFN_VALID", NULL, NOTE_BYTES, 0, 0, 0},
    {XEN_ELFNOTE_SUSPEND_CANCEL, "SUSPEND_CANCEL", NULL, NOTE_NUMBER, 0, 0, 0},
    {XEN_ELFNOTE_INIT_P2M, "INIT_P2M", NULL, NOTE_NUMBER, 0, 0, 0},
    {XEN_ELFNOTE_MOD_START_PFN, "MOD_START_PFN", NULL, NOTE_NUMBER, 0, 0, 0},
    {XEN_ELFNOTE_SUPPORTED_FEATURES, "SUPPORTED_FEATURES", NULL, NOTE_NUMBER, 0, 0, 0},
    {XEN_ELFNOTE_PHYS32_ENTRY, "PHYS32_ENTRY", NULL, NOTE_NUMBER, 0, 0, 0},
    {-1, NULL, "PT_MODE_WRITABLE", NOTE_TEXT, 0, 0, 0},
};

/* Features that a FEATURES list may name. Whatever PV gives or not, kernels put
 * `!` before names that they merely know how to live with (Linux has
 * "!writable_page_tables"), so only what would change the whole ABI is refused. */
static const struct {
    const char *name;
    int bit;
    bool impossible; /* if required */
} FEATURES[] = {
    {"writable_page_tables", XENFEAT_writable_page_tables, false},
    {"writable_descriptor_tables", XENFEAT_writable_descriptor_tables, false},
    {"auto_translated_physmap", XENFEAT_auto_translated_physmap, true},
    {"supervisor_mode_kernel", XENFEAT_supervisor_mode_kernel, true},
    {"pae_pgdir_above_4gb", XENFEAT_pae_pgdir_above_4gb, false},
    {"hvm_callback_vector", XENFEAT_hvm_callback_vector, false},
    {"dom0", XENFEAT_dom0, false},
};

/* --- keeping ----------------------------------------------------------------- */

static struct image_key *add_key(struct image *image, const char *name, char *value)
{
    image->key = g_renew(struct image_key, image->key, image->nr_keys + 1);
    struct image_key *key = &image->key[image->nr_keys++];
    *key = (struct image_key){.name = g_strdup(name), .value = value};
    return key;
}

/* Bytes of a file as text for a person: what is not printable ASCII becomes
 * `\xNN`, the text ends at the first NUL. */
static char *clean_text(const uint8_t *bytes, size_t len)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < len && bytes[i] != 0; i++) {
        if (bytes[i] >= 0x20 && bytes[i] < 0x7F && bytes[i] != '\\')
            g_string_append_c(text, (char)bytes[i]);
        else
            g_string_append_printf(text, "\\x%02x", bytes[i]);
    }
    return g_string_free(text, FALSE);
}

static bool take_number(struct image *image, const struct asked *asked, const char *name, uint64_t number,
                        GError **error)
{
    if (asked->type == NOTE_ADDRESS && number > UINT32_MAX)
        return image_refuse(image, error, "%s 0x%" PRIx64 " is no 32-bit address", name, number);
    struct image_key *key = add_key(image, name, g_strdup_printf("0x%" PRIx64, number));
    key->is_number = true;
    key->number = number;
    if (asked->number)
        *(uint32_t *)((char *)image + asked->number) = (uint32_t)number;
    if (asked->has)
        *(bool *)((char *)image + asked->has) = true;
    if (asked->note == XEN_ELFNOTE_MOD_START_PFN)
        image->mod_start_pfn = number != 0;
    return true;
}

/* `names` joined by `|`, `!` before a required one (docs/xen-abi.md 4.6). */
static bool take_features(struct image *image, const char *names, GError **error)
{
    g_auto(GStrv) list = g_strsplit(names, "|", 0);
    for (char **p = list; *p; p++) {
        char *name = g_strstrip(*p);
        bool required = name[0] == '!';
        name += required;
        if (name[0] == 0)
            continue;
        size_t i = 0;
        while (i < G_N_ELEMENTS(FEATURES) && strcmp(FEATURES[i].name, name) != 0)
            i++;
        bool known = i < G_N_ELEMENTS(FEATURES);
        if (required && !known)
            return image_refuse(image, error, "FEATURES: the required feature \"%s\" is unknown", name);
        if (required && FEATURES[i].impossible)
            return image_refuse(image, error,
                                "FEATURES: the required feature \"%s\" is not there for PV guests", name);
        image->feature = g_renew(struct image_feature, image->feature, image->nr_features + 1);
        image->feature[image->nr_features++] = (struct image_feature){
            .name = g_strdup(name),
            .required = required,
            .bit = known ? FEATURES[i].bit : -1,
        };
    }
    return true;
}

/* A note says "yes" for a kernel that takes its L3 anywhere; in the string that
 * is "yes[extended-cr3]". */
static enum image_pae pae_of(const char *value, bool is_note)
{
    if (is_note && strstr(value, "bimodal"))
        return IMAGE_PAE_BIMODAL;
    if (!g_str_has_prefix(value, "yes"))
        return IMAGE_PAE_NO;
    return is_note || strstr(value, "[extended-cr3]") ? IMAGE_PAE_EXTENDED_CR3 : IMAGE_PAE_YES;
}

static bool take_text(struct image *image, const struct asked *asked, const char *name, char *text,
                      GError **error)
{
    add_key(image, name, text);
    if (asked->text) {
        char **field = (char **)((char *)image + asked->text);
        g_free(*field);
        *field = g_strdup(text);
    }
    switch (asked->note) {
    case XEN_ELFNOTE_PAE_MODE:
        image->has_pae = true;
        image->pae = pae_of(text, image->source == IMAGE_FROM_NOTES);
        break;
    case XEN_ELFNOTE_BSD_SYMTAB:
        /* The string's key needs no value. */
        image->bsd_symtab =
            g_str_has_prefix(text, "yes") || (image->source == IMAGE_FROM_GUEST_STRING && text[0] == 0);
        break;
    case XEN_ELFNOTE_FEATURES:
        return take_features(image, text, error);
    case -1:
        image->pt_mode_writable = true;
        break;
    }
    return true;
}

/* --- ELF notes --------------------------------------------------------------- */

static bool take_note(struct image *image, uint32_t type, const uint8_t *desc, size_t len, GError **error)
{
    const struct asked *asked = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(ASKED) && !asked; i++)
        if (ASKED[i].note >= 0 && (uint32_t)ASKED[i].note == type)
            asked = &ASKED[i];
    if (!asked || asked->type == NOTE_BYTES) {
        GString *hex = g_string_new(NULL);
        for (size_t i = 0; i < len && i < 32; i++)
            g_string_append_printf(hex, "%s%02x", i ? " " : "", desc[i]);
        if (len > 32)
            g_string_append(hex, " ...");
        g_autofree char *unknown = asked ? NULL : g_strdup_printf("note %u", type);
        add_key(image, asked ? asked->name : unknown, g_string_free(hex, FALSE));
        return true;
    }
    if (asked->type == NOTE_TEXT)
        return take_text(image, asked, asked->name, clean_text(desc, len), error);
    /* An empty number is "there": SUSPEND_CANCEL and MOD_START_PFN have been
     * written so. */
    if ((len != 1 && len != 2 && len != 4 && len != 8) && (len != 0 || asked->type == NOTE_ADDRESS))
        return image_refuse(image, error, "note %s has %zu bytes; a number has 1, 2, 4 or 8", asked->name,
                            len);
    uint64_t number = len == 0;
    for (size_t i = len; i-- > 0;)
        number = number << 8 | desc[i];
    return take_number(image, asked, asked->name, number, error);
}

/* Notes in [offset, offset + size) of the file. Lengths beyond the end are cut
 * to what is left: GRUB's PAE_MODE says 12 where 4 bytes are. */
static bool parse_notes_at(struct image *image, uint64_t offset, uint64_t size, unsigned *seen,
                           GError **error)
{
    size_t len;
    const uint8_t *bytes = g_bytes_get_data(image->bytes, &len);
    if (offset >= len)
        return true;
    size = MIN(size, len - offset);
    const uint8_t *p = bytes + offset, *end = p + size;
    while ((size_t)(end - p) >= sizeof(Elf32_Nhdr)) {
        Elf32_Nhdr nh;
        memcpy(&nh, p, sizeof(nh));
        p += sizeof(nh);
        if (++*seen > MAX_NOTES)
            return image_refuse(image, error, "more than %u notes", MAX_NOTES);
        size_t left = (size_t)(end - p), name_len = MIN(nh.n_namesz, left);
        const uint8_t *name = p;
        p += MIN((name_len + 3) & ~(size_t)3, left);
        left = (size_t)(end - p);
        size_t desc_len = MIN(nh.n_descsz, left);
        const uint8_t *desc = p;
        p += MIN((desc_len + 3) & ~(size_t)3, left);
        bool is_xen = name_len == 4 && memcmp(name, "Xen", 4) == 0;
        if (is_xen && !take_note(image, nh.n_type, desc, desc_len, error))
            return false;
    }
    return true;
}

static bool parse_note_segments(struct image *image, Elf *elf, unsigned *seen, GError **error)
{
    size_t nr = 0;
    if (elf_getphdrnum(elf, &nr) != 0)
        return true;
    for (size_t i = 0; i < nr; i++) {
        GElf_Phdr ph;
        /* Some linkers left p_offset 0 for notes: such a segment says nothing. */
        if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_NOTE || ph.p_offset == 0)
            continue;
        if (!parse_notes_at(image, ph.p_offset, ph.p_filesz, seen, error))
            return false;
    }
    return true;
}

/* --- sections ------------------------------------------------------------------ */

static bool parse_note_sections(struct image *image, Elf *elf, unsigned *seen, GError **error)
{
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn)) != NULL;) {
        GElf_Shdr sh;
        if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_NOTE &&
            !parse_notes_at(image, sh.sh_offset, sh.sh_size, seen, error))
            return false;
    }
    return true;
}

/* The text of the section `__xen_guest`, or NULL; the caller frees it. As Xen has
 * it, types do not matter, and number 0 is a section like any other: Plan 9 puts
 * the string there. */
static char *guest_string(const struct image *image, Elf *elf)
{
    static const char WANTED[] = "__xen_guest";
    size_t nr = 0, names = 0, len;
    GElf_Shdr sh, texts;
    const uint8_t *bytes = g_bytes_get_data(image->bytes, &len);
    if (elf_getshdrnum(elf, &nr) != 0 || elf_getshdrstrndx(elf, &names) != 0 ||
        !gelf_getshdr(elf_getscn(elf, names), &texts))
        return NULL;
    for (size_t i = 0; i < nr; i++) {
        if (!gelf_getshdr(elf_getscn(elf, i), &sh) || sh.sh_type == SHT_NOBITS || sh.sh_offset >= len)
            continue;
        uint64_t name = texts.sh_offset + sh.sh_name;
        if (name <= len && len - name >= sizeof(WANTED) && memcmp(bytes + name, WANTED, sizeof(WANTED)) == 0)
            return clean_text(bytes + sh.sh_offset, (size_t)MIN(sh.sh_size, len - sh.sh_offset));
    }
    return NULL;
}

static bool take_pair(struct image *image, const char *name, const char *value, GError **error)
{
    const struct asked *asked = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(ASKED) && !asked; i++)
        if (ASKED[i].key && strcmp(ASKED[i].key, name) == 0)
            asked = &ASKED[i];
    if (!asked) {
        add_key(image, name, g_strdup(value));
        return true;
    }
    if (asked->type == NOTE_TEXT)
        return take_text(image, asked, name, g_strdup(value), error);
    char *end = NULL;
    uint64_t number = g_ascii_strtoull(value, &end, 0);
    if (end == value || *end != 0 || value[0] == '-')
        return image_refuse(image, error, "__xen_guest: %s=%s is no number", name, value);
    if (asked->note == XEN_ELFNOTE_HYPERCALL_PAGE && number > UINT32_MAX >> RING1_PAGE_SHIFT)
        return image_refuse(image, error, "__xen_guest: %s=%s is no page number", name, value);
    return take_number(image, asked, name, number, error);
}

static bool parse_guest_string(struct image *image, const char *text, GError **error)
{
    g_auto(GStrv) pairs = g_strsplit(text, ",", 0);
    image->source = IMAGE_FROM_GUEST_STRING;
    for (char **p = pairs; *p; p++) {
        char *pair = g_strstrip(*p);
        if (pair[0] == 0)
            continue;
        if (image->nr_keys >= MAX_NOTES)
            return image_refuse(image, error, "__xen_guest: more than %u keys", MAX_NOTES);
        char *value = strchr(pair, '=');
        if (value)
            *value++ = 0;
        if (!take_pair(image, pair, value ? value : "", error))
            return false;
    }
    return true;
}

/* --- what it all means ---------------------------------------------------------- */

static bool decide_abi(struct image *image, GError **error)
{
    bool notes = image->source == IMAGE_FROM_NOTES;
    const char *version_name = notes ? "XEN_VERSION" : "XEN_VER", *pae_name = notes ? "PAE_MODE" : "PAE";
    const char *version = image->xen_version;
    bool is_2_0 = !notes && strcmp(version, "2.0") == 0;
    if (version[0] == 0)
        return image_refuse(image, error, "%s is not given: it must be xen-3.0%s", version_name,
                            notes ? "" : " or 2.0");
    if (!is_2_0 && !g_str_has_prefix(version, "xen-3.0"))
        return image_refuse(image, error, "%s \"%s\" is not %s", version_name, version,
                            notes ? "xen-3.0" : "xen-3.0 or 2.0");
    if (!g_str_has_prefix(image->loader, "generic") && !g_str_has_prefix(image->guest_os, "linux"))
        return image_refuse(image, error, "LOADER \"%s\" is not generic, and GUEST_OS \"%s\" not linux",
                            image->loader, image->guest_os);
    g_free(image->abi_why);
    if (is_2_0) {
        image->abi = RING1_ABI_XEN_2_0;
        image->abi_why = g_strdup_printf("%s is 2.0", version_name);
        return true;
    }
    image->abi = image->pae == IMAGE_PAE_NO ? RING1_ABI_XEN_3_0 : RING1_ABI_XEN_3_0_PAE;
    const char *pae = "";
    for (unsigned i = 0; i < image->nr_keys; i++)
        if (strcmp(image->key[i].name, pae_name) == 0)
            pae = image->key[i].value;
    if (image->has_pae)
        image->abi_why = g_strdup_printf("%s is %s and %s is \"%s\"", version_name, version, pae_name, pae);
    else
        image->abi_why = g_strdup_printf("%s is %s and %s is not given", version_name, version, pae_name);
    return true;
}

bool image_parse_notes(struct image *image, Elf *elf, GError **error)
{
    unsigned seen = 0;
    image->source = IMAGE_FROM_NOTES;
    if (!parse_note_segments(image, elf, &seen, error))
        return false;
    if (image->nr_keys == 0 && !parse_note_sections(image, elf, &seen, error))
        return false;
    if (image->nr_keys == 0) {
        g_autofree char *text = guest_string(image, elf);
        if (!text)
            return image_refuse(
                image, error,
                "an ELF file without Xen notes and without a __xen_guest section: no Xen guest");
        if (!parse_guest_string(image, text, error))
            return false;
    }
    return decide_abi(image, error);
}
