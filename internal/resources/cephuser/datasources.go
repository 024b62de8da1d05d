package cephuser

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// NewDataSources returns the data source of several users.
func NewDataSources() datasource.DataSource {
	return &usersDataSource{tfkit.DataSourceBase{TypeName: resourceType.Name + "s"}}
}

type usersDataSource struct{ tfkit.DataSourceBase }

type usersModel struct {
	filter
	Users types.List `tfsdk:"users"`
}

func (d *usersDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The cephx users of a cluster, as by `ceph auth ls`, each with the arguments that `ceph_user` has for it and the" +
			" `id` by which it is imported. No key is in the result: of each only the fingerprint is kept. All users of type `client` are" +
			" listed, also those that Ceph makes for itself (`admin`, `bootstrap-osd` and others). One listing tells them all.",
		Attributes: map[string]schema.Attribute{
			"cluster":      tfkit.LabelArgument("cluster"),
			"name_pattern": tfkit.NamePattern("the users' names, without `client.`"),
			"users": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The users, in the order of their names.",
				NestedObject: schema.NestedAttributeObject{
					Attributes: tfkit.Listed(ctx, NewResource(), "key_wo_version", "key_in_state", "key_generation", "rotate_in_use"),
				},
			},
		},
	}
}

func (d *usersDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	const summary = "Unable to list Ceph users"
	var data usersModel
	if !tfkit.Get(ctx, req.Config, &data, &resp.Diagnostics) {
		return
	}
	var found []model
	label, err := data.visit(ctx, d.Connections, model{}, &resp.Diagnostics, func(m *model) bool {
		found = append(found, *m)
		return true
	})
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	data.Cluster, data.Users = label, tfkit.ListOf(ctx, resp.State, "users", found, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
}
