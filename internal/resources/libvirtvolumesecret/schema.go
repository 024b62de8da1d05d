package libvirtvolumesecret

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

// Schema describes libvirt_volume_secret.
func (r *secretResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A libvirt secret that holds the passphrase of an encrypted image, so that domains on the host can open it: the" +
			" secret that `<encryption>` of a disk names. It replaces `virsh secret-define` and `virsh secret-set-value`.\n\n" +
			"The key of a Ceph user is another secret: see `libvirt_ceph_secret`.\n\n" +
			"**Deleting** this resource undefines the secret. It is refused while a domain on the host, running or defined, or a storage" +
			" pool uses it, also where the secret is replaced. Keep the passphrase elsewhere too: without it nobody can read the image.",
		Attributes: map[string]schema.Attribute{
			"id":         tfkit.IDAttribute(resourceType.ImportKey.Form),
			"hypervisor": tfkit.HypervisorAttribute(),
			"volume": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Name of the secret, unique among the volume secrets of the host: libvirt's usage name, any text. For an RBD" +
					" image write `CLUSTER/POOL/IMAGE`. Changing it replaces the secret.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1), tfkit.XMLText{}},
			},
			"uuid":        tfkit.VolumeSecret.UUIDAttribute(),
			"description": tfkit.SecretDescriptionAttribute(),
			"ephemeral":   tfkit.SecretEphemeralAttribute(),
			"private": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Whether libvirt never tells the value to anybody but QEMU. Default: `true`. Changed in place to `true`;" +
					" libvirt has no way back, so `false` replaces the secret.",
			},
			"passphrase_wo": schema.StringAttribute{
				Optional: true, Sensitive: true, WriteOnly: true,
				MarkdownDescription: "The passphrase, byte for byte as libvirt is to hold it: neither base64 is decoded nor the end of a line" +
					" removed, so use `trimspace()` for what was read from a file. It is written to libvirt only: it is in neither the state nor the" +
					" plan, and nothing that is computed from it is either. Needs Terraform or OpenTofu 1.11 or later. It is written when" +
					" the secret is made and" +
					" whenever `passphrase_wo_version` changes; without it the value in libvirt is left alone. A new secret needs it.",
				Validators: []validator.String{
					tfkit.PassphraseValidator(), stringvalidator.AlsoRequires(path.MatchRoot("passphrase_wo_version")),
				},
			},
			"passphrase_wo_version": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Any text, needed with `passphrase_wo`; changing it writes `passphrase_wo` again. A value that somebody else" +
					" changed is not noticed; where libvirt tells that there is none any more, the state shows `missing` here, and the next apply" +
					" writes `passphrase_wo` again.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"host_uuid": tfkit.HostUUIDAttribute(),
			"timeouts":  tfkit.TimeoutsAttribute(ctx, tfkit.DefaultTimeout),
		},
	}
}
