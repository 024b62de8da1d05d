package libvirtrbddisk

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
)

// A disk with our alias and the planned names is what a killed create left only where it leads to the planned cluster, live and
// saved: images of two clusters may have one name.
func TestOnlyTheSameClustersDiskIsTakenOver(t *testing.T) {
	plan := plain()
	alias := ownAlias(testDomain, "vdb")
	disk := func(image string, monitors ...monitor) libvirtxml.DomainDisk {
		left := plain()
		left.Image, left.Monitors = types.StringValue(image), monitorSet(monitors)
		d := left.newXML(alias)
		return d
	}
	definition := func(disks ...libvirtxml.DomainDisk) *libvirtxml.Domain {
		return &libvirtxml.Domain{Devices: &libvirtxml.DomainDeviceList{Disks: disks}}
	}
	changed := func(change func(*model)) *libvirtxml.Domain {
		left := plain()
		left.Monitors = monitorSet([]monitor{{"192.0.2.1", 0}})
		change(&left)
		return definition(left.newXML(alias))
	}
	same, other := disk("librbd", monitor{"192.0.2.1", 0}), disk("librbd", monitor{"198.51.100.1", 0})
	for name, c := range map[string]struct {
		live, saved *libvirtxml.Domain
		want        bool
	}{
		"ours":                       {definition(same), definition(same), true},
		"ours, saved only":           {nil, definition(same), true},
		"another cluster's":          {definition(other), definition(other), false},
		"another cluster's, live":    {definition(other), definition(same), false},
		"another cluster's, saved":   {definition(same), definition(other), false},
		"another image, live":        {definition(disk("old", monitor{"192.0.2.1", 0})), definition(same), false},
		"a snapshot of it":           {changed(func(m *model) { m.Snapshot = types.StringValue("s1") }), changed(func(m *model) { m.Snapshot = types.StringValue("s1") }), false},
		"on another bus":             {changed(func(m *model) { m.Bus = types.StringValue("usb") }), definition(same), false},
		"as another device":          {nil, changed(func(m *model) { m.Device = types.StringValue("cdrom") }), false},
		"nothing":                    {definition(), definition(), false},
		"the cluster's new monitors": {nil, definition(disk("librbd", monitor{"192.0.2.1", 0}, monitor{"192.0.2.3", 0})), true},
	} {
		j := &job{plan: &plan, place: place{domain: libvirt.Domain{UUID: testDomain, Live: c.live, Saved: c.saved}}}
		left, err := j.leftBehind(t.Context())
		if err != nil || (left.mirrored() != nil) != c.want {
			t.Errorf("%s: taken over %v, %v", name, left.mirrored() != nil, err)
		}
	}
	cluster := rbdusage.Of([]ceph.Monitor{{V1: ceph.Endpoint{Host: "192.0.2.7", Port: portV1}, V2: ceph.Endpoint{Host: "192.0.2.7", Port: portV2}}})
	if !reads(t.Context(), disk("librbd", monitor{"192.0.2.7", portV1}), &plan, cluster) || reads(t.Context(), other, &plan, cluster) {
		t.Error("the cluster's monitors don't decide")
	}
}

// A CD-ROM is read-only whether an argument says so or not: libvirt puts <readonly/> back where it is taken out.
func TestCDROMStaysReadOnly(t *testing.T) {
	m := plain()
	m.TargetDev, m.Bus, m.Device = types.StringValue("sda"), types.StringValue("sata"), types.StringValue(deviceCDROM)
	disk := m.newXML("")
	disk.ReadOnly = &libvirtxml.DomainDiskReadOnly{} // as libvirt writes it down
	m.fromXML(disk)
	if !m.ReadOnly.IsNull() {
		t.Errorf("read_only is %v", m.ReadOnly)
	}
	if same, err := rewritten(&m, disk); err != nil || !sameXML(same, disk) {
		t.Errorf("an unchanged one became %v\n%s", err, marshal(t, same))
	}
	m.Device, disk.Device = types.StringValue("disk"), "disk"
	if disk, err := rewritten(&m, disk); err != nil || disk.ReadOnly != nil {
		t.Errorf("a disk is read-only: %v", err)
	}
}

// What libvirt calls default is not kept in the XML, so it would differ for ever.
func TestDefaultIsLeftOut(t *testing.T) {
	for value, refused := range map[string]bool{"none": false, "default": true, "": true} {
		var resp validator.StringResponse
		choiceValidator{values: []string{"none", "unsafe"}}.ValidateString(t.Context(),
			validator.StringRequest{Path: path.Root("cache"), ConfigValue: types.StringValue(value)}, &resp)
		if resp.Diagnostics.HasError() != refused {
			t.Errorf("%q: %v", value, resp.Diagnostics)
		}
		if refused && !strings.Contains(resp.Diagnostics[0].Detail(), "Leave the attribute out") {
			t.Error(resp.Diagnostics[0].Detail())
		}
	}
}

// Where the time ends during the wait for watchers, the error still names them.
func TestWatchersAreNamedAtTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	err := waitUnwatched(ctx, "east", ceph.ImageRef{Pool: "libvirt-pool", Name: "librbd"}, func() ([]ceph.Watcher, error) {
		if asked++; asked == 1 {
			return []ceph.Watcher{{Addr: "192.0.2.9:0/1"}}, nil
		}
		cancel()
		return nil, &problem.Problem{Kind: problem.Unreachable, What: "no answer in time"}
	})
	if !problem.Is(err, problem.Busy) || !strings.Contains(err.Error(), "192.0.2.9") {
		t.Errorf("%v", err)
	}
}
