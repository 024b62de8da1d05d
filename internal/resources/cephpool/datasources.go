package cephpool

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// NewDataSources returns the data source of several pools.
func NewDataSources() datasource.DataSource {
	return &poolsDataSource{tfkit.DataSourceBase{TypeName: resourceType.Name + "s"}}
}

type poolsDataSource struct{ tfkit.DataSourceBase }

type poolsModel struct {
	filter
	Pools types.List `tfsdk:"pools"`
}

func (d *poolsDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The pools of a cluster, as by `ceph osd pool ls detail`, each with the arguments that `ceph_pool` has for it and" +
			" the `id` by which it is imported. One listing tells them all, and of each pool with the application `rbd` its `config` is read.",
		Attributes: map[string]schema.Attribute{
			"cluster":      tfkit.LabelArgument("cluster"),
			"name_pattern": tfkit.NamePattern("the pools' names"),
			"pools": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The pools, in the order of their names.",
				NestedObject:        schema.NestedAttributeObject{Attributes: tfkit.Listed(ctx, NewResource(), "force_destroy")},
			},
		},
	}
}

func (d *poolsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	const summary = "Unable to list Ceph pools"
	var data poolsModel
	if !tfkit.Get(ctx, req.Config, &data, &resp.Diagnostics) {
		return
	}
	var found []model
	label, err := data.visit(ctx, d.Connections, model{}, true, &resp.Diagnostics, func(m *model) bool {
		found = append(found, *m)
		return true
	})
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	data.Cluster, data.Pools = label, tfkit.ListOf(ctx, resp.State, "pools", found, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
}
