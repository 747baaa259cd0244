/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * descriptors_asm.S - loads of segment registers for descriptors.c.
 */
        .text
        .globl  load_fs, read_fs, on_own_segments
/* load_fs(selector), which may trap */
load_fs:
        mov     4(%esp), %eax
        mov     %eax, %fs
        xor     %eax, %eax
        mov     %fs, %ax
        ret
read_fs:
        mov     4(%esp), %eax
        mov     %eax, %fs
        mov     %fs:0, %eax
        ret

/* on_own_segments(cs << 16 | ss): the selectors in force after an int3 there */
on_own_segments:
        mov     4(%esp), %eax
        movzwl  %ax, %ecx
        shr     $16, %eax
        mov     %ss, %edx
        mov     %edx, old_ss
        mov     %cs, old_cs
        mov     %ecx, %ss
        push    %eax
        push    $1f
        lret
1:      int3
        mov     %cs, %eax
        shl     $16, %eax
        mov     %ss, %ax
        mov     old_ss, %ss
        push    old_cs
        push    $2f
        lret
2:      ret

        .bss
        .p2align 2
old_cs: .skip   4
old_ss: .skip   4
        .section .note.GNU-stack, "", @progbits
