package rbdusage

import (
	"context"
	"fmt"
	"sync"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// Finder finds the clusters of the disks of a host. However many disks it is asked about, each cluster tells its monitors once.
type Finder struct {
	Clusters []*ceph.Cluster
	Host     *libvirt.Host

	once      sync.Once
	addresses []MonitorAddresses // of the clusters; nil for one that doesn't answer
	mu        sync.Mutex
	answers   map[string][]Answer // of the clusters, by the monitors of a disk
}

// ClusterOf finds the cluster that a disk is on; nil where there is none. The first whose monitors the disk names has it. Where the
// monitors don't tell, it is the only one that has the image and whose user's key the disk's secret holds; undecided tells that it isn't
// exactly one, as while a cluster doesn't answer that may be it. Each round of questions is bounded, so that a cluster that doesn't answer
// takes no time from the others.
func (f *Finder) ClusterOf(ctx context.Context, disk libvirt.Disk) (found *ceph.Cluster, undecided bool) {
	f.once.Do(func() { f.readAddresses(ctx) })
	ctx, cancel := breaker.Optional(ctx, libvirt.ElsewhereLimit)
	defer cancel()
	answers := f.answersTo(ctx, disk.Monitors)
	opens := make([]bool, len(f.Clusters))
	var asked sync.WaitGroup
	for i, cluster := range f.Clusters {
		if answers[i] == Unknown && f.addresses[i] != nil {
			asked.Go(func() { opens[i] = Access{Host: f.Host, Cluster: cluster, Disk: disk}.opensImage(ctx) })
		}
	}
	asked.Wait()
	candidates := 0
	for i, cluster := range f.Clusters {
		if answers[i] == Yes {
			return cluster, false
		}
		undecided = undecided || answers[i] == Unknown
		if opens[i] {
			found, candidates = cluster, candidates+1
		}
	}
	if candidates == 1 {
		return found, false
	}
	return nil, undecided
}

// readAddresses asks the clusters for their monitors.
func (f *Finder) readAddresses(ctx context.Context) {
	ctx, cancel := breaker.Optional(ctx, libvirt.ElsewhereLimit)
	defer cancel()
	f.addresses, f.answers = make([]MonitorAddresses, len(f.Clusters)), map[string][]Answer{}
	var asked sync.WaitGroup
	for i, cluster := range f.Clusters {
		asked.Go(func() {
			if monitors, err := cluster.Monitors(ctx); err == nil {
				f.addresses[i] = AddressesOf(monitors)
			}
		})
	}
	asked.Wait()
}

// answersTo tells of each cluster whether its monitors are those of a disk.
func (f *Finder) answersTo(ctx context.Context, disk []libvirt.Monitor) []Answer {
	key := fmt.Sprint(libvirt.SortMonitors(disk))
	f.mu.Lock()
	answers := f.answers[key]
	f.mu.Unlock()
	if answers != nil {
		return answers
	}
	answers = make([]Answer, len(f.Clusters)) // Unknown of one that doesn't answer: it may be this one.
	for i, addresses := range f.addresses {
		if addresses != nil {
			answers[i] = addresses.Answer(ctx, disk)
		}
	}
	if ctx.Err() == nil { // otherwise names were not looked up that others have the time for
		f.mu.Lock()
		f.answers[key] = answers
		f.mu.Unlock()
	}
	return answers
}
