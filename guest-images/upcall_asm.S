/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * upcall_asm.S - hypervisor_iret(eflags): hypercall 23 to the next instruction,
 * with an EAX that only the frame can have given.
 */
        .text
        .globl  hypervisor_iret
hypervisor_iret:
        push    4(%esp)
        push    %cs
        push    $1f
        push    $0x77777777
        mov     $23, %eax
        int     $0x82
1:      ret
        .section .note.GNU-stack, "", @progbits
