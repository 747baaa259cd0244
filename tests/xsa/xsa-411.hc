# for: 4.17
# XSA-411 and XSA-226, grants of grants: a transitive grant, of version 2, was followed for
# ever, or with the wrong counts. In a table of version 1 its kind is none that can be used.
ring1-sequence 1
abi xen-3.0-pae 4.17

page buf
page to
page gt 0x3f
update_va_mapping(&gt, mfn(grant_table)|P|RW|A, UVMF_INVLPG) = 0
write &gt+64 = [u32 0x10003, u32 mfn(buf)]
write &gt+72 = [u32 0x10001, u32 mfn(gt)]
grant_table_op(GNTTABOP_copy, [{source={u=8, domid=1}, dest={u=mfn(to), domid=DOMID_SELF}, len=4, flags=GNTCOPY_source_gref}], 1) = 0 => [{status=GNTST_general_error}]
grant_table_op(GNTTABOP_map_grant_ref, [{host_addr=0xc0030000, flags=GNTMAP_host_map, ref=8, dom=1}], 1) = 0 => [{status=GNTST_general_error}]
expect &gt+64 = u32 0x10003
