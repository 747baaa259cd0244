/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * debugregs_asm.S - instructions to stop at, to watch and to step over.
 */
        .macro label name
        .globl  \name
\name:
        .endm

        .text
label code
        nop
label code_a
        inc     %eax
label code_b
        inc     %eax
        jmp     code_c
        ud2
label code_c
        inc     %eax
        ret

label code_fault
        xor     %eax, %eax
label code_ud2
        ud2
        inc     %eax
        ret

/* All of them touch `watched` or the bytes around it. */
label store4
        movl    $0x11223344, watched
label store4_end
        ret
label store1
        movb    $0x55, watched + 1
label store1_end
        ret
label store_before
        movl    $0, watched - 2
label store_before_end
        ret
label store_beside
        movl    $0, watched - 4
        movl    $0, watched + 4
        ret
label load4
        movl    watched, %eax
label load4_end
        ret
label modify
        incl    watched
label modify_end
        ret
label name_only
        lea     watched, %eax
        ret
label twice
        movl    watched, %eax
label twice_1
        movl    %eax, watched2
label twice_2
        ret
label crossing
        movl    $0, page_end - 2
label crossing_end
        ret
/* Five bytes to watched - 2 ... watched + 2: the third and those behind it count. */
label rep_store
        push    %edi
        mov     $watched - 2, %edi
        mov     $5, %ecx
        mov     $0x77, %al
label rep_at
        rep stosb
label rep_end
        pop     %edi
        ret
label rep_nothing
        push    %edi
        mov     $watched, %edi
        xor     %ecx, %ecx
        rep stosb
        pop     %edi
        ret
label store_missing
        movl    $1, watched
        movl    missing, %eax           /* #PF */
        ret
label load_ss
        mov     watched_ss, %ss
        nop
label load_ss_end
        nop
        ret

/* Steps: TF is set by the POPF, the instruction after it is the first. */
        .macro step_on
        pushf
        orl     $0x100, (%esp)
        popf
        .endm
        .macro step_off
        pushf
        andl    $~0x100, (%esp)
        popf
        .endm
label steps
        step_on
        nop
label steps_1
        inc     %eax
label steps_2
        step_off
label steps_off
        nop
        ret
label step_hypercall
        mov     $17, %eax
        xor     %ebx, %ebx
        step_on
        nop
label step_hypercall_1
        int     $0x82
label step_hypercall_2
        nop
label step_hypercall_3
        step_off
        ret
label step_rep
        push    %edi
        mov     $page_end, %edi
        mov     $3, %ecx
        step_on
        rep stosb
label step_rep_end
        step_off
        pop     %edi
        ret
label step_pushf
        step_on
        pushf
        pop     %edx
        step_off
        mov     %edx, %eax
        ret
label step_ss
        mov     %ss, %edx
        step_on
        mov     %edx, %ss
label step_ss_1
        nop
label step_ss_2
        step_off
        ret
label step_store
        step_on
        movl    $1, watched
label step_store_end
        step_off
        ret
label step_emulated
        step_on
        mov     %cr0, %eax
label step_emulated_end
        step_off
        ret

label icebp
        .byte   0xF1
label icebp_end
        ret
label int_1
        int     $1
label int_1_end
        ret
label int_2
        int     $2
        ret
label do_bound
        mov     $9, %eax
label bound_at
        bound   %eax, bounds
        ret
label do_into
        movb    $127, %al
        addb    $1, %al
        into
label into_end
        ret
label into_not
        xor     %eax, %eax
        into
        ret
label do_ud2
        ud2
        ret
label read_missing
        movl    missing, %eax
        ret
label do_int3
        int3
label int3_end
        ret

#ifndef GUEST_2_0
/* To code_b by HYPERVISOR_iret, EFLAGS of the argument; EAX is 1 then. */
label iret_to_code_b
        mov     4(%esp), %ecx
        push    %ecx
        mov     %cs, %eax
        and     $0xFFFF, %eax
        push    %eax
        push    $code_b
        push    $1
        mov     $23, %eax
        int     $0x82
        ud2

/* allow ports: CR4.DE */
label set_de
        mov     %cr4, %eax
        or      $8, %eax
        mov     %eax, %cr4
        mov     %cr4, %eax
        ret
label port_out
        out     %al, $0x80
label port_out_end
        out     %al, $0x84
        ret

label read_dr6
        mov     %dr6, %eax
        ret
label write_dr0
        mov     4(%esp), %eax
        mov     %eax, %dr0
        mov     %dr0, %eax
        ret
#endif

        .data
        .p2align 2
bounds: .long   0, 8
label watched_ss
        .long   0

        .section .pages, "aw"
        .p2align 12
label missing
        .skip   4096
        .skip   2048
        .skip   16
label watched
        .long   0
label watched2
        .long   0
        .skip   2024
label page_end
        .skip   4096
        .section .note.GNU-stack, "", @progbits
