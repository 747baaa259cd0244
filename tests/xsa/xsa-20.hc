# for: 3.0.0 3.0.4 3.2 4.17
# XSA-20, signed lengths: a deadline that overflows when it is added to made Xen's timer
# code loop or crash.
ring1-sequence 1
abi xen-3.0-pae 4.17

set_timer_op(0x7fffffffffffffff) = 0
set_timer_op(0xffffffffffffffff) = 0
time 1.000000000s
set_timer_op(0) = 0
