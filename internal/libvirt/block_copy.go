package libvirt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/calllog"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// BlockCopy is a block copy of a running domain's disk that is under way, as its definition tells it.
type BlockCopy struct {
	// To is the image that is filled: a disk with a source alone.
	To Disk
	// Ready means that both images are the same, and that what the guest writes goes to both: the guest can go over.
	Ready bool
}

// BlockCopy is the copy under way of a disk that was read from a running domain; nil where there is none.
func (d Disk) BlockCopy() *BlockCopy {
	if d.read == nil || d.read.element.Mirror == nil || d.read.element.Mirror.Job != "copy" {
		return nil
	}
	mirror := d.read.element.Mirror
	return &BlockCopy{To: diskOf(domainDisk{Source: mirror.Source}), Ready: mirror.Ready == "yes"}
}

// RefuseCopy refuses to copy the content of a running domain's disk to another image, where the copy would not hold what the guest reads,
// or where libvirt can't make it.
func (p Placement) RefuseCopy(target string, found Disks) error {
	live, why, do := found.Live, "", "Set on_source_change = \"replace\", which detaches the disk from the guest and attaches the other image."
	switch {
	case live == nil && p.Domain.Active:
		why = "The running guest doesn't have the disk, so that there is nothing that a copy could keep up with."
		do = "Apply without the change first, which attaches the disk; then change its source."
	case live == nil:
		why = "Its domain is shut off. QEMU makes the copy, so the guest has to run."
		do = "Start the domain, then apply again. Or copy the image yourself (rbd export SOURCE - | rbd import - DESTINATION) and set" +
			" on_source_change = \"refuse\": while the domain is shut off the source is changed in place, and nothing is copied."
	case live.ReadOnly || live.Snapshot != "" || live.Device != "disk":
		why = "The guest only reads it: there is nothing to keep up with."
	case live.Shareable:
		why = "It is shareable. What other guests write meanwhile would be missing in the copy."
		do = "Shut the guests off that share the image, copy it (rbd export SOURCE - | rbd import - DESTINATION), and let all of their disks" +
			" name the copy."
	case live.encrypted():
		why = "It is encrypted, and libvirt would have to encrypt the copy."
		do = "Shut the domain off, copy the image with its header (rbd export SOURCE - | rbd import - DESTINATION), and set" +
			" on_source_change = \"refuse\": then the source is changed in place."
	case !live.ShowsWholeImage():
		why = "It reads " + live.DescribeSource() + " through a format, an overlay or a slice."
	default:
		return nil
	}
	return problem.At("on_source_change", &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("The content of disk %s of domain %q on hypervisor %q can't be copied to another image.",
			target, p.Domain.Name, p.Host.Label()),
		Why: why + " Nothing was changed.",
		Do:  do,
	})
}

// StartBlockCopy lets QEMU copy a running domain's disk, as it was read, to another image, while the guest goes on. Of the destination only
// the source counts; it has to have exactly the size of the disk, and what it holds is overwritten without a question. It returns when
// QEMU has opened the image; see [Host.AwaitBlockCopy]. A disk that isn't there any more is problem.NotFound, one whose source has
// changed problem.Refused.
//
// Similar to: virsh blockcopy DOMAIN TARGET --xml FILE --reuse-external --transient-job.
func (h *Host) StartBlockCopy(ctx context.Context, domainUUID string, disk, destination Disk) error {
	op := operation{
		doing:   fmt.Sprintf("copy disk %s of domain %s to %s", disk.Target, domainUUID, destination.DescribeSource()),
		changes: true, advice: copyAdvice,
	}
	found, unlock, err := h.changing(ctx, op, domainUUID)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := h.currentDisks(ctx, op, found, disk, Live); err != nil {
		return err
	}
	source := Disk{Device: "disk"}
	for _, f := range DiskFields {
		if f.Source {
			f.Take(&source, destination)
		}
	}
	text, err := source.Element()
	if err != nil {
		return h.fail(op, err)
	}
	_, err = change(ctx, h, op, onDisk("DomainBlockCopy", found.Name, disk.Target), nothing(func(l *rpc.Libvirt) error {
		return l.DomainBlockCopy(found, disk.Target, text, nil, rpc.DomainBlockCopyReuseExt|rpc.DomainBlockCopyTransientJob)
	}))
	return err
}

var copyAdvice = map[rpc.ErrorNumber]meaning{
	rpc.ErrInternalError:   {problem.Other, "libvirt or QEMU on the host refused the copy.", "Change what the reply names, then apply again."},
	rpc.ErrOperationFailed: {problem.Other, "libvirt or QEMU on the host refused the copy.", "Change what the reply names, then apply again."},
}

const (
	// The first looks at a copy come soon, for a small image; later ones don't disturb the host.
	firstCopyLook = 100 * time.Millisecond
	lastCopyLook  = 2 * time.Second
	// unseenLimit is how long a host may not answer while a copy is waited for: its daemon may be restarted, and QEMU goes on.
	unseenLimit = time.Minute
)

// AwaitBlockCopy waits until a copy is ready, so that the guest can go over to the image. Where the context ends the copy goes on, and can
// be waited for again. A copy that has ended without that is problem.Other, a domain that was shut off meanwhile too.
//
// Similar to: virsh blockjob DOMAIN TARGET, again and again.
func (h *Host) AwaitBlockCopy(ctx context.Context, domainUUID string, disk, destination Disk) error {
	op := operation{doing: fmt.Sprintf("copy disk %s of domain %s to %s", disk.Target, domainUUID, destination.DescribeSource())}
	known, seen := Domain{Name: domainUUID, UUID: domainUUID}, time.Now()
	progress := h.log.Progress(ctx, "a block copy", calllog.Object{Domain: domainUUID, Target: disk.Target}, func() string {
		return h.copied(ctx, known, disk.Target)
	})
	for pause := firstCopyLook; ; pause = min(2*pause, lastCopyLook) {
		domain, err := h.Domain(breaker.Retry(ctx), domainUUID) // each look may connect anew
		if err == nil {
			known, seen = domain, time.Now()
		} else if problem.Is(err, problem.NotFound) {
			err = nil
		}
		live := domain.Live.has(disk)
		switch {
		case ctx.Err() != nil:
			return h.copyGoesOn(ctx, op, known, disk.Target)
		case problem.Is(err, problem.Unreachable) && time.Since(seen) < unseenLimit:
		case err != nil:
			return err
		case live == nil || live.opensLike(disk) && live.BlockCopy() == nil:
			return h.copyEnded(op, live)
		case !live.opensLike(disk):
			return h.sourceChanged(op, disk, *live)
		case live.BlockCopy().Ready:
			return nil
		}
		if err == nil {
			progress()
		}
		next := time.NewTimer(pause)
		select {
		case <-next.C:
		case <-ctx.Done():
			next.Stop()
			return h.copyGoesOn(ctx, op, known, disk.Target)
		}
	}
}

// copied tells how far a block copy is, for the log and for errors; empty where that is not to be learned.
//
// Similar to: virsh blockjob DOMAIN TARGET.
func (h *Host) copied(ctx context.Context, domain Domain, target string) string {
	named := rpc.Domain{Name: domain.Name}
	_, named.UUID, _ = normalUUID(domain.UUID)
	op := operation{doing: fmt.Sprintf("ask for jobs of domain %q", domain.Name)}
	text, _ := read(ctx, h, op, onDisk("DomainGetBlockJobInfo", domain.Name, target), func(l *rpc.Libvirt) (string, error) {
		there, _, _, done, all, err := l.DomainGetBlockJobInfo(named, target, 0)
		if err != nil || there == 0 || all == 0 {
			return "", err
		}
		return fmt.Sprintf("%d %% of %d MiB", done*100/all, all>>20), nil
	})
	return text
}

func (h *Host) copyGoesOn(ctx context.Context, op operation, domain Domain, target string) error {
	asking, cancel := grace.Context(ctx, stateLimit)
	defer cancel()
	why := "It takes longer than the operation may: timeouts.update of the disk."
	if errors.Is(ctx.Err(), context.Canceled) {
		why = "The operation was cancelled."
	}
	if done := h.copied(asking, domain, target); done != "" {
		why += " " + done + " are copied."
	}
	return &problem.Problem{
		Kind: problem.Busy,
		What: fmt.Sprintf("Could not %s on %s to its end.", op.doing, h.name()),
		Why:  why + " QEMU goes on with it, and the guest still reads the former image.",
		Do: fmt.Sprintf("Apply again: that waits for the copy, and lets the guest go over. To give it up instead: virsh blockjob %s %s --abort.",
			problem.Word(domain.Name), target),
	}
}

// copyEnded is the error of a copy that is not there any more. live is the disk that is left.
func (h *Host) copyEnded(op operation, live *Disk) error {
	why := "QEMU gave it up, or somebody ended it. The guest goes on with the former image."
	if live == nil {
		why = "The domain was shut off meanwhile, or it has lost the disk. Its saved definition names the former image, which holds all that" +
			" the guest has written."
	}
	return &problem.Problem{
		Kind: problem.Other,
		What: fmt.Sprintf("Could not %s on %s to its end.", op.doing, h.name()),
		Why:  why,
		Do: "Apply again while the domain runs: the copy then begins anew. What QEMU says about it is in the log of the domain on the host" +
			" (/var/log/libvirt/qemu).",
	}
}

// PivotBlockCopy ends a copy that is ready: from then on the guest reads and writes the destination, and the former image is as it was in
// that moment. The saved definition gets the destination too, where it named the same image. Where the answer is lost, the domain is read
// to see which image it has.
//
// Similar to: virsh blockjob DOMAIN TARGET --pivot.
func (h *Host) PivotBlockCopy(ctx context.Context, domainUUID string, disk, destination Disk) error {
	op := operation{
		doing: fmt.Sprintf("let disk %s of domain %s go over to %s", disk.Target, domainUUID, destination.DescribeSource()), changes: true,
	}
	failed := h.endBlockCopy(ctx, op, domainUUID, disk, rpc.DomainBlockJobAbortPivot)
	asking, cancel := grace.Context(ctx, ElsewhereLimit)
	defer cancel()
	domain, err := h.Domain(asking, domainUUID)
	// Where nothing tells the two images apart, only libvirt's answer can.
	if live := domain.Live.has(disk); live != nil && live.opensLike(destination) && live.BlockCopy() == nil &&
		(failed == nil || !live.opensLike(disk)) {
		return nil
	}
	if failed != nil || err != nil {
		return cmp.Or(failed, err)
	}
	return h.copyEnded(op, domain.Live.has(disk))
}

// AbortBlockCopy ends a copy; the guest stays with the image that it has.
//
// Similar to: virsh blockjob DOMAIN TARGET --abort.
func (h *Host) AbortBlockCopy(ctx context.Context, domainUUID string, disk Disk) error {
	op := operation{doing: fmt.Sprintf("end the copy of disk %s of domain %s", disk.Target, domainUUID), changes: true}
	return h.endBlockCopy(ctx, op, domainUUID, disk, 0)
}

func (h *Host) endBlockCopy(ctx context.Context, op operation, domainUUID string, disk Disk, how rpc.DomainBlockJobAbortFlags) error {
	found, unlock, err := h.changing(ctx, op, domainUUID)
	if err != nil {
		return err
	}
	defer unlock()
	_, err = change(ctx, h, op, onDisk("DomainBlockJobAbort", found.Name, disk.Target), nothing(func(l *rpc.Libvirt) error {
		return l.DomainBlockJobAbort(found, disk.Target, how)
	}))
	return err
}

// CopyWarning tells that a plan copies a running guest's disk, and what that does. unless is added where the plan can't tell yet whether
// the image is another one.
func (p Placement) CopyWarning(target, from, to string, underWay bool, unless string) problem.Warning {
	text := fmt.Sprintf("Domain %q runs on hypervisor %q. QEMU copies disk %s from %s to %s%s, then the guest goes over to the copy, live and"+
		" saved. It notices nothing but that its disk is slower meanwhile.", p.Domain.Name, p.Host.Label(), target, from, to, unless)
	if underWay {
		text = fmt.Sprintf("Domain %q runs on hypervisor %q, and a copy of disk %s from %s to %s is under way. The apply waits for it, then the"+
			" guest goes over to the copy, live and saved.", p.Domain.Name, p.Host.Label(), target, from, to)
	}
	return problem.Warning{Summary: fmt.Sprintf("Disk %s of the running domain %q will be copied", target, p.Domain.Name), Text: text +
		" The former image keeps what it holds in that moment, and nothing reads it any more."}
}

// CopyingWarnings tell that a block copy of a disk is under way, which nobody may wait for.
func (p Placement) CopyingWarnings(found Disks) []problem.Warning {
	if found.Live == nil || found.Live.BlockCopy() == nil {
		return nil
	}
	target, under := found.Live.Target, found.Live.BlockCopy()
	return []problem.Warning{{
		Summary: fmt.Sprintf("Disk %s of domain %q is being copied", target, p.Domain.Name),
		Text: fmt.Sprintf("A block copy of disk %s of domain %q on hypervisor %q goes to %s. Until it ends the guest keeps the present image,"+
			" and the disk can neither be detached nor grow.\n\nIf it is that of an apply with on_source_change = \"live_copy\" that was cut off,"+
			" apply the same configuration again, which lets the guest go over. Any other copy doesn't end by itself: virsh blockjob %s %s --pivot"+
			" lets the guest go over once it is ready, --abort gives it up.", target, p.Domain.Name, p.Host.Label(), under.To.DescribeSource(),
			problem.Word(p.Domain.Name), target),
	}}
}
