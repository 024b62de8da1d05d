package libvirtrbddisk

import (
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// effect is when a running guest notices a change of an attribute.
type effect int

const (
	atNextStart effect = iota // QEMU takes it when the domain is started
	atNextOpen                // QEMU takes it when it opens the image, which for a running guest is the next start too
	atOnce                    // the running guest is told
)

// attribute is an argument that stands in the disk's XML and can be changed there.
type attribute struct {
	name   string
	effect effect
	// at is the field, a pointer to a framework value.
	at func(*model) any
	// set writes it into the XML; a null one takes it out.
	set func(*model, *libvirtxml.DomainDisk)
	// equal compares by meaning where that is more than the value.
	equal func(a, b *model) bool
}

// attributes are all of them. The target, the bus and the device replace the disk and stand apart.
var attributes = []attribute{
	{name: "monitors", effect: atNextOpen, at: func(m *model) any { return &m.Monitors }, set: setMonitors, equal: sameMonitors},
	{name: "config_file", effect: atNextOpen, at: func(m *model) any { return &m.ConfigFile }, set: setConfigFile},
	{name: "pool", effect: atNextOpen, at: func(m *model) any { return &m.Pool }, set: setSource},
	{name: "namespace", effect: atNextOpen, at: func(m *model) any { return &m.Namespace }, set: setSource},
	{name: "image", effect: atNextOpen, at: func(m *model) any { return &m.Image }, set: setSource},
	{name: "snapshot", effect: atNextOpen, at: func(m *model) any { return &m.Snapshot }, set: setSnapshot},
	{name: "user", effect: atNextOpen, at: func(m *model) any { return &m.User }, set: setUser},
	{
		name: "secret_uuid", effect: atNextOpen, at: func(m *model) any { return &m.SecretUUID }, set: setSecret,
		equal: func(a, b *model) bool {
			return libvirt.SameUUID(a.SecretUUID.ValueString(), b.SecretUUID.ValueString())
		},
	},
	{name: "cache", at: func(m *model) any { return &m.Cache }, set: inDriver(func(m *model, d *driver) { d.Cache = m.Cache.ValueString() })},
	{name: "io", at: func(m *model) any { return &m.IO }, set: inDriver(func(m *model, d *driver) { d.IO = m.IO.ValueString() })},
	{name: "discard", at: func(m *model) any { return &m.Discard }, set: inDriver(func(m *model, d *driver) { d.Discard = m.Discard.ValueString() })},
	{
		name: "detect_zeroes", at: func(m *model) any { return &m.DetectZeroes },
		set: inDriver(func(m *model, d *driver) { d.DetectZeros = m.DetectZeroes.ValueString() }),
	},
	{
		name: "error_policy", at: func(m *model) any { return &m.ErrorPolicy },
		set: inDriver(func(m *model, d *driver) { d.ErrorPolicy = m.ErrorPolicy.ValueString() }),
	},
	{name: "iothread", at: func(m *model) any { return &m.IOThread }, set: inDriver(func(m *model, d *driver) { d.IOThread = toUint(m.IOThread) })},
	{name: "queues", at: func(m *model) any { return &m.Queues }, set: inDriver(func(m *model, d *driver) { d.Queues = toUint(m.Queues) })},
	{name: "copy_on_read", at: func(m *model) any { return &m.CopyOnRead }, set: inDriver(func(m *model, d *driver) {
		d.CopyOnRead = ""
		if m.CopyOnRead.ValueBool() {
			d.CopyOnRead = "on"
		}
	})},
	{name: "read_only", at: func(m *model) any { return &m.ReadOnly }, set: func(m *model, disk *libvirtxml.DomainDisk) {
		disk.ReadOnly = nil
		// A CD-ROM is read-only of its own accord, which libvirt writes down.
		if m.ReadOnly.ValueBool() || disk.Device == deviceCDROM {
			disk.ReadOnly = &libvirtxml.DomainDiskReadOnly{}
		}
	}},
	{name: "shareable", at: func(m *model) any { return &m.Shareable }, set: func(m *model, disk *libvirtxml.DomainDisk) {
		disk.Shareable = nil
		if m.Shareable.ValueBool() {
			disk.Shareable = &libvirtxml.DomainDiskShareable{}
		}
	}},
	{name: "serial", at: func(m *model) any { return &m.Serial }, set: func(m *model, disk *libvirtxml.DomainDisk) { disk.Serial = m.Serial.ValueString() }},
	{
		name: "wwn", at: func(m *model) any { return &m.WWN }, set: func(m *model, disk *libvirtxml.DomainDisk) { disk.WWN = m.WWN.ValueString() },
		equal: func(a, b *model) bool { return strings.EqualFold(a.WWN.ValueString(), b.WWN.ValueString()) },
	},
	{name: "boot_order", at: func(m *model) any { return &m.BootOrder }, set: setBootOrder},
	{name: "address", at: func(m *model) any { return &m.Address }, set: setAddress, equal: sameAddress},
	{name: "iotune", effect: atOnce, at: func(m *model) any { return &m.IOTune }, set: setIOTune, equal: sameIOTune},
}

// value is the attribute's value in a model.
func (a attribute) value(m *model) attr.Value {
	switch at := a.at(m).(type) {
	case *types.String:
		return *at
	case *types.Int64:
		return *at
	case *types.Bool:
		return *at
	case *types.Set:
		return *at
	case *types.Object:
		return *at
	}
	return nil
}

// take copies the attribute from one model to another.
func (a attribute) take(to, from *model) {
	switch at := a.at(to).(type) {
	case *types.String:
		*at = *a.at(from).(*types.String) //nolint:forcetypeassert // the same field of the same type
	case *types.Int64:
		*at = *a.at(from).(*types.Int64) //nolint:forcetypeassert // as above
	case *types.Bool:
		*at = *a.at(from).(*types.Bool) //nolint:forcetypeassert // as above
	case *types.Set:
		*at = *a.at(from).(*types.Set) //nolint:forcetypeassert // as above
	case *types.Object:
		*at = *a.at(from).(*types.Object) //nolint:forcetypeassert // as above
	}
}

// same compares the attribute in two models by meaning: an unset flag is false, another spelling is no difference.
func (a attribute) same(x, y *model) bool {
	one, other := a.value(x), a.value(y)
	if one.IsUnknown() || other.IsUnknown() {
		return one.IsUnknown() && other.IsUnknown()
	}
	if a.equal != nil {
		return a.equal(x, y)
	}
	if flag, ok := one.(types.Bool); ok {
		return flag.ValueBool() == other.(types.Bool).ValueBool() //nolint:forcetypeassert // the same field of the same type
	}
	return one.Equal(other)
}

// changes names the attributes in which two models differ, of those that the filter wants.
func changes(from, to *model, wanted func(attribute) bool) []string {
	var names []string
	for _, a := range attributes {
		if (wanted == nil || wanted(a)) && !a.same(from, to) {
			names = append(names, a.name)
		}
	}
	return names
}

// isSource tells whether an attribute is part of the image's name.
func isSource(name string) bool { return slices.Contains([]string{"pool", "namespace", "image"}, name) }
