# for: 2.0
ring1-sequence 1
abi xen-2.0 2.0

a = event_channel_op({cmd=EVTCHNOP_alloc_unbound, dom=DOMID_SELF}) = 0 => {port=2}
event_channel_op({cmd=EVTCHNOP_bind_virq, virq=VIRQ_TIMER}) = 0 => {port=3}
event_channel_op({cmd=EVTCHNOP_close, dom=DOMID_SELF, port=a.port}) = 0
event_channel_op({cmd=EVTCHNOP_close, dom=DOMID_SELF, port=a.port}) = -EINVAL

# A port may be named that nobody asked for; those before it stay free.
b = event_channel_op({cmd=EVTCHNOP_alloc_unbound, dom=1}) = 0 => {port=2}
event_channel_op({cmd=EVTCHNOP_bind_interdomain, dom1=DOMID_SELF, dom2=DOMID_SELF, port1=6, port2=b.port}) = 0 => {port1=6, port2=2}
event_channel_op({cmd=EVTCHNOP_alloc_unbound, dom=1}) = 0 => {port=4}
event_channel_op({cmd=EVTCHNOP_bind_interdomain, dom1=DOMID_SELF, dom2=DOMID_SELF, port1=6, port2=4}) = -EINVAL
