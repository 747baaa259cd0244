# for: 3.2 4.17
# XSA-523 and XSA-500, one kind for another: copies of one batch kept what was found for the
# one before, though that had been named as a frame and this as a reference, or the other way
# round. Each is looked up anew; a frame's number is for oneself alone.
ring1-sequence 1
abi xen-3.0-pae 4.17

page a 0x20
page b 0x21
page c 0x22
write &a = "aaaa"
write &b = "bbbb"
write ma(grant_table)+64 = [u32 0x10001, u32 mfn(b)]
# Reference 8, frame 8, reference 8 once more.
grant_table_op(GNTTABOP_copy, [{source={u=8, domid=1}, dest={u=mfn(c), domid=DOMID_SELF}, len=4, flags=GNTCOPY_source_gref}, {source={u=8, domid=DOMID_SELF}, dest={u=mfn(c), domid=DOMID_SELF, offset=4}, len=4}, {source={u=mfn(a), domid=DOMID_SELF}, dest={u=mfn(c), domid=DOMID_SELF, offset=8}, len=4}], 3) = 0 => [{status=GNTST_okay}, {status=?}, {status=GNTST_okay}]
expect &c = "bbbb"
expect &c+4 = u32 0
expect &c+8 = "aaaa"
# A number is no right to another's frame.
grant_table_op(GNTTABOP_copy, [{source={u=mfn(a), domid=DOMID_SELF}, dest={u=mfn(c), domid=DOMID_SELF, offset=12}, len=4}, {source={u=mfn(a), domid=1}, dest={u=mfn(c), domid=DOMID_SELF, offset=12}, len=4}, {source={u=mfn(a), domid=DOMID_SELF}, dest={u=mfn(c), domid=0, offset=12}, len=4}], 3) = 0 => [{status=GNTST_okay}, {status=GNTST_permission_denied}, {status=GNTST_permission_denied}]
# Nor beyond the page.
grant_table_op(GNTTABOP_copy, [{source={u=mfn(a), domid=DOMID_SELF, offset=4095}, dest={u=mfn(c), domid=DOMID_SELF}, len=2}, {source={u=mfn(a), domid=DOMID_SELF}, dest={u=mfn(c), domid=DOMID_SELF, offset=0xffff}, len=1}, {source={u=mfn(a), domid=DOMID_SELF, offset=1}, dest={u=mfn(c), domid=DOMID_SELF, offset=1}, len=0xffff}], 3) = 0 => [{status=GNTST_bad_copy_arg}, {status=GNTST_bad_copy_arg}, {status=GNTST_bad_copy_arg}]
expect &c = "bbbb"
