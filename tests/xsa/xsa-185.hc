# for: 4.17
# XSA-185, recursive page tables: an L3 that is a linear page table of itself, or of another,
# could be made writable by the guest. There is none for 32 bits.
ring1-sequence 1
abi xen-3.0-pae 4.17

page low = l2
page slot3 = l2
page slot3b = l2
page other = l3 {3: mfn(slot3b)|P}
page self = l3 {0: mfn(self)|P, 3: mfn(slot3)|P}
page both = l3 {0: mfn(other)|P, 3: mfn(slot3)|P}
page good = l3 {0: mfn(low)|P, 3: mfn(slot3)|P}
mmuext_op([{cmd=MMUEXT_PIN_L3_TABLE, mfn=mfn(other)}], 1, [0], DOMID_SELF) = 0
mmuext_op([{cmd=MMUEXT_PIN_L3_TABLE, mfn=mfn(self)}], 1, [0], DOMID_SELF) = -EINVAL
mmuext_op([{cmd=MMUEXT_PIN_L3_TABLE, mfn=mfn(both)}], 1, [0], DOMID_SELF) = -EINVAL
mmuext_op([{cmd=MMUEXT_PIN_L3_TABLE, mfn=mfn(good)}], 1, [0], DOMID_SELF) = 0
mmu_update([{ptr=ma(good), val=mfn(good)|P}], 1, [0], DOMID_SELF) = -EINVAL
mmu_update([{ptr=ma(good)+8, val=mfn(other)|P}], 1, [0], DOMID_SELF) = -EINVAL
# Xen's own L2 stays where it is, and alone.
mmu_update([{ptr=ma(good)+24, val=mfn(low)|P}], 1, [0], DOMID_SELF) = -EINVAL
mmu_update([{ptr=ma(good), val=mfn(slot3)|P}], 1, [0], DOMID_SELF) = -EINVAL
mmu_update([{ptr=ma(good)+32, val=mfn(low)|P}], 1, [0], DOMID_SELF) = -EINVAL
