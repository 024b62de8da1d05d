package cephrbdnamespace

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

type model struct {
	ID       types.String   `tfsdk:"id"`
	Cluster  types.String   `tfsdk:"cluster"`
	Pool     types.String   `tfsdk:"pool"`
	Name     types.String   `tfsdk:"name"`
	PoolID   types.Int64    `tfsdk:"pool_id"`
	FSID     types.String   `tfsdk:"fsid"`
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// identity is the resource identity.
type identity struct {
	Cluster types.String `tfsdk:"cluster"`
	Pool    types.String `tfsdk:"pool"`
	Name    types.String `tfsdk:"name"`
}

func (m *model) identity() identity { return identity{m.Cluster, m.Pool, m.Name} }

func (m *model) id() types.String { return tfkit.JoinID(m.Cluster, m.Pool, m.Name) }

// object is what the resource has on the cluster.
func (m *model) object() tfkit.ClusterObject {
	return tfkit.ClusterObject{ID: m.id(), Cluster: m.Cluster, FSID: m.FSID, Object: ceph.CreatedNamespace(m.namespace())}
}

// namespace is the namespace as it was recorded or planned.
func (m *model) namespace() ceph.Namespace {
	return ceph.Namespace{Pool: m.Pool.ValueString(), PoolID: m.PoolID.ValueInt64(), Name: m.Name.ValueString()}
}

// fromAPI copies the namespace from the cluster to the model.
func (m *model) fromAPI(found ceph.Namespace) {
	m.Pool = types.StringValue(found.Pool)
	m.Name = types.StringValue(found.Name)
	m.PoolID = types.Int64Value(found.PoolID)
	m.ID = m.id()
}

// fill sets what the plan left unknown from what was read, or to null where nothing was read.
func (m *model) fill(found *ceph.Namespace) {
	poolID := types.Int64Null()
	if found != nil {
		poolID = types.Int64Value(found.PoolID)
	}
	tfkit.Fill(&m.PoolID, poolID)
	m.ID = m.id()
}
