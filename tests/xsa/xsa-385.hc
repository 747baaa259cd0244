# for: 4.17
# XSA-385, counts that overflow: a reservation whose sum did not fit went beyond what the
# domain may have. Each extent is counted before it is given.
ring1-sequence 1
abi xen-3.0-pae 4.17

domain {memory=4M, maxmem=5M}
memory_op(XENMEM_increase_reservation, {nr_extents=0x3ffffff, domid=DOMID_SELF}) = 256
memory_op(XENMEM_current_reservation, {domid=DOMID_SELF}) = 1280
memory_op(XENMEM_increase_reservation, {nr_extents=0x4000000, domid=DOMID_SELF}) = 0
memory_op(XENMEM_increase_reservation, {nr_extents=0xffffffff, domid=DOMID_SELF}) = 0
memory_op(XENMEM_increase_reservation, {nr_extents=1, extent_order=9, domid=DOMID_SELF}) = 0
memory_op(XENMEM_populate_physmap, {extent_start=[0x600], nr_extents=1, domid=DOMID_SELF}) = 0
memory_op(XENMEM_current_reservation, {domid=DOMID_SELF}) = 1280
memory_op(XENMEM_maximum_reservation, {domid=DOMID_SELF}) = 1280
