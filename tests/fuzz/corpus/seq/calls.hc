ring1-sequence 1
abi xen-3.0-pae 4.17
domain {memory=4M, vcpus=2}
page pt1 = l1 {0: mfn(buf)|P|RW|A|D, 1..3: mfn(0x101..)|P|A}
page buf = {0x10: "hello"}
r1 = event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF, remote_dom=0}) = 0 => {port=3}
event_channel_op(EVTCHNOP_close, {port=r1.port}) = 0
event_channel_op(EVTCHNOP_close, {port=r1.port}) = -EINVAL
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(pt1)}], 1, [0], DOMID_SELF) = 0 => pdone=1
update_va_mapping(&buf, mfn(buf)|P|A, UVMF_INVLPG) = 0
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(pt1)}], 1, [0], DOMID_SELF) = -EINVAL => pdone=0
mmu_update([{ptr=ma(pt1)+8|MMU_NORMAL_PT_UPDATE, val=mfn(buf)|P|RW}], 1, NULL, DOMID_SELF)
m = multicall = 0
  [0] xen_version(XENVER_version, NULL) = 0x40011
  [1] e = xen_version(XENVER_extraversion, {...}) = 0
  [2] event_channel_op(EVTCHNOP_bind_virq, {virq=VIRQ_TIMER, vcpu=0}) = 0 => {port=3}
expect &buf+0x10 = "hello"
memory_op(XENMEM_decrease_reservation, {extent_start=[mfn(0x80)], nr_extents=1, domid=DOMID_SELF}) = 1
