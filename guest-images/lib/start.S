/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * start.S - where a small guest begins, and what it tells the domain builder:
 * ELF notes in the PAE images, the older __xen_guest string in the others, so
 * that both ways of a loader are used (docs/xen-abi.md 4.1). With OLD_LINUX all
 * have the string of a Linux 2.6.18, whose image begins at 1 MiB, with OLD_NETBSD
 * that of a NetBSD 5 or, without PAE, of an older one, whose VIRT_BASE is there;
 * PLAN9: without a hypercall page.
 */
#if defined(GUEST_PAE) && !defined(OLD_LINUX) && !defined(OLD_NETBSD) && !defined(PLAN9)
        .macro note type:req, value:vararg
        .long 4, 2f - 1f, \type
        .asciz "Xen"
1:      \value
2:      .p2align 2
        .endm

        .section .note.Xen, "a", @note
        note 6, .asciz "ring1-guest"            /* GUEST_OS */
        note 7, .asciz "1"                      /* GUEST_VERSION */
        note 5, .asciz "xen-3.0"                /* XEN_VERSION */
        note 3, .long 0xC0000000                /* VIRT_BASE */
        note 4, .long 0                         /* PADDR_OFFSET */
        note 1, .long _start                    /* ENTRY */
        note 2, .long hypercall_page            /* HYPERCALL_PAGE */
        note 12, .long 0xF5800000               /* HV_START_LOW */
        note 9, .asciz "yes"                    /* PAE_MODE */
        note 8, .asciz "generic"                /* LOADER */
#else
        /* A note of somebody else: it must not hide the string below. */
        .section .note.other, "a", @note
        .long 6, 4, 1
        .asciz "ring1"
        .p2align 2
        .long 0

        .section __xen_guest, "a"
#ifdef OLD_LINUX
        .ascii  "GUEST_OS=linux,GUEST_VER=2.6,XEN_VER=xen-3.0,VIRT_BASE=0xC0000000,ELF_PADDR_OFFSET=0xC0000000,"
        .ascii  "VIRT_ENTRY=0xC0100000,HYPERCALL_PAGE=0x101,FEATURES=writable_page_tables|"
        .ascii  "writable_descriptor_tables|auto_translated_physmap|pae_pgdir_above_4gb|supervisor_mode_kernel,"
#ifdef GUEST_PAE
        .asciz  "PAE=yes[extended-cr3],LOADER=generic"
#else
        .asciz  "PAE=no,LOADER=generic"
#endif
#elif defined(OLD_NETBSD)
        .ascii  "GUEST_OS=netbsd,GUEST_VER=3.0,XEN_VER=xen-3.0,LOADER=generic,"
#ifdef GUEST_PAE
        .ascii  "VIRT_BASE=0xc0000000,ELF_PADDR_OFFSET=0xc0000000,VIRT_ENTRY=0xc0100000,"
        .asciz  "HYPERCALL_PAGE=0x00000101,PAE=yes[extended-cr3],BSD_SYMTAB=yes"
#else
        .asciz  "VIRT_BASE=0xc0100000,BSD_SYMTAB=yes"
#endif
#elif defined(PLAN9)
        .ascii  "LOADER=generic,XEN_VER=xen-3.0,ELF_PADDR_OFFSET=0,VIRT_BASE=0x80000000,VIRT_ENTRY=0x80010000,"
#ifdef GUEST_PAE
        .asciz  "PAE=yes[extended-cr3]"
#else
        .asciz  "PAE=no"
#endif
#elif defined(GUEST_2_0)
        .ascii "GUEST_OS=ring1-guest,GUEST_VER=1,XEN_VER=2.0,VIRT_BASE=0xC0000000,LOADER=generic"
#ifdef GUEST_PT_MODE_WRITABLE
        .ascii ",PT_MODE_WRITABLE"
#endif
        .byte 0
#else
        .asciz "GUEST_OS=ring1-guest,GUEST_VER=1,XEN_VER=xen-3.0,VIRT_BASE=0xC0000000,HYPERCALL_PAGE=0x1,PAE=no,LOADER=generic"
#endif
#endif

        .section .text.head, "ax"
        .globl _start
_start:
        mov     %eax, boot_state        /* struct boot_state of guest.h */
        mov     %ebx, boot_state + 4
        mov     %ecx, boot_state + 8
        mov     %edx, boot_state + 12
        mov     %esi, boot_state + 16
        mov     %edi, boot_state + 20
        mov     %ebp, boot_state + 24
        mov     %esp, boot_state + 28
        pushf
        pop     boot_state + 32
        mov     %cs, boot_state + 36
        mov     %ss, boot_state + 40
        mov     %ds, boot_state + 44
        mov     %es, boot_state + 48
        mov     %fs, boot_state + 52
        mov     %gs, boot_state + 56
        mov     $boot_stack_top, %esp
        cld
        push    %esi
        call    runtime_main
1:      jmp     1b

        /* At the image's start + 0x1000, and of bytes that no Xen writes there. */
        .p2align 12
        .globl  hypercall_page
hypercall_page:
        .fill   4096, 1, 0xF4

        .bss
        .globl  boot_state
        .p2align 12
boot_state: .skip 64
        .p2align 12
        .skip   16384
boot_stack_top:
        .section .note.GNU-stack, "", @progbits
