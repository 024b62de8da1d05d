package rbdusage

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Search is where a search looks.
type Search struct {
	// Clusters are all that are known: a disk that names another one's monitors is not on the one that is asked for.
	Clusters []*ceph.Cluster
	// Hosts are the hypervisors whose domains are searched.
	Hosts []*libvirt.Host
	// HostLimit bounds the wait for each of them; 0 is as long as the context.
	HostLimit time.Duration
}

// Use is a place where a domain names an image.
type Use struct {
	Host *libvirt.Host
	libvirt.ImageUse
	// On is Yes, or Unknown where it can't be told on which cluster the image is; what is on another one is no use.
	On Answer
}

// String names the domain, the hypervisor, the disk and the place.
func (u Use) String() string {
	return fmt.Sprintf("%s on %s (%s)", u.Domain, u.Host.Label(), u.Where())
}

// Found is what a search found.
type Found struct {
	// Uses are sorted by host, domain and disk.
	Uses []Use
	// Unreached are the hypervisors that did not answer.
	Unreached []libvirt.HostError
	// Failed are those that answered, but could not be searched as a whole. What was found there is among the uses.
	Failed []libvirt.HostError
}

// othersLimit bounds the wait for clusters that are asked only to rule them out.
const othersLimit = 10 * time.Second

// Users finds who names an image on the cluster, by the name that a definition has for it (POOL/IMAGE, POOL/NAMESPACE/IMAGE). It
// searches every place where a domain can name one, on all hosts at once: see [libvirt.Host.ImageUses]. An error means that the cluster
// could not be asked for its monitors, or that the context is over.
func (s Search) Users(ctx context.Context, cluster *ceph.Cluster, named func(libvirt.ImageUse) bool) (Found, error) {
	uses := make([][]libvirt.ImageUse, len(s.Hosts))
	errs := make([]error, len(s.Hosts))
	var all sync.WaitGroup
	for i, host := range s.Hosts {
		all.Go(func() { uses[i], errs[i] = s.usesOn(ctx, host) })
	}
	all.Wait()
	var found Found
	for i, host := range s.Hosts {
		switch failure := (libvirt.HostError{Label: host.Label(), Err: errs[i]}); {
		case errs[i] == nil:
		case ctx.Err() != nil:
			return Found{}, errs[i] // It says nothing about the host.
		case problem.Is(errs[i], problem.Unreachable):
			found.Unreached = append(found.Unreached, failure)
		default:
			found.Failed = append(found.Failed, failure)
		}
		for _, use := range uses[i] {
			if named(use) {
				found.Uses = append(found.Uses, Use{Host: host, ImageUse: use})
			}
		}
	}
	if len(found.Uses) == 0 {
		return found, nil // Nobody's monitors matter: a cluster that is down holds up nothing else.
	}
	ours, others, err := s.monitors(ctx, cluster)
	if err != nil {
		return Found{}, err
	}
	var kept []Use
	for _, use := range found.Uses {
		switch {
		case ours.Answer(ctx, use.Monitors) == Yes:
			use.On = Yes
		case others.Answer(ctx, use.Monitors) == Yes:
			continue
		}
		kept = append(kept, use)
	}
	found.Uses = kept
	return found, nil
}

func (s Search) usesOn(ctx context.Context, host *libvirt.Host) ([]libvirt.ImageUse, error) {
	if s.HostLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = breaker.Optional(ctx, s.HostLimit)
		defer cancel()
	}
	return host.ImageUses(ctx)
}

// monitors asks the cluster, which must answer, and all others, which need not, at once.
func (s Search) monitors(ctx context.Context, cluster *ceph.Cluster) (ours, others MonitorAddresses, err error) {
	limited, cancel := breaker.Optional(ctx, othersLimit)
	defer cancel()
	answers := make([][]ceph.Monitor, len(s.Clusters))
	var all sync.WaitGroup
	for i, other := range s.Clusters {
		if other != cluster {
			all.Go(func() { answers[i], _ = other.Monitors(limited) })
		}
	}
	own, err := cluster.Monitors(ctx)
	all.Wait()
	if err != nil {
		return nil, nil, err
	}
	return AddressesOf(own), AddressesOf(slices.Concat(answers...)), nil
}
