# for: 4.17
# XSA-520 and XSA-232, reference leaks on the way out: cache_flush kept the page that it had
# looked at when there was nothing to do, or looked for a grant table of an owner who has
# none. Afterwards nobody has the page but its owner.
ring1-sequence 1
abi xen-3.0-pae 4.17

page p
grant_table_op(GNTTABOP_cache_flush, [{a=ma(p), length=16, op=1}], 1) = 0
grant_table_op(GNTTABOP_cache_flush, [{a=ma(p), offset=4095, length=2, op=1}], 1) = -EINVAL
grant_table_op(GNTTABOP_cache_flush, [{a=ma(p), length=16, op=0}], 1) = 0
grant_table_op(GNTTABOP_cache_flush, [{a=ma(p), length=16, op=0xff}], 1) = -EINVAL
grant_table_op(GNTTABOP_cache_flush, [{a=0xffffffffffffffff, length=1, op=1}], 1) = -EINVAL
grant_table_op(GNTTABOP_cache_flush, [{a=0x1000, length=1, op=1}], 1) = -EPERM
update_va_mapping(&p, 0, UVMF_INVLPG) = 0
memory_op(XENMEM_exchange, {in={extent_start=[mfn(p)], nr_extents=1, domid=DOMID_SELF}, out={extent_start=[pfn(p)], nr_extents=1, domid=DOMID_SELF}}) = 0
