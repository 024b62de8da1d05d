package libvirtcephsecret

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// NewDataSource returns the data source.
func NewDataSource() datasource.DataSource {
	return &secretDataSource{tfkit.DataSourceBase{TypeName: resourceType.Name}}
}

type secretDataSource struct{ tfkit.DataSourceBase }

type dataModel struct {
	ID             types.String `tfsdk:"id"`
	Hypervisor     types.String `tfsdk:"hypervisor"`
	UUID           types.String `tfsdk:"uuid"`
	UsageName      types.String `tfsdk:"usage_name"`
	Description    types.String `tfsdk:"description"`
	Ephemeral      types.Bool   `tfsdk:"ephemeral"`
	Private        types.Bool   `tfsdk:"private"`
	KeyFingerprint types.String `tfsdk:"key_fingerprint"`
	HostUUID       types.String `tfsdk:"host_uuid"`
}

func (d *secretDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A ceph secret that a libvirt host has, found by its UUID or its usage name. Its value is never read into" +
			" the state.",
		Attributes: map[string]schema.Attribute{
			"id":         tfkit.ComputedText("`HYPERVISOR/UUID`."),
			"hypervisor": tfkit.LabelArgument("hypervisor"),
			"uuid": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "UUID of the secret. Either this or `usage_name` is needed.",
				Validators: []validator.String{
					tfkit.UUIDValidator(),
					stringvalidator.ExactlyOneOf(path.MatchRoot("uuid"), path.MatchRoot("usage_name")),
				},
			},
			"usage_name": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Usage name of the secret, unique on the host.",
			},
			"description": tfkit.ComputedText("What the secret is for, in words."),
			"ephemeral":   schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether libvirt keeps it in memory only."},
			"private":     schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether libvirt never tells the value."},
			"key_fingerprint": tfkit.ComputedText("`sha256:` and the hexadecimal SHA-256 of the value, safe to show; null where the secret is" +
				" private or has no value, or where the host's policy doesn't let this user read it."),
			"host_uuid": tfkit.ComputedText("The host's UUID."),
		},
	}
}

func (d *secretDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	const summary = "Unable to read libvirt secret"
	var data dataModel
	if !tfkit.Get(ctx, req.Config, &data, &resp.Diagnostics) {
		return
	}
	entry, err := d.Hypervisors.ApplyEntry(ctx, data.Hypervisor, types.StringNull(), &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	var secret libvirt.Secret
	if data.UUID.IsNull() {
		secret, err = entry.Target.SecretByUsage(ctx, libvirt.UsageCeph, data.UsageName.ValueString())
	} else {
		secret, err = entry.Target.Secret(ctx, libvirt.CanonicalUUID(data.UUID.ValueString()))
	}
	if err == nil {
		err = tfkit.CephSecret.RefuseOther(entry.Target, secret)
	}
	var value sensitive.Value
	var held libvirt.ValueState
	if err == nil {
		value, held, err = entry.Target.SecretValue(ctx, secret.UUID)
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	found := model{Hypervisor: entry.Label, UUID: data.UUID}
	found.fromAPI(secret)
	found.readValue(value, held, "")
	resp.Diagnostics.Append(resp.State.Set(ctx, &dataModel{
		ID: found.ID, Hypervisor: entry.Label, UUID: found.UUID, UsageName: found.UsageName, Description: found.Description,
		Ephemeral: found.Ephemeral, Private: found.Private, KeyFingerprint: found.KeyFingerprint, HostUUID: entry.Identity,
	})...)
}
