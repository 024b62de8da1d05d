package cephuser

import (
	"encoding/base64"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// testKey is a cephx key that no cluster has: type 1, a time, 16 bytes.
func testKey(fill byte) string {
	raw := append([]byte{1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 0}, make([]byte, 16)...)
	raw[len(raw)-1] = fill
	return base64.StdEncoding.EncodeToString(raw)
}

func fingerprintOf(t *testing.T, key string) string {
	t.Helper()
	parsed, err := ceph.ParseKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Fingerprint()
}

func caps(byService map[string]string) types.Map {
	values := map[string]attr.Value{}
	for service, text := range byService {
		values[service] = types.StringValue(text)
	}
	return types.MapValueMust(types.StringType, values)
}

func TestModelKeepsTheSpellingOfEqualCaps(t *testing.T) {
	recorded := caps(map[string]string{"mon": "allow  r", "osd": "allow rw pool=vms"}).Elements()
	found := caps(map[string]string{"mon": "allow r", "osd": "allow rwx pool=vms", "mgr": "profile rbd"}).Elements()
	got := sameMeaning(recorded, found)
	want := map[string]string{"mon": "allow  r", "osd": "allow rwx pool=vms", "mgr": "profile rbd"}
	if !caps(want).Equal(types.MapValueMust(types.StringType, got)) {
		t.Errorf("got %v", got)
	}
}

// The plan is either what is recorded or what is configured.
func TestCapsArePlannedAsAWhole(t *testing.T) {
	recorded := caps(map[string]string{"mon": "profile rbd", "osd": "profile rbd pool=b"})
	unknown := types.MapValueMust(types.StringType, map[string]attr.Value{
		"mon": types.StringValue("profile  rbd"), "osd": types.StringUnknown(),
	})
	for name, test := range map[string]struct {
		config types.Map
		kept   bool
	}{
		"the same":                    {recorded, true},
		"all respelled":               {caps(map[string]string{"mon": " profile  rbd", "osd": "profile rbd pool b"}), true},
		"one changed, one respelled":  {caps(map[string]string{"mon": " profile  rbd", "osd": "profile rbd pool=c"}), false},
		"one more, one respelled":     {caps(map[string]string{"mon": " profile rbd", "osd": "profile rbd pool b", "mgr": "allow r"}), false},
		"one less, one respelled":     {caps(map[string]string{"mon": " profile rbd"}), false},
		"one unknown, one respelled":  {unknown, false},
		"nothing is known of the map": {types.MapUnknown(types.StringType), false},
	} {
		req := planmodifier.MapRequest{StateValue: recorded, PlanValue: test.config, ConfigValue: test.config}
		resp := planmodifier.MapResponse{PlanValue: req.PlanValue}
		keepSameCaps{}.PlanModifyMap(t.Context(), req, &resp)
		want := test.config
		if test.kept {
			want = recorded
		}
		if !resp.PlanValue.Equal(want) || resp.Diagnostics.HasError() {
			t.Errorf("%s: planned %s, want %s", name, resp.PlanValue, want)
		}
	}
}

func TestModelPlanKey(t *testing.T) {
	one, two := testKey(1), testKey(2)
	null, unknown, value := types.StringNull(), types.StringUnknown(), types.StringValue
	yes, no := types.BoolValue(true), types.BoolValue(false)
	state := &model{Key: value(one), KeyInState: yes, KeyFingerprint: value(fingerprintOf(t, one))}
	hidden := &model{Key: null, KeyInState: no, KeyFingerprint: value(fingerprintOf(t, one))}
	for name, tc := range map[string]struct {
		config          types.String
		inState         types.Bool
		state           *model
		key, fingerprnt types.String
	}{
		"new":                       {null, yes, nil, unknown, unknown},
		"new, kept out of state":    {null, no, nil, null, unknown},
		"new, chosen":               {value(one), yes, nil, value(one), value(fingerprintOf(t, one))},
		"new, chosen later":         {unknown, yes, nil, unknown, unknown},
		"unchanged":                 {null, yes, state, value(one), state.KeyFingerprint},
		"changed":                   {value(two), yes, state, value(two), value(fingerprintOf(t, two))},
		"taken out of the state":    {null, no, state, null, state.KeyFingerprint},
		"taken into the state":      {null, yes, hidden, unknown, hidden.KeyFingerprint},
		"stays out of the state":    {null, no, hidden, null, hidden.KeyFingerprint},
		"chosen one known at apply": {unknown, yes, state, unknown, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			before := tc.state
			if before == nil {
				before = &model{}
			}
			plan := &model{KeyInState: tc.inState}
			plan.planKey(&model{Key: tc.config}, before, tc.state != nil)
			if !plan.Key.Equal(tc.key) || !plan.KeyFingerprint.Equal(tc.fingerprnt) {
				t.Errorf("key planned right: %v; fingerprint %v, want %v", plan.Key.Equal(tc.key), plan.KeyFingerprint, tc.fingerprnt)
			}
		})
	}
}

func TestModelReadsNoKeyThatIsNotKept(t *testing.T) {
	user := ceph.User{Name: "libvirt", Entity: "client.libvirt", Key: ceph.GivenKey(testKey(1)), Caps: map[string]string{"mon": "profile rbd"}}
	m := &model{Cluster: types.StringValue("east"), KeyInState: types.BoolValue(false), Caps: types.MapNull(types.StringType)}
	m.fromAPI(user)
	if !m.Key.IsNull() || m.KeyFingerprint.IsNull() || m.ID.ValueString() != "east/libvirt" {
		t.Errorf("id %v, fingerprint %v, key null %v", m.ID, m.KeyFingerprint, m.Key.IsNull())
	}
}
