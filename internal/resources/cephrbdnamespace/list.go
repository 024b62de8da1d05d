package cephrbdnamespace

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// filter selects namespaces.
type filter struct {
	Cluster     types.String `tfsdk:"cluster"`
	Pool        types.String `tfsdk:"pool"`
	NamePattern types.String `tfsdk:"name_pattern"`
}

// ListResourceConfigSchema describes a list block.
func (r *namespaceResource) ListResourceConfigSchema(
	_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the RBD namespaces of a cluster for `terraform query`, as by `rbd namespace ls`, so that" +
			" `ceph_rbd_namespace` can adopt them.",
		Attributes: map[string]schema.Attribute{
			"cluster": tfkit.Filter(tfkit.LabelArgument("cluster")),
			"pool": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Name of the pool. Default: every pool that may hold images.",
				Validators: []validator.String{tfkit.ImageSpecPart("a pool name")},
			},
			"name_pattern": tfkit.Filter(tfkit.NamePattern("the names of the namespaces")),
		},
	}
}

// List streams the namespaces.
func (r *namespaceResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	tfkit.StreamList(ctx, req, stream, "Unable to list RBD namespaces", nil, func(f filter, results *tfkit.ListResults[model]) error {
		entry, err := r.Clusters.ApplyEntry(ctx, f.Cluster, types.StringNull(), &results.Diags)
		if err != nil {
			return err
		}
		all, err := entry.Target.AllNamespaces(ctx, f.Pool.ValueString())
		fits := tfkit.Fits(f.NamePattern)
		for _, found := range all {
			if !fits(found.Name) {
				continue
			}
			m := results.Imported
			m.Cluster, m.FSID = entry.Label, entry.Identity
			m.fromAPI(found)
			if !results.Add(ctx, found.String(), m.identity(), &m) {
				return nil
			}
		}
		return err
	})
}
