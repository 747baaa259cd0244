# for: 3.0.4 3.2 4.17
# XSA-240, recursive page tables: linear tables one below the other, as many as wanted; when
# the last was given up, Xen's stack overflowed. One that is a linear table has none of its own.
ring1-sequence 1
abi xen-3.0-pae 4.17

page a = l2
page b = l2 {0: mfn(a)|P|A}
page c = l2 {0: mfn(b)|P|A}
page d = l2 {0: mfn(d)|P|A}
page e = l2 {0: mfn(e)|P|RW|A}
page f = l2 {0: mfn(d)|P|A, 1: mfn(a)|P|A}
mmuext_op([{cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(a)}], 1, [0], DOMID_SELF) = 0
mmuext_op([{cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(b)}], 1, [0], DOMID_SELF) = 0
mmuext_op([{cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(c)}], 1, [0], DOMID_SELF) = -EINVAL
# What maps itself is none for others to be counted.
mmuext_op([{cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(d)}], 1, [0], DOMID_SELF) = 0
mmuext_op([{cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(f)}], 1, [0], DOMID_SELF) = 0
mmuext_op([{cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(e)}], 1, [0], DOMID_SELF) = -EINVAL
# From the other end.
mmu_update([{ptr=ma(a)+64, val=mfn(f)|P}], 1, [0], DOMID_SELF) = -EINVAL
mmuext_op([{cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(a)}], 1, [0], DOMID_SELF) = 0
mmu_update([{ptr=ma(a)+64, val=mfn(f)|P}], 1, [0], DOMID_SELF) = -EINVAL
mmuext_op([{cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(b)}], 1, [0], DOMID_SELF) = 0
mmuext_op([{cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(f)}], 1, [0], DOMID_SELF) = 0
mmuext_op([{cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(a)}], 1, [0], DOMID_SELF) = -EINVAL
