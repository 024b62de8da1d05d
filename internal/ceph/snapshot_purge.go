package ceph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// UserSnapshots are the names of the snapshots that somebody made, and that can be removed by hand.
func (r ImageRelations) UserSnapshots() []string {
	var names []string
	for _, s := range r.Snapshots {
		if s.Kind == UserSnapshot {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (r ImageRelations) snapshotName(id uint64) string {
	for _, s := range r.Snapshots {
		if s.ID == id {
			return s.Name
		}
	}
	return ""
}

// purgeSnapshots removes all snapshots that somebody made. Protection is lifted from all of them before the first one goes,
// because only that step can still be refused; if it is, the protection is restored.
func (c *Cluster) purgeSnapshots(ctx context.Context, ref ImageRef, relations ImageRelations) error {
	what := fmt.Sprintf("Unable to remove the snapshots of image %s of cluster %q.", ref, c.cfg.Label)
	var lifted, removed []string
	for _, s := range relations.Snapshots {
		if !s.Protected {
			continue
		}
		errno, err := c.callErrno(ctx, what, func(conn Conn) error { return conn.ProtectSnapshot(ctx, ref, s.Name, false) })
		if errno == EINVAL || errno == ENOENT {
			continue // it is not protected any more, or gone
		}
		if err != nil {
			return c.restoreProtection(ctx, ref, lifted, explainUnprotect(err, errno, ref, s.Name))
		}
		lifted = append(lifted, s.Name)
	}
	for _, s := range relations.Snapshots {
		if s.Kind != UserSnapshot {
			continue
		}
		errno, err := c.removeSnapshot(ctx, what, ref, s.Name)
		var p *problem.Problem
		if errno != ENOENT && errors.As(err, &p) {
			if errno == EBUSY {
				p.Why, p.Do = fmt.Sprintf("Snapshot %s has been protected, or has got a clone, in this moment.", s.Name),
					"Look what happens to the image, and destroy again."
			}
			if len(removed) > 0 {
				p.Why = strings.TrimSpace(fmt.Sprintf("%s These are removed already: %s.", p.Why, strings.Join(removed, ", ")))
			}
			stay := slices.DeleteFunc(lifted, func(name string) bool { return slices.Contains(removed, name) })
			return c.restoreProtection(ctx, ref, stay, err)
		}
		removed = append(removed, s.Name)
	}
	return nil
}

// removeSnapshot removes a snapshot whose protection has been lifted. The client that holds the image's lock carries that out, and refuses
// it as long as its view of the image is from before: so where the snapshot has no protection, it is asked again.
func (c *Cluster) removeSnapshot(ctx context.Context, what string, ref ImageRef, name string) (Errno, error) {
	for attempt := 1; ; attempt++ {
		errno, err := c.callErrno(ctx, what, func(conn Conn) error { return conn.RemoveSnapshot(ctx, ref, name) })
		if errno != EBUSY || attempt == recheckAttempts {
			return errno, err
		}
		if now, unread := c.Snapshot(ctx, ref, name); unread != nil || now.Protected {
			return errno, err
		}
		select {
		case <-time.After(time.Duration(attempt) * recheckInterval):
		case <-ctx.Done():
			return errno, err
		}
	}
}

// protectTimeout bounds the restoring of protection, which is done also when the operation's own time is up.
const protectTimeout = 10 * time.Second

// restoreProtection undoes the first step of a removal that was refused, and returns the reason of the refusal.
func (c *Cluster) restoreProtection(ctx context.Context, ref ImageRef, names []string, err error) error {
	ctx, cancel := grace.Context(ctx, protectTimeout)
	defer cancel()
	var left []string
	for _, name := range names {
		if again := c.call(ctx, "", func(conn Conn) error { return conn.ProtectSnapshot(ctx, ref, name, true) }); again != nil {
			left = append(left, name)
		}
	}
	var p *problem.Problem
	if len(left) > 0 && errors.As(err, &p) {
		p.Why = strings.TrimSpace(fmt.Sprintf("%s These snapshots are no longer protected: %s.", p.Why, strings.Join(left, ", ")))
	}
	return err
}

func explainUnprotect(err error, errno Errno, ref ImageRef, snapshot string) error {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch errno {
	case EBUSY:
		p.Why = fmt.Sprintf("Snapshot %s has got a clone in this moment. Nothing was removed.", snapshot)
		p.Do = fmt.Sprintf("Flatten or remove the clones first: rbd children --all %s.", problem.Word(ref.String()))
	case ETIMEDOUT:
		p.Why += fmt.Sprintf(" To lift the protection of snapshot %s, all pools of the cluster are asked for clones; one of them does not"+
			" answer. Nothing was removed.", snapshot)
		p.Do = "Look for the pool with ceph health detail, mend it, and apply again."
	}
	return err
}
