package libvirtcephsecret

import (
	"encoding/base64"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// testKey is a cephx key that no cluster has: type 1, a time, 16 bytes.
func testKey(fill byte) (text string, raw []byte) {
	raw = append([]byte{1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 0}, make([]byte, 16)...)
	raw[len(raw)-1] = fill
	return base64.StdEncoding.EncodeToString(raw), raw
}

func TestDefaultUUIDIsTheSameEverywhere(t *testing.T) {
	// Computed apart with uuidgen --sha1 --namespace @url --name libvirt-ceph-secret:client.libvirt@east
	if got := defaultUUID("client.libvirt@east"); got != "2a5a820a-1ac1-5127-a711-9d63f90fc2f9" {
		t.Error(got)
	}
}

func TestModelReadValue(t *testing.T) {
	oneText, one := testKey(1)
	_, two := testKey(2)
	written := func(raw []byte) []byte { return []byte(`"` + ceph.Fingerprint(raw) + `"`) }
	for name, tc := range map[string]struct {
		key         string
		held        libvirt.ValueState
		value       []byte
		written     []byte
		keyKept     bool
		version     string
		fingerprint string
	}{
		"as written":              {oneText, libvirt.ValueSet, one, nil, true, "1", ceph.Fingerprint(one)},
		"changed by somebody":     {oneText, libvirt.ValueSet, two, nil, false, "1", ceph.Fingerprint(two)},
		"lost":                    {oneText, libvirt.ValueMissing, nil, nil, false, "1", ""},
		"private":                 {oneText, libvirt.ValuePrivate, nil, nil, true, "1", ""},
		"write-only, as written":  {"", libvirt.ValueSet, one, written(one), false, "1", ceph.Fingerprint(one)},
		"write-only, changed":     {"", libvirt.ValueSet, two, written(one), false, ceph.Fingerprint(two), ceph.Fingerprint(two)},
		"write-only, lost":        {"", libvirt.ValueMissing, nil, written(one), false, missingValue, ""},
		"write-only, private":     {"", libvirt.ValuePrivate, nil, written(one), false, "1", ""},
		"write-only, just import": {"", libvirt.ValueSet, one, []byte(`"imported"`), false, ceph.Fingerprint(one), ceph.Fingerprint(one)},
	} {
		t.Run(name, func(t *testing.T) {
			m := &model{Key: types.StringNull(), KeyWOVersion: types.StringValue("1")}
			if tc.key != "" {
				m.Key = types.StringValue(tc.key)
			}
			m.readValue(tc.value, tc.held, tc.written)
			if m.Key.IsNull() == tc.keyKept || m.KeyWOVersion.ValueString() != tc.version || m.KeyFingerprint.ValueString() != tc.fingerprint {
				t.Errorf("key kept %v, version %v, fingerprint %v", !m.Key.IsNull(), m.KeyWOVersion, m.KeyFingerprint)
			}
		})
	}
}

func TestModelReplacedBy(t *testing.T) {
	base := func() *model {
		return &model{
			UsageName: types.StringValue("client.libvirt@east"), UUID: types.StringValue("77085c23-2177-242d-7661-c785df7f6230"),
			Private: types.BoolValue(true), Ephemeral: types.BoolValue(false),
		}
	}
	plan := base()
	plan.Description, plan.Ephemeral = types.StringValue("disks"), types.BoolValue(true)
	if at := base().replacedBy(plan); len(at) != 0 {
		t.Errorf("description and ephemeral replace: %v", at)
	}
	plan.Private = types.BoolValue(false)
	if at := base().replacedBy(plan); len(at) != 1 || at[0].String() != "private" {
		t.Errorf("a secret that is to be no longer private: %v", at)
	}
}
