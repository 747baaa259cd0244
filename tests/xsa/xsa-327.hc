# for: 4.17
# XSA-327, misaligned structures: vcpu_info could be registered at any byte of a page, and
# Xen's own atomic accesses to it went across words, lines, and the page's end.
ring1-sequence 1
abi xen-3.0-pae 4.17

page p
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=1}) = -ENXIO
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=2}) = -ENXIO
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=3}) = -ENXIO
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=6}) = -ENXIO
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=4033}) = -ENXIO
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=4036}) = -ENXIO
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=4095}) = -ENXIO
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=4096}) = -ENXIO
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=0xfffffffc}) = -ENXIO
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=0x80000000}) = -ENXIO
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=4032}) = 0
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(p), offset=4032}) = -EINVAL
# It is held writable.
update_va_mapping(&p, mfn(p)|P|A, UVMF_INVLPG) = 0
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(p)}], 1, [0], DOMID_SELF) = -EINVAL
