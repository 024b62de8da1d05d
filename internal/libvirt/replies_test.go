package libvirt

import (
	"strings"
	"testing"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Replies of libvirt 9.0 with QEMU 7.2, each with the one advice that it calls for.
func TestAReplyThatTellsTheCauseGetsThatAdvice(t *testing.T) {
	const (
		blockdev = "internal error: unable to execute QEMU command 'blockdev-add': "
		lock     = "Timed out during operation: cannot acquire state change lock (held by "
	)
	for _, c := range []struct {
		number  rpc.ErrorNumber
		message string
		kind    problem.Kind
		advice  string
	}{
		{rpc.ErrInternalError, blockdev + "Unknown driver 'rbd'", problem.Unsupported, "lacks its RBD driver"},
		{rpc.ErrInternalError, "internal error: qemu unexpectedly closed the monitor: qemu: module block-block-rbd not found, do you want to" +
			" install qemu-block-extra package?\n2026-11-26T23:16:09.582164Z qemu-system-x86_64: -blockdev {\"driver\":\"rbd\"}: Unknown" +
			" driver 'rbd'", problem.Unsupported, "lacks its RBD driver"},
		{
			rpc.ErrInternalError, "internal error: process exited while connecting to monitor: Unknown protocol 'rbd'", problem.Unsupported,
			"lacks its RBD driver",
		},
		{rpc.ErrInternalError, blockdev + "error connecting: Permission denied", problem.Refused, "present key"},
		{rpc.ErrInternalError, blockdev + "error connecting: Operation not permitted", problem.Refused, "present key"},
		{rpc.ErrInternalError, blockdev + "error connecting: Connection timed out", problem.Refused, "can be reached"},
		{rpc.ErrInternalError, blockdev + "error connecting: Invalid argument", problem.Refused, "decoded key"},
		{rpc.ErrInternalError, blockdev + "error connecting: No such file or directory", problem.Refused, "monitors of the disk"},
		{
			rpc.ErrInternalError, blockdev + "error reading conf file /nosuch.conf: No such file or directory", problem.Refused,
			"correct config_file",
		},
		{rpc.ErrInternalError, blockdev + "error opening pool q: No such file or directory", problem.Refused, "Correct pool"},
		{rpc.ErrInternalError, blockdev + "error reading header from nosuch: No such file or directory", problem.Refused, "image and snapshot"},
		{rpc.ErrInternalError, blockdev + "error reading header from f4: Operation not permitted", problem.Refused, "profile rbd pool=POOL"},
		{rpc.ErrInternalError, blockdev + "error reading header from f4: Input/output error", problem.Refused, "rbd info"},
		{
			rpc.ErrInternalError, "internal error: unable to execute QEMU command 'device_add': Bus 'pci.0' does not support hotplugging",
			problem.Unsupported, "Shut the domain off, apply, and start it",
		},
		{
			rpc.ErrInternalError, "internal error: unable to execute QEMU command 'device_add': Bus 'ide.0' does not support hotplugging",
			problem.Unsupported, "Shut the domain off, apply, and start it",
		},
		{
			rpc.ErrInternalError, "internal error: unable to execute QEMU command 'device_del': Bus 'pcie.0' does not support hotplugging",
			problem.Unsupported, "Shut the domain off and apply again",
		},
		{
			rpc.ErrOperationFailed, "operation failed: cannot hot unplug disk device with multifunction PCI guest address: 0000:02:00.0",
			problem.Unsupported, "Shut the domain off and apply again",
		},
		{rpc.ErrInternalError, "internal error: No more available PCI slots", problem.Other, "pcie-root-port"},
		{
			rpc.ErrInternalError, "internal error: Could not find sata controller with index 0 required for device", problem.Unsupported,
			"adds the controller",
		},
		{
			rpc.ErrConfigUnsupported, "unsupported configuration: Device configuration is not compatible: Domain has no USB bus support",
			problem.Unsupported, "USB controller",
		},
		{rpc.ErrBlockCopyActive, "block copy still active: disk 'vdb' already in active block job", problem.Busy, "virsh blockjob"},
		{rpc.ErrOperationUnsupported, "Operation not supported: disk 'vdb' already in active block job", problem.Busy, "virsh blockjob"},
		{
			rpc.ErrOperationUnsupported, "Operation not supported: disk device type 'lun' cannot be hot unplugged", problem.Unsupported,
			"Shut the domain off and apply again",
		},
		{
			rpc.ErrNoSecret, "Secret not found: no secret with matching uuid '66085c23-2177-242d-7661-c785df7f6230'", problem.Invalid,
			"Define it there",
		},
		{
			rpc.ErrNoSecret, "Secret not found: secret '10085c23-2177-242d-7661-c785df7f6230' does not have a value", problem.Invalid,
			"virsh secret-set-value",
		},
		{rpc.ErrOperationInvalid, "Requested operation is not valid: domain is not running", problem.Busy, "saved definition"},
		{
			rpc.ErrOperationInvalid, "Requested operation is not valid: transient domains do not have any persistent config", problem.Busy,
			"running guest alone",
		},
		{rpc.ErrOperationTimeout, lock + "monitor=remoteDispatchDomainAttachDeviceFlags)", problem.Busy, "An attach holds the domain"},
		{rpc.ErrOperationTimeout, lock + "remoteDispatchDomainMigratePerform3Params)", problem.Busy, "A migration holds the domain"},
		{
			rpc.ErrOperationTimeout, lock + "monitor=remoteDispatchDomainBlockCommit)", problem.Busy,
			"Another call holds the domain: DomainBlockCommit.",
		},
		{rpc.ErrOperationTimeout, "Timed out during operation: cannot acquire state change lock", problem.Busy, "Another call holds the domain."},
		{rpc.ErrSystemError, "Unable to read from monitor: Connection reset by peer", problem.Busy, "QEMU of the domain has ended"},
		{rpc.ErrInternalError, "internal error: End of file from qemu monitor (vm='d')", problem.Busy, "QEMU of the domain has ended"},
		{rpc.ErrInternalError, "internal error: QEMU monitor was closed", problem.Busy, "QEMU of the domain has ended"},
		{rpc.ErrOperationFailed, "operation failed: domain is no longer running", problem.Busy, "QEMU of the domain has ended"},
		{rpc.ErrSystemError, "cannot write data to file '/etc/libvirt/qemu/d.xml.new': No space left on device", problem.Other, "Make room"},
		{rpc.ErrInternalError, "internal error: failed to write master key file for domain", problem.Other, "Make room"},
		{rpc.ErrInternalError, "internal error: something new", problem.Unsupported, "hot-unplug on its bus"},
	} {
		h := &Host{config: Config{Label: "kvm1"}}
		advice := map[rpc.ErrorNumber]meaning{
			rpc.ErrInternalError:        detachAdvice[rpc.ErrOperationUnsupported],
			rpc.ErrOperationUnsupported: detachAdvice[rpc.ErrOperationUnsupported],
		}
		err := h.fail(operation{doing: "do it", advice: advice}, rpc.Error{Code: uint32(c.number), Message: c.message})
		if !problem.Is(err, c.kind) || !strings.Contains(err.Error(), c.advice) || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: %v", c.message, err)
		}
		for _, other := range []string{"RBD driver", "present key", "decoded key", "correct config_file", "pcie-root-port", "virsh blockjob"} {
			if told := rawless(err); !strings.Contains(c.advice, other) && strings.Contains(told, other) {
				t.Errorf("%s: the advice of another cause: %s", c.message, told)
			}
		}
	}
}

// A probe whose QEMU ends while it starts is no guest that has crashed: the reply says what QEMU wrote, and the advice is that of a probe.
func TestAProbeThatEndsWhileItStarts(t *testing.T) {
	for _, said := range []string{
		"internal error: qemu unexpectedly closed the monitor: 2026-11-26T23:16:09.582164Z qemu-system-x86_64: -device {}: no such property",
		"internal error: QEMU unexpectedly closed the monitor (vm='probe'): qemu-system-x86_64: -device {}: no such property",
		"internal error: process exited while connecting to monitor: qemu-system-x86_64: -device {}: no such property",
	} {
		h := &Host{config: Config{Label: "kvm1"}}
		err := h.fail(operation{doing: "open the image", advice: probeAdvice}, rpc.Error{Code: uint32(rpc.ErrInternalError), Message: said})
		if !problem.Is(err, problem.Refused) || !strings.Contains(err.Error(), openingRefused.why) || !strings.Contains(err.Error(), said) ||
			strings.Contains(rawless(err), "crashed") {
			t.Errorf("%s: %v", said, err)
		}
	}
}

// rawless is the text of an error without the reply.
func rawless(err error) string {
	text, _, _ := strings.Cut(err.Error(), "Reply: ")
	return text
}
