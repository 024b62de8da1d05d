package libvirtrbddisk

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
)

// readCluster notes which cluster an imported disk is on.
func (r *diskResource) readCluster(ctx context.Context, host *libvirt.Host, state *model, diags *diag.Diagnostics) error {
	cluster := r.clusterOf(ctx, host, state, diags)
	if cluster == nil {
		return nil
	}
	fsid, err := cluster.FSID(ctx)
	if err == nil {
		state.Cluster, state.FSID = types.StringValue(cluster.Label()), types.StringValue(fsid)
	}
	return err
}

// clusterOf finds the configured cluster that an imported disk is on; nil where there is none. The first whose monitors the disk
// names has it. Where the monitors don't tell, it is the only one that has the image and whose user's key the disk's secret holds.
// Clusters that don't answer are passed over.
func (r *diskResource) clusterOf(ctx context.Context, host *libvirt.Host, state *model, diags *diag.Diagnostics) *ceph.Cluster {
	ctx, cancel := context.WithTimeout(ctx, elsewhereLimit)
	defer cancel()
	named := asNamed(monitorList(state.Monitors))
	clusters := r.Clusters.All()
	answers, opens := make([]rbdusage.Answer, len(clusters)), make([]bool, len(clusters))
	var asked sync.WaitGroup
	for i, cluster := range clusters {
		asked.Add(1)
		go func() {
			defer asked.Done()
			monitors, err := cluster.Monitors(ctx)
			if err != nil {
				answers[i] = rbdusage.No
				return
			}
			if answers[i] = rbdusage.Of(monitors).Answer(ctx, named); answers[i] == rbdusage.Unknown {
				opens[i] = opensWith(ctx, host, cluster, state)
			}
		}()
	}
	asked.Wait()
	var candidate *ceph.Cluster
	candidates, unknown := 0, false
	for i, cluster := range clusters {
		if answers[i] == rbdusage.Yes {
			return cluster
		}
		unknown = unknown || answers[i] == rbdusage.Unknown
		if opens[i] {
			candidate, candidates = cluster, candidates+1
		}
	}
	if candidates == 1 {
		return candidate
	}
	if unknown {
		diags.AddAttributeWarning(path.Root("cluster"), "Cluster of the disk not known", "The disk names no monitors, or by names"+
			" that mean nothing here, and it is not exactly one configured cluster that has the image and the key that the disk's"+
			" secret holds. The disk is imported without a cluster; where the configuration names one, the first apply takes it over.")
	}
	return nil
}

// opensWith tells whether a cluster has the disk's image, and a user with the key that the disk's secret holds.
func opensWith(ctx context.Context, host *libvirt.Host, cluster *ceph.Cluster, state *model) bool {
	value, held, err := host.SecretValue(ctx, state.SecretUUID.ValueString())
	if err != nil || held != libvirt.ValueSet {
		return false
	}
	user, err := cluster.User(ctx, state.User.ValueString())
	if err != nil {
		return false
	}
	key, err := ceph.ParseKey(user.Key)
	if err != nil || ceph.Fingerprint(key) != ceph.Fingerprint(value) {
		return false
	}
	_, err = cluster.Image(ctx, state.source())
	return err == nil
}
