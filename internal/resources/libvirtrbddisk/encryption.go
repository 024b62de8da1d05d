package libvirtrbddisk

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

func encryptionAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "How the image is encrypted, so that the guest sees what is in it and not the encrypted bytes. The image has been" +
			" formatted before, as by `encryption` of its `ceph_rbd_image`. Without this argument the guest would see the header of the" +
			" encryption, and could destroy it. Adding or removing it, and another `format` or `engine`, replaces the disk. `<encryption>` in the" +
			" XML.",
		Attributes: map[string]schema.Attribute{
			"format": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "`luks2`, `luks` for an image of the format luks1, or `luks-any` for either of them. The last one needs" +
					" libvirt 9.3 and QEMU 8.0 on the host.",
				Validators: []validator.String{stringvalidator.OneOf("luks", "luks2", "luks-any")},
			},
			"engine": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Who decrypts: `librbd` (the default; needs libvirt 7.9, QEMU 6.1 and librbd 16.1 on the host) or `qemu`, for" +
					" `luks` only. With `librbd` a libvirt older than 11.3 can't plug the disk into a running domain: it hands QEMU the passphrase too" +
					" late. There, shut the domain off, apply, and start it.",
				Validators: []validator.String{stringvalidator.OneOf(libvirt.EngineLibrbd, libvirt.EngineQEMU)},
			},
			"secret_uuid": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "UUID of the secret on the hypervisor that holds the passphrase, as in `libvirt_volume_secret.NAME.uuid`." +
					" Another one is changed in place, and used when the image is next opened.",
				PlanModifiers: []planmodifier.String{tfkit.KeepEqual(libvirt.SameUUID, "Another spelling of the same UUID is no change.")},
				Validators:    []validator.String{tfkit.UUIDValidator()},
			},
		},
	}
}

var encryptionTypes = map[string]attr.Type{"format": types.StringType, "engine": types.StringType, "secret_uuid": types.StringType}

// encryptionOf converts the attribute encryption; unknown parts are left out.
func encryptionOf(object types.Object) libvirt.Encryption {
	part := func(name string) string {
		value, _ := object.Attributes()[name].(types.String)
		return value.ValueString()
	}
	return libvirt.Encryption{Format: part("format"), Engine: part("engine"), SecretUUID: part("secret_uuid")}
}

// planEncryption lets another encryption than that of the disk replace it. One that the definition has had all along, and that the
// configuration names for the first time, is taken over.
func (p *planning) planEncryption(ctx context.Context) error {
	is, wanted := encryptionOf(p.state.Encryption), encryptionOf(p.plan.Encryption)
	format, _ := p.plan.Encryption.Attributes()["format"].(types.String) // one that is not known yet is taken for another
	if !p.exists || p.plan.Encryption.IsUnknown() || is.Same(wanted) && !format.IsUnknown() {
		return nil
	}
	if p.state.Encryption.IsNull() && slices.Contains(p.record.Unasked, "encryption") {
		where, err := p.located(ctx)
		if err != nil || where == nil {
			return err
		}
		if disk := p.found(where).SavedOrLive(); disk != nil && disk.Encryption.Same(wanted) {
			return nil
		}
	}
	if wanted.Format == "" && !format.IsUnknown() {
		p.diags.AddAttributeWarning(path.Root("encryption"), "Disk "+p.state.TargetDev.ValueString()+" no longer decrypted", fmt.Sprintf(
			"The disk is encrypted (format %s), and the configuration doesn't say so. Attached without that, it shows the guest the header and"+
				" the encrypted bytes, and what the guest writes there destroys them.\n\nTo leave the disk as it is, name its encryption in the"+
				" configuration.", is.Format))
	}
	p.replaced = append(p.replaced, "encryption")
	return nil
}

// encryptionObject converts the encryption of a disk to the attribute, null where there is none. The default engine is null.
func encryptionObject(e libvirt.Encryption) types.Object {
	if e == (libvirt.Encryption{}) {
		return types.ObjectNull(encryptionTypes)
	}
	if e.Engine == libvirt.EngineLibrbd {
		e.Engine = ""
	}
	return types.ObjectValueMust(encryptionTypes, map[string]attr.Value{
		"format": tfkit.StringOrNull(e.Format), "engine": tfkit.StringOrNull(e.Engine), "secret_uuid": tfkit.StringOrNull(e.SecretUUID),
	})
}
