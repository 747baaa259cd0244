# for: 4.17
# A page table that is pinned is given back: it is the domain's until it is unpinned.
ring1-sequence 1
abi xen-3.0-pae 4.17

page t 0x25
update_va_mapping(&t, 0, UVMF_INVLPG) = 0
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(t)}], 1, 0, DOMID_SELF) = 0
memory_op(XENMEM_decrease_reservation, {extent_start=[mfn(t)], nr_extents=1, extent_order=0, mem_flags=0, domid=DOMID_SELF}) = 1
update_va_mapping(&t, mfn(t)|P|A, UVMF_INVLPG) = 0
update_va_mapping(&t, mfn(t)|P|RW|A, UVMF_INVLPG) = -EBUSY
mmuext_op([{cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(t)}], 1, 0, DOMID_SELF) = 0
update_va_mapping(&t, 0, UVMF_INVLPG) = 0
update_va_mapping(&t, mfn(t)|P|A, UVMF_INVLPG) = -EBUSY
# Frames that are asked for beyond 1020 are not looked at when the last one is.
memory_op(XENMEM_acquire_resource, {domid=DOMID_SELF, type=XENMEM_resource_vmtrace_buf, id=0, nr_frames=1021, frame=0xfffffc03, frame_list=1}) = -ESRCH
memory_op(XENMEM_acquire_resource, {domid=DOMID_SELF, type=XENMEM_resource_vmtrace_buf, id=0, nr_frames=1021, frame=0xfffffc04, frame_list=1}) = -EINVAL
