# for: 4.17
# XSA-136, signed lengths: an iret to virtual-8086 mode, which 64 bits do not have, counted
# the wrong way, 2^33 times. The frame is moved, once, and the guest told.
ring1-sequence 1
abi xen-3.0-pae 4.17

# EAX, EIP, CS, EFLAGS with VM, ESP, SS, ES, DS, FS, GS.
page stack 0x20 = rw hex"2a00000000c0000019e0000002020200000000c021e0000021e0000021e000000000000000000000"
page kernel
stack_switch(0xe021, &kernel+0x1000) = 0
iret() = 42
expect &kernel+0xfd8 = [u32 0, u32 0xc000]
