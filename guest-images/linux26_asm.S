/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * linux26_asm.S - entries and exits with the selectors of a GDT of one's own,
 * the window between unmasking and iret, and the programs of ring 3.
 */
#define K_CS 0x61
#define K_DS 0x69
#define U_CS 0x73
#define U_DS 0x7B
        .text
        .globl  own_segments, to_user, leave_user, entry_upcall, entry_failsafe
        .globl  kernel_read
/* own_segments(): as after set_gdt; the flat ones are not used again */
own_segments:
        mov     $K_DS, %eax
        mov     %eax, %ss
        mov     $U_DS, %eax
        mov     %eax, %ds
        mov     %eax, %es
        xor     %eax, %eax
        mov     %eax, %fs
        mov     %eax, %gs
        ljmp    $K_CS, $1f
1:      ret

/* kernel_read(address, value if that faults) */
kernel_read:
        mov     4(%esp), %ecx
        mov     8(%esp), %eax
kernel_read_at:
        mov     (%ecx), %eax
kernel_read_fixup:
        ret

/* to_user(eip, esp, gs): returns when ring 3 has called exit */
to_user:
        mov     4(%esp), %eax
        mov     8(%esp), %ecx
        mov     12(%esp), %edx
        push    %ebp
        push    %ebx
        push    %esi
        push    %edi
        mov     %esp, kernel_esp
        mov     %edx, %gs
        push    $U_DS
        push    %ecx
        push    $0x202
        push    $U_CS
        push    %eax
        movb    $0, linux_shared + 1
        iret
leave_user:
        mov     kernel_esp, %esp
        pop     %edi
        pop     %esi
        pop     %ebx
        pop     %ebp
        xor     %eax, %eax
        mov     %eax, %gs
        ret

        .macro  entry name:req, vec:req, error=0
        .globl  entry_\name
entry_\name:
        .if     \error == 0
        push    $0
        .endif
        push    $\vec
        jmp     common
        .endm
        entry   divide, 0
        entry   breakpoint, 3
        entry   undefined, 6
        entry   device, 7
        entry   protection, 13, 1
        entry   fault, 14, 1
        entry   fixup, 15
        entry   syscall, 0x80
        entry   upcall, 0x100
entry_failsafe:
        add     $16, %esp
        push    $0
        push    $0x101
common:
        cld
        push    %es
        push    %ds
        push    %eax
        push    %ebp
        push    %edi
        push    %esi
        push    %edx
        push    %ecx
        push    %ebx
        mov     $U_DS, %edx
        mov     %edx, %ds
        mov     %edx, %es
        mov     %esp, %eax
        push    %eax
        call    linux_trap
        add     $4, %esp
        /* What was unmasked when it came is unmasked again. */
        movb    50(%esp), %al
        notb    %al
        andb    linux_shared + 1, %al
        testb   $1, %al
        jz      pop_frame
unmask:
        movb    $0, linux_shared + 1
        testb   $0xFF, linux_shared
        jnz     again
        pop     %ebx
        pop     %ecx
        pop     %edx
        pop     %esi
        pop     %edi
        pop     %ebp
        pop     %eax
        pop     %ds
        pop     %es
        add     $8, %esp
        iret
again:
        movb    $1, linux_shared + 1
        call    linux_upcall
        jmp     unmask
pop_frame:
        pop     %ebx
        pop     %ecx
        pop     %edx
        pop     %esi
        pop     %edi
        pop     %ebp
        pop     %eax
        pop     %ds
        pop     %es
        add     $8, %esp
        iret

        .section .rodata
        .globl  user_program, user_program_end, kernel_read_where
        .p2align 2
kernel_read_where:
        .long   kernel_read_at, kernel_read_fixup
/* At 0x08048000. The word at 0x08049000 counts; 0x0804A000 is not there until
 * it is touched; %gs is a thread's segment. */
user_program:
        push    %ebp
        mov     $100, %ecx
1:      mov     $20, %eax               /* getpid: its caller's number */
        int     $0x80
        add     %eax, 0x0804A000        /* comes with a fault */
        incl    0x08049000              /* after a fork: with another one */
        loop    1b
        fninit                          /* comes with a fault after a switch */
        mov     %gs:4, %ebx
        mov     %ebx, 0x0804A004
        cpuid
        rdtsc
        mov     $1, %eax
        int     $0x80
        ud2
user_program_end:

        .section .bss
        .p2align 2
kernel_esp: .skip 4
        .section .pages, "aw"
        .globl  linux_shared
        .p2align 12
linux_shared: .fill 4096, 1, 0
        .section .note.GNU-stack, "", @progbits
