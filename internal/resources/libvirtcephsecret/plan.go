package libvirtcephsecret

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// ModifyPlan finds the secret's hypervisor, and plans its default UUID and its value.
func (r *secretResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		var removed model
		if tfkit.Get(ctx, req.State, &removed, &resp.Diagnostics) && r.Connections != nil {
			r.ClaimSecret(removed.owned(), tfkit.Drops, &resp.Diagnostics)
		}
		return
	}
	sides, ok := tfkit.ReadPlanSides[model](ctx, r.Base, req, resp)
	if !ok {
		return
	}
	config, state, plan, exists := sides.Config, sides.State, sides.Plan, sides.Exists
	entry, err := r.Hypervisors.PlanEntry(ctx, config.Hypervisor, state.Hypervisor, state.HostUUID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddAttributeError(&resp.Diagnostics, path.Root("hypervisor"), "Unable to plan libvirt secret", err)
		return
	}
	plan.Hypervisor, plan.HostUUID = entry.Label, entry.Identity
	plan.UUID = tfkit.CephSecret.PlanUUID(config.UUID, state.arguments(), plan.arguments(), exists)
	if !exists && config.Key.IsNull() && config.KeyWO.IsNull() {
		resp.Diagnostics.AddAttributeError(path.Root("key"), "Key missing",
			"A new secret needs a value, or no disk can be opened with it. Set key, or key_wo with key_wo_version.")
	}
	plan.ID = plan.id()
	tfkit.WarnEphemeral(ctx, entry, state.Ephemeral, plan.Ephemeral, &resp.Diagnostics)
	plan.KeyFingerprint = planFingerprint(config, state, plan, exists)
	if exists {
		tfkit.CephSecret.PlanReplacement(ctx, entry, state.arguments(), plan.arguments(), state.secret(), resp)
		if writes(state, plan, exists) && !plan.KeyWOVersion.IsNull() && config.KeyWO.IsNull() {
			resp.Diagnostics.AddAttributeError(path.Root("key_wo"), "Key missing",
				"key_wo_version differs from the recorded one, which asks to write key_wo, but key_wo is not set. Either the version was"+
					" changed in the configuration, or the value was changed on the host and its fingerprint recorded as the version."+
					"\n\nSet key_wo to write the key, or remove key_wo_version to leave the value alone.")
		}
	}
	r.ClaimPlannedSecret(ctx, state.owned(), plan.owned(), req, resp)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}
