package cephpool

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

var atConfig = path.Root("config")

// checkConfig refuses settings of images for a pool that holds none.
func checkConfig(ctx context.Context, m *model, diags *diag.Diagnostics) {
	if m.Config.IsNull() || m.Config.IsUnknown() || !tfkit.FullyKnown(ctx, m.Applications) ||
		slices.Contains(m.Applications.Elements(), attr.Value(types.StringValue(ceph.ApplicationRBD))) {
		return
	}
	diags.AddAttributeError(atConfig, "Settings of images, on a pool without images",
		"The settings in config are those of RBD images, and rbd is not among the applications. Add it: applications = [\"rbd\"], or leave"+
			" config out.")
}

// readConfig reads the settings whose names are recorded, or all. Where they can't be read what is recorded stays, so that a pool whose
// OSDs are down can still be planned.
func (m *model) readConfig(ctx context.Context, cluster *ceph.Cluster, pool ceph.Pool, all bool, diags *diag.Diagnostics) {
	found, err := configOf(ctx, cluster, pool)
	if err != nil {
		tfkit.AddWarning(diags, "RBD settings of Ceph pool not read", err)
		return
	}
	m.Config = tfkit.NamedKeys(m.Config, found, all)
}

// configOf are the settings of a pool. A pool without RBD's bookkeeping is not asked.
func configOf(ctx context.Context, cluster *ceph.Cluster, pool ceph.Pool) (map[string]string, error) {
	if pool.Type != ceph.Replicated || !slices.Contains(pool.Applications, ceph.ApplicationRBD) {
		return nil, nil
	}
	return cluster.PoolConfig(ctx, pool.Name)
}

// saveConfig records what an update that failed has left of the settings that are recorded or planned.
func (m *model) saveConfig(ctx context.Context, cluster *ceph.Cluster, pool ceph.Pool, plan *model) {
	found, err := configOf(ctx, cluster, pool)
	if err != nil {
		return
	}
	m.Config = tfkit.LeftKeys(m.Config, plan.Config, found)
}

// changeConfig sets and unsets the settings in which state and plan differ.
func changeConfig(ctx context.Context, cluster *ceph.Cluster, state, plan *model, diags *diag.Diagnostics) error {
	set, remove := tfkit.KeyChanges(plan.Config, state.Config)
	if len(set)+len(remove) == 0 {
		return nil
	}
	name := plan.Name.ValueString()
	if err := cluster.SetPoolConfig(ctx, name, set, remove); err != nil {
		return err
	}
	if err := cluster.TellPoolConfig(ctx, name); err != nil {
		tfkit.AddWarning(diags, "Running clients not told of RBD settings", err)
	}
	return nil
}
