# for: 4.17
# XSA-242, XSA-299, XSA-309, XSA-310 and XSA-58, references that a table leaves when it is
# refused half-way, and when that is stopped half-way and gone on with. Whatever had been
# taken is given back: each page can be anything again.
ring1-sequence 1
abi xen-3.0-pae 4.17

domain {preempt=every}
page p1
page p2
page good = l1 {0..99: mfn(p1)|P|RW|A, 100: mfn(p2)|P|A}
page bad = l1 {0: mfn(p1)|P|RW|A, 511: mfn(bad)|P|RW|A}
page lin = l2
page lin2 = l2
page low = l2 {0: mfn(good)|P|RW|US|A, 1: mfn(good)|P|RW|US|A, 2: mfn(lin)|P|A, 511: mfn(bad)|P|RW|US|A}
page slot3 = l2 {0: mfn(good)|P|RW|US|A}
page top = l3 {0: mfn(low)|P, 3: mfn(slot3)|P}
update_va_mapping(&p1, 0, UVMF_INVLPG) = 0
update_va_mapping(&p2, 0, UVMF_INVLPG) = 0
mmuext_op([{cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(lin)}], 1, [0], DOMID_SELF) = 0
mmuext_op([{cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(low)}], 1, [0], DOMID_SELF) = -EBUSY
mmuext_op([{cmd=MMUEXT_PIN_L3_TABLE, mfn=mfn(top)}], 1, [0], DOMID_SELF) = -EBUSY
mmuext_op([{cmd=MMUEXT_PIN_L3_TABLE, mfn=mfn(top)}, {cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(good)}], 2, [7], DOMID_SELF) = -EBUSY => pdone=0
# None of the refused ones has made a linear table of it.
mmuext_op([{cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(lin2)}], 1, [0], DOMID_SELF) = 0
mmu_update([{ptr=ma(lin), val=mfn(lin2)|P}], 1, [0], DOMID_SELF) = 0
mmuext_op([{cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(lin)}], 1, [0], DOMID_SELF) = 0
# Nobody has them but their owner.
memory_op(XENMEM_exchange, {in={extent_start=[mfn(p1), mfn(p2)], nr_extents=2, domid=DOMID_SELF}, out={extent_start=[pfn(p1), pfn(p2)], nr_extents=2, domid=DOMID_SELF}}) = 0 => {nr_exchanged=2}
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(lin)}, {cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(slot3)}], 2, [0], DOMID_SELF) = ?
update_va_mapping(&lin, 0, UVMF_INVLPG) = 0
