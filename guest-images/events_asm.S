/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * events_asm.S - one instruction that makes an event a function; labels where it is
 * not at its start.
 */
        .macro  function name
        .globl  \name
\name:
        .endm

        .text
        function ev_ud2
        ud2

        function ev_load
        xor     %eax, %eax
        function ev_load_at
        mov     0x10, %eax
        ret

        function ev_hlt
        hlt

        function ev_int
        int     $0x93
        function ev_int_end
        ret

        function ev_clts
        clts
        ret

        function ev_cr0
        mov     $-1, %eax
        function ev_cr0_at
        mov     %cr0, %eax
        ret

        /* Any hypercall: what is pending comes after it. */
        function ev_upcall
        push    %ebx
        push    %ecx
        mov     $17, %eax
        xor     %ebx, %ebx
        int     $0x82
        function ev_upcall_at
        pop     %ecx
        pop     %ebx
        ret

        function ev_store
        mov     ev_va, %edx
        mov     ev_value, %eax
        function ev_store_at
        mov     %eax, (%edx)
        ret
