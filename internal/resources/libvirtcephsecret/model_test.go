package libvirtcephsecret

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// testKey is a cephx key that no cluster has: type 1, a time, 16 bytes.
func testKey(fill byte) ceph.Key {
	raw := append([]byte{1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 0}, make([]byte, 16)...)
	raw[len(raw)-1] = fill
	return ceph.KeyOf(sensitive.New(raw))
}

func TestDefaultUUIDIsTheSameEverywhere(t *testing.T) {
	// The output of uuidgen --sha1 --namespace @url --name libvirt-ceph-secret:client.libvirt@east
	if got := tfkit.CephSecret.DefaultUUID("client.libvirt@east"); got != "2a5a820a-1ac1-5127-a711-9d63f90fc2f9" {
		t.Error(got)
	}
}

// valueWithheld is libvirt.ValuePrivate of a secret that is not private, which a connection that others can read gives.
const valueWithheld libvirt.ValueState = -1

func TestModelReadValue(t *testing.T) {
	one, two, none := testKey(1), testKey(2), ceph.Key{}
	written := ceph.Key.Fingerprint
	for name, tc := range map[string]struct {
		key         ceph.Key
		held        libvirt.ValueState
		value       ceph.Key
		written     string
		keyKept     bool
		version     string
		fingerprint string
	}{
		"as written":              {one, libvirt.ValueSet, one, "", true, "1", one.Fingerprint()},
		"changed by somebody":     {one, libvirt.ValueSet, two, "", false, "1", two.Fingerprint()},
		"lost":                    {one, libvirt.ValueMissing, none, "", false, "1", ""},
		"private":                 {one, libvirt.ValuePrivate, none, "", true, "1", ""},
		"write-only, as written":  {none, libvirt.ValueSet, one, written(one), false, "1", one.Fingerprint()},
		"write-only, changed":     {none, libvirt.ValueSet, two, written(one), false, two.Fingerprint(), two.Fingerprint()},
		"write-only, lost":        {none, libvirt.ValueMissing, none, written(one), false, missingValue, ""},
		"write-only, private":     {none, libvirt.ValuePrivate, none, written(one), false, "1", ""},
		"not read":                {one, valueWithheld, none, "", true, "1", one.Fingerprint()},
		"write-only, not read":    {none, valueWithheld, none, written(one), false, "1", one.Fingerprint()},
		"write-only, just import": {none, libvirt.ValueSet, one, noFingerprint, false, one.Fingerprint(), one.Fingerprint()},
	} {
		t.Run(name, func(t *testing.T) {
			m := &model{
				Key: types.StringNull(), KeyWOVersion: types.StringValue("1"), KeyFingerprint: types.StringValue(one.Fingerprint()),
				Private: types.BoolValue(tc.held == libvirt.ValuePrivate),
			}
			if !tc.key.IsZero() {
				m.Key = tfkit.KeyText(tc.key)
			}
			held := tc.held
			if held == valueWithheld {
				held = libvirt.ValuePrivate
			}
			m.readValue(tc.value.Value, held, tc.written)
			if m.Key.IsNull() == tc.keyKept || m.KeyWOVersion.ValueString() != tc.version || m.KeyFingerprint.ValueString() != tc.fingerprint {
				t.Errorf("key kept %v, version %v, fingerprint %v", !m.Key.IsNull(), m.KeyWOVersion, m.KeyFingerprint)
			}
		})
	}
}
