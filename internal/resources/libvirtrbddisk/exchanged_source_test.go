package libvirtrbddisk

import (
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// The warning about an exchanged source says what the source is now, and how to bring the former one back.
func TestExchangedSourceExplained(t *testing.T) {
	const (
		ours    = `<disk type='network'><driver type='raw'/><source protocol='rbd' name='libvirt-pool/librbd'/>`
		former  = `<disk type='network'><driver type='raw'/><source protocol='rbd' name='libvirt-pool/former'/>`
		applied = `<disk type='network'><driver type='raw'/><source protocol='rbd' name='libvirt-pool/applied'/>`
		other   = `<disk type='network'><driver type='raw'/><source protocol='rbd' name='libvirt-pool/other'/>`
		chain   = `<backingStore type='network'><source protocol='rbd' name='libvirt-pool/librbd'/><backingStore/></backingStore>`
		file    = `<disk type='file'><driver type='raw'/><source file='/v/o.img'/>`
		overlay = `<disk type='file'><driver type='qcow2'/><source file='/v/o.img'/>` + chain
		image   = `<disk type='network'><driver type='qcow2'/><source protocol='rbd' name='libvirt-pool/other'/>` + chain
		empty   = `<disk type='file' device='cdrom'>`
	)
	m := plain()
	record := diskRecord{FormerSources: []string{"libvirt-pool/former"}, Source: "libvirt-pool/applied"}
	for name, c := range map[string]struct{ saved, live, told string }{
		"overlay":                         {overlay, overlay, "hangs on libvirt-pool/librbd"},
		"overlay, shut off":               {overlay, "", "Start the domain first"},
		"overlay, transient":              {"", overlay, "blockcommit"},
		"overlay in another image":        {image, image, "rbd source libvirt-pool/other"},
		"overlay that is only running":    {ours, overlay, "hangs on libvirt-pool/librbd"},
		"file":                            {file, file, "doesn't tell that it hangs on"},
		"file that is only saved":         {file, ours, "saved definition only"},
		"block device":                    {`<disk type='block'><source dev='/dev/sdx'/>`, "", "block device /dev/sdx"},
		"another protocol":                {`<disk type='network'><source protocol='nbd' name='x'/>`, "", "nbd source x"},
		"ejected":                         {empty, empty, "an empty drive"},
		"ejected from the running domain": {ours, empty, "an empty drive"},
	} {
		found := libvirt.Disks{Saved: begunWith(t, c.saved), Live: begunWith(t, c.live)}
		disk := m.ours(record).ExchangedIn(found)
		if disk == nil {
			t.Errorf("%s: not exchanged", name)
			continue
		}
		domain := libvirt.Domain{Name: "guest", Active: c.live != ""}
		if why, do := m.ours(record).ExplainExchange(domain, found, *disk); !strings.Contains(why+do, c.told) {
			t.Errorf("%s: %s %s", name, why, do)
		}
	}
}

// begunWith is the disk whose definition begins so; nil where there is none.
func begunWith(t *testing.T, text string) *libvirt.Disk {
	t.Helper()
	if text == "" {
		return nil
	}
	disk := parsed(t, text+"<target dev='vdb'/></disk>")
	return &disk
}

// A disk is that of another image once the guest has it, or is to start with it, whatever name a refresh has shown meanwhile.
func TestAdoptedSource(t *testing.T) {
	const (
		librbd  = `<disk type='network'><driver type='raw'/><source protocol='rbd' name='libvirt-pool/librbd'/>`
		former  = `<disk type='network'><driver type='raw'/><source protocol='rbd' name='libvirt-pool/former'/>`
		applied = `<disk type='network'><driver type='raw'/><source protocol='rbd' name='libvirt-pool/applied'/>`
		other   = `<disk type='network'><driver type='raw'/><source protocol='rbd' name='libvirt-pool/other'/>`
		overlay = `<disk type='network'><driver type='qcow2'/><source protocol='rbd' name='libvirt-pool/other'/>`
		file    = `<disk type='file'><driver type='raw'/><source file='/v/o.img'/>`
	)
	m := plain() // of librbd
	record := diskRecord{FormerSources: []string{"libvirt-pool/former"}, Source: "libvirt-pool/applied"}
	for name, c := range map[string]struct {
		saved, live     string
		active, adopted bool
	}{
		"as applied":                     {applied, applied, true, false},
		"as applied, shut off":           {applied, "", false, false},
		"renamed":                        {applied, former, true, false},
		"other":                          {other, other, true, true},
		"other, shut off":                {other, "", false, true},
		"other, transient":               {"", other, true, true},
		"as the state names it":          {librbd, librbd, true, true},
		"as the state names it, saved":   {librbd, applied, true, false},
		"other, saved":                   {other, former, true, false},
		"other, not in the guest":        {other, "", true, false},
		"overlay":                        {overlay, overlay, true, false},
		"file":                           {file, file, true, false},
		"as before the state, shut off":  {former, "", false, false},
		"as before the state, transient": {"", former, true, false},
	} {
		found := libvirt.Disks{Saved: begunWith(t, c.saved), Live: begunWith(t, c.live)}
		if adopted := m.adopts(libvirt.Domain{Active: c.active}, found, record); adopted != c.adopted {
			t.Errorf("%s: %v", name, adopted)
		}
	}
}
