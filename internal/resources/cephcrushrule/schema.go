package cephcrushrule

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// What a replicated rule chooses where the arguments are left out.
const (
	defaultRoot   = "default"
	defaultDomain = "host"
)

var (
	atCluster = path.Root("cluster")
	atName    = path.Root("name")
	atType    = path.Root("type")
	atProfile = path.Root("erasure_code_profile")
)

// Schema describes ceph_crush_rule.
func (r *ruleResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	keep := []planmodifier.String{tfkit.KeepUnlessConfigured()}
	const kept = " Removing the argument keeps the current value."
	resp.Schema = schema.Schema{
		MarkdownDescription: "A CRUSH rule: on which OSDs the copies or chunks of a pool are placed. Several pools can use one rule" +
			" (`crush_rule` of [ceph_pool](pool)).\n\n" +
			"**Deleting** this resource deletes the rule. One that a pool uses is neither deleted nor replaced. A rule holds no data.",
		Attributes: map[string]schema.Attribute{
			"id":      tfkit.IDAttribute(resourceType.ImportKey.Form),
			"cluster": tfkit.ClusterAttribute(),
			"name": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Name of the rule. Changing it renames the rule; pools that use it go on. As by" +
					" `ceph osd crush rule rename`.",
				Validators: []validator.String{tfkit.CrushName("the name of a CRUSH rule")},
			},
			"type": schema.StringAttribute{
				Optional: true, Computed: true, PlanModifiers: keep,
				MarkdownDescription: "`replicated`, for pools with copies, or `erasure`, for pools with chunks. Default: `replicated`, with" +
					" `erasure_code_profile` `erasure`. Ceph makes a rule of the type `erasure` only from a profile, so a new one needs" +
					" `erasure_code_profile`." + kept + " Changing it replaces the rule.",
				Validators: []validator.String{tfkit.Choice{Values: []string{ceph.Replicated, ceph.Erasure}, Default: "the provider's"}},
			},
			"root": schema.StringAttribute{
				Optional: true, Computed: true, PlanModifiers: keep,
				MarkdownDescription: "Bucket of the CRUSH map below which the rule chooses, as shown by `ceph osd crush tree`. Default: `default`;" +
					" with `erasure_code_profile` that of the profile." + kept + " Changing it replaces the rule.",
				Validators: []validator.String{tfkit.CrushName("the name of a bucket")},
			},
			"failure_domain": schema.StringAttribute{
				Optional: true, Computed: true, PlanModifiers: keep,
				MarkdownDescription: "Type of bucket that never holds two copies, such as `host`, `rack` or `osd`. Default: `host`; with" +
					" `erasure_code_profile` that of the profile." + kept + " Changing it replaces the rule.",
				Validators: []validator.String{tfkit.CrushName("a type of bucket")},
			},
			"device_class": schema.StringAttribute{
				Optional: true, Computed: true, PlanModifiers: []planmodifier.String{ofProfile{}},
				MarkdownDescription: "Class of the OSDs that the rule chooses, such as `ssd`: one that `ceph osd crush class ls` lists. Unset, they" +
					" are of all classes; with `erasure_code_profile` it is that of the profile. Changing or removing it replaces the rule.",
				Validators: []validator.String{tfkit.CrushName("a device class")},
			},
			"erasure_code_profile": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Erasure code profile to make a rule of the type `erasure` from. It says what `root`, `failure_domain` and" +
					" `device_class` would, and so conflicts with them. Ceph does not store it with the rule: it is null after an import, and a first" +
					" value is taken over in place where the profile has the rule's root, failure domain and device class. Changing a recorded one" +
					" replaces the rule. As by `ceph osd crush rule create-erasure`.",
				Validators: []validator.String{tfkit.CrushName("the name of an erasure code profile")},
			},
			"rule_id": schema.Int64Attribute{
				Computed:            true,
				MarkdownDescription: "Ceph's number of the rule. It stays when the rule is renamed.",
				PlanModifiers:       []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
			},
			"fsid":     tfkit.FSIDAttribute(),
			"timeouts": tfkit.TimeoutsAttribute(ctx, tfkit.DefaultTimeout),
		},
	}
}
