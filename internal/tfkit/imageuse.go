package tfkit

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

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

// RefuseNamedPool is [Connections.RefuseNamedImage] for all images of a pool, and those whose data is in it.
func (c *Connections) RefuseNamedPool(ctx context.Context, cluster *ceph.Cluster, pool string, diags *diag.Diagnostics) error {
	if len(c.Hypervisors.All()) == 0 {
		return nil // nobody could name an image, so the listing would be for nothing
	}
	contents, err := cluster.PoolContents(ctx, pool)
	if err != nil {
		return err
	}
	named := func(source string) bool {
		return strings.HasPrefix(source, pool+"/") ||
			slices.ContainsFunc(contents.DataOf, func(ref ceph.ImageRef) bool { return source == ref.String() })
	}
	return c.refuseNamed(ctx, cluster, "Pool "+pool, named, diags)
}

func (c *Connections) refuseNamed(ctx context.Context, cluster *ceph.Cluster, what string, named func(source string) bool, diags *diag.Diagnostics) error {
	if len(c.Hypervisors.All()) == 0 {
		return nil
	}
	// Whose monitors a disk names is asked only once there is one of this name: a cluster that is down holds up nothing else.
	addresses := sync.OnceValues(func() (clusterAddresses, error) { return c.monitorAddresses(ctx, cluster) })
	var unknown error
	var hits []string
	var mu sync.Mutex
	var group errgroup.Group
	for _, host := range c.Hypervisors.All() {
		group.Go(func() error {
			uses, err := host.FindImage(ctx, func(disk libvirtxml.DomainDisk) bool {
				source := rbdSource(disk)
				if source == nil || !named(source.Name) {
					return false
				}
				monitors, err := addresses()
				if err != nil {
					mu.Lock()
					defer mu.Unlock()
					unknown = err
				}
				return err == nil && monitors.mayBe(ctx, cluster.Label(), source.Hosts)
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
	if unknown != nil {
		return unknown
	}
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

// othersLimit bounds the wait for clusters that are asked only to rule them out.
const othersLimit = 10 * time.Second

// monitorAddresses asks this cluster, which must answer, and the others, which need not, all at once.
func (c *Connections) monitorAddresses(ctx context.Context, cluster *ceph.Cluster) (clusterAddresses, error) {
	clusters := c.Clusters.All()
	answers := make([][]ceph.Monitor, len(clusters))
	limited, cancel := context.WithTimeout(ctx, othersLimit)
	defer cancel()
	var group errgroup.Group
	for i, other := range clusters {
		group.Go(func() (err error) {
			if other == cluster {
				answers[i], err = other.Monitors(ctx)
				return err
			}
			answers[i], _ = other.Monitors(limited)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	addresses := clusterAddresses{}
	for i, monitors := range answers {
		addresses[clusters[i].Label()] = map[string]bool{}
		for _, monitor := range monitors {
			for _, at := range []ceph.Endpoint{monitor.V1, monitor.V2} {
				if at.Host != "" {
					addresses[clusters[i].Label()][endpoint(at.Host, fmt.Sprint(at.Port))] = true
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
