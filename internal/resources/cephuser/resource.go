// Package cephuser is the resource ceph_user, and its data sources.
package cephuser

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

var resourceType = tfkit.ResourceType{
	Name:           "ceph_user",
	ImportKey:      tfkit.ImportKey{Form: "CLUSTER/NAME", Attributes: []string{"cluster", "name"}},
	ImportDefaults: tfkit.ImportDefaults{"key_in_state": types.BoolValue(false), "rotate_in_use": types.BoolValue(false)},
}

// NewResource returns the resource.
func NewResource() tfkit.Resource { return &userResource{tfkit.Base{Type: resourceType}} }

type userResource struct{ tfkit.Base }

func (r *userResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	const summary = "Unable to create Ceph user"
	var config, plan model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	config.validateType(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, plan.Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Clusters.ApplyEntry(ctx, plan.Cluster, plan.FSID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	plan.Cluster, plan.FSID = entry.Label, entry.Identity
	user, err := plan.create(ctx, entry.Target, &config)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	r.HoldCreated(plan.FSID, ceph.CreatedUser(user.Name))
	plan.fill(user, &resp.Diagnostics)
	resp.Diagnostics.Append(plan.recordWritten(ctx, resp.Private, &config)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *userResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	const summary = "Unable to read Ceph user"
	var state model
	if !tfkit.StartRead(ctx, req, resp, &state, state.identity) {
		return
	}
	recorded := state
	ctx, cancel := tfkit.StartRefresh(ctx, state.Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	entry, ok := r.Clusters.ReadEntry(ctx, state.Cluster, state.FSID, summary, &resp.Diagnostics)
	if !ok {
		return
	}
	user, err := entry.Target.User(ctx, state.Name.ValueString())
	if problem.Is(err, problem.NotFound) {
		entry.Target.CreateUndone(ctx, ceph.CreatedUser(state.Name.ValueString()))
		resp.State.RemoveResource(ctx)
		return
	}
	if err == nil {
		err = user.Key.Check()
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	state.FSID = entry.Identity
	state.fromAPI(user)
	entry.Target.CreateFulfilled(ctx, ceph.CreatedUser(user.Name))
	state.readWritten(tfkit.GetPrivate[string](ctx, req.Private, writtenKey, &resp.Diagnostics))
	r.ReadImport(recorded.FSID, state.object(), &resp.Diagnostics)
	tfkit.FinishRead(ctx, resp, &recorded, &state, state.identity())
}

func (r *userResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	const summary = "Unable to update Ceph user"
	var config, state, plan model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	config.validateType(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, plan.Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Clusters.ApplyEntry(ctx, plan.Cluster, state.FSID, &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	plan.Cluster, plan.FSID = entry.Label, entry.Identity
	name, change, caps := plan.Name.ValueString(), plan.keyChange(&config, &state), tfkit.Texts(plan.Caps)
	if change == keyWritten && !plan.KeyFingerprint.IsUnknown() {
		change = keyKept // the plan writes no key, as with ignore_changes
	}
	// All checks come before the first change.
	if !plan.Caps.Equal(state.Caps) {
		if err := r.refuseOwnCaps(ctx, entry.Target, name, caps); err != nil {
			tfkit.AddAttributeError(&resp.Diagnostics, path.Root("caps"), summary, err)
			return
		}
	}
	needed, err := r.keyChangeNow(ctx, entry.Target, change, &config, &plan)
	if err != nil {
		addKeyError(&resp.Diagnostics, change, summary, err)
		return
	}
	if !plan.Caps.Equal(state.Caps) {
		if err := entry.Target.SetCaps(ctx, name, caps); err != nil {
			tfkit.AddError(&resp.Diagnostics, summary, err)
			return
		}
		state.Caps = plan.Caps
	}
	user, err := plan.changeKey(ctx, entry.Target, needed, &config)
	if err != nil {
		addKeyError(&resp.Diagnostics, change, summary, err)
		if user.Key.IsZero() {
			if user.Entity != "" {
				state.rotated(&plan)
			}
			resp.Diagnostics.Append(resp.State.Set(ctx, &state)...) // the caps were changed
			return
		}
	}
	plan.fill(user, &resp.Diagnostics)
	if change == keyWritten || config.KeyWO.IsNull() {
		resp.Diagnostics.Append(plan.recordWritten(ctx, resp.Private, &config)...)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// addKeyError reports an error at the attribute that asks for another key.
func addKeyError(diags *diag.Diagnostics, change keyChange, summary string, err error) {
	if change == keyKept {
		tfkit.AddError(diags, summary, err)
		return
	}
	tfkit.AddAttributeError(diags, change.at(), summary, err)
}

func (r *userResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	const summary = "Unable to delete Ceph user"
	var state model
	if !tfkit.Get(ctx, req.State, &state, &resp.Diagnostics) {
		return
	}
	ctx, cancel := tfkit.StartChange(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	entry, err := r.Clusters.ResolveEntry(ctx, state.Cluster, state.FSID, &resp.Diagnostics)
	if err == nil && r.KeptByReplacement(state.FSID, ceph.CreatedUser(state.Name.ValueString()), &resp.Diagnostics) {
		return
	}
	if err == nil {
		err = r.deleteUser(ctx, entry.Target, state.Name.ValueString(), &resp.Diagnostics)
	}
	if err != nil && !problem.Is(err, problem.NotFound) {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	entry.Target.CreateUndone(ctx, ceph.CreatedUser(state.Name.ValueString()))
}

// fill sets what the plan left unknown from the user as the cluster has it.
func (m *model) fill(user ceph.User, diags *diag.Diagnostics) {
	m.Entity = types.StringValue(user.Entity)
	m.ID = m.id()
	tfkit.Fill(&m.Key, tfkit.KeyText(user.Key))
	if !m.KeyFingerprint.IsUnknown() && !m.KeyType.IsUnknown() {
		return
	}
	if err := user.Key.Check(); err != nil {
		tfkit.AddWarning(diags, "Key of the user not understood", err)
	}
	tfkit.Fill(&m.KeyType, tfkit.StringOrNull(user.Key.Type()))
	tfkit.Fill(&m.KeyFingerprint, tfkit.StringOrNull(user.Key.Fingerprint()))
}

// create creates the user, with the key that the configuration chooses or else one that the cluster makes.
func (m *model) create(ctx context.Context, cluster *ceph.Cluster, config *model) (ceph.User, error) {
	name, caps := m.Name.ValueString(), tfkit.Texts(m.Caps)
	_, key := config.chosen()
	if key.IsZero() && !config.KeyType.IsNull() {
		return cluster.CreateUserOfType(ctx, name, caps, config.KeyType.ValueString())
	}
	return cluster.CreateUser(ctx, name, caps, key)
}
