# for: 4.17
# What is looked at first: found by ring1 fuzz --oracle.
ring1-sequence 1
abi xen-3.0-pae 4.17

page a
memory_op(XENMEM_machine_memory_map, 0xc1) = -EFAULT
memory_op(XENMEM_machine_memory_map, {nr_entries=1, buffer=NULL}) = -EPERM
grant_table_op(GNTTABOP_get_status_frames, [{nr_frames=0, dom=DOMID_SELF}, {}], 2) = -EINVAL
update_va_mapping(&a, 0, UVMF_INVLPG) = 0
memory_op(XENMEM_decrease_reservation, {extent_start=[mfn(a)], nr_extents=1, mem_flags=12, domid=DOMID_SELF}) = 0
memory_op(XENMEM_decrease_reservation, {extent_start=[mfn(a)], nr_extents=1, mem_flags=13, domid=DOMID_SELF}) = 1
# A list without elements has an address all the same.
memory_op(XENMEM_exchange, {in={domid=DOMID_SELF}, out={extent_start=0xf5800000, domid=DOMID_SELF}}) = -EFAULT
memory_op(XENMEM_exchange, {in={extent_start=0xf5800000, domid=DOMID_SELF}, out={domid=DOMID_SELF}}) = -EFAULT
grant_table_op(GNTTABOP_setup_table, [{dom=DOMID_SELF, frame_list=0xf5800000}], 1) = -EFAULT
grant_table_op(GNTTABOP_get_status_frames, [{dom=DOMID_SELF, frame_list=0xf5800000}], 1) = -EFAULT
