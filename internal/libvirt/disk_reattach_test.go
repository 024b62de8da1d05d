package libvirt

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

const procAttachFlags = 160

// What became of a disk that was to be attached again is told step by step, also where the operation has ended by then.
func TestHowFarAReattachCame(t *testing.T) {
	fits := func(int) ([]byte, uint32, bool) { return nil, 0, true }
	never := func(int) ([]byte, uint32, bool) { return nil, uint32(rpc.ErrXMLError), true }
	first := func(call int) ([]byte, uint32, bool) {
		if call == 1 {
			return nil, uint32(rpc.ErrXMLError), true
		}
		return nil, 0, true
	}
	for name, c := range map[string]struct {
		attach   func(int) ([]byte, uint32, bool)
		keeps    bool // the guest keeps the disk
		ends     bool // the operation ends while the guest gives the disk up
		silent   bool // the attach gets no answer
		released error
		step     Reattached
		attached int
		words    []string
	}{
		"done":         {attach: fits, step: ReattachDone, attached: 1},
		"Ctrl-C":       {attach: fits, ends: true, step: ReattachDone, attached: 1},
		"the guest":    {attach: fits, keeps: true, step: ReattachAsked, words: []string{"did not let go", "with the former ones"}},
		"put back":     {attach: first, step: ReattachPutBack, attached: 2, words: []string{"attached again with its former settings"}},
		"not put back": {attach: never, step: ReattachDetached, attached: 2, words: []string{"neither with its new settings", "lacks the disk"}},
		"no answer": {
			attach: func(int) ([]byte, uint32, bool) { return nil, 0, false }, silent: true, step: ReattachDetached, attached: 1,
			words: []string{"isn't known whether it was attached again"},
		},
		"open elsewhere": {
			attach: fits, released: errors.New("somebody has it"), step: ReattachDetached,
			words: []string{"not attached again", "The next apply attaches it", "somebody has it"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newFakeDaemon(t)
			withDisk(t, d)
			ctx, end := context.WithCancel(t.Context())
			defer end()
			disk := diskFrom(t)
			element := expect.Value(disk.Element())(t)
			var gone atomic.Bool
			d.on(procDetachAlias, func(int) ([]byte, uint32, bool) {
				if c.keeps {
					return nil, 0, true
				}
				gone.Store(true)
				return nil, uint32(rpc.ErrDeviceMissing), true
			})
			d.on(procDomainXML, func(int) ([]byte, uint32, bool) {
				devices := element
				if gone.Load() {
					devices = ""
				}
				return xdrString("<domain type='qemu' id='1'><name>guest</name><devices>" + devices + "</devices></domain>"), 0, true
			})
			d.on(procAttachFlags, c.attach)
			wanted := disk
			wanted.Cache = "writeback"
			limit := time.Minute
			if c.keeps {
				limit = 50 * time.Millisecond
			}
			config := Config{URI: d.uri()}
			if c.silent {
				config.OperationTimeout = 2 * time.Second // also of the calls before, which are answered
			}
			step, err := host(t, config).ReattachDisk(ctx, Domain{UUID: fakeHostUUID, Name: "guest"}, Reattach{
				Live: disk, Wanted: wanted, Chosen: true, DetachLimit: limit, Released: func(context.Context) error {
					if c.ends {
						end()
					}
					return c.released
				},
			})
			if step != c.step || d.called(procAttachFlags) != c.attached || (err == nil) != (len(c.words) == 0) {
				t.Errorf("step %d after %d attaches, want %d after %d: %v", step, d.called(procAttachFlags), c.step, c.attached, err)
			}
			for _, words := range c.words {
				if err == nil || !strings.Contains(err.Error(), words) {
					t.Errorf("%q is missing in %v", words, err)
				}
			}
		})
	}
}

// runningDomain is a running domain with this in its definition.
func runningDomain(t *testing.T, inner string) Domain {
	t.Helper()
	live := expect.Value(ParseDefinition("<domain type='kvm' id='1'><name>guest</name>" + inner + "</domain>"))(t)
	return Domain{Name: "guest", UUID: fakeHostUUID, Active: true, Live: live}
}

// A disk that can't be plugged in, that isn't ours any more, or that the guest runs from stays in the running domain.
func TestWhatHindersAReattach(t *testing.T) {
	const os = "<os><type arch='x86_64' machine='q35'>hvm</type>"
	data := strings.Replace(strings.Replace(diskXML, "<boot order='2'/>", "", 1), "vdb", "vdy", 1)
	root := strings.NewReplacer("vdb", "vda", "ua-ceph-1", "ua-root", "vms/one", "vms/root", "<boot order='2'/>", "").Replace(diskXML)
	acpi := "<features><acpi/></features>"
	ordered := func(disk, place string) string {
		return strings.Replace(disk, "<serial>", "<boot order='"+place+"'/><serial>", 1)
	}
	encrypted := func(how string) string {
		return strings.Replace(data, "</source>", "<encryption "+how+"/></source>", 1)
	}
	for name, c := range map[string]struct {
		domain, disk, words string
	}{
		"nothing":            {os + "</os>" + acpi, root + data, ""},
		"sata":               {os + "</os>" + acpi, root + strings.Replace(data, "bus='virtio'", "bus='sata'", 1), `no hot-plug on bus "sata"`},
		"no ACPI":            {"<os><type arch='x86_64' machine='pc'>hvm</type></os>", root + data, "<acpi/>"},
		"another image":      {os + "</os>" + acpi, root + strings.Replace(data, "vms/one", "vms/two", 1), "another source"},
		"LUKS by librbd":     {os + "</os>" + acpi, root + encrypted("format='luks2' engine='librbd'"), "librbd"},
		"LUKS by QEMU":       {os + "</os>" + acpi, root + encrypted("format='luks' engine='qemu'"), ""},
		"the first disk":     {os + "<boot dev='hd'/></os>" + acpi, data + root, "booted from it"},
		"first in the order": {os + "</os>" + acpi, root + ordered(data, "1"), "booted from it"},
		"second in the order": {
			os + "</os>" + acpi,
			ordered(root, "1") + ordered(data, "3"), "",
		},
		"a kernel of its own": {os + "<kernel>/vmlinuz</kernel></os>" + acpi, data, ""},
	} {
		domain := runningDomain(t, c.domain+"<devices>"+c.disk+"</devices>")
		managed := ManagedDisk{Alias: "ua-ceph-1", Target: "vdy", Sources: []string{"vms/one"}}
		got := domain.HindersReattach(managed, managed.Find(domain))
		if !strings.Contains(got, c.words) || (got == "") != (c.words == "") {
			t.Errorf("%s: %q, want %q", name, got, c.words)
		}
	}
}

// What the running domain lacks, or another device has, is refused before the guest loses its disk.
func TestSettingsThatCouldNotBeAttachedAgain(t *testing.T) {
	other := `<interface type='user'><boot order='4'/><alias name='net0'/><address type='pci' domain='0x0000' bus='0x09' slot='0x00'` +
		` function='0x0'/></interface>`
	domain := runningDomain(t, "<iothreads>2</iothreads><iothreadids><iothread id='5'/></iothreadids><devices>"+diskXML+other+"</devices>")
	live := *domain.Live.DiskByTarget("vdb")
	at := func(bus uint) *Address { return &Address{AddressPCI, []uint{0, bus, 0, 0}} }
	for name, c := range map[string]struct {
		change   func(*Disk)
		chosen   bool
		argument string
	}{
		"nothing":               {func(*Disk) {}, true, ""},
		"a thread by number":    {func(d *Disk) { d.IOThread = 5 }, false, ""},
		"a thread by count":     {func(d *Disk) { d.IOThread = 1 }, false, ""},
		"no such thread":        {func(d *Disk) { d.IOThread = 2 }, false, "iothread"},
		"a place of another":    {func(d *Disk) { d.BootOrder = 4 }, false, "boot_order"},
		"a free place":          {func(d *Disk) { d.BootOrder = 3 }, false, ""},
		"an address of another": {func(d *Disk) { d.Address = at(9) }, true, "address"},
		"one that nobody chose": {func(d *Disk) { d.Address = at(9) }, false, ""},
		"a free address":        {func(d *Disk) { d.Address = at(8) }, true, ""},
		"its own, spelled anew": {func(d *Disk) { d.Address = at(1) }, true, ""},
	} {
		wanted := live
		c.change(&wanted)
		err := (&Host{}).RefuseReattach(domain, live, wanted, c.chosen)
		if got := problem.Argument(err); got != c.argument || (err != nil) != (c.argument != "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	novel := *runningDomain(t, "<devices>"+strings.Replace(diskXML, "<serial>", "<novelty/><serial>", 1)+"</devices>").Live.DiskByTarget("vdb")
	expect.Problem(t, (&Host{}).RefuseReattach(domain, novel, novel, false), problem.Refused, "novelty")
}
