package cephuser

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// filter selects users.
type filter struct {
	Cluster     types.String `tfsdk:"cluster"`
	NamePattern types.String `tfsdk:"name_pattern"`
}

// visit calls found for each user, in the order of names, until it returns false. Each is the given model with what the cluster tells of
// it, without the key. It returns the label of the cluster.
func (f *filter) visit(
	ctx context.Context, connections *tfkit.Connections, imported model, diags *diag.Diagnostics, found func(*model) bool,
) (types.String, error) {
	entry, err := connections.Clusters.ApplyEntry(ctx, f.Cluster, types.StringNull(), diags)
	if err != nil {
		return entry.Label, err
	}
	users, err := entry.Target.Users(ctx)
	if err != nil {
		return entry.Label, err
	}
	fits := tfkit.Fits(f.NamePattern)
	for _, user := range users {
		if !fits(user.Name) {
			continue
		}
		m := imported
		m.Cluster, m.FSID = entry.Label, entry.Identity
		m.fromListing(user)
		if !found(&m) {
			break
		}
	}
	return entry.Label, nil
}

// ListResourceConfigSchema describes a list block.
func (r *userResource) ListResourceConfigSchema(
	ctx context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the cephx users of a cluster for `terraform query`, as by `ceph auth ls`, so that `ceph_user` can adopt" +
			" them. No key is in the result: `key` is null and `key_in_state` is `false`, as after an import. All users of type `client` are" +
			" listed, also those that Ceph makes for itself (`admin`, `bootstrap-osd` and others).",
		Attributes: tfkit.Filters(ctx, NewDataSources()),
	}
}

// List streams the users.
func (r *userResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	tfkit.StreamList(ctx, req, stream, "Unable to list Ceph users", resourceType.ImportDefaults,
		func(f filter, results *tfkit.ListResults[model]) error {
			_, err := f.visit(ctx, r.Connections, results.Imported, &results.Diags, func(m *model) bool {
				return results.Add(ctx, m.Entity.ValueString(), m.identity(), m)
			})
			return err
		})
}
