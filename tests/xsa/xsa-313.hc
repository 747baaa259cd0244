# for: 4.17
# XSA-313 and XSA-151, host-byte leaks and frames that are lost: buffers for profiles held
# what was there before, and each call made others. They are made once, of zeroes but for
# their head; a size below 0 is not one.
ring1-sequence 1
abi xen-3.0-pae 4.17

page t
x = xenoprof_op(XENOPROF_get_buffer, {max_samples=-1}) = 0 => {nbuf=1}
xenoprof_op(XENOPROF_get_buffer, {max_samples=1}) = -EBUSY
xenoprof_op(XENOPROF_enable_virq, NULL) = -EPERM
xenoprof_op(XENOPROF_shutdown, NULL) = -EPERM
xenoprof_op(0xffffffff, NULL) = -EINVAL
