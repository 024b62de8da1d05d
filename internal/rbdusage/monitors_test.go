package rbdusage

import (
	"slices"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// One answer to "is this disk on that cluster?": each row is a way to name monitors. The resolver needs nothing but the hosts file.
func TestAnswer(t *testing.T) {
	at := func(host string, port int) ceph.Endpoint { return ceph.Endpoint{Host: host, Port: port} }
	cluster := []ceph.Monitor{
		{V1: at("192.0.2.1", 6789), V2: at("192.0.2.1", 3300)},
		{V1: at("127.0.0.1", 40001), V2: at("127.0.0.1", 40000)},
		{V1: at("2001:db8::3", 6789), Others: []ceph.Endpoint{at("203.0.113.3", 6789)}},
	}
	one := func(host string, port int) []libvirt.Monitor { return []libvirt.Monitor{{Host: host, Port: port}} }
	for name, c := range map[string]struct {
		disk   []libvirt.Monitor
		answer Answer
	}{
		"without a port":                    {one("192.0.2.1", 0), Yes},
		"by the older protocol's port":      {one("192.0.2.1", 6789), Yes},
		"by the newer protocol's port":      {one("192.0.2.1", 3300), Yes},
		"by another port":                   {one("192.0.2.1", 7000), No},
		"odd port of the older protocol":    {one("127.0.0.1", 40001), Yes},
		"odd ports, named without a port":   {one("127.0.0.1", 0), No},
		"mapped IPv4 address":               {one("::ffff:192.0.2.1", 0), Yes},
		"IPv6 address, long":                {one("2001:0db8:0::0003", 0), Yes},
		"IPv6 address in brackets":          {one("[2001:db8::3]", 6789), Yes},
		"only the newer port of an old one": {one("2001:db8::3", 3300), No},
		"address of the other family":       {one("203.0.113.3", 6789), Yes},
		"name":                              {one("localhost", 40000), Yes},
		"name, another port":                {one("localhost", 40002), Unknown},
		"name that means nothing here":      {one("mon.invalid", 0), Unknown},
		"no name at all":                    {one("", 0), Unknown},
		"no monitor":                        {nil, Unknown},
		"a former and a present one":        {append(one("192.0.2.9", 0), one("192.0.2.1", 0)...), Yes},
		"another and one that means nothing here": {
			append(one("192.0.2.9", 0), one("mon.invalid", 0)...), Unknown,
		},
	} {
		if answer := AddressesOf(cluster).Answer(t.Context(), c.disk); answer != c.answer {
			t.Errorf("%s: %d instead of %d", name, answer, c.answer)
		}
	}
	// Without a cluster two disks are compared; a name that means nothing here is still the same name.
	planned := addressesNamed(t.Context(), []libvirt.Monitor{{Host: "mon.invalid"}, {Host: "192.0.2.1"}})
	for name, disk := range map[string][]libvirt.Monitor{"name": one("mon.invalid", 6789), "address": one("192.0.2.1", 3300)} {
		if planned.Answer(t.Context(), disk) != Yes {
			t.Errorf("%s: another cluster", name)
		}
	}
}

func TestNamesExactly(t *testing.T) {
	at := func(host string, port int) ceph.Endpoint { return ceph.Endpoint{Host: host, Port: port} }
	cluster := []ceph.Monitor{
		{V1: at("192.0.2.1", 6789), V2: at("192.0.2.1", 3300)},
		{V1: at("192.0.2.2", 40001), V2: at("192.0.2.2", 40000)},
	}
	all := []libvirt.Monitor{{Host: "192.0.2.1"}, {Host: "192.0.2.2", Port: 40000}}
	for name, c := range map[string]struct {
		disk  []libvirt.Monitor
		match bool
	}{
		"as written here":   {all, true},
		"by other ports":    {[]libvirt.Monitor{{Host: "192.0.2.1", Port: 6789}, {Host: "192.0.2.2", Port: 40001}}, true},
		"one is missing":    {all[:1], false},
		"a former one more": {append([]libvirt.Monitor{{Host: "192.0.2.9"}}, all...), false},
		"none":              {nil, false},
	} {
		if match := NamesExactly(t.Context(), cluster, c.disk); match != c.match {
			t.Errorf("%s: %v", name, match)
		}
	}
}

func TestDiskMonitors(t *testing.T) {
	at := func(host string, port int) ceph.Endpoint { return ceph.Endpoint{Host: host, Port: port} }
	standard := ceph.Monitor{V1: at("192.0.2.1", 6789), V2: at("192.0.2.1", 3300)}
	odd := ceph.Monitor{V1: at("192.0.2.2", 40001), V2: at("192.0.2.2", 40000)}
	legacy := ceph.Monitor{V1: at("2001:db8::3", 6789)}
	all := []ceph.Monitor{legacy, odd, standard}
	got := DiskMonitors(all)
	want := []libvirt.Monitor{{Host: "192.0.2.1"}, {Host: "192.0.2.2", Port: 40000}, {Host: "2001:db8::3", Port: 6789}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
