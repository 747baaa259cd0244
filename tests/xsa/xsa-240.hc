# for: 3.0.4 3.2 4.17
# XSA-240, recursive page tables: linear tables one below the other made Xen's stack overflow
# when the first was given up. An entry that makes a linear table is never writable.
ring1-sequence 1
abi xen-3.0-pae 4.17

page a = l2
page b = l2 {0: mfn(a)|P|A}
page c = l2 {0: mfn(b)|P|A}
page d = l2 {0: mfn(d)|P|A}
page e = l2 {0: mfn(e)|P|RW|A}
mmuext_op([{cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(a)}], 1, [0], DOMID_SELF) = 0
mmuext_op([{cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(b)}], 1, [0], DOMID_SELF) = 0
mmuext_op([{cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(c)}], 1, [0], DOMID_SELF) = 0
mmuext_op([{cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(d)}], 1, [0], DOMID_SELF) = 0
mmuext_op([{cmd=MMUEXT_PIN_L2_TABLE, mfn=mfn(e)}], 1, [0], DOMID_SELF) = -EINVAL
mmuext_op([{cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(c)}], 1, [0], DOMID_SELF) = 0
mmuext_op([{cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(b)}], 1, [0], DOMID_SELF) = 0
mmuext_op([{cmd=MMUEXT_UNPIN_TABLE, mfn=mfn(a)}], 1, [0], DOMID_SELF) = 0
