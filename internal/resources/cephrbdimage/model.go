package cephrbdimage

import (
	"context"
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

type model struct {
	ID           types.String   `tfsdk:"id"`
	Cluster      types.String   `tfsdk:"cluster"`
	Pool         types.String   `tfsdk:"pool"`
	Namespace    types.String   `tfsdk:"namespace"`
	Name         types.String   `tfsdk:"name"`
	Size         tfkit.Size     `tfsdk:"size"`
	Features     types.Set      `tfsdk:"features"`
	ObjectSize   tfkit.Size     `tfsdk:"object_size"`
	StripeUnit   tfkit.Size     `tfsdk:"stripe_unit"`
	StripeCount  types.Int64    `tfsdk:"stripe_count"`
	DataPool     types.String   `tfsdk:"data_pool"`
	Parent       types.Object   `tfsdk:"parent"`
	Encryption   types.Object   `tfsdk:"encryption"`
	Metadata     types.Map      `tfsdk:"metadata"`
	Config       types.Map      `tfsdk:"config"`
	AllowShrink  types.Bool     `tfsdk:"allow_shrink"`
	ForceDestroy types.Bool     `tfsdk:"force_destroy"`
	Trash        types.Object   `tfsdk:"trash"`
	ImageID      types.String   `tfsdk:"image_id"`
	PoolID       types.Int64    `tfsdk:"pool_id"`
	SizeBytes    types.Int64    `tfsdk:"size_bytes"`
	FSID         types.String   `tfsdk:"fsid"`
	Timeouts     timeouts.Value `tfsdk:"timeouts"`
}

// identity is the resource identity.
type identity struct {
	Cluster   types.String `tfsdk:"cluster"`
	Pool      types.String `tfsdk:"pool"`
	Namespace types.String `tfsdk:"namespace"`
	Name      types.String `tfsdk:"name"`
}

func (m *model) identity() identity { return identity{m.Cluster, m.Pool, m.Namespace, m.Name} }

func (m *model) id() types.String { return tfkit.JoinID(m.Cluster, m.Pool, m.Namespace, m.Name) }

// object is what the resource has on the cluster.
func (m *model) object() tfkit.ClusterObject {
	return tfkit.ClusterObject{ID: m.id(), Cluster: m.Cluster, FSID: m.FSID, Object: ceph.CreatedImage(m.ref())}
}

// ref is the image's pool, namespace and name.
func (m *model) ref() ceph.ImageRef {
	return ceph.ImageRef{Pool: m.Pool.ValueString(), Namespace: m.Namespace.ValueString(), Name: m.Name.ValueString()}
}

// toSpec is the image to create, without its parent. What the plan leaves unknown is left out, and librbd decides.
func (m *model) toSpec() ceph.ImageSpec {
	return ceph.ImageSpec{
		ImageRef: m.ref(), Flatten: m.flattened().ValueBool(), AllowShrink: m.AllowShrink.ValueBool(),
		SizeBytes: m.Size.Bytes(), Features: tfkit.Elements(m.Features), ObjectSize: m.ObjectSize.Bytes(),
		StripeUnit: m.StripeUnit.Bytes(), StripeCount: uint64(max(0, m.StripeCount.ValueInt64())),
		DataPool: m.DataPool.ValueString(), Metadata: tfkit.Texts(m.Metadata), Config: tfkit.Texts(m.Config),
	}
}

// fromAPI copies the image from the cluster to the model: of its metadata and configuration only the keys that the model has, or of one
// that is imported all, except the metadata that librbd uses itself. The parent is for [model.readParent].
func (m *model) fromAPI(ref ceph.ImageRef, image ceph.Image, imported bool) {
	m.Pool = types.StringValue(ref.Pool)
	m.Namespace = tfkit.StringOrNull(ref.Namespace)
	m.Name = types.StringValue(ref.Name)
	m.Size = tfkit.SizeOf(image.SizeBytes)
	m.SizeBytes = types.Int64Value(int64(image.SizeBytes)) //nolint:gosec // an image has at most 8 EiB
	m.Features = tfkit.TextSet(chosenFeatures(image.Features))
	m.ObjectSize = tfkit.SizeOf(image.ObjectSize)
	m.StripeUnit = tfkit.SizeOf(image.StripeUnit)
	m.StripeCount = types.Int64Value(int64(image.StripeCount)) //nolint:gosec // a count of objects
	m.DataPool = tfkit.StringOrNull(image.DataPool)
	if m.Parent.IsNull() {
		m.Parent = types.ObjectNull(parentTypes)
	}
	if m.Encryption.IsNull() {
		m.Encryption = types.ObjectNull(encryptionTypes)
	}
	if m.Trash.IsNull() {
		m.Trash = types.ObjectNull(trashTypes)
	}
	m.Metadata = tfkit.NamedKeys(m.Metadata, chosenMetadata(image.Metadata), imported)
	m.Config = tfkit.NamedKeys(m.Config, image.Config, imported)
	m.ImageID = types.StringValue(image.ID)
	m.PoolID = types.Int64Value(image.PoolID)
	m.ID = m.id()
}

// imported tells whether the state is that of an import, which knows no more than where the image is. One that was created, and could not
// be read back, has no id of the image either.
func (m *model) imported() bool { return m.ImageID.IsNull() && m.FSID.IsNull() }

// nothingRead stands for the actual image where it could not be read back: what the plan left unknown becomes null.
func nothingRead() model {
	return model{Features: types.SetNull(types.StringType), Size: tfkit.SizeNull(), ObjectSize: tfkit.SizeNull(), StripeUnit: tfkit.SizeNull()}
}

// fill sets what the plan left unknown from the actual image.
func (m *model) fill(actual *model) {
	tfkit.Fill(&m.Size, actual.Size)
	tfkit.Fill(&m.SizeBytes, actual.SizeBytes)
	tfkit.Fill(&m.Features, actual.Features)
	tfkit.Fill(&m.ObjectSize, actual.ObjectSize)
	tfkit.Fill(&m.StripeUnit, actual.StripeUnit)
	tfkit.Fill(&m.StripeCount, actual.StripeCount)
	tfkit.Fill(&m.DataPool, actual.DataPool)
	tfkit.Fill(&m.ImageID, actual.ImageID)
	tfkit.Fill(&m.PoolID, actual.PoolID)
	m.ID = m.id()
}

// replacedBy lists the attributes whose planned value needs another image in place of this one. Pools are not among them: only the cluster
// knows whether a new name is another pool.
func (m *model) replacedBy(ctx context.Context, plan *model) []path.Path {
	var at []path.Path
	differs := func(name string, planned, recorded attr.Value) {
		if !planned.IsUnknown() && !planned.Equal(recorded) {
			at = append(at, path.Root(name))
		}
	}
	differs("namespace", plan.Namespace, m.Namespace)
	differs("object_size", plan.ObjectSize, m.ObjectSize)
	differs("stripe_unit", plan.StripeUnit, m.StripeUnit)
	differs("stripe_count", plan.StripeCount, m.StripeCount)
	if enable, disable := m.featureChanges(ctx, plan); !ceph.MutableFeatures(enable, disable) {
		at = append(at, path.Root("features"))
	}
	return at
}

// followingFeatures are features that librbd sets because of other settings. No configuration chooses them.
var followingFeatures = []string{"striping", "data-pool", "operations", "migrating", "non-primary", "dirty-cache"}

func chosenFeatures(features []string) []string { return tfkit.Missing(features, followingFeatures) }

// internalMetadata is the prefix of the metadata keys that librbd uses itself, such as those of groups and mirroring.
const internalMetadata = "."

// chosenMetadata is the metadata that librbd doesn't use itself.
func chosenMetadata(metadata map[string]string) map[string]string {
	chosen := maps.Clone(metadata)
	maps.DeleteFunc(chosen, func(key, _ string) bool { return strings.HasPrefix(key, internalMetadata) })
	return chosen
}
