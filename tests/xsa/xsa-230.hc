# for: 3.2 4.17
# XSA-230 and XSA-218, state cleared too early: when one of two users of a grant let go, its
# flags said that nobody read or wrote any more, and its owner used the page again.
ring1-sequence 1
abi xen-3.0-pae 4.17

page buf 0x20
page other
page gt 0x3f
update_va_mapping(&gt, mfn(grant_table)|P|RW|A, UVMF_INVLPG) = 0
write &gt+64 = [u32 0x10001, u32 mfn(buf)]
m = grant_table_op(GNTTABOP_map_grant_ref, [{host_addr=0xc0030000, flags=GNTMAP_host_map, ref=8, dom=1}], 1) = 0 => [{status=GNTST_okay}]
n = grant_table_op(GNTTABOP_map_grant_ref, [{host_addr=0xc0031000, flags=GNTMAP_host_map|GNTMAP_readonly, ref=8, dom=1}], 1) = 0 => [{status=GNTST_okay}]
grant_table_op(GNTTABOP_copy, [{source={u=8, domid=1}, dest={u=mfn(other), domid=DOMID_SELF}, len=16, flags=GNTCOPY_source_gref}], 1) = 0 => [{status=GNTST_okay}]
expect &gt+64 = u32 0x10019
grant_table_op(GNTTABOP_unmap_grant_ref, [{host_addr=0xc0030000, handle=m[0].handle}], 1) = 0 => [{status=GNTST_okay}]
# The reader is left.
expect &gt+64 = u32 0x10009
grant_table_op(GNTTABOP_unmap_grant_ref, [{host_addr=0xc0031000, handle=n[0].handle}], 1) = 0 => [{status=GNTST_okay}]
expect &gt+64 = u32 0x10001
