# for: 3.2
# XSA-20 again, as 3.2 has it: it knows no longest period, and a deadline is never negative. What
# overflows when it is added to must harm nobody.
ring1-sequence 1
abi xen-3.0-pae 3.2

page p
vcpu_op(VCPUOP_set_periodic_timer, 0, {period_ns=0x7fffffffffffffff}) = 0
vcpu_op(VCPUOP_set_periodic_timer, 0, {period_ns=0xffffffffffffffff}) = 0
vcpu_op(VCPUOP_set_periodic_timer, 0, {period_ns=0}) = -EINVAL
vcpu_op(VCPUOP_set_periodic_timer, 0, {period_ns=0x3fffffffffffffff}) = 0
vcpu_op(VCPUOP_set_periodic_timer, 0, {period_ns=1000000}) = 0
vcpu_op(VCPUOP_set_singleshot_timer, 0, {timeout_abs_ns=0xffffffffffffffff}) = 0
vcpu_op(VCPUOP_set_singleshot_timer, 0, {timeout_abs_ns=0x7fffffffffffffff}) = 0
time 1.000000000s
vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL) = 0
sched_op(SCHEDOP_poll, {ports=[1], nr_ports=1, timeout=0xffffffffffffffff}) = 0
