package cephpool

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// NewDataSource returns the data source.
func NewDataSource() datasource.DataSource {
	return &poolDataSource{tfkit.DataSourceBase{TypeName: resourceType.Name}}
}

type poolDataSource struct{ tfkit.DataSourceBase }

type dataModel struct {
	ID                 types.String `tfsdk:"id"`
	Cluster            types.String `tfsdk:"cluster"`
	Name               types.String `tfsdk:"name"`
	Type               types.String `tfsdk:"type"`
	PGNum              types.Int64  `tfsdk:"pg_num"`
	PGAutoscaleMode    types.String `tfsdk:"pg_autoscale_mode"`
	Size               types.Int64  `tfsdk:"size"`
	MinSize            types.Int64  `tfsdk:"min_size"`
	CrushRule          types.String `tfsdk:"crush_rule"`
	ErasureCodeProfile types.String `tfsdk:"erasure_code_profile"`
	AllowECOverwrites  types.Bool   `tfsdk:"allow_ec_overwrites"`
	Applications       types.Set    `tfsdk:"applications"`
	Config             types.Map    `tfsdk:"config"`
	PoolID             types.Int64  `tfsdk:"pool_id"`
	FSID               types.String `tfsdk:"fsid"`
	StoredBytes        types.Int64  `tfsdk:"stored_bytes"`
	MaxAvailBytes      types.Int64  `tfsdk:"max_avail_bytes"`
	Objects            types.Int64  `tfsdk:"objects"`
}

func (d *poolDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A pool that exists, as by `ceph osd pool ls detail`, with its statistics, as by `ceph df`. Statistics lag behind" +
			" by some seconds: they tell how full a pool is, not whether it is empty. Those of a pool made a moment ago are null.",
		Attributes: map[string]schema.Attribute{
			"id":      tfkit.ComputedText("`CLUSTER/POOL`."),
			"cluster": tfkit.LabelArgument("cluster"),
			"name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the pool.",
				Validators:          []validator.String{tfkit.ImageSpecPart("a pool name")},
			},
			"type":                 tfkit.ComputedText("`replicated` or `erasure`."),
			"pg_num":               tfkit.ComputedNumber("Number of placement groups that the pool is to have."),
			"pg_autoscale_mode":    tfkit.ComputedText("`on`, `warn` or `off`."),
			"size":                 tfkit.ComputedNumber("Number of copies, or of chunks, of each object."),
			"min_size":             tfkit.ComputedNumber("Number of copies or chunks needed for I/O."),
			"crush_rule":           tfkit.ComputedText("Name of the CRUSH rule."),
			"erasure_code_profile": tfkit.ComputedText("Erasure code profile; null for a replicated pool."),
			"allow_ec_overwrites":  schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether an erasure-coded pool can be a `data_pool`."},
			"applications": schema.SetAttribute{
				Computed: true, ElementType: types.StringType, MarkdownDescription: "What the pool is used for.",
			},
			"config": tfkit.ComputedMap("Settings of librbd for all images of the pool by name, as by `rbd config pool list`. Null where there" +
				" are none, and, with a warning, where the provider's user may not read them."),
			"pool_id":         tfkit.ComputedNumber("Ceph's number of the pool."),
			"fsid":            tfkit.ComputedText("The cluster's fsid."),
			"stored_bytes":    tfkit.ComputedNumber("Bytes of data in the pool, before replication."),
			"max_avail_bytes": tfkit.ComputedNumber("Bytes of data that the pool can still take, before replication."),
			"objects":         tfkit.ComputedNumber("Number of objects in the pool."),
		},
	}
}

func (d *poolDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	const summary = "Unable to read Ceph pool"
	var data dataModel
	if !tfkit.Get(ctx, req.Config, &data, &resp.Diagnostics) {
		return
	}
	entry, err := d.Clusters.ApplyEntry(ctx, data.Cluster, types.StringNull(), &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	pool, err := entry.Target.Pool(ctx, data.Name.ValueString())
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	usage, err := entry.Target.PoolUsage(ctx, pool.Name)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	found := model{Cluster: entry.Label}
	found.fromAPI(pool)
	found.readConfig(ctx, entry.Target, pool, true, &resp.Diagnostics)
	data = dataModel{
		ID: found.ID, Cluster: entry.Label, Name: found.Name, Type: found.Type, PGNum: found.PGNum, PGAutoscaleMode: found.PGAutoscaleMode,
		Size: found.Size, MinSize: found.MinSize, CrushRule: found.CrushRule, ErasureCodeProfile: found.ErasureCodeProfile,
		AllowECOverwrites: types.BoolValue(pool.AllowECOverwrites),
		Applications:      found.Applications, Config: found.Config, PoolID: found.PoolID, FSID: entry.Identity,
	}
	if usage != nil {
		data.StoredBytes, data.MaxAvailBytes = types.Int64Value(usage.StoredBytes), types.Int64Value(usage.MaxAvailBytes)
		data.Objects = types.Int64Value(usage.Objects)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
}
