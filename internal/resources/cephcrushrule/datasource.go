package cephcrushrule

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
	return &ruleDataSource{tfkit.DataSourceBase{TypeName: resourceType.Name}}
}

type ruleDataSource struct{ tfkit.DataSourceBase }

type dataModel struct {
	ID            types.String `tfsdk:"id"`
	Cluster       types.String `tfsdk:"cluster"`
	Name          types.String `tfsdk:"name"`
	Type          types.String `tfsdk:"type"`
	Root          types.String `tfsdk:"root"`
	FailureDomain types.String `tfsdk:"failure_domain"`
	DeviceClass   types.String `tfsdk:"device_class"`
	Steps         []string     `tfsdk:"steps"`
	RuleID        types.Int64  `tfsdk:"rule_id"`
	FSID          types.String `tfsdk:"fsid"`
}

func (d *ruleDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A CRUSH rule that exists, as by `ceph osd crush rule dump`: where a pool's copies or chunks are placed.",
		Attributes: map[string]schema.Attribute{
			"id":      tfkit.ComputedText("`CLUSTER/RULE`."),
			"cluster": tfkit.LabelArgument("cluster"),
			"name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the rule.",
				Validators:          []validator.String{tfkit.CrushName("the name of a CRUSH rule")},
			},
			"type": tfkit.ComputedText("`replicated` or `erasure`; `msr_firstn` or `msr_indep` for a rule that puts several chunks onto each" +
				" host. Null for a type that is not known to this provider."),
			"root": tfkit.ComputedText("Bucket of the CRUSH map below which the rule chooses. Null for a rule whose steps do more than to choose" +
				" OSDs of one class in different failure domains below one bucket: `steps` has them all."),
			"failure_domain": tfkit.ComputedText("Type of bucket that never holds two copies or chunks, such as `host` or `osd`. Null where" +
				" `root` is."),
			"device_class": tfkit.ComputedText("Class of the OSDs that the rule chooses, such as `ssd`. Null for all classes, and where `root`" +
				" is."),
			"steps": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "The rule's steps, as in a decompiled CRUSH map: `take default class ssd`, `chooseleaf firstn 0 type host`," +
					" `emit`.",
			},
			"rule_id": tfkit.ComputedNumber("Ceph's number of the rule."),
			"fsid":    tfkit.ComputedText("The cluster's fsid."),
		},
	}
}

func (d *ruleDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	const summary = "Unable to read CRUSH rule"
	var data dataModel
	if !tfkit.Get(ctx, req.Config, &data, &resp.Diagnostics) {
		return
	}
	entry, err := d.Clusters.ApplyEntry(ctx, data.Cluster, types.StringNull(), &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	rule, err := entry.Target.CrushRule(ctx, data.Name.ValueString())
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &dataModel{
		ID: types.StringValue(entry.Label.ValueString() + "/" + rule.Name), Cluster: entry.Label, Name: types.StringValue(rule.Name),
		Type: tfkit.StringOrNull(rule.Type), Root: tfkit.StringOrNull(rule.Root), FailureDomain: tfkit.StringOrNull(rule.FailureDomain),
		DeviceClass: tfkit.StringOrNull(rule.DeviceClass), Steps: rule.Steps, RuleID: types.Int64Value(rule.ID), FSID: entry.Identity,
	})...)
}
