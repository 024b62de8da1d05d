//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
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
	f := &settingsFixture{t: t, name: name, g: g, disks: []settingsDisk{
		{label: "virtio", target: "vdb", image: name, bytes: 16 << 20, settings: append(settingAttributes(t), accessAttributes(t)...)},
		{label: "scsi", target: "sda", image: name + "-scsi", bytes: 24 << 20, settings: scsiAttributes()},
	}}
	for _, d := range f.disks {
		image(t, "east", d.image, fmt.Sprintf("%dM", d.bytes>>20))
	}
	f.w = acctest.NewWorkspaceOf(t, source+acctest.Provider(t))
	return f
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

func seenRemoved(s setting) string { return s.AfterRemoval() }

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
func (f *settingsFixture) write(value func(setting) string, more ...string) {
	f.t.Helper()
	text := source + acctest.Provider(f.t) + strings.Join(more, "\n")
	for _, d := range f.disks {
		var assignments []string
		for _, s := range d.settings {
			assignments = append(assignments, strings.Split(strings.TrimSpace(s.With), "\n")...)
			if v := value(s); v != "" {
				assignments = append(assignments, s.Name+" = "+v)
			}
		}
		text += strings.Replace(block(f.name, d.image, assignments...), `"test"`, fmt.Sprintf("%q", d.label), 1)
	}
	f.w.Write(f.t, text)
}

// imports returns an import block for each disk.
func (f *settingsFixture) imports() string {
	var text strings.Builder
	for _, d := range f.disks {
		fmt.Fprintf(&text, "import {\n  provider = ceph\n  to = %s.%s\n  id = \"kvm1/%s/%s\"\n}\n", diskType, d.label, f.name, d.target)
	}
	return text.String()
}

// byHand changes a disk of the saved definition with `virsh update-device --config`.
func (f *settingsFixture) byHand(d settingsDisk, change func(*acctest.Disk)) {
	f.t.Helper()
	disk := diskOf(f.t, "kvm1", f.name, d.target, true)
	change(disk)
	acctest.VirshIn(f.t, "kvm1", acctest.XML(f.t, disk), "update-device", f.name, "/dev/stdin", "--config")
}

// expect compares every setting with what virsh shows.
func (f *settingsFixture) expect(when string, saved bool, want func(setting) string) {
	f.t.Helper()
	for _, d := range f.disks {
		disk := diskOf(f.t, "kvm1", f.name, d.target, saved)
		if disk == nil {
			f.t.Errorf("%s: saved=%v: no disk %s", when, saved, d.target)
			continue
		}
		for _, s := range d.settings {
			if got := s.of(disk); got != want(s) {
				f.t.Errorf("%s: saved=%v: %s is %q, want %q", when, saved, s.Name, got, want(s))
			}
		}
	}
}

// expectState compares a computed attribute of all disks.
func (f *settingsFixture) expectState(when, attribute string, want any) {
	f.t.Helper()
	for _, d := range f.disks {
		if got := stateOf(f.t, f.w, d.label)[attribute]; got != want {
			f.t.Errorf("%s: %s of %s is %v in the state, want %v", when, attribute, d.label, got, want)
		}
	}
}

// expectGuest compares what the guest sees of the settings: the serial of the first disk, and the World Wide Name and the read-only flag
// of the second.
func (f *settingsFixture) expectGuest(when, serial, wwn, readOnly string) {
	f.t.Helper()
	if got := f.inGuest(f.disks[0].bytes, "serial"); got != serial {
		f.t.Errorf("%s: the guest sees the serial %q, want %q", when, got, serial)
	}
	if got := f.inGuest(f.disks[1].bytes, "device/wwid"); !strings.HasSuffix(got, wwn) || wwn == "" && strings.HasPrefix(got, "naa.") {
		f.t.Errorf("%s: the guest sees the wwid %q, want %q", when, got, wwn)
	}
	if got := f.inGuest(f.disks[1].bytes, "ro"); got != readOnly {
		f.t.Errorf("%s: the guest sees read-only %q, want %q", when, got, readOnly)
	}
}

// expectDevice compares what the guest is told of the devices: the physical blocks of the first disk, and of the second whether it rotates
// and what it calls itself.
func (f *settingsFixture) expectDevice(when, physical, rotates, vendor, product string) {
	f.t.Helper()
	for file, c := range map[string]struct {
		disk int
		want string
	}{
		"queue/physical_block_size": {0, physical}, "queue/rotational": {1, rotates}, "device/vendor": {1, vendor}, "device/model": {1, product},
	} {
		if got := f.inGuest(f.disks[c.disk].bytes, file); got != c.want {
			f.t.Errorf("%s: the guest sees %q in %s, want %q", when, got, file, c.want)
		}
	}
}

const (
	warnsAtOnce = "Changed at once, in the running guest: "
	warnsLater  = "Changed in the saved definition, and in the guest when the domain is next started (a reboot inside the guest is" +
		" not enough): "
)

// expectWarnings compares which settings the operator is warned of, for each disk.
func (f *settingsFixture) expectWarnings(when string, got outcome, changes func(setting) bool) {
	f.t.Helper()
	for _, d := range f.disks {
		now := names(d.settings, func(s setting) bool { return isAtOnce(s) && changes(s) })
		later := names(d.settings, func(s setting) bool { return isLater(s) && changes(s) })
		text := strings.Join(got.texts(d.label, "warning"), "\n")
		if told := listed(text, warnsAtOnce); !slices.Equal(told, now) {
			f.t.Errorf("%s: %s: told to be changed at once: %v, want %v", when, d.label, told, now)
		}
		if told := listed(text, warnsLater); !slices.Equal(told, later) {
			f.t.Errorf("%s: %s: told to be changed later: %v, want %v\n%s", when, d.label, told, later, text)
		}
	}
}

// live returns what virsh shows of the running guest's disks, without limits.
func (f *settingsFixture) live() string {
	f.t.Helper()
	var text strings.Builder
	for _, d := range f.disks {
		disk := diskOf(f.t, "kvm1", f.name, d.target, false)
		disk.IOTune = nil
		text.WriteString(acctest.XML(f.t, disk))
	}
	return text.String()
}

var watcherClient = regexp.MustCompile(`client\.\d+`)

// onlyWatcher waits until an image of cluster east is open by one client, and returns it. The watch of a probe that was killed stays until
// the OSDs miss it.
func onlyWatcher(t *testing.T, image string) string {
	t.Helper()
	var clients []string
	expect.Eventually(t, "one client of image "+image, func() bool {
		clients = watcherClient.FindAllString(acctest.RBD(t, "east", "status", pool+"/"+image), -1)
		slices.Sort(clients)
		clients = slices.Compact(clients)
		return len(clients) == 1
	})
	return clients[0]
}

// openers returns the clients that have the images open. They stay the same while QEMU keeps the images open.
func (f *settingsFixture) openers() string {
	f.t.Helper()
	var list []string
	for _, d := range f.disks {
		list = append(list, d.image+" "+onlyWatcher(f.t, d.image))
	}
	return strings.Join(list, ", ")
}

// inGuest finds a disk in the guest by its size, and returns a file of the guest's kernel about it, empty where there is none.
func (f *settingsFixture) inGuest(bytes int64, file string) string {
	f.t.Helper()
	disk, err := f.g.WaitDisk(f.t.Context(), func(d testbed.GuestDisk) bool { return d.Bytes == bytes && d.Readable })
	if err != nil {
		f.t.Fatal(err)
	}
	text, err := f.g.Run(f.t.Context(), fmt.Sprintf("cat /sys/block/%s/%s 2>/dev/null; true", disk.Name, file))
	if err != nil {
		f.t.Fatal(err)
	}
	return strings.TrimSpace(text)
}

// record notes in the table of coverage that all steps of the settings have passed, and of the attributes that depend on them.
func (f *settingsFixture) record(mark acctest.Mark) {
	f.t.Helper()
	if f.t.Failed() {
		return
	}
	list := []string{"pending_restart", "monitors_stale"}
	for _, d := range f.disks {
		for _, s := range d.settings {
			list = append(list, s.Name)
		}
	}
	for _, name := range list {
		acctest.Record(f.t, diskType, name, mark)
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
