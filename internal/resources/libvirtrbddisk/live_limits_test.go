package libvirtrbddisk

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// Limits that only the running guest has stay in the state from one refresh to the next, until they are as saved again: a drift that was
// recorded once has to be planned for.
func TestLiveLimitsStayInTheState(t *testing.T) {
	const saved, live = 500, 9
	type refresh struct{ saved, live, want int }
	for name, refreshes := range map[string][]refresh{
		"changed by hand":              {{saved, saved, saved}, {saved, live, live}, {saved, live, live}, {saved, live, live}},
		"set again by hand":            {{saved, live, live}, {saved, saved, saved}, {saved, live, live}},
		"saved ones alone":             {{saved, saved, saved}, {7, saved, 7}},
		"both by hand":                 {{saved, saved, saved}, {7, live, 7}, {7, live, live}, {7, live, live}},
		"saved too, later":             {{saved, saved, saved}, {saved, live, live}, {7, live, live}},
		"shut off, and changed anew":   {{saved, live, live}, {saved, 0, saved}, {saved, saved, saved}, {saved, live, live}},
		"a change that was not done":   {{700, saved, saved}, {700, saved, saved}, {700, saved, saved}},
		"the saved definition is gone": {{saved, live, live}, {0, live, live}, {saved, live, saved}, {saved, live, live}},
	} {
		t.Run(name, func(t *testing.T) {
			host, err := libvirt.NewHost(libvirt.Config{Label: "kvm1", URI: "qemu:///system"})
			if err != nil {
				t.Fatal(err)
			}
			m, record := plain(), diskRecord{}
			m.Alias = types.StringValue(libvirt.OwnAlias(testDomain, m.TargetDev.ValueString()))
			m.IOTune = limitsObject(libvirt.Limits{Rates: map[string]uint64{"total_iops_sec": uint64(refreshes[0].saved)}})
			for i, r := range refreshes {
				domain := libvirt.Domain{UUID: testDomain, Name: "guest", Active: r.live > 0, Persistent: r.saved > 0}
				if r.saved > 0 {
					domain.Saved = limited(t, m, r.saved)
				}
				if r.live > 0 {
					domain.Live = limited(t, m, r.live)
				}
				found := m.ours(record).Find(domain)
				if err := m.readDisk(t.Context(), libvirt.Placement{Host: host, Domain: domain}, found, &record); err != nil {
					t.Fatal(err)
				}
				if got := limitsOf(m.IOTune).Rates["total_iops_sec"]; got != uint64(r.want) {
					t.Errorf("refresh %d, saved %d, live %d: the state has %d, want %d", i, r.saved, r.live, got, r.want)
				}
			}
		})
	}
}

// limited is a domain that has the disk of the model with a limit.
func limited(t *testing.T, m model, limit int) *libvirt.Definition {
	t.Helper()
	disk := m.disk()
	disk.Alias = m.Alias.ValueString()
	disk.Limits = libvirt.Limits{Rates: map[string]uint64{"total_iops_sec": uint64(limit)}}
	text, err := disk.Element()
	if err != nil {
		t.Fatal(err)
	}
	definition, err := libvirt.ParseDefinition("<domain type='qemu' id='1'><name>guest</name><devices>" + text + "</devices></domain>")
	if err != nil {
		t.Fatal(err)
	}
	return definition
}
