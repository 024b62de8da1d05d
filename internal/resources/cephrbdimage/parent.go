package cephrbdimage

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// parentKey is the name in the private state of the identity of the recorded parent, a [ceph.SnapshotID]. The attribute has its names,
// which may be old ones.
const parentKey = "parent"

// parentTypes are the attributes of parent.
var parentTypes = map[string]attr.Type{
	"pool": types.StringType, "namespace": types.StringType, "image": types.StringType, "snapshot": types.StringType,
	"flatten": types.BoolType,
}

// parent is the snapshot that the attribute names; known is false where there is none, or a part of it is not known yet.
func (m *model) parent() (ref ceph.SnapshotRef, known bool) {
	if m.Parent.IsNull() || m.Parent.IsUnknown() {
		return ref, false
	}
	known = true
	text := func(name string) string {
		value, _ := m.Parent.Attributes()[name].(types.String)
		known = known && !value.IsUnknown()
		return value.ValueString()
	}
	ref.Image = ceph.ImageRef{Pool: text("pool"), Namespace: text("namespace"), Name: text("image")}
	ref.Snapshot = text("snapshot")
	return ref, known
}

// flattened is whether the image is to have its parent's data itself; null where nothing says so.
func (m *model) flattened() types.Bool {
	value, _ := m.Parent.Attributes()["flatten"].(types.Bool)
	return value
}

func parentObject(ref ceph.SnapshotRef, flatten types.Bool) types.Object {
	return types.ObjectValueMust(parentTypes, map[string]attr.Value{
		"pool": types.StringValue(ref.Image.Pool), "namespace": tfkit.StringOrNull(ref.Image.Namespace),
		"image": types.StringValue(ref.Image.Name), "snapshot": types.StringValue(ref.Snapshot), "flatten": flatten,
	})
}

// readParent takes over the parent that the image has now. The recorded names stay while they are those of the same snapshot, whatever it
// is called now, and so do they once the image has none any more. What was never recorded is taken over by an import only: a clone that is
// managed without its parent stays so.
func (m *model) readParent(
	present, recorded *ceph.SnapshotID, imported bool, names func(ceph.SnapshotID) (ceph.SnapshotRef, error),
) error {
	if present == nil || m.Parent.IsNull() && !imported {
		return nil
	}
	flatten := m.flattened()
	if flatten.ValueBool() {
		flatten = types.BoolValue(false) // it has not come to its end
	}
	ref, known := m.parent()
	if !known || recorded == nil || *recorded != *present {
		var err error
		if ref, err = names(*present); err != nil {
			return err
		}
	}
	m.Parent = parentObject(ref, flatten)
	return nil
}

// warnIfOrphaned makes a warning, with the image's name, of the error of a parent whose pool is gone: the parent has no name any more, and
// the image is read without it. Any other error comes back with the name.
func warnIfOrphaned(cluster *ceph.Cluster, ref ceph.ImageRef, err error, diags *diag.Diagnostics) error {
	if err == nil {
		return nil
	}
	err = problem.Amend(err, func(p *problem.Problem) {
		p.What = fmt.Sprintf("Unable to name the parent of image %s on cluster %q.", ref, cluster.Label())
	})
	if !problem.Is(err, problem.Orphaned) {
		return err
	}
	tfkit.AddWarning(diags, "Parent of RBD image is gone", err)
	return nil
}

// namesOfParents names the parents of many clones, each parent once.
func namesOfParents(ctx context.Context, cluster *ceph.Cluster) func(ceph.SnapshotID) (ceph.SnapshotRef, error) {
	named := map[ceph.SnapshotID]ceph.SnapshotRef{}
	return func(id ceph.SnapshotID) (ceph.SnapshotRef, error) {
		if ref, ok := named[id]; ok {
			return ref, nil
		}
		ref, err := cluster.SnapshotNames(ctx, id)
		if err == nil {
			named[id] = ref
		}
		return ref, err
	}
}

// resolveParent finds the snapshot that a configuration names.
type resolveParent func(context.Context, ceph.SnapshotRef) (ceph.SnapshotID, error)

// namedNow finds the snapshot that has the names now.
func namedNow(cluster *ceph.Cluster) resolveParent {
	return func(ctx context.Context, ref ceph.SnapshotRef) (ceph.SnapshotID, error) {
		snapshot, err := cluster.Snapshot(ctx, ref.Image, ref.Snapshot)
		return snapshot.Identity(), err
	}
}

// checkParent returns the reason why the planned parent can't become that of the image, which has the parent present, or has had the
// recorded one: problem.Refused where the image would have to be made anew. What is not known yet is left to the apply.
func (m *model) checkParent(
	ctx context.Context, cluster *ceph.Cluster, plan *model, present, recorded *ceph.SnapshotID, resolve resolveParent,
) error {
	before, _ := m.parent()
	wanted, known := plan.parent()
	configured := !plan.Parent.IsNull()
	switch {
	case configured && (!known || !m.Parent.IsNull() && wanted == before):
		return nil
	case !configured && present == nil:
		return nil
	case !configured:
		return m.refuseParent(cluster, before, nil)
	case present == nil && m.Parent.IsNull():
		if flatten := plan.flattened(); flatten.IsUnknown() || flatten.ValueBool() {
			return nil
		}
		return m.refuseParent(cluster, before, &wanted)
	case present == nil:
		present = recorded
	}
	id, err := resolve(ctx, wanted)
	if err != nil && !problem.Is(err, problem.NotFound) {
		return err
	}
	if err == nil && present != nil && id == *present {
		return nil
	}
	return m.refuseParent(cluster, before, &wanted)
}

// refuseParent says why the image can't have another parent than before, or none any more where wanted is nil.
func (m *model) refuseParent(cluster *ceph.Cluster, before ceph.SnapshotRef, wanted *ceph.SnapshotRef) error {
	p := &problem.Problem{Kind: problem.Refused}
	image := fmt.Sprintf("Image %s on cluster %q", m.ref(), cluster.Label())
	const anew = " To have the image made anew instead, without the data that it holds now, set force_destroy = true and apply that first."
	const keep = " If the image is to do without it, give it the data first: set flatten = true in parent and apply; then parent can be" +
		" removed."
	switch {
	case wanted == nil:
		p.What = fmt.Sprintf("%s is a clone of %s, and the configuration names no parent any more.", image, before)
		p.Why = "What the clone has not written itself is its parent's data, so it can't be without it."
		p.Do = "Keep parent in the configuration." + keep + anew
	case m.Parent.IsNull():
		p.What = fmt.Sprintf("%s has another parent than %s, or none.", image, wanted)
		p.Why = "An image gets its parent when it is made."
		p.Do = "Name the parent that rbd info shows. If the image has the parent's data already, because it was flattened, set flatten = true" +
			" in parent: then nothing is touched." + anew
	default:
		p.What = fmt.Sprintf("%s was made from %s, and the configuration names %s, which is another snapshot, or does not exist.", image,
			before, wanted)
		p.Why = "An image gets its parent when it is made."
		p.Do = "Keep the parent that it has." + keep + anew
	}
	return p
}

// changesParent tells whether the plan changes more of the parent than flatten.
func (m *model) changesParent(plan *model) bool {
	before, _ := m.parent()
	after, known := plan.parent()
	return m.Parent.IsNull() != plan.Parent.IsNull() || known && before != after || plan.Parent.IsUnknown()
}

// nextParent checks the planned parent once more, and returns what to record of it: the parent that the image has, or else the snapshot
// that has the names; nil where that is gone, or no parent is planned.
func (m *model) nextParent(ctx context.Context, cluster *ceph.Cluster, plan *model, recorded *ceph.SnapshotID) (*ceph.SnapshotID, error) {
	_, image, err := find(ctx, cluster, m)
	if err == nil {
		err = m.checkParent(ctx, cluster, plan, image.Parent, recorded, namedNow(cluster))
	}
	if err != nil || image.Parent != nil {
		return image.Parent, err
	}
	wanted, configured := plan.parent()
	if !configured {
		return nil, nil
	}
	id, err := namedNow(cluster)(ctx, wanted)
	if problem.Is(err, problem.NotFound) {
		return nil, nil
	}
	return &id, err
}

// planParent decides about the parent of an image that exists: nothing, an error, or the replacement that force_destroy allows.
func (r *imageResource) planParent(
	ctx context.Context, entry tfkit.Entry[*ceph.Cluster], state, plan *model, recorded *ceph.SnapshotID,
) (replaced []path.Path, err error) {
	if !entry.Known || !state.changesParent(plan) {
		return nil, nil
	}
	_, image, err := find(ctx, entry.Target, state)
	if err == nil {
		err = state.checkParent(ctx, entry.Target, plan, image.Parent, recorded, r.namedAfter(entry))
	}
	switch {
	case problem.Is(err, problem.NotFound):
		return nil, nil // the next refresh takes the image out of the state
	case problem.Is(err, problem.Refused) && state.ForceDestroy.ValueBool():
		return []path.Path{path.Root("parent")}, nil
	}
	return nil, err
}

// namedAfter finds the snapshot that has the names now, or gets them in this plan.
func (r *imageResource) namedAfter(entry tfkit.Entry[*ceph.Cluster]) resolveParent {
	return func(ctx context.Context, ref ceph.SnapshotRef) (ceph.SnapshotID, error) {
		now := namedNow(entry.Target)
		id, missing := now(ctx, ref)
		if !problem.Is(missing, problem.NotFound) {
			return id, missing
		}
		fsid := entry.Identity.ValueString()
		if id, planned := r.PlannedSnapshot(fsid, ref); planned {
			return id, nil
		}
		present, err := r.presentName(ctx, entry.Target, fsid, ref.Image)
		if err != nil || present == ref.Image {
			return id, missing
		}
		return now(ctx, ceph.SnapshotRef{Image: present, Snapshot: ref.Snapshot})
	}
}

// presentName is the name that an image has now which gets another in this plan, itself or with its pool.
func (r *imageResource) presentName(ctx context.Context, cluster *ceph.Cluster, fsid string, ref ceph.ImageRef) (ceph.ImageRef, error) {
	present := ref
	if id, planned := r.PlannedPool(fsid, ref.Pool); planned {
		pool, err := cluster.PoolByID(ctx, id)
		if err != nil {
			return ref, err
		}
		present.Pool = pool.Name
	}
	if id := r.PlannedImage(fsid, ref); id != "" {
		pool, err := cluster.Pool(ctx, present.Pool)
		if err != nil {
			return ref, err
		}
		present, _, err = cluster.ImageByID(ctx, pool.ID, ref.Namespace, id)
		return present, err
	}
	return present, nil
}
