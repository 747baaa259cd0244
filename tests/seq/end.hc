# for: 3.0.4 3.2 4.17
# iret finds no frame on the stack that a domain starts with: Xen kills it.
ring1-sequence 1
abi xen-3.0-pae 4.17

iret() = crash
