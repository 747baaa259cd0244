# for: 3.2 4.17
# XSA-214, XSA-217, XSA-284 and XSA-287, pages given away: a page that a table, a mapping or
# Xen still holds went to somebody else, or came to nobody's account. It is transferred only
# when nothing but its owner has it.
ring1-sequence 1
abi xen-3.0-pae 4.17

page mapped
page table = l1
page held = l1 {0: 0}
memory_op(XENMEM_current_reservation, {domid=DOMID_SELF}) = 0x400
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(held)}], 1, [0], DOMID_SELF) = 0
grant_table_op(GNTTABOP_transfer, [{mfn=mfn(mapped), domid=1, ref=8}], 1) = 0 => [{status=GNTST_bad_page}]
grant_table_op(GNTTABOP_transfer, [{mfn=mfn(held), domid=1, ref=8}], 1) = 0 => [{status=GNTST_bad_page}]
grant_table_op(GNTTABOP_transfer, [{mfn=mfn(cr3), domid=1, ref=8}], 1) = 0 => [{status=GNTST_bad_page}]
grant_table_op(GNTTABOP_transfer, [{mfn=mfn(shared_info), domid=1, ref=8}], 1) = 0 => [{status=GNTST_bad_page}]
grant_table_op(GNTTABOP_transfer, [{mfn=mfn(grant_table), domid=1, ref=8}], 1) = 0 => [{status=GNTST_bad_page}]
grant_table_op(GNTTABOP_transfer, [{mfn=0xffffffff, domid=1, ref=8}], 1) = 0 => [{status=GNTST_bad_page}]
memory_op(XENMEM_current_reservation, {domid=DOMID_SELF}) = 0x400
# One that nobody has, to oneself.
write ma(grant_table)+64 = [u32 0x10002, u32 0x99]
update_va_mapping(&mapped, 0, UVMF_INVLPG) = 0
grant_table_op(GNTTABOP_transfer, [{mfn=mfn(mapped), domid=1, ref=8}], 1) = 0 => [{status=GNTST_okay}]
memory_op(XENMEM_current_reservation, {domid=DOMID_SELF}) = 0x400
update_va_mapping(&mapped, mfn(mapped)|P|RW|A, UVMF_INVLPG) = 0
# And to a reference that waits for none: it is lost, and in nobody's account.
update_va_mapping(&mapped, 0, UVMF_INVLPG) = 0
grant_table_op(GNTTABOP_transfer, [{mfn=mfn(mapped), domid=1, ref=9}], 1) = 0 => [{status=GNTST_general_error}]
memory_op(XENMEM_current_reservation, {domid=DOMID_SELF}) = 0x3ff
