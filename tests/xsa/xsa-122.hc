# for: 3.0.4 3.2 4.17
# XSA-122, bytes of the host: what xen_version left of its buffer came from the stack.
ring1-sequence 1
abi xen-3.0-pae 4.17

page buf
write &buf = [u64 0xffffffffffffffff, u64 0xffffffffffffffff]
xen_version(XENVER_extraversion, &buf) = 0
expect &buf+8 = u64 0
