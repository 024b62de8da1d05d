package tfkit

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"golang.org/x/sync/errgroup"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// RefuseNamedImage refuses to take an image away that a domain on a configured hypervisor still names, running or only
// defined: a domain that is shut off leaves no watcher, and would find its disk gone at the next start. A hypervisor
// that does not answer is left out with a warning.
func (c *Connections) RefuseNamedImage(ctx context.Context, cluster *ceph.Cluster, ref ceph.ImageRef, diags *diag.Diagnostics) error {
	return c.refuseNamed(ctx, cluster, "Image "+ref.String(), func(name string) bool { return name == ref.String() }, diags)
}

// RefuseNamedPool is [Connections.RefuseNamedImage] for all images of a pool.
func (c *Connections) RefuseNamedPool(ctx context.Context, cluster *ceph.Cluster, pool string, diags *diag.Diagnostics) error {
	return c.refuseNamed(ctx, cluster, "Pool "+pool, func(name string) bool { return strings.HasPrefix(name, pool+"/") }, diags)
}

func (c *Connections) refuseNamed(ctx context.Context, cluster *ceph.Cluster, what string, named func(source string) bool, diags *diag.Diagnostics) error {
	if len(c.Hypervisors.All()) == 0 {
		return nil
	}
	addresses, err := c.monitorAddresses(ctx, cluster)
	if err != nil {
		return err
	}
	var hits []string
	var mu sync.Mutex
	var group errgroup.Group
	for _, host := range c.Hypervisors.All() {
		group.Go(func() error {
			uses, err := host.FindImage(ctx, func(disk libvirtxml.DomainDisk) bool {
				source := rbdSource(disk)
				return source != nil && named(source.Name) && addresses.mayBe(ctx, cluster.Label(), source.Hosts)
			})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				diags.AddWarning("Hypervisor not searched", fmt.Sprintf(
					"It was not checked whether a domain on hypervisor %q names %s on cluster %q.\n\n%s", host.Label(), what, cluster.Label(), err))
			}
			for _, use := range uses {
				hits = append(hits, fmt.Sprintf("%s on %s (%s)", use.Domain, host.Label(), use.Target))
			}
			return nil
		})
	}
	_ = group.Wait()
	if len(hits) == 0 {
		return nil
	}
	slices.Sort(hits)
	return &problem.Problem{
		Kind: problem.Busy,
		What: fmt.Sprintf("%s on cluster %q is named by %s.", what, cluster.Label(), strings.Join(hits, ", ")),
		Why:  "These domains would lose a disk, or could not be started any more. force_destroy does not override this.",
		Do: "Detach the disks, or move them to another image, in one apply, and delete in the next. A disk that is not managed here is detached" +
			" with virsh detach-disk --persistent.",
	}
}

// rbdSource is the source of an RBD disk, nil for any other.
func rbdSource(disk libvirtxml.DomainDisk) *libvirtxml.DomainDiskSourceNetwork {
	if disk.Source == nil || disk.Source.Network == nil || disk.Source.Network.Protocol != "rbd" {
		return nil
	}
	return disk.Source.Network
}

// clusterAddresses are the monitors' IP addresses and ports of the clusters that answer, by label.
type clusterAddresses map[string]map[string]bool

// monitorAddresses asks this cluster, which must answer, and the others, which need not.
func (c *Connections) monitorAddresses(ctx context.Context, cluster *ceph.Cluster) (clusterAddresses, error) {
	addresses := clusterAddresses{}
	for _, other := range c.Clusters.All() {
		monitors, err := other.Monitors(ctx)
		if err != nil {
			if other == cluster {
				return nil, err
			}
			continue
		}
		addresses[other.Label()] = map[string]bool{}
		for _, monitor := range monitors {
			for _, at := range []ceph.Endpoint{monitor.V1, monitor.V2} {
				if at.Host != "" {
					addresses[other.Label()][endpoint(at.Host, fmt.Sprint(at.Port))] = true
				}
			}
		}
	}
	return addresses, nil
}

// mayBe tells whether a disk with these monitors may be on the cluster: it has one of its monitors, or only monitors that
// no cluster that answers has, such as those of former days.
func (a clusterAddresses) mayBe(ctx context.Context, label string, hosts []libvirtxml.DomainDiskSourceHost) bool {
	another := false
	for _, host := range hosts {
		resolved, err := net.DefaultResolver.LookupHost(ctx, host.Name)
		if err != nil {
			resolved = []string{host.Name}
		}
		ports := []string{host.Port}
		if host.Port == "" {
			ports = []string{"3300", "6789"}
		}
		for _, address := range resolved {
			for _, port := range ports {
				at := endpoint(address, port)
				if a[label][at] {
					return true
				}
				for _, monitors := range a {
					another = another || monitors[at]
				}
			}
		}
	}
	return !another
}

func endpoint(host, port string) string {
	if ip := net.ParseIP(host); ip != nil {
		host = ip.String()
	}
	return net.JoinHostPort(host, port)
}
