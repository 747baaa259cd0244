# for: 4.17
# XSA-148, XSA-167 and XSA-182, flags of entries that skip the tests: an L2 entry that maps 2
# MiB at once, put there by a change of flags alone; a linear page table made writable in the
# same way; marks for superpages. The flags are looked at whatever else changes.
ring1-sequence 1
abi xen-3.0-pae 4.17

page pt = l1 {0: mfn(buf)|P|RW|A}
page lin = l2 {0: mfn(pt)|P|RW|US|A, 1: mfn(lin)|P|A}
page buf
mmuext_op([{cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(lin)}], 1, [0], DOMID_SELF) = 0
mmu_update([{ptr=ma(lin), val=mfn(pt)|P|RW|US|A|PAT}], 1, [0], DOMID_SELF) = -EINVAL
mmu_update([{ptr=ma(lin), val=mfn(buf)|P|RW|A|PAT}], 1, [0], DOMID_SELF) = -EINVAL
mmu_update([{ptr=ma(lin)+16, val=mfn(buf)|P|RW|A|PAT}], 1, [0], DOMID_SELF) = -EINVAL
mmu_update([{ptr=ma(lin), val=mfn(pt)|P|RW|US|A|G}], 1, [0], DOMID_SELF) = -EINVAL
mmu_update([{ptr=ma(lin), val=mfn(pt)|P|RW|US|A|PCD}], 1, [0], DOMID_SELF) = -EINVAL
mmu_update([{ptr=ma(lin)+8, val=mfn(lin)|P|RW|A}], 1, [0], DOMID_SELF) = -EINVAL
mmu_update([{ptr=ma(lin)+8|MMU_PT_UPDATE_PRESERVE_AD, val=mfn(lin)|P|RW}], 1, [0], DOMID_SELF) = -EINVAL
# Other flags may change.
mmu_update([{ptr=ma(lin)+8, val=mfn(lin)|P|US|A|AVL0}], 1, [0], DOMID_SELF) = 0
mmu_update([{ptr=ma(lin), val=mfn(pt)|P|A}], 1, [0], DOMID_SELF) = 0
expect &lin = [mfn(pt)|P|A, mfn(lin)|P|US|A|AVL0]
mmuext_op([{cmd=19, mfn=mfn(buf)}], 1, [0], DOMID_SELF) = -EOPNOTSUPP
mmuext_op([{cmd=20, mfn=mfn(buf)}], 1, [0], DOMID_SELF) = -EOPNOTSUPP
