# for: 3.0.0 3.0.4 3.2 4.17
# Entries one by one, each with its own result; a bad one stops nobody.
ring1-sequence 1
abi xen-3.0-pae 4.17

page buf
m = multicall = 0
  [0] vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables) = 0
  [1] update_va_mapping(&buf, mfn(buf)|P|A, UVMF_INVLPG) = 0
  [2] update_va_mapping(&buf, mfn 0x7fffff|P|A, UVMF_INVLPG) = ?  # -EINVAL, in 4.17 -EPERM
  [3] multicall(0, 0) = -EINVAL
  [4] stack_switch(0xe021, 0xc0001000)
write &buf = "written by no guest"
update_va_mapping(&buf, mfn(buf)|P|RW|A, UVMF_INVLPG) = 0
expect &buf = "written by no guest"
multicall(0xfffff000, 1) = -EFAULT
