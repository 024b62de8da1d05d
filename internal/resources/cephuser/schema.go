package cephuser

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// Schema describes ceph_user.
func (r *userResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A cephx user of a Ceph cluster, with its capabilities and its key. It replaces `ceph auth get-or-create`," +
			" but never takes over a user that exists: such a one is imported.\n\n" +
			"**Deleting** this resource deletes the user and its key. It is refused while clients of the user are connected: each of their" +
			" connections would stay broken once it breaks, or once their tickets end, and with it the guest's disk.\n\n" +
			"**The provider's own user**, as which an entry of the provider block is logged in to the same cluster, may be managed too, but it is" +
			" neither deleted nor replaced, its key is not changed, and its `mon` caps have to let it go on reading and changing users" +
			" (`allow service auth rwx`, `allow rwx` or `allow *`, not bound to a network): otherwise nobody could take the change back from here.",
		Attributes: map[string]schema.Attribute{
			"id":      tfkit.IDAttribute(resourceType.ImportKey.Form),
			"cluster": tfkit.ClusterAttribute(),
			"name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name without its type: `libvirt` for `client.libvirt`. Changing it replaces the user.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators:          []validator.String{tfkit.UserValidator()},
			},
			"caps": schema.MapAttribute{
				Required: true, ElementType: types.StringType,
				MarkdownDescription: "Capabilities by service: `mon`, `osd`, `mgr`, `mds`. A user of RBD images needs `profile rbd` on `mon` (which" +
					" also allows to take over the lock of a host that died), and `profile rbd pool=POOL` on `osd` and `mgr`. Changed in place, and" +
					" compared by meaning: spaces and the order of what is allowed don't count. A client that is connected goes on with the former ones" +
					" until its tickets are renewed, an hour by default. `{}` allows nothing. As by `ceph auth caps`.",
				PlanModifiers: []planmodifier.Map{keepSameCaps{}},
				Validators:    []validator.Map{mapvalidator.NoNullValues(), capsValidator{}},
			},
			"key": schema.StringAttribute{
				Optional: true, Computed: true, Sensitive: true,
				MarkdownDescription: "The key in base64. Default: made by the cluster. A chosen one is set, and changed in place, at once; that is" +
					" refused while clients of the user are connected, unless `rotate_in_use` is true. Removing it keeps the current key." +
					" It stands in the state, and in plan files, where `key_in_state` is not false. Not together with `key_wo`," +
					" `key_generation` or `key_in_state = false`. As shown by `ceph auth print-key`.",
				Validators: []validator.String{
					tfkit.KeyValidator(),
					stringvalidator.ConflictsWith(path.MatchRoot("key_wo"), path.MatchRoot("key_wo_version"), path.MatchRoot("key_generation")),
				},
			},
			"key_wo": schema.StringAttribute{
				Optional: true, Sensitive: true, WriteOnly: true,
				MarkdownDescription: "A chosen key like `key`, but handed to the cluster only: it stands in neither the state nor the plan, and" +
					" `key_in_state` is false by default. Needs Terraform or OpenTofu 1.11 or later. It is written when the user is made and whenever" +
					" `key_wo_version` changes; removing it keeps the current key. Not together with `key_generation` or `key_in_state = true`.",
				Validators: []validator.String{tfkit.KeyValidator(), stringvalidator.ConflictsWith(path.MatchRoot("key_generation"))},
			},
			"key_wo_version": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Any text; changing it writes `key_wo` again, in place. When somebody else changed the key in the cluster, the" +
					" state shows the fingerprint found here, and the next apply writes `key_wo` again. Stored by Terraform only.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1), stringvalidator.ConflictsWith(path.MatchRoot("key_generation"))},
			},
			"key_in_state": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Whether `key` holds the key, and so the state and plan files too. Default: `true`; `false` with `key_wo`. With" +
					" `false`, `key` is null; the ephemeral resource ceph_user_key still reads the key. An imported user begins with `false`," +
					" because an import never reads a key. The plan that changes `true` to `false`, and backups of the state from before," +
					" still hold the key: rotate it. Stored by Terraform only.",
				Validators: []validator.Bool{outOfState{}},
			},
			"key_type": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Type of the key: `aes` or `aes256k`. Default: what the cluster prefers. A rotation keeps it. Asking for" +
					" `aes256k` needs Ceph 19.2.6, 20.2.4 or newer on the monitors, on the machine that runs Terraform and on every hypervisor." +
					" Changing it replaces the user; removing it keeps the current one. As by `ceph auth get-or-create --key-type`.",
				Validators: []validator.String{stringvalidator.OneOf(ceph.KeyTypes...), typeOfChosen{}},
			},
			"key_generation": schema.Int64Attribute{
				Optional:   true,
				Validators: []validator.Int64{int64validator.AtLeast(0)},
				MarkdownDescription: "A number that rotates a key of the cluster's making, in place, when it is raised above the recorded one:" +
					" `key` and `key_fingerprint` become unknown in that plan. The first number only counts as the beginning, lowering it is an" +
					" error, and removing it changes nothing. Refused while clients of the user are connected, unless `rotate_in_use` is true." +
					" Stored by Terraform only. As by `ceph auth rotate`; on releases before 19.2.3 by a pending key, on those before 18 by" +
					" `ceph auth import` of a key that the provider makes.",
			},
			"rotate_in_use": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Whether the key may be changed while clients of the user are connected, as the monitors list them. Default:" +
					" `false`. Running guests with the former key fail later, one by one: the guide" +
					" [Changing keys under running guests](../guides/changing-keys) tells what happens. Stored by Terraform only.",
			},
			"entity": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "The user's full name, such as `client.libvirt`. Unknown until the user exists, so that whatever refers to it" +
					" waits for the user.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"key_fingerprint": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "`sha256:` and the hexadecimal SHA-256 of the decoded key, safe to show. It changes with the key, whoever" +
					" changed it: as `key_wo_version` of a libvirt_ceph_secret it makes the secret follow.",
			},
			"fsid":     tfkit.FSIDAttribute(),
			"timeouts": tfkit.TimeoutsAttribute(ctx, tfkit.DefaultTimeout),
		},
	}
}

// keepSameCaps plans the recorded caps where those of the configuration mean the same.
type keepSameCaps struct{ tfkit.Described }

func (keepSameCaps) PlanModifyMap(_ context.Context, req planmodifier.MapRequest, resp *planmodifier.MapResponse) {
	if req.StateValue.IsNull() || req.PlanValue.IsNull() || req.PlanValue.IsUnknown() {
		return
	}
	// All or nothing: Terraform takes either the recorded map as a whole or the configured one, and nothing made of both.
	kept := types.MapValueMust(types.StringType, sameMeaning(req.StateValue.Elements(), req.PlanValue.Elements()))
	if kept.Equal(req.StateValue) {
		resp.PlanValue = req.StateValue
	}
}

// capsValidator refuses services that do not exist and caps that no cluster could parse.
type capsValidator struct{ tfkit.Described }

func (capsValidator) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	for service, value := range req.ConfigValue.Elements() {
		err := ceph.ValidateCapsService(service)
		if text, ok := value.(types.String); err == nil && ok && !text.IsUnknown() {
			err = ceph.ValidateCaps(service, text.ValueString())
		}
		if err != nil {
			tfkit.AddAttributeError(&resp.Diagnostics, req.Path.AtMapKey(service), "Invalid capabilities", err)
		}
	}
}
