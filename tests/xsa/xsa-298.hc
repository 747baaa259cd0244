# for: 4.17
# XSA-298, descriptor limits: a selector beyond the table's end was looked up all the same.
# Tables have ends, and their pages hold what a guest may have.
ring1-sequence 1
abi xen-3.0-pae 4.17

page g = gdt {0: 0, 1: 0xcfba000000ffff}
page w
page evil = gdt {7: 0x8b0000000067}
set_gdt([mfn(g)], 7169) = -EINVAL
set_gdt([mfn(g)], 0xffffffff) = -EINVAL
set_gdt([mfn(g)], 0x80000200) = -EINVAL
set_gdt([mfn(w)], 512) = -EINVAL
set_gdt([mfn(evil)], 512) = -EINVAL
set_gdt([mfn(g), mfn(evil)], 513) = -EINVAL
mmuext_op([{cmd=MMUEXT_SET_LDT, linear_addr=&g, nr_ents=8193}], 1, [0], DOMID_SELF) = -EINVAL
mmuext_op([{cmd=MMUEXT_SET_LDT, linear_addr=&g+8, nr_ents=1}], 1, [0], DOMID_SELF) = -EINVAL
mmuext_op([{cmd=MMUEXT_SET_LDT, linear_addr=&g, nr_ents=0xffffffff}], 1, [0], DOMID_SELF) = -EINVAL
set_gdt([mfn(g)], 512) = 0
# A TSS, an interrupt gate, a 64-bit code segment, a gate to Xen's code; not aligned.
update_descriptor(ma(g)+8, 0x890000000067) = -EINVAL
update_descriptor(ma(g)+8, 0x8e0000080000) = -EINVAL
update_descriptor(ma(g)+8, 0xaffa000000ffff) = -EINVAL
update_descriptor(ma(g)+8, 0xec00e0080000) = -EINVAL
update_descriptor(ma(g)+4, 0xcfba000000ffff) = -EINVAL
update_descriptor(ma(cr3), 0) = -EINVAL
# Ring 0 becomes ring 1.
update_descriptor(ma(g)+8, 0xcf9a000000ffff) = 0
expect &g+8 = u64 0xcfba000000ffff
