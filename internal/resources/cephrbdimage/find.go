package cephrbdimage

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// find finds the image by its id, which stays when the image or its pool is renamed, or by its name where the id is not known yet.
func find(ctx context.Context, cluster *ceph.Cluster, state *model) (ceph.ImageRef, ceph.Image, error) {
	if state.ImageID.IsNull() {
		image, err := cluster.Image(ctx, state.ref())
		return state.ref(), image, err
	}
	return cluster.FindImage(ctx, ceph.KnownImage{
		ImageRef: state.ref(), PoolID: state.PoolID.ValueInt64(), ID: state.ImageID.ValueString(),
		SizeBytes: uint64(max(0, state.SizeBytes.ValueInt64())), Metadata: tfkit.Texts(state.Metadata),
	})
}

// gone tells that nothing of the image can be kept any more.
func gone(err error) bool {
	return problem.Is(err, problem.NotFound) || problem.Is(err, problem.Removing)
}

// warnOfMigration warns that the image is being migrated to another place or layout, or was migrated.
func warnOfMigration(cluster *ceph.Cluster, state *model, ref ceph.ImageRef, image ceph.Image, diags *diag.Diagnostics) {
	if former := state.ImageID.ValueString(); former != "" && former != image.ID {
		diags.AddWarning("RBD image has another id", fmt.Sprintf(
			"Image %s on cluster %q had the id %s and now has %s, as a migration makes it. It is taken for the same image, because it is the other"+
				" end of the migration, or has the name, size and metadata that were recorded, and the former one is gone.\n\nIf it was not a"+
				" migration, but somebody has made another image of that name, take it out of the state: terraform state rm.", ref, cluster.Label(),
			former, image.ID))
	}
	if slices.Contains(image.Features, "migrating") {
		diags.AddWarning("RBD image is being migrated", fmt.Sprintf(
			"A migration of image %s on cluster %q is under way (rbd status %s). Until it has ended, by rbd migration execute and rbd migration"+
				" commit or by rbd migration abort, the image is neither changed nor deleted by the provider.", ref, cluster.Label(),
			problem.Word(ref.String())))
	}
}
