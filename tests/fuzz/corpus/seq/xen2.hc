ring1-sequence 1
abi xen-2.0
mmu_update([{ptr=ma(0x40)|MMU_EXTENDED_COMMAND, val=MMUEXT_PIN_L1_TABLE}], 1, [0]) = 0
multicall = 0
  [0] xen_version(XENVER_version) = 0x20000
dom_mem_op(MEMOP_decrease_reservation, [mfn(0x80)], 1, 0, DOMID_SELF)
