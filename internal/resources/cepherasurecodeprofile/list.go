package cepherasurecodeprofile

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// filter selects profiles.
type filter struct {
	Cluster     types.String `tfsdk:"cluster"`
	NamePattern types.String `tfsdk:"name_pattern"`
}

// ListResourceConfigSchema describes a list block.
func (r *profileResource) ListResourceConfigSchema(
	_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the erasure code profiles of a cluster for `terraform query`, as by `ceph osd erasure-code-profile ls`, so" +
			" that `ceph_erasure_code_profile` can adopt them. Those whose plugin derives `k` and `m` from other parameters are left out.",
		Attributes: map[string]schema.Attribute{
			"cluster":      tfkit.Filter(tfkit.LabelArgument("cluster")),
			"name_pattern": tfkit.Filter(tfkit.NamePattern("the names of the profiles")),
		},
	}
}

// List streams the profiles.
func (r *profileResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	tfkit.StreamList(ctx, req, stream, "Unable to list erasure code profiles", nil, func(f filter, results *tfkit.ListResults[model]) error {
		entry, err := r.Clusters.ApplyEntry(ctx, f.Cluster, types.StringNull(), &results.Diags)
		if err != nil {
			return err
		}
		profiles, err := entry.Target.ErasureCodeProfiles(ctx)
		fits := tfkit.Fits(f.NamePattern)
		for _, profile := range profiles {
			if !fits(profile.Name) || !expressible(profile) {
				continue
			}
			m := results.Imported
			m.Cluster = entry.Label
			m.fromAPI(profile)
			m.FSID = entry.Identity
			if !results.Add(ctx, profile.Name, m.identity(), &m) {
				return nil
			}
		}
		return err
	})
}
