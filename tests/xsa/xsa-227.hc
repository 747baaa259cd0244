# for: 4.17
# XSA-227, misaligned entries: map_grant_ref wrote its entry where the guest said, whatever
# the low bits: across two entries, or across the end of a table. And only to what is an L1
# table.
ring1-sequence 1
abi xen-3.0-pae 4.17

page pt = l1
page buf 0x30
page plain 0x31
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(pt)}], 1, [0], DOMID_SELF) = 0
page gt 0x3f
update_va_mapping(&gt, mfn(grant_table)|P|RW|A, UVMF_INVLPG) = 0
write &gt+64 = [u32 0x10001, u32 mfn(buf)]
grant_table_op(GNTTABOP_map_grant_ref, [{host_addr=ma(pt)+1, flags=GNTMAP_host_map|GNTMAP_contains_pte, ref=8, dom=1}], 1) = 0 => [{status=GNTST_general_error}]
grant_table_op(GNTTABOP_map_grant_ref, [{host_addr=ma(pt)+4, flags=GNTMAP_host_map|GNTMAP_contains_pte, ref=8, dom=1}], 1) = 0 => [{status=GNTST_general_error}]
grant_table_op(GNTTABOP_map_grant_ref, [{host_addr=ma(pt)+0xffc, flags=GNTMAP_host_map|GNTMAP_contains_pte, ref=8, dom=1}], 1) = 0 => [{status=GNTST_general_error}]
grant_table_op(GNTTABOP_map_grant_ref, [{host_addr=ma(plain), flags=GNTMAP_host_map|GNTMAP_contains_pte, ref=8, dom=1}], 1) = 0 => [{status=GNTST_general_error}]
grant_table_op(GNTTABOP_map_grant_ref, [{host_addr=ma(cr3), flags=GNTMAP_host_map|GNTMAP_contains_pte, ref=8, dom=1}], 1) = 0 => [{status=GNTST_general_error}]
grant_table_op(GNTTABOP_map_grant_ref, [{host_addr=0xfffffffffffff000, flags=GNTMAP_host_map|GNTMAP_contains_pte, ref=8, dom=1}], 1) = 0 => [{status=GNTST_general_error}]
expect &pt = [u64 0, u64 0]
expect &pt+0xff8 = u64 0
expect &gt+64 = u32 0x10001
m = grant_table_op(GNTTABOP_map_grant_ref, [{host_addr=ma(pt)+0xff8, flags=GNTMAP_host_map|GNTMAP_contains_pte, ref=8, dom=1}], 1) = 0 => [{status=GNTST_okay}]
grant_table_op(GNTTABOP_unmap_grant_ref, [{host_addr=ma(pt)+0xff8, handle=m[0].handle}], 1) = 0 => [{status=GNTST_okay}]
