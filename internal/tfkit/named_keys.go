package tfkit

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// NamedKeys is a map of which only the named keys are managed, as it was found: the values of the recorded keys, or of all keys.
func NamedKeys(recorded types.Map, found map[string]string, all bool) types.Map {
	values := map[string]attr.Value{}
	for key, value := range found {
		if _, wanted := recorded.Elements()[key]; wanted || all {
			values[key] = types.StringValue(value)
		}
	}
	if len(values) == 0 && (all || recorded.IsNull()) {
		return types.MapNull(types.StringType)
	}
	return types.MapValueMust(types.StringType, values)
}

// LeftKeys is what an update that failed has left of the keys that are recorded or planned, as it was found.
func LeftKeys(recorded, planned types.Map, found map[string]string) types.Map {
	keys := planned.Elements()
	maps.DeleteFunc(keys, func(key string, _ attr.Value) bool { _, set := found[key]; return !set })
	if len(keys) == 0 {
		return NamedKeys(recorded, found, false)
	}
	maps.Copy(keys, recorded.Elements())
	return NamedKeys(types.MapValueMust(types.StringType, keys), found, false)
}

// KeyChanges are the keys to set, with their values, and those to remove, in order, so that what is had becomes what is wanted.
func KeyChanges(want, have types.Map) (set map[string]string, remove []string) {
	set = map[string]string{}
	wanted, present := Texts(want), Texts(have)
	for key, value := range wanted {
		if before, there := present[key]; !there || before != value {
			set[key] = value
		}
	}
	for key := range present {
		if _, stays := wanted[key]; !stays {
			remove = append(remove, key)
		}
	}
	slices.Sort(remove)
	return set, remove
}

// Texts are the known strings of a map.
func Texts(m types.Map) map[string]string {
	values := map[string]string{}
	for key, element := range m.Elements() {
		if text, ok := element.(types.String); ok && !text.IsUnknown() {
			values[key] = text.ValueString()
		}
	}
	return values
}

// CheckRBDConfig refuses in the plan settings that librbd would refuse during the apply. Where that can't be tried, the apply tells.
func CheckRBDConfig(ctx context.Context, cluster *ceph.Cluster, config types.Map, at path.Path, diags *diag.Diagnostics) {
	settings := Texts(config)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if err := cluster.CheckConfig(ctx, name, settings[name]); problem.Is(err, problem.Invalid) {
			AddAttributeError(diags, at.AtMapKey(name), "Invalid RBD setting", err)
		}
	}
}

// RBDConfig refuses what can't be settings of librbd by name. Whether librbd knows a name is not asked.
func RBDConfig() []validator.Map {
	return []validator.Map{
		mapvalidator.SizeAtLeast(1), mapvalidator.NoNullValues(), mapvalidator.ValueStringsAre(PlainText()),
		mapvalidator.KeysAre(Matches(`^rbd_`, "must be the name of an RBD setting, which begins with \"rbd_\""), PlainText()),
	}
}
