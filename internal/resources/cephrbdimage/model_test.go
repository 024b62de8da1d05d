package cephrbdimage

import (
	"maps"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

var dataRef = ceph.ImageRef{Pool: "vms", Name: "data"}

// data is an image as a cluster reports it.
func data() ceph.Image {
	return ceph.Image{
		ID: "1015bce71c68", PoolID: 7, SizeBytes: 30 << 30, ObjectSize: 4 << 20, StripeUnit: 4 << 20, StripeCount: 1, DataPool: "ec",
		Features: []string{"data-pool", "exclusive-lock", "layering"},
		Metadata: map[string]string{"owner": "a", "theirs": "x"}, Config: map[string]string{"rbd_qos_iops_limit": "100"},
	}
}

func textMap(pairs map[string]string) types.Map {
	values := map[string]attr.Value{}
	for key, value := range pairs {
		values[key] = types.StringValue(value)
	}
	return types.MapValueMust(types.StringType, values)
}

// recorded is the state of an image, with one key of the metadata.
func recorded() *model {
	m := &model{
		Cluster: types.StringValue("east"), ImageID: types.StringValue("1015bce71c68"),
		Metadata: textMap(map[string]string{"owner": "a"}), Config: types.MapNull(types.StringType),
	}
	m.fromAPI(dataRef, data())
	return m
}

func TestModelReadsOnlyTheNamedKeys(t *testing.T) {
	m := recorded()
	if !m.Metadata.Equal(textMap(map[string]string{"owner": "a"})) || !m.Config.IsNull() {
		t.Errorf("metadata %v, config %v", m.Metadata, m.Config)
	}
	if m.ID.ValueString() != "east/vms/data" || m.Size.ValueString() != "30GiB" || m.DataPool.ValueString() != "ec" || !m.Namespace.IsNull() {
		t.Errorf("got %+v", m)
	}
	if !m.Features.Equal(textSet([]string{"exclusive-lock", "layering"})) {
		t.Errorf("features that nobody chose are read: %v", m.Features)
	}
}

func TestModelImportReadsAllKeys(t *testing.T) {
	m := &model{Cluster: types.StringValue("east")}
	m.fromAPI(dataRef, data())
	if len(m.Metadata.Elements()) != 2 || len(m.Config.Elements()) != 1 {
		t.Errorf("metadata %v, config %v", m.Metadata, m.Config)
	}
}

func TestModelMetadataChanges(t *testing.T) {
	plan := recorded()
	plan.Metadata = textMap(map[string]string{"purpose": "logs"})
	plan.Config = textMap(map[string]string{"rbd_qos_iops_limit": "200"})
	set, remove := recorded().metadataChanges(plan)
	if want := map[string]string{"purpose": "logs", ceph.ConfigKey("rbd_qos_iops_limit"): "200"}; !maps.Equal(set, want) {
		t.Errorf("set %v", set)
	}
	if !slices.Equal(remove, []string{"owner"}) {
		t.Errorf("remove %v", remove)
	}
}

func TestModelReplacedBy(t *testing.T) {
	for name, tc := range map[string]struct {
		edit func(*model)
		want []string
	}{
		"a larger size":            {func(m *model) { m.Size = tfkit.SizeOf(40 << 30) }, nil},
		"a new name":               {func(m *model) { m.Name = types.StringValue("other") }, nil},
		"a feature librbd enables": {func(m *model) { m.Features = textSet([]string{"exclusive-lock", "layering", "object-map"}) }, nil},
		"a feature librbd does not": {
			func(m *model) { m.Features = textSet([]string{"deep-flatten", "exclusive-lock", "layering"}) }, []string{"features"},
		},
		"another object size": {func(m *model) { m.ObjectSize = tfkit.SizeOf(8 << 20) }, []string{"object_size"}},
		"another namespace":   {func(m *model) { m.Namespace = types.StringValue("n") }, []string{"namespace"}},
	} {
		t.Run(name, func(t *testing.T) {
			plan := recorded()
			tc.edit(plan)
			var got []string
			for _, at := range recorded().replacedBy(plan) {
				got = append(got, at.String())
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// What could not be read back becomes null of the right type: Terraform accepts no value without a type.
func TestModelFill_nothingRead(t *testing.T) {
	plan := recorded()
	plan.Features, plan.Size, plan.ImageID = types.SetUnknown(types.StringType), tfkit.SizeUnknown(), types.StringUnknown()
	nothing := nothingRead()
	plan.fill(&nothing)
	if _, err := plan.Features.ToTerraformValue(t.Context()); err != nil || !plan.Features.IsNull() || !plan.Size.IsNull() ||
		!plan.ImageID.IsNull() {
		t.Errorf("features %v (%v), size %v, image_id %v", plan.Features, err, plan.Size, plan.ImageID)
	}
}

func TestHoldings(t *testing.T) {
	images := ceph.ImageRef{Pool: "vms", Name: "data"}
	got := holdings(images, ceph.ImageContents{Allocated: true, ImageRelations: ceph.ImageRelations{
		Snapshots: []ceph.ImageSnapshot{
			{ID: 4, Name: "monday"},
			{ID: 5, Name: "old", Kind: ceph.TrashSnapshot},
			{ID: 6, Kind: ceph.MirrorSnapshot},
		},
		Clones:   []ceph.Clone{{ImageRef: ceph.ImageRef{Pool: "web", Name: "root"}, SnapshotID: 5}, {ID: "1ab", PoolID: 7, SnapshotID: 4}},
		Watchers: []ceph.Watcher{{Addr: "192.0.2.7:0/1"}},
	}})
	if want := "data; 1 snapshots (monday); it has clones: web/root of its snapshot old, the image with id 1ab in the pool with id 7 of its" +
		" snapshot monday; it is open by 192.0.2.7:0/1"; got != want {
		t.Errorf("got %q", got)
	}
}
