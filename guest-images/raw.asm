; SPDX-License-Identifier: GPL-2.0-or-later
;
; raw - flat code for `ring1 run --raw ADDRESS`: prints through console_io and
; powers off. It runs wherever it is put.
bits 32
start:  call    .here
.here:  pop     edx
        add     edx, text - .here
        mov     eax, 18                 ; console_io
        xor     ebx, ebx                ; write
        mov     ecx, text_end - text
        int     0x82
        mov     eax, 6                  ; sched_op, in the old form that every Xen has
        mov     ebx, 2                  ; shutdown
        xor     ecx, ecx                ; poweroff
        int     0x82
        jmp     $
text:   db      "hello from flat code", 10
text_end:
