# for: 4.17
# XSA-511, stale TLB: a page went to its next owner, Xen perhaps, while a translation of before
# could still write to it. Here it lives on behind a kernel's own store to its table.
ring1-sequence 1
abi xen-3.0-pae 4.17

domain {memory=2M, assist=VMASST_TYPE_writable_pagetables}
page a 0x20
vcpu_op(VCPUOP_get_runstate_info, 0, &a) = 0
ptwrite &0x1ff+256 = u64 0
vcpu_op(VCPUOP_get_runstate_info, 0, &a) = 0
memory_op(XENMEM_decrease_reservation, {extent_start=[mfn(a)], nr_extents=1, domid=DOMID_SELF}) = 1
vcpu_op(VCPUOP_get_runstate_info, 0, &a) = -EFAULT
