package main

// Reasons of libvirt_ceph_secret and libvirt_volume_secret.
const (
	hostLabel   = "A label of the provider block: libvirt does not know it. That it leads to another host is an error, and tested as such."
	notRead     = "No value is read: after an import the version is null. That the first one writes the passphrase is tested."
	uuidIsFixed = "libvirt never changes a secret's UUID: a secret under another one is another secret, and this one is gone."
)

func init() {
	for mark, reason := range map[string]string{
		"libvirt_ceph_secret hypervisor drifted": hostLabel,
		"libvirt_ceph_secret key imported":       noKeyRead,
		"libvirt_ceph_secret uuid drifted":       uuidIsFixed,
		"libvirt_ceph_secret timeouts changed":   timeLimits,
		"libvirt_ceph_secret timeouts cleared":   timeLimits,
		"libvirt_ceph_secret timeouts imported":  timeLimits,
		"libvirt_ceph_secret timeouts drifted":   timeLimits,

		"libvirt_volume_secret hypervisor drifted":             hostLabel,
		"libvirt_volume_secret passphrase_wo imported":         notRead,
		"libvirt_volume_secret passphrase_wo_version imported": notRead,
		"libvirt_volume_secret uuid drifted":                   uuidIsFixed,
		"libvirt_volume_secret timeouts changed":               timeLimits,
		"libvirt_volume_secret timeouts cleared":               timeLimits,
		"libvirt_volume_secret timeouts imported":              timeLimits,
		"libvirt_volume_secret timeouts drifted":               timeLimits,
	} {
		explained[mark] = reason
	}
}
