//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// settingsDisk is one resource of a fixture, and the settings that are tried on it.
type settingsDisk struct {
	label, target string
	image         string
	bytes         int64
	settings      []setting
}

// settingsFixture is a running guest on kvm1 with a disk for each group of settings, all of one configuration.
type settingsFixture struct {
	t     *testing.T
	name  string
	g     *testbed.Guest
	w     *acctest.Workspace
	disks []settingsDisk
}

// newSettingsFixture starts a guest whose disks can have every setting.
func newSettingsFixture(t *testing.T, name string, transient bool) *settingsFixture {
	t.Helper()
	image(t, "east", name+"-hand", "8M")
	g, _ := runningWithSCSI(t, name, transient, func(doc *acctest.Domain) {
		bootByDevice(t, doc, name+"-hand")
		doc.IOThreads = 2
	})
	b := &settingsFixture{t: t, name: name, g: g, disks: []settingsDisk{
		{label: "virtio", target: "vdb", image: name, bytes: 16 << 20, settings: append(settingAttributes(t), accessAttributes(t)...)},
		{label: "scsi", target: "sda", image: name + "-scsi", bytes: 24 << 20, settings: scsiAttributes()},
	}}
	for _, d := range b.disks {
		image(t, "east", d.image, fmt.Sprintf("%dM", d.bytes>>20))
	}
	b.w = acctest.NewWorkspaceOf(t, source+acctest.Provider(t))
	return b
}

// first, second and removed return the value that a setting has in the configuration, seenFirst, seenSecond and seenRemoved what virsh then
// shows.
func first(s setting) string { return s.First }

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

func isAtOnce(s setting) bool { return s.Name == "iotune" }
func isLater(s setting) bool  { return !isAtOnce(s) }

// atOnce takes the value now of settings that a running guest takes at once, and later of all others.
func atOnce(now, later func(setting) string) func(setting) string {
	return func(s setting) string {
		if isAtOnce(s) {
			return now(s)
		}
		return later(s)
	}
}

// write writes the configuration with these values, and what else stands in it.
func (b *settingsFixture) write(value func(setting) string, more ...string) {
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

// imports returns an import block for each disk.
func (b *settingsFixture) imports() string {
	var text strings.Builder
	for _, d := range b.disks {
		fmt.Fprintf(&text, "import {\n  provider = ceph\n  to = %s.%s\n  id = \"kvm1/%s/%s\"\n}\n", diskType, d.label, b.name, d.target)
	}
	return text.String()
}

// byHand changes a disk of the saved definition with `virsh update-device --config`.
func (b *settingsFixture) byHand(d settingsDisk, change func(*acctest.Disk)) {
	b.t.Helper()
	disk := diskOf(b.t, "kvm1", b.name, d.target, true)
	change(disk)
	acctest.VirshIn(b.t, "kvm1", acctest.XML(b.t, disk), "update-device", b.name, "/dev/stdin", "--config")
}

// expect compares every setting with what virsh shows.
func (b *settingsFixture) expect(when string, saved bool, want func(setting) string) {
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
func (b *settingsFixture) expectState(when, attribute string, want any) {
	b.t.Helper()
	for _, d := range b.disks {
		if got := stateOf(b.t, b.w, d.label)[attribute]; got != want {
			b.t.Errorf("%s: %s of %s is %v in the state, want %v", when, attribute, d.label, got, want)
		}
	}
}

// expectGuest compares what the guest sees of the settings: the serial of the first disk, and the World Wide Name and the read-only flag
// of the second.
func (b *settingsFixture) expectGuest(when, serial, wwn, readOnly string) {
	b.t.Helper()
	if got := b.inGuest(b.disks[0].bytes, "serial"); got != serial {
		b.t.Errorf("%s: the guest sees the serial %q, want %q", when, got, serial)
	}
	if got := b.inGuest(b.disks[1].bytes, "device/wwid"); !strings.HasSuffix(got, wwn) || wwn == "" && strings.HasPrefix(got, "naa.") {
		b.t.Errorf("%s: the guest sees the wwid %q, want %q", when, got, wwn)
	}
	if got := b.inGuest(b.disks[1].bytes, "ro"); got != readOnly {
		b.t.Errorf("%s: the guest sees read-only %q, want %q", when, got, readOnly)
	}
}

const (
	warnsAtOnce = "Changed at once, in the running guest: "
	warnsLater  = "Changed in the saved definition, and in the guest when the domain is next started (a reboot inside the guest is" +
		" not enough): "
)

// expectWarnings compares which settings the operator is warned of, for each disk.
func (b *settingsFixture) expectWarnings(when string, got outcome, changes func(setting) bool) {
	b.t.Helper()
	for _, d := range b.disks {
		now := names(d.settings, func(s setting) bool { return isAtOnce(s) && changes(s) })
		later := names(d.settings, func(s setting) bool { return isLater(s) && changes(s) })
		text := strings.Join(got.texts(d.label, "warning"), "\n")
		if told := listed(text, warnsAtOnce); !slices.Equal(told, now) {
			b.t.Errorf("%s: %s: told to be changed at once: %v, want %v", when, d.label, told, now)
		}
		if told := listed(text, warnsLater); !slices.Equal(told, later) {
			b.t.Errorf("%s: %s: told to be changed later: %v, want %v\n%s", when, d.label, told, later, text)
		}
	}
}

// live returns what virsh shows of the running guest's disks, without limits.
func (b *settingsFixture) live() string {
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

// openers returns the clients that have the images open. They stay the same while QEMU keeps the images open.
func (b *settingsFixture) openers() string {
	b.t.Helper()
	var list []string
	for _, d := range b.disks {
		clients := watcherClient.FindAllString(acctest.RBD(b.t, "east", "status", pool+"/"+d.image), -1)
		slices.Sort(clients)
		list = append(list, d.image+" "+strings.Join(slices.Compact(clients), " "))
	}
	return strings.Join(list, ", ")
}

// inGuest finds a disk in the guest by its size, and returns a file of the guest's kernel about it, empty where there is none.
func (b *settingsFixture) inGuest(bytes int64, file string) string {
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

// record notes in the table of coverage that all steps of the settings have passed, and of the attributes that depend on them.
func (b *settingsFixture) record(mark acctest.Mark) {
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

// names returns the names of the wanted settings, sorted.
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
