# for: 4.17
# XSA-26, XSA-255, XSA-379 and XSA-382, a table that changes its form: status frames of
# version 2 were given up and used on, or counted by a number that the guest gave. Version 1
# is all that is offered here, and says so.
ring1-sequence 1
abi xen-3.0-pae 4.17

grant_table_op(GNTTABOP_set_version, [{version=2}], 1) = -ENOSYS
grant_table_op(GNTTABOP_set_version, [{version=0xffffffff}], 1) = -EINVAL
grant_table_op(GNTTABOP_set_version, [{version=1}], 1) = 0
grant_table_op(GNTTABOP_get_version, [{dom=DOMID_SELF}], 1) = 0 => [{version=1}]
grant_table_op(GNTTABOP_get_status_frames, [{nr_frames=1, dom=DOMID_SELF, frame_list=[...]}], 1) = 0
grant_table_op(GNTTABOP_get_status_frames, [{nr_frames=0x1fffffff, dom=DOMID_SELF, frame_list=NULL}], 1) = -EFAULT
