package cephrbdimage

import (
	"context"
	"fmt"
	"slices"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// change applies the differences between state and plan to the image, whose recorded parent is given, and returns the parent to record.
func change(
	ctx context.Context, cluster *ceph.Cluster, state, plan *model, recorded *ceph.SnapshotID,
) (parent *ceph.SnapshotID, err error) {
	parent = recorded
	if state.changesParent(plan) {
		if parent, err = state.nextParent(ctx, cluster, plan, recorded); err != nil {
			return recorded, err
		}
	}
	if !plan.Encryption.Equal(state.Encryption) {
		if err := state.checkEncryption(ctx, cluster, plan); err != nil {
			return parent, err
		}
	}
	enable, disable := state.featureChanges(ctx, plan)
	set, remove := state.metadataChanges(plan)
	resized := plan.Size.Bytes() != state.Size.Bytes()
	flatten := plan.flattened().ValueBool() && !state.flattened().ValueBool()
	if !plan.Pool.Equal(state.Pool) || !plan.DataPool.Equal(state.DataPool) {
		if err := samePools(ctx, cluster, state, plan); err != nil {
			return parent, err
		}
	}
	if plan.Name.Equal(state.Name) && !resized && !flatten && len(enable)+len(disable)+len(set)+len(remove) == 0 {
		return parent, nil
	}
	// Since the state was read the image may have been renamed by hand, and another one may have its name.
	ref, image, err := find(ctx, cluster, state)
	if err == nil && resized {
		err = refuseUnplannedCut(cluster, ref, image, state, plan)
	}
	if err == nil {
		err = cluster.CheckImageChange(ctx, ref)
	}
	if err == nil {
		err = cluster.CheckDisabling(ctx, ref, disable)
	}
	if err != nil {
		return parent, err
	}
	if name := plan.Name.ValueString(); ref.Name != name {
		if err := cluster.RenameImage(ctx, ref, name); err != nil {
			return parent, err
		}
		ref.Name = name
	}
	if resized {
		if err := cluster.ResizeImage(ctx, ref, plan.Size.Bytes(), state.mayShrink(plan)); err != nil {
			return parent, err
		}
	}
	if len(enable)+len(disable) > 0 {
		if err := cluster.SetImageFeatures(ctx, ref, enable, disable); err != nil {
			return parent, err
		}
	}
	if len(set)+len(remove) > 0 {
		if err := cluster.SetImageMetadata(ctx, ref, set, remove); err != nil {
			return parent, err
		}
	}
	if flatten && image.Parent != nil {
		return parent, cluster.FlattenImage(ctx, ref)
	}
	return parent, nil
}

// mayShrink tells whether the plan itself has shown a smaller size, and it is allowed. allow_shrink alone says nothing of an image that
// was to grow.
func (m *model) mayShrink(plan *model) bool {
	return plan.AllowShrink.ValueBool() && plan.Size.Bytes() < m.Size.Bytes()
}

// refuseUnplannedCut refuses to cut off more than the plan has told of: somebody may have made the image larger since.
func refuseUnplannedCut(cluster *ceph.Cluster, ref ceph.ImageRef, image ceph.Image, state, plan *model) error {
	if plan.Size.Bytes() >= image.SizeBytes || state.mayShrink(plan) && image.SizeBytes <= state.Size.Bytes() {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Image %s on cluster %q is not resized to %s. Nothing was changed.", ref, cluster.Label(), plan.Size.ValueString()),
		Why: fmt.Sprintf("It has %s now, which is more than the plan knew of. What is beyond the new end would be destroyed, and the plan has"+
			" not told that.", tfkit.FormatSize(image.SizeBytes)),
		Do: "Plan again, and look at what would be cut off. To keep all of the image, give it at least its present size.",
	}
}

// samePools checks that the new names of the pools are those of the same pools, renamed.
func samePools(ctx context.Context, cluster *ceph.Cluster, state, plan *model) error {
	_, image, err := find(ctx, cluster, state)
	if err != nil {
		return err
	}
	pool, err := cluster.Pool(ctx, plan.Pool.ValueString())
	if err != nil {
		return err
	}
	if pool.ID != state.PoolID.ValueInt64() || image.DataPool != plan.DataPool.ValueString() {
		return &problem.Problem{
			Kind: problem.Refused,
			What: fmt.Sprintf("Image %s on cluster %q is in another pool than the configuration now names.", state.ref(), cluster.Label()),
			Why:  "The new name was no pool when the change was planned, so it was taken for a new name of the present one. It is not.",
			Do:   "Plan again: now that the other pool exists, the plan shows that the image would be replaced.",
		}
	}
	return nil
}

// featureChanges are the features that the plan enables and disables: none as long as one of them is not known.
func (m *model) featureChanges(ctx context.Context, plan *model) (enable, disable []string) {
	if !tfkit.FullyKnown(ctx, plan.Features) {
		return nil, nil
	}
	want, have := tfkit.Elements(plan.Features), tfkit.Elements(m.Features)
	return tfkit.Missing(want, have), tfkit.Missing(have, want)
}

// metadataChanges are the image metadata to set and to remove. Configuration settings are included, under their full names.
func (m *model) metadataChanges(plan *model) (set map[string]string, remove []string) {
	set, remove = tfkit.KeyChanges(plan.Metadata, m.Metadata)
	config, unset := tfkit.KeyChanges(plan.Config, m.Config)
	for name, value := range config {
		set[ceph.ConfigKey(name)] = value
	}
	for _, name := range unset {
		remove = append(remove, ceph.ConfigKey(name))
	}
	slices.Sort(remove)
	return set, remove
}
