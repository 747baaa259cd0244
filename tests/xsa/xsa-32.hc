# for: 3.0.0 3.2 4.17
# XSA-32, odd frames: a frame's number was taken for one of memory, and Xen looked at what
# would stand there. Each place that takes one asks first.
ring1-sequence 1
abi xen-3.0-pae 4.17

page buf 0x20
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=0xffffffff}], 1, [0], DOMID_SELF) = -EINVAL
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=0x7fffffff}], 1, [0], DOMID_SELF) = -EINVAL
mmuext_op([{cmd=MMUEXT_UNPIN_TABLE, mfn=0xfffffff}], 1, [0], DOMID_SELF) = -EINVAL
mmuext_op([{cmd=MMUEXT_UNPIN_TABLE, mfn=0x80000000}], 1, [0], DOMID_SELF) = -EINVAL
mmuext_op([{cmd=MMUEXT_NEW_BASEPTR, mfn=0xfffff}], 1, [0], DOMID_SELF) = -EINVAL
mmuext_op([{cmd=MMUEXT_NEW_BASEPTR, mfn=0xffffffff}], 1, [0], DOMID_SELF) = -EINVAL
mmu_update([{ptr=0xfffffffffffff000, val=0}], 1, [0], DOMID_SELF) = -EINVAL
mmu_update([{ptr=0xfffff000, val=0}], 1, [0], DOMID_SELF) = -EINVAL
mmu_update([{ptr=0xffffffff000|MMU_MACHPHYS_UPDATE, val=0}], 1, [0], DOMID_SELF) = -EINVAL
update_descriptor(0xfffffffffffffff8, 0) = -EINVAL
update_descriptor(0xfffff000, 0) = -EINVAL
set_gdt([mfn(0x21), 0xffffffff], 1024) = -EINVAL
memory_op(XENMEM_decrease_reservation, {extent_start=[0xffffffff], nr_extents=1, domid=DOMID_SELF}) = 0
update_va_mapping(&buf, mfn(buf)|P|RW|A, UVMF_INVLPG) = 0
