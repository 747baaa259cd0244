# for: 3.0.0
# The first form of event_channel_op: the command lies with its arguments.
ring1-sequence 1
abi xen-3.0 3.0.0

a = event_channel_op({cmd=EVTCHNOP_alloc_unbound, dom=DOMID_SELF, remote_dom=DOMID_SELF}) = 0 => {port=3}
event_channel_op({cmd=EVTCHNOP_status, dom=DOMID_SELF, port=a.port}) = 0 => {status=unbound}
event_channel_op({cmd=EVTCHNOP_close, port=a.port}) = 0
event_channel_op({cmd=EVTCHNOP_close, port=a.port}) = -EINVAL
