# for: 3.0.4 3.2 4.17
# XSA-31, unbounded orders: an extent of 2^31 pages was taken for its word, and looked for
# for a very long time.
ring1-sequence 1
abi xen-3.0-pae 4.17

memory_op(XENMEM_increase_reservation, {nr_extents=1, extent_order=31, domid=DOMID_SELF}) = 0
memory_op(XENMEM_increase_reservation, {nr_extents=1, extent_order=0xffffffff, domid=DOMID_SELF}) = 0
memory_op(XENMEM_decrease_reservation, {extent_start=[0x1], nr_extents=1, extent_order=63, domid=DOMID_SELF}) = 0
memory_op(XENMEM_populate_physmap, {extent_start=[0x80], nr_extents=1, extent_order=32, domid=DOMID_SELF}) = 0
