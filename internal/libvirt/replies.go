package libvirt

import (
	"regexp"
	"strings"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// reply is what phrases in a reply of the daemon mean, where several causes share one code.
type reply struct {
	words []string // phrases, any of them
	meaning
}

// seeWhyEnded is what to do about a guest that nobody has ended on purpose.
const seeWhyEnded = "see on the host why QEMU has ended: /var/log/libvirt/qemu has a log for each domain"

// replies are found by their phrases alone. The first that fits counts.
var replies = []reply{
	{[]string{"Unknown driver 'rbd'", "Unknown protocol 'rbd'", "module block-block-rbd not found"}, meaning{
		problem.Unsupported, "QEMU on this host lacks its RBD driver, so it can't open any RBD image.",
		"Install it on the hypervisor, then apply again: the package is qemu-block-extra on Debian and Ubuntu, qemu-kvm-block-rbd on RHEL," +
			" Rocky and Alma, qemu-block-rbd on Fedora and SUSE.",
	}},
	{[]string{"error connecting: Permission denied", "error connecting: Operation not permitted"}, meaning{
		problem.Refused, "The cluster refuses the user with the key that the secret on this host holds.",
		"Set the secret's value to the user's present key, and give the user mon caps of `profile rbd`; then apply again.",
	}},
	{[]string{"error connecting: Connection timed out"}, meaning{
		problem.Refused, "From this host the cluster's monitors did not answer in time, or they refuse the user's key: librbd waits without" +
			" an error for both.",
		"On the host itself, check that the monitors can be reached and that the secret holds the user's key, then apply again.",
	}},
	{[]string{"error connecting: Invalid argument"}, meaning{
		problem.Refused, "librbd on this host can't use the secret's value as a key: it isn't the decoded key, or one of a type that this" +
			" librbd is too old for (aes256k).",
		"Set the secret's value to the decoded key, as libvirt_ceph_secret does, then apply again. A key of type aes256k needs librbd1 and" +
			" librados2 of Ceph 19.2.6, 20.2.4 or newer on the host.",
	}},
	{[]string{"error connecting: No such file or directory"}, meaning{
		problem.Refused, "librbd on this host knows no monitor of the cluster.",
		"Set monitors of the disk, or mon_host in the file that its config_file names, then apply again.",
	}},
	{[]string{"error reading conf file"}, meaning{
		problem.Refused, "QEMU can't read the ceph.conf that the disk names, on this host.",
		"Put the file that the reply names there, readable for QEMU's user, or correct config_file of the disk; then apply again.",
	}},
	{[]string{"error opening pool"}, meaning{
		problem.Refused, "The cluster has no pool of this name for the user.",
		"Correct pool, or the monitors if they are another cluster's, then apply again.",
	}},
	{[]string{"error reading header from", "error opening image"}, meaning{}}, // told apart by openingReply
	{[]string{"cannot hot unplug", "'device_del': Bus"}, meaning{
		problem.Unsupported, "The disk can't be taken from a running domain: there is no hot-unplug at the place that the reply names.",
		"Shut the domain off and apply again.",
	}},
	{[]string{"does not support hotplugging"}, meaning{
		problem.Unsupported, "Nothing can be plugged in there while the guest runs: the bus that the reply names has no hot-plug in this" +
			" machine, as pci.0 has none in a domain without <acpi/>.",
		"Shut the domain off, apply, and start it: the disk is then in the saved definition.",
	}},
	{[]string{"No more available PCI"}, meaning{
		problem.Other, "The running guest has no free PCI slot for the disk, or for the controller of its bus.",
		"Shut the domain off, apply, and start it: libvirt adds a port by itself then. Where the domain has a virtio-scsi controller already," +
			" disks with bus = \"scsi\" need no slot, unless their address names another controller. For what is plugged in later add" +
			" pcie-root-port controllers to the domain, one for each.",
	}},
	{[]string{"controller with index"}, meaning{
		problem.Unsupported, "The running guest has no controller for a disk on this bus, and none can be plugged in.",
		"Shut the domain off, apply, and start it: libvirt adds the controller by itself then. Or set another bus.",
	}},
	{[]string{"Domain has no USB bus support"}, meaning{
		problem.Unsupported, "The domain has no USB controller.", "Set another bus, or add a USB controller to the domain.",
	}},
	{[]string{"already in active block job", "block copy still active"}, meaning{
		problem.Busy, "A block job (copy, backup, commit) runs on this disk.", "Wait until it has ended (virsh blockjob shows it), then apply" +
			" again.",
	}},
	{[]string{"no secret with matching"}, meaning{
		problem.Invalid, "The secret isn't defined on this host.", "Define it there with libvirt_ceph_secret, then apply again.",
	}},
	{[]string{"' does not have a value"}, meaning{
		problem.Invalid, "The secret is defined on this host, but has no value there.",
		"Set its value, the user's key, as libvirt_ceph_secret does (virsh secret-set-value), then apply again.",
	}},
	{[]string{"domain is not running"}, meaning{
		problem.Busy, "The domain isn't running any more: it was shut off, or its QEMU has ended.",
		"Apply again: the disk is then changed in the saved definition. Where nobody has shut the domain off, " + seeWhyEnded + ".",
	}},
	// Not "qemu unexpectedly closed the monitor", which is said of a QEMU that is being started: only a probe is, and its advice fits.
	{[]string{
		"Unable to read from monitor", "Unable to write to monitor", "End of file from qemu monitor", "QEMU monitor was closed",
		"domain is no longer running",
	}, meaning{
		problem.Busy, "QEMU of the domain has ended during the call: it crashed, or somebody has ended it.",
		"First " + seeWhyEnded + ". Then apply again; the next refresh shows whether the domain runs.",
	}},
	{[]string{"No space left on device", "Disk quota exceeded", "Read-only file system", "failed to write master key file"}, meaning{
		problem.Other, "The hypervisor can't write a file of its own: the file system is full, or read-only. What was defined before is still" +
			" there.",
		"Make room on the host (df -h), in the folder that the reply names or in that of libvirt's own files (/var/lib/libvirt), then apply" +
			" again.",
	}},
	{[]string{"transient domains do not have any persistent config", "domain is transient", "cannot modify a transient domain"}, meaning{
		problem.Busy, "The domain has no saved definition any more: it isn't in the state that this needs.", "Apply again: the disk is then" +
			" changed in the running guest alone.",
	}},
}

// heldBy finds the call in "cannot acquire state change lock (held by monitor=remoteDispatchDomainAttachDeviceFlags)".
var heldBy = regexp.MustCompile(`held by (?:[a-z]+=)?(?:remoteDispatch)?([A-Za-z0-9]+)`)

// holdingCalls are the calls that can hold a domain, by a part of their names.
var holdingCalls = []struct{ call, why, do string }{
	{"AttachDevice", "An attach holds the domain, as long as its image is being opened: monitors that don't answer take minutes.", "Wait" +
		" until it has ended, then apply again."},
	{"Migrat", "A migration holds the domain.", "Wait until it has ended (virsh domjobinfo shows it), then apply again."},
	{"Backup", "The begin of a backup holds the domain.", "Wait until it has ended (virsh domjobinfo shows it), then apply again."},
	{"Snapshot", "A snapshot holds the domain.", "Wait until it has ended (virsh domjobinfo shows it), then apply again."},
	{"Save", "A save of the guest's memory holds the domain.", "Wait until it has ended (virsh domjobinfo shows it), then apply again."},
	{"Dump", "A dump of the guest's memory holds the domain.", "Wait until it has ended (virsh domjobinfo shows it), then apply again."},
}

// meaningOf is what the text of a reply means; ok is false where it says no more than its code.
func meaningOf(refused rpc.Error) (found meaning, ok bool) {
	if rpc.ErrorNumber(refused.Code) == rpc.ErrOperationTimeout { //nolint:gosec // libvirt's codes are small.
		return heldMeaning(refused.Message)
	}
	for _, r := range replies {
		for _, words := range r.words {
			if !strings.Contains(refused.Message, words) {
				continue
			}
			if r.why == "" {
				return openingReply(refused.Message), true
			}
			return r.meaning, true
		}
	}
	return meaning{}, false
}

func heldMeaning(message string) (told meaning, ok bool) {
	found := heldBy.FindStringSubmatch(message)
	if found == nil {
		return meaning{}, false
	}
	for _, h := range holdingCalls {
		if strings.Contains(found[1], h.call) {
			return meaning{problem.Busy, h.why, h.do}, true
		}
	}
	return meaning{problem.Busy, "Another call holds the domain: " + found[1] + ".", "Wait until it has ended, then apply again."}, true
}

// openingReply is the meaning of a reply about an image that librbd can't open although it is connected.
func openingReply(message string) meaning {
	if strings.Contains(message, "No such file or directory") {
		return meaning{
			problem.Refused, "The cluster has no such image, or snapshot of it, that the user can see.",
			"Correct pool, image and snapshot, or the monitors if they are another cluster's; then apply again.",
		}
	}
	if strings.Contains(message, "not permitted") || strings.Contains(message, "Permission denied") {
		return meaning{
			problem.Refused, "The user's caps miss this pool or namespace.",
			"Give the user osd caps of `profile rbd pool=POOL` (and namespace=NAMESPACE), then apply again. A read-only disk needs them too: QEMU" +
				" opens it as others.",
		}
	}
	return meaning{problem.Refused, "librbd on this host could not open the image.", "See what the reply says, and whether rbd info shows" +
		" the image; then apply again."}
}
