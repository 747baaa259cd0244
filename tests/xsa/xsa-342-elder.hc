# for: 3.2
# XSA-342, XSA-221, XSA-47 and XSA-188, unchecked element addresses: event channels beyond
# those that a 32-bit domain has, and beyond those that there are yet, in every command that
# takes one, poll among them, which asks only that they are below 1024 in 3.2.
ring1-sequence 1
abi xen-3.0-pae 3.2

event_channel_op(EVTCHNOP_send, {port=1024}) = -EINVAL
event_channel_op(EVTCHNOP_close, {port=1024}) = -EINVAL
event_channel_op(EVTCHNOP_unmask, {port=1024}) = -EINVAL
event_channel_op(EVTCHNOP_bind_vcpu, {port=1024, vcpu=0}) = -EINVAL
event_channel_op(EVTCHNOP_status, {dom=DOMID_SELF, port=1024}) = -EINVAL
event_channel_op(EVTCHNOP_bind_interdomain, {remote_dom=1, remote_port=1024}) = -EINVAL
event_channel_op(EVTCHNOP_send, {port=0x7fffffff}) = -EINVAL
event_channel_op(EVTCHNOP_close, {port=0x7fffffff}) = -EINVAL
event_channel_op(EVTCHNOP_unmask, {port=0x7fffffff}) = -EINVAL
event_channel_op(EVTCHNOP_bind_vcpu, {port=0x7fffffff, vcpu=0}) = -EINVAL
event_channel_op(EVTCHNOP_status, {dom=DOMID_SELF, port=0x7fffffff}) = -EINVAL
event_channel_op(EVTCHNOP_bind_interdomain, {remote_dom=1, remote_port=0x7fffffff}) = -EINVAL
event_channel_op(EVTCHNOP_send, {port=0x80000000}) = -EINVAL
event_channel_op(EVTCHNOP_close, {port=0x80000000}) = -EINVAL
event_channel_op(EVTCHNOP_unmask, {port=0x80000000}) = -EINVAL
event_channel_op(EVTCHNOP_bind_vcpu, {port=0x80000000, vcpu=0}) = -EINVAL
event_channel_op(EVTCHNOP_status, {dom=DOMID_SELF, port=0x80000000}) = -EINVAL
event_channel_op(EVTCHNOP_bind_interdomain, {remote_dom=1, remote_port=0x80000000}) = -EINVAL
event_channel_op(EVTCHNOP_send, {port=0xffffffff}) = -EINVAL
event_channel_op(EVTCHNOP_close, {port=0xffffffff}) = -EINVAL
event_channel_op(EVTCHNOP_unmask, {port=0xffffffff}) = -EINVAL
event_channel_op(EVTCHNOP_bind_vcpu, {port=0xffffffff, vcpu=0}) = -EINVAL
event_channel_op(EVTCHNOP_status, {dom=DOMID_SELF, port=0xffffffff}) = -EINVAL
event_channel_op(EVTCHNOP_bind_interdomain, {remote_dom=1, remote_port=0xffffffff}) = -EINVAL
sched_op(SCHEDOP_poll, {ports=[1024], nr_ports=1, timeout=1}) = -EINVAL
sched_op(SCHEDOP_poll, {ports=[0xffffffff], nr_ports=1, timeout=1}) = -EINVAL
sched_op(SCHEDOP_poll, {ports=[900], nr_ports=1, timeout=1}) = 0
sched_op(SCHEDOP_poll, {ports=[1], nr_ports=129, timeout=1}) = -EINVAL
event_channel_op(EVTCHNOP_bind_virq, {virq=24, vcpu=0}) = -EINVAL
event_channel_op(EVTCHNOP_bind_virq, {virq=0xffffffff, vcpu=0}) = -EINVAL
event_channel_op(EVTCHNOP_bind_virq, {virq=0, vcpu=0xffffffff}) = -ENOENT
event_channel_op(EVTCHNOP_bind_ipi, {vcpu=0x80000000}) = -ENOENT
event_channel_op(EVTCHNOP_bind_ipi, {vcpu=0}) = 0 => {port=3}
event_channel_op(EVTCHNOP_bind_vcpu, {port=3, vcpu=32}) = -ENOENT
