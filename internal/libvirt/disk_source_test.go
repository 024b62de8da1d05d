package libvirt

import (
	"strings"
	"testing"
)

const (
	imageXML = `<source protocol='rbd' name='vms/one'><host name='192.0.2.1'/></source>`
	belowXML = `<backingStore type='network'><format type='raw'/>` + imageXML + `<backingStore/></backingStore>`
)

// What a disk reads, what that hangs on, and whether the guest sees all of it.
func TestSourcesOfDisks(t *testing.T) {
	for name, c := range map[string]struct {
		kind, inner string
		reads       string
		below       string
		whole       bool
	}{
		"image":           {"network", imageXML, "rbd source vms/one", "", true},
		"chain that ends": {"network", imageXML + "<backingStore/>", "rbd source vms/one", "", true},
		"no format":       {"network", "<driver name='qemu'/>" + imageXML, "rbd source vms/one", "", true},
		"other network":   {"network", "<source protocol='nbd'><host name='192.0.2.1'/></source>", "nbd source", "", true},
		"file":            {"file", "<source file='/v/o.img'/>", "file /v/o.img", "", true},
		"block device":    {"block", "<source dev='/dev/sdx'/>", "block device /dev/sdx", "", true},
		"volume":          {"volume", "<source pool='images' volume='one'/>", "volume images/one", "", true},
		"PCI": {
			"nvme", "<source type='pci' namespace='1'><address domain='0' bus='1' slot='0' function='0'/></source>",
			"a source of another kind", "", true,
		},
		"folder":                 {"dir", "<source dir='/v'/>", "a source of another kind", "", true},
		"ejected":                {"file", "", "an empty drive", "", true},
		"ejected from a network": {"network", "", "an empty drive", "", true},
		"ejected from a device":  {"block", "", "an empty drive", "", true},
		"overlay": {
			"file", "<driver type='qcow2'/><source file='/v/o.img'/>" + belowXML, "file /v/o.img", "rbd source vms/one", false,
		},
		"overlay on a block device": {
			"block", "<driver type='qcow2'/><source dev='/dev/sdx'/>" + belowXML, "block device /dev/sdx", "rbd source vms/one", false,
		},
		"overlay on an overlay": {
			"file", "<driver type='qcow2'/><source file='/v/o.img'/><backingStore type='file'><format type='qcow2'/><source file='/v/p.img'/>" +
				belowXML + "</backingStore>",
			"file /v/o.img", "file /v/p.img, rbd source vms/one", false,
		},
		"raw on another image": {
			"network", "<driver type='raw'/>" + strings.Replace(imageXML, "one", "two", 1) + belowXML, "rbd source vms/two",
			"rbd source vms/one", false,
		},
		"format": {"network", "<driver type='qcow2'/>" + imageXML, "rbd source vms/one", "", false},
		"encrypted": {
			"network", strings.Replace(imageXML, "</", "<encryption format='luks' engine='qemu'/></", 1), "rbd source vms/one", "", false,
		},
		"encrypted, as of old": {"network", imageXML + "<encryption format='luks'/>", "rbd source vms/one", "", false},
		"slice": {
			"network", strings.Replace(imageXML, "</", "<slices><slice type='storage' offset='0' size='512'/></slices></", 1), "rbd source vms/one",
			"", false,
		},
	} {
		disk := definitionOf(t, "<disk type='"+c.kind+"' device='disk'>"+c.inner+"<target dev='vdb'/></disk>").Disks[0]
		var chain []string
		for _, d := range disk.backing() {
			chain = append(chain, d.DescribeSource())
		}
		if got := disk.DescribeSource(); got != c.reads || disk.EmptyDrive() != strings.HasPrefix(name, "ejected") {
			t.Errorf("%s: reads %s", name, got)
		}
		if got := strings.Join(chain, ", "); got != c.below {
			t.Errorf("%s: hangs on %s", name, got)
		}
		if got := disk.ShowsWholeImage(); got != c.whole {
			t.Errorf("%s: whole %v", name, got)
		}
	}
}
