# for: 3.0.4 3.2 4.17
# A page is given back, and another taken into its place.
ring1-sequence 1
abi xen-3.0-pae 4.17

page p
memory_op(XENMEM_current_reservation, {domid=DOMID_SELF}) = 0x400
update_va_mapping(&p, 0, UVMF_INVLPG) = 0
memory_op(XENMEM_decrease_reservation, {extent_start=[mfn(p)], nr_extents=1, domid=DOMID_SELF}) = 1
memory_op(XENMEM_current_reservation, {domid=DOMID_SELF}) = 0x3ff
memory_op(XENMEM_decrease_reservation, {extent_start=[mfn(p)], nr_extents=1, domid=DOMID_SELF}) = 0
new = memory_op(XENMEM_populate_physmap, {extent_start=[pfn(p)], nr_extents=1, domid=DOMID_SELF}) = 1
mmu_update([{ptr=ma(new.extent_start[0])|MMU_MACHPHYS_UPDATE, val=pfn(p)}], 1, [0], DOMID_SELF) = 0 => pdone=1
update_va_mapping(&p, mfn(new.extent_start[0])|P|RW|A, UVMF_INVLPG) = 0
expect &p = u32 0
memory_op(XENMEM_populate_physmap, {extent_start=[0x3ff], nr_extents=1, domid=DOMID_SELF}) = 0  # at its maximum
