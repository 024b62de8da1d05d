package tfkit

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

const someUUID = "77085c23-2177-242d-7661-c785df7f6230"

func someSecret(change func(*SecretArguments)) SecretArguments {
	arguments := SecretArguments{
		Usage: types.StringValue("client.libvirt@east"), UUID: types.StringValue(someUUID), Private: types.BoolValue(true),
	}
	if change != nil {
		change(&arguments)
	}
	return arguments
}

func TestSecretReplacedBy(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*SecretArguments)
		want   string
	}{
		"nothing":                 {nil, ""},
		"UUID spelled otherwise":  {func(a *SecretArguments) { a.UUID = types.StringValue(strings.ToUpper(someUUID)) }, ""},
		"another UUID":            {func(a *SecretArguments) { a.UUID = types.StringValue("11111111-2222-4333-8444-555555555555") }, "uuid"},
		"UUID not known yet":      {func(a *SecretArguments) { a.UUID = types.StringUnknown() }, "uuid"},
		"another usage":           {func(a *SecretArguments) { a.Usage = types.StringValue("client.libvirt@west") }, "usage_name"},
		"no longer private":       {func(a *SecretArguments) { a.Private = types.BoolValue(false) }, "private"},
		"perhaps not private":     {func(a *SecretArguments) { a.Private = types.BoolUnknown() }, ""},
		"usage that is not known": {func(a *SecretArguments) { a.Usage = types.StringUnknown() }, "usage_name"},
	} {
		t.Run(name, func(t *testing.T) {
			var at []string
			for _, p := range CephSecret.replacedBy(someSecret(nil), someSecret(test.change)) {
				at = append(at, p.String())
			}
			if got := strings.Join(at, ", "); got != test.want {
				t.Errorf("replaced by %q, want %q", got, test.want)
			}
		})
	}
	if at := VolumeSecret.replacedBy(someSecret(nil), SecretArguments{UUID: types.StringValue(someUUID)}); at[0].String() != "volume" {
		t.Errorf("the usage of a volume secret is its argument volume, not %s", at[0])
	}
}

func TestPlannedSecretUUID(t *testing.T) {
	derived := types.StringValue(CephSecret.DefaultUUID("client.libvirt@east"))
	renamed := func(a *SecretArguments) { a.Usage = types.StringValue("client.libvirt@east") }
	former := func(a *SecretArguments) { a.Usage = types.StringValue("client.former@east") }
	unknown := func(a *SecretArguments) { a.Usage = types.StringUnknown() }
	for name, test := range map[string]struct {
		configured  types.String
		state, plan func(*SecretArguments)
		exists      bool
		want        types.String
	}{
		"new":                 {types.StringNull(), nil, renamed, false, derived},
		"new, not known yet":  {types.StringNull(), nil, unknown, false, types.StringUnknown()},
		"of another usage":    {types.StringNull(), former, renamed, true, derived},
		"as it is":            {types.StringNull(), renamed, renamed, true, types.StringValue(someUUID)},
		"configured":          {types.StringValue(someUUID), former, renamed, true, types.StringValue(someUUID)},
		"new, configured":     {types.StringValue(someUUID), nil, renamed, false, types.StringValue(someUUID)},
		"imported, not known": {types.StringNull(), renamed, unknown, true, types.StringUnknown()},
	} {
		t.Run(name, func(t *testing.T) {
			got := CephSecret.PlanUUID(test.configured, someSecret(test.state), someSecret(test.plan), test.exists)
			if !got.Equal(test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
