# for: 3.2 4.17
# XSA-234, state left after failure: an entry that no longer was the grant's mapping was given
# up as if it were, and the references were another's. Such a mapping stays in use.
ring1-sequence 1
abi xen-3.0-pae 4.17

page buf 0x20
page other
page gt 0x3f
update_va_mapping(&gt, mfn(grant_table)|P|RW|A, UVMF_INVLPG) = 0
write &gt+64 = [u32 0x10001, u32 mfn(buf)]
m = grant_table_op(GNTTABOP_map_grant_ref, [{host_addr=0xc0030000, flags=GNTMAP_host_map, ref=8, dom=1}], 1) = 0 => [{status=GNTST_okay}]
update_va_mapping(0xc0030000, mfn(other)|P|RW|A, UVMF_INVLPG) = 0
grant_table_op(GNTTABOP_unmap_grant_ref, [{host_addr=0xc0030000, handle=m[0].handle}], 1) = 0 => [{status=GNTST_general_error}]
update_va_mapping(0xc0030000, 0, UVMF_INVLPG) = 0
grant_table_op(GNTTABOP_unmap_grant_ref, [{host_addr=0xc0030000, handle=m[0].handle}], 1) = 0 => [{status=GNTST_general_error}]
# Another entry that maps it, too, will do; nothing is counted twice.
grant_table_op(GNTTABOP_unmap_grant_ref, [{host_addr=&buf, handle=m[0].handle}], 1) = 0 => [{status=GNTST_okay}]
grant_table_op(GNTTABOP_unmap_grant_ref, [{host_addr=&buf, handle=m[0].handle}], 1) = 0 => [{status=GNTST_bad_handle}]
expect &gt+64 = u32 0x10001
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(buf)}], 1, [0], DOMID_SELF) = 0
