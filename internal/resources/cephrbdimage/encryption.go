package cephrbdimage

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/objectvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// encryptionTypes are the attributes of encryption.
var encryptionTypes = map[string]attr.Type{
	"format": types.StringType, "passphrase_wo": types.StringType, "passphrase_wo_version": types.StringType,
}

// encryptionAttribute is how the image is encrypted.
func encryptionAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Encrypts the image: librbd gives the new image the header of an encryption, with a passphrase, and whoever opens" +
			" it with that passphrase encrypts what it writes. The header takes the first 16MiB of `size` for `luks2`, 4MiB for `luks1`, or" +
			" one object where `object_size` is larger: a guest sees a disk that is smaller by that. It is recorded, not read:" +
			" an import leaves it null, and it may be added for an image that has such a header already." +
			" Removing it, or another format, replaces the image. Not together with `parent`. As by `rbd encryption format`.",
		Attributes: map[string]schema.Attribute{
			"format": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "`luks2`, or `luks1`, which QEMU can open too where its librbd can't. Another one replaces the image." +
					" The cipher is AES with 256 bits.",
				Validators: []validator.String{stringvalidator.OneOf(ceph.LUKS2, ceph.LUKS1)},
			},
			"passphrase_wo": schema.StringAttribute{
				Optional: true, Sensitive: true, WriteOnly: true,
				MarkdownDescription: "The passphrase, byte for byte; use `trimspace()` for what was read from a file. A new image needs it. It is" +
					" used when the image is made and kept nowhere, neither in the state nor in the plan: without it nobody can read the image, so" +
					" keep it elsewhere. Give the same to a `libvirt_volume_secret`. Needs Terraform or OpenTofu 1.11 or later.",
				Validators: []validator.String{
					tfkit.PassphraseValidator(),
					stringvalidator.AlsoRequires(path.MatchRelative().AtParent().AtName("passphrase_wo_version")),
				},
			},
			"passphrase_wo_version": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Any text, needed with `passphrase_wo`, that says which passphrase it is. Once it is recorded another one is an" +
					" error in the plan: librbd can't give an image another passphrase.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
		},
		Validators: []validator.Object{objectvalidator.ConflictsWith(path.MatchRoot("parent"))},
	}
}

// encryption is what the attribute says, without the passphrase. Texts are empty where they are null or not known yet.
type encryption struct {
	format, version string
}

func (m *model) encryptionPart(name string) types.String {
	value, _ := m.Encryption.Attributes()[name].(types.String)
	return value
}

func (m *model) encryption() encryption {
	return encryption{m.encryptionPart("format").ValueString(), m.encryptionPart("passphrase_wo_version").ValueString()}
}

// newEncryption is how a new image is to be encrypted, nil for not at all. Only the configuration has the passphrase.
func (m *model) newEncryption() (*ceph.Encryption, error) {
	if m.Encryption.IsNull() {
		return nil, nil
	}
	passphrase, err := tfkit.GivenPassphrase(m.encryptionPart("passphrase_wo"))
	if err != nil {
		return nil, err
	}
	return &ceph.Encryption{Format: m.encryption().format, Passphrase: passphrase}, nil
}

// checkPassphrase refuses a new image that is to be encrypted with no passphrase.
func checkPassphrase(config *model, diags *diag.Diagnostics) {
	if !config.Encryption.IsNull() && !config.Encryption.IsUnknown() && config.encryptionPart("passphrase_wo").IsNull() {
		diags.AddAttributeError(path.Root("encryption").AtName("passphrase_wo"), "Passphrase missing",
			"A new image that is encrypted needs a passphrase. Set passphrase_wo and passphrase_wo_version in encryption.")
	}
}

// checkEncryptable finds in a configuration what an encrypted image can't be: without room behind the header, or with a journal.
func checkEncryptable(config, plan *model, diags *diag.Diagnostics) {
	format := plan.encryption().format
	if format == "" {
		return
	}
	objects := plan.ObjectSize.Bytes()
	if objects == 0 {
		objects = defaultObject
	}
	header := ceph.NewHeaderBytes(format, objects)
	if size := plan.Size.Bytes(); size != 0 && size <= header {
		diags.AddAttributeError(path.Root("size"), "No room behind the header", fmt.Sprintf(
			"The header of %s takes %s, and the image has %s. Choose a larger size: what a guest is to see, and the header.",
			format, tfkit.FormatSize(header), plan.Size.ValueString()))
	}
	if slices.Contains(tfkit.Elements(config.Features), "journaling") {
		diags.AddAttributeError(path.Root("features"), "Feature not for an encrypted image",
			"librbd does not encrypt an image with the feature \"journaling\". Remove it from features, or encryption.")
	}
}

// planEncryption decides about the encryption of an image that exists: nothing, an error, or a replacement. What is replaced anyway gets
// the planned one.
func planEncryption(
	ctx context.Context, entry tfkit.Entry[*ceph.Cluster], state, plan *model, replacedAnyway bool, diags *diag.Diagnostics,
) []path.Path {
	if replacedAnyway || plan.Encryption.IsUnknown() || plan.encryptionPart("format").IsUnknown() {
		return nil
	}
	if !state.Encryption.IsNull() && plan.encryption().format != state.encryption().format {
		return []path.Path{path.Root("encryption")}
	}
	if state.Encryption.IsNull() && !entry.Known {
		return nil
	}
	if err := state.checkEncryption(ctx, entry.Target, plan); err != nil && !problem.Is(err, problem.NotFound) {
		tfkit.AddAttributeError(diags, path.Root("encryption"), "Unable to plan RBD image", err)
	}
	return nil
}

// checkEncryption refuses a planned encryption that the image doesn't have, of which nothing can be changed in place. The first one that is
// named is taken over where the image's header is of its format; only then the cluster is asked, which a plan may not know.
func (m *model) checkEncryption(ctx context.Context, cluster *ceph.Cluster, plan *model) error {
	before, after := m.encryption(), plan.encryption()
	image := fmt.Sprintf("Image %s on cluster %q", m.ref(), m.Cluster.ValueString())
	p := &problem.Problem{Kind: problem.Refused}
	switch {
	case plan.Encryption.IsNull() && m.Encryption.IsNull():
		return nil
	case m.Encryption.IsNull():
		ref, _, err := find(ctx, cluster, m)
		if err != nil {
			return err
		}
		header, err := cluster.EncryptionHeader(ctx, ref)
		if err != nil || header.Format == after.format {
			return err
		}
		p.What = fmt.Sprintf("%s is not encrypted in the format %s: %s.", image, after.format, describeHeader(header))
		p.Why = "An image is encrypted when it is made. To do it later would destroy what it holds."
		p.Do = "Remove encryption, or name the format that the image has. For an encrypted image make a new one, copy the content into it from" +
			" within a guest, and remove this one in a later apply."
	case before.format != after.format:
		p.What = fmt.Sprintf("%s was made with the encryption %s, and the configuration asks for another one, or none.", image, before.format)
		p.Why = "That was not known when the change was planned."
		p.Do = "Plan again: the plan shows that the image would be replaced."
	case before.version != "" && before.version != after.version && !plan.encryptionPart("passphrase_wo_version").IsUnknown():
		p.What = fmt.Sprintf("%s can't be given another passphrase.", image)
		p.Why = "Another passphrase_wo_version than the recorded one asks for it, and librbd can't change the passphrase of an image."
		p.Do = fmt.Sprintf("Set passphrase_wo_version = %q again, and passphrase_wo to what the image was made with. For another passphrase make"+
			" a new image, copy the content into it from within a guest, and remove this one in a later apply.", before.version)
	default:
		return nil
	}
	return p
}

// describeHeader says what an image begins with.
func describeHeader(header ceph.EncryptionHeader) string {
	if header.Format == "" {
		return "it doesn't begin with the header of an encryption"
	}
	return "its header is of the format " + header.Format
}

// warnOfHeader warns that an image which is recorded as encrypted has no such header any more. answered is false where the cluster does not
// answer any more.
func warnOfHeader(ctx context.Context, cluster *ceph.Cluster, state *model, diags *diag.Diagnostics) (answered bool) {
	format := state.encryption().format
	if format == "" {
		return true
	}
	header, err := cluster.EncryptionHeader(ctx, state.ref())
	if err != nil {
		tfkit.AddWarning(diags, "Header of the encrypted image not read", err)
		return !problem.Unanswered(err)
	}
	if header.Format == format {
		return true
	}
	diags.AddAttributeWarning(path.Root("encryption"), "Encrypted image has lost its header", fmt.Sprintf(
		"Image %s on cluster %q was encrypted in the format %s, and now %s. Somebody has written over it: most likely a guest whose disk names"+
			" no encryption, and so saw the header as a part of its disk. Without the header nothing behind it can be read any more.\n\n"+
			"Detach the disk before more is written, and restore the beginning of the image from a snapshot or a backup: the first %s.",
		state.ref(), cluster.Label(), format, describeHeader(header), tfkit.FormatSize(ceph.NewHeaderBytes(format, state.ObjectSize.Bytes()))))
	return true
}
