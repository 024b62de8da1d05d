package libvirt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// reattachLimit bounds what is done after the guest has let go of a disk: to wait until its image is closed, and to attach it again.
const reattachLimit = 90 * time.Second

// Reattach is how a running guest's disk is taken from it and attached again with other settings.
type Reattach struct {
	Live    Disk // as it was read from the running domain
	Wanted  Disk
	Managed ManagedDisk
	// Chosen is set where the address was asked for, so that the disk is attached at no other.
	Chosen bool
	// DetachLimit is how long the guest gets to let go of the disk.
	DetachLimit time.Duration
	// Released is asked between the detach and the attach, whether the image may be opened. Its error leaves the disk detached.
	Released func(context.Context) error
}

// Reattached is how far a disk came.
type Reattached int

// The steps of [Host.ReattachDisk].
const (
	ReattachNotBegun Reattached = iota // the guest was not asked
	ReattachAsked                      // the guest was asked, and may still give the disk up
	ReattachRefused                    // the guest keeps the disk
	ReattachDetached                   // the guest has the disk no more
	ReattachPutBack                    // the guest has the disk with its former settings again
	ReattachDone
)

// ReattachDisk takes a disk from the running guest and attaches it again with other settings, at the same target. The saved definition is
// left as it is. Nobody else of this provider changes the domain meanwhile, so that the disk's place stays free. Where the attach fails,
// the disk is attached as it was. What is to be done after the detach is done also where the operation has ended by then.
//
// Similar to: virsh detach-device --live; virsh attach-device --live.
func (h *Host) ReattachDisk(ctx context.Context, domain Domain, r Reattach) (Reattached, error) {
	op := operation{doing: fmt.Sprintf("detach disk %s from domain %s", r.Live.Target, domain.UUID), changes: true, advice: detachAdvice}
	found, unlock, err := h.changing(ctx, op, domain.UUID)
	if err != nil {
		return ReattachNotBegun, err
	}
	defer unlock()
	there, err := h.currentDisk(ctx, op, found, r.Live, Live)
	if err == nil && there == nil {
		err = h.noDisk(op, r.Live.Target)
	}
	if err != nil {
		return ReattachNotBegun, err
	}
	detaching, cancel := context.WithTimeoutCause(ctx, r.DetachLimit, timeLimit(r.DetachLimit))
	err = h.detachLive(detaching, op, found, *there)
	cancel()
	if err != nil {
		step := ReattachRefused
		var asked *removalAsked
		if errors.As(err, &asked) {
			step = ReattachAsked
		}
		return step, keptAsItWas(err)
	}

	ctx, cancel = grace.Context(ctx, reattachLimit)
	defer cancel()
	if err := r.Released(ctx); err != nil {
		return ReattachDetached, h.leftDetached(domain, r, err)
	}
	attach := func(disk Disk, chosen bool) error {
		return attachManaged(disk, chosen, func(disk Disk) error { return h.attach(ctx, found, disk, Live) }, func() bool {
			now, err := h.describeDomain(ctx, operation{doing: op.doing}, found)
			return err == nil && r.Managed.Find(now).Live != nil
		})
	}
	failed := attach(r.Wanted, r.Chosen)
	switch {
	case failed == nil:
		return ReattachDone, nil
	case problem.NoAnswer(failed):
		return ReattachDetached, h.leftUnknown(domain, r, failed)
	}
	former, err := there.ForSaved()
	if err == nil {
		err = attach(former, true)
	}
	if err != nil {
		return ReattachDetached, h.notPutBack(domain, r, failed, err)
	}
	return ReattachPutBack, h.putBack(domain, r, failed)
}

// keptAsItWas adds to the error of a detach that the disk has its former settings everywhere.
func keptAsItWas(err error) error {
	changed := problem.Amend(err, func(p *problem.Problem) {
		p.Do += "\n\nThe disk was to be attached again with other settings. The running guest has it with the former ones, and a saved" +
			" definition was not changed either: the next apply tries again. One that finds the domain shut off changes the saved definition" +
			" alone."
	})
	var asked *removalAsked
	if errors.As(err, &asked) {
		return &removalAsked{changed}
	}
	return changed
}

// leftDetached is the error where the image could not be opened again after the detach.
func (h *Host) leftDetached(domain Domain, r Reattach, cause error) error {
	p := partsOf(cause)
	return problem.At(problem.Argument(cause), &problem.Problem{
		Kind: p.Kind,
		What: fmt.Sprintf("Disk %s was taken from the running domain %q on hypervisor %q, and not attached again. %s",
			r.Live.Target, domain.Name, h.Label(), p.What),
		Why: "It was detached in order to be attached with other settings. Until then the image has to be free: two guests that write one image" +
			" destroy its content.",
		Do:  strings.TrimSpace(p.Do + "\n\n" + lacking(domain) + " The next apply attaches it with the new settings."),
		Raw: p.Raw,
	})
}

// leftUnknown is the error where the answer to the attach is lost.
func (h *Host) leftUnknown(domain Domain, r Reattach, cause error) error {
	p := partsOf(cause)
	return &problem.Problem{
		Kind: p.Kind, Unanswered: true,
		What: fmt.Sprintf("Disk %s was taken from the running domain %q on hypervisor %q, and it isn't known whether it was attached again.",
			r.Live.Target, domain.Name, h.Label()),
		Why: p.Why,
		Do:  "Make the hypervisor answer, and apply again: the next refresh shows what is there, and a disk that the guest lacks is attached.",
		Raw: p.Raw,
	}
}

// lacking tells where a disk is missing after its detach.
func lacking(domain Domain) string {
	if !domain.Persistent {
		return "The running guest lacks the disk, and the domain is transient: it has no other definition."
	}
	return "The running guest lacks the disk; the saved definition has it with its former settings."
}

// putBack is the error where the disk was attached as it was, because it could not be attached as it was asked for.
func (h *Host) putBack(domain Domain, r Reattach, failed error) error {
	p := partsOf(failed)
	return problem.At(problem.Argument(failed), &problem.Problem{
		Kind: p.Kind,
		What: fmt.Sprintf("Disk %s was taken from the running domain %q on hypervisor %q, and could not be attached with its new settings.",
			r.Live.Target, domain.Name, h.Label()),
		Why: strings.TrimSpace(p.Why + " It was attached again with its former settings: the guest saw it go and come back."),
		Do:  p.Do,
		Raw: p.Raw,
	})
}

// notPutBack is the error where the disk could be attached neither as it was asked for nor as it was.
func (h *Host) notPutBack(domain Domain, r Reattach, failed, again error) error {
	p := partsOf(failed)
	return problem.At(problem.Argument(failed), &problem.Problem{
		Kind: p.Kind,
		What: fmt.Sprintf("Disk %s was taken from the running domain %q on hypervisor %q, and could be attached neither with its new settings"+
			" nor with the former ones.", r.Live.Target, domain.Name, h.Label()),
		Why: strings.TrimSpace(p.Why + " " + lacking(domain)),
		Do:  strings.TrimSpace(p.Do + "\n\nThe next apply attaches the disk, with the settings that the configuration has then."),
		Raw: strings.Join([]string{p.Raw, "with the former settings: " + partsOf(again).Raw}, "; "),
	})
}

// partsOf are the parts of an error; of one that has none, its text.
func partsOf(err error) problem.Problem {
	var p *problem.Problem
	if errors.As(err, &p) {
		return *p
	}
	return problem.Problem{Raw: err.Error()}
}

// ReattachWarning tells that a running guest loses a disk for a moment, and the arguments that ask for it.
func (p Placement) ReattachWarning(target, source string, because []string) problem.Warning {
	return problem.Warning{
		Summary: fmt.Sprintf("Disk %s of the running domain %q will be detached and attached again", target, p.Domain.Name),
		Text: fmt.Sprintf("Disk %s (%s) is detached from domain %q, which runs on hypervisor %q, and attached again with its new settings, in"+
			" the guest and in the saved definition.\n\nDetached because of a change of: %s.\n\nThe guest loses the disk for a moment. One such as"+
			" Linux lets go of a virtio disk at once, also while a file system on it is mounted: its reads and writes fail from then on, and what"+
			" it had not written yet is lost. Unmount it in the guest first, and mount it again afterwards: by its serial or file system, since"+
			" its name in the guest may be another one then.",
			target, source, p.Domain.Name, p.Host.Label(), strings.Join(because, ", ")),
	}
}

// Hindered is the error where a disk of a transient domain can't be attached again, so that nothing can take its change.
func (p Placement) Hindered(target string, because []string, hindrance string) error {
	return &problem.Problem{
		Kind: problem.Unsupported,
		What: fmt.Sprintf("Disk %s of domain %q on hypervisor %q can't be attached again with another %s.",
			target, p.Domain.Name, p.Host.Label(), strings.Join(because, ", ")),
		Why: fmt.Sprintf("The disk stays in the running guest: %s. The domain is transient, and has no saved definition for a next start.",
			hindrance),
		Do: "Take the change back; or start the domain with the disk as it is to be in its definition.",
	}
}

// HinderedWarning tells that a disk is not attached again although its configuration asks for it, and that its change waits.
func (p Placement) HinderedWarning(target, hindrance string) problem.Warning {
	return problem.Warning{
		Argument: "on_change",
		Summary:  fmt.Sprintf("Disk %s of the running domain %q can't be attached again", target, p.Domain.Name),
		Text: fmt.Sprintf("on_change is \"reattach\", but disk %s stays in domain %q on hypervisor %q as it is: %s. Its change waits for the"+
			" next start of the domain, as with \"next_boot\".", target, p.Domain.Name, p.Host.Label(), hindrance),
	}
}
