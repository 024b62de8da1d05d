// Package cephuserkey is the ephemeral resource ceph_user_key.
package cephuserkey

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

var _ ephemeral.EphemeralResourceWithConfigure = (*userKey)(nil)

// NewEphemeralResource returns the ephemeral resource.
func NewEphemeralResource() ephemeral.EphemeralResource { return &userKey{} }

type userKey struct{ tfkit.EphemeralBase }

type model struct {
	Cluster        types.String `tfsdk:"cluster"`
	Entity         types.String `tfsdk:"entity"`
	Key            types.String `tfsdk:"key"`
	Keyring        types.String `tfsdk:"keyring"`
	KeyFingerprint types.String `tfsdk:"key_fingerprint"`
}

func (*userKey) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = "ceph_user_key"
}

func (*userKey) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The key of a cephx user that exists, read anew in each plan and each apply and kept nowhere: in neither the state" +
			" nor the plan file. It makes and deletes nothing. As by `ceph auth get`. Needs Terraform 1.10, OpenTofu 1.11 or later; to" +
			" hand the key on," +
			" as `key_wo` of a libvirt_ceph_secret, Terraform 1.11.",
		Attributes: map[string]schema.Attribute{
			"cluster": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Label of the cluster in the provider block. May be left out where exactly one cluster is configured.",
				Validators:          []validator.String{tfkit.LabelValidator()},
			},
			"entity": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "The user's full name, such as `client.libvirt`. Refer to a user of the same configuration by" +
					" `ceph_user.NAME.entity`: it is unknown until the user exists, so the key is not looked for before.",
				Validators: []validator.String{entityValidator{}},
			},
			"key": schema.StringAttribute{
				Computed: true, Sensitive: true,
				MarkdownDescription: "The key in base64, for arguments that are write-only. As printed by `ceph auth print-key`.",
			},
			"keyring": schema.StringAttribute{
				Computed: true, Sensitive: true,
				MarkdownDescription: "The text of a keyring with the user and its key, as written by `ceph auth get-or-create -o`.",
			},
			"key_fingerprint": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "`sha256:` and the hexadecimal SHA-256 of the decoded key. It is ephemeral like the rest; where it has to be" +
					" kept, as in `key_wo_version`, use the attribute of the ceph_user, or of its data source.",
			},
		},
	}
}

// Open reads the key.
func (u *userKey) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var config model
	if !tfkit.Get(ctx, req.Config, &config, &resp.Diagnostics) {
		return
	}
	ctx, cancel := grace.WithTimeout(ctx, tfkit.DefaultTimeout)
	defer cancel()
	u.read(ctx, &config, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Result.Set(ctx, &config)...)
	}
}

// read fills in the key and what the cluster knows of its user.
func (u *userKey) read(ctx context.Context, m *model, diags *diag.Diagnostics) {
	const summary = "Unable to read key of Ceph user"
	entry, err := u.Clusters.ApplyEntry(ctx, m.Cluster, types.StringNull(), diags)
	if err != nil {
		tfkit.AddError(diags, summary, err)
		return
	}
	m.Cluster = entry.Label
	name, err := tfkit.UserOf(m.Entity.ValueString())
	if err != nil {
		tfkit.AddAttributeError(diags, path.Root("entity"), summary, err)
		return
	}
	user, err := entry.Target.User(ctx, name)
	if problem.Is(err, problem.NotFound) {
		tfkit.AddAttributeError(diags, path.Root("entity"), summary, missing(entry.Target, m.Entity.ValueString()))
		return
	}
	if err == nil {
		err = user.Key.Check()
	}
	if err != nil {
		tfkit.AddError(diags, summary, err)
		return
	}
	m.Key = tfkit.KeyText(user.Key)
	m.Keyring = tfkit.KeyringText(user)
	m.KeyFingerprint = types.StringValue(user.Key.Fingerprint())
}

func missing(cluster *ceph.Cluster, entity string) error {
	return &problem.Problem{
		Kind: problem.NotFound,
		What: fmt.Sprintf("Cluster %q has no user %s.", cluster.Label(), entity),
		Why:  "The key of a user is read from the cluster; this makes none.",
		Do: "Where the user is a ceph_user of this configuration, refer to it, as in entity = ceph_user.NAME.entity: then the key is read once" +
			" the user exists. Otherwise correct the name or the cluster.",
	}
}

// entityValidator refuses what is not the full name of a user.
type entityValidator struct{ tfkit.Described }

func (entityValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := tfkit.UserOf(req.ConfigValue.ValueString()); err != nil {
		tfkit.AddAttributeError(&resp.Diagnostics, req.Path, "Invalid entity", err)
	}
}
