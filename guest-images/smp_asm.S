/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * smp_asm.S - where the other vcpus begin, and the event callback of all of them.
 */
        .text
        .globl  smp_entry, smp_event
smp_entry:
        cld
        call    smp_main
1:      jmp     1b

smp_event:
        pusha
        cld
        call    smp_on_event
        popa
        iret
        .section .note.GNU-stack, "", @progbits
