package libvirt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/calllog"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

const (
	// detachLook is how often the running definition is read while no event comes: not every guest's release makes one.
	detachLook = 2 * time.Second
	// detachAgain is how long a guest gets for one request, before the request is made again.
	detachAgain = 20 * time.Second
	// detachRefusals is how often a guest may refuse before the detach fails.
	detachRefusals = 3
	// stateLimit bounds the question for the state of a guest that keeps its disk.
	stateLimit = 2 * time.Second
)

// DetachDisk takes a disk, as it was read, out of the definitions that where names. The saved one goes first: where the guest keeps the
// disk, a restart of the domain completes the detach. A running guest is only asked for the disk; DetachDisk returns when the disk has left
// the running definition, and repeats the request until the context ends. A guest that keeps the disk is problem.Busy. A disk that isn't
// there any more, or whose target is another disk's now, is no error: there is nothing left to detach. One whose source has changed is
// problem.Refused. Where a disk was read differently in the two definitions, each needs a call of its own.
//
// Similar to: virsh detach-device --live --config.
func (h *Host) DetachDisk(ctx context.Context, domainUUID string, disk Disk, where Where) error {
	op := operation{doing: fmt.Sprintf("detach disk %s from domain %s", disk.Target, domainUUID), changes: true, advice: detachAdvice}
	if _, ok := ctx.Deadline(); !ok {
		bounded, cancel := context.WithTimeoutCause(ctx, h.config.OperationTimeout, timeLimit(h.config.OperationTimeout))
		defer cancel()
		ctx = bounded
	}
	found, unlock, err := h.changing(ctx, op, domainUUID)
	if problem.Is(err, problem.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unlock()
	if where&Saved != 0 {
		if err := h.detachSaved(ctx, op, found, disk); err != nil {
			return err
		}
	}
	if where&Live != 0 {
		return h.detachLive(ctx, op, found, disk)
	}
	return nil
}

// DetachDisks takes a disk out of both definitions, each as it was read there. The saved one goes first, so that a restart completes what
// the guest has not done. pending tells, beside an error, that the guest was asked and may still give the disk up.
//
// Similar to: virsh detach-device --config; virsh detach-device --live.
func (h *Host) DetachDisks(ctx context.Context, domain Domain, found Disks) (pending bool, err error) {
	if found.Saved != nil {
		if err := h.DetachDisk(ctx, domain.UUID, *found.Saved, Saved); err != nil {
			return false, err
		}
	}
	if found.Saved != nil && !domain.Active {
		// Started before its saved definition lost the disk, the guest has the disk.
		started, err := h.Domain(ctx, domain.UUID)
		if err != nil && !problem.Is(err, problem.NotFound) {
			return false, err
		}
		found.Live = sameDisk(started.Live, *found.Saved)
	}
	if found.Live == nil {
		return false, nil
	}
	err = h.DetachDisk(ctx, domain.UUID, *found.Live, Live)
	var asked *removalAsked
	pending = errors.As(err, &asked)
	if domain.Persistent {
		err = detachedSaved(err, found.Live.Target)
	}
	return pending, err
}

// detachedSaved adds to the error of a detach from a running guest that the saved definition was changed before.
func detachedSaved(err error, target string) error {
	return problem.Amend(err, func(p *problem.Problem) {
		p.Do += fmt.Sprintf("\n\nThe saved definition doesn't have the disk any more: shut off and started again, the domain has no disk %s. To"+
			" keep the disk, leave its resource in the configuration and apply: the saved definition gets it back.", target)
	})
}

var detachAdvice = map[rpc.ErrorNumber]meaning{
	rpc.ErrOperationUnsupported: {
		problem.Unsupported, "A disk like this can't be taken from a running domain: there is no hot-unplug on its bus.",
		"Shut the domain off and apply again: its saved definition, if there is one, doesn't have the disk any more.",
	},
}

// detachSaved takes the disk out of the saved definition.
func (h *Host) detachSaved(ctx context.Context, op operation, found rpc.Domain, disk Disk) error {
	saved, err := h.currentDisk(ctx, op, found, disk, Saved)
	if saved == nil || err != nil {
		return err
	}
	text, err := saved.Element()
	if err != nil {
		return h.fail(op, err)
	}
	_, err = change(ctx, h, op, onDisk("DomainDetachDeviceFlags", found.Name, disk.Target), nothing(func(l *rpc.Libvirt) error {
		return l.DomainDetachDeviceFlags(found, text, Saved.flags())
	}))
	if err == nil {
		return nil
	}
	// The code for a missing disk differs between releases, so the definition is read.
	if saved, again := h.currentDisk(ctx, op, found, disk, Saved); again == nil && saved == nil {
		return nil
	}
	return err
}

// detachLive asks the running guest for the disk until it gives it up.
func (h *Host) detachLive(ctx context.Context, op operation, found rpc.Domain, disk Disk) error {
	live, err := h.currentDisk(ctx, op, found, disk, Live)
	if live == nil || err != nil {
		return err
	}
	var last error
	asked := false
	refusals, losses := 0, 0
	progress := h.log.Wait(ctx, "the guest to give a disk up", calllog.Object{Domain: found.Name, Target: disk.Target})
	for refusals < detachRefusals && ctx.Err() == nil {
		answer, requested, err := h.requestRemoval(ctx, op, found, *live, func() (bool, error) {
			progress()
			live, err := h.currentDisk(ctx, op, found, disk, Live)
			return live == nil, err
		})
		asked = asked || requested || isUnplugging(err)
		switch {
		case answer == removed:
			return nil
		case answer == removalRefused:
			refusals++
		case isSlow(err):
			last = err
		case ctx.Err() != nil && !asked:
			// The guest was never asked, as while another job holds the domain.
			return err
		case ctx.Err() != nil:
			// The error of the last call then is only the timeout.
		case problem.Is(err, problem.Unreachable):
			// A request that was lost with its connection is made again, once.
			if losses++; losses > 1 {
				return pendingIf(asked, err)
			}
		case err != nil:
			return pendingIf(asked, err)
		}
	}
	if refusals >= detachRefusals {
		return h.guestKeepsDisk(ctx, op, found, refusals, last)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return &removalAsked{h.fail(op, context.Canceled)}
	}
	return pendingIf(asked, h.guestKeepsDisk(ctx, op, found, refusals, last))
}

// isSlow tells whether a request was refused because the guest has not answered an earlier one, which may also be that to plug the disk in.
// Such a reply of QEMU has no code of its own.
func isSlow(refused error) bool {
	return isUnplugging(refused) || strings.Contains(rawOf(refused), "guest is busy")
}

// isUnplugging tells whether a request was refused because the guest has got it already.
func isUnplugging(refused error) bool {
	raw := rawOf(refused)
	return strings.Contains(raw, "in the process of unplug") || strings.Contains(raw, "unplug already in progress")
}

// removalAsked is the error of a detach that has ended before the guest's answer.
type removalAsked struct{ error }

func (r *removalAsked) Unwrap() error { return r.error }

// pendingIf marks the error of a detach of which the guest was asked: it may still follow.
func pendingIf(asked bool, err error) error {
	if asked {
		return &removalAsked{err}
	}
	return err
}

// requestRemoval asks the guest once for the device and waits until it has left the domain, the guest has refused, or the time for one
// request is over. asked tells that the guest has the request, also beside an error.
func (h *Host) requestRemoval(ctx context.Context, op operation, found rpc.Domain, disk Disk, isGone func() (bool, error),
) (_ removal, asked bool, err error) {
	session, err := h.breaker.Acquire(ctx)
	if err != nil {
		return removalPending, false, err
	}
	defer session.Release(ctx)
	c := session.Conn
	if _, err := await(ctx, func() (struct{}, error) { return struct{}{}, c.removals.subscribe(c.client) }, nil); err != nil {
		return removalPending, false, h.fail(op, retireLost(session, err))
	}
	answers, stop := c.removals.wait(found.UUID, disk.Alias)
	defer stop()

	_, failure := change(ctx, h, op, onDisk("DomainDetachDeviceAlias", found.Name, disk.Target), nothing(func(l *rpc.Libvirt) error {
		return l.DomainDetachDeviceAlias(found, disk.Alias, Live.flags())
	}))
	asked = failure == nil
	again := time.NewTimer(detachAgain)
	defer again.Stop()
	look := time.NewTicker(detachLook)
	defer look.Stop()
	for first := !asked; ; first = false {
		if !first {
			select {
			case answer := <-answers:
				if answer == removalRefused {
					return removalRefused, asked, nil
				}
			case <-look.C:
			case <-c.wire.ended:
			case <-again.C:
				return removalPending, asked, failure
			case <-ctx.Done():
				return removalPending, asked, failure
			}
		}
		// After an event too only the definition decides.
		if done, err := isGone(); done && err == nil {
			return removed, asked, nil
		} else if err != nil && ctx.Err() == nil {
			return removalPending, asked, err
		}
		if c.wire.lost() || !asked && !isSlow(failure) {
			return removalPending, asked, failure
		}
	}
}

// currentDisk reads one definition and returns the disk as it is there now; nil where the definition doesn't have it, or the domain is
// undefined, or has no such definition. One whose source has changed is problem.Refused.
func (h *Host) currentDisk(ctx context.Context, op operation, found rpc.Domain, disk Disk, where Where) (*Disk, error) {
	d, err := h.describeDomain(ctx, operation{doing: op.doing, absent: rpc.ErrNoDomain}, found)
	if problem.Is(err, problem.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	now := sameDisk(d.Saved, disk)
	if where == Live {
		now = sameDisk(d.Live, disk)
	}
	if now != nil && now.readsFrom() != disk.readsFrom() {
		return nil, h.sourceChanged(op, disk, *now)
	}
	return now, nil
}

// guestKeepsDisk is the error where the guest keeps the disk. A guest that is paused or suspended can't answer, and only its
// state shows that.
func (h *Host) guestKeepsDisk(ctx context.Context, op operation, found rpc.Domain, refusals int, refusal error) error {
	p := &problem.Problem{
		Kind: problem.Busy,
		What: fmt.Sprintf("Could not %s on %s.", op.doing, h.name()),
		Why: "The guest did not let go of the disk in time, as one that is still booting, or that has no driver for hot-unplug. The request" +
			" stays with the guest, which may follow it at any moment.",
		Do:  "Let the guest boot to its end and apply again; or shut the domain off and apply again.",
		Raw: rawOf(refusal),
	}
	ctx, cancel := grace.Context(ctx, stateLimit)
	defer cancel()
	if refusals >= detachRefusals {
		p.Why = fmt.Sprintf("The guest refused %d times to let go of the disk, as a system may do while it uses it. (Linux lets go of a virtio"+
			" disk that is mounted.)", refusals)
		p.Do = "Unmount the disk in the guest and apply again; or shut the domain off and apply again."
		return p
	}
	switch h.stateOf(ctx, found) {
	case rpc.DomainPaused:
		p.Why = "The guest did not let go of the disk in time: it is paused. The request stays with the guest, which follows it when it goes on."
		p.Do = fmt.Sprintf("Resume the guest (virsh resume %s) and apply again; or shut the domain off and apply again.",
			problem.Word(found.Name))
	case rpc.DomainPmsuspended:
		p.Why = "The guest did not let go of the disk in time: it has suspended itself (state pmsuspended). The request stays with the guest," +
			" which follows it when it is awake."
		p.Do = fmt.Sprintf("Wake the guest (virsh dompmwakeup %s) and apply again; or shut the domain off and apply again.",
			problem.Word(found.Name))
	}
	return p
}

// stateOf is the state of a domain; rpc.DomainNostate where it can't be read.
func (h *Host) stateOf(ctx context.Context, found rpc.Domain) rpc.DomainState {
	op := operation{doing: fmt.Sprintf("read the state of domain %q", found.Name)}
	state, err := read(ctx, h, op, onDomain("DomainGetState", found.Name), func(l *rpc.Libvirt) (int32, error) {
		state, _, err := l.DomainGetState(found, 0)
		return state, err
	})
	if err != nil {
		return rpc.DomainNostate
	}
	return rpc.DomainState(state)
}
