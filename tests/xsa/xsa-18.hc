# for: 4.17
# XSA-18 and XSA-134, unchecked element addresses: swap_grant_ref took any reference for one
# of the table, and one of a table that there was not yet.
ring1-sequence 1
abi xen-3.0-pae 4.17

grant_table_op(GNTTABOP_swap_grant_ref, [{ref_a=8, ref_b=9}], 1) = 0 => [{status=GNTST_okay}]
grant_table_op(GNTTABOP_swap_grant_ref, [{ref_a=8, ref_b=512}], 1) = 0 => [{status=GNTST_bad_gntref}]
grant_table_op(GNTTABOP_swap_grant_ref, [{ref_a=0xffffffff, ref_b=8}], 1) = 0 => [{status=GNTST_bad_gntref}]
grant_table_op(GNTTABOP_swap_grant_ref, [{ref_a=0x20000000, ref_b=0x20000001}], 1) = 0 => [{status=GNTST_bad_gntref}]
grant_table_op(GNTTABOP_swap_grant_ref, [{ref_a=9, ref_b=9}], 1) = 0 => [{status=GNTST_okay}]
