# for: 4.17
# XSA-24, unbounded counts: a list of frames longer than the table made Xen loop for ever.
ring1-sequence 1
abi xen-3.0-pae 4.17

grant_table_op(GNTTABOP_get_status_frames, [{nr_frames=0x20000000, dom=DOMID_SELF, frame_list=0xc0001800}], 1) = -EFAULT
grant_table_op(GNTTABOP_setup_table, [{dom=DOMID_SELF, nr_frames=0xffffffff, frame_list=0xc0001800}], 1) = -EFAULT
