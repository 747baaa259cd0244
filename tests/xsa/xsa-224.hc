# for: 3.2 4.17
# XSA-224, XSA-394 and XSA-50, reference leaks over map and unmap: a grant that was mapped for
# a device and for the host, and given up for one of them, lost the references of both, or of
# one twice. While anything maps it the page is held writable, and cannot be a table.
ring1-sequence 1
abi xen-3.0-pae 4.17

page buf 0x20
page gt 0x3f
update_va_mapping(&gt, mfn(grant_table)|P|RW|A, UVMF_INVLPG) = 0
write &gt+64 = [u32 0x10001, u32 mfn(buf)]
update_va_mapping(&buf, mfn(buf)|P|A, UVMF_INVLPG) = 0
m = grant_table_op(GNTTABOP_map_grant_ref, [{host_addr=0xc0030000, flags=GNTMAP_device_map|GNTMAP_host_map, ref=8, dom=1}], 1) = 0 => [{status=GNTST_okay}]
grant_table_op(GNTTABOP_unmap_grant_ref, [{host_addr=0xc0030000, handle=m[0].handle}], 1) = 0 => [{status=GNTST_okay}]
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(buf)}], 1, [0], DOMID_SELF) = -EINVAL
# It is in use: reading and writing, for the device.
expect &gt+64 = u32 0x10019
grant_table_op(GNTTABOP_unmap_grant_ref, [{host_addr=0xc0030000, handle=m[0].handle}], 1) = 0 => [{status=GNTST_okay}]
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(buf)}], 1, [0], DOMID_SELF) = -EINVAL
grant_table_op(GNTTABOP_unmap_grant_ref, [{dev_bus_addr=ma(buf), handle=m[0].handle}], 1) = 0 => [{status=GNTST_okay}]
grant_table_op(GNTTABOP_unmap_grant_ref, [{dev_bus_addr=ma(buf), handle=m[0].handle}], 1) = 0 => [{status=GNTST_bad_handle}]
expect &gt+64 = u32 0x10001
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(buf)}], 1, [0], DOMID_SELF) = 0
