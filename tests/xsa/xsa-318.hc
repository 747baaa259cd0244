# for: 4.17
# XSA-318, continuation formats: a list of copies that was stopped half-way went on with a
# success that nobody had had. Each is stopped here, at each step, and has its own status.
ring1-sequence 1
abi xen-3.0-pae 4.17

domain {preempt=every}
page a 0x20
page c 0x22
write &a = "0123"
grant_table_op(GNTTABOP_copy, [{source={u=mfn(a), domid=DOMID_SELF}, dest={u=mfn(c), domid=DOMID_SELF}, len=1}, {source={u=mfn(a), domid=DOMID_SELF, offset=1}, dest={u=mfn(c), domid=DOMID_SELF, offset=1}, len=1}, {source={u=99, domid=1}, dest={u=mfn(c), domid=DOMID_SELF, offset=2}, len=1, flags=GNTCOPY_source_gref}, {source={u=mfn(a), domid=DOMID_SELF, offset=3}, dest={u=mfn(c), domid=DOMID_SELF, offset=3}, len=1}], 4) = 0 => [{status=GNTST_okay}, {status=GNTST_okay}, {status=GNTST_general_error}, {status=GNTST_okay}]
expect &c = hex"30310033"
multicall = 0
  [0] grant_table_op(GNTTABOP_copy, [{source={u=mfn(a), domid=DOMID_SELF, offset=2}, dest={u=mfn(c), domid=DOMID_SELF, offset=2}, len=1}, {source={u=mfn(a), domid=DOMID_SELF, offset=2}, dest={u=mfn(c), domid=DOMID_SELF, offset=4}, len=1}], 2) = 0 => [{status=GNTST_okay}, {status=GNTST_okay}]
expect &c = "01232"
