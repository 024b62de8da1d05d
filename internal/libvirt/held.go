package libvirt

import (
	"context"
	"fmt"
	"time"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/calllog"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

const (
	// controlLimit bounds the question why a call about a domain got no answer, controlAfterEnd where the operation's own time is over.
	controlLimit    = grace.Period
	controlAfterEnd = 500 * time.Millisecond
)

// heldDomain is the error of a call that got no answer because of its domain, while the daemon answers.
type heldDomain struct {
	error
	why, do string
}

func (d *heldDomain) Unwrap() error { return d.error }

// held asks the daemon, on the connection of a call that got no answer in time, whether the domain that the call is about is the reason.
// It returns the error as it is where the daemon doesn't answer either, or knows no reason.
//
// Similar to: virsh domcontrol DOMAIN; virsh domjobinfo DOMAIN.
func (h *Host) held(ctx context.Context, c *connection, call calllog.Call, err error) error {
	name := call.Object.Domain
	if name == "" || !timedOut(err) {
		return err
	}
	limit := controlLimit
	if ctx.Err() != nil {
		limit = controlAfterEnd
	}
	ctx, cancel := grace.Context(ctx, limit)
	defer cancel()
	end := h.log.Start(ctx, onDomain("DomainGetControlInfo", name))
	reason, asked := await(ctx, func() (*heldDomain, error) { return holderOf(c.client, name) }, nil)
	end(refusalOf(asked))
	if asked != nil || reason == nil {
		return err
	}
	reason.error = err
	return reason
}

// holderOf finds the reason why a domain, named by its name or UUID, can't be worked with; nil where there is none.
func holderOf(l *rpc.Libvirt, name string) (*heldDomain, error) {
	found, err := l.DomainLookupByName(name)
	if _, id, ok := normalUUID(name); ok && err != nil {
		found, err = l.DomainLookupByUUID(id)
	}
	if err != nil {
		return nil, err
	}
	state, _, milliseconds, err := l.DomainGetControlInfo(found, 0)
	if err != nil {
		return nil, err
	}
	switch rpc.DomainControlState(state) { //nolint:gosec // libvirt's states are small.
	case rpc.DomainControlOccupied:
		since := time.Duration(milliseconds) * time.Millisecond //nolint:gosec // a duration fits.
		return &heldDomain{
			why: fmt.Sprintf("The daemon answers, but QEMU of domain %q has not answered it for %s: the process hangs or is stopped, or waits for"+
				" the monitors of an image that it opens.", found.Name, since.Round(time.Second)),
			do: fmt.Sprintf("Look at the process on the host (virsh domcontrol %[1]s shows since when it does not answer; ps shows the state T"+
				" where it is stopped); let it go on or end it (virsh destroy %[1]s).", problem.Word(found.Name)),
		}, nil
	case rpc.DomainControlJob:
		return heldByCall(found.Name, "another call"), nil
	case rpc.DomainControlOk, rpc.DomainControlError:
	}
	// What runs for long in the background, such as a dump or a migration, is told only here.
	job, err := jobOf(l, found)
	if job == nil || err != nil {
		return nil, err
	}
	return heldByCall(found.Name, "a job ("+job.Name+")"), nil
}

func heldByCall(domain, holder string) *heldDomain {
	return &heldDomain{
		why: fmt.Sprintf("The daemon answers, but %s holds domain %q.", holder, domain),
		do:  fmt.Sprintf("Wait until it has ended (virsh domjobinfo %[1]s and virsh domcontrol %[1]s show it).", problem.Word(domain)),
	}
}
