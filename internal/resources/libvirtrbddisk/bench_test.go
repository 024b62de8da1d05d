//go:build cgo

package libvirtrbddisk_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// benchDisk is one resource of a bench, and the settings that are tried on it.
type benchDisk struct {
	label, target string
	image         string
	bytes         int64
	settings      []setting
}

// bench is a running guest on kvm1 with a disk for each group of settings, all of one configuration.
type bench struct {
	t     *testing.T
	name  string
	g     *testbed.Guest
	w     *acctest.Workspace
	disks []benchDisk
}

// benchGuest starts a guest whose disks can be on bus scsi too. A transient one has lost its saved definition since. It returns
// that definition as well.
func benchGuest(t *testing.T, name string, transient bool, change func(*acctest.Domain)) (*testbed.Guest, string) {
	t.Helper()
	g := guest(t, "kvm1", testbed.GuestOptions{Name: name, SCSI: true})
	doc := definition(t, "kvm1", name, true)
	change(doc)
	define(t, doc)
	text := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive")
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if transient {
		acctest.Virsh(t, "kvm1", "undefine", name)
	}
	return g, text
}

// newBench starts a guest whose disks can have every setting.
func newBench(t *testing.T, name string, transient bool) *bench {
	t.Helper()
	image(t, "east", name+"-hand", "8M")
	g, _ := benchGuest(t, name, transient, func(doc *acctest.Domain) {
		bootByDevice(t, doc, name+"-hand")
		doc.IOThreads = 2
	})
	b := &bench{t: t, name: name, g: g, disks: []benchDisk{
		{label: "virtio", target: "vdb", image: name, bytes: 16 << 20, settings: append(settingAttributes(t), accessAttributes(t)...)},
		{label: "scsi", target: "sda", image: name + "-scsi", bytes: 24 << 20, settings: scsiAttributes()},
	}}
	for _, d := range b.disks {
		image(t, "east", d.image, fmt.Sprintf("%dM", d.bytes>>20))
	}
	b.w = acctest.NewWorkspaceOf(t, source+acctest.Provider(t))
	return b
}

// first, second and removed are values of settings: those of their course, and none where the argument can be left out.
func first(s setting) string  { return s.First }
func second(s setting) string { return s.Second }
func removed(s setting) string {
	if s.Required {
		return s.Second
	}
	return ""
}

func seenFirst(s setting) string  { return s.SeenFirst }
func seenSecond(s setting) string { return s.SeenSecond }
func seenRemoved(s setting) string {
	if s.Required {
		return s.SeenSecond
	}
	return s.SeenRemoved
}

// write writes the configuration with these values, and what else stands in it.
func (b *bench) write(value func(setting) string, more ...string) {
	b.t.Helper()
	text := source + acctest.Provider(b.t) + strings.Join(more, "\n")
	for _, d := range b.disks {
		var assignments []string
		for _, s := range d.settings {
			assignments = append(assignments, strings.Split(strings.TrimSpace(s.With), "\n")...)
			if v := value(s); v != "" {
				assignments = append(assignments, s.Name+" = "+v)
			}
		}
		text += strings.Replace(block(b.name, d.image, assignments...), `"test"`, fmt.Sprintf("%q", d.label), 1)
	}
	b.w.Write(b.t, text)
}

// expect compares every setting with what virsh shows.
func (b *bench) expect(when string, saved bool, want func(setting) string) {
	b.t.Helper()
	for _, d := range b.disks {
		disk := diskOf(b.t, "kvm1", b.name, d.target, saved)
		if disk == nil {
			b.t.Errorf("%s: saved=%v: no disk %s", when, saved, d.target)
			continue
		}
		for _, s := range d.settings {
			if got := s.of(disk); got != want(s) {
				b.t.Errorf("%s: saved=%v: %s is %q, want %q", when, saved, s.Name, got, want(s))
			}
		}
	}
}

// expectState compares a computed attribute of all disks.
func (b *bench) expectState(when, attribute string, want any) {
	b.t.Helper()
	for _, d := range b.disks {
		if got := stateOf(b.t, b.w, d.label)[attribute]; got != want {
			b.t.Errorf("%s: %s of %s is %v in the state, want %v", when, attribute, d.label, got, want)
		}
	}
}

// live is what virsh shows of the running guest's disks, limits aside.
func (b *bench) live() string {
	b.t.Helper()
	var text strings.Builder
	for _, d := range b.disks {
		disk := diskOf(b.t, "kvm1", b.name, d.target, false)
		disk.IOTune = nil
		text.WriteString(acctest.XML(b.t, disk))
	}
	return text.String()
}

var watcherClient = regexp.MustCompile(`client\.\d+`)

// openers are the clients that have the images open. They stay the same while QEMU keeps the images open.
func (b *bench) openers() string {
	b.t.Helper()
	var list []string
	for _, d := range b.disks {
		clients := watcherClient.FindAllString(acctest.RBD(b.t, "east", "status", pool+"/"+d.image), -1)
		slices.Sort(clients)
		list = append(list, d.image+" "+strings.Join(slices.Compact(clients), " "))
	}
	return strings.Join(list, ", ")
}

// inGuest finds a disk in the guest by its size, and tells what the guest's kernel says of it in a file: nothing
// where it has nothing to say.
func (b *bench) inGuest(bytes int64, file string) string {
	b.t.Helper()
	disk, err := b.g.WaitDisk(b.t.Context(), func(d testbed.GuestDisk) bool { return d.Bytes == bytes && d.Readable })
	if err != nil {
		b.t.Fatal(err)
	}
	text, err := b.g.Run(b.t.Context(), fmt.Sprintf("cat /sys/block/%s/%s 2>/dev/null; true", disk.Name, file))
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.TrimSpace(text)
}

// record notes for all settings, and what follows from them, that the course has ended well.
func (b *bench) record(mark acctest.Mark) {
	b.t.Helper()
	if b.t.Failed() {
		return
	}
	list := []string{"pending_restart", "monitors_stale"}
	for _, d := range b.disks {
		for _, s := range d.settings {
			list = append(list, s.Name)
		}
	}
	for _, name := range list {
		acctest.Record(b.t, diskType, name, mark)
	}
}

// names are those of all settings that the filter wants, in order.
func names(settings []setting, wanted func(setting) bool) []string {
	var list []string
	for _, s := range settings {
		if wanted(s) {
			list = append(list, s.Name)
		}
	}
	slices.Sort(list)
	return list
}

// attachAnew is what somebody does to a running guest's disk who wants it otherwise: detach it, and attach it again.
func attachAnew(t *testing.T, domain, target string, change func(*acctest.Disk)) {
	t.Helper()
	disk := diskOf(t, "kvm1", domain, target, false)
	acctest.Virsh(t, "kvm1", "detach-disk", domain, target, "--live")
	acctest.Eventually(t, "the end of disk "+target, func() bool { return diskOf(t, "kvm1", domain, target, false) == nil })
	disk.Source.Index = 0
	change(disk)
	acctest.VirshIn(t, "kvm1", acctest.XML(t, disk), "attach-device", domain, "/dev/stdin", "--live")
}

// stateOf are the attributes of a disk in the state.
func stateOf(t *testing.T, w *acctest.Workspace, label string) map[string]any {
	t.Helper()
	var state struct {
		Resources []struct {
			Type, Name string
			Instances  []struct{ Attributes map[string]any }
		}
	}
	if err := json.Unmarshal(w.State(t), &state); err != nil {
		t.Fatal(err)
	}
	for _, r := range state.Resources {
		if r.Type == diskType && r.Name == label {
			return r.Instances[0].Attributes
		}
	}
	t.Fatalf("the state has no disk %s", label)
	return nil
}

// outcome is what terraform says with -json.
type outcome struct {
	Add, Change, Import, Remove int
	diagnostics                 []diagnostic
}

type diagnostic struct{ Severity, Summary, Detail, Address string }

// texts are the diagnostics of a disk.
func (o outcome) texts(label, severity string) []string {
	texts := map[string]bool{}
	for _, d := range o.diagnostics {
		if d.Severity == severity && d.Address == diskType+"."+label {
			texts[d.Summary+"\n"+d.Detail] = true
		}
	}
	return slices.Sorted(maps.Keys(texts))
}

// listed are the names that a text lists between these words and the next full stop.
func listed(text, after string) []string {
	_, rest, found := strings.Cut(text, after)
	if !found {
		return nil
	}
	list, _, _ := strings.Cut(strings.TrimSpace(rest), ".")
	names := strings.Split(list, ", ")
	slices.Sort(names)
	return names
}

// try runs a command of terraform that speaks JSON.
func try(t *testing.T, w *acctest.Workspace, args ...string) (outcome, error) {
	t.Helper()
	text, err := w.Try(t, append(args, "-input=false", "-json")...)
	var result outcome
	for line := range strings.Lines(text) {
		var entry struct {
			Diagnostic *diagnostic
			Changes    *outcome
		}
		if json.Unmarshal([]byte(line), &entry) != nil {
			t.Fatalf("terraform %s: %s", strings.Join(args, " "), text)
		}
		if entry.Diagnostic != nil {
			result.diagnostics = append(result.diagnostics, *entry.Diagnostic)
		}
		if entry.Changes != nil {
			entry.Changes.diagnostics = result.diagnostics
			result = *entry.Changes
		}
	}
	return result, err
}

// apply applies the configuration, which must succeed.
func apply(t *testing.T, w *acctest.Workspace) outcome {
	t.Helper()
	result, err := try(t, w, "apply", "-auto-approve")
	if err != nil {
		t.Fatalf("%v: %+v", err, result.diagnostics)
	}
	return result
}

// expectChanges compares what terraform did, or planned.
func expectChanges(t *testing.T, when string, got outcome, add, change, imported, remove int) {
	t.Helper()
	got.diagnostics = nil
	if want := (outcome{Add: add, Change: change, Import: imported, Remove: remove}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: terraform counts %+v, want %+v", when, got, want)
	}
}
