// Package rbdusage knows Ceph and libvirt: it answers whether a disk is on a cluster, who uses an image, and whether a host can open it.
package rbdusage

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// Answer to "is this disk on that cluster?".
type Answer int

// The answers. Yes: the disk names a monitor of the cluster. No: it names others, all by address. Unknown: it names none, so that QEMU
// reads the host's ceph.conf; or it names one by a name that has no address here, or another one than on the host.
const (
	Unknown Answer = iota
	No
	Yes
)

// Ceph's own ports of monitors. librbd tries both where a definition names none.
var defaultPorts = []int{3300, 6789}

// resolveLimit bounds the resolution of one name.
const resolveLimit = 3 * time.Second

// MonitorAddresses are the places where a cluster's monitors listen.
type MonitorAddresses map[string]bool

// AddressesOf returns the places of a cluster's monitor map.
//
// Similar to: ceph mon dump.
func AddressesOf(monitors []ceph.Monitor) MonitorAddresses {
	addresses := MonitorAddresses{}
	for _, m := range monitors {
		for _, at := range append([]ceph.Endpoint{m.V1, m.V2}, m.Others...) {
			if at.Host != "" {
				addresses[hostPort(at.Host, at.Port)] = true
			}
		}
	}
	return addresses
}

// addressesNamed returns the places that a definition names, for a disk whose cluster isn't configured.
func addressesNamed(ctx context.Context, list []libvirt.Monitor) MonitorAddresses {
	addresses := MonitorAddresses{}
	for _, m := range list {
		for _, at := range resolve(ctx, m) {
			addresses[at] = true
		}
	}
	return addresses
}

// union returns these places and others.
func (addresses MonitorAddresses) union(others MonitorAddresses) MonitorAddresses {
	all := maps.Clone(addresses)
	maps.Copy(all, others)
	return all
}

// Answer tells whether a disk that names these monitors is on the cluster.
func (addresses MonitorAddresses) Answer(ctx context.Context, disk []libvirt.Monitor) Answer {
	if len(disk) == 0 {
		return Unknown
	}
	answer := No
	for _, m := range disk {
		if addresses.has(ctx, m) {
			return Yes
		}
		if _, ok := address(m.Host); !ok {
			answer = Unknown
		}
	}
	return answer
}

// NamesExactly tells whether a disk names exactly these monitors, each by whichever of its ports.
func NamesExactly(ctx context.Context, monitors []ceph.Monitor, disk []libvirt.Monitor) bool {
	all := AddressesOf(monitors)
	if slices.ContainsFunc(disk, func(m libvirt.Monitor) bool { return !all.has(ctx, m) }) {
		return false
	}
	return !slices.ContainsFunc(monitors, func(m ceph.Monitor) bool { return AddressesOf([]ceph.Monitor{m}).Answer(ctx, disk) != Yes })
}

func (addresses MonitorAddresses) has(ctx context.Context, m libvirt.Monitor) bool {
	return slices.ContainsFunc(resolve(ctx, m), func(at string) bool { return addresses[at] })
}

// resolve returns the places that an entry of a definition may mean: its name, and the addresses behind it.
func resolve(ctx context.Context, m libvirt.Monitor) []string {
	hosts := []string{m.Host}
	if _, ok := address(m.Host); !ok {
		limited, cancel := context.WithTimeout(ctx, resolveLimit)
		defer cancel()
		found, _ := net.DefaultResolver.LookupHost(limited, m.Host)
		hosts = append(hosts, found...)
	}
	ports := defaultPorts
	if m.Port != 0 {
		ports = []int{m.Port}
	}
	var addresses []string
	for _, host := range hosts {
		for _, port := range ports {
			addresses = append(addresses, hostPort(host, port))
		}
	}
	return addresses
}

// address parses an IP address, an IPv6 one with or without brackets.
func address(host string) (netip.Addr, bool) {
	parsed, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return parsed.Unmap(), err == nil
}

func hostPort(host string, port int) string {
	if parsed, ok := address(host); ok {
		host = parsed.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// DiskMonitors are a cluster's monitors as a definition names them: without a port where both protocols are on Ceph's own ports, otherwise
// with that of the newer protocol.
func DiskMonitors(monitors []ceph.Monitor) []libvirt.Monitor {
	var list []libvirt.Monitor
	for _, m := range monitors {
		v1, v2 := m.V1, m.V2
		switch {
		case v2.Port == defaultPorts[0] && v1 == ceph.Endpoint{Host: v2.Host, Port: defaultPorts[1]}:
			list = append(list, libvirt.Monitor{Host: v2.Host})
		case v2.Host != "":
			list = append(list, libvirt.Monitor{Host: v2.Host, Port: v2.Port})
		case v1.Host != "":
			list = append(list, libvirt.Monitor{Host: v1.Host, Port: v1.Port})
		}
	}
	return libvirt.SortMonitors(list)
}
