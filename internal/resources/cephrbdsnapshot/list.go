package cephrbdsnapshot

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// filter selects snapshots.
type filter struct {
	Cluster      types.String `tfsdk:"cluster"`
	Pool         types.String `tfsdk:"pool"`
	Namespace    types.String `tfsdk:"namespace"`
	ImagePattern types.String `tfsdk:"image_pattern"`
	NamePattern  types.String `tfsdk:"name_pattern"`
}

// ListResourceConfigSchema describes a list block.
func (r *snapshotResource) ListResourceConfigSchema(
	_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the snapshots of the RBD images of a cluster for `terraform query`, as by `rbd snap ls` of each image, so" +
			" that `ceph_rbd_snapshot` can adopt them. Those of groups, of mirroring and of the trash are not listed.\n\nEach image is opened" +
			" read-only, which leaves no trace; of many images select some.",
		Attributes: map[string]schema.Attribute{
			"cluster": tfkit.Filter(tfkit.LabelArgument("cluster")),
			"pool": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Name of the images' pool. Default: every pool that may hold images.",
				Validators: []validator.String{tfkit.ImageSpecPart("a pool name")},
			},
			"namespace": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Only snapshots of images of this RADOS namespace; `\"\"` stands for the default one. Default: all namespaces.",
			},
			"image_pattern": tfkit.Filter(tfkit.NamePattern("the names of the images")),
			"name_pattern":  tfkit.Filter(tfkit.NamePattern("the names of the snapshots")),
		},
	}
}

// List streams the snapshots.
func (r *snapshotResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	tfkit.StreamList(ctx, req, stream, "Unable to list RBD snapshots", nil, func(f filter, results *tfkit.ListResults[model]) error {
		entry, err := r.Clusters.ApplyEntry(ctx, f.Cluster, types.StringNull(), &results.Diags)
		if err != nil {
			return err
		}
		images := ceph.ImageFilter{
			Pool: f.Pool.ValueString(), Namespace: f.Namespace.ValueStringPointer(), Name: tfkit.Fits(f.ImagePattern),
		}
		fits := tfkit.Fits(f.NamePattern)
		return entry.Target.VisitSnapshots(ctx, images, func(found ceph.Snapshot) bool {
			if !fits(found.Name) {
				return true
			}
			m := results.Imported
			m.Cluster, m.FSID = entry.Label, entry.Identity
			m.fromAPI(found)
			return results.Add(ctx, found.String(), m.identity(), &m)
		})
	})
}
