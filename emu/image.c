/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * image.c - from a file to `struct image`: take the packing off, check the ELF
 * header and the program headers. Notes are image_notes.c's, the symbol table is
 * image_symtab.c's business.
 */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <ring1/ring1.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SEGMENTS 1024u

bool image_refuse(const struct image *image, GError **error, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_set_error(error, RING1_ERROR, RING1_ERROR_IMAGE, "%s: %s", image->name, text);
    return false;
}

/* --- files ------------------------------------------------------------------ */

static const char *file_type(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a directory";
    case S_IFCHR:
    case S_IFBLK:
        return "a device";
    case S_IFIFO:
        return "a pipe";
    case S_IFSOCK:
        return "a socket";
    default:
        return "no regular file";
    }
}

static GBytes *read_all(int fd, size_t size, const char *path, GError **error)
{
    uint8_t *bytes = g_try_malloc(size);
    if (!bytes) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s: no memory for its %zu bytes", path, size);
        return NULL;
    }
    size_t len = 0;
    while (len < size) {
        ssize_t n = read(fd, bytes + len, size - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            g_set_error(error, RING1_ERROR, RING1_ERROR_IMAGE, "%s: %s", path, g_strerror(errno));
            g_free(bytes);
            return NULL;
        }
        if (n == 0)
            break; /* it shrank meanwhile */
        len += (size_t)n;
    }
    return g_bytes_new_take(bytes, len);
}

GBytes *image_read_file(const char *path, GError **error)
{
    /* Opening a pipe must not wait for its other end. */
    int fd = g_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_IMAGE, "%s: %s", path, g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    GBytes *bytes = NULL;
    if (!S_ISREG(st.st_mode))
        g_set_error(error, RING1_ERROR, RING1_ERROR_IMAGE, "%s: is %s, not a file", path,
                    file_type(st.st_mode));
    else if (st.st_size == 0)
        g_set_error(error, RING1_ERROR, RING1_ERROR_IMAGE, "%s: is empty", path);
    else if ((uint64_t)st.st_size > IMAGE_FILE_MAX)
        g_set_error(error, RING1_ERROR, RING1_ERROR_IMAGE, "%s: is %jd MiB long; at most %zu MiB are read",
                    path, (intmax_t)(st.st_size >> 20), IMAGE_FILE_MAX >> 20);
    else
        bytes = read_all(fd, (size_t)st.st_size, path, error);
    close(fd);
    return bytes;
}

/* --- packing ---------------------------------------------------------------- */

static uint32_t get_le(const uint8_t *p, unsigned len)
{
    uint32_t v = 0;
    while (len-- > 0)
        v = v << 8 | p[len];
    return v;
}

/* Put unpacked bytes in the place of packed ones. */
static bool unpack(struct image *image, enum compression kind, size_t offset, size_t len, GError **error)
{
    const uint8_t *bytes = g_bytes_get_data(image->bytes, NULL);
    GBytes *out = decompress(kind, bytes + offset, len, decompress_limit(len), image->name, error);
    if (!out)
        return false;
    g_bytes_unref(image->bytes);
    image->bytes = out;
    return true;
}

/* Linux's boot format, docs/xen-abi.md 4.1: the ELF is its payload. */
static bool is_bzimage(const uint8_t *bytes, size_t len)
{
    return len >= 0x250 && memcmp(bytes + 0x202, "HdrS", 4) == 0;
}

static bool unpack_bzimage(struct image *image, GError **error)
{
    size_t len;
    const uint8_t *bytes = g_bytes_get_data(image->bytes, &len);
    image->bzimage = true;
    image->bzimage_protocol = get_le(bytes + 0x206, 2);
    if (image->bzimage_protocol < 0x0208)
        return image_refuse(image, error, "bzImage of boot protocol %u.%02u: a payload is there from 2.08 on",
                            image->bzimage_protocol >> 8, image->bzimage_protocol & 0xFF);
    unsigned setup_sects = bytes[0x1F1] ? bytes[0x1F1] : 4;
    uint64_t start = (setup_sects + 1) * 512ull + get_le(bytes + 0x248, 4);
    uint32_t size = get_le(bytes + 0x24C, 4);
    if (start >= len || size > len - start)
        return image_refuse(image, error,
                            "bzImage payload at 0x%" PRIx64 " of %u bytes lies beyond the file's %zu bytes",
                            start, size, len);
    if (size >= 4 && memcmp(bytes + start, ELFMAG, SELFMAG) == 0) {
        GBytes *elf = g_bytes_new(bytes + start, size);
        g_bytes_unref(image->bytes);
        image->bytes = elf;
        return true;
    }
    image->payload = compression_detect(bytes + start, size);
    if (image->payload == COMPRESSION_NONE)
        return image_refuse(image, error, "bzImage payload at 0x%" PRIx64 " has no known packing", start);
    return unpack(image, image->payload, (size_t)start, size, error);
}

static bool unpack_file(struct image *image, GError **error)
{
    size_t len;
    const uint8_t *bytes = g_bytes_get_data(image->bytes, &len);
    if (compression_detect(bytes, len) == COMPRESSION_GZIP) {
        image->gzipped = true;
        if (!unpack(image, COMPRESSION_GZIP, 0, len, error))
            return false;
        bytes = g_bytes_get_data(image->bytes, &len);
    }
    return is_bzimage(bytes, len) ? unpack_bzimage(image, error) : true;
}

/* --- ELF -------------------------------------------------------------------- */

static char *first_bytes(const uint8_t *bytes, size_t len)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < len && i < 4; i++)
        g_string_append_printf(out, " %02x", bytes[i]);
    return g_string_free(out, FALSE);
}

/* The first 20 bytes are looked at by hand: libelf reads both classes and both
 * byte orders, ring1 does not. */
static bool check_ident(struct image *image, GError **error)
{
    size_t len;
    const uint8_t *id = g_bytes_get_data(image->bytes, &len);
    const char *where = image->bzimage   ? "the bzImage's payload "
                        : image->gzipped ? "the unpacked file "
                                         : "";
    if (len == 0)
        return image_refuse(image, error, "%sis empty", where);
    if (len < SELFMAG || memcmp(id, ELFMAG, SELFMAG) != 0) {
        enum compression kind = compression_detect(id, len);
        if (kind != COMPRESSION_NONE && !image->gzipped && !image->bzimage)
            return image_refuse(image, error, "a whole file packed by %s; Xen's builders unpack gzip alone",
                                compression_name(kind));
        g_autofree char *first = first_bytes(id, len);
        return image_refuse(image, error, "%sis no kernel: neither ELF nor bzImage, it starts with%s", where,
                            first);
    }
    if (len < sizeof(Elf32_Ehdr))
        return image_refuse(image, error, "%sends within the ELF header: %zu bytes", where, len);
    uint32_t machine = get_le(id + 18, 2), type = get_le(id + 16, 2);
    if (id[EI_CLASS] == ELFCLASS64)
        return image_refuse(
            image, error, "is a 64-bit ELF file (EI_CLASS 2, e_machine %u); only 32-bit guests run", machine);
    if (id[EI_CLASS] != ELFCLASS32)
        return image_refuse(image, error, "EI_CLASS %u is neither 32 nor 64 bits", id[EI_CLASS]);
    if (id[EI_DATA] != ELFDATA2LSB)
        return image_refuse(image, error, "EI_DATA %u is not little-endian", id[EI_DATA]);
    if (machine != EM_386)
        return image_refuse(image, error, "e_machine %u is not x86 (%u)", machine, EM_386);
    if (type != ET_EXEC)
        return image_refuse(image, error, "e_type %u is not an executable (%u)", type, ET_EXEC);
    return true;
}

/* A program header that says LOAD. Segments without any right are not loaded
 * (docs/xen-abi.md 4.1), nor are empty ones. */
static bool add_segment(struct image *image, unsigned index, const GElf_Phdr *ph, GError **error)
{
    size_t len;
    const uint8_t *bytes = g_bytes_get_data(image->bytes, &len);
    if ((ph->p_flags & (PF_R | PF_W | PF_X)) == 0 || (ph->p_memsz == 0 && ph->p_filesz == 0))
        return true;
    if (ph->p_filesz > ph->p_memsz)
        return image_refuse(image, error,
                            "program header %u: p_filesz 0x%" PRIx64 " is more than p_memsz 0x%" PRIx64,
                            index, (uint64_t)ph->p_filesz, (uint64_t)ph->p_memsz);
    if (ph->p_filesz > 0 && (ph->p_offset > len || ph->p_filesz > len - ph->p_offset))
        return image_refuse(image, error,
                            "program header %u: p_offset 0x%" PRIx64 " with p_filesz 0x%" PRIx64
                            " lies beyond the file's %zu bytes: is it cut short?",
                            index, (uint64_t)ph->p_offset, (uint64_t)ph->p_filesz, len);
    if (ph->p_paddr + ph->p_memsz > 1ull << 32 || ph->p_vaddr + ph->p_memsz > 1ull << 32)
        return image_refuse(image, error,
                            "program header %u: p_memsz 0x%" PRIx64 " at 0x%" PRIx64 " goes beyond 4 GiB",
                            index, (uint64_t)ph->p_memsz, (uint64_t)MAX(ph->p_paddr, ph->p_vaddr));
    if (image->nr_segments == MAX_SEGMENTS)
        return image_refuse(image, error, "more than %u segments to load", MAX_SEGMENTS);
    image->segment = g_renew(struct image_segment, image->segment, image->nr_segments + 1);
    image->segment[image->nr_segments++] = (struct image_segment){
        .vaddr = (uint32_t)ph->p_vaddr,
        .paddr = (uint32_t)ph->p_paddr,
        .memsz = (uint32_t)ph->p_memsz,
        .filesz = (uint32_t)ph->p_filesz,
        .flags = ph->p_flags,
        .data = ph->p_filesz ? bytes + ph->p_offset : NULL,
    };
    return true;
}

static bool read_segments(struct image *image, Elf *elf, GError **error)
{
    size_t nr = 0;
    if (elf_getphdrnum(elf, &nr) != 0)
        return image_refuse(image, error, "program headers: %s", elf_errmsg(-1));
    for (size_t i = 0; i < nr; i++) {
        GElf_Phdr ph;
        if (!gelf_getphdr(elf, (int)i, &ph))
            return image_refuse(image, error, "program header %zu cannot be read: %s", i, elf_errmsg(-1));
        if (ph.p_type == PT_LOAD && !add_segment(image, (unsigned)i, &ph, error))
            return false;
    }
    if (image->nr_segments == 0)
        return image_refuse(image, error, "e_phnum %zu: no segment to load", nr);
    return true;
}

static bool read_elf(struct image *image, Elf *elf, GError **error)
{
    GElf_Ehdr eh;
    if (!gelf_getehdr(elf, &eh))
        return image_refuse(image, error, "ELF header cannot be read: %s", elf_errmsg(-1));
    size_t len = g_bytes_get_size(image->bytes);
    if (eh.e_phnum > 0 && (eh.e_phentsize != sizeof(Elf32_Phdr) || eh.e_phoff > len ||
                           (uint64_t)eh.e_phnum * sizeof(Elf32_Phdr) > len - eh.e_phoff))
        return image_refuse(image, error,
                            "e_phoff 0x%" PRIx64
                            ": %u program headers of %u bytes lie beyond the file's %zu bytes",
                            (uint64_t)eh.e_phoff, eh.e_phnum, eh.e_phentsize, len);
    image->e_entry = (uint32_t)eh.e_entry;
    return read_segments(image, elf, error) && image_parse_notes(image, elf, error) &&
           image_parse_symtab(image, elf, error);
}

static bool load(struct image *image, GError **error)
{
    if (!unpack_file(image, error) || !check_ident(image, error))
        return false;
    size_t len;
    /* elf_memory takes char *, and reads. */
    char *bytes = (char *)g_bytes_get_data(image->bytes, &len);
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory(bytes, len);
    if (!elf)
        return image_refuse(image, error, "ELF: %s", elf_errmsg(-1));
    bool ok = read_elf(image, elf, error);
    elf_end(elf);
    return ok;
}

/* --- making and freeing ------------------------------------------------------ */

static struct image *image_new(GBytes *bytes, const char *name)
{
    struct image *image = g_new0(struct image, 1);
    image->name = g_strdup(name);
    image->file_size = g_bytes_get_size(bytes);
    image->bytes = g_bytes_ref(bytes);
    image->guest_os = g_strdup("");
    image->guest_version = g_strdup("");
    image->loader = g_strdup("");
    image->xen_version = g_strdup("");
    image->abi_why = g_strdup("");
    return image;
}

static struct image *load_bytes(GBytes *bytes, const char *name, GError **error)
{
    struct image *image = image_new(bytes, name);
    if (load(image, error))
        return image;
    image_free(image);
    return NULL;
}

struct image *image_load(const void *bytes, size_t len, const char *name, GError **error)
{
    if (len == 0 || len > IMAGE_FILE_MAX) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_IMAGE,
                    len ? "%s: is longer than 512 MiB" : "%s: is empty", name);
        return NULL;
    }
    g_autoptr(GBytes) copy = g_bytes_new(bytes, len);
    return load_bytes(copy, name, error);
}

struct image *image_load_file(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = image_read_file(path, error);
    return bytes ? load_bytes(bytes, path, error) : NULL;
}

static struct image *raw_bytes(GBytes *bytes, uint32_t address, const char *name, GError **error)
{
    size_t len;
    const uint8_t *data = g_bytes_get_data(bytes, &len);
    if (len == 0 || address + (uint64_t)len > 1ull << 32) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_IMAGE,
                    len ? "%s: %zu bytes of flat code at 0x%x go beyond 4 GiB" : "%s: is empty", name, len,
                    address);
        return NULL;
    }
    struct image *image = image_new(bytes, name);
    image->source = IMAGE_RAW;
    image->e_entry = address;
    image->has_virt_base = true;
    image->virt_base = address & ~(RING1_PAGE_SIZE - 1);
    image->has_paddr_offset = true;
    image->paddr_offset = image->virt_base;
    image->abi = RING1_ABI_XEN_3_0_PAE;
    g_free(image->abi_why);
    image->abi_why = g_strdup("flat code asks for nothing");
    image->segment = g_new0(struct image_segment, 1);
    image->nr_segments = 1;
    image->segment[0] = (struct image_segment){
        .vaddr = address,
        .paddr = address,
        .memsz = (uint32_t)len,
        .filesz = (uint32_t)len,
        .flags = PF_R | PF_W | PF_X,
        .data = data,
    };
    return image;
}

struct image *image_raw(const void *bytes, size_t len, uint32_t address, const char *name, GError **error)
{
    g_autoptr(GBytes) copy = g_bytes_new(bytes, len);
    return raw_bytes(copy, address, name, error);
}

struct image *image_raw_file(const char *path, uint32_t address, GError **error)
{
    g_autoptr(GBytes) bytes = image_read_file(path, error);
    return bytes ? raw_bytes(bytes, address, path, error) : NULL;
}

void image_free(struct image *image)
{
    if (!image)
        return;
    for (unsigned i = 0; i < image->nr_keys; i++) {
        g_free(image->key[i].name);
        g_free(image->key[i].value);
    }
    for (unsigned i = 0; i < image->nr_features; i++)
        g_free(image->feature[i].name);
    g_free(image->key);
    g_free(image->feature);
    g_free(image->segment);
    g_free(image->guest_os);
    g_free(image->guest_version);
    g_free(image->loader);
    g_free(image->xen_version);
    g_free(image->abi_why);
    g_free(image->name);
    g_clear_pointer(&image->symtab, g_bytes_unref);
    g_clear_pointer(&image->bytes, g_bytes_unref);
    g_free(image);
}

enum ring1_abi image_abi(const struct image *image, const char **why)
{
    if (why)
        *why = image->abi_why;
    return image->abi;
}

char *image_kind(const struct image *image)
{
    if (image->source == IMAGE_RAW)
        return g_strdup("flat code");
    g_autofree char *boot =
        image->bzimage ? g_strdup_printf("bzImage %u.%02u (%s payload), ", image->bzimage_protocol >> 8,
                                         image->bzimage_protocol & 0xFF,
                                         image->payload ? compression_name(image->payload) : "plain")
                       : g_strdup("");
    return g_strdup_printf("%s%sELF 32-bit x86", image->gzipped ? "gzip, " : "", boot);
}
