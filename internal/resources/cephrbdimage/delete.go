package cephrbdimage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// delete deletes the image unless it is still in use.
func (r *imageResource) delete(ctx context.Context, cluster *ceph.Cluster, state *model, diags *diag.Diagnostics) error {
	ref, image, err := find(ctx, cluster, state)
	if problem.Is(err, problem.Removing) { // it can't be opened any more, so nobody needs it, and a domain that has its name means another
		if err = cluster.EndRemoval(ctx, ref, state.ImageID.ValueString()); err == nil {
			cluster.CreateUndone(ctx, ceph.CreatedImage(state.ref()))
		}
		return err
	}
	if err != nil || r.KeptByReplacement(state.FSID, ceph.CreatedImage(ref), diags) {
		return err
	}
	if err := r.RefuseNamedImage(ctx, cluster, ref, diags); err != nil {
		return err
	}
	found := ceph.KnownImage{ImageRef: ref, PoolID: image.PoolID, ID: image.ID, SizeBytes: image.SizeBytes, Metadata: image.Metadata}
	if delay, trash := state.trash(); trash {
		err = cluster.TrashImage(ctx, found, delay)
	} else {
		err = deleteForGood(ctx, cluster, found, state.encryption().format, state.ForceDestroy.ValueBool())
	}
	if err == nil {
		cluster.CreateUndone(ctx, ceph.CreatedImage(ref))
	}
	return err
}

// deleteForGood deletes the image, unless it holds something that only force allows to delete; the header of an encryption is not such.
func deleteForGood(ctx context.Context, cluster *ceph.Cluster, image ceph.KnownImage, format string, force bool) error {
	if force {
		return cluster.DeleteImage(ctx, image, force, nil)
	}
	return cluster.DeleteImage(ctx, image, force, func(ctx context.Context, ref ceph.ImageRef) (ceph.ImageRelations, error) {
		contents, err := cluster.ImageContents(ctx, ref, format)
		if err != nil {
			return ceph.ImageRelations{}, err
		}
		unwatched := contents
		unwatched.Watchers = nil // the deletion waits for them
		return contents.ImageRelations, refuseUnlessEmpty(cluster, ref, unwatched, "deleted")
	})
}

// trashTypes are the attributes of trash.
var trashTypes = map[string]attr.Type{"delay": types.StringType}

// trash tells whether the image is to be deleted by moving it to the trash, and how long it is to be kept there.
func (m *model) trash() (delay time.Duration, wanted bool) {
	if m.Trash.IsNull() {
		return 0, false
	}
	if text, ok := m.Trash.Attributes()["delay"].(types.String); ok {
		delay, _ = time.ParseDuration(text.ValueString()) // 0 where it is left out
	}
	return delay, true
}

// refuseUnlessEmpty refuses an image that holds data, snapshots or clones.
func refuseUnlessEmpty(cluster *ceph.Cluster, ref ceph.ImageRef, contents ceph.ImageContents, what string) error {
	if contents.Empty() {
		return nil
	}
	do := "Where it is no longer needed, set force_destroy = true, apply, and try again then." +
		" Where the data is to live on elsewhere, copy it in one apply and remove this image in the next."
	if len(contents.Obstacles(ref)) > 0 {
		do += " force_destroy removes the image and its snapshots; what depends on them, or holds the image, has to end before."
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Image %s on cluster %q can't be %s. What it holds: %s.", ref, cluster.Label(), what, holdings(ref, contents)),
		Why:  "Nothing brings it back.",
		Do:   do,
	}
}

// holdings describes what an image holds, and what depends on it: the reasons why it is not empty.
func holdings(ref ceph.ImageRef, contents ceph.ImageContents) string {
	var parts []string
	if contents.Allocated {
		parts = append(parts, "data")
	}
	if names := contents.UserSnapshots(); len(names) > 0 {
		parts = append(parts, fmt.Sprintf("%d snapshots (%s)", len(names), strings.Join(names, ", ")))
	}
	parts = append(parts, contents.Obstacles(ref)...)
	if len(contents.Watchers) > 0 {
		parts = append(parts, "it is open by "+ceph.DescribeWatchers(contents.Watchers))
	}
	return strings.Join(parts, "; ")
}
