/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * segments_asm.S - accesses through FS, ES, SS and CS of one's own. Each function
 * takes a selector.
 */
        .macro with_fs name, instructions:vararg
        .globl  \name, \name\()_at
\name:  mov     4(%esp), %eax
        mov     %eax, %fs
\name\()_at:
        \instructions
        ret
        .endm

        .text
        with_fs load_0, movl %fs:0, %eax
        with_fs load_8, movl %fs:8, %eax
        with_fs load_12, movl %fs:12, %eax
        with_fs load_13, movl %fs:13, %eax
        with_fs load_byte_15, movb %fs:15, %al
        with_fs load_byte_16, movb %fs:16, %al
        with_fs load_far, movl %fs:0x20000, %eax
        with_fs load_last, movl %fs:0xFFFC, %eax
        with_fs load_wrap, movl %fs:0xFFFD, %eax
        with_fs load_end, movl %fs:-4, %eax
        with_fs store_0, movl $0x57, %fs:0
        with_fs modify_0, incl %fs:0
        with_fs name_far, lea %fs:0x20000, %eax
        with_fs call_far_away, call *%fs:0x20000

        .globl  string_to, string_to_at, string_to_none
/* Eight bytes to ES:12, of which four fit. */
string_to:
        push    %edi
        push    %es
        mov     12(%esp), %eax
        mov     %eax, %es
        mov     $12, %edi
        mov     $8, %ecx
        mov     $0xE5, %al
        cld
string_to_at:
        rep stosb
        pop     %es
        pop     %edi
        ret
string_to_none:
        push    %edi
        push    %es
        mov     12(%esp), %eax
        mov     %eax, %es
        mov     $1000, %edi
        xor     %ecx, %ecx
        rep stosb
        pop     %es
        pop     %edi
        ret

        .globl  null_ds, null_ds_at, through_ss, through_ss_at
null_ds:
        xor     %eax, %eax
        mov     %eax, %ds
null_ds_at:
        movl    null_ds, %eax
        ret

/* through_ss(ss): a load beyond its end */
through_ss:
        mov     4(%esp), %eax
        mov     %ss, %ecx
        mov     %eax, %ss
        push    %ecx
        pop     %ecx
through_ss_at:
        movl    %ss:0xD0000000, %eax
        mov     %ecx, %ss
        ret

/* through_cs(cs): there and back, and a jump beyond its end */
        .globl  through_cs, jump_cs, jump_cs_at
through_cs:
        mov     4(%esp), %ecx
        mov     %cs, %edx
        push    %ecx
        push    $1f
        lret
1:      nop
        mov     %cs, %eax
        push    %edx
        push    $2f
        lret
2:      ret
jump_cs:
        mov     4(%esp), %ecx
        push    %ecx
        push    $1f
        lret
1:      mov     $0xD0000000, %eax
jump_cs_at:
        jmp     *%eax
        .section .note.GNU-stack, "", @progbits
