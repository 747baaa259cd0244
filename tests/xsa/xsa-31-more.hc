# for: 4.17
# XSA-31, unbounded orders, of an exchange: a shift by more than a word has, and sums that
# only agree modulo 2^32.
ring1-sequence 1
abi xen-3.0-pae 4.17

page p
memory_op(XENMEM_exchange, {in={extent_start=[mfn(p)], nr_extents=1, domid=DOMID_SELF}, out={extent_start=[0x20], nr_extents=1, extent_order=32, domid=DOMID_SELF}}) = -EPERM
memory_op(XENMEM_exchange, {in={extent_start=[mfn(p)], nr_extents=1, extent_order=64, domid=DOMID_SELF}, out={extent_start=[0x20], nr_extents=1, extent_order=64, domid=DOMID_SELF}}) = -EPERM
memory_op(XENMEM_exchange, {in={extent_start=[mfn(p)], nr_extents=0x80000000, extent_order=1, domid=DOMID_SELF}, out={extent_start=[0x20], nr_extents=0, extent_order=0, domid=DOMID_SELF}}) = -EINVAL
memory_op(XENMEM_exchange, {in={extent_start=[mfn(p)], nr_extents=2, domid=DOMID_SELF}, out={extent_start=[0x20], nr_extents=1, extent_order=31, domid=DOMID_SELF}}) = -EINVAL
memory_op(XENMEM_exchange, {in={extent_start=[mfn(p)], nr_extents=1, extent_order=10, domid=DOMID_SELF}, out={extent_start=[...], nr_extents=1024, domid=DOMID_SELF}}) = -E2BIG
memory_op(XENMEM_exchange, {in={extent_start=[mfn(p)], nr_extents=1, domid=DOMID_SELF}, out={extent_start=[0x20], nr_extents=1, domid=DOMID_SELF}, nr_exchanged=2}) = -EINVAL
update_va_mapping(&p, mfn(p)|P|RW|A, UVMF_INVLPG) = 0
