# for: 3.2
# What 3.2 alone answers so (docs/xen-abi.md 13.5).
ring1-sequence 1
abi xen-3.0 3.2

nmi_op(XENNMI_register_callback, {handler=0xc0001000}) = -EINVAL
nmi_op(XENNMI_unregister_callback, NULL) = 0
callback_op(CALLBACKOP_register, {type=CALLBACKTYPE_nmi, flags=0, cs=0xe019, eip=0xc0001000}) = -EINVAL
vcpu_op(VCPUOP_set_singleshot_timer, 0, {timeout_abs_ns=0xffffffff00000000, flags=1}) = 0
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=0, offset=0xfc1}) = -EINVAL
event_channel_op(EVTCHNOP_bind_virq, {virq=VIRQ_TIMER, vcpu=0}) = 0
vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL) = 0
set_timer_op(0x8000000000000000) = 0
sched_op(SCHEDOP_poll, {ports=[900], nr_ports=1, timeout=2.000000000s}) = 0  # 100 ms, and any port will do
mmu_update([{ptr=0, val=0}], 1, NULL, 9) = -ESRCH
mmu_update(0xfc000000, 1, NULL, 9) = -EFAULT
grant_table_op(GNTTABOP_setup_table, [{dom=77, nr_frames=100, frame_list=[...]}], 1) = 0 => [{status=GNTST_general_error}]
