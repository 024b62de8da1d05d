package libvirtvolumesecret

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// ModifyPlan finds the secret's hypervisor, and plans its default UUID.
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
	plan.UUID = tfkit.VolumeSecret.PlanUUID(config.UUID, state.arguments(), plan.arguments(), exists)
	plan.ID = plan.id()
	tfkit.WarnEphemeral(ctx, entry, state.Ephemeral, plan.Ephemeral, &resp.Diagnostics)
	replaces := exists &&
		tfkit.VolumeSecret.PlanReplacement(ctx, entry, state.arguments(), plan.arguments(), state.secret(), resp)
	switch {
	case !exists || replaces:
		if config.PassphraseWO.IsNull() {
			resp.Diagnostics.AddAttributeError(path.Root("passphrase_wo"), "Passphrase missing",
				"A new secret needs a value, or no image can be opened with it. Set passphrase_wo and passphrase_wo_version.")
		}
	case plan.writesOver(state) && config.PassphraseWO.IsNull():
		resp.Diagnostics.AddAttributeError(path.Root("passphrase_wo"), "Passphrase missing",
			"passphrase_wo_version differs from the recorded one, which asks to write passphrase_wo, but passphrase_wo is not set."+
				"\n\nSet passphrase_wo to write the passphrase, or remove passphrase_wo_version to leave the value alone.")
	case plan.writesOver(state) && entry.Known && state.PassphraseWOVersion.ValueString() != missingValue:
		warnWritten(ctx, entry.Target, state.secret(), &resp.Diagnostics)
	}
	r.ClaimPlannedSecret(ctx, state.owned(), plan.owned(), req, resp)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// warningLimit is how long a plan searches domains for the sake of a warning.
const warningLimit = 15 * time.Second

// warnWritten names the domains that refer to a secret whose value the plan writes: their images keep the passphrase that they have.
func warnWritten(ctx context.Context, host *libvirt.Host, secret libvirt.Secret, diags *diag.Diagnostics) {
	searching, cancel := context.WithTimeout(ctx, warningLimit)
	defer cancel()
	users, err := host.SecretUsers(searching, secret)
	if err != nil {
		tfkit.AddWarning(diags, "Users of the changed secret not listed", err)
	}
	if len(users) == 0 {
		return
	}
	diags.AddAttributeWarning(path.Root("passphrase_wo_version"), "Passphrase of a secret in use is written", fmt.Sprintf(
		"The value of secret %s on hypervisor %q is written again, and these domains refer to it: %s. Their images are not encrypted anew: with"+
			" another passphrase than an image was formatted with, a domain can't be started any more. Running domains go on with the one that"+
			" they have.\n\nWhere the passphrase is the same as before nothing changes. To give an image another one, make a new image and copy"+
			" the content.", secret.UUID, host.Label(), strings.Join(tfkit.DescribeUses(users), ", ")))
}
