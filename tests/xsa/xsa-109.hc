# for: 4.17
# XSA-109, rights: who owns the page tables is said in the upper half of foreigndom, and
# nobody asked whether the caller may change them.
ring1-sequence 1
abi xen-3.0-pae 4.17

page pt = l1 {0: mfn(buf)|P|A}
page buf
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(pt)}], 1, [0], DOMID_SELF) = 0
mmu_update([{ptr=ma(pt)+8, val=mfn(buf)|P}], 1, [0], 0x4e7ff0) = -ESRCH
mmu_update([{ptr=ma(pt)+8, val=mfn(buf)|P}], 1, [0], 0xffff7ff0) = -ESRCH
mmu_update([{ptr=ma(pt)+8, val=mfn(buf)|P}], 1, [0], 0x17ff0) = -EPERM
mmu_update([{ptr=ma(pt)+8, val=mfn(buf)|P}], 1, [0], 0) = -EPERM
update_va_mapping_otherdomain(&buf, 0, 0, 0) = -EPERM
expect &pt+8 = u64 0
mmu_update([{ptr=ma(pt)+8, val=mfn(buf)|P}], 1, [0], 0x27ff0) = 0
