package libvirtrbddisk

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

type iotune = libvirtxml.DomainDiskIOTune

// limit is a field of iotune that is a number, by libvirt's name.
type limit struct {
	name string
	at   func(*iotune) *uint64
}

var limits = []limit{
	{"total_bytes_sec", func(t *iotune) *uint64 { return &t.TotalBytesSec }},
	{"read_bytes_sec", func(t *iotune) *uint64 { return &t.ReadBytesSec }},
	{"write_bytes_sec", func(t *iotune) *uint64 { return &t.WriteBytesSec }},
	{"total_iops_sec", func(t *iotune) *uint64 { return &t.TotalIopsSec }},
	{"read_iops_sec", func(t *iotune) *uint64 { return &t.ReadIopsSec }},
	{"write_iops_sec", func(t *iotune) *uint64 { return &t.WriteIopsSec }},
	{"total_bytes_sec_max", func(t *iotune) *uint64 { return &t.TotalBytesSecMax }},
	{"read_bytes_sec_max", func(t *iotune) *uint64 { return &t.ReadBytesSecMax }},
	{"write_bytes_sec_max", func(t *iotune) *uint64 { return &t.WriteBytesSecMax }},
	{"total_iops_sec_max", func(t *iotune) *uint64 { return &t.TotalIopsSecMax }},
	{"read_iops_sec_max", func(t *iotune) *uint64 { return &t.ReadIopsSecMax }},
	{"write_iops_sec_max", func(t *iotune) *uint64 { return &t.WriteIopsSecMax }},
	{"total_bytes_sec_max_length", func(t *iotune) *uint64 { return &t.TotalBytesSecMaxLength }},
	{"read_bytes_sec_max_length", func(t *iotune) *uint64 { return &t.ReadBytesSecMaxLength }},
	{"write_bytes_sec_max_length", func(t *iotune) *uint64 { return &t.WriteBytesSecMaxLength }},
	{"total_iops_sec_max_length", func(t *iotune) *uint64 { return &t.TotalIopsSecMaxLength }},
	{"read_iops_sec_max_length", func(t *iotune) *uint64 { return &t.ReadIopsSecMaxLength }},
	{"write_iops_sec_max_length", func(t *iotune) *uint64 { return &t.WriteIopsSecMaxLength }},
	{"size_iops_sec", func(t *iotune) *uint64 { return &t.SizeIopsSec }},
}

const groupName = "group_name"

func iotuneTypes() map[string]attr.Type {
	all := map[string]attr.Type{groupName: types.StringType}
	for _, l := range limits {
		all[l.name] = types.Int64Type
	}
	return all
}

// toIOTune is the attribute as libvirt has it; nil where nothing is limited.
func toIOTune(object types.Object) *iotune {
	var tune iotune
	for _, l := range limits {
		if n, ok := object.Attributes()[l.name].(types.Int64); ok && n.ValueInt64() > 0 {
			*l.at(&tune) = uint64(n.ValueInt64()) //nolint:gosec // it is positive.
		}
	}
	if group, ok := object.Attributes()[groupName].(types.String); ok {
		tune.GroupName = group.ValueString()
	}
	if tune == (iotune{}) {
		return nil
	}
	return &tune
}

// fromIOTune reads the limits without what libvirt fills in by itself: a burst of one second, and a group per disk.
func fromIOTune(found *iotune, alias string) types.Object {
	if found == nil {
		return types.ObjectNull(iotuneTypes())
	}
	tune := withoutDefaults(*found)
	if libvirt.OwnGroup(tune.GroupName, alias) {
		tune.GroupName = ""
	}
	if tune == (iotune{}) {
		return types.ObjectNull(iotuneTypes())
	}
	values := map[string]attr.Value{groupName: tfkit.StringOrNull(tune.GroupName)}
	for _, l := range limits {
		values[l.name] = types.Int64Null()
		if n := *l.at(&tune); n != 0 {
			values[l.name] = types.Int64Value(int64(n)) //nolint:gosec // libvirt's own limit is below 2^63.
		}
	}
	return types.ObjectValueMust(iotuneTypes(), values)
}

// withoutDefaults takes out the length of a burst that is libvirt's own of one second.
func withoutDefaults(tune iotune) iotune {
	for _, l := range limits {
		if strings.HasSuffix(l.name, "_max_length") && *l.at(&tune) == 1 {
			*l.at(&tune) = 0
		}
	}
	return tune
}

func sameIOTune(a, b *model) bool {
	return normalIOTune(a.IOTune) == normalIOTune(b.IOTune)
}

func normalIOTune(object types.Object) iotune {
	if tune := toIOTune(object); tune != nil {
		return withoutDefaults(*tune)
	}
	return iotune{}
}

func setIOTune(m *model, disk *libvirtxml.DomainDisk) { disk.IOTune = toIOTune(m.IOTune) }
