# for: 3.2
# XSA-327 as 3.2 has it: vcpu_info may lie at any byte of a page, and must fit into it. What
# lies across words is written there all the same, and nothing beyond the page.
ring1-sequence 1
abi xen-3.0-pae 3.2

page p
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=4033}) = -EINVAL
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=4036}) = -EINVAL
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=4095}) = -EINVAL
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=4096}) = -EINVAL
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=0xfffffffc}) = -EINVAL
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=0x80000000}) = -EINVAL
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=4031}) = 0
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=4031}) = -EINVAL
# It is held writable.
update_va_mapping(&p, mfn(p)|P|A, UVMF_INVLPG) = 0
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(p)}], 1, [0], DOMID_SELF) = -EINVAL
