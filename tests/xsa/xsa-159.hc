# for: 4.17
# XSA-159, state left after failure: an exchange that failed in its middle gave pages back
# that were in use, or kept both. Pages that it could not have are where they were, and the
# sum is the same.
ring1-sequence 1
abi xen-3.0-pae 4.17

page a
page b
page c
update_va_mapping(&a, 0, UVMF_INVLPG) = 0
update_va_mapping(&b, 0, UVMF_INVLPG) = 0
# c is mapped; the same page twice; one chunk of several.
memory_op(XENMEM_exchange, {in={extent_start=[mfn(c)], nr_extents=1, domid=DOMID_SELF}, out={extent_start=[pfn(c)], nr_extents=1, domid=DOMID_SELF}}) = -EINVAL
memory_op(XENMEM_exchange, {in={extent_start=[mfn(a), mfn(a)], nr_extents=2, domid=DOMID_SELF}, out={extent_start=[0x20], nr_extents=1, extent_order=1, domid=DOMID_SELF}}) = -EINVAL
memory_op(XENMEM_exchange, {in={extent_start=[mfn(a), mfn(c)], nr_extents=2, domid=DOMID_SELF}, out={extent_start=[0x20], nr_extents=1, extent_order=1, domid=DOMID_SELF}}) = -EINVAL
memory_op(XENMEM_exchange, {in={extent_start=[mfn(a)], nr_extents=1, domid=DOMID_SELF}, out={extent_start=[0x20], nr_extents=1, mem_flags=12, domid=DOMID_SELF}}) = -ENOMEM
update_va_mapping(&a, mfn(a)|P|RW|A, UVMF_INVLPG) = 0
update_va_mapping(&c, mfn(c)|P|RW|A, UVMF_INVLPG) = 0
update_va_mapping(&a, 0, UVMF_INVLPG) = 0
memory_op(XENMEM_exchange, {in={extent_start=[mfn(a), mfn(b)], nr_extents=2, domid=DOMID_SELF}, out={extent_start=[pfn(a), pfn(b)], nr_extents=2, domid=DOMID_SELF}}) = 0 => {nr_exchanged=2}
memory_op(XENMEM_exchange, {in={extent_start=[mfn(a)], nr_extents=1, domid=DOMID_SELF}, out={extent_start=[pfn(a)], nr_extents=1, domid=DOMID_SELF}}) = -EINVAL
