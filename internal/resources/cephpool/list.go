package cephpool

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// filter selects pools.
type filter struct {
	Cluster     types.String `tfsdk:"cluster"`
	NamePattern types.String `tfsdk:"name_pattern"`
}

// visit calls found for each pool, in the order of names, until it returns false. Each is the given model with what the cluster tells of
// it; its config only if it is to be whole. It returns the label of the cluster.
func (f *filter) visit(
	ctx context.Context, connections *tfkit.Connections, imported model, whole bool, diags *diag.Diagnostics, found func(*model) bool,
) (types.String, error) {
	entry, err := connections.Clusters.ApplyEntry(ctx, f.Cluster, types.StringNull(), diags)
	if err != nil {
		return entry.Label, err
	}
	pools, err := entry.Target.Pools(ctx)
	if err != nil {
		return entry.Label, err
	}
	fits := tfkit.Fits(f.NamePattern)
	for _, pool := range pools {
		if !fits(pool.Name) {
			continue
		}
		m := imported
		m.Cluster, m.FSID = entry.Label, entry.Identity
		m.fromAPI(pool)
		if whole {
			m.readConfig(ctx, entry.Target, pool, true, diags)
		}
		if !found(&m) {
			break
		}
	}
	return entry.Label, nil
}

// ListResourceConfigSchema describes a list block.
func (r *poolResource) ListResourceConfigSchema(
	ctx context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the pools of a cluster for `terraform query`, as by `ceph osd pool ls detail`, so that `ceph_pool` can" +
			" adopt them. The pools that Ceph makes for itself are listed too.",
		Attributes: tfkit.Filters(ctx, NewDataSources()),
	}
}

// List streams the pools.
func (r *poolResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	tfkit.StreamList(ctx, req, stream, "Unable to list Ceph pools", resourceType.ImportDefaults,
		func(f filter, results *tfkit.ListResults[model]) error {
			_, err := f.visit(ctx, r.Connections, results.Imported, results.Whole, &results.Diags, func(m *model) bool {
				return results.Add(ctx, m.Name.ValueString(), m.identity(), m)
			})
			return err
		})
}
