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

        .section .note.GNU-stack, "", @progbits
