# for: 4.17
# What is looked at first: found by ring1 fuzz --oracle.
ring1-sequence 1
abi xen-3.0-pae 4.17

memory_op(XENMEM_machine_memory_map, 0xc1) = -EFAULT
memory_op(XENMEM_machine_memory_map, {nr_entries=1, buffer=NULL}) = -EPERM
grant_table_op(GNTTABOP_get_status_frames, 0xc1, 0) = 0
grant_table_op(GNTTABOP_get_status_frames, 0xc1, 1) = -EFAULT
grant_table_op(GNTTABOP_get_status_frames, 0xc1, 2) = -EINVAL
