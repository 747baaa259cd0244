# for: 4.17
# XSA-24, XSA-380 and XSA-344, unbounded counts: lists that are longer than memory. What can
# be read is done, and the first that cannot is the end.
ring1-sequence 1
abi xen-3.0-pae 4.17

mmu_update(0xc0000ff0, 0x7fffffff, NULL, DOMID_SELF) = ?
mmuext_op(0xf57fff00, 0x7fffffff, NULL, DOMID_SELF) = -EFAULT
mmuext_op(0xfffffff0, 0x7fffffff, NULL, DOMID_SELF) = -EFAULT
grant_table_op(GNTTABOP_copy, 0xf57ff000, 0x7fffffff) = -EFAULT
grant_table_op(GNTTABOP_unmap_grant_ref, 0xfffffff8, 0x7fffffff) = -EFAULT
grant_table_op(GNTTABOP_transfer, 0xffffffff, 1) = -EFAULT
hypercall_13(0xfffffff0, 0xffffffff) = -EFAULT
hypercall_13(0xf57fffff, 0x8000001) = -EFAULT
set_trap_table(0xfffffffc) = -EFAULT
console_io(CONSOLEIO_write, 0x80000000, NULL) = -EFAULT
console_io(CONSOLEIO_read, 0x80000000, 0xc0000000) = -E2BIG
memory_op(XENMEM_machphys_mfn_list, {max_extents=0xffffffff, extent_start=0xfffffff0}) = -EFAULT
memory_op(XENMEM_memory_map, {nr_entries=0xffffffff, buffer=0xfffffff0}) = -EFAULT
sched_op(SCHEDOP_poll, {ports=0xfffffff0, nr_ports=128, timeout=1}) = -EFAULT
