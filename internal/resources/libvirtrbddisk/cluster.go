package libvirtrbddisk

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// verifyLimit is the timeout for a cluster where a disk can be read or planned without it.
const verifyLimit = 5 * time.Second

const notVerified = "Source of the disk not verified"

// clusterEntry is the cluster of a planned disk.
type clusterEntry = tfkit.Entry[*ceph.Cluster]

// noCluster is the entry of a disk that has monitors instead of a cluster.
var noCluster = clusterEntry{Label: types.StringNull(), Identity: types.StringNull()}

// findCluster finds the cluster of a planned disk. An existing disk that stays on its cluster is planned without it, with a warning,
// while the cluster is unreachable.
func (p *planning) findCluster(ctx context.Context) (clusterEntry, error) {
	config, state := p.config, p.state
	named := !config.Cluster.IsNull() && config.Cluster.Equal(state.Cluster)
	stays := named || config.Cluster.IsNull() && config.Monitors.IsNull()
	if !p.exists || state.FSID.IsNull() || !stays {
		return p.configuredCluster(ctx)
	}
	if len(changes(state, p.plan, namesImage)) == 0 { // otherwise the plan needs the cluster, to compare the images
		var cancel context.CancelFunc
		ctx, cancel = breaker.Optional(ctx, verifyLimit)
		defer cancel()
	}
	entry, err := p.configuredCluster(ctx)
	if problem.Is(err, problem.Unreachable) {
		tfkit.AddWarning(p.diags, notVerified, err)
		return clusterEntry{Label: config.Cluster, Identity: state.FSID}, nil
	}
	return entry, err
}

// configuredCluster returns the cluster that the configuration means. Without cluster and monitors that is the only configured one for a
// new disk, and later the one with the recorded fsid.
func (p *planning) configuredCluster(ctx context.Context) (clusterEntry, error) {
	switch {
	case !p.config.Cluster.IsNull():
		return p.Clusters.PlanEntry(ctx, p.config.Cluster, p.state.Cluster, p.state.FSID, p.diags)
	case !p.config.Monitors.IsNull(), p.exists && p.state.FSID.IsNull():
		p.warnOfLostCluster()
		return noCluster, nil
	case p.exists:
		entry, err := p.recordedCluster(ctx, p.state, p.diags)
		if problem.Is(err, problem.Unknown) {
			return clusterEntry{Identity: p.state.FSID}, nil
		}
		return entry, err
	}
	entry, err := p.Clusters.PlanEntry(ctx, types.StringNull(), types.StringNull(), types.StringNull(), p.diags)
	if problem.Is(err, problem.Invalid) {
		err = needsCluster(err)
	}
	return entry, err
}

// warnOfLostCluster warns where a disk is planned without its cluster though its monitors stay: ignore_changes makes that of monitors that
// are left out.
func (p *planning) warnOfLostCluster() {
	if p.state.FSID.IsNull() || !p.config.Monitors.Equal(p.state.Monitors) {
		return
	}
	p.diags.AddAttributeWarning(path.Root("monitors"), "Disk planned without its cluster", "The disk is to have monitors and no cluster"+
		" any more, so neither its image nor who has that open is checked from now on.\n\nWhere ignore_changes names monitors, set cluster, and"+
		" the disk keeps it.")
}

// recordedCluster finds the cluster of an existing disk: by its label, or by its fsid.
func (r *diskResource) recordedCluster(ctx context.Context, state *model, diags *diag.Diagnostics) (clusterEntry, error) {
	entry, err := r.Clusters.ResolveEntry(ctx, state.Cluster, state.FSID, diags)
	if state.Cluster.IsNull() && problem.Is(err, problem.Invalid) {
		err = &problem.Problem{
			Kind: problem.Invalid,
			What: fmt.Sprintf("The provider block has no cluster with the fsid %s, to which the disk belongs.", state.FSID.ValueString()),
			Do:   "Add that cluster to the clusters of provider \"ceph\", or set monitors to do without it.",
		}
	}
	return entry, err
}

// applyCluster returns the cluster of a planned disk at the apply, nil for a disk without one.
func (r *diskResource) applyCluster(ctx context.Context, plan *model, diags *diag.Diagnostics) (*ceph.Cluster, error) {
	if plan.FSID.IsNull() {
		return nil, nil
	}
	var entry clusterEntry
	var err error
	if plan.Cluster.IsNull() && !plan.FSID.IsUnknown() {
		entry, err = r.recordedCluster(ctx, &model{Cluster: types.StringNull(), FSID: plan.FSID}, diags)
	} else {
		entry, err = r.Clusters.ApplyEntry(ctx, plan.Cluster, plan.FSID, diags)
	}
	if err != nil {
		return nil, problem.At("cluster", err)
	}
	plan.FSID = entry.Identity
	return entry.Target, nil
}

func needsCluster(cause error) error {
	return &problem.Problem{
		Kind: problem.Invalid,
		What: "The disk says neither which cluster its image is on nor where the monitors are.",
		Why:  cause.Error(),
		Do:   "Set cluster to a label of the provider block, or set monitors.",
	}
}

// finder finds the clusters of disks of a host.
func (r *diskResource) finder(host *libvirt.Host) *rbdusage.Finder {
	return &rbdusage.Finder{Clusters: r.Clusters.All(), Host: host}
}

// readCluster finds out which cluster an imported disk is on.
func readCluster(ctx context.Context, finder *rbdusage.Finder, state *model, diags *diag.Diagnostics) error {
	cluster, undecided := finder.ClusterOf(ctx, state.disk())
	if undecided {
		diags.AddAttributeWarning(path.Root("cluster"), "Cluster of the disk not known", "The disk names no monitors, or by names that mean"+
			" nothing here, or a cluster doesn't answer; and it is not exactly one configured cluster that has the image and the key that the"+
			" disk's secret holds. The disk is imported without a cluster; where the configuration names one, the first apply takes it over.")
	}
	if cluster == nil {
		return nil
	}
	fsid, err := cluster.FSID(ctx)
	if err == nil {
		state.Cluster, state.FSID = types.StringValue(cluster.Label()), types.StringValue(fsid)
	}
	return err
}

// followCluster finds out whether somebody has moved the disk to another configured cluster, as by a block copy by hand: the name of the
// image may be the same there, and only the monitors tell the two apart. The state then shows that cluster, so that a plan which asks for
// the former one changes the disk's source, and doesn't just correct its monitors. Where only one of both definitions names the other
// cluster, the state stays with the recorded one.
//
// Similar to: ceph mon dump.
func (r *diskResource) followCluster(
	ctx context.Context, host *libvirt.Host, found libvirt.Disks, recorded, state *model, record *diskRecord,
) error {
	// A refresh may have shown the saved definition's monitors before the guest got them.
	same := state.Monitors.Equal(recorded.Monitors) && !recorded.MonitorsStale.ValueBool() && !record.ClusterUnsure
	if state.FSID.IsNull() || same || found.MonitorsStale() {
		return nil
	}
	// A cluster that can't be told, or doesn't answer, leaves what is recorded, and the next refresh asks again.
	cluster, undecided := r.finder(host).ClusterOf(ctx, *found.SavedOrLive())
	if record.ClusterUnsure = undecided; cluster == nil {
		return nil
	}
	fsid, err := cluster.FSID(ctx)
	if err != nil || fsid == state.FSID.ValueString() {
		return err
	}
	state.Cluster, state.FSID = types.StringValue(cluster.Label()), types.StringValue(fsid)
	state.ImageID, record.PoolID, record.FormerSources = types.StringNull(), 0, nil
	return nil
}

// clusterForUpdate is applyCluster for an update, which may attach the disk to the running domain. It returns nil for an unreachable
// cluster that the update doesn't need.
func (r *diskResource) clusterForUpdate(
	ctx context.Context, state, plan *model, attaches bool, diags *diag.Diagnostics,
) (*ceph.Cluster, error) {
	cluster, err := r.applyCluster(ctx, plan, diags)
	if problem.Is(err, problem.Unreachable) && !plan.FSID.IsUnknown() && plan.FSID.Equal(state.FSID) && !asksCluster(state, plan) &&
		!attaches {
		return nil, nil
	}
	return cluster, err
}

func asksCluster(state, plan *model) bool {
	return len(changes(state, plan, opens)) > 0 || becomesWriter(state, plan) || resized(state, plan) ||
		plan.Monitors.IsUnknown()
}
