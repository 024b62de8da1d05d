package libvirt

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"libvirt.org/go/libvirtxml"
)

// differences names the fields in which a disk that was read back isn't the disk that was asked for. What libvirt fills in
// by itself (alias, address, driver name, source index) counts only where it was asked for.
func differences(asked, found libvirtxml.DomainDisk) []string {
	var names []string
	for _, field := range []struct {
		name string
		of   func(libvirtxml.DomainDisk) any
	}{
		{"source", func(d libvirtxml.DomainDisk) any { return comparableSource(d) }},
		{"auth", func(d libvirtxml.DomainDisk) any { return value(DiskAuth(d), comparableAuth) }},
		{"driver", func(d libvirtxml.DomainDisk) any { return comparableDriver(d.Driver) }},
		{"iotune", func(d libvirtxml.DomainDisk) any { return value(d.IOTune, nil) }},
		{"target", func(d libvirtxml.DomainDisk) any { return value(d.Target, nil) }},
		{"boot order", func(d libvirtxml.DomainDisk) any { return value(d.Boot, nil) }},
		{"readonly", func(d libvirtxml.DomainDisk) any { return d.ReadOnly != nil }},
		{"shareable", func(d libvirtxml.DomainDisk) any { return d.Shareable != nil }},
		{"serial", func(d libvirtxml.DomainDisk) any { return d.Serial }},
		{"wwn", func(d libvirtxml.DomainDisk) any { return strings.ToLower(d.WWN) }},
	} {
		if !reflect.DeepEqual(field.of(asked), field.of(found)) {
			names = append(names, field.name)
		}
	}
	if asked.Alias != nil && aliasOf(asked) != aliasOf(found) {
		names = append(names, "alias")
	}
	if asked.Address != nil && !reflect.DeepEqual(asked.Address, found.Address) {
		names = append(names, "address")
	}
	return names
}

// value is a pointer's target, or the zero value for nil, so that nil equals "all empty".
func value[T any](p *T, normal func(T) T) T {
	var v T
	if p != nil {
		v = *p
	}
	if normal != nil {
		v = normal(v)
	}
	return v
}

func comparableAuth(a libvirtxml.DomainDiskAuth) libvirtxml.DomainDiskAuth {
	if a.Secret != nil {
		secret := *a.Secret
		secret.Type = cmp.Or(secret.Type, UsageCeph)
		secret.UUID = strings.ToLower(secret.UUID)
		a.Secret = &secret
	}
	return a
}

func comparableDriver(p *libvirtxml.DomainDiskDriver) libvirtxml.DomainDiskDriver {
	d := value(p, nil)
	d.Name = cmp.Or(d.Name, "qemu")
	d.Type = cmp.Or(d.Type, "raw")
	return d
}

// comparableSource is the network source without credentials, hosts in one order.
func comparableSource(d libvirtxml.DomainDisk) libvirtxml.DomainDiskSourceNetwork {
	if d.Source == nil || d.Source.Network == nil {
		return libvirtxml.DomainDiskSourceNetwork{}
	}
	source := *d.Source.Network
	source.Auth = nil
	source.Hosts = slices.Clone(source.Hosts)
	for i := range source.Hosts {
		if source.Hosts[i].Port == "0" {
			source.Hosts[i].Port = ""
		}
	}
	slices.SortFunc(source.Hosts, func(a, b libvirtxml.DomainDiskSourceHost) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Port, b.Port))
	})
	return source
}
