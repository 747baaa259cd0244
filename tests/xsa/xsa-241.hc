# for: 3.0.4 3.2 4.17
# XSA-241, XSA-286 and XSA-408, stale TLB: an entry was changed, the page took another use,
# and the old translation was still there, between two calls of one batch that asked for no
# flush. What is a table, or to be one, nobody writes to, whatever translation was used
# before.
ring1-sequence 1
abi xen-3.0-pae 4.17

page a
page b
multicall = 0
  [0] vcpu_op(VCPUOP_get_runstate_info, 0, &a) = 0
  [1] update_va_mapping(&a, 0, 0) = 0
  [2] mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(b)}], 1, [0], DOMID_SELF) = -EINVAL
  [3] vcpu_op(VCPUOP_get_runstate_info, 0, &a) = ?
  [4] update_va_mapping(&b, mfn(b)|P|A, 0) = 0
  [5] vcpu_op(VCPUOP_get_runstate_info, 0, &b) = -EFAULT
  [6] mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(b)}], 1, [0], DOMID_SELF) = 0
  [7] update_va_mapping(&a, mfn(b)|P|RW|A, 0) = ?
  [8] vcpu_op(VCPUOP_get_runstate_info, 0, &a) = -EFAULT
  [9] update_va_mapping(&a, mfn(a)|P|RW|A, 0) = 0
  [10] vcpu_op(VCPUOP_get_runstate_info, 0, &a) = 0
expect &b = [u32 0, u32 0]
