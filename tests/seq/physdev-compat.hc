# for: 4.17
# The old number of physdev_op takes all commands of the new one; what Xen 4.17 said.
ring1-sequence 1
abi xen-3.0-pae 4.17

physdev_op_compat({cmd=PHYSDEVOP_setup_gsi, gsi=0, triggering=0, polarity=0}) = -EPERM
physdev_op_compat({cmd=PHYSDEVOP_manage_pci_add, bus=0, devfn=0}) = -EPERM
physdev_op_compat({cmd=PHYSDEVOP_restore_msi, bus=0, devfn=0}) = -ENODEV
physdev_op_compat({cmd=PHYSDEVOP_get_free_pirq, type=0, pirq=0}) = 0 => {pirq=55}
physdev_op_compat({cmd=PHYSDEVOP_unmap_pirq, domid=DOMID_SELF, pirq=3}) = -EPERM
physdev_op_compat({cmd=PHYSDEVOP_unmap_pirq, domid=77, pirq=3}) = -ESRCH
physdev_op_compat({cmd=PHYSDEVOP_irq_status_query, irq=3}) = 0 => {flags=1}
physdev_op_compat({cmd=PHYSDEVOP_pirq_eoi_gmfn_v2, gmfn=mfn(0x29)}) = 0
physdev_op_compat({cmd=PHYSDEVOP_pirq_eoi_gmfn_v2, gmfn=mfn(0x29)}) = -EBUSY
physdev_op_compat({cmd=PHYSDEVOP_irq_status_query, irq=3}) = 0 => {flags=1}
physdev_op_compat({cmd=99}) = -ENOSYS
physdev_op_compat(0xc0500000) = -EFAULT
