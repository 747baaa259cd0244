# for: 3.0.4 3.2 4.17
# XSA-113, reference leaks: each MACHPHYS_UPDATE that failed kept a reference to the frame,
# until it was never freed. Afterwards nobody has the page but its owner, and it can be given
# away.
ring1-sequence 1
abi xen-3.0-pae 4.17

page p
mmu_update([{ptr=ma(p)|MMU_MACHPHYS_UPDATE, val=0x21}, {ptr=ma(p)|MMU_MACHPHYS_UPDATE, val=0x22}], 2, [0], DOMID_SELF) = 0 => pdone=2
mmu_update([{ptr=ma(p)|MMU_MACHPHYS_UPDATE, val=0x21}], 1, [0], DOMID_IO) = -EINVAL => pdone=0
mmu_update([{ptr=ma(p)|MMU_MACHPHYS_UPDATE, val=0x21}], 1, [0], 77) = ? => pdone=0
mmu_update([{ptr=ma(p)|7, val=0x21}], 1, [0], DOMID_SELF) = ? => pdone=0
update_va_mapping(&p, 0, UVMF_INVLPG) = 0
memory_op(XENMEM_exchange, {in={extent_start=[mfn(p)], nr_extents=1, domid=DOMID_SELF}, out={extent_start=[pfn(p)], nr_extents=1, domid=DOMID_SELF}}) = 0 => {nr_exchanged=1}
