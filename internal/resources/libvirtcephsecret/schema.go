package libvirtcephsecret

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// Schema describes libvirt_ceph_secret.
func (r *secretResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A libvirt secret that holds the key of a cephx user, so that domains on the host can open RBD disks as that" +
			" user. It replaces `virsh secret-define` and `virsh secret-set-value`.\n\n" +
			"A running guest keeps the key with which it opened its disks: a changed value counts from the next start, migration or attach.\n\n" +
			"**Deleting** this resource undefines the secret. It is refused while a domain on the host, running or defined, or a storage" +
			" pool uses it, also where the secret is replaced. Under `create_before_destroy` the new secret is made first; running domains keep" +
			" the former one until they have been shut down and started, and until then each apply ends with an error.",
		Attributes: map[string]schema.Attribute{
			"id":         tfkit.IDAttribute(resourceType.ImportKey.Form),
			"hypervisor": tfkit.HypervisorAttribute(),
			"usage_name": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Name of the secret, unique among the ceph secrets of the host. Put the cluster's fsid in it, as in" +
					" `client.libvirt@FSID`: users of two clusters may have the same name. Changing it replaces the secret.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1), tfkit.XMLText{}},
			},
			"uuid":        tfkit.CephSecret.UUIDAttribute(),
			"description": tfkit.SecretDescriptionAttribute(),
			"ephemeral":   tfkit.SecretEphemeralAttribute(),
			"private": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Whether libvirt never tells the value to anybody. Default: `false`. The value of a private secret can't be" +
					" verified: a change from outside goes unseen. Changed in place to `true`; libvirt has no way back, so `false` replaces the secret.",
			},
			"key": schema.StringAttribute{
				Optional: true, Sensitive: true,
				MarkdownDescription: "The user's key in base64, as printed by `ceph auth get-key`; libvirt is given the decoded bytes." +
					" It is kept in the state. Changed in place; removing it leaves the value in libvirt alone. Not together with `key_wo` and" +
					" `key_wo_version`; a new secret needs `key` or `key_wo`.",
				Validators: []validator.String{
					tfkit.KeyValidator(),
					stringvalidator.ConflictsWith(path.MatchRoot("key_wo")),
				},
			},
			"key_wo": schema.StringAttribute{
				Optional: true, Sensitive: true, WriteOnly: true,
				MarkdownDescription: "Like `key`, but written to libvirt only: it is in neither the state nor the plan. Needs Terraform or" +
					" OpenTofu 1.11 or" +
					" later. It is written when the secret is made and whenever `key_wo_version` changes.",
				Validators: []validator.String{tfkit.KeyValidator()},
			},
			"key_wo_version": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Any text; changing it writes `key_wo` again. `ceph_user.NAME.key_fingerprint` makes it follow every rotation." +
					" When the value in libvirt was changed by somebody else, the state shows the fingerprint found (or `missing`) here, and the next" +
					" apply writes `key_wo` again.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1), stringvalidator.ConflictsWith(path.MatchRoot("key"))},
			},
			"key_fingerprint": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "`sha256:` and the hexadecimal SHA-256 of the decoded value that libvirt holds, safe to show. Equal to" +
					" `key_fingerprint` of the `ceph_user` whose key it is. Null where the secret is private.",
			},
			"host_uuid": tfkit.HostUUIDAttribute(),
			"timeouts":  tfkit.TimeoutsAttribute(ctx, tfkit.DefaultTimeout),
		},
	}
}
