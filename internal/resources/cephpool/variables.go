package cephpool

import (
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// variable is an attribute that is a variable of `ceph osd pool set`, or a quota, of the same name.
type variable struct {
	name  string
	value func(*model) attr.Value
}

var variables = []variable{
	{"pg_num", func(m *model) attr.Value { return m.PGNum }},
	{"pgp_num", func(m *model) attr.Value { return m.PGPNum }},
	{"pg_autoscale_mode", func(m *model) attr.Value { return m.PGAutoscaleMode }},
	{"size", func(m *model) attr.Value { return m.Size }},
	{"min_size", func(m *model) attr.Value { return m.MinSize }},
	{"crush_rule", func(m *model) attr.Value { return m.CrushRule }},
	{"pg_num_min", func(m *model) attr.Value { return m.PGNumMin }},
	{"pg_num_max", func(m *model) attr.Value { return m.PGNumMax }},
	{"target_size_bytes", func(m *model) attr.Value { return m.TargetSizeBytes }},
	{"target_size_ratio", func(m *model) attr.Value { return m.TargetSizeRatio }},
	{"quota_max_bytes", func(m *model) attr.Value { return m.QuotaMaxBytes }},
	{"quota_max_objects", func(m *model) attr.Value { return m.QuotaMaxObjects }},
	{"compression_mode", func(m *model) attr.Value { return m.CompressionMode }},
	{"compression_algorithm", func(m *model) attr.Value { return m.CompressionAlgorithm }},
	{"compression_required_ratio", func(m *model) attr.Value { return m.CompressionRequiredRatio }},
	{"compression_min_blob_size", func(m *model) attr.Value { return m.CompressionMinBlobSize }},
	{"compression_max_blob_size", func(m *model) attr.Value { return m.CompressionMaxBlobSize }},
	{"bulk", func(m *model) attr.Value { return m.Bulk }},
	{"nodelete", func(m *model) attr.Value { return m.NoDelete }},
	{"nosizechange", func(m *model) attr.Value { return m.NoSizeChange }},
	{"nopgchange", func(m *model) attr.Value { return m.NoPGChange }},
	{"allow_ec_overwrites", func(m *model) attr.Value { return m.AllowECOverwrites }},
}

// text is the value in the form that `ceph osd pool set` takes. For null, and for a flag that is false, it is the text that unsets the
// variable.
func (v variable) text(m *model) string {
	switch value := v.value(m).(type) {
	case types.Int64:
		if !value.IsNull() {
			return strconv.FormatInt(value.ValueInt64(), 10)
		}
	case types.Float64:
		if !value.IsNull() {
			return strconv.FormatFloat(value.ValueFloat64(), 'g', -1, 64)
		}
	case types.Bool:
		if value.ValueBool() {
			return "true"
		}
	case tfkit.Size:
		if !value.IsNull() {
			return strconv.FormatUint(value.Bytes(), 10)
		}
	case types.String:
		return value.ValueString()
	}
	return ceph.Clear
}

// laterSettings are the variables that `ceph osd pool create` does not take, so that they are set after it.
func (m *model) laterSettings() map[string]string {
	settings := map[string]string{}
	for _, v := range variables {
		switch v.name {
		case "pg_num", "pgp_num", "pg_num_min", "pg_num_max", "size", "target_size_bytes", "target_size_ratio", "pg_autoscale_mode",
			"crush_rule", "bulk":
			continue
		}
		if text := v.text(m); !v.value(m).IsUnknown() && text != ceph.Clear {
			settings[v.name] = text
		}
	}
	return settings
}

// changes are the variables whose planned value differs from the state.
func (m *model) changes(plan *model) map[string]string {
	changes := map[string]string{}
	for _, v := range variables {
		if v.value(plan).IsUnknown() {
			continue
		}
		if text := v.text(plan); text != v.text(m) {
			changes[v.name] = text
		}
	}
	return changes
}

// settings are the variables to send: those that change, and those that the monitors would change along with them.
func (m *model) settings(plan *model) map[string]string {
	settings := m.changes(plan)
	send := func(name string, number types.Int64) {
		if !number.IsNull() && !number.IsUnknown() {
			settings[name] = strconv.FormatInt(number.ValueInt64(), 10)
		}
	}
	if _, resized := settings["size"]; resized {
		send("min_size", plan.MinSize)
	}
	switch _, renumbered := settings["pg_num"]; {
	case renumbered:
		send("pgp_num", plan.PGPNum)
	case plan.autoscaled() && plan.PGNumMin.ValueInt64() > m.PGNum.ValueInt64():
		// The monitors accept no bound that excludes the present number, so the number is changed first.
		send("pg_num", plan.PGNumMin)
	case plan.autoscaled() && !plan.PGNumMax.IsNull() && plan.PGNumMax.ValueInt64() < m.PGNum.ValueInt64():
		send("pg_num", plan.PGNumMax)
	}
	return settings
}
