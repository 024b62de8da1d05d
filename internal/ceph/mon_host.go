package ceph

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// MonHost is a monitor as mon_host in ceph.conf lists it, with each protocol that it speaks: [v2:192.0.2.1:3300,v1:192.0.2.1:6789].
func (m Monitor) MonHost() string {
	var addresses []string
	for _, of := range []struct {
		protocol string
		at       Endpoint
	}{{"v2", m.V2}, {"v1", m.V1}} {
		if of.at.Host != "" {
			addresses = append(addresses, of.protocol+":"+net.JoinHostPort(of.at.Host, strconv.Itoa(of.at.Port)))
		}
	}
	if len(addresses) == 1 {
		return addresses[0]
	}
	return "[" + strings.Join(addresses, ",") + "]"
}

// JoinMonHost writes the value of mon_host in ceph.conf. Each monitor is written as there; an IPv6 address may lack its brackets. The
// same monitors give the same text, in whichever order they come. The error is problem.Invalid.
func JoinMonHost(monitors []string) (string, error) {
	invalid := func(what, why string) (string, error) {
		return "", &problem.Problem{
			Kind: problem.Invalid, What: what, Why: why,
			Do: "Write each monitor as an address or a name, with or without a port, or as in \"[v2:192.0.2.1:3300,v1:192.0.2.1:6789]\".",
		}
	}
	if len(monitors) == 0 {
		return invalid("There is no monitor in it.", "")
	}
	var list []string
	for _, monitor := range monitors {
		paired, around := brackets(monitor)
		grouped := strings.HasPrefix(monitor, "[v") && around
		switch {
		case monitor == "":
			return invalid("A monitor is empty.", "")
		case strings.ContainsFunc(monitor, unicode.IsSpace) || strings.Contains(monitor, ";") || !grouped && strings.Contains(monitor, ","):
			return invalid(fmt.Sprintf("%q is not one monitor.", monitor), "White space, semicolons and commas stand between monitors.")
		case !paired:
			return invalid(fmt.Sprintf("%q is not one monitor.", monitor), "Its brackets are not in pairs.")
		}
		if address, err := netip.ParseAddr(monitor); err == nil && address.Is6() {
			monitor = "[" + monitor + "]"
		}
		list = append(list, monitor)
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ","), nil
}

// brackets tells whether all brackets of a text are in pairs, and whether the first pair is around all of it.
func brackets(text string) (paired, around bool) {
	depth, around := 0, true
	for i, r := range text {
		switch r {
		case '[':
			depth++
		case ']':
			depth--
		}
		if depth < 0 {
			return false, false
		}
		around = around && (depth > 0 || i == len(text)-1)
	}
	return depth == 0, around
}
