/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * guest.h - the runtime that all small guests share: what they were told at
 * the start, hypercalls, printing, checks. One of GUEST_2_0, GUEST_3_0 and
 * GUEST_PAE is defined: the ABI that the guest is built for.
 */
#ifndef GUEST_H
#define GUEST_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef signed int s32;

#ifndef VIRT_BASE
#define VIRT_BASE 0xC0000000u
#endif
#define PAGE_SIZE 4096u

#ifdef GUEST_2_0
#define KERNEL_CS 0x0819u
#define KERNEL_DS 0x0821u
#define USER_CS   0x082Bu
#define USER_DS   0x0833u
#else
#define KERNEL_CS 0xE019u
#define KERNEL_DS 0xE021u
#define USER_CS   0xE02Bu
#define USER_DS   0xE033u
#endif

#ifdef GUEST_PAE
#define HYPERVISOR_START 0xF5800000u
#else
#define HYPERVISOR_START 0xFC000000u
#endif

/* docs/xen-abi.md 4.4 */
#ifdef GUEST_2_0
struct start_info {
    u32 nr_pages, pad0;
    u32 shared_info, pad1;
    u32 flags;
    u16 control_evtchn, pad2;
    u32 pt_base, pad3;
    u32 nr_pt_frames, pad4;
    u32 mfn_list, pad5;
    u32 mod_start, pad6;
    u32 mod_len, pad7;
    char cmd_line[256];
};
#else
struct start_info {
    char magic[32];
    u32 nr_pages, shared_info, flags;
    u32 store_mfn, store_evtchn;
    u32 console_mfn, console_evtchn;
    u32 pt_base, nr_pt_frames;
    u32 mfn_list, mod_start, mod_len;
    char cmd_line[1024];
};
#endif

#define SIF_INITDOMAIN 2u

/* Hypercall numbers: docs/xen-abi.md 2. */
enum {
    NR_set_trap_table = 0,
    NR_mmu_update = 1,
    NR_set_gdt = 2,
    NR_stack_switch = 3,
    NR_set_callbacks = 4,
    NR_fpu_taskswitch = 5,
    NR_sched_op_compat = 6,
    NR_multicall = 13,
    NR_update_va_mapping = 14,
    NR_set_timer_op = 15,
    NR_event_channel_op_compat = 16,
    NR_xen_version = 17,
    NR_console_io = 18,
    NR_grant_table_op = 20,
    NR_vm_assist = 21,
    NR_iret = 23,
    NR_memory_op = 12,
    NR_mmuext_op = 26,
    NR_sched_op = 29,
    NR_event_channel_op = 32,
};

#define EPERM  1
#define ENOENT 2
#define ESRCH  3
#define EFAULT 14
#define EBUSY  16
#define EEXIST 17
#define EINVAL 22
#define ENOSYS 38

/* Shutdown reasons. */
enum { SHUTDOWN_poweroff, SHUTDOWN_reboot, SHUTDOWN_suspend, SHUTDOWN_crash };

/* The Xens that are told apart, in order of release. */
enum xen { XEN_2_0, XEN_3_0_0, XEN_3_0_4, XEN_3_2, XEN_4_17 };

/* Registers at the first instruction. */
extern struct boot_state {
    u32 eax, ebx, ecx, edx, esi, edi, ebp, esp, eflags, cs, ss, ds, es, fs, gs;
} boot_state;

extern struct start_info *start_info;
extern enum xen xen; /* found by asking it, or xen=... on the command line */

/* Two ways into Xen. The page is there when has_hypercall_page says so. */
static inline s32 hypercall(u32 nr, u32 a, u32 b, u32 c, u32 d, u32 e)
{
    s32 result;

    asm volatile("int $0x82"
                 : "=a"(result), "+b"(a), "+c"(b), "+d"(c), "+S"(d), "+D"(e)
                 : "0"(nr)
                 : "memory", "cc");
    return result;
}

extern u8 hypercall_page[PAGE_SIZE];
static inline s32 hypercall_by_page(u32 nr, u32 a, u32 b, u32 c, u32 d, u32 e)
{
    s32 result;

    asm volatile("call *%%eax"
                 : "=a"(result), "+b"(a), "+c"(b), "+d"(c), "+S"(d), "+D"(e)
                 : "0"(hypercall_page + nr * 32)
                 : "memory", "cc");
    return result;
}
int has_hypercall_page(void);

/* Printing: %s %c %d %u %x. A line goes out at its '\n', through console_io,
 * or through the console ring where Xen refuses that; in 2.0 that is messages to the
 * controller. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
s32 console_io_write(const char *text, u32 len);
/* -1: this domain has no console ring. */
int console_ring_write(const char *text, u32 len);

/* Prints one line: `ok NAME = VALUE`, or `FAIL NAME = VALUE, expected VALUE`. */
void check(const char *name, u32 got, u32 expected);
#define CHECK(name, got, expected) check((name), (u32)(got), (u32)(expected))
/* The same, but a line only when it fails: for checks made thousands of times.
 * Returns whether it passed. */
int check_quietly(const char *name, u32 got, u32 expected);

/* The value of `key=` on the command line, up to a blank; NULL: not there. */
const char *option(const char *key);
/* Whether the text at `value` is `word`, up to a blank or its end. */
int option_is(const char *value, const char *word);

void shut_down(u32 reason) __attribute__((noreturn));

void *memset(void *to, int byte, u32 len);
void *memcpy(void *to, const void *from, u32 len);
int memcmp(const void *a, const void *b, u32 len);
u32 strlen(const char *text);

/* What the guest itself provides. When it returns, the verdict is printed and
 * the domain powers off, or crashes when a check failed. */
void guest_main(void);

#endif
