# for: 4.17
# XSA-20, signed lengths, in the timers that came later: a period or a deadline that overflows
# when it is added to.
ring1-sequence 1
abi xen-3.0-pae 4.17

page p
vcpu_op(VCPUOP_set_periodic_timer, 0, {period_ns=0x7fffffffffffffff}) = -EINVAL
vcpu_op(VCPUOP_set_periodic_timer, 0, {period_ns=0xffffffffffffffff}) = -EINVAL
vcpu_op(VCPUOP_set_periodic_timer, 0, {period_ns=0}) = -EINVAL
vcpu_op(VCPUOP_set_periodic_timer, 0, {period_ns=0x3fffffffffffffff}) = 0
vcpu_op(VCPUOP_set_periodic_timer, 0, {period_ns=1000000}) = 0
vcpu_op(VCPUOP_set_singleshot_timer, 0, {timeout_abs_ns=0xffffffffffffffff}) = 0
vcpu_op(VCPUOP_set_singleshot_timer, 0, {timeout_abs_ns=0x7fffffffffffffff}) = 0
time 1.000000000s
vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL) = 0
sched_op(SCHEDOP_poll, {ports=[1], nr_ports=1, timeout=0xffffffffffffffff}) = 0
