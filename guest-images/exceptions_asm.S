/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * exceptions_asm.S - one instruction that traps a function; labels where the
 * trap is not at its start.
 */
        .macro function name, instructions
        .globl  \name
\name:  \instructions
        ret
        .endm

        .text
        function do_int3, int3
        function do_into, "movb $127, %al; addb $1, %al; into"
        function do_ud2, ud2
        .globl  div0_at, step_at
        .globl  do_div0
do_div0:
        xor     %eax, %eax
        xor     %edx, %edx
div0_at:
        div     %eax
        ret
        function do_cli, cli
        function do_sti, sti
        function do_hlt, hlt
        function do_invlpg, "invlpg do_invlpg"
        function do_lgdt, "lgdt pseudo"
        function do_int_ring1, "int $0x90"
        function do_int_nobody, "int $0x91"
        function do_int_ring1_masks, "int $0x92"
        function do_int_0e, "int $0x0e"
        function do_int_80, "int $0x80"
        function do_selector, "mov 4(%esp), %eax; mov %eax, %fs"
        function do_fpu, fninit
        function do_popf, "pushf; andl $~0x200, (%esp); popf; pushf; pop %eax"

        .globl  do_iret_nt, iret_nt_at
do_iret_nt:
        pushf
        orl     $0x4000, (%esp)
        popf
iret_nt_at:
        iret

        .globl  do_step
do_step:
        pushf
        orl     $0x100, (%esp)
        popf
        nop
step_at:
        nop
        ret

/* do_fault_chain(which): 2000 faults */
        .globl  do_fault_chain
do_fault_chain:
        push    %ebx
        mov     $2000, %ebx
        cmpl    $0, 8(%esp)
        jne     2f
1:      ud2
        dec     %ebx
        jnz     1b
        pop     %ebx
        ret
2:      hlt
        dec     %ebx
        jnz     2b
        pop     %ebx
        ret

        .data
pseudo: .long   0, 0
        .section .note.GNU-stack, "", @progbits
