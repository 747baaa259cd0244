# for: 3.2 4.17
# The grant table's frames, and what a foreign domain is refused.
ring1-sequence 1
abi xen-3.0-pae 4.17

page table
s = grant_table_op(GNTTABOP_setup_table, [{dom=DOMID_SELF, nr_frames=1, frame_list=[...]}], 1) = 0 => [{status=GNTST_okay}]
update_va_mapping(&table, mfn(s[0].frame_list[0])|P|RW|A, UVMF_INVLPG) = 0
write &table+64 = u32 0
expect &table+64 = u32 0
write &table+64 = [u32 0x10001, u32 mfn(table)]
m = grant_table_op(GNTTABOP_map_grant_ref, [{host_addr=0xc0030000, flags=GNTMAP_host_map, ref=8, dom=1}], 1) = 0 => [{status=GNTST_okay}]
grant_table_op(GNTTABOP_unmap_grant_ref, [{host_addr=0xc0030000, handle=m[0].handle}], 1) = 0 => [{status=GNTST_okay}]
write &table+64 = [u32 0, u32 0]
grant_table_op(GNTTABOP_setup_table, [{dom=77, nr_frames=1, frame_list=[...]}], 1) = 0 => [{status=?}]
grant_table_op(GNTTABOP_map_grant_ref, [{host_addr=0xc0020000, flags=GNTMAP_host_map, ref=5000, dom=DOMID_SELF}], 1) = 0
grant_table_op(99, NULL, 0) = -ENOSYS
