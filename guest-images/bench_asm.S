/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * bench_asm.S - the loops of hypercalls of bench.c, with as little around the
 * call as there can be.
 */
        .macro loop name:req, call:vararg
        .text
        .globl  \name
        .p2align 4
\name:  push    %ebx
        push    %esi
        mov     12(%esp), %esi
        test    %esi, %esi
        jz      2f
        .p2align 4
1:      \call
        dec     %esi
        jnz     1b
2:      pop     %esi
        pop     %ebx
        ret
        .endm

        /* xen_version(0), which needs no guest memory */
        .macro by_int
        mov     $17, %eax
        xor     %ebx, %ebx
        int     $0x82
        .endm
        .macro by_page
        xor     %ebx, %ebx
        call    hypercall_page + 17 * 32
        .endm
        .macro by_multicall
        mov     $13, %eax
        mov     $multicall_list, %ebx
        mov     $32, %ecx
        int     $0x82
        .endm

        loop    loop_int, by_int
        loop    loop_page, by_page
        loop    loop_multicall, by_multicall

        /* A trap that leaves the CPU's run and does nothing: the bare engine's. */
        .macro by_exit
        int     $0x83
        .endm
        loop    loop_exit, by_exit

        /* The loops of traps return how many handlers ran: they count in EDI. */
        .macro trap_loop name:req, call:vararg
        .text
        .globl  \name
        .p2align 4
\name:  push    %ebx
        push    %esi
        push    %edi
        mov     16(%esp), %esi
        xor     %edi, %edi
        .p2align 4
1:      \call
        dec     %esi
        jnz     1b
        mov     %edi, %eax
        pop     %edi
        pop     %esi
        pop     %ebx
        ret
        .endm

        .macro by_fault
        mov     missing_page, %al
        .endm
        .macro by_int3
        int3
        .endm
        .macro by_cpuid
        xor     %eax, %eax
        ud2
        .ascii  "xen"
        cpuid
        inc     %edi
        .endm
        .macro by_cr0
        mov     %cr0, %eax
        mov     %eax, %cr0
        inc     %edi
        .endm
        trap_loop loop_fault, by_fault
        trap_loop loop_int3, by_int3
        trap_loop loop_cpuid, by_cpuid
        trap_loop loop_cr0, by_cr0

        .globl  fault_handler, int3_handler, int80_handler, end_handler
fault_handler:
        inc     %edi
        addl    $5, 4(%esp)             /* over the load */
        add     $4, %esp
        iret
int3_handler:
        inc     %edi
        push    %eax
        mov     $23, %eax               /* HYPERVISOR_iret */
        int     $0x82

        /* Ring 3 does `int $0x80`; its handler goes back at once. */
        .globl  loop_int80, user_loop, user_loop_end
loop_int80:
        push    %ebx
        push    %esi
        push    %edi
        mov     16(%esp), %esi
        xor     %edi, %edi
        mov     %esp, kernel_esp
        mov     %ss, %eax
        add     $0x12, %eax             /* the user's data segment, 0x33 of 0x21 */
        push    %eax
        push    $user_stack + 4096
        pushf
        sub     $8, %eax                /* and code segment: 0x2b */
        push    %eax
        push    $user_code
        iret
int80_handler:
        inc     %edi
        iret
end_handler:
        mov     %ss, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     kernel_esp, %esp
        mov     %edi, %eax
        pop     %edi
        pop     %esi
        pop     %ebx
        ret
user_loop:
        int     $0x80
        dec     %esi
        jnz     user_loop
        int     $0x84
user_loop_end:

        .bss
        .p2align 2
kernel_esp:
        .long   0

        .section .note.GNU-stack, "", @progbits
