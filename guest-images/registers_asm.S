/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * registers_asm.S - call_with(in, out, how): what registers.c compares is
 * loaded before and stored after the call, with nothing in between.
 */
        .text
        .globl  call_with, by_int
by_int: int     $0x82
        ret

call_with:
        push    %ebp
        push    %ebx
        push    %esi
        push    %edi
        push    %es
        push    %fs
        push    %gs
        mov     32(%esp), %edi          /* in */
        mov     40(%esp), %eax
        mov     %eax, how
        mov     32(%edi), %eax
        mov     %eax, %ds
        mov     36(%edi), %eax
        mov     %eax, %es
        mov     40(%edi), %eax
        mov     %eax, %fs
        mov     44(%edi), %eax
        mov     %eax, %gs
        mov     0(%edi), %eax
        mov     4(%edi), %ebx
        mov     8(%edi), %ecx
        mov     12(%edi), %edx
        mov     16(%edi), %esi
        mov     24(%edi), %ebp
        push    28(%edi)
        mov     20(%edi), %edi
        mov     %esp, esp_before
        popf
        call    *%ss:how
        pushf
        cld
        mov     %edi, %ss:edi_after
        mov     %esp, %ss:esp_after
        mov     %ss:esp_before, %esp    /* the flags are there again */
        mov     4 + 36(%esp), %edi      /* out */
        mov     %eax, %ss:0(%edi)
        mov     %ebx, %ss:4(%edi)
        mov     %ecx, %ss:8(%edi)
        mov     %edx, %ss:12(%edi)
        mov     %esi, %ss:16(%edi)
        mov     %ss:edi_after, %eax
        mov     %eax, %ss:20(%edi)
        mov     %ebp, %ss:24(%edi)
        mov     (%esp), %eax
        mov     %eax, %ss:28(%edi)
        mov     %ds, %eax
        mov     %eax, %ss:32(%edi)
        mov     %es, %eax
        mov     %eax, %ss:36(%edi)
        mov     %fs, %eax
        mov     %eax, %ss:40(%edi)
        mov     %gs, %eax
        mov     %eax, %ss:44(%edi)
        mov     %ss, %eax
        mov     %eax, %ss:48(%edi)
        mov     %cs, %eax
        mov     %eax, %ss:52(%edi)
        mov     %ss:esp_after, %eax
        sub     %esp, %eax
        mov     %eax, %ss:56(%edi)
        add     $4, %esp
        mov     %ss, %eax
        mov     %eax, %ds
        pop     %gs
        pop     %fs
        pop     %es
        pop     %edi
        pop     %esi
        pop     %ebx
        pop     %ebp
        ret

        .bss
        .p2align 2
how:    .skip   4
edi_after: .skip 4
esp_before: .skip 4
esp_after: .skip 4
        .section .note.GNU-stack, "", @progbits
