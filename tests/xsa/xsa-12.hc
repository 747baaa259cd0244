# for: 4.17
# XSA-12, odd flags: reserved bits of a debug register went to the CPU, which faults, and Xen
# with it. They read as the hardware's.
ring1-sequence 1
abi xen-3.0-pae 4.17

set_debugreg(6, 0xffffffff) = 0
get_debugreg(6) = 0xffffefff
set_debugreg(7, 0xffffffff) = -EPERM
get_debugreg(7) = 0x400
set_debugreg(7, 0x20003) = -EPERM
set_debugreg(7, 0xd800d8ff) = 0
get_debugreg(7) = 0xd80004ff
set_debugreg(8, 0) = -ENODEV
set_debugreg(0xffffffff, 0) = -ENODEV
get_debugreg(0x80000000) = -ENODEV
