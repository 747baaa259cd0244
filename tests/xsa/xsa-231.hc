# for: 4.17
# XSA-231, unchecked element addresses: the number of a NUMA node in mem_flags was an index
# that nobody looked at. A node is a wish that a domain without rights may not insist on.
ring1-sequence 1
abi xen-3.0-pae 4.17

update_va_mapping(0xc0100000, 0, UVMF_INVLPG) = 0
update_va_mapping(0xc0101000, 0, UVMF_INVLPG) = 0
memory_op(XENMEM_decrease_reservation, {extent_start=[mfn(0x100)], nr_extents=1, domid=DOMID_SELF}) = 1
# An exact one.
memory_op(XENMEM_populate_physmap, {extent_start=[0x100], nr_extents=1, mem_flags=0x20100, domid=DOMID_SELF}) = 0
memory_op(XENMEM_increase_reservation, {nr_extents=1, mem_flags=0x2ff00, domid=DOMID_SELF}) = 0
memory_op(XENMEM_exchange, {in={extent_start=[mfn(0x101)], nr_extents=1, domid=DOMID_SELF}, out={extent_start=[0x101], nr_extents=1, mem_flags=0x2fe00, domid=DOMID_SELF}}) = -EINVAL
# As a wish.
memory_op(XENMEM_populate_physmap, {extent_start=[0x100], nr_extents=1, mem_flags=0xff00, domid=DOMID_SELF}) = 1
