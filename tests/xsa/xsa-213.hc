# for: 4.17
# XSA-213, a privilege change in a batch: an iret among the entries of a multicall left the
# entries behind it to run with another address space's limits. What stands behind is dropped.
ring1-sequence 1
abi xen-3.0-pae 4.17

# Where ESP points at the start: EAX, EIP, CS, EFLAGS.
page stack 0x20 = rw hex"2a00000000c0000019e0000002020000"
multicall = 42
  [0] event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF}) = 0 => {port=3}
  [1] iret() = 42
  [2] event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF})
event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF}) = 0 => {port=4}
