# for: 4.17
# XSA-316, wrong-sign returns: a failing map returned 1 and said nothing, and a back end took
# it for success. An entry's error is below 0, and stands in the entry.
ring1-sequence 1
abi xen-3.0-pae 4.17

grant_table_op(GNTTABOP_map_grant_ref, [{host_addr=0xc0030000, flags=GNTMAP_host_map, ref=8, dom=1}, {host_addr=0xc0030000, ref=8, dom=1}, {host_addr=0xc0030000, flags=GNTMAP_host_map, ref=8, dom=77}, {host_addr=0xc0030000, flags=GNTMAP_host_map, ref=0xffffffff, dom=1}], 4) = 0 => [{status=GNTST_general_error}, {status=GNTST_bad_gntref}, {status=GNTST_bad_domain}, {status=GNTST_bad_gntref}]
grant_table_op(GNTTABOP_unmap_grant_ref, [{host_addr=0xc0030000, handle=0xffffffff}, {handle=0}], 2) = 0 => [{status=GNTST_bad_handle}, {status=GNTST_bad_handle}]
grant_table_op(GNTTABOP_map_grant_ref, NULL, 0x80000000) = -EINVAL
