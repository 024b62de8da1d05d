package cephrbdimage

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
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
	m.fromAPI(dataRef, data(), false)
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
	if !m.Features.Equal(tfkit.TextSet([]string{"exclusive-lock", "layering"})) {
		t.Errorf("features that nobody chose are read: %v", m.Features)
	}
}

func TestModelImportReadsAllKeys(t *testing.T) {
	m := &model{Cluster: types.StringValue("east")}
	m.fromAPI(dataRef, data(), true)
	if len(m.Metadata.Elements()) != 2 || len(m.Config.Elements()) != 1 {
		t.Errorf("metadata %v, config %v", m.Metadata, m.Config)
	}
}

// An image that was created and could not be read back is none that is imported: keys that the configuration doesn't name are not taken
// over from the parent of a clone, and the next plan doesn't remove them.
func TestModelNotReadBack(t *testing.T) {
	m := &model{Cluster: types.StringValue("east"), FSID: types.StringValue("f"), Metadata: types.MapNull(types.StringType)}
	if m.imported() || !(&model{Cluster: types.StringValue("east")}).imported() {
		t.Error("an import isn't told from a creation")
	}
	m.fromAPI(dataRef, data(), m.imported())
	if !m.Metadata.IsNull() || m.ImageID.IsNull() {
		t.Errorf("metadata %v, id %v", m.Metadata, m.ImageID)
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
		"a feature librbd enables": {func(m *model) { m.Features = tfkit.TextSet([]string{"exclusive-lock", "layering", "object-map"}) }, nil},
		"a feature librbd does not": {
			func(m *model) { m.Features = tfkit.TextSet([]string{"deep-flatten", "exclusive-lock", "layering"}) }, []string{"features"},
		},
		"features not all known": {func(m *model) {
			m.Features = types.SetValueMust(types.StringType, []attr.Value{types.StringValue("exclusive-lock"), types.StringUnknown()})
		}, nil},
		"another object size": {func(m *model) { m.ObjectSize = tfkit.SizeOf(8 << 20) }, []string{"object_size"}},
		"another namespace":   {func(m *model) { m.Namespace = types.StringValue("n") }, []string{"namespace"}},
	} {
		t.Run(name, func(t *testing.T) {
			plan := recorded()
			tc.edit(plan)
			var got []string
			for _, at := range recorded().replacedBy(t.Context(), plan) {
				got = append(got, at.String())
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// librbd gives an image both or none of the two; an image that has one alone already may keep it.
func TestCheckObjectMap(t *testing.T) {
	with := func(features ...string) *model { return &model{Features: tfkit.TextSet(features)} }
	for name, tc := range map[string]struct {
		state, plan *model
		refused     bool
	}{
		"both":           {nil, with("exclusive-lock", "object-map", "fast-diff"), false},
		"one":            {nil, with("exclusive-lock", "object-map"), true},
		"one, as it was": {with("exclusive-lock", "object-map"), with("exclusive-lock", "object-map"), false},
		"one removed":    {with("exclusive-lock", "object-map", "fast-diff"), with("exclusive-lock", "object-map"), true},
		"not known":      {nil, &model{Features: types.SetUnknown(types.StringType)}, false},
	} {
		var diags diag.Diagnostics
		checkObjectMap(t.Context(), tc.state, tc.plan, tc.state != nil, &diags)
		if diags.HasError() != tc.refused {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

// The encryption of an image is planned also while its cluster is not known.
func TestPlanEncryption_clusterUnknown(t *testing.T) {
	encrypted := func(format, version string) *model {
		m := recorded()
		m.Encryption = types.ObjectValueMust(encryptionTypes, map[string]attr.Value{
			"format": types.StringValue(format), "passphrase_wo": types.StringNull(), "passphrase_wo_version": types.StringValue(version),
		})
		return m
	}
	for name, tc := range map[string]struct {
		plan     *model
		replaces int
		says     string
	}{
		"the same":           {encrypted("luks2", "1"), 0, ""},
		"another format":     {encrypted("luks1", "1"), 1, ""},
		"another passphrase": {encrypted("luks2", "2"), 0, "can't be given another passphrase"},
	} {
		var diags diag.Diagnostics
		replaced := planEncryption(t.Context(), tfkit.Entry[*ceph.Cluster]{}, encrypted("luks2", "1"), tc.plan, false, &diags)
		said := ""
		if diags.HasError() {
			said = diags.Errors()[0].Detail()
		}
		if len(replaced) != tc.replaces || !strings.Contains(said, tc.says) || tc.says == "" && said != "" {
			t.Errorf("%s: replaced by %v, said %q", name, replaced, said)
		}
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
