package cephcrushrule

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// filter selects rules.
type filter struct {
	Cluster     types.String `tfsdk:"cluster"`
	NamePattern types.String `tfsdk:"name_pattern"`
}

// ListResourceConfigSchema describes a list block.
func (r *ruleResource) ListResourceConfigSchema(
	_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the CRUSH rules of a cluster for `terraform query`, as by `ceph osd crush rule ls`, so that" +
			" `ceph_crush_rule` can adopt them. Those whose steps its arguments can't express are not listed.",
		Attributes: map[string]schema.Attribute{
			"cluster":      tfkit.Filter(tfkit.LabelArgument("cluster")),
			"name_pattern": tfkit.Filter(tfkit.NamePattern("the names of the rules")),
		},
	}
}

// List streams the rules.
func (r *ruleResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	tfkit.StreamList(ctx, req, stream, "Unable to list CRUSH rules", nil, func(f filter, results *tfkit.ListResults[model]) error {
		entry, err := r.Clusters.ApplyEntry(ctx, f.Cluster, types.StringNull(), &results.Diags)
		if err != nil {
			return err
		}
		all, err := entry.Target.CrushRules(ctx)
		fits := tfkit.Fits(f.NamePattern)
		for _, found := range all {
			if !found.Described() || !fits(found.Name) {
				continue
			}
			m := results.Imported
			m.Cluster, m.FSID = entry.Label, entry.Identity
			m.fromAPI(found)
			if !results.Add(ctx, found.Name, m.identity(), &m) {
				return nil
			}
		}
		return err
	})
}
