# for: 4.17
# XSA-264, XSA-45, XSA-252 and XSA-290, long work without a stop, and continuation formats:
# lists of pins are stopped at each step, alone and as an entry of a multicall, and come to
# the same; the count's bit for "goes on" and what a list leaves behind mean nothing else.
ring1-sequence 1
abi xen-3.0-pae 4.17

domain {preempt=every}
page buf
page a = l1 {0: mfn(buf)|P|RW|A}
page b = l1 {0: mfn(buf)|P|RW|A}
page c = l2 {0: mfn(a)|P|RW|US|A, 1: mfn(b)|P|RW|US|A}
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(a)}, {cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(b)}, {cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(c)}, {cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(a)}, {cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(a)}, {cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(b)}], 6, [0], DOMID_SELF) = -EINVAL => pdone=4
multicall = 0
  [0] mmuext_op([{cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(b)}, {cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(c)}, {cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(a)}], 3, [0], DOMID_SELF) = 0 => pdone=3
  [1] mmu_update([{ptr=ma(a)+8, val=mfn(buf)|P}, {ptr=ma(a)+16, val=mfn(a)|P|RW}, {ptr=ma(a)+24, val=mfn(buf)|P}], 3, [0], DOMID_SELF) = -EBUSY => pdone=1
expect &a+16 = [u64 0, u64 0]
mmuext_op([{cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(a)}], 0x80000001, [41], DOMID_SELF) = 0 => pdone=42
