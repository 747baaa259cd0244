# for: 4.17
# XSA-338, XSA-344 and XSA-107, state that goes while somebody still counts on it: a port that
# was valid stays so after all are closed, and what FIFO channels need is not half there, for
# they are not offered.
ring1-sequence 1
abi xen-3.0-pae 4.17

event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF, remote_dom=DOMID_SELF}) = 0 => {port=3}
event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF, remote_dom=DOMID_SELF}) = 0 => {port=4}
event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF, remote_dom=DOMID_SELF}) = 0 => {port=5}
event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF, remote_dom=DOMID_SELF}) = 0 => {port=6}
event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF, remote_dom=DOMID_SELF}) = 0 => {port=7}
event_channel_op(EVTCHNOP_bind_interdomain, {remote_dom=1, remote_port=3}) = 0 => {local_port=8}
event_channel_op(EVTCHNOP_reset, {domid=DOMID_SELF}) = 0
event_channel_op(EVTCHNOP_status, {dom=DOMID_SELF, port=8}) = 0 => {status=0}
event_channel_op(EVTCHNOP_send, {port=3}) = -EINVAL
event_channel_op(EVTCHNOP_reset, {domid=DOMID_SELF}) = 0
event_channel_op(EVTCHNOP_init_control, {control_gfn=0x20, offset=0, vcpu=0}) = -ENOSYS
event_channel_op(EVTCHNOP_expand_array, {array_gfn=0x20}) = -ENOSYS
event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF}) = 0 => {port=1}
