package libvirtrbddisk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// copyTimeout is the default timeout for an update that copies an image.
const copyTimeout = 24 * time.Hour

// abortLimit bounds the end of a copy that must not go on.
const abortLimit = time.Minute

// copyStep is where the copy of a disk's content to the planned image is.
type copyStep int

const (
	noCopy   copyStep = iota // the plan has no other image
	newCopy                  // the copy has to be begun
	underWay                 // it was begun, by an apply that was cut off
	overIt                   // the guest has gone over to the image already
)

// copies tells whether the plan wants the content of the disk copied to another image, if it is another one.
func copies(state, plan *model) bool {
	return plan.OnSourceChange.ValueString() == onSourceChangeLiveCopy &&
		(moved(state, plan) || len(changes(state, plan, namesImage)) > 0)
}

// wentOver tells whether the image is the one that the guest reads already. A copy that had begun to fill it is complete then: only a guest
// that goes over to a copy, or was given the image by hand, reads it before an apply has ended the copy.
func (j *job) wentOver(state *model, image ceph.Image) bool {
	if moved(state, j.plan) || !state.has(image, j.record) {
		return false
	}
	live := j.found.Live
	return j.record.GoneOver || live != nil && live.BlockCopy() == nil && live.Source() == j.found.SavedOrLive().Source()
}

// unmark takes the mark of an unfinished copy from an image to which somebody has let the guest go over by hand: a later copy would take
// the mark for leave to write over what the guest has written since.
func (j *job) unmark(ctx context.Context, state *model, image ceph.Image) error {
	access, there := j.access(), j.wentOver(state, image)
	if j.cluster == nil || moved(state, j.plan) || !there && !j.record.GoneOver || there && !rbdusage.HoldsUnfinishedCopy(image) {
		return nil
	}
	if !there {
		left, err := j.cluster.Image(ctx, state.source())
		if problem.Is(err, problem.NotFound) || err == nil && !state.has(left, j.record) {
			return nil // another image may have the name by now
		}
		if err != nil {
			return err
		}
		access.Disk = state.disk() // the guest is to leave it
	}
	if err := access.UnmarkCopy(ctx); err != nil && !problem.Is(err, problem.NotFound) {
		return err
	}
	return nil
}

// copySource is the identity of the image that the disk of the state reads. ok is false where it isn't known.
func copySource(state *model, record diskRecord) (from rbdusage.CopySource, ok bool) {
	from = rbdusage.CopySource{
		FSID: state.FSID.ValueString(), PoolID: record.PoolID, Namespace: state.Namespace.ValueString(), ImageID: state.ImageID.ValueString(),
	}
	return from, from.FSID != "" && from.PoolID != 0 && from.ImageID != ""
}

// copyAt tells where the copy to the image of access is, from what the running domain has. former are names under which the guest may have
// opened its present image: one of them may be the new image's name by now.
func copyAt(ctx context.Context, access rbdusage.Access, live *libvirt.Disk, former []string) (copyStep, error) {
	if live == nil {
		return newCopy, nil
	}
	there, err := access.Opens(ctx, *live)
	if err != nil || there == rbdusage.Yes && !slices.Contains(former, live.Source()) {
		return overIt, err
	}
	if copying := live.BlockCopy(); copying != nil {
		if there, err = access.Opens(ctx, copying.To); err != nil || there == rbdusage.Yes {
			return underWay, err
		}
	}
	return newCopy, nil
}

// checkCopy finds out where the copy to the planned image is, and refuses one that can't be begun.
func (j *job) checkCopy(ctx context.Context, state *model, image ceph.Image) (err error) {
	if j.copy, err = copyAt(ctx, j.access(), j.found.Live, j.record.FormerSources); err != nil || j.copy == underWay {
		return err
	}
	if j.copy == overIt {
		return j.access().ConfirmOpened(ctx, j.Domain)
	}
	if err := j.RefuseCopy(j.target(), j.found); err != nil {
		return err
	}
	var known bool
	if j.copyFrom, known = copySource(state, j.record); !known {
		return identityUnknown(state)
	}
	bytes, err := j.Host.DiskBytes(ctx, j.Domain.UUID, j.target())
	if err != nil {
		return err
	}
	if err := j.access().RefuseCopyTarget(ctx, image, j.copyFrom, bytes); err != nil {
		return err
	}
	return j.access().RefuseInUse(ctx, 0)
}

// identityUnknown refuses a copy from an image that can't be told from its destination.
func identityUnknown(state *model) error {
	return problem.At("on_source_change", &problem.Problem{
		Kind: problem.Refused,
		What: "The content of disk " + state.TargetDev.ValueString() + " can't be copied: the state doesn't know which image it has.",
		Why: "A copy of an image onto itself would destroy it, so the identity of both has to be known. The present one was not, because the" +
			" disk has no cluster, or because its cluster did not answer.",
		Do: "Apply once with the present image and its cluster, then change them.",
	})
}

// copyContent copies the content of the running guest's disk to the planned image, and lets the guest go over to it.
func (j *job) copyContent(ctx context.Context, image ceph.Image) error {
	if j.copy == overIt {
		if rbdusage.HoldsUnfinishedCopy(image) {
			if err := j.access().UnmarkCopy(ctx); err != nil {
				return err
			}
		}
		return j.goneOver(ctx)
	}
	live, destination := *j.found.Live, j.plan.onto(libvirt.Disk{}, nil)
	if j.copy == newCopy {
		if err := j.startCopy(ctx, live, destination, rbdusage.HoldsUnfinishedCopy(image)); err != nil {
			return err
		}
	}
	if err := j.Host.AwaitBlockCopy(ctx, j.Domain.UUID, live, destination); err != nil {
		return err
	}
	// Before the guest goes over: what it writes then is no unfinished copy.
	if err := j.access().UnmarkCopy(ctx); err != nil {
		return err
	}
	j.record.Asked = destination.Source()
	if err := j.Host.PivotBlockCopy(ctx, j.Domain.UUID, live, destination); err != nil {
		return err
	}
	return j.goneOver(ctx)
}

// startCopy begins the copy, after the host has opened the image once. again tells that an earlier copy has begun to fill it.
func (j *job) startCopy(ctx context.Context, live, destination libvirt.Disk, again bool) error {
	access := j.access()
	if err := j.probe(ctx, destination); err != nil {
		return err
	}
	// Again, right before the copy: somebody may have opened the image meanwhile.
	if err := access.RefuseInUse(ctx, 0); err != nil {
		return err
	}
	if err := access.MarkCopy(ctx, j.copyFrom); err != nil {
		return err
	}
	if err := j.Host.StartBlockCopy(ctx, j.Domain.UUID, live, destination); err != nil {
		if !again && !problem.Is(err, problem.Unreachable) {
			// Nothing was copied, and the image is as good for any other use as before.
			removing, cancel := grace.Context(ctx, abortLimit)
			defer cancel()
			_ = access.UnmarkCopy(removing)
		}
		return access.Explain(ctx, err)
	}
	// QEMU itself is one watcher. Another client that has opened the image in this moment must not go on with it.
	err := access.RefuseInUse(ctx, 1)
	if err == nil {
		return nil
	}
	aborting, cancel := grace.Context(ctx, abortLimit)
	defer cancel()
	kept := j.Host.AbortBlockCopy(aborting, j.Domain.UUID, live)
	if kept == nil {
		return err
	}
	return problem.Amend(err, func(p *problem.Problem) {
		p.Do = fmt.Sprintf("The copy goes on. End it: virsh blockjob %s %s --abort. %s", problem.Word(j.Domain.Name), j.target(), p.Do)
		p.Raw = kept.Error()
	})
}

// goneOver notes that the guest has the planned image now, under the names of the plan alone.
func (j *job) goneOver(ctx context.Context) error {
	j.touched, j.copied = true, true
	j.record.FormerSources, j.record.Source, j.record.GoneOver, j.record.Asked = nil, j.plan.source().String(), false, ""
	j.connections.ReleaseHolder(j.object())
	j.connections.Hold(j.object(), tfkit.Holder{Object: j.object()})
	if err := j.findAgain(ctx); err != nil {
		return err
	}
	if j.found.Live == nil {
		return j.DiskGone(j.target(), "the next refresh tells whether it is there.")
	}
	return nil
}
