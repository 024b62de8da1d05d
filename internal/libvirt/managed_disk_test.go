package libvirt

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const testDomain = "1a2b3c4d-0000-4000-8000-000000000001"

// A managed disk is found by its alias, an imported one by target and source, and a disk of anybody else never.
func TestOurs(t *testing.T) {
	const source = "vms/one"
	for name, c := range map[string]struct {
		alias, source string
		ours          ManagedDisk
		found         bool
	}{
		"by alias":                 {OwnAlias(testDomain, "vdb"), "vms/changed", ManagedDisk{}, true},
		"by the recorded alias":    {"ua-terraform-vdb-01234567", source, ManagedDisk{Alias: "ua-terraform-vdb-01234567"}, true},
		"no alias, same source":    {"virtio-disk1", source, ManagedDisk{}, false},
		"imported":                 {"virtio-disk1", source, ManagedDisk{Imported: true}, true},
		"imported, other source":   {"virtio-disk1", "vms/theirs", ManagedDisk{Imported: true}, false},
		"imported, renamed source": {"virtio-disk1", "vms/old", ManagedDisk{Imported: true, Sources: []string{"vms/old"}}, true},
		"another domain's alias":   {OwnAlias("another", "vdb"), source, ManagedDisk{Imported: true}, false},
		"imported with that alias": {OwnAlias("another", "vdb"), source, ManagedDisk{Imported: true, Alias: OwnAlias("another", "vdb")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c.ours.Target, c.ours.Sources = "vdb", append(c.ours.Sources, source)
			domain := Domain{UUID: testDomain, Saved: definitionOf(t, strings.NewReplacer("ua-ceph-1", c.alias, source, c.source).Replace(diskXML))}
			if found := c.ours.Find(domain); (found.Saved != nil) != c.found || found.Live != nil {
				t.Errorf("found %+v", found)
			}
		})
	}
}

// What a disk with our alias may read, running and saved, and whether that is ours, an exchange, and may be detached.
func TestExchangedSources(t *testing.T) {
	const (
		image   = `<disk type='network'><driver type='raw'/><source protocol='rbd' name='vms/%s'/>`
		chain   = `<backingStore type='network'><source protocol='rbd' name='vms/one'/><backingStore/></backingStore>`
		file    = `<disk type='file'><driver type='raw'/><source file='/v/o.img'/>`
		overlay = `<disk type='file'><driver type='qcow2'/><source file='/v/o.img'/>` + chain
		empty   = `<disk type='file' device='cdrom'>`
	)
	named := func(name string) string { return fmt.Sprintf(image, name) }
	qcow2 := func(text string) string { return strings.Replace(text, "raw", "qcow2", 1) }
	readOnly, cdrom := named("one")+"<readonly/>", strings.Replace(named("one"), "network'", "network' device='cdrom'", 1)
	managed := ManagedDisk{Sources: []string{"vms/one", "vms/former", "vms/applied"}}
	for name, c := range map[string]struct {
		saved, live               string
		exchanged, foreign, tells bool
	}{
		"ours":                            {named("one"), named("one"), false, false, true},
		"ours, shut off":                  {named("one"), "", false, false, false},
		"ours, transient":                 {"", named("one"), false, false, true},
		"renamed":                         {named("one"), named("former"), false, false, true},
		"saved by hand, seen by refresh":  {named("one"), named("applied"), false, false, true},
		"qcow2 in our image":              {qcow2(named("one")), qcow2(named("one")), false, false, false},
		"only read":                       {readOnly, readOnly, false, false, false},
		"a CD-ROM":                        {cdrom, cdrom, false, false, false},
		"another image runs":              {named("one"), named("other"), false, true, false},
		"another image is saved":          {named("other"), named("one"), false, true, true},
		"overlay":                         {overlay, overlay, true, true, false},
		"overlay, shut off":               {overlay, "", true, true, false},
		"overlay, transient":              {"", overlay, true, true, false},
		"overlay in another image":        {qcow2(named("other")) + chain, qcow2(named("other")) + chain, true, true, false},
		"overlay that is only running":    {named("one"), overlay, true, true, false},
		"file":                            {file, file, true, true, false},
		"file that is only saved":         {file, named("one"), true, true, true},
		"block device":                    {`<disk type='block'><source dev='/dev/sdx'/>`, "", true, true, false},
		"another protocol":                {`<disk type='network'><source protocol='nbd' name='vms/one'/>`, "", true, true, false},
		"ejected":                         {empty, empty, true, false, false},
		"ejected from the running domain": {named("one"), empty, true, false, false},
	} {
		parsed := func(text string) *Disk {
			if text == "" {
				return nil
			}
			return &definitionOf(t, text+"<target dev='vdb'/></disk>").Disks[0]
		}
		found := Disks{Saved: parsed(c.saved), Live: parsed(c.live)}
		if got := managed.ExchangedIn(found) != nil; got != c.exchanged {
			t.Errorf("%s: exchanged: %v", name, got)
		}
		if got := managed.foreignIn(found) != nil; got != c.foreign {
			t.Errorf("%s: foreign: %v", name, got)
		}
		if got := managed.TellsSize(found); got != c.tells {
			t.Errorf("%s: tells the size: %v", name, got)
		}
	}
}

func TestPendingRestart(t *testing.T) {
	saved, live := diskFrom(t), diskFrom(t, "<total_iops_sec>100<", "<total_iops_sec>5<", "192.0.2.1", "192.0.2.7")
	d := Disks{Saved: &saved, Live: &live}
	if d.PendingRestart() || !d.MonitorsStale() {
		t.Errorf("pending %v, stale %v", d.PendingRestart(), d.MonitorsStale())
	}
	live.Serial = "other"
	if !d.PendingRestart() {
		t.Error("another serial waits for no restart")
	}
}

// libvirt writes cache="none" into the running domain where guests share a disk without a cache, and leaves the saved definition as it is.
func TestUnsetCacheOfASharedDisk(t *testing.T) {
	const unset, none = "", "cache='none'"
	const shared, reads = "<shareable/><serial>", "<shareable/><readonly/><serial>"
	with := func(flags, cache string) Disk { return diskFrom(t, "<serial>", flags, "cache='none'", cache) }
	for name, c := range map[string]struct {
		saved, live Disk
		same        bool
	}{
		"shared, as libvirt starts it":  {with(shared, unset), with(shared, none), true},
		"shared, the other way round":   {with(shared, none), with(shared, unset), true},
		"shared, another cache":         {with(shared, unset), with(shared, "cache='directsync'"), false},
		"shared, read-only":             {with(reads, unset), with(reads, none), false},
		"not shared":                    {with("<serial>", unset), with("<serial>", none), false},
		"not shared any more":           {with("<serial>", unset), with(shared, none), false},
		"shared from now on, with none": {with(shared, none), with("<serial>", unset), false},
	} {
		differs := slices.Contains(DiffDisks(c.saved, c.live, nil), "cache")
		if differs == c.same || c.same && (Disks{Saved: &c.saved, Live: &c.live}).PendingRestart() {
			t.Errorf("%s: differs: %v", name, differs)
		}
	}
}
