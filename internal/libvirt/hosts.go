package libvirt

import (
	"context"
	"sync"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Found is a domain and the host that has it.
type Found struct {
	Host   *Host
	Domain Domain
}

// Unanswered is a host that could not be asked, and why.
type Unanswered struct {
	Host *Host
	Err  error
}

func (u Unanswered) Error() string { return u.Err.Error() }

// FindDomain asks all hosts at once for a domain; after a migration more than one may have it, with at most one running it.
// A host that could not be asked is told apart, so that "nowhere" is never concluded from silence.
//
// Similar to: virsh -c URI dumpxml UUID, on each host.
func FindDomain(ctx context.Context, hosts []*Host, uuid string) (found []Found, unanswered []Unanswered) {
	domains := make([]Domain, len(hosts))
	errs := make([]error, len(hosts))
	var asked sync.WaitGroup
	for i, h := range hosts {
		asked.Add(1)
		go func() {
			defer asked.Done()
			domains[i], errs[i] = h.Domain(ctx, uuid)
		}()
	}
	asked.Wait()
	for i, h := range hosts {
		switch {
		case errs[i] == nil:
			found = append(found, Found{Host: h, Domain: domains[i]})
		case !problem.Is(errs[i], problem.NotFound):
			unanswered = append(unanswered, Unanswered{Host: h, Err: errs[i]})
		}
	}
	return found, unanswered
}
