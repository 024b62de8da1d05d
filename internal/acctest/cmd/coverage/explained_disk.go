package main

// Reasons of libvirt_rbd_disk.
const (
	namespaceTooNew = "The hypervisors of `make test` have a libvirt older than 11.6, on which a namespace is refused, and tested as such; " +
		"`make test-matrix` has newer ones."
	sizeIsTold = "What a guest is told of a grown image is stored nowhere: an import leaves it unset."
)

func init() {
	for mark, reason := range map[string]string{
		"libvirt_rbd_disk hypervisor drifted":        hostLabel,
		"libvirt_rbd_disk namespace set":             namespaceTooNew,
		"libvirt_rbd_disk namespace changed":         namespaceTooNew,
		"libvirt_rbd_disk namespace cleared":         namespaceTooNew,
		"libvirt_rbd_disk namespace imported":        namespaceTooNew,
		"libvirt_rbd_disk namespace drifted":         namespaceTooNew,
		"libvirt_rbd_disk namespace running":         namespaceTooNew,
		"libvirt_rbd_disk namespace transient":       namespaceTooNew,
		"libvirt_rbd_disk size imported":             sizeIsTold,
		"libvirt_rbd_disk attach_probe imported":     ours,
		"libvirt_rbd_disk attach_probe drifted":      ours,
		"libvirt_rbd_disk on_change imported":        ours,
		"libvirt_rbd_disk on_change drifted":         ours,
		"libvirt_rbd_disk on_source_change imported": ours,
		"libvirt_rbd_disk on_source_change drifted":  ours,
		"libvirt_rbd_disk timeouts changed":          timeLimits,
		"libvirt_rbd_disk timeouts cleared":          timeLimits,
		"libvirt_rbd_disk timeouts imported":         timeLimits,
		"libvirt_rbd_disk timeouts drifted":          timeLimits,
	} {
		explained[mark] = reason
	}
}
