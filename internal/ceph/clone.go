package ceph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Clone is an image that reads from a snapshot of another. Its name is empty where it could not be found out.
type Clone struct {
	ImageRef

	PoolID     int64
	ID         string
	SnapshotID uint64
	Trash      bool
}

// String names the clone for a message.
func (c Clone) String() string {
	switch {
	case c.Name == "":
		return fmt.Sprintf("the image with id %s in the pool with id %d", c.ID, c.PoolID)
	case c.Trash:
		return fmt.Sprintf("%s (in the trash, id %s)", c.ImageRef, c.ID)
	}
	return c.ImageRef.String()
}

// clonesOfFormat1 asks all pools for clones of format 1. librbd does the same before it lifts a protection, one pool after the other, and
// does not say which one did not answer.
func (c *Cluster) clonesOfFormat1(ctx context.Context, what, namespace string, relations ImageRelations) ([]Clone, error) {
	pools, err := c.pools(ctx, what)
	if err != nil {
		return nil, err
	}
	return inPools(ctx, c, what, pools, func(pool Pool) ([]Clone, error) {
		var found []Clone
		for _, snapshot := range relations.Snapshots {
			if !snapshot.Protected {
				continue
			}
			ids, _, err := read(ctx, c, what, func(ctx context.Context, conn Conn) ([]string, error) {
				return conn.ListedClones(ctx, pool.Name, namespace, relations.PoolID, relations.ID, snapshot.ID)
			})
			if err != nil {
				return nil, explainPoolTimeout(err, pool.Name)
			}
			for _, id := range ids {
				found = append(found, Clone{
					ImageRef: ImageRef{Pool: pool.Name, Namespace: namespace}, PoolID: pool.ID, ID: id,
					SnapshotID: snapshot.ID,
				})
			}
		}
		return found, nil
	})
}

// remaining leaves out the clones whose pool was deleted, and they with it: their parent goes on listing them until librbd removes the
// snapshot, and no later pool gets the id of that one. The clones were listed before the pools are, so none of a new pool is left out.
func (c *Cluster) remaining(ctx context.Context, what string, clones []Clone) ([]Clone, error) {
	if len(clones) == 0 {
		return nil, nil
	}
	pools, err := c.pools(ctx, what)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(clones, func(clone Clone) bool {
		return !slices.ContainsFunc(pools, func(pool Pool) bool { return pool.ID == clone.PoolID })
	}), nil
}

func explainPoolTimeout(err error, pool string) error {
	var p *problem.Problem
	if !problem.Is(err, problem.Unreachable) || !errors.As(err, &p) {
		return err
	}
	p.Why = fmt.Sprintf("Pool %q did not answer in time. A protected snapshot may have clones in any pool, so each is asked; the placement"+
		" groups of this one are perhaps inactive.", pool)
	p.Do = fmt.Sprintf("Look at it with ceph health detail and ceph pg ls-by-pool %s; mend the pool, or delete it if it was never of use."+
		" Then apply again.", problem.Word(pool))
	return p
}

// nameClones fills in the names of clones, for messages. A name that can't be found out stays empty.
func (c *Cluster) nameClones(ctx context.Context, clones []Clone) {
	const what = "Unable to name the clones."
	for i := range clones {
		clone := &clones[i]
		_, _ = c.read(ctx, what, func(ctx context.Context, conn Conn) error {
			if clone.Pool == "" {
				pool, err := c.PoolByID(ctx, clone.PoolID)
				if err != nil {
					return err
				}
				clone.Pool = pool.Name
			}
			var err error
			clone.Name, clone.Trash, err = nameAnywhere(ctx, conn, clone.Pool, clone.Namespace, clone.ID)
			return err
		})
	}
	slices.SortFunc(clones, func(a, b Clone) int { return cmp.Compare(a.String(), b.String()) })
}

// nameAnywhere finds the name of an image by its id, also in the trash; empty where it is in neither.
func nameAnywhere(ctx context.Context, conn Conn, pool, namespace, id string) (name string, inTrash bool, err error) {
	name, err = conn.ImageName(ctx, pool, namespace, id)
	if err != nil || name != "" {
		return name, false, err
	}
	trash, err := conn.Trash(ctx, pool, namespace)
	for _, entry := range trash {
		if entry.ID == id {
			return entry.Name, true, err
		}
	}
	return "", false, err
}
