# a test
ring1-sequence 1  # version
abi xen-3.0-pae 4.17


domain {memory=16M, vcpus=2}
page pt1 0x40 = l1 {0: mfn(buf)|P|RW|A|D, 1..3: mfn(0x101..)|P|A}
page buf
page d = {  # contents
   0x10: "hello\n", # text
   0x20: u32 5, 0x30: hex"00ff" # bytes
}
r1 = event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF, remote_dom=0}) = 0 => {port=3}
event_channel_op(EVTCHNOP_close, {port=r1.port}) = 0 # done
mmu_update([{ptr=ma(pt1)+8|MMU_NORMAL_PT_UPDATE, val=mfn(buf)|P|RW}], 1, NULL, DOMID_SELF) = -EINVAL (Invalid argument): l1 entry # 37
multicall = 0
  # among
  [0] xen_version(XENVER_version, NULL) = 0x40011
  [1] xen_version#49(1, {}@0xc0105000) = 0 => {extraversion=".17"...}
# not among
time 1.5
v1: vcpu_op(VCPUOP_is_up, 1, NULL) = ?
write &buf+8 = u64 7
ptwrite 0xc0105008 = mfn 0x1a3/pfn 0x21|P
hypercall_61(1, 2, hex"00")
multicall(0|c0105000, 2) = 0
  [0] set_timer_op(1.000000001s) = 0
  [1] mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=r1.extent_start[3]}, ...], 1|MMU_UPDATE_PREEMPTED, &buf+4, DOMID_SELF) = 0 => pdone=1
expect &buf = [1, 2, ... 3 more]
