# for: 4.17
# Ports come in buckets of 64; those of a bucket that is not there are none.
ring1-sequence 1
abi xen-3.0-pae 4.17

event_channel_op(EVTCHNOP_status, {dom=DOMID_SELF, port=63}) = 0
event_channel_op(EVTCHNOP_status, {dom=DOMID_SELF, port=64}) = -EINVAL
event_channel_op(EVTCHNOP_status, {dom=DOMID_SELF, port=127}) = -EINVAL
event_channel_op(EVTCHNOP_close, {port=64}) = -EINVAL
event_channel_op(EVTCHNOP_unmask, {port=64}) = -EINVAL
event_channel_op(EVTCHNOP_send, {port=64}) = -EINVAL
event_channel_op(EVTCHNOP_bind_vcpu, {port=64, vcpu=0}) = -EINVAL
