package cephrbdimage

import (
	"errors"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// Names are asked for where an import finds a parent, or it is another one than the recorded; otherwise the recorded ones stay. A flatten
// that has not come to its end shows as not done.
func TestReadParent(t *testing.T) {
	base, other := ceph.SnapshotID{PoolID: 3, ImageID: "ab", SnapshotID: 4}, ceph.SnapshotID{PoolID: 3, ImageID: "ab", SnapshotID: 5}
	old := ceph.SnapshotRef{Image: ceph.ImageRef{Pool: "images", Name: "golden"}, Snapshot: "old"}
	now := ceph.SnapshotRef{Image: ceph.ImageRef{Pool: "images", Namespace: "n", Name: "golden"}, Snapshot: "now"}
	none, no, yes := types.BoolNull(), types.BoolValue(false), types.BoolValue(true)
	for about, test := range map[string]struct {
		state             types.Object
		present, recorded *ceph.SnapshotID
		imported          bool
		want              types.Object
	}{
		"import":                  {types.ObjectNull(parentTypes), &base, nil, true, parentObject(now, none)},
		"import of no clone":      {types.ObjectNull(parentTypes), nil, nil, true, types.ObjectNull(parentTypes)},
		"never recorded":          {types.ObjectNull(parentTypes), &base, nil, false, types.ObjectNull(parentTypes)},
		"the recorded one":        {parentObject(old, none), &base, &base, false, parentObject(old, none)},
		"said not to be flat":     {parentObject(old, no), &base, &base, false, parentObject(old, no)},
		"not flattened to an end": {parentObject(old, yes), &base, &base, false, parentObject(old, no)},
		"flattened":               {parentObject(old, yes), nil, &base, false, parentObject(old, yes)},
		"flattened by hand":       {parentObject(old, none), nil, &base, false, parentObject(old, none)},
		"another one":             {parentObject(old, none), &other, &base, false, parentObject(now, none)},
		"identity not recorded":   {parentObject(old, none), &base, nil, false, parentObject(now, none)},
	} {
		m := model{Parent: test.state}
		err := m.readParent(test.present, test.recorded, test.imported, func(id ceph.SnapshotID) (ceph.SnapshotRef, error) {
			if id != *test.present {
				t.Errorf("%s: asked for the names of %v", about, id)
			}
			return now, nil
		})
		if err != nil || !m.Parent.Equal(test.want) {
			t.Errorf("%s: got %s, want %s; %v", about, m.Parent, test.want, err)
		}
	}
	m := model{Parent: types.ObjectNull(parentTypes)}
	failure := errors.New("no answer")
	if err := m.readParent(&base, nil, true, func(ceph.SnapshotID) (ceph.SnapshotRef, error) {
		return ceph.SnapshotRef{}, failure
	}); !errors.Is(err, failure) || !m.Parent.IsNull() {
		t.Errorf("without names: %v, %s", err, m.Parent)
	}
}

// A clone needs the feature layering. A parent that is not known yet may be none.
func TestFeaturesOfAClone(t *testing.T) {
	ref := ceph.SnapshotRef{Image: ceph.ImageRef{Pool: "images", Name: "golden"}, Snapshot: "one"}
	for about, test := range map[string]struct {
		parent  types.Object
		feature string
		refused bool
	}{
		"clone without it": {parentObject(ref, types.BoolNull()), "exclusive-lock", true},
		"clone with it":    {parentObject(ref, types.BoolNull()), "layering", false},
		"no clone":         {types.ObjectNull(parentTypes), "exclusive-lock", false},
		"not known yet":    {types.ObjectUnknown(parentTypes), "exclusive-lock", false},
	} {
		var diags diag.Diagnostics
		features := types.SetValueMust(types.StringType, []attr.Value{types.StringValue(test.feature)})
		if checkLayering(t.Context(), &model{Parent: test.parent, Features: features}, &diags); diags.HasError() != test.refused {
			t.Errorf("%s: %v", about, diags)
		}
	}
}
