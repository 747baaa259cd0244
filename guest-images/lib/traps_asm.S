/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * traps_asm.S - the entries that Xen calls, try_call, the way to ring 3, and
 * the pages of traps.h.
 */
#ifdef GUEST_2_0
#define KERNEL_DS 0x0821
#define USER_CS   0x082B
#define USER_DS   0x0833
#else
#define KERNEL_DS 0xE021
#define USER_CS   0xE02B
#define USER_DS   0xE033
#endif
        .text
        .globl  try_call, try_break, enter_user, trap_stubs, event_stub, failsafe_stub

/* try_call(fn, arg) */
try_call:
        push    %ebp
        push    %ebx
        push    %esi
        push    %edi
        push    try_esp
        mov     %esp, try_esp
        push    28(%esp)
        call    *28(%esp)
        mov     %eax, try_result
        mov     $-1, %eax
try_end:
        mov     try_esp, %esp
        pop     try_esp
        pop     %edi
        pop     %esi
        pop     %ebx
        pop     %ebp
        ret
/* The handler breaks off: EAX is the vector. */
try_break:
        mov     $KERNEL_DS, %edx
        mov     %edx, %ds
        mov     %edx, %es
        push    $0x202
        popf
        jmp     try_end

/* enter_user(eax): user_code, in ring 3 */
enter_user:
        mov     4(%esp), %eax
        mov     $USER_DS, %edx
        mov     %edx, %ds
        mov     %edx, %es
        push    $USER_DS
        push    $user_stack + 4096
        push    $0x202
        push    $USER_CS
        push    $user_code
        iret

        .p2align 4
trap_stubs:
        .set    n, 0
        .rept   256
        push    $n
        jmp     common
        .p2align 4
        .set    n, n + 1
        .endr
event_stub:
        push    $256
        jmp     common
failsafe_stub:
        /* DS, ES, FS, GS lie below EIP: failsafe_segments keeps them. */
        pop     %ss:failsafe_segments
        pop     %ss:failsafe_segments + 4
        pop     %ss:failsafe_segments + 8
        pop     %ss:failsafe_segments + 12
        push    $257
common:
        pusha
        push    %ds
        push    %es
        mov     $KERNEL_DS, %edx
        mov     %edx, %ds
        mov     %edx, %es
        cld
        lea     8(%esp), %edx           /* pusha's */
        lea     44(%esp), %ecx          /* the frame, beyond the vector */
        push    %ecx
        push    %edx
        push    48(%esp)                /* the vector */
        call    trap_enter              /* EAX: bytes to drop before iret */
        add     $12, %esp
        pop     %es
        pop     %ds
        add     $4, %eax
        mov     %eax, 32(%esp)          /* where the vector was */
        popa
        add     (%esp), %esp
        iret

        .bss
        .globl  try_esp, failsafe_segments
        .p2align 2
try_esp: .skip  4
failsafe_segments: .skip 16

        .section .pages, "aw"
        .globl  user_code, user_stack, user_data, kernel_stack, shared_info
        .p2align 12
user_code: .fill 4096, 1, 0xCC
user_stack: .fill 4096, 1, 0
user_data: .fill 4096, 1, 0
kernel_stack: .fill 8192, 1, 0
shared_info: .fill 4096, 1, 0
        .section .note.GNU-stack, "", @progbits
