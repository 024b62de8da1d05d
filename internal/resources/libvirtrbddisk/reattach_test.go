package libvirtrbddisk

import (
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// A disk is taken from the running guest only for a change of what on_change decides, in which the guest's disk differs from the plan.
func TestWhatTakesADiskFromTheGuest(t *testing.T) {
	const disk = `<disk type="network" device="disk"><driver name="qemu" type="raw" cache="writeback"/><source protocol="rbd"` +
		` name="libvirt-pool/librbd"/><target dev="vdb" bus="virtio"/><alias name="ua-terraform-vdb-1"/>` +
		`<address type="pci" domain="0" bus="3" slot="0" function="0"/></disk>`
	definition, err := libvirt.ParseDefinition("<domain type='qemu' id='1'><name>guest</name><os><type arch='x86_64' machine='q35'>hvm" +
		"</type><kernel>/k</kernel></os><features><acpi/></features><devices>" + disk + "</devices></domain>")
	if err != nil {
		t.Fatal(err)
	}
	running := libvirt.Domain{UUID: testDomain, Active: true, Live: definition}
	for name, c := range map[string]struct {
		state, plan func(*model)
		off         bool
		want        []string
	}{
		"a setting":           {plan: func(m *model) { m.Serial = types.StringValue("s") }, want: []string{"serial"}},
		"nothing":             {},
		"limits":              {plan: func(m *model) { m.IOTune = limitsObject(libvirt.Limits{Rates: map[string]uint64{"total_iops_sec": 1}}) }},
		"another user":        {plan: func(m *model) { m.User = types.StringValue("other") }},
		"without being asked": {plan: func(m *model) { m.Serial, m.OnChange = types.StringValue("s"), types.StringNull() }},
		"next boot": {
			plan: func(m *model) { m.Serial, m.OnChange = types.StringValue("s"), types.StringValue(onChangeNextBoot) },
		},
		"shut off": {plan: func(m *model) { m.Serial = types.StringValue("s") }, off: true},
		"back to what the guest has": {
			state: func(m *model) { m.Cache = types.StringValue("none") }, plan: func(m *model) { m.Cache = types.StringValue("writeback") },
		},
		"with what an earlier change left": {
			state: func(m *model) { m.Cache = types.StringValue("none") },
			plan:  func(m *model) { m.Cache, m.Serial = types.StringValue("none"), types.StringValue("s") },
			want:  []string{"cache", "serial"},
		},
		"what an earlier change left, alone": {
			state: func(m *model) { m.Cache = types.StringValue("none") }, plan: func(m *model) { m.Cache = types.StringValue("none") },
		},
		"not known yet": {plan: func(m *model) { m.Serial = types.StringUnknown() }, want: []string{"serial"}},
		"an address of the saved definition alone": {
			state: func(m *model) { m.Address = addressObject(&libvirt.Address{Type: "pci", Numbers: []uint{0, 9, 0, 0}}) },
			plan: func(m *model) {
				m.Address = addressObject(&libvirt.Address{Type: "pci", Numbers: []uint{0, 9, 0, 0}})
				m.Serial = types.StringValue("s")
			},
			want: []string{"serial"},
		},
	} {
		before := plain()
		before.read(definition.Disks[0], byOnChange)
		before.Alias, before.OnChange = types.StringValue("ua-terraform-vdb-1"), types.StringValue(onChangeReattach)
		after := before
		for m, change := range map[*model]func(*model){&before: c.state, &after: c.plan} {
			if change != nil {
				change(m)
			}
		}
		domain := running
		if c.off {
			domain.Active, domain.Live = false, nil
		}
		got := reattachmentOf(&before, &after, diskRecord{}, domain)
		if slices.Sort(got.because); !slices.Equal(got.because, c.want) || got.hindrance != "" || got.detaches() != (len(c.want) > 0) {
			t.Errorf("%s: %+v, want %v", name, got, c.want)
		}
	}
}
