/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * smp_asm.S - where the other vcpus begin, and the event callback of all of them.
 */
        .text
        .globl  smp_entry, smp_event, smp_nmi
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

        /* NMIs are masked until HYPERVISOR_iret. */
smp_nmi:
        lock incl nmis_taken
        push    %eax
        mov     $23, %eax
        int     $0x82
        .section .note.GNU-stack, "", @progbits
