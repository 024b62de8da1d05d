package tfkit

import (
	"context"
	"sync"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Holder is the resource that has an object during an apply.
type Holder struct {
	Object string // the object of that resource, such as the disk that has an image; the object itself where no other has it
	Text   string // its name in messages
	Made   bool   // this apply created it or took it over
}

// holders records which resources have an object that only one of them can have, for this provider process. Terraform starts one process
// for the plan and another for the apply.
type holders struct {
	mu    sync.Mutex
	plans map[string]Claim
	held  map[string]Holder
	locks libvirt.KeyedLock
}

// LockObject waits until no other resource of this process works on an object, and keeps the others away until unlock is called. When the
// context ends first, the error is problem.Busy.
func (c *Connections) LockObject(ctx context.Context, object string) (unlock func(), err error) {
	return locked(c.holders.locks.Lock(ctx, object))
}

// ShareObject is LockObject for who keeps away only those that lock the object, and not others that share it.
func (c *Connections) ShareObject(ctx context.Context, object string) (unlock func(), err error) {
	return locked(c.holders.locks.Share(ctx, object))
}

func locked(unlock func(), err error) (func(), error) {
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

// Hold records during an apply who has an object.
func (c *Connections) Hold(object string, holder Holder) {
	c.holders.mu.Lock()
	defer c.holders.mu.Unlock()
	if c.holders.held == nil {
		c.holders.held = map[string]Holder{}
	}
	c.holders.held[object] = holder
}

// HoldMade records that this apply has created an object or taken it over.
func (c *Connections) HoldMade(object string) { c.Hold(object, Holder{Object: object, Made: true}) }

// madeHere tells whether this apply has created an object or taken it over.
func (c *Connections) madeHere(object string) bool {
	holder, held := c.HolderOf(object)
	return held && holder.Made
}

// HolderOf returns who has an object, if this apply recorded it.
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
