package tfkit

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// SecretArguments are the arguments of a secret whose change makes another secret of it.
type SecretArguments struct {
	Usage, UUID types.String
	Private     types.Bool
}

// PlanUUID is the UUID of a secret: the configured one, or that of its usage name; the state's while that stays.
func (t SecretType) PlanUUID(configured types.String, state, plan SecretArguments, exists bool) types.String {
	switch {
	case !configured.IsNull() || exists && plan.Usage.Equal(state.Usage):
		return plan.UUID
	case plan.Usage.IsUnknown():
		return types.StringUnknown()
	}
	return types.StringValue(t.DefaultUUID(plan.Usage.ValueString()))
}

// PlanReplacement plans to replace a secret whose planned arguments or host are those of another one, and tells whether it does. It warns
// where domains use the present one.
func (t SecretType) PlanReplacement(
	ctx context.Context, entry Entry[*libvirt.Host], state, plan SecretArguments, present libvirt.Secret, resp *resource.ModifyPlanResponse,
) (replaces bool) {
	replacedBy := t.replacedBy(state, plan)
	switch {
	case entry.Moved:
		replacedBy = append(replacedBy, path.Root("hypervisor"))
	case len(replacedBy) > 0 && entry.Known:
		warnReplacedSecret(ctx, entry.Target, present, &resp.Diagnostics)
	}
	resp.RequiresReplace = append(resp.RequiresReplace, replacedBy...)
	return len(replacedBy) > 0
}

// replacedBy lists the arguments whose planned value needs another secret in place of this one.
func (t SecretType) replacedBy(state, plan SecretArguments) []path.Path {
	var at []path.Path
	if !plan.Usage.Equal(state.Usage) {
		at = append(at, path.Root(t.UsageArgument))
	}
	if plan.UUID.IsUnknown() || !libvirt.SameUUID(plan.UUID.ValueString(), state.UUID.ValueString()) {
		at = append(at, path.Root("uuid"))
	}
	if state.Private.ValueBool() && !plan.Private.IsUnknown() && !plan.Private.ValueBool() { // libvirt has no way back
		at = append(at, path.Root("private"))
	}
	return at
}

// WarnEphemeral warns of a secret that a plan makes ephemeral on a host whose daemon doesn't stay for it.
func WarnEphemeral(ctx context.Context, entry Entry[*libvirt.Host], state, plan types.Bool, diags *diag.Diagnostics) {
	if !entry.Known || !plan.ValueBool() || state.ValueBool() {
		return
	}
	version, err := entry.Target.LibVersion(ctx)
	if err != nil || version.AtLeast(9, 0) {
		return
	}
	diags.AddAttributeWarning(path.Root("ephemeral"), "Ephemeral secret may go by itself", fmt.Sprintf(
		"Hypervisor %q has libvirt %s. Before 9.0, a daemon that is started for each connection ends two minutes after the last one, and its"+
			" ephemeral secrets with it: virtsecretd always, libvirtd while no domain runs. Guests whose disks need the secret can't start then,"+
			" and the next plan makes it again.\n\nLeave ephemeral out, or let the daemon stay: without --timeout in its arguments.",
		entry.Target.Label(), version))
}
