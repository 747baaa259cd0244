# for: 4.17
# XSA-296, state left after failure: VCPUOP_initialise with a bad page table could be made to
# go on for ever, or to be done twice. It is refused and leaves nothing; then it works, once.
ring1-sequence 1
abi xen-3.0-pae 4.17

domain {vcpus=2, preempt=every}
page g 0x21 = gdt
page bad = l3 {0: mfn(bad)|P}
page p 0x20
vcpu_op(VCPUOP_initialise, 1, {flags=0x4, gdt_frames=[mfn(g)], gdt_ents=512, ctrlreg=[0, 0, 0, 0]}) = -EINVAL
vcpu_op(VCPUOP_initialise, 1, {flags=0x4, gdt_frames=[mfn(g)], gdt_ents=512, ctrlreg=[0, 0, 0, ma(bad)]}) = -EINVAL
vcpu_op(VCPUOP_initialise, 1, {flags=0x4, gdt_frames=[mfn(p)], gdt_ents=512, ctrlreg=[0, 0, 0, ma(cr3)]}) = -EINVAL
vcpu_op(VCPUOP_initialise, 1, {flags=0x4, gdt_ents=7169, ctrlreg=[0, 0, 0, ma(cr3)]}) = -EINVAL
vcpu_op(VCPUOP_initialise, 1, {flags=0x4, ldt_base=0xc0000001, ldt_ents=1, ctrlreg=[0, 0, 0, ma(cr3)]}) = -EINVAL
vcpu_op(VCPUOP_initialise, 1, {flags=0x4, ldt_ents=8193, ctrlreg=[0, 0, 0, ma(cr3)]}) = -EINVAL
vcpu_op(VCPUOP_initialise, 2, {flags=0x4, ctrlreg=[0, 0, 0, ma(cr3)]}) = -ENOENT
vcpu_op(VCPUOP_up, 1, NULL) = -EINVAL
# Nobody holds the pages.
update_va_mapping(&g, mfn(g)|P|RW|A, UVMF_INVLPG) = 0
vcpu_op(VCPUOP_initialise, 1, {flags=0x4, user_regs={cs=0xe019, ss=0xe021}, ctrlreg=[0, 0, 0, ma(cr3)]}) = 0
vcpu_op(VCPUOP_initialise, 1, {flags=0x4, ctrlreg=[0, 0, 0, ma(cr3)]}) = -EEXIST
vcpu_op(VCPUOP_initialise, 0, {flags=0x4, ctrlreg=[0, 0, 0, ma(cr3)]}) = -EEXIST
