package cephuser

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Which configurations change the key, and what is then planned for the key, its fingerprint and its type.
func TestModelPlanKeyChange(t *testing.T) {
	one, two := testKey(1), testKey(2)
	text, number, yes, no := types.StringValue, types.Int64Value, types.BoolValue(true), types.BoolValue(false)
	kept := text(fingerprintOf(t, one))
	state := func(change func(*model)) *model {
		m := &model{
			Key: text(one), KeyInState: yes, KeyFingerprint: kept, KeyType: text("aes"), KeyGeneration: number(3), KeyWOVersion: text("a"),
		}
		if change != nil {
			change(m)
		}
		return m
	}
	for name, tc := range map[string]struct {
		plan, config *model
		state        *model
		change       keyChange
		key          types.String
		fingerprint  types.String
		keyType      types.String
	}{
		"nothing": {&model{KeyInState: yes, KeyGeneration: number(3)}, &model{}, state(nil), keyKept, text(one), kept, text("aes")},
		"raised": {
			&model{KeyInState: yes, KeyGeneration: number(4)}, &model{}, state(nil), keyRotated, types.StringUnknown(), types.StringUnknown(),
			text("aes"),
		},
		"raised, of a type that is not known": {
			&model{KeyInState: yes, KeyGeneration: number(4)}, &model{}, state(func(m *model) { m.KeyType = types.StringNull() }), keyRotated,
			types.StringUnknown(), types.StringUnknown(), types.StringUnknown(),
		},
		"raised, kept out of the state, of a type": {
			&model{KeyInState: no, KeyGeneration: number(4)}, &model{KeyType: text("aes")}, state(nil), keyRotated, types.StringNull(),
			types.StringUnknown(), text("aes"),
		},
		"perhaps raised": {
			&model{KeyInState: no, KeyGeneration: types.Int64Unknown()}, &model{}, state(nil), keyRotated, types.StringNull(),
			types.StringUnknown(), text("aes"),
		},
		"counting begins": {
			&model{KeyInState: yes, KeyGeneration: number(9)}, &model{},
			state(func(m *model) { m.KeyGeneration = types.Int64Null() }), keyKept, text(one), kept, text("aes"),
		},
		"removed": {&model{KeyInState: yes, KeyGeneration: types.Int64Null()}, &model{}, state(nil), keyKept, text(one), kept, text("aes")},
		"another version": {
			&model{KeyInState: no, KeyGeneration: number(3), KeyWOVersion: text("b")}, &model{KeyWO: text(two)}, state(nil), keyWritten,
			types.StringNull(), types.StringUnknown(), types.StringUnknown(),
		},
		"same version": {
			&model{KeyInState: no, KeyGeneration: number(3), KeyWOVersion: text("a")}, &model{KeyWO: text(two)}, state(nil), keyKept,
			types.StringNull(), kept, text("aes"),
		},
		"version alone": {
			&model{KeyInState: no, KeyGeneration: number(3), KeyWOVersion: text("b")}, &model{}, state(nil), keyKept, types.StringNull(), kept,
			text("aes"),
		},
		"chosen": {
			&model{Key: text(two), KeyInState: yes, KeyGeneration: number(3)}, &model{Key: text(two)}, state(nil), keyChosen, text(two),
			text(fingerprintOf(t, two)), text("aes"),
		},
		"chosen, the same": {
			&model{Key: text(one), KeyInState: yes, KeyGeneration: number(3)}, &model{Key: text(one)}, state(nil), keyKept, text(one), kept,
			text("aes"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			if change := tc.plan.keyChange(tc.config, tc.state); change != tc.change {
				t.Errorf("change %d, want %d", change, tc.change)
			}
			tc.plan.planKey(tc.config, tc.state, true)
			if !tc.plan.Key.Equal(tc.key) || !tc.plan.KeyFingerprint.Equal(tc.fingerprint) || !tc.plan.KeyType.Equal(tc.keyType) {
				t.Errorf("key planned right: %v; fingerprint %v, want %v; type %v, want %v",
					tc.plan.Key.Equal(tc.key), tc.plan.KeyFingerprint, tc.fingerprint, tc.plan.KeyType, tc.keyType)
			}
		})
	}
}

func TestModelKeyGenerationNeverLower(t *testing.T) {
	number := types.Int64Value
	for _, row := range []struct {
		recorded, planned types.Int64
		refused           bool
	}{
		{number(3), number(2), true},
		{number(3), number(3), false},
		{number(3), number(4), false},
		{number(3), types.Int64Null(), false},
		{number(3), types.Int64Unknown(), false},
		{types.Int64Null(), number(1), false},
	} {
		var diags diag.Diagnostics
		(&model{KeyGeneration: row.planned}).checkGeneration(&model{KeyGeneration: row.recorded}, &diags)
		if diags.HasError() != row.refused {
			t.Errorf("%v to %v: %v", row.recorded, row.planned, diags)
		}
	}
}

// A change outside of Terraform of a write-only key shows as another version; that of a key that is not managed does not.
func TestModelReadWritten(t *testing.T) {
	found := fingerprintOf(t, testKey(1))
	for written, want := range map[string]string{found: "1", "sha256:other": found, "": "1"} {
		m := &model{KeyFingerprint: types.StringValue(found), KeyWOVersion: types.StringValue("1")}
		m.readWritten(written)
		if m.KeyWOVersion.ValueString() != want {
			t.Errorf("written %q: version %v, want %s", written, m.KeyWOVersion, want)
		}
	}
}
