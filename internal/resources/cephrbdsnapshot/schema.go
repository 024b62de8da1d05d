package cephrbdsnapshot

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// Schema describes ceph_rbd_snapshot.
func (r *snapshotResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	number := func(description string) schema.Int64Attribute {
		return schema.Int64Attribute{
			Computed: true, MarkdownDescription: description,
			PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
		}
	}
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{
			Computed: true, MarkdownDescription: description,
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A snapshot of an RBD image: its content as it is when the snapshot is made, to go back to or to make clones of." +
			" The image may be in use: what a running guest has not written yet is missing, as after a power cut.\n\n" +
			"**Deleting** this resource removes the snapshot, and with it what only the snapshot still holds. One that clones hang on, or that a" +
			" domain on a configured hypervisor reads, is never removed.",
		Attributes: map[string]schema.Attribute{
			"id":      tfkit.IDAttribute(resourceType.ImportKey.Form),
			"cluster": tfkit.ClusterAttribute(),
			"pool": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Name of the image's pool. Another pool replaces the snapshot; a pool that was renamed is the same pool, and" +
					" then the new name touches nothing.",
				Validators: []validator.String{tfkit.ImageSpecPart("a pool name")},
			},
			"namespace": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "RADOS namespace of the image. Unset: none. Changing or removing it replaces the snapshot.",
				Validators:          []validator.String{tfkit.ImageSpecPart("a namespace")},
			},
			"image": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Name of the image. Another image replaces the snapshot, and must exist when that is planned; an image that was" +
					" renamed is the same image, and then the new name touches nothing.",
				Validators: []validator.String{tfkit.ImageSpecPart("an image name")},
			},
			"name": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Name of the snapshot. A new name renames it in place; clones keep it, and a running guest that reads it goes" +
					" on, but its disk has to name it anew (`snapshot` of `libvirt_rbd_disk`). As by `rbd snap create` and `rbd snap rename`.",
				Validators: []validator.String{tfkit.ImageSpecPart("a snapshot name")},
			},
			"protected": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether the snapshot is protected against removal by hand. Only clones of format 1 need it, which clusters make" +
					" for clients older than Ceph 13. Unset is `false`. Changed in place; ending it is refused while clones hang on the snapshot. This" +
					" resource itself can be destroyed all the same. As by `rbd snap protect`.",
			},
			"snapshot_id": number("Ceph's number of the snapshot. It stays when the snapshot is renamed."),
			"size_bytes":  number("Size of the image when the snapshot was made, in bytes."),
			"created_at":  text("When the snapshot was made, by the cluster's clock, in UTC and the form of RFC 3339."),
			"image_id":    text("librbd's id of the image. It stays when the image is renamed."),
			"pool_id":     number("Ceph's number of the pool. It stays when the pool is renamed."),
			"fsid":        tfkit.FSIDAttribute(),
			"timeouts":    tfkit.TimeoutsAttribute(ctx, tfkit.DefaultTimeout),
		},
	}
}
