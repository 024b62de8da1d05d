package tfkit

import (
	"context"
	"fmt"
	"sync"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// identifiedHost is what a hypervisor says of itself.
type identifiedHost interface {
	comparable
	Label() string
	UUID(ctx context.Context) (string, error)
	Hostname(ctx context.Context) (string, error)
}

// hostIdentities tells hosts from each other that have the same UUID, as libvirt takes it from the firmware of many boards.
type hostIdentities[H identifiedHost] struct {
	mu    sync.Mutex
	first map[string]H // by UUID, the host that was asked first
	same  map[H]bool   // hosts that are the first one of their UUID, by another label
}

// identity is the UUID of a host. It is problem.WrongIdentity where another configured host has it too: labels with one UUID count as one
// host, unless the hosts give themselves different names.
func (i *hostIdentities[H]) identity(ctx context.Context, host H) (string, error) {
	id, err := host.UUID(ctx)
	if err != nil {
		return "", err
	}
	i.mu.Lock()
	first, known := i.first[id]
	if !known {
		if i.first == nil {
			i.first, i.same = map[string]H{}, map[H]bool{}
		}
		i.first[id], first = host, host
	}
	same := first == host || i.same[host]
	i.mu.Unlock()
	if same {
		return id, nil
	}
	name, err := host.Hostname(ctx)
	if err != nil {
		return "", err
	}
	other, err := first.Hostname(ctx)
	if err != nil {
		return "", err
	}
	if name != other {
		return "", &problem.Problem{
			Kind: problem.WrongIdentity,
			What: fmt.Sprintf("Hypervisors %q and %q both have the host_uuid %s, and they are two hosts, %s and %s.", first.Label(), host.Label(),
				id, other, name),
			Why: "libvirt takes the UUID from the firmware, where some boards all have the same one. What is on one host could be taken for what" +
				" is on the other. Nothing was read or written there.",
			Do: "Give one of them a UUID of its own: host_uuid = \"UUID\" (uuidgen makes one) in its /etc/libvirt/libvirtd.conf, or" +
				" virtqemud.conf with separate daemons, then restart the daemon. One whose secrets and disks are in a state already keeps its UUID.",
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.same[host] = true
	return id, nil
}
