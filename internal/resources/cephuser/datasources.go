package cephuser

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// NewDataSources returns the data source of several users.
func NewDataSources() datasource.DataSource { return &usersDataSource{} }

type usersDataSource struct{ tfkit.DataSourceBase }

type usersModel struct {
	Cluster     types.String `tfsdk:"cluster"`
	NamePattern types.String `tfsdk:"name_pattern"`
	Users       types.List   `tfsdk:"users"`
}

func (d *usersDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = TypeName + "s"
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
	entry, err := d.Clusters.ApplyEntry(ctx, data.Cluster, types.StringNull(), &resp.Diagnostics)
	var users []ceph.UserEntry
	if err == nil {
		users, err = entry.Target.Users(ctx)
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	var found []model
	fits := tfkit.Fits(data.NamePattern)
	for _, user := range users {
		if !fits(user.Name) {
			continue
		}
		m := model{
			Cluster: entry.Label, FSID: entry.Identity, Name: types.StringValue(user.Name), Entity: types.StringValue(user.Entity),
			Caps:    types.MapValueMust(types.StringType, capsValues(user.Caps)),
			KeyType: tfkit.StringOrNull(user.KeyType), KeyFingerprint: tfkit.StringOrNull(user.KeyFingerprint),
		}
		m.ID = m.id()
		found = append(found, m)
	}
	data.Cluster, data.Users = entry.Label, tfkit.ListOf(ctx, resp.State, "users", found, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
}
