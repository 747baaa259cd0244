# for: 3.0.4 3.2 4.17
# Memory is written by nobody's leave, by a kernel's store to a table, and compared.
ring1-sequence 1
abi xen-3.0-pae 4.17

page pt = l1 {0: mfn(buf)|P|A}
page buf = {0x10: "hello", 0x20: [u16 1, u8 2]}
expect &buf+16 = "hello"
expect &buf+32 = u32 0x20001
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(pt)}], 1, NULL, DOMID_SELF) = 0
vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables) = 0
ptwrite &pt = mfn(buf)|P|RW
expect &pt = mfn(buf)|P|RW
write &buf+8 = [u16 1, u8 2, "text"]
expect &buf+8 = hex"01000274657874"
write ma(buf)+256 = u64 0x123456789a
expect &buf+256 = u64 0x123456789a
