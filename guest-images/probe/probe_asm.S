/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Own probe guest for old Xen PV ABIs, written from scratch.
 * -DABI=20 (Xen 2.0) or -DABI=30 (Xen 3.x); -DPAE for 3-level page tables. */
        .section __xen_guest, "a"
#if ABI == 20
        .ascii "GUEST_OS=probe,GUEST_VER=1,XEN_VER=2.0,VIRT_BASE=0xC0000000,LOADER=generic\0"
#else
        .ascii "GUEST_OS=probe,GUEST_VER=1,XEN_VER=xen-3.0,VIRT_BASE=0xC0000000,LOADER=generic"
#ifdef PAE
        .ascii ",PAE=yes"
#endif
        .ascii ",HYPERCALL_PAGE=0x1\0"
#endif
        .section .text.head, "ax"
        .globl _start
_start:
        mov  %eax, regs0+0
        mov  %ebx, regs0+4
        mov  %ecx, regs0+8
        mov  %edx, regs0+12
        mov  %esi, regs0+16
        mov  %edi, regs0+20
        mov  %ebp, regs0+24
        mov  %esp, regs0+28
        pushf
        pop  %eax
        mov  %eax, regs0+32
        mov  $stack_top, %esp
        cld
        push %esi
        call cmain
1:      jmp 1b
        .p2align 12
        .globl hypercall_page           /* at VIRT_BASE + 0x1000 */
hypercall_page: .fill 4096, 1, 0x90

        .text
        .globl try, recover, go_user, stubs, cb_stub, fs_stub
try:    push %ebp
        push %ebx
        push %esi
        push %edi
        mov  %esp, recover_esp
        mov  20(%esp), %edx
        mov  24(%esp), %ecx
        xor  %eax, %eax
        push %ecx
        call *%edx
        mov  %eax, try_eax
        mov  $-1, %eax
1:      mov  recover_esp, %esp
        pop  %edi
        pop  %esi
        pop  %ebx
        pop  %ebp
        ret
recover:
        mov  last_vec, %eax
        jmp  1b
/* leave for ring 3 at 4(%esp) */
go_user:
        mov  4(%esp), %eax
        mov  $UDS, %edx
        mov  %edx, %ds
        mov  %edx, %es
        push $UDS
        push $ustack+4096
        pushf
        push $UCS
        push %eax
        iret
        .p2align 4
stubs:
        .set n, 0
        .rept 256
        push $n
        jmp  common
        .p2align 4
        .set n, n+1
        .endr
cb_stub: push $256
        jmp common
fs_stub: mov %ds,%ss:segs
        mov  %es,%ss:segs+4
        mov  %fs,%ss:segs+8
        mov  %gs,%ss:segs+12
        push $257
common: pusha
        mov  %ss, %edx
        mov  %edx, %ds
        mov  %edx, %es
        lea  36(%esp), %edx
        push %edx
        push 36(%esp)
        call trap_c
        add  $8, %esp
        popa
        add  $4, %esp
        add  extra, %esp
        .globl stub_iret
stub_iret:
        iret
        .macro T name, insn
        .globl i_\name
i_\name: \insn
        ret
        .endm
        T cli, "cli"
        T sti, "sti"
        T hlt, "hlt"
        T in_60_al, "in $0x60,%al"
        T in_dx_eax, "mov $0x71,%dx; in %dx,%eax"
        T out_80, "out %al,$0x80"
        T r_cr0, "mov %cr0,%eax"
        T w_cr0, "smsw %eax; mov %eax,%cr0"
        T w_cr0_bad, "mov $0x11,%eax; mov %eax,%cr0"
        T r_cr2, "mov %cr2,%eax"
        T w_cr2, "mov $0x1234,%eax; mov %eax,%cr2"
        T r_cr3, "mov %cr3,%eax"
        T w_cr3_bad, "mov $0x7ffff000,%eax; mov %eax,%cr3"
        T r_cr4, "mov %cr4,%eax"
        T w_cr4, "mov $0,%eax; mov %eax,%cr4"
        T r_dr7, "mov %dr7,%eax"
        T w_dr7, "mov $0x400,%eax; mov %eax,%dr7"
        T clts, "clts"
        T lmsw, "smsw %ax; lmsw %ax"
        T invlpg, "invlpg _start"
        T lgdt, "lgdt dtr"
        T lidt, "lidt dtr"
        T lldt, "xor %eax,%eax; lldt %ax"
        T ltr, "xor %eax,%eax; ltr %ax"
        T wbinvd, "wbinvd"
        T invd, "invd"
        T rdmsr_tsc, "mov $0x10,%ecx; rdmsr"
        T rdmsr_apicbase, "mov $0x1b,%ecx; rdmsr"
        T rdmsr_bad, "mov $0xdeadbeef,%ecx; rdmsr"
        T wrmsr_bad, "mov $0xdeadbeef,%ecx; xor %eax,%eax; xor %edx,%edx; wrmsr"
        T rdpmc, "xor %ecx,%ecx; rdpmc"
        T rdtsc, "rdtsc"
        T cpuid_plain, "push %ebx; mov $0x40000000,%eax; cpuid; pop %ebx"
        T cpuid_forced, "push %ebx; mov $0x40000000,%eax; .byte 0x0f,0x0b,0x78,0x65,0x6e,0x0f,0xa2; mov %ebx,%eax; pop %ebx"
        T smsw, "smsw %eax"
        T sldt, "xor %eax,%eax; sldt %ax"
        T str, "xor %eax,%eax; str %ax"
        T sgdt_limit, "sgdt dtr; movzwl dtr,%eax"
        T sidt_limit, "sidt dtr; movzwl dtr,%eax"
        T popf_if0, "pushf; andl $~0x200,(%esp); popf; pushf; pop %eax"
        T popf_iopl3, "pushf; orl $0x3000,(%esp); popf; pushf; pop %eax"
        T int3, "int3"
        T into, "movb $127,%al; addb $1,%al; into"
        T ud2, "ud2"
        T div0, "xor %eax,%eax; xor %edx,%edx; div %eax"
        T int80, "int $0x80"
        T int90, "int $0x90"
        T int91, "int $0x91"
        T int92, "int $0x92"
        T int0e, "int $0x0e"
        T rd, "mov (%ecx),%eax"
        T wr, "mov %eax,(%ecx)"
        T wrv, "mov 4(%ecx),%eax; mov (%ecx),%edx; mov %eax,(%edx)"
        T fpu, "fninit"
        T ldfs, "mov %ecx,%fs; xor %eax,%eax; mov %fs,%ax"
        T ldgs, "mov %ecx,%gs"
        T single, "pushf; orl $0x100,(%esp); popf; nop"
        T iret_mask, "pushf; mov %cs,%eax; or $0x00550000,%eax; push %eax; push $1f; iret; 1:"
        T iret_if0, "pushf; andl $~0x200,(%esp); push %cs; push $1f; iret; 1: pushf; pop %eax"
        T upcall, "mov $17,%eax; xor %ebx,%ebx; xor %ecx,%ecx; int $0x82"
/* make the descriptor behind a loaded fs vanish (update_descriptor, machine address in ecx) */
        T fsgone, "push %ebx; push %esi; mov $9,%eax; mov %eax,%fs; mov %ecx,%ebx; xor %ecx,%ecx; xor %edx,%edx; xor %esi,%esi; mov $10,%eax; int $0x82; pop %esi; pop %ebx"
        .globl i_upcall_r
i_upcall_r: push %ebx
        mov $17,%eax
        xor %ebx,%ebx
        xor %ecx,%ecx
        int $0x82
        pop %ebx
        ret
/* number 23 as HYPERVISOR_iret back to 1f with IF as in %ecx */
        .globl i_hiret
i_hiret: pushf
        andl $~0x200,(%esp)
        or   %ecx,(%esp)
        push %cs
        push $1f
        push $0x77777777
        mov  $23,%eax
        int  $0x82
1:      ret
        .data
dtr:    .long 0,0
        .globl segs
segs:   .long 0,0,0,0
        .section .pages, "aw"
        .globl tpage, upage, ustack, shinfo, hole, kstack
        .p2align 12
tpage:  .fill 4096,1,0
tpage2: .fill 4096,1,0
upage:  .fill 4096,1,0
ustack: .fill 4096,1,0
shinfo: .fill 4096,1,0
hole:   .fill 8192,1,0
kstack: .fill 8192,1,0
        .globl tpage2, kstack_top
kstack_top:
        .bss
        .p2align 12
        .skip 16384
stack_top:
