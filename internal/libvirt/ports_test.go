package libvirt

import "testing"

func TestFreePorts(t *testing.T) {
	const (
		q35 = "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os><features><acpi/></features>"
		pc  = "<os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type></os><features><acpi/></features>"

		root   = "<controller type='pci' index='0' model='pcie-root'/>"
		port1  = "<controller type='pci' index='1' model='pcie-root-port'><address type='pci' bus='0x00' slot='0x02'/></controller>"
		port2  = "<controller type='pci' index='2' model='pcie-root-port'><address type='pci' bus='0x00' slot='0x03'/></controller>"
		fixed2 = "<controller type='pci' index='2' model='pcie-root-port'><target chassis='2' hotplug='off'/></controller>"
		bus0   = "<controller type='pci' index='0' model='pci-root'/>"
		fixed0 = "<controller type='pci' index='0' model='pci-root'><target hotplug='off'/></controller>"
		bridge = "<controller type='pci' index='1' model='pci-bridge'><address type='pci' bus='0x00' slot='0x04'/></controller>"

		disk     = "<disk><target dev='vda' bus='virtio'/><address type='pci' bus='0x01' slot='0x00'/></disk>"
		passedIf = "<interface type='hostdev'><source><address type='pci' domain='0x0000' bus='0x02' slot='0x00'/></source>" +
			"<address type='pci' bus='0x01' slot='0x00'/></interface>"
		onBus0 = "<interface type='hostdev'><source><address type='pci' domain='0x0000' bus='0x00' slot='0x1f'/></source>" +
			"<address type='pci' bus='0x00' slot='0x05'/></interface>"
	)
	for name, c := range map[string]struct {
		machine, devices string
		ports            int
		plugs            HotPlug
	}{
		"q35":                        {q35, root + port1 + port2, 2, PlugsIn},
		"q35 with a disk":            {q35, root + port1 + port2 + disk, 1, PlugsIn},
		"q35 with a host's device":   {q35, root + port1 + port2 + passedIf, 1, PlugsIn},
		"q35, a port without":        {q35, root + port1 + fixed2, 1, PlugsIn},
		"pc":                         {pc, bus0, 29, PlugsIn},
		"pc with a host's device":    {pc, bus0 + onBus0, 28, PlugsIn},
		"pc without hot-plug":        {pc, fixed0, 0, PlugsNever},
		"pc with a bridge":           {pc, bus0 + bridge, 28 + 31, PlugsIn},
		"pc with a bridge that does": {pc, fixed0 + bridge, 31, PlugsIn},
	} {
		d, err := ParseDefinition("<domain type='kvm' id='1'><name>guest</name>" + c.machine + "<devices>" + c.devices + "</devices></domain>")
		if err != nil {
			t.Fatal(err)
		}
		if ports, known := d.FreePorts(); ports != c.ports || !known {
			t.Errorf("%s: %d ports, known %v, want %d", name, ports, known, c.ports)
		}
		if got := d.HotPlug("virtio"); got != c.plugs {
			t.Errorf("%s: plugs %v, want %v", name, got, c.plugs)
		}
	}
}
