package tfkit

import (
	"context"
	"sync"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// silentFor is how long a cluster that was asked in vain is not asked again out of courtesy.
const silentFor = 30 * time.Second

// silences are the clusters that were lately asked in vain, by fsid.
type silences struct {
	mu    sync.Mutex
	noted map[string]silence
}

type silence struct {
	until  time.Time
	reason error
}

// Courtesy asks the cluster with a remembered fsid what an operation can do without. A cluster that didn't answer is not asked
// again for a while, and the error is the same: many resources would each wait as long otherwise. What an operation needs is
// asked without it.
func (c *Connections) Courtesy(ctx context.Context, fsid string, ask func(context.Context) error) error {
	if reason := c.silent.reason(fsid, time.Now()); reason != nil {
		return reason
	}
	err := ask(ctx)
	// Where the operation itself is over, that says nothing about the cluster.
	if problem.Is(err, problem.Unreachable) && ctx.Err() == nil {
		c.silent.note(fsid, silence{time.Now().Add(silentFor), problem.Copy(err)})
	}
	return err
}

func (s *silences) reason(fsid string, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if noted, ok := s.noted[fsid]; ok && now.Before(noted.until) {
		return problem.Copy(noted.reason)
	}
	return nil
}

func (s *silences) note(fsid string, what silence) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.noted == nil {
		s.noted = map[string]silence{}
	}
	s.noted[fsid] = what
}
