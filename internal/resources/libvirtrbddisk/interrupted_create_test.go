package libvirtrbddisk

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
)

// A disk with our alias and the planned names was left by an interrupted create only if it is on the planned cluster, live and saved:
// images of two clusters may have the same name.
func TestDiskOfInterruptedCreate(t *testing.T) {
	plan := plain()
	alias := libvirt.OwnAlias(testDomain, "vdb")
	at := func(host string) libvirt.Monitor { return libvirt.Monitor{Host: host} }
	leftBy := func(m model) libvirt.Disk {
		d := m.disk()
		d.Alias = alias
		return d
	}
	disk := func(image string, monitors ...libvirt.Monitor) libvirt.Disk {
		left := plain()
		left.Image, left.Monitors = types.StringValue(image), monitorSet(monitors)
		return leftBy(left)
	}
	definition := func(disks ...libvirt.Disk) *libvirt.Definition { return &libvirt.Definition{Disks: disks} }
	changed := func(change func(*model)) *libvirt.Definition {
		left := plain()
		left.Monitors = monitorSet([]libvirt.Monitor{at("192.0.2.1")})
		change(&left)
		return definition(leftBy(left))
	}
	same, other := disk("librbd", at("192.0.2.1")), disk("librbd", at("198.51.100.1"))
	for name, c := range map[string]struct {
		live, saved *libvirt.Definition
		want        bool
	}{
		"ours":                     {definition(same), definition(same), true},
		"ours, saved only":         {nil, definition(same), true},
		"another cluster's":        {definition(other), definition(other), false},
		"another cluster's, live":  {definition(other), definition(same), false},
		"another cluster's, saved": {definition(same), definition(other), false},
		"another image, live":      {definition(disk("old", at("192.0.2.1"))), definition(same), false},
		"a snapshot of it": {
			changed(func(m *model) { m.Snapshot = types.StringValue("s1") }),
			changed(func(m *model) { m.Snapshot = types.StringValue("s1") }), false,
		},
		"on another bus":             {changed(func(m *model) { m.Bus = types.StringValue("usb") }), definition(same), false},
		"as another device":          {nil, changed(func(m *model) { m.Device = types.StringValue("cdrom") }), false},
		"nothing":                    {definition(), definition(), false},
		"the cluster's new monitors": {nil, definition(disk("librbd", at("192.0.2.1"), at("192.0.2.3"))), true},
	} {
		domain := libvirt.Domain{UUID: testDomain, Live: c.live, Saved: c.saved}
		left, err := rbdusage.Access{Disk: plan.disk()}.FromKilledCreate(t.Context(), plan.ours(diskRecord{}).Find(domain))
		if err != nil || (left.SavedOrLive() != nil) != c.want {
			t.Errorf("%s: taken over %v, %v", name, left.SavedOrLive() != nil, err)
		}
	}
	cluster := rbdusage.AddressesOf([]ceph.Monitor{{
		V1: ceph.Endpoint{Host: "192.0.2.7", Port: 6789},
		V2: ceph.Endpoint{Host: "192.0.2.7", Port: 3300},
	}})
	named := disk("librbd", libvirt.Monitor{Host: "192.0.2.7", Port: 6789})
	if cluster.Answer(t.Context(), named.Monitors) != rbdusage.Yes || cluster.Answer(t.Context(), other.Monitors) == rbdusage.Yes {
		t.Error("the cluster's monitors don't decide")
	}
}
