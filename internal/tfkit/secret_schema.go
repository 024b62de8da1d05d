package tfkit

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// UUIDAttribute is the UUID of a secret.
func (t SecretType) UUIDAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: fmt.Sprintf("UUID of the secret, by which disks refer to it. Default: derived from `%[1]s` (UUIDv5, URL namespace,"+
			" of `%[2]s` + %[1]s), so that all hosts between which guests migrate agree. Changing it replaces the secret;"+
			" removing it keeps the current one.", t.UsageArgument, t.uuidPrefix),
		PlanModifiers: []planmodifier.String{
			KeepUnlessConfigured(),
			KeepEqual(libvirt.SameUUID, "Another spelling of the same UUID is no change."),
		},
		Validators: []validator.String{UUIDValidator()},
	}
}

// SecretDescriptionAttribute is the description of a secret.
func SecretDescriptionAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "What the secret is for, in words. Changed in place; removing it clears it.",
		Validators:          []validator.String{stringvalidator.LengthAtLeast(1), XMLText{Allowed: "\n\t"}},
	}
}

// SecretEphemeralAttribute tells whether a secret is kept in memory only.
func SecretEphemeralAttribute() schema.BoolAttribute {
	return schema.BoolAttribute{
		Optional: true, Computed: true, Default: booldefault.StaticBool(false),
		MarkdownDescription: "Whether libvirt keeps the secret in memory only. Default: `false`. An ephemeral secret is gone when the daemon" +
			" restarts; the next apply makes it again, but until then its guests can't start. A libvirt before 9.0 may end its daemon, and the" +
			" secret, two minutes after Terraform has gone: the plan warns of it. Changed in place.",
	}
}
