package libvirtrbddisk

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// A plan warns of a disk that is not decrypted any more only where the configuration says so: a format that is not known yet is one.
func TestPlanEncryption(t *testing.T) {
	luks2 := encryptionObject(libvirt.Encryption{Format: "luks2", SecretUUID: testSecret})
	unknownPart := func(name string) types.Object {
		values := luks2.Attributes()
		values[name] = types.StringUnknown()
		return types.ObjectValueMust(encryptionTypes, values)
	}
	for name, c := range map[string]struct {
		is, wanted        types.Object
		replaced, warning bool
	}{
		"same":                    {luks2, luks2, false, false},
		"removed":                 {luks2, types.ObjectNull(encryptionTypes), true, true},
		"added":                   {types.ObjectNull(encryptionTypes), luks2, true, false},
		"another format":          {luks2, encryptionObject(libvirt.Encryption{Format: "luks", SecretUUID: testSecret}), true, false},
		"not known":               {luks2, types.ObjectUnknown(encryptionTypes), false, false},
		"format not known":        {luks2, unknownPart("format"), true, false},
		"secret not known":        {luks2, unknownPart("secret_uuid"), false, false},
		"added, format not known": {types.ObjectNull(encryptionTypes), unknownPart("format"), true, false},
	} {
		var diags diag.Diagnostics
		p := &planning{exists: true, state: &model{Encryption: c.is}, plan: &model{Encryption: c.wanted}, diags: &diags}
		if err := p.planEncryption(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(p.replaced) > 0 != c.replaced || len(diags) > 0 != c.warning {
			t.Errorf("%s: replaced %v, %v", name, p.replaced, diags)
		}
	}
}
