# for: 3.0.4 3.2 4.17
# A second vcpu is made, brought up, and makes calls of its own.
ring1-sequence 1
abi xen-3.0-pae 4.17
domain {vcpus=2}

page stack
vcpu_op(VCPUOP_up, 1, NULL) = -EINVAL
vcpu_op(VCPUOP_initialise, 1, {flags=0x4, user_regs={eip=0xc0100000, cs=0xe019, eflags=0x202, esp=&stack+0x1000, ss=0xe021, es=0xe021, ds=0xe021}, kernel_ss=0xe021, kernel_sp=&stack+0x1000, ctrlreg=[0x80050033, 0, 0, ma(cr3)], event_callback_cs=0xe019, event_callback_eip=0xc0100010, failsafe_callback_cs=0xe019, failsafe_callback_eip=0xc0100020}) = 0
vcpu_op(VCPUOP_initialise, 1, {...}) = -EEXIST
vcpu_op(VCPUOP_up, 1, NULL) = 0
vcpu_op(VCPUOP_is_up, 1, NULL) = 1
v1: i = event_channel_op(EVTCHNOP_bind_ipi, {vcpu=1}) = 0 => {port=3}
event_channel_op(EVTCHNOP_send, {port=i.port}) = 0
v1: vcpu_op(VCPUOP_down, 1, NULL) = 0
vcpu_op(VCPUOP_is_up, 1, NULL) = 0
