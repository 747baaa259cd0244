# for: 4.17
# XSA-14, odd flags: populate_physmap with the flag of populate on demand, which is for
# domains of another kind, ended in an assertion.
ring1-sequence 1
abi xen-3.0-pae 4.17

update_va_mapping(0xc0100000, 0, UVMF_INVLPG) = 0
memory_op(XENMEM_decrease_reservation, {extent_start=[mfn(0x100)], nr_extents=1, domid=DOMID_SELF}) = 1
memory_op(XENMEM_populate_physmap, {extent_start=[0x100], nr_extents=1, mem_flags=0x10000, domid=DOMID_SELF}) = 0
memory_op(XENMEM_populate_physmap, {extent_start=[0x100], nr_extents=1, mem_flags=0xfffdffff, domid=DOMID_SELF}) = 0
memory_op(XENMEM_populate_physmap, {extent_start=[0x100], nr_extents=1, domid=DOMID_SELF}) = 1
