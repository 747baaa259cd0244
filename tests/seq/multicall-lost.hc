# for: 3.0.0 3.0.4 3.2 4.17
# An entry stops half-way when the page of the list is gone: its result is lost, the
# multicall ends with it, and nothing goes on afterwards.
ring1-sequence 1
abi xen-3.0-pae 4.17
domain {memory=1M, preempt=every}

page list 0x40
# The list's own entry: of 4 bytes without PAE, of 8 with it.
multicall@&list = -EFAULT
  [0] mmu_update([{ptr=ma(0xff)+256, val=0}, {ptr=ma(0xff)+512, val=0}, {ptr=ma(0xff)+768, val=0}], 3, [0], DOMID_SELF)
xen_version(XENVER_version, NULL)
set_timer_op(0) = 0
