package ceph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// DeleteImage removes an image with its data. Everything that could refuse is asked first, and all that is found is one
// problem.Refused: clones, locks put on by hand, groups, mirroring, a migration, and snapshots unless they are to go too.
// Then it waits up to 40 seconds (or until ctx ends) for watchers to go, as those of a crashed host do; those that stay are
// problem.Busy, by their addresses. Only then something is removed. An image that is gone already is no error. One whose parent's pool is
// gone can't be asked; it is removed if its snapshots are to go too, and has none that keep it. ask tells what
// the image has to do with others, before each try, and refuses one that is not to be removed: a watcher that was waited for may have
// written to it. Nil is [Cluster.ImageRelations]. Where the id is known, another image that has got the name meanwhile is
// problem.Refused, and so is the image under another name.
//
// Similar to: rbd snap unprotect; rbd snap purge; rbd rm
func (c *Cluster) DeleteImage(
	ctx context.Context, image KnownImage, withSnapshots bool, ask func(context.Context, ImageRef) (ImageRelations, error),
) error {
	ref := image.ImageRef
	what := fmt.Sprintf("Unable to delete image %s of cluster %q.", ref, c.cfg.Label)
	if ask == nil {
		ask = c.ImageRelations
	}
	return c.onceReleased(ctx, what, image, func() (ImageRelations, error) {
		relations, err := ask(ctx, ref)
		if other := relations.refuseOther(what, image); other != nil {
			return ImageRelations{}, other // whatever keeps that one
		}
		if withSnapshots && problem.Is(err, problem.Orphaned) {
			return ImageRelations{}, nil // librbd, which opens it without its parent for this, refuses by itself what it should
		}
		if err == nil {
			err = relations.refuseRemoval(what, ref, withSnapshots)
		}
		return relations, err
	}, func(relations ImageRelations) (bool, error) { return c.removeImage(ctx, what, ref, relations) })
}

// onceReleased removes an image once it has no watchers any more. ask tells what keeps it, before each try; an image that is gone ends it.
// remove returns again where the image has become busy in the meantime.
func (c *Cluster) onceReleased(
	ctx context.Context, what string, image KnownImage, ask func() (ImageRelations, error),
	remove func(ImageRelations) (again bool, err error),
) error {
	var removal error
	ref := image.ImageRef
	if pool, err := c.Pool(ctx, ref.Pool); err == nil {
		c.awaitQuota(ctx, pool) // what keeps the image tells whether the flag is still there
	}
	err := c.AwaitRelease(ctx, ref, func() (held, err error) {
		relations, err := ask()
		if problem.Is(err, problem.NotFound) {
			return nil, c.refuseRenamed(ctx, what, image)
		}
		if err != nil {
			return nil, err
		}
		// The removal itself would ask a live owner to give up the image's lock, so watchers are looked at first.
		if len(relations.Watchers) > 0 && relations.Mirrored && !relations.MirrorOpen {
			return mirroredImage(what, ref, relations.Watchers), nil
		}
		if len(relations.Watchers) > 0 {
			return c.busyImage(what, relations.Watchers), nil
		}
		again, err := remove(relations)
		if again {
			return c.busyImage(what, nil), nil
		}
		removal = err
		return nil, nil
	})
	return cmp.Or(err, removal)
}

// refuseOther refuses another image than the one that is known, which has got its name.
func (r ImageRelations) refuseOther(what string, known KnownImage) error {
	if known.ID == "" || r.ID == "" || r.ID == known.ID {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Refused, What: what,
		Why: fmt.Sprintf("The image of that name has the id %s now, and the one that is meant has the id %s: it was renamed or migrated in this"+
			" moment. Nothing was changed.", r.ID, known.ID),
		Do: "Apply again: the next plan shows what is there.",
	}
}

// refuseRenamed tells of an image that has no such name any more whether it has another one.
func (c *Cluster) refuseRenamed(ctx context.Context, what string, known KnownImage) error {
	if known.ID == "" {
		return nil
	}
	now, _, err := c.FindImage(readcache.Afresh(ctx), known)
	switch {
	case problem.Is(err, problem.NotFound), problem.Is(err, problem.Removing):
		return nil
	case err != nil:
		return err
	}
	return &problem.Problem{
		Kind: problem.Refused, What: what,
		Why: fmt.Sprintf("It was renamed or migrated to %s in this moment. Nothing was changed.", now),
		Do:  "Apply again, if it is still to go.",
	}
}

// CheckImageRemoval asks what [Cluster.DeleteImage] asks first, without the watchers.
func (c *Cluster) CheckImageRemoval(ctx context.Context, ref ImageRef, withSnapshots bool) error {
	relations, err := c.ImageRelations(ctx, ref)
	if err != nil {
		return err
	}
	return relations.refuseRemoval(fmt.Sprintf("Image %s of cluster %q can't be deleted.", ref, c.cfg.Label), ref, withSnapshots)
}

func (r ImageRelations) refuseRemoval(what string, ref ImageRef, withSnapshots bool) error {
	end := "Nothing was removed."
	if withSnapshots {
		end += " force_destroy does not override this."
	}
	return refuseObstacles(what, r.againstRemoval(ref, withSnapshots), end)
}

// removeImage removes the snapshots and then the image. held tells that the image has become busy in the meantime.
func (c *Cluster) removeImage(ctx context.Context, what string, ref ImageRef, relations ImageRelations) (held bool, err error) {
	if err := c.purgeSnapshots(ctx, ref, relations); err != nil {
		return false, err
	}
	defer c.changingImages()()
	errno, err := c.callErrno(ctx, what, func(conn Conn) error { return conn.RemoveImage(ctx, ref) })
	if errno == EBUSY {
		return true, err
	}
	err = c.explainRemoveImage(ctx, ref, errno, err)
	var p *problem.Problem
	if names := relations.UserSnapshots(); len(names) > 0 && errors.As(err, &p) {
		p.Why = strings.TrimSpace(fmt.Sprintf("%s Its snapshots are removed already: %s.", p.Why, strings.Join(names, ", ")))
	}
	return false, err
}

func (c *Cluster) explainRemoveImage(ctx context.Context, ref ImageRef, errno Errno, err error) error {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	name := problem.Word(ref.String())
	switch errno {
	case ENOENT:
		if missing := c.imageMissing(ctx, ref, err); problem.Is(missing, problem.NotFound) {
			return nil
		}
		// librbd moves the image into the trash first, and reports only that it isn't there.
		if pool, err := c.Pool(ctx, ref.Pool); err == nil && pool.Full {
			p.Why = fmt.Sprintf("Pool %q is full, and a removal writes to the pool before it frees anything.", pool.Name)
			p.Do = "Free space elsewhere, add OSDs, or raise the ratio for the moment (ceph df, ceph osd set-full-ratio). Then apply again."
		}
	case ENOTEMPTY:
		if problem.Is(c.CheckImageChange(ctx, ref), problem.Orphaned) {
			p.Kind, p.Why = problem.Refused, "The image has snapshots or clones. The pool of its parent was deleted, so it can't be opened any more"+
				" to remove them."
			p.Do = fmt.Sprintf("Move it to the trash, where it is in nobody's way: rbd trash mv %s. It goes with its pool.", name)
			return err
		}
		p.Kind, p.Why = problem.Refused, "The image got a new snapshot or a clone in this moment."
		p.Do = fmt.Sprintf("Look at them with rbd snap ls --all %[1]s and rbd children --all %[1]s, then destroy again.", name)
	case EINVAL:
		p.Kind, p.Why = problem.Refused, "Its mirroring can't be ended from here: the image has become the copy of one in another cluster."
		p.Do = fmt.Sprintf("Make it the primary (rbd mirror image promote %[1]s), or end its mirroring (rbd mirror image disable --force %[1]s),"+
			" then destroy again.", name)
	}
	return err
}

func (c *Cluster) busyImage(what string, watchers []Watcher) error {
	if len(watchers) == 0 {
		return &problem.Problem{
			Kind: problem.Busy, What: what,
			Why: "Another operation on the image (a migration, a group, a mirror, another removal), a client that has it open, or a lock that" +
				" somebody has put on it by hand, holds it.",
			Do: "Wait until that has ended, or end it, then apply again.",
		}
	}
	return &problem.Problem{
		Kind: problem.Busy, What: what,
		Why: fmt.Sprintf("It is in use by %s.", DescribeWatchers(watchers)),
		Do: "Detach the disk from the guest, or unmap it from the host, at that address. A client that crashed goes by itself within" +
			" about 30 seconds.",
	}
}

// mirroredImage is the error of a mirrored image of whose watchers one may be the rbd-mirror of the other cluster.
func mirroredImage(what string, ref ImageRef, watchers []Watcher) error {
	return &problem.Problem{
		Kind: problem.Busy, What: what,
		Why: fmt.Sprintf("It is mirrored, and open by %s. That may be the rbd-mirror of the other cluster, which has it open as long as it is"+
			" mirrored.", DescribeWatchers(watchers)),
		Do: fmt.Sprintf("Detach the disk from a guest, or unmap it from a host, at that address. Where it is rbd-mirror, end the mirroring (%s),"+
			" or let the provider see that it is: the caps of its user begin with mon 'profile rbd-mirror-peer', and the user that the provider"+
			" connects with may ask who is connected (mon 'allow service mon rwx'). Then apply again. A watcher left over by a crashed client goes"+
			" by itself after about 30 seconds.", endMirroring(ref)),
	}
}
