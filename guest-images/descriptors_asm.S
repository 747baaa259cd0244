/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * descriptors_asm.S - loads of segment registers for descriptors.c.
 */
        .text
        .globl  load_fs, read_fs, peek_fs, on_own_segments
/* load_fs(selector), which may trap */
load_fs:
        mov     4(%esp), %eax
        mov     %eax, %fs
        xor     %eax, %eax
        mov     %fs, %ax
        ret
/* the word at fs:0 as FS is */
peek_fs:
        mov     %fs:0, %eax
        ret
read_fs:
        mov     4(%esp), %eax
        mov     %eax, %fs
        mov     %fs:0, %eax
        ret

/* load_ss(selector), load_ds(selector), jump_to(selector): what the CPU says */
        .globl  load_ss, load_ss_at, load_ds, load_ds_at, jump_to, jump_to_at
load_ss:
        mov     4(%esp), %eax
        mov     %ss, %ecx
load_ss_at:
        mov     %eax, %ss
        mov     %ecx, %ss
        ret
load_ds:
        mov     4(%esp), %eax
        mov     %ds, %ecx
load_ds_at:
        mov     %eax, %ds
        mov     %ecx, %ds
        ret
jump_to:
        mov     4(%esp), %eax
        mov     %eax, far + 4
        movl    $1f, far
jump_to_at:
        ljmp    *far
1:      mov     %cs, %eax
        ret

        .data
far:    .long   0, 0
        .text
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
