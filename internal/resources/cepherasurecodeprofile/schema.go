package cepherasurecodeprofile

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

const (
	replaces = " Changing it replaces the profile: Ceph never changes one that pools are made with."
	keeps    = " Removing it keeps it."
	unsets   = " Removing it replaces the profile too."
)

// Schema describes ceph_erasure_code_profile.
func (r *profileResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	word := func(description string) schema.StringAttribute {
		return schema.StringAttribute{
			Optional: true, Computed: true, MarkdownDescription: description + replaces + keeps,
			PlanModifiers: []planmodifier.String{tfkit.KeepUnlessConfigured()}, Validators: []validator.String{setting()},
		}
	}
	chunks := func(description string, atLeast int64) schema.Int64Attribute {
		return schema.Int64Attribute{
			Required: true, MarkdownDescription: description + replaces, Validators: []validator.Int64{int64validator.AtLeast(atLeast)},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "An erasure code profile: how the objects of an erasure-coded pool are cut into chunks, and where these are" +
			" placed. A pool that is made with it (`erasure_code_profile` of `ceph_pool`) keeps what it says.\n\n" +
			"**Deleting** this resource removes the profile. One that a pool was made with is never removed, nor overridden.",
		Attributes: map[string]schema.Attribute{
			"id":      tfkit.IDAttribute(resourceType.ImportKey.Form),
			"cluster": tfkit.ClusterAttribute(),
			"name": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Name of the profile. Changing it replaces the profile: Ceph can't rename one. As by `ceph osd" +
					" erasure-code-profile set`.",
				Validators: []validator.String{tfkit.CrushName("the name of an erasure code profile")},
			},
			"k": chunks("Number of chunks into which the data of an object is cut.", 2),
			"m": chunks("Number of chunks with parity: how many OSDs, or failure domains, can be lost.", 1),
			"plugin": word("Plugin that computes the chunks: `jerasure`, `isa`, `lrc`, `shec`, `clay`, or one that the cluster has besides." +
				" Default: the cluster's, `jerasure` before Ceph 20."),
			"technique": word("Technique of the plugin, such as `reed_sol_van`. Default: the plugin's; null where it has none."),
			"crush_root": word("Bucket of the CRUSH map below which the chunks are placed. One that doesn't exist refuses the pools, not the" +
				" profile. Default: `default`."),
			"crush_failure_domain": word("Type of bucket that never holds two chunks of an object, such as `host` or `rack`. Default: `host`."),
			"crush_device_class": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Class of the OSDs that take chunks, such as `ssd`. One that no OSD has refuses the pools, not the profile." +
					" Unset: all classes." + replaces + unsets,
				Validators: []validator.String{setting()},
			},
			"stripe_unit": schema.StringAttribute{
				Optional: true, CustomType: tfkit.SizeType{},
				MarkdownDescription: "Data in each chunk of a stripe, such as `\"4KiB\"`. Unset: the cluster's default." + replaces +
					unsets,
				PlanModifiers: []planmodifier.String{tfkit.KeepSize()},
				Validators:    []validator.String{tfkit.PositiveSize()},
			},
			"parameters": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Further parameters of the plugin by name, such as `l` of `lrc`, `c` of `shec` or `d` of `clay`. Only the keys" +
					" named here count; an import names those that the plugin has not filled in itself. Another value, or a key that is" +
					" removed, replaces the profile; a key that is added with the value that the profile has touches nothing.",
				Validators: []validator.Map{
					mapvalidator.SizeAtLeast(1), mapvalidator.NoNullValues(), mapvalidator.KeysAre(parameterName{}),
					mapvalidator.ValueStringsAre(setting()),
				},
			},
			"fsid":     tfkit.FSIDAttribute(),
			"timeouts": tfkit.TimeoutsAttribute(ctx, tfkit.DefaultTimeout),
		},
	}
}

// setting refuses a value that the monitors could not take for one.
func setting() validator.String {
	return stringvalidator.All(stringvalidator.LengthAtLeast(1), tfkit.PlainText())
}

// ownAttributes are the keys of a profile that have an attribute.
var ownAttributes = map[string]string{
	"k": "k", "m": "m", "plugin": "plugin", "technique": "technique", "crush-root": "crush_root",
	"crush-failure-domain": "crush_failure_domain", "crush-device-class": "crush_device_class", "stripe_unit": "stripe_unit",
	// The names that Ceph has given up.
	"ruleset-root": "crush_root", "ruleset-failure-domain": "crush_failure_domain",
}

// parameterName refuses keys that have an attribute of their own, and what is no key.
type parameterName struct{ tfkit.Described }

func (parameterName) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	key := req.ConfigValue.ValueString()
	if attribute := ownAttributes[key]; attribute != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Parameter with an attribute of its own", fmt.Sprintf("Set %s instead of the parameter %q.",
			attribute, key))
		return
	}
	tfkit.Matches(`^[A-Za-z0-9_-]+$`, "must be the name of a parameter: letters, digits, \"-\" and \"_\"").ValidateString(ctx, req, resp)
}
