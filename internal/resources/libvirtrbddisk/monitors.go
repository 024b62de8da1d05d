package libvirtrbddisk

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// Ceph's own ports of monitors. librbd tries both where the definition names none.
const (
	portV1 = 6789
	portV2 = 3300
)

var (
	monitorAttributes = map[string]attr.Type{"host": types.StringType, "port": types.Int64Type}
	monitorType       = types.ObjectType{AttrTypes: monitorAttributes}
)

// monitor is one entry of the attribute monitors. Without a port it is 0: both of Ceph's ports.
type monitor struct {
	host string
	port int
}

// monitorList of the attribute, in order; nothing for a null or unknown one.
func monitorList(set types.Set) []monitor {
	list := make([]monitor, 0, len(set.Elements()))
	for _, element := range set.Elements() {
		object, ok := element.(types.Object)
		if !ok || object.IsUnknown() || object.IsNull() {
			continue
		}
		host, _ := object.Attributes()["host"].(types.String)
		port, _ := object.Attributes()["port"].(types.Int64)
		list = append(list, monitor{host.ValueString(), int(port.ValueInt64())})
	}
	return sorted(list)
}

func sorted(list []monitor) []monitor {
	slices.SortFunc(list, func(a, b monitor) int { return cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(a.port, b.port)) })
	return slices.Compact(list)
}

func monitorSet(list []monitor) types.Set {
	if len(list) == 0 {
		return types.SetNull(monitorType)
	}
	values := make([]attr.Value, len(list))
	for i, m := range list {
		port := types.Int64Null()
		if m.port != 0 {
			port = types.Int64Value(int64(m.port))
		}
		values[i] = types.ObjectValueMust(monitorAttributes, map[string]attr.Value{"host": types.StringValue(m.host), "port": port})
	}
	return types.SetValueMust(monitorType, values)
}

func sameMonitors(a, b *model) bool {
	return slices.Equal(monitorList(a.Monitors), monitorList(b.Monitors))
}

func fromHosts(hosts []libvirtxml.DomainDiskSourceHost) types.Set {
	list := make([]monitor, 0, len(hosts))
	for _, h := range hosts {
		list = append(list, monitorOf(h))
	}
	return monitorSet(sorted(list))
}

// setMonitors writes the monitors. Those that the disk names already stay as they are written, in their order.
func setMonitors(m *model, disk *libvirtxml.DomainDisk) {
	missing := monitorList(m.Monitors)
	disk.Source.Network.Hosts = slices.DeleteFunc(disk.Source.Network.Hosts, func(h libvirtxml.DomainDiskSourceHost) bool {
		named := slices.Index(missing, monitorOf(h))
		if named >= 0 {
			missing = slices.Delete(missing, named, named+1)
		}
		return named < 0
	})
	for _, mon := range missing {
		host := libvirtxml.DomainDiskSourceHost{Name: mon.host}
		if mon.port != 0 {
			host.Port = strconv.Itoa(mon.port)
		}
		disk.Source.Network.Hosts = append(disk.Source.Network.Hosts, host)
	}
}

func monitorOf(h libvirtxml.DomainDiskSourceHost) monitor {
	return monitor{h.Name, int(portOf(h.Port).ValueInt64())}
}

// clusterMonitors are the monitors of a cluster as a domain's definition names them: without a port where both protocols
// are on Ceph's own ports, otherwise with that of the newer protocol.
func clusterMonitors(monitors []ceph.Monitor) []monitor {
	list := make([]monitor, 0, len(monitors))
	for _, m := range monitors {
		switch {
		case m.V1 == ceph.Endpoint{Host: m.V2.Host, Port: portV1} && m.V2.Port == portV2:
			list = append(list, monitor{m.V2.Host, 0})
		case m.V2.Host != "":
			list = append(list, monitor{m.V2.Host, m.V2.Port})
		case m.V1.Host != "":
			list = append(list, monitor{m.V1.Host, m.V1.Port})
		}
	}
	return sorted(list)
}

// asNamed are entries of the attribute as a definition names them.
func asNamed(list []monitor) []libvirt.Monitor {
	named := make([]libvirt.Monitor, len(list))
	for i, m := range list {
		named[i] = libvirt.Monitor{Host: m.host, Port: m.port}
	}
	return named
}
