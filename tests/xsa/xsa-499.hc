# for: 4.17
# XSA-499, XSA-492, XSA-334, XSA-506 and XSA-132, rights: what is a toolstack's is refused
# before a lock is taken, a table is looked up or an answer is made; a list of buffers is as
# long as it says.
ring1-sequence 1
abi xen-3.0-pae 4.17

platform_op(hex"000000000000000000000000000000000000000000000000000000000000000000") = -EACCES
sysctl({cmd=1, interface_version=0}) = -EACCES
sysctl({cmd=1, interface_version=0x15}) = -EPERM
domctl({cmd=5, interface_version=0x15}) = -EPERM
domctl({cmd=2, interface_version=0x15, domain=77}) = -ESRCH
domctl({cmd=2, interface_version=0x15, domain=1}) = -EPERM
memory_op(XENMEM_acquire_resource, {domid=1}) = -EPERM
dm_op(1, 0, NULL) = ?
dm_op(1, 3, NULL) = -E2BIG
dm_op(1, 0xffffffff, NULL) = -E2BIG
dm_op(1, 1, 0xf5700000) = -EFAULT
