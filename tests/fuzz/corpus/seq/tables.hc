ring1-sequence 1
abi xen-3.0-pae
domain {memory=1M, vcpus=2, cr3=top, arena=0x40000000, assist=VMASST_TYPE_writable_pagetables}
page top = l3 {1: mfn(b)|P, 3: mfn(c)|P}
page c = l2
page b = l2 {0: mfn(a)|P|RW|A}
page a = l1 {0..15: mfn(0x60..)|P|RW|A, 16: mfn(a)|P|A}
ptwrite 0x40010088 = mfn(0x70)|P
expect 0x40010088 = mfn(0x70)|P
v1: iret()
