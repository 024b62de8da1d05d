package cepherasurecodeprofile

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
	return &profileDataSource{tfkit.DataSourceBase{TypeName: resourceType.Name}}
}

type profileDataSource struct{ tfkit.DataSourceBase }

type dataModel struct {
	ID                 types.String      `tfsdk:"id"`
	Cluster            types.String      `tfsdk:"cluster"`
	Name               types.String      `tfsdk:"name"`
	K                  types.Int64       `tfsdk:"k"`
	M                  types.Int64       `tfsdk:"m"`
	Plugin             types.String      `tfsdk:"plugin"`
	Technique          types.String      `tfsdk:"technique"`
	CrushRoot          types.String      `tfsdk:"crush_root"`
	CrushFailureDomain types.String      `tfsdk:"crush_failure_domain"`
	CrushDeviceClass   types.String      `tfsdk:"crush_device_class"`
	StripeUnit         types.String      `tfsdk:"stripe_unit"`
	Parameters         map[string]string `tfsdk:"parameters"`
	FSID               types.String      `tfsdk:"fsid"`
}

func (d *profileDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An erasure code profile that exists, as by `ceph osd erasure-code-profile get`: how the objects of an" +
			" erasure-coded pool are cut into chunks, and where these are placed.",
		Attributes: map[string]schema.Attribute{
			"id":      tfkit.ComputedText("`CLUSTER/PROFILE`."),
			"cluster": tfkit.LabelArgument("cluster"),
			"name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the profile.",
				Validators:          []validator.String{tfkit.CrushName("the name of an erasure code profile")},
			},
			"k":         tfkit.ComputedNumber("Number of chunks with data. Null where the plugin derives it."),
			"m":         tfkit.ComputedNumber("Number of chunks with parity: how many can be lost. Null where the plugin derives it."),
			"plugin":    tfkit.ComputedText("Plugin that computes the chunks, such as `jerasure`, `isa`, `lrc`, `shec` or `clay`."),
			"technique": tfkit.ComputedText("Technique of the plugin, such as `reed_sol_van`. Null where none is stored."),
			"crush_root": tfkit.ComputedText("Bucket of the CRUSH map below which the chunks are placed; `default` where the profile" +
				" names none."),
			"crush_failure_domain": tfkit.ComputedText("Type of bucket that never holds two chunks of an object; `host` where the profile names" +
				" none."),
			"crush_device_class": tfkit.ComputedText("Class of the OSDs that take chunks, such as `ssd`. Null for all classes."),
			"stripe_unit": tfkit.ComputedText("Bytes of data in each chunk of a stripe, in the spelling that is stored. Null for the" +
				" cluster's default."),
			"parameters": tfkit.ComputedMap("What else the profile stores, such as `w`, or `l` of the plugin `lrc`."),
			"fsid":       tfkit.ComputedText("The cluster's fsid."),
		},
	}
}

func (d *profileDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	const summary = "Unable to read erasure code profile"
	var data dataModel
	if !tfkit.Get(ctx, req.Config, &data, &resp.Diagnostics) {
		return
	}
	entry, err := d.Clusters.ApplyEntry(ctx, data.Cluster, types.StringNull(), &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	profile, err := entry.Target.ErasureCodeProfile(ctx, data.Name.ValueString())
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &dataModel{
		ID: types.StringValue(entry.Label.ValueString() + "/" + profile.Name), Cluster: entry.Label, Name: types.StringValue(profile.Name),
		K: types.Int64PointerValue(profile.K), M: types.Int64PointerValue(profile.M), Plugin: tfkit.StringOrNull(profile.Plugin),
		Technique: tfkit.StringOrNull(profile.Technique), CrushRoot: types.StringValue(profile.Root),
		CrushFailureDomain: types.StringValue(profile.FailureDomain), CrushDeviceClass: tfkit.StringOrNull(profile.DeviceClass),
		StripeUnit: tfkit.StringOrNull(profile.StripeUnit), Parameters: profile.Parameters, FSID: entry.Identity,
	})...)
}
