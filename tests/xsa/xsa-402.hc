# for: 3.2 4.17
# XSA-402, odd flags: a page that is cached in another way than Xen has it can show what was
# there before. A domain without devices cannot ask for it.
ring1-sequence 1
abi xen-3.0-pae 4.17

page p
update_va_mapping(&p, mfn(p)|P|RW|A|PCD, UVMF_INVLPG) = -EINVAL
update_va_mapping(&p, mfn(p)|P|RW|A|PWT, UVMF_INVLPG) = -EINVAL
update_va_mapping(&p, mfn(p)|P|RW|A|PAT, UVMF_INVLPG) = -EINVAL
update_va_mapping(&p, mfn(p)|P|A|PCD|PWT|PAT, UVMF_INVLPG) = -EINVAL
update_va_mapping(&p, 0, UVMF_INVLPG) = 0
update_va_mapping(&p, mfn(p)|P|A|PCD, UVMF_INVLPG) = -EINVAL
update_va_mapping(&p, mfn(p)|P|A|PWT, UVMF_INVLPG) = -EINVAL
mmu_update([{ptr=ma(cr3)|MMU_NORMAL_PT_UPDATE, val=mfn(p)|P|PCD}], 1, [0], DOMID_SELF) = -EINVAL
update_va_mapping(&p, mfn(p)|P|RW|A, UVMF_INVLPG) = 0
