# for: 2.0
ring1-sequence 1
abi xen-2.0 2.0

a = event_channel_op({cmd=EVTCHNOP_alloc_unbound, dom=DOMID_SELF}) = 0 => {port=2}
event_channel_op({cmd=EVTCHNOP_bind_virq, virq=VIRQ_TIMER}) = 0 => {port=3}
event_channel_op({cmd=EVTCHNOP_close, dom=DOMID_SELF, port=a.port}) = 0
event_channel_op({cmd=EVTCHNOP_close, dom=DOMID_SELF, port=a.port}) = -EINVAL
