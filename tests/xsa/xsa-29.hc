# for: 4.17
# XSA-29 and XSA-212, unchecked element addresses: XENMEM_exchange wrote its answers to an
# address, or an element behind it, that was the hypervisor's.
ring1-sequence 1
abi xen-3.0-pae 4.17

page buf
memory_op(XENMEM_exchange, {in={extent_start=[0x1], nr_extents=1, domid=DOMID_SELF}, out={extent_start=0xf5800000, nr_extents=1, domid=DOMID_SELF}}) = -EFAULT
memory_op(XENMEM_exchange, {in={extent_start=[0x1], nr_extents=1, domid=DOMID_SELF}, out={extent_start=0xfffffff0, nr_extents=1, domid=DOMID_SELF}, nr_exchanged=0x40000000}) = -EINVAL
update_va_mapping(&buf, mfn(buf)|P|RW|A, UVMF_INVLPG) = 0
