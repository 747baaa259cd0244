# for: 3.0.4 3.2 4.17
# Ports: opened, bound, sent to, closed; and what is refused.
ring1-sequence 1
abi xen-3.0-pae 4.17
domain {vcpus=2}

a = event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF, remote_dom=DOMID_SELF}) = 0 => {port=3}
b = event_channel_op(EVTCHNOP_bind_interdomain, {remote_dom=DOMID_SELF, remote_port=a.port}) = 0 => {local_port=4}
event_channel_op(EVTCHNOP_status, {dom=DOMID_SELF, port=b.local_port}) = 0 => {status=interdomain, vcpu=0, interdomain={dom=1, port=a.port}}
event_channel_op(EVTCHNOP_send, {port=b.local_port}) = 0
event_channel_op(EVTCHNOP_close, {port=b.local_port}) = 0
event_channel_op(EVTCHNOP_close, {port=b.local_port}) = -EINVAL
event_channel_op(EVTCHNOP_status, {dom=DOMID_SELF, port=a.port}) = 0 => {status=unbound}

# Virtual interrupts and IPIs take the lowest free ports.
event_channel_op(EVTCHNOP_bind_virq, {virq=VIRQ_DEBUG, vcpu=0}) = 0 => {port=4}
event_channel_op(EVTCHNOP_bind_virq, {virq=VIRQ_DEBUG, vcpu=0}) = -EEXIST
event_channel_op(EVTCHNOP_bind_virq, {virq=99, vcpu=0}) = -EINVAL
i = event_channel_op(EVTCHNOP_bind_ipi, {vcpu=1}) = 0 => {port=5}
event_channel_op(EVTCHNOP_bind_ipi, {vcpu=99}) = -ENOENT
event_channel_op(EVTCHNOP_status, {dom=DOMID_SELF, port=i.port}) = 0 => {status=ipi, vcpu=1}
event_channel_op(EVTCHNOP_send, {port=2000}) = -EINVAL
event_channel_op(99, NULL) = -ENOSYS
