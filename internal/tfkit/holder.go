package tfkit

import (
	"context"
	"sync"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Holder is a resource that has an object in the apply that goes on.
type Holder struct {
	Object string // what has it, such as the disk that has an image; the object itself where nothing else does
	Text   string // how messages call what has it
	Made   bool   // it was made, or taken over, by this apply
}

// holders are the resources of this provider process that have an object which only one of them can have. Terraform starts a
// process for the plan and another for the apply.
type holders struct {
	mu    sync.Mutex
	plans map[string]Claim
	held  map[string]Holder
	locks libvirt.KeyedLock
}

// LockObject keeps the other resources of this process away from an object until unlock is called. The end of the context is
// problem.Busy.
func (c *Connections) LockObject(ctx context.Context, object string) (unlock func(), err error) {
	unlock, err = c.holders.locks.Lock(ctx, object)
	if err != nil {
		return nil, &problem.Problem{
			Kind: problem.Busy,
			What: "Another resource of this configuration was at work on the same object until the time was over.",
			Do:   "Apply again.",
			Raw:  err.Error(),
		}
	}
	return unlock, nil
}

// Hold notes in an apply who has an object.
func (c *Connections) Hold(object string, holder Holder) {
	c.holders.mu.Lock()
	defer c.holders.mu.Unlock()
	if c.holders.held == nil {
		c.holders.held = map[string]Holder{}
	}
	c.holders.held[object] = holder
}

// HolderOf tells who has an object, as far as this apply has had to do with it.
func (c *Connections) HolderOf(object string) (Holder, bool) {
	c.holders.mu.Lock()
	defer c.holders.mu.Unlock()
	holder, held := c.holders.held[object]
	return holder, held
}

// ReleaseHolder removes the holder of an object, and of every object that it has itself.
func (c *Connections) ReleaseHolder(object string) {
	c.holders.mu.Lock()
	defer c.holders.mu.Unlock()
	for name, holder := range c.holders.held {
		if name == object || holder.Object == object {
			delete(c.holders.held, name)
		}
	}
}
