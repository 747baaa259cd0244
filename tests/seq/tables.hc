# for: 3.0.0 3.0.4 3.2 4.17
# A page becomes an L1 table: who may map what, and how it is let go.
ring1-sequence 1
abi xen-3.0-pae 4.17

page pt = l1 {0: mfn(a)|P|A, 1: mfn(a)|P|RW|A|D}
page bad = l1 {7: mfn(pt)|P|RW|A}  # maps a table writable
page a

mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(pt)}], 1, [0], DOMID_SELF) = 0 => pdone=1
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(bad)}], 1, [9], DOMID_SELF) = ? => pdone=0
expect &pt = mfn(a)|P|A

# An entry is changed and read back.
mmu_update([{ptr=ma(pt)|MMU_NORMAL_PT_UPDATE, val=mfn(a)|P|RW|A}, {ptr=ma(pt)|MMU_NORMAL_PT_UPDATE, val=0}], 2, [0], DOMID_SELF) = 0 => pdone=2
expect &pt = u32 0
update_va_mapping(&pt, mfn(pt)|P|RW|A, UVMF_INVLPG) = ?  # a table mapped writable: never
mmuext_op([{cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(pt)}], 1, NULL, DOMID_SELF) = 0
update_va_mapping(&pt, mfn(pt)|P|RW|A, UVMF_INVLPG) = 0
write &pt = "now it is a page"
expect &pt = "now it is a page"
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(pt)}], 1, [0], DOMID_SELF) = ? => pdone=0
