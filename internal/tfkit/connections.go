package tfkit

import (
	"context"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// Connections is what the provider block configures, given to every resource and data source. A connection is made when it is first used.
type Connections struct {
	Clusters    *Entries[*ceph.Cluster]
	Hypervisors *Entries[*libvirt.Host]

	// DomainLocks lock the domains that are changed, on all hypervisors.
	DomainLocks libvirt.KeyedLock

	renames plannedRenames
	holders holders
}

// NewConnections returns connections without any entry.
func NewConnections() *Connections {
	hosts := &hostIdentities[*libvirt.Host]{}
	return &Connections{
		Clusters: &Entries[*ceph.Cluster]{
			noun: "cluster", block: "clusters", remembered: "fsid",
			identity: func(ctx context.Context, c *ceph.Cluster) (string, error) { return c.FSID(ctx) },
		},
		Hypervisors: &Entries[*libvirt.Host]{
			noun: "hypervisor", block: "hypervisors", remembered: "host_uuid", reinstalls: true,
			identity: hosts.identity,
		},
	}
}

// Close ends the connections to all entries. Later calls get an error.
func (c *Connections) Close() {
	for _, cluster := range c.Clusters.All() {
		cluster.Close()
	}
	for _, host := range c.Hypervisors.All() {
		host.Close()
	}
}
