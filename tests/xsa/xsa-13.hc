# for: 4.17
# XSA-13, XSA-16, XSA-21 and XSA-87, unchecked element addresses and rights that were not
# asked for: numbers of interrupts beyond the domain's, and commands of those who own devices.
ring1-sequence 1
abi xen-3.0-pae 4.17

physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=55}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=54}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=53}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=52}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=51}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=50}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=49}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=48}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=47}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=46}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=45}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=44}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=43}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=42}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=41}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=40}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=39}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=38}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=37}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=36}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=35}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=34}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=33}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=32}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=31}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=30}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=29}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=28}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=27}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=26}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=25}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = 0 => {pirq=24}
physdev_op(PHYSDEVOP_get_free_pirq, {type=0}) = -ENOSPC
physdev_op(PHYSDEVOP_eoi, {irq=56}) = -EINVAL
physdev_op(PHYSDEVOP_eoi, {irq=0xffffffff}) = -EINVAL
physdev_op(PHYSDEVOP_irq_status_query, {irq=0x80000000}) = -EINVAL
physdev_op(PHYSDEVOP_setup_gsi, {gsi=0xffffffff}) = -EINVAL
event_channel_op(EVTCHNOP_bind_pirq, {pirq=56}) = -EINVAL
event_channel_op(EVTCHNOP_bind_pirq, {pirq=0xffffffff}) = -EINVAL
event_channel_op(EVTCHNOP_bind_pirq, {pirq=3}) = -EPERM
physdev_op(PHYSDEVOP_map_pirq, {domid=DOMID_SELF, type=1, index=-1, pirq=-1}) = -EPERM
physdev_op(PHYSDEVOP_map_pirq, {domid=DOMID_SELF, type=0, index=0x7fffffff, pirq=0x7fffffff}) = -EPERM
physdev_op(PHYSDEVOP_unmap_pirq, {domid=DOMID_SELF, pirq=-1}) = -EPERM
physdev_op(PHYSDEVOP_prepare_msix, {seg=0, bus=0, devfn=0}) = -EPERM
physdev_op(PHYSDEVOP_release_msix, {seg=0, bus=0, devfn=0}) = -EPERM
