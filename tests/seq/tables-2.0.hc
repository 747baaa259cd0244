# for: 2.0
# Pins are commands of mmu_update here, and frames machine addresses.
ring1-sequence 1
abi xen-2.0 2.0

page pt = l1 {0: mfn(a)|P|A}
page a

mmu_update([{ptr=ma(pt)|MMU_EXTENDED_COMMAND, val=MMUEXT_PIN_L1_TABLE}], 1, [0]) = 0 => pdone=1
mmu_update([{ptr=ma(pt)+4|MMU_NORMAL_PT_UPDATE, val=mfn(a)|P|RW|A}], 1, [0]) = 0 => pdone=1
expect &pt+4 = mfn(a)|P|RW|A
mmu_update([{ptr=ma(pt)+4|MMU_NORMAL_PT_UPDATE, val=mfn(pt)|P|RW|A}], 1, [9]) = -EINVAL
update_va_mapping(0xc0021, mfn(pt)|P|A, UVMF_INVLPG) = 0
