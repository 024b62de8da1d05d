// Package cephcluster is the data source ceph_cluster.
package cephcluster

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// NewDataSource returns the data source.
func NewDataSource() datasource.DataSource {
	return &clusterDataSource{tfkit.DataSourceBase{TypeName: "ceph_cluster"}}
}

type clusterDataSource struct{ tfkit.DataSourceBase }

type model struct {
	Cluster  types.String   `tfsdk:"cluster"`
	FSID     types.String   `tfsdk:"fsid"`
	Release  types.String   `tfsdk:"release"`
	Version  types.String   `tfsdk:"version"`
	Health   types.String   `tfsdk:"health"`
	Monitors []monitorModel `tfsdk:"monitors"`
}

type monitorModel struct {
	Name types.String  `tfsdk:"name"`
	V1   *addressModel `tfsdk:"v1"`
	V2   *addressModel `tfsdk:"v2"`
}

type addressModel struct {
	Host types.String `tfsdk:"host"`
	Port types.Int64  `tfsdk:"port"`
}

func (d *clusterDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	address := func(protocol, port string) schema.SingleNestedAttribute {
		return schema.SingleNestedAttribute{
			Computed:            true,
			MarkdownDescription: "Address for messenger protocol " + protocol + "; null where the monitor has none.",
			Attributes: map[string]schema.Attribute{
				"host": tfkit.ComputedText("IP address, an IPv6 one without brackets."),
				"port": tfkit.ComputedNumber("TCP port, usually " + port + "."),
			},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A configured Ceph cluster: its identity, release, monitors and health, as by `ceph status` and `ceph mon dump`.",
		Attributes: map[string]schema.Attribute{
			"cluster": tfkit.LabelArgument("cluster"),
			"fsid":    tfkit.ComputedText("The cluster's identity."),
			"release": tfkit.ComputedText("Name of the monitors' release, such as `squid`."),
			"version": tfkit.ComputedText("Version of the monitors, such as `19.2.3`."),
			"health":  tfkit.ComputedText("`HEALTH_OK`, `HEALTH_WARN` or `HEALTH_ERR`."),
			"monitors": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The monitors, in the order of the cluster's own map.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name": tfkit.ComputedText("Name of the monitor."),
					"v1":   address("v1", "6789"),
					"v2":   address("v2", "3300"),
				}},
			},
		},
	}
}

func (d *clusterDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	const summary = "Unable to read Ceph cluster"
	var data model
	if !tfkit.Get(ctx, req.Config, &data, &resp.Diagnostics) {
		return
	}
	entry, err := d.Clusters.ApplyEntry(ctx, data.Cluster, types.StringNull(), &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	info, err := entry.Target.Info(ctx)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	data = fromAPI(info)
	data.Cluster = entry.Label
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
}

func fromAPI(info ceph.Info) model {
	data := model{
		FSID: types.StringValue(info.FSID), Release: types.StringValue(info.Release), Version: types.StringValue(info.Version),
		Health: types.StringValue(info.Health), Monitors: []monitorModel{},
	}
	for _, monitor := range info.Monitors {
		data.Monitors = append(data.Monitors, monitorModel{types.StringValue(monitor.Name), address(monitor.V1), address(monitor.V2)})
	}
	return data
}

func address(at ceph.Endpoint) *addressModel {
	if at.Host == "" {
		return nil
	}
	return &addressModel{types.StringValue(at.Host), types.Int64Value(int64(at.Port))}
}
