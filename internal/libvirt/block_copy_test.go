package libvirt

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Procedures of libvirt's remote protocol.
const (
	procBlockJobAbort = 237
	procBlockJobInfo  = 238
	procBlockCopy     = 345
)

// copying is the disk of diskXML while it is copied to another image, and movedXML after it has gone over.
func copying(ready string) string {
	return strings.Replace(diskXML, "<target", "<mirror type='network' job='copy'"+ready+"><format type='raw'/><source protocol='rbd'"+
		" name='fast/one'><host name='192.0.2.9'/></source></mirror><target", 1)
}

func movedXML() string { return strings.Replace(diskXML, "vms/one", "fast/one", 1) }

// A disk whose content can't be copied is named with the reason, and with what to do instead.
func TestRefuseCopy(t *testing.T) {
	with := func(old, changed string) string { return strings.Replace(diskXML, old, changed, 1) }
	for name, c := range map[string]struct {
		disk   string
		active bool
		words  string
	}{
		"as we attach them": {diskXML, true, ""},
		"shut off":          {diskXML, false, "Its domain is shut off"},
		"missing":           {"", true, "The running guest doesn't have the disk"},
		"read-only":         {with("<serial>", "<readonly/><serial>"), true, "The guest only reads it"},
		"snapshot":          {with("<host ", "<snapshot name='s'/><host "), true, "The guest only reads it"},
		"CD-ROM":            {with("device='disk'", "device='cdrom'"), true, "The guest only reads it"},
		"shareable":         {with("<serial>", "<shareable/><serial>"), true, "It is shareable"},
		"encrypted":         {with("</source>", "<encryption format='luks2' engine='librbd'/></source>"), true, "It is encrypted"},
		"slice":             {with("</source>", "<slices><slice type='storage' offset='0' size='4096'/></slices></source>"), true, "a slice"},
		"format":            {with("type='raw'", "type='qcow2'"), true, "a format"},
	} {
		t.Run(name, func(t *testing.T) {
			where := Placement{Host: host(t, Config{Label: "kvm1", URI: "qemu:///system"}), Domain: Domain{Name: "guest", Active: c.active}}
			var found Disks
			disk := definitionOf(t, cmp.Or(c.disk, diskXML)).DiskByTarget("vdb")
			if found.Saved = disk; c.active && c.disk != "" {
				found.Live = disk
			}
			err := where.RefuseCopy("vdb", found)
			if c.words == "" {
				expect.NoError(t, err)
				return
			}
			expect.Problem(t, err, problem.Refused, c.words, "vdb", "guest", "kvm1")
			if problem.Argument(err) != "on_source_change" {
				t.Errorf("the argument at fault is %q", problem.Argument(err))
			}
		})
	}
}

// A copy under way is read from the definition, with the image that it fills; another job on the disk is none.
func TestBlockCopyUnderWay(t *testing.T) {
	for ready, want := range map[string]bool{"": false, " ready='yes'": true, " ready='abort'": false} {
		under := definitionOf(t, copying(ready)).DiskByTarget("vdb").BlockCopy()
		if under == nil || under.Ready != want || under.To.Source() != "fast/one" ||
			!slices.Equal(under.To.Monitors, []Monitor{{Host: "192.0.2.9"}}) {
			t.Errorf("%q is read as %+v", ready, under)
		}
	}
	commit := strings.Replace(copying(""), "job='copy'", "job='active-commit'", 1)
	for _, text := range []string{diskXML, commit} {
		if under := definitionOf(t, text).DiskByTarget("vdb").BlockCopy(); under != nil {
			t.Errorf("%s is read as a copy: %+v", text, under)
		}
	}
}

// copyDaemon is a daemon with a running domain whose disk is as each of these in turn, the last one from then on; "" is a domain that is
// shut off.
func copyDaemon(t *testing.T, disks ...string) (*fakeDaemon, *Host) {
	t.Helper()
	d := newFakeDaemon(t)
	withDisk(t, d)
	d.on(procDomainPersistent, func(int) ([]byte, uint32, bool) { return xdrWord(0), 0, true })
	d.on(procDomainXML, func(call int) ([]byte, uint32, bool) {
		disk, id := disks[min(call, len(disks))-1], " id='1'"
		if disk == "" {
			id = ""
		}
		return xdrString("<domain type='qemu'" + id + "><name>guest</name><devices>" + disk + "</devices></domain>"), 0, true
	})
	d.on(procBlockJobInfo, func(int) ([]byte, uint32, bool) {
		return slices.Concat(xdrWord(1), xdrWord(2), xdrWord(0), xdrWord(0), xdrWord(0), xdrWord(3<<20), xdrWord(0), xdrWord(4<<20)), 0, true
	})
	return d, host(t, Config{URI: d.uri()})
}

// A copy is waited for until it is ready; each other end of it is told.
func TestAwaitBlockCopy(t *testing.T) {
	disk, destination := diskFrom(t), *definitionOf(t, movedXML()).DiskByTarget("vdb")
	for name, c := range map[string]struct {
		disks []string
		words []string // none where it is ready
	}{
		"ready":         {[]string{copying(""), copying(""), copying(" ready='yes'")}, nil},
		"given up":      {[]string{copying(""), diskXML}, []string{"QEMU gave it up", "goes on with the former image"}},
		"shut off":      {[]string{copying(""), ""}, []string{"shut off meanwhile"}},
		"another image": {[]string{copying(""), strings.Replace(diskXML, "vms/one", "vms/two", 1)}, []string{"vms/two"}},
		"same name": {
			[]string{copying(""), strings.Replace(diskXML, "192.0.2.1'", "192.0.2.9'", 1)}, []string{"vms/one of other monitors now"},
		},
		"not ready in 1s": {[]string{copying("")}, []string{"timeouts.update", "75 % of 4 MiB are copied", "virsh blockjob guest vdb --abort"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, h := copyDaemon(t, c.disks...)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if strings.HasPrefix(name, "not") {
				ctx, cancel = context.WithTimeout(t.Context(), time.Second)
			}
			defer cancel()
			err := h.AwaitBlockCopy(ctx, fakeHostUUID, disk, destination)
			if len(c.words) == 0 {
				expect.NoError(t, err)
				return
			}
			for _, words := range c.words {
				if err == nil || !strings.Contains(err.Error(), words) {
					t.Errorf("%q isn't told: %v", words, err)
				}
			}
		})
	}
}

// Whether the guest has gone over is decided by the definition, also where the answer is lost or is an error.
func TestPivotBlockCopy(t *testing.T) {
	disk, destination := diskFrom(t), *definitionOf(t, movedXML()).DiskByTarget("vdb")
	// On another cluster, by the same name.
	elsewhereXML := strings.Replace(diskXML, "192.0.2.1'", "192.0.2.9'", 1)
	elsewhere := *definitionOf(t, elsewhereXML).DiskByTarget("vdb")
	for name, c := range map[string]struct {
		to    *Disk // as of movedXML where none is given
		after string
		lost  bool
		code  uint32
		fails bool
	}{
		"same name, gone over":         {to: &elsewhere, after: elsewhereXML},
		"same name, error, but over":   {to: &elsewhere, after: elsewhereXML, code: 1},
		"same name, error":             {to: &elsewhere, after: diskXML, code: 8, fails: true},
		"same name, lost":              {to: &elsewhere, after: diskXML, lost: true, fails: true},
		"same name, success, not over": {to: &elsewhere, after: diskXML, fails: true},
		"nothing differs, error":       {to: &disk, after: diskXML, code: 8, fails: true},
		"gone over":                    {after: movedXML()},
		"answer lost":                  {after: movedXML(), lost: true},
		"error, but over":              {after: movedXML(), code: 1},
		"error":                        {after: copying(" ready='yes'"), code: 1, fails: true},
		"lost, and not over":           {after: copying(" ready='yes'"), lost: true, fails: true},
		"success, not over":            {after: diskXML, fails: true},
		"success, shut off":            {after: "", fails: true},
		"over, copied onward":          {after: strings.Replace(copying(""), "vms/one", "fast/one", 1), fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, h := copyDaemon(t, c.after)
			d.on(procBlockJobAbort, func(int) ([]byte, uint32, bool) {
				if c.lost {
					d.dropAll()
				}
				return nil, c.code, !c.lost
			})
			if err := h.PivotBlockCopy(t.Context(), fakeHostUUID, disk, *cmp.Or(c.to, &destination)); (err != nil) != c.fails {
				t.Error(err)
			}
			if d.called(procBlockJobAbort) != 1 {
				t.Errorf("asked %d times", d.called(procBlockJobAbort))
			}
		})
	}
}

// A copy of a disk that reads another image by now is not begun.
func TestStartBlockCopyOfAnotherImage(t *testing.T) {
	d, h := copyDaemon(t, movedXML())
	expect.Problem(t, h.StartBlockCopy(t.Context(), fakeHostUUID, diskFrom(t), Disk{Pool: "fast", Image: "one"}), problem.Refused, "fast/one")
	if d.called(procBlockCopy) != 0 {
		t.Error("the copy was begun")
	}
}
