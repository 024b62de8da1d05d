package cephrbdsnapshot

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

type model struct {
	ID         types.String   `tfsdk:"id"`
	Cluster    types.String   `tfsdk:"cluster"`
	Pool       types.String   `tfsdk:"pool"`
	Namespace  types.String   `tfsdk:"namespace"`
	Image      types.String   `tfsdk:"image"`
	Name       types.String   `tfsdk:"name"`
	Protected  types.Bool     `tfsdk:"protected"`
	SnapshotID types.Int64    `tfsdk:"snapshot_id"`
	SizeBytes  types.Int64    `tfsdk:"size_bytes"`
	CreatedAt  types.String   `tfsdk:"created_at"`
	ImageID    types.String   `tfsdk:"image_id"`
	PoolID     types.Int64    `tfsdk:"pool_id"`
	FSID       types.String   `tfsdk:"fsid"`
	Timeouts   timeouts.Value `tfsdk:"timeouts"`
}

// identity is the resource identity.
type identity struct {
	Cluster   types.String `tfsdk:"cluster"`
	Pool      types.String `tfsdk:"pool"`
	Namespace types.String `tfsdk:"namespace"`
	Image     types.String `tfsdk:"image"`
	Name      types.String `tfsdk:"name"`
}

func (m *model) identity() identity { return identity{m.Cluster, m.Pool, m.Namespace, m.Image, m.Name} }

// id is that of the image with the snapshot's name.
func (m *model) id() types.String {
	image := tfkit.JoinID(m.Cluster, m.Pool, m.Namespace, m.Image)
	if image.IsUnknown() || m.Name.IsUnknown() {
		return types.StringUnknown()
	}
	return types.StringValue(image.ValueString() + "@" + m.Name.ValueString())
}

// object is what the resource has on the cluster.
func (m *model) object() tfkit.ClusterObject {
	return tfkit.ClusterObject{ID: m.id(), Cluster: m.Cluster, FSID: m.FSID, Object: ceph.CreatedSnapshot(m.image(), m.Name.ValueString())}
}

// image is the image as it was recorded or planned.
func (m *model) image() ceph.ImageRef {
	return ceph.ImageRef{Pool: m.Pool.ValueString(), Namespace: m.Namespace.ValueString(), Name: m.Image.ValueString()}
}

// ref is the snapshot's name with that of its image.
func (m *model) ref() ceph.SnapshotRef {
	return ceph.SnapshotRef{Image: m.image(), Snapshot: m.Name.ValueString()}
}

// snapshotID is what stays of the snapshot under any name.
func (m *model) snapshotID() ceph.SnapshotID {
	return ceph.SnapshotID{
		PoolID: m.PoolID.ValueInt64(), Namespace: m.Namespace.ValueString(), ImageID: m.ImageID.ValueString(),
		SnapshotID: uint64(max(0, m.SnapshotID.ValueInt64())),
	}
}

// fromAPI copies the snapshot from the cluster to the model.
func (m *model) fromAPI(found ceph.Snapshot) {
	m.Pool = types.StringValue(found.Image.Pool)
	m.Namespace = tfkit.StringOrNull(found.Image.Namespace)
	m.Image = types.StringValue(found.Image.Name)
	m.Name = types.StringValue(found.Name)
	m.Protected = tfkit.FalseOrNull(m.Protected, found.Protected)
	m.SnapshotID = types.Int64Value(int64(found.ID))       //nolint:gosec // counted up from 1
	m.SizeBytes = types.Int64Value(int64(found.SizeBytes)) //nolint:gosec // an image has at most 8 EiB
	m.CreatedAt = types.StringValue(found.CreatedAt.UTC().Format(time.RFC3339))
	m.ImageID = types.StringValue(found.ImageID)
	m.PoolID = types.Int64Value(found.PoolID)
	m.ID = m.id()
}

// fill sets what the plan left unknown from what was read; from an empty model, where nothing was read, to null.
func (m *model) fill(actual *model) {
	tfkit.Fill(&m.SnapshotID, actual.SnapshotID)
	tfkit.Fill(&m.SizeBytes, actual.SizeBytes)
	tfkit.Fill(&m.CreatedAt, actual.CreatedAt)
	tfkit.Fill(&m.ImageID, actual.ImageID)
	tfkit.Fill(&m.PoolID, actual.PoolID)
	m.ID = m.id()
}
