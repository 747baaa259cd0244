# for: 3.2 4.17
# Timers and waiting, in the guest's time.
ring1-sequence 1
abi xen-3.0-pae 4.17
domain {vcpus=2}

vcpu_op(VCPUOP_is_up, 0, NULL) = 1
vcpu_op(VCPUOP_is_up, 1, NULL) = 0
vcpu_op(VCPUOP_is_up, 2, NULL) = -ENOENT
vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL) = 0
event_channel_op(EVTCHNOP_bind_virq, {virq=VIRQ_TIMER, vcpu=0}) = 0 => {port=3}
vcpu_op(VCPUOP_set_singleshot_timer, 0, {timeout_abs_ns=0.500000000s}) = 0
sched_op(SCHEDOP_block, NULL) = 0  # until the timer comes
vcpu_op(VCPUOP_get_runstate_info, 0, {...}) = 0 => {state=RUNSTATE_running}
sched_op(SCHEDOP_poll, {ports=[3], nr_ports=1, timeout=2.000000000s}) = 0
sched_op(SCHEDOP_shutdown, {reason=SHUTDOWN_poweroff}) = shutdown
