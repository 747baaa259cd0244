# for: 4.17
# XSA-32, odd frames, in what came later: whole pages cleared and copied, places of vcpu_info,
# entries of tables.
ring1-sequence 1
abi xen-3.0-pae 4.17

page buf 0x20
mmuext_op([{cmd=MMUEXT_CLEAR_PAGE, mfn=0xffffffff}], 1, [0], DOMID_SELF) = -EINVAL
mmuext_op([{cmd=MMUEXT_COPY_PAGE, mfn=mfn(buf), src_mfn=0xffffffff}], 1, [0], DOMID_SELF) = -EINVAL
mmuext_op([{cmd=MMUEXT_COPY_PAGE, mfn=0x80000000, src_mfn=mfn(buf)}], 1, [0], DOMID_SELF) = -EINVAL
# Nobody's, and another's use.
mmuext_op([{cmd=MMUEXT_CLEAR_PAGE, mfn=mfn(cr3)}], 1, [0], DOMID_SELF) = -EINVAL
mmuext_op([{cmd=MMUEXT_COPY_PAGE, mfn=mfn(cr3), src_mfn=mfn(buf)}], 1, [0], DOMID_SELF) = -EINVAL
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=0xffffffffffffffff, offset=0}) = -EINVAL
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=0x100000000, offset=0}) = -EINVAL
vcpu_op(VCPUOP_register_vcpu_info, 0, {mfn=mfn(cr3), offset=0}) = -EINVAL
physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, {gmfn=0xffffffff}) = -EINVAL
memory_op(XENMEM_exchange, {in={extent_start=[0xffffffff], nr_extents=1, domid=DOMID_SELF}, out={extent_start=[0x20], nr_extents=1, domid=DOMID_SELF}}) = -EINVAL
update_va_mapping(&buf, 0xffffffffff027, UVMF_INVLPG) = -EINVAL
update_va_mapping(&buf, 0xfffffffff027, UVMF_INVLPG) = -EPERM
expect &buf = u32 0
