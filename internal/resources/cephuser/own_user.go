package cephuser

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// refuseOwnUser refuses to delete a user as which this provider is logged in, or to change its key.
func (r *userResource) refuseOwnUser(ctx context.Context, cluster *ceph.Cluster, entity string) error {
	label, err := r.LoggedInAs(ctx, cluster, entity)
	if err != nil || label == "" {
		return err
	}
	return ownUser(entity, label, "The next operation would find the provider's own key refused.")
}

// checkOwnUser is refuseOwnUser for a plan that asks for another key or another user.
func (r *userResource) checkOwnUser(ctx context.Context, cluster *ceph.Cluster, entity string, at path.Path, diags *diag.Diagnostics) {
	if err := r.refuseOwnUser(ctx, cluster, entity); err != nil {
		tfkit.AddAttributeError(diags, at, "Unable to change user of the provider", err)
	}
}

// checkCaps is refuseOwnCaps for a plan that changes caps, where the new caps are known.
func (r *userResource) checkCaps(ctx context.Context, cluster *ceph.Cluster, state, plan *model, diags *diag.Diagnostics) {
	caps := slices.Collect(maps.Values(plan.Caps.Elements()))
	if plan.Caps.Equal(state.Caps) || plan.Caps.IsUnknown() || slices.ContainsFunc(caps, attr.Value.IsUnknown) {
		return
	}
	if err := r.refuseOwnCaps(ctx, cluster, state.Name.ValueString(), tfkit.Texts(plan.Caps)); err != nil {
		tfkit.AddAttributeError(diags, path.Root("caps"), "Unable to change caps of Ceph user", err)
	}
}

// refuseOwnCaps refuses caps with which this provider, logged in as that user, could no longer manage users: it could not undo the change.
// The user of another entry that never could manage users is not protected, because its caps can be changed back.
func (r *userResource) refuseOwnCaps(ctx context.Context, cluster *ceph.Cluster, name string, caps map[string]string) error {
	if ceph.ManagesUsers(caps["mon"]) {
		return nil
	}
	label, err := r.LoggedInAs(ctx, cluster, "client."+name)
	if err != nil || label == "" {
		return err
	}
	user, err := cluster.User(ctx, name)
	if problem.Is(err, problem.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if present := user.Caps["mon"]; ceph.IncludesCaps(caps["mon"], present) || label != cluster.Label() && !ceph.ManagesUsers(present) {
		return nil
	}
	p := ownUser(user.Entity, label, "With these caps it could no longer read and change users, and so could not take the change back.")
	p.Do = "Let its mon caps hold `allow service auth rwx`, `allow rwx` or `allow *`, not bound to a network. Otherwise: " + p.Do
	return p
}

func ownUser(entity, label, why string) *problem.Problem {
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("%s is the user with which this provider is connected to cluster %q.", entity, label),
		Why:  why,
		Do:   "Give the provider block another user for this cluster first.",
	}
}
