package cephrbdimage

import (
	"cmp"
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// filter selects images.
type filter struct {
	Cluster     types.String `tfsdk:"cluster"`
	Pool        types.String `tfsdk:"pool"`
	Namespace   types.String `tfsdk:"namespace"`
	NamePattern types.String `tfsdk:"name_pattern"`
}

// visit calls found for each image, in the order of pools, namespaces and names, until it returns false. No more than
// are wanted are read at a time, where 0 is all. Each is the given model with what the cluster tells of it. It returns the label of the
// cluster.
func (f *filter) visit(
	ctx context.Context, connections *tfkit.Connections, imported model, wanted int64, diags *diag.Diagnostics, found func(*model) bool,
) (types.String, error) {
	entry, err := connections.Clusters.ApplyEntry(ctx, f.Cluster, types.StringNull(), diags)
	if err != nil {
		return entry.Label, err
	}
	selected := ceph.ImageFilter{
		Pool: f.Pool.ValueString(), Namespace: f.Namespace.ValueStringPointer(), Name: tfkit.Fits(f.NamePattern), Wanted: wanted,
	}
	names := namesOfParents(ctx, entry.Target)
	var unnamed error
	err = entry.Target.VisitImages(ctx, selected, func(image ceph.ListedImage) bool {
		m := imported
		m.Cluster, m.FSID = entry.Label, entry.Identity
		m.fromAPI(image.ImageRef, image.Image, true)
		unnamed = warnIfOrphaned(entry.Target, image.ImageRef, m.readParent(image.Parent, nil, true, names), diags)
		return unnamed == nil && found(&m)
	})
	return entry.Label, cmp.Or(err, unnamed)
}

// ListResourceConfigSchema describes a list block.
func (r *imageResource) ListResourceConfigSchema(
	ctx context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the RBD images of a cluster for `terraform query`, as by `rbd ls` and `rbd info`, so that `ceph_rbd_image`" +
			" can adopt them. Images in the trash are not listed.\n\nReading leaves no trace on the images. An image that is listed and can't" +
			" be read is an error that names it, since without it the list would look as if it were gone.",
		Attributes: tfkit.Filters(ctx, NewDataSources()),
	}
}

// List streams the images.
func (r *imageResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	tfkit.StreamList(ctx, req, stream, "Unable to list RBD images", resourceType.ImportDefaults,
		func(f filter, results *tfkit.ListResults[model]) error {
			_, err := f.visit(ctx, r.Connections, results.Imported, req.Limit, &results.Diags, func(m *model) bool {
				return results.Add(ctx, m.ref().String(), m.identity(), m)
			})
			return err
		})
}
